"""Pass 4, reroll loops: blocks that repeat, each time with the next operands, become a loop.

A recurrence, or a numerical method of many steps, is recorded step by step. As a loop it is planned and written once,
however many iterations it has.

Iterations are alike if their blocks have equal forms, and each operand is one of three: a block of the same iteration,
or of one a fixed number of iterations before; rows of a block outside the loop, the same in all iterations; or rows of
such a block, different ones in each iteration.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.passes.groups import Groups, Read
from autograd.lifting.plan import (
    Block,
    Carried,
    External,
    Layer,
    Plan,
    Recurrence,
    Rows,
    Rule,
    Total,
    gathered,
    with_operands,
)

MAX_BLOCKS_UNROLLED = 32  # a shorter plan, or a shorter run of iterations, is written out
MIN_ITERATIONS = 4  # of a loop, at least
MAX_ANCHORS = 256  # blocks of which the one with the rarest form is looked for in other iterations
MAX_CANDIDATES = 64  # places tried for the beginning of the next iteration


def reroll_loops(groups: Groups) -> Plan:
    """Return a plan of all groups, which are recurrences where they repeat, else blocks."""
    return _Recurring(groups).plan()


class _Recurring:
    def __init__(self, groups: Groups) -> None:
        self.groups, self.count, self.reads = groups, len(groups.nodes), groups.reads
        self.numbers = itertools.count(self.count)  # of new blocks
        self.stack_of: dict[int, tuple[Block, int]] = {}  # of a group of a loop: its stack, and its first row there
        self.found: list[Block | Recurrence] = []

    def plan(self) -> Plan:
        groups = self.groups
        if self.count <= MAX_BLOCKS_UNROLLED:
            self.found += map(groups.block, range(self.count))
        else:
            self.reroll()
        outputs = [x if isinstance(x, float) else self.at(groups.place[x]) for x in groups.graph.outputs]
        return Plan(groups.inputs, groups.parameters, self.found, outputs)

    def reroll(self) -> None:
        """Find what repeats; write out the rest."""
        shapes: dict[Any, int] = {}
        numbers = np.array([shapes.setdefault(shape, len(shapes)) for shape in self.groups.shapes])
        done, sizes = 0, np.array([*map(len, self.groups.nodes)])
        for start, period, times in _repeats(numbers, 0, self.count):
            self.relocate(start, start + period * times)
            iterations = [range(k, k + period) for k in range(start, start + period * times, period)]
            for first, last in _runs(iterations, self.reads, sizes):
                if last - first >= MIN_ITERATIONS and (last - first) * period > MAX_BLOCKS_UNROLLED:
                    self.write_out(done, start + first * period)
                    done = start + last * period
                    self.found.append(self.recurrence(iterations[first:last]))
        self.write_out(done, self.count)

    def relocate(self, start: int, stop: int) -> None:
        """Make groups read from the stacks of the groups that a loop already computes."""
        for k in range(start, stop) if self.stack_of else ():
            reads = self.reads[k]
            if any([number in self.stack_of for number, _ in reads]):
                self.reads[k] = [self.moved(read) for read in reads]

    def moved(self, read: Read) -> Read:
        """Return where rows are now."""
        number, rows = read
        if number not in self.stack_of:
            return read
        stack, first = self.stack_of[number]
        return stack.number, tuple([first + row for row in rows])

    def at(self, read: Read) -> Rows:
        """Return rows of a block, where they are now."""
        return self.groups.at(self.moved(read))

    def write_out(self, start: int, stop: int) -> None:
        """Make groups blocks; in a sum, terms that are now rows of one stack are gathered where they are many."""
        self.relocate(start, stop)
        for k in range(start, stop):
            block = self.groups.block(k)
            if isinstance(block.rule, Total) and len(block.rule.parts) > 2:
                block.rule.parts = gathered(block.rule.parts, block.size)
            self.found.append(block)

    def recurrence(self, iterations: Sequence[range]) -> Recurrence:
        """Return iterations as a loop."""
        period, begin = len(iterations[0]), iterations[0].start
        given = [*map(self.groups.block, iterations[0])]
        body = [Block(x.number, x.size, x.batched, x.trained, None, x.names) for x in given]
        stacks = [self.block(x.size * len(iterations), x) for x in given]
        self.groups.blocks |= {stack.number: stack for stack in stacks}
        carried: dict[tuple[int, int], Carried] = {}
        external: dict[Any, External] = {}

        def operand(column: Sequence[Read]) -> Rows:
            """Return the rows in the body that stand for those of each iteration."""
            number, rows = column[0]
            if number == column[1][0]:
                index = [rows for _, rows in column]
                backwards = index[-1] < index[0]
                if backwards:
                    index.reverse()
                key = number, rows if len(set(index)) == 1 else tuple(itertools.chain(*index)), backwards
                if key not in external:
                    x = self.at(key[:2])
                    external[key] = External(self.block(len(rows), self.groups.block(number)), x, backwards)
                return every(external[key].block)
            iteration, place = divmod(number - begin, period)
            if iteration == 0:
                return Rows(body[place], rows)
            if (iteration, place) not in carried:
                like = self.groups.block(number)
                first = [self.at((number, tuple(range(like.size)))) for number, _ in column[:-iteration]]
                carried[iteration, place] = Carried(self.block(like.size, like), stacks[place], first)
            return Rows(carried[iteration, place].block, rows)

        for block, x, same in zip(body, given, zip(*iterations, strict=True), strict=True):
            columns = zip(*[self.reads[k] for k in same], strict=True)
            block.rule = rule = with_operands(cast("Rule", x.rule), map(operand, columns))
            for place, part in enumerate(rule.parts if isinstance(rule, Total) else ()):
                if isinstance(part, Layer):
                    each = [cast("Layer", cast("Total", self.groups.wide_rules[k]).parts[place]) for k in same]
                    if any([(y.weights, y.biases) != (part.weights, part.biases) for y in each]):
                        part.iterations = [(y.weights, y.biases) for y in each]
        for place, stack in enumerate(stacks):
            for iteration, numbers in enumerate(iterations):
                self.stack_of[numbers[place]] = stack, iteration * given[place].size
        return Recurrence(len(iterations), body, stacks, [*carried.values()], [*external.values()])

    def block(self, size: int, like: Block) -> Block:
        """Return a new block of `size` rows; its rule serves to name it."""
        return Block(next(self.numbers), size, like.batched, like.trained, like.rule, like.names)


def every(block: Block) -> Rows:
    """Return all rows of a block."""
    return Rows(block, tuple(range(block.size)))


def _runs(
    iterations: Sequence[range], reads: Sequence[Sequence[Read]], sizes: NDArray[np.int_]
) -> list[tuple[int, int]]:
    """Return the runs of iterations that are alike, each as its first and the one after its last.

    Args:
        iterations: The numbers of the blocks in each.
        reads: What each block reads, by its number; those of higher numbers are stacks.
        sizes: Of the blocks.
    """
    period, begin = len(iterations[0]), iterations[0].start
    follows = np.ones(len(iterations) - 1, bool)  # whether an iteration continues the one before
    external, inner = [], []  # the numbers of the blocks that an operand is in, iteration by iteration
    for same in zip(*iterations, strict=True):
        for column in zip(*[reads[k] for k in same], strict=True):
            numbers = np.array([number for number, _ in column])
            placed = (numbers >= 0) & (numbers < len(reads))  # no leaf, and no stack
            fixed, step = numbers[1:] == numbers[:-1], numbers[1:] - numbers[:-1] == period
            step &= placed[1:] & placed[:-1]
            if np.count_nonzero(fixed) > np.count_nonzero(step):
                follows &= fixed
                external.append(numbers)
            else:
                follows &= step
                of_column = sizes[np.where(placed, numbers, 0)]
                if of_column.max() > 1:
                    follows &= of_column[1:] == of_column[:-1]
                    follows &= [x == y for (_, x), (_, y) in pairwise(column)]
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
