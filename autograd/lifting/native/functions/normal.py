"""The normal distribution and the error function of vectors in double precision.

All rest on e^(x²/2) · Φ(−x) for x ≥ 0, the polynomial of `autograd/rules/normal.py`, and on an exponential of −x² to
which the rounding error of x² is put back.

Letters: x, y operands; z result; a the size of x; p, k an exponential p · 2ᵏ.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.coefficients import ERF
from autograd.lifting.native.functions.exponentials import exp, exp_parts, log1p, log_inside, scaled, times_scaled
from autograd.lifting.native.functions.numerics import polynomial, two_product
from autograd.lifting.native.vectors import Mask, Number, Vector, choose, copysign, larger, smaller, sqrt
from autograd.rules.normal import INVERSE_SQRT_2PI, TAIL, TWO_OVER_SQRT_PI

TAIL_COEFFICIENTS = tuple(TAIL.ravel().tolist())
NOTHING_LEFT = 64.0  # from here on e^(−x²/2) times any float is 0


def tail(a: Vector) -> Vector:
    """e^(a²/2) · Φ(−a), for a ≥ 0."""
    return polynomial((a - 5.25) / (a + 5.25), TAIL_COEFFICIENTS) / (a + 0.875)


def bell_parts(x: Vector, scale: float, reach: float = 1400.0) -> tuple[Vector, Vector]:
    """Return p and k of e^(−scale · x²) = p · 2ᵏ, for |x| ≤ 64; beyond the reach it is as there."""
    square, lost = two_product(x, x)
    return exp_parts(-scale * square, -scale * lost, reach)


def within_reach(x: Vector) -> Vector:
    """|x|, at most 64, and NaN for NaN."""
    a = abs(x)
    return choose(a > NOTHING_LEFT, NOTHING_LEFT, a)


def bell(x: Vector, y: Vector, scale: float) -> Vector:
    """y · e^(−scale · x²), and 0 for an infinite x."""
    p, k = bell_parts(within_reach(x), scale, reach=1500.0)
    z = times_scaled(y, p, k)
    return choose((abs(x) >= NOTHING_LEFT) & (y == y), 0.0, z)


def gaussian(x: Vector, y: Vector) -> Vector:
    """y · e^(−x²)."""
    return bell(x, y, 1.0)


def normal_pdf(x: Vector, y: Vector) -> Vector:
    """y · φ(x)."""
    return bell(x, INVERSE_SQRT_2PI * y, 0.5)


def upper_tail(a: Vector, factor: Number = 1.0) -> Vector:
    """factor · Φ(−a), for 0 ≤ a ≤ 64 and a factor of at most 64."""
    p, k = bell_parts(a, 0.5)
    return scaled(factor * tail(a) * p, k)


def upper_erfc(a: Vector) -> Vector:
    """erfc(a), for 0 ≤ a ≤ 64."""
    p, k = bell_parts(a, 1.0)
    return scaled(2.0 * tail(math.sqrt(2.0) * a) * p, k)


def erfc(x: Vector) -> Vector:
    """1 − erf(x)."""
    z = upper_erfc(within_reach(x))
    return choose(x < 0.0, 2.0 - z, z)


def erf(x: Vector) -> Vector:
    """1 − erfc(x), and for |x| < 1, where that would cancel, a polynomial."""
    a = within_reach(x)
    return copysign(choose(a < 1.0, a * polynomial(a * a, ERF), 1.0 - upper_erfc(a)), x)


def normal_cdf(x: Vector) -> Vector:
    """Φ(x)."""
    z = upper_tail(within_reach(x))
    return choose(x > 0.0, 1.0 - z, z)


def gelu(x: Vector) -> Vector:
    """x · Φ(x), as max(x, 0) − |x| · Φ(−|x|), which loses no digits and meets no 0 · ∞."""
    a = within_reach(x)
    return larger(x, 0.0) - upper_tail(a, a)


def right_tail(x: Vector) -> tuple[Vector, Vector]:
    """Return e^(x²/2) · Φ(−|x|), and e^(−x²/2) for x > 0 but 1 elsewhere."""
    p, k = bell_parts(within_reach(larger(x, 0.0)), 0.5)
    return tail(smaller(abs(x), 1e300)), scaled(p, k)


def log_normal_cdf(x: Vector) -> Vector:
    """log Φ(x): log of the tail less x²/2 on the left, log(1 − Φ(−x)) on the right."""
    t, e = right_tail(x)
    z = choose(x < 0.0, log_inside(t) - 0.5 * x * x, log1p(-e * t))
    return choose(x.is_nan, x, z)


def inverse_mills(x: Vector) -> Vector:
    """φ(x) / Φ(x), of which e^(−x²/2) cancels on the left; it is at least −x, and rounds to that far on the left."""
    t, e = right_tail(x)
    z = larger(INVERSE_SQRT_2PI * e / choose(x < 0.0, t, 1.0 - e * t), -x)
    return choose(x.is_nan, x, z)


# The inverse error function -------------------------------------------------------------------------------------------


def inverse_and_error(x: Vector) -> tuple[Vector, Vector]:
    """The z of which x = erf(z), for 0 ≤ x < 1, and how much too large it is: Winitzki's (2008), by Halley's steps."""
    rest, low = 1.0 - x, x < 0.5
    half = 0.5 * log_inside(rest * (1.0 + x))
    b = 2.0 / (math.pi * 0.147) + half
    z = sqrt(sqrt(b * b - 2.0 * half / 0.147) - b)
    for _ in range(2):
        error = inverse_error(x, rest, low, z)
        z = z - error / (1.0 + z * error)
    return z, inverse_error(x, rest, low, z)


def inverse_error(x: Vector, rest: Vector, low: Mask, z: Vector) -> Vector:
    """How much z is too large for erf(z) = x = 1 − rest, by its slope."""
    difference = choose(low, z * polynomial(z * z, ERF) - x, rest - upper_erfc(z))
    return difference * exp(z * z) / TWO_OVER_SQRT_PI


def erfinv(x: Vector) -> Vector:
    """The number of which x is the error function; NaN for |x| > 1, and at ±1, where it is infinite."""
    a = abs(x)
    z, error = inverse_and_error(choose(a < 1.0, a, 0.0))
    z = choose(a > 1e-8, copysign(z - error, x), x / TWO_OVER_SQRT_PI)
    return choose(a < 1.0, z, math.nan)


def erfinv_slope(x: Vector) -> Vector:
    """The derivative of erfinv, ½√π · e^(z²), with what is lost in rounding z and z² put back."""
    a = abs(x)
    z, error = inverse_and_error(choose(a < 1.0, a, 0.0))
    square, lost = two_product(z, z)
    slope = exp(square) / TWO_OVER_SQRT_PI
    slope = slope + slope * (lost - 2.0 * z * error)
    return choose(a < 1.0, choose(a > 1e-8, slope, 1.0 / TWO_OVER_SQRT_PI), math.nan)
