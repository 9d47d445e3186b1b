"""Rounding and remainders of vectors in double precision, by additions, for not every processor has an instruction.

Letters: x, y operands; z result; r what remains; s a multiple of the divisor.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.exponentials import scaled, split
from autograd.lifting.native.functions.numerics import MAX_EXACT, clamped, two_product
from autograd.lifting.native.vectors import Vector, choose, copysign, repeat_while


def rint(x: Vector) -> Vector:
    """The whole number next to x, ties to the even one: the row round of no decimals."""
    a = abs(x)
    return choose(a < MAX_EXACT, copysign((a + MAX_EXACT) - MAX_EXACT, x), x)


def floor(x: Vector) -> Vector:
    """The largest whole number not above x."""
    z = rint(x)
    return choose(z > x, z - 1.0, z)


def ceil(x: Vector) -> Vector:
    """The smallest whole number not below x."""
    z = rint(x)
    return copysign(choose(z < x, z + 1.0, z), x)


def trunc(x: Vector) -> Vector:
    """The whole number next to x on the way to 0."""
    return copysign(floor(abs(x)), x)


# Remainders -----------------------------------------------------------------------------------------------------------


def remainder(x: Vector, y: Vector) -> Vector:
    """What y goes into x leaves of it, for 0 ≤ x < ∞ and 0 < y < ∞: exactly, 51 bits of the quotient in each round."""

    def reduced(r: Vector) -> tuple[Vector]:
        s = scaled(y, clamped(split(choose(r > 0.0, r, y))[1] - split(y)[1] - 51.0, 0.0, 2044.0))
        scale = choose(s > 2.0**900, 2.0**-200, choose(s < 2.0**-800, 2.0**200, 1.0))
        part, s = r * scale, s * scale
        product, lost = two_product(trunc(part / s), s)
        rest = (part - product) - lost
        return (choose(r < y, r, choose(rest < 0.0, rest + s, rest) / scale),)

    return repeat_while(lambda r: r >= y, reduced, (x,))[0]


def fmod(x: Vector, y: Vector) -> Vector:
    """x less the multiple of y that leaves a number smaller than y with x's sign; NaN for an infinite x or y = 0."""
    a, b = abs(x), abs(y)
    regular = (a < math.inf) & (b > 0.0)
    inside = regular & (b < math.inf)
    z = copysign(remainder(choose(inside, a, 0.0), choose(inside, b, 1.0)), x)
    return choose(inside, z, choose(regular, x, math.nan))


def mod(x: Vector, y: Vector) -> Vector:
    """x less the multiple of y that leaves a number smaller than y with y's sign."""
    z = fmod(x, y)
    return choose(z == 0.0, copysign(z, y), choose((z < 0.0) ^ (y < 0.0), z + y, z))


def floordiv(x: Vector, y: Vector) -> Vector:
    """The whole number not above x / y, which need not be a float: as if it were computed exactly."""
    z = fmod(x, y)
    quotient = (x - z) / y
    quotient = choose((z != 0.0) & ((z < 0.0) ^ (y < 0.0)), quotient - 1.0, quotient)
    whole = floor(quotient)
    whole = choose(quotient - whole > 0.5, whole + 1.0, whole)
    return choose(y == 0.0, x / y, choose(whole == 0.0, copysign(x.lanes.number(0.0), x / y), whole))
