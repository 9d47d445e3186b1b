"""A mutation study of the diagnosis: does `compare` name the mistake that was made, and nothing if none was made?

Networks are random: one to three hidden layers of two to five neurons, every activation, SSE, half SSE and
cross-entropy, softmax. A simulated learner, written here in plain loops and independent of `nn.checking`, derives their
deltas with one mistake or two together; the study counts how often exactly these are named. Then come numbers that are
wrong in other ways, none of which may be diagnosed. The tables are Markdown.

    pip install -e . && python benchmarks/diagnosis.py

A mistake that changes no number at the digits given, alone or beside the other mistake, or that makes every delta of a
layer 0, is not counted but drawn again.
If two mistakes give the same numbers, naming either is right; the tables count that separately. A hint is not a
diagnosis: it says that one mistake gives the numbers, and that more digits are needed to be sure.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from autograd import sigmoid, softmax
from nn import MLP, Record, compare
from nn.checking.mistakes import (
    ACTIVATION,
    ALONE,
    CANCELLED,
    DOUBLE,
    FORGOTTEN_TERM,
    FORGOTTEN_WEIGHT,
    GRADIENT_MASK,
    HALF,
    IN_THE_SUM,
    INCOMPLETE,
    INVERTED_MASK,
    LEAKY,
    MEAN,
    MISSING,
    MISTAKES,
    NET_INPUT,
    NO_TARGET,
    OFF_DIAGONAL,
    OTHER_CLASS,
    OTHER_FUNCTION,
    OTHER_LAYER,
    RAW_ERRORS,
    REVERSED,
    SIBLINGS,
    SIGN,
    SUM,
    SWAPPED,
    SWAPPED_WEIGHTS,
    TRANSPOSED,
    TWICE,
    UPDATED,
    Mistake,
    compatible,
)
from nn.console import use_utf8
from nn.losses import LOSSES

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
    SIGN: "sign", DOUBLE: "2", HALF: "½", MISSING: "no f′", CANCELLED: "f′ not cancelled", RAW_ERRORS: "a − y for δ",
    NET_INPUT: "f′ of z", OTHER_FUNCTION: "f′ of another f", TRANSPOSED: "transposed", UPDATED: "updated",
    SIBLINGS: "siblings", TWICE: "f′ twice", INVERTED_MASK: "mask inverted", INCOMPLETE: "f′ incomplete",
    OFF_DIAGONAL: "diagonal", NO_TARGET: "no −1", OTHER_CLASS: "−1 elsewhere", MEAN: "1/n", SUM: "n",
    ACTIVATION: "f′ of a", OTHER_LAYER: "f′ of another layer", IN_THE_SUM: "f′ in the sum",
    GRADIENT_MASK: "mask of the gradient", LEAKY: "leaky", FORGOTTEN_WEIGHT: "no weight", FORGOTTEN_TERM: "no term",
    SWAPPED: "δ exchanged", SWAPPED_WEIGHTS: "weights exchanged", REVERSED: "layers reversed",
}
SQUARES = ("sse", "half_sse", "mse", "huber")  # ∂C/∂a is a − y times a number
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
OF_CLASSES = ("cross_entropy", "softmax_cross_entropy")
NEEDED_LOSSES = {
    CANCELLED: (*BINARY, *OF_CLASSES), RAW_ERRORS: SQUARES, NO_TARGET: OF_CLASSES, OTHER_CLASS: OF_CLASSES,
}
NEEDED_ACTIVATIONS = {
    INVERTED_MASK: ("relu", "relu", "leaky_relu"), GRADIENT_MASK: ("relu", "relu", "leaky_relu"), LEAKY: ("relu",),
    INCOMPLETE: ("sigmoid", "tanh"),
}
OUTPUT_ONLY = {CANCELLED, OFF_DIAGONAL, NO_TARGET, OTHER_CLASS}
NEVER_REPEATED = {*OUTPUT_ONLY, *ALONE, RAW_ERRORS, OTHER_LAYER}
# fmt: on


# Networks and learners ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A random network's record, after `backward()`, and its loss and targets."""

    record: Record
    loss: str
    target: list[float]


