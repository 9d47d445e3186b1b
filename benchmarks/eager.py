"""Eager speed and memory: one forward and backward pass of a small network, beside micrograd and PyTorch scalars.

The network is 2-16-16-1 with ReLU, on 100 samples with a hinge loss, as in micrograd's demo. All contenders have the
same weights and must reach the same gradient. Each round runs every contender in turn, once with Python's garbage
collector as it is by default and once with it off, for the collector walks the whole heap again and again while a graph
grows, and that is most of micrograd's time. Times are the thread's own, so that other programs disturb them little;
ratios are of the medians. PyTorch's graph is of 0-dimensional tensors, one per scalar.

    pip install -e . -r benchmarks/requirements.txt && python benchmarks/eager.py
"""

from __future__ import annotations

import gc
import os
import platform
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import micrograd.engine
import micrograd.nn
import numpy as np
import torch

from autograd import Value, mean
from nn import MLP, hinge
from nn.console import use_utf8

ROUNDS = 15
SIZES = [2, 16, 16, 1]
LENGTHS = [10**3, 10**4, 10**5, 10**6]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 2)).tolist()
Y = [1 if a * b > 0 else -1 for a, b in X]
WEIGHTS = [RNG.uniform(-1, 1, size=shape).tolist() for shape in pairwise(SIZES)]


@dataclass
class Contender:
    """One way to compute the loss; `parameters` stand neuron by neuron, its weights before its bias."""

    name: str
    forward: Callable[[], Any]
    parameters: list[Any]
    operands: Callable[[Any], Any] | None = None  # of a node; None where nodes are not Python objects


def ours(expanded: bool) -> Contender:
    """Return this project's network, with a node for every product and sum or one for each neuron's."""
    biases = [[0.0] * m for m in SIZES[1:]]
    mlp = MLP.from_weights(WEIGHTS, biases, "relu", output="identity", expanded=expanded)

    def forward() -> Any:
        return mean([hinge(mlp(x), y) for x, y in zip(X, Y, strict=True)])

    name = "handgrad, a node per product and sum" if expanded else "handgrad, a fused node per neuron"
    return Contender(name, forward, mlp.parameters(), lambda node: node.operands)


def micrograd_network() -> Contender:
    """Return micrograd's network with its demo's loss."""
    mlp = micrograd.nn.MLP(SIZES[0], SIZES[1:])
    for layer, W in zip(mlp.layers, WEIGHTS, strict=True):
        for j, neuron in enumerate(layer.neurons):
            for w, row in zip(neuron.w, W, strict=True):
                w.data = row[j]

    def forward() -> Any:
        scores = [mlp(list(map(micrograd.engine.Value, x))) for x in X]
        losses = [(1 + -y * score).relu() for y, score in zip(Y, scores, strict=True)]
        return sum(losses) * (1.0 / len(losses))

    return Contender("micrograd", forward, mlp.parameters(), lambda node: node._prev)


def torch_scalars() -> Contender:
    """Return the same network of 0-dimensional tensors."""
    layers = [[([trainable(w) for w in column], trainable(0.0)) for column in zip(*W, strict=True)] for W in WEIGHTS]

    def score(x: list[Any]) -> Any:
        for layer in layers:
            z = [sum((w * a for w, a in zip(ws, x, strict=True)), b) for ws, b in layer]
            x = z if layer is layers[-1] else [torch.relu(a) for a in z]
        return x[0]

    def forward() -> Any:
        losses = [torch.relu(1 - y * score(x)) for x, y in zip(X, Y, strict=True)]
        return sum(losses) / len(losses)

    return Contender("PyTorch scalars", forward, [p for layer in layers for ws, b in layer for p in (*ws, b)])


def trainable(number: float) -> torch.Tensor:
    """Return a parameter of one number."""
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)


def zero_grad(contender: Contender) -> None:
    """Drop the gradients of an earlier pass, as each library does."""
    for p in contender.parameters:
        p.grad = None if isinstance(p, torch.Tensor) else 0.0


def timed(forward: Callable[[], Any]) -> tuple[float, float]:
    """Return the seconds of one forward and of one backward pass."""
    gc.collect()
    start = time.thread_time()
    loss = forward()
    middle = time.thread_time()
    loss.backward()
    return middle - start, time.thread_time() - middle


def measured(forward: Callable[[], Any]) -> tuple[Any, int]:
    """Return the result of a forward pass and the bytes that it keeps."""
    gc.collect()
    tracemalloc.start()
    loss = forward()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return loss, size


