"""A mutation study of the diagnosis: does `compare` name the slip that was made, and nothing where none was?

Networks are random: one to three hidden layers, every activation, SSE, half SSE and cross-entropy, softmax. A learner,
written here in plain loops and without the project's own slips, derives their deltas with one slip or with two at
once. Then numbers that are wrong in other ways, of which none may be diagnosed. The tables are Markdown.

    pip install -e . && python benchmarks/diagnosis.py

A slip that changes no number at the digits given, or a second one that does not, is not counted but drawn again.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from nn import MLP, Record, compare, cross_entropy, half_sse, sse
from nn.slips import (
    ACTIVATION,
    DOUBLE,
    HALF,
    MEAN,
    MISSING,
    NET_INPUT,
    OFF_DIAGONAL,
    SIBLINGS,
    SIGN,
    SLIPS,
    SUM,
    TRANSPOSED,
    UPDATED,
    Slip,
    compatible,
)

Deltas = list[list[float]]
ACTIVATIONS = (
    "identity sigmoid tanh relu leaky_relu elu selu gelu silu softplus softsign hard_sigmoid atan erf normal_cdf sin sinh"
).split()
DIGITS = {"all": None, "7": 7, "4": 4, "3": 3}
SHORT = {
    SIGN: "sign", DOUBLE: "2", HALF: "½", MISSING: "no f′", NET_INPUT: "f′ of z", ACTIVATION: "f′ of a", UPDATED: "updated",
    OFF_DIAGONAL: "diagonal", TRANSPOSED: "transposed", SIBLINGS: "siblings", MEAN: "1/n", SUM: "n",
}  # fmt: skip
FACTORS = {SIGN: -1.0, DOUBLE: 2.0, HALF: 0.5}


# Networks and learners ------------------------------------------------------------------------------------------------


def random_record(rng: np.random.Generator, softmax: bool | None = None) -> Record:
    """Return a random network's record, after `backward()`, with no delta beyond reach of a learner."""
    while True:
        hidden = rng.integers(2, 6, size=rng.integers(1, 4)).tolist()
        chosen = [str(name) for name in rng.choice(ACTIVATIONS, len(hidden) + 1)]
        is_softmax = bool(rng.random() < 0.3) if softmax is None else softmax
        outputs, inputs = int(rng.integers(2 if is_softmax else 1, 5)), int(rng.integers(1, 5))
        if is_softmax:
            chosen[-1] = "softmax"
        sizes = [inputs, *hidden, outputs]
        weights = [rng.normal(0.0, 0.8, shape) for shape in zip(sizes[:-1], sizes[1:], strict=True)]
        biases = [rng.normal(0.0, 0.3, size) for size in sizes[1:]] if rng.random() < 0.5 else None
        try:
            record = MLP.from_weights(weights, biases, chosen).forward(rng.normal(0.0, 1.0, inputs).tolist())
        except OverflowError:
            continue
        if is_softmax and rng.random() < 0.7 and min(a.data for a in record.output) > 1e-9:
            loss = cross_entropy(record.output, int(rng.integers(outputs)))
        else:
            loss = (sse, half_sse)[int(rng.integers(2))](record.output, rng.uniform(0.0, 1.0, outputs).tolist())
        loss.backward()
        sizes_of_deltas = [abs(delta) for layer in record.deltas() for delta in layer if delta]
        if sizes_of_deltas and 1e-8 < min(sizes_of_deltas) and max(sizes_of_deltas) < 1e4:
            return record


