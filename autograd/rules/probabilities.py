"""The float and array rules of log-probabilities and of the inverse error function, exact in the tails too.

Letters: x, y operands; z result; d a difference and e the rounding error of it.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.rules.elementary import LOG_SQRT_2PI, FloatOrArray, sigmoid, softplus
from autograd.rules.normal import (
    INVERSE_SQRT_2PI,
    TWO_OVER_SQRT_PI,
    bell,
    erf_array_alone,
    erfc_array,
    normal_cdf,
    product_error,
    split_square,
    tail_array,
)

# Logistic -------------------------------------------------------------------------------------------------------------


def logaddexp(x: float, y: float) -> float:
    """log(eˣ + eʸ)."""
    if x == y:
        return x + math.log(2.0)
    return max(x, y) + math.log1p(math.exp(-abs(x - y))) if x < y or x > y else x + y


def share(x: float, y: float) -> float:
    """eˣ / (eˣ + eʸ) = σ(x − y), with the rounding error of x − y put back: hundreds of ulp where it is large."""
    if x == y:
        return 0.5
    d = x - y
    part = sigmoid(d)
    if not abs(d) < 1e3:
        return part
    v = d - x
    e = (x - (d - v)) - (y + v)
    return part + part * (1.0 - part) * e


def share_array(x: FloatOrArray, y: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    d = np.where(np.equal(x, y), 0.0, np.subtract(x, y))
    v = d - x
    e = np.where((np.abs(d) < 1e3) & (d != 0.0), (x - (d - v)) - (y + v), 0.0)
    tail = np.exp(-np.abs(d))
    part = np.where(d >= 0.0, 1.0, tail) / (1.0 + tail)
    return np.add(part, part * (1.0 - part) * e, out=out)


def log_sigmoid(x: float) -> float:
    """log σ(x) = −log(1 + e⁻ˣ)."""
    return -softplus(-x)


def log_sigmoid_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """−log(1 + e⁻ˣ), and x up to −40, where e⁻ˣ could overflow and the rest is less than a rounding."""
    out = np.exp(np.minimum(np.negative(x, out=out), 40.0, out=out), out=out)
    return np.minimum(x, np.negative(np.log1p(out, out=out), out=out), out=out)


def logit(x: float) -> float:
    """log(x / (1 − x)), which near ½ is 2 artanh(2x − 1)."""
    if not (0.0 < x < 1.0 or x != x):
        raise ValueError("expected a number between 0 and 1")
    if 0.25 <= x <= 0.75:
        return 2.0 * math.atanh(2.0 * x - 1.0)
    return math.log(x) - math.log1p(-x)


def logit_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    far = np.log(x) - np.log1p(np.negative(x))
    out = np.arctanh(np.subtract(np.multiply(x, 2.0, out=out), 1.0, out=out), out=out)
    out = np.multiply(out, 2.0, out=out)
    np.copyto(out, far, where=np.abs(out) > 1.0)
    return out


# Normal ---------------------------------------------------------------------------------------------------------------


def mills_series(x: float) -> float:
    """−x · Φ(x) / φ(x) far on the left: 1 − 1/x² + 3/x⁴ − … (Abramowitz and Stegun 1964, 26.2.12)."""
    series = 1.0
    for k in range(13, 0, -2):
        series = 1.0 - k * series / x / x
    return series


def log_normal_cdf(x: float) -> float:
    """log Φ(x)."""
    if x >= 0.0:
        return math.log1p(-normal_cdf(-x))
    if x > -37.0:
        return math.log(normal_cdf(x))
    return -0.5 * x * x - (LOG_SQRT_2PI + math.log(-x)) + math.log(mills_series(x)) if x == x else x


def inverse_mills(x: float) -> float:
    """φ(x) / Φ(x), the derivative of log Φ."""
    if x > -37.0:
        return bell(x, INVERSE_SQRT_2PI, 0.5) / normal_cdf(x)
    return -x / mills_series(x)


def bell_of_right(x: FloatOrArray) -> FloatOrArray:
    """e^(−x²/2) for x > 0, else 1; with a rounding less than `bell_array`."""
    square, rest = split_square(np.minimum(np.maximum(x, 0.0), 64.0))  # beyond, it is 0
    e = np.exp(-0.5 * square)
    return e + e * np.expm1(-0.5 * rest)


def log_normal_cdf_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """With t = e^(x²/2) · Φ(−|x|): log t − x²/2 on the left, log(1 − e^(−x²/2) · t) on the right."""
    t = tail_array(np.minimum(np.abs(x), 1e300))
    z = np.where(x < 0.0, np.log(t) - 0.5 * np.square(x), np.log1p(-bell_of_right(x) * t))
    return np.positive(z, out=out)


def inverse_mills_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """φ(x) / Φ(x), of which e^(−x²/2) cancels on the left; it is at least −x, and rounds to that far on the left."""
    t = tail_array(np.minimum(np.abs(x), 1e300))
    e = bell_of_right(x)
    z = INVERSE_SQRT_2PI * e / np.where(x < 0.0, t, 1.0 - e * t)
    return np.maximum(z, np.negative(x), out=out)


def inverse_mills_slope(x: float) -> float:
    """−m · (x + m) where m = φ(x) / Φ(x): from −1 on the left to 0 on the right.

    On the left x + m cancels, so it is a continued fraction there (Abramowitz and Stegun 1964, 26.2.14).
    """
    if x > -1.0 or x != x:
        return -bell(x, INVERSE_SQRT_2PI * (x + inverse_mills(x)), 0.5) / normal_cdf(x)
    t = min(-x, 1e100)
    terms = 10 + int(400.0 / (t * t))
    below = 0.5 * (t + math.sqrt(t * t + 4.0 * terms))  # nearly what t + k / (t + (k + 1) / …) is from here on
    for k in range(terms - 1, 1, -1):
        below = t + k / below
    excess = 1.0 / below
    return -(t + excess) * excess


# The inverse error function -------------------------------------------------------------------------------------------


def erfinv_and_error(x: float) -> tuple[float, float]:
    """The z for which x = erf(z), 0 ≤ x < 1, and by how much it is too large: Winitzki (2008), then Halley's steps."""
    rest = 1.0 - x
    half = 0.5 * math.log(rest * (1.0 + x))
    b = 2.0 / (math.pi * 0.147) + half
    z = math.sqrt(math.sqrt(b * b - 2.0 * half / 0.147) - b)
    for _ in range(4):
        error = math.erf(z) - x if x < 0.5 else rest - math.erfc(z)
        error *= math.exp(z * z) / TWO_OVER_SQRT_PI
        best, z = z, z - error / (1.0 + z * error)
    return best, error


