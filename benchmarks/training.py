"""Speed of whole training runs, beside a loop written by hand in NumPy, JAX's scan, PyTorch and scikit-learn.

A run is 10 epochs of a 64-32-10 ReLU network on scikit-learn's 1,797 digits, in batches of 32, in float64, from the
same weights, shuffled anew in each epoch. `nn.train` lifts the network, checks the data and every step, and returns a
History with loss, gradient norms, accuracy over all data, and seconds. The loop by hand does the same once with these
measures and once without: like JAX's scan, it then shuffles, steps and adds up the loss, and nothing else; JAX is
compiled beforehand. PyTorch runs its modules and optimizer on slices of a shuffled tensor, in one thread, scikit-learn
its `MLPClassifier`. Each round runs every contender, in a new order; figures are medians of the CPU time of all
threads. Further tables: what `Program.gradient` takes beside its unchecked inner step, and batches of 200,000 rows by
the NumPy engine, whole and in pieces.

    pip install -e . -r benchmarks/requirements.txt && python benchmarks/training.py

Letters: X inputs, y classes, W and b a layer's weights and biases, z net inputs, p probabilities, d an adjoint.
"""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from machine import machine
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from vectorized import TASKS, lifted, measured

from autograd import Program, vectorize
from autograd.lifting import pipeline
from nn import MLP, SGD, train
from nn.console import use_utf8

jax.config.update("jax_enable_x64", True)

ROUNDS = 15
REPEATS = 200  # of a step in each round
SIZES = [64, 32, 10]
EPOCHS, BATCH, RATE = 10, 32, 0.1
ROWS = 200_000  # of a large batch
RNG = np.random.default_rng(0)

digits = load_digits()
X: Any = digits.data / 16.0
y: Any = digits.target
T = np.eye(10)[y]
W0 = [RNG.normal(size=shape) * np.sqrt(1 / shape[0]) for shape in pairwise(SIZES)]
b0 = [np.zeros(m) for m in SIZES[1:]]

Run = Callable[[], float]  # trains, and returns the mean loss of the last epoch


def ours() -> Run:
    """Return `nn.train`."""
    mlp = MLP.from_weights(W0, b0, "relu", output="identity")

    def run() -> float:
        mlp.set_weights(W0, b0)
        settings: Any = {"loss": "softmax_cross_entropy", "epochs": EPOCHS, "batch_size": BATCH, "progress": False}
        history = train(mlp, X, y, optimizer=SGD(RATE), rng=0, **settings)
        return history.loss[-1]

    return run


def numpy_by_hand(measures: bool = False) -> Run:
    """Return the loop as it is written by hand: a row per sample, X @ W + b; perhaps with what a History holds."""

    def run() -> float:
        W, b = [w.copy() for w in W0], [v.copy() for v in b0]
        rng, n, total, history = np.random.default_rng(0), len(X), 0.0, []
        for _ in range(EPOCHS):
            order, total, squares = rng.permutation(n), 0.0, np.zeros(2)
            for start in range(0, n, BATCH):
                rows = order[start : start + BATCH]
                x, t, m = X[rows], y[rows], np.arange(len(rows))
                h = np.maximum(x @ W[0] + b[0], 0.0)
                z = h @ W[1] + b[1]
                p = np.exp(z - z.max(axis=1, keepdims=True))
                p /= p.sum(axis=1, keepdims=True)
                total -= float(np.log(p[m, t]).sum())
                d = p
                d[m, t] -= 1.0
                d /= len(rows)
                e = (d @ W[1].T) * (h > 0.0)
                gradients = (x.T @ e, e.sum(axis=0)), (h.T @ d, d.sum(axis=0))
                if measures:
                    squares += [np.vdot(dW, dW) + db @ db for dW, db in gradients]
                for k, (dW, db) in enumerate(gradients):
                    W[k] -= RATE * dW
                    b[k] -= RATE * db
            if measures:
                right = (np.maximum(X @ W[0] + b[0], 0.0) @ W[1] + b[1]).argmax(axis=1) == y
                history.append((total / n, np.sqrt(squares * BATCH / n), right.mean()))
        return total / n

    return run


