"""What follows from a student's own numbers: each answer from the earlier ones, and the network that has these numbers.

Letters: x sender's activation, z net input, a activation, f activation function, C the loss, δ = ∂C/∂z or −∂C/∂z;
W[sender, receiver], b bias.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import TABLE, Operation, Value, softmax
from autograd.checking.parameters import LastStep, Use
from nn.losses import LOSSES
from nn.network import MLP
from nn.record import Record
from nn.validation import Floats
from viz.exercise.answers import Answers, mapped
from viz.exercise.exercises import Exercise

INVERSES: dict[str, Callable[[Floats], Floats]] = {  # of the activations; NaN or infinite outside their range
    "sigmoid": lambda a: np.log(a / (1.0 - a)),
    "tanh": np.arctanh,
    "relu": lambda a: np.where(a > 0.0, a, math.nan),
}


@np.errstate(all="ignore")
def own_answers(exercise: Exercise, answers: Answers) -> Answers:
    """Return what each answer would be, given the student's own earlier ones; NaN if one of these is blank."""
    mlp, y = exercise.record.mlp, np.array(exercise.target)
    f = TABLE[exercise.activation]
    sign = exercise.sign
    z, a, deltas = ([floats(layer) for layer in answers[name]] for name in ("z", "a", "deltas"))
    weights, senders = mlp.weights(), [floats([x.data for x in exercise.record.inputs]), *a[:-1]]
    biases = mlp.biases() or [np.zeros(len(layer)) for layer in z]
    if exercise.loss == "cross_entropy":
        outputs, output_delta = floats(softmax(z[-1].tolist())), sign * (a[-1] - y)
    else:
        outputs = f(z[-1])
        output_delta = sign * (2.0 if exercise.loss == "sse" else 1.0) * (a[-1] - y) * slope(f, z[-1], a[-1])
    hidden: list[Floats] = [slope(f, z[k], a[k]) * (weights[k + 1] @ deltas[k + 1]) for k in range(len(a) - 1)]
    return {
        "z": [x @ W + b for x, W, b in zip(senders, weights, biases, strict=True)],
        "a": [*map(f, z[:-1]), outputs],
        "deltas": [*hidden, output_delta],
        "gradients": [np.outer(x, delta) for x, delta in zip(senders, deltas, strict=True)],
        "bias_gradients": deltas,
        "updates": [-exercise.learning_rate * sign * floats(W) for W in answers["gradients"]],
    }


def slope(row: Operation, z: Floats, a: Floats) -> Floats:
    """Return the derivative of an activation as it is computed by hand, from a where the formula allows."""
    derivative: Floats = row.textbook(a, z) if row.textbook else row.local_derivatives(a, [z], [True])[0]
    return derivative


@np.errstate(all="ignore")
def own_record(exercise: Exercise, z: Sequence[Floats], a: Sequence[Floats]) -> tuple[Record, Value] | None:
    """Return the forward pass, and its loss, of the network that has a student's net inputs and activations.

    A bias shifts each net input to the student's. Where the activation does not follow from the net input, the net
    input is the one from which it would.

    Args:
        exercise: The exercise.
        z: The student's wrong net inputs, [layer][neuron]; NaN where the answer is right, follows or is blank.
        a: Likewise the activations.

    Returns:
        None where no net input gives the activation.
    """
    mlp = exercise.record.mlp
    weights, senders = mlp.weights(), np.array([x.data for x in exercise.record.inputs])
    own_biases = mlp.biases() or [np.zeros(W.shape[1]) for W in weights]
    biases = []
    for k, (W, b) in enumerate(zip(weights, own_biases, strict=True)):
        softmax_layer = exercise.loss == "cross_entropy" and k == len(weights) - 1
        free = senders @ W + b
        shifted = np.where(np.isnan(z[k]), free, z[k])
        if not np.isnan(a[k]).all():
            shifted = _shifted(exercise.activation, softmax_layer, shifted, a[k])
        if not np.isfinite(shifted).all():
            return None
        biases.append(b + (shifted - free))
        senders = floats(softmax(shifted.tolist())) if softmax_layer else TABLE[exercise.activation](shifted)
    output = "softmax" if exercise.loss == "cross_entropy" else exercise.activation
    own = MLP.from_weights(weights, biases, exercise.activation, output=output)
    record = own.forward([x.data for x in exercise.record.inputs])
    C = LOSSES[exercise.loss](record.output, exercise.target)
    C.backward()
    return record, C


@np.errstate(all="ignore")
def own_last_steps(exercise: Exercise, answers: Answers) -> dict[str, list[LastStep]]:
    """Return the step to the gradients of each layer, from a student's own numbers, or the right one for a blank."""
    right, mlp = exercise.answers(), exercise.record.mlp
    z, a, deltas = (
        [
            np.where(np.isnan(own := floats(layer)), floats(y), own)
            for layer, y in zip(answers[g], right[g], strict=True)
        ]
        for g in ("z", "a", "deltas")
    )
    inputs = floats([x.data for x in exercise.record.inputs])
    steps: dict[str, list[LastStep]] = {"gradients": [], "bias_gradients": []}
    for k, (W, d) in enumerate(zip(mlp.weights(), deltas, strict=True)):
        x, net_inputs = (a[k - 1], z[k - 1]) if k else (inputs, inputs)
        softmax_layer = exercise.loss == "cross_entropy" and k == len(z) - 1
        f_prime = [None] * len(d) if softmax_layer else slope(TABLE[exercise.activation], z[k], a[k]).tolist()
        weights = [
            [Use(x[i], d[j], W[i, j], net_inputs[i], a[k][j], f_prime[j])] for i in range(len(x)) for j in range(len(d))
        ]
        biases = [[Use(1.0, d[j], slope=f_prime[j], inputs=x.tolist(), multiplies=False)] for j in range(len(d))]
        place = str(k + 1)
        steps["gradients"].append(LastStep(place, np.outer(x, d).ravel().tolist(), weights, len(x), exercise.sign))
        steps["bias_gradients"].append(LastStep(place, d.tolist(), biases, 1, exercise.sign))
    return steps


def _shifted(activation: str, softmax_layer: bool, z: Floats, a: Floats) -> Floats:
    """Return the net inputs that give these activations, where they are not NaN."""
    if not softmax_layer:
        return np.where(np.isnan(a), z, INVERSES[activation](a))
    p = np.where(np.isnan(a), floats(softmax(z.tolist())), a)
    proper = (p > 0.0).all() and abs(p.sum() - 1.0) < 1e-3
    return np.log(p) if proper else np.full(len(p), math.nan)


def floats(numbers: Any) -> Floats:
    """Return answers as an array, with NaN for a blank."""
    return np.array(mapped(lambda x: math.nan if x is None else float(x), list(numbers)))
