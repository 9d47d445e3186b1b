"""Different starts, different minima: one small network learns XOR from ten seeds.

Document 000 warns that gradient descent may end in a local minimum, and that another start finds another one. A 2-2-1
network has just enough neurons for XOR, and shows it: some starts solve it, the others end where the gradient vanishes
as well and half of the answers are wrong. With two neurons more, nearly every start solves it.

    python examples/minima.py [folder for the plot]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from nn import MLP, SGD, train
from nn.console import use_utf8

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
SEEDS, EPOCHS = 10, 300


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print where each start ends, and plot the loss of each, epoch by epoch, into the folder."""
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    for hidden, axes in zip((2, 4), figure.subplots(1, 2, sharey=True), strict=True):
        ends: Counter[tuple[float, str]] = Counter()
        steepest = 0.0
        for seed in range(SEEDS):
            mlp = MLP(2, [hidden, 1], "tanh", output="sigmoid", initializer="normal", rng=seed)
            optimizer = SGD(1.0, momentum=0.9)
            history = train(mlp, X, Y, loss="sse", optimizer=optimizer, epochs=EPOCHS, progress=False)
            answers = "  ".join(f"{p:.1f}" for p in mlp.predict(X)[:, 0])
            ends[round(history.loss[-1], 2), answers] += 1
            steepest = max(steepest, float(np.linalg.norm(history.gradient_norms[-1])))
            axes.plot(history.loss, color="#1B6CA8" if history.loss[-1] < 0.01 else "#B4520A", linewidth=1.0)
        axes.set(xlabel="epoch", ylabel="loss C" if hidden == 2 else "", title=f"XOR, 2-{hidden}-1, {SEEDS} starts")
        print(f"2-{hidden}-1, {SEEDS} starts; the longest gradient at the end is {steepest:.0e}")
        for (loss, answers), count in sorted(ends.items()):
            print(f"{count:4} × loss {loss:.2f}, answers {answers}")
    print("The answers wanted are  0  1  1  0.")

    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "minima.svg", dpi=200, metadata={"Date": None})
    print(f"\nDrawn into {folder}: minima.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