def nodes_made(loss: Any, operands: Callable[[Any], Any], parameters: list[Any]) -> int:
    """Return how many nodes stand below the loss, without the parameters, which were there before."""
    seen, stack = {id(loss)}, [loss]
    while stack:
        for node in operands(stack.pop()):
            if id(node) not in seen:
                seen.add(id(node))
                stack.append(node)
    return len(seen - {id(p) for p in parameters})


@contextmanager
def collector(on: bool) -> Iterator[None]:
    """Let the garbage collector run or not."""
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        gc.enable()


def compare_speed(contenders: list[Contender]) -> None:
    """Print the time of a pass and how many times faster than the peers it is, with the collector on and off."""
    times: dict[tuple[str, bool], list[tuple[float, float]]] = {
        (contender.name, on): [] for on in (True, False) for contender in contenders
    }
    for _ in range(ROUNDS):
        for contender in contenders:
            for on in (True, False):
                zero_grad(contender)
                with collector(on):
                    times[contender.name, on].append(timed(contender.forward))
    total = {key: median(map(sum, passes)) for key, passes in times.items()}
    print(f"\nForward and backward, 2-16-16-1, 100 samples: medians of {ROUNDS} interleaved rounds\n")
    print("| | collector | forward, ms | backward, ms | both, ms | micrograd takes | PyTorch scalars take |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for (name, on), passes in times.items():
        forward, backward = (1e3 * median(column) for column in zip(*passes, strict=True))
        ratios = " | ".join(f"{total[peer, on] / total[name, on]:.1f} ×" for peer in ("micrograd", "PyTorch scalars"))
        state = "on" if on else "off"
        print(f"| {name} | {state} | {forward:.1f} | {backward:.1f} | {1e3 * total[name, on]:.1f} | {ratios} |")


def compare_memory(contenders: list[Contender]) -> None:
    """Print the bytes of a node."""
    print("\nMemory of the graph of that pass\n\n| | nodes | MB | bytes per node |\n|---|--:|--:|--:|")
    for contender in contenders:
        if contender.operands:
            loss, size = measured(contender.forward)
            nodes = nodes_made(loss, contender.operands, contender.parameters)
            print(f"| {contender.name} | {nodes:,} | {size / 1e6:.1f} | {size / nodes:.0f} |")


def chain(n: int) -> Value:
    """Return a chain of n nodes, as deep as it is long."""
    x, w = Value(0.5), Value(0.999)
    y = x
    for _ in range(n // 2):
        y = y * w + x
    return y


def show_growth() -> None:
    """Print time and memory per node of ever longer chains, with the collector on and off."""
    times: dict[tuple[int, bool], list[tuple[float, float]]] = {(n, on): [] for n in LENGTHS for on in (True, False)}
    for _ in range(ROUNDS // 3):
        for (n, on), passes in times.items():
            with collector(on):
                passes.append(timed(partial(chain, n)))
    print("\nGrowth: a chain of n nodes, n deep; µs and bytes per node\n")
    print("| n | forward | backward | forward, collector off | backward, collector off | bytes |")
    print("|--:|--:|--:|--:|--:|--:|")
    for n in LENGTHS:
        cells = [
            f"{1e6 * median(column) / n:.2f}" for on in (True, False) for column in zip(*times[n, on], strict=True)
        ]
        print(f"| {n:,} | {' | '.join(cells)} | {measured(partial(chain, n))[1] / n:.0f} |")


def machine() -> str:
    """Return what these figures were taken on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    processor = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    versions = ", ".join(f"{name} {version(name)}" for name in ("handgrad", "micrograd", "torch", "numpy"))
    return f"{processor}, {os.cpu_count()} cores; {platform.system()}; Python {platform.python_version()}; {versions}"


def main() -> None:
    """Check that the gradients agree, then print the tables."""
    contenders = [ours(expanded=True), ours(expanded=False), micrograd_network(), torch_scalars()]
    gradients = []
    for contender in contenders:
        zero_grad(contender)
        contender.forward().backward()
        gradients.append([float(p.grad) for p in contender.parameters])
    np.testing.assert_allclose(gradients, [gradients[0]] * len(gradients), rtol=1e-9, atol=1e-12)
    gc.collect()
    gc.freeze()  # else every collection walks what the peers' imports left behind, and the largest import decides
    print(machine())
    compare_speed(contenders)
    compare_memory(contenders)
    show_growth()


if __name__ == "__main__":
    use_utf8()
    main()
