"""Choices: which nodes count where a graph has a `where`, whose unchosen side may be infinite or undefined.

A row that chooses (`Operation.chooses`) has the condition as its first operand, then one side where it is true, then
the other. In a derivative that is a graph again, what a side propagates is guarded by the condition: so the graph is
right for other numbers too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from autograd.row import Operation
    from autograd.value import Value


def choices(order: Iterable[Value]) -> list[Value]:
    """Return the interior nodes that choose."""
    return [node for node in order if node.operation.chooses]  # type: ignore[union-attr]  # interior nodes have one


def chosen(order: Sequence[Value], roots: Sequence[Value], conditions: bool = True) -> list[Value]:
    """Return those of an order that the roots depend on: not what only an unchosen side uses.

    A derivative does not depend on the conditions either. Of a condition that is NaN both sides count, and are NaN.
    """
    used = set(roots)
    for node in reversed(order):
        if node in used:
            operands = node.operands
            if node.operation and node.operation.chooses:
                condition, a, b = operands
                sides = (a, b) if math.isnan(condition.data) else (a,) if condition.data else (b,)
                operands = (condition, *sides) if conditions else sides
            used.update(operands)
    return [node for node in order if node in used]


def raise_chosen(refused: dict[Value, Exception], order: Sequence[Value], roots: Sequence[Value]) -> None:
    """Raise the first of the errors that Values of an order met, but for those that only unchosen sides use."""
    if refused:
        used = set(chosen(order, roots))
        for node, error in refused.items():
            if node in used:
                raise error


class Guard(NamedTuple):
    """The condition on which something counts: its side is chosen, the first or the second, and `outer` counts."""

    outer: Guard | None
    condition: Value
    first: bool
    where: Operation

    def kept(self, term: Any) -> Value:
        """Return a term where it counts, else 0."""
        kept: Value = self.where(self.condition, *((term, 0.0) if self.first else (0.0, term)))
        return kept if self.outer is None else self.outer.kept(kept)


class Guards:
    """The guards of the Values of a graph that chooses; None is the guard of one that always counts.

    order: its interior nodes; inner: those that lie between the targets of the derivatives and the root.
    """

    def __init__(self, order: Sequence[Value], inner: set[Value]) -> None:
        self.chosen = set(chosen(order, order[-1:], conditions=False))
        self.of: dict[Value, Guard | None] = {}
        self.sides: dict[tuple[int, int], Guard] = {}  # node and place -> the guard of that side of it
        users: dict[Value, dict[int, Guard | None]] = {order[-1]: {0: None}}  # the guards of what uses it
        leaves = [x for node in order for x in node.operands if x.operation is None]
        for node in [*reversed(order), *dict.fromkeys(leaves)]:
            if node not in users:  # only conditions use it, to which nothing is propagated
                continue
            guards = [*users[node].values()]
            if node not in inner or None in guards:
                self.of[node] = None
            elif len(guards) == 1:
                self.of[node] = guards[0]
            else:
                where = guards[0].where  # type: ignore[union-attr]  # none of them is None
                any_of_them = where.table["maximum"](*[guard.kept(1.0) for guard in guards if guard])
                self.of[node] = Guard(None, any_of_them, True, where)
            for place, x in enumerate(node.operands):
                if place or not (node.operation and node.operation.chooses):
                    guard = self.propagating(node, place)
                    users.setdefault(x, {})[id(guard)] = guard

    def propagating(self, node: Value, place: int) -> Guard | None:
        """Return the guard of what a node propagates to one of its operands."""
        row: Any = node.operation
        if not row.chooses:
            return self.of[node]
        key = (id(node), place)
        if key not in self.sides:
            self.sides[key] = Guard(self.of[node], node.operands[0], place == 1, row)
        return self.sides[key]

    def kept(self, node: Value, place: int, term: Any) -> Any:
        """Return what a node propagates to an operand, 0 where it does not count but the operand may by others."""
        guard = self.propagating(node, place)
        return term if guard is None or guard is self.of[node.operands[place]] else guard.kept(term)


def as_formulas(node: Value, wanted: Sequence[bool]) -> tuple[list[Any], list[Value]]:
    """Return a node's local derivatives as graphs whose numbers are NaN, and the symbols that stand in them."""
    symbols = []
    for x in (node, *node.operands):
        symbols.append(x if x.constant else x.detach())
        if not x.constant:
            symbols[-1]._data = math.nan
    row: Any = node.operation
    return row.local_derivatives(symbols[0], symbols[1:], wanted), symbols
