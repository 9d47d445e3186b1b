"""Copies and pickles of graphs, however deep: a graph travels as a flat list of nodes, its leaves as objects.

Because leaves are objects of their own, a leaf that two graphs share is still shared after
`pickle.loads(pickle.dumps((loss, w)))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd.backward import is_older, topological_order, visit
from autograd.conversion import describe

if TYPE_CHECKING:
    from autograd.row import Operation
    from autograd.value import Value


# The variables of all transforms under way, in any thread.
variables_under_way: set[Value] = set()


def refuse_variables(x: Value, copied: Sequence[Value]) -> None:
    """Raise TypeError where a variable of a transform would be copied: the derivative with respect to it would be 0.

    Args:
        x: The Value that is copied.
        copied: The Values that are copied with it.
    """
    if not variables_under_way.isdisjoint(copied):
        raise TypeError(
            f"a copy of {describe(x)}, as deepcopy and pickle make it, would not depend on the variable that is being "
            "differentiated: use it as it is, and a pool of threads instead of one of processes"
        )


def build(
    kind: type[Value],
    data: float,
    grad: float,
    name: str | None,
    operation: Operation | None = None,
    operands: tuple[Value, ...] = (),
    time: int = 0,
) -> Value:
    """Return a Value with the given fields."""
    node = kind.__new__(kind)
    node._data, node._grad, node._time, node.name = data, grad, time, name
    node._first, node._second = in_slots(operation, operands)
    node.operation = operation
    return node


def in_slots(operation: Operation | None, operands: tuple[Value, ...]) -> tuple[Any, ...]:
    """Return what a node's two slots hold: one operand or two, each in its own, else the tuple of all in the first."""
    arity = operation.arity if operation else 0
    if arity == 2:
        return operands
    return operands[0] if arity == 1 else operands or None, None


def rebuild_graph(leaves: list[Value], records: list[tuple[Any, ...]]) -> Value:
    """Return the last of the recorded nodes; a record's operands are places among the leaves and the nodes before."""
    nodes = list(leaves)
    for kind, data, grad, name, operation, places, time in records:
        nodes.append(build(kind, data, grad, name, operation, tuple([nodes[i] for i in places]), time))
    return nodes[-1]


def copy(x: Value) -> Value:
    """Return a Value with the same fields, on the same operands."""
    refuse_variables(x, [x])
    return build(type(x), x._data, x.grad, x.name, x.operation, x.operands, x._time)


def reduce(root: Value) -> tuple[Any, ...]:
    """Return what pickle needs: the function that rebuilds the graph below root, and its flat description.

    Times are those of this process. Elsewhere all nodes are of the time 0, and those that may be out of date older.
    """
    refuse_variables(root, topological_order(root) if variables_under_way else [])
    if root.operation is None:
        return build, (type(root), root._data, root.grad, root.name)
    leaves: list[Value] = []
    inner: list[Value] = []
    current = visit(root, inner, leaves, set())
    place = {node: i for i, node in enumerate(leaves + inner)}
    records = []
    for node in inner:
        operands = node.operands
        time = 0 if current or not is_older(node, operands) else -1
        places = [place[x] for x in operands]
        records.append((type(node), node._data, node._grad, node.name, node.operation, places, time))
    return rebuild_graph, (leaves, records)


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of the graph below root that shares nothing with it but what `memo` holds already."""
    refuse_variables(root, topological_order(root) if variables_under_way else [])
    stack: list[Any] = [root]
    while stack:  # and not topological_order: a list of nodes calls this for each, and must not walk all below each
        node = stack.pop()
        if node is None:  # a mark: all operands of the node beneath it are copied
            operands, node = stack.pop(), stack.pop()
            copies = tuple([memo[id(x)] for x in operands])
            memo[id(node)] = build(type(node), node._data, node.grad, node.name, node.operation, copies, node._time)
        elif id(node) not in memo:
            operands = node.operands
            stack += (node, operands, None)
            stack += [x for x in operands if id(x) not in memo]
    result: Value = memo[id(root)]
    return result
