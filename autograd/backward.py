"""The chain rule: topological order, the reverse sweep, and derivatives that are graphs again.

A sweep visits every node after all that use it, and propagates its adjoint g = ∂root/∂node to the operands,
multiplied by the local derivatives. All traversals are loops: a graph may be a million nodes deep.

Letters: z a node's result, x and y operands, g an adjoint, p a local derivative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from autograd.choices import Guards, as_formulas, choices, chosen, raise_chosen
from autograd.conversion import Refusal

if TYPE_CHECKING:
    from autograd.value import Value


def topological_order(*roots: Value) -> list[Value]:
    """Return every Value that the roots depend on once, operands before results, left operands first.

    >>> from autograd import Value
    >>> x, y = Value(2.0), Value(3.0)
    >>> [node.data for node in topological_order(x * y + x)]
    [2.0, 3.0, 6.0, 8.0]
    """
    order: list[Value] = []
    seen: set[Value] = set()
    for root in roots:
        if root not in seen:
            visit(root, order, order, seen)
    return order


def interior_nodes(*roots: Value) -> tuple[list[Value], list[Value]]:
    """Return the interior nodes below the roots in topological order, and the leaves.

    Raises RuntimeError where leaves changed after a node was computed.
    """
    order: list[Value] = []
    leaves: list[Value] = []
    seen: set[Value] = set()
    current = [visit(root, order, leaves, seen) for root in roots]
    if len(roots) > 1 or not all(current):  # of two roots, one may be older than what it shares with the other
        check_current(order)
    return order, leaves


def visit(root: Value, order: list[Value], leaves: list[Value], seen: set[Value]) -> bool:
    """Append the interior nodes below root to `order` and the leaves to `leaves`, which may be the same list.

    Those in `seen` are left out, and the others are added to it. Returns whether all nodes were computed at one time
    and no leaf assigned after it, so that the graph is surely up to date.
    """
    time, current = root._time, True
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:  # a mark: all operands of the node beneath it are in the order
            order.append(stack.pop())
            continue
        while node not in seen:
            seen.add(node)
            if node.operation is None:
                leaves.append(node)
                if node._time > time:
                    current = False
                break
            if node._time != time:
                current = False
            stack.append(node)
            stack.append(None)
            first, second = node._first, node._second
            if second is not None:
                if second not in seen:
                    stack.append(second)
            elif first.__class__ is tuple:
                stack += [x for x in first[::-1] if x not in seen]
                break
            node = first
    return current


def backward(root: Value) -> None:
    """Add ∂root/∂leaf to the gradient of every leaf, and set that of every interior node."""
    order, leaves = interior_nodes(root)
    before = [node._grad for node in order], [leaf._grad for leaf in leaves]
    try:
        for node in order:
            node._grad = 0.0
        root._grad += 1.0
        for node in reversed(chosen(order, [root], conditions=False) if choices(order) else order):
            accumulate = node.operation.accumulate  # type: ignore[union-attr]  # interior nodes have one
            accumulate(node)
    except BaseException as error:
        for nodes, gradients in zip((order, leaves), before, strict=True):
            for earlier, gradient in zip(nodes, gradients, strict=True):
                earlier._grad = gradient
        if isinstance(error, Refusal):
            raise without_derivative(error, node) from None
        raise


# The reverse rules of the rows: what a node adds to the gradients of its operands -------------------------------------


def accumulate_partials(node: Value) -> None:
    """Add the node's gradient times each local derivative: the rule of every row that has none of its own."""
    row: Any = node.operation
    g = node._grad
    if row.arity == 1:
        x, rule = node._first, row.partials[0]
        x._grad += g * (rule(node._data, x._data) if callable(rule) else rule)
        return
    operands = node.operands
    data = [x._data for x in operands]
    if row.arity is None:
        for x, p in zip(operands, row.partials(node._data, *data), strict=True):
            x._grad += g * p
    else:
        for x, rule in zip(operands, row.partials, strict=True):
            if not x.constant:
                x._grad += g * (rule(node._data, *data) if callable(rule) else rule)


def accumulate_add(node: Value) -> None:
    """∂z/∂x = ∂z/∂y = 1. Sums and products are most of a graph: their own rules halve the time of the sweep."""
    g, y = node._grad, node._second
    node._first._grad += g
    y._grad += g  # type: ignore[union-attr]  # a sum has two operands


def accumulate_mul(node: Value) -> None:
    """∂z/∂x = y, ∂z/∂y = x."""
    g, x, y = node._grad, node._first, node._second
    x._grad += g * y._data  # type: ignore[union-attr]  # a product has two operands
    y._grad += g * x._data  # type: ignore[union-attr]