@dataclass(frozen=True)
class Derivation:
    """A learner's derivation: which slips in which layers, and whether they are carried back."""

    places: dict[Slip, set[int]]
    carried: bool = True
    n: int = 4
    learning_rate: float = 0.1

    def deltas(self, record: Record) -> Deltas:
        """Return the deltas, layer by layer, neuron by neuron."""
        layers, given, handed_on = record.mlp.layers, [], []
        for i in reversed(range(len(layers))):
            made = {slip for slip, places in self.places.items() if i in places}
            given.insert(0, self.step(record, i, made, handed_on))
            handed_on = given[0] if self.carried else self.step(record, i, set(), handed_on)
        return given

    def step(self, record: Record, i: int, made: set[Slip], receivers: list[float]) -> list[float]:
        """Return the deltas of one layer from those of its receivers."""
        layers, activations = record.mlp.layers, [a.data for a in record.activations[i]]
        m = len(activations)
        if i == len(layers) - 1:
            blames = [a.grad for a in record.activations[i]]
        else:
            into = [[w.data for w in neuron.weights] for neuron in layers[i + 1].neurons]  # [receiver][sender]
            if UPDATED in made:
                for k, weights in enumerate(into):
                    for j in range(m):
                        weights[j] -= self.learning_rate * receivers[k] * activations[j]
            if TRANSPOSED in made:  # the same numbers, read in the other order of indices
                flat = [into[k][j] for j in range(m) for k in range(len(into))]
                into = [[flat[k * m + j] for j in range(m)] for k in range(len(into))]
            blames = [math.fsum(into[k][j] * receivers[k] for k in range(len(into))) for j in range(m)]
            if SIBLINGS in made:
                blames = [math.fsum(blames)] * m
        if layers[i].softmax:
            p = activations
            deltas = []
            for j in range(m):
                terms = [blames[k] * p[k] * ((j == k) - p[j]) for k in range(m)]
                deltas.append(terms[j] if OFF_DIAGONAL in made else blames[j] if MISSING in made else math.fsum(terms))
        else:
            deltas = [self.slope(record, i, j, made) * blames[j] for j in range(m)]
        for slip, factor in {**FACTORS, MEAN: 1.0 / self.n, SUM: float(self.n)}.items():
            if slip in made:
                deltas = [factor * delta for delta in deltas]
        return deltas

    @staticmethod
    def slope(record: Record, i: int, j: int, made: set[Slip]) -> float:
        """Return what the learner takes for f′."""
        z, a = record.net_inputs[i][j], record.activations[i][j]
        if a is z or MISSING in made:
            return 1.0
        row, others = a.operation, [x.data for x in a.operands[1:]]
        rule = row.partials[0]
        if not callable(rule):
            return float(rule)
        if NET_INPUT in made:
            return float(rule(z.data, z.data, *others))
        return float(rule(row.function(a.data, *others), a.data, *others) if ACTIVATION in made else a.partials()[0])


def random_derivation(rng: np.random.Generator, slips: tuple[Slip, ...], record: Record) -> Derivation:
    """Return a derivation with these slips: in one layer, or in every layer from there back."""
    last = len(record.mlp.layers) - 1
    places = {}
    for slip in slips:
        top = last - 1 if slip.part == "weights" else last
        start = last if slip is OFF_DIAGONAL else int(rng.integers(top + 1))
        if slip is not OFF_DIAGONAL and rng.random() < 0.5:
            start = top
        repeated = slip is not OFF_DIAGONAL and rng.random() < 0.5
        places[slip] = set(range(start + 1)) if repeated else {start}
    rate = float(rng.choice([0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0]))
    return Derivation(places, len(slips) > 1 or rng.random() < 0.9, int(rng.integers(3, 65)), rate)


def rounded(deltas: Deltas, digits: int | None) -> Deltas:
    """Return the numbers as a learner writes them down."""
    return [[d if digits is None else float(f"{d:.{digits}g}") for d in layer] for layer in deltas]


def same(given: Deltas, others: Deltas, digits: int | None) -> bool:
    """Return whether both read the same at these digits; at all of them, to a millionth."""
    fraction = 1e-6 if digits is None else 0.5 * 10.0 ** (1 - digits)
    pairs = [(a, b) for xs, ys in zip(given, others, strict=True) for a, b in zip(xs, ys, strict=True)]
    return all(abs(a - b) <= fraction * max(abs(a), abs(b)) for a, b in pairs)