def jax_scan() -> Run:
    """Return JAX's run: one jitted function, which scans over the batches of all epochs; a shorter one follows each."""

    def loss(parameters: Any, x: Any, t: Any) -> Any:
        (w1, v1), (w2, v2) = parameters
        z = jax.nn.relu(x @ w1 + v1) @ w2 + v2
        return -(t * jax.nn.log_softmax(z)).sum(axis=1).mean()

    def step(parameters: Any, rows: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(parameters, data[rows], targets[rows])
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradient), value * len(rows)

    def epoch(parameters: Any, order: Any) -> Any:
        parameters, totals = jax.lax.scan(step, parameters, order[:whole].reshape(-1, BATCH))
        parameters, last = step(parameters, order[whole:])
        return parameters, totals.sum() + last

    n = len(X)
    whole = n - n % BATCH
    data, targets = jnp.asarray(X), jnp.asarray(T)
    train_all = jax.jit(lambda parameters, orders: jax.lax.scan(epoch, parameters, orders))

    def run() -> float:
        rng = np.random.default_rng(0)
        orders = jnp.asarray(np.stack([rng.permutation(n) for _ in range(EPOCHS)]))
        parameters = [(jnp.asarray(w), jnp.asarray(v)) for w, v in zip(W0, b0, strict=True)]
        _, totals = train_all(parameters, orders)
        return float(totals[-1]) / n

    return run


def pytorch() -> Run:
    """Return PyTorch's loop, with its modules and its optimizer."""
    data, targets = torch.tensor(X), torch.tensor(y)
    torch.set_num_threads(1)  # with one for each core it takes longer, as soon as another program runs

    def run() -> float:
        layers = [torch.nn.Linear(*shape, dtype=torch.float64) for shape in pairwise(SIZES)]
        for layer, w, v in zip(layers, W0, b0, strict=True):
            layer.weight.data, layer.bias.data = torch.tensor(w.T.copy()), torch.tensor(v)
        model = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
        optimizer, criterion = torch.optim.SGD(model.parameters(), lr=RATE), torch.nn.CrossEntropyLoss()
        rng, n, total = np.random.default_rng(0), len(X), 0.0
        for _ in range(EPOCHS):
            order, total = torch.tensor(rng.permutation(n)), 0.0
            for rows in order.split(BATCH):
                optimizer.zero_grad()
                value = criterion(model(data[rows]), targets[rows])
                value.backward()
                optimizer.step()
                total += value.item() * len(rows)
        return total / n

    return run


