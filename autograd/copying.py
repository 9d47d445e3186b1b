"""Copies and pickles of graphs, however deep: a graph travels as a flat list of nodes, its leaves as objects.

Because leaves are objects of their own, a leaf that two graphs share is still shared after
`pickle.loads(pickle.dumps((loss, w)))`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.backward import is_older, topological_order

if TYPE_CHECKING:
    from autograd.row import Operation
    from autograd.value import Value


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
    node.operation = operation
    node.operands = operands
    return node


def rebuild_graph(leaves: list[Value], records: list[tuple[Any, ...]]) -> Value:
    """Return the last of the recorded nodes; a record's operands are places among the leaves and the nodes before."""
    nodes = list(leaves)
    for kind, data, grad, name, operation, places, time in records:
        nodes.append(build(kind, data, grad, name, operation, tuple([nodes[i] for i in places]), time))
    return nodes[-1]


def reduce(root: Value) -> tuple[Any, ...]:
    """Return what pickle needs: the function that rebuilds the graph below root, and its flat description.

    Times are those of this process. Elsewhere all nodes are of the time 0, and those that may be out of date older.
    """
    if root.operation is None:
        return build, (type(root), root._data, root.grad, root.name)
    leaves: list[Value] = []
    inner: list[tuple[Value, tuple[Value, ...]]] = []
    for node in topological_order(root):
        if operands := node.operands:
            inner.append((node, operands))
        else:
            leaves.append(node)
    place = {node: i for i, node in enumerate([*leaves, *[node for node, _ in inner]])}
    records = [
        (
            type(node),
            node._data,
            node._grad,
            node.name,
            node.operation,
            [place[x] for x in operands],
            -1 if is_older(node, operands) else 0,
        )
        for node, operands in inner
    ]
    return rebuild_graph, (leaves, records)


def copy(node: Value, operands: tuple[Value, ...]) -> Value:
    """Return a copy of a node, on the given operands."""
    return build(type(node), node._data, node.grad, node.name, node.operation, operands, node._time)


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of the graph below root that shares nothing with it but what `memo` holds already."""
    stack = [root]
    while stack:  # and not topological_order: a list of nodes calls this for each, and must not walk all below each
        node = stack[-1]
        operands = node.operands
        missing = [x for x in operands if id(x) not in memo]
        stack += missing
        if not missing:
            stack.pop()
            if id(node) not in memo:
                memo[id(node)] = copy(node, tuple([memo[id(x)] for x in operands]))
    result: Value = memo[id(root)]
    return result
