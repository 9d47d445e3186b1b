"""Speed of custom expressions over 1,000 points and at one, by each engine, beside hand-written NumPy, CasADi and JAX.

Computed is, for every point, the value and the gradient to all inputs. Here that is one program of several outputs: the
graph of the value, and those of its derivatives, which are graphs too. By hand it is NumPy with a row per point and a
gradient derived on paper; CasADi's is its `gradient`, compiled into a function, mapped over the points, and called
through its buffer. All must agree at every point. At one point, a batch of one row, the contenders are the engines
and CasADi's function of scalars (SX), run by its virtual machine: called through its buffer, which checks and returns
nothing, and called as `f(x)`, where x is an array, as is the result. The mixture of Gaussians is ADBench's (Šrajer,
Kukelova and Fitzgibbon 2018): there the loss of all points and its gradient to the parameters, and the peer is JAX,
jitted.
Each round runs every contender, in a new order; figures are medians of this process's CPU time.

The physical limit is what the arithmetic of the native engine's instructions takes where nothing else does: the larger
of two times, that of its floating-point operations at the rate, and that of the batch and the results at the bandwidth,
which a matrix product and a copy reach here. A function, such as sin, counts as 20 operations.

    pip install -e ".[native]" -r benchmarks/requirements.txt && python benchmarks/expressions.py [commit]

With a commit, this project as it was there is measured beside, in the same rounds.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import casadi
import numpy as np
from machine import machine
from tasks import (
    POINTS,
    RNG,
    ROWS,
    TASKS,
    Array,
    Row,
    Task,
    mixture,
    mixture_by_jax,
    mixture_parameters,
    mixture_points,
)

from autograd import Program, Value, vectorize

ROUNDS = 25
ROUND_SECONDS = 0.02
FUNCTION_OPERATIONS = 20  # floating-point operations that a function, such as sin, counts as

Call = Callable[[], Any]


# Programs: of the engines of today, or, in a process of its own, of this project as it was -------------------


def at_the_points(task: Task, **options: Any) -> tuple[Call, Program]:
    """Return a call whose rows are the value and the gradient, and its program."""
    x = list(map(Value, task.X[0].tolist()))
    f = task.ours(x)
    program = vectorize([f, *f.derivatives(x)], inputs=x, **options)
    return lambda: program.values(task.X), program


def at_one_point(row: Row, **options: Any) -> tuple[Call, Program]:
    """Return a call for one row, whose result is the value and the gradient, and its program."""
    leaves = list(map(Value, row.x))
    program = vectorize(row.ours(leaves), leaves[: row.inputs], leaves[row.inputs :], **options)
    batch = np.array([row.x[: row.inputs]])
    return lambda: program.gradient(batch), program


def of_the_mixture(**options: Any) -> tuple[Call, Program]:
    """Return a call that gives the mixture's log density and its gradient, and its program."""
    X = mixture_points()
    x = list(map(Value, X[0].tolist()))
    loss, parameters = mixture(x, mixture_parameters())
    program = vectorize(loss, x, parameters, reduction="sum", **options)
    return lambda: program.gradient(X), program


JOBS: list[Callable[..., tuple[Call, Program]]] = [
    *[partial(at_the_points, task) for task in TASKS],
    of_the_mixture,
    *[partial(at_one_point, row) for row in ROWS],
]


def serve() -> None:
    """Measure a job whenever its number comes: what the process of an earlier commit does."""
    calls: dict[int, tuple[Call, int]] = {}
    for line in sys.stdin:
        job = int(line)
        if job not in calls:
            call, _ = JOBS[job]()
            calls[job] = call, max(1, int(ROUND_SECONDS / seconds(call, 2)))
        print(seconds(*calls[job]), flush=True)


