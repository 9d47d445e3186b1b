"""Writing a program: names, arrays and statements; every statement writes an array of its own."""

from __future__ import annotations

import functools
import inspect
import keyword
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.lifting.lines import Array, Line, Operand, Statement, elementwise, gap, text
from autograd.lifting.names import identifier
from autograd.operations import TABLE
from autograd.row import Operation

INLINE = 8  # constants up to so many stand in the source, more in a list beside it

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
    """Return how the source calls an array rule that is NumPy's, reducing or with numbers given ahead; or nothing."""
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


class Writer:
    """Collects the arrays and statements of one function after the other."""

    def __init__(self) -> None:
        self.statements: list[Line] = []
        self.definitions: list[Array] = []  # constants, views and whatever else is made before the first call
        self.functions: dict[str, Any] = {}  # the operations that the source calls
        self.names_of_own: dict[int, str] = {}  # id of a user's own function -> what the source calls it
        self.constants: list[np.ndarray[Any, Any]] = []
        self.names: set[str] = {*FUNCTIONS, *keyword.kwlist, *WORDS}
        self.row_names: dict[tuple[Array, int], str] = {}  # taken for single rows of the inputs
        self.counts: Counter[str] = Counter()  # how often a name was taken already, so that a new one is found at once
        self.known: dict[Any, Array] = {}  # so that equal views, constants and calls are made once

    # Arrays ----------------------------------------------------------------------------------------------------------

    def name(self, wanted: str) -> str:
        """Return an identifier like the wanted one that nothing else has."""
        unique = word = identifier(wanted)
        while unique in self.names:
            self.counts[word] += 1
            unique = f"{word}_{self.counts[word] + 1}"
        self.names.add(unique)
        return unique

    def array(self, name: str, rows: int, wide: bool) -> Array:
        """Return a new array that statements will write."""
        return Array(self.name(name), rows, wide)

    def define(self, name: str, rows: int, wide: bool, definition: str, owner: Array | None = None) -> Array:
        """Return a new array that is made before the first call, or, as a view of the batch, in every call."""
        array = Array(self.name(name), rows, wide, definition, owner)
        if owner is not None:
            array.per_batch, array.varies, array.first = owner.per_batch, owner.varies, owner.first
        self.definitions.append(array)
        return array

    def variable(self, name: str, rows: int, definition: str, owner: Array, first: Sequence[Array] = ()) -> Array:
        """Return a variable of a loop: its definition takes its owner apart, after what is there in the first turns."""
        array = self.define(name, rows, owner.wide, definition, owner)
        array.varies, array.apart, array.first = True, owner.apart, tuple(first)
        return array

    def view(self, array: Array, start: int, stop: int, step: int = 1) -> Array:
        """Return the rows of an array from start to stop."""
        key = ("view", array, start, stop, step)
        if key not in self.known:
            part = f"{start}:{stop}:{step}" if step != 1 else f"{start}:{stop}"
            name = f"{array.name}_{start}" if stop - start == 1 else f"{array.name}_{start}_{stop}"
            if stop - start == 1 and (array, start) in self.row_names:
                name = self.row_names[array, start]
                self.names.remove(name)  # it is free for this view alone
            rows = len(range(start, stop, step))
            self.known[key] = view = self.define(name, rows, array.wide, f"{array.name}[{part}]", array)
            view.apart, view.part = array.apart or step > 1, (start, stop) if step == 1 else None
        return self.known[key]

    def constant(self, values: Any, kind: type = float) -> Array:
        """Return an array of constants: a column of floats, or indices as they are."""
        numbers: np.ndarray[Any, Any] = np.array(values, dtype=kind)
        if kind is float and numbers.ndim == 1:
            numbers = numbers[:, None]
        key = ("constant", kind, numbers.shape, numbers.tobytes())
        if key not in self.known:
            if numbers.size <= INLINE:
                definition = f"array({numbers.tolist()}{', dtype' if kind is float else ''})"
            else:
                definition = f"constants[{len(self.constants)}]"
                self.constants.append(numbers)
            self.known[key] = constant = self.define("c" if kind is float else "i", len(numbers), False, definition)
            constant.fixed = True
        return self.known[key]

    def ones(self, number: int) -> Array:
        """Return a row of so many ones, whose product with an array is the sum of its rows."""
        key = ("ones", number)
        if key not in self.known:
            self.known[key] = self.define(f"ones_{number}", 1, False, f"ones((1, {number}), dtype)")
        return self.known[key]

    def filled(self, x: Operand, rows: int, wide: bool) -> Array:
        """Return an array of one number, or of a constant column, in full shape, made before the first call."""
        key = ("filled", x if isinstance(x, Array) else text(x), rows, wide)
        if key not in self.known:
            shape = f"({rows}, {'n' if wide else '1'})"
            name = "zero" if text(x) == "0.0" else "c"
            self.known[key] = self.define(name, rows, wide, f"full({shape}, {text(x)}, dtype)")
        return self.known[key]

    # Statements ------------------------------------------------------------------------------------------------------

    def comment(self, text: str) -> None:
        """Say what the next statements do."""
        self.statements.append(text)

    def write(self, target: Array | None, form: str, *arrays: Array, changes: bool = False) -> None:
        """Add a statement; it reads its arrays, but the target only if it changes it."""
        reads = arrays if changes else tuple([array for array in arrays if array is not target])
        self.statements.append(Statement(target, form, arrays, reads))

    def fill(self, target: Array, x: Operand) -> None:
        """Write one number into all of an array."""
        self.write(target, f"{{}}.fill({text(x)})", target)

    def matrix_product(self, target: Array | None, form: str, *arrays: Array) -> None:
        """Write the matrix product of arrays, the last of them the result; NumPy's dot would copy what lies apart."""
        function = "matmul" if any([array.apart for array in arrays]) else "dot"
        self.write(target, f"{function}({form}, out={{}})", *arrays)

    def call(self, function: str, operands: Sequence[Operand], out: Array | None = None, name: str = "t") -> Array:
        """Write the call of one of NumPy's elementwise functions, and return its result."""
        if out is None:
            key = ("call", function, *[x if isinstance(x, Array) else text(x) for x in operands])
            if key not in self.known:
                self.known[key] = self.call(function, operands, self.like(operands, name), name)
            return self.known[key]
        self.statements.append(elementwise(function, operands, out))
        return out

    def apply(self, operation: Operation, operands: Sequence[Operand], out: Array | None = None) -> Array:
        """Write an operation of the table on arrays of equal or of one row, and return its result."""
        if len(operands) == 2 and (function := reduced_by(operation)):
            return self.call(function.__name__, operands, out)
        if isinstance(operation.array, np.ufunc):
            return self.call(self.function(operation), operands, out)
        if out is None:
            key = ("call", operation, *[x if isinstance(x, Array) else text(x) for x in operands])
            if key not in self.known:
                self.known[key] = self.apply(operation, operands, self.like(operands, "t"))
            return self.known[key]
        listed = ", ".join(map(gap, operands))
        arrays = [x for x in operands if isinstance(x, Array)]
        self.own(out, operation, listed if operation.arity else f"stack({listed})", arrays)
        return out

    def function(self, operation: Operation) -> str:
        """Return the name by which the source calls an operation's array rule; it must not be another's."""
        name, function = called(operation)
        if FUNCTIONS.get(name) is not function:
            if id(function) not in self.names_of_own:
                self.names_of_own[id(function)] = self.name(name)
            name = self.names_of_own[id(function)]
        self.functions[name] = function
        return name

    def own(self, target: Array, operation: Operation, listed: str, arrays: Sequence[Array]) -> None:
        """Write the call of an operation whose array rule is a call of NumPy's, the project's or a user's own."""
        rule: Any = operation.array
        function = numpys(rule)
        if function and "." not in function and not rule.keywords:
            self.call(function, [*rule.args, *arrays], target)
        elif function:
            given = ", ".join([*map(repr, rule.args), listed, *[f"{key}={x!r}" for key, x in rule.keywords.items()]])
            self.write(target, f"{function}({given}, out={{}})", *arrays, target)
        elif "out" in inspect.signature(rule).parameters:
            self.write(target, f"{self.function(operation)}({listed}, out={{}})", *arrays, target)
        else:
            self.write(target, f"{{}}[...] = {self.function(operation)}({listed})", target, *arrays)

    def like(self, operands: Sequence[Operand], name: str) -> Array:
        """Return a new array of the shape that the operands broadcast to."""
        arrays = [x for x in operands if isinstance(x, Array)]
        return self.array(name, max([x.rows for x in arrays]), any([x.wide for x in arrays]))
