"""The signature and the docstring of a row of the table, and of the method of Value that applies it, made from the row.

Letters: x, y, z operands, unless the row's call names them.
"""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING

from autograd.summaries import SUMMARIES

if TYPE_CHECKING:
    from autograd.row import Operation

LETTERS = "xyzuvst"
LETTER = re.compile(r"(?<![\\A-Za-z])[xyz](?![A-Za-z])")
# Operands for an example: a row takes as many as it needs of the first that lie where it and its derivatives are defined.
POINTS = (0.5, 0.25, 0.75, 0.4), (2.0, 3.0, 4.0, 5.0), (2.0, 1.0, 3.0, 4.0)
ENDS = (-math.inf, 0.0, math.inf)


def signature(row: Operation) -> inspect.Signature:
    """Return how a row is called: by the names that its call gives the operands, else by position, as x, y, …"""
    if row.arrange:
        parameters = inspect.signature(row.arrange).parameters.values()
        return inspect.Signature([p.replace(annotation=p.empty) for p in parameters])
    positional = inspect.Parameter.POSITIONAL_ONLY
    return inspect.Signature([inspect.Parameter(letter, positional) for letter in LETTERS[: row.arity]])


def formula(row: Operation) -> str:
    """Return a row's LaTeX in the names of its signature."""
    parameters = list(signature(row).parameters.values())
    if row.arity is None:  # the formula is that of two operands
        return row.formula
    names = dict(zip("xyz", [p.name for p in parameters], strict=False))

    def named(letter: re.Match[str]) -> str:
        name = names.get(letter[0], letter[0])
        return name if len(name) == 1 else rf"\mathrm{{{name}}}"

    return LETTER.sub(named, row.formula)


def edges(row: Operation) -> list[str]:
    """Return what becomes of one operand at the ends of the number line and at 0, and of several that are all 0."""
    if row.arity is None:
        return []
    return [_at(row, (x,)) for x in ENDS] if row.arity == 1 else [_at(row, (0.0,) * row.arity)]


def _at(row: Operation, point: tuple[float, ...]) -> str:
    call = f"{row.name}({', '.join(map(str, point))})"
    try:
        z = row.function(*point)
    except (ArithmeticError, ValueError) as error:
        return f"{call} raises {type(error).__name__}"
    try:
        partials = row.local_derivatives(z, point, [True] * len(point))
    except (ArithmeticError, ValueError):
        return f"{call} = {z:.6g}, without a derivative"
    return f"{call} = {z:.6g}, derivative {', '.join([f'{p:.6g}' for p in partials])}"


def example(row: Operation) -> str:
    """Return a doctest: a call on numbers, and one on Values whose local derivatives are shown."""
    for point in POINTS:
        text = _arguments(row, [*map(str, point)])
        try:
            operands = row.arranged(*eval(text + ",", {}))  # noqa: S307  (the text is that of numbers)
            z = row.function(*operands)
            partials = row.local_derivatives(z, operands, [True] * len(operands))
        except (ArithmeticError, ValueError):
            continue
        values = _arguments(row, [f"Value({x})" for x in point])
        rounded = f"round({row.name}({text}), 6)"
        derivatives = f"[round(p, 6) for p in {row.name}({values}).partials()]"
        return f">>> {rounded}\n{round(z, 6)}\n>>> {derivatives}\n{[round(p + 0.0, 6) for p in partials]}"
    return ""


def _arguments(row: Operation, numbers: list[str]) -> str:
    """Return the arguments of a call as Python writes them, with the numbers in their places."""
    rest = iter(numbers)
    parts = []
    for p in inspect.signature(row.arrange).parameters.values() if row.arrange else signature(row).parameters.values():
        if p.default is not p.empty and row.arity is None:
            continue
        if "Sequence" in str(p.annotation):
            parts.append(f"[{next(rest)}, {next(rest)}]")
        elif p.kind is p.VAR_POSITIONAL:
            parts += [next(rest), next(rest)]
        else:
            parts.append(next(rest))
    return ", ".join(parts)


def docstring(row: Operation) -> str:
    """Return the docstring of a row: what it is, its formula, its domain, its edges, and an example that runs."""
    parts = [f"{row.name}{signature(row)}", SUMMARIES.get(row.name, "An operation of your own."), details(row)]
    return "\n\n".join(parts)


def details(row: Operation) -> str:
    """Return formula, domain, edges and example of a row."""
    lines = [f"Formula (LaTeX): {formula(row)}", f"Domain: {row.domain or 'every number'}."]
    if row.name not in SUMMARIES:  # a user's function is not called for its docstring
        return "\n".join(lines)
    if found := edges(row):
        lines.append(f"Edges: {'; '.join(found)}.")
    return "\n".join(lines) + "\n\n" + example(row)
