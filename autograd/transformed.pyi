"""What the transforms return, for type checkers: the derivative has the type of what is differentiated.

When a program runs, this file is not read: a transform returns a plain function. Of several arguments, and of a list
or a dictionary, they say the structure.
"""

from typing import Any, Protocol, TypeAlias, TypeVar, overload

from autograd.calls import Array, Number
from autograd.value import Value

Structure: TypeAlias = list[Any] | tuple[Any, ...] | dict[Any, Any]
S = TypeVar("S", bound=Structure)
Argument: TypeAlias = Number | Value | Array | Structure

# Any: keyword arguments are handed to the function that is differentiated, and a structure has the argument's type.

class Gradient(Protocol):
    """What `grad` returns."""

    @overload
    def __call__(self, x: Number, /, **keywords: Any) -> float: ...
    @overload
    def __call__(self, x: Value, /, **keywords: Any) -> Value: ...
    @overload
    def __call__(self, x: Array, /, **keywords: Any) -> Array: ...
    @overload
    def __call__(self, x: S, /, **keywords: Any) -> S: ...
    @overload
    def __call__(self, x: Number, y: Number, /, *xs: Number, **keywords: Any) -> tuple[float, ...]: ...
    @overload
    def __call__(self, x: Argument, y: Argument, /, *xs: Argument, **keywords: Any) -> tuple[Any, ...]: ...

class ValueAndGradient(Protocol):
    """What `value_and_grad` returns."""

    @overload
    def __call__(self, x: Number, /, **keywords: Any) -> tuple[float, float]: ...
    @overload
    def __call__(self, x: Value, /, **keywords: Any) -> tuple[Value, Value]: ...
    @overload
    def __call__(self, x: Array, /, **keywords: Any) -> tuple[float, Array]: ...
    @overload
    def __call__(self, x: Number, y: Number, /, *xs: Number, **keywords: Any) -> tuple[float, tuple[float, ...]]: ...
    @overload
    def __call__(self, x: S, /, **keywords: Any) -> tuple[float, S]: ...
    @overload
    def __call__(self, x: Argument, y: Argument, /, *xs: Argument, **keywords: Any) -> tuple[Any, tuple[Any, ...]]: ...

class Hessian(Protocol):
    """What `hessian` returns."""

    @overload
    def __call__(self, x: Number, /, **keywords: Any) -> float: ...
    @overload
    def __call__(self, x: Value, /, **keywords: Any) -> Value: ...
    @overload
    def __call__(self, x: Array, /, **keywords: Any) -> Array: ...
    @overload
    def __call__(self, x: Number, y: Number, /, *xs: Number, **keywords: Any) -> tuple[tuple[float, ...], ...]: ...
    @overload
    def __call__(self, x: Structure, /, **keywords: Any) -> Any: ...
    @overload
    def __call__(self, x: Argument, y: Argument, /, *xs: Argument, **keywords: Any) -> tuple[Any, ...]: ...
