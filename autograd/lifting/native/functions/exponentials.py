"""Exponentials and logarithms of vectors in double precision.

eˣ = 2ᵏ · eʳ with k the whole number next to x / log 2, so that |r| ≤ ½ log 2, and eʳ is a polynomial. log x is taken
of x = 2ᵉ · m with m between √½ and √2, as 2 artanh s, a polynomial in s = (m − 1) / (m + 1). Both as in Cody and Waite
(1980): log 2 in two parts, of which the first ends in zeros, so that its multiples are exact.

Letters: x operand; z result; p, k an exponential p · 2ᵏ; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.coefficients import EXP, LOG
from autograd.lifting.native.functions.numerics import (
    clamped,
    fast_two_sum,
    nearest,
    polynomial,
    power_of_two,
    two_product,
    two_sum,
)
from autograd.lifting.native.vectors import Number, Vector, choose, copysign, multiply_add

LN2, LOG2_E = 0.6931471805599453, 1.4426950408889634
LOG10_E, LOG10_E_LO = 0.4342944819032518, 1.098319650216765e-17
LN2_HI, LN2_LO = 0.6931471804855391, 7.440617110012397e-11  # 33 bits, and the next 53
TWO_THIRDS, TWO_THIRDS_LO = 2.0 / 3.0, 3.700743415417188e-17
MIN_NORMAL = 2.0**-1022
ONE, SQRT_HALF, TWO_52, MANTISSA = 0x3FF0 << 48, 0x3FE6A09E667F3BCD, 0x4330 << 48, (1 << 52) - 1  # bits of floats

# Exponentials ---------------------------------------------------------------------------------------------------------


def reduced(x: Vector) -> tuple[Vector, Vector]:
    """Return r and k of x = k log 2 + r."""
    k = nearest(x * LOG2_E)
    return multiply_add(k, -LN2_LO, multiply_add(k, -LN2_HI, x)), k


def exp_less_one(r: Vector) -> Vector:
    """eʳ − 1 for |r| ≤ ½ log 2."""
    return multiply_add(r * r, polynomial(r, EXP), r)


def exp_parts(x: Vector, lo: Number = 0.0, reach: float = 1400.0) -> tuple[Vector, Vector]:
    """Return p and k of e^(x + lo) = p · 2ᵏ, with p about 1; of an x beyond the reach, as if it were there."""
    r, k = reduced(clamped(x, -reach, reach))
    return exp_less_one(r + lo) + 1.0, k


def scaled(p: Vector, k: Vector) -> Vector:
    """p · 2ᵏ with one rounding, for |k| ≤ 2044: in two steps, of which the first is exact if the result is not 0."""
    half = nearest(0.5 * k)
    return p * power_of_two(half) * power_of_two(k - half)


def times_scaled(c: Vector, p: Vector, k: Vector) -> Vector:
    """c · p · 2ᵏ where neither c · p nor p · 2ᵏ need be a float, for p about 1."""
    large = abs(c) > 1.0
    c = c * choose(large, 2.0**-200, 2.0**200)
    return scaled(c * p, clamped(k + choose(large, 200.0, -200.0), -2044.0, 2044.0))


def exp(x: Vector) -> Vector:
    """eˣ."""
    r, k = reduced(clamped(x, -746.0, 711.0))
    return scaled(exp_less_one(r) + 1.0, k)


def exp2(x: Vector) -> Vector:
    """2ˣ."""
    x = clamped(x, -1076.0, 1025.0)
    k = nearest(x)
    return scaled(exp_less_one((x - k) * LN2) + 1.0, k)


def expm1(x: Vector) -> Vector:
    """eˣ − 1 = 2ᵏ (eʳ − 1) + (2ᵏ − 1), computed of half of it, for 2ᵏ may be 2¹⁰²⁴."""
    r, k = reduced(clamped(x, -40.0, 709.9))
    p, half = exp_less_one(r), power_of_two(k - 1.0)
    return copysign(choose(k == 0.0, p, 2.0 * multiply_add(half, p, half - 0.5)), x)


# Logarithms -----------------------------------------------------------------------------------------------------------


def split(x: Vector) -> tuple[Vector, Vector]:
    """Return m and e of x = 2ᵉ · m with m between √½ and √2, for an x > 0 that is not infinite."""
    tiny = x < MIN_NORMAL
    bits = choose(tiny, x * 2.0**54, x).bits + (ONE - SQRT_HALF)
    m = ((bits & MANTISSA) + SQRT_HALF).float
    return m, ((bits >> 52) | TWO_52).float - choose(tiny, 2.0**52 + 1077.0, 2.0**52 + 1023.0)


def log_parts(m: Vector) -> tuple[Vector, Vector, Vector]:
    """Return f, s and r of log m = 2 artanh s = 2s + s · r = f − s · (f − r), for m between √½ and √2."""
    f = m - 1.0
    s = f / (f + 2.0)
    square = s * s
    return f, s, square * multiply_add(square, polynomial(square, LOG), TWO_THIRDS)


def log_inside(x: Vector) -> Vector:
    """The natural logarithm of an x > 0 that is not infinite."""
    m, e = split(x)
    f, s, r = log_parts(m)
    return multiply_add(e, LN2_HI, f - multiply_add(s, f - r, e * -LN2_LO))


def log_pair(x: Vector) -> tuple[Vector, Vector]:
    """As `log_inside`, hi + lo within 2⁻⁶⁴ of it: the first terms of artanh's series are computed in two parts."""
    m, e = split(x)
    f = m - 1.0
    below, below_lo = fast_two_sum(f.lanes.number(2.0), f)
    inverse = 1.0 / below
    s = f * inverse
    product, product_lo = two_product(s, below)
    s_lo = (((f - product) - product_lo) - s * below_lo) * inverse
    square, square_lo = two_product(s, s)
    square_lo = square_lo + 2.0 * s * s_lo
    cube, cube_lo = two_product(s, square)
    cube_lo = cube_lo + (s * square_lo + s_lo * square)
    c, c_lo = fast_two_sum(f.lanes.number(TWO_THIRDS), square * polynomial(square, LOG))
    rest, rest_lo = two_product(cube, c)
    rest_lo = rest_lo + (cube * (c_lo + TWO_THIRDS_LO) + cube_lo * c)
    hi, lost = fast_two_sum(e * LN2_HI, 2.0 * s)
    hi, lost_again = fast_two_sum(hi, rest)
    return fast_two_sum(hi, lost + lost_again + (e * LN2_LO + (2.0 * s_lo + rest_lo)))


