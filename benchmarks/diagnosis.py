"""A mutation study of the diagnosis: does `compare` name the mistake that was made, and nothing if none was made?

Networks are random: one to three hidden layers of two to five neurons, every activation, SSE, half SSE and
cross-entropy, softmax. A simulated learner, written here in plain loops and independent of `nn.checking`, derives their
deltas with one mistake or two together; the study counts how often exactly these are named. Then come numbers that are
wrong in other ways, none of which may be diagnosed. The tables are Markdown.

    pip install -e . && python benchmarks/diagnosis.py

A mistake that changes no number at the digits given, alone or beside the other mistake, is not counted but drawn again.
If two mistakes give the same numbers, naming either is right; the tables count that separately. A hint is not a
diagnosis: it says that one mistake gives the numbers, and that more digits are needed to be sure.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from nn import MLP, Record, compare, cross_entropy, half_sse, softmax_cross_entropy, sse
from nn.checking.mistakes import (
    ACTIVATION,
    DOUBLE,
    HALF,
    MEAN,
    MISSING,
    MISTAKES,
    NET_INPUT,
    OFF_DIAGONAL,
    SIBLINGS,
    SIGN,
    SUM,
    TRANSPOSED,
    UPDATED,
    Mistake,
    compatible,
)
from nn.console import use_utf8

Array = NDArray[np.float64]
Rng = np.random.Generator

# fmt: off
ACTIVATIONS = [
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign",
    "hard_sigmoid", "erf", "normal_cdf", "atan", "sin", "sinh",
]
RATES = (0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0)
DIGITS = {"all digits": 17, "7 digits": 7, "4 digits": 4, "3 digits": 3}
SHORT = {
    SIGN: "sign", DOUBLE: "2", HALF: "½", MISSING: "no f′", NET_INPUT: "f′ of z", ACTIVATION: "f′ of a",
    OFF_DIAGONAL: "diagonal", TRANSPOSED: "transposed", UPDATED: "updated", SIBLINGS: "siblings", MEAN: "1/n", SUM: "n",
}
# fmt: on


# Networks and learners ------------------------------------------------------------------------------------------------


def random_record(rng: Rng, softmax: bool | None = None) -> Record:
    """Return the record of a random network, after `backward()`, with deltas of a size that a learner meets."""
    while True:
        hidden = rng.integers(2, 6, size=rng.integers(1, 4)).tolist()
        activations = [str(name) for name in rng.choice(ACTIVATIONS, len(hidden) + 1)]
        if classes := bool(rng.random() < 0.3) if softmax is None else softmax:
            activations[-1] = str(rng.choice(["softmax", "softmax", "identity"]))
        sizes = [int(rng.integers(1, 5)), *hidden, int(rng.integers(2 if classes else 1, 5))]
        weights = [rng.normal(0.0, 0.8, shape) for shape in pairwise(sizes)]
        biases = [rng.normal(0.0, 0.3, size) for size in sizes[1:]] if rng.random() < 0.5 else None
        try:
            record = MLP.from_weights(weights, biases, activations).forward(rng.normal(0.0, 1.0, sizes[0]).tolist())
            loss_of(record, classes, rng).backward()
        except (ArithmeticError, ValueError):  # sinh overflows, log meets 0
            continue
        nonzero = [abs(delta) for layer in record.deltas() for delta in layer if delta]
        if nonzero and min(nonzero) > 1e-8 and max(nonzero) < 1e4:
            return record


def loss_of(record: Record, classes: bool, rng: Rng) -> Value:
    """Return a loss that suits the output."""
    k = len(record.output)
    if classes and record.mlp.layers[-1].activation == "identity":
        return softmax_cross_entropy(record.output, int(rng.integers(k)))
    if classes and rng.random() < 0.6:
        return cross_entropy(record.output, int(rng.integers(k)))
    return (sse, half_sse)[int(rng.integers(2))](record.output, rng.uniform(0.0, 1.0, k).tolist())


@dataclass(frozen=True)
class Derivation:
    """A learner's derivation: the layers of each mistake, and whether wrong deltas are propagated."""

    record: Record
    places: dict[Mistake, set[int]]
    carried: bool = True
    n: int = 3
    learning_rate: float = 0.1

    def deltas(self) -> list[Array]:
        """Return the deltas that the learner finds."""
        found: list[Array] = []
        receivers: list[float] = []
        for i in reversed(range(len(self.record.mlp.layers))):
            deltas = self.step(i, {mistake for mistake, layers in self.places.items() if i in layers}, receivers)
            found.insert(0, np.array(deltas))
            receivers = deltas if self.carried else self.step(i, set(), receivers)
        return found

    def step(self, i: int, made: set[Mistake], receivers: list[float]) -> list[float]:
        """Return the deltas of layer i from those of its receivers."""
        layers, a = self.record.mlp.layers, [value.data for value in self.record.activations[i]]
        if i == len(layers) - 1:
            deltas = self.output(i, made, a)
        else:
            gradients = self.sums(i, made, a, receivers)
            deltas = [self.slope(i, j, made) * gradient for j, gradient in enumerate(gradients)]
        for mistake, factor in ((SIGN, -1.0), (DOUBLE, 2.0), (HALF, 0.5), (MEAN, 1.0 / self.n), (SUM, float(self.n))):
            if mistake in made:
                deltas = [factor * delta for delta in deltas]
        return deltas

    def output(self, i: int, made: set[Mistake], a: list[float]) -> list[float]:
        """Return the output's deltas."""
        layer, zs = self.record.mlp.layers[i], self.record.net_inputs[i]
        gradients = [value.grad for value in self.record.output]
        if (
            layer.activation == "identity" and OFF_DIAGONAL in made
        ):  # logits of a softmax: only the right class keeps its delta
            return [min(gradient, 0.0) for gradient in gradients]
        if not layer.softmax:
            return [self.slope(i, j, made) * gradient for j, gradient in enumerate(gradients)]
        if MISSING in made:
            return gradients
        k = range(len(zs))
        kept = [[p for p in k if p == q or OFF_DIAGONAL not in made] for q in k]
        return [math.fsum(gradients[p] * a[p] * ((p == q) - a[q]) for p in kept[q]) for q in k]

    def sums(self, i: int, made: set[Mistake], a: list[float], receivers: list[float]) -> list[float]:
        """Return for each neuron of a hidden layer the sum, ∂C/∂a, that is multiplied by f′(z)."""
        into = [[w.data for w in neuron.weights] for neuron in self.record.mlp.layers[i + 1].neurons]
        m, n = len(a), len(into)  # into[receiver][sender]
        if UPDATED in made:
            into = [[into[k][j] - self.learning_rate * receivers[k] * a[j] for j in range(m)] for k in range(n)]
        if TRANSPOSED in made:  # the same numbers, read in the other order of the indices
            flat = [into[k][j] for j in range(m) for k in range(n)]
            into = [flat[k * m : (k + 1) * m] for k in range(n)]
        gradients = [math.fsum(into[k][j] * receivers[k] for k in range(n)) for j in range(m)]
        return [math.fsum(gradients)] * m if SIBLINGS in made else gradients

    def slope(self, i: int, j: int, made: set[Mistake]) -> float:
        """Return the derivative that the learner uses for one neuron."""
        z, a = self.record.net_inputs[i][j], self.record.activations[i][j]
        if a is z or a.operation is None or MISSING in made:
            return 1.0
        f, others = a.operation, [x.data for x in a.operands[1:]]
        wanted = [True] + [False] * len(others)
        if NET_INPUT in made:
            if f.textbook:
                return float(f.textbook(z.data, z.data))
            return float(f.local_derivatives(z.data, [z.data, *others], wanted)[0])
        if ACTIVATION in made:
            return float(f.local_derivatives(f(a.data, *others), [a.data, *others], wanted)[0])
        return a.partials()[0]


