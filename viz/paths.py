"""The way that a weight's gradient comes, from the loss back to the weight, and the chain rule along it.

Letters: w weight, z net input, a activation, C the loss, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viz.labels import number, signed

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record

LISTED = 6  # terms of a sum that a line lists


@dataclass(frozen=True)
class Path:
    """A weight of a network, and its place: layer, sender and receiver, all counted from 0."""

    record: Record
    weight: Value
    layer: int
    sender: int
    receiver: int

    @classmethod
    def of(cls, record: Record, weight: Value) -> Path:
        """Return the path of a weight; raise ValueError where the network has no such weight."""
        for k, layer in enumerate(record.mlp.layers):
            for j, neuron in enumerate(layer.neurons):
                for i, w in enumerate(neuron.weights):
                    if w is weight:
                        return cls(record, weight, k, i, j)
        raise ValueError(
            f"{weight!r:.80} is not a weight of the network; take one of mlp.layers[k].neurons[j].weights"
        )

    def neurons(self, column: int) -> set[int]:
        """Return the ends of the weight that stand in a column."""
        return {
            neuron
            for k, neuron in ((self.layer, self.sender), (self.layer + 1, self.receiver))
            if k == column
        }

    def carries(self, layer: int, sender: int, receiver: int) -> bool:
        """Tell whether the gradient comes by this arrow: by the weight's own, or by one behind its receiver."""
        if layer == self.layer:
            return (sender, receiver) == (self.sender, self.receiver)
        return layer > self.layer + 1 or (layer == self.layer + 1 and sender == self.receiver)

    def passes(self, column: int, neuron: int) -> bool:
        """Tell whether the gradient comes through this neuron."""
        return column > self.layer + 1 or neuron in self.neurons(column)

    def chain_rule(self, C: str) -> list[str]:
        """Return the chain rule for the weight, from the delta of its receiver on, with numbers.

        C: the name of the loss. Where the numbers of the record do not multiply to its delta, because the
        weights have moved since, or since the neurons of a softmax layer depend on one another, only the delta stands.
        """
        layer = self.record.mlp.layers[self.layer]
        z = self.record.net_inputs[self.layer][self.receiver]
        a = self.record.activations[self.layer][self.receiver]
        x = (self.record.inputs if self.layer == 0 else self.record.activations[self.layer - 1])[self.sender]
        neuron = layer.neurons[self.receiver]
        w, letter, delta = self.weight, neuron.z_name, neuron.z_name.replace("z", "δ")
        gradient = x.data * z.grad
        step = f"{number(w.data)} {'−' if gradient > 0 else '+'} {number(abs(gradient))} η"
        return [
            f"{delta} = ∂{C}/∂{letter}{self._factors(C, neuron.a_name, letter, z, a)} = {signed(z.grad)}",
            f"∂{C}/∂{w.name} = {delta} · ∂{letter}/∂{w.name} = {number(z.grad)} × {_factor(x.data)} = {signed(gradient)}",
            f"A step of gradient descent with the learning rate η moves {w.name} from {number(w.data)} to {step}.",
        ]

    def _factors(self, C: str, name: str, letter: str, z: Value, a: Value) -> str:
        """Return δ's product, once in letters and once in numbers; nothing where it does not come out."""
        slope = 1.0 if a is z else a.partials()[0]
        if self.layer + 1 == len(self.record.mlp.layers):
            total, letters, numbers = a.grad, f"∂{C}/∂{name}", number(a.grad)
        else:
            receivers = self.record.mlp.layers[self.layer + 1].neurons
            terms = [
                (neuron.weights[self.receiver], below.grad)
                for neuron, below in zip(receivers, self.record.net_inputs[self.layer + 1], strict=True)
            ]
            total = math.fsum(w.data * delta for w, delta in terms)
            numbers = " + ".join(f"{_factor(w.data)} × {_factor(delta)}" for w, delta in terms[:LISTED])
            numbers += " + …" if len(terms) > LISTED else ""
            letters = "(Σ w · δ over its receivers)"
            numbers = f"({numbers})" if len(terms) > 1 else numbers
        if not math.isclose(total * slope, z.grad, rel_tol=1e-9):
            return ""
        if a is z:
            return f" = {letters} = {numbers}"
        return f" = {letters} · ∂{name}/∂{letter} = {numbers} × {_factor(slope)}"


def _factor(x: float) -> str:
    return f"({number(x)})" if x < 0.0 else number(x)
