"""A row of the table: `Operation`, called on floats, Values or arrays.

Letters: x, y operands; z result.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from autograd import documentation, value
from autograd.arguments import arranged
from autograd.backward import accumulate_partials
from autograd.conversion import Refusal, describe, is_several, same_class, shown, to_float
from autograd.numpy_functions import for_each
from autograd.symbols import Symbol
from autograd.value import Constant, Value, as_operand, new, new_value

FLOATS, VALUES = frozenset({float}), frozenset({Value, Constant})  # the kinds of operands that need no conversion


class Operation:
    """One row of the table: how an operation is computed, differentiated, written and called.

    `function` computes floats, `array` NumPy arrays, and `partials` the local derivatives: one rule per operand,
    a number or a function of (z, x, y, …), or, for any number of operands, one function that returns them all.
    The rules are written in the table's own operations, so they serve floats, arrays and Values alike.
    `formula` is LaTeX in the letters of the operands; `arrange` turns the arguments of a call into operands.
    `accumulate` is the reverse rule, which adds to the gradients of a node's operands; its default reads the partials.
    `textbook` is the partial of one operand as it is written by hand, where that has fewer digits than `partials` and
    takes less time: lifted programs run it, and worked solutions show it.
    `chooses` says that the first operand decides which of the other two counts.
    `algebra` is what the operation is in algebra, such as "sum" or "scalar product", where programs simplify it so.
    `bounds` are the least and the largest result, or what the results approach.
    `call` is what a call takes where that is not one number for each operand: a pattern of n (number) and l (list), and
    an example. `python` is the line of Python where that is not such a call, in the letters x, y of `formula`.
    `javascript` is the float rule of a user-defined operation as an expression of JavaScript, in the letters x, y, u,
    v, s, t of the operands, for pages that compute; the built-in rows have theirs in viz/pages/template/rules.js.
    """

    __slots__ = (
        "accumulate",
        "algebra",
        "arity",
        "arrange",
        "array",
        "bounds",
        "call",
        "chooses",
        "domain",
        "formula",
        "function",
        "glyph",
        "javascript",
        "name",
        "partials",
        "python",
        "textbook",
    )

    table: ClassVar[dict[str, Operation]] = {}  #: every row by its name
    __signature__: inspect.Signature  #: how it is called

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
        accumulate: Callable[[Value], None] = accumulate_partials,
        textbook: Callable[..., Any] | None = None,
        chooses: bool = False,
        algebra: str = "",
        bounds: tuple[float, float] = (-math.inf, math.inf),
        call: tuple[str, str] | None = None,
        python: str = "",
        javascript: str = "",
    ) -> None:
        self.name, self.glyph, self.formula, self.domain = name, glyph, formula, domain
        self.function, self.array, self.arrange, self.textbook = function, array, arrange, textbook
        self.partials = partials if callable(partials) else tuple(partials)
        self.arity = None if callable(partials) else len(partials)
        self.accumulate, self.chooses, self.algebra, self.bounds = accumulate, chooses, algebra, bounds
        self.call, self.python, self.javascript = call, python, javascript

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    @property
    def __name__(self) -> str:
        """The name, as of a function."""
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return operation_named, (self.name,)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Apply the operation: floats give a float, Values a Value, arrays an array."""
        if self.arity == 1 == len(arguments) and not keywords:  # at once: it halves the time of an activation
            if type(arguments[0]) is Value:
                return self.record(arguments)
            if type(arguments[0]) is float:
                return self.evaluate(arguments)
        if self.arrange:
            return self.apply(arranged(self.name, self.arrange, arguments, keywords))
        if keywords or len(arguments) != self.arity:
            given = f"{len(arguments)} and {', '.join(keywords)}" if keywords else str(len(arguments))
            raise TypeError(f"{self.name} takes its operands by position, {self.arity} of them, not {given}")
        return self.apply(arguments)

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
            return self.evaluate([self.number(x) for x in operands])
        if Symbol in kinds:
            return Symbol.made(self, operands)
        return self.record(tuple([x if isinstance(x, Value) else Constant(self.number(x)) for x in operands]))

    def number(self, x: Any) -> float:
        """Return an operand that is neither a Value nor an array as a float."""
        needs = f"{self.name} takes numbers, Values and NumPy arrays"
        if is_several(x):
            many = self.arrange is not None and str(inspect.signature(self.arrange)).startswith("(*")
            remedy = f"give the numbers one by one, {self.name}(*values)" if many else "make it an array, np.array(…)"
            raise TypeError(f"{needs}, not the {type(x).__name__} {shown(x)}: {remedy}")
        return to_float(x, needs)

    def evaluate(self, operands: Sequence[float]) -> float:
        """Return the operation's result on floats; raise what Python raises, with the operands named."""
        try:
            return self.function(*operands)
        except Refusal as error:
            raise self.refusal(error, operands) from None

    def compute(self, operands: Sequence[Value]) -> float:
        """Return the operation's result on the data of Values; raise what Python raises, with the operands named."""
        try:
            return self.function(*[x._data for x in operands])
        except Refusal as error:
            raise self.refusal(error, operands) from None

    def record(self, operands: tuple[Value, ...]) -> Value:
        """Return the result as a new Value; of constants alone, as a constant."""
        time = value.now  # before the operands are read: what another thread assigns meanwhile is younger
        data = self.compute(operands)
        if operands[0].constant and all([x.constant for x in operands]):
            return Constant(data)
        node = new_value(data, self, operands)
        node._time = time
        return node

    def _evaluate_arrays(self, operands: Sequence[Any]) -> Any:
        if any(isinstance(x, Value) or getattr(x, "dtype", None) == np.dtype(object) for x in operands):
            return for_each(lambda *xs: self.apply(xs), operands)
        arrays = [self._floats(x) for x in operands]
        if len(arrays) > 1:
            arrays = [*np.broadcast_arrays(*arrays)]
        rows = [np.atleast_1d(x) for x in arrays]  # array rules may write into their result, which a scalar forbids
        with np.errstate(all="ignore"):
            result = np.reshape(self.array(*rows) if self.arity else self.array(np.stack(rows)), arrays[0].shape)
        finite = np.isfinite(result)
        for place in () if finite.all() else np.argwhere(~finite):  # NumPy passes what Python refuses: the float rule
            scalars = [float(x[tuple(place)]) for x in arrays]
            try:
                self.function(*scalars)
            except Refusal as error:
                raise self.refusal(error, scalars, f" at index {tuple(place.tolist())}") from None
        return result

    def _floats(self, x: Any) -> Any:
        """Return an array of numbers as floats, a number as a float; TypeError for complex numbers, text, …."""
        if isinstance(x, np.ma.MaskedArray):
            raise TypeError(f"{self.name} does not know masks: fill the masked array, or leave the masked elements out")
        return x.astype(float, casting="same_kind", copy=False) if isinstance(x, np.ndarray) else self.number(x)

    def local_derivatives(self, z: Any, operands: Sequence[Any], wanted: Sequence[bool]) -> list[Any]:
        """Return the derivative with respect to each operand, 0.0 where it is not wanted: its rule is not evaluated."""
        if callable(self.partials):
            return [p if want else 0.0 for p, want in zip(self.partials(z, *operands), wanted, strict=True)]
        return [
            (rule(z, *operands) if callable(rule) else rule) if want else 0.0
            for rule, want in zip(self.partials, wanted, strict=True)
        ]

    def refusal(self, error: Exception, operands: Iterable[Any], place: str = "") -> Exception:
        """Return an error of the same class that names the operation, its operands and its domain."""
        needs = f"; {self.name} needs {self.domain}" if self.domain and not isinstance(error, OverflowError) else ""
        beyond = "the result is beyond the largest float, 1.8e308"
        reason = beyond if isinstance(error, OverflowError) else error
        return same_class(error, f"{self.on(operands)}{place}: {reason}{needs}")

    def out_of_date(self, node: Value, data: float | None) -> RuntimeError:
        """Return an error that names the operands that changed after a node was computed; `data` is its number now."""
        changed = " and ".join(dict.fromkeys(describe(x) for x in node.operands if x._time > node._time))
        result = "has no result" if data is None else f"is {data!r}"
        return RuntimeError(
            f"the graph is out of date: {self.on(node.operands)} {result}, but {node._data!r} was recorded before "
            f"{changed} changed; call refresh() on the root, or build the graph anew"
        )

    def on(self, operands: Iterable[Any]) -> str:
        """Return the operation with its operands, as a message shows it."""
        return f"{self.name}({', '.join(map(describe, operands))})"