def beyond_domain(z: Vector, x: Vector, pole: float) -> Vector:
    """Return a logarithm's value z, and −∞ at the pole, NaN below it, ∞ at ∞."""
    outside = choose(x == pole, -math.inf, choose(x < pole, math.nan, x))
    return choose((x > pole) & (x < math.inf), z, outside)


def log(x: Vector) -> Vector:
    """The natural logarithm; −∞ at 0, NaN below."""
    return beyond_domain(log_inside(x), x, 0.0)


def log2(x: Vector) -> Vector:
    """The logarithm to base 2."""
    m, e = split(x)
    f, s, r = log_parts(m)
    return beyond_domain(multiply_add(f - s * (f - r), LOG2_E, e), x, 0.0)


def log10(x: Vector) -> Vector:
    """The logarithm to base 10, whole where x is a power of ten, as the product in two parts is."""
    hi, lo = log_pair(x)
    z, lost = two_product(hi, LOG10_E)
    return beyond_domain(z + (lost + (hi * LOG10_E_LO + lo * LOG10_E)), x, 0.0)


def log1p(x: Vector) -> Vector:
    """log(1 + x): of the rounded sum, with what the rounding lost put back."""
    hi, lo = two_sum(x.lanes.number(1.0), x)
    return copysign(beyond_domain(log_inside(hi) + lo / hi, x, -1.0), x)
