"""Pass 3, pack: isomorphic nodes of one level become the rows of one block (Larsen and Amarasinghe 2000).

Nodes of a level do not depend on each other, and isomorphic nodes do the same with operands from the same blocks, so a
block is computed by one statement: an operation on blocks, a product of blocks, or a sum. In a sum, products of a
parameter and a node that a whole block shares become one matrix product: that is how neurons become a layer.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.lifting.passes.canonicalize import Apply, Graph, Sum, Term
from autograd.lifting.passes.groups import BATCHED, TRAINED, Groups, Inputs, Terms
from autograd.lifting.plan import MAX_TERMS_UNROLLED, Block
from autograd.row import Operation
from autograd.symbols import Symbol

MAX_LEVELS_INTERLEAVED = 32  # of a deeper first output, what depends on nothing that it needs is computed after it


def pack(graph: Graph) -> Groups:
    """Return the groups of nodes of a canonical graph that are computed together."""
    return _Packing(graph).groups()


class _Packing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.first_parameter, self.leaves = len(graph.inputs), len(graph.inputs) + len(graph.parameters)
        self.flags = [BATCHED] * len(graph.inputs) + [TRAINED] * len(graph.parameters) + [0] * len(graph.nodes)
        self.levels = [0] * len(self.flags)
        self.forms: list[Any] = [None] * len(self.flags)  # of nodes: Terms, the tuple of a product's factors, or Apply
        self.products: dict[tuple[int, ...], int] = {}
        self.entered: list[int] = []  # the nodes that have a form, each after its operands

    def groups(self) -> Groups:
        used = self.reachable()
        layers = self.layers(used)
        nodes, leaves = self.graph.nodes, self.leaves
        for k in used:  # a node that is one product serves every sum with that product among its terms
            node = nodes[k - leaves]
            if isinstance(node, Sum) and len(node.terms) == 1 and node.terms[0][0] == 1.0:
                self.products[node.terms[0][1]] = k
        for k in used:
            node = nodes[k - leaves]
            if isinstance(node, Apply):
                self.enter(k, node, below(node))
            elif len(node.terms) == 1 and self.products.get(node.terms[0][1]) == k:
                self.product(node.terms[0][1])
            else:
                terms = self.terms(*layers[k]) if k in layers else self.terms({}, node.terms)
                self.enter(k, terms, operands_of(terms))
        if len(self.graph.outputs) > 1 and isinstance(self.graph.outputs[0], int):
            self.postpone(self.graph.outputs[0])
        groups = Groups(
            self.graph, self.forms, self.flags, self.input_blocks([weights for weights, _ in layers.values()])
        )
        self.group(groups)
        return groups

    def reachable(self) -> list[int]:
        """Return the interior nodes that an output needs, in topological order, and mark which are batched."""
        nodes, leaves, flags = self.graph.nodes, self.leaves, self.flags
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
            found = 0
            for x in xs:
                found |= flags[x]
            flags[k] = found & BATCHED if found & TRAINED and is_flat(nodes[k - leaves]) else found
        return used

    def layers(self, used: Sequence[int]) -> dict[int, tuple[dict[int, int], list[Term]]]:
        """Return, for each sum that is to have a matrix product, weights (sender -> parameter) and its other terms.

        A sum whose senders no other sum shares has one only if it is long, or there are few such sums.
        """
        layers: dict[int, tuple[dict[int, int], list[Term]]] = {}
        sharing: dict[tuple[int, ...], list[int]] = defaultdict(list)
        first, leaves, flags = self.first_parameter, self.leaves, self.flags
        for k in used:
            node = self.graph.nodes[k - leaves]
            if isinstance(node, Sum) and len(node.terms) > 1:
                found: dict[int, int] = {}
                rest: list[Term] = []
                for term in node.terms:
                    factors = term[1]
                    if len(factors) == 2 and term[0] == 1.0:
                        x, p = factors  # inputs have lower numbers than parameters, all else higher ones
                        if x >= first:
                            x, p = p, x
                        if first <= p < leaves and flags[x] & BATCHED and x not in found:
                            found[x] = p
                            continue
                    rest.append(term)
                if len(found) > 1:
                    layers[k] = found, rest
                    sharing[tuple(sorted(found))].append(k)
        alone = Counter(len(senders) for senders, sums in sharing.items() if len(sums) == 1)
        for senders, sums in sharing.items():
            if len(sums) == 1 and len(senders) <= MAX_TERMS_UNROLLED < alone[len(senders)]:
                del layers[sums[0]]
        return layers

    def terms(self, weights: dict[int, int], rest: Sequence[Term]) -> Terms:
        """Return a sum of weights times senders and of other terms, whose products become nodes of their own."""
        terms, constant = [], 0.0
        for coefficient, factors in rest:
            if not factors:
                constant = coefficient
            else:
                terms.append((coefficient, factors[0] if len(factors) == 1 else self.product(factors)))
        return Terms(weights, terms, constant)

    def product(self, factors: tuple[int, ...]) -> int:
        """Return the node of a product."""
        new = len(self.levels)
        k = self.products.setdefault(factors, new)
        if k == new:
            flags = 0
            for x in factors:
                flags |= self.flags[x]
            self.flags.append(flags)
            self.levels.append(0)
            self.forms.append(None)
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
        levels, forms = self.levels, self.forms
        needed, moved = bytearray(len(forms)), bytearray(len(forms))
        needed[first] = 1
        for k in reversed(self.entered):
            if needed[k]:
                for x in operands_of(forms[k]):
                    needed[x] = 1
        for k in self.entered:
            if not needed[k]:
                deepest, after_moved, on_leaves = 0, False, True
                for x in operands_of(forms[k]):
                    deepest = levels[x] if levels[x] > deepest else deepest
                    after_moved = after_moved or moved[x] == 1
                    on_leaves = on_leaves and x < self.leaves
                if after_moved or on_leaves:
                    moved[k] = 1
                    deepest = max(deepest, depth - 1)
                levels[k] = deepest + 1

    def input_blocks(self, weights: Iterable[dict[int, int]]) -> Inputs:
        """Return the inputs as blocks: those that a layer takes together, if there are few such, and the rest."""
        free = dict.fromkeys(range(self.first_parameter))
        found: Inputs = []
        groups = {tuple(sorted([x for x in senders if x < self.first_parameter])): None for senders in weights}
        for columns in [*(groups if len(groups) <= MAX_TERMS_UNROLLED else ()), None]:
            chosen = tuple(free) if columns is None else columns
            if chosen and all([x in free for x in chosen]):
                block = Block(-2 - len(found), len(chosen), True, False, None, [self.graph.inputs[x] for x in chosen])
                found.append((block, chosen))
                for x in chosen:
                    del free[x]
        return found

    def group(self, groups: Groups) -> None:
        """Group the nodes, level by level."""
        levels: list[list[int]] = [[] for _ in range(max(self.levels, default=0))]
        for k in sorted(self.entered):
            levels[self.levels[k] - 1].append(k)
        for level in levels:
            for nodes in [level] if len(level) == 1 else self.isomorphic(level, groups):
                groups.add(nodes)

    def isomorphic(self, level: Sequence[int], placed: Groups) -> Iterable[list[int]]:
        """Return the nodes of a level in groups of isomorphic ones."""
        groups: dict[Any, list[int]] = {}
        for k in level:
            groups.setdefault(self.signature(k, placed), []).append(k)
        return groups.values()

    def signature(self, k: int, placed: Groups) -> Any:
        """Return what two nodes of a level must share to be rows of one block."""
        form, place = self.forms[k], placed.place
        if isinstance(form, Terms):
            return tuple(sorted(form.weights)), tuple(sorted([place[x][0] for _, x in form.terms]))
        if isinstance(form, Apply):
            if placed.is_reduction(form):
                return k
            return form.operation, *[None if isinstance(x, float) else place[x][0] for x in form.operands]
        return "product", *sorted([place[x][0] for x in form])


def below(node: Any) -> list[int]:
    """Return the nodes that a node uses."""
    if node.__class__ is Apply:
        return [x for x in node.operands if x.__class__ is int]
    return [x for _, factors in node.terms for x in factors]


def operands_of(form: Any) -> Sequence[int]:
    """Return the nodes that a form uses."""
    if form.__class__ is Terms:
        terms = [x for _, x in form.terms]
        return [*form.weights, *terms] if form.weights else terms
    return below(form) if form.__class__ is Apply else form


def is_flat(node: Sum | Apply) -> bool:
    """Whether a node's derivative is 0 wherever it has one, as that of a step."""
    return isinstance(node, Apply) and has_no_slope(node.operation)


@functools.cache
def has_no_slope(operation: Operation) -> bool:
    """Whether all of an operation's partial derivatives are the number 0."""
    rules = operation.partials(Symbol(), Symbol()) if callable(operation.partials) else operation.partials
    return all([isinstance(rule, float) and rule == 0.0 for rule in rules])
