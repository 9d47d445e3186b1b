"""Programs on a GPU through JAX beside JAX by hand, and their share of the bandwidth or of the operations.

    pip install -e . "jax[cuda12]" && python benchmarks/gpu.py

Black and Scholes' price of a call with its five Greeks over 10⁶ and 10⁸ rows, as one program of six outputs; and a
training step's loss and gradient of a 784-30-10 network, cross-entropy at a batch of 8,192; beside both, the same as it
is written by hand in JAX. All in float64 and, as GPUs are made for, in float32. What the device computes in float64
must agree with the program in NumPy to 1e-12, relatively to the largest of each output; a run that does not raises.

The bandwidth is that of a copy of 1 GiB on the same device, the rate of operations that of a product of two square
matrices. A row of prices moves 11 numbers, 5 in and 6 out. A step of the network is 6 operations for each weight and
row, less those for the gradient of the inputs. Figures are medians of 10 runs after the first, which compiles.

    JAX_PLATFORMS=cpu python benchmarks/gpu.py --small

runs the same with small sizes, on the CPU too: a test does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from machine import machine
from numpy.typing import NDArray

from autograd import Program, Value, exp, log, normal_cdf, sqrt, vectorize
from nn import MLP, softmax_cross_entropy
from nn.console import use_utf8

jax.config.update("jax_enable_x64", True)

RUNS = 10
COMPARED = 10_000  # rows that NumPy computes too
LOW, HIGH = np.array([80.0, 80.0, 0.2, 0.0, 0.1]), np.array([120.0, 120.0, 2.0, 0.1, 0.5])
SIZES = [784, 30, 10]
RTOL = {"float64": 1e-12, "float32": 1e-3}

Array = Any  # of JAX: its own type says no more


def main(small: bool) -> None:
    """Measure everything and print a line for each."""
    print(f"{machine('jax', 'numpy')}; {jax.devices()[0].device_kind}")
    rows, batch, size = ([10_000], 256, 256) if small else ([10**6, 10**8], 8192, 8192)
    for dtype in (np.dtype(np.float64), np.dtype(np.float32)):
        bandwidth, rate = copied(dtype, small), multiplied(dtype, size)
        print(f"{dtype}: copies {bandwidth / 1e9:,.0f} GB/s, multiplies {rate / 1e12:,.2f} TFLOP/s")
        for n in rows:
            seconds, by_hand = prices(n, dtype)
            share = 11 * dtype.itemsize * n / seconds / bandwidth
            show(f"prices and Greeks of {n:,} rows", seconds, by_hand, f"{share:.1%} of the bandwidth")
        seconds, by_hand, operations = step(batch, dtype)
        share = operations / seconds / rate
        show(f"a step of 784-30-10 at {batch:,} rows", seconds, by_hand, f"{share:.1%} of the operations")


def show(work: str, seconds: float, by_hand: float, share: str) -> None:
    """Print a line."""
    print(f"  {work}: {1e3 * seconds:,.3f} ms, {share}; by hand {1e3 * by_hand:,.3f} ms ({by_hand / seconds:.2f} ×)")


def timed(call: Callable[[], Any]) -> float:
    """Return the median of the seconds of a call, after one that compiles."""
    jax.block_until_ready(call())
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        jax.block_until_ready(call())
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def copied(dtype: np.dtype[Any], small: bool) -> float:
    """Return the bytes read and written in a second by a copy."""
    x = jnp.ones((1 << (20 if small else 30)) // dtype.itemsize, dtype)
    add_one = jax.jit(lambda x: x + 1.0)  # which takes as long as a copy
    return float(2 * x.nbytes / timed(lambda: add_one(x)))


def multiplied(dtype: np.dtype[Any], size: int) -> float:
    """Return the floating-point operations in a second of a matrix product, at full precision."""
    x = jnp.ones((size, size), dtype)
    product = jax.jit(lambda x: jnp.matmul(x, x, precision="highest"))
    return float(2 * size**3 / timed(lambda: product(x)))


def compare(ours: NDArray[Any], theirs: NDArray[Any], dtype: np.dtype[Any]) -> None:
    """Raise AssertionError where they differ by more than a part of the largest in each column."""
    off = np.abs(ours - theirs).max(axis=0) / np.abs(ours).max(axis=0)
    assert off.max() <= RTOL[dtype.name], f"off by {off.max():.1e} in {dtype}"  # noqa: S101  (a check of the results)


# Prices ---------------------------------------------------------------------------------------------------------------


def price_program(dtype: np.dtype[Any]) -> Program:
    """Return the program of the price and its derivatives to spot, strike, time, rate and volatility."""
    leaves = [Value(x, name) for x, name in zip((100.0, 90.0, 1.0, 0.05, 0.2), "SKTrs", strict=True)]
    S, K, T, r, s = leaves
    spread = s * sqrt(T)
    d1 = (log(S / K) + (r + 0.5 * s * s) * T) / spread
    price = S * normal_cdf(d1) - K * exp(-r * T) * normal_cdf(d1 - spread)
    return vectorize([price, *price.derivatives(leaves)], leaves, dtype=dtype)


def prices_by_hand(batch: Array) -> Array:
    """Return the price and its derivatives of each row, by their formulas."""
    S, K, T, r, s = batch.T
    root = jnp.sqrt(T)
    d1 = (jnp.log(S / K) + (r + 0.5 * s * s) * T) / (s * root)
    paid = K * jnp.exp(-r * T)
    N1, N2, density = norm.cdf(d1), norm.cdf(d1 - s * root), norm.pdf(d1)
    vega, rho = S * density * root, T * paid * N2
    return jnp.stack([S * N1 - paid * N2, N1, -paid * N2 / K, (0.5 * s * vega + r * rho) / T, rho, vega], axis=1)


def prices(n: int, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the seconds that the prices and Greeks of n rows take, which are made on the device, and by hand."""
    program = price_program(dtype)
    function = jax.jit(program.to_jax())
    low, high = jnp.asarray(LOW, dtype), jnp.asarray(HIGH, dtype)
    batch = jax.jit(lambda key: low + (high - low) * jax.random.uniform(key, (n, 5), dtype))(jax.random.key(0))
    parameters = jnp.zeros(0, dtype)
    few = batch[:COMPARED]
    by_hand = jax.jit(prices_by_hand)
    for theirs in (function(parameters, few), by_hand(few)):
        compare(program.values(np.asarray(few)), np.asarray(theirs), dtype)
    return timed(lambda: function(parameters, batch)), timed(lambda: by_hand(batch))


