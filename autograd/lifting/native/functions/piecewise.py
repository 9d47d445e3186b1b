"""Rows of a few instructions on vectors of either precision: arithmetic, order and choice, as NumPy's array rules.

Letters: x, y operands; c a condition.
"""

from __future__ import annotations

import math

from autograd.lifting.native import vectors
from autograd.lifting.native.vectors import Vector, choose, copysign, larger, multiply_add, smaller

# Arithmetic -----------------------------------------------------------------------------------------------------------


def add(x: Vector, y: Vector) -> Vector:
    """x + y."""
    return x + y


def sub(x: Vector, y: Vector) -> Vector:
    """x − y."""
    return x - y


def mul(x: Vector, y: Vector) -> Vector:
    """x · y."""
    return x * y


def div(x: Vector, y: Vector) -> Vector:
    """x / y."""
    return x / y


def neg(x: Vector) -> Vector:
    """−x."""
    return -x


def identity(x: Vector) -> Vector:
    """The operand itself."""
    return x


def absolute(x: Vector) -> Vector:
    """|x|."""
    return abs(x)


def square(x: Vector) -> Vector:
    """x²."""
    return x * x


def reciprocal(x: Vector) -> Vector:
    """1 / x."""
    return 1.0 / x


def degrees(x: Vector) -> Vector:
    """An angle of radians in degrees."""
    return x * (180.0 / math.pi)


def radians(x: Vector) -> Vector:
    """An angle of degrees in radians."""
    return x * (math.pi / 180.0)


def total(*xs: Vector) -> Vector:
    """x₁ + x₂ + …, left to right."""
    z = xs[0]
    for x in xs[1:]:
        z = z + x
    return z


def dot(*operands: Vector) -> Vector:
    """w₁x₁ + w₂x₂ + … of the operands w₁ … wₙ, x₁ … xₙ and, where their number is odd, a bias."""
    n = len(operands) // 2
    z = operands[0] * operands[n]
    for w, x in zip(operands[1:n], operands[n + 1 : 2 * n], strict=True):
        z = multiply_add(w, x, z)
    return z + operands[-1] if len(operands) % 2 else z


# Order ----------------------------------------------------------------------------------------------------------------


def sign(x: Vector) -> Vector:
    """−1, 0 or 1."""
    return choose(x == 0.0, 0.0, choose(x.is_nan, x, copysign(x.lanes.number(1.0), x)))


def step(x: Vector) -> Vector:
    """1 where x > 0, else 0."""
    return choose(x.is_nan, x, choose(x > 0.0, 1.0, 0.0))


def equal(x: Vector, y: Vector) -> Vector:
    """1 where x = y, else 0; NaN beside a NaN."""
    return choose(x.is_nan | y.is_nan, math.nan, choose(x == y, 1.0, 0.0))


def greater(x: Vector, y: Vector) -> Vector:
    """1 where x > y, ½ at a tie, else 0; NaN beside a NaN."""
    return choose(x.is_nan | y.is_nan, math.nan, choose(x > y, 1.0, choose(x == y, 0.5, 0.0)))


def maximum(*xs: Vector) -> Vector:
    """The largest, the last of those that tie."""
    z = xs[0]
    for x in xs[1:]:
        z = vectors.maximum(z, x)
    return z


def minimum(*xs: Vector) -> Vector:
    """The smallest, the last of those that tie."""
    z = xs[0]
    for x in xs[1:]:
        z = vectors.minimum(z, x)
    return z


def clip(x: Vector, low: Vector, high: Vector) -> Vector:
    """x, or the bound that it is beyond."""
    return minimum(maximum(x, low), high)


def where(c: Vector, x: Vector, y: Vector) -> Vector:
    """x where c is not 0, else y."""
    return choose(c.is_nan, c, choose(c == 0.0, y, x))


def branch_taken(c: Vector) -> Vector:
    """c, which must not be 0, and NaN where it is."""
    return choose(c == 0.0, math.nan, c)


# Activations ----------------------------------------------------------------------------------------------------------


def relu(x: Vector) -> Vector:
    """x where it is positive, else 0."""
    return larger(x.lanes.number(0.0), x)


def leaky_relu(x: Vector, slope: Vector) -> Vector:
    """x where it is positive, else slope · x."""
    return choose(x > 0.0, x, slope * x)


def softsign(x: Vector) -> Vector:
    """x / (1 + |x|)."""
    return x / (abs(x) + 1.0)


def hard_sigmoid(x: Vector) -> Vector:
    """relu6(x + 3) / 6."""
    lanes = x.lanes
    return smaller(lanes.number(6.0), larger(lanes.number(0.0), x + 3.0)) / 6.0
