"""Pass 1, trace: a recorded graph written down as plain numbers, without a Value left in it.

Every node gets a number: the inputs first, then the parameters, then the others in topological order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from autograd.backward import topological_order
from autograd.choices import raise_chosen
from autograd.conversion import Refusal, describe
from autograd.lifting.codegen.partials import check_rules
from autograd.operations import BUILT_IN
from autograd.row import Operation
from autograd.value import Constant, Value, new_value

Leaves = Literal["parameters", "inputs"]


@dataclass
class Trace:
    """A graph in numbers: node k is an input, a parameter, a constant (a float) or an operation on earlier nodes."""

    inputs: list[str]  # their names, or places
    parameters: list[str]
    nodes: list[float | tuple[Operation, tuple[int, ...]]]  # those after the inputs and the parameters
    outputs: list[int]
    names: dict[int, str]  # of nodes that have one
    leaves: list[int]  # the numbers of the inputs and parameters, in topological order
    named: bool  # whether an input has a name, so that names of columns are compared with those of the inputs

    def record(self, numbers: Iterable[float], compute: bool = True) -> tuple[list[Value], list[Value]]:
        """Record the graph anew on numbers for the inputs and the parameters; return these leaves, and the outputs.

        Without computing, every result is NaN, and nothing is refused.
        """
        leaves = [Value(x, name) for x, name in zip(numbers, [*self.inputs, *self.parameters], strict=True)]
        values = list(leaves)
        refused: dict[Value, Exception] = {}
        for node in self.nodes:
            if isinstance(node, float):
                values.append(Constant(node))
            else:
                operation, numbered = node
                operands = tuple([values[x] for x in numbered])
                try:
                    value = operation.record(operands) if compute else new_value(math.nan, operation, operands)
                except Refusal as error:  # it may be on a side that a `where` does not choose
                    value = new_value(math.nan, operation, operands)
                    refused[value] = error
                value.name = self.names.get(len(values))
                values.append(value)
        outputs = [values[x] for x in self.outputs]
        raise_chosen(refused, values, outputs)
        return leaves, outputs

    def content(self) -> tuple[Any, ...]:
        """Return what two traces have in common that make the same program."""
        nodes = [repr(x) if isinstance(x, float) else x for x in self.nodes]  # 0.0 is not −0.0, NaN is itself
        names = self.names.items()
        return tuple(self.inputs), tuple(self.parameters), tuple(nodes), tuple(self.outputs), tuple(names)

    def part(self, leaves: Leaves) -> slice:
        """Return which of the leaves are the inputs, or the parameters."""
        return slice(len(self.inputs)) if leaves == "inputs" else slice(len(self.inputs), None)

    def differentiated(self, wrt: Leaves) -> Trace:
        """Return the trace of the outputs, and after them of their derivatives with respect to inputs or parameters.

        Raises TypeError where the rules of a user's operation do not serve graphs.
        """
        leaves, outputs = self.record([math.nan] * (len(self.inputs) + len(self.parameters)), compute=False)
        moving = set(leaves[self.part(wrt)])
        for node in topological_order(*outputs):
            if not moving.isdisjoint(node.operands):
                moving.add(node)
                if node.operation and node.operation.name not in BUILT_IN:
                    check_rules(node.operation)
        derivatives = [derivative for output in outputs for derivative in output.derivatives(leaves[self.part(wrt)])]
        return trace([*outputs, *derivatives], leaves[self.part("inputs")], leaves[self.part("parameters")])


def trace(outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]) -> Trace:
    """Write the graph of the outputs down.

    Raises ValueError for a leaf that is neither declared nor a constant, and for a declared one that is not a leaf or
    is declared twice. An output may be a nameless leaf that nothing else uses, as is a derivative that is a number.
    """
    numbers: dict[Value, int] = {}
    for kind, declared in (("input", inputs), ("parameter", parameters)):
        if isinstance(declared, Value):
            raise TypeError(f"the {kind}s are the Value {describe(declared)}: give a list of them")
        for place, leaf in enumerate(declared):
            if not isinstance(leaf, Value) or leaf.operation is not None or leaf.constant:
                raise ValueError(
                    f"{kind} {place} is {describe(leaf)}: declare a leaf, a Value made from a plain number"
                )
            if leaf in numbers:
                raise ValueError(f"{kind} {place} ({describe(leaf)}) is declared twice: a leaf is one of them, once")
            numbers[leaf] = len(numbers)
    nodes: list[float | tuple[Operation, tuple[int, ...]]] = []
    names: dict[int, str] = {}
    leaves: list[int] = []
    number = len(numbers)  # of the next node
    order = topological_order(*outputs)
    bare = {output for output in outputs if output.operation is None and not output.name}
    if bare:
        bare -= {operand for node in order for operand in node.operands}
    for node in order:
        operation = node.operation
        if operation is not None:
            second = node._second
            if second is not None:  # two operands, as most nodes have: at once
                nodes.append((operation, (numbers[node._first], numbers[second])))
            else:
                nodes.append((operation, tuple([numbers[x] for x in node.operands])))
        elif node in numbers:
            leaves.append(numbers[node])
            continue
        elif node.constant or node in bare:
            nodes.append(node.data)
        else:
            raise ValueError(
                f"the leaf {describe(node)} is neither an input nor a parameter: declare it, or use a plain number"
            )
        numbers[node] = number
        if node.name:
            names[number] = node.name
        number += 1
    return Trace(
        [x.name or f"x{i}" for i, x in enumerate(inputs, 1)],
        [x.name or f"p{i}" for i, x in enumerate(parameters, 1)],
        nodes,
        [numbers[output] for output in outputs],
        names,
        leaves,
        any([x.name for x in inputs]),
    )
