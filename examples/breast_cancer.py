"""Breast cancer: malignant or benign, from one sigmoid output (Street, Wolberg and Mangasarian, 1993).

569 tumours, thirty measurements of cell nuclei each, bundled with scikit-learn. The one output is a probability, so
the loss is binary cross-entropy, and the delta of the output node is simply p − t. What counts as malignant is then a
choice: a lower threshold misses fewer, and frightens more.

    python examples/breast_cancer.py
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from nn import MLP, AdamW, binary_cross_entropy, train
from nn.console import use_utf8


def main() -> None:
    """Train, and print the test accuracy, the errors at several thresholds and one delta."""
    data = load_breast_cancer()
    malignant = 1 - data.target  # scikit-learn has 0 for malignant
    X, X_test, t, t_test = train_test_split(data.data, malignant, test_size=0.3, stratify=malignant, random_state=0)
    center, scale = X.mean(axis=0), X.std(axis=0)
    X, X_test = (X - center) / scale, (X_test - center) / scale

    mlp = MLP(30, [8, 1], "tanh", output="sigmoid", rng=0)
    optimizer = AdamW(0.01, weight_decay=1.0)
    history = train(mlp, X, t, loss="binary_cross_entropy", optimizer=optimizer, epochs=60, batch_size=16, rng=0)
    p = mlp.predict(X_test)[:, 0]

    print(f"\n{mlp}\n{history}\ntrained in {sum(history.seconds):.1f} s")
    print(f"test accuracy {mlp.score(X_test, t_test):.1%} of {len(t_test)}, {t_test.sum()} of them malignant\n")
    print("malignant from    missed    false alarms")
    for threshold in (0.1, 0.3, 0.5, 0.7, 0.9):
        missed = np.sum((p < threshold) & (t_test == 1))
        alarms = np.sum((p >= threshold) & (t_test == 0))
        print(f"p = {threshold:<14}{missed:6}{alarms:16}")

    record = mlp.forward(X_test[0])
    binary_cross_entropy(record.output, int(t_test[0])).backward()
    output = record.output[0].data
    print(f"\nThe first one: p = {output:.6f}, t = {t_test[0]}, so p − t = {output - t_test[0]:.6f}")
    print(f"and the delta of the output node is {record.deltas()[-1][0]:.6f}")


if __name__ == "__main__":
    use_utf8()
    main()
