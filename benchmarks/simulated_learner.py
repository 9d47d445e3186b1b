"""Random networks, and a simulated learner who derives their deltas by hand with one known mistake or two.

The learner works in plain loops, independently of `nn.checking`, which is to find the mistakes (`diagnosis.py`).

Letters: as in `nn.checking.mistakes`; i a layer, j and k neurons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from autograd import sigmoid, softmax
from nn import MLP, Record
from nn.checking import mistakes as known
from nn.checking.mistakes import ALONE, Mistake, compatible
from nn.losses import LOSSES

Array = NDArray[np.float64]
Rng = np.random.Generator

# fmt: off
ACTIVATIONS = [
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign",
    "hard_sigmoid", "erf", "normal_cdf", "atan", "sin", "sinh",
]
RATES = (0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0)
SQUARES = ("sse", "half_sse", "mse", "huber")  # ∂C/∂a is a − y times a number
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
OF_CLASSES = ("cross_entropy", "softmax_cross_entropy")
NEEDED_LOSSES = {
    known.CANCELLED: (*BINARY, *OF_CLASSES), known.RAW_ERRORS: SQUARES,
    known.NO_TARGET: OF_CLASSES, known.OTHER_CLASS: OF_CLASSES,
}
NEEDED_ACTIVATIONS = {
    known.INVERTED_MASK: ("relu", "relu", "leaky_relu"), known.GRADIENT_MASK: ("relu", "relu", "leaky_relu"),
    known.LEAKY: ("relu",), known.INCOMPLETE: ("sigmoid", "tanh"),
}
OUTPUT_ONLY = {known.CANCELLED, known.OFF_DIAGONAL, known.NO_TARGET, known.OTHER_CLASS}
NEVER_REPEATED = {*OUTPUT_ONLY, *ALONE, known.RAW_ERRORS, known.OTHER_LAYER}
# fmt: on


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
        if known.OFF_DIAGONAL in mistakes or softmax:
            losses = ("sse", "half_sse", *OF_CLASSES)
        if losses is None:
            no_softmax = softmax is False or known.IN_THE_SUM in mistakes
            losses = tuple(loss for loss in LOSSES if loss not in OF_CLASSES or not no_softmax)
        loss = str(rng.choice(losses))
        classes = loss in OF_CLASSES or known.OFF_DIAGONAL in mistakes or bool(softmax)
        outputs = int(rng.integers(2 if classes else 1, 5))
        if known.REVERSED in mistakes:
            hidden[0] = outputs
        sizes = [int(rng.integers(1, 5)), *hidden, outputs]
        if known.OTHER_LAYER in mistakes:
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
            known.RAW_ERRORS in mistakes
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
        return found[::-1] if known.REVERSED in self.places else found

    def step(self, i: int, made: set[Mistake], receivers: list[float]) -> list[float]:
        """Return the deltas of layer i from those of its receivers."""
        layers, a = self.record.mlp.layers, [value.data for value in self.record.activations[i]]
        if i == len(layers) - 1:
            deltas = self.output(i, made, a)
        else:
            gradients = self.sums(i, made, a, receivers)
            deltas = [self.slope(i, j, made, gradient) * gradient for j, gradient in enumerate(gradients)]
        if known.SWAPPED in made and len(deltas) > 1:
            j, k = self.two_of(len(deltas))
            deltas[j], deltas[k] = deltas[k], deltas[j]
        factors = {known.SIGN: -1.0, known.DOUBLE: 2.0, known.HALF: 0.5, known.MEAN: 1.0 / self.n, known.SUM: self.n}
        for mistake, factor in factors.items():
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
        if loss in OF_CLASSES and made & {known.CANCELLED, known.NO_TARGET, known.OTHER_CLASS, known.OFF_DIAGONAL}:
            p = softmax(z)
            if known.OTHER_CLASS in made:
                right = y.index(1.0)
                y = np.eye(len(y))[(right + 1 + self.choice[0] % (len(y) - 1)) % len(y)].tolist()
            if known.NO_TARGET in made:
                y = [0.0] * len(y)
            if known.OFF_DIAGONAL in made:  # only the right class keeps its delta
                return [(p[k] - 1.0) * y[k] for k in range(len(y))]
            slopes = [x * (1.0 - x) for x in p] if known.CANCELLED in made else [1.0] * len(y)
            return [(p[k] - y[k]) * slopes[k] for k in range(len(y))]
        if loss in BINARY and known.CANCELLED in made:
            p = [sigmoid(x) for x in z]
            return [(p[k] - y[k]) * p[k] * (1.0 - p[k]) / len(y) for k in range(len(y))]
        if not layer.softmax:
            return [self.slope(i, j, made, gradient) * gradient for j, gradient in enumerate(gradients)]
        if known.MISSING in made:
            return gradients
        k = range(len(z))
        kept = [[j for j in k if j == q or known.OFF_DIAGONAL not in made] for q in k]
        return [math.fsum(gradients[j] * a[j] * ((j == q) - a[q]) for j in kept[q]) for q in k]

    def sums(self, i: int, made: set[Mistake], a: list[float], receivers: list[float]) -> list[float]:
        """Return for each neuron of a hidden layer the sum, ∂C/∂a, that is multiplied by f′(z)."""
        into = [[w.data for w in neuron.weights] for neuron in self.record.mlp.layers[i + 1].neurons]
        m, n = len(a), len(into)  # into[receiver][sender]
        if known.UPDATED in made:
            into = [[into[k][j] - self.learning_rate * receivers[k] * a[j] for j in range(m)] for k in range(n)]
        if known.TRANSPOSED in made:  # the same numbers, read in the other order of the indices
            flat = [into[k][j] for j in range(m) for k in range(n)]
            into = [flat[k * m : (k + 1) * m] for k in range(n)]
        for mistake, wrong in ((known.FORGOTTEN_WEIGHT, 1.0), (known.FORGOTTEN_TERM, 0.0)):
            if mistake in made:
                kind, j, k = self.choice[2] % 3, self.choice[0] % m, self.choice[1] % n
                whole = mistake is known.FORGOTTEN_WEIGHT and (kind == 0 or self.whole(mistake))
                for receiver in range(n):
                    for sender in range(m):
                        if whole or (receiver == k and (kind == 1 or sender == j)):
                            into[receiver][sender] = wrong
        if known.SWAPPED_WEIGHTS in made and self.choice[2] % 2 and n > 1:
            j, k = self.two_of(n)
            into[j], into[k] = into[k], into[j]
        elif known.SWAPPED_WEIGHTS in made:
            j, k = self.two_of(m)
            for row in into:
                row[j], row[k] = row[k], row[j]
        if known.RAW_ERRORS in made:
            receivers = [x.data - y for x, y in zip(self.record.output, self.example.target, strict=True)]
        if known.IN_THE_SUM in made:
            receivers = [self.slope(i + 1, k, set()) * receivers[k] for k in range(n)]
        gradients = [math.fsum(into[k][j] * receivers[k] for k in range(n)) for j in range(m)]
        return [math.fsum(gradients)] * m if known.SIBLINGS in made else gradients

    def whole(self, mistake: Mistake) -> bool:
        """Return whether a mistake is made in several layers, or beside another, and so in the same way everywhere."""
        return len(self.places[mistake]) > 1 or len(self.places) > 1

    def slope(self, i: int, j: int, made: set[Mistake], gradient: float = 0.0) -> float:
        """Return the derivative that the learner uses for one neuron."""
        if known.OTHER_LAYER in made:
            alike = [k for k in range(len(self.record.mlp.layers)) if k != i and self.width(k) == self.width(i)]
            return self.slope(alike[self.choice[0] % len(alike)] if alike else i, j, set())
        z, a = self.record.net_inputs[i][j], self.record.activations[i][j]
        activation, x = self.record.mlp.layers[i].activation, a.data
        if made & {known.MISSING, known.IN_THE_SUM}:
            return 1.0
        if known.OTHER_FUNCTION in made:
            derivatives = {"sigmoid": x * (1.0 - x), "tanh": 1.0 - x * x, "relu": float(x > 0.0)}
            name = list(derivatives)[self.choice[0] % 3]
            return derivatives[name] if name != activation else self.slope(i, j, set())
        if known.INCOMPLETE in made and activation in ("sigmoid", "tanh"):
            return 1.0 - x if self.choice[0] % 2 else {"sigmoid": x, "tanh": x * x}[activation]
        if activation in ("relu", "leaky_relu"):
            low = 0.0 if activation == "relu" else 0.01
            if known.INVERTED_MASK in made:
                return low if z.data > 0.0 else 1.0
            if known.GRADIENT_MASK in made:
                return 1.0 if gradient > 0.0 else low
            if known.LEAKY in made and activation == "relu":
                return 1.0 if z.data > 0.0 else (0.01, 0.1, 0.2, 0.3)[self.choice[0] % 4]
        if a is z or a.operation is None:
            return 1.0
        f, others = a.operation, [operand.data for operand in a.operands[1:]]
        wanted = [True] + [False] * len(others)
        if known.NET_INPUT in made:
            if f.textbook:
                return float(f.textbook(z.data, z.data))
            return float(f.local_derivatives(z.data, [z.data, *others], wanted)[0])
        if known.ACTIVATION in made:
            return float(f.local_derivatives(f(a.data, *others), [a.data, *others], wanted)[0])
        return a.partials()[0] * (a.partials()[0] if known.TWICE in made else 1.0)

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
            hidden = hidden or mistake in (known.TWICE, known.OTHER_FUNCTION)
        top = last - 1 if hidden else last
        start = top if mistake in OUTPUT_ONLY | {known.RAW_ERRORS} or rng.random() < 0.5 else int(rng.integers(top + 1))
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
            if len(mistakes) == 1 and mistakes[0].part == "derivative" and mistakes[0] is not known.MISSING:
                places.append({known.MISSING: made.places[mistakes[0]]})  # with ReLUs, these may be the same numbers
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