# The study ------------------------------------------------------------------------------------------------------------


def mutant(rng: np.random.Generator, slips: tuple[Slip, ...], digits: int | None) -> tuple[Record, Deltas]:
    """Return a record and deltas in which each of these slips shows."""
    while True:
        record = random_record(rng, softmax=True if OFF_DIAGONAL in slips else None)
        derivation = random_derivation(rng, slips, record)
        for i in range(len(record.mlp.layers)):
            if not compatible([slip for slip in slips if i in derivation.places[slip]]):
                break
        else:
            try:
                deltas = derivation.deltas(record)
                fewer = [
                    Derivation({s: derivation.places[s] for s in rest}, derivation.carried, derivation.n, derivation.learning_rate).deltas(record)
                    for count in range(len(slips))
                    for rest in combinations(slips, count)
                ]  # fmt: skip
            except (ArithmeticError, ValueError):
                continue
            if np.isfinite(np.concatenate(deltas)).all() and not any(same(deltas, few, digits) for few in fewer):
                return record, rounded(deltas, digits)


def named(record: Record, given: Deltas) -> tuple[Slip, ...]:
    """Return the slips that the diagnosis names."""
    diagnosis = compare(record, given).diagnosis
    return tuple(made.slip for made in diagnosis.made) if diagnosis else ()


def show_single(rng: np.random.Generator, trials: int) -> None:
    """Print the confusion table of single slips, at every number of digits."""
    print(f"\nOne slip, {trials} trials each, all digits: rows are made, columns named\n")
    print("| | " + " | ".join(SHORT.values()) + " | another two | none |\n|---|" + "--:|" * (len(SHORT) + 2))
    for slip in SHORT:
        counts: Counter[str] = Counter()
        for _ in range(trials):
            found = named(*mutant(rng, (slip,), None))
            counts[SHORT[found[0]] if len(found) == 1 else "another two" if found else "none"] += 1
        columns = [*SHORT.values(), "another two", "none"]
        print(f"| {SHORT[slip]} | " + " | ".join(str(counts[name] or "") for name in columns) + " |")


def show_summary(rng: np.random.Generator, trials: int, count: int) -> None:
    """Print how many of one slip, or of two, are named, by the digits given."""
    choices = [slips for slips in combinations(SLIPS, count) if compatible(slips) or count == 2 and slips[0].part == "derivative" == slips[1].part]
    print(f"\n{'One slip' if count == 1 else 'Two slips at once'}, {trials} trials at each number of digits\n")
    print("| digits given | named | other slips with these numbers | none |\n|---|--:|--:|--:|")
    for title, digits in DIGITS.items():
        counts: Counter[str] = Counter()
        missed: Counter[tuple[str, ...]] = Counter()
        for trial in range(trials):
            slips = choices[trial % len(choices)]
            found = named(*mutant(rng, slips, digits))
            verdict = "named" if set(found) == set(slips) else "other" if found else "none"
            counts[verdict] += 1
            if verdict != "named":
                missed[tuple(SHORT[s] for s in slips), tuple(SHORT[s] for s in found)] += 1
        print(f"| {title} | " + " | ".join(f"{100.0 * counts[v] / trials:.2f} %" for v in ("named", "other", "none")) + " |")
        print(missed.most_common(8))


# Noise ----------------------------------------------------------------------------------------------------------------


