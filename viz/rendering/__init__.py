"""From DOT to SVG, PNG and PDF: the look, and the Graphviz engines."""
