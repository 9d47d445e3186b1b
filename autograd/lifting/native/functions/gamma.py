"""The gamma function's logarithm and its derivative of vectors in double precision.

The cases and series of `autograd/rules/gamma.py`, all of them computed and one chosen: a series at x = 2, where the
recurrence brings what is below 10; one at the root of the derivative; an asymptotic one from 10 on; and the reflection
for a negative x.

Letters: x operand; z result; e distance of x from the nearest whole number; t from where a series is developed.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.exponentials import log1p, log_inside
from autograd.lifting.native.functions.numerics import clamped, polynomial
from autograd.lifting.native.functions.rounding import rint
from autograd.lifting.native.functions.trigonometry import sin_pi
from autograd.lifting.native.vectors import Vector, choose, larger
from autograd.rules.elementary import LOG_SQRT_2PI
from autograd.rules.gamma import (
    AT_ROOT,
    BASIN,
    DIGAMMA_AT_TWO,
    DIGAMMA_FAR,
    LEAST,
    LGAMMA_AT_ROOT,
    LGAMMA_AT_TWO,
    LGAMMA_FAR,
    MIN_ASYMPTOTIC,
    ODD_AT_ONE,
    ROOT,
    ROOT_LO,
)


def towards_two(x: Vector) -> tuple[Vector, list[Vector]]:
    """Where the series at two is taken, and the numbers on the way there, each x less 1, 2, …, or 1 if not needed."""
    y, steps = clamped(x, BASIN[1], MIN_ASYMPTOTIC), []
    for _ in range(int(MIN_ASYMPTOTIC) - 2):
        above = y > 2.5
        y = choose(above, y - 1.0, y)
        steps.append(choose(above, y, 1.0))
    low = clamped(choose(x < 0.5, x, x - 1.0), -0.5, 0.5)
    return choose(x < BASIN[0], low, y - 2.0), steps


def reflected(x: Vector) -> tuple[Vector, Vector]:
    """Return x, but 1 − x where x is negative; and the distance of x from the nearest whole number."""
    return choose(x < 0.0, 1.0 - x, x), x - rint(x)


def series(coefficients: list[float], t: Vector) -> Vector:
    """c₀ + c₁t + c₂t² + …."""
    return polynomial(t, tuple(coefficients))


def lgamma(x: Vector) -> Vector:
    """log |Γ(x)|; NaN at its poles."""
    y, e = reflected(x)
    t, steps = towards_two(y)
    product = steps[0]
    for factor in steps[1:]:
        product = product * factor
    small, far = y < 0.5, y >= MIN_ASYMPTOTIC
    log = log_inside(choose(far | small, y, product))
    z = t * series(LGAMMA_AT_TWO, t) + choose(small, -log, log) - log1p(choose(y < BASIN[0], t, 0.0))
    inverse = 1.0 / larger(y, MIN_ASYMPTOTIC)
    stirling = LOG_SQRT_2PI - 0.5 + series(LGAMMA_FAR, inverse * inverse) * inverse
    z = choose(far, (y - 0.5) * (log - 1.0) + stirling, z)
    t = (y - ROOT) - ROOT_LO
    z = choose((y >= BASIN[0]) & (y <= BASIN[1]), LEAST + t * series(LGAMMA_AT_ROOT, t), z)
    z = choose(x < 0.0, -log_inside(abs(sin_pi(e)) / math.pi) - z, z)
    z = choose((x <= 0.0) & (e == 0.0), math.nan, z)
    return choose(abs(x) < math.inf, z, x * x)


def digamma(x: Vector) -> Vector:
    """ψ(x), the derivative of lgamma; NaN at its poles."""
    y, e = reflected(x)
    t, steps = towards_two(y)
    z = series(DIGAMMA_AT_TWO, t)
    for factor in reversed(steps):
        z = z + choose(factor > 1.0, 1.0 / factor, 0.0)
    z = z - choose(y < 0.5, 1.0 / (1.0 + y), 0.0) - choose(y < BASIN[0], 1.0 / y, 0.0)
    inverse = 1.0 / larger(y, MIN_ASYMPTOTIC)
    far = log_inside(larger(y, MIN_ASYMPTOTIC)) - (0.5 + series(DIGAMMA_FAR, inverse * inverse) * inverse) * inverse
    z = choose(y >= MIN_ASYMPTOTIC, far, z)
    t = (y - ROOT) - ROOT_LO
    z = choose((y >= BASIN[0]) & (y <= BASIN[1]), t * series(AT_ROOT, t), z)
    square = e * e
    odd = e / (1.0 - square) + e * series(ODD_AT_ONE, square)
    z = choose(x < 0.0, z + 2.0 * odd - 1.0 / e, z)
    z = choose((x <= 0.0) & (e == 0.0), math.nan, z)
    return choose(abs(x) < math.inf, z, choose(x > 0.0, x, math.nan))
