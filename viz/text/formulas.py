r"""A Value as a formula, in LaTeX or as a line of Python, whole or with common subexpressions as steps of their own."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from itertools import count as natural_numbers

from autograd import TABLE, Value, topological_order
from autograd.checking.candidates import is_symbol
from autograd.parsing import is_variable
from nn.validation import flag
from viz.size import larger_than
from viz.text.symbols import ATOM, Piece, aligned, named, numeral
from viz.text.templates import applied

MAX_FORMULA_LENGTH = 10_000  #: of a formula, in characters: more than anyone reads


def formula(value: Value, notation: str = "latex", *, shared: bool = False) -> str:
    r"""Return the graph below a Value as one formula of its leaves, each by its name, or its number if it has none.

    Args:
        value: The result of the formula.
        notation: "latex", in which a name that is not a symbol, such as "w*x + b", stands in quotation marks; or "text"
            for a line that `autograd.parse` evaluates to the same number, given its leaves' numbers by name.
        shared: Put what occurs several times in front, as steps with a name: one equation a line, the last one that of
            the value; where nothing long occurs twice, the formula alone. As text, each right side is such a line.

    Raises:
        ValueError: For a formula of more than 10,000 characters; unless `shared`, a Value used twice appears in it
            twice. As text also for a leaf whose name is not that of a variable or belongs to another leaf too, and for
            a number without a name that is not finite.
        TypeError: For anything but a Value.

    >>> x, y = Value(2.0, name="x1"), Value(3.0, name="y")
    >>> print(formula((x + y) * x ** 2 / y))
    \frac{(x_{1} + y) \cdot x_{1}^{2}}{y}
    >>> formula((x + y) * x ** 2 / y, notation="text")
    '(x1 + y) * x1 ** 2 / y'
    >>> from autograd import log
    >>> print(formula(log(x / y) * x + log(x / y) ** 2, "text", shared=True))
    u1 = log(x1 / y)
    f = u1 * x1 + u1 ** 2
    """
    if not isinstance(value, Value):
        raise TypeError(f"formula takes one Value, not {type(value).__name__}: {value!r:.80}")
    if notation not in ("latex", "text"):
        raise ValueError(f'notation is {notation!r}; choose "latex" or "text"')
    shared = flag(shared, "shared")
    if larger_than(MAX_FORMULA_LENGTH, value):
        raise _too_long()
    if notation == "text":
        _check_names(value)
    return _in_steps(value, notation) if shared else composed(value, {}, notation).text


def _check_names(value: Value) -> None:
    """Raise ValueError for a leaf that could not be read back from a line of text."""
    leaves: dict[str, Value] = {}
    for z in topological_order(value):
        if z.operation:
            continue
        if not z.name and not math.isfinite(z.data):
            raise ValueError(f"{z.data} cannot be written as a number that is read back: name the Value that holds it")
        if z.name and not is_variable(z.name):
            raise ValueError(
                f"{z.name!r:.80} is not the name of a variable, so it could not be read back: rename the Value, as in "
                '.named("x1"), or take notation="latex"'
            )
        other = leaves.setdefault(z.name, z) if z.name else z
        if other is not z and not (other.constant and z.constant and other.data == z.data):
            raise ValueError(
                f"two Values are named {z.name!r:.80}, and would be read back as one: rename one, or take "
                'notation="latex"'
            )


def composed(value: Value, words: Mapping[Value, Piece], notation: str, digits: int | None = None) -> Piece:
    """Return the formula of a Value in which some Values below it are replaced by given words.

    Args:
        value: The result of the formula.
        words: What to write for these Values, in place of how they were computed.
        notation: "latex" or "text".
        digits: Significant digits of numbers; None writes them exactly.

    Raises:
        ValueError: For a formula that is too long.
    """
    pieces = dict(words)
    reached, stack = {value}, [value]
    while stack:
        z = stack.pop()
        new = {x for x in z.operands if x not in reached} if z not in words else ()
        reached.update(new)
        stack += new
    for z in topological_order(value):
        if z not in reached or z in words:
            continue
        operands = [pieces[x] for x in z.operands]
        pieces[z] = applied(z.operation, operands, notation) if z.operation else _leaf(z, notation, digits)
        if len(pieces[z].text) > MAX_FORMULA_LENGTH:
            raise _too_long()
    return pieces[value]


def _too_long() -> ValueError:
    return ValueError(
        f"the formula has more than {MAX_FORMULA_LENGTH:,} characters; a Value used twice appears in it twice: "
        "take the formula of a part, or draw the graph, where each Value appears once"
    )


def _leaf(z: Value, notation: str, digits: int | None) -> Piece:
    """Return a leaf's name, or its number."""
    if z.name:
        return named(z.name) if notation == "latex" else Piece(z.name, ATOM)
    return numeral(z.data, notation, digits)


