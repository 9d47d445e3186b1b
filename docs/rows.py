"""Writes the operations into the reference when the site is built: call, formula, derivatives, domain, edges.

What it says is asked of the row itself, and of `calculus.py`, which derives the formulas.
"""

from __future__ import annotations

from calculus import OWN, SECTIONS, formulas, maths
from sphinx.application import Sphinx

from autograd import TABLE, Operation, Value
from autograd.documentation import edges, example, signature
from autograd.summaries import SUMMARIES

PAGE, MARK = "reference/operations", "% The operations follow here"


def read_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the operations in the place of the mark."""
    if name == PAGE:
        before, after = source[0].split(MARK)
        source[0] = before + entries() + after.partition("\n")[2]


def entries() -> str:
    """Return the operations of every section, in MyST's Markdown."""
    parts = []
    for name, row in TABLE.items():
        if name in SECTIONS:
            parts.append(f"## {SECTIONS[name]}")
        if name in OWN:
            parts.append(entry(row))
    return "\n\n".join(parts) + "\n"


def entry(row: Operation) -> str:
    """Return one operation: its call, what it is, its formula and derivatives, its domain, its edges, an example."""
    z, derivatives = formulas(row)
    methods = [f"`x.{name}`" for name, x in vars(Value).items() if getattr(x, "operation", None) is row]
    facts = [f"Domain: {row.domain or 'every number'}."]
    if found := edges(row):
        facts.append("Edges: " + "; ".join([f"`{edge}`" for edge in found]) + ".")
    if methods:
        facts.append(f"Methods of Value: {', '.join(methods)}.")
    return "\n\n".join(
        [
            f"````{{py:function}} autograd.{row.name}{signature(row)}",
            SUMMARIES[row.name],
            "\\\n".join([maths(formula) for formula in [f"z = {z}", *derivatives]]),
            *facts,
            f"```pycon\n{example(row)}\n```",
            "````",
        ]
    )


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the above."""
    app.connect("source-read", read_page)
