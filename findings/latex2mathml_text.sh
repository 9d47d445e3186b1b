#!/usr/bin/env bash
# One would expect the MathML of \text{if a < b} to be well-formed, as that of a < b outside \text is. Seen in
# latex2mathml 3.81.1: < and & of a text stand in <mtext> as they are, so no XML parser reads the formula, and a strict
# page (XHTML, EPUB) with it does not open. Dollars in the text do not help: they are kept as text. It matters to whoever
# writes cases with their conditions: formulas without < come out right. \text{if } a < b is well-formed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet latex2mathml==3.81.1
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
from xml.etree import ElementTree

from latex2mathml.converter import convert

print("latex2mathml", version("latex2mathml"))
for formula, well_formed in (
    (r"a < b", True),
    (r"\text{if a > b}", True),
    (r"\text{if a < b}", False),
    (r"\text{R\&D}", False),
    (r"\text{if $a < b$}", False),
    (r"\text{if } a < b", True),
):
    mathml = convert(formula)
    try:
        ElementTree.fromstring(mathml)
        seen = True
    except ElementTree.ParseError:
        seen = False
    print(f"{formula}: expected well-formed, seen {seen}: {mathml}")
    assert seen == well_formed
PYTHON