def _in_steps(value: Value, notation: str) -> str:
    """Return the steps of a formula and its last line, or the formula alone where there are no steps."""
    nodes = topological_order(value)
    same = _merged(nodes)
    merged = [z for z in nodes if same[z] is z]
    uses = Counter(chain.from_iterable([same[x] for x in z.operands] for z in merged))
    taken = {z.name for z in nodes if z.name and not z.operation}
    names = fresh_names(taken)
    steps: list[tuple[Piece, str]] = []
    pieces: dict[Value, Piece] = {}
    for z in merged:
        if not z.operation:
            pieces[z] = _leaf(z, notation, None)
            continue
        pieces[z] = piece = applied(z.operation, [pieces[same[x]] for x in z.operands], notation)
        if z is not same[value] and (uses[z] - 1) * _width(piece.text) > 2 * uses[z] + 5:  # the whole is shorter then
            name = _own_name(z, taken, notation) or next(names)
            taken.add(name)
            pieces[z] = named(name) if notation == "latex" else Piece(name, ATOM)
            steps.append((pieces[z], piece.text))
        if len(piece.text) > MAX_FORMULA_LENGTH:
            raise _too_long()
    last = pieces[same[value]]
    if not steps:
        return last.text
    name = _own_name(value, taken, notation) or result_name(taken) or next(names)
    steps.append((named(name) if notation == "latex" else Piece(name, ATOM), last.text))
    if notation == "latex":
        return aligned([f"{left.text} &= {right}" for left, right in steps])
    return "\n".join(f"{left.text} = {right}" for left, right in steps)


def _merged(nodes: list[Value]) -> dict[Value, Value]:
    """Return for each node the first one that is computed alike: by the same operation on the same operands."""
    first: dict[object, Value] = {}
    same: dict[Value, Value] = {}
    for z in nodes:
        if z.operation:
            key: object = (z.operation.name, *[id(same[x]) for x in z.operands])
        else:
            key = (z.name, repr(z.data)) if z.constant else id(z)
        same[z] = first.setdefault(key, z)
    return same


def _width(formula: str) -> int:
    """Return about how many signs a formula shows."""
    return len(re.sub(r"[{}^_]", "", re.sub(r"\\[A-Za-z]+", "x", formula)))


def _own_name(z: Value, taken: Collection[str | None], notation: str) -> str | None:
    """Return a Value's own name where it may stand for it: no sentence, and of no function and no other Value."""
    is_name = is_symbol if notation == "latex" else is_variable
    return z.name if z.name and is_name(z.name) and z.name not in taken and z.name not in TABLE else None


def fresh_names(taken: Collection[str | None]) -> Iterator[str]:
    """Yield names for intermediate results: u1, u2, …, those that are not taken."""
    return (name for i in natural_numbers(1) if (name := f"u{i}") not in taken)


def result_name(taken: Collection[str | None]) -> str | None:
    """Return a name for a result that has none: y, f, g or F, if one of them is not taken."""
    return next((name for name in "yfgF" if name not in taken), None)
