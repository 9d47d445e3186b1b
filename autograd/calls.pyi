"""How operations are called, for type checkers: what a float, a Value or an array among the operands gives.

When a program runs, every row of the table is an `Operation`, and this file is not read. The table declares each row as
one of the classes below: floats give a float, a Value among the operands gives a Value, and an array gives an array.
(What stands in an array, numbers or Values, its type does not say.)
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from autograd.row import Operation
from autograd.value import Value

Number: TypeAlias = float | np.floating[Any] | np.integer[Any] | np.bool_  # an int is a float, to type checkers too
Scalar: TypeAlias = Number | Value
Array: TypeAlias = NDArray[Any]  # of floats, or of Values: the type of an array of objects does not tell
Side: TypeAlias = Value | Callable[[], Value]  # of a where: a function is called if its side is chosen

class OfOne(Operation):
    """A row of one operand."""

    @overload
    def __call__(self, x: Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: Array, /) -> Array: ...

class OfTwo(Operation):
    """A row of two operands."""

    @overload
    def __call__(self, x: Number, y: Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, y: Scalar, /) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: Array, y: Scalar | Array, /) -> Array: ...
    @overload
    def __call__(self, x: Scalar, y: Array, /) -> Array: ...

class OfThree(Operation):
    """A row of three operands."""

    @overload
    def __call__(self, x: Number, y: Number, z: Number, /) -> float: ...
    @overload
    def __call__(self, x: Value, y: Scalar, z: Scalar, /) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value, z: Scalar, /) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Number, z: Value, /) -> Value: ...
    @overload
    def __call__(self, x: Array, y: Scalar | Array, z: Scalar | Array, /) -> Array: ...

class Scaled(Operation):
    """A row whose second operand y has a default."""

    @overload
    def __call__(self, x: Number, y: Number = ...) -> float: ...
    @overload
    def __call__(self, x: Value, y: Scalar = ...) -> Value: ...
    @overload
    def __call__(self, x: Number, y: Value) -> Value: ...
    @overload
    def __call__(self, x: Array, y: Scalar | Array = ...) -> Array: ...

class LeakyRelu(Operation):
    """The row leaky_relu."""

    @overload
    def __call__(self, x: Number, slope: Number = ...) -> float: ...
    @overload
    def __call__(self, x: Value, slope: Scalar = ...) -> Value: ...
    @overload
    def __call__(self, x: Number, slope: Value) -> Value: ...
    @overload
    def __call__(self, x: Array, slope: Scalar | Array = ...) -> Array: ...

class Round(Operation):
    """The row round."""

    @overload
    def __call__(self, x: Number, digits: Number = ...) -> float: ...
    @overload
    def __call__(self, x: Value, digits: Number = ...) -> Value: ...
    @overload
    def __call__(self, x: Array, digits: Number = ...) -> Array: ...

class Clip(Operation):
    """The row clip."""

    @overload
    def __call__(self, x: Number, low: Number, high: Number) -> float: ...
    @overload
    def __call__(self, x: Value, low: Scalar, high: Scalar) -> Value: ...
    @overload
    def __call__(self, x: Number, low: Value, high: Scalar) -> Value: ...
    @overload
    def __call__(self, x: Number, low: Number, high: Value) -> Value: ...
    @overload
    def __call__(self, x: Array, low: Scalar | Array, high: Scalar | Array) -> Array: ...

class Where(Operation):
    """The row where: a side that is a function is called if it is chosen."""

    @overload
    def __call__(
        self, condition: Number, a: Number | Callable[[], Number], b: Number | Callable[[], Number]
    ) -> float: ...
    @overload
    def __call__(
        self, condition: Value, a: Scalar | Callable[[], Scalar], b: Scalar | Callable[[], Scalar]
    ) -> Value: ...
    @overload
    def __call__(self, condition: Number, a: Side, b: Scalar | Callable[[], Scalar]) -> Value: ...
    @overload
    def __call__(self, condition: Number, a: Number | Callable[[], Number], b: Side) -> Value: ...
    @overload
    def __call__(self, condition: Array, a: Scalar | Array, b: Scalar | Array) -> Array: ...

class OfMany(Operation):
    """A row of any number of operands, given one by one; one's own operations are called so too."""

    @overload
    def __call__(self, *operands: Number) -> float: ...  # type: ignore[overload-overlap]  # numbers alone
    @overload
    def __call__(self, *operands: Scalar) -> Value: ...  # type: ignore[overload-overlap]  # with a Value among them
    @overload
    def __call__(self, *operands: Scalar | Array) -> Array: ...

class OfAList(Operation):
    """A row of any number of operands, given in one list."""

    @overload
    def __call__(self, values: Array) -> Any: ...  # Any: of an array of floats a float, of Values a Value
    @overload
    def __call__(self, values: Iterable[Number]) -> float: ...  # type: ignore[overload-overlap]  # numbers alone
    @overload
    def __call__(self, values: Iterable[Scalar]) -> Value: ...  # type: ignore[overload-overlap]  # a Value among them
    @overload
    def __call__(self, values: Iterable[Scalar | Array]) -> Array: ...

class Dot(Operation):
    """The row dot."""

    @overload
    def __call__(self, weights: Array, inputs: Array, bias: Scalar | Array | None = None) -> Any: ...  # as OfAList
    @overload
    def __call__(  # type: ignore[overload-overlap]  # numbers alone
        self, weights: Iterable[Number], inputs: Iterable[Number], bias: Number | None = None
    ) -> float: ...
    @overload
    def __call__(  # type: ignore[overload-overlap]  # with a Value among them
        self, weights: Iterable[Scalar], inputs: Iterable[Scalar], bias: Scalar | None = None
    ) -> Value: ...
    @overload
    def __call__(
        self,
        weights: Iterable[Scalar | Array],
        inputs: Iterable[Scalar | Array],
        bias: Scalar | Array | None = None,
    ) -> Array: ...

class EachOfAList(Protocol):
    """A composition that gives a list with one result for each value."""

    @overload
    def __call__(self, values: Iterable[Number]) -> list[float]: ...  # type: ignore[overload-overlap]  # numbers alone
    @overload
    def __call__(self, values: Iterable[Scalar]) -> list[Value]: ...  # type: ignore[overload-overlap]  # with a Value
    @overload
    def __call__(self, values: Iterable[Scalar | Array]) -> list[Array]: ...
