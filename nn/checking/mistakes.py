"""The known slips of a derivation by hand, and the backward pass with slips in it.

A backward pass goes from the output to the inputs, one step per layer: at the output δ = f′(z) · ∂C/∂a, before it
δⱼ = f′(zⱼ) · Σₖ W[j, k] δₖ over the receivers k. A slip changes one part of a step: its factor, its derivative
or its weights. Every number comes from the record, every derivative from the rows of the table of operations.

Letters: z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z,
W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from autograd import Value, jacobian, softmax
from nn.modules import Layer
from nn.record import Record

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slip:
    """One known slip: its name, the part of a step that it changes, and how to mend it."""

    name: str
    part: str  #: "factor", "derivative" or "weights"
    remedy: str

    def __repr__(self) -> str:
        return f"<slip: {self.name}>"


LOSSES = "look which loss you derived: Σ(a − y)² has 2(a − y), ½Σ(a − y)² has a − y"

# fmt: off
SIGN         = Slip("opposite sign",                         "factor",
                    'look which sign you derived: the convention "gradient" is ∂C/∂z, "handout" is −∂C/∂z')
DOUBLE       = Slip("factor 2",                              "factor", f"{LOSSES}; or a mean over n = 2 lacks its 1/n")
HALF         = Slip("factor ½",                              "factor", f"{LOSSES}; or it is 1/n with n = 2")
MISSING      = Slip("missing activation derivative",         "derivative", "multiply by f′(z)")
NET_INPUT    = Slip("derivative taken of the net input instead of the activation", "derivative",
                    "a rule in terms of the activation, such as a(1 − a), takes a and not z")
ACTIVATION   = Slip("derivative taken of the activation instead of the net input", "derivative",
                    "f′ takes the net input z, not the activation a = f(z)")
OFF_DIAGONAL = Slip("softmax Jacobian's off-diagonal forgotten", "derivative",
                    "every output depends on every net input: ∂aᵢ/∂zₖ = −aᵢaₖ for i ≠ k; sum over all outputs")
TRANSPOSED   = Slip("transposed weights",                    "weights",
                    "W[j][k] leads from sender j to receiver k: take neuron j's own row")
UPDATED      = Slip("weights used after their update",       "weights",
                    "take every delta with the weights from before the step, and update after")
SIBLINGS     = Slip("sum taken over a node's siblings instead of its receivers", "weights",
                    "a node's sum has the weights that lead from it, one for each node that it feeds, and no others")
MEAN         = Slip("1/n",                                   "factor",
                    "look which loss you derived: yours is a mean, and the engine's a sum")
SUM          = Slip("1/n missing",                           "factor",
                    "look which loss you derived: yours is a sum, and the engine's a mean")
# fmt: on
SLIPS = (SIGN, DOUBLE, HALF, MISSING, NET_INPUT, ACTIVATION, OFF_DIAGONAL, TRANSPOSED, UPDATED, SIBLINGS, MEAN, SUM)
"""All of them; of two with the same numbers, the one that a student more likely made comes first."""

NEVER_BOTH = [{DOUBLE, HALF}, {MEAN, SUM}, {DOUBLE, SUM}, {HALF, MEAN}]  # together they are nothing, or 1/n again


def compatible(slips: Collection[Slip]) -> bool:
    """Return whether these slips can all be made in one step."""
    made = set(slips)
    derivatives = sum(slip.part == "derivative" for slip in slips)
    return len(made) == len(slips) and derivatives < 2 and not any(pair <= made for pair in NEVER_BOTH)


@dataclass(frozen=True)
class Step:
    """One layer's step of the backward pass, as the record holds it.

    derivatives: f′(z) for None, and for each slip that has another; a vector, or the softmax's matrix.
    activations: a, of this layer. blame: ∂C/∂a. weights: [neuron, receiver], None at the output.
    """

    derivatives: dict[Slip | None, Array]
    activations: Array
    blame: Array
    weights: Array | None = None

    def slips(self) -> list[Slip]:
        """Return the slips that can be made in this step."""
        parts = {"factor"} if self.weights is None else {"factor", "weights"}
        return [slip for slip in SLIPS if slip.part in parts or slip in self.derivatives]

    def deltas(self, receivers: Array, slips: Collection[Slip] = (), n: int = 1, rate: float = 0.0) -> Array:
        """Return this layer's deltas from those of its receivers, with slips.

        n: of 1/n. rate: the learning rate of weights that are used after their update.
        """
        blame = self.blame
        if self.weights is not None:
            W = self.weights
            if UPDATED in slips:
                W = W - rate * np.outer(self.activations, receivers)
            if TRANSPOSED in slips:  # the same numbers, read receiver by receiver
                W = W.reshape(W.shape[::-1]).T
            blame = W @ receivers
            if SIBLINGS in slips:
                blame = np.full(len(W), blame.sum())
        derivative = self.derivatives[next((slip for slip in slips if slip.part == "derivative"), None)]
        deltas: Array = derivative @ blame if derivative.ndim == 2 else derivative * blame
        for slip, factor in ((SIGN, -1.0), (DOUBLE, 2.0), (HALF, 0.5), (MEAN, 1.0 / n), (SUM, float(n))):
            if slip in slips:
                deltas = factor * deltas
        return deltas


def steps_of(record: Record) -> list[Step] | None:
    """Return the step of every layer, after `backward()`.

    None where they do not lead to the record's deltas: the weights have changed since, or the loss reads more
    than the output.
    """
    steps = []
    layers, deltas = record.mlp.layers, [np.array(layer) for layer in record.deltas()]
    for i, (layer, zs, values) in enumerate(zip(layers, record.net_inputs, record.activations, strict=True)):
        weights = layers[i + 1].weights() if layer is not layers[-1] else None
        activations, blame = np.array([[a.data, a.grad] for a in values]).T
        step = Step(derivatives(layer, zs, values), activations, blame, weights)
        if weights is None:
            step = of_net_inputs(step, layer, zs, deltas[i])
        right = step.deltas(np.zeros(0) if weights is None else deltas[i + 1])
        if not np.allclose(right, deltas[i], rtol=1e-9, atol=1e-12 * abs(deltas[i]).max()):
            return None
        steps.append(step)
    return steps


def of_net_inputs(step: Step, layer: Layer, zs: Sequence[Value], deltas: Array) -> Step:
    """Return the output's step, also where the loss takes net inputs, such as `softmax_cross_entropy`.

    That one is a softmax, and −log of the right class as a loss; elsewhere ∂C/∂a is then δ / f′(z).
    """
    logits = len(zs) > 1 and all(neuron.function is None for neuron in layer.neurons)
    if logits and not (layer.softmax and step.blame.any()):
        p = np.array(softmax([z.data for z in zs]))
        right = np.eye(len(p))[np.argmin(deltas)]
        share = float(p @ right)
        scale = -deltas.min() / (1.0 - share) if 0.0 < share < 1.0 else 0.0  # 1, or 1/n in a mean over n examples
        if scale and np.allclose(deltas, scale * (p - right), rtol=1e-9, atol=1e-12 * scale):
            return Step(of_softmax(zs), p, -scale * right / share)
    elif not step.blame.any():
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(step, blame=deltas / step.derivatives[None])
    return step


def derivatives(layer: Layer, zs: Sequence[Value], activations: Sequence[Value]) -> dict[Slip | None, Array]:
    """Return a layer's derivatives ∂a/∂z: the right ones, and those of each slip."""
    if layer.softmax:
        return of_softmax(zs)
    rows = [slopes(z, a) for z, a in zip(zs, activations, strict=True)]
    right, of_net_input, of_activation = np.array(rows).T
    return {None: right, MISSING: np.ones(len(rows)), NET_INPUT: of_net_input, ACTIVATION: of_activation}


def of_softmax(zs: Sequence[Value]) -> dict[Slip | None, Array]:
    """Return the softmax's Jacobian ∂aᵢ/∂zₖ, and those of each slip."""
    J = np.array(jacobian(softmax)([z.data for z in zs]))
    return {None: J, MISSING: np.eye(len(J)), OFF_DIAGONAL: np.diag(np.diag(J))}


def slopes(z: Value, a: Value) -> tuple[float, float, float]:
    """Return f′(z), then the row's rule with z where it wants the activation, then f′(a)."""
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