def random_derivation(rng: Rng, record: Record, mistakes: tuple[Mistake, ...]) -> Derivation:
    """Return a derivation with these mistakes, each in one layer, or in every layer from there back."""
    last, places = len(record.mlp.layers) - 1, {}
    for mistake in mistakes:
        top = last - 1 if mistake.part == "weights" else last
        start = top if mistake is OFF_DIAGONAL or rng.random() < 0.5 else int(rng.integers(top + 1))
        repeated = mistake is not OFF_DIAGONAL and rng.random() < 0.5
        places[mistake] = set(range(start + 1)) if repeated else {start}
    carried = len(mistakes) > 1 or rng.random() < 0.9
    return Derivation(record, places, carried, 2 * int(rng.integers(1, 32)) + 1, float(rng.choice(RATES)))


def mutant(rng: Rng, mistakes: tuple[Mistake, ...], digits: int) -> Derivation:
    """Return a random derivation in which each of these mistakes is visible at this number of digits."""
    while True:
        made = random_derivation(rng, random_record(rng, True if OFF_DIAGONAL in mistakes else None), mistakes)
        if not all(
            compatible([s for s in mistakes if i in made.places[s]]) for i in range(len(made.record.mlp.layers))
        ):
            continue
        fewer = [few for count in range(len(mistakes)) for few in combinations(mistakes, count)]
        try:
            deltas = made.deltas()
            others = [
                replace(made, places={mistake: made.places[mistake] for mistake in few}).deltas() for few in fewer
            ]
        except (ArithmeticError, ValueError):  # f′ of a, outside the domain
            continue
        if np.isfinite(np.concatenate(deltas)).all() and not any(same(deltas, other, digits) for other in others):
            return made


