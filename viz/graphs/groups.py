"""What a drawing learns from the record of a forward pass: a Value's neuron and layer, and the role of a leaf."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from viz.graphs.lettering import DEFAULT, Lettering, NetInput

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record

SHARED = 0  # in place of a neuron's number: for what the neurons of a layer share


class Place(NamedTuple):
    """A layer and a neuron, both counted from 1; without a neuron, the whole layer."""

    layer: int
    neuron: int | None


class Grouping:
    """Which Values of a graph belong to which part of a network; without a record, none do.

    Attributes:
        inputs: Those of the network.
        place_of: The layer and neuron in which a Value was computed.
        role_of: What a leaf is: "input", "weight", "bias" or "target".
        lettering: What each Value is called.

    Raises:
        ValueError: If the record has none of the nodes, and where `Lettering` raises it.
    """

    def __init__(self, record: Record | None, nodes: Sequence[Value], convention: str = DEFAULT) -> None:
        self.lettering = Lettering(record, convention, nodes)
        self.layers = [] if record is None else record.mlp.layers
        self.inputs: dict[Value, None] = {} if record is None else dict.fromkeys(record.inputs)
        self.place_of = {} if record is None else places(record)
        self.role_of = {} if record is None else roles(record, nodes)
        if record is not None and self.place_of.keys().isdisjoint(nodes):
            raise ValueError("the record is of another graph: none of its Values is below the one to draw")

    def title(self, place: Place | None, results: Sequence[Value]) -> tuple[str, str]:
        """Return the name and the kind of a box that stands for several Values."""
        if place is None:
            return "inputs", f"{len(results)} values"
        layer = self.layers[place.layer - 1]
        if place.neuron is None:
            kind = layer.activation if isinstance(layer.activation, str) else "mixed activations"
            count = len(layer.neurons)
            return self.layer_title(place), f"{count} neuron{'s' if count > 1 else ''}, {kind}"
        if place.neuron == SHARED:
            return "softmax" if layer.softmax else "shared", self.layer_title(place)
        z, kind = results[-1], "net input" if layer.softmax else layer.neurons[place.neuron - 1].activation
        return self.lettering.title(z) or f"neuron {place.neuron}", kind

    def layer_title(self, place: Place) -> str:
        """Return a layer with its number, which is one more in a convention whose layer 1 is the input."""
        return f"layer {place.layer - 1 + self.lettering.first}"

    def net_inputs(self, key: Hashable, members: Sequence[Value]) -> list[NetInput]:
        """Return the net inputs of a box that stands for a neuron or a layer; in another convention, of any box."""
        folded = isinstance(key, Place) and key.neuron != SHARED
        if not folded and not self.lettering.symbols:
            return []
        known = self.lettering.net_inputs
        return [known[z] for z in members if z in known]


def places(record: Record) -> dict[Value, Place]:
    """Return where each Value of the network was computed; inputs, and what they are computed from, have no place."""
    found: dict[Value, Place] = {}
    layers = zip(record.net_inputs, record.activations, strict=True)
    for number, (net_inputs, activations) in enumerate(layers, 1):
        edge = {*record.inputs, *found}
        before = _claims(net_inputs, edge)
        after = _claims(activations, edge | before.keys())
        if any(len(neurons) > 1 for x, neurons in after.items() if x.operands):  # softmax: of the whole layer
            after = {x: [] for x in after}
        for x, neurons in (before | after).items():
            found[x] = Place(number, neurons[0] if len(neurons) == 1 else SHARED)
    return found


def _claims(results: Iterable[Value], edge: set[Value]) -> dict[Value, list[int]]:
    """Return each Value below the results, down to the edge, with the numbers of the results that depend on it."""
    claims: dict[Value, list[int]] = {}
    for number, result in enumerate(results, 1):
        seen: set[Value] = set()
        stack = [result]
        while stack:
            x = stack.pop()
            if x not in seen and x not in edge:
                seen.add(x)
                claims.setdefault(x, []).append(number)
                stack += x.operands
    return claims


def roles(record: Record, nodes: Iterable[Value]) -> dict[Value, str]:
    """Return the role of each leaf that the record knows.

    A target is a leaf that is an operand of the same operation as an output of the network, as t is in a − t.
    """
    outputs = set(record.output)
    beside = [x for z in nodes if not outputs.isdisjoint(z.operands) for x in z.operands]
    found = dict.fromkeys((x for x in beside if x.operation is None), "target")
    for neuron in (neuron for layer in record.mlp.layers for neuron in layer.neurons):
        found |= dict.fromkeys(neuron.weights, "weight")
        if neuron.bias is not None:
            found[neuron.bias] = "bias"
    found |= dict.fromkeys(record.inputs, "input")
    return found
