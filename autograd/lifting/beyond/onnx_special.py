"""The functions of the normal distribution, the gamma function and sinc composed of ONNX's operators.

Letters: x operand; z result; a the size of x; n an order; t from where a series is developed.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from autograd.lifting.beyond.onnx_elementary import (
    exp,
    fmod,
    lacking,
    larger,
    log,
    log1p,
    odd,
    polynomial,
    relu,
    rint,
    sign,
    sin,
    smaller,
    sqrt,
)
from autograd.lifting.beyond.onnx_graph import Operand, Tensor, choose
from autograd.rules import gamma
from autograd.rules.elementary import LOG_SQRT_2PI
from autograd.rules.normal import INVERSE_SQRT_2PI, TAIL, TWO_OVER_SQRT_PI

MILLS_TERMS = 60  # of a continued fraction, enough from −3 down
NOTHING_LEFT = 64.0  # from here on e^(−x²/2) is 0

# sinc -----------------------------------------------------------------------------------------------------------------


def sin_pi(x: Tensor) -> Tensor:
    """sin πx, exactly 0 at every integer."""
    r = fmod(x, x.graph.array(2.0))
    r = choose(abs(r) > 1.0, r - 2.0 * sign(r), r)
    return sin(math.pi * choose(abs(r) <= 0.5, r, sign(r) - r))


def sinc(x: Tensor) -> Tensor:
    return choose(x == 0.0, 1.0, sin_pi(x) / (math.pi * x))


def spherical_bessel(x: Tensor, n: Tensor) -> Tensor:
    """jₙ(πx) by its power series near 0, elsewhere by the recurrence in n, as autograd/rules/normal.py."""
    order = n.number
    if order is None:
        raise lacking("spherical_bessel of many orders", "one order for all rows")
    if order < 0.0:
        return 0.0 * x
    t = math.pi * x
    near = abs(t) < order + 1.5
    small = choose(near, t, 0.0)
    series = x.graph.array(1.0)
    for k in range(20 + int(order), 0, -1):
        series = 1.0 - small * small * series / (2.0 * k * (2.0 * (order + k) + 1.0))
    for k in range(1, int(order) + 1):
        series = series * small / (2.0 * k + 1.0)
    before, here = sin_pi(0.5 - abs(fmod(x, x.graph.array(2.0)))) / t, sinc(x)
    for k in range(int(order)):
        before, here = here, (2.0 * k + 1.0) * here / t - before
    return choose(near, series, here)


# The normal distribution ----------------------------------------------------------------------------------------------


def tail(a: Tensor) -> Tensor:
    """e^(a²/2) · Φ(−a), for a ≥ 0."""
    return polynomial((a - 5.25) / (a + 5.25), TAIL.ravel().tolist()) / (a + 0.875)


def bell(x: Tensor, y: Operand, scale: float) -> Tensor:
    """y · e^(−scale · x²), with x² in two parts (Dekker 1971), and the exponential in two that do not underflow."""
    a = smaller(abs(x), x.graph.array(NOTHING_LEFT))
    shifted = a * (134217729.0 if x.graph.dtype == np.float64 else 4097.0)
    head = shifted - (shifted - a)
    half = exp(-0.5 * scale * (head * head))
    z: Tensor = y * half * exp(-scale * ((a - head) * (a + head))) * half
    return z


def normal_cdf(x: Tensor) -> Tensor:
    z = bell(x, tail(abs(x)), 0.5)
    return choose(x > 0.0, 1.0 - z, z)


def erfc(x: Tensor) -> Tensor:
    z = bell(x, 2.0 * tail(math.sqrt(2.0) * abs(x)), 1.0)
    return choose(x < 0.0, 2.0 - z, z)


def erf(x: Tensor) -> Tensor:
    """Its power series for |x| < 1 (Abramowitz and Stegun 1964, 7.1.5), where 1 − erfc x would lose digits."""
    a = abs(x)
    series = [TWO_OVER_SQRT_PI * (-1.0) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(19)]
    return odd(x, choose(a < 1.0, a * polynomial(smaller(a * a, a.graph.array(1.0)), series), 1.0 - erfc(a)))


def gelu(x: Tensor) -> Tensor:
    """x · Φ(x), as max(x, 0) − |x| · Φ(−|x|), which loses no digits."""
    return relu(x) - bell(x, abs(x) * tail(abs(x)), 0.5)


def right_tail(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return e^(x²/2) · Φ(−|x|), and e^(−x²/2) for x > 0 but 1 elsewhere."""
    return tail(abs(x)), bell(relu(x), 1.0, 0.5)


def log_normal_cdf(x: Tensor) -> Tensor:
    t, e = right_tail(x)
    return choose(x < 0.0, log(t) - 0.5 * x * x, log1p(-e * t))


def inverse_mills(x: Tensor) -> Tensor:
    """φ(x) / Φ(x), of which e^(−x²/2) cancels on the left."""
    t, e = right_tail(x)
    return INVERSE_SQRT_2PI * e / choose(x < 0.0, t, 1.0 - e * t)


