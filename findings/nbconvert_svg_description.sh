#!/usr/bin/env bash
# One would expect a notebook's SVG to keep its description in the HTML that nbconvert makes of it: its <title> and its
# aria-label, or the "alt" of the output's metadata. Seen in nbconvert 7.17.2: the SVG becomes an <img> whose alt text
# says "No description has been provided for this image", though three have, and that is all a screen reader reads.
# skip_svg_encoding=True, which should keep it inline, prints the source of the SVG as text. It matters to whoever draws
# graphs in a notebook and publishes it: pictures made with care are announced as lacking it. A text/html output with an
# <img alt="…"> of its own is left as it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet nbconvert==7.17.2 nbformat==5.11.1
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import re

import nbconvert
from nbformat.v4 import new_code_cell, new_notebook, new_output

print("nbconvert", nbconvert.__version__)
SVG = """<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="graph of x·y" width="9" height="9">
<title>graph of x·y</title><rect width="9" height="9"/></svg>"""
IMAGE = '<img alt="graph of x·y" src="data:image/svg+xml;base64,PHN2Zy8+">'


def exported(kind, content, **options):
    metadata = {kind: {"alt": "graph of x·y"}, "alt": "graph of x·y"}
    output = new_output("display_data", data={kind: content}, metadata=metadata)
    notebook = new_notebook(cells=[new_code_cell("draw(x * y)", outputs=[output])])
    return nbconvert.HTMLExporter(**options).from_notebook_node(notebook)[0]


html = exported("image/svg+xml", SVG)
print("alt text expected ['graph of x·y'], seen", re.findall('alt="(.*?)"', html))
assert re.findall('<img alt="(.*?)"', html) == ["No description has been provided for this image"]
assert "graph of x·y" not in html
html = exported("image/svg+xml", SVG, skip_svg_encoding=True)
print("skip_svg_encoding: expected <svg …>, seen", re.findall("(?:<|&lt;)svg .{20}", html))
assert "&lt;title&gt;graph of x·y&lt;/title&gt;" in html
assert "<svg" not in html.split("<body")[1]
assert re.findall('<img alt="(.*?)"', exported("text/html", IMAGE)) == ["graph of x·y"]
PYTHON
