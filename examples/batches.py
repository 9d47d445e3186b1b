"""Batch, mini-batch, stochastic: one network, the same data and start, three kinds of steps.

Documents 000 and 002 tell of all three: all examples for one step, a few (000 has 48), or one. Document 002 says that
steps on single examples zig-zag and make convergence slower. Here one can look: how well the gradient of a batch points
where that of all the data points, and how far each kind has come after as many epochs, or after as many steps.

    python examples/batches.py [folder for the plot]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer

from autograd import Value, vectorize
from nn import MLP, SGD, binary_cross_entropy, train
from nn.console import use_utf8

Array = NDArray[np.float64]
EPOCHS, ETA = 30, 0.05
KINDS = {"batch": 569, "mini-batch of 48": 48, "stochastic": 1}


def network() -> MLP:
    """Return the network at its start, the same for every kind."""
    return MLP(30, [6, 1], "tanh", output="sigmoid", rng=0)


def cosines(rows: Array, size: int) -> Array:
    """Return for every batch, at the start, the cosine between its gradient and that of all the data."""
    mlp, target = network(), Value(1.0, "t")
    record = mlp.forward(rows[0, :-1])
    loss = binary_cross_entropy(record.output, [target])
    program = vectorize(loss, inputs=[*record.inputs, target], parameters=mlp.parameters())

    def direction(batch: Array) -> Array:
        gradient = program.gradient(batch)[1]
        unit: Array = gradient / np.linalg.norm(gradient)
        return unit

    whole = direction(rows)
    return np.array([direction(rows[i : i + size]) @ whole for i in range(0, len(rows), size)])


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print what each kind does in an epoch, and plot its loss over epochs and over steps into the folder."""
    data = load_breast_cancer()
    X = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    rows = np.column_stack([X, data.target])
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    by_epoch, by_step = figure.subplots(1, 2, sharey=True)
    print(f"η = {ETA:<14}  steps     direction   pointing   loss of epoch")
    print(f"{'':18}in an epoch   (cosine)    away          1        5       {EPOCHS}")
    for kind, size in KINDS.items():
        optimizer = SGD(ETA)
        history = train(network(), X, data.target, loss="binary_cross_entropy", optimizer=optimizer, epochs=EPOCHS,
                        batch_size=size, progress=False, rng=0)  # fmt: skip
        steps, towards = optimizer.steps // EPOCHS, cosines(rows, size)
        losses = "".join(f"{history.loss[epoch - 1]:9.4f}" for epoch in (1, 5, EPOCHS))
        print(f"{kind:18}{steps:11}{towards.mean():11.3f}{np.mean(towards < 0.0):9.1%} {losses}")
        epochs = np.arange(1, EPOCHS + 1)
        by_epoch.plot(epochs, history.loss, label=kind)
        by_step.plot(epochs * steps, history.loss, label=kind)
    print("\nA step on one example is noisier and cheaper: an epoch has more of them, and gets further.")

    by_epoch.set(xlabel="epochs", ylabel="mean loss", title="by epochs: as much data seen")
    by_step.set(xlabel="steps", xscale="log", title="by steps: as many updates")
    by_epoch.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "batches.svg", dpi=200, metadata={"Date": None})
    print(f"\nDrawn into {folder}: batches.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
