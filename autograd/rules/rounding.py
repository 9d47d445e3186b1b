"""The float and array rules of rounding, of remainders and signs, and of the choice between two numbers.

Letters: x, y operands; c a condition.
"""

from __future__ import annotations

import math

import numpy as np

from autograd.rules.elementary import FloatOrArray, elementwise


def floor(x: float) -> float:
    """The largest whole number not above x, with x's sign where it is 0; an infinite x as it is."""
    return math.copysign(math.floor(x), x) if math.isfinite(x) else x


def ceil(x: float) -> float:
    """The smallest whole number not below x."""
    return math.copysign(math.ceil(x), x) if math.isfinite(x) else x


def trunc(x: float) -> float:
    """The whole number next to x on the way to 0."""
    return math.copysign(math.trunc(x), x) if math.isfinite(x) else x


def round_decimals(x: float, digits: float) -> float:
    """x to a number of decimals, rounded exactly, ties to the even digit."""
    if not math.isfinite(digits) or digits != int(digits):
        if digits != digits:
            return digits
        raise ValueError(f"expected a whole number of digits, got {digits}")
    return round(x, int(min(max(digits, -400.0), 400.0)))  # beyond, nothing or all of a float is rounded


round_to_digits = elementwise(round_decimals)


def round_array(x: FloatOrArray, digits: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    return round_to_digits(x, digits, out=out) if np.any(digits) else np.rint(x, out=out)


def where(c: float, x: float, y: float) -> float:
    """x where c is not 0, else y; the other may be anything."""
    return c if c != c else x if c else y


def where_array(c: FloatOrArray, x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    return np.where(np.isnan(c), c, np.where(c, x, y))


def branch_taken(c: float) -> float:
    """c, which must not be 0."""
    if c == 0.0:
        raise ValueError("the other side of a where is needed, but was given as a function and not called")
    return c


def branch_taken_array(c: FloatOrArray) -> FloatOrArray:
    return np.where(np.equal(c, 0.0), np.nan, c)
