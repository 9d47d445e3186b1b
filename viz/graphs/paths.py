"""The paths from the loss back to a weight, and the chain rule along them, with numbers.

Letters: w weight, x what it multiplies, z net input, a activation, C the loss, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viz.text.labels import in_formula, number, signed

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record

MAX_TERMS_LISTED = 6  # of a sum in a line


@dataclass(frozen=True)
class WeightPath:
    """A weight of a network, and its place: layer, sender and receiver, all counted from 0."""

    record: Record
    weight: Value
    layer: int
    sender: int
    receiver: int

    @classmethod
    def of(cls, record: Record, weight: Value) -> WeightPath:
        """Return the path of a weight; raise ValueError if the network has no such weight."""
        for k, layer in enumerate(record.mlp.layers):
            for j, neuron in enumerate(layer.neurons):
                for i, w in enumerate(neuron.weights):
                    if w is weight:
                        return cls(record, weight, k, i, j)
        raise ValueError(f"{weight!r:.80} is not a weight of the network; take one of mlp.layers[k].neurons[j].weights")

    def ends(self, column: int) -> set[int]:
        """Return the neuron of a column at which the weight begins or ends, if any; column 0 has the inputs."""
        ends = {self.layer: self.sender, self.layer + 1: self.receiver}
        return {ends[column]} if column in ends else set()

    def carries(self, layer: int, sender: int, receiver: int) -> bool:
        """Tell whether the gradient passes along an arrow: the weight's own, or any after its receiver."""
        if layer == self.layer:
            return (sender, receiver) == (self.sender, self.receiver)
        return layer > self.layer + 1 or (layer == self.layer + 1 and sender == self.receiver)

    def passes(self, column: int, neuron: int) -> bool:
        """Tell whether the gradient passes through a neuron, or is multiplied by its activation."""
        return column > self.layer + 1 or neuron in self.ends(column)

    def chain_rule(self, C: str) -> list[str]:
        """Return the chain rule for the weight, in three lines: its receiver's delta, its gradient, its step.

        Args:
            C: the name of the loss.
        """
        neuron = self.record.mlp.layers[self.layer].neurons[self.receiver]
        z, delta = neuron.z_name, neuron.z_name.replace("z", "δ")
        senders = self.record.activations[self.layer - 1] if self.layer else self.record.inputs
        x, g = senders[self.sender].data, self.record.net_inputs[self.layer][self.receiver].grad
        w, old = in_formula(self.weight.name or "w"), number(self.weight.data)
        change = f"{'−' if x * g > 0.0 else '+'} {number(abs(x * g))} η"
        return [
            f"{delta} = ∂{C}/∂{z}{self._factors(C, z, neuron.a_name)} = {signed(g)}",
            f"∂{C}/∂{w} = {delta} · ∂{z}/∂{w} = {number(g)} × {_factor(x)} = {signed(x * g)}",
            f"One step of gradient descent with learning rate η changes {w} from {old} to {old} {change}.",
        ]

    def _factors(self, C: str, z_name: str, a_name: str) -> str:
        """Return the delta's factors, in letters and in numbers.

        Nothing where their product is not the delta: in a softmax layer, whose neurons depend on one another, and
        after the weights have been updated.
        """
        z = self.record.net_inputs[self.layer][self.receiver]
        a = self.record.activations[self.layer][self.receiver]
        if self.layer + 1 == len(self.record.mlp.layers):
            total, letters, numbers = a.grad, f"∂{C}/∂{a_name}", number(a.grad)
        else:
            receivers = self.record.mlp.layers[self.layer + 1].neurons
            weights = [neuron.weights[self.receiver].data for neuron in receivers]
            deltas = [z.grad for z in self.record.net_inputs[self.layer + 1]]
            terms = [f"{_factor(w)} × {_factor(g)}" for w, g in zip(weights, deltas, strict=True)]
            total = math.fsum(w * g for w, g in zip(weights, deltas, strict=True))
            letters = "(Σ w · δ over the next layer)"
            numbers = " + ".join(terms[:MAX_TERMS_LISTED]) + (" + …" if len(terms) > MAX_TERMS_LISTED else "")
            numbers = f"({numbers})" if len(terms) > 1 else numbers
        slope = 1.0 if a is z else a.partials()[0]
        softmax = self.record.mlp.layers[self.layer].softmax
        if softmax or not math.isclose(total * slope, z.grad, rel_tol=1e-9):
            return ""
        if a is z:
            return f" = {letters} = {numbers}"
        return f" = {letters} · ∂{a_name}/∂{z_name} = {numbers} × {_factor(slope)}"


def _factor(x: float) -> str:
    return f"({number(x)})" if x < 0.0 else number(x)
