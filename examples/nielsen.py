"""Nielsen's way: digits by mini-batches, half the squared error, biases, N(0, 1) weights, η over the batch's size.

Documents 000 and 001 send their readers to Michael Nielsen's "Neural Networks and Deep Learning", whose first chapter
learns handwritten digits with plain NumPy: column vectors, weights [receiver, sender], one example after the other. The
first mini-batch is taken here in that manner and by the engine, and then the engine learns scikit-learn's digits with
his settings: one hidden layer of 30, mini-batches of 10, η = 3, 30 epochs.

    python examples/nielsen.py

Letters: x input, z net input, a activation, δ = ∂C/∂z, W[receiver, sender] and b here, ∇ gradients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from nn import MLP, SGD, train
from nn.console import use_utf8

Array = NDArray[np.float64]
HIDDEN, EPOCHS, BATCH, ETA = 30, 30, 10, 3.0


def sigmoid(z: Array) -> Array:
    """Return the logistic function of every entry."""
    return 1.0 / (1.0 + np.exp(-z))


def updated(W: list[Array], b: list[Array], X: Array, Y: Array) -> tuple[list[Array], list[Array]]:
    """Return weights and biases after one mini-batch: gradients summed over its examples, the step η / its length."""
    dW, db = [np.zeros_like(w) for w in W], [np.zeros_like(c) for c in b]
    for x, y in zip(X, Y, strict=True):
        activations = [x[:, np.newaxis]]
        for w, c in zip(W, b, strict=True):
            activations.append(sigmoid(w @ activations[-1] + c))
        slopes = [a * (1.0 - a) for a in activations]
        delta = (activations[-1] - y[:, np.newaxis]) * slopes[-1]
        for layer in reversed(range(len(W))):
            dW[layer] += delta @ activations[layer].T
            db[layer] += delta
            delta = W[layer].T @ delta * slopes[layer]
    eta = ETA / len(X)
    return [w - eta * g for w, g in zip(W, dW, strict=True)], [c - eta * g for c, g in zip(b, db, strict=True)]


def main() -> None:
    """Print how far one mini-batch his way and the engine's are apart, and then learn the digits."""
    data = load_digits()
    X, X_test, y, y_test = train_test_split(data.data / 16.0, data.target, stratify=data.target, random_state=0)
    Y = np.eye(10)[y]  # ten outputs, one for each digit
    rng = np.random.default_rng(0)
    W = [rng.standard_normal((HIDDEN, 64)), rng.standard_normal((10, HIDDEN))]
    b = [rng.standard_normal((HIDDEN, 1)), rng.standard_normal((10, 1))]
    mlp = MLP.from_weights([w.T for w in W], [c[:, 0] for c in b])  # W[sender, receiver] here

    once = MLP.from_weights(mlp.weights(), mlp.biases())
    train(once, X[:BATCH], Y[:BATCH], loss="half_sse", optimizer=SGD(ETA), epochs=1, progress=False)
    W, b = updated(W, b, X[:BATCH], Y[:BATCH])
    pairs = zip([w.T for w in W] + [c[:, 0] for c in b], once.weights() + once.biases(), strict=True)
    apart = max(float(abs(his - ours).max()) for his, ours in pairs)
    print(f"After one mini-batch his way and the engine's differ by {apart:.0e} at most.")

    history = train(mlp, X, Y, loss="half_sse", optimizer=SGD(ETA), epochs=EPOCHS, batch_size=BATCH, rng=0)
    right = mlp.predict(X_test).argmax(axis=1) == y_test
    print(f"\n{mlp}\n{history}\ntest accuracy {right.mean():.1%}, {right.sum()} of {len(y_test)} right")


if __name__ == "__main__":
    use_utf8()
    main()