def same(deltas: list[Array], others: list[Array], digits: int) -> bool:
    """Return whether both are the same at this number of digits, or to a millionth."""
    a, b = np.concatenate(deltas), np.concatenate(others)
    fraction = max(1e-6, 0.5 * 10.0 ** (1 - digits))
    return bool((abs(a - b) <= fraction * np.maximum(abs(a), abs(b))).all())


def written(deltas: list[Array], digits: int) -> list[list[float]]:
    """Return the numbers as a learner writes them down."""
    return [[float(f"{delta:.{digits}g}") for delta in layer] for layer in deltas]


# Noise ----------------------------------------------------------------------------------------------------------------


def off(rng: Rng, layer: Array) -> Array:
    """Return each number off by its own fraction, of 1/10,000 or of up to a third."""
    return np.array(layer * (1.0 + 10.0 ** rng.uniform(-4.0, -0.5) * rng.normal(size=len(layer))))


def another(rng: Rng, layer: Array) -> Array:
    """Return numbers of this size."""
    return rng.normal(0.0, abs(layer).max(), len(layer))


def one_another(rng: Rng, layer: Array) -> Array:
    """Return the layer with one number of this size."""
    return np.where(np.arange(len(layer)) == rng.integers(len(layer)), 2.0 * another(rng, layer), layer)


def scaled(rng: Rng, layer: Array) -> Array:
    """Return the layer times any number."""
    return rng.normal(0.0, 2.0) * layer


def exchanged(rng: Rng, layer: Array) -> Array:
    """Return the layer with two numbers exchanged."""
    j, k = rng.choice(len(layer), 2, replace=False) if len(layer) > 1 else (0, 0)
    places = np.arange(len(layer))
    places[[j, k]] = k, j
    return layer[places]


# What is wrong; where; and whether what follows is right after it.
NOISE: list[tuple[str, Callable[..., Array], str]] = [
    ("every number off", off, "every layer"),
    ("every number another", another, "every layer"),
    ("a layer's numbers off", off, "one layer"),
    ("a layer's numbers another", another, "one layer"),
    ("one number another", one_another, "one layer"),
    ("two numbers exchanged", exchanged, "one layer"),
    ("one number another, carried back", one_another, "carried back"),
    ("two numbers exchanged, carried back", exchanged, "carried back"),
    ("a layer times any number, carried back", scaled, "carried back"),
    ("a layer's weights forgotten, carried back", np.ones_like, "weights"),
    ("a layer's weights squared, carried back", np.square, "weights"),
]


def noise(rng: Rng, record: Record, change: Callable[..., Array], where: str) -> list[Array]:
    """Return wrong deltas that come from no known mistake."""
    deltas = [np.array(layer) for layer in record.deltas()]
    if where == "every layer":
        return [change(rng, layer) for layer in deltas]
    i = int(rng.integers(len(deltas) - (where == "weights")))
    if where != "weights":
        deltas[i] = change(rng, deltas[i])
    if where != "one layer":
        for layer in reversed(range(i + (where == "weights"))):
            W = record.mlp.layers[layer + 1].weights()
            slopes = np.array([Derivation(record, {}).slope(layer, j, set()) for j in range(len(W))])
            deltas[layer] = slopes * ((change(W) if layer == i else W) @ deltas[layer + 1])
    return deltas


# The tables -----------------------------------------------------------------------------------------------------------


def named(record: Record, deltas: list[Array], digits: int) -> tuple[Mistake, ...]:
    """Return the mistakes that the diagnosis names."""
    diagnosis = compare(record, written(deltas, digits)).diagnosis
    return tuple(made.mistake for made in diagnosis.made) if diagnosis else ()


