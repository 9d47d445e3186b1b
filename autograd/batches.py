"""What comes in as a batch: lists, NumPy arrays, data frames, tensors, read without importing what made them.

NumPy reads nearly everything, and some of it wrongly: it drops the mask of a masked array, and the names of columns.
`as_array` refuses what NumPy would misread, and `in_order` has names decide where both sides have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.value import Value

SHOWN = 8  # so many names are listed in an error


def as_array(data: Any, name: str) -> NDArray[Any]:
    """Return data as an array of booleans, integers or floats, or, where an entry may be none of these, of objects.

    A dictionary of columns and a structured array become a table. `name` is what messages call the data. Raises
    ValueError, with the remedy, for masked entries, a sparse matrix, rows of different lengths, and what NumPy cannot
    read, such as a tensor on another device.

    >>> as_array({"x": [1, 2], "y": [0.5, 0.25]}, "the batch")
    array([[1.  , 0.5 ],
           [2.  , 0.25]])
    >>> as_array(np.ma.array([1.0, 2.0], mask=[False, True]), "the batch")
    Traceback (most recent call last):
    ValueError: 1 number of the batch is masked: fill it (filled), or leave it out (compressed; np.ma.compress_rows)
    """
    if hidden := _masked(data):
        what, it = (f"1 number of {name} is", "it") if hidden == 1 else (f"{hidden} numbers of {name} are", "them")
        raise ValueError(f"{what} masked: fill {it} (filled), or leave {it} out (compressed; np.ma.compress_rows)")
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        raise ValueError(f"{name} is the sparse {type(data).__name__}: give its toarray()")
    columns = data.dtype.names if isinstance(data, np.ndarray) else data if isinstance(data, Mapping) else None
    if columns:
        listed = [as_array(data[column], f"column {column} of {name}") for column in columns]
        if len({column.shape for column in listed}) > 1:
            lengths = ", ".join(f"{key}: {column.shape}" for key, column in zip(columns, listed, strict=True))
            raise ValueError(f"the columns of {name} are of different shapes ({lengths}): give as many numbers in each")
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


def table(data: Any, names: Sequence[str], named: bool, dtype: np.dtype[Any], name: str = "the batch") -> NDArray[Any]:
    """Return data as an array of dtype with one column for each of names, in their order if they are `named`.

    Raises ValueError as `as_array` and `in_order` do, for what is no number, with its place, and for another shape.
    """
    array = as_array(data, name)
    if named:
        array = in_order(array, data, names, name)
    if array.dtype.kind == "O":
        for place, x in np.ndenumerate(array):
            if not isinstance(x, Real):
                where = f"row {', column '.join(map(str, place))} of " if place else ""
                wanted = "its number, .data" if isinstance(x, Value) else "a number"
                raise ValueError(f"{where}{name} is {repr(x)[:80]}: give {wanted}")
    if array.ndim != 2 or array.shape[1] != len(names) or not len(array):
        wanted = f"{len(names)} numbers, one for each of {_listed(names)}" if names else "no numbers: np.empty((n, 0))"
        remedy = ""
        if array.ndim == 1 and 0 < len(array) == len(names):
            remedy = "; for one row, give [row]"
        elif array.ndim == 1 and len(names) == 1 and len(array):
            remedy = "; reshape(-1, 1) makes each number a row"
        raise ValueError(f"{name} has the shape {array.shape}; it takes at least one row of {wanted}{remedy}")
    try:
        return array.astype(dtype, copy=False)
    except OverflowError:
        raise ValueError(f"a whole number of {name} is beyond the largest float") from None


def in_order(array: NDArray[Any], data: Any, names: Sequence[str], name: str) -> NDArray[Any]:
    """Return the array of data with its columns in the order of names, where data has names for its columns.

    Whole numbers, as a data frame counts columns that nobody named, are no names. Raises ValueError, with the names of
    both sides, where these are not the same, or one comes twice, and where they are those of the rows.

    >>> in_order(np.array([[1.0, 2.0]]), {"y": [1.0], "x": [2.0]}, ["x", "y"], "the batch")
    array([[2., 1.]])
    """
    if array.ndim != 2:
        return array
    rows, columns = column_names(data, rows=True) if len(array) == len(names) else None, column_names(data)
    wanted = Counter(names)
    if rows and Counter(rows) == wanted and Counter(columns or ()) != wanted:
        raise ValueError(f"the rows of {name} are named {_listed(rows)}, as the columns should be: give its transpose")
    if columns is None:
        return array
    if Counter(columns) != wanted or len(wanted) < len(names):
        raise ValueError(
            f"the columns of {name} are named {_listed(columns)}, but {_listed(names)} are wanted: "
            "choose and name them so, or give the numbers alone (np.asarray), which go by their place"
        )
    if list(columns) == list(names):
        return array
    place = {column: k for k, column in enumerate(columns)}
    return array[:, [place[column] for column in names]]


def column_names(data: Any, rows: bool = False) -> list[str] | None:
    """Return the names of the columns, or of the rows, of a data frame, a structured array, …, or None without names.

    >>> column_names(np.zeros(2, [("x", float), ("y", float)])), column_names([[1.0, 2.0]])
    (['x', 'y'], None)
    """
    labels: Any = None
    if isinstance(data, Mapping):
        labels = None if rows else data
    elif isinstance(data, np.ndarray):
        labels = None if rows else data.dtype.names
    elif isinstance(data, (list, tuple)):
        labels = None if rows or not data else _entry_names(data[0])
        if labels and (odd := [k for k, row in enumerate(data) if _entry_names(row) != labels]):
            raise ValueError(f"row 0 has the names {_listed(labels)}, row {odd[0]} has others: name all rows alike")
    elif hasattr(data, "dims") and hasattr(data, "coords"):  # xarray
        dimension = data.dims[0 if rows else -1]
        labels = data.coords[dimension].values.tolist() if dimension in data.coords else None
    elif rows:
        labels = getattr(data, "index", None)  # pandas
    else:
        labels = getattr(data, "column_names", None) or getattr(data, "columns", None)  # Arrow; pandas, Polars, dask
    listed = None if labels is None or callable(labels) else list(labels)
    counted = listed is None or all([isinstance(x, (int, np.integer)) for x in listed])
    return None if listed is None or counted else [*map(str, listed)]


def _entry_names(row: Any) -> list[Any] | None:
    """Return the names of the entries of a row: a dictionary, a named tuple, a Series of pandas; None without names."""
    labels = row if isinstance(row, Mapping) else getattr(row, "_fields", None) or getattr(row, "index", None)
    return None if labels is None or callable(labels) else list(labels)


def _masked(data: Any) -> int:
    """Return how many entries are masked, in an array or in lists of such."""
    if isinstance(data, np.ma.MaskedArray):
        return int(np.ma.getmaskarray(data).view(bool).sum())
    if isinstance(data, (list, tuple)):
        return sum([_masked(x) for x in data if isinstance(x, (np.ma.MaskedArray, list, tuple))])
    return 0


def _odd_row(data: Sequence[Any]) -> str:
    """Return in words which row is not as long as the first."""
    lengths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    row = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    return "" if row is None else f": row 0 has {lengths[0]}, row {row} has {lengths[row]}"


def _listed(names: Sequence[Any]) -> str:
    return ", ".join([*map(str, names[:SHOWN]), *["…"] * (len(names) > SHOWN)])
