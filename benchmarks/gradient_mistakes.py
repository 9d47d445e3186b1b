"""A mutation study of the diagnosis of weight gradients: is the mistake named, and nothing if none was made?

Networks are random, with one to three hidden layers and every activation; the loss is the mean over a batch of one to
four examples. A simulated learner, in plain loops, derives the gradients with one mistake, in one layer or in all; the
second table is of gradients that are wrong in other ways. Both are Markdown.

    pip install -e . && python -m benchmarks.gradient_mistakes
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from autograd import mean
from nn import MLP, Record, assert_weight_gradients, half_sse
from nn.console import use_utf8

Array = NDArray[np.float64]
Rng = np.random.Generator
ACTIVATIONS = ["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus", "atan", "sin"]
DIGITS = {"all digits": 17, "7 digits": 7, "4 digits": 4, "3 digits": 3}


def random_batch(rng: Rng) -> list[Record]:
    """Return the records of a random network on a few examples, after `backward()` on their mean loss."""
    sizes = rng.integers(2, 5, size=rng.integers(3, 6)).tolist()
    weights = [rng.normal(0.0, 0.8, shape) for shape in pairwise(sizes)]
    biases = [rng.normal(0.0, 0.3, size) for size in sizes[1:]]
    activations = [str(name) for name in rng.choice(ACTIVATIONS, len(weights))]
    mlp = MLP.from_weights(weights, biases, activations)
    records = [mlp.forward(rng.normal(0.0, 1.0, sizes[0])) for _ in range(rng.integers(1, 5))]
    mean([half_sse(record.output, rng.uniform(0.0, 1.0, sizes[-1])) for record in records]).backward()
    return records


def sums(records: list[Record], x: Callable[[Record], Array], d: Callable[[Record], Array]) -> Array:
    """Return the sum over the examples of x times d."""
    total: Array = sum((np.outer(x(record), d(record)) for record in records), np.zeros(()))
    return total


def sent(record: Record, k: int) -> Array:
    """Return what layer k receives."""
    return np.array([value.data for value in (record.activations[k - 1] if k else record.inputs)])


def wrong(rng: Rng, name: str, records: list[Record], k: int) -> tuple[Array, Array]:
    """Return the gradients of the weights and biases of layer k, derived with a mistake."""
    mlp = records[0].mlp
    W, b = mlp.gradients()[k], mlp.bias_gradients()[k]
    ones = np.ones(len(W))

    def d(record: Record) -> Array:
        return np.array(record.deltas()[k])

    def of(x: Callable[[Record], Array], delta: Callable[[Record], Array] = d) -> Array:
        return sums(records, x, delta)

    if name == "activation of the receiver":
        return of(lambda _: ones, lambda r: d(r) * np.array([a.data for a in r.activations[k]])), b
    if name == "weight in place of the activation":
        return sum((mlp.weights()[k] * d(r) for r in records), np.zeros(())), b
    if name == "missing activation":
        return of(lambda _: ones), b
    if name == "missing delta":
        return of(lambda r: sent(r, k), lambda r: np.ones(len(b))), b
    if name == "net input of the sender":
        return of(lambda r: np.array([z.data for z in r.net_inputs[k - 1]]) if k else sent(r, k)), b
    if name == "transposed":
        return W.T.reshape(W.shape), b
    if name == "−η · ∂C/∂w":
        return -0.1 * W, -0.1 * b
    if name == "sum over the batch":
        return len(records) * W, len(records) * b
    if name == "one example":
        return np.outer(sent(records[-1], k), d(records[-1])), d(records[-1])
    if name == "input in a bias":
        return W, sum((sent(r, k)[0] * d(r) for r in records), np.zeros(()))
    if name == "biases doubled":
        return W, 2.0 * b
    if name == "two: receiver's activation, biases doubled":
        return wrong(rng, "activation of the receiver", records, k)[0], 2.0 * b
    if name == "every number off":
        return W * (1.0 + 10.0 ** rng.uniform(-3, -0.5) * rng.normal(size=W.shape)), b
    if name == "every number another":
        return rng.normal(0.0, abs(W).max(), W.shape), b
    one = W.copy()
    one[rng.integers(len(W)), rng.integers(len(b))] *= 1.0 + rng.normal()
    return one, b


# What is said of each mistake.
MISTAKES = {
    "activation of the receiver": ("activation of the receiver",),
    "weight in place of the activation": ("weight in place of the activation",),
    "missing activation": ("missing activation of the sender",),
    "missing delta": ("missing delta of the receiver",),
    "net input of the sender": ("net input of the sender",),
    "transposed": ("transposed matrix",),
    "−η · ∂C/∂w": ("the step −η · ∂C/∂w in place of the gradient (η = 0.1)",),
    "sum over the batch": ("sum instead of the mean", "1/n missing", "factor 2"),
    "one example": ("only example",),
    "input in a bias": ("value of input",),
    "biases doubled": ("factor 2",),
    "two: receiver's activation, biases doubled": ("activation of the receiver",),
}
NOISE = ("every number off", "every number another", "one number off")


def said(rng: Rng, name: str, digits: int) -> str:
    """Return the diagnosis of a random network's gradients with a mistake that can be seen; "" if there is none."""
    while True:
        records = random_batch(rng)
        mlp = records[0].mlp
        count = len(mlp.layers)
        layers = range(count) if rng.random() < 0.5 else [int(rng.integers(count))]
        weights, biases = list(mlp.gradients()), list(mlp.bias_gradients())
        for k in layers:
            weights[k], biases[k] = wrong(rng, name, records, k)
        rounded = [[np.vectorize(lambda x: float(f"{x:.{digits}g}"))(x) for x in part] for part in (weights, biases)]
        try:
            assert_weight_gradients(records, *rounded)
        except AssertionError as error:
            line = str(error).splitlines()[-1]
            return line if line.startswith("Diagnosis") else ""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="A mutation study of the diagnosis of wrong weight gradients.")
    parser.add_argument("--trials", type=int, default=50, help="of each mistake, at each number of digits")
    parser.add_argument("--noise", type=int, default=2000, help="with noise, in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, start = np.random.default_rng(options.seed), time.process_time()
    print(f"Named, of {options.trials} (in brackets: another mistake)\n\n| made | {' | '.join(DIGITS)} |")
    print(f"|---|{'--:|' * len(DIGITS)}")
    for name, names in MISTAKES.items():
        cells = []
        for digits in DIGITS.values():
            lines = [said(rng, name, digits) for _ in range(options.trials)]
            right = sum(any(expected in line for expected in names) for line in lines)
            others = sum(bool(line) for line in lines) - right
            cells.append(f"{right} ({others})" if others else str(right))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    each = options.noise // (len(NOISE) * len(DIGITS))
    print(f"\nNoise: how many of {each} in each cell are diagnosed, wrongly\n\n| wrong | {' | '.join(DIGITS)} |")
    print(f"|---|{'--:|' * len(DIGITS)}")
    for name in NOISE:
        false = [sum(bool(said(rng, name, digits)) for _ in range(each)) for digits in DIGITS.values()]
        print(f"| {name} | {' | '.join(map(str, false))} |", flush=True)
    print(f"\nSeed {options.seed}, {time.process_time() - start:.0f} s on one core.")


if __name__ == "__main__":
    use_utf8()
    main()
