"""The site of these pages: Sphinx, MyST for the Markdown, the theme furo. It asks no other host for anything.

    sphinx-build --fail-on-warning docs build/site

Three things are added here: formulas become MathML, which browsers draw themselves; a notebook is read as Markdown; and
a docstring's backticks and stars mean what they mean in the source.
"""

from __future__ import annotations

import base64
import html
import inspect
import json
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

from viz.solutions.mathml import NOT_UNDERSTOOD, mathml

project = html_title = "handgrad"
language = "en"
sys.path.insert(0, str(Path(__file__).parent))  # rows.py is beside this file
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "rows"]
exclude_patterns = ["_static"]
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = html_show_sphinx = False
html_math_renderer = "mathml"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
maximum_signature_line_length = 90
default_role = "code"

# Types as they are written in the source, not as NumPy spells them out.
autodoc_typehints_format = "short"
ALIASES = ("ArrayLike", "Array", "Targets", "Inputs", "ExpectedGradients", "ExpectedDeltas", "Rule", "Loss")
autodoc_type_aliases = {name: name for name in ALIASES}

logger = logging.getLogger(__name__)


# Formulas: LaTeX to MathML --------------------------------------------------------------------------------------------


def visit_math(self: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML; warn of a command that is not understood, which would stand there as text."""
    block = isinstance(node, nodes.math_block)
    text = mathml(node.astext(), block=block)
    if unknown := NOT_UNDERSTOOD.search(text):
        logger.warning("%s of the formula %r becomes no MathML", unknown[0], node.astext(), location=node)
    self.body.append(f'<div class="math">{text}</div>' if block else text)
    raise nodes.SkipNode


# Pages ----------------------------------------------------------------------------------------------------------------

PICTURE = re.compile(
    r'<picture>\s*<source [^>]*srcset="([^"]*)">\s*<img src="([^"]*)"(?: (width="\d+)")? alt="([^"]*)">\s*</picture>'
)
LEFT_OVER = re.compile(r"!\[|\]\(|\{\.")  # Markdown that was not understood, and would be read as text


def read_pictures(app: Sphinx, name: str, source: list[str]) -> None:
    """Turn a picture in two themes, as HTML has it, into two images, of which the theme shows one."""

    def images(picture: re.Match[str]) -> str:
        dark, light, width, alt = picture.groups()
        size = f' {width}px"' if width else ""
        return f"![{alt}]({light}){{.only-light{size}}} ![{alt}]({dark}){{.only-dark{size}}}"

    source[0] = PICTURE.sub(images, source[0])


def find_left_over(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Warn of Markdown that stands on the page as text, and of a picture that the above has not read."""
    for node in doctree.findall(nodes.Text):
        parent = node.parent
        if not isinstance(parent, (nodes.literal, nodes.literal_block)) and LEFT_OVER.search(node):
            logger.warning("the page shows Markdown as text: %s", node[:80], location=parent)
    for raw in doctree.findall(nodes.raw):
        if "<picture" in raw.astext():
            logger.warning("a picture is not in the form that read_pictures knows: %s", raw.astext()[:80], location=raw)


class NotebookParser(MystParser):
    """Reads a notebook as Markdown: its text, its code, and what the code showed."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse the cells as one page."""
        cells = json.loads(inputstring)["cells"]
        super().parse("\n\n".join(map(cell_text, cells)), document)


def cell_text(cell: dict[str, Any]) -> str:
    """Return a cell as Markdown."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    parts = [f"```python\n{source}\n```"]
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            parts.append(f"```text\n{''.join(output['text'])}```")
        else:
            svg = base64.b64encode("".join(output["data"]["image/svg+xml"]).encode()).decode()
            alt = html.escape("".join(output["data"]["text/plain"]))
            parts.append(f'<p><img alt="{alt}" src="data:image/svg+xml;base64,{svg}"></p>')
    return "\n\n".join(parts)


# The reference --------------------------------------------------------------------------------------------------------

ARGUMENT = re.compile(r"(\w+(?:, \w+)*): (.+)")  # "x, y: what they are", as docstrings describe arguments
ARRAY = re.compile(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[\w+\]\]")
ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
MARKUP = re.compile(r"`[^`]*`|[|*\\]|(?<=\w)_(?!\w)")  # what stands in backticks stays, the rest is not markup


def read_docstring(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in reStructuredText: a list of the arguments, and no markup but backticks and examples."""
    example = argument = False
    text: list[str] = []
    for line in apart(lines, parameters(thing)):
        example = line.startswith(">>> ") or (example and bool(line))
        described = ARGUMENT.fullmatch(line)
        if example or not line:
            argument = False
        elif described:
            line = f"- ``{described[1]}``: {escaped(described[2])}"
            text += [] if argument else [""]
            argument = True
        elif argument and not line.startswith(("Raises", "Returns")):
            line = f"  {escaped(line)}"
        else:
            text += [""] if argument else []
            line, argument = escaped(line), False
        text.append(line)
    lines[:] = text


def read_signature(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, signature: str | None, result: str | None
) -> tuple[str, str] | None:
    """Write an array's type without its parameters, which NumPy spells out at length, and an alias by its name."""
    if signature is None:
        return None
    texts = [ARRAY.sub("ndarray", ALIAS.sub(r"\1", text)) for text in (signature, result or "")]
    return texts[0], texts[1]


def parameters(thing: Any) -> list[str]:
    """Return the names of the arguments; none of what is not called."""
    try:
        return list(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return []


def apart(lines: list[str], names: list[str]) -> list[str]:
    """Return the lines, each argument and what is returned or raised at the beginning of its own."""
    if not names:
        return lines
    name = "|".join(map(re.escape, names))
    begins = re.compile(rf"(?<=[.;)]) (?=(?:{name})(?:, (?:{name}))*: |Raises |Returns )")
    return [part for line in lines for part in ([line] if line.startswith((">>>", "...")) else begins.split(line))]


def escaped(line: str) -> str:
    """Return a line whose stars, bars, backslashes and last underscores are not markup."""
    return MARKUP.sub(lambda mark: mark[0] if mark[0].startswith("`") else f"\\{mark[0]}", line)


# ----------------------------------------------------------------------------------------------------------------------


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the above."""
    app.connect("autodoc-process-signature", read_signature)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math, None))
    app.connect("source-read", read_pictures)
    app.connect("autodoc-process-docstring", read_docstring, priority=400)  # before napoleon, whose lists are markup
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(NotebookParser)
    app.connect("doctree-resolved", find_left_over)
