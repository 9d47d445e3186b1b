"""NumPy's functions on Values and on arrays of Values.

NumPy asks an operand how one of its elementwise functions ("ufuncs") applies to it, through `__array_ufunc__`. A Value
looks the function up in the table. Of a plain object array NumPy asks nothing: it calls a method of the function's own
name on each element (`operations.py` gives Value these methods), or compares elements with ≥ and keeps one (maximum,
minimum). So arrays that autograd itself returns, or hands to a function it differentiates, are `ValueArray`s, which
take every function as a single Value does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.value import Value

# What compares numbers gives bool.
COMPARISONS: dict[Any, Callable[..., bool]] = {
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.logical_not: operator.not_,
    np.logical_and: lambda x, y: bool(x) and bool(y),
    np.logical_or: lambda x, y: bool(x) or bool(y),
    np.logical_xor: lambda x, y: bool(x) is not bool(y),
}
# Which NumPy does by itself with the elements' operators: products of matrices, and sums, products, any and all.
MATRIX_PRODUCTS = {"matmul", "vecdot", "matvec", "vecmat"}
ALONG_AN_AXIS = {"add", "multiply", "logical_and", "logical_or"}
EXTREMES = {"maximum", "minimum"}
REMEDIES_OF_FUNCTIONS = {
    "fmax": "use np.maximum",
    "fmin": "use np.minimum",
    "heaviside": "use autograd.step",
    "divmod": "use // and %",
    "modf": "use // and %",
}


class ValueArray(np.ndarray[Any, Any]):
    """An object array of Values: NumPy's functions apply to it element by element, as to one Value.

    >>> array = Value(2.0) * np.array([1.0, 3.0])
    >>> np.hypot(array, 8.0)[1].data
    10.0
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **keywords: Any) -> Any:
        """Build the graph of NumPy's function of Values and arrays of them.

        Raises TypeError, with the remedy, for what the table of operations does not hold.
        """
        out = (keywords.pop("out", None) or (None,))[0]
        if out is not None and out.dtype != object:
            name = ufunc.__name__
            raise TypeError(f"np.{name} on Values takes only the operands, not out: write a = a + x for a += x")
        result = computed(ufunc, method, operands, keywords)
        if out is None:
            return result
        plain(out)[...] = result
        return out

    def __array_function__(self, function: Any, types: Any, arguments: Any, keywords: Any) -> Any:
        try:
            return of_values(super().__array_function__(function, types, arguments, keywords))
        except (AttributeError, TypeError) as error:
            if isinstance(error, TypeError) and function.__module__ not in ("numpy.linalg", "numpy.fft"):
                raise
            name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
            remedy = "write it out in sums and products of the elements, or take .data for the numbers alone"
            raise TypeError(f"{name} does not do this with Values: {remedy}") from None


def of_values(result: Any) -> Any:
    """Return an object array as a ValueArray, and anything else as it is."""
    if type(result) is np.ndarray and result.dtype == object:
        return result.view(ValueArray)
    return result


def for_each(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """Return the object array of function's results for each element of the operands, broadcast."""
    with np.errstate(all="ignore"):  # what Python's floats let pass, such as a comparison with NaN, does not warn
        return of_values(np.frompyfunc(function, len(operands), 1)(*map(plain, operands)))


def plain(x: Any) -> Any:
    """Return a Value or a ValueArray as a plain object array, of which NumPy does not ask how a function applies."""
    if isinstance(x, Value):
        return np.array(x, dtype=object)
    return x.view(np.ndarray) if isinstance(x, ValueArray) else x


def computed(ufunc: np.ufunc, method: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Return the result of NumPy's function of Values, as a new object."""
    name = ufunc.__name__
    row = Value.ufuncs.get(ufunc) or Value.ufuncs.get(name)
    if (method == "__call__" and name in MATRIX_PRODUCTS) or all(set(kinds) <= set("O->") for kinds in ufunc.types):
        # The last are functions of Python that np.vectorize and np.frompyfunc apply to each element.
        return of_values(getattr(ufunc, method)(*map(plain, operands), **keywords))
    if method == "reduce" and isinstance(operands[0], Value) and name in ALONG_AN_AXIS | EXTREMES:
        return operands[0]
    if method == "reduce" and name in EXTREMES:
        return extreme(row, operands[0], **keywords)
    if method != "__call__" and name in ALONG_AN_AXIS and not any(isinstance(x, Value) for x in operands):
        return of_values(getattr(ufunc, method)(*map(plain, operands), **keywords))
    kind = bool if ufunc in COMPARISONS else object
    used = [key for key, x in keywords.items() if key not in ("casting", "subok") and (key != "dtype" or x != kind)]
    if used := used if method == "__call__" else [f"the method {method}"]:
        raise TypeError(f"np.{name} on Values takes only the operands, not {', '.join(used)}")
    if ufunc in COMPARISONS:
        result = for_each(COMPARISONS[ufunc], operands)
        return plain(result).astype(bool) if isinstance(result, np.ndarray) else result
    if row:
        return row(*operands)
    remedy = REMEDIES_OF_FUNCTIONS.get(
        name, f"take np.{name}(x.data) for the number alone, or register a row with operation()"
    )
    raise TypeError(f"np.{name} is not in the table of operations: {remedy}")


def extreme(row: Any, values: ValueArray, **keywords: Any) -> Any:
    """Return the maximum or minimum along axes, in which all that tie share the derivative."""
    for key, x in keywords.items():
        if key not in ("axis", "keepdims") and x is not None and x is not True:  # NumPy passes where=True, dtype=None
            raise TypeError(f"np.{row.name} on Values takes only the operands and an axis, not {key}")
    axis = keywords.get("axis", 0)
    axes = tuple(range(values.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    rows = np.moveaxis(values, axes, tuple(range(len(axes))))
    result = row(*rows.reshape(-1, *rows.shape[len(axes) :]))
    return of_values(np.expand_dims(np.asarray(result), axes)) if keywords.get("keepdims") else result


setattr(Value, "__array_ufunc__", ValueArray.__array_ufunc__)  # noqa: B010  (to type checkers it is inherited)
