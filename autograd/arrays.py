"""Data from outside as NumPy arrays: lists, data frames, tensors, read without importing what made them.

NumPy reads nearly everything, and some of it wrongly: it takes the hidden numbers of a masked array for numbers, and a
sparse matrix for one object. Here both are refused, with the place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd.value import Value

MAX_DOT_LENGTH = 8192  # for longer vectors BLAS wakes its threads, which takes longer than to add up the elements


def entry(name: str, place: Iterable[int], lists: Iterable[int] = ()) -> str:
    """Return what a message calls an entry of data.

    Args:
        name: what it calls the data.
        place: the indices of the entry, in an array.
        lists: the indices, in lists, of that array.

    >>> entry("X", (2, 0)), entry("the batch", (2, 0)), entry("weights", (0, 1), lists=[2])
    ('X[2, 0]', 'row 2, column 0 of the batch', 'weights[2][0, 1]')
    """
    outer, inner = [str(i) for i in lists], [str(i) for i in place]
    if name.startswith(("the ", "column ")):
        return f"row {', column '.join([*outer, *inner])} of {name}" if outer or inner else name
    return name + "".join([f"[{i}]" for i in outer]) + (f"[{', '.join(inner)}]" if inner else "")


def as_numpy(data: Any, name: str, lists: tuple[int, ...] = ()) -> Any:
    """Return data so that NumPy reads them right: PyTorch's tensors as arrays, all else as it is.

    Args:
        data: anything.
        name: what a message calls them.
        lists: the indices at which they stand, where lists of data are called so.

    Raises:
        ValueError: for masked entries, naming the first, and for a sparse matrix.

    >>> as_numpy(np.ma.array([1.0, 2.0], mask=[False, True]), "x")
    Traceback (most recent call last):
    ValueError: x[1] is masked; leave its row out, or fill it in with filled(0.0)
    """
    if isinstance(data, np.ma.MaskedArray):
        for hidden in np.argwhere(np.ma.getmaskarray(data)).tolist():
            raise ValueError(
                f"{entry(name, hidden, lists)} is masked; leave its row out, or fill it in with filled(0.0)"
            )
        return data.data
    if isinstance(data, (list, tuple)):
        if any([_is_foreign(kind) or issubclass(kind, (list, tuple)) for kind in set(map(type, data))]):
            rows = [as_numpy(row, name, (*lists, i)) for i, row in enumerate(data)]
            return rows if any([x is not row for x, row in zip(rows, data, strict=True)]) else data
        return data
    if not _is_foreign(type(data)):
        return data
    if hasattr(data, "toarray"):
        raise ValueError(f"{entry(name, (), lists)} is a sparse {type(data).__name__}: give its toarray()")
    return data.detach().cpu().numpy()  # NumPy does not read a tensor that asks for a gradient, or lies on a GPU


def as_number(x: Any, name: str) -> Any:
    """Return the element of an array or tensor that has one; anything else as it is.

    Args:
        x: the array, or anything.
        name: what a message calls it.
    """
    plain = as_numpy(x, name)
    return plain.reshape(-1)[0] if isinstance(plain, np.ndarray) and plain.size == 1 else plain


def as_array(data: Any, name: str) -> NDArray[Any]:
    """Return data as an array of booleans, integers or floats, or of objects, where an entry may be none of these.

    Args:
        data: what is read. A dictionary of columns and a structured array become a table.
        name: what messages call it.

    Raises:
        ValueError: for masked entries, a sparse matrix, rows of different lengths, and what NumPy cannot read, such as
            a tensor on another device.

    >>> as_array({"x": [1, 2], "y": [0.5, 0.25]}, "the batch")
    array([[1.  , 0.5 ],
           [2.  , 0.25]])
    """
    data = as_numpy(data, name)
    columns = data.dtype.names if isinstance(data, np.ndarray) else data if isinstance(data, Mapping) else None
    if columns:
        listed = [as_array(data[column], f"column {column} of {name}") for column in columns]
        if len({column.shape for column in listed}) > 1:
            lengths = ", ".join(f"{key}: {column.shape}" for key, column in zip(columns, listed, strict=True))
            raise ValueError(f"the columns of {name} have different shapes ({lengths}): make them equally long")
        return np.stack(listed, axis=-1)
    try:
        array = np.asarray(data)
        if array.dtype.kind not in "biufV":  # text, say, which NumPy would read as numbers, or numbers as text
            array = np.asarray(data, dtype=object)
    except ValueError as error:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"NumPy cannot read {name} ({type(data).__name__}): {error}") from None
        raise ValueError(f"{name} has rows of different lengths{_odd_row(data)}") from None
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"NumPy cannot read {name} ({type(data).__name__}): {error}") from None
    if array.dtype.kind == "V":
        raise ValueError(f"{name} is of the type {array.dtype}: convert it with astype(float)")
    return array


def as_floats(array: NDArray[Any], name: str, dtype: DTypeLike = float) -> NDArray[Any]:
    """Return an array that `as_array` has read with a float for each entry.

    Args:
        array: of numbers, or of objects.
        name: what a message calls it.
        dtype: the kind of floats.

    Raises:
        ValueError: for the first entry that is not a real number, with its place, and for a whole number beyond the
            largest float.

    >>> as_floats(as_array([[1, 2], [3, "4"]], "X"), "X")
    Traceback (most recent call last):
    ValueError: X[1, 1] is '4', not a number
    """
    if array.dtype.kind == "O":
        array = array.copy()
        for place, x in np.ndenumerate(array):
            if isinstance(x, (Real, np.bool_)):
                continue
            where = entry(name, place)
            array[place] = number = x if isinstance(x, Value) else as_number(x, where)
            if not isinstance(number, (Real, np.bool_)):
                remedy = ": give its .data" if isinstance(x, Value) else ""
                raise ValueError(f"{where} is {x!r:.80}, not a number{remedy}")
    try:
        return array.astype(dtype, copy=False)
    except OverflowError:
        raise ValueError(f"{name} holds a whole number beyond the largest float, 1.8e308") from None


def is_finite(x: NDArray[Any]) -> bool:
    """Whether no element is NaN or infinite: if the sum of their squares, or that of themselves, is finite, none is."""
    flat = x if x.ndim == 1 else x.ravel()
    total = flat.dot(flat) if len(flat) <= MAX_DOT_LENGTH else np.add.reduce(flat)
    return math.isfinite(total) or bool(np.isfinite(flat).all())


def _is_foreign(kind: type) -> bool:
    """Whether it is a masked array, a sparse matrix or a tensor; the libraries need not be there to know."""
    if issubclass(kind, np.ma.MaskedArray):
        return True
    return (hasattr(kind, "toarray") and hasattr(kind, "nnz")) or (hasattr(kind, "detach") and hasattr(kind, "numpy"))


def _odd_row(data: Sequence[Any]) -> str:
    """Return in words which row is not as long as the first."""
    lengths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    row = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    return "" if row is None else f": row 0 has {lengths[0]}, row {row} has {lengths[row]}"
