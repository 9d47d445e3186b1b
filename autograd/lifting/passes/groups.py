"""What `pack` makes: groups of nodes, each to be a block of the plan.

Of the iterations of a loop, only the first is written as blocks with rules. So a group with a single node, as a
recurrence has many, is described by its form and its reads, and becomes a block when it is asked for. A read is the
number of a block, and the rows that are read there.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from struct import Struct
from typing import Any

from autograd.lifting.passes.canonicalize import Apply, Graph
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Gathered,
    Layer,
    Linear,
    Product,
    Reduction,
    Rows,
    Rule,
    Total,
    gathered,
    most_terms,
    operands,
)

BATCHED, TRAINED = 1, 2  # flags of a node
NUMBER = itemgetter(0)
Read = tuple[int, tuple[int, ...]]
Inputs = list[tuple[Block, tuple[int, ...]]]


@dataclass(slots=True)
class Terms:
    """A sum, taken apart: products of a parameter and a node by sender, then terms of one factor, then the constant."""

    weights: dict[int, int]
    terms: list[tuple[float, int]]
    constant: float


class Groups:
    """Groups of isomorphic nodes, each after those that it reads.

    Args:
        graph: whose nodes they are.
        forms: of nodes: Terms, the tuple of a product's factors, or Apply.
        flags: of nodes: BATCHED, TRAINED, both or none.
        inputs: the blocks of inputs, and which columns of a batch they are.
    """

    def __init__(self, graph: Graph, forms: Sequence[Any], flags: Sequence[int], inputs: Inputs) -> None:
        self.graph, self.forms, self.flags, self.inputs = graph, forms, flags, inputs
        self.first_parameter, self.leaves = len(graph.inputs), len(graph.inputs) + len(graph.parameters)
        self.parameters = Block(-1, len(graph.parameters), False, True, None, graph.parameters)
        self.nodes: list[Sequence[int]] = []  # of each group
        self.rules: dict[int, Rule] = {}  # of groups that read many rows at once
        self.place: list[Any] = [None] * len(forms)  # of each node, as it is read
        self.blocks: dict[int, Block] = {}  # by number: leaves have negative ones, stacks those after the groups
        leaves = range(self.first_parameter, self.leaves)
        for block, nodes in [(self.parameters, leaves), *inputs]:
            self.blocks[block.number] = block
            self.put(nodes, block.number)

    def put(self, nodes: Iterable[int], number: int) -> None:
        """Make nodes the rows of a block."""
        for row, k in enumerate(nodes):
            self.place[k] = number, (row,)

    def add(self, nodes: Sequence[int]) -> None:
        """Make nodes a group."""
        number, form = len(self.nodes), self.forms[nodes[0]]
        self.nodes.append(nodes)
        if form.__class__ is not tuple and self.is_wide(form):
            self.rules[number] = self.rule(nodes)
        self.put(nodes, number)

    def is_wide(self, form: Any) -> bool:
        """Whether a node reads many rows at once: those that a matrix product takes, or that are reduced."""
        if form.__class__ is Terms:
            return bool(form.weights)
        return form.__class__ is Apply and self.is_reduction(form)

    # Blocks -----------------------------------------------------------------------------------------------------------

    def block(self, number: int) -> Block:
        """Return the block of a group, with its rule, or of leaves."""
        block = self.without_rule(number)
        if block.rule is None and number >= 0:
            block.rule = self.rule(self.nodes[number])
        return block

    def without_rule(self, number: int) -> Block:
        """Return the block of a group; with its rule only if that is made already, as that of a layer is."""
        if number not in self.blocks:
            nodes, flags = self.nodes[number], self.flags[self.nodes[number][0]]
            batched, trained = flags & BATCHED == BATCHED, flags & TRAINED == TRAINED
            names = [self.graph.names.get(k, "") for k in nodes]
            self.blocks[number] = Block(number, len(nodes), batched, trained, self.rules.get(number), names)
        return self.blocks[number]

    def at(self, read: Read) -> Rows:
        """Return what is read as rows of a block."""
        return Rows(self.without_rule(read[0]), read[1])

    def rows(self, nodes: Sequence[int]) -> Rows:
        """Return where nodes of one block stand."""
        places = [self.place[k] for k in nodes]
        return Rows(self.without_rule(places[0][0]), tuple([row for _, (row,) in places]))

    def rule(self, nodes: Sequence[int]) -> Rule:
        """Return the rule of a group."""
        forms = [self.forms[k] for k in nodes]
        first = forms[0]
        if first.__class__ is Apply and self.is_reduction(first):
            return Reduction(first.operation, self.rows(first.operands))
        reads = map(self.at, self.reads(nodes)[1])
        if first.__class__ is tuple:
            return Product([*reads])
        if first.__class__ is Terms:
            return self.total(forms, reads)
        columns = zip(*[form.operands for form in forms], strict=True)
        operands = [list(column) if isinstance(column[0], float) else next(reads) for column in columns]
        return Elementwise(first.operation, operands)

    def total(self, forms: Sequence[Terms], reads: Iterator[Rows]) -> Total:
        """Return the rule of sums, which read these rows besides the senders of layers."""
        parts: list[Layer | Linear | Gathered] = []
        senders: dict[int, list[int]] = defaultdict(list)  # block -> its nodes among the senders
        for x in sorted(forms[0].weights, key=self.place.__getitem__):
            senders[self.place[x][0]].append(x)
        terms = [*zip(zip(*map(self.ordered, forms), strict=True), reads, strict=True)]
        biases = None
        if len(senders) == 1:  # one parameter more in every sum is the bias
            for place, (column, _) in enumerate(terms):
                if all([c == 1.0 and self.first_parameter <= x < self.leaves for c, x in column]):
                    biases = [x - self.first_parameter for _, x in column]
                    del terms[place]
                    break
        for xs in senders.values():
            weights = [[form.weights[x] - self.first_parameter for x in xs] for form in forms]
            parts.append(Layer(weights, self.rows(xs), biases))
        parts += [Linear([c for c, _ in column], rows) for column, rows in terms]
        return Total(gathered(parts, len(forms)), [form.constant for form in forms])

    def is_reduction(self, node: Apply) -> bool:
        """Whether an operation of many operands runs down the rows of one block."""
        if node.operation.arity is not None or len(node.operands) < 3 or float in map(type, node.operands):
            return False
        return len({self.place[x][0] for x in node.operands}) == 1

    # Forms and reads --------------------------------------------------------------------------------------------------

    def described(self) -> Iterator[tuple[Any, list[Read]]]:
        """Return what each group has in common with its counterparts in other iterations of a loop, and its reads.

        The reads are those of its rule's operands, in their order.
        """
        flags = [self.flags[nodes[0]] for nodes in self.nodes]
        what: Any
        for number, nodes in enumerate(self.nodes):
            form = self.forms[nodes[0]]
            if number in self.rules:
                rule = self.rules[number]
                reads = [(x.block.number, x.index) for x in operands(rule)]
                what = form_of(rule), *[len(rows) for _, rows in reads]
            else:
                numbers, reads = self.reads(nodes)
                if form.__class__ is tuple:
                    what = Product
                elif form.__class__ is Apply:
                    what = form.operation, bits(numbers), *[x.__class__ is float for x in form.operands]
                else:
                    what = bits(numbers)
                    if len(reads) > 2:
                        reads = merged(reads, len(nodes))
                        what = what, *[len(rows) for _, rows in reads]
            kinds = [n if n < 0 else flags[n] for n, _ in reads]  # how others are read: leaves by their block
            yield (what, len(nodes), flags[number], *kinds), reads

    def reads(self, nodes: Sequence[int]) -> tuple[list[float], list[Read]]:
        """Return the numbers in a group's rule, and what it reads, both operand by operand."""
        place = self.place
        if len(nodes) == 1:  # as in a recurrence, of which there are many
            numbers, operands = self.taken_apart(self.forms[nodes[0]])
            return numbers, [place[x] for x in operands]
        each = [self.taken_apart(self.forms[k]) for k in nodes]
        columns = zip(*[operands for _, operands in each], strict=True)
        reads = [(place[column[0]][0], tuple([place[x][1][0] for x in column])) for column in columns]
        return [c for numbers, _ in each for c in numbers], reads

    def taken_apart(self, form: Any) -> tuple[list[float], list[int]]:
        """Return the numbers in a form, and its operands, those of products and sums in the order of their places."""
        if form.__class__ is tuple:
            return [], sorted(form, key=self.place.__getitem__)
        numbers, operands = [], []
        if form.__class__ is Terms:
            numbers.append(form.constant)
            for c, x in self.ordered(form):
                numbers.append(c)
                operands.append(x)
        else:
            for x in form.operands:
                (numbers if x.__class__ is float else operands).append(x)
        return numbers, operands

    def ordered(self, form: Terms) -> list[tuple[float, int]]:
        """Return the terms of a sum in the order of their places."""
        return sorted(form.terms, key=lambda term: self.place[term[1]]) if len(form.terms) > 1 else form.terms


