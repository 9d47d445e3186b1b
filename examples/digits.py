"""Digits: 64 pixels in, ten classes out (Alpaydin and Kaynak, 1998; 1,797 images, bundled with scikit-learn).

Three quarters of the images train a 64-32-10 network, the rest test it. The digits that it reads wrongly are drawn.

    python examples/digits.py [folder for the picture]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from nn import MLP, AdamW, CosineDecay, train
from nn.console import use_utf8

EPOCHS, BATCH = 50, 32


def print_confusion(y: NDArray[np.intp], predicted: NDArray[np.intp]) -> None:
    """Print how often each digit was read as each other."""
    print("\ndigit" + "".join(f"{f'as {j}':>6}" for j in range(10)))
    for digit in range(10):
        counts = np.bincount(predicted[y == digit], minlength=10)
        print(f"{digit:5}" + "".join(f"{count or '·':>6}" for count in counts))


def draw_wrong(
    path: Path, X: NDArray[np.float64], y: NDArray[np.intp], predicted: NDArray[np.intp], p: NDArray[np.float64]
) -> None:
    """Draw the digits that were read wrongly, with what they are and what they were taken for."""
    from matplotlib.figure import Figure

    wrong = np.flatnonzero(predicted != y)
    columns = min(8, max(1, len(wrong)))
    rows = max(1, -(-len(wrong) // columns))
    figure = Figure(figsize=(1.6 * columns, 2.0 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, i in zip(axes, wrong, strict=False):
        axis.imshow(X[i].reshape(8, 8), cmap="gray_r")
        axis.set_title(f"{y[i]}, read as {predicted[i]}\n({p[i, predicted[i]]:.0%} sure)", fontsize=9)
    figure.savefig(path, dpi=150)


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Train, print the accuracy and the confusion matrix, and draw the wrong digits into the folder."""
    data = load_digits()
    X, X_test, y, y_test = train_test_split(
        data.data / 16.0, data.target, test_size=0.25, stratify=data.target, random_state=0
    )
    mlp = MLP(64, [32, 10], "tanh", output="softmax", rng=0)
    optimizer = AdamW(CosineDecay(0.02, steps=EPOCHS * -(-len(X) // BATCH)), weight_decay=0.3)
    history = train(mlp, X, y, loss="cross_entropy", optimizer=optimizer, epochs=EPOCHS, batch_size=BATCH, rng=0)

    p = mlp.predict_proba(X_test)
    predicted = p.argmax(axis=1)
    print(f"\n{mlp}\n{history}\ntrained in {sum(history.seconds):.1f} s")
    print(f"test accuracy {mlp.score(X_test, y_test):.1%}, {np.sum(predicted != y_test)} of {len(y_test)} wrong")
    print_confusion(y_test, predicted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draw_wrong(folder / "digits-wrong.png", X_test, y_test, predicted, p)
    except ImportError:
        print("\nThe wrong digits are not drawn: that needs matplotlib.")
    else:
        print(f"\nDrawn into {folder}: digits-wrong.png")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
