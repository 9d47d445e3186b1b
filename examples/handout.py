"""The handout's walk-through, number by number: what it says, what backpropagation says, what the engine says.

Documents 000 and 001 follow one hidden node, h₁, through one training step of a 3-4-1 network. Every number that they
print stands here beside backpropagation by hand, in plain floats, and beside the engine's. Then the network of their
exercises takes the step, and its graph is drawn.

    python examples/handout.py [folder for the drawings]

Letters: x input, w weight, z net input, a activation, C the loss, δ = −∂C/∂z as the handout has it, η learning rate.
"""

from __future__ import annotations

import math
import sys
from itertools import chain
from pathlib import Path

import numpy as np

from autograd import Value
from nn import MLP, SGD, Record, handout_step, sse, train
from nn.console import use_utf8
from viz import save

X, LABEL, ETA = [1.0, 3.0, 5.0], 1.0, 0.01
OUTPUT = 0.6  # the output's activation, assumed in both documents
INTO_H1 = [0.5, 1.2, -0.3]
INTO_OTHERS = [0.1, -0.4, 0.2], [-0.7, 0.3, 0.1], [0.2, 0.05, -0.15]  # "you decide", say the exercises
INTO_O = [0.8, 0.5, 0.1, 0.6]  # in the example of document 001; 000 has the 0.8 alone
INTO_O_EXERCISE = [0.8, -1.2, 0.5, -0.3]  # in the exercise of both

# fmt: off
PRINTED = [
    # quantity             000              001             notes
    ("x₁ · w",             "0.5",           "0.5",          ""),
    ("x₂ · w",             "3.6",           "3.6",          ""),
    ("x₃ · w",             "-1.5",          "-1.5",         ""),
    ("z of h₁",            "2.6",           "2.6",          ""),
    ("a of h₁",            "0.9308616",     "0.9308616",    ""),
    ("a of h₁ with ReLU",  "2.6",           "2.6",          ""),
    ("a of o",             "0.6",           "0.6",          "1"),
    ("δ of o",             "",              "0.192",        "2"),
    ("change of w, h₁→o",  "0.001787254",   "0.001787254",  ""),
    ("new w, h₁→o",        "0.8017873",     "0.8017873",    ""),
    ("w·δ, h₁→o",          "0.1539432",     "0.1539432",    "3"),
    ("w·δ, h₂→o",          "",              "0.0960000",    "4"),
    ("w·δ, h₃→o",          "",              "0.0192000",    "4"),
    ("w·δ, h₄→o",          "",              "0.1152000",    "4"),
    ("Σ w·δ for h₁",       "",              "0.3843432",    "3 5"),
    ("δ of h₁",            "0.009907519",   "0.02473567",   "3 5"),
    ("change of w, x₁→h₁", "9.907519e-05",  "0.0002473567", "3 5"),
    ("change of w, x₂→h₁", "2.972256e-04",  "0.0007420701", "3 5"),
    ("change of w, x₃→h₁", "4.953760e-04",  "0.0012367836", "3 5"),
    ("new w, x₁→h₁",       "0.5000991",     "0.5002474",    "3 5"),
    ("new w, x₂→h₁",       "1.2002972",     "1.2007421",    "3 5"),
    ("new w, x₃→h₁",       "-0.2995046",    "-0.2987632",   "3 5"),
]
# fmt: on
NOTES = """
  1  Assumed: no network of the text gives 0.6. Here a bias of the output node makes it so.
  2  000 shows the line of code, not its result.
  3  Both take the weight after its update, 0.8017873 for 0.8. Take every gradient first, then update.
  4  Right as products. But h₁ does not feed h₂, h₃ and h₄, so they are not part of its δ.
     (And 0.5, 0.1, 0.6 belong to this example alone: the exercise has −1.2, 0.5, −0.3.)
  5  001 sums over h₁ … h₄, one weight updated and three not. The sum runs over the nodes that h₁ feeds: one.
"""


def sigmoid(z: float) -> float:
    """Return the logistic function as the handout writes it."""
    return 1.0 / (1.0 + math.exp(-z))


def by_hand() -> list[float]:
    """Return the numbers of the walk-through by the formulas of backpropagation, in the order of PRINTED."""
    products = [x * w for x, w in zip(X, INTO_H1, strict=True)]
    z = sum(products)
    a = sigmoid(z)
    delta_o = 2.0 * (LABEL - OUTPUT) * OUTPUT * (1.0 - OUTPUT)
    change = ETA * delta_o * a
    shares = [w * delta_o for w in INTO_O]
    total = shares[0]  # over the nodes that h₁ feeds
    delta = total * a * (1.0 - a)
    changes = [ETA * delta * x for x in X]
    weights = [w + dw for w, dw in zip(INTO_H1, changes, strict=True)]
    return [
        *products, z, a, max(0.0, z), OUTPUT, delta_o, change, INTO_O[0] + change, *shares, total, delta,
        *changes, *weights,
    ]  # fmt: skip


