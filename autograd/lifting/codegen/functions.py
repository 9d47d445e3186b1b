"""The functions that a program calls, and their names in its source."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autograd.operations import TABLE
from autograd.row import Operation

# What a program's source may call beside the table's operations.
NAMESPACE: dict[str, Any] = {
    "add": np.add,
    "add_at": np.add.at,
    "array": np.array,
    "copyto": np.copyto,
    "divide": np.divide,
    "dot": np.dot,
    "empty": np.empty,
    "full": np.full,
    "inf": np.inf,
    "ones": np.ones,
    "matmul": np.matmul,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "multiply": np.multiply,
    "nan": np.nan,
    "negative": np.negative,
    "square": np.square,
    "stack": lambda *rows: np.stack(np.broadcast_arrays(*rows)),
    "subtract": np.subtract,
    "take": np.take,
}
WORDS = {
    "backward",
    "batch",
    "constants",
    "dtype",
    "each",
    "forward",
    "gradient",
    "list",
    "n",
    "parameters",
    "range",
    "zip",
}


def called(row: Operation) -> tuple[str, Any]:
    """Return an operation's array rule, and what the source calls it."""
    if isinstance(row.array, np.ufunc):
        return row.array.__name__, row.array
    return row.name if row.arity else f"{row.name}_rows", row.array


def reduced_by(row: Operation) -> np.ufunc | None:
    """Return the function of two operands, one of `NAMESPACE`, by which an operation of many reduces them."""
    function = getattr(getattr(row.array, "func", None), "__self__", None)
    return function if isinstance(function, np.ufunc) and NAMESPACE.get(function.__name__) is function else None


def numpys(rule: Any) -> str:
    """Return the name of an array rule that is a NumPy function, partially applied or reducing; else nothing."""
    if not isinstance(rule, functools.partial):
        return ""
    given = (*rule.args, *rule.keywords.values())
    if not all([type(x) in (float, int) for x in given]) or not all(map(str.isidentifier, rule.keywords)):
        return ""
    function: Any = rule.func
    owner: Any = getattr(function, "__self__", None)
    name: str = getattr(owner or function, "__name__", "")
    if NAMESPACE.get(name) is not (owner or function):
        return ""
    return f"{name}.{function.__name__}" if owner else name


FUNCTIONS = NAMESPACE | dict(called(row) for row in TABLE.values())  # the project's own, whose names are reserved
