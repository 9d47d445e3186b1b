"""The emitter: it names arrays and collects statements, each of which writes an array of its own."""

from __future__ import annotations

import inspect
import keyword
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd.lifting.codegen.functions import FUNCTIONS, WORDS, called, numpys, reduced_by
from autograd.lifting.names import identifier
from autograd.lifting.statements import Array, Line, Loop, Operand, Statement, elementwise, gap, is_number, text
from autograd.row import Operation

MAX_INLINE_CONSTANTS = 8  # more stand in a list beside the source


class Emitter:
    """Collects statements, and the arrays, constants and views that they use."""

    def __init__(self) -> None:
        self.statements: list[Line] = []
        self.next_comment = ""  # for the statement that comes next
        self.definitions: list[Array] = []  # constants, views and whatever else is made before the first call
        self.functions: dict[str, Any] = {}  # the operations that the source calls
        self.names_of_own: dict[int, str] = {}  # id of a user's function -> its name in the source
        self.constants: list[np.ndarray[Any, Any]] = []
        self.names: set[str] = {*FUNCTIONS, *keyword.kwlist, *WORDS}
        self.row_names: dict[tuple[Array, int], str] = {}  # reserved for single rows of the inputs
        self.counts: Counter[str] = Counter()  # how often a name was taken
        self.known: dict[Any, Array] = {}  # equal views, constants and calls are made once

    # Arrays ----------------------------------------------------------------------------------------------------------

    def name(self, wanted: str) -> str:
        """Return an unused identifier like the wanted one."""
        unique = word = identifier(wanted)
        while unique in self.names:
            self.counts[word] += 1
            unique = f"{word}_{self.counts[word] + 1}"
        self.names.add(unique)
        return unique

    def array(self, name: str, rows: int, batched: bool) -> Array:
        """Return a new array that statements will write."""
        return Array(self.name(name), rows, batched)

    def define(self, name: str, rows: int, batched: bool, definition: str, owner: Array | None = None) -> Array:
        """Return a new array made by a definition: before the first call, or, as a view of the batch, in every call."""
        array = Array(self.name(name), rows, batched, definition, owner)
        if owner is not None:
            array.per_batch, array.varies, array.first = owner.per_batch, owner.varies, owner.first
        self.definitions.append(array)
        return array

    def variable(self, name: str, rows: int, definition: str, owner: Array, first: Sequence[Array] = ()) -> Array:
        """Return a loop variable: its definition splits its owner by iteration, after the initial values."""
        array = self.define(name, rows, owner.batched, definition, owner)
        array.varies, array.strided, array.first = True, owner.strided, tuple(first)
        return array

    def view(self, array: Array, start: int, stop: int, step: int = 1) -> Array:
        """Return the rows of an array from start to stop."""
        key = ("view", array, start, stop, step)
        if key not in self.known:
            part = f"{start}:{stop}:{step}" if step != 1 else f"{start}:{stop}"
            name = f"{array.name}_{start}" if stop - start == 1 else f"{array.name}_{start}_{stop}"
            if stop - start == 1 and (array, start) in self.row_names:
                name = self.row_names[array, start]
                self.names.remove(name)  # it was reserved for this view
            rows = len(range(start, stop, step))
            self.known[key] = view = self.define(name, rows, array.batched, f"{array.name}[{part}]", array)
            view.strided, view.part = array.strided or step > 1, (start, stop) if step == 1 else None
        return self.known[key]

    def constant(self, values: Any, kind: type = float) -> Array:
        """Return an array of constants: a column of floats, or indices as they are."""
        numbers: np.ndarray[Any, Any] = np.array(values, dtype=kind)
        if kind is float and numbers.ndim == 1:
            numbers = numbers[:, None]
        key = ("constant", kind, numbers.shape, numbers.tobytes())
        if key not in self.known:
            if numbers.size <= MAX_INLINE_CONSTANTS:
                definition = f"array({numbers.tolist()}{', dtype' if kind is float else ''})"
            else:
                definition = f"constants[{len(self.constants)}]"
                self.constants.append(numbers)
            self.known[key] = constant = self.define("c" if kind is float else "i", len(numbers), False, definition)
            constant.constant = True
        return self.known[key]

    def ones(self, number: int) -> Array:
        """Return a row of ones, whose product with an array is the sum of its rows."""
        key = ("ones", number)
        if key not in self.known:
            self.known[key] = self.define(f"ones_{number}", 1, False, f"ones((1, {number}), dtype)")
        return self.known[key]

    def filled(self, x: Operand, rows: int, batched: bool) -> Array:
        """Return an array of one number, or of a constant column, in full shape, made before the first call."""
        key = ("filled", x if isinstance(x, Array) else text(x), rows, batched)
        if key not in self.known:
            shape = f"({rows}, {'n' if batched else '1'})"
            name = "zero" if text(x) == "0.0" else "c"
            self.known[key] = self.define(name, rows, batched, f"full({shape}, {text(x)}, dtype)")
        return self.known[key]

    # Statements ------------------------------------------------------------------------------------------------------

    def comment(self, text: str) -> None:
        """Say what the next statements compute."""
        self.next_comment = text

    def comment_on(self, place: int, text: str) -> None:
        """Say what the statements from a place on compute."""
        statement = self.statements[place]
        if isinstance(statement, Statement):
            statement.comment = text

    def append(self, statement: Statement) -> None:
        """Add a statement, with the pending comment."""
        statement.comment, self.next_comment = self.next_comment, ""
        self.statements.append(statement)

    def write(self, target: Array | None, form: str, *arrays: Array, changes: bool = False) -> None:
        """Add a statement; it reads its arrays, but its target only if it changes it in place."""
        reads = arrays if changes else tuple([array for array in arrays if array is not target])
        self.append(Statement(target, form, arrays, reads))

    def fill(self, target: Array, x: Operand) -> None:
        """Write one number into all of an array."""
        self.write(target, f"{{}}.fill({text(x)})", target)

    def matrix_product(self, target: Array | None, form: str, *arrays: Array) -> None:
        """Write a matrix product, its result the last array; NumPy's dot would copy what is not contiguous."""
        function = "matmul" if any([array.strided for array in arrays]) else "dot"
        self.write(target, f"{function}({form}, out={{}})", *arrays)

    def call(self, function: str, operands: Sequence[Operand], out: Array | None = None, name: str = "t") -> Array:
        """Write the call of one of NumPy's elementwise functions, and return its result."""
        if out is None:
            key = ("call", function, *[x if isinstance(x, Array) else text(x) for x in operands])
            if key not in self.known:
                self.known[key] = self.call(function, operands, self.like(operands, name), name)
            return self.known[key]
        self.append(elementwise(function, operands, out))
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
        """Return the unique name of an operation's array rule in the source."""
        name, function = called(operation)
        if FUNCTIONS.get(name) is not function:
            if id(function) not in self.names_of_own:
                self.names_of_own[id(function)] = self.name(name)
            name = self.names_of_own[id(function)]
        self.functions[name] = function
        return name

    def own(self, target: Array, operation: Operation, listed: str, arrays: Sequence[Array]) -> None:
        """Write the call of an operation's array rule: NumPy's, the project's or a user's."""
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

    @contextmanager
    def loop(self, iterations: int, backwards: bool = False) -> Iterator[None]:
        """Collect the statements written meanwhile as the body of a loop; what they compute is known only there."""
        before, known, self.statements = self.statements, set(self.known), []
        yield
        before.append(Loop(iterations, self.statements, backwards))
        self.statements, self.next_comment = before, ""
        self.known = {key: array for key, array in self.known.items() if key in known or array.definition}

    # Linear combinations ---------------------------------------------------------------------------------------------

    def scale(self, array: Array, factor: Operand, out: Array) -> None:
        """Write a factor times an array, which may have to be broadcast."""
        if is_number(factor, 1.0):
            self.write(out, "copyto({}, {})", out, array)
        elif is_number(factor, -1.0):
            self.call("negative", [array], out)
        else:
            self.call("multiply", [array, factor], out)

    def scaled(self, array: Array, factor: Operand) -> Array:
        """Return a factor times an array."""
        return array if is_number(factor, 1.0) else self.call("multiply", [array, factor])

    def accumulate(self, a: Array, b: Array, factor: Operand, out: Array) -> None:
        """Write a + factor · b."""
        if is_number(factor, 1.0) or is_number(factor, -1.0):
            self.call("add" if is_number(factor, 1.0) else "subtract", [a, b], out)
        else:
            self.call("add", [a, self.call("multiply", [b, factor])], out)

    def product(self, xs: Sequence[Array], out: Array | None = None) -> Array:
        """Write the product of arrays, and return it."""
        if len(xs) == 1:
            return xs[0]
        if len(xs) == 2:
            return self.call("square", xs[:1], out) if xs[0] is xs[1] else self.call("multiply", xs, out)
        return self.call("multiply", [self.product(xs[:-1]), xs[-1]], out)

    def expanded(self, array: Array, rows: int, batched: bool) -> Array:
        """Return an array copied into the full shape that it broadcasts to."""
        if (array.rows, array.batched) == (rows, batched):
            return array
        copy = self.array("t", rows, batched)
        self.write(copy, "copyto({}, {})", copy, array)
        return copy

    def like(self, operands: Sequence[Operand], name: str) -> Array:
        """Return a new array of the shape that the operands broadcast to."""
        arrays = [x for x in operands if isinstance(x, Array)]
        return self.array(name, max([x.rows for x in arrays]), any([x.batched for x in arrays]))
