"""Universal approximation, demonstrated: one hidden layer, and the wider it is the nearer to a sine; and XOR.

Document 000 says that the non-linear activation makes networks universal function approximators (Cybenko 1989; Hornik
1991). That promises only that weights exist; here gradient descent also finds them, for each width the best of three
starts. Without the non-linearity no width helps: a straight line, or plane, is all that identity layers can be.

    python examples/approximation.py [folder for the plot]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nn import MLP, Adam, CosineDecay, train

Array = NDArray[np.float64]
EPOCHS, STARTS = 600, 3
X = np.linspace(-np.pi, np.pi, 64)[:, np.newaxis]
XOR = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0.0, 1.0, 1.0, 0.0])


def fitted(x: Array, y: Array, hidden: int, activation: str) -> tuple[float, MLP]:
    """Return the largest error of the best of some networks with one hidden layer, and that network."""
    trained = []
    for seed in range(STARTS):
        mlp = MLP(x.shape[1], [hidden, 1], activation, output="identity", initializer="normal", rng=seed)
        optimizer = Adam(CosineDecay(0.02, steps=EPOCHS))
        train(mlp, x, y, loss="mse", optimizer=optimizer, epochs=EPOCHS, progress=False)
        trained.append((float(np.abs(mlp.predict(x)[:, 0] - y).max()), mlp))
    return min(trained, key=lambda pair: pair[0])


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print the largest error for each width, and plot the sine and its approximations into the folder."""
    target = np.sin(X[:, 0])
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(X[:, 0], target, color="#888888", linewidth=4.0, alpha=0.5, label="sin x")
    print("hidden       largest error of")
    print("neurons    sin x         XOR")
    for hidden in (1, 2, 4, 8):
        error, mlp = fitted(X, target, hidden, "tanh")
        print(f"{hidden:7}{error:10.4f}{fitted(*XOR, hidden, 'tanh')[0]:12.4f}")
        if hidden in (2, 4, 8):
            axes.plot(X[:, 0], mlp.predict(X)[:, 0], label=f"{hidden} hidden neurons")
    linear = fitted(X, target, 8, "identity")[0], fitted(*XOR, 8, "identity")[0]
    print(f"and 8 of the identity\n{'':7}{linear[0]:10.4f}{linear[1]:12.4f}")

    axes.set(xlabel="x", ylabel="output")
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "approximation.svg", dpi=200, metadata={"Date": None})
    print(f"\nDrawn into {folder}: approximation.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
