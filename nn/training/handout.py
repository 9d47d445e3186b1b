"""The handout's own training step, which is not quite gradient descent.

Document 000 walks backwards and updates as it goes: the output weights move first, and the hidden deltas are
then taken with the moved weights, the old deltas of the receivers and the old activations. Gradient descent,
and so `train`, takes every gradient first. The two differ by a share of the order of the learning rate.

Letters: a activation, z net input, δ = −∂C/∂z as the handout has it, η learning rate, i sender, j receiver.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.network import MLP
from nn.record import Record
from nn.validation import numbers, vector

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HandoutStep:
    """What `handout_step` did.

    record: the forward pass, from before the step. deltas: [layer][neuron], in the handout's sign.
    weight_changes: for each layer what was added to W[sender, receiver]. bias_changes: likewise, empty
    without biases.
    """

    record: Record
    deltas: list[list[float]]
    weight_changes: list[Array]
    bias_changes: list[Array]


def handout_step(mlp: MLP, x: Any, target: Any, learning_rate: float) -> HandoutStep:
    """Take one training step on one example in the order of document 000, with its loss C = Σ (target − a)².

    The network may be of any depth and any activation but softmax, whose derivative is a matrix.

    x: one number per input.
    target: one number per output; for one output the number alone will do.
    learning_rate: η.
    Raises ValueError for what does not fit, and FloatingPointError where a weight would no longer be finite; nothing
    is changed then.

    >>> mlp = MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]])
    >>> step = handout_step(mlp, [1, 3, 5], 1, learning_rate=0.01)
    >>> [round(float(W[0, 0]), 6) for W in mlp.weights()]
    [0.500072, 0.801309]
    """
    if mlp.layers[-1].softmax:
        raise ValueError("handout_step has no softmax, whose derivative is a matrix; use train")
    if mlp.shares_weights:
        raise ValueError(
            "handout_step moves layer after layer, which a weight shared between places rules out; use train"
        )
    inputs = numbers(x, "x")
    targets = vector([target] if isinstance(target, Real) else target, "target", mlp.sizes[-1])
    eta = float(numbers(learning_rate, "learning_rate"))
    record = mlp.forward(inputs.tolist())
    slopes = [
        [1.0 if a is z else a.partials()[0] for z, a in zip(zs, activations, strict=True)]
        for zs, activations in zip(record.net_inputs, record.activations, strict=True)
    ]
    step = HandoutStep(record, [], [], [])
    blame = 2.0 * (targets - [a.data for a in record.output])  # −∂C/∂a of the output layer
    senders = [record.inputs, *record.activations[:-1]]
    W, b = mlp.weights(), mlp.biases()
    with np.errstate(all="ignore"):  # what is not finite in the end is refused
        for k, (sending, slope) in reversed(list(enumerate(zip(senders, slopes, strict=True)))):
            deltas = blame * slope
            changes = eta * np.outer([a.data for a in sending], deltas)
            W[k] = W[k] + changes
            blame = W[k] @ deltas  # with the weights as they are by now: the handout's order
            step.deltas.insert(0, deltas.tolist())
            step.weight_changes.insert(0, changes)
            if b:
                step.bias_changes.insert(0, eta * deltas)
                b[k] = b[k] + eta * deltas
    if not all(np.isfinite(array).all() for array in (*W, *b)):
        raise FloatingPointError(f"a weight would no longer be finite at the learning rate {eta:g}; take a smaller one")
    mlp.set_weights(W, b or None)
    return step
