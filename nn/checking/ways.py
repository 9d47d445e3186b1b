"""The ways in which each known mistake can be made in each step of a backward pass.

Letters: z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z, g = ∂C/∂a, D = f′(z),
J Jacobian and p probability of a softmax, W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from autograd import Value, jacobian, sigmoid, softmax
from nn.checking import mistakes as known
from nn.checking.mistakes import MISTAKES
from nn.checking.steps import LayerStep, Way, output_step, slope
from nn.record import Record
from nn.validation import Floats

LEAKY_SLOPES = (0.01, 0.1, 0.2, 0.3)
MAX_WAYS_IN_NEURONS = 60  # of one mistake in single neurons or pairs of them; in larger layers these are not sought


def steps_of(record: Record) -> list[LayerStep] | None:
    """Return the step of every layer, after `backward()`.

    Returns None if the steps do not lead to the record's deltas: the weights have changed since, or the loss depends on
    more than the output.
    """
    layers, deltas = record.mlp.layers, [np.array(layer) for layer in record.deltas()]
    steps = []
    for i, (layer, zs, values) in enumerate(zip(layers, record.net_inputs, record.activations, strict=True)):
        weights = layers[i + 1].weights() if layer is not layers[-1] else None
        activations, gradients = np.array([[a.data, a.grad] for a in values]).T
        z = [z.data for z in zs]
        derivative = np.array(jacobian(softmax)(z)) if layer.softmax else np.array(list(map(slope, zs, values)))
        step = LayerStep(derivative, activations, gradients, weights)
        if weights is None:
            step = output_step(step, z, [neuron.activation for neuron in layer.neurons], layer.softmax, deltas[i])
        right = step.deltas(np.zeros(0) if weights is None else deltas[i + 1])
        if not np.allclose(right, deltas[i], rtol=1e-9, atol=1e-12 * abs(deltas[i]).max()):
            return None
        steps.append(step)
    return [replace(step, ways=sorted_ways(record, steps, i, deltas)) for i, step in enumerate(steps)]


def sorted_ways(record: Record, steps: Sequence[LayerStep], i: int, deltas: Sequence[Floats]) -> list[Way]:
    """Return the ways to make a mistake in the step of layer i, in the order of `MISTAKES`."""
    step = steps[i]
    ways = [
        Way(known.SIGN, lambda x: -x), Way(known.DOUBLE, lambda x: 2.0 * x), Way(known.HALF, lambda x: 0.5 * x),
        Way(known.MEAN), Way(known.SUM),
    ]  # fmt: skip
    if len(deltas[i]) * (len(deltas[i]) - 1) // 2 <= MAX_WAYS_IN_NEURONS:
        ways += [Way(known.SWAPPED, exchange(j, k), f"{j + 1} and {k + 1}", True) for j, k in pairs(len(deltas[i]))]
    if step.weights is None:
        ways += class_ways(step, deltas[i]) if step.derivative.ndim == 2 else []
    else:
        ways += weight_ways(step.weights)
    if step.weights is not None and i == len(steps) - 2:
        ways += error_ways(steps[-1])
    if step.derivative.ndim == 1:
        zs, values = record.net_inputs[i], record.activations[i]
        ways += [*formula_ways(zs, values, step, deltas[i]), *function_ways(values, step)]
        ways += [*mask_ways(values, step), *layer_ways(steps, i)]
    return sorted(ways, key=lambda way: MISTAKES.index(way.mistake))


def times(derivative: Floats) -> Callable[[Floats], Floats]:
    """Return the change that takes this in place of the derivative."""
    return lambda g: derivative @ g if derivative.ndim == 2 else derivative * g


def pairs(count: int) -> Iterator[tuple[int, int]]:
    """Yield every pair of places."""
    return combinations(range(count), 2)


def exchange(j: int, k: int, axis: int = 0) -> Callable[[Floats], Floats]:
    """Return the change that exchanges two entries, rows or columns."""

    def change(numbers: Floats) -> Floats:
        places = np.arange(numbers.shape[axis])
        places[[j, k]] = k, j
        return np.take(numbers, places, axis)

    return change


def put(places: tuple[slice | int, slice | int], number: float) -> Callable[[Floats], Floats]:
    """Return the change that puts a number into some places of the weights."""

    def change(W: Floats) -> Floats:
        W = W.copy()
        W[places] = number
        return W

    return change


def weight_ways(W: Floats) -> Iterator[Way]:
    """Yield the ways to take wrong weights, or a wrong sum."""
    senders, receivers = W.shape
    yield Way(known.TRANSPOSED, lambda W: W.reshape(W.shape[::-1]).T)  # the same numbers, in the order of the receivers
    yield Way(known.UPDATED)
    yield Way(known.SIBLINGS, lambda g: np.full(len(g), g.sum()))
    yield Way(known.FORGOTTEN_WEIGHT, np.ones_like)
    every = slice(None)
    for mistake, number in ((known.FORGOTTEN_WEIGHT, 1.0), (known.FORGOTTEN_TERM, 0.0)):
        for k in range(receivers):
            if 1 < receivers <= MAX_WAYS_IN_NEURONS:
                yield Way(mistake, put((every, k), number), f"of receiver {k + 1}", True)
            for j in range(senders if W.size <= MAX_WAYS_IN_NEURONS else 0):
                yield Way(mistake, put((j, k), number), f"from neuron {j + 1} to receiver {k + 1}", True)
    for axis, what, count in ((0, "senders", senders), (1, "receivers", receivers)):
        if count * (count - 1) // 2 <= MAX_WAYS_IN_NEURONS:
            for j, k in pairs(count):
                yield Way(known.SWAPPED_WEIGHTS, exchange(j, k, axis), f"{what} {j + 1} and {k + 1}", True)


def error_ways(output: LayerStep) -> Iterator[Way]:
    """Yield the ways to take the output's errors in place of its deltas: ∂C/∂a is a − y, times a factor of the loss.

    The factor is 1 for half the sum of squares, 2 for their sum, and 2/k for their mean over k outputs; 1/k for
    Huber's loss of small errors.
    """
    k, g = len(output.activations), output.activation_gradients
    for factor in dict.fromkeys((1.0, 0.5, k / 2.0, float(k))):
        yield Way(known.RAW_ERRORS, lambda receivers, factor=factor: factor * g)  # type: ignore[misc]


def class_ways(step: LayerStep, deltas: Floats) -> list[Way]:
    """Return the ways to get the deltas of a softmax wrong; after cross-entropy they are p − 1 or p, times a scale."""
    J, p, g = step.derivative, step.activations, step.activation_gradients
    ways = [Way(known.MISSING, lambda g: g), Way(known.OFF_DIAGONAL, times(np.diag(np.diag(J))))]
    if np.count_nonzero(g) == 1:  # the loss takes the right class's probability alone
        right = int(np.argmax(g != 0.0))
        scale = -float(g[right]) * float(p[right])
        ways += [Way(known.CANCELLED, lambda g: deltas * p * (1.0 - p)), Way(known.NO_TARGET, lambda g: scale * p)]
        ways += [
            Way(known.OTHER_CLASS, lambda g, c=c: scale * (p - np.eye(len(p))[c]), f"{c + 1}", True)  # type: ignore[misc]
            for c in range(len(p))
            if c != right
        ]
    return ways


def formula_ways(zs: Sequence[Value], values: Sequence[Value], step: LayerStep, deltas: Floats) -> Iterator[Way]:
    """Yield the ways to leave f′ out, to take it of the wrong number, or to take it twice."""
    wrong = np.array([other_derivatives(z, a) for z, a in zip(zs, values, strict=True)])
    D = step.derivative
    yield Way(known.MISSING, lambda g: g)
    yield from (Way(known.NET_INPUT, times(wrong[:, 0])), Way(known.ACTIVATION, times(wrong[:, 1])))
    z = [z.data for z in zs]
    p = step.activations if names(values) == {"sigmoid"} else np.array(list(map(sigmoid, z)))
    if step.weights is None and (names(values) == {"sigmoid"} or values == zs):
        targets = p - len(z) * deltas  # of a binary cross-entropy, the mean over the outputs
        if (np.minimum(abs(targets), abs(targets - 1.0)) < 1e-9).all():
            yield Way(known.CANCELLED, lambda g: deltas * p * (1.0 - p))
            return
    yield Way(known.TWICE, times(D * D))


def names(values: Sequence[Value]) -> set[str]:
    """Return the names of the activation functions of a layer."""
    return {a.operation.name if a.operation else "" for a in values}


def other_derivatives(z: Value, a: Value) -> tuple[float, float]:
    """Return f′ by its formula in terms of the activation with z in place of a, and f′(a)."""
    if a is z or a.operation is None:
        return 1.0, 1.0
    row, others = a.operation, [x.data for x in a.operands[1:]]

    def rule(net_input: float, activation: float | None = None) -> float:
        try:
            f = row.function(net_input, *others) if activation is None else activation
            if row.textbook:
                return float(row.textbook(f, net_input))
            return float(row.local_derivatives(f, [net_input, *others], [True] + [False] * len(others))[0])
        except (ArithmeticError, ValueError):  # outside the domain of f
            return math.nan

    return rule(z.data, activation=z.data), rule(a.data)


def function_ways(values: Sequence[Value], step: LayerStep) -> Iterator[Way]:
    """Yield the ways to take the derivative of another function, or a part of the derivative."""
    a, own = step.activations, names(values)
    if "sigmoid" not in own:
        yield Way(known.OTHER_FUNCTION, times(a * (1.0 - a)), "the sigmoid's a(1 − a)")
    if "tanh" not in own:
        yield Way(known.OTHER_FUNCTION, times(1.0 - a * a), "1 − a² of tanh")
    if "relu" not in own and not (a > 0.0).all():
        yield Way(known.OTHER_FUNCTION, times(np.where(a > 0.0, 1.0, 0.0)), "1 or 0, as of ReLU")
    if own == {"sigmoid"}:
        yield Way(known.INCOMPLETE, times(a), "a instead of a(1 − a)")
    if own in ({"sigmoid"}, {"tanh"}):
        whole = "a(1 − a)" if own == {"sigmoid"} else "1 − a²"
        yield Way(known.INCOMPLETE, times(1.0 - a), f"1 − a instead of {whole}")
    if own == {"tanh"}:
        yield Way(known.INCOMPLETE, times(a * a), "a² instead of 1 − a²")


def mask_ways(values: Sequence[Value], step: LayerStep) -> Iterator[Way]:
    """Yield the ways to get the mask of a ReLU, plain or leaky, wrong."""
    D = step.derivative
    if names(values) not in ({"relu"}, {"leaky_relu"}):
        return
    low = 0.0 if names(values) == {"relu"} else float(values[0].operands[-1].data)
    yield Way(known.INVERTED_MASK, times(1.0 + low - D))
    yield Way(known.GRADIENT_MASK, lambda g: np.where(g > 0.0, g, low * g))
    for leak in LEAKY_SLOPES if not low else ():
        yield Way(known.LEAKY, times(np.where(D > 0.0, 1.0, leak)), f"{leak:g}")


def layer_ways(steps: Sequence[LayerStep], i: int) -> Iterator[Way]:
    """Yield the ways to take the derivative of another layer: of as many neurons, or of the receivers in the sum."""
    for other, step in enumerate(steps):
        if other != i and step.derivative.shape == steps[i].derivative.shape:
            yield Way(known.OTHER_LAYER, times(step.derivative), f"layer {other + 1}")
    if steps[i].weights is not None and steps[i + 1].derivative.ndim == 1:
        yield Way(known.IN_THE_SUM, times(steps[i + 1].derivative))
