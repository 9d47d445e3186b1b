"""Copies and pickles of graphs, however deep: a graph travels as a flat list of nodes, its leaves as objects.

Because leaves are objects of their own, a leaf that two graphs share is still shared after
`pickle.loads(pickle.dumps((loss, w)))`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autograd.backward import topological_order

if TYPE_CHECKING:
    from autograd.row import Operation
    from autograd.value import Value


def rebuild_node(
    kind: type[Value], data: float, grad: float, name: str | None, operation: Operation | None, operands: Any
) -> Value:
    """Return a Value with the given fields."""
    node = kind.__new__(kind)
    node.data, node.grad, node.name, node.operation, node.operands = data, grad, name, operation, operands
    return node


def rebuild_graph(leaves: list[Value], records: list[tuple[Any, ...]]) -> Value:
    """Return the last of the recorded nodes; a record's operands are places among the leaves and the nodes before."""
    nodes = list(leaves)
    for kind, data, grad, name, operation, places in records:
        nodes.append(rebuild_node(kind, data, grad, name, operation, tuple([nodes[i] for i in places])))
    return nodes[-1]


def reduce(root: Value) -> tuple[Any, ...]:
    """Return what pickle needs: the function that rebuilds the graph below root, and its flat description."""
    if not root.operands:
        return rebuild_node, (type(root), root.data, root.grad, root.name, root.operation, ())
    order = topological_order(root)
    leaves = [node for node in order if not node.operands]
    inner = [node for node in order if node.operands]
    place = {node: i for i, node in enumerate(leaves + inner)}
    records = [
        (type(node), node.data, node.grad, node.name, node.operation, [place[x] for x in node.operands])
        for node in inner
    ]
    return rebuild_graph, (leaves, records)


def deep_copy(root: Value, memo: dict[int, Any]) -> Value:
    """Return a copy of the graph below root that shares nothing with it but what `memo` holds already."""
    stack = [root]
    while stack:  # and not topological_order: a list of nodes calls this for each, and must not walk all below each
        node = stack[-1]
        missing = [x for x in node.operands if id(x) not in memo]
        stack += missing
        if not missing:
            stack.pop()
            if id(node) not in memo:
                operands = tuple([memo[id(x)] for x in node.operands])
                memo[id(node)] = rebuild_node(type(node), node.data, node.grad, node.name, node.operation, operands)
    copy: Value = memo[id(root)]
    return copy


def operation_named(name: str) -> Operation:
    """Return the row of that name; raise LookupError where it is not in the table."""
    from autograd.operations import TABLE  # the table is made of Values' operations, so it is loaded after them

    if name not in TABLE:
        raise LookupError(f"the operation {name!r} is not in the table: register it with operation() before loading")
    return TABLE[name]