def random_record(rng: Rng, softmax: bool | None = None) -> Record:
    """Return the record of a random network, after `backward()`, with deltas of a size that a learner meets."""
    return random_example(rng, softmax=softmax).record


def random_example(rng: Rng, mistakes: tuple[Mistake, ...] = (), softmax: bool | None = None) -> Example:
    """Return a random network and one example, in which these mistakes can be made."""
    while True:
        hidden = rng.integers(2, 6, size=rng.integers(1, 4)).tolist()
        names = next(
            (NEEDED_ACTIVATIONS[mistake] for mistake in mistakes if mistake in NEEDED_ACTIVATIONS), ACTIVATIONS
        )
        activations = [str(name) for name in rng.choice(names, len(hidden) + 1)]
        losses = next((NEEDED_LOSSES[mistake] for mistake in mistakes if mistake in NEEDED_LOSSES), None)
        if OFF_DIAGONAL in mistakes or softmax:
            losses = ("sse", "half_sse", *OF_CLASSES)
        if losses is None:
            no_softmax = softmax is False or IN_THE_SUM in mistakes
            losses = tuple(loss for loss in LOSSES if loss not in OF_CLASSES or not no_softmax)
        loss = str(rng.choice(losses))
        classes = loss in OF_CLASSES or OFF_DIAGONAL in mistakes or bool(softmax)
        outputs = int(rng.integers(2 if classes else 1, 5))
        if REVERSED in mistakes:
            hidden[0] = outputs
        sizes = [int(rng.integers(1, 5)), *hidden, outputs]
        if OTHER_LAYER in mistakes:
            sizes[1:] = [int(rng.integers(2, 6))] * len(hidden) + [max(outputs, 2)]
        fixed = {
            "binary_cross_entropy": "sigmoid", "binary_cross_entropy_with_logits": "identity",
            "cross_entropy": "softmax", "softmax_cross_entropy": "identity",
        }  # fmt: skip
        activations[-1] = fixed.get(loss, "softmax" if classes else activations[-1])
        weights = [rng.normal(0.0, 0.8, shape) for shape in pairwise(sizes)]
        biases = [rng.normal(0.0, 0.3, size) for size in sizes[1:]] if rng.random() < 0.5 else None
        target = random_target(rng, loss, sizes[-1])
        try:
            record = MLP.from_weights(weights, biases, activations).forward(rng.normal(0.0, 1.0, sizes[0]).tolist())
            LOSSES[loss](record.output, target).backward()
        except (ArithmeticError, ValueError):  # sinh overflows, log meets 0
            continue
        nonzero = [abs(delta) for layer in record.deltas() for delta in layer if delta]
        if (
            RAW_ERRORS in mistakes
            and loss == "huber"
            and max(abs(a.data - y) for a, y in zip(record.output, target, strict=True)) > 1
        ):
            continue  # the derivative of the loss says nothing of large errors
        if any(record.deltas()[-1]) and min(nonzero) > 1e-6 and max(nonzero) < 1e4:
            return Example(record, loss, target)


def random_target(rng: Rng, loss: str, k: int) -> list[float]:
    """Return targets that suit a loss."""
    if loss in OF_CLASSES:
        target = np.eye(k)[rng.integers(k)]
    elif loss in BINARY:
        target = rng.integers(0, 2, k).astype(float)
    else:
        target = rng.choice([-1.0, 1.0], k) if loss == "hinge" else rng.uniform(0.0, 1.0, k)
    return [float(y) for y in target]


