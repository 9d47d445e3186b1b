"""Speed of training steps on the lifted program, beside hand-written NumPy, PyTorch, JAX and micrograd.

A step is forward, loss, backward and an SGD update on one batch, in float64, with default settings. All
contenders start from the same weights and must have the same losses over the first steps. Each round runs every
contender, in a new order, so that whatever else the machine does, and what the one before has left in its caches, meets
all of them; figures are medians of the CPU time of all threads, ratios are of medians.
PyTorch runs with its own optimizer, in one thread (with more, each waits for the others and takes longer as soon as
another program runs), JAX jitted with donated parameters. micrograd, which has no sigmoid or logarithm,
trains a ReLU network of the same sizes on squared errors; its time is that of one sample, times the batch. Tables of
lifting itself, in time and memory, follow.

    pip install -e . -r benchmarks/requirements.txt && python benchmarks/vectorized.py

Letters: X inputs, T targets (one-hot for classes), W and b a layer's weights and biases, z net inputs, a activations,
p probabilities, d an adjoint.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import micrograd.engine
import micrograd.nn
import numpy as np
import torch
from machine import machine

from autograd import Program, Value, tanh, topological_order, vectorize
from autograd import sum as total
from autograd.lifting import pipeline
from nn import MLP, SGD, mse, softmax_cross_entropy
from nn.console import use_utf8

jax.config.update("jax_enable_x64", True)

ROUNDS = 25
ROUND_SECONDS = 0.02  # of each contender in each round
RATE = 0.01
PEERS = ["NumPy by hand", "PyTorch", "JAX", "micrograd"]
RNG = np.random.default_rng(0)


class Task:
    """A network, its starting weights and a batch."""

    def __init__(self, sizes: list[int], n: int, activation: str, classes: bool) -> None:
        self.sizes, self.n, self.activation, self.classes = sizes, n, activation, classes
        self.name = f"{'-'.join(map(str, sizes))}, batch {n}"
        self.W = [RNG.normal(size=shape) * np.sqrt(1 / shape[0]) for shape in pairwise(sizes)]
        self.b = [np.zeros(m) for m in sizes[1:]]
        self.X = RNG.normal(size=(n, sizes[0]))
        self.labels = RNG.integers(sizes[-1], size=n)
        self.T = np.eye(sizes[-1])[self.labels] if classes else RNG.normal(size=(n, sizes[-1]))


TASKS = [
    Task([2, 16, 16, 1], 100, "relu", classes=False),
    Task([64, 32, 10], 32, "relu", classes=True),
    Task([784, 30, 10], 10, "sigmoid", classes=True),
    Task([784, 30, 10], 128, "sigmoid", classes=True),
]


# The contenders: each is a function that makes one step and returns the loss before it ----------------------

Step = Callable[[], Any]


def lifted(task: Task, expanded: bool = False) -> tuple[Value, list[Value], MLP]:
    """Return the loss of one sample, its leaves and its network."""
    mlp = MLP.from_weights(task.W, task.b, task.activation, output="identity", expanded=expanded)
    x, t = list(map(Value, task.X[0].tolist())), list(map(Value, task.T[0].tolist()))
    output = mlp.forward(x).output
    return (softmax_cross_entropy if task.classes else mse)(output, t), x + t, mlp


def ours(task: Task) -> Step:
    """Return this project's step: the lifted program and the project's optimizer."""
    loss, leaves, mlp = lifted(task)
    program = vectorize(loss, leaves, mlp.parameters())
    batch, optimizer = np.hstack([task.X, task.T]), SGD(RATE)

    def step() -> float:
        value, gradient = program.gradient(batch)
        optimizer.step(program.parameters, gradient)
        return value

    return step


def numpy_by_hand(task: Task) -> Step:
    """Return the step as it is written by hand: a row per sample, X @ W + b."""
    W, b = [w.copy() for w in task.W], [v.copy() for v in task.b]
    X, T, n, relu = task.X, task.T, task.n, task.activation == "relu"

    def step() -> float:
        a = [X]
        for w, v in zip(W[:-1], b[:-1], strict=True):
            z = a[-1] @ w + v
            a.append(np.maximum(z, 0.0) if relu else 1.0 / (1.0 + np.exp(-z)))
        z = a[-1] @ W[-1] + b[-1]
        if task.classes:
            p = np.exp(z - z.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            loss = -np.log(p[np.arange(n), task.labels]).mean()
            d = (p - T) / n
        else:
            error = z - T
            loss = (error**2).mean()
            d = 2.0 * error / error.size
        for k in reversed(range(len(W))):
            dW, db = a[k].T @ d, d.sum(axis=0)
            if k:
                d = d @ W[k].T * ((a[k] > 0.0) if relu else a[k] * (1.0 - a[k]))
            W[k] -= RATE * dW
            b[k] -= RATE * db
        return float(loss)

    return step


def pytorch(task: Task) -> Step:
    """Return PyTorch's step, with its modules and its optimizer."""
    torch.set_num_threads(1)
    layers: list[torch.nn.Module] = []
    for w, v in zip(task.W, task.b, strict=True):
        linear = torch.nn.Linear(w.shape[0], w.shape[1], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(w.T.copy()), torch.tensor(v)
        layers += [linear, torch.nn.ReLU() if task.activation == "relu" else torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    X, T = torch.tensor(task.X), torch.tensor(task.labels if task.classes else task.T)
    criterion = torch.nn.CrossEntropyLoss() if task.classes else torch.nn.MSELoss()

    def step() -> float:
        optimizer.zero_grad()
        loss = criterion(model(X), T)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def jax_jitted(task: Task) -> Step:
    """Return JAX's step: one jitted function, whose parameters are donated."""
    activation = jax.nn.relu if task.activation == "relu" else jax.nn.sigmoid
    X, T = jnp.asarray(task.X), jnp.asarray(task.T)

    def loss(parameters: Any, X: Any, T: Any) -> Any:
        a = X
        for w, v in parameters[:-1]:
            a = activation(a @ w + v)
        z = a @ parameters[-1][0] + parameters[-1][1]
        return -(T * jax.nn.log_softmax(z)).sum(axis=1).mean() if task.classes else ((z - T) ** 2).mean()

    @partial(jax.jit, donate_argnums=0)
    def update(parameters: Any, X: Any, T: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(parameters, X, T)
        return value, jax.tree.map(lambda p, g: p - RATE * g, parameters, gradient)

    parameters = [(jnp.asarray(w), jnp.asarray(v)) for w, v in zip(task.W, task.b, strict=True)]

    def step() -> float:
        nonlocal parameters
        value, parameters = update(parameters, X, T)
        return float(value)

    return step


def micrograd_seconds(task: Task) -> float:
    """Return the CPU time of micrograd's step, from that of a few samples."""
    mlp = micrograd.nn.MLP(task.sizes[0], task.sizes[1:])
    samples = 1 if task.sizes[0] > 100 else 5
    start = time.process_time()
    for p in mlp.parameters():  # the update
        p.data -= RATE * p.grad
        p.grad = 0.0
    update = time.process_time() - start
    start = time.process_time()
    for x, t in zip(task.X[:samples].tolist(), task.T.tolist(), strict=False):
        scores = mlp(list(map(micrograd.engine.Value, x)))
        errors = [(s - k) ** 2 for s, k in zip(scores if isinstance(scores, list) else [scores], t, strict=True)]
        sum(errors[1:], errors[0]).backward()
    return update + (time.process_time() - start) / samples * task.n


# Measuring --------------------------------------------------------------------------------------------------


def seconds(step: Step, repeats: int) -> float:
    """Return the CPU time of a step in all threads, the mean of `repeats`, after a few that warm up."""
    for _ in range(max(1, repeats // 10)):
        step()
    start = time.process_time()
    for _ in range(repeats):
        step()
    return (time.process_time() - start) / repeats


def compare(task: Task) -> dict[str, float]:
    """Return the median time of each contender's step."""
    contenders = {
        "handgrad": ours(task),
        "NumPy by hand": numpy_by_hand(task),
        "PyTorch": pytorch(task),
        "JAX": jax_jitted(task),
    }
    losses = [[step() for _ in range(5)] for step in contenders.values()]
    np.testing.assert_allclose(losses, [losses[0]] * len(losses), rtol=1e-9)
    repeats = {name: max(3, int(ROUND_SECONDS / seconds(step, 10))) for name, step in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in [*contenders, "micrograd"]}
    for _ in range(ROUNDS):
        for name in RNG.permutation(list(contenders)).tolist():
            times[name].append(seconds(contenders[name], repeats[name]))
    times["micrograd"] = [micrograd_seconds(task) for _ in range(3)]
    return {name: median(column) for name, column in times.items()}


def show_steps() -> None:
    """Print the time of a training step of every network."""
    print(f"\nA training step, µs of CPU time: medians of {ROUNDS} rounds; in brackets, how many times ours it is\n")
    print(f"| network | handgrad | {' | '.join(PEERS)} |\n|---|{'--:|' * (1 + len(PEERS))}")
    for task in TASKS:
        times = compare(task)
        mine = times["handgrad"]
        ratios = [times[peer] / mine for peer in PEERS]
        cells = [
            f"{1e6 * times[peer]:,.0f} ({r:,.{2 if r < 10 else 0}f} ×)" for peer, r in zip(PEERS, ratios, strict=True)
        ]
        print(f"| {task.name} | {1e6 * mine:,.0f} | {' | '.join(cells)} |", flush=True)


@dataclass
class Lifting:
    """A graph to be lifted: its loss, inputs and parameters."""

    name: str
    build: Callable[[], tuple[Value, list[Value], list[Value]]]


def network_of(nodes: int) -> tuple[Value, list[Value], list[Value]]:
    """Return the loss of an expanded network with about `nodes` nodes."""
    m = max(2, round((nodes / 4) ** 0.5))
    task = Task([m, m, m], 1, "relu", classes=False)
    loss, leaves, mlp = lifted(task, expanded=True)
    return loss, leaves, mlp.parameters()


def chain_of(nodes: int) -> tuple[Value, list[Value], list[Value]]:
    """Return a chain of `nodes` nodes, as deep as it is long."""
    x, w = Value(0.5), Value(0.9)
    y = x
    for _ in range(nodes // 3):
        y = tanh(y * w + x)
    return y, [x], [w]


def terms_of(nodes: int) -> tuple[Value, list[Value], list[Value]]:
    """Return a sum of `nodes` nodes, all of one form."""
    xs, ws = ([Value(0.5) for _ in range(nodes // 4)] for _ in range(2))
    return total([tanh(x * w) for x, w in zip(xs, ws, strict=True)]), xs, ws


def show_lifting() -> None:
    """Print time and memory of tracing and lifting, from small graphs to large ones."""
    mnist = TASKS[2]
    graphs = [
        Lifting(f"784-30-10, {kind}", partial(of_task, mnist, kind == "expanded")) for kind in ("fused", "expanded")
    ]
    for form, make in (("network", network_of), ("sum", terms_of), ("chain", chain_of)):
        sizes = (10**3, 10**4, 10**5, 10**6)
        graphs += [Lifting(f"{form} of {n:,}", partial(make, n)) for n in sizes]
    print(
        "\nTracing and lifting: CPU time, medians of 3\n\n"
        "| graph | nodes | s | µs per node | peak bytes per node |\n|---|--:|--:|--:|--:|"
    )
    for graph in graphs:
        loss, inputs, parameters = graph.build()
        nodes = len(topological_order(loss))
        times = []
        for _ in range(3):
            gc.collect()
            pipeline._compiled.cache_clear()  # else it is lifted once in a process
            start = time.process_time()
            vectorize(loss, inputs, parameters)
            times.append(time.process_time() - start)
        pipeline._compiled.cache_clear()
        _, peak = measured(partial(vectorize, loss, inputs, parameters))
        t = median(times)
        print(f"| {graph.name} | {nodes:,} | {t:.3f} | {1e6 * t / nodes:.1f} | {peak / nodes:,.0f} |", flush=True)


def of_task(task: Task, expanded: bool) -> tuple[Value, list[Value], list[Value]]:
    """Return a task's graph."""
    loss, leaves, mlp = lifted(task, expanded)
    return loss, leaves, mlp.parameters()


def measured(call: Callable[[], Any]) -> tuple[Any, int]:
    """Return a call's result and the bytes that it took at its peak."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    result = call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, peak - before


def show_memory() -> None:
    """Print the memory that training takes, beside that of the parameters and of a batch's activations."""
    print("\nMemory of training: all buffers, and what a step allocates beyond them\n")
    print("| network | parameters + activations, kB | buffers, kB | ratio | a step, kB |\n|---|--:|--:|--:|--:|")
    for task in TASKS:
        loss, leaves, mlp = lifted(task)
        program: Program = vectorize(loss, leaves, mlp.parameters())
        batch = np.hstack([task.X, task.T])
        necessary = 8 * (len(program.parameters) + task.n * (2 * sum(task.sizes[1:]) + task.sizes[0] + task.sizes[-1]))
        _, buffers = measured(partial(program._step, batch))
        _, step = measured(partial(program._step, batch))
        buffers += program.parameters.nbytes
        print(
            f"| {task.name} | {necessary / 1e3:,.0f} | {buffers / 1e3:,.0f} | {buffers / necessary:.2f} "
            f"| {step / 1e3:.1f} |"
        )


def main() -> None:
    """Print the tables."""
    print(machine("numpy", "torch", "jax", "micrograd"))
    gc.collect()
    gc.freeze()  # else every collection walks what the peers' imports left behind
    show_steps()
    show_memory()
    show_lifting()


if __name__ == "__main__":
    use_utf8()
    main()
