"""Document 003's 3-3-5-2 network: its printed forward pass, and the backpropagation that its equations mean.

The document prints every net input and activation, and then derives the gradients as plain products, which no shapes
fit. Here its numbers stand beside the engine's, its equations beside what NumPy says to them, and beside the engine's
gradients the matrix form that is meant.

    python examples/misley.py [folder for the drawing]

Letters, as in the document: x inputs, h net inputs, a activations, W weights [sender, receiver], E error, y target.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn import MLP, Record, half_sse
from nn.console import use_utf8
from viz import save

Array = NDArray[np.float64]

X = np.array([0.3, 0.7, 0.5])
Y = np.array([1.0, 0.0])  # the document gives no target
W1 = np.array([[0.2, 0.1, 0.9], [0.5, 0.1, 0.9], [0.1, 0.5, 0.6]])
W2 = np.array([[0.5, 0.1, 0.8, 0.6, 0.6], [0.9, 0.1, 0.9, 0.3, 0.8], [0.4, 0.9, 0.4, 0.8, 0.2]])
W3 = np.array([[0.9, 0.5], [0.4, 0.1], [0.1, 0.1], [0.7, 0.5], [0.8, 0.7]])

PRINTED = {
    "h⁽¹⁾": [0.46, 0.35, 1.2],
    "a⁽¹⁾": [0.613, 0.587, 0.769],
    "h⁽²⁾": [1.142, 0.812, 1.326, 1.159, 0.991],
    "a⁽²⁾": [0.758, 0.692, 0.790, 0.761, 0.729],
    "h⁽³⁾": [2.154, 1.418],
    "a⁽³⁾": [0.896, 0.805],
}


def slope(a: Array) -> Array:
    """Return σ′, the derivative of the sigmoid, from the activation."""
    return a * (1.0 - a)


def line(name: str, numbers: Iterable[float], digits: int) -> str:
    """Return a line of the tables."""
    return f"{name:18}" + "".join(f"{number:12.{digits}f}" for number in numbers)


def print_forward(record: Record) -> None:
    """Print the document's net inputs and activations, and below them the engine's."""
    print("Forward: the document's numbers, and below them the engine's")
    layers = [layer for both in zip(record.net_inputs, record.activations, strict=True) for layer in both]
    right = 0
    for (name, printed), values in zip(PRINTED.items(), layers, strict=True):
        numbers = [value.data for value in values]
        right += sum(abs(text - number) <= 0.0005 for text, number in zip(printed, numbers, strict=True))
        print(line(name, printed, 3), line("", numbers, 6), sep="\n")
    count = sum(map(len, PRINTED.values()))
    print(f"{right} of {count} agree, for it rounds only to print: 0.692 is σ(0.8116…), where σ(0.812) is 0.693.")


def print_equations(a1: Array, a2: Array, a3: Array) -> None:
    """Print the document's equations 16 and what becomes of them, product by product."""
    literal: dict[str, Callable[[], Array]] = {
        "(a⁽³⁾−y) σ′ a⁽²⁾": lambda: (a3 - Y) * slope(a3) * a2,
        "(a⁽³⁾−y) σ′ W⁽³⁾ σ′ a⁽¹⁾": lambda: (a3 - Y) * slope(a3) * W3 * slope(a2) * a1,
        "(a⁽³⁾−y) σ′ W⁽³⁾ σ′ W⁽²⁾ σ′ x": lambda: (a3 - Y) * slope(a3) * W3 * slope(a2) * W2 * slope(a1) * X,
    }
    print("\nEquations 16, as written")
    for layer, (product, compute) in zip("³²¹", literal.items(), strict=True):
        try:
            compute()
        except ValueError as refusal:
            print(f"∂E/∂W⁽{layer}⁾ = {product:30} ✗ {refusal}".rstrip())


def print_gradients(mlp: MLP, a1: Array, a2: Array, a3: Array) -> None:
    """Print the engine's gradients, and how far from them the matrix form is."""
    delta3 = (a3 - Y) * slope(a3)
    delta2 = delta3 @ W3.T * slope(a2)
    delta1 = delta2 @ W2.T * slope(a1)
    meant = [np.outer(X, delta1), np.outer(a1, delta2), np.outer(a2, delta3)]
    print("\nAs meant: δ⁽³⁾ = (a⁽³⁾−y) ∘ σ′,   δ⁽ˡ⁾ = δ⁽ˡ⁺¹⁾ W⁽ˡ⁺¹⁾ᵀ ∘ σ′,   ∂E/∂W⁽ˡ⁾ = a⁽ˡ⁻¹⁾ᵀ δ⁽ˡ⁾")
    for layer, gradient in reversed(list(zip("¹²³", mlp.gradients(), strict=True))):
        for i, sender in enumerate(gradient, 1):
            print(line(f"∂E/∂W⁽{layer}⁾, row {i}", sender, 8))
    apart = max(float(abs(g - m).max()) for g, m in zip(mlp.gradients(), meant, strict=True))
    print(f"The engine and the matrix form differ by {apart:.0e} at most.")


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Print the forward pass, the equations and the gradients, and draw the network into the folder."""
    mlp = MLP.from_weights([W1, W2, W3])
    record = mlp.forward(X)
    error = half_sse(record.output, Y.tolist()).named("E")
    error.backward()
    a1, a2, a3 = (np.array([a.data for a in layer]) for layer in record.activations)

    print_forward(record)
    print(f"\nBackward, for the target y = [1, 0]: E = {error:.7f}")
    print_equations(a1, a2, a3)
    print_gradients(mlp, a1, a2, a3)
    folder.mkdir(parents=True, exist_ok=True)
    save(error, folder / "misley.svg", record, collapse="neuron")
    print(f"\nDrawn into {folder}: misley.svg")


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
