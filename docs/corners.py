r"""Prints docs/corners.md: what the engine and other libraries answer where a derivative is a matter of choice.

    python docs/corners.py

The corners stand in corners.toml. The engine's cells are computed here, the others come from corners.json, which
corner_peers.py writes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autograd
from autograd import Value
from docs.corner_peers import HERE, Cell, agree, answer, corners, kept, name

INTRODUCTION = """# Corners, here and elsewhere

Where a function has a kink, a tie, a hole or a flat end, a derivative is a matter of choice or of care, and libraries
differ: the five others on this page agree with each other at {agreed} of its {corners} corners.

How to read it:

- Below each corner stands why this engine answers as it does.
- A cell has the first derivative, and below it the second. Of several operands it has the derivative with
  respect to each; the second is with respect to the same operand twice.
- **Bold** is what differs from this engine within four digits; – stands where a library has no such function.
- *error* stands where the library refuses. This engine refuses an infinite derivative, and what Python's `math`
  refuses; its message names the operation and the numbers.
- All is in double precision. The letters x, y and z are variables; a number in a formula is a constant.
- The engine's cells are computed when the page is made, and tested. The others were measured with {versions};
  `findings/corners_peers.sh` installs these and measures again.
"""
WRITTEN = {"0.5": "½", "0.333333": "⅓", "0.25": "¼", "inf": "∞", "nan": "NaN"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def main(path: Path = HERE / "corners.md") -> None:
    """Write the page."""
    path.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page, in Markdown."""
    columns = kept()
    versions = [f"{library} {column['version']}" for library, column in columns.items()]
    cells = [[c for column in columns.values() if (c := column["cells"][name(corner)])] for corner in corners()]
    lines = [
        INTRODUCTION.format(
            versions=f"{', '.join(versions[:-1])} and {versions[-1]}",
            agreed=sum(all(agree(first, other) for other in rest) for first, *rest in cells),
            corners=len(cells),
        )
    ]
    for group in tomllib.loads((HERE / "corners.toml").read_text(encoding="utf-8"))["group"]:
        heads = ["corner, and why", "handgrad", *columns]
        lines += [f"\n## {group['title']}\n", f"{group['text']}\n", f"| {' | '.join(heads)} |"]
        lines.append("|---" * len(heads) + "|")
        for corner in group["corners"]:
            ours = engine(corner)
            theirs = [shown(column["cells"][name(corner)], ours) for column in columns.values()]
            at = ", ".join(short(f"{x:.6g}") for x in corner["at"])
            where = f"`{corner['f']}` at {at if len(corner['at']) == 1 else f'({at})'}<br>{corner['why']}"
            lines.append(f"| {' | '.join([where, shown(ours, ours), *theirs])} |")
    return "\n".join(lines) + "\n"


def engine(corner: dict[str, Any]) -> Cell:
    """Return what the engine answers at a corner."""
    return answer(corner, vars(autograd), derivative)


def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> float:
    """Return the derivative of f to operand i, of order 1 or 2."""
    xs = [Value(x) for x in at]
    y = f(*xs)
    for _ in range(order):
        y = y.derivative(xs[i]) if isinstance(y, Value) else Value(0.0)
    return y.data


def shown(cell: Cell, ours: Cell) -> str:
    """Return a cell in Markdown, in bold where it differs from the engine's."""
    if cell is None:
        return "–"
    text = written(cell)
    return text if ours is None or text == written(ours) else f"**{text}**"


def written(cell: list[list[str]]) -> str:
    """Return the first derivatives and, in a line below, the second; with no-break spaces."""
    return "<br>".join(",\N{NO-BREAK SPACE}".join(map(short, row)) for row in cell)


def short(text: str) -> str:
    """Return a number in four digits and the signs of mathematics; of an error, that it is one."""
    sign, size = ("−", text[1:]) if text.startswith("-") else ("", text)
    if size in WRITTEN:
        return sign + WRITTEN[size]
    if text.isidentifier():
        return "error"
    digits, _, exponent = f"{float(size):.4g}".partition("e")
    power = str(int(exponent)).translate(RAISED) if exponent else ""
    return sign + (digits if not power else f"10{power}" if digits == "1" else f"{digits}·10{power}")


if __name__ == "__main__":
    main()