def erfinv(x: float) -> float:
    """The number z for which x = erf(z)."""
    if not (-1.0 < x < 1.0 or x != x):
        raise ValueError("expected a number between -1 and 1")
    if not abs(x) > 1e-8:
        return x / TWO_OVER_SQRT_PI
    z, error = erfinv_and_error(abs(x))
    return math.copysign(z - error, x)


def erfinv_slope(x: float) -> float:
    """The derivative of erfinv, ½√π · exp(z²), with what is lost in rounding z and z² put back."""
    if not (-1.0 < x < 1.0 or x != x):
        raise ValueError("expected a number between -1 and 1")
    if not abs(x) > 1e-8:
        return 1.0 / TWO_OVER_SQRT_PI + 0.0 * x
    z, error = erfinv_and_error(abs(x))
    lost: float = product_error(z, z) - 2.0 * z * error
    slope = math.exp(z * z) / TWO_OVER_SQRT_PI
    return slope + slope * lost


def erfinv_array(x: FloatOrArray) -> FloatOrArray:
    z, error = erfinv_and_error_array(np.abs(x))
    return np.where(np.abs(x) > 1e-8, np.copysign(z - error, x), x / TWO_OVER_SQRT_PI)


def erfinv_slope_array(x: FloatOrArray) -> FloatOrArray:
    z, error = erfinv_and_error_array(np.abs(x))
    slope = np.exp(z * z) / TWO_OVER_SQRT_PI
    slope += slope * (product_error(z, z) - 2.0 * z * error)
    return np.where(np.abs(x) > 1e-8, slope, 1.0 / TWO_OVER_SQRT_PI + 0.0 * x)


def erfinv_and_error_array(x: FloatOrArray) -> tuple[FloatOrArray, FloatOrArray]:
    """As `erfinv_and_error`."""
    rest, low = 1.0 - x, x < 0.5
    half = 0.5 * np.log(rest * (1.0 + x))
    b = 2.0 / (math.pi * 0.147) + half
    best = z = np.sqrt(np.sqrt(b * b - 2.0 * half / 0.147) - b)
    error = np.zeros_like(z)
    for _ in range(4):
        error = np.where(low, erf_array_alone(z) - x, rest - erfc_array(z)) * np.exp(z * z) / TWO_OVER_SQRT_PI
        best, z = z, z - error / (1.0 + z * error)
    return best, error
