"""One network run in three ways: node by node, neuron by neuron, and lifted into a NumPy program.

All three compute the mean loss of the same hundred examples and its gradient. The first two agree to the last bit;
the program adds in another order. Its source is printed: that is what the scalar graph became.

    python examples/three_ways.py
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from autograd import Value, topological_order, vectorize
from nn import MLP, mse
from nn.console import use_utf8

Array = NDArray[np.float64]

rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
T = np.where(np.hypot(*X.T) < 1.0, 1.0, -1.0)[:, np.newaxis]  # inside the unit circle, or outside


def network(expanded: bool) -> MLP:
    """Return the same 2-16-16-1 network, with a node for every product and sum, or one for every neuron."""
    return MLP(2, [16, 16, 1], "relu", output="identity", initializer="he", expanded=expanded, rng=0)


def walk(mlp: MLP) -> Array:
    """Return the gradient of the mean loss, example by example."""
    mlp.zero_grad()
    for x, t in zip(X.tolist(), T.tolist(), strict=True):
        mse(mlp.forward(x).output, t).backward()
    return np.array([w.grad for w in mlp.parameters()]) / len(X)


def fastest(work: Callable[[], object], runs: int) -> float:
    """Return the seconds of the fastest of some runs."""
    times = []
    for _ in range(runs):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    """Print for each way its nodes, its time and how far its gradient is from the first one's; then the source."""
    expanded, fused = network(expanded=True), network(expanded=False)
    x1, x2, t = Value(X[0, 0], "x₁"), Value(X[0, 1], "x₂"), Value(T[0, 0], "t")
    graphs = [mse(mlp.forward([x1, x2]).output, [t]) for mlp in (expanded, fused)]
    program = vectorize(graphs[1], inputs=[x1, x2, t], parameters=fused.parameters(), engine="numpy")
    batch = np.hstack([X, T])

    nodes = [len(topological_order(graph)) for graph in graphs]
    ways = [
        ("a node per product and sum", f"{nodes[0]} nodes", fastest(lambda: walk(expanded), 3), walk(expanded)),
        ("a node per neuron", f"{nodes[1]} nodes", fastest(lambda: walk(fused), 5), walk(fused)),
        ("a NumPy program", "", fastest(lambda: program.gradient(batch), 200), program.gradient(batch)[1]),
    ]
    _, _, slowest, first = ways[0]
    print(f"{fused}, {len(X)} examples: the loss and its gradient\n")
    print(f"{'way':30}{'an example':>12}{'time':>14}{'faster':>11}{'gradient differs by':>22}")
    for name, size, seconds, gradient in ways:
        apart = np.abs(gradient - first).max()
        print(f"{name:30}{size:>12}{1e6 * seconds:11.0f} µs{slowest / seconds:9.1f} ×{apart:22.0e}")
    print(f"\nThe program:\n\n{program.source}")


if __name__ == "__main__":
    use_utf8()
    main()
