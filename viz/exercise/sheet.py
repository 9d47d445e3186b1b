"""Exercise sheets: a small network with its numbers, and blanks for one forward and one backward pass by hand.

The same options give the same sheet on every machine: its numbers are tenths drawn with `random.Random(seed).random()`,
which Python guarantees not to change, and everything else is computed with floats and `math` only.

Letters: x input, z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z or −∂C/∂z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from random import Random

from autograd import Value
from nn.architecture import subscript
from nn.network import MLP
from nn.record import Record
from viz.exercise.answers import Answers
from viz.exercise.own_numbers import LOSSES

# fmt: off
ACTIVATION_TEXTS = {
    "sigmoid": "f(z) = 1 / (1 + e⁻ᶻ), and f′(z) = a(1 − a)",
    "tanh":    "f(z) = tanh z, and f′(z) = 1 − a²",
    "relu":    "f(z) = max(0, z), and f′(z) = 1 where z > 0, else 0",
}
LOSS_TEXTS = {
    "sse":           "C = Σ (a − y)², over the outputs",
    "half_sse":      "C = ½ Σ (a − y)², over the outputs",
    "cross_entropy": "C = −log a of the right class; the last layer is softmax, aᵢ = e^zᵢ / Σ e^zₖ",
}
CONVENTION_TEXTS = {"gradient": "δ = ∂C/∂z", "handout": "δ = −∂C/∂z"}
# fmt: on
MIN_NET_INPUT, MAX_NET_INPUT = 0.05, 2.5  # of |z|, so that nothing cancels or saturates
MIN_DELTA = 0.002  # of |δ|
MAX_NEURONS = 12  # of a layer
MAX_TRIES = 2000  # to find such numbers
PRECISION = "Calculate with five significant digits, and write down four: 0.01234, 1.235."
BLANK, BLANKS_PER_LINE = "________", 4


@dataclass(frozen=True)
class Exercise:
    """One exercise and its solution.

    Attributes:
        options: The command-line options that make this exercise.
        activation: The name of the activation; the last layer is softmax if the loss is cross_entropy.
        loss: The name of the loss.
        convention: "gradient" for δ = ∂C/∂z, or "handout" for δ = −∂C/∂z.
        target: The targets y.
        record: The forward pass, after `backward()`.
        C: The loss.
    """

    options: str
    activation: str
    loss: str
    convention: str
    target: list[float]
    record: Record
    C: Value

    def names(self) -> Answers:
        """Return the names of the answers, in the shape of the answers."""
        record, mlp = self.record, self.record.mlp
        z = [[z.name or "" for z in layer] for layer in record.net_inputs]
        found: Answers = {
            "z": z,
            "a": [[name.replace("z", "a") for name in layer] for layer in z],
            "deltas": [[name.replace("z", "δ") for name in layer] for layer in z],
            "gradients": [
                [[f"∂C/∂{w.name}" for w in ws] for ws in zip(*[n.weights for n in layer.neurons], strict=True)]
                for layer in mlp.layers
            ],
        }
        if mlp.biases():
            found["bias_gradients"] = [[f"∂C/∂{n.bias.name}" for n in layer.neurons if n.bias] for layer in mlp.layers]
        return found

    def answers(self) -> Answers:
        """Return the right answers, by the names in the file of answers."""
        mlp, numbers = self.record.mlp, self.record
        found: Answers = {
            "z": [[z.data for z in layer] for layer in numbers.net_inputs],
            "a": [[a.data for a in layer] for layer in numbers.activations],
            "deltas": numbers.deltas(self.convention),
            "gradients": [W.tolist() for W in mlp.gradients()],
        }
        return found | ({"bias_gradients": [b.tolist() for b in mlp.bias_gradients()]} if mlp.biases() else {})


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
        convention: "gradient" for δ = ∂C/∂z, or "handout" for δ = −∂C/∂z.

    Raises:
        ValueError: For an option that does not exist, and if no such numbers are found.

    >>> make_exercise([3, 4, 1], 7).record.mlp
    MLP(3 → 4 sigmoid → 1 sigmoid, 16 parameters)
    """
    choices: dict[str, tuple[str, dict[str, str]]] = {
        "activation": (activation, ACTIVATION_TEXTS),
        "loss": (loss, LOSS_TEXTS),
        "convention": (convention, CONVENTION_TEXTS),
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


# The sheet ------------------------------------------------------------------------------------------------------------


def sheet(exercise: Exercise, solution: bool = False) -> str:
    """Return the sheet as text, with blanks or with the solution."""
    lines = [*data(exercise, solution), "", *questions(exercise, solution)]
    return "\n".join(line.rstrip() for line in lines)


def data(exercise: Exercise, solution: bool) -> list[str]:
    """Return the first part of the sheet: the given numbers."""
    record, mlp = exercise.record, exercise.record.mlp
    targets = [f"y{subscript(i)} = {written(y)}" for i, y in enumerate(exercise.target, 1)]
    but = ", but in the last layer" if exercise.loss == "cross_entropy" else ""
    lines = [
        f"A network of {' – '.join(map(str, mlp.sizes))} neurons, one step by hand{': the solution' * solution}",
        f"({exercise.options})",
        "",
        f"Activation  {exercise.activation}{but}: {ACTIVATION_TEXTS[exercise.activation]}",
        f"Loss        {LOSS_TEXTS[exercise.loss]}",
        f"Delta       {CONVENTION_TEXTS[exercise.convention]}",
        f"Inputs      {', '.join(f'{x.name} = {written(x.data)}' for x in record.inputs)}",
        f"Targets     {', '.join(targets)}",
    ]
    biases = mlp.biases()
    for k, W in enumerate(mlp.weights()):
        lines += ["", f"Weights into layer {k + 1}: a row for each sender, a column for each receiver"]
        lines += table(exercise, k, W.tolist(), biases[k].tolist() if biases else None, written)
    return lines


def instructions(exercise: Exercise) -> tuple[str, str, str]:
    """Return what is asked, forward, backward and for the gradients; further lines stand below the first."""
    bias, minus = bool(exercise.record.mlp.biases()), "−" if exercise.convention == "handout" else ""
    output = "f′(z) · ∂C/∂a" if exercise.loss != "cross_entropy" else "Σ ∂aᵢ/∂z · ∂C/∂aᵢ over the outputs i"
    backward = f"2  Backward: at the output  δ = {minus}{output}"
    if len(exercise.record.net_inputs) > 1:
        backward += "\n             elsewhere      δ = f′(z) · Σ w·δ, over the neurons of the next layer"
    return (
        f"1  Forward: z = Σ w · (a of the sender){' + bias' * bias}, then a = f(z)",
        backward,
        f"3  Gradients: ∂C/∂w = {minus}(a of the sender) · (δ of the receiver){f'; ∂C/∂b = {minus}δ' * bias}",
    )


def questions(exercise: Exercise, solution: bool) -> list[str]:
    """Return the second part of the sheet: the questions, with blanks or with the solution."""
    names, answers = exercise.names(), exercise.answers()
    forward, backward, gradients = instructions(exercise)

    def number(x: float) -> str:
        return f"{Decimal(f'{x:#.4g}'):f}".replace("-", "−") if solution else BLANK  # with trailing zeros

    def blanks(group: str, k: int) -> list[str]:
        cells = [f"{name} = {number(x):8}" for name, x in zip(names[group][k], answers[group][k], strict=True)]
        return ["    " + "   ".join(cells[i : i + BLANKS_PER_LINE]) for i in range(0, len(cells), BLANKS_PER_LINE)]

    layers, biases = range(len(answers["z"])), answers.get("bias_gradients")
    lines = [PRECISION, "", forward]
    for k in layers:
        lines += [*blanks("z", k), *blanks("a", k)]
    lines += ["", *backward.splitlines()]
    for k in reversed(layers):
        lines += blanks("deltas", k)
    lines += ["", gradients]
    for k in layers:
        lines += [""] * (k > 0)
        lines += table(exercise, k, answers["gradients"][k], biases[k] if biases else None, number)
    return lines


def senders_of(exercise: Exercise, k: int) -> list[str]:
    """Return the names of the senders of layer k, counted from 0."""
    senders: list[list[str]] = [[str(x.name) for x in exercise.record.inputs], *exercise.names()["a"]]
    return senders[k]


def table(
    exercise: Exercise, k: int, W: list[list[float]], b: list[float] | None, write: Callable[[float], str]
) -> list[str]:
    """Return a matrix of layer k, counted from 0, as lines: a row for each sender, and one for the biases."""
    senders = senders_of(exercise, k)
    rows = [("", [f"to {name}" for name in exercise.names()["z"][k]])]
    rows += [(f"from {name}", list(map(write, row))) for name, row in zip(senders, W, strict=True)]
    rows += [] if b is None else [("bias", list(map(write, b)))]
    first, width = max(len(name) for name, _ in rows), max(len(cell) for _, cells in rows for cell in cells)
    return [f"    {name:{first}}" + "".join(f"   {cell:>{width}}" for cell in cells) for name, cells in rows]


def written(x: float) -> str:
    """Return a number as text, with a minus sign instead of a hyphen."""
    return f"{x:g}".replace("-", "−")
