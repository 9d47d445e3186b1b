"""The interactive page, which replays the forward and the backward pass, and computes them for other numbers.

page: the writer of the HTML file. narration: what each step says. places: where a text has a number. javascript: the
rows of the table in JavaScript. live: what a page needs to compute. parts, template: the script and the style sheet.
"""