def by_engine() -> list[float]:
    """Return the same numbers from the engine: one forward pass, one backward(), and its gradients."""
    record, _ = swept(walk_through_network())
    (h1, *_), (o,) = (layer.neurons for layer in record.mlp.layers)
    (z, *_), (z_o,) = record.net_inputs
    hidden, (output,) = record.activations
    products = [(x * w).data for x, w in zip(record.inputs, h1.weights, strict=True)]
    change, changes = -ETA * o.weights[0].grad, [-ETA * w.grad for w in h1.weights]
    weights = [w.data + dw for w, dw in zip(h1.weights, changes, strict=True)]
    return [
        *products, z.data, hidden[0].data, z.relu().data, output.data, -z_o.grad, change, o.weights[0].data + change,
        *[-a.grad for a in hidden], -hidden[0].grad, -z.grad, *changes, *weights,
    ]  # fmt: skip


def walk_through_network() -> MLP:
    """Return the network of the example, with a bias at the output node that makes its activation the assumed one."""
    z = network(INTO_O).forward(X).net_inputs[1][0].data
    return network(INTO_O, [[0.0] * 4, [math.log(OUTPUT / (1.0 - OUTPUT)) - z]])


def network(into_o: list[float], biases: list[list[float]] | None = None) -> MLP:
    """Return a 3-4-1 network with these weights into its output node."""
    return MLP.from_weights([np.transpose([INTO_H1, *INTO_OTHERS]), np.transpose([into_o])], biases)


def swept(mlp: MLP) -> tuple[Record, Value]:
    """Return the record and the loss of one forward pass, after backward()."""
    record = mlp.forward(X)
    loss = sse(record.output, [LABEL]).named("C")
    loss.backward()
    return record, loss


def agrees(text: str, right: float) -> bool:
    """Return whether a printed number is the right one, rounded as it is printed; where none is printed, True."""
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
    return not text or abs(float(text) - right) <= 0.5001 * 10.0**-decimals


def print_walk_through() -> None:
    """Print the handout's numbers beside backpropagation and the engine."""
    print(f"{'One step of h₁':20}   handout 000     handout 001   backpropagation         engine  notes")
    for (quantity, *texts, notes), hand, engine in zip(PRINTED, by_hand(), by_engine(), strict=True):
        says = "".join(f"{text or '–':>14} {' ' if agrees(text, hand) else '✗'}" for text in texts)
        print(f"{quantity:20}{says}{hand:16.8g}{engine:15.8g}  {notes}".rstrip())
    print(NOTES)


def print_exercise() -> tuple[Record, Value]:
    """Print the whole network's step, and return its record and loss."""
    record, loss = swept(network(INTO_O_EXERCISE))
    *hidden, output = [a.data for layer in record.activations for a in layer]
    delta_o = 2.0 * (LABEL - output) * output * (1.0 - output)
    by_formula = [*(w * delta_o * a * (1.0 - a) for w, a in zip(INTO_O_EXERCISE, hidden, strict=True)), delta_o]

    in_its_order, descended = network(INTO_O_EXERCISE), network(INTO_O_EXERCISE)
    step = handout_step(in_its_order, X, LABEL, ETA)
    train(descended, [X], [LABEL], loss="sse", optimizer=SGD(ETA), epochs=1, progress=False)

    flat = chain.from_iterable
    numbers = flat(record.net_inputs), flat(record.activations), by_formula, flat(record.deltas("handout"))
    print("The exercise            z             a   δ, backpropagation      δ, engine    δ, order of 000")
    for node, z, a, *deltas in zip(("h₁", "h₂", "h₃", "h₄", "o"), *numbers, flat(step.deltas), strict=True):
        print(f"{node:11}{z:14.8g}{a:14.8g}{deltas[0]:21.8g}{deltas[1]:15.8g}{deltas[2]:19.8g}")
    after = [sse(mlp.forward(X).output, [LABEL]).data for mlp in (descended, in_its_order)]
    print(f"\nC = {loss:.7g}; after gradient descent {after[0]:.7g}, after the order of 000 {after[1]:.7g}.")
    return record, loss


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print both tables, and draw the graph of the exercise into the folder."""
    print_walk_through()
    record, loss = print_exercise()
    folder.mkdir(parents=True, exist_ok=True)
    save(loss, folder / "handout.svg", record)
    save(loss, folder / "handout-neurons.svg", record, collapse="neuron")
    save(loss, folder / "handout.html", record)
    print(f"\nDrawn into {folder}: handout.svg, handout-neurons.svg, handout.html")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
