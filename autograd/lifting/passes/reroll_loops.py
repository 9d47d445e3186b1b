"""Pass 4, recurrences: blocks that come again and again, each time with the next operands, become a loop.

A recurrence, or a method of so many steps, is recorded step by step, and its blocks are as many. As a loop over turns
it is planned and written once, however long it is.

Turns are alike if their blocks have equal forms, and each operand is one of three: a block of the same turn, or of one
so many turns before; rows of a block outside the loop that are the same in all turns; or rows of such a block that are
others in each turn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.plan import (
    Block,
    Carried,
    Elementwise,
    Layer,
    Outer,
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

SHORT = 32  # so few blocks, or turns of so few in all, are written out
TIMES = 4  # so often, at least, a loop runs
CANDIDATES = 64  # so many places where the next turn might begin are tried


def reroll_loops(plan: Plan) -> Plan:
    """Return a plan whose blocks are recurrences where they repeat."""
    return plan if len(plan.blocks) <= SHORT else _Recurring(plan).plan()


class _Recurring:
    def __init__(self, plan: Plan) -> None:
        self.given = plan
        self.blocks = cast("list[Block]", plan.blocks)  # no recurrence is found yet
        self.numbers = itertools.count(len(self.blocks))  # of new blocks
        self.family_of: dict[Block, tuple[Block, int]] = {}  # of a block of a loop, and its first row there
        self.found: list[Block | Recurrence] = []

    def plan(self) -> Plan:
        forms: dict[Any, int] = {}
        numbers = np.array([forms.setdefault(_form(block), len(forms)) for block in self.blocks])
        done = 0
        for start, period, times in _repeats(numbers, 0, len(numbers)):
            self.relocate(start, start + period * times)
            turns = [self.blocks[k : k + period] for k in range(start, start + period * times, period)]
            for first, last in _runs(turns, len(self.blocks)):
                if last - first >= TIMES and (last - first) * period > SHORT:
                    self.write_out(done, start + first * period)
                    done = start + last * period
                    self.found.append(self.recurrence(turns[first:last]))
        self.write_out(done, len(self.blocks))
        outputs = [self.at(x) if isinstance(x, Rows) else x for x in self.given.outputs]
        return Plan(self.given.inputs, self.given.parameters, self.found, outputs)

    def relocate(self, start: int, stop: int) -> None:
        """Have blocks use the families of those that are in a loop by now."""
        for block in self.blocks[start:stop] if self.family_of else ():
            rows = operands(block.rule)
            if block.rule and any([x.block in self.family_of for x in rows]):
                block.rule = with_operands(block.rule, map(self.at, rows))

    def at(self, x: Rows) -> Rows:
        """Return where rows are by now."""
        if x.block not in self.family_of:
            return x
        family, first = self.family_of[x.block]
        return Rows(family, tuple([first + row for row in x.index]))

    def write_out(self, start: int, stop: int) -> None:
        """Leave blocks as they are, but for sums of many terms that are in one block by now."""
        self.relocate(start, stop)
        for block in self.blocks[start:stop]:
            if isinstance(block.rule, Total) and len(block.rule.parts) > 2:
                block.rule.parts = gathered(block.rule.parts, block.size)
            self.found.append(block)

    def recurrence(self, turns: Sequence[Sequence[Block]]) -> Recurrence:
        """Return turns as a loop."""
        period, begin = len(turns[0]), turns[0][0].number
        body = [Block(x.number, x.size, x.wide, x.trained, None, x.names) for x in turns[0]]
        families = [self.block(x.size * len(turns), x) for x in turns[0]]
        carried: dict[tuple[int, int], Carried] = {}
        outer: dict[Any, Outer] = {}

        def operand(column: Sequence[Rows]) -> Rows:
            """Return the rows of the body that stand for those of each turn."""
            x = column[0]
            if x.block is column[1].block:
                index = [y.index for y in column]
                backwards = index[-1] < index[0]
                if backwards:
                    index.reverse()
                rows = Rows(x.block, x.index if len(set(index)) == 1 else tuple(itertools.chain(*index)))
                key = (x.block, rows.index, backwards)
                if key not in outer:
                    outer[key] = Outer(self.block(len(x.index), x.block), self.at(rows), backwards)
                return every(outer[key].block)
            turn, place = divmod(x.block.number - begin, period)
            if turn == 0:
                return Rows(body[place], x.index)
            if (turn, place) not in carried:
                first = [self.at(every(y.block)) for y in column[:-turn]]
                carried[turn, place] = Carried(self.block(x.block.size, x.block), families[place], first)
            return Rows(carried[turn, place].block, x.index)

        for block, same in zip(body, zip(*turns, strict=True), strict=True):
            columns = zip(*[operands(x.rule) for x in same], strict=True)
            block.rule = rule = with_operands(cast("Rule", same[0].rule), map(operand, columns))
            for k, part in enumerate(rule.parts if isinstance(rule, Total) else ()):
                if isinstance(part, Layer):
                    each = [cast("Layer", cast("Total", x.rule).parts[k]) for x in same]
                    if any([(x.weights, x.biases) != (part.weights, part.biases) for x in each]):
                        part.turns = [(x.weights, x.biases) for x in each]
        for k, of_turn in enumerate(turns):
            self.family_of.update({x: (family, k * x.size) for x, family in zip(of_turn, families, strict=True)})
        return Recurrence(len(turns), body, families, [*carried.values()], [*outer.values()])

    def block(self, size: int, like: Block) -> Block:
        """Return a new block of so many rows; its rule serves to name it."""
        return Block(next(self.numbers), size, like.wide, like.trained, like.rule, like.names)


def every(block: Block) -> Rows:
    """Return all rows of a block."""
    return Rows(block, tuple(range(block.size)))


def _form(block: Block) -> Any:
    """Return what a block has in common with those of the same place in the other turns."""
    rule = block.rule
    shape: list[Any] = [(len(x.index), x.block.wide, x.block.trained) for x in operands(rule)]
    if isinstance(rule, (Elementwise, Reduction)):
        shape.append(rule.operation)
    if isinstance(rule, Elementwise):
        shape += [repr(x) if isinstance(x, list) else "" for x in rule.operands]
    if isinstance(rule, Total):
        shape.append(repr(rule.constants))
        for part in rule.parts:
            if isinstance(part, Layer):
                shape.append((len(part.weights), part.biases is None))
            else:
                shape.append(repr(part.coefficients))
    return type(rule), block.size, block.wide, block.trained, *shape


def _runs(turns: Sequence[Sequence[Block]], stop: int) -> list[tuple[int, int]]:
    """Return which turns in a row are alike, those from one up to before another.

    stop: blocks of a number from here on are families.
    """
    period, begin = len(turns[0]), turns[0][0].number
    follows = np.ones(len(turns) - 1, bool)  # whether a turn continues the one before
    outer, inner = [], []  # the numbers of the blocks that an operand is in, turn by turn
    for same in zip(*turns, strict=True):
        for column in zip(*[operands(block.rule) for block in same], strict=True):
            numbers = np.array([x.block.number for x in column])
            placed = (numbers >= 0) & (numbers < stop)  # no leaf, and no family
            fixed, step = numbers[1:] == numbers[:-1], numbers[1:] - numbers[:-1] == period
            step &= placed[1:] & placed[:-1]
            if np.count_nonzero(fixed) > np.count_nonzero(step):
                follows &= fixed
                outer.append(numbers)
            else:
                follows &= step
                follows &= [x.index == y.index and x.block.size == y.block.size for x, y in pairwise(column)]
                inner.append(numbers)
    runs = []
    for first, last in pairwise([0, *(np.flatnonzero(~follows) + 1).tolist(), len(turns)]):
        used = [(int(numbers[first]) - begin) // period for numbers in outer]
        start = max([first, *[turn + 1 for turn in used if turn < last]])  # after a turn that all others use
        if all([numbers[last - 1] >= begin + start * period for numbers in inner]):  # in reach of an earlier turn
            runs.append((start, last))
    return runs


def _repeats(forms: NDArray[np.int_], start: int, stop: int) -> list[tuple[int, int, int]]:
    """Return what repeats between start and stop, in order: where, the length of a turn, and how many turns.

    Looked for is the repetition that the middle is a part of, then those on either side of it.
    """
    if stop - start <= SHORT:
        return []
    middle = (start + stop) // 2
    found, saved = None, SHORT // 2
    for distance in (np.flatnonzero(forms[middle + 1 : stop] == forms[middle])[:CANDIDATES] + 1).tolist():
        different = np.flatnonzero(forms[start : stop - distance] != forms[start + distance : stop]) + start
        place = int(np.searchsorted(different, middle))
        first = int(different[place - 1]) + 1 if place else start
        last = int(different[place]) if place < len(different) else stop - distance
        times = (last - first) // distance + 1
        if times >= TIMES and (times - 1) * distance > saved:
            found, saved = (first, distance, times), (times - 1) * distance
    if found is None:
        return _repeats(forms, start, middle) + _repeats(forms, middle, stop)
    first, distance, times = found
    return [*_repeats(forms, start, first), found, *_repeats(forms, first + distance * times, stop)]
