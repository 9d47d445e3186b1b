"""Document 002's two-layer ReLU/softmax classifier: its own NumPy lines, restored, against the engine.

Five of the document's lines lost their `np.dot` on the way to print. Restored, and run on a batch of four, they and
the scalar graph give the same gradients and the same step. The document has no data; these numbers keep every ReLU
away from its kink.

    python examples/arnold.py [folder for the drawing]

Letters, as in the document: h hidden layer, y probabilities, y_t labels, n examples, dW1 the gradient ∂L/∂W1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from autograd import Value, mean
from nn import MLP, SGD, cross_entropy, train
from nn.console import use_utf8
from viz import save

Array = NDArray[np.float64]

x = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 0.8], [-0.4, -1.2]])
y_t = np.array([0, 2, 1, 2])
W1 = np.array([[0.6, -0.5, 0.3], [-0.4, 0.7, 0.9]])
b1 = np.array([0.1, -0.2, 0.05])
W2 = np.array([[0.2, -0.3, 0.5], [-0.6, 0.4, 0.1], [0.7, -0.1, -0.8]])
b2 = np.array([0.05, -0.15, 0.1])
n, lr = len(x), 0.1


def forward(W1: Array, b1: Array, W2: Array, b2: Array) -> tuple[float, Array, Array]:
    """Return the mean loss, h and y: the document's forward propagation."""
    h = np.maximum(0, np.dot(x, W1) + b1)  # printed: np.maximum(0,,W1)+b1)
    score = np.dot(h, W2) + b2  # printed: score =,W2)+b2
    y = np.exp(score)
    y /= np.sum(y, axis=1, keepdims=True)
    return float(np.mean(-np.log(y[range(n), y_t]))), h, y


def backward(h: Array, y: Array) -> list[Array]:
    """Return dW1, db1, dW2 and db2: the document's backpropagation."""
    dscore = np.copy(y)
    dscore[range(n), y_t] -= 1
    dscore /= n
    dW2 = np.dot(h.T, dscore)  # printed: dW2 =, dscore)
    db2 = np.sum(dscore, axis=0)
    dh = np.dot(dscore, W2.T)  # printed: dh =, W2.T)
    dr = dh.copy()  # printed: dr = dh, and then the next line changes dh as well
    dr[h <= 0] = 0
    dW1 = np.dot(x.T, dr)  # printed: dW1 =, dr)
    db1 = np.sum(dr, axis=0)
    return [dW1, db1, dW2, db2]


def mean_loss(mlp: MLP) -> Value:
    """Return the engine's mean loss of the four examples."""
    losses = [cross_entropy(mlp.forward(example).output, int(label)) for example, label in zip(x, y_t, strict=True)]
    return mean(losses)


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print both gradients and both steps, and draw the graph of the first example into the folder."""
    loss, h, y = forward(W1, b1, W2, b2)
    dW1, db1, dW2, db2 = backward(h, y)
    loss_after, _, _ = forward(W1 - lr * dW1, b1 - lr * db1, W2 - lr * dW2, b2 - lr * db2)

    mlp = MLP.from_weights([W1, W2], [b1, b2], "relu", output="softmax")
    first = mlp.forward(x[0])
    first_loss = cross_entropy(first.output, int(y_t[0])).named("L₁")
    first_loss.backward()
    folder.mkdir(parents=True, exist_ok=True)
    save(first_loss, folder / "arnold.svg", first, collapse="neuron")

    mlp.zero_grad()
    engine_loss = mean_loss(mlp)
    engine_loss.backward()
    (engine_dW1, engine_dW2), (engine_db1, engine_db2) = mlp.gradients(), mlp.bias_gradients()
    train(mlp, x, y_t, loss="cross_entropy", optimizer=SGD(lr), epochs=1, progress=False)

    print(f"{'':14}{'its NumPy lines':>20}{'engine':>22}")
    print(f"{'L':14}{loss:20.16f}{engine_loss:22.16f}")
    pairs = {"dW1": (dW1, engine_dW1), "db1": (db1, engine_db1), "dW2": (dW2, engine_dW2), "db2": (db2, engine_db2)}
    for name, (by_lines, by_engine) in pairs.items():
        for place, number in np.ndenumerate(by_lines):
            print(f"{name}{list(place)!s:11}{number:20.16f}{by_engine[place]:22.16f}")
    print(f"{'L after a step':14}{loss_after:20.16f}{mean_loss(mlp):22.16f}")
    apart = max(float(abs(by_lines - by_engine).max()) for by_lines, by_engine in pairs.values())
    print(f"\nThe gradients differ by {apart:.0e} at most.")
    print(f"\nDrawn into {folder}: arnold.svg, the first example")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