@dataclass(frozen=True)
class Derivation:
    """A learner's derivation: the layers of each mistake, and whether wrong deltas are propagated.

    `choice` are random numbers, for mistakes that can be made in several ways.
    """

    example: Example
    places: dict[Mistake, set[int]]
    carried: bool = True
    n: int = 3
    learning_rate: float = 0.1
    choice: tuple[int, int, int] = (0, 0, 0)

    @property
    def record(self) -> Record:
        """The right forward pass."""
        return self.example.record

    def deltas(self) -> list[Array]:
        """Return the deltas that the learner finds."""
        found: list[Array] = []
        receivers: list[float] = []
        for i in reversed(range(len(self.record.mlp.layers))):
            deltas = self.step(i, {mistake for mistake, layers in self.places.items() if i in layers}, receivers)
            found.insert(0, np.array(deltas))
            receivers = deltas if self.carried else self.step(i, set(), receivers)
        return found[::-1] if REVERSED in self.places else found

    def step(self, i: int, made: set[Mistake], receivers: list[float]) -> list[float]:
        """Return the deltas of layer i from those of its receivers."""
        layers, a = self.record.mlp.layers, [value.data for value in self.record.activations[i]]
        if i == len(layers) - 1:
            deltas = self.output(i, made, a)
        else:
            gradients = self.sums(i, made, a, receivers)
            deltas = [self.slope(i, j, made, gradient) * gradient for j, gradient in enumerate(gradients)]
        if SWAPPED in made and len(deltas) > 1:
            j, k = self.two_of(len(deltas))
            deltas[j], deltas[k] = deltas[k], deltas[j]
        for mistake, factor in ((SIGN, -1.0), (DOUBLE, 2.0), (HALF, 0.5), (MEAN, 1.0 / self.n), (SUM, float(self.n))):
            if mistake in made:
                deltas = [factor * delta for delta in deltas]
        return deltas

    def two_of(self, count: int) -> tuple[int, int]:
        """Return two different places."""
        j = self.choice[0] % count
        return j, (j + 1 + self.choice[1] % (count - 1)) % count

    def output(self, i: int, made: set[Mistake], a: list[float]) -> list[float]:
        """Return the output's deltas."""
        layer, z, y = self.record.mlp.layers[i], [x.data for x in self.record.net_inputs[i]], self.example.target
        gradients, loss = [value.grad for value in self.record.output], self.example.loss
        if loss in OF_CLASSES and made & {CANCELLED, NO_TARGET, OTHER_CLASS, OFF_DIAGONAL}:
            p = softmax(z)
            if OTHER_CLASS in made:
                right = y.index(1.0)
                y = np.eye(len(y))[(right + 1 + self.choice[0] % (len(y) - 1)) % len(y)].tolist()
            if NO_TARGET in made:
                y = [0.0] * len(y)
            if OFF_DIAGONAL in made:  # only the right class keeps its delta
                return [(p[k] - 1.0) * y[k] for k in range(len(y))]
            slopes = [x * (1.0 - x) for x in p] if CANCELLED in made else [1.0] * len(y)
            return [(p[k] - y[k]) * slopes[k] for k in range(len(y))]
        if loss in BINARY and CANCELLED in made:
            p = [sigmoid(x) for x in z]
            return [(p[k] - y[k]) * p[k] * (1.0 - p[k]) / len(y) for k in range(len(y))]
        if not layer.softmax:
            return [self.slope(i, j, made, gradient) * gradient for j, gradient in enumerate(gradients)]
        if MISSING in made:
            return gradients
        k = range(len(z))
        kept = [[j for j in k if j == q or OFF_DIAGONAL not in made] for q in k]
        return [math.fsum(gradients[j] * a[j] * ((j == q) - a[q]) for j in kept[q]) for q in k]

    def sums(self, i: int, made: set[Mistake], a: list[float], receivers: list[float]) -> list[float]:
        """Return for each neuron of a hidden layer the sum, ∂C/∂a, that is multiplied by f′(z)."""
        into = [[w.data for w in neuron.weights] for neuron in self.record.mlp.layers[i + 1].neurons]
        m, n = len(a), len(into)  # into[receiver][sender]
        if UPDATED in made:
            into = [[into[k][j] - self.learning_rate * receivers[k] * a[j] for j in range(m)] for k in range(n)]
        if TRANSPOSED in made:  # the same numbers, read in the other order of the indices
            flat = [into[k][j] for j in range(m) for k in range(n)]
            into = [flat[k * m : (k + 1) * m] for k in range(n)]
        for mistake, wrong in ((FORGOTTEN_WEIGHT, 1.0), (FORGOTTEN_TERM, 0.0)):
            if mistake in made:
                kind, j, k = self.choice[2] % 3, self.choice[0] % m, self.choice[1] % n
                whole = mistake is FORGOTTEN_WEIGHT and (kind == 0 or self.whole(mistake))
                for receiver in range(n):
                    for sender in range(m):
                        if whole or (receiver == k and (kind == 1 or sender == j)):
                            into[receiver][sender] = wrong
        if SWAPPED_WEIGHTS in made and self.choice[2] % 2 and n > 1:
            j, k = self.two_of(n)
            into[j], into[k] = into[k], into[j]
        elif SWAPPED_WEIGHTS in made:
            j, k = self.two_of(m)
            for row in into:
                row[j], row[k] = row[k], row[j]
        if RAW_ERRORS in made:
            receivers = [x.data - y for x, y in zip(self.record.output, self.example.target, strict=True)]
        if IN_THE_SUM in made:
            receivers = [self.slope(i + 1, k, set()) * receivers[k] for k in range(n)]
        gradients = [math.fsum(into[k][j] * receivers[k] for k in range(n)) for j in range(m)]
        return [math.fsum(gradients)] * m if SIBLINGS in made else gradients

    def whole(self, mistake: Mistake) -> bool:
        """Return whether a mistake is made in several layers, or beside another, and so in the same way everywhere."""
        return len(self.places[mistake]) > 1 or len(self.places) > 1

    def slope(self, i: int, j: int, made: set[Mistake], gradient: float = 0.0) -> float:
        """Return the derivative that the learner uses for one neuron."""
        if OTHER_LAYER in made:
            alike = [k for k in range(len(self.record.mlp.layers)) if k != i and self.width(k) == self.width(i)]
            return self.slope(alike[self.choice[0] % len(alike)] if alike else i, j, set())
        z, a = self.record.net_inputs[i][j], self.record.activations[i][j]
        activation, x = self.record.mlp.layers[i].activation, a.data
        if made & {MISSING, IN_THE_SUM}:
            return 1.0
        if OTHER_FUNCTION in made:
            derivatives = {"sigmoid": x * (1.0 - x), "tanh": 1.0 - x * x, "relu": float(x > 0.0)}
            name = list(derivatives)[self.choice[0] % 3]
            return derivatives[name] if name != activation else self.slope(i, j, set())
        if INCOMPLETE in made and activation in ("sigmoid", "tanh"):
            return 1.0 - x if self.choice[0] % 2 else {"sigmoid": x, "tanh": x * x}[activation]
        if activation in ("relu", "leaky_relu"):
            low = 0.0 if activation == "relu" else 0.01
            if INVERTED_MASK in made:
                return low if z.data > 0.0 else 1.0
            if GRADIENT_MASK in made:
                return 1.0 if gradient > 0.0 else low
            if LEAKY in made and activation == "relu":
                return 1.0 if z.data > 0.0 else (0.01, 0.1, 0.2, 0.3)[self.choice[0] % 4]
        if a is z or a.operation is None:
            return 1.0
        f, others = a.operation, [operand.data for operand in a.operands[1:]]
        wanted = [True] + [False] * len(others)
        if NET_INPUT in made:
            if f.textbook:
                return float(f.textbook(z.data, z.data))
            return float(f.local_derivatives(z.data, [z.data, *others], wanted)[0])
        if ACTIVATION in made:
            return float(f.local_derivatives(f(a.data, *others), [a.data, *others], wanted)[0])
        return a.partials()[0] * (a.partials()[0] if TWICE in made else 1.0)

    def width(self, i: int) -> int:
        """Return the number of neurons of a layer; 0 for a softmax, whose derivative is a matrix."""
        layer = self.record.mlp.layers[i]
        return 0 if layer.softmax else len(layer.neurons)


