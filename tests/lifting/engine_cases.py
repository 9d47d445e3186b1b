"""What the tests of several engines share: graphs, batches that some of them refuse, and what comes of a call."""

# ruff: noqa: A004  (sum is the field's name)

import math
import sys

from autograd import Value, exp, log, logsumexp, maximum, sigmoid, sin, sqrt, step, sum, tanh, where

x, u, w, b = (Value(0.5, name) for name in "xuwb")
NO_LOG = "math domain error" if sys.version_info < (3, 14) else "expected a positive input, got -1.0"  # says Python


def chain(steps):
    y = x
    for _ in range(steps):
        y = tanh(y * w + b)
    return y


def mixture(components, dimensions):
    """The log density of a mixture of Gaussians: inputs and parameters of its own, and wide sums."""
    point = [Value(0.1 * i, f"x{i}") for i in range(dimensions)]
    centres = [[Value(0.1 * i - 0.2 * k) for i in range(dimensions)] for k in range(components)]
    inner = [-0.5 * sum([(y - c) ** 2 for y, c in zip(point, centre, strict=True)]) for centre in centres]
    return logsumexp(inner), point, [c for centre in centres for c in centre]


GRAPHS = {
    "a formula": sin(x * w) / u + sqrt(b * b + 1.0),
    "a recurrence": chain(50),
    "a choice": where(step(x - u), w * log(x), w * w) + b,
    "ties": maximum(x, u, w) + sigmoid(maximum(b, x)),
    "a constant": w * 0.0 + 2.0,
    "a parameter": w,
    "an input": x,
}

BATCHES = [
    [[0.5, 0.5], [-1.0, 0.5]],
    [[0.0, 0.0]],
    [[1e308, 1e308]],
    [[-1e200, 0.0], [1.0, 1.0]],
    [[math.nan, 1.0]],
    [[1.0, 1.0], [1.0, math.inf]],
]
REFUSING = {
    "a logarithm": log(x) * w,
    "a quotient": w / x + b,
    "a root": sqrt(x * w),
    "an exponential": exp(x * w) + u,
    "one that is passed on": 1.0 / (1.0 + exp(x * w)),
    "a product": x * x * u * u * w,
    "a power": w * x**u,
    "a choice": where(step(x), w * log(x), w * w * u),
}


def outcome(call):
    """What a call returns, or raises."""
    try:
        return call()
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)