def inverse_mills_slope(x: Tensor) -> Tensor:
    """−m · (m + x), where m is about −x by a continued fraction (Abramowitz and Stegun 1964, 26.2.14)."""
    t = larger(-x, x.graph.array(3.0))
    below = 0.5 * (t + sqrt(t * t + 4.0 * MILLS_TERMS))
    for k in range(MILLS_TERMS - 1, 1, -1):
        below = t + float(k) / below
    m = inverse_mills(x)
    return -m * choose(x < -3.0, 1.0 / below, m + x)


def erfinv(x: Tensor) -> Tensor:
    """The z for which x = erf(z): Winitzki (2008), then three of Halley's steps."""
    a = abs(x)
    rest = 1.0 - a
    half = 0.5 * log(rest * (1.0 + a))
    b = 2.0 / (math.pi * 0.147) + half
    z = sqrt(sqrt(b * b - 2.0 * half / 0.147) - b)
    for _ in range(3):
        difference = choose(a < 0.5, erf(z) - a, rest - erfc(z))
        error = difference * exp(z * z) / TWO_OVER_SQRT_PI
        z = z - error / (1.0 + z * error)
    z = choose(a > 1e-8, odd(x, z), x / TWO_OVER_SQRT_PI)
    return choose(a < 1.0, z, math.nan)


def erfinv_slope(x: Tensor) -> Tensor:
    z = erfinv(x)
    return exp(z * z) / TWO_OVER_SQRT_PI


# The gamma function ---------------------------------------------------------------------------------------------------


def towards_two(x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Where the series at two is taken, and the numbers on the way there, each x less 1, 2, …, or 1 if not needed."""
    far = x.graph.array(gamma.MIN_ASYMPTOTIC)
    y, steps = smaller(larger(x, x.graph.array(gamma.BASIN[1])), far), []
    for _ in range(int(gamma.MIN_ASYMPTOTIC) - 2):
        above = y > 2.5
        y = choose(above, y - 1.0, y)
        steps.append(choose(above, y, 1.0))
    return choose(x < gamma.BASIN[0], choose(x < 0.5, x, x - 1.0), y - 2.0), steps


def at_pole(x: Tensor) -> Tensor:
    return (x <= 0.0) & (x == rint(x))


def lgamma(x: Tensor) -> Tensor:
    """By the cases of autograd/rules/gamma.py, all of them computed and one chosen."""
    y = choose(x < 0.0, 1.0 - x, x)
    t, steps = towards_two(y)
    small, low, far = y < 0.5, y < gamma.BASIN[0], y >= gamma.MIN_ASYMPTOTIC
    ln = log(choose(far | small, y, functools.reduce(Tensor.__mul__, steps)))
    z = t * polynomial(t, gamma.LGAMMA_AT_TWO) + choose(small, -ln, ln) - log1p(choose(low, t, 0.0))
    inverse = 1.0 / larger(y, x.graph.array(gamma.MIN_ASYMPTOTIC))
    stirling = LOG_SQRT_2PI - 0.5 + polynomial(inverse * inverse, gamma.LGAMMA_FAR) * inverse
    z = choose(far, (y - 0.5) * (ln - 1.0) + stirling, z)
    t = (y - gamma.ROOT) - gamma.ROOT_LO
    near = gamma.LEAST + t * polynomial(t, gamma.LGAMMA_AT_ROOT)
    z = choose((y >= gamma.BASIN[0]) & (y <= gamma.BASIN[1]), near, z)
    z = choose(x < 0.0, -log(abs(sin(math.pi * (x - rint(x)))) / math.pi) - z, z)
    return choose(at_pole(x), math.nan, z)


def digamma(x: Tensor) -> Tensor:
    """By the cases of autograd/rules/gamma.py, all of them computed and one chosen."""
    y, e = choose(x < 0.0, 1.0 - x, x), x - rint(x)
    t, steps = towards_two(y)
    z = polynomial(t, gamma.DIGAMMA_AT_TWO)
    for factor in reversed(steps):
        z = z + choose(factor > 1.0, 1.0 / factor, 0.0)
    z = z - choose(y < 0.5, 1.0 / (1.0 + y), 0.0) - choose(y < gamma.BASIN[0], 1.0 / y, 0.0)
    far = larger(y, x.graph.array(gamma.MIN_ASYMPTOTIC))
    inverse = 1.0 / far
    rest = (0.5 + polynomial(inverse * inverse, gamma.DIGAMMA_FAR) * inverse) * inverse
    z = choose(y >= gamma.MIN_ASYMPTOTIC, log(far) - rest, z)
    t = (y - gamma.ROOT) - gamma.ROOT_LO
    z = choose((y >= gamma.BASIN[0]) & (y <= gamma.BASIN[1]), t * polynomial(t, gamma.AT_ROOT), z)
    reflection = 2.0 * (e / (1.0 - e * e) + e * polynomial(e * e, gamma.ODD_AT_ONE)) - 1.0 / e
    return choose(at_pole(x), math.nan, choose(x < 0.0, z + reflection, z))
