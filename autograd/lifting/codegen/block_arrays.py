"""The map from blocks to the arrays that hold them.

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

from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.codegen.layout import common_prefix, is_activation, is_layered, layers, prefix, stride, whole
from autograd.lifting.names import identifier
from autograd.lifting.plan import Block, Layer, Plan, Recurrence, Rows, computed, taken
from autograd.lifting.statements import Array, Operand, by_iteration, is_one_number

MAX_INPUTS_COPIED = 64  # with a row of ones for the biases; more are a view of the batch


@dataclass
class Weights:
    """A layer's weights as arrays."""

    number: int
    augmented: Array  # with the biases, if there are any, as the last column
    matrix: Array  # without them
    biases: Array | None  # the column
    adds_biases: bool  # whether the matrix product adds the biases: the senders have a last row of ones
    index: NDArray[np.int_]  # the parameters of `augmented`, in a loop those of each iteration if they vary
    view: bool  # whether the arrays are views of the parameters, and no copies


class BlockArrays:
    """Maps each block to its array, or, in the body of a loop, to a variable of the loop."""

    def __init__(self, plan: Plan, emit: Emitter) -> None:
        self.plan, self.emit = plan, emit
        self.values: dict[int, Array] = {}  # block number -> its array
        self.augmented: dict[Array, Array] = {}  # an array -> itself with a last row of ones
        self.weights: dict[int, Weights] = {}  # id of a layer -> its weights
        named = [x for block in plan.blocks for x in (block.stacks if isinstance(block, Recurrence) else [block])]
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
        """Copy a block of inputs from the batch; a large one is a view of the batch."""
        chosen = f"{columns[0]}:{columns[-1] + 1}"
        if columns != tuple(range(columns[0], columns[-1] + 1)):
            chosen = repr(list(columns))
        name = prefix(block) or "inputs"
        if block.size > MAX_INPUTS_COPIED:
            array = self.emit.define(name, block.size, True, f"batch[:, {chosen}].T")
            array.per_batch = array.strided = True
        else:
            array = self.buffer(block, name, kept=True)
            self.emit.write(array, f"copyto({{}}, batch[:, {chosen}].T)", array)
        self.values[block.number] = array
        if block.size > 1:
            self.emit.row_names |= {(array, row): self.emit.name(name) for row, name in enumerate(block.names)}

    def buffer(self, block: Block, name: str, kept: bool = False) -> Array:
        """Return a new array for a block; where it feeds a layer with biases, a row of ones follows."""
        if block.number not in self.biased:
            shape = f"empty(({block.size}, n), dtype)"
            return (
                self.emit.define(name, block.size, True, shape)
                if kept
                else self.emit.array(name, block.size, block.batched)
            )
        return self.without_last_row(name, self.filled_with_ones(f"{name}_and_1", block.size + 1))

    def without_last_row(self, name: str, joint: Array) -> Array:
        """Return a view without the last row, which is a row of ones or its adjoint."""
        array = self.emit.define(name, joint.rows - 1, True, f"{joint.name}[:{joint.rows - 1}]", joint)
        self.augmented[array] = joint
        return array

    def filled_with_ones(self, name: str, rows: int) -> Array:
        """Return an array of ones, some rows of which statements overwrite."""
        return self.emit.define(name, rows, True, f"ones(({rows}, n), dtype)")

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
        return x[0] if is_one_number(x) else self.emit.constant(x)

    def rows(self, x: Rows, each: bool = False) -> Array:
        """Return rows of a block: its array, a view, or, where they are not evenly spaced, a copy.

        One row repeated is that row, to be broadcast, unless `each` asks for all.
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
            return self.emit.view(array, x.index[0], x.index[-1] + 1, every)
        key = ("rows", array, x.index)
        if key not in self.emit.known:
            self.emit.known[key] = copy = self.emit.array(f"{array.name}_rows", len(x.index), array.batched)
            self.emit.write(
                copy, "take({}, {}, axis=0, out={}, mode='clip')", array, self.emit.constant(x.index, int), copy
            )
        return self.emit.known[key]

    def source_name(self, x: Rows) -> str:
        """Return the name of the array, or of the parameters, that rows are taken from."""
        return self.parameter_name(x.index) if x.block is self.plan.parameters else self.values[x.block.number].name

    def parameter_rows(self, index: tuple[int, ...], every: int | None) -> Array:
        """Return parameters as a column."""
        key = ("parameters", index, every)
        if key not in self.emit.known:
            name = self.parameter_name(index)
            if every is not None:
                chosen = f"{index[0]}:{index[-1] + 1}" + (f":{every}" if every > 1 else "")
                rows = len(range(index[0], index[-1] + 1, every))
                self.emit.known[key] = self.emit.define(
                    name, rows, False, f"parameters[{chosen}, None]", self.flat_parameters
                )
            else:
                self.emit.known[key] = copy = self.emit.array(name, len(index), False)
                places = self.emit.constant([[k] for k in index], int)
                self.emit.write(copy, "take(parameters, {}, out={}, mode='clip')", places, copy)
        return self.emit.known[key]

    def parameter_name(self, index: Sequence[int]) -> str:
        """Return the name of a parameter, or the common prefix of several."""
        names = [self.plan.parameters.names[k] for k in dict.fromkeys(index)]
        return identifier(names[0]) if len(names) == 1 else common_prefix(names) or "p"

    def layer(self, part: Layer) -> Weights:
        """Return the weights of a layer as arrays."""
        if id(part) in self.weights:
            return self.weights[id(part)]
        number, neurons, width = len(self.weights) + 1, len(part.weights), len(part.weights[0])
        index = np.array([joined(*per_iteration) for per_iteration in part.iterations or [(part.weights, part.biases)]])
        index = index if part.iterations else index[0]
        first, shape = int(index.flat[0]), str(index.shape)
        names = f"W{number}_and_b{number}" if part.biases is not None else f"W{number}"
        view = is_range(index)
        if view:
            definition = f"parameters[{first}:{first + index.size}].reshape{shape}"
            augmented = self.emit.define(names, neurons, False, definition, self.flat_parameters)
        else:
            augmented = Array(self.emit.name(names), neurons, False, f"empty({shape}, dtype)")
            self.emit.definitions.append(augmented)
            places = self.emit.constant(index, int)
            self.emit.write(augmented, "take(parameters, {}, out={}, mode='clip')", places, augmented)
        if part.iterations:
            augmented = self.emit.variable(f"{names}_t", neurons, augmented.name, augmented)
        matrix, biases = augmented, None
        if part.biases is not None:
            matrix = self.emit.define(f"W{number}", neurons, False, f"{augmented.name}[:, :{width}]", augmented)
            biases = self.emit.define(f"b{number}", neurons, False, f"{augmented.name}[:, {width}:]", augmented)
            matrix.strided = True
        adds_biases = (
            biases is not None and whole(part.senders) and self.values[part.senders.block.number] in self.augmented
        )
        self.weights[id(part)] = weights = Weights(number, augmented, matrix, biases, adds_biases, index, view)
        return weights

    def line(self, array: Array) -> Array:
        """Return the only row of an array as a one-dimensional view, which a reduction can write."""
        key = ("line", array)
        if key not in self.emit.known:
            self.emit.known[key] = self.emit.define(f"{array.name}_0", 1, array.batched, f"{array.name}[0]", array)
        return self.emit.known[key]

    # Loops -----------------------------------------------------------------------------------------------------------

    def augmented_per_iteration(self, name: str, block: Block, iterations: int) -> Array:
        """Return a loop variable for the rows of each iteration, each followed by a row of ones."""
        joint = self.filled_with_ones(f"{name}_and_1", (block.size + 1) * iterations)
        return self.without_last_row(f"{name}_t", self.per_iteration(joint, iterations))

    def per_iteration(self, array: Array, iterations: int, backwards: bool = False, name: str = "") -> Array:
        """Return a loop variable for each iteration's rows of a stacked array, backwards if the last come first."""
        array = self.persistent(array)
        definition = by_iteration(array, iterations, iterations) + "[::-1]" * backwards
        return self.emit.variable(f"{name or array.name}_t", array.rows // iterations, definition, array)

    def carried(self, array: Array, first: Sequence[Array], iterations: int) -> Array:
        """Return a loop variable for the rows of an earlier iteration, or the initial values."""
        first = [self.persistent(x) for x in first]
        definition = by_iteration(array, iterations, iterations, first)
        return self.emit.variable(f"{array.name}_before", array.rows // iterations, definition, array, first)

    def persistent(self, array: Array) -> Array:
        """Return an array that is the same in every call, as a loop needs it."""
        if not array.per_batch:
            return array
        copy = self.emit.array(array.name, array.rows, array.batched)
        self.emit.write(copy, "copyto({}, {})", copy, array)
        return copy


def used_outside(plan: Plan) -> set[Block]:
    """Return the blocks that are used elsewhere than in the iteration that computes them."""
    used = {x.block for x in plan.outputs if isinstance(x, Rows)}
    used.update([rows.block for x in plan.blocks for rows in taken(x)])
    return used.union([carried.stack for x in plan.blocks if isinstance(x, Recurrence) for carried in x.carried])


def joined(weights: list[list[int]], biases: list[int] | None) -> list[list[int]]:
    """Return weights with the biases, if there are any, as the last column."""
    return weights if biases is None else [[*row, bias] for row, bias in zip(weights, biases, strict=True)]


def is_range(index: NDArray[np.int_]) -> bool:
    """Whether numbers are consecutive."""
    return bool(np.array_equal(index.ravel(), np.arange(index.flat[0], index.flat[0] + index.size)))
