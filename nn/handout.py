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

from nn.data import numbers, vector
from nn.network import MLP
from nn.record import Record

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
    Raises ValueError for what does not fit, before anything is changed.

    >>> mlp = MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]])
    >>> step = handout_step(mlp, [1, 3, 5], 1, learning_rate=0.01)
    >>> [round(float(W[0, 0]), 6) for W in mlp.weights()]
    [0.500072, 0.801309]
    """
    if mlp.layers[-1].softmax:
        raise ValueError("handout_step has no softmax, whose derivative is a matrix; use train")
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
    for layer, sending, slope in reversed(list(zip(mlp.layers, senders, slopes, strict=True))):
        deltas = blame * slope
        changes = eta * np.outer([a.data for a in sending], deltas)
        for neuron, delta, change in zip(layer.neurons, deltas.tolist(), changes.T.tolist(), strict=True):
            for w, dw in zip(neuron.weights, change, strict=True):
                w.data += dw
            if neuron.bias is not None:
                neuron.bias.data += eta * delta
        blame = layer.weights() @ deltas  # with the weights as they are by now: the handout's order
        step.deltas.insert(0, deltas.tolist())
        step.weight_changes.insert(0, changes)
        if layer.neurons[0].bias is not None:
            step.bias_changes.insert(0, eta * deltas)
    return step
