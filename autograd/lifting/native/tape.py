"""From recorded nodes to tapes: the instructions that the machine runs, as words, and the memory that they work on.

A batched number has a slot, with a lane for each row of a lane block; what is the same for all rows has a single, one
number. The first tape computes the singles, once for a call; the second runs for each block of rows. A sum of products
is one instruction: no term is stored by itself.

The kind of an operand is a letter in an instruction's name: v a slot, s a single. An instruction is a row of words: its
number, where its result goes, its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.native.record import Node, Recording
from autograd.lifting.native.sums import SignedTerm, reads, sums_of

LANES = 64  # rows of a block
FEW = 3  # rows up to which one after the other is quicker than a block
MAX_WIDTH = 16  # numbers of the widest register
MASK = 0  # the slot that has 1 in the lanes that stand for rows, 0 in those beyond the last row

# Arithmetic, by the kinds of the operands; a − before a kind means that it is subtracted. A fused one adds the last
# operand to the product of the first two; a dot has a single, and any number of products vs, vv and −vv.
ARITHMETIC = (
    *["end", "spread", "store", "reduce v", "reduce vv", "dot", "neg v", "mul vv", "mul vs", "div vv"],
    *["add v v", "add v -v", "add v s", "add -v s", "fused vv v", "fused vv -v", "fused -vv v", "fused vv s"],
    *["fused -vv s", "fused vs v", "fused vs -v", "fused vs s"],
)


NAMES = {"div": "div vv"}  # of operations whose instruction is called otherwise


@dataclass
class Tape:
    """The two tapes of a program, and the memory that they need."""

    once: NDArray[np.int32]
    each: NDArray[np.int32]
    singles: NDArray[np.float64]  # parameters, results if they are added up, constants, what `once` computes
    slots: int
    columns: NDArray[np.int32]  # the inputs that are read, which have the slots after the mask
    outputs: int
    reduced: bool  # whether they are added up over the rows
    same: NDArray[np.int32]  # (n, 2): the outputs that do not depend on the inputs, and their singles
    instructions: int  # of `each`


def assembled(recording: Recording, reduced: bool, numbers: dict[str, int]) -> Tape:
    """Return the tapes of a recording, whose outputs are added up over the rows, or stored row by row.

    Args:
        recording: The nodes.
        reduced: Whether the outputs are added up.
        numbers: Of the instructions, by their names.
    """
    return _Assembler(recording, numbers).tape(reduced)


class _Assembler:
    def __init__(self, recording: Recording, numbers: dict[str, int]) -> None:
        self.recording, self.numbers = recording, numbers
        self.sums = sums_of(recording)
        self.words: list[int] = []
        self.instructions = 0
        self.singles: dict[Node, int] = {x: k for k, x in enumerate(recording.parameters)}
        self.results = len(self.singles)  # the place of the first
        self.initial = [0.0] * (self.results + padded(len(recording.outputs)))  # of the singles
        self.late: list[tuple[str, tuple[int, ...]]] = []  # instructions on singles, after all others
        self.negated: dict[Node, Node] = {}
        self.slots = MASK + 1
        self.slot: dict[Node, int] = {}
        self.free: list[int] = []
        self.unread: dict[Node, int] = {}  # how often a slot, or a single, will still be read

    def tape(self, reduced: bool) -> Tape:
        used = [x for x in self.recording.inputs if x.uses]
        for x in used:
            self.slot[x] = self.slots
            self.slots += 1
        for node, terms in self.sums.items():
            for x in reads(node, terms):
                self.unread[x] = self.unread.get(x, 0) + 1
        same = self.outputs_that_are_singles(reduced)
        self.each(used, reduced)
        each, instructions = np.array(self.words, np.int32), self.instructions
        self.words = []
        self.once()
        return Tape(
            np.array(self.words, np.int32),
            each,
            np.array(self.initial),
            self.slots,
            np.array([x.place for x in used], np.int32),
            len(self.recording.outputs),
            reduced,
            np.array(same, np.int32).reshape(-1, 2),
            instructions,
        )

    def write(self, name: str, *words: int) -> None:
        self.words.append(self.numbers[name])
        self.words += words
        self.instructions += 1

    # Singles ---------------------------------------------------------------------------------------------------------

    def outputs_that_are_singles(self, reduced: bool) -> list[tuple[int, int]]:
        """Return them with their places, which are those of the results where outputs are added up."""
        found = []
        for k, x in enumerate(self.recording.outputs):
            if not x.batched and not reduced:
                found.append((k, self.single(x)))
            elif not x.batched:
                place = self.results + k
                found.append((k, place))
                if x.operands and x not in self.singles:
                    self.singles[x] = place
                elif x.kind != "constant" or x.number:  # the results are 0 to begin with
                    self.late.append(("spread", (place, self.single(x))))
        return found

    def single(self, node: Node) -> int:
        """Return the place of a number that is the same for all rows, and that stays there."""
        if node not in self.singles:
            self.singles[node] = len(self.initial)
            self.initial.append(node.number)
        return self.singles[node]

    def constant(self, number: float) -> int:
        return self.single(self.recording.node(number))

    def signed(self, sign: float, node: Node) -> int:
        """Return the place of a single, or of its negative."""
        if sign > 0.0:
            return self.single(node)
        if node.kind == "constant":
            return self.constant(-node.number)
        if node not in self.negated:
            self.negated[node] = Node(self.recording, "negative", (), False)
            self.late.append(("neg v", (self.single(self.negated[node]), self.single(node))))
        return self.single(self.negated[node])

    def once(self) -> None:
        """Write the tape of the singles, which are its slots of one lane: places that nothing reads are used again."""
        staying, free = set(self.singles), []

        def read(x: Node) -> int:
            place = self.single(x)
            if x not in staying and x.operands:
                self.unread[x] -= 1
                if not self.unread[x]:
                    free.append(place)
            return place

        for node, terms in self.sums.items():
            if not node.batched:
                if terms is None:
                    name, words = NAMES.get(node.kind, node.kind), [read(x) for x in node.operands]
                else:
                    name, words = self.sum(terms, lambda x: True, read)
                if free and node not in self.singles:
                    self.singles[node] = free.pop()
                self.write(name, self.single(node), *words)
        for name, places in self.late:
            self.write(name, *places)
        self.write("end")

    # Slots -----------------------------------------------------------------------------------------------------------

    def each(self, used: Sequence[Node], reduced: bool) -> None:
        """Write the tape that runs for each block of rows."""
        places: dict[Node, list[int]] = {}
        for k, x in enumerate(self.recording.outputs):
            if x.batched:
                places.setdefault(x, []).append(k)
                self.unread[x] = self.unread.get(x, 0) + 1
        for node in [*used, *[x for x in self.sums if x.batched]]:
            terms = self.sums.get(node)
            outputs = places.get(node, [])
            if reduced and terms and len(terms) == 1 == node.uses == len(outputs) and is_square(terms[0]):
                self.write("reduce vv", outputs[0], *[self.read(x) for x in terms[0][1]])
                continue
            if node in self.sums:
                self.compute(node, terms)
            for k in outputs:
                self.write("reduce v" if reduced else "store", k, self.read(node))
        self.write("end")

    def compute(self, node: Node, terms: list[SignedTerm] | None) -> None:
        """Write the instruction that computes a slot."""
        if terms is not None:
            name, words = self.sum(terms, lambda x: x.batched, self.place)
        else:
            name = NAMES.get(node.kind, node.kind)
            spread = {x: self.allocated() for x in node.operands if not x.batched}
            for x, place in spread.items():
                self.write("spread", place, self.single(x))
            words = [self.read(x) if x.batched else spread[x] for x in node.operands]
            self.free += spread.values()
        self.slot[node] = z = self.allocated()
        self.write(name, z, *words)

    def place(self, x: Node) -> int:
        return self.read(x) if x.batched else self.single(x)

    def read(self, x: Node) -> int:
        """Return the slot of an operand, which is free from here on if nothing else reads it."""
        self.unread[x] -= 1
        if not self.unread[x]:
            self.free.append(self.slot[x])
        return self.slot[x]

    def allocated(self) -> int:
        if self.free:
            return self.free.pop()
        self.slots += 1
        return self.slots - 1

    # Sums ------------------------------------------------------------------------------------------------------------

    def sum(
        self, terms: list[SignedTerm], varies: Callable[[Node], bool], place: Callable[[Node], int]
    ) -> tuple[str, list[int]]:
        """Return the instruction that computes a sum, and its words but the first, where the result goes.

        Args:
            terms: Those of the sum.
            varies: Whether an operand has a slot.
            place: Where an operand is.
        """
        vv: list[list[Node]] = []
        minus_vv: list[list[Node]] = []
        vs: list[tuple[Node, int]] = []
        v: list[Node] = []
        minus_v: list[Node] = []
        s: list[int] = []
        for sign, factors in terms:
            slots = [x for x in factors if varies(x)]
            if len(slots) == 2:
                (vv if sign > 0.0 else minus_vv).append(slots)
            elif len(factors) == 2:
                vs.append((slots[0], self.signed(sign, factors[factors[0] is slots[0]])))
            elif slots:
                (v if sign > 0.0 else minus_v).append(slots[0])
            else:
                s.append(self.signed(sign, factors[0]))
        name = SHORT.get((len(vv), len(minus_vv), len(vs), len(v), len(minus_v), len(s)))
        if name:
            words = [place(x) for pair in [*vv, *minus_vv] for x in pair]
            words += [word for x, c in vs for word in (place(x), c)]
            return name, [*words, *map(place, v), *map(place, minus_v), *s]
        one, minus_one = (self.constant(c) if xs else 0 for c, xs in ((1.0, v), (-1.0, minus_v)))
        vs += [*[(x, one) for x in v], *[(x, minus_one) for x in minus_v]]
        words = [self.total(s), len(vs), len(vv), len(minus_vv)]
        words += [word for x, c in vs for word in (place(x), c)]
        return "dot", [*words, *[place(x) for pair in [*vv, *minus_vv] for x in pair]]

    def total(self, singles: Sequence[int]) -> int:
        """Return the place of the sum of singles."""
        if not singles:
            return self.constant(0.0)
        first, *rest = singles
        for k in rest:
            z = self.single(Node(self.recording, "total", (), False))
            self.late.append(("add v v", (z, first, k)))
            first = z
        return first


def padded(count: int) -> int:
    """Return a number of results, rounded up to whole registers."""
    return -(-count // MAX_WIDTH) * MAX_WIDTH


# The instructions that compute short sums, by the numbers of products vv, −vv and vs, and of terms v, −v and s.
SHORT = {
    (0, 0, 0, 2, 0, 0): "add v v",
    (0, 0, 0, 1, 0, 1): "add v s",
    (0, 0, 0, 1, 1, 0): "add v -v",
    (0, 0, 0, 0, 1, 1): "add -v s",
    (0, 0, 0, 0, 1, 0): "neg v",
    (1, 0, 0, 0, 0, 0): "mul vv",
    (0, 0, 1, 0, 0, 0): "mul vs",
    (1, 0, 0, 1, 0, 0): "fused vv v",
    (1, 0, 0, 0, 1, 0): "fused vv -v",
    (0, 1, 0, 1, 0, 0): "fused -vv v",
    (0, 0, 1, 1, 0, 0): "fused vs v",
    (0, 0, 1, 0, 1, 0): "fused vs -v",
    (1, 0, 0, 0, 0, 1): "fused vv s",
    (0, 1, 0, 0, 0, 1): "fused -vv s",
    (0, 0, 1, 0, 0, 1): "fused vs s",
}


def is_square(term: SignedTerm) -> bool:
    """Whether a term is the product of two batched factors, and not subtracted."""
    sign, factors = term
    return sign > 0.0 and len(factors) == 2 and all([x.batched for x in factors])