def merged(reads: Sequence[Read], size: int) -> list[Read]:
    """Return the reads of a sum of `size` rows, where `gathered` makes one part of many terms of one block."""
    found: list[Read] = []
    for number, group in groupby(reads, NUMBER):
        of_block = [rows for _, rows in group]
        if len(of_block) > most_terms(size):
            of_block = [tuple(chain(*of_block))]
        found += [(number, rows) for rows in of_block]
    return found


def form_of(rule: Rule) -> Any:
    """Return what a rule has in common with its counterparts in other iterations of a loop, besides what it reads."""
    if isinstance(rule, Total):
        parts = [
            (len(x.weights), x.biases is None)
            if isinstance(x, Layer)
            else bits(x.coefficients)
            if isinstance(x, Linear)
            else repr(x.coefficients)
            for x in rule.parts
        ]
        return Total, bits(rule.constants), *parts
    if isinstance(rule, Elementwise):
        return Elementwise, rule.operation, *[repr(x) if isinstance(x, list) else "" for x in rule.operands]
    return (Reduction, rule.operation) if isinstance(rule, Reduction) else Product


def bits(xs: Sequence[float]) -> bytes:
    """Return numbers so that equal means the same bits: 0.0 is not −0.0, and NaN is itself."""
    return packing(len(xs))(*xs)


@functools.cache
def packing(count: int) -> Callable[..., bytes]:
    """Return what makes the bits of `count` numbers one text."""
    return Struct(f"{count}d").pack
