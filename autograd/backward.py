"""The chain rule: topological order, the reverse sweep, and derivatives that are graphs again.

A sweep visits every node after all that use it, and hands its adjoint g = ∂root/∂node on to the operands,
each times its local derivative. All traversals are loops: a graph may be a million nodes deep.

Letters: z a node's result, x an operand, g an adjoint, p a local derivative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(*roots: Value) -> list[Value]:
    """Return every Value below the roots once, operands before results, left operands first.

    >>> from autograd import Value
    >>> x, y = Value(2.0), Value(3.0)
    >>> [node.data for node in topological_order(x * y + x)]
    [2.0, 3.0, 6.0, 8.0]
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # a mark: all operands of the node beneath it are in the order
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            if node.operands:
                stack += (node, None)
                stack += [x for x in node.operands[::-1] if x not in seen]
            else:
                order.append(node)
    return order


def backward(root: Value) -> None:
    """Add ∂root/∂leaf to the gradient of every leaf, and set that of every interior node."""
    from autograd.operations import add, dot, mul, where  # here, for the table is made of Values, and loaded after this

    order = topological_order(root)
    before = [node.grad for node in order]
    choices = False
    try:
        for node in order:
            if node.operands:
                node.grad = 0.0
                if node.operation is where:
                    choices = True
        root.grad += 1.0
        for node in reversed(chosen(order, [root], conditions=False) if choices else order):
            if not (operands := node.operands):
                continue
            row: Any = node.operation
            g = node.grad
            if row is mul:  # sums and products are most of a graph: written out, they halve the time of the sweep
                x, y = operands
                x.grad += g * y.data
                y.grad += g * x.data
            elif row is add:
                x, y = operands
                x.grad += g
                y.grad += g
            elif row is dot:
                n = len(operands) // 2
                for w, x in zip(operands[:n], operands[n : 2 * n], strict=True):
                    w.grad += g * x.data
                    x.grad += g * w.data
                if len(operands) % 2:
                    operands[-1].grad += g
            elif row.arity is None:
                for x, p in zip(operands, row.partials(node.data, *[x.data for x in operands]), strict=True):
                    x.grad += g * p
            else:
                for x, rule in zip(operands, row.partials, strict=True):
                    if not x.constant:
                        x.grad += g * (rule(node.data, *[x.data for x in operands]) if callable(rule) else rule)
    except BaseException as error:
        for earlier, gradient in zip(order, before, strict=True):
            earlier.grad = gradient
        if isinstance(error, (ArithmeticError, ValueError)):
            raise without_derivative(error, node) from None
        raise


def chosen(order: Sequence[Value], roots: Sequence[Value], conditions: bool = True) -> list[Value]:
    """Return those of an order that the roots depend on: not what only the other side of a `where` uses.

    A derivative does not depend on the conditions either.
    """
    from autograd.operations import where

    used = set(roots)
    for node in reversed(order):
        if node in used:
            operands = node.operands
            if node.operation is where:
                condition, a, b = operands
                side = a if condition.data else b
                operands = (condition, side) if conditions else (side,)
            used.update(operands)
    return [node for node in order if node in used]


def without_derivative(error: Exception, node: Value) -> Exception:
    """Return an error of the same class that names the node whose local derivative it is."""
    row: Any = node.operation
    refusal: Exception = row.refusal(error, node.operands)
    return type(refusal)(f"the derivative of {refusal}")


def derivatives(root: Value, targets: Sequence[Value]) -> list[Value | float]:
    """Return ∂root/∂target for each target, as graphs or plain numbers: the same sweep, with Values for adjoints.

    It visits only the nodes between the targets and the root. Factors of 1 and sums with 0 are left out.
    What one side of a `where` hands on to what others use too, or to a target, is chosen by its condition again: the
    side that is not chosen may be infinite, or have no number at all.
    """
    from autograd.operations import where

    order = topological_order(root)
    between = set(targets)
    for node in order:
        if any([x in between for x in node.operands]):
            between.add(node)
    guards = Guards(order, between.difference(targets)) if where in [node.operation for node in order] else None
    adjoints: dict[Value, Any] = {root: 1.0}
    for node in reversed(order):
        if node not in adjoints or not node.operands:
            continue
        row: Any = node.operation
        g = adjoints[node]
        wanted = [x in between and not x.constant for x in node.operands]
        try:
            partials = [0.0, 1.0, 1.0] if row is where else row.local_derivatives(node, node.operands, wanted)
        except (ArithmeticError, ValueError) as error:
            if guards is None or node in guards.chosen:
                raise without_derivative(error, node) from None
            partials = as_formulas(row, node, wanted)
        for place, (x, p) in enumerate(zip(node.operands, partials, strict=True)):
            if wanted[place] and (p.__class__ is not float or p != 0.0):
                term = p if g.__class__ is float and g == 1.0 else g if p.__class__ is float and p == 1.0 else g * p
                if guards is not None:
                    term = guards.kept(node, place, term)
                adjoints[x] = adjoints[x] + term if x in adjoints else term
    return [adjoints.get(x, 0.0) for x in targets]


