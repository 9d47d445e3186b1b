"""The signature and the docstring of a row of the table, and of the method of Value that applies it, made from the row.

Letters: x, y, z operands, unless the row's call names them.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from autograd.conversion import Refusal
from autograd.summaries import SUMMARIES

if TYPE_CHECKING:
    from autograd.row import Operation

OPERAND_LETTERS = "xyzuvst"
LETTER = re.compile(r"\\(?:operatorname|mathrm|text)\{[^{}]*\}|(?<![\\A-Za-z])[xyz](?![A-Za-z])")  # or a word
# Operands for examples: a row takes as many as it needs of the first that lie where it and its derivatives are defined.
POINTS = (0.5, 0.25, 0.75, 0.4), (2.0, 3.0, 4.0, 5.0), (2.0, 1.0, 3.0, 4.0)
ENDS = (-math.inf, 0.0, math.inf)


def signature(row: Operation) -> inspect.Signature:
    """Return how a row is called: its operands have the names that its call gives them, or its rules, or x, y, …"""
    if row.arrange:
        parameters = inspect.signature(row.arrange).parameters.values()
        return inspect.Signature([p.replace(annotation=p.empty) for p in parameters])
    positional = inspect.Parameter.POSITIONAL_ONLY
    return inspect.Signature([inspect.Parameter(name, positional) for name in _operand_names(row)])


def _operand_names(row: Operation) -> Sequence[str]:
    for rule in row.partials if isinstance(row.partials, tuple) else ():
        if callable(rule):
            with suppress(ValueError):  # of a built-in that has no signature
                parameters = inspect.signature(rule).parameters.values()
                if len(parameters) == 1 + (row.arity or 0) and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
                    return [p.name for p in parameters][1:]
    return OPERAND_LETTERS[: row.arity]


def latex(row: Operation) -> str:
    """Return a row's LaTeX in the names of its signature."""
    parameters = list(signature(row).parameters.values())
    if row.arity is None:  # the formula is that of two operands
        return row.formula
    names = dict(zip("xyz", [p.name for p in parameters], strict=False))

    def named(letter: re.Match[str]) -> str:
        name = names.get(letter[0])
        return letter[0] if name is None else name if len(name) == 1 else rf"\mathrm{{{name}}}"

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
    except Refusal as error:
        return f"{call} raises {type(error).__name__}"
    try:
        partials = row.local_derivatives(z, point, [True] * len(point))
    except Refusal:
        return f"{call} = {z:.6g}, without a derivative"
    return f"{call} = {z:.6g}, derivative {', '.join([f'{p:.6g}' for p in partials])}"


def example(row: Operation) -> str:
    """Return a doctest: a call on numbers, and one on Values whose local derivatives are shown."""
    for point in POINTS:
        given = arguments(row, iter(point))
        operands = row.arrange(*given) if row.arrange else tuple(given)
        try:
            z = row.function(*operands)
            wanted = [row.arity is None or i < len(given) for i in range(len(operands))]  # the others are constants
            partials = row.local_derivatives(z, operands, wanted)
        except Refusal:
            continue
        values = arguments(row, iter([f"Value({x})" for x in point]))
        result = f">>> round({row.name}({written(given)}), 6)\n{round(z + 0.0, 6)}"
        derivatives = f">>> [round(p, 6) for p in {row.name}({written(values)}).partials()]"
        return f"{result}\n{derivatives}\n{[round(p, 6) + 0.0 for p in partials]}"
    raise ValueError(f"{row.name} has no derivative at any of {POINTS}: add a point where it has one")


def arguments(row: Operation, entries: Iterator[Any]) -> list[Any]:
    """Return the entries as the arguments of a call: two in each list, and two where any number is taken."""
    found: list[Any] = []
    for p in inspect.signature(row.arrange).parameters.values() if row.arrange else signature(row).parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            found += [next(entries), next(entries)]
        elif "Sequence" in str(p.annotation):
            found.append([next(entries), next(entries)])
        elif p.default is p.empty:
            found.append(next(entries))
    return found


def written(arguments: list[Any]) -> str:
    """Return the arguments of a call as Python writes them."""
    return ", ".join([f"[{written(x)}]" if isinstance(x, list) else str(x) for x in arguments])


def docstring(row: Operation) -> str:
    """Return the docstring of a row: its call, what it is, its formula, its domain, its edges, an example that runs."""
    return f"{row.name}{signature(row)}\n\n{details(row)}"


def details(row: Operation) -> str:
    """Return what a row is, its formula, its domain, its edges, and an example."""
    facts = [f"Formula (LaTeX): {latex(row)}", f"Domain: {row.domain or 'every number'}"]
    if row.name not in SUMMARIES:  # a user's function is not called for its docstring
        return "\n\n".join([f"The operation {row.name}, which is not one of autograd's own.", "\n".join(facts)])
    if found := edges(row):
        facts.append(f"Edges: {'; '.join(found)}")
    return "\n\n".join([SUMMARIES[row.name], "\n".join(facts), example(row)])


def method_signature(row: Operation) -> inspect.Signature:
    """Return how the method of Value is called that applies a row: its Value stands for the first operand."""
    first, *rest = signature(row).parameters.values()
    positional = inspect.Parameter.POSITIONAL_ONLY
    if first.kind is first.VAR_POSITIONAL:  # any number of others may follow
        rest = [first]
    return inspect.Signature([inspect.Parameter("self", positional), *rest])


def method_docstring(row: Operation, name: str) -> str:
    """Return the docstring of the method of Value, of a given name, that applies a row."""
    others = "" if row.arity == 1 else " and the arguments"
    if others and name.startswith("__"):  # an operator, plain or reflected
        others = " and the other operand, in the order in which they are written"
    return f"Return autograd.{row.name} of this Value{others}.\n\n{details(row)}"
