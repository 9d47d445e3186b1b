"""The float and array rules of the normal distribution and of sinc, where the naive formula loses hundreds of ulp.

Letters: x, y operands; z result; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.rules import Array

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
INVERSE_SQRT_2PI = 0.3989422804014327
SQRT_HALF, SQRT_HALF_LO = 0.7071067811865476, -4.833646656726457e-17


# The normal distribution ----------------------------------------------------------------------------------------------


def product_error(x: Array, y: Array) -> Array:
    """The rounding error of x · y, exactly (Dekker 1971), for operands far from overflow."""
    x_hi, y_hi = 134217729.0 * x, 134217729.0 * y
    x_hi, y_hi = x_hi - (x_hi - x), y_hi - (y_hi - y)
    x_lo, y_lo = x - x_hi, y - y_hi
    return ((x_hi * y_hi - x * y) + x_hi * y_lo + x_lo * y_hi) + x_lo * y_lo


def bell(x: float, y: float, scale: float) -> float:
    """y · exp(−scale · x²), with the rounding error of x² put back: hundreds of ulp where x is large.

    The exponential is two factors from exp(−700) on, for it alone would underflow and lose its digits.
    """
    if abs(x) > 54.0:  # the largest float times exp(−54²/2) is 0
        return 0.0 if y == y else y
    square = scale * (x * x)
    lost: float = scale * product_error(x, x)
    head = min(square, 700.0)
    z = y * math.exp(-head)
    return (z - z * lost) * math.exp(head - square)


def bell_array(x: Array, y: Array, scale: float, out: Array = None) -> Array:
    """In four passes, without what the float rule puts back: less than 10⁻¹² of the result."""
    out = np.multiply(x, x, out=out)
    return np.multiply(np.exp(np.multiply(out, -scale, out=out), out=out), y, out=out)


def normal_pdf_array(x: Array, y: Array, out: Array = None) -> Array:
    if isinstance(y, float):
        return bell_array(x, INVERSE_SQRT_2PI * y, 0.5, out)
    out = bell_array(x, y, 0.5, out)
    return np.multiply(out, INVERSE_SQRT_2PI, out=out)


def normal_cdf(x: float) -> float:
    """½ erfc(−x/√2), with the rounding error of x/√2 put back by one Taylor step."""
    x = min(max(x, -40.0), 40.0)
    t = -x * SQRT_HALF
    lost: float = -product_error(x, SQRT_HALF) - x * SQRT_HALF_LO
    return 0.5 * (math.erfc(t) - lost * TWO_OVER_SQRT_PI * math.exp(-t * t))


def gelu(x: float) -> float:
    """x · Φ(x); where Φ underflows, −φ(x) · (1 − 1/x² + 3/x⁴ − …) (Abramowitz and Stegun 1964, 26.2.12)."""
    if x > -37.0:
        return x * normal_cdf(x)
    series = 1.0
    for k in range(13, 0, -2):
        series = 1.0 - k * series / (x * x)
    return -bell(x, INVERSE_SQRT_2PI * series, 0.5)


# sinc -----------------------------------------------------------------------------------------------------------------


def sin_pi(x: float) -> float:
    """sin πx, exactly 0 at every integer."""
    r = math.fmod(x, 2.0)
    if abs(r) > 1.0:
        r -= math.copysign(2.0, r)
    return math.sin(math.pi * (r if abs(r) <= 0.5 else math.copysign(1.0, r) - r))


def cos_pi(x: float) -> float:
    """cos πx, exactly 0 halfway between the integers."""
    return sin_pi(0.5 - abs(math.fmod(x, 2.0)))


def sinc(x: float) -> float:
    """sin πx / πx, and 1 at 0."""
    return sin_pi(x) / (math.pi * x) if x else 1.0


def sinc_array(x: Array) -> Array:
    r = np.fmod(x, 2.0)
    r = np.where(np.abs(r) > 1.0, r - np.copysign(2.0, r), r)
    wave = np.sin(np.pi * np.where(np.abs(r) <= 0.5, r, np.copysign(1.0, r) - r))
    return np.where(np.equal(x, 0.0), 1.0, wave / np.where(np.equal(x, 0.0), 1.0, np.pi * x))


def spherical_bessel(x: float, n: float) -> float:
    """jₙ(πx), the spherical Bessel function (Abramowitz and Stegun 1964, 10.1), and 0 for n < 0.

    j₀(πx) is sinc, and (2n + 1) jₙ′ = n jₙ₋₁ − (n + 1) jₙ₊₁ (10.1.20): so sinc has derivatives of every order, at 0
    too. Near 0 it is summed as a power series (10.1.2), elsewhere by jₙ₊₁(t) = (2n + 1) jₙ / t − jₙ₋₁ (10.1.19).
    """
    if not n >= 0.0:
        return 0.0 * n * x
    t = math.pi * x
    if abs(t) < n + 1.5:
        series = 1.0
        for k in range(20 + int(n), 0, -1):
            series = 1.0 - t * t * series / (2.0 * k * (2.0 * (n + k) + 1.0))
        return series * math.prod([t / (2 * k + 1) for k in range(1, int(n) + 1)])
    before, here = cos_pi(x) / math.pi / x, sinc(x)
    for k in range(int(n)):
        before, here = here, (2 * k + 1) * here / math.pi / x - before
    return here
