"""What functions of double precision are made of: whole numbers, polynomials, and numbers in two parts.

Letters: x, y operands; n a whole number; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

from autograd.lifting.native.vectors import Bits, Number, Vector, larger, multiply_add, smaller

MAX_EXACT = 2.0**52  # from here on every float is whole
SHIFT = 1.5 * 2.0**52  # added to a float of less than 2⁵¹, it rounds it to a whole number, in the sum's lowest bits


def clamped(x: Vector, low: float, high: float) -> Vector:
    """Return x, or the bound that it is beyond; NaN stays."""
    lanes = x.lanes
    return smaller(lanes.number(high), larger(lanes.number(low), x))


def nearest(x: Vector) -> Vector:
    """The whole number next to x, ties to the even one, for |x| < 2⁵¹ in double precision; a zero is +0."""
    return (x + SHIFT) - SHIFT


def whole_bits(x: Vector) -> Bits:
    """Bits that end in those of a whole number x, negative ones too, for |x| < 2⁵¹ in double precision."""
    return (x + SHIFT).bits


def power_of_two(n: Vector) -> Vector:
    """2ⁿ for a whole n from −1022 to 1023, in double precision."""
    return ((n + (SHIFT + 1023.0)).bits << 52).float


def polynomial(x: Vector, coefficients: tuple[float, ...]) -> Vector:
    """c₀ + c₁x + c₂x² + …, by Horner's rule."""
    total = x.lanes.number(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = multiply_add(total, x, c)
    return total


# Numbers in two parts -------------------------------------------------------------------------------------------------


def fast_two_sum(x: Vector, y: Number) -> tuple[Vector, Vector]:
    """x + y and its rounding error, exactly, where |x| ≥ |y| or x = 0 (Dekker 1971)."""
    hi = x + y
    return hi, y - (hi - x)


def two_sum(x: Vector, y: Number) -> tuple[Vector, Vector]:
    """x + y and its rounding error, exactly (Knuth 1969)."""
    hi = x + y
    part = hi - x
    return hi, (x - (hi - part)) + (y - part)


def two_product(x: Vector, y: Number) -> tuple[Vector, Vector]:
    """x · y and its rounding error, exactly, for operands far from overflow and underflow (Dekker 1971)."""
    y = x.lanes.number(y)
    hi = x * y
    if x.lanes.fma:
        return hi, multiply_add(x, y, -hi)
    x_hi, y_hi = 134217729.0 * x, 134217729.0 * y
    x_hi, y_hi = x_hi - (x_hi - x), y_hi - (y_hi - y)
    x_lo, y_lo = x - x_hi, y - y_hi
    return hi, ((x_hi * y_hi - hi) + x_hi * y_lo + x_lo * y_hi) + x_lo * y_lo
