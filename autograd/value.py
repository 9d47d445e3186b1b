"""The number that remembers: `Value`.

A `Value` holds a float, the operation that computed it and that operation's operands, in order. Nothing else is
needed: the chain rule (`backward.py`) reads the local derivatives from the row. The operators of `Value` are not
written here; the table (`operations.py`) installs them, one row each.

Letters: x, y operands; z result.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from autograd import backward as reverse
from autograd import copying
from autograd.conversion import Refusal, check_name, describe, to_float

if TYPE_CHECKING:
    from autograd.methods import Methods
    from autograd.row import Operation
else:
    Methods = object  # the table installs them, one by one

# The time: how often the data of a Value has been assigned. Every node carries the time at which its data was computed,
# a leaf that of its last assignment, so a node that is older than one of its operands may be out of date.
ticks = itertools.count(1)
now = 0


class Value(Methods):
    """A float that remembers how it was made.

    >>> x = Value(2.0, name="x")
    >>> y = (x * x + 3 * x).named("y")
    >>> y.backward()
    >>> y.data, x.grad
    (10.0, 7.0)

    Comparisons compare data, so `in` and `list.index` do too; `hash`, sets and dictionaries go by identity.

    Args:
        data: The number, of any real type.
        name: What drawings and messages call it.

    Raises:
        TypeError: For anything but a real number, for a name that is not text, and for label=, micrograd's word for it.
    """

    # Seven slots and no tuple of operands: 112 bytes a node, with its number. Only assignments from outside pass the
    # properties `data` and `grad`, made below the class; the packages read and write the slots.
    __slots__ = ("_data", "_first", "_grad", "_second", "_time", "name", "operation")

    name: str | None
    operation: Operation | None  #: the row of the table that computed it; None for a leaf
    _data: float
    _grad: float
    _time: int
    _first: Any  # the first operand; of a row of three or of any number of operands, the tuple of all
    _second: Value | None
    constant: ClassVar[bool] = False  #: True for a plain number, which is never differentiated

    def __init__(self, data: float, name: str | None = None, *, label: None = None) -> None:
        if (name is not None and name.__class__ is not str) or label is not None:
            check_name(name, label)
        self._data = data if data.__class__ is float else to_float(data)
        self._grad = 0.0
        self._time = 0
        self._first = self._second = self.operation = None
        self.name = name

    def __repr__(self) -> str:
        made = f", operation={self.operation.name}" if self.operation else ""
        name = f", name={self.name!r}" if self.name else ""
        return f"{type(self).__name__}({self._data!r}, grad={self.grad!r}{made}{name})"

    @property
    def data(self) -> float:
        """The number, which may be assigned to a leaf and is then converted, or refused, as by the constructor.

        Raises AttributeError on assignment to a result, which its operation computes.

        >>> x = Value(2.0, name="x")
        >>> x.data = 3
        >>> x
        Value(3.0, grad=0.0, name='x')
        """
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if self.operation is not None:
            raise AttributeError(
                f"the data of {describe(self)} is the result of {self.operation.name}: assign to the "
                "leaves and call refresh(), or detach() it"
            )
        self._data = number if number.__class__ is float else converted(number, self, "data")
        self._time = tick()

    @property
    def grad(self) -> float:
        """The derivative of the root of the last backward() with respect to this Value; leaves accumulate it."""
        return self._grad

    @grad.setter
    def grad(self, number: float) -> None:
        self._grad = number if number.__class__ is float else converted(number, self, "grad")

    @property
    def operands(self) -> tuple[Value, ...]:
        """The Values that the operation was applied to, in order; of a leaf none.

        >>> x = Value(2.0, name="x")
        >>> (x * 3.0).operands
        (Value(2.0, grad=0.0, name='x'), Constant(3.0))
        """
        first = self._first
        if self._second is not None:
            return first, self._second
        if first.__class__ is tuple:
            return first
        return () if first is None else (first,)

    @operands.setter
    def operands(self, operands: tuple[Value, ...]) -> None:
        self._first, self._second = copying.in_slots(self.operation, operands)

    # The graph ------------------------------------------------------------------------------------------------------

    def named(self, name: str) -> Self:
        """Give the Value a name, for drawings and messages, and return it.

        >>> (Value(1.0) + 1).named("y").name
        'y'
        """
        if name.__class__ is not str:
            check_name(name)
        self.name = name
        return self

    def detach(self) -> Value:
        """Return a new leaf with the same number and name and no history.

        >>> (Value(3.0) * 2).detach()
        Value(6.0, grad=0.0)
        """
        return Value(self._data, self.name)

    def partials(self) -> tuple[float, ...]:
        """Return the local derivative with respect to each operand, 0.0 with respect to a constant.

        Raises RuntimeError where an operand changed after this Value was computed.

        >>> (Value(2.0) * Value(5.0)).partials()
        (5.0, 2.0)
        """
        if self.operation is None:
            return ()
        operands = self.operands
        if reverse.is_older(self, operands):
            reverse.check_current([self])
        wanted = [not x.constant for x in operands]
        try:
            return tuple(self.operation.local_derivatives(self._data, [x._data for x in operands], wanted))
        except Refusal as error:
            raise reverse.without_derivative(error, self) from None

    def backward(self) -> None:
        """Set `grad` of every Value below to this one's derivative: interior nodes anew, leaves added up.

        Raises ZeroDivisionError where a derivative is infinite, and RuntimeError where a leaf changed after the graph
        was built, so that old and new numbers would mix; every gradient is then as it was.

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
            node._grad = 0.0

    def derivative(self, x: Value) -> Value:
        """Return the derivative with respect to x as a new Value, which can be differentiated and drawn in turn.

        >>> x = Value(2.0)
        >>> (x ** 3).derivative(x).derivative(x).data
        12.0
        """
        return self.derivatives([x])[0]

    def derivatives(self, xs: Sequence[Value]) -> list[Value]:
        """Return the derivatives with respect to several Values, from one sweep.

        Args:
            xs: The Values; where this one does not depend on one of them, that derivative is Value(0.0).

        Raises:
            TypeError: For an entry that is not a Value.
            RuntimeError: Where a leaf changed after the graph was built.

        >>> x, y = Value(2.0), Value(5.0)
        >>> [d.data for d in (x * y).derivatives([x, y])]
        [5.0, 2.0]
        """
        for x in xs:
            if not isinstance(x, Value):
                raise TypeError(f"a derivative is taken with respect to a Value, not to the {type(x).__name__} {x!r}")
        # A new node each: ∂(x · y)/∂x would otherwise be y itself, with y's name and gradient.
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
        reverse.refresh(self, tick())
        return self

    def __copy__(self) -> Value:
        return copying.copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return copying.deep_copy(self, memo)

    def __reduce__(self) -> tuple[Any, ...]:
        return copying.reduce(self)

    # The number -----------------------------------------------------------------------------------------------------

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self._data == (other._data if isinstance(other, Value) else other)

    def __ne__(self, other: object) -> bool:
        return self._data != (other._data if isinstance(other, Value) else other)

    def __lt__(self, other: float | Value) -> bool:
        return self._data < (other._data if isinstance(other, Value) else other)

    def __le__(self, other: float | Value) -> bool:
        return self._data <= (other._data if isinstance(other, Value) else other)

    def __gt__(self, other: float | Value) -> bool:
        return self._data > (other._data if isinstance(other, Value) else other)

    def __ge__(self, other: float | Value) -> bool:
        return self._data >= (other._data if isinstance(other, Value) else other)

    def __bool__(self) -> bool:
        return self._data != 0.0

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> float:
        raise TypeError(
            f"{describe(self)} is not converted to a plain float, which would lose the graph: "
            "take .data for the number, or the function of the same name from autograd (autograd.exp for math.exp); an "
            "array to assign it to needs dtype=object"
        )

    def __int__(self) -> int:
        raise TypeError(f"{describe(self)} is not converted to an int, which would lose the graph: take int(x.data)")

    ufuncs: ClassVar[dict[Any, Operation]] = {}  #: NumPy's function -> the row whose array rule it is