def noise(rng: np.random.Generator, kind: str, record: Record) -> Deltas:
    """Return wrong deltas that no known slip has made."""
    right = [np.array(layer) for layer in record.deltas()]
    wrong = [layer.copy() for layer in right]
    i = int(rng.integers(len(right)))
    j = int(rng.integers(len(right[i])))
    if kind == "every number off by up to a few tenths":
        wrong = [layer * (1.0 + 10.0 ** rng.uniform(-4.0, -0.5) * rng.normal(size=len(layer))) for layer in right]
    elif kind == "every number another":
        wrong = [rng.normal(0.0, np.abs(layer).max(), len(layer)) for layer in right]
    elif kind == "one layer another":
        wrong[i] = rng.normal(0.0, np.abs(right[i]).max(), len(right[i]))
    elif kind == "one layer off by a little":
        wrong[i] = right[i] * (1.0 + 10.0 ** rng.uniform(-4.0, -0.5) * rng.normal(size=len(right[i])))
    elif kind == "one number another":
        wrong[i][j] = rng.normal(0.0, 2.0 * np.abs(right[i]).max())
    elif kind == "two numbers of a layer exchanged":
        i = int(np.argmax([len(layer) for layer in right]))  # two alone may be each other's opposites
        j, k = rng.choice(len(right[i]), 2, replace=False)
        wrong[i][[j, k]] = wrong[i][[k, j]]
    else:
        wrong = carried(rng, kind, record, right, i, j)
    return [layer.tolist() for layer in wrong]


def carried(rng: np.random.Generator, kind: str, record: Record, right: list[Any], i: int, j: int) -> list[Any]:
    """Return deltas that are wrong in one layer, from where all goes on by the right rule."""
    wrong = [layer.copy() for layer in right]
    i = len(right) - 1 if kind == "the output's factor any number, carried back" else i
    for layer in reversed(range(i + 1)):
        slopes = np.array([a.partials()[0] if a.operation else 1.0 for a in record.activations[layer]])
        if layer < i or (kind.startswith("weights") and layer < len(right) - 1):
            W = record.mlp.layers[layer + 1].weights()
            if layer == i:
                W = {"weights forgotten, carried back": np.ones_like(W), "weights squared, carried back": W * W}[kind]
            wrong[layer] = slopes * (W @ wrong[layer + 1])
        elif kind.startswith("the output"):
            wrong[layer] = right[layer] * rng.normal(0.0, 2.0)
        else:
            wrong[layer][j] = rng.normal(0.0, 2.0 * np.abs(right[layer]).max())
    return wrong


NOISE = (
    "every number off by up to a few tenths", "every number another", "one layer another", "one layer off by a little",
    "one number another", "two numbers of a layer exchanged", "one number another, carried back",
    "weights forgotten, carried back", "weights squared, carried back",
    "the output's factor any number, carried back",
)  # fmt: skip


def show_noise(rng: np.random.Generator, trials: int) -> None:
    """Print how often noise is diagnosed."""
    print(f"\nNoise, {trials} trials each: diagnosed by mistake\n")
    print("| | " + " | ".join(f"{title} digits" for title in DIGITS) + " |\n|---|" + "--:|" * len(DIGITS))
    for kind in NOISE:
        counts = []
        for digits in DIGITS.values():
            false = 0
            for _ in range(trials):
                while True:
                    record = random_record(rng)
                    if kind.endswith("carried back") and record.mlp.layers[-1].softmax:
                        continue
                    given = noise(rng, kind, record)
                    if not same(given, record.deltas(), digits):
                        break
                found = named(record, rounded(given, digits))
                false += bool(found)
                if found and args.show:
                    print(kind, digits, record.mlp); print(compare(record, rounded(given, digits)))
            counts.append(false)
        print(f"| {kind} | " + " | ".join(map(str, counts)) + " |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--noise", type=int, default=1000)
    parser.add_argument("--show", action="store_true")
    global args
    args = parser.parse_args()
    trials = args.trials
    rng = np.random.default_rng(0)
    show_noise(rng, args.noise)
    if not trials: return
    show_single(rng, trials)
    show_summary(rng, 12 * trials, 1)
    show_summary(rng, 12 * trials, 2)


if __name__ == "__main__":
    main()
