"""Pass 4, reroll loops: blocks that repeat, each time with the next operands, become a loop.

A recurrence, or a numerical method of many steps, is recorded step by step. As a loop it is planned and written once,
however many iterations it has.

Iterations are alike if their blocks have equal forms, and each operand is one of three: a block of the same iteration,
or of one a fixed number of iterations before; rows of a block outside the loop, the same in all iterations; or rows of
such a block, different ones in each iteration.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.plan import (
    Block,
    Carried,
    Elementwise,
    External,
    Layer,
    Linear,
    Plan,
    Recurrence,
    Reduction,
    Rows,
    Rule,
    Total,
    gathered,
    operands,
    with_operands,
)

MAX_BLOCKS_UNROLLED = 32  # a shorter plan, or a shorter run of iterations, is written out
MIN_ITERATIONS = 4  # of a loop, at least
MAX_ANCHORS = 256  # blocks of which the one with the rarest form is looked for in other iterations
MAX_CANDIDATES = 64  # places tried for the beginning of the next iteration


def reroll_loops(plan: Plan) -> Plan:
    """Return a plan whose blocks are recurrences where they repeat."""
    return plan if len(plan.blocks) <= MAX_BLOCKS_UNROLLED else _Recurring(plan).plan()


class _Recurring:
    def __init__(self, plan: Plan) -> None:
        self.given = plan
        self.blocks = cast("list[Block]", plan.blocks)  # no recurrence is found yet
        self.numbers = itertools.count(len(self.blocks))  # of new blocks
        self.stack_of: dict[Block, tuple[Block, int]] = {}  # of a block of a loop, and its first row there
        self.found: list[Block | Recurrence] = []
        self.reads = [operands(block.rule) for block in self.blocks]

    def plan(self) -> Plan:
        forms: dict[Any, int] = {}
        numbers = np.array([forms.setdefault(_form(*x), len(forms)) for x in zip(self.blocks, self.reads, strict=True)])
        done = 0
        for start, period, times in _repeats(numbers, 0, len(numbers)):
            self.relocate(start, start + period * times)
            iterations = [self.blocks[k : k + period] for k in range(start, start + period * times, period)]
            for first, last in _runs(iterations, self.reads):
                if last - first >= MIN_ITERATIONS and (last - first) * period > MAX_BLOCKS_UNROLLED:
                    self.write_out(done, start + first * period)
                    done = start + last * period
                    self.found.append(self.recurrence(iterations[first:last]))
        self.write_out(done, len(self.blocks))
        outputs = [self.at(x) if isinstance(x, Rows) else x for x in self.given.outputs]
        return Plan(self.given.inputs, self.given.parameters, self.found, outputs)

    def relocate(self, start: int, stop: int) -> None:
        """Make blocks read from the stacks of the blocks that a loop already computes."""
        for block in self.blocks[start:stop] if self.stack_of else ():
            rows = self.reads[block.number]
            if block.rule and any([x.block in self.stack_of for x in rows]):
                self.reads[block.number] = moved = [*map(self.at, rows)]
                block.rule = with_operands(block.rule, iter(moved))

    def at(self, x: Rows) -> Rows:
        """Return where rows are now."""
        if x.block not in self.stack_of:
            return x
        stack, first = self.stack_of[x.block]
        return Rows(stack, tuple([first + row for row in x.index]))

    def write_out(self, start: int, stop: int) -> None:
        """Keep blocks as they are, except that many terms of one block are gathered in a sum."""
        self.relocate(start, stop)
        for block in self.blocks[start:stop]:
            if isinstance(block.rule, Total) and len(block.rule.parts) > 2:
                block.rule.parts = gathered(block.rule.parts, block.size)
            self.found.append(block)

    def recurrence(self, iterations: Sequence[Sequence[Block]]) -> Recurrence:
        """Return iterations as a loop."""
        period, begin = len(iterations[0]), iterations[0][0].number
        body = [Block(x.number, x.size, x.batched, x.trained, None, x.names) for x in iterations[0]]
        stacks = [self.block(x.size * len(iterations), x) for x in iterations[0]]
        carried: dict[tuple[int, int], Carried] = {}
        external: dict[Any, External] = {}

        def operand(column: Sequence[Rows]) -> Rows:
            """Return the rows in the body that stand for those of each iteration."""
            x = column[0]
            if x.block is column[1].block:
                index = [y.index for y in column]
                backwards = index[-1] < index[0]
                if backwards:
                    index.reverse()
                rows = Rows(x.block, x.index if len(set(index)) == 1 else tuple(itertools.chain(*index)))
                key = (x.block, rows.index, backwards)
                if key not in external:
                    external[key] = External(self.block(len(x.index), x.block), self.at(rows), backwards)
                return every(external[key].block)
            iteration, place = divmod(x.block.number - begin, period)
            if iteration == 0:
                return Rows(body[place], x.index)
            if (iteration, place) not in carried:
                first = [self.at(every(y.block)) for y in column[:-iteration]]
                carried[iteration, place] = Carried(self.block(x.block.size, x.block), stacks[place], first)
            return Rows(carried[iteration, place].block, x.index)

        for block, same in zip(body, zip(*iterations, strict=True), strict=True):
            columns = zip(*[self.reads[x.number] for x in same], strict=True)
            block.rule = rule = with_operands(cast("Rule", same[0].rule), map(operand, columns))
            for k, part in enumerate(rule.parts if isinstance(rule, Total) else ()):
                if isinstance(part, Layer):
                    each = [cast("Layer", cast("Total", x.rule).parts[k]) for x in same]
                    if any([(x.weights, x.biases) != (part.weights, part.biases) for x in each]):
                        part.iterations = [(x.weights, x.biases) for x in each]
        for k, per_iteration in enumerate(iterations):
            for x, stack in zip(per_iteration, stacks, strict=True):
                self.stack_of[x] = stack, k * x.size
        return Recurrence(len(iterations), body, stacks, [*carried.values()], [*external.values()])

    def block(self, size: int, like: Block) -> Block:
        """Return a new block of `size` rows; its rule serves to name it."""
        return Block(next(self.numbers), size, like.batched, like.trained, like.rule, like.names)


def every(block: Block) -> Rows:
    """Return all rows of a block."""
    return Rows(block, tuple(range(block.size)))


def _form(block: Block, reads: Sequence[Rows]) -> Any:
    """Return what a block, which reads these rows, must have in common with its counterparts in other iterations."""
    rule = block.rule
    shape: list[Any] = [type(rule), block.size, block.batched, block.trained]
    for x in reads:
        other = x.block
        shape += len(x.index), other.number if other.number < 0 else 0, other.batched, other.trained
    if isinstance(rule, Total):
        shape.append(_bits(rule.constants))
        for part in rule.parts:
            if isinstance(part, Linear):
                shape.append(_bits(part.coefficients))
            else:
                shape.append(
                    (len(part.weights), part.biases is None) if isinstance(part, Layer) else repr(part.coefficients)
                )
    elif isinstance(rule, (Elementwise, Reduction)):
        shape.append(rule.operation)
        if isinstance(rule, Elementwise):
            shape += [repr(x) if isinstance(x, list) else "" for x in rule.operands]
    return tuple(shape)


def _bits(xs: Sequence[float]) -> bytes:
    """Return numbers so that equal means the same bits: 0.0 is not −0.0, and NaN is itself."""
    return array("d", xs).tobytes()


def _runs(iterations: Sequence[Sequence[Block]], reads: Sequence[Sequence[Rows]]) -> list[tuple[int, int]]:
    """Return the runs of iterations that are alike, each as its first and the one after its last.

    reads: what each block reads, by its number; those of higher numbers are stacks.
    """
    period, begin = len(iterations[0]), iterations[0][0].number
    follows = np.ones(len(iterations) - 1, bool)  # whether an iteration continues the one before
    external, inner = [], []  # the numbers of the blocks that an operand is in, iteration by iteration
    for same in zip(*iterations, strict=True):
        for column in zip(*[reads[block.number] for block in same], strict=True):
            numbers = np.array([x.block.number for x in column])
            placed = (numbers >= 0) & (numbers < len(reads))  # no leaf, and no stack
            fixed, step = numbers[1:] == numbers[:-1], numbers[1:] - numbers[:-1] == period
            step &= placed[1:] & placed[:-1]
            if np.count_nonzero(fixed) > np.count_nonzero(step):
                follows &= fixed
                external.append(numbers)
            else:
                follows &= step
                follows &= [x.index == y.index and x.block.size == y.block.size for x, y in pairwise(column)]
                inner.append(numbers)
    runs = []
    for first, last in pairwise([0, *(np.flatnonzero(~follows) + 1).tolist(), len(iterations)]):
        used = [(int(numbers[first]) - begin) // period for numbers in external]
        # A run begins after an iteration that all later ones use.
        start = max([first, *[iteration + 1 for iteration in used if iteration < last]])
        if all([numbers[last - 1] >= begin + start * period for numbers in inner]):  # in reach of an earlier iteration
            runs.append((start, last))
    return runs


def _repeats(forms: NDArray[np.int_], start: int, stop: int) -> list[tuple[int, int, int]]:
    """Return what repeats between start and stop, in order: where, the length of an iteration, and how many there are.

    The repetition around the middle is looked for first, by the rarest form there; then those on either side of it.
    """
    if stop - start <= MAX_BLOCKS_UNROLLED:
        return []
    middle = (start + stop) // 2
    often = np.bincount(forms[start:stop])[forms[middle : min(stop, middle + MAX_ANCHORS)]]
    anchor = middle + int(np.argmin(np.where(often < MIN_ITERATIONS, len(forms), often)))
    found, saved = None, MAX_BLOCKS_UNROLLED // 2
    for distance in (np.flatnonzero(forms[anchor + 1 : stop] == forms[anchor])[:MAX_CANDIDATES] + 1).tolist():
        different = np.flatnonzero(forms[start : stop - distance] != forms[start + distance : stop]) + start
        place = int(np.searchsorted(different, anchor))
        first = int(different[place - 1]) + 1 if place else start
        last = int(different[place]) if place < len(different) else stop - distance
        times = (last - first) // distance + 1
        if times >= MIN_ITERATIONS and (times - 1) * distance > saved:
            found, saved = (first, distance, times), (times - 1) * distance
    if found is None:
        return _repeats(forms, start, middle) + _repeats(forms, middle, stop)
    first, distance, times = found
    return [*_repeats(forms, start, first), found, *_repeats(forms, first + distance * times, stop)]