def random_derivation(rng: Rng, example: Example, mistakes: tuple[Mistake, ...]) -> Derivation:
    """Return a derivation with these mistakes, each in one layer, or in every layer from there back."""
    last, places = len(example.record.mlp.layers) - 1, {}
    for mistake in mistakes:
        hidden = mistake.part in ("weights", "receivers", "sum")
        if example.loss in (*BINARY, *OF_CLASSES):  # the derivative of the loss contains that of sigmoid or softmax
            hidden = hidden or mistake in (TWICE, OTHER_FUNCTION)
        top = last - 1 if hidden else last
        start = top if mistake in OUTPUT_ONLY | {RAW_ERRORS} or rng.random() < 0.5 else int(rng.integers(top + 1))
        repeated = mistake not in NEVER_REPEATED and rng.random() < 0.5
        places[mistake] = set(range(start + 1)) if repeated else {start}
    carried = len(mistakes) > 1 or rng.random() < 0.9
    n, rate = 2 * int(rng.integers(1, 32)) + 1, float(rng.choice(RATES))
    i, j, k = rng.integers(1000, size=3).tolist()
    return Derivation(example, places, carried, n, rate, (i, j, k))


def mutant(rng: Rng, mistakes: tuple[Mistake, ...], digits: int) -> Derivation:
    """Return a random derivation in which each of these mistakes is visible at this number of digits."""
    while True:
        made = random_derivation(rng, random_example(rng, mistakes), mistakes)
        if not all(
            compatible([s for s in mistakes if i in made.places[s]]) for i in range(len(made.record.mlp.layers))
        ):
            continue
        fewer = [few for count in range(len(mistakes)) for few in combinations(mistakes, count)]
        try:
            deltas = made.deltas()
            places = [{mistake: made.places[mistake] for mistake in few} for few in fewer]
            if len(mistakes) == 1 and mistakes[0].part == "derivative" and mistakes[0] is not MISSING:
                places.append({MISSING: made.places[mistakes[0]]})  # with ReLUs, these may be the same numbers
            others = [replace(made, places=few).deltas() for few in places]
        except (ArithmeticError, ValueError):  # f′ of a, outside the domain
            continue
        fits = [layer.shape for layer in deltas] == [np.shape(layer) for layer in made.record.deltas()]
        fits = fits and all(np.isfinite(layer).all() and (abs(layer) > 1e-12).any() for layer in deltas)
        if fits and not any(same(deltas, other, digits) for other in others):
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


