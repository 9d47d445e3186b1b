"""The backward pass, one step per layer, with mistakes in it.

The backward pass goes from the output to the inputs: δ = f′(z) · ∂C/∂a at the output, and δⱼ = f′(zⱼ) · Σₖ W[j, k] δₖ
over the receivers k in a hidden layer. Every number comes from the record, and every derivative from the table of
operations.

Letters: z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z, g = ∂C/∂a, D = f′(z),
p probability, W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from autograd import Value, jacobian, softmax
from nn.checking.mistakes import (
    IN_THE_SUM,
    MEAN,
    SUM,
    UPDATED,
    Mistake,
    compatible,
)
from nn.validation import Floats

MIN_SHARE = 1e-300  # the least probability whose reciprocal is a float


@dataclass(frozen=True, eq=False)
class Way:
    """One way to make a mistake in a step.

    Attributes:
        mistake: The mistake.
        change: What the mistake makes of the part of the step that it changes; of ∂C/∂a, where it is the derivative.
            Not used for mistakes with a fitted number.
        detail: What a message adds to the mistake's name; "" if there is nothing to add.
        alone: Whether it is not sought together with another mistake in the same step.
    """

    mistake: Mistake
    change: Callable[[Floats], Floats] = lambda numbers: numbers
    detail: str = ""
    alone: bool = False


@dataclass(frozen=True)
class LayerStep:
    """One layer's step of the backward pass, with the record's numbers.

    Attributes:
        derivative: f′(z) of each neuron, or the matrix ∂aᵢ/∂zₖ of a softmax.
        activations: A of this layer.
        activation_gradients: ∂C/∂a of this layer.
        weights: [neuron, receiver]; None at the output.
        ways: The ways in which mistakes can be made in this step, in the order of `MISTAKES`.
    """

    derivative: Floats
    activations: Floats
    activation_gradients: Floats
    weights: Floats | None = None
    ways: Sequence[Way] = field(default=(), repr=False)

    @cached_property
    def share(self) -> dict[Way, float]:
        """The share of each way among all that are tried in this step, by Zipf's law; they add up to 1.

        The k-th most common of the possible mistakes has a share in proportion to 1/k, divided among its ways.
        """
        possible = list(dict.fromkeys(way.mistake for way in self.ways))
        total = sum(1.0 / k for k in range(1, len(possible) + 1))
        ways = [way.mistake for way in self.ways]
        return {way: 1.0 / ((possible.index(way.mistake) + 1) * total * ways.count(way.mistake)) for way in self.ways}

    @cached_property
    def choices(self) -> tuple[Sequence[tuple[Way, ...]], ...]:
        """What can be done wrong in this step: nothing, one mistake, or two together."""
        together = [way for way in self.ways if not way.alone]
        two = [(one, two) for one, two in combinations(together, 2) if compatible([one.mistake, two.mistake])]
        return [()], [(way,) for way in self.ways], two

    def deltas(self, receivers: Floats, ways: Sequence[Way] = (), n: int = 1, rate: float = 0.0) -> Floats:
        """Return this layer's deltas, calculated with mistakes.

        Args:
            receivers: The deltas of the layer that this one feeds; not used at the output.
            ways: What is done wrong, in the order of `MISTAKES`.
            n: The n of a mistake in 1/n.
            rate: The learning rate of weights that are used after their update.
        """
        changes: dict[str, list[Way]] = {}
        for way in ways:
            changes.setdefault(way.mistake.part, []).append(way)
        g = self.activation_gradients
        if self.weights is not None:
            W = self.weights
            weights = changes.get("weights", ())
            if any(way.mistake is UPDATED for way in weights):
                W = W - rate * np.outer(self.activations, receivers)
            for way in weights:
                W = way.change(W)
            for way in changes.get("receivers", ()):
                receivers = way.change(receivers)
            g = W @ receivers
            for way in changes.get("sum", ()):
                g = way.change(g)
        if "derivative" in changes:
            deltas = changes["derivative"][0].change(g)
        elif any(way.mistake is IN_THE_SUM for way in ways):
            deltas = g
        else:
            deltas = self.derivative @ g if self.derivative.ndim == 2 else self.derivative * g
        for way in changes.get("order", ()):
            deltas = way.change(deltas)
        for way in changes.get("factor", ()):
            factor = {MEAN: 1.0 / n, SUM: float(n)}.get(way.mistake)
            deltas = way.change(deltas) if factor is None else factor * deltas
        return deltas


def slope(z: Value, a: Value) -> float:
    """Return f′(z)."""
    return 1.0 if a is z or a.operation is None else a.partials()[0]


def output_step(
    step: LayerStep, z: Sequence[float], activations: Sequence[str], of_softmax: bool, deltas: Floats
) -> LayerStep:
    """Return the output's step, also where the loss takes the net inputs.

    `softmax_cross_entropy` becomes a softmax and the loss −log of the right class's probability; for any other loss
    ∂C/∂a is δ / f′(z).

    Args:
        step: The step with the activations' own gradients.
        z: The output's net inputs.
        activations: The names of its activation functions.
        of_softmax: Whether its activation is softmax.
        deltas: The engine's deltas.
    """
    logits = len(z) > 1 and {*activations} == {"identity"}
    if logits and not (of_softmax and step.activation_gradients.any()):
        p = np.array(softmax(z))
        right = np.eye(len(p))[np.argmin(deltas)]
        share = float(p @ right)
        scale = -deltas.min() / (1.0 - share) if MIN_SHARE < share < 1.0 else 0.0  # 1, or 1/n in a mean over n
        if scale and np.allclose(deltas, scale * (p - right), rtol=1e-9, atol=1e-12 * scale):
            return LayerStep(np.array(jacobian(softmax)(z)), p, -scale * right / share)
    elif not step.activation_gradients.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(step, activation_gradients=deltas / step.derivative)
    return step
