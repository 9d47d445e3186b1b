"""Iris: a network of scalar Values learns a real data set (R. A. Fisher, 1936; bundled with scikit-learn).

150 flowers of three species, four lengths each. Two thirds train a 4-8-3 network, the rest test it.

    python examples/iris.py [folder for the drawing]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from nn import MLP, Adam, cross_entropy, train
from nn.console import use_utf8
from viz import save


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Train, print the accuracy and the confusion table, and draw one flower's graph into the folder."""
    data = load_iris()
    X, X_test, y, y_test = train_test_split(data.data, data.target, test_size=50, stratify=data.target, random_state=0)
    center, scale = X.mean(axis=0), X.std(axis=0)
    X, X_test = (X - center) / scale, (X_test - center) / scale

    mlp = MLP(4, [8, 3], "tanh", output="softmax", rng=0)
    history = train(mlp, X, y, loss="cross_entropy", optimizer=Adam(0.02), epochs=40, batch_size=10, rng=0)
    predicted = mlp.predict(X_test).argmax(axis=1)

    print(f"\n{mlp}\n{history}")
    print(f"test accuracy {np.mean(predicted == y_test):.1%}\n")
    print(f"{'':14}{'predicted':^36}\n{'species':14}" + "".join(f"{name:>12}" for name in data.target_names))
    for k, name in enumerate(data.target_names):
        counts = [np.sum((y_test == k) & (predicted == j)) for j in range(3)]
        print(f"{name:14}" + "".join(f"{count or '·':>12}" for count in counts))

    record = mlp.forward(X_test[0])
    loss = cross_entropy(record.output, int(y_test[0])).named("loss")
    loss.backward()
    folder.mkdir(parents=True, exist_ok=True)
    save(loss, folder / "iris.svg", record, collapse="neuron")
    print(f"\nDrawn into {folder}: iris.svg, one flower on its way through the network")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