def accumulate_dot(node: Value) -> None:
    """∂z/∂wᵢ = xᵢ, ∂z/∂xᵢ = wᵢ, and 1 for a bias."""
    g, operands = node._grad, node._first
    n = len(operands) // 2
    for w, x in zip(operands[:n], operands[n : 2 * n], strict=True):
        w._grad += g * x._data
        x._grad += g * w._data
    if len(operands) % 2:
        operands[-1]._grad += g


def without_derivative(error: Exception, node: Value) -> Exception:
    """Return an error of the same class that names the node whose local derivative it is."""
    row: Any = node.operation
    refusal: Exception = row.refusal(error, node.operands)
    return type(refusal)(f"the derivative of {refusal}")


def derivatives(root: Value, targets: Sequence[Value]) -> list[Value | float]:
    """Return ∂root/∂target for each target, as graphs or plain numbers: the same sweep, with Values for adjoints.

    It visits only the nodes between the targets and the root. Factors of 1 and sums with 0 are left out. What a side of
    a `where` propagates is guarded by the condition, for the unchosen side may be infinite, or have no number at all.
    """
    order, _ = interior_nodes(root)
    between = set(targets)
    for node in order:
        if any([x in between for x in node.operands]):
            between.add(node)
    guards = Guards(order, between.difference(targets)) if choices(order) else None
    adjoints: dict[Value, Any] = {root: 1.0}
    for node in reversed(order):
        if node not in adjoints:
            continue
        row: Any = node.operation
        g, operands = adjoints[node], node.operands
        wanted = [x in between and not x.constant for x in operands]
        try:
            partials = [0.0, 1.0, 1.0] if row.chooses else row.local_derivatives(node, operands, wanted)
        except Refusal as error:
            if guards is None or node in guards.chosen:
                raise without_derivative(error, node) from None
            partials = without_numbers(node, wanted)
        for place, (x, p) in enumerate(zip(operands, partials, strict=True)):
            if wanted[place] and (p.__class__ is not float or p != 0.0):
                term = p if g.__class__ is float and g == 1.0 else g if p.__class__ is float and p == 1.0 else g * p
                if guards is not None:
                    term = guards.kept(node, place, term)
                adjoints[x] = adjoints[x] + term if x in adjoints else term
    return [adjoints.get(x, 0.0) for x in targets]


def without_numbers(node: Value, wanted: Sequence[bool]) -> list[Any]:
    """Return a node's local derivatives as graphs, where they have no number: each is NaN."""
    partials, symbols = as_formulas(node, wanted)
    stands_for = dict(zip(symbols, [node, *node.operands], strict=True))
    for inner in topological_order(*[p for p in partials if not isinstance(p, (int, float))]):
        if inner.operation is not None:
            inner.operands = tuple([stands_for.get(x, x) for x in inner.operands])
    return [p if isinstance(p, (int, float)) else stands_for.get(p, p) for p in partials]


# Leaves that changed after a graph was built --------------------------------------------------------------------------


def is_older(node: Value, operands: Sequence[Value]) -> bool:
    """Whether one of a node's operands may have changed after the node was computed."""
    time = node._time
    for x in operands:  # noqa: SIM110  (three times as fast as any() of a generator, and half the time of a list)
        if x._time > time:
            return True
    return False


def check_current(nodes: Iterable[Value]) -> None:
    """Raise RuntimeError where a node is not what its operands give now: a derivative would mix old and new numbers."""
    for node in nodes:
        operands = node.operands
        if is_older(node, operands):
            row: Any = node.operation
            try:
                data = row.compute(operands)
            except Refusal:
                data = None
            if data is None and math.isnan(node._data):  # refused then and now, on an unchosen side
                continue
            if repr(data) != repr(node._data):  # which tells −0.0 from 0.0, but not NaN from NaN
                raise row.out_of_date(node, data)


def refresh(root: Value, time: int) -> None:
    """Recompute every interior node below root; `time` is now. What only an unchosen side uses may have no number."""
    nodes: list[Value] = []
    visit(root, nodes, [], set())
    before = [(node._data, node._time) for node in nodes]
    try:
        refused: dict[Value, Exception] = {}
        for node in nodes:
            row: Any = node.operation
            try:
                node._data = row.compute(node.operands)
            except Refusal as error:
                node._data, refused[node] = math.nan, error
            node._time = time
        raise_chosen(refused, nodes, [root])
    except BaseException:
        for node, (data, earlier) in zip(nodes, before, strict=True):
            node._data, node._time = data, earlier
        raise
