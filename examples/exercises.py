"""The exercises of documents 000 and 001, answered: a 3-4-1 network by loops over its nodes, and by the engine.

Every answer is computed twice. Once as the documents ask for, node by node and without linear algebra; once by
backward(). The questions are in another order in 000 than in 001; here is each of them once.

    python examples/exercises.py [folder for the plot]

Letters: x input, w weight, z net input, a activation, C the loss, δ = −∂C/∂z as the documents have it, η learning rate.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nn import MLP, SGD, Threshold, sse, train
from nn.console import use_utf8
from viz import plot_activation

X, LABEL, ETA = [1.0, 3.0, 5.0], 1.0, 0.01
INTO_O = [0.8, -1.2, 0.5, -0.3]  # the exercise's own
Weights = list[list[float]]  # one list for each receiving node


def sigmoid(z: float) -> float:
    """Return the logistic function."""
    return 1.0 / (1.0 + math.exp(-z))


def forward(layers: list[Weights]) -> list[list[float]]:
    """Return the activations of every layer, the inputs first: node by node, weight by weight."""
    activations = [X]
    for weights in layers:
        activations.append([])
        for into_node in weights:
            z = 0.0
            for w, x in zip(into_node, activations[-2], strict=True):
                z += w * x
            activations[-1].append(sigmoid(z))
    return activations


def changes(layers: list[Weights]) -> list[Weights]:
    """Return η · δ · a for every weight, all of them before any weight moves."""
    activations = forward(layers)
    result: list[Weights] = []
    deltas = [2.0 * (LABEL - a) * a * (1.0 - a) for a in activations[-1]]
    for k in reversed(range(len(layers))):
        result.insert(0, [[ETA * delta * a for a in activations[k]] for delta in deltas])
        below = []
        for j, a in enumerate(activations[k]):
            blame = 0.0
            for delta, into_node in zip(deltas, layers[k], strict=True):  # the nodes that j feeds
                blame += into_node[j] * delta
            below.append(blame * a * (1.0 - a))
        deltas = below
    return result


def line(name: str, by_loops: float, by_engine: float) -> None:
    """Print one answer twice."""
    print(f"   {name:18}{by_loops:16.9f}{by_engine:16.9f}")


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Answer every exercise, and plot ReLU into the folder."""
    rng = np.random.default_rng(0)
    W1 = rng.uniform(-1.0, 1.0, (3, 4))  # W[sender][receiver]; the loops want it receiver by receiver
    print(f"{'':21}{'by loops':>16}{'by the engine':>16}")

    print("1  The whole forward pass, with random weights and [1, 3, 5]")
    layers = [W1.T.tolist(), rng.uniform(-1.0, 1.0, (1, 4)).tolist()]
    record = MLP.from_weights([np.transpose(weights) for weights in layers]).forward(X)
    _, hidden, output = forward(layers)
    for j, (a, value) in enumerate(zip(hidden, record.activations[0], strict=True), 1):
        line(f"a of h{j}", a, value.data)
    line("a of o", output[0], record.output[0].data)

    print("2  δ of the output, as its activation comes closer to the label 1")
    for a in (0.1, 1 / 3, 0.6, 0.9, 0.99):
        one = MLP.from_weights([[[math.log(a / (1.0 - a))]]]).forward([1.0])
        sse(one.output, LABEL).backward()
        line(f"a = {a:.2f}", 2.0 * (LABEL - a) * a * (1.0 - a), one.deltas("handout")[0][0])
    print("   It tends to 0, but not from the start: it is largest at a third.")

    print("3  With the activation of your own forward pass")
    sse(record.output, LABEL).backward()
    o = output[0]
    line("δ of o", 2.0 * (LABEL - o) * o * (1.0 - o), record.deltas("handout")[1][0])

    print("4  ReLU instead: its derivative is 0 below 0, 1 above, and here 0 at 0")
    relu = MLP.from_weights([W1, np.transpose(layers[1])], activation="relu", output="sigmoid").forward(X)
    sse(relu.output, LABEL).backward()
    for j, (z, delta) in enumerate(zip(relu.net_inputs[0], relu.deltas("handout")[0], strict=True), 1):
        share = layers[1][0][j - 1] * relu.deltas("handout")[1][0]
        line(f"δ of h{j}, z {'>' if z.data > 0.0 else '<'} 0", share if z.data > 0.0 else 0.0, delta)

    print("5  All weight changes, hidden → output with c(0.8, -1.2, 0.5, -0.3), then input → hidden")
    layers = [W1.T.tolist(), [INTO_O]]
    mlp = MLP.from_weights([W1, np.transpose([INTO_O])])
    sse(mlp.forward(X).output, LABEL).backward()
    into_hidden, into_output = changes(layers)
    for j, change in enumerate(into_output[0]):
        line(f"h{j + 1} → o", change, -ETA * float(mlp.gradients()[1][j, 0]))
    for j, into_node in enumerate(into_hidden):
        for i, change in enumerate(into_node):
            line(f"x{i + 1} → h{j + 1}", change, -ETA * float(mlp.gradients()[0][i, j]))

    print("6  The learning rate: a change is proportional to it")
    for eta in (0.005, 0.01, 0.02):
        line(f"η = {eta}", eta / ETA * into_output[0][0], -eta * float(mlp.gradients()[1][0, 0]))

    print("7  Your own network, of any sizes, repeated until it has learnt (two clouds of points)")
    rows = rng.normal(size=(60, 3)) + np.repeat([[0.0], [1.5]], 30, axis=0)
    labels = np.repeat([0, 1], 30)
    for sizes in ([4, 1], [5, 3, 1]):
        own = MLP(3, sizes, rng=0)
        history = train(own, rows, labels, loss="sse", optimizer=SGD(0.5), epochs=500, batch_size=1,
                        stopping=Threshold(0.05), progress=False, rng=0)  # fmt: skip
        print(f"   {own!r}: {history!r}")

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    plot_activation("relu", figure.subplots())
    figure.savefig(folder / "exercises-relu.svg", dpi=200, metadata={"Date": None})
    print(f"\nDrawn into {folder}: exercises-relu.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
