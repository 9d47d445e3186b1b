"""Pass 3, pack: isomorphic nodes of one level become the rows of one block (Larsen and Amarasinghe 2000).

Nodes of a level do not depend on each other, and isomorphic nodes do the same with operands from the same blocks, so a
block is computed by one statement: an operation on blocks, a product of blocks, or a sum. In a sum, products of a
parameter and a node that a whole block shares become one matrix product: that is how neurons become a layer.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd.lifting.passes.canonicalize import Apply, Graph, Sum
from autograd.lifting.plan import (
    MAX_TERMS_UNROLLED,
    Block,
    Elementwise,
    Gathered,
    Layer,
    Linear,
    Plan,
    Product,
    Reduction,
    Rows,
    Rule,
    Total,
    gathered,
)
from autograd.row import Operation
from autograd.symbols import Symbol

MAX_LEVELS_INTERLEAVED = 32  # of a deeper first output, what depends on nothing that it needs is computed after it


def pack(graph: Graph) -> Plan:
    """Return the blocks of a canonical graph."""
    return _Packing(graph).plan()


@dataclass(slots=True)
class _Terms:
    """A sum, taken apart: products of a parameter and a node by sender, then terms of one factor, then the constant."""

    weights: dict[int, int]
    terms: list[tuple[float, int]]
    constant: float


class _Packing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.first_parameter, self.leaves = len(graph.inputs), len(graph.inputs) + len(graph.parameters)
        size = self.leaves + len(graph.nodes)
        self.batched = [k < self.first_parameter for k in range(size)]
        self.trained = [self.first_parameter <= k < self.leaves for k in range(size)]
        self.levels = [0] * size
        self.forms: list[Any] = [None] * size  # of nodes: _Terms, the tuple of a product's factors, or Apply
        self.products: dict[tuple[int, ...], int] = {}
        self.place: list[Any] = [None] * size  # the number of a node's block, its row, and the block: sorts as it is
        self.entered: list[int] = []  # the nodes that have a form, each after its operands

    def plan(self) -> Plan:
        used = self.reachable()
        weights, no_weights = self.layers(used), dict[int, int]()
        for k in used:  # a node that is one product serves every sum with that product among its terms
            node = self.graph.nodes[k - self.leaves]
            if isinstance(node, Sum) and len(node.terms) == 1 and node.terms[0][0] == 1.0:
                self.products[node.terms[0][1]] = k
        for k in used:
            node = self.graph.nodes[k - self.leaves]
            if isinstance(node, Apply):
                self.enter(k, node, below(node))
            elif self.products.get(node.terms[0][1]) == k:
                self.product(node.terms[0][1])
            else:
                terms = self.terms(node, weights.get(k, no_weights))
                self.enter(k, terms, operands_of(terms))
        if len(self.graph.outputs) > 1 and isinstance(self.graph.outputs[0], int):
            self.postpone(self.graph.outputs[0])
        parameters = Block(-1, len(self.graph.parameters), False, True, None, self.graph.parameters)
        self.put(range(self.first_parameter, self.leaves), parameters)
        inputs = self.input_blocks(weights.values())
        blocks = self.blocks()
        outputs = [x if isinstance(x, float) else self.rows([x]) for x in self.graph.outputs]
        return Plan(inputs, parameters, blocks, outputs)

    def reachable(self) -> list[int]:
        """Return the interior nodes that an output needs, in topological order, and mark which are batched."""
        nodes, leaves = self.graph.nodes, self.leaves
        batched, trained = self.batched, self.trained
        needed = bytearray(leaves + len(nodes))
        for output in self.graph.outputs:
            if isinstance(output, int):
                needed[output] = 1
        used, operands = [], []
        for k in range(len(needed) - 1, leaves - 1, -1):
            if needed[k]:
                used.append(k)
                operands.append(below(nodes[k - leaves]))
                for x in operands[-1]:
                    needed[x] = 1
        used.reverse()
        for k, xs in zip(used, reversed(operands), strict=True):
            batched[k] = True in [batched[x] for x in xs]
            trained[k] = True in [trained[x] for x in xs] and not is_flat(nodes[k - leaves])
        return used

    def layers(self, used: Sequence[int]) -> dict[int, dict[int, int]]:
        """Return, for each sum that is to have a matrix product, its weights: sender -> parameter.

        A sum whose senders no other sum shares has one only if it is long, or there are few such sums.
        """
        weights: dict[int, dict[int, int]] = {}
        sharing: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for k in used:
            node = self.graph.nodes[k - self.leaves]
            if isinstance(node, Sum) and len(node.terms) > 1:
                found: dict[int, int] = {}
                for coefficient, factors in node.terms:
                    if coefficient == 1.0 and len(factors) == 2:
                        x, p = factors  # inputs have lower numbers than parameters, all else higher ones
                        if x >= self.first_parameter:
                            x, p = p, x
                        if self.first_parameter <= p < self.leaves and self.batched[x]:
                            found.setdefault(x, p)
                if len(found) > 1:
                    weights[k] = found
                    sharing[tuple(sorted(found))].append(k)
        alone = Counter(len(senders) for senders, sums in sharing.items() if len(sums) == 1)
        for senders, sums in sharing.items():
            if len(sums) == 1 and len(senders) <= MAX_TERMS_UNROLLED < alone[len(senders)]:
                del weights[sums[0]]
        return weights

    def terms(self, node: Sum, weights: dict[int, int]) -> _Terms:
        """Take a sum apart; its other products become nodes of their own."""
        terms, constant = [], 0.0
        for coefficient, factors in node.terms:
            if not factors:
                constant = coefficient
            elif len(factors) == 1:
                terms.append((coefficient, factors[0]))
            elif (
                coefficient != 1.0
                or len(factors) > 2
                or not (weights.get(factors[0]) == factors[1] or weights.get(factors[1]) == factors[0])
            ):
                terms.append((coefficient, self.product(factors)))
        return _Terms(weights, terms, constant)

    def product(self, factors: tuple[int, ...]) -> int:
        """Return the node of a product."""
        new = len(self.levels)
        k = self.products.setdefault(factors, new)
        if k == new:
            self.batched.append(True in [self.batched[x] for x in factors])
            self.trained.append(True in [self.trained[x] for x in factors])
            self.levels.append(0)
            self.forms.append(None)
            self.place.append(None)
        if self.forms[k] is None:
            self.enter(k, factors, factors)
        return k

    def enter(self, k: int, form: Any, operands: Sequence[int]) -> None:
        self.forms[k] = form
        self.entered.append(k)
        levels, deepest = self.levels, 0
        for x in operands:
            if levels[x] > deepest:
                deepest = levels[x]
        levels[k] = deepest + 1

    def postpone(self, first: int) -> None:
        """Move what depends on nothing that the first output needs up to that output's level.

        So are the adjoints of a linear recurrence. They are to be a loop of their own, which goes back over the states:
        were they computed as early as they can be, the iterations of one loop would have to fit the other's.
        """
        depth = self.levels[first]
        if depth <= MAX_LEVELS_INTERLEAVED:
            return
        needed, moved = {first}, set[int]()
        for k in reversed(self.entered):
            if k in needed:
                needed.update(operands_of(self.forms[k]))
        for k in self.entered:
            if k not in needed:
                operands = operands_of(self.forms[k])
                level = 1 + max([self.levels[x] for x in operands], default=0)
                if not moved.isdisjoint(operands) or all([x < self.leaves for x in operands]):
                    moved.add(k)
                    level = max(level, depth)
                self.levels[k] = level

    def put(self, nodes: Iterable[int], block: Block) -> None:
        for row, k in enumerate(nodes):
            self.place[k] = block.number, row, block

    def input_blocks(self, weights: Iterable[dict[int, int]]) -> list[tuple[Block, tuple[int, ...]]]:
        """Return the inputs as blocks: those that a layer takes together, if there are few such, and the rest."""
        free = dict.fromkeys(range(self.first_parameter))
        found: list[tuple[Block, tuple[int, ...]]] = []
        groups = {tuple(sorted([x for x in senders if x < self.first_parameter])): None for senders in weights}
        for columns in [*(groups if len(groups) <= MAX_TERMS_UNROLLED else ()), None]:
            chosen = tuple(free) if columns is None else columns
            if chosen and all([x in free for x in chosen]):
                block = Block(-2 - len(found), len(chosen), True, False, None, [self.graph.inputs[x] for x in chosen])
                self.put(chosen, block)
                found.append((block, chosen))
                for x in chosen:
                    del free[x]
        return found

    def blocks(self) -> list[Block]:
        """Return the blocks of nodes, level by level."""
        levels: dict[int, list[int]] = defaultdict(list)
        for k in range(self.leaves, len(self.forms)):
            if self.forms[k] is not None:
                levels[self.levels[k]].append(k)
        blocks: list[Block] = []
        named = self.graph.names
        for _, level in sorted(levels.items()):
            for nodes in [level] if len(level) == 1 else self.isomorphic(level):
                k = nodes[0]
                names = [named.get(k, "") for k in nodes] if len(nodes) > 1 else [named.get(k, "")]
                block = Block(len(blocks), len(nodes), self.batched[k], self.trained[k], self.rule(nodes), names)
                self.put(nodes, block)
                blocks.append(block)
        return blocks

    def isomorphic(self, level: Sequence[int]) -> Iterable[list[int]]:
        """Return the nodes of a level in groups of isomorphic ones."""
        groups: dict[Any, list[int]] = {}
        for k in level:
            groups.setdefault(self.signature(k), []).append(k)
        return groups.values()

    def block_of(self, k: int | float) -> Any:
        """Return the number of a node's block, or None for a constant."""
        return None if isinstance(k, float) else self.place[k][0]

    def order_of_term(self, term: tuple[float, int]) -> Any:
        return self.place[term[1]]

    def signature(self, k: int) -> Any:
        """Return what two nodes of a level must share to be rows of one block."""
        form = self.forms[k]
        if isinstance(form, _Terms):
            return tuple(sorted(form.weights)), tuple(sorted([self.place[x][0] for _, x in form.terms]))
        if isinstance(form, Apply):
            blocks = tuple([self.block_of(x) for x in form.operands])
            return (form.operation, k) if is_reduction(form, blocks) else (form.operation, blocks, len(blocks))
        return "product", tuple(sorted([self.place[x][0] for x in form]))

    def rows(self, nodes: Sequence[int]) -> Rows:
        """Return where nodes of one block stand."""
        places = [self.place[k] for k in nodes]
        return Rows(places[0][2], tuple([row for _, row, _ in places]))

    def rule(self, nodes: Sequence[int]) -> Rule:
        first = self.forms[nodes[0]]
        if len(nodes) == 1:  # as in a recurrence, of which there are many
            if first.__class__ is tuple:
                return Product([Rows(block, (row,)) for _, row, block in sorted([self.place[x] for x in first])])
            if first.__class__ is _Terms and not first.weights:
                return self.sum(first)
        forms = [self.forms[k] for k in nodes]
        if isinstance(first, _Terms):
            return self.total(forms)
        if isinstance(first, Apply):
            if is_reduction(first, [self.block_of(x) for x in first.operands]):
                return Reduction(first.operation, self.rows(below(first)))
            columns = zip(*[form.operands for form in forms], strict=True)
            return Elementwise(
                first.operation,
                [list(column) if isinstance(column[0], float) else self.rows(column) for column in columns],
            )
        order = self.place.__getitem__
        return Product([self.rows(column) for column in zip(*[sorted(f, key=order) for f in forms], strict=True)])

    def sum(self, form: _Terms) -> Total:
        """Return the sum of a block of one row."""
        terms = form.terms if len(form.terms) == 1 else sorted(form.terms, key=self.order_of_term)
        parts: list[Layer | Linear | Gathered] = []
        for c, x in terms:
            _, row, block = self.place[x]
            parts.append(Linear([c], Rows(block, (row,))))
        return Total(gathered(parts, 1) if len(parts) > 2 else parts, [form.constant])

    def total(self, forms: Sequence[_Terms]) -> Total:
        parts: list[Layer | Linear | Gathered] = []
        senders: dict[int, list[int]] = defaultdict(list)  # block -> its nodes among the senders
        for x in sorted(forms[0].weights, key=self.place.__getitem__):
            senders[self.place[x][0]].append(x)
        terms = [sorted(form.terms, key=self.order_of_term) for form in forms]
        columns = list(zip(*terms, strict=True))
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


def below(node: Any) -> list[int]:
    """Return the nodes that a node uses."""
    if node.__class__ is Apply:
        return [x for x in node.operands if x.__class__ is int]
    return [x for _, factors in node.terms for x in factors]


def operands_of(form: Any) -> Sequence[int]:
    """Return the nodes that a form uses."""
    if isinstance(form, _Terms):
        terms = [x for _, x in form.terms]
        return [*form.weights, *terms] if form.weights else terms
    return below(form) if isinstance(form, Apply) else form


def is_flat(node: Sum | Apply) -> bool:
    """Whether a node's derivative is 0 wherever it has one, as that of a step."""
    return isinstance(node, Apply) and has_no_slope(node.operation)


@functools.cache
def has_no_slope(operation: Operation) -> bool:
    """Whether all of an operation's partial derivatives are the number 0."""
    rules = operation.partials(Symbol(), Symbol()) if callable(operation.partials) else operation.partials
    return all([isinstance(rule, float) and rule == 0.0 for rule in rules])


def is_reduction(node: Apply, blocks: Sequence[int | None]) -> bool:
    """Whether an operation of many operands runs down the rows of one block."""
    return node.operation.arity is None and len(blocks) > 2 and None not in blocks and len(set(blocks)) == 1
