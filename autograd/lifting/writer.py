"""Arrays and statements, while a program is being written: every statement writes an array of its own."""

from __future__ import annotations

import functools
import inspect
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.operations import TABLE
from autograd.row import Operation

LONG = 40  # letters that a name has at most
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
WORDS = [
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
]


def called(row: Operation) -> tuple[str, Any]:
    """Return an operation's array rule, and what the source calls it."""
    if isinstance(row.array, np.ufunc):
        return row.array.__name__, row.array
    return row.name if row.arity else f"{row.name}_rows", row.array


def identifier(wanted: str) -> str:
    """Return the wanted name as Python can have it."""
    if wanted.isascii() and wanted.isalnum() and not wanted[0].isdigit() and len(wanted) <= LONG:
        return wanted
    plain = unicodedata.normalize("NFKD", wanted)
    plain = re.sub(r"[^A-Za-z0-9_]", "", plain)[:LONG].lstrip("_")
    return plain if plain and not plain[0].isdigit() else f"v{plain}"


def reduced_by(row: Operation) -> np.ufunc | None:
    """Return NumPy's function of two operands by which an operation of many reduces them."""
    function = getattr(getattr(row.array, "func", None), "__self__", None)
    return function if isinstance(function, np.ufunc) else None


def numpys(rule: Any) -> str:
    """Return how the source calls an array rule that is NumPy's, reducing or with numbers given ahead; or nothing."""
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


@dataclass(eq=False, slots=True)
class Array:
    """An array of the program: its name, its rows, and whether it has a column for each sample or one for all.

    `definition` is the expression that makes it before the first call; without one it is written by a statement. The
    variable of a loop stands for one array in each turn: its definition makes all of them.
    """

    name: str
    rows: int
    wide: bool
    definition: str = ""
    owner: Array | None = None  # whose memory a view shows
    per_batch: bool = False  # a view of the batch, so it is made anew in every call
    apart: bool = False  # its rows or columns do not lie one after the other
    fixed: bool = False  # a constant
    part: tuple[int, int] | None = None  # of its owner's rows, if it shows some that lie one after the other
    varies: bool = False  # the variable of a loop, or a part of one
    others: tuple[Array, ...] = ()  # what else than its owner a variable stands for
    root: Array = field(init=False)  # which owns the memory

    def __post_init__(self) -> None:
        """Find the root."""
        self.root = self if self.owner is None else self.owner.root


@dataclass(slots=True)
class Statement:
    """One line: what it writes, its text with a gap for each array, those arrays, and what it reads."""

    target: Array | None
    form: str
    arrays: tuple[Array, ...]
    reads: tuple[Array, ...]


Operand = Array | float | str  # a string is an expression of a number, such as 2 / n


@dataclass(slots=True)
class Call(Statement):
    """The call of one of NumPy's elementwise functions, which may write over what it reads."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(slots=True)
class Loop:
    """Statements that are done so many times; backwards if their variables go from the last turn to the first."""

    turns: int
    body: list[Line]
    backwards: bool = False

    def variables(self) -> list[Array]:
        """Return the variables, each once."""
        return [*dict.fromkeys([array for x in flat(self.body) for array in x.arrays if array.varies])]


Line = Statement | Loop | str  # a string is a comment


def flat(lines: Iterable[Line]) -> Iterator[Statement]:
    """Yield the statements, those of loops among them once."""
    for x in lines:
        if isinstance(x, Loop):
            yield from flat(x.body)
        elif isinstance(x, Statement):
            yield x


def elementwise(function: str, operands: Sequence[Operand], out: Array) -> Call:
    """Return the call of a function on operands."""
    form = f"{function}({', '.join(map(gap, operands))}, out={{}})"
    reads = tuple([x for x in operands if isinstance(x, Array)])
    return Call(out, form, (*reads, out), reads, function, tuple(operands))


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
        unique = plain = identifier(wanted)
        while unique in self.names:
            self.counts[plain] += 1
            unique = f"{plain}_{self.counts[plain] + 1}"
        self.names.add(unique)
        return unique

    def array(self, name: str, rows: int, wide: bool) -> Array:
        """Return a new array that statements will write."""
        return Array(self.name(name), rows, wide)

    def define(self, name: str, rows: int, wide: bool, definition: str, owner: Array | None = None) -> Array:
        """Return a new array that is made before the first call, or, as a view of the batch, in every call."""
        array = Array(self.name(name), rows, wide, definition, owner)
        if owner is not None:
            array.per_batch, array.varies, array.others = owner.per_batch, owner.varies, owner.others
        self.definitions.append(array)
        return array

    def variable(self, name: str, rows: int, definition: str, owner: Array, others: Sequence[Array] = ()) -> Array:
        """Return a variable of a loop: its definition takes its owner apart, and may begin with other arrays."""
        array = self.define(name, rows, owner.wide, definition, owner)
        array.varies, array.apart, array.others = True, owner.apart, tuple(others)
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


def in_turns(array: Array, turns: int, kept: int, first: Sequence[Array] = ()) -> str:
    """Return the expression for the rows of each turn, where an array holds so many turns; ahead stands what is first.

    >>> in_turns(Array("z", 4, True), 9, 2, [Array("x", 2, True)])
    '[x, *[*z.reshape(2, 2, -1)] * 5][:9]'
    """
    rows = f"{array.name}.reshape({kept}, {array.rows // kept}, -1)"
    if kept < turns:
        rows = f"[*{rows}] * {-(-turns // kept)}"
    if first:
        rows = f"[{', '.join([x.name for x in first])}, *{rows}]"
    elif kept < turns:
        rows = f"({rows})"
    return rows if kept == turns and not first else f"{rows}[:{turns}]"


def text(x: Operand) -> str:
    """Return an operand as the source has it."""
    return x.name if isinstance(x, Array) else x if isinstance(x, str) else repr(x)


def gap(x: Operand) -> str:
    """Return an operand as the form of a statement has it: a gap for an array."""
    return "{}" if isinstance(x, Array) else text(x)


def product_text(c: Operand, x: Array) -> str:
    """Return how to say c · x."""
    return x.name if is_number(c, 1.0) else f"{text(c)} * {x.name}"


def is_number(x: Operand, number: float) -> bool:
    """Whether an operand is that very number, and not an array."""
    return isinstance(x, float) and x == number


def is_one_number(xs: Sequence[float]) -> bool:
    """Whether constants are one and the same; 0.0 and −0.0 are not, and NaN is."""
    return len({repr(x) for x in xs}) == 1
