"""The known mistakes in derivations by hand, and the backward pass with mistakes in it.

The backward pass goes from the output to the inputs, one step per layer: δ = f′(z) · ∂C/∂a at the output, and
δⱼ = f′(zⱼ) · Σₖ W[j, k] δₖ over the receivers k in a hidden layer. A mistake changes one part of a step: a factor, the
derivative or the weights. Every number comes from the record, and every derivative from the table of operations.

Letters: z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z,
W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from autograd import Value, jacobian, softmax
from autograd.checking.diagnosis import WHICH_LOSS
from nn.modules import Layer
from nn.record import Record
from nn.validation import Floats


@dataclass(frozen=True, eq=False)
class Mistake:
    """A known mistake.

    Attributes:
        name: What the mistake is.
        part: The part of a step that it changes: "factor", "derivative" or "weights".
        remedy: How to correct it.
    """

    name: str
    part: str
    remedy: str

    def __repr__(self) -> str:
        return f"<mistake: {self.name}>"


# fmt: off
SIGN         = Mistake("opposite sign", "factor",
                       'check which sign you derived: the convention "gradient" is ∂C/∂z, "handout" is −∂C/∂z')
DOUBLE       = Mistake("factor 2", "factor",
                       f"{WHICH_LOSS}; or the 1/n of a mean over n = 2 is missing")
HALF         = Mistake("factor ½", "factor",
                       f"{WHICH_LOSS}; or a mean over n = 2 was taken instead of a sum")
MISSING      = Mistake("missing activation derivative", "derivative",
                       "multiply by f′(z)")
NET_INPUT    = Mistake("derivative taken of the net input instead of the activation", "derivative",
                       "a formula in terms of the activation, such as a(1 − a), takes a, not z")
ACTIVATION   = Mistake("derivative taken of the activation instead of the net input", "derivative",
                       "f′ takes the net input z, not the activation a = f(z)")
OFF_DIAGONAL = Mistake("softmax Jacobian's off-diagonal forgotten", "derivative",
                       "every output depends on every net input: ∂aᵢ/∂zₖ = −aᵢaₖ for i ≠ k; sum over all outputs")
TRANSPOSED   = Mistake("transposed weights", "weights",
                       "W[j][k] leads from sender j to receiver k: take neuron j's own row")
UPDATED      = Mistake("weights used after their update", "weights",
                       "calculate every delta with the weights from before the step, and update them afterwards")
SIBLINGS     = Mistake("sum taken over a node's siblings instead of its receivers", "weights",
                       "sum only over the weights that lead from the node, one for each node that it feeds")
MEAN         = Mistake("1/n", "factor",
                       "check which loss you derived: yours is a mean, the engine's is a sum")
SUM          = Mistake("1/n missing", "factor",
                       "check which loss you derived: yours is a sum, the engine's is a mean")
# fmt: on
MISTAKES = (SIGN, DOUBLE, HALF, MISSING, NET_INPUT, ACTIVATION, OFF_DIAGONAL, TRANSPOSED, UPDATED, SIBLINGS, MEAN, SUM)
"""All of them, in the order in which they are named if several give the same numbers: the most common first."""

NEVER_BOTH = [{DOUBLE, HALF}, {MEAN, SUM}, {DOUBLE, SUM}, {HALF, MEAN}]  # together they cancel, or are 1/n again


def compatible(mistakes: Collection[Mistake]) -> bool:
    """Return whether these mistakes can be made together in one step."""
    made = set(mistakes)
    derivatives = sum(mistake.part == "derivative" for mistake in mistakes)
    return len(made) == len(mistakes) and derivatives < 2 and not any(pair <= made for pair in NEVER_BOTH)


@dataclass(frozen=True)
class LayerStep:
    """One layer's step of the backward pass, with the record's numbers.

    Attributes:
        derivatives: The right derivative f′(z), by the key None, and the wrong one of each mistake in a derivative; a
            vector with an entry for each neuron, or the matrix of a softmax.
        activations: a of this layer.
        activation_gradients: ∂C/∂a of this layer.
        weights: [neuron, receiver]; None at the output.
    """

    derivatives: dict[Mistake | None, Floats]
    activations: Floats
    activation_gradients: Floats
    weights: Floats | None = None

    def mistakes(self) -> list[Mistake]:
        """Return the mistakes that can be made in this step."""
        parts = {"factor"} if self.weights is None else {"factor", "weights"}
        return [mistake for mistake in MISTAKES if mistake.part in parts or mistake in self.derivatives]

    def deltas(self, receivers: Floats, mistakes: Collection[Mistake] = (), n: int = 1, rate: float = 0.0) -> Floats:
        """Return this layer's deltas, calculated with mistakes.

        Args:
            receivers: The deltas of the layer that this one feeds; not used at the output.
            mistakes: What is done wrong.
            n: The n of a mistake in 1/n.
            rate: The learning rate of weights that are used after their update.
        """
        gradients = self.activation_gradients
        if self.weights is not None:
            W = self.weights
            if UPDATED in mistakes:
                W = W - rate * np.outer(self.activations, receivers)
            if TRANSPOSED in mistakes:  # the same numbers, read in the order of the receivers
                W = W.reshape(W.shape[::-1]).T
            gradients = W @ receivers
            if SIBLINGS in mistakes:
                gradients = np.full(len(W), gradients.sum())
        derivative = self.derivatives[next((mistake for mistake in mistakes if mistake.part == "derivative"), None)]
        deltas: Floats = derivative @ gradients if derivative.ndim == 2 else derivative * gradients
        for mistake, factor in ((SIGN, -1.0), (DOUBLE, 2.0), (HALF, 0.5), (MEAN, 1.0 / n), (SUM, float(n))):
            if mistake in mistakes:
                deltas = factor * deltas
        return deltas


def steps_of(record: Record) -> list[LayerStep] | None:
    """Return the step of every layer, after `backward()`.

    Returns None if the steps do not lead to the record's deltas: the weights have changed since, or the loss depends on
    more than the output.
    """
    steps = []
    layers, deltas = record.mlp.layers, [np.array(layer) for layer in record.deltas()]
    for i, (layer, zs, values) in enumerate(zip(layers, record.net_inputs, record.activations, strict=True)):
        weights = layers[i + 1].weights() if layer is not layers[-1] else None
        activations, gradients = np.array([[a.data, a.grad] for a in values]).T
        step = LayerStep(derivatives(layer, zs, values), activations, gradients, weights)
        if weights is None:
            step = output_step(step, layer, zs, deltas[i])
        right = step.deltas(np.zeros(0) if weights is None else deltas[i + 1])
        if not np.allclose(right, deltas[i], rtol=1e-9, atol=1e-12 * abs(deltas[i]).max()):
            return None
        steps.append(step)
    return steps


def output_step(step: LayerStep, layer: Layer, zs: Sequence[Value], deltas: Floats) -> LayerStep:
    """Return the output's step, also where the loss takes the net inputs.

    `softmax_cross_entropy` becomes a softmax and the loss −log of the right class's probability; for any other loss
    ∂C/∂a is δ / f′(z).

    Args:
        step: The step with the activations' own gradients.
        layer: The output layer.
        zs: Its net inputs.
        deltas: The engine's deltas.
    """
    logits = len(zs) > 1 and all(neuron.function is None for neuron in layer.neurons)
    if logits and not (layer.softmax and step.activation_gradients.any()):
        p = np.array(softmax([z.data for z in zs]))
        right = np.eye(len(p))[np.argmin(deltas)]
        share = float(p @ right)
        scale = -deltas.min() / (1.0 - share) if 0.0 < share < 1.0 else 0.0  # 1, or 1/n in a mean over n examples
        if scale and np.allclose(deltas, scale * (p - right), rtol=1e-9, atol=1e-12 * scale):
            return LayerStep(softmax_derivatives(zs), p, -scale * right / share)
    elif not step.activation_gradients.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(step, activation_gradients=deltas / step.derivatives[None])
    return step


def derivatives(layer: Layer, zs: Sequence[Value], activations: Sequence[Value]) -> dict[Mistake | None, Floats]:
    """Return a layer's derivatives ∂a/∂z: the right one, and the wrong one of each mistake."""
    if layer.softmax:
        return softmax_derivatives(zs)
    rows = [activation_derivatives(z, a) for z, a in zip(zs, activations, strict=True)]
    right, of_net_input, of_activation = np.array(rows).T
    return {None: right, MISSING: np.ones(len(rows)), NET_INPUT: of_net_input, ACTIVATION: of_activation}


def softmax_derivatives(zs: Sequence[Value]) -> dict[Mistake | None, Floats]:
    """Return the Jacobian ∂aᵢ/∂zₖ of a softmax, and the wrong one of each mistake."""
    J = np.array(jacobian(softmax)([z.data for z in zs]))
    return {None: J, MISSING: np.eye(len(J)), OFF_DIAGONAL: np.diag(np.diag(J))}


def activation_derivatives(z: Value, a: Value) -> tuple[float, float, float]:
    """Return f′(z), f′ by its formula in terms of the activation with z in place of a, and f′(a)."""
    if a is z or a.operation is None:
        return 1.0, 1.0, 1.0
    row, others = a.operation, [x.data for x in a.operands[1:]]

    def rule(net_input: float, activation: float | None = None) -> float:
        try:
            f = row.function(net_input, *others) if activation is None else activation
            if row.textbook:
                return float(row.textbook(f, net_input))
            return float(row.local_derivatives(f, [net_input, *others], [True] + [False] * len(others))[0])
        except (ArithmeticError, ValueError):  # outside the domain of f
            return math.nan

    return a.partials()[0], rule(z.data, activation=z.data), rule(a.data)
