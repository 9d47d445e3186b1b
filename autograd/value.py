"""The number that remembers: `Value`.

A `Value` holds a float, the operation that computed it and that operation's operands, in order. Nothing else is
needed: the chain rule (`backward.py`) reads the local derivatives from the row. The operators of `Value` are not
written here; the table (`operations.py`) installs them, one row each.

Letters: x, y operands; z result.
"""

# ruff: noqa: E702  (the methods that the table installs are declared side by side)

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from autograd import backward as reverse
from autograd import copying

if TYPE_CHECKING:
    from autograd.row import Operation

# What Python raises where a float operation has no result.
Refusal = (ArithmeticError, ValueError)
COMPARISONS = {
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}


class Value:
    """A float that remembers how it was made.

    >>> x = Value(2.0, name="x")
    >>> y = (x * x + 3 * x).named("y")
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)

    Comparisons compare data, so `in` and `list.index` do too; `hash`, sets and dictionaries go by identity.
    Raises TypeError for anything but a real number.
    """

    __slots__ = ("__weakref__", "data", "grad", "name", "operands", "operation")

    data: float  #: the number
    grad: float  #: the derivative of the last backward()'s root to this Value; leaves accumulate
    name: str | None
    operation: Operation | None  #: the row that made it; None on a leaf
    operands: tuple[Value, ...]
    constant: ClassVar[bool] = False  #: True for a plain number, which is never differentiated

    def __init__(self, data: float, name: str | None = None) -> None:
        self.data = data if data.__class__ is float else to_float(data)
        self.grad = 0.0
        self.operation = None
        self.operands = ()
        self.name = name

    def __repr__(self) -> str:
        made = f", operation={self.operation.name}" if self.operation else ""
        name = f", name={self.name!r}" if self.name else ""
        return f"{type(self).__name__}({self.data!r}, grad={self.grad!r}{made}{name})"

    # The graph ------------------------------------------------------------------------------------------------------

    def named(self, name: str) -> Self:
        """Give the Value a name, for drawings and messages, and return it.

        >>> (Value(1.0) + 1).named("y").name
        'y'
        """
        self.name = name
        return self

    def detach(self) -> Value:
        """Return a new leaf with the same number and name and no history.

        >>> (Value(3.0) * 2).detach()
        Value(6.0, grad=0.0)
        """
        return Value(self.data, self.name)

    def partials(self) -> tuple[float, ...]:
        """Return the local derivative to each operand; to a constant it is 0.0.

        >>> (Value(2.0) * Value(5.0)).partials()
        (5.0, 2.0)
        """
        if self.operation is None:
            return ()
        wanted = [not x.constant for x in self.operands]
        try:
            return tuple(self.operation.local_derivatives(self.data, [x.data for x in self.operands], wanted))
        except Refusal as error:
            raise reverse.without_derivative(error, self) from None

    def backward(self) -> None:
        """Set `grad` of every Value below to this one's derivative: interior nodes anew, leaves added up.

        Raises ZeroDivisionError where a derivative is infinite; every gradient is then as it was.

        >>> x = Value(3.0)
        >>> (x ** 2).backward()
        >>> x.grad
        6.0
        """
        reverse.backward(self)

    def zero_grad(self) -> None:
        """Set `grad` of this Value and of every Value below it to 0.0.

        >>> x = Value(3.0)
        >>> y = x * x
        >>> y.backward(); y.zero_grad(); x.grad
        0.0
        """
        for node in reverse.topological_order(self):
            node.grad = 0.0

    def derivative(self, x: Value) -> Value:
        """Return the derivative to x as a new Value: itself differentiable and drawable.

        >>> x = Value(2.0)
        >>> (x ** 3).derivative(x).derivative(x).data
        12.0
        """
        return self.derivatives([x])[0]

    def derivatives(self, xs: Sequence[Value]) -> list[Value]:
        """Return the derivative to each of xs, from one sweep; Value(0.0) where there is no dependence.

        >>> x, y = Value(2.0), Value(5.0)
        >>> [d.data for d in (x * y).derivatives([x, y])]
        [5.0, 2.0]
        """
        for x in xs:
            if not isinstance(x, Value):
                raise TypeError(f"a derivative is taken to a Value, not to the {type(x).__name__} {x!r}")
        # A new node each: the derivative of x · y to x would otherwise be y itself, with y's name and gradient.
        return [variable(d) for d in reverse.derivatives(self, xs)]

    def refresh(self) -> Self:
        """Recompute the recorded graph after leaves changed, and return this Value.

        Raises what the operations raise; every number is then as it was.

        >>> x = Value(2.0)
        >>> y = x * x
        >>> x.data = 3.0
        >>> y.refresh().data
        9.0
        """
        reverse.refresh(self)
        return self

    def __copy__(self) -> Value:
        return copying.rebuild_node(type(self), self.data, self.grad, self.name, self.operation, self.operands)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return copying.deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduce(self)

    # The number -----------------------------------------------------------------------------------------------------

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self.data == (other.data if isinstance(other, Value) else other)

    def __ne__(self, other: object) -> Any:
        return self.data != (other.data if isinstance(other, Value) else other)

    def __lt__(self, other: Any) -> Any:
        return self.data < (other.data if isinstance(other, Value) else other)

    def __le__(self, other: Any) -> Any:
        return self.data <= (other.data if isinstance(other, Value) else other)

    def __gt__(self, other: Any) -> Any:
        return self.data > (other.data if isinstance(other, Value) else other)

    def __ge__(self, other: Any) -> Any:
        return self.data >= (other.data if isinstance(other, Value) else other)

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __float__(self) -> float:
        raise TypeError(
            f"{describe(self)} does not turn into a plain float by itself, for that would lose the graph: "
            "take .data for the number, or the function of the same name from autograd (autograd.exp for math.exp)"
        )

    def __int__(self) -> int:
        raise TypeError(f"{describe(self)} does not turn into an int, for that would lose the graph: take int(x.data)")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Let NumPy's functions build the graph: `np.exp(x)`, `np.multiply(x, 2)`, `array * x`."""
        if method != "__call__" or keywords:
            used = ", ".join(keywords) if method == "__call__" else f"the method {method}"
            raise TypeError(f"np.{ufunc.__name__} on Values takes the operands only, not {used}")
        if ufunc in COMPARISONS:
            result = for_each(COMPARISONS[ufunc], operands)
            return result.astype(bool) if isinstance(result, np.ndarray) else result
        if ufunc not in Value.ufuncs:
            raise TypeError(f"np.{ufunc.__name__} is not in the table of operations; register it with operation()")
        return Value.ufuncs[ufunc](*operands)

    ufuncs: ClassVar[dict[Any, Operation]] = {}  #: NumPy's function -> the row whose array rule it is

    # The operators and the one-argument operations: the table installs them -----------------------------------------
    # fmt: off
    __add__: Binary; __radd__: Binary; __sub__: Binary; __rsub__: Binary; __mul__: Binary; __rmul__: Binary
    __truediv__: Binary; __rtruediv__: Binary; __floordiv__: Binary; __rfloordiv__: Binary
    __mod__: Binary; __rmod__: Binary; __pow__: Binary; __rpow__: Binary
    __neg__: Unary; __abs__: Unary; __pos__: Unary
    __floor__: Unary; __ceil__: Unary; __trunc__: Unary; __round__: Unary
    exp: Unary; exp2: Unary; expm1: Unary; log: Unary; log2: Unary; log10: Unary; log1p: Unary; sqrt: Unary
    cbrt: Unary; square: Unary; reciprocal: Unary; sin: Unary; cos: Unary; tan: Unary; asin: Unary; acos: Unary
    atan: Unary; sinh: Unary; cosh: Unary; tanh: Unary; asinh: Unary; acosh: Unary; atanh: Unary; abs: Unary
    neg: Unary; sign: Unary; step: Unary; degrees: Unary; radians: Unary; sinc: Unary; erf: Unary; erfc: Unary
    normal_cdf: Unary; sigmoid: Unary; relu: Unary; leaky_relu: Unary
    elu: Unary; selu: Unary; gelu: Unary; silu: Unary; softplus: Unary; softsign: Unary; hard_sigmoid: Unary
    identity: Unary; lgamma: Unary; digamma: Unary; log_sigmoid: Unary; logit: Unary; log_normal_cdf: Unary
    erfinv: Unary; floor: Unary; ceil: Unary; trunc: Unary; round: Unary
    # fmt: on


