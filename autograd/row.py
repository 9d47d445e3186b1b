"""A row of the table: `Operation`, called on floats, Values or arrays.

Letters: x, y operands; z result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograd import copying
from autograd.value import Constant, Refusal, Value, describe, for_each, new_value, same_class, to_float

FLOATS, VALUES = frozenset({float}), frozenset({Value, Constant})  # the kinds of operands that need no conversion


class Operation:
    """One row of the table: everything that the project knows of an operation.

    `function` computes floats, `array` NumPy arrays, and `partials` the local derivatives: one rule per operand,
    a number or a function of (z, x, y, …), or, for any number of operands, one function that returns them all.
    The rules are written in the table's own operations, so they serve floats, arrays and Values alike.
    `formula` is LaTeX in the letters of the operands; `arrange` turns the arguments of a call into operands.
    `textbook` is the partial of one operand as it is written by hand, where that has fewer digits than `partials` and
    takes less time: lifted programs run it, and worked solutions show it.
    """

    __slots__ = ("arity", "arrange", "array", "domain", "formula", "function", "glyph", "name", "partials", "textbook")

    def __init__(
        self,
        name: str,
        glyph: str,
        formula: str,
        function: Callable[..., float],
        array: Callable[..., Any],
        partials: Sequence[float | Callable[..., Any]] | Callable[..., Any],
        *,
        domain: str = "",
        arrange: Callable[..., tuple[Any, ...]] | None = None,
        textbook: Callable[..., Any] | None = None,
    ) -> None:
        self.name, self.glyph, self.formula, self.domain = name, glyph, formula, domain
        self.function, self.array, self.arrange, self.textbook = function, array, arrange, textbook
        self.partials = partials if callable(partials) else tuple(partials)
        self.arity = None if callable(partials) else len(partials)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.operation_named, (self.name,)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Apply the operation: floats give a float, Values a Value, arrays an array."""
        operands = self.arrange(*arguments, **keywords) if self.arrange else arguments
        if self.arrange is None and (keywords or len(operands) != self.arity):
            given = f"{len(operands)} and {', '.join(keywords)}" if keywords else str(len(operands))
            raise TypeError(f"{self.name} takes its operands by position, {self.arity} of them, not {given}")
        return self.apply(operands)

    def apply(self, operands: tuple[Any, ...]) -> Any:
        """Apply the operation to operands in the order that a node keeps them in."""
        if operands and VALUES.issuperset(map(type, operands)):
            return self.record(operands)
        kinds = set(map(type, operands))
        if kinds <= FLOATS:
            return self.evaluate(operands)
        if any(issubclass(kind, np.ndarray) for kind in kinds):
            return self._evaluate_arrays(operands)
        if not any(issubclass(kind, Value) for kind in kinds):
            return self.evaluate([to_float(x) for x in operands])
        return self.record(tuple([x if isinstance(x, Value) else Constant(x) for x in operands]))

    def evaluate(self, operands: Sequence[float]) -> float:
        """Return the operation's result on floats; raise what Python raises, with the operands named."""
        try:
            return self.function(*operands)
        except Refusal as error:
            raise self.refusal(error, operands) from None

    def compute(self, operands: Sequence[Value]) -> float:
        """Return the operation's result on the data of Values; raise what Python raises, with the operands named."""
        try:
            return self.function(*[x.data for x in operands])
        except Refusal as error:
            raise self.refusal(error, operands) from None

    def record(self, operands: tuple[Value, ...]) -> Value:
        """Return the result as a new Value; of constants alone, as a constant."""
        data = self.compute(operands)
        if operands and operands[0].constant and all([x.constant for x in operands]):
            return Constant(data)
        return new_value(data, self, operands)

    def _evaluate_arrays(self, operands: Sequence[Any]) -> Any:
        if any(isinstance(x, Value) or getattr(x, "dtype", None) == np.dtype(object) for x in operands):
            return for_each(lambda *xs: self.apply(xs), operands)
        arrays = np.broadcast_arrays(*[as_floats(x) for x in operands])
        rows = [np.atleast_1d(x) for x in arrays]  # array rules may write into their result, which a scalar forbids
        with np.errstate(all="ignore"):
            result = np.reshape(self.array(*rows) if self.arity else self.array(np.stack(rows)), arrays[0].shape)
        for place in np.argwhere(~np.isfinite(result)):  # NumPy passes what Python refuses: let the float rule decide
            scalars = [float(x[tuple(place)]) for x in arrays]
            try:
                self.function(*scalars)
            except Refusal as error:
                raise self.refusal(error, scalars, f" at index {tuple(place.tolist())}") from None
        return result

    def local_derivatives(self, z: Any, operands: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """Return the derivative to each operand, 0.0 to one that is not wanted: its rule is not evaluated."""
        if callable(self.partials):
            return [p if want else 0.0 for p, want in zip(self.partials(z, *operands), wanted, strict=True)]
        return [
            (rule(z, *operands) if callable(rule) else rule) if want else 0.0
            for rule, want in zip(self.partials, wanted, strict=True)
        ]

    def refusal(self, error: Exception, operands: Iterable[Any], place: str = "") -> Exception:
        """Return an error of the same class that names the operation, its operands and its domain."""
        listed = ", ".join(describe(x) for x in operands)
        needs = f"; {self.name} needs {self.domain}" if self.domain and not isinstance(error, OverflowError) else ""
        beyond = "the result is beyond the largest float, 1.8e308"
        reason = beyond if isinstance(error, OverflowError) else error
        return same_class(error, f"{self.name}({listed}){place}: {reason}{needs}")


def as_floats(x: Any) -> Any:
    """Return an array of numbers as floats, a number as a float; TypeError for complex numbers, text, …."""
    return x.astype(float, casting="same_kind", copy=False) if isinstance(x, np.ndarray) else to_float(x)
