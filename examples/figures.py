"""The documents' figures, drawn anew with the numbers that belong to them.

The documents came without their pictures. Here they are again: networks as graphs of weights, activations and deltas,
curves as plots. Where a figure shows the handout's δ = −∂C/∂z instead of ∂C/∂z, it says so.

    python examples/figures.py [folder for the drawings]

Letters: x input, w weight, z net input, a activation, C and E losses, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from matplotlib.figure import Figure

from autograd import Value, sum  # noqa: A004  (the engine's sum is one node of the graph)
from nn import MLP, half_sse, sse
from nn.console import use_utf8
from viz import network, plot_activation, plot_delta, plot_landscape, plot_loss_derivative, save

X, LABEL = [1, 3, 5], 1
INTO_HIDDEN = [  # the first column, that of h₁, is the handout's; the others are free
    [0.5, 0.1, -0.7, 0.2],
    [1.2, -0.4, 0.3, 0.05],
    [-0.3, 0.2, 0.1, -0.15],
]
INTO_H1 = [[0.5], [1.2], [-0.3]]
INTO_O_EXERCISE = [[0.8], [-1.2], [0.5], [-0.3]]  # document 000
INTO_O_001 = [0.8, 0.5, 0.1, 0.6]  # document 001
OUTPUT = 0.6  # which both documents assume; here a bias makes it so
ETA = 0.5  # of the descent
MISLEY = (
    [[0.2, 0.1, 0.9], [0.5, 0.1, 0.9], [0.1, 0.5, 0.6]],
    [[0.5, 0.1, 0.8, 0.6, 0.6], [0.9, 0.1, 0.9, 0.3, 0.8], [0.4, 0.9, 0.4, 0.8, 0.2]],
    [[0.9, 0.5], [0.4, 0.1], [0.1, 0.1], [0.7, 0.5], [0.8, 0.7]],
)


def with_output(weights: list[list[list[float]]]) -> MLP:
    """Return the network whose outputs' biases are such that each gives 0.6."""
    *hidden, outputs = MLP.from_weights(weights).forward(X).net_inputs
    biases = [[0.0] * len(layer) for layer in hidden]
    biases.append([math.log(OUTPUT / (1.0 - OUTPUT)) - z.data for z in outputs])
    return MLP.from_weights(weights, biases)


def draw_networks(folder: Path) -> None:
    """Draw the figures that show a network."""
    save(network(MLP.from_weights([INTO_HIDDEN, INTO_O_EXERCISE]).forward(X)), folder / "000-1-mlp.svg")
    save(network(MLP.from_weights([INTO_H1]).forward(X)), folder / "000-2-activation.svg")

    mlp = with_output([INTO_H1, [[0.8]]])
    record = mlp.forward(X)
    loss = sse(record.output, [LABEL]).named("C")
    loss.backward()
    save(network(record, loss), folder / "000-4-delta.svg")
    save(network(record, loss, weight=mlp.layers[1].neurons[0].weights[0]), folder / "000-6-update.svg")

    # 001 sums over h₁ … h₄. In its own network h₁ feeds one neuron; the sum belongs to one where h₁ feeds four.
    own = with_output([INTO_HIDDEN, [[w] for w in INTO_O_001]])
    wrong = with_output([INTO_H1, [INTO_O_001]])
    for mlp, name in ((own, "001-6-delta-h1.svg"), (wrong, "001-6-what-its-sum-is-for.svg")):
        record = mlp.forward(X)
        loss = sse(record.output, [LABEL] * len(record.output)).named("C")
        loss.backward()
        save(network(record, loss, weight=mlp.layers[0].neurons[0].weights[0]), folder / name)
        print(f"{name:32} δ of h₁ is {record.deltas('handout')[0][0]:.8f} in the handout's sign")

    mlp = MLP.from_weights(MISLEY)
    save(network(mlp.forward([0.3, 0.7, 0.5])), folder / "003-1-network.svg")
    record = mlp.forward([0.3, 0.7, 0.5])
    error = half_sse(record.output, [1, 0]).named("E")
    error.backward()
    save(network(record, error, weight=mlp.layers[0].neurons[0].weights[0]), folder / "003-4-chain-rule.svg")


def descent() -> tuple[Value, Value, Value, list[tuple[float, float]]]:
    """Return the loss of one sigmoid neuron on four examples, its two weights, and their way down.

    The loss has four minima, of which one is the lowest; this way ends in another.
    """
    mlp = MLP.from_weights([[[-1.2], [-2.2]]])
    examples = [([3.0, 0.0], 0.9), ([0.5, 0.0], 0.1), ([0.0, 3.0], 0.9), ([0.0, 0.5], 0.1)]
    loss = sum([sse(mlp.forward(x).output, [y]) for x, y in examples]).named("C")
    w1, w2 = mlp.layers[0].neurons[0].weights
    way = []
    for _ in range(3000):
        way.append((w1.data, w2.data))
        mlp.zero_grad()
        loss.refresh().backward()
        w1.data -= ETA * w1.grad
        w2.data -= ETA * w2.grad
    return loss.refresh(), w1, w2, way


def draw_plots(folder: Path) -> None:
    """Draw the figures that show a curve or a landscape."""

    def written(figure: Figure, name: str) -> None:
        figure.savefig(folder / name, dpi=200, metadata={"Date": None})

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    loss, w1, w2, way = descent()
    plot_landscape(loss, w1, w2, way, figure.subplots(), margin=4.0)
    written(figure, "000-3-landscape.svg")
    figure = Figure(figsize=(6.4, 5.0), layout="constrained")
    plot_landscape(loss, w1, w2, way, figure.add_subplot(projection="3d"), margin=4.0, surface=True)
    written(figure, "000-3-surface.svg")
    print(f"{'000-3-landscape.svg':32} the way down ends at C = {loss:.4f}, in one of four minima")

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    plot_delta(LABEL, figure.subplots(), convention="handout")
    written(figure, "000-delta-curve.svg")

    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_activation("sigmoid", left, against="a")
    plot_loss_derivative("sse", LABEL, right, convention="handout")
    written(figure, "000-5-derivatives.svg")


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Draw every figure into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_networks(folder)
    draw_plots(folder)
    print(f"\nDrawn into {folder}: the figures of documents 000, 001 and 003")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