class Constant(Value):
    """The leaf that a plain number in an operation becomes: drawn, never differentiated.

    >>> (Value(2.0) ** 3).operands[1]
    Constant(3.0)
    """

    __slots__ = ()

    constant = True

    @property
    def grad(self) -> float:
        """Always 0.0: the sweep need not ask whether an operand is a constant before it adds to its gradient."""
        return 0.0

    @grad.setter
    def grad(self, gradient: float) -> None:
        pass

    def __repr__(self) -> str:
        return f"Constant({self.data!r})"


Binary = Callable[..., Any]
Unary = Callable[..., Value]


def new_value(data: float, operation: Operation, operands: tuple[Value, ...]) -> Value:
    """Return an interior node; it skips `__init__`, for the operators call it once per node."""
    node = Value.__new__(Value)
    node.data = data
    node.grad = 0.0
    node.operation = operation
    node.operands = operands
    node.name = None
    return node


def variable(x: Any) -> Value:
    """Return a new Value equal to x: a leaf for a number or a constant, else a node that still depends on x."""
    if isinstance(x, Value) and not x.constant:
        return +x
    return Value(x.data if isinstance(x, Value) else x)


def for_each(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """Return the object array of function's results for each element of the operands, broadcast."""
    # A Value among them goes as an array of no dimension, for NumPy would ask it for its __array_ufunc__ again.
    arrays = [np.array(x, dtype=object) if isinstance(x, Value) else x for x in operands]
    with np.errstate(all="ignore"):  # what Python's floats let pass, such as a comparison with NaN, is no warning
        return np.frompyfunc(function, len(operands), 1)(*arrays)


def as_operand(x: Any) -> Any:
    """Return what an operator works on, a Value, or NotImplemented."""
    if isinstance(x, Value):
        return x
    return Constant(to_float(x)) if isinstance(x, (Real, np.bool_)) else NotImplemented


def to_float(number: Any) -> float:
    """Return a real number as a float; raise TypeError, with the remedy, for anything else."""
    if isinstance(number, (Real, np.bool_)):
        return float(number)
    remedies = {
        Value: "use it as it is, or detach() it",
        str: "convert it with float(), or parse() an expression",
        complex: "take its real and imaginary parts",
        np.ndarray: "make one Value for each element",
        list: "make one Value for each element",
    }
    remedy = next((remedies[kind] for kind in remedies if isinstance(number, kind)), "give a float")
    shown = describe(number) if isinstance(number, Value) else repr(number)[:60]
    raise TypeError(f"a Value holds one real number, not the {type(number).__name__} {shown}: {remedy}")


def same_class(error: Exception, message: str) -> Exception:
    """Return an error with another message, of the class of `error` or of the built-in one that it is a kind of."""
    kinds = (ZeroDivisionError, OverflowError, FloatingPointError, ArithmeticError, ValueError)
    return next(kind for kind in kinds if isinstance(error, kind))(message)


def describe(x: Any) -> str:
    """Return an operand as a message shows it: its name, where it has one, and its number."""
    if not isinstance(x, Value):
        return repr(x)
    return f"{x.name} = {x.data!r}" if x.name else repr(x.data)
