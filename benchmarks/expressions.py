"""Speed of custom expressions over 1,000 points and at one, beside hand-written NumPy and CasADi's functions.

Computed is, for every point, the value and the gradient to all inputs. Here that is one program of several outputs: the
graph of the value, and those of its derivatives, which are graphs too. By hand it is NumPy with a row per point and a
gradient derived on paper; CasADi's is its `gradient`, compiled into a function, mapped over the points, and called
through its buffer. All three must agree at every point. At one point, a batch of one row, the contenders are the engine
that a program chooses, its NumPy, and CasADi's function of scalars (SX), run by its virtual machine. Each round runs
every contender, in a new order; figures are medians of this thread's CPU time.

    pip install -e . -r benchmarks/requirements.txt && python benchmarks/expressions.py

Letters: x a point, X points (a row each), S spot, K strike, T time, r rate, s volatility; θ angle, ω its velocity.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any

import casadi
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from vectorized import machine

from autograd import Value, exp, log, normal_cdf, relu, sin, sqrt, vectorize
from autograd import sum as total
from nn.console import use_utf8

Array = NDArray[np.float64]

POINTS = 1000
ROUNDS = 25
ROUND_SECONDS = 0.02
STEPS, DT = 100, 0.05  # of the pendulum
LINKS = 10_000  # of the chain
SIZES = [2, 16, 16, 1]  # of the network's layers
RNG = np.random.default_rng(0)


# Rosenbrock's function of 50 variables ----------------------------------------------------------------------


def rosenbrock(x: list[Any], add: Callable[..., Any]) -> Any:
    """Return Σ 100 (xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²."""
    return add([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x)])


def rosenbrock_by_hand(X: Array) -> tuple[Array, Array]:
    """Return values and gradients."""
    a = X[:, :-1]
    residual, rest = X[:, 1:] - a * a, 1.0 - a
    gradient = np.zeros_like(X)
    gradient[:, :-1] = -400.0 * a * residual - 2.0 * rest
    gradient[:, 1:] += 200.0 * residual
    return (100.0 * residual**2 + rest**2).sum(axis=1), gradient


# Black and Scholes' price of a call -------------------------------------------------------------------------


def black_scholes(x: list[Any], f: Any) -> Any:
    """Return the price of a European call."""
    S, K, T, r, s = x
    spread = s * f.sqrt(T)
    d1 = (f.log(S / K) + (r + 0.5 * s * s) * T) / spread
    return S * f.normal_cdf(d1) - K * f.exp(-r * T) * f.normal_cdf(d1 - spread)


def black_scholes_by_hand(X: Array) -> tuple[Array, Array]:
    """Return prices and the greeks: delta, ∂/∂K, ∂/∂T, rho, vega."""
    S, K, T, r, s = X.T
    root = np.sqrt(T)
    d1 = (np.log(S / K) + (r + 0.5 * s * s) * T) / (s * root)
    d2 = d1 - s * root
    N1, N2 = ndtr(d1), ndtr(d2)
    discount = np.exp(-r * T)
    vega = S * np.exp(-0.5 * d1 * d1) * root / math.sqrt(2.0 * math.pi)
    strike = K * discount * N2
    return S * N1 - strike, np.stack([N1, -discount * N2, 0.5 * vega * s / T + r * strike, T * strike, vega], axis=1)


# A damped pendulum by Runge and Kutta's fourth-order method -------------------------------------------------


def pendulum(x: list[Any], f: Any) -> Any:
    """Return θ² + ω² at the end, from the start θ, ω, gravity by length g, and damping c."""
    theta, omega, g, c = x

    def slope(theta: Any, omega: Any) -> tuple[Any, Any]:
        return omega, -g * f.sin(theta) - c * omega

    for _ in range(STEPS):
        p1, q1 = slope(theta, omega)
        p2, q2 = slope(theta + 0.5 * DT * p1, omega + 0.5 * DT * q1)
        p3, q3 = slope(theta + 0.5 * DT * p2, omega + 0.5 * DT * q2)
        p4, q4 = slope(theta + DT * p3, omega + DT * q3)
        theta = theta + DT / 6.0 * (p1 + 2.0 * p2 + 2.0 * p3 + p4)
        omega = omega + DT / 6.0 * (q1 + 2.0 * q2 + 2.0 * q3 + q4)
    return theta * theta + omega * omega


def pendulum_by_hand(X: Array) -> tuple[Array, Array]:
    """Return values and gradients: forward with all stages kept, then the adjoints of each stage in reverse."""
    theta, omega, g, c = X.T.copy()
    kept = []
    for _ in range(STEPS):
        stages, dtheta, domega, p, q = [], 0.0, 0.0, 0.0, 0.0
        for h, weight in ((0.0, 1.0), (0.5 * DT, 2.0), (0.5 * DT, 2.0), (DT, 1.0)):
            a, w = theta + h * p, omega + h * q
            sine = np.sin(a)
            p, q = w, -g * sine - c * w
            stages.append((np.cos(a), sine, w))
            dtheta, domega = dtheta + weight * p, domega + weight * q
        kept.append(stages)
        theta, omega = theta + DT / 6.0 * dtheta, omega + DT / 6.0 * domega
    value = theta * theta + omega * omega
    A, W = 2.0 * theta, 2.0 * omega  # adjoints of θ and ω
    G, C = np.zeros_like(g), np.zeros_like(c)
    for stages in reversed(kept):
        P, Q, a_sum, w_sum = 0.0, 0.0, A, W
        for (cosine, sine, w), weight, h in zip(
            reversed(stages), (1.0, 2.0, 2.0, 1.0), (DT, 0.5 * DT, 0.5 * DT, 0.0), strict=True
        ):
            p, q = P + DT / 6.0 * weight * A, Q + DT / 6.0 * weight * W  # of the stage's slopes
            G -= q * sine
            C -= q * w
            a, w = -q * g * cosine, p - q * c
            a_sum, w_sum = a_sum + a, w_sum + w
            P, Q = h * a, h * w
        A, W = a_sum, w_sum
    return value, np.stack([A, W, G, C], axis=1)


# A chain, and a network -------------------------------------------------------------------------------------


def chain(x: list[Any]) -> Any:
    """Return y after 10,000 steps of y · w + a."""
    y, w, a = x
    for _ in range(LINKS):
        y = y * w + a
    return y


def network(x: list[Any], f: Any, add: Callable[..., Any]) -> Any:
    """Return half the squared error of a network of the sizes `SIZES`, from inputs, the target, weights and biases."""
    *layer, target = x[: SIZES[0] + 1]
    rest = iter(x[SIZES[0] + 1 :])
    for size in SIZES[1:]:
        sums = [add([*[next(rest) * a for a in layer], next(rest)]) for _ in range(size)]
        layer = [f.relu(z) for z in sums] if size > 1 else sums
    return 0.5 * (layer[0] - target) ** 2


# The contenders ---------------------------------------------------------------------------------------------


class Values:
    """The functions that the tasks call, for Values."""

    sqrt, log, exp, sin, normal_cdf, relu = sqrt, log, exp, sin, normal_cdf, relu


class Symbols:
    """The same for CasADi's symbols, which have an erf and no normal distribution."""

    sqrt, log, exp, sin = casadi.sqrt, casadi.log, casadi.exp, casadi.sin

    @staticmethod
    def normal_cdf(x: Any) -> Any:
        """Return Φ(x)."""
        return 0.5 * (1.0 + casadi.erf(x * math.sqrt(0.5)))

    @staticmethod
    def relu(x: Any) -> Any:
        """Return max(x, 0)."""
        return casadi.fmax(x, 0.0)


@dataclass
class Task:
    """A function of a number of inputs, once for Values and once for CasADi's symbols, its NumPy, and its points."""

    name: str
    ours: Callable[[list[Any]], Any]
    casadi: Callable[[list[Any]], Any]
    by_hand: Callable[[Array], tuple[Array, Array]]
    X: Array


TASKS = [
    Task(
        "Rosenbrock, 50 variables",
        partial(rosenbrock, add=total),
        partial(rosenbrock, add=sum),
        rosenbrock_by_hand,
        RNG.normal(size=(POINTS, 50)),
    ),
    Task(
        "Black-Scholes, 5 inputs",
        partial(black_scholes, f=Values),
        partial(black_scholes, f=Symbols),
        black_scholes_by_hand,
        RNG.uniform([80.0, 80.0, 0.2, 0.01, 0.1], [120.0, 120.0, 2.0, 0.05, 0.5], size=(POINTS, 5)),
    ),
    Task(
        f"pendulum, {STEPS} RK4 steps, 4 inputs",
        partial(pendulum, f=Values),
        partial(pendulum, f=Symbols),
        pendulum_by_hand,
        RNG.uniform([-1.0, -1.0, 0.5, 0.0], [1.0, 1.0, 2.0, 0.3], size=(POINTS, 4)),
    ),
]


@dataclass
class Row:
    """A function at one point, whose first numbers are inputs; the gradient is taken to the others."""

    name: str
    ours: Callable[[list[Any]], Any]
    casadi: Callable[[list[Any]], Any]
    x: list[float]
    inputs: int = 0


WEIGHTS = sum([(a + 1) * b for a, b in pairwise(SIZES)])
ROWS = [
    Row(f"chain of {LINKS:,} (`y = y*w + a`)", chain, chain, [1.0, 0.999, 0.1]),
    *[Row(task.name, task.ours, task.casadi, task.X[0].tolist()) for task in reversed(TASKS)],
    Row(
        f"{'-'.join(map(str, SIZES))} ReLU network, {WEIGHTS} parameters",
        partial(network, f=Values, add=total),
        partial(network, f=Symbols, add=sum),
        [0.5, -0.3, 0.7, *RNG.normal(scale=0.3, size=WEIGHTS).tolist()],
        SIZES[0] + 1,
    ),
]


def lifted(task: Task) -> Callable[[], Array]:
    """Return a call of the program, whose rows are the value and the gradient."""
    x = list(map(Value, task.X[0].tolist()))
    f = task.ours(x)
    program = vectorize([f, *f.derivatives(x)], inputs=x)
    return lambda: program.values(task.X)


def mapped(task: Task) -> Callable[[], Array]:
    """Return a call of CasADi's mapped function, through its buffer, without a copy."""
    x = casadi.SX.sym("x", task.X.shape[1])
    f = task.casadi([x[i] for i in range(task.X.shape[1])])
    function = casadi.Function("f", [x], [casadi.vertcat(f, casadi.gradient(f, x))]).map(POINTS)
    result = np.zeros((POINTS, 1 + task.X.shape[1]))  # CasADi's columns one after the other are NumPy's rows
    buffer, trigger = function.buffer()
    buffer.set_arg(0, task.X.data)
    buffer.set_res(0, result.data)

    def call(alive: Any = (function, buffer)) -> Array:  # the trigger does not keep what it points to
        trigger()
        return result

    return call


def at_one_point(row: Row, engine: Any) -> tuple[Callable[[], Array], str]:
    """Return a call of the program for one row, whose result is the value and the gradient, and the engine's name."""
    leaves = list(map(Value, row.x))
    program = vectorize(row.ours(leaves), leaves[: row.inputs], leaves[row.inputs :], engine=engine)
    batch, parameters = np.array([row.x[: row.inputs]]), np.array(row.x[row.inputs :])

    def call() -> Array:
        program.parameters[:] = parameters
        value, gradient = program.gradient(batch)
        return np.append(value, gradient)

    return call, program.engine


def virtual_machine(row: Row) -> Callable[[], Array]:
    """Return a call of CasADi's function, through its buffer."""
    x = casadi.SX.sym("x", len(row.x))
    f = row.casadi([x[i] for i in range(len(row.x))])
    function = casadi.Function("f", [x], [casadi.vertcat(f, casadi.gradient(f, x)[row.inputs :])])
    point, result = np.array(row.x), np.zeros(1 + len(row.x) - row.inputs)
    buffer, trigger = function.buffer()
    buffer.set_arg(0, point.data)
    buffer.set_res(0, result.data)

    def call(alive: Any = (function, buffer, point)) -> Array:
        trigger()
        return result

    return call


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """Return the time of a call, the mean of `repeats`, after one that warms up."""
    call()
    start = time.thread_time()
    for _ in range(repeats):
        call()
    return (time.thread_time() - start) / repeats


def medians(calls: dict[str, Callable[[], Any]]) -> list[float]:
    """Return the time of each call in µs."""
    repeats = {name: max(1, int(ROUND_SECONDS / seconds(call, 2))) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name in RNG.permutation(list(calls)).tolist():
            times[name].append(seconds(calls[name], repeats[name]))
    return [1e6 * median(times[name]) for name in calls]


def show(task: Task) -> None:
    """Print a row of the table."""
    start = time.thread_time()
    ours = lifted(task)
    lifting = time.thread_time() - start
    calls: dict[str, Callable[[], Any]] = {"ours": ours, "hand": partial(task.by_hand, task.X), "CasADi": mapped(task)}
    value, gradient = task.by_hand(task.X)
    expected = np.column_stack([value, gradient])
    for result in (ours(), calls["CasADi"]()):
        np.testing.assert_allclose(result, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    mine, hand, peer = medians(calls)
    print(
        f"| {task.name} | {mine:,.0f} | {hand:,.0f} ({mine / hand:.2f}) | {peer:,.0f} ({peer / mine:.2f} ×) "
        f"| {1e3 * lifting:,.0f} |",
        flush=True,
    )


def show_row(row: Row) -> None:
    """Print a row of the table of one point."""
    start = time.thread_time()
    ours, engine = at_one_point(row, "auto")
    ours()  # the first call compiles
    lifting = time.thread_time() - start
    with_numpy, _ = at_one_point(row, "numpy")
    peer = virtual_machine(row)
    for result in (with_numpy(), peer()):
        np.testing.assert_allclose(ours(), result, rtol=1e-9, atol=1e-12)
    mine, arrays, vm = medians({"ours": ours, "NumPy": with_numpy, "CasADi": peer})
    print(
        f"| {row.name} | {mine:,.1f} ({engine}) | {arrays:,.1f} ({arrays / mine:.1f} ×) "
        f"| {vm:,.1f} ({vm / mine:.2f} ×) | {1e3 * lifting:,.0f} |",
        flush=True,
    )


def main() -> None:
    """Print the tables."""
    print(f"{machine()}, casadi {casadi.__version__}")
    print(f"\nValue and gradient at {POINTS:,} points, µs: medians of {ROUNDS} interleaved rounds\n")
    print(
        "| function | handgrad | NumPy by hand (we take of it) | CasADi's map (takes of ours) | tracing, lifting, ms |"
    )
    print("|---|--:|--:|--:|--:|")
    gc.collect()
    gc.freeze()
    for task in TASKS:
        show(task)
    print(f"\nValue and gradient at one point, µs: medians of {ROUNDS} interleaved rounds\n")
    print("| function | handgrad (engine) | its NumPy (takes of ours) | CasADi's SX (takes of ours) | first call, ms |")
    print("|---|--:|--:|--:|--:|")
    for row in ROWS:
        show_row(row)


if __name__ == "__main__":
    use_utf8()
    main()
