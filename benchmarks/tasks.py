"""What `expressions.py` measures: functions of Values and of CasADi's symbols, with NumPy's by hand, and their points.

Letters: x a point, X points (a row each), S spot, K strike, T time, r rate, s volatility; θ angle, ω its velocity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import casadi
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from autograd import Value, exp, log, logsumexp, normal_cdf, relu, sin, sqrt
from autograd import sum as total

Array = NDArray[np.float64]

POINTS = 1000
STEPS, DT = 100, 0.05  # of the pendulum
LINKS = 10_000  # of the chain
SIZES = [2, 16, 16, 1]  # of the network's layers
DIMENSIONS, COMPONENTS = 10, 10  # of the mixture of Gaussians
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


# A mixture of Gaussians, as ADBench has it ------------------------------------------------------------------


def mixture(x: list[Any], parameters: Array) -> tuple[Any, list[Any]]:
    """Return what a point adds to the log density, with its share of the Wishart prior, and the parameters.

    The parameters are those of each component: weight, mean, and the triangular factor Q of its inverse covariance, by
    the logarithms of its diagonal and the rest, column by column.
    """
    leaves = [Value(p) for p in parameters.tolist()]
    rest = iter(leaves)
    weights = [next(rest) for _ in range(COMPONENTS)]
    means, diagonals = [[[next(rest) for _ in x] for _ in weights] for _ in range(2)]
    terms, prior = [], []
    for weight, mean, diagonal in zip(weights, means, diagonals, strict=True):
        below = {(i, j): next(rest) for j in range(len(x)) for i in range(j + 1, len(x))}
        y = [a - m for a, m in zip(x, mean, strict=True)]
        scales = [exp(q) for q in diagonal]
        z = [total([scales[i] * y[i], *[below[i, j] * y[j] for j in range(i)]]) for i in range(len(x))]
        terms.append(weight + total(diagonal) - 0.5 * total([a * a for a in z]))
        prior.append(0.5 * total([a * a for a in [*scales, *below.values()]]) - total(diagonal))
    return logsumexp(terms) - logsumexp(weights) - (1.0 / POINTS) * total(prior), leaves


def mixture_points() -> Array:
    """Return the points, a row each."""
    return np.random.default_rng(1).normal(size=(POINTS, DIMENSIONS))


def mixture_parameters() -> Array:
    """Return parameters to begin with."""
    count = COMPONENTS * (1 + 2 * DIMENSIONS + DIMENSIONS * (DIMENSIONS - 1) // 2)
    return np.random.default_rng(2).normal(scale=0.3, size=count)


def mixture_by_jax() -> Callable[..., Any]:
    """Return the same of all points, with the gradient, by JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    d, k = DIMENSIONS, COMPONENTS
    rows, columns = np.array([(i, j) for j in range(d) for i in range(j + 1, d)]).T

    def density(parameters: Any, X: Any) -> Any:
        weights, means, diagonals, below = jnp.split(parameters, [k, k + k * d, k + 2 * k * d])
        means, diagonals, below = means.reshape(k, d), diagonals.reshape(k, d), below.reshape(k, -1)
        Q = jnp.exp(diagonals)[:, :, None] * jnp.eye(d) + jnp.zeros((k, d, d)).at[:, rows, columns].set(below)
        z = jnp.einsum("kij,nkj->nki", Q, X[:, None, :] - means)
        terms = weights + diagonals.sum(1) - 0.5 * (z * z).sum(-1)
        prior = 0.5 * (jnp.exp(2.0 * diagonals).sum() + (below * below).sum()) - diagonals.sum()
        normal = jax.scipy.special.logsumexp
        return normal(terms, axis=1).sum() - len(X) * normal(weights) - prior

    return jax.jit(jax.value_and_grad(density))  # type: ignore[no-any-return]  # JAX is not looked into


# The functions for Values and for CasADi's symbols ----------------------------------------------------------


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
