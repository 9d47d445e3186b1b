"""From DOT to SVG, PNG and PDF.

style: palettes, fonts and DOT attributes. widths: of texts. svg: the style sheet, and what Graphviz draws made right.
engines: the system's Graphviz, or the embedded one.
"""