class OfRow:
    """An attribute that a row makes of its columns when it is asked for, while the class has another, or none."""

    def __init__(self, made: Callable[[Operation], Any], of_class: Any = None) -> None:
        self.made, self.of_class = made, of_class

    def __get__(self, row: Operation | None, owner: type) -> Any:
        return self.of_class if row is None else self.made(row)


# What help(), doctest and inspect ask of a function. setattr, because to type checkers these are a class's own.
setattr(Operation, "__doc__", OfRow(documentation.docstring, Operation.__doc__))  # noqa: B010
setattr(Operation, "__signature__", OfRow(documentation.signature))  # noqa: B010


def operators(entry: Operation, name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the methods of Value for a binary operator, plain and reflected.

    They record in place rather than through `Operation.__call__`, which halves the time of an eager forward pass.

    Args:
        entry: The row.
        name: The operator's, such as "add".
    """
    function = entry.function

    def apply(self: Value, other: Any) -> Any:
        if type(other) is not Value:  # in Python 3.11 quicker than its __class__
            other = as_operand(other)
            if other is NotImplemented:
                return NotImplemented
            if other.constant and self.constant:
                return entry.record((self, other))
        time = value.now
        try:
            data = function(self._data, other._data)
        except Refusal as error:
            raise entry.refusal(error, (self, other)) from None
        node = new(Value)
        node._data = data
        node._grad = 0.0
        node._time = time
        node._first = self
        node._second = other
        node.operation = entry
        node.name = None
        return node

    def reflected(self: Value, other: Any) -> Any:
        other = as_operand(other)
        return NotImplemented if other is NotImplemented else apply(other, self)

    return method_of(entry, apply, f"__{name}__"), method_of(entry, reflected, f"__r{name}__")


def method(entry: Operation, name: str) -> Callable[..., Any]:
    """Return the method of Value, of a given name, that applies a row to it."""

    def apply(self: Value, *parameters: Any, **keywords: Any) -> Any:
        if keywords.get("out", self) is None:
            del keywords["out"]  # np.clip of a Value calls its method with it
        return entry(self, *parameters, **keywords)

    return method_of(entry, apply, name)


def method_of(entry: Operation, function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a function as the method of Value that has a name; `operation` tells which row it applies."""
    function.__name__, function.__qualname__ = name, f"Value.{name}"
    attributes: Any = function  # Any: a function has what one gives it
    attributes.operation, attributes.__signature__ = entry, documentation.method_signature(entry)
    return function


def operation_named(name: str) -> Operation:
    """Return the row of that name; raise LookupError where it is not in the table."""
    if name not in Operation.table:
        raise LookupError(f"the operation {name!r} is not in the table: register it with operation() before loading")
    return Operation.table[name]