def verdict(record: Record, deltas: list[Array], digits: int, made: tuple[Mistake, ...]) -> str:
    """Return what the diagnosis says of the mistakes that were made: "named", or what it says instead.

    "same numbers": another mistake is named, which reproduces the numbers as well, as the diagnosis itself says.
    """
    report = compare(record, written(deltas, digits))
    if report.diagnosis is None:
        return "hint" if "This mistake would give these numbers" in report.advice else "none"
    found = {mistake.mistake for mistake in report.diagnosis.made}
    if found == set(made):
        return "named"
    if (report.diagnosis.other,) == made:
        return "same numbers"
    return SHORT[found.pop()] if len(found) == 1 else "two"


def show_confusion(rng: Rng, trials: int, title: str, digits: int) -> None:
    """Print what the diagnosis names for each mistake."""
    columns = ["same numbers", *SHORT.values(), "two", "hint", "none"]
    counts: dict[Mistake, Counter[str]] = {}
    for mistake in SHORT:
        mutants = [mutant(rng, (mistake,), digits) for _ in range(trials)]
        counts[mistake] = Counter(verdict(made.record, made.deltas(), digits, (mistake,)) for made in mutants)
    columns = [column for column in columns if any(row[column] for row in counts.values())]
    total = sum((row for row in counts.values()), Counter())
    right = (total["named"] + total["same numbers"]) / total.total()
    print(f"\nOne mistake, {title}, {trials} trials each: {right:.2%} right\n")
    print(f"| made | named | {' | '.join(columns)} |\n|---|--:|{'--:|' * len(columns)}")
    for mistake, row in counts.items():
        cells = [str(row[column] or "") for column in ("named", *columns)]
        print(f"| {SHORT[mistake]} | {' | '.join(cells)} |", flush=True)


def show_pairs(rng: Rng, trials: int) -> None:
    """Print how often two mistakes at once are named, by the digits given."""
    pairs = [mistakes for mistakes in combinations(MISTAKES, 2) if compatible(mistakes)]
    each = math.ceil(trials / len(pairs))
    print(f"\nTwo mistakes at once, {each * len(pairs)} trials for each row\n")
    print("| given | named | another explanation | none |\n|---|--:|--:|--:|")
    for title, digits in DIGITS.items():
        counts: Counter[str] = Counter()
        for mistakes in each * pairs:
            made = mutant(rng, mistakes, digits)
            said = verdict(made.record, made.deltas(), digits, mistakes)
            counts[{"named": said, "hint": "none"}.get(said, "none" if said == "none" else "another")] += 1
        shares = [f"{counts[said] / (each * len(pairs)):.2%}" for said in ("named", "another", "none")]
        print(f"| {title} | {' | '.join(shares)} |", flush=True)


def show_noise(rng: Rng, trials: int) -> None:
    """Print how often noise is diagnosed."""
    each = math.ceil(trials / len(NOISE) / len(DIGITS))
    print(
        f"\nNoise, {each * len(NOISE) * len(DIGITS)} trials: how many of {each} in each cell are diagnosed, wrongly\n"
    )
    print(f"| wrong | {' | '.join(DIGITS)} |\n|---|{'--:|' * len(DIGITS)}")
    for title, change, where in NOISE:
        false = [sum(diagnosed(rng, change, where, digits) for _ in range(each)) for digits in DIGITS.values()]
        print(f"| {title} | {' | '.join(map(str, false))} |", flush=True)


def diagnosed(rng: Rng, change: Callable[..., Array], where: str, digits: int) -> bool:
    """Return whether noise that is visible at this number of digits is diagnosed."""
    while True:
        # The two outputs of a softmax are each other's opposites: exchanged, they have the opposite sign.
        record = random_record(rng, False if change is exchanged else None)
        deltas = noise(rng, record, change, where)
        if not same(deltas, [np.array(layer) for layer in record.deltas()], digits):
            return bool(named(record, deltas, digits))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="A mutation study of the diagnosis of wrong deltas.")
    parser.add_argument(
        "--trials", type=int, default=2000, help="with one mistake and with two, at each number of digits"
    )
    parser.add_argument("--noise", type=int, default=10_000, help="with noise, in all")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    for title, digits in DIGITS.items():
        show_confusion(rng, math.ceil(options.trials / len(MISTAKES)), title, digits)
    show_pairs(rng, options.trials)
    show_noise(rng, options.noise)


if __name__ == "__main__":
    use_utf8()
    main()
