"""A program of one row, recorded: its Python runs on symbols instead of floats, and every operation becomes a node.

What runs is the text of the scalar engine, loops and backward pass included, so there is no other derivation of
gradients. A node is batched if it depends on the inputs, and so differs from row to row; the others are computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from autograd.row import Operation

# Operations of many operands that the machine takes two by two, and what they are of two.
OF_TWO = {"sum": "add", "maximum": "maximum", "minimum": "minimum", "peak": "peak"} | {
    "norm": "hypot",
    "logsumexp": "logaddexp",
}
Number = Any  # a Node, or a float


class Node:
    """An operation and its operands; an input, a parameter and a constant have none, and a place or a number."""

    __slots__ = ("batched", "graph", "kind", "number", "operands", "place", "uses")

    def __init__(self, graph: Recording, kind: str, operands: tuple[Node, ...], batched: bool) -> None:
        self.graph, self.kind, self.operands, self.batched = graph, kind, operands, batched
        self.number = 0.0  # of a constant
        self.place = -1  # among the inputs or the parameters
        self.uses = 0

    def __add__(self, y: Number) -> Node:
        return self.graph.apply("add", self, y)

    def __radd__(self, x: Number) -> Node:
        return self.graph.apply("add", x, self)

    def __sub__(self, y: Number) -> Node:
        return self.graph.apply("sub", self, y)

    def __rsub__(self, x: Number) -> Node:
        return self.graph.apply("sub", x, self)

    def __mul__(self, y: Number) -> Node:
        return self.graph.apply("mul", self, y)

    def __rmul__(self, x: Number) -> Node:
        return self.graph.apply("mul", x, self)

    def __truediv__(self, y: Number) -> Node:
        return self.graph.apply("div", self, y)

    def __rtruediv__(self, x: Number) -> Node:
        return self.graph.apply("div", x, self)

    def __neg__(self) -> Node:
        return self.graph.apply("neg", self)


class Recording:
    """The nodes of one run, each after its operands, and the outputs."""

    def __init__(self, inputs: int, parameters: int) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, Node] = {}
        self.inputs = [self.leaf("input", k, True) for k in range(inputs)]
        self.parameters = [self.leaf("parameter", k, False) for k in range(parameters)]
        self.outputs: list[Node] = []

    def leaf(self, kind: str, place: int, batched: bool) -> Node:
        """Return the node of an input or of a parameter."""
        node = Node(self, kind, (), batched)
        node.place = place
        return node

    def node(self, x: Number) -> Node:
        """Return a node as it is, and of a float the node of that constant."""
        if x.__class__ is Node:
            return x
        key = repr(x)  # tells −0.0 from 0.0, and knows NaN
        if key not in self.constants:
            self.constants[key] = constant = Node(self, "constant", (), False)
            constant.number = float(x)
        return self.constants[key]

    def apply(self, kind: str, *operands: Number) -> Node:
        """Return the node of an operation, after what was recorded before."""
        nodes = tuple([x if x.__class__ is Node else self.node(x) for x in operands])
        node = Node(self, kind, nodes, any([x.batched for x in nodes]))
        self.nodes.append(node)
        return node

    def function(self, operation: Operation) -> Callable[..., Number]:
        """Return what the text calls for an operation: on floats alone it computes."""
        name = operation.name

        def record(*operands: Number) -> Number:
            if Node not in map(type, operands):
                return operation.function(*operands)
            if name in OF_TWO:
                first, *rest = operands if name != "norm" else (self.apply("abs", operands[0]), *operands[1:])
                for x in rest:
                    first = self.apply(OF_TWO[name], first, x)
                return first
            return self.apply(name, *operands)

        return record

    def count_uses(self) -> None:
        """Leave out what no output depends on, and count how often each node is read."""
        for x in self.outputs:
            x.uses += 1
        for node in reversed(self.nodes):
            if node.uses:
                for x in node.operands:
                    x.uses += 1
        self.nodes = [node for node in self.nodes if node.uses]


def recorded(
    code: CodeType, function: str, operations: dict[str, Operation], inputs: int, parameters: int
) -> Recording:
    """Return what a function of the program of one row records.

    Args:
        code: The program, compiled.
        function: "values", or "gradient", whose outputs are the loss and the derivatives.
        operations: Those that it calls, by the names that it has for them.
        inputs: How many there are.
        parameters: Likewise.
    """
    recording = Recording(inputs, parameters)
    names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
    names |= {name: recording.function(operation) for name, operation in operations.items()}
    exec(code, names)  # noqa: S102  (the text is this project's own)
    outputs: Sequence[Number] = names[function](recording.inputs, recording.parameters)
    if function == "gradient":
        outputs = [outputs[0], *outputs[1]]
    recording.outputs = [recording.node(x) for x in outputs]
    recording.count_uses()
    return recording
