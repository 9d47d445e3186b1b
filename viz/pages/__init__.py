"""The interactive page, which replays the forward and the backward pass.

page: the writer of the HTML file. narration: what each step says. template: the script and the style sheet.
"""