class Earlier:
    """This project as it was at a commit, in a process of its own."""

    def __init__(self, commit: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        root = Path(__file__).resolve().parent.parent
        archive = subprocess.run(["git", "-C", root, "archive", commit, "autograd"], check=True, capture_output=True)  # noqa: S603, S607  (a developer's own repository)
        subprocess.run(["tar", "-x", "-C", self.folder.name], input=archive.stdout, check=True)  # noqa: S603, S607
        self.process = subprocess.Popen(  # noqa: S603  (this file)
            [sys.executable, __file__, "serve"],
            env=os.environ | {"PYTHONPATH": self.folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def seconds(self, job: int) -> float:
        """Return the time that a job takes there."""
        print(job, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline() if self.process.stdout else "nan")


# Peers ------------------------------------------------------------------------------------------------------


def mapped(task: Task) -> Call:
    """Return a call of CasADi's mapped function, through its buffer, without a copy."""
    x = casadi.SX.sym("x", task.X.shape[1])
    f = task.casadi([x[i] for i in range(task.X.shape[1])])
    function = casadi.Function("f", [x], [casadi.vertcat(f, casadi.gradient(f, x))]).map(POINTS)
    return buffered(function, task.X, (POINTS, 1 + task.X.shape[1]))  # its columns one after the other are NumPy's rows


def virtual_machine(row: Row) -> tuple[Call, Call]:
    """Return two calls of CasADi's function of one point, through its buffer and as a function of an array."""
    x = casadi.SX.sym("x", len(row.x))
    f = row.casadi([x[i] for i in range(len(row.x))])
    function = casadi.Function("f", [x], [casadi.vertcat(f, casadi.gradient(f, x)[row.inputs :])])
    point = np.array(row.x)
    return buffered(function, point, (1 + len(row.x) - row.inputs,)), lambda: function(point).full()


def buffered(function: Any, x: Array, shape: tuple[int, ...]) -> Call:
    """Return a call of a CasADi function that reads and writes arrays."""
    result = np.zeros(shape)
    buffer, trigger = function.buffer()
    buffer.set_arg(0, x.data)
    buffer.set_res(0, result.data)

    def call(alive: Any = (function, buffer, x)) -> Array:  # the trigger does not keep what it points to
        trigger()
        return result

    return call


def by_hand(task: Task) -> Array:
    """Return the values and the gradients that NumPy gives."""
    return np.column_stack(task.by_hand(task.X))


# Limits -----------------------------------------------------------------------------------------------------


def limits() -> tuple[float, float]:
    """Return the floating-point operations and the bytes per second that one core reaches here."""
    a, c = RNG.normal(size=(2, 128, 128))  # small enough for one thread
    source, target = np.zeros((2, 1 << 17))  # a megabyte, as much as the batches here
    copy = partial(np.copyto, target, source)
    # The least of many short runs, for other programs slow most of them down.
    rate = 2.0 * len(a) ** 3 / min(seconds(partial(np.dot, a, a, out=c), 3) for _ in range(1000))
    return rate, 2.0 * source.nbytes / min(seconds(copy, 3) for _ in range(1000))


def least(program: Program, function: str, rows: int, numbers: int, rate: float, bandwidth: float) -> float:
    """Return the least time of a call of the native engine in µs: that of its arithmetic, or of its numbers."""
    from autograd.lifting.native.machine import NAMES, operands_of
    from autograd.lifting.native.tape import ARITHMETIC

    tape = program._choice.chosen._memory(function).tape  # type: ignore[union-attr]  # the native engine has one
    operations = 0
    for words, times in ((tape.once.tolist(), 1), (tape.each.tolist(), rows)):
        place = 0
        while (name := NAMES[words[place]]) != "end":
            if name == "dot":
                count = sum(words[place + 3 : place + 6])
                place, done = place + 6 + 2 * count, 2 * count
            elif name in ARITHMETIC:
                place += 2 + (2 if "fused" not in name else 3) - (name in ("neg v", "spread", "store", "reduce v"))
                done = 2 if "fused" in name or name == "reduce vv" else 1
            else:
                place, done = place + 2 + operands_of(name), FUNCTION_OPERATIONS
            operations += done * times
    return 1e6 * max(operations / rate, 8.0 * numbers / bandwidth)


# Measuring --------------------------------------------------------------------------------------------------


def seconds(call: Call, repeats: int) -> float:
    """Return the time of a call, the mean of `repeats`, after one that warms up."""
    call()
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats


def medians(calls: dict[str, Call], earlier: Callable[[], float] | None = None) -> dict[str, float]:
    """Return the time of each call in µs."""
    measures: dict[str, Callable[[], float]] = {"earlier": earlier} if earlier else {}
    for name, call in calls.items():
        repeats = max(1, int(ROUND_SECONDS / seconds(call, 2)))
        measures[name] = partial(seconds, call, repeats)
    times: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(ROUNDS):
        for name in RNG.permutation(list(measures)).tolist():
            times[name].append(measures[name]())
    return {name: 1e6 * median(each) for name, each in times.items()}


def show(name: str, job: int, engines: list[str], peers: dict[str, Call], earlier: Earlier | None, limit: Any) -> None:
    """Print a row of a table: µs, and how many times the native engine's they are."""
    calls, programs = dict(peers), {}
    for engine in engines:
        calls[engine], programs[engine] = JOBS[job](engine=engine)
    expected = flat(calls[engines[0]]())
    for call in calls.values():
        np.testing.assert_allclose(flat(call()), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    found = medians(calls, partial(earlier.seconds, job) if earlier else None)
    mine = found.pop("native")
    others = [*engines[1:], *peers, *["earlier"] * bool(earlier)]
    rest = [f"{digits(found[x])} ({found[x] / mine:.2f} ×)" for x in others]
    print(f"| {name} | {digits(mine)} | {' | '.join(rest)} | {limit(programs['native']):,.2g} |", flush=True)


def digits(microseconds: float) -> str:
    """Return a time with one decimal, a short one with two."""
    return f"{microseconds:,.{2 if microseconds < 10.0 else 1}f}"


def flat(result: Any) -> Array:
    """Return a value and a gradient, or a table of them, as one array."""
    return np.concatenate([np.ravel(x) for x in result]) if isinstance(result, tuple) else np.ravel(result)


def table(title: str, columns: list[str], earlier: Earlier | None) -> None:
    """Print the head of a table."""
    print(f"\n{title}, µs: medians of {ROUNDS} interleaved rounds\n")
    names = ["function", "native", *columns, *["earlier"] * bool(earlier), "physical limit"]
    print("| " + " | ".join(names) + " |\n|---|" + "--:|" * (len(names) - 1))


def main() -> None:
    """Print the tables."""
    if sys.argv[1:] == ["serve"]:
        serve()
        return
    from nn.console import use_utf8  # here, for an earlier commit may not have it

    use_utf8()
    earlier = Earlier(sys.argv[1]) if sys.argv[1:] else None
    rate, bandwidth = limits()
    print(machine("numpy", "llvmlite", "casadi", "jax"))
    print(f"A core reaches {rate / 1e9:.0f} GFLOP/s and {bandwidth / 1e9:.0f} GB/s")
    gc.collect()
    gc.freeze()
    table(f"Value and gradient at {POINTS:,} points", ["NumPy engine", "NumPy by hand", "CasADi's map"], earlier)
    for job, task in enumerate(TASKS):
        numbers = task.X.size + POINTS * (1 + task.X.shape[1])
        peers: dict[str, Call] = {"by hand": partial(by_hand, task), "CasADi": mapped(task)}
        limit = partial(least, function="values", rows=POINTS, numbers=numbers, rate=rate, bandwidth=bandwidth)
        show(task.name, job, ["native", "numpy"], peers, earlier, limit)
    table(f"Mixture of Gaussians (ADBench's GMM), n = {POINTS:,}", ["NumPy engine", "JAX"], earlier)
    density, parameters, X = mixture_by_jax(), mixture_parameters(), mixture_points()
    peers = {"JAX": lambda: tuple(map(np.asarray, density(parameters, X)))}
    numbers = X.size + 2 * parameters.size
    limit = partial(least, function="gradient", rows=POINTS, numbers=numbers, rate=rate, bandwidth=bandwidth)
    show("d = 10, K = 10", len(TASKS), ["native", "numpy"], peers, earlier, limit)
    table(
        "Value and gradient at one point", ["scalar engine", "NumPy engine", "CasADi's SX", "called as f(x)"], earlier
    )
    for job, row in enumerate(ROWS, len(TASKS) + 1):
        limit = partial(least, function="gradient", rows=1, numbers=2 * len(row.x), rate=rate, bandwidth=bandwidth)
        peers = dict(zip(["CasADi", "CasADi's f(x)"], virtual_machine(row), strict=True))
        show(row.name, job, ["native", "scalar", "numpy"], peers, earlier, limit)


if __name__ == "__main__":
    main()
