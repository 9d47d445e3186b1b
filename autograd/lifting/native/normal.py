"""The normal distribution and the error function of vectors in double precision.

All rest on e^(x²/2) · Φ(−x) for x ≥ 0, the polynomial of `autograd/rules/normal.py`, and on an exponential of −x² to
which the rounding error of x² is put back.

Letters: x, y operands; z result; a the size of x; p, k an exponential p · 2ᵏ.
"""

from __future__ import annotations

import math

from autograd.lifting.native.coefficients import ERF
from autograd.lifting.native.exponentials import exp_parts, log_inside, log1p, scaled, times_scaled
from autograd.lifting.native.vectors import (
    Number,
    Vector,
    choose,
    copysign,
    larger,
    polynomial,
    smaller,
    two_product,
)
from autograd.rules.normal import INVERSE_SQRT_2PI, TAIL

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
