"""Sums of products in a recording: which nodes are added up in one instruction, and not computed by themselves."""

from __future__ import annotations

from autograd.lifting.native.record import Node, Recording

SignedTerm = tuple[float, tuple[Node, ...]]  # a sign, and one factor or two
NEAR = 3  # nodes: a term is added up in one instruction with those that were recorded next to it
LINEAR = frozenset(["add", "sub", "neg", "mul"])


def sums_of(recording: Recording) -> dict[Node, list[SignedTerm] | None]:
    """Return the nodes that are computed by themselves, in order, with their terms; None for what is no sum."""
    nodes = recording.nodes
    found: dict[Node, list[SignedTerm] | None] = {}
    within: set[Node] = set()  # a sum: these are not computed by themselves
    place = {node: k for k, node in enumerate(nodes)}
    for node in reversed(nodes):
        if node not in within:
            found[node] = terms_of(node, place, within) if node.kind in LINEAR else None
    return dict(reversed(found.items()))


def terms_of(root: Node, place: dict[Node, int], within: set[Node]) -> list[SignedTerm]:
    """Return the terms of a sum, and put what they replace, sums and products next to it, `within`."""
    if root.kind == "mul":
        return [(1.0, root.operands)]
    terms: list[SignedTerm] = []
    first = place[root] - NEAR
    stack = [(1.0, root)]
    while stack:
        sign, x = stack.pop()
        if x is not root:
            if x.uses > 1 or x.kind not in LINEAR or x.batched != root.batched or place[x] < first:
                terms.append((sign, (x,)))
                continue
            within.add(x)
            first = min(first, place[x] - NEAR)
        if x.kind == "add":
            stack += [(sign, x.operands[0]), (sign, x.operands[1])]
        elif x.kind == "sub":
            stack += [(sign, x.operands[0]), (-sign, x.operands[1])]
        elif x.kind == "neg":
            stack.append((-sign, x.operands[0]))
        else:
            terms.append((sign, x.operands))
    return terms[::-1]


def reads(node: Node, terms: list[SignedTerm] | None) -> list[Node]:
    """Return what computing a node reads."""
    return [*node.operands] if terms is None else [x for _, factors in terms for x in factors]
