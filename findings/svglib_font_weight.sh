#!/usr/bin/env bash
# One would expect font-weight="700" to be bold, since in SVG and CSS 700 is what `bold` means. Seen in svglib 2.3.2:
# only the word is read; 600, 700, 900 and `bolder` are set in the regular face, and nothing is said. It matters to
# whoever turns the SVG of a plotting program or of a browser, which write numbers, into a PDF with it: the emphasis is
# gone, and every text has another width than the one it was placed for. font-weight="bold" is set rightly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet svglib==2.3.2 reportlab==5.1.0
"$work/venv/bin/python" - <<'PYTHON'
import io
from importlib.metadata import version

from svglib.svglib import svg2rlg

print("svglib", version("svglib"))
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">
<text x="10" y="30" font-family="Helvetica" font-size="16" font-weight="{}">loss</text></svg>"""


def fonts(node):
    own = [node.fontName] if hasattr(node, "fontName") else []
    return own + [font for child in getattr(node, "contents", []) for font in fonts(child)]


for weight, expected, seen in (
    ("400", "Helvetica", "Helvetica"),
    ("bold", "Helvetica-Bold", "Helvetica-Bold"),
    ("600", "Helvetica-Bold", "Helvetica"),
    ("700", "Helvetica-Bold", "Helvetica"),
    ("900", "Helvetica-Bold", "Helvetica"),
    ("bolder", "Helvetica-Bold", "Helvetica"),
):
    found = fonts(svg2rlg(io.StringIO(SVG.format(weight))))
    print(f"font-weight {weight}: expected {expected}, seen {found}")
    assert found == [seen]
PYTHON
