"""The chain rule: topological order, the reverse sweep, and derivatives that are graphs again.

A sweep visits every node after all that use it, and hands its adjoint g = ∂root/∂node on to the operands,
each times its local derivative. All traversals are loops: a graph may be a million nodes deep.

Letters: z a node's result, x an operand, g an adjoint, p a local derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
    from autograd.operations import add, dot, mul  # here, for the table is made of Values, and so loaded after this

    order = topological_order(root)
    before = [node.grad for node in order]
    try:
        for node in order:
            if node.operands:
                node.grad = 0.0
        root.grad += 1.0
        for node in reversed(order):
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


def without_derivative(error: Exception, node: Value) -> Exception:
    """Return an error of the same class that names the node whose local derivative it is."""
    row: Any = node.operation
    refusal: Exception = row.refusal(error, node.operands)
    return type(refusal)(f"the derivative of {refusal}")


def derivatives(root: Value, targets: Sequence[Value]) -> list[Value | float]:
    """Return ∂root/∂target for each target, as graphs or plain numbers: the same sweep, with Values for adjoints.

    It visits only the nodes between the targets and the root. Factors of 1 and sums with 0 are left out.
    """
    order = topological_order(root)
    between = set(targets)
    for node in order:
        if any([x in between for x in node.operands]):
            between.add(node)
    adjoints: dict[Value, Any] = {root: 1.0}
    for node in reversed(order):
        if node not in adjoints or not node.operands:
            continue
        row: Any = node.operation
        g = adjoints[node]
        wanted = [x in between and not x.constant for x in node.operands]
        try:
            partials = row.local_derivatives(node, node.operands, wanted)
        except (ArithmeticError, ValueError) as error:
            raise without_derivative(error, node) from None
        for x, p in zip(node.operands, partials, strict=True):
            if p.__class__ is not float or p != 0.0:
                term = p if g.__class__ is float and g == 1.0 else g if p.__class__ is float and p == 1.0 else g * p
                adjoints[x] = adjoints[x] + term if x in adjoints else term
    return [adjoints.get(x, 0.0) for x in targets]


def refresh(root: Value) -> None:
    """Recompute every interior node below root."""
    nodes = [node for node in topological_order(root) if node.operands]
    before = [node.data for node in nodes]
    try:
        for node in nodes:
            row: Any = node.operation
            node.data = row.compute(node.operands)
    except BaseException:
        for node, data in zip(nodes, before, strict=True):
            node.data = data
        raise
