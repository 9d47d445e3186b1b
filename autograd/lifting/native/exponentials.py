"""Exponentials, logarithms and powers of vectors in double precision.

eˣ = 2ᵏ · eʳ with k the whole number next to x / log 2, so that |r| ≤ ½ log 2, and eʳ is a polynomial. log x is taken
of x = 2ᵉ · m with m between √½ and √2, as 2 artanh s, a polynomial in s = (m − 1) / (m + 1). Both as in Cody and Waite
(1980): log 2 in two parts, of which the first ends in zeros, so that its multiples are exact.

Letters: x operand; z result; k, e powers of two; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import math

from autograd.lifting.native.coefficients import EXP, LOG
from autograd.lifting.native.vectors import (
    Vector,
    choose,
    clamped,
    multiply_add,
    nearest,
    polynomial,
    power_of_two,
)

LOG2_E = 1.4426950408889634
LN2_HI, LN2_LO = 0.6931471803691238, 1.9082149292705877e-10  # 33 bits, and the next 53
MIN_NORMAL = 2.0**-1022
ONE, SQRT_HALF, TWO_52, MANTISSA = 0x3FF0 << 48, 0x3FE6A09E667F3BCD, 0x4330 << 48, (1 << 52) - 1  # bits of floats


# Exponentials ---------------------------------------------------------------------------------------------------------


def reduced(x: Vector) -> tuple[Vector, Vector]:
    """Return r and k of x = k log 2 + r, for an x between −746 and 711, or beyond it the same as there."""
    x = clamped(x, -746.0, 711.0)
    k = nearest(x * LOG2_E)
    return multiply_add(k, -LN2_LO, multiply_add(k, -LN2_HI, x)), k


def scaled(x: Vector, k: Vector) -> Vector:
    """x · 2ᵏ with one rounding, whether 2ᵏ is a float or not: in two steps, of which the first is exact."""
    half = nearest(0.5 * k)
    return x * power_of_two(half) * power_of_two(k - half)


def exp(x: Vector) -> Vector:
    """eˣ."""
    r, k = reduced(x)
    return scaled(multiply_add(r * r, polynomial(r, EXP), r) + 1.0, k)


# Logarithms -----------------------------------------------------------------------------------------------------------


def split(x: Vector) -> tuple[Vector, Vector]:
    """Return m and e of x = 2ᵉ · m with m between √½ and √2, for an x > 0 that is not infinite."""
    tiny = x < MIN_NORMAL
    bits = choose(tiny, x * 2.0**54, x).bits + (ONE - SQRT_HALF)
    m = ((bits & MANTISSA) + SQRT_HALF).float
    return m, ((bits >> 52) | TWO_52).float - choose(tiny, 2.0**52 + 1077.0, 2.0**52 + 1023.0)


def log(x: Vector) -> Vector:
    """The natural logarithm; −∞ at 0, NaN below."""
    m, e = split(x)
    f = m - 1.0
    s = f / (f + 2.0)
    square = s * s
    rest = square * multiply_add(square, polynomial(square, LOG), 2.0 / 3.0)  # 2 artanh s = 2s + s·rest, 2s = f − s·f
    z = multiply_add(e, LN2_HI, f - multiply_add(s, f - rest, e * -LN2_LO))
    return choose((x > 0.0) & (x < math.inf), z, choose(x == 0.0, -math.inf, choose(x < 0.0, math.nan, x)))
