"""The training step of Hansen, "Neural Networks from Scratch" (2022), which is not quite gradient descent.

It goes backwards and updates on the way: the output weights are updated first, and the hidden deltas are then
calculated with the updated weights, the old deltas of the receivers and the old activations. Gradient descent, and so
`train`, calculates every gradient first. The relative difference is of the order of the learning rate.

Letters: a activation, z net input, δ = −∂C/∂z as in Hansen (2022), η learning rate, i sender, j receiver.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from nn.network import MLP
from nn.record import Record
from nn.validation import Floats, numbers, real, vector


@dataclass(frozen=True)
class HandoutStep:
    """What `handout_step` did.

    Attributes:
        record: The forward pass before the step.
        deltas: −∂C/∂z, [layer][neuron].
        weight_changes: For each layer what was added to W[sender, receiver].
        bias_changes: For each layer what was added to the biases; empty without biases.
    """

    record: Record
    deltas: list[list[float]]
    weight_changes: list[Floats]
    bias_changes: list[Floats]


def handout_step(mlp: MLP, x: Any, target: Any, learning_rate: float) -> HandoutStep:
    """Take one training step on one example in the order of Hansen (2022), with the loss C = Σ (target − a)².

    The network may have any depth and any activation except softmax, whose derivative is a matrix.

    Args:
        mlp: The network, whose weights are updated.
        x: One number per input.
        target: One number per output; a plain number will do for one output.
        learning_rate: η, a positive number.

    Raises:
        ValueError: For arguments that do not fit.
        FloatingPointError: If a weight would no longer be finite; nothing is changed then.

    >>> mlp = MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]])
    >>> step = handout_step(mlp, [1, 3, 5], 1, learning_rate=0.01)
    >>> [round(float(W[0, 0]), 6) for W in mlp.weights()]
    [0.500072, 0.801309]
    """
    if mlp.layers[-1].softmax:
        raise ValueError("handout_step does not support softmax, whose derivative is a matrix; use train")
    if mlp.shares_weights:
        raise ValueError("handout_step updates layer after layer, which is impossible with a shared weight; use train")
    inputs = numbers(x, "x")
    targets = vector([target] if isinstance(target, Real) else target, "target", mlp.sizes[-1])
    eta = real(learning_rate, "learning_rate", "a positive number")
    record = mlp.forward(inputs.tolist())
    slopes = [
        [1.0 if a is z else a.partials()[0] for z, a in zip(zs, activations, strict=True)]
        for zs, activations in zip(record.net_inputs, record.activations, strict=True)
    ]
    step = HandoutStep(record, [], [], [])
    gradients = 2.0 * (targets - [a.data for a in record.output])  # −∂C/∂a of the output layer
    senders = [record.inputs, *record.activations[:-1]]
    W, b = mlp.weights(), mlp.biases()
    with np.errstate(all="ignore"):  # numbers that are not finite are reported below
        for k, (sending, slope) in reversed(list(enumerate(zip(senders, slopes, strict=True)))):
            deltas = gradients * slope
            changes = eta * np.outer([a.data for a in sending], deltas)
            W[k] = W[k] + changes
            gradients = W[k] @ deltas  # with the updated weights, as in Hansen (2022)
            step.deltas.insert(0, deltas.tolist())
            step.weight_changes.insert(0, changes)
            if b:
                step.bias_changes.insert(0, eta * deltas)
                b[k] = b[k] + eta * deltas
    if not all(np.isfinite(array).all() for array in (*W, *b)):
        raise FloatingPointError(f"a weight would not be finite with the learning rate {eta:g}; use a smaller one")
    mlp.set_weights(W, b or None)
    return step
