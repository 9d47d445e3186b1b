"""Worked solutions as documents that open by themselves: LaTeX to print, HTML to read; and Markdown.

The LaTeX needs amsmath alone, and pdfLaTeX prints it where names are Latin or Greek. The HTML is one file without
scripts, whose formulas are MathML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import NamedTuple

from viz.solutions.equations import Derivation, latex_of
from viz.solutions.mathml import mathml
from viz.solutions.sentences import typeset

PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""
HEAD = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
math {{ font-size: 1.05em }}
math[display="block"] {{ margin: 1rem 0; overflow: auto hidden }}
mtd {{ padding: 0.3em 0; text-align: -webkit-left }}
mtd:first-child {{ text-align: -webkit-right }}
</style>
"""


class Markup(NamedTuple):
    """How a format writes a heading, a sentence's plain text, a formula in a sentence, a paragraph and a block."""

    heading: Callable[[int, str], str]
    plain: Callable[[str], str]
    inline: Callable[[str], str]
    paragraph: Callable[[str], str]
    block: Callable[[str], str]


LATEX = Markup(
    heading=lambda level, text: rf"\{'sub' * (level - 1)}section*{{{text}}}",
    plain=lambda text: re.sub(r"[_%&#]", r"\\\g<0>", text),
    inline=lambda latex: f"${latex}$",
    paragraph=lambda text: text,
    block=lambda latex: f"\\[\n{latex}\n\\]",
)
HTML = Markup(
    heading=lambda level, text: f"<h{level}>{text}</h{level}>",
    plain=html.escape,
    inline=lambda latex: mathml(latex, block=False),
    paragraph=lambda text: f"<p>{text}</p>",
    block=lambda latex: mathml(latex, block=True),
)


def latex_document(solution: Derivation) -> str:
    """Return a worked solution as a LaTeX document."""
    return "\n\n".join([PREAMBLE + _body(solution, LATEX), "\\end{document}\n"])


def html_document(solution: Derivation) -> str:
    """Return a worked solution as a page; raise ImportError without latex2mathml."""
    title = html.escape(str(solution).partition("\n")[0])
    return f"{HEAD.format(title=title)}<main>\n{_body(solution, HTML)}\n</main>\n</html>\n"


def _body(solution: Derivation, markup: Markup) -> str:
    title = markup.plain(solution.title)
    if solution.symbol:
        title += f" {markup.inline(latex_of(solution.symbol))}"
    lines = [markup.heading(1, title)]
    for section in solution.sections:
        lines.append(markup.heading(section.level, markup.plain(section.title)))
        for part in section.parts:
            if isinstance(part, str):
                lines.append(markup.paragraph(_sentence(part, markup)))
            else:
                lines.append(markup.block(latex_of(part)))
    return "\n\n".join(lines)


def _sentence(sentence: str, markup: Markup) -> str:
    pieces = typeset(sentence).split("$")
    return "".join(markup.inline(piece) if k % 2 else markup.plain(piece) for k, piece in enumerate(pieces))


DOCUMENTS: dict[str, Callable[[Derivation], str]] = {
    "html": html_document,
    "md": lambda solution: solution.markdown() + "\n",
    "tex": latex_document,
}  #: how to write a solution, by the suffix of the file
