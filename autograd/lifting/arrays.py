"""The arrays of blocks, for the passes that write statements.

Values lie feature-major: an array has a row for each node and a column for each sample, so `W @ x` reads as in the
textbook, with a row of W for each neuron. Where a layer has biases, its senders have a last row of ones, and the biases
are W's last column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.lines import Array, Operand, in_turns, is_one_number
from autograd.lifting.names import identifier
from autograd.lifting.plan import Block, Layer, Plan, Recurrence, Rows, computed, taken
from autograd.lifting.reading import common_prefix, is_activation, is_layered, layers, prefix, stride, whole
from autograd.lifting.writer import Writer

NARROW = 64  # up to so many inputs are copied, with a row of ones for the biases; more are used where they lie


@dataclass
class Weights:
    """A layer's weights as arrays."""

    number: int
    whole: Array  # with the biases, if there are any, as the last column
    matrix: Array  # without them
    biases: Array | None  # the column
    joint: bool  # whether a single product adds the biases, as the senders have a last row of ones
    index: NDArray[np.int_]  # the parameters of `whole`, in a loop those of each turn if they vary
    view: bool  # whether the arrays show the parameters themselves, and not a copy


class Arrays(Writer):
    """Has the array, or the variable of a loop, in which each block lies."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.values: dict[int, Array] = {}  # block number -> its array
        self.with_one: dict[Array, Array] = {}  # an array -> the same with a last row of ones
        self.weights: dict[int, Weights] = {}  # id of a layer -> its weights
        named = [x for block in plan.blocks for x in (block.families if isinstance(block, Recurrence) else [block])]
        self.biased = {
            part.senders.block.number
            for x in plan.blocks
            for block in computed(x)
            for part in layers(block.rule)
            if part.biases and whole(part.senders)
        }
        self.outside = used_outside(plan)
        self.prefixes = Counter(map(prefix, named))
        self.numbers: Counter[str] = Counter()
        self.flat_parameters = Array("parameters", plan.parameters.size, False, "parameters")

    # Blocks ----------------------------------------------------------------------------------------------------------

    def input(self, block: Block, columns: tuple[int, ...]) -> None:
        """Copy a block of inputs out of the batch; a large one is used where it lies."""
        chosen = f"{columns[0]}:{columns[-1] + 1}"
        if columns != tuple(range(columns[0], columns[-1] + 1)):
            chosen = repr(list(columns))
        name = prefix(block) or "inputs"
        if block.size > NARROW:
            array = self.define(name, block.size, True, f"batch[:, {chosen}].T")
            array.per_batch = array.apart = True
        else:
            array = self.buffer(block, name, kept=True)
            self.write(array, f"copyto({{}}, batch[:, {chosen}].T)", array)
        self.values[block.number] = array
        if block.size > 1:
            self.row_names |= {(array, row): self.name(name) for row, name in enumerate(block.names)}

    def buffer(self, block: Block, name: str, kept: bool = False) -> Array:
        """Return a new array for a block; where a layer with biases wants one, it has a row of ones after it."""
        if block.number not in self.biased:
            shape = f"empty(({block.size}, n), dtype)"
            return self.define(name, block.size, True, shape) if kept else self.array(name, block.size, block.wide)
        return self.but_last(name, self.ones_to_be(f"{name}_and_1", block.size + 1))

    def but_last(self, name: str, joint: Array) -> Array:
        """Return all rows of an array but the last, which is one of ones, or the adjoint of such a row."""
        array = self.define(name, joint.rows - 1, True, f"{joint.name}[:{joint.rows - 1}]", joint)
        self.with_one[array] = joint
        return array

    def ones_to_be(self, name: str, rows: int) -> Array:
        """Return an array of ones, of which statements write over some rows."""
        return self.define(name, rows, True, f"ones(({rows}, n), dtype)")

    def block_name(self, block: Block) -> str:
        """Return a name like those of the block's nodes, or one that says what it is."""
        wanted = prefix(block)
        if not wanted:
            wanted = "z" if is_layered(block) else "a" if is_activation(block) else "v"
        elif len(wanted) > 1 and self.prefixes[wanted] == 1:
            return wanted
        self.numbers[wanted] += 1
        return f"{wanted}{self.numbers[wanted]}"

    def operand(self, x: Rows | list[float]) -> Operand:
        """Return rows of a block, or a column of constants, as an operand of an elementwise function."""
        if isinstance(x, Rows):
            return self.rows(x)
        return x[0] if is_one_number(x) else self.constant(x)

    def rows(self, x: Rows, each: bool = False) -> Array:
        """Return rows of a block: itself, a view, or, where they do not lie evenly, a copy.

        One and the same row many times is one row, to be broadcast, unless each is wanted.
        """
        every = stride(x.index)
        if each and len(set(x.index)) < len(x.index):
            every = None
        if x.block is self.plan.parameters:
            return self.parameter_rows(x.index, every)
        array = self.values[x.block.number]
        if whole(x) or (array.rows == 1 and not each):
            return array
        if every is not None:
            return self.view(array, x.index[0], x.index[-1] + 1, every)
        key = ("rows", array, x.index)
        if key not in self.known:
            self.known[key] = copy = self.array(f"{array.name}_rows", len(x.index), array.wide)
            self.write(copy, "take({}, {}, axis=0, out={}, mode='clip')", array, self.constant(x.index, int), copy)
        return self.known[key]

    def shown(self, x: Rows) -> str:
        """Return the name of what rows are of."""
        return self.parameter_name(x.index) if x.block is self.plan.parameters else self.values[x.block.number].name

    def parameter_rows(self, index: tuple[int, ...], every: int | None) -> Array:
        """Return parameters as a column."""
        key = ("parameters", index, every)
        if key not in self.known:
            name = self.parameter_name(index)
            if every is not None:
                chosen = f"{index[0]}:{index[-1] + 1}" + (f":{every}" if every > 1 else "")
                rows = len(range(index[0], index[-1] + 1, every))
                self.known[key] = self.define(name, rows, False, f"parameters[{chosen}, None]", self.flat_parameters)
            else:
                self.known[key] = copy = self.array(name, len(index), False)
                places = self.constant([[k] for k in index], int)
                self.write(copy, "take(parameters, {}, out={}, mode='clip')", places, copy)
        return self.known[key]

    def parameter_name(self, index: Sequence[int]) -> str:
        """Return the name of a parameter, or what those of several begin with."""
        names = [self.plan.parameters.names[k] for k in dict.fromkeys(index)]
        return identifier(names[0]) if len(names) == 1 else common_prefix(names) or "p"

    def layer(self, part: Layer) -> Weights:
        """Return the weights of a layer as arrays."""
        if id(part) in self.weights:
            return self.weights[id(part)]
        number, neurons, width = len(self.weights) + 1, len(part.weights), len(part.weights[0])
        index = np.array([joined(*of_turn) for of_turn in part.turns or [(part.weights, part.biases)]])
        index = index if part.turns else index[0]
        first, shape = int(index.flat[0]), str(index.shape)
        names = f"W{number}_and_b{number}" if part.biases is not None else f"W{number}"
        view = is_range(index)
        if view:
            definition = f"parameters[{first}:{first + index.size}].reshape{shape}"
            whole_matrix = self.define(names, neurons, False, definition, self.flat_parameters)
        else:
            whole_matrix = Array(self.name(names), neurons, False, f"empty({shape}, dtype)")
            self.definitions.append(whole_matrix)
            places = self.constant(index, int)
            self.write(whole_matrix, "take(parameters, {}, out={}, mode='clip')", places, whole_matrix)
        if part.turns:
            whole_matrix = self.variable(f"{names}_t", neurons, whole_matrix.name, whole_matrix)
        matrix, biases = whole_matrix, None
        if part.biases is not None:
            matrix = self.define(f"W{number}", neurons, False, f"{whole_matrix.name}[:, :{width}]", whole_matrix)
            biases = self.define(f"b{number}", neurons, False, f"{whole_matrix.name}[:, {width}:]", whole_matrix)
            matrix.apart = True
        joint = biases is not None and whole(part.senders) and self.values[part.senders.block.number] in self.with_one
        self.weights[id(part)] = weights = Weights(number, whole_matrix, matrix, biases, joint, index, view)
        return weights

    def line(self, array: Array) -> Array:
        """Return the only row of an array as an array of one dimension, for a reduction to write."""
        key = ("line", array)
        if key not in self.known:
            self.known[key] = self.define(f"{array.name}_0", 1, array.wide, f"{array.name}[0]", array)
        return self.known[key]

    # Loops -----------------------------------------------------------------------------------------------------------

    def with_one_of_turn(self, name: str, block: Block, turns: int) -> Array:
        """Return a variable for the rows of each turn, which have a row of ones after them, and no place elsewhere."""
        joint = self.ones_to_be(f"{name}_and_1", (block.size + 1) * turns)
        return self.but_last(f"{name}_t", self.of_turn(joint, turns))

    def of_turn(self, array: Array, turns: int, backwards: bool = False, name: str = "") -> Array:
        """Return a variable for the rows of each turn; backwards if those of the last turn come first."""
        array = self.steady(array)
        definition = in_turns(array, turns, turns) + "[::-1]" * backwards
        return self.variable(f"{name or array.name}_t", array.rows // turns, definition, array)

    def carried(self, array: Array, first: Sequence[Array], turns: int) -> Array:
        """Return a variable for the rows of an earlier turn, and for what is there before the first."""
        first = [self.steady(x) for x in first]
        definition = in_turns(array, turns, turns, first)
        return self.variable(f"{array.name}_before", array.rows // turns, definition, array, first)

    def steady(self, array: Array) -> Array:
        """Return an array that is the same in every call, so that a loop can be made over it."""
        if not array.per_batch:
            return array
        copy = self.array(array.name, array.rows, array.wide)
        self.write(copy, "copyto({}, {})", copy, array)
        return copy


def used_outside(plan: Plan) -> set[Block]:
    """Return the blocks that the plan uses, but for what a loop uses in the turn that computes it."""
    used = {x.block for x in plan.outputs if isinstance(x, Rows)}
    used.update([rows.block for x in plan.blocks for rows in taken(x)])
    return used.union([carried.family for x in plan.blocks if isinstance(x, Recurrence) for carried in x.carried])


def joined(weights: list[list[int]], biases: list[int] | None) -> list[list[int]]:
    """Return weights with their biases, if there are any, as the last column."""
    return weights if biases is None else [[*row, bias] for row, bias in zip(weights, biases, strict=True)]


def is_range(index: NDArray[np.int_]) -> bool:
    """Whether numbers follow on each other."""
    return bool(np.array_equal(index.ravel(), np.arange(index.flat[0], index.flat[0] + index.size)))
