"""Partial derivatives as formulas: those of the table, and those of user-defined operations, which are checked."""

from __future__ import annotations

import functools
import math
from typing import Any

from autograd.conversion import Refusal
from autograd.operations import BUILT_IN
from autograd.row import Operation
from autograd.symbols import Symbol
from autograd.value import Constant, Value


@functools.cache
def check_rules(operation: Operation) -> None:
    """Raise TypeError if a user's partial derivatives are not formulas in the table's operations.

    They may branch (`1.0 if x > 0 else 0.0`) or call `math`, which serves numbers only.
    """
    symbols = [Symbol(letter) for letter in "zxyuvst"[: 1 + (operation.arity or 0)]]
    for place, rule in enumerate(operation.partials if isinstance(operation.partials, tuple) else (), 1):
        try:
            if callable(rule):
                rule(*symbols)
        except TypeError as error:
            raise TypeError(
                f"write the partials of {operation.name} in autograd's operations (step for a branch, exp for "
                f"math.exp): of partial {place}, {error}"
            ) from None


class Partials:
    """The partial derivatives of operations as formulas, each made once for all blocks of the kind."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[list[Value], list[tuple[float, Value | None]]]] = {}

    def of(
        self, operation: Operation, constants: tuple[str | None, ...], wanted: tuple[bool, ...]
    ) -> tuple[list[Value], list[tuple[float, Value | None]]]:
        """Return symbols for the result and the operands, and the partial derivatives from the table.

        Each is a factor times an expression of the symbols (1, if None). The rules are called on Symbols, and on
        the numbers of constants, so that what they return is the formula. A rule that refuses such a constant, as
        that of (−1) ** y, is NaN: the gradient is refused where it is computed, and the values are served.
        """
        key = (operation, constants, wanted)
        if key not in self._known:
            if operation.name not in BUILT_IN:
                check_rules(operation)
            result, *xs = [Symbol() if c is None else Constant(float(c)) for c in (None, *constants)]
            try:
                textbook = operation.textbook
                partials = [textbook(result, *xs)] if textbook else operation.local_derivatives(result, xs, wanted)
            except Refusal:
                partials = [math.nan if want else 0.0 for want in wanted]
            self._known[key] = [result, *xs], [factored(p) for p in partials]
        return self._known[key]


def factored(partial: Any) -> tuple[float, Value | None]:
    """Return a partial derivative as a number times the rest, None if there is no rest.

    >>> factored(-(2.0 * Symbol()))[0]
    -2.0
    """
    c = 1.0
    while isinstance(partial, Value) and partial.operands:
        kind = partial.operation.algebra if partial.operation else ""
        x, *rest = partial.operands
        if kind == "negative":
            c, partial = -c, x
        elif kind == "product" and x.constant:
            c, partial = c * x.data, rest[0]
        elif kind in ("product", "quotient") and rest[0].constant:
            c, partial = c * rest[0].data if kind == "product" else c / rest[0].data, x
        else:
            break
    if isinstance(partial, Value) and not partial.constant:
        return c, partial
    return c * (partial.data if isinstance(partial, Value) else float(partial)), None