# A network ------------------------------------------------------------------------------------------------------------


def loss_by_hand(parameters: Array, batch: Array) -> Array:
    """Return the mean loss of a batch; a row of the weights for each neuron, its bias last."""
    (k, m, outputs), product = SIZES, partial(jnp.matmul, precision="highest")
    first, second = parameters[: m * (k + 1)].reshape(m, k + 1), parameters[m * (k + 1) :].reshape(outputs, m + 1)
    a = jax.nn.sigmoid(product(batch[:, :k], first[:, :k].T) + first[:, k])
    z = product(a, second[:, :m].T) + second[:, m]
    return -(batch[:, k:] * jax.nn.log_softmax(z)).sum(axis=1).mean()


def step(n: int, dtype: np.dtype[Any]) -> tuple[float, float, int]:
    """Return the seconds of a loss and its gradient over n rows, by hand too, and the operations of its products."""
    mlp = MLP(SIZES[0], SIZES[1:], "sigmoid", output="identity", rng=0)
    record = mlp.forward([0.0] * SIZES[0])
    targets = [Value(float(k == 0), f"t{k}") for k in range(SIZES[-1])]
    program = vectorize(
        softmax_cross_entropy(record.output, targets), [*record.inputs, *targets], mlp.parameters(), dtype=dtype
    )
    rng = np.random.default_rng(0)
    X = np.hstack([rng.normal(size=(n, SIZES[0])), np.eye(SIZES[-1])[rng.integers(SIZES[-1], size=n)]]).astype(dtype)
    function, batch, parameters = program.to_jax(), jnp.asarray(X), jnp.asarray(program.parameters)
    both = jax.jit(jax.value_and_grad(lambda p, x: function(p, x).mean()))
    by_hand = jax.jit(jax.value_and_grad(loss_by_hand))
    value, ours = program.gradient(X)
    for loss, gradient in (both(parameters, batch), by_hand(parameters, batch)):
        compare(np.array([[value]]), np.array([[loss]]), dtype)
        compare(ours[:, None], np.asarray(gradient)[:, None], dtype)
    first, second = SIZES[0] * SIZES[1], SIZES[1] * SIZES[2]
    times = timed(lambda: both(parameters, batch)), timed(lambda: by_hand(parameters, batch))
    return *times, n * (4 * first + 6 * second)


if __name__ == "__main__":
    use_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small sizes, which a CPU takes too")
    main(parser.parse_args().small)
