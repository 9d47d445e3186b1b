"""The paths from the loss back to a weight, and the chain rule along them, with numbers.

Letters: w weight, x what it multiplies, z net input, a activation, C the loss, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from viz.graphs.lettering import Lettering, of_layer, without_layer
from viz.text.labels import number, signed

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record
    from viz.solutions.notations import Convention

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

    def chain_rule(self, letters: Lettering, numbers: bool) -> list[str]:
        """Return the chain rule for the weight, a line each: its receiver's delta, its gradient, and its step.

        Args:
            letters: The symbols, and the sign of a delta.
            numbers: Whether to write the numbers as well; without them there is no line for the step.
        """
        c = letters.convention
        assert c  # noqa: S101  (for the type checker)
        n, i, j = self.layer + 1, self.sender + 1, self.receiver + 1
        own = self.record.net_inputs[self.layer][self.receiver]
        z, delta, w = letters.called(own), c.delta(n, j).text, letters.called(self.weight)
        minus = "−" if c.sign < 0.0 else ""
        senders = self.record.activations[self.layer - 1] if self.layer else self.record.inputs
        x, g, old = senders[self.sender].data, c.sign * own.grad, number(self.weight.data)
        gradient = c.weight_gradient(n, i, j).text if letters.symbols else f"∂{letters.C}/∂{w}"
        first, second = [delta, f"{minus}∂{letters.C}/∂{z}"], [gradient, f"{delta} · ∂{z}/∂{w}"]
        if factors := self._factors(letters, c):
            first += factors if numbers else factors[:1]
        if not numbers:
            return [_equation(first), _equation(second)]
        step = f"{'−' if x * own.grad > 0.0 else '+'} {number(abs(x * g))} η"
        return [
            _equation([*first, signed(g)]),
            _equation([*second, f"{number(g)} × {_factor(x)}", signed(x * g)]),
            f"One step of gradient descent with learning rate η changes {w} from {old} to {old} {step}.",
        ]

    def _factors(self, letters: Lettering, c: Convention) -> list[str]:
        """Return the delta's factors, in letters and in numbers.

        None where their product is not the delta: in a softmax layer, whose neurons depend on one another, and after
        the weights have been updated.
        """
        n, j = self.layer + 1, self.receiver + 1
        z = self.record.net_inputs[self.layer][self.receiver]
        a = self.record.activations[self.layer][self.receiver]
        if n == len(self.record.mlp.layers):
            total = c.sign * a.grad
            symbols, product = c.activation_gradient(n, j).text, number(total)
        else:
            receivers = self.record.mlp.layers[n].neurons
            weights = [neuron.weights[self.receiver].data for neuron in receivers]
            deltas = [c.sign * z.grad for z in self.record.net_inputs[n]]
            terms = [f"{_factor(w)} × {_factor(g)}" for w, g in zip(weights, deltas, strict=True)]
            total = math.fsum(w * g for w, g in zip(weights, deltas, strict=True))
            w, delta = (without_layer(of_layer(x.text)) for x in (c.w(n + 1, 1, 1), c.delta(n + 1, 1)))
            symbols = f"(Σ {w} · {delta} over the next layer)"
            product = " + ".join(terms[:MAX_TERMS_LISTED]) + (" + …" if len(terms) > MAX_TERMS_LISTED else "")
            product = f"({product})" if len(terms) > 1 else product
        slope = 1.0 if a is z else a.partials()[0]
        softmax = self.record.mlp.layers[self.layer].softmax
        if softmax or not math.isclose(total * slope, c.sign * z.grad, rel_tol=1e-9):
            return []
        if a is z:
            return [symbols, product]
        return [f"{symbols} · ∂{letters.called(a)}/∂{letters.called(z)}", f"{product} × {_factor(slope)}"]


def _equation(sides: list[str]) -> str:
    return " = ".join(side for side, _ in groupby(sides))


def _factor(x: float) -> str:
    return f"({number(x)})" if x < 0.0 else number(x)
