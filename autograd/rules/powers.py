"""The float and array rules of powers, and of the plane, where x² + y² may overflow or underflow on the way.

Letters: x, y operands; c a factor; z result; e a power of two.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.rules.elementary import FloatOrArray, mended

MIN_PRECISE = 1e-290  # a smaller power may lack digits that its product with a large number would show


# Powers ---------------------------------------------------------------------------------------------------------------


def power(x: float, y: float) -> float:
    """x ** y; a complex result is refused."""
    z: float | complex = x**y
    if isinstance(z, complex):
        raise ValueError("a negative number to a fractional power is complex")
    return z


def times_power(c: float, x: float, y: float) -> float:
    """c · x ** y, also where x ** y alone overflows, or is too small to have all its digits."""
    try:
        z = power(x, y)
    except OverflowError:
        if abs(c) >= 1.0 or (x < 0.0 and y != int(y)):
            raise
        z = -math.inf if x < 0.0 and y % 2.0 else math.inf
    if MIN_PRECISE < abs(z) < math.inf or z != z:
        return c * z
    half = math.copysign(abs(x) ** (0.5 * y), z)
    return c * abs(half) * half if half or not math.isinf(c) else math.copysign(half, c)


def power_slope(c: float, x: float, y: float) -> float:
    """c · x ** (y − 1), and 0 where c = 0: with c = y it is ∂(x ** y)/∂x.

    The rounding error of y − 1 is put back: at x = 1e300 it alone would cost a hundred ulp.
    """
    if c == 0.0:
        return 0.0
    exponent = y - 1.0
    slope = times_power(c, x, exponent)
    shift = exponent - y
    lost = (y - (exponent - shift)) - (1.0 + shift)
    if lost and 0.0 < x < math.inf and math.isfinite(slope * lost):
        slope += slope * (lost * math.log(x))
    return slope


def power_slope_array(c: FloatOrArray, x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    flat, exponent = np.equal(c, 0.0), y - 1.0
    z = np.power(np.where(flat, 1.0, x), exponent)
    precise = (np.abs(z) > MIN_PRECISE) & (np.abs(z) < math.inf)
    z = np.where(flat, 0.0, c * z)
    shift = exponent - y
    lost = (y - (exponent - shift)) - (1.0 + shift)
    if np.any(lost):
        z = z + z * np.where((x > 0.0) & (x < math.inf), lost * np.log(np.abs(x)), 0.0)
    return mended(z, power_slope, (c, x, y), ~precise & np.not_equal(x, 0.0) | np.isnan(z))


def power_log(x: float, y: float) -> float:
    """∂(x ** y)/∂y = x ** y · log x, which is 0 where x = 0, and −∞ where both are, for 0 ** y falls from 1 to 0."""
    if x:
        return times_power(math.log(x), x, y)
    if y == 0.0:
        raise ZeroDivisionError("the derivative of 0 ** y at y = 0 is infinite")
    return 0.0 * power(x, y)


def power_log_array(x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    zero = np.equal(x, 0.0)
    z = np.power(x, y)
    precise = (np.abs(z) > MIN_PRECISE) & (np.abs(z) < math.inf)
    z = z * np.where(zero & np.not_equal(y, 0.0), 0.0, np.log(x))
    return mended(z, power_log, (x, y), ~precise & ~zero | np.isnan(z))


# The plane: x² + y² can overflow, or underflow, where the result is an ordinary number -------------------------------


def scaled(x: float, y: float) -> tuple[float, float, int]:
    """x and y, divided by a power of two that makes the larger about 1, and its exponent."""
    _, e = math.frexp(max(abs(x), abs(y)))
    return math.ldexp(x, -e), math.ldexp(y, -e), e


def at_infinity(x: float) -> float:
    """1 or −1 for an infinite x, 0 for a finite one: where a point lies that is infinitely far away."""
    return math.copysign(1.0, x) if math.isinf(x) else 0.0 * x


def scaled_array(x: FloatOrArray, y: FloatOrArray) -> tuple[FloatOrArray, FloatOrArray, FloatOrArray]:
    _, e = np.frexp(np.maximum(np.abs(x), np.abs(y)))
    return np.ldexp(x, -e), np.ldexp(y, -e), e


def direction(x: float, y: float) -> float:
    """x / √(x² + y²), and 0 where both are 0."""
    if math.isinf(x) or math.isinf(y):
        x, y = at_infinity(x), at_infinity(y)
    x, y, _ = scaled(x, y)
    return x / math.hypot(x, y) if x or y else 0.0


def direction_array(x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    a, b, _ = scaled_array(x, y)
    length = np.hypot(a, b)
    z = a / np.where(length == 0.0, 1.0, length)
    return mended(z, direction, (x, y), np.isnan(z))


def inversion(x: float, y: float) -> float:
    """x / (x² + y²)."""
    if math.isinf(x) or math.isinf(y):
        return 0.0 * (at_infinity(x) + at_infinity(y))
    a, b, e = scaled(x, y)
    return math.ldexp(math.ldexp(x, 600 - e) / (a * a + b * b), -600 - e)  # 600: above the last, uneven floats


def inversion_array(x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    a, b, e = scaled_array(x, y)
    z = np.ldexp(np.ldexp(x, 600 - e) / (a * a + b * b), -600 - e)
    return mended(z, inversion, (x, y), np.isnan(z))