class Constant(Value):
    """The leaf that a plain number in an operation becomes: drawn, never differentiated.

    >>> (Value(2.0) ** 3).operands[1]
    Constant(3.0)
    """

    __slots__ = ()

    constant = True

    @property
    def grad(self) -> float:
        """Always 0.0: a sweep does not ask whether an operand is a constant before it adds to its `_grad`."""
        return 0.0

    @grad.setter
    def grad(self, number: float) -> None:
        converted(number, self, "grad")

    def __repr__(self) -> str:
        return f"Constant({self._data!r})"


new: Callable[[type[Value]], Value] = object.__new__


def new_value(data: float, operation: Operation, operands: tuple[Value, ...]) -> Value:
    """Return an interior node; it skips `__init__`, for it is called once per node."""
    node = new(Value)
    node._data = data
    node._grad = 0.0
    node._time = now
    node._first, node._second = copying.in_slots(operation, operands)
    node.operation = operation
    node.name = None
    return node


def tick() -> int:
    """Let time pass, and return the new time: later than that of every node so far."""
    global now
    now = time = next(ticks)  # of two threads that assign at once, each gets a time of its own
    return time


def assign(leaves: Iterable[Value], numbers: Iterable[float]) -> None:
    """Set the data of each leaf, in order, which is several times as fast as one by one.

    A graph that another thread builds meanwhile is older than the leaves that are set after it, so it is noticed.
    """
    try:
        for leaf, number in zip(leaves, numbers, strict=True):
            if leaf.operation is None and number.__class__ is float:
                leaf._data = number
                leaf._time = next(ticks)
            else:
                leaf.data = number  # converts the number, or refuses
    finally:
        tick()


def converted(number: Any, x: Value, field: str) -> float:
    """Return what is assigned to a field of x as a float; raise TypeError, with the remedy, for anything else."""
    if isinstance(number, Value):
        raise TypeError(f"the {field} of {describe(x)} is assigned the Value {describe(number)}: take its .data")
    try:
        return to_float(number)
    except TypeError as error:
        if field == "grad" and number is None:
            raise TypeError(f"the grad of {describe(x)} is never None: call zero_grad(), or assign 0.0") from None
        raise TypeError(f"the {field} of {describe(x)} is assigned: {error}") from None


for field in ("data", "grad"):  # getters in C: in Python they would take twice as long
    python = vars(Value)[field]
    setattr(Value, field, property(operator.attrgetter(f"_{field}"), python.fset, doc=python.__doc__))


def variable(x: Any) -> Value:
    """Return a new Value equal to x: a leaf for a number or a constant, else a node that still depends on x."""
    if isinstance(x, Value) and not x.constant:
        return +x
    return Value(x._data if isinstance(x, Value) else x)


def as_operand(x: Any) -> Any:
    """Return what an operator works on, a Value, or NotImplemented."""
    if isinstance(x, Value):
        return x
    if isinstance(x, (Real, np.bool_)):
        return Constant(to_float(x))
    foreign = hasattr(x, "item") and (not hasattr(x, "__array_ufunc__") or hasattr(x, "__cuda_array_interface__"))
    if foreign or isinstance(x, (list, tuple)):
        to_float(x, "an operand is one number")  # lists, tensors and arrays on a GPU say nothing of a remedy
    return NotImplemented