def scikit_learn() -> Run:
    """Return scikit-learn's classifier, which draws its own weights."""

    def run() -> float:
        settings: Any = {"solver": "sgd", "alpha": 0.0, "momentum": 0.0, "learning_rate_init": RATE, "random_state": 0}
        model = MLPClassifier((32,), batch_size=BATCH, max_iter=EPOCHS, tol=0.0, n_iter_no_change=EPOCHS, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged yet
            return float(model.fit(X, y).loss_)

    return run


def show_runs() -> None:
    """Print the time of a run of each contender."""
    train_again = ours()

    def first() -> float:
        pipeline._compiled.cache_clear()  # so that the network is lifted, as it is once in a process
        return train_again()

    runs = {
        "handgrad, `nn.train`": train_again,
        "the same, for the first time": first,
        "NumPy by hand, with accuracy and norms": numpy_by_hand(measures=True),
        "NumPy by hand, steps alone": numpy_by_hand(),
        "JAX, jitted scan": jax_scan(),
        "PyTorch": pytorch(),
        "scikit-learn": scikit_learn(),
    }
    losses = [run() for run in runs.values()]  # which warms up, too
    np.testing.assert_allclose(losses[:-1], losses[0], rtol=1e-9)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name in RNG.permutation(list(runs)).tolist():
            times[name].append(seconds(runs[name]))
    products = sum(m * k for m, k in pairwise(SIZES))
    flop = EPOCHS * len(X) * (6 * products - 2 * SIZES[0] * SIZES[1] + 2 * products)
    mine, speed = median(times["handgrad, `nn.train`"]), flop_per_second()
    print(f"\n{EPOCHS} epochs of digits, {'-'.join(map(str, SIZES))}, batch {BATCH}: medians of {ROUNDS} rounds\n")
    print("| | ms | ratio |\n|---|--:|--:|")
    for name, column in times.items():
        print(f"| {name} | {1e3 * median(column):.0f} | {median(column) / mine:.2f} |")
    print(
        f"\nThe matrix products alone, those of the accuracy among them, are {flop / 1e9:.2f} GFLOP: at the "
        f"{speed / 1e9:.0f} GFLOP/s of a product of 512 × 512 matrices here, {1e3 * flop / speed:.1f} ms."
    )


def flop_per_second() -> float:
    """Return the speed of a large matrix product, by the CPU time of all threads."""
    a = RNG.normal(size=(512, 512))
    return 2 * 512**3 / min(seconds(lambda: float((a @ a)[0, 0])) for _ in range(5))


def show_gradient() -> None:
    """Print what `Program.gradient` takes beside the unchecked step inside it."""
    print(f"\n`Program.gradient` beside its unchecked step, which copies nothing: medians of {ROUNDS} rounds\n")
    print("| network | gradient, µs | step, µs | ratio |\n|---|--:|--:|--:|")
    for task in TASKS:
        loss, leaves, mlp = lifted(task)
        program, batch = vectorize(loss, leaves, mlp.parameters()), np.hstack([task.X, task.T])
        calls = [partial(program.gradient, batch), partial(unchecked, program, batch)]
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for column, call in zip(times, calls, strict=True):
                start = time.thread_time()
                for _ in range(REPEATS):
                    call()
                column.append((time.thread_time() - start) / REPEATS)
        checked, bare = map(median, times)
        print(f"| {task.name} | {1e6 * checked:.1f} | {1e6 * bare:.1f} | {checked / bare:.3f} |")


@np.errstate(all="ignore")
def unchecked(program: Program, batch: Any) -> Any:
    """Return loss and gradient, in the program's own array."""
    return program._step(batch, check_finite=False)


def show_large() -> None:
    """Print the time and the memory of a large batch, in the pieces that the NumPy engine chooses, and whole."""
    print(f"\nValue and gradient of {ROWS:,} rows by the NumPy engine: medians of 5 rounds; MB allocated at the peak\n")
    print("| network | rows at once | pieces, ms | whole, ms | pieces, MB | whole, MB |\n|---|--:|--:|--:|--:|--:|")
    for task in TASKS[:2]:
        loss, leaves, mlp = lifted(task)
        batch = np.resize(np.hstack([task.X, task.T]), (ROWS, task.sizes[0] + task.sizes[-1]))
        programs = [vectorize(loss, leaves, mlp.parameters(), engine="numpy") for _ in range(2)]
        rows, programs[1]._numpy.rows_at_once = programs[0]._numpy.rows_at_once, ROWS
        peaks = [measured(partial(program.gradient, batch))[1] for program in programs]
        times: list[list[float]] = [[], []]
        for _ in range(5):
            for column, program in zip(times, programs, strict=True):
                column.append(seconds(partial(program.gradient, batch)))
        shown = [f"{1e3 * median(column):.0f}" for column in times] + [f"{peak / 1e6:.1f}" for peak in peaks]
        print(f"| {'-'.join(map(str, task.sizes))} | {rows} | {' | '.join(shown)} |", flush=True)


def seconds(run: Callable[[], Any]) -> float:
    """Return the CPU time that a call takes, of all threads."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Print the tables."""
    print(machine("numpy", "torch", "jax", "scikit-learn"))
    gc.collect()
    gc.freeze()  # else every collection walks what the peers' imports left behind
    show_runs()
    show_gradient()
    show_large()


if __name__ == "__main__":
    use_utf8()
    main()
