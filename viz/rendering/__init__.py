"""From DOT to SVG, PNG and PDF.

style: palette, fonts, and the style sheet of an SVG. engines: the system's Graphviz, or the embedded one.
"""
