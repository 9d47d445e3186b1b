"""Powers, roots and the plane of vectors in double precision.

xʸ = e^(y log |x|) with the logarithm and the product in two parts, so that the power of the largest exponent keeps its
digits; what x = 0, ∞ or a negative x make of it comes after.

Letters: x, y operands; c a factor; z result; a the size of x; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.coefficients import CBRT
from autograd.lifting.native.functions.exponentials import (
    beyond_domain,
    exp_parts,
    log_inside,
    log_pair,
    split,
    times_scaled,
)
from autograd.lifting.native.functions.numerics import (
    MAX_EXACT,
    clamped,
    nearest,
    polynomial,
    power_of_two,
    two_product,
    two_sum,
)
from autograd.lifting.native.vectors import Mask, Number, Vector, choose, copysign, larger, multiply_add, sqrt

ENOUGH = 1e20  # an exponent of this size makes 0, 1 or ∞ of any float


def is_whole(x: Vector) -> Mask:
    """Where x is a whole number."""
    a = abs(x)
    return (a >= MAX_EXACT) | (((a + MAX_EXACT) - MAX_EXACT) == a)


def times_power(c: Vector, x: Vector, y: Vector, y_lo: Number = 0.0) -> Vector:
    """c · x^(y + y_lo), where the power alone need not be a float; NaN for a negative x unless y is whole."""
    a, exponent = abs(x), clamped(y, -ENOUGH, ENOUGH)
    hi, lo = log_pair(a)
    log, lost = two_product(hi, exponent)
    lost = lost + (lo * exponent + hi * y_lo)
    p, k = exp_parts(log, choose(abs(log) < 1e4, lost, 0.0), reach=1500.0)
    z = times_scaled(c, p, k)
    edge = c * choose((a == math.inf) ^ (y < 0.0), math.inf, 0.0)
    z = choose((a == 0.0) | (a == math.inf), edge, z)
    negative, whole = copysign(x.lanes.number(1.0), x) < 0.0, is_whole(y)
    z = choose(negative & whole & ~is_whole(0.5 * y), -z, z)
    z = choose((x < 0.0) & (x > -math.inf) & ~whole | x.is_nan | y.is_nan, math.nan, z)
    return choose((y == 0.0) | (x == 1.0), c, z)


def pow(x: Vector, y: Vector) -> Vector:  # noqa: A001  (the row's name)
    """x to the power of y."""
    return times_power(x.lanes.number(1.0), x, y)


def power_slope(c: Vector, x: Vector, y: Vector) -> Vector:
    """c · x^(y − 1), and 0 where c = 0."""
    return choose(c == 0.0, 0.0, times_power(c, x, *two_sum(y, x.lanes.number(-1.0))))


def power_log(x: Vector, y: Vector) -> Vector:
    """x to the power of y times log x, and its limit 0 where x = 0 and y > 0, or x = ∞ and y < 0."""
    z = times_power(beyond_domain(log_inside(x), x, 0.0), x, y)
    return choose((x == 0.0) & (y > 0.0) | (x == math.inf) & (y < 0.0), 0.0, z)


def cbrt(x: Vector) -> Vector:
    """∛x, of x = 2³ᵏ · m: 1/∛m by a polynomial and two steps of third order towards it, then ∛m by Newton's."""
    a = abs(x)
    m, e = split(a)
    k = nearest(e * (1.0 / 3.0))
    m = m * power_of_two(e - 3.0 * k)
    y = polynomial(m, CBRT)
    for _ in range(2):
        h = 1.0 - m * y * y * y
        y = multiply_add(y * h, polynomial(h, (1.0 / 3.0, 2.0 / 9.0, 14.0 / 81.0)), y)
    z = m * y * y
    square, square_lo = two_product(z, z)
    cube, cube_lo = two_product(square, z)
    z = z - ((cube - m) + (cube_lo + square_lo * z)) * (y * y) * (1.0 / 3.0)
    z = copysign(z * power_of_two(k), x)
    return choose((a == 0.0) | ~(a < math.inf), x, z)


# The plane ------------------------------------------------------------------------------------------------------------


def scaled_squares(*xs: Vector) -> tuple[Vector, Vector, Vector]:
    """Return Σ (up · down · x)², which neither overflows nor underflows, and up and down, powers of two or 1."""
    top = abs(xs[0])
    for x in xs[1:]:
        top = larger(abs(x), top)
    up, down = choose(top < 2.0**-450, 2.0**600, 1.0), choose(top > 2.0**500, 2.0**-600, 1.0)
    scale = up * down
    first = xs[0] * scale
    total = first * first
    for x in xs[1:]:
        part = x * scale
        total = multiply_add(part, part, total)
    return total, up, down


def norm(*xs: Vector) -> Vector:
    """√Σx², ∞ where one of them is infinite."""
    total, up, down = scaled_squares(*xs)
    infinite = abs(xs[0]) == math.inf
    for x in xs[1:]:
        infinite = infinite | (abs(x) == math.inf)
    back = choose(up > 1.0, 2.0**-600, choose(down < 1.0, 2.0**600, 1.0))
    return choose(infinite, math.inf, sqrt(total) * back)


def hypot(x: Vector, y: Vector) -> Vector:
    """√(x² + y²)."""
    return norm(x, y)


def from_far(x: Vector, y: Vector) -> tuple[Vector, Vector]:
    """Return x and y, but where one is infinite, as from so far that what is finite is 0."""
    far = (abs(x) == math.inf) | (abs(y) == math.inf)
    x, y = [choose(far, choose(abs(v) == math.inf, copysign(v.lanes.number(1.0), v), 0.0 * v), v) for v in (x, y)]
    return x, y


def direction(x: Vector, y: Vector) -> Vector:
    """x / √(x² + y²), and 0 where both are 0."""
    x, y = from_far(x, y)
    total, up, down = scaled_squares(x, y)
    return choose((x == 0.0) & (y == 0.0), x, x * up / sqrt(total) * down)


def inversion(x: Vector, y: Vector) -> Vector:
    """x / (x² + y²), and 0 where one is infinite."""
    far = (abs(x) == math.inf) | (abs(y) == math.inf)
    total, up, down = scaled_squares(x, y)
    z = x * up / total * up * down * down
    return choose(far & ~(x.is_nan | y.is_nan), 0.0, z)
