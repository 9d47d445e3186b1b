"""Exercises: a small network with its numbers, and the right answers for one step of gradient descent by hand.

The same options give the same numbers on every machine: they are tenths drawn with `random.Random(seed).random()`,
which Python guarantees not to change, and everything else is computed with floats and `math` only.

Letters: z net input, a activation, C the loss, δ = ∂C/∂z or −∂C/∂z, η learning rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from autograd import Value
from nn.losses import LOSSES
from nn.network import MLP
from nn.record import Record
from viz.exercise.answers import Answers
from viz.solutions.notations import CONVENTIONS, Convention

LOSS_NAMES = ("sse", "half_sse", "cross_entropy")
ACTIVATIONS = ("sigmoid", "tanh", "relu")
MIN_NET_INPUT, MAX_NET_INPUT = 0.05, 2.5  # of |z|, so that nothing cancels or saturates
MIN_DELTA = 0.002  # of |δ|
MAX_NEURONS = 12  # of a layer
MAX_TRIES = 2000  # to find such numbers
LEARNING_RATE = 0.5
# The network of documents 000 and 001 (Hansen 2021, 2022), whose other hidden weights "you decide".
HANDOUT_INPUTS, HANDOUT_TARGET, HANDOUT_RATE = [1.0, 3.0, 5.0], [1.0], 0.01
HANDOUT_WEIGHTS = (
    [[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]],
    [[0.8], [-1.2], [0.5], [-0.3]],
)


@dataclass(frozen=True)
class Exercise:
    """One exercise and its solution.

    Attributes:
        options: The command-line options that make this exercise.
        activation: The name of the activation; the last layer is softmax if the loss is cross_entropy.
        loss: The name of the loss.
        convention: The name of the notation.
        target: The targets y.
        record: The forward pass, after `backward()`.
        C: The loss.
        learning_rate: That of the update.
    """

    options: str
    activation: str
    loss: str
    convention: str
    target: list[float]
    record: Record
    C: Value
    learning_rate: float = LEARNING_RATE

    @property
    def notation(self) -> Convention:
        """The letters and signs."""
        return CONVENTIONS[self.convention](self.record.mlp.sizes)

    @property
    def sign(self) -> float:
        """δ, and the gradient that is asked for, are this times the derivative of the loss."""
        return self.notation.sign

    def names(self) -> Answers:
        """Return the names of the answers, in the shape of the answers."""
        c, (inputs, *layers) = self.notation, self.record.mlp.sizes
        receivers = [(n, range(1, count + 1)) for n, count in enumerate(layers, 1)]
        weights = [
            [[(n, i, j) for j in js] for i in range(1, m + 1)]
            for (n, js), m in zip(receivers, [inputs, *layers], strict=False)
        ]
        found: Answers = {
            "z": [[c.z(n, j).text for j in js] for n, js in receivers],
            "a": [[c.a(n, j).text for j in js] for n, js in receivers],
            "deltas": [[c.delta(n, j).text for j in js] for n, js in receivers],
            "gradients": [[[c.weight_gradient(*w).text for w in row] for row in layer] for layer in weights],
        }
        if self.record.mlp.biases():
            found["bias_gradients"] = [[c.bias_gradient(n, j).text for j in js] for n, js in receivers]
        return found | {"updates": [[[f"Δ{c.w(*w).text}" for w in row] for row in layer] for layer in weights]}

    def answers(self) -> Answers:
        """Return the right answers, by the names in the file of answers."""
        mlp, numbers, sign = self.record.mlp, self.record, self.sign
        found: Answers = {
            "z": [[z.data for z in layer] for layer in numbers.net_inputs],
            "a": [[a.data for a in layer] for layer in numbers.activations],
            "deltas": [[sign * delta for delta in layer] for layer in numbers.deltas()],
            "gradients": [(sign * W).tolist() for W in mlp.gradients()],
        }
        if mlp.biases():
            found["bias_gradients"] = [(sign * b).tolist() for b in mlp.bias_gradients()]
        return found | {"updates": [(-self.learning_rate * W).tolist() for W in mlp.gradients()]}


def make_exercise(
    sizes: Sequence[int],
    seed: int,
    activation: str = "sigmoid",
    loss: str = "sse",
    bias: bool = False,
    convention: str = "gradient",
) -> Exercise:
    """Return the exercise with these options, the same one every time.

    Weights have one decimal, no neuron saturates and no delta is tiny.

    Args:
        sizes: The number of inputs, then the number of neurons of each layer.
        seed: The number of the sheet, 0 or more.
        activation: "sigmoid", "tanh" or "relu".
        loss: "sse", "half_sse", or "cross_entropy", which makes the last layer softmax.
        bias: Whether every neuron has a bias.
        convention: Whose letters and signs: "gradient", "handout", "arnold", "misley" or "nielsen".

    Raises:
        ValueError: For an option that does not exist, and if no such numbers are found.

    >>> make_exercise([3, 4, 1], 7).record.mlp
    MLP(3 → 4 sigmoid → 1 sigmoid, 16 parameters)
    """
    choices = {
        "activation": (activation, ACTIVATIONS),
        "loss": (loss, LOSS_NAMES),
        "convention": (convention, CONVENTIONS),
    }
    for option, (choice, known) in choices.items():
        if choice not in known:
            raise ValueError(f"{option} is {choice!r}; choose {', '.join(known)}")
    if seed < 0:
        raise ValueError(f"seed is {seed}; give the number of a sheet, 0 or more")
    if len(sizes) < 2 or min(sizes) < 1 or max(sizes) > MAX_NEURONS:
        raise ValueError(
            f"sizes is {list(sizes)}; give the number of inputs and of neurons in each layer, from 1 to {MAX_NEURONS}, "
            "such as 3,4,1"
        )
    if loss == "cross_entropy" and sizes[-1] < 2:
        raise ValueError(f"cross_entropy needs at least 2 outputs, one for each class, not {sizes[-1]}")
    options = f"--sizes {','.join(map(str, sizes))} --seed {seed}" + "".join(
        f" --{name} {choice}"
        for name, choice, default in (
            ("activation", activation, "sigmoid"),
            ("loss", loss, "sse"),
            ("convention", convention, "gradient"),
        )
        if choice != default
    )
    options += " --bias" * bias
    rng = Random(seed)  # noqa: S311  (an exercise is not a secret)

    def tenths(low: int, high: int) -> float:
        return (low + int(rng.random() * (high - low + 1))) / 10.0

    def weights(count: int) -> list[float]:
        return [tenths(1, 9) * (1.0 if rng.random() < 0.6 else -1.0) for _ in range(count)]

    output = "softmax" if loss == "cross_entropy" else activation
    for _ in range(MAX_TRIES):
        W = [[weights(m) for _ in range(n)] for n, m in pairwise(sizes)]
        mlp = MLP.from_weights(W, [weights(m) for m in sizes[1:]] if bias else None, activation, output=output)
        record = mlp.forward([tenths(2, 20) for _ in range(sizes[0])])
        net_inputs = [z.data for layer in record.net_inputs for z in layer]
        if not all(MIN_NET_INPUT <= (z if activation == "relu" else abs(z)) <= MAX_NET_INPUT for z in net_inputs):
            continue
        if loss == "cross_entropy":
            right = int(rng.random() * sizes[-1])
            target = [float(k == right) for k in range(sizes[-1])]
        else:
            target = [tenths(0, 10) for _ in record.output]
        C = LOSSES[loss](record.output, target)
        C.backward()
        if all(abs(delta) >= MIN_DELTA for layer in record.deltas() for delta in layer):
            return Exercise(options, activation, loss, convention, target, record, C)
    raise ValueError(
        f"no weights found in {MAX_TRIES:,} tries keep every number in range: choose fewer or smaller layers, or tanh"
    )


def handout_exercise(convention: str = "handout") -> Exercise:
    """Return the exercise on the network of the handout (Hansen 2021, 2022), in the letters of a convention.

    >>> handout_exercise().record.net_inputs[0][0].data
    2.5999999999999996
    """
    record = MLP.from_weights(HANDOUT_WEIGHTS).forward(HANDOUT_INPUTS)
    C = LOSSES["sse"](record.output, HANDOUT_TARGET)
    C.backward()
    options = "--network handout" + f" --convention {convention}" * (convention != "handout")
    return Exercise(options, "sigmoid", "sse", convention, HANDOUT_TARGET, record, C, HANDOUT_RATE)
