"""What `pack` makes: groups of nodes, each to be a block of the plan.

Of the iterations of a loop, only the first becomes blocks. So a group is described by its shape and its reads, and
becomes a block when it is asked for, which halves the time of this pass and the next. A read is the number of a block,
and the rows that are read there.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
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
    with_operands,
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
        graph: Whose nodes they are.
        forms: Of nodes: Terms, the tuple of a product's factors, or Apply.
        flags: Of nodes: BATCHED, TRAINED, both or none.
        inputs: The blocks of inputs, and which columns of a batch they are.
    """

    def __init__(self, graph: Graph, forms: Sequence[Any], flags: Sequence[int], inputs: Inputs) -> None:
        self.graph, self.forms, self.flags, self.inputs = graph, forms, flags, inputs
        self.first_parameter, self.leaves = len(graph.inputs), len(graph.inputs) + len(graph.parameters)
        self.parameters = Block(-1, len(graph.parameters), False, True, None, graph.parameters)
        self.nodes: list[Sequence[int]] = []  # of each group
        self.shapes: list[Any] = []  # of each: what groups have in common that may be iterations of one loop
        self.reads: list[list[Read]] = []  # of each: the operands of its rule, in their order
        self.wide_rules: dict[int, Total | Reduction] = {}  # of those that read many rows of a block at once
        self.kinds: dict[int, int] = {}  # of each, as others read it: its flags; of a block of leaves its number
        self.place: list[Any] = [None] * len(forms)  # of each node: how its row is read
        self.blocks: dict[int, Block] = {}  # by number: leaves have negative ones, stacks those after the groups
        self.finished: set[int] = set()  # the numbers of those that have got their rule
        leaves = range(self.first_parameter, self.leaves)
        for block, nodes in [(self.parameters, leaves), *inputs]:
            self.blocks[block.number], self.kinds[block.number] = block, block.number
            self.put(nodes, block.number)

    def put(self, nodes: Iterable[int], number: int) -> None:
        """Make nodes the rows of a block."""
        for row, k in enumerate(nodes):
            self.place[k] = number, (row,)

    def add(self, nodes: Sequence[int]) -> None:
        """Make nodes a group."""
        form = self.forms[nodes[0]]
        what: Any
        if form.__class__ is tuple:
            numbers, reads = self.taken_apart(nodes)
            what = Product
        elif self.is_wide(form):
            rule = self.wide_rules[len(self.nodes)] = self.wide_rule(nodes)
            reads = [(x.block.number, x.index) for x in operands(rule)]
            what = shape_of(rule), *[len(rows) for _, rows in reads]
        elif form.__class__ is Apply:
            numbers, reads = self.taken_apart(nodes)
            what = form.operation, bits(numbers), *[x.__class__ is float for x in form.operands]
        else:
            numbers, reads = self.taken_apart(nodes)
            what = bits(numbers)
            if len(reads) > 2:
                reads = merged(reads, len(nodes))
                what = what, *[len(rows) for _, rows in reads]
        number, flags, kinds = len(self.nodes), self.flags[nodes[0]], self.kinds
        self.shapes.append((what, len(nodes), flags, *[kinds[n] for n, _ in reads]))
        self.reads.append(reads)
        self.nodes.append(nodes)
        self.put(nodes, number)
        kinds[number] = flags

    def is_wide(self, form: Terms | Apply) -> bool:
        """Whether a node reads many rows at once: those that a matrix product takes, or that are reduced."""
        return bool(form.weights) if isinstance(form, Terms) else self.is_reduction(form)

    def is_reduction(self, node: Apply) -> bool:
        """Whether an operation of many operands runs down the rows of one block."""
        if node.operation.arity is not None or len(node.operands) < 3 or float in map(type, node.operands):
            return False
        return len({self.place[int(x)][0] for x in node.operands}) == 1

    def taken_apart(self, nodes: Sequence[int]) -> tuple[list[float], list[Read]]:
        """Return the numbers in a group's rule, and what it reads, operand by operand."""
        if len(nodes) == 1:  # as in a recurrence, of which there are many
            return self.in_order(self.forms[nodes[0]])
        each = [self.in_order(self.forms[k]) for k in nodes]
        columns = zip(*[reads for _, reads in each], strict=True)
        reads = [(column[0][0], tuple([row for _, (row,) in column])) for column in columns]
        return [c for numbers, _ in each for c in numbers], reads

    def in_order(self, form: Any) -> tuple[list[float], list[Read]]:
        """Return the numbers in a form, and the places of its operands, in order for products and sums."""
        place = self.place
        if form.__class__ is tuple:
            return [], sorted([place[x] for x in form])
        if form.__class__ is Terms:
            terms = form.terms
            if len(terms) > 1:
                terms = sorted(terms, key=self.place_of_term)
            return [form.constant, *[c for c, _ in terms]], [place[x] for _, x in terms]
        numbers = [x for x in form.operands if x.__class__ is float]
        return numbers, [place[x] for x in form.operands if x.__class__ is int]

    def place_of_term(self, term: tuple[float, int]) -> Any:
        """Return where the node of a term is."""
        return self.place[term[1]]

    # Blocks -----------------------------------------------------------------------------------------------------------

    def without_rule(self, number: int) -> Block:
        """Return the block of a group, which may lack its rule, unless that reads many rows at once."""
        if number not in self.blocks:
            nodes, flags = self.nodes[number], self.flags[self.nodes[number][0]]
            batched, trained = flags & BATCHED == BATCHED, flags & TRAINED == TRAINED
            names = [self.graph.names.get(k, "") for k in nodes]
            self.blocks[number] = Block(number, len(nodes), batched, trained, self.wide_rules.get(number), names)
        return self.blocks[number]

    def block(self, number: int) -> Block:
        """Return the block of a group, with its rule, or that of leaves or a stack."""
        block = self.without_rule(number)
        if 0 <= number < len(self.nodes) and number not in self.finished:
            self.finished.add(number)
            block.rule = self.rule(number)
        return block

    def at(self, read: Read) -> Rows:
        """Return what is read as rows of a block."""
        return Rows(self.without_rule(read[0]), read[1])

    def rule(self, number: int) -> Rule:
        """Return the rule of a group."""
        rows = map(self.at, self.reads[number])
        if number in self.wide_rules:
            return with_operands(self.wide_rules[number], rows)
        forms = [self.forms[k] for k in self.nodes[number]]
        first = forms[0]
        if first.__class__ is tuple:
            return Product([*rows])
        if first.__class__ is Apply:
            columns = zip(*[form.operands for form in forms], strict=True)
            operands = [list(column) if isinstance(column[0], float) else next(rows) for column in columns]
            return Elementwise(first.operation, operands)
        coefficients = zip(*[self.in_order(form)[0][1:] for form in forms], strict=True)
        parts: list[Layer | Linear | Gathered] = []
        for x in rows:
            count = len(x.index) // len(forms)
            terms = [[*next(coefficients)] for _ in range(count)]
            parts.append(Linear(terms[0], x) if count == 1 else Gathered(terms, x))
        return Total(parts, [form.constant for form in forms])

    def wide_rule(self, nodes: Sequence[int]) -> Total | Reduction:
        """Return the rule of a group that reads many rows at once."""
        forms = [self.forms[k] for k in nodes]
        if isinstance(forms[0], Apply):
            return Reduction(forms[0].operation, self.rows([*map(int, forms[0].operands)]))
        parts: list[Layer | Linear | Gathered] = []
        senders: dict[int, list[int]] = defaultdict(list)  # block -> its nodes among the senders
        for x in sorted(forms[0].weights, key=self.place.__getitem__):
            senders[self.place[x][0]].append(x)
        columns = [*zip(*[sorted(form.terms, key=self.place_of_term) for form in forms], strict=True)]
        biases = None
        if len(senders) == 1:  # one parameter more in every sum is the bias
            for place, column in enumerate(columns):
                if all([c == 1.0 and self.first_parameter <= x < self.leaves for c, x in column]):
                    biases = [x - self.first_parameter for _, x in columns.pop(place)]
                    break
        for xs in senders.values():
            weights = [[form.weights[x] - self.first_parameter for x in xs] for form in forms]
            parts.append(Layer(weights, self.rows(xs), biases))
        parts += [Linear([c for c, _ in column], self.rows([x for _, x in column])) for column in columns]
        return Total(gathered(parts, len(forms)), [form.constant for form in forms])

    def rows(self, nodes: Sequence[int]) -> Rows:
        """Return where nodes of one block stand."""
        places = [self.place[k] for k in nodes]
        return Rows(self.without_rule(places[0][0]), tuple([row for _, (row,) in places]))


def merged(reads: Sequence[Read], size: int) -> list[Read]:
    """Return the reads of a sum of `size` rows, with many terms of one block as one, as `gathered` has them."""
    found: list[Read] = []
    for number, group in groupby(reads, NUMBER):
        of_block = [rows for _, rows in group]
        if len(of_block) > most_terms(size):
            of_block = [tuple(chain(*of_block))]
        found += [(number, rows) for rows in of_block]
    return found


def shape_of(rule: Total | Reduction) -> Any:
    """Return what a rule that reads many rows at once must share with its counterparts in other iterations."""
    if isinstance(rule, Reduction):
        return rule.operation
    return bits(rule.constants), *[
        (len(part.weights), part.biases is None) if isinstance(part, Layer) else repr(part.coefficients)
        for part in rule.parts
    ]


def bits(xs: Sequence[float]) -> bytes:
    """Return numbers so that equal means the same bits: 0.0 is not −0.0, and NaN is itself."""
    return packing(len(xs))(*xs)


@functools.cache
def packing(count: int) -> Callable[..., bytes]:
    """Return what makes the bits of `count` numbers one text."""
    return Struct(f"{count}d").pack