def rotated(rng: Rng, layer: Array) -> Array:
    """Return the layer with three numbers in each other's places; with two the mistake would be a known one."""
    places = np.arange(len(layer))
    different = list({f"{x:.2g}": place for place, x in enumerate(layer) if x}.values())
    if len(different) > 2:
        chosen = rng.choice(different, 3, replace=False)
        places[chosen] = np.roll(chosen, 1)
    return layer[places]


def one_of_these(rng: Rng, W: Array) -> Array:
    """Return the weights with one of them another, as if it were misread."""
    W = W.copy()
    W[rng.integers(W.shape[0]), rng.integers(W.shape[1])] = rng.normal(0.0, 1.0)
    return W


# What is wrong; where; and whether what follows is right after it.
NOISE: list[tuple[str, Callable[..., Array], str]] = [
    ("every number off", off, "every layer"),
    ("every number another", another, "every layer"),
    ("a layer's numbers off", off, "one layer"),
    ("a layer's numbers another", another, "one layer"),
    ("one number another", one_another, "one layer"),
    ("three numbers exchanged", rotated, "one layer"),
    ("one number another, carried back", one_another, "carried back"),
    ("three numbers exchanged, carried back", rotated, "carried back"),
    ("a layer times any number, carried back", scaled, "carried back"),
    ("one weight another, carried back", one_of_these, "weights"),
    ("a layer's weights squared, carried back", lambda _, W: np.square(W), "weights"),
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
            pairs = zip(record.net_inputs[layer], record.activations[layer], strict=True)
            slopes = np.array([1.0 if a is z else a.partials()[0] for z, a in pairs])
            deltas[layer] = slopes * ((change(rng, W) if layer == i else W) @ deltas[layer + 1])
    return deltas


OUTCOMES = ("named", "same numbers", "hint", "none")


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
    if len(made) == 1 and made[0] in report.diagnosis.others:
        return "same numbers"
    return SHORT[found.pop()] if len(found) == 1 else "two"


def show_confusion(rng: Rng, trials: int) -> None:
    """Print what the diagnosis says of each mistake, at each number of digits."""
    print(
        f"\nOne mistake, {trials} trials in each cell: how often it is named, or another that gives the same numbers;"
    )
    print("how often it is a hint; and, in brackets, what else is named\n")
    print(f"| made | {' | '.join(DIGITS)} |\n|---|{'--:|' * len(DIGITS)}")
    totals: dict[str, Counter[str]] = {title: Counter() for title in DIGITS}
    for mistake in SHORT:
        cells = []
        for title, digits in DIGITS.items():
            mutants = [mutant(rng, (mistake,), digits) for _ in range(trials)]
            counts = Counter(verdict(made.record, made.deltas(), digits, (mistake,)) for made in mutants)
            totals[title] += counts
            cells.append(cell(counts))
        print(f"| {SHORT[mistake]} | {' | '.join(cells)} |", flush=True)
    for name, said in (("named", ("named", "same numbers")), ("a hint", ("hint",)), ("nothing", ("none",))):
        shares = [sum(count[x] for x in said) / count.total() for count in totals.values()]
        print(f"| **all: {name}** | {' | '.join(f'{share:.1%}' for share in shares)} |")
    wrong = [1.0 - sum(count[x] for x in OUTCOMES) / count.total() for count in totals.values()]
    print(f"| **all: another** | {' | '.join(f'{share:.1%}' for share in wrong)} |")


def cell(counts: Counter[str]) -> str:
    """Return what the table says of one mistake at one number of digits."""
    text = str(counts["named"] + counts["same numbers"])
    if hints := counts["hint"]:
        text += f" + {hints} hint{'s' * (hints > 1)}"
    others = ", ".join(f"{count} {said}" for said, count in counts.most_common() if said not in OUTCOMES)
    return text + (f" ({others})" if others else "")


def possible_pairs() -> list[tuple[Mistake, ...]]:
    """Return the pairs of mistakes that a network and its loss allow."""
    return [pair for pair in combinations(MISTAKES, 2) if compatible(pair) and not rare(set(pair))]


def rare(mistakes: set[Mistake]) -> bool:
    """Return whether two mistakes need different losses, or a coincidence of widths."""
    both = mistakes <= NEEDED_LOSSES.keys() | {OFF_DIAGONAL}
    return both or REVERSED in mistakes or mistakes <= NEEDED_ACTIVATIONS.keys()


def show_pairs(rng: Rng, trials: int) -> None:
    """Print how often two mistakes at once are named, by the digits given."""
    pairs = possible_pairs()
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
        record = random_record(rng)
        deltas = noise(rng, record, change, where)
        right = [np.array(layer) for layer in record.deltas()]
        if not same(deltas, right, digits) and not (change is rotated and are_two(deltas, right, digits)):
            return bool(named(record, deltas, digits))


def are_two(deltas: list[Array], right: list[Array], digits: int) -> bool:
    """Return whether only two numbers of a layer were exchanged, as they are written: a known mistake.

    So are three of which two are the same at this number of digits.
    """
    changed = [
        sum(x != y for x, y in zip(*pair, strict=True))
        for pair in zip(written(deltas, digits), written(right, digits), strict=True)
    ]
    return next((count for count in reversed(changed) if count), 0) == 2


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="A mutation study of the diagnosis of wrong deltas.")
    parser.add_argument(
        "--trials", type=int, default=2000, help="with one mistake and with two, at each number of digits"
    )
    parser.add_argument("--noise", type=int, default=10_000, help="with noise, in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, start = np.random.default_rng(options.seed), time.process_time()
    if options.trials:
        show_confusion(rng, math.ceil(options.trials / len(MISTAKES)))
        show_pairs(rng, options.trials)
    show_noise(rng, options.noise)
    print(f"\nSeed {options.seed}, {time.process_time() - start:.0f} s on one core.")


if __name__ == "__main__":
    use_utf8()
    main()