class Guard(NamedTuple):
    """On what condition something counts: where it is chosen, as the first side or the second, and `outer` counts."""

    outer: Guard | None
    condition: Value
    first: bool

    def kept(self, term: Any) -> Value:
        """Return a term where it counts, else 0."""
        from autograd.operations import where

        kept: Value = where(self.condition, *((term, 0.0) if self.first else (0.0, term)))
        return kept if self.outer is None else self.outer.kept(kept)


class Guards:
    """The guards of the Values of a graph with `where` in it; None is that of one that always counts."""

    def __init__(self, order: Sequence[Value], inner: set[Value]) -> None:
        from autograd.operations import maximum, where

        self.chosen = set(chosen(order, order[-1:], conditions=False))
        self.of: dict[Value, Guard | None] = {}
        self.sides: dict[tuple[int, int], Guard] = {}  # node and place -> the guard of that side of it
        users: dict[Value, dict[int, Guard | None]] = {order[-1]: {0: None}}  # the guards of what uses it
        for node in reversed(order):
            if node not in users:  # only conditions use it, which hand nothing on
                continue
            guards = [*users[node].values()]
            if node not in inner or None in guards:
                self.of[node] = None
            elif len(guards) == 1:
                self.of[node] = guards[0]
            else:
                self.of[node] = Guard(None, maximum(*[guard.kept(1.0) for guard in guards if guard]), True)
            for place, x in enumerate(node.operands):
                if place or node.operation is not where:
                    guard = self.handing_on(node, place)
                    users.setdefault(x, {})[id(guard)] = guard

    def handing_on(self, node: Value, place: int) -> Guard | None:
        """Return the guard of what a node hands on to one of its operands."""
        from autograd.operations import where

        if node.operation is not where:
            return self.of[node]
        key = (id(node), place)
        if key not in self.sides:
            self.sides[key] = Guard(self.of[node], node.operands[0], place == 1)
        return self.sides[key]

    def kept(self, node: Value, place: int, term: Any) -> Any:
        """Return what a node hands on to an operand, 0 where it does not count and the operand may count by others."""
        guard = self.handing_on(node, place)
        return term if guard is None or guard is self.of[node.operands[place]] else guard.kept(term)


def as_formulas(row: Any, node: Value, wanted: Sequence[bool]) -> list[Any]:
    """Return a node's local derivatives as graphs without numbers, where they have none: the number of each is NaN."""
    from autograd.value import Value

    nodes = [node, *node.operands]
    symbols = [x if x.constant else Value(math.nan) for x in nodes]
    partials = row.local_derivatives(symbols[0], symbols[1:], wanted)
    stands_for = dict(zip(symbols, nodes, strict=True))
    for inner in topological_order(*[p for p in partials if isinstance(p, Value)]):
        inner.operands = tuple([stands_for.get(x, x) for x in inner.operands])
    return [stands_for.get(p, p) if isinstance(p, Value) else p for p in partials]


def refresh(root: Value) -> None:
    """Recompute every interior node below root; what only an unchosen side of a `where` uses may have no number."""
    nodes = [node for node in topological_order(root) if node.operands]
    before = [node.data for node in nodes]
    try:
        refused: dict[Value, Exception] = {}
        for node in nodes:
            row: Any = node.operation
            try:
                node.data = row.compute(node.operands)
            except (ArithmeticError, ValueError) as error:
                node.data, refused[node] = math.nan, error
        raise_chosen(refused, [root])
    except BaseException:
        for node, data in zip(nodes, before, strict=True):
            node.data = data
        raise


def raise_chosen(refused: dict[Value, Exception], roots: Sequence[Value]) -> None:
    """Raise the first of the errors that Values met, but for those that only unchosen sides of a `where` use."""
    if refused:
        used = set(chosen(topological_order(*roots), roots))
        for node, error in refused.items():
            if node in used:
                raise error
