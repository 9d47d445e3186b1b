"""Data from outside as NumPy arrays: lists, data frames, tensors, read without importing what made them.

NumPy reads nearly everything, and some of it wrongly: it takes the hidden numbers of a masked array for numbers, and a
sparse matrix for one object; it computes a dask array whole into memory; and it cannot know that JAX has already made
single precision of the numbers. Here they are refused, with the place and the remedy.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd.value import Value

# What a message advises for an object that has such an attribute: a Value, and tables that are read when asked for.
REMEDIES = {"operands": ".data", "collect": "collect()", "to_table": "to_table()"}
PLAIN = {float, int}  # of a list's entries: there is nothing to look at, and most have no others
MAX_DOT_LENGTH = 8192  # for longer vectors BLAS wakes its threads, which takes longer than to add up the elements


def entry(name: str, place: Iterable[int], lists: Iterable[int] = ()) -> str:
    """Return what a message calls an entry of data.

    Args:
        name: What it calls the data.
        place: The indices of the entry, in an array.
        lists: The indices, in lists, of that array.

    >>> entry("X", (2, 0)), entry("the batch", (2, 0)), entry("weights", (0, 1), lists=[2])
    ('X[2, 0]', 'row 2, column 0 of the batch', 'weights[2][0, 1]')
    """
    outer, inner = [str(i) for i in lists], [str(i) for i in place]
    if name.startswith(("the ", "column ")):
        return f"row {', column '.join([*outer, *inner])} of {name}" if outer or inner else name
    return name + "".join([f"[{i}]" for i in outer]) + (f"[{', '.join(inner)}]" if inner else "")


def as_numpy(data: Any, name: str, lists: tuple[int, ...] = (), dtype: DTypeLike = float) -> Any:
    """Return data so that NumPy reads them right: PyTorch's tensors as arrays, all else as it is.

    Args:
        data: Anything.
        name: What a message calls them.
        lists: The indices at which they stand, where lists of data are called so.
        dtype: The kind of floats that is wanted.

    Raises:
        ValueError: For masked entries, naming the first, for a sparse matrix, for what dask has yet to compute, and for
            an array of JAX that is in single precision because JAX has no other, where double precision is wanted.

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
        kinds = set(map(type, data)) - PLAIN
        if any([issubclass(kind, (list, tuple)) or _is_foreign(kind) for kind in kinds]):
            rows = [as_numpy(row, name, (*lists, i), dtype) for i, row in enumerate(data)]
            return rows if any([x is not row for x, row in zip(rows, data, strict=True)]) else data
        return data
    if not _is_foreign(type(data)):
        return data
    if hasattr(data, "__dask_graph__"):
        refuse_uncomputed(data, entry(name, (), lists))
        return data
    if hasattr(type(data), "addressable_shards"):
        refuse_narrowed(data, entry(name, (), lists), np.dtype(dtype))
        return data
    if hasattr(data, "toarray"):
        raise ValueError(f"{entry(name, (), lists)} is a sparse {type(data).__name__}: give its toarray()")
    try:
        return data.detach().cpu().numpy()  # NumPy does not read a tensor that asks for a gradient, or lies on a GPU
    except (TypeError, RuntimeError) as error:  # of bfloat16, and of a sparse one
        where = entry(name, (), lists)
        raise ValueError(
            f"NumPy cannot read {where} ({type(data).__name__}): {error}; give a dense one of float64"
        ) from None


def refuse_uncomputed(data: Any, name: str) -> None:
    """Raise ValueError for a dask collection, or for labelled arrays (xarray) that hold one."""
    if data.__dask_graph__() is None:
        return
    kind = type(data)
    if hasattr(kind, "to_dask_array"):
        blocks = "its to_dask_array(lengths=True)"
    else:
        blocks = "the dask array in its .data" if hasattr(kind, "data") else "a dask array"
    raise ValueError(
        f"{name} is yet to be computed by dask: give its compute() if that fits into memory. A program of a loss takes "
        f"{blocks} block by block, and its gradient(X) is what SciPy's minimize asks for (docs/cluster.md)"
    )


def refuse_narrowed(data: Any, name: str, dtype: np.dtype[Any]) -> None:
    """Raise ValueError for an array of JAX in single precision, unless that is wanted, or JAX has double as well."""
    jax = sys.modules["jax"]
    if isinstance(data, jax.core.Tracer):
        raise ValueError(f"{name} is what JAX traces, and has no numbers: trace the function program.to_jax() instead")
    if data.dtype == np.float32 and dtype != np.float32 and not jax.config.jax_enable_x64:
        raise ValueError(
            f"{name} is an array of JAX, rounded to float32: set jax.config.update('jax_enable_x64', True) "
            "before it is made, or give np.asarray of it if single precision is meant"
        )


def as_number(x: Any, name: str) -> Any:
    """Return the element of an array or tensor that has one; anything else as it is.

    Args:
        x: The array, or anything.
        name: What a message calls it.
    """
    plain = as_numpy(x, name)
    return plain.reshape(-1)[0] if isinstance(plain, np.ndarray) and plain.size == 1 else plain


def as_array(data: Any, name: str, dtype: DTypeLike = float) -> NDArray[Any]:
    """Return data as an array of booleans, integers or floats, or of objects, where an entry may be none of these.

    Args:
        data: What is read. A dictionary of columns and a structured array become a table.
        name: What messages call it.
        dtype: The kind of floats that is wanted of it afterwards.

    Raises:
        ValueError: For what `as_numpy` refuses, rows of different lengths, and what NumPy cannot read, such as a tensor
            on another device.

    >>> as_array({"x": [1, 2], "y": [0.5, 0.25]}, "the batch")
    array([[1.  , 0.5 ],
           [2.  , 0.25]])
    """
    data = as_numpy(data, name, dtype=dtype)
    columns = data.dtype.names if isinstance(data, np.ndarray) else data if isinstance(data, Mapping) else None
    if columns:
        listed = [as_array(data[column], f"column {column} of {name}", dtype) for column in columns]
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
        array: Of numbers, or of objects.
        name: What a message calls it.
        dtype: The kind of floats.

    Raises:
        ValueError: For the first entry that is not a real number, with its place, and for a whole number beyond the
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
                remedy = next((f": give its {found}" for kind, found in REMEDIES.items() if hasattr(x, kind)), "")
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
    """Whether it is one of the kinds that `as_numpy` looks at; the libraries need not be there to know."""
    if issubclass(kind, np.ma.MaskedArray) or hasattr(kind, "__dask_graph__") or hasattr(kind, "addressable_shards"):
        return True
    return (hasattr(kind, "toarray") and hasattr(kind, "nnz")) or (hasattr(kind, "detach") and hasattr(kind, "numpy"))


def _odd_row(data: Sequence[Any]) -> str:
    """Return in words which row is not as long as the first."""
    lengths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    row = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    return "" if row is None else f": row 0 has {lengths[0]}, row {row} has {lengths[row]}"
