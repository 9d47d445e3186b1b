"""Names in the source: identifiers, and what the array rules of operations are called."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

import numpy as np

from autograd.operations import TABLE
from autograd.row import Operation

MAX_NAME_LENGTH = 40  # letters that a name has at most

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


def identifier(wanted: str) -> str:
    """Return the wanted name as Python can have it."""
    if wanted.isascii() and wanted.isalnum() and not wanted[0].isdigit() and len(wanted) <= MAX_NAME_LENGTH:
        return wanted
    plain = unicodedata.normalize("NFKD", wanted)
    plain = re.sub(r"[^A-Za-z0-9_]", "", plain)[:MAX_NAME_LENGTH].lstrip("_")
    return plain if plain and not plain[0].isdigit() else f"v{plain}"


def reduced_by(row: Operation) -> np.ufunc | None:
    """Return NumPy's function of two operands by which an operation of many reduces them."""
    function = getattr(getattr(row.array, "func", None), "__self__", None)
    return function if isinstance(function, np.ufunc) else None


def numpys(rule: Any) -> str:
    """Return the name of an array rule that is a NumPy function, partially applied or reducing; else nothing."""
    if not isinstance(rule, functools.partial):
        return ""
    if not all([type(x) in (float, int) for x in (*rule.args, *rule.keywords.values())]):  # their text is Python's
        return ""
    function: Any = rule.func
    owner: Any = getattr(function, "__self__", None)
    name: str = getattr(owner or function, "__name__", "")
    if NAMESPACE.get(name) is not (owner or function):
        return ""
    return f"{name}.{function.__name__}" if owner else name


FUNCTIONS = NAMESPACE | dict(called(row) for row in TABLE.values())  # the project's own, whose names are reserved
