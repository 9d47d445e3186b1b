"""A batch as a table: one column for each input, in the order of their names where both sides have names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.arrays import as_array, as_floats

MAX_NAMES_SHOWN = 8  # in an error


def table(data: Any, names: Sequence[str], named: bool, dtype: np.dtype[Any], name: str = "the batch") -> NDArray[Any]:
    """Return data as a table of numbers.

    Args:
        data: What is read.
        names: Of the columns that are wanted.
        named: Whether the columns are put in the order of these names, where data names its own.
        dtype: The kind of floats.
        name: What messages call the data.

    Raises:
        ValueError: As `as_array`, `in_order` and `as_floats` do, and for another shape.
    """
    array = as_array(data, name, dtype)
    if named:
        array = in_order(array, data, names, name)
    array = as_floats(array, name, dtype)
    if array.ndim != 2 or array.shape[1] != len(names) or not len(array):
        wanted = f"{len(names)} numbers, one for each of {_listed(names)}" if names else "no numbers: np.empty((n, 0))"
        remedy = ""
        if array.ndim == 1 and 0 < len(array) == len(names):
            remedy = "; for one row, give [row]"
        elif array.ndim == 1 and len(names) == 1 and len(array):
            remedy = "; reshape(-1, 1) makes each number a row"
        raise ValueError(f"{name} has the shape {array.shape}; it takes at least one row of {wanted}{remedy}")
    return array


def in_order(array: NDArray[Any], data: Any, names: Sequence[str], name: str) -> NDArray[Any]:
    """Return an array with its columns in the order of names, where the data that it was read from names its columns.

    Whole numbers, as a data frame counts columns that nobody named, do not count as names.

    Args:
        array: The data, as NumPy has them.
        data: The data, as they were given.
        names: Of the columns that are wanted.
        name: What messages call the data.

    Raises:
        ValueError: With the names of both sides, where they differ, or one comes twice, and where the rows have them.

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
    """Return the names of the columns of a data frame, a structured array, …, or None where they have none.

    Args:
        data: What is read.
        rows: The names of the rows, instead.

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


def _listed(names: Sequence[Any]) -> str:
    return ", ".join([*map(str, names[:MAX_NAMES_SHOWN]), *["…"] * (len(names) > MAX_NAMES_SHOWN)])
