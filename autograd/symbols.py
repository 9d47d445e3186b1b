"""Derivative rules as formulas: `Symbol`, an operand without a number, on which a rule is traced.

A rule that branches on its operands, or takes their number to `math`, has no formula: its Symbol says so.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from autograd.value import Constant, Value

if TYPE_CHECKING:
    from autograd.row import Operation


class Symbol(Value):
    """A Value that stands for any number: what is made of it is recorded, and nothing is computed.

    Raises TypeError where its number is asked for: by a comparison, a branch, `float`, `math`, or `data`.

    >>> x = Symbol("x")
    >>> (2.0 * x).operation
    <operation mul>
    >>> 1.0 if x > 0.0 else 0.0
    Traceback (most recent call last):
    TypeError: the formula compares x, which stands for every number
    """

    __slots__ = ()

    def __init__(self, name: str | None = None) -> None:
        super().__init__(math.nan, name)

    @classmethod
    def made(cls, operation: Operation, operands: tuple[Any, ...]) -> Symbol:
        """Return the result of an operation on operands one of which is a Symbol; numbers become constants."""
        z = cls()
        z.operation = operation
        z.operands = tuple([x if isinstance(x, Value) else Constant(operation.number(x)) for x in operands])
        return z

    def needs_number(self, how: str) -> NoReturn:
        """Raise the TypeError that says how the formula asks for the number."""
        called = self.name or (f"a result of {self.operation.name}" if self.operation else "a number")
        raise TypeError(f"the formula {how} {called}, which stands for every number")

    def __bool__(self) -> bool:
        self.needs_number("branches on")

    def __float__(self) -> float:
        self.needs_number("takes the float of")

    def __int__(self) -> int:
        self.needs_number("takes the int of")

    def compared(self, other: Any) -> Any:
        """Refuse a comparison."""
        self.needs_number("compares")

    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = compared
    __hash__ = Value.__hash__

    def read(self) -> NoReturn:
        """Refuse to give a number."""
        self.needs_number("reads the data of")

    data = property(read)  # there is no number to read, and none to assign
