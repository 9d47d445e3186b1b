"""Uses of the project whose types are asserted: `test_types.py` has mypy check this file, and runs it."""

# ruff: noqa: A004  (abs, round and sum are the engine's here)

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from autograd import (
    Value,
    abs,
    clip,
    dot,
    exp,
    grad,
    hessian,
    hypot,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    norm,
    operation,
    round,
    sigmoid,
    softmax,
    sum,
    value_and_grad,
    where,
)
from nn import MLP, huber, mse, softmax_cross_entropy, sse

x, y = Value(0.5, "x"), Value(2.0, "y")
whole, number, scalar = 2, 0.25, np.float64(0.25)
array = np.array([0.5, 0.25])
Array = NDArray[Any]

# Operators: a Value on either side gives a Value, with an array an array.
assert_type(x + y, Value)
assert_type(x + number, Value)
assert_type(number + x, Value)
assert_type(2 * x, Value)
assert_type(x * scalar, Value)
assert_type(whole - x, Value)
assert_type(x / whole, Value)
assert_type(1 / x, Value)
assert_type(x**2, Value)
assert_type(2**x, Value)
assert_type(x // 2, Value)
assert_type(7 % y, Value)
assert_type(-x, Value)
assert_type(+x, Value)
assert_type((x + 1) * (y - 1) / x, Value)
assert_type(x * array, Array)
assert_type(x < 1.0, bool)
assert_type(x == y, bool)

# Methods
assert_type(x.exp(), Value)
assert_type(x.sigmoid().named("a"), Value)
assert_type(x.clip(0.0, y), Value)
assert_type(x.leaky_relu(slope=0.1), Value)
assert_type(x.maximum(0.0, y), Value)
assert_type(x.derivative(x), Value)
assert_type((x * y).derivatives([x, y]), list[Value])

# Operations of one operand and of several
assert_type(sigmoid(x), Value)
assert_type(sigmoid(number), float)
assert_type(sigmoid(whole), float)
assert_type(sigmoid(scalar), float)
assert_type(sigmoid(array), Array)
assert_type(exp(x * y), Value)
assert_type(abs(x), Value)
assert_type(abs(-1.0), float)
assert_type(round(x, 2), Value)
assert_type(round(0.25, 1), float)
assert_type(hypot(x, 2.0), Value)
assert_type(hypot(1, y), Value)
assert_type(hypot(3.0, 4.0), float)
assert_type(hypot(array, 4.0), Array)
assert_type(leaky_relu(x, 0.1), Value)
assert_type(leaky_relu(number, slope=0.1), float)
assert_type(clip(x, 0.0, 1.0), Value)
assert_type(clip(number, 0.0, 1.0), float)
assert_type(clip(array, 0.0, 1.0), Array)
assert_type(maximum(x, y, 0.0), Value)
assert_type(maximum(0.0, x), Value)
assert_type(maximum(1.0, 2, number), float)
assert_type(where(x, y, 0.0), Value)
assert_type(where(x > 0.0, y, 0.0), Value)
assert_type(where(1.0, 2.0, 3.0), float)
assert_type(where(x, lambda: exp(x), lambda: 0.0 * y), Value)

# Operations and compositions of a list
assert_type(sum([x, y]), Value)
assert_type(sum([x, 2.0]), Value)
assert_type(sum([1.0, 2]), float)
assert_type(sum(x * k for k in range(3)), Value)
assert_type(mean([x]), Value)
assert_type(mean([1.0, 2.0]), float)
assert_type(logsumexp([x, y]), Value)
assert_type(norm((3.0, 4.0)), float)
assert_type(dot([x, y], [1.0, 2.0]), Value)
assert_type(dot([0.5, 0.25], [x, y], 1.0), Value)
assert_type(dot([0.5, 0.25], [1, 2], bias=1.0), float)
assert_type(softmax([x, y]), list[Value])
assert_type(softmax([0.5, 0.25]), list[float])
assert_type(log_softmax([x, y]), list[Value])

# An operation of one's own
cube = operation("cube", lambda x: x**3, [lambda z, x: 3 * x * x])
assert_type(cube(x), Value)
assert_type(cube(2.0), float)


# Transforms: the derivative has the type of the argument
def f(x: Value) -> Value:
    return x**3


def g(x: Value, y: Value) -> Value:
    return x * x * y


assert_type(grad(f)(2.0), float)
assert_type(grad(grad(f))(2.0), float)
assert_type(grad(f)(x), Value)
assert_type(grad(g)(2.0, 5.0), tuple[float, ...])
assert_type(grad(lambda w: w[0] * w[1])([2.0, 5.0]), list[float])
assert_type(grad(lambda w: np.sum(w**2))(array), Array)
assert_type(value_and_grad(f)(2.0), tuple[float, float])
assert_type(hessian(f)(2.0), float)
assert_type(hessian(g)(2.0, 5.0), tuple[tuple[float, ...], ...])

# Networks and losses
mlp = MLP(2, [1], rng=0)
record = mlp.forward([0.5, x])
assert_type(record.output, list[Value])
assert_type(record.net_inputs, list[list[Value]])
assert_type(mlp([1.0, 2.0]), Value | list[Value])
assert_type(sse(record.output, [1.0]), Value)
assert_type(sse(record.output, [1]) + mse(x, 0.0), Value)
assert_type(huber(record.output[0], 1, delta=0.5), Value)
assert_type(mse([0.5, 0.25], [1.0, 0.0]), float)
assert_type(softmax_cross_entropy([x, y], 1), Value)

# What does not fit is found before it runs.
refused: list[Callable[[], object]] = [
    lambda: sigmoid(x, y),  # type: ignore[call-overload]
    lambda: sigmoid("x"),  # type: ignore[call-overload]
    lambda: hypot(x),  # type: ignore[call-overload]
    lambda: sum(x),  # type: ignore[call-overload]
    lambda: dot([x], 2.0),  # type: ignore[call-overload]
    lambda: clip(x, min=0.0),  # type: ignore[call-overload]
    lambda: x.exp(2.0),  # type: ignore[call-arg]
    lambda: x * "2",  # type: ignore[operator]
    lambda: [1.0] * x,  # type: ignore[operator]
]
