"""Every operation, its derivatives and its second derivatives against references of 50 digits.

An error is counted in ulp, the distance of neighbouring floats at the true result; where a formula cancels, as
tanh′ = 1 − tanh² does, at its largest term. The arguments reach from the smallest float to the largest, and are
dense where an operation is delicate.

Letters: x, y operands; z result.
"""

# ruff: noqa: E501  (a reference is one line, as the row that it checks)

import math
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

import autograd
from autograd import TABLE, Value, dot, logsumexp, norm
from autograd.operations import BUILT_IN
from autograd.rules.elementary import SELU_ALPHA, SELU_SCALE

mp = mpmath.mp.clone()
mp.dps = 50
ONE, HALF = mp.mpf(1), mp.mpf(0.5)
TINY, HUGE = sys.float_info.min, sys.float_info.max


class Reference(NamedTuple):
    """What an operation computes: its value and its partial derivatives, of operands with 50 digits."""

    value: Callable[..., Any]
    partials: tuple[Callable[..., Any] | None, ...]  # None to an operand that is a whole number
    domain: Callable[..., bool] = lambda *xs: True
    near: tuple[float, ...] = ()  # delicate arguments
    term: Callable[..., Any] = lambda *xs: 0  # the value's largest term, where it cancels
    terms: tuple[Callable[..., Any], ...] = ()  # the same for the partials
    ulps: tuple[int, int] = (4, 4)  # allowed for the value and for a partial
    reach: float = math.inf  # a helper's own partials, which are second derivatives: up to operands of this size
    seconds: tuple[float, ...] = ()  # the only second operands
    firsts: tuple[float, ...] = ()  # the only first operands


# The references ---------------------------------------------------------------------------------------------


def zero(*xs):
    return mp.mpf(0)


def one(*xs):
    return ONE


def exactly(f):
    """The function, with digits enough for the whole quotient of any two floats."""

    def call(x, y):
        with mp.workdps(700):
            return f(x, y)

    return call


def power(x, y):
    if x == 0 or y == 0:
        return ONE if y == 0 else zero() if y > 0 else 1 / x
    return mp.power(abs(x), y) * (-1 if x < 0 and int(y) % 2 else 1)


def times_power(c, x, y):
    return c * power(x, y - 1) if c else zero()


def power_log(x, y):
    if x == 0 and y == 0:
        return mp.nan
    return power(x, y) * (mp.log(x) if x > 0 else mp.nan if x else 0)


def power_domain(x, y, least=0.0):
    return x > 0 or (y.is_integer() and (x != 0 or y >= least))


def over(x, y):
    return ONE * (x > y) + HALF * (x == y)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def sigmoid_slope(x):
    return mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2


def sech_squared(x):
    return 4 * sigmoid_slope(2 * x)


def bell(x):
    return mp.exp(-x * x)


def phi(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def erfc(x):  # mpmath cannot take huge arguments, where the result is 0 or 2 to far more than 50 digits
    return mp.erfc(x) if abs(x) < 60 else zero() if x > 0 else mp.mpf(2)


def normal_cdf(x):
    return erfc(-x / mp.sqrt(2)) / 2


def spherical_bessel(x, n):
    n, t = int(n), mp.pi * x
    if n == 0:
        return mp.sincpi(x)
    if abs(t) < 9:
        return t**n * mp.hyp0f1(n + 1.5, -t * t / 4) / mp.fac2(2 * n + 1)
    before, here = mp.cospi(x) / t, mp.sinpi(x) / t
    for k in range(n):
        before, here = here, (2 * k + 1) * here / t - before
    return here


def bessel_slope(x, n):
    return mp.pi * (n * spherical_bessel(x, n - 1 if n else 0) - (n + 1) * spherical_bessel(x, n + 1)) / (2 * n + 1)


def bessel_size(x, *n):
    return 1 / abs(x) if abs(x) > 1 else 0


def log_gamma(x):
    return mp.loggamma(x).real if x > 0 else mp.log(mp.pi / abs(mp.sinpi(x))) - mp.loggamma(1 - x)


def trigamma(x):
    return mp.psi(1, x) if x > 0 else (mp.pi / mp.sinpi(x)) ** 2 - mp.psi(1, 1 - x)


def is_no_pole(x):
    return x > 0 or x != math.floor(x)


def from_pole(x):
    return abs(x - mp.nint(x))


def log_normal_cdf(x):
    if x > 0:
        return mp.log1p(-normal_cdf(-x))
    return mp.log(normal_cdf(x)) if x > -60 else -x * x / 2 - mp.log(inverse_mills(x)) - mp.log(2 * mp.pi) / 2


def inverse_mills(x):
    if x > -60:
        return phi(x) / normal_cdf(x)
    series = ONE
    for k in range(41, 0, -2):
        series = 1 - k * series / x**2
    return -x / series


def excess(x):
    """x + φ(x) / Φ(x), by its series where the sum would cancel."""
    if x > -60:
        return x + inverse_mills(x)
    series = ONE
    for k in range(41, 2, -2):
        series = 1 - k * series / x**2
    return inverse_mills(x) * series / x**2


def inverse_mills_slope(x):
    return -inverse_mills(x) * excess(x)


def erfinv(x):
    return mp.erfinv(x) if abs(x) > 1e-30 else x * mp.sqrt(mp.pi) / 2


def erfinv_slope(x):
    return mp.sqrt(mp.pi) / 2 * mp.exp(erfinv(x) ** 2)


def trunc(x):
    return mp.sign(x) * mp.floor(abs(x))


TURNS = (*(k * math.pi / 2 for k in (1, 2, 3, 4, 11, 355, 1e5, 1e15)), 1e22)
WHOLE = (0.5, 1.0, 1.5, 2.0, 3.0, 1e3, 2.0**52, 2.0**53)
EDGES = (709.782712893384, -708.4, -745.13, 1023.9999999999999, -1074.0, 710.4758600739439)
ROOTS = (1.0, 2.0, 1.4616321449683622, 0.5, 10.0, -0.504083008264455, -2.457024738220801, -2.747682646727413, -3.0)
TAILS = (-37.5, -38.4, -26.5, -27.2, -5.8, -8.3, -14.0, 0.84375, 1.25, 6.0, 26.5, 27.2)

# fmt: off
REFERENCES = {
    "add":       Reference(lambda x, y: x + y, (one, one)),
    "sub":       Reference(lambda x, y: x - y, (one, lambda x, y: -ONE)),
    "mul":       Reference(lambda x, y: x * y, (lambda x, y: y, lambda x, y: x)),
    # ∂(x/y)/∂y is written −z/y, and has no more digits than z, which is few where z underflows
    "div":       Reference(lambda x, y: x / y, (lambda x, y: 1 / y, lambda x, y: -x / y**2), lambda x, y: y != 0, terms=(zero, lambda x, y: TINY / y if abs(x / y) < TINY else 0)),
    "floordiv":  Reference(exactly(lambda x, y: mp.floor(x / y)), (zero, zero), lambda x, y: y != 0),
    "mod":       Reference(exactly(lambda x, y: x - y * mp.floor(x / y)), (one, exactly(lambda x, y: -mp.floor(x / y))), lambda x, y: y != 0),
    "fmod":      Reference(exactly(lambda x, y: x - y * trunc(x / y)), (one, exactly(lambda x, y: -trunc(x / y))), lambda x, y: y != 0),
    "neg":       Reference(lambda x: -x, (lambda x: -ONE,)),
    "identity":  Reference(lambda x: x, (one,)),
    "abs":       Reference(abs, (mp.sign,)),
    "sign":      Reference(mp.sign, (zero,)),
    "copysign":  Reference(lambda x, y: abs(x) if y >= 0 else -abs(x), (lambda x, y: mp.sign(x) if y >= 0 else -mp.sign(x), zero)),
    "square":    Reference(lambda x: x * x, (lambda x: 2 * x,)),
    "reciprocal": Reference(lambda x: 1 / x, (lambda x: -1 / x**2,), lambda x: x != 0),
    "pow":       Reference(power, (lambda x, y: times_power(y, x, y), power_log), power_domain),
    "power_slope": Reference(times_power, (lambda c, x, y: power(x, y - 1), lambda c, x, y: times_power(c * (y - 1), x, y - 1), lambda c, x, y: c * power_log(x, y - 1)), lambda c, x, y: c == 0 or power_domain(x, y, 1.0), reach=1e2),
    "power_log": Reference(power_log, (lambda x, y: power(x, y - 1) + y * power_log(x, y - 1), lambda x, y: power_log(x, y) * mp.log(x)), lambda x, y: x > 0, terms=(lambda x, y: abs(power(x, y - 1)) + abs(y * power_log(x, y - 1)), zero), reach=1e2),
    "direction": Reference(lambda x, y: x / mp.hypot(x, y) if x or y else zero(), (lambda x, y: y**2 / mp.hypot(x, y) ** 3, lambda x, y: -x * y / mp.hypot(x, y) ** 3), reach=1e100),
    "inversion": Reference(lambda x, y: x / (x**2 + y**2), (lambda x, y: (y**2 - x**2) / (x**2 + y**2) ** 2, lambda x, y: -2 * x * y / (x**2 + y**2) ** 2), lambda x, y: x or y, terms=(lambda x, y: 1 / (x**2 + y**2), zero), reach=1e100),
    "hypot":     Reference(mp.hypot, (lambda x, y: x / mp.hypot(x, y) if x or y else zero(), lambda x, y: y / mp.hypot(x, y) if x or y else zero())),
    "exp":       Reference(mp.exp, (mp.exp,), near=EDGES),
    "exp2":      Reference(lambda x: mp.power(2, x), (lambda x: mp.power(2, x) * mp.ln2,), near=EDGES),
    "expm1":     Reference(mp.expm1, (mp.exp,), near=EDGES),
    "log":       Reference(mp.log, (lambda x: 1 / x,), lambda x: x > 0, near=(1.0,)),
    "log2":      Reference(lambda x: mp.log(x) / mp.ln2, (lambda x: 1 / x / mp.ln2,), lambda x: x > 0, near=(1.0,)),
    "log10":     Reference(lambda x: mp.log(x) / mp.ln10, (lambda x: 1 / x / mp.ln10,), lambda x: x > 0, near=(1.0,)),
    "log1p":     Reference(mp.log1p, (lambda x: 1 / (1 + x),), lambda x: x > -1, near=(-1.0,)),
    "sqrt":      Reference(mp.sqrt, (lambda x: HALF / mp.sqrt(x),), lambda x: x >= 0),
    "cbrt":      Reference(lambda x: mp.sign(x) * mp.cbrt(abs(x)), (lambda x: 1 / (3 * mp.cbrt(x * x)),), near=(0.024235879867165036,), ulps=(4, 8)),
    "logaddexp": Reference(lambda x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))), (lambda x, y: sigmoid(x - y), lambda x, y: sigmoid(y - x)), term=lambda x, y: max(abs(x), abs(y))),
    "softmax_share": Reference(lambda x, y: sigmoid(x - y), (lambda x, y: sigmoid_slope(x - y), lambda x, y: -sigmoid_slope(x - y))),
    "lgamma":    Reference(log_gamma, (mp.digamma,), is_no_pole, near=ROOTS, term=lambda x: log_gamma(1 - x) if x < 0 else 0, terms=(lambda x: max(mp.digamma(1 - x), 1 / from_pole(x)) if x < 0 else 0,)),
    "digamma":   Reference(mp.digamma, (trigamma,), is_no_pole, near=ROOTS, term=lambda x: max(mp.digamma(1 - x), 1 / from_pole(x)) if x < 0 else 0),
    "polygamma": Reference(lambda n, x: mp.psi(int(n), x), (None, lambda n, x: mp.psi(int(n) + 1, x)), lambda n, x: is_no_pole(x) and (n < 5 or abs(x) < 1e4), near=ROOTS, term=lambda n, x: mp.factorial(n) / from_pole(x) ** (n + 1) if x < 0 else 0, terms=(zero, lambda n, x: mp.factorial(n + 1) / from_pole(x) ** (n + 2) if x < 0 else 0), firsts=(0.0, 1.0, 2.0, 3.0, 20.0)),
    "sin":       Reference(mp.sin, (mp.cos,), near=TURNS),
    "cos":       Reference(mp.cos, (lambda x: -mp.sin(x),), near=TURNS),
    "tan":       Reference(mp.tan, (lambda x: 1 / mp.cos(x) ** 2,), near=TURNS),
    "asin":      Reference(mp.asin, (lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),), lambda x: abs(x) <= 1, near=(1.0, -1.0, 0.5)),
    "acos":      Reference(mp.acos, (lambda x: -1 / mp.sqrt((1 - x) * (1 + x)),), lambda x: abs(x) <= 1, near=(1.0, -1.0, 0.5)),
    "atan":      Reference(mp.atan, (lambda x: 1 / (1 + x * x),), near=(1.0, 1e154)),
    "atan2":     Reference(mp.atan2, (lambda x, y: y / (x**2 + y**2), lambda x, y: -x / (x**2 + y**2))),
    "sinh":      Reference(mp.sinh, (mp.cosh,), near=EDGES),
    "cosh":      Reference(mp.cosh, (mp.sinh,), near=EDGES),
    "tanh":      Reference(mp.tanh, (sech_squared,), near=(19.06, 0.55, 40.0, 354.0, -372.0)),
    "sech_squared": Reference(sech_squared, (lambda x: -2 * mp.tanh(x) * sech_squared(x),), near=(0.55, 40.0, 354.0, -372.0)),
    "asinh":     Reference(mp.asinh, (lambda x: 1 / mp.sqrt(1 + x * x),), near=(1.0, 1e154)),
    "acosh":     Reference(mp.acosh, (lambda x: 1 / mp.sqrt((x - 1) * (x + 1)),), lambda x: x >= 1, near=(1.0, 2.0, 1e154)),
    "atanh":     Reference(mp.atanh, (lambda x: 1 / ((1 - x) * (1 + x)),), lambda x: abs(x) < 1, near=(1.0, -1.0, 0.5)),
    "degrees":   Reference(mp.degrees, (lambda x: 180 / mp.pi,)),
    "radians":   Reference(mp.radians, (lambda x: mp.pi / 180,)),
    "sinc":      Reference(lambda x: mp.sincpi(x), (lambda x: -mp.pi * spherical_bessel(x, 1),), near=WHOLE, terms=(bessel_size,)),
    "spherical_bessel": Reference(spherical_bessel, (bessel_slope,), near=WHOLE, term=bessel_size, terms=(lambda x, n: max(n, 1) / (1 + abs(x)),), seconds=(0.0, 1.0, 2.0, 3.0)),
    "gaussian":  Reference(lambda x, y: y * bell(x), (lambda x, y: -2 * x * y * bell(x), lambda x, y: bell(x)), near=TAILS, reach=1e100),
    "erf":       Reference(mp.erf, (lambda x: 2 / mp.sqrt(mp.pi) * bell(x),), near=TAILS),
    "erfc":      Reference(erfc, (lambda x: -2 / mp.sqrt(mp.pi) * bell(x),), near=TAILS, ulps=(8, 4)),
    "normal_pdf": Reference(lambda x, y: y * phi(x), (lambda x, y: -x * y * phi(x), lambda x, y: phi(x)), near=TAILS, reach=1e100),
    "normal_cdf": Reference(normal_cdf, (phi,), near=TAILS),
    "log_normal_cdf": Reference(log_normal_cdf, (inverse_mills,), near=TAILS),
    "inverse_mills": Reference(inverse_mills, (inverse_mills_slope,), near=TAILS, reach=1e100, ulps=(4, 12)),
    "inverse_mills_slope": Reference(inverse_mills_slope, (lambda x: -inverse_mills_slope(x) * excess(x) - inverse_mills(x) * (1 + inverse_mills_slope(x)),), lambda x: x < 38, near=TAILS, terms=(lambda x: max(inverse_mills(x), TINY) * max(1, abs(x)),), reach=1e100, ulps=(12, 14)),
    "erfinv":    Reference(erfinv, (erfinv_slope,), lambda x: abs(x) < 1, near=(1.0, -1.0, 0.5)),
    "erfinv_slope": Reference(erfinv_slope, (lambda x: 2 * erfinv(x) * erfinv_slope(x) ** 2,), lambda x: abs(x) < 1, near=(1.0, -1.0, 0.5), ulps=(4, 8)),
    "sigmoid":   Reference(sigmoid, (sigmoid_slope,), near=(*EDGES, 36.7, 40.0)),
    "log_sigmoid": Reference(lambda x: min(x, zero()) - mp.log1p(mp.exp(-abs(x))), (lambda x: sigmoid(-x),), near=(*EDGES, 36.7)),
    "logit":     Reference(lambda x: mp.log(x / (1 - x)), (lambda x: 1 / (x * (1 - x)),), lambda x: 0 < x < 1, near=(0.5, 0.25, 0.75, 1.0)),
    "relu":      Reference(lambda x: max(x, zero()), (lambda x: ONE * (x > 0),)),
    "leaky_relu": Reference(lambda x, y: x if x > 0 else y * x, (lambda x, y: ONE if x > 0 else y, lambda x, y: min(x, zero()))),
    "elu":       Reference(lambda x: x if x > 0 else mp.expm1(x), (lambda x: mp.exp(min(x, zero())),), near=EDGES),
    "selu":      Reference(lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mp.expm1(x)), (lambda x: SELU_SCALE * (ONE if x > 0 else SELU_ALPHA * mp.exp(x)),), near=EDGES),
    "gelu":      Reference(lambda x: x * normal_cdf(x), (lambda x: normal_cdf(x) + x * phi(x),), near=(*TAILS, -0.7518), terms=(lambda x: max(normal_cdf(x), abs(x * phi(x))),), ulps=(8, 4)),
    "silu":      Reference(lambda x: x * sigmoid(x), (lambda x: sigmoid(x) + x * sigmoid_slope(x),), near=(*EDGES, -40.0, -1.2784645), terms=(lambda x: max(sigmoid(x), abs(x) * sigmoid_slope(x)),)),
    "softplus":  Reference(lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, 0), (sigmoid,), near=(*EDGES, 36.7)),
    "softsign":  Reference(lambda x: x / (1 + abs(x)), (lambda x: 1 / (1 + abs(x)) ** 2,), near=(1.0, 1e154)),
    "hard_sigmoid": Reference(lambda x: min(max(x + 3, zero()), 6 * ONE) / 6, (lambda x: ONE / 6 * (-3 < x < 3),), near=(3.0, -3.0)),
    "step":      Reference(lambda x: ONE * (x > 0), (zero,)),
    "equal":     Reference(lambda x, y: ONE * (x == y), (zero, zero)),
    "greater":   Reference(over, (zero, zero)),
    "where":     Reference(lambda c, x, y: x if c else y, (zero, lambda c, x, y: ONE * bool(c), lambda c, x, y: ONE * (not c))),
    "branch_taken": Reference(lambda c: c, (one,), lambda c: c != 0),
    "floor":     Reference(mp.floor, (zero,), near=WHOLE),
    "ceil":      Reference(mp.ceil, (zero,), near=WHOLE),
    "trunc":     Reference(trunc, (zero,), near=WHOLE),
    "round":     Reference(exactly(lambda x, digits: mp.nint(x * mp.power(10, digits)) / mp.power(10, digits)), (zero, zero), near=WHOLE, seconds=(0.0, 1.0, 2.0, -1.0)),
    "clip":      Reference(lambda x, low, high: min(max(x, low), high), (lambda x, low, high: over(x, low) * over(high, max(x, low)), lambda x, low, high: over(low, x) * over(high, max(x, low)), lambda x, low, high: over(max(x, low), high))),
}
# fmt: on
OF_MANY = {"sum", "dot", "maximum", "minimum", "peak", "logsumexp", "norm"}


# The arguments ----------------------------------------------------------------------------------------------


def around(p: float) -> list[float]:
    """A point, its neighbours, and points that approach it from both sides."""
    steps = [s * 2.0**-k for k in range(1, 54, 4) for s in (1.0, -1.0)]
    return [p, math.nextafter(p, math.inf), math.nextafter(p, -math.inf), *(p + s * max(abs(p), TINY) for s in steps)]


def any_size(count: int, seed: int) -> list[float]:
    """Floats of both signs, of every magnitude, the subnormal ones among them."""
    draw = random.Random(seed)
    return [draw.choice((1, -1)) * math.ldexp(draw.uniform(0.5, 1.0), draw.randint(-1073, 1024)) for _ in range(count)]


def ordinary(count: int, seed: int, size: float) -> list[float]:
    draw = random.Random(seed)
    return [draw.uniform(-size, size) for _ in range(count)]


LIMITS = [0.0, 5e-324, -5e-324, TINY, -TINY, 1.0, -1.0, 1000.0, -1000.0, 1e308, -1e308, HUGE, -HUGE]
SINGLES = LIMITS + any_size(200, 1) + ordinary(200, 2, 1.5) + ordinary(200, 3, 40.0) + ordinary(100, 4, 750.0)
PAIRS = [
    *((x, y) for x in LIMITS for y in (*LIMITS, 0.5, -2.0, 3.0)),
    *zip(any_size(150, 5), any_size(150, 6), strict=True),
    *zip(ordinary(150, 7, 40.0), ordinary(150, 8, 40.0), strict=True),
    *((x, x * y) for x, y in zip(any_size(60, 9), ordinary(60, 10, 2.0), strict=True) if math.isfinite(x * y)),
    *((x, y) for x in any_size(2000, 11) for y in (1e-9, 0.013) if abs(x) < TINY),
    *((abs(x), y / math.log(abs(x))) for x, y in zip(any_size(150, 12), ordinary(150, 13, 745.0), strict=True)),
    *((x, float(round(y))) for x, y in zip(ordinary(80, 14, 9.0), ordinary(80, 15, 300.0), strict=True)),
    *((1.0 + 2.0**-k, y * 2.0**k) for k in range(1, 52, 5) for y in ordinary(3, k, 700.0)),
]


def arguments(name: str) -> Iterator[tuple[float, ...]]:
    reference, arity = REFERENCES[name], TABLE[name].arity
    near = [x for p in reference.near for x in around(p)]
    if reference.seconds:
        candidates = [(x, y) for x in SINGLES[::3] + near[::3] for y in reference.seconds]
    elif reference.firsts:
        candidates = [(n, x) for x in SINGLES[::3] + near[::3] for n in reference.firsts]
    elif arity == 1:
        candidates = [(x,) for x in SINGLES + near]
    elif arity == 2:
        candidates = PAIRS + [(x, y) for x in near for y in ordinary(2, 16, 3.0)]
    elif name == "power_slope":
        candidates = [(c, *pair) for pair, x in zip(PAIRS[::2], SINGLES * 4, strict=False) for c in (pair[1], x)]
    else:
        candidates = [(x, min(pair), max(pair)) for pair, x in zip(PAIRS, SINGLES * 4, strict=False)]
    return (xs for xs in candidates if reference.domain(*xs))


# The laws ---------------------------------------------------------------------------------------------------


def ulps(got: float | Exception, true: Any, term: Any = 0) -> float:
    """The error of a result in ulp; what is beyond the floats may be infinite, or refused as an overflow."""
    if abs(true) > HUGE:
        return 0.0 if isinstance(got, OverflowError) or got == math.copysign(math.inf, true) else math.inf
    if isinstance(got, Exception) or not math.isfinite(got):
        return math.inf
    size = float(min(max(abs(true), abs(term)), HUGE))
    return float(abs(got - true) / math.ulp(size))


def attempt(function: Callable[..., Any], *xs: Any) -> Any:
    try:
        return function(*xs)
    except (ArithmeticError, ValueError) as error:
        return error


def test_every_operation_has_a_reference():
    assert REFERENCES.keys() | OF_MANY == BUILT_IN


@pytest.mark.parametrize("name", REFERENCES)
def test_value_within_the_stated_ulp(name):
    reference, off = REFERENCES[name], []
    for xs in arguments(name):
        exact = [mp.mpf(x) for x in xs]
        error = ulps(attempt(TABLE[name], *xs), reference.value(*exact), reference.term(*exact))
        if error > reference.ulps[0]:
            off.append((error, xs))
    assert not off, f"{len(off)} arguments, the worst {max(off)}"


@pytest.mark.parametrize("name", REFERENCES)
def test_derivative_within_the_stated_ulp(name):
    reference, row, off = REFERENCES[name], TABLE[name], []
    for xs in arguments(name):
        z = attempt(row, *xs)
        if isinstance(z, Exception) or any(max(abs(x), 1 / abs(x or 1.0)) > reference.reach for x in xs):
            continue
        exact = [mp.mpf(x) for x in xs]
        for i, partial in enumerate(reference.partials):
            if partial is None:
                continue
            try:
                true = partial(*exact)
            except ZeroDivisionError:
                continue
            if mp.isnan(true):
                continue
            got = attempt(row.local_derivatives, z, xs, [j == i for j in range(len(xs))])
            term = reference.terms[i](*exact) if reference.terms else 0
            error = ulps(got if isinstance(got, Exception) else got[i], true, term)
            if error > reference.ulps[1]:
                off.append((error, i, xs))
    assert not off, f"{len(off)} arguments, the worst {max(off)}"


@pytest.mark.parametrize("name", REFERENCES)
def test_array_rule_and_its_derivative_within_the_stated_ulp(name):
    reference, row, off = REFERENCES[name], TABLE[name], []
    points = [xs for xs in arguments(name) if not isinstance(attempt(row, *xs), Exception)][::2]
    if name in ("sigmoid", "silu", "softplus", "log_sigmoid"):  # for where exp(−x) overflows, see the next test
        points = [(x,) for (x,) in points if abs(x) < 709.0]
    columns = [np.array(column) for column in zip(*points, strict=True)]
    with np.errstate(all="ignore"):
        z = np.asarray(row.array(*columns))
    for xs, got in zip(points, z.tolist(), strict=True):
        exact = [mp.mpf(x) for x in xs]
        off.append((ulps(got, reference.value(*exact), reference.term(*exact)) / reference.ulps[0], xs))
    for i, partial in enumerate(reference.partials):
        if partial is None:
            continue
        wanted = [j == i for j in range(len(columns))]
        inside = [
            k
            for k, xs in enumerate(points)
            if all(1 / reference.reach <= abs(x or 1.0) <= reference.reach for x in xs)
            and not isinstance(attempt(row.local_derivatives, float(z[k]), xs, wanted), Exception)
        ]
        with np.errstate(all="ignore"):
            slopes = row.local_derivatives(z[inside], [column[inside] for column in columns], wanted)[i]
        for k, got in zip(inside, np.broadcast_to(slopes, len(inside)).tolist(), strict=True):
            exact = [mp.mpf(x) for x in points[k]]
            true = partial(*exact)
            if not mp.isnan(true):
                term = reference.terms[i](*exact) if reference.terms else 0
                off.append((ulps(got, true, term) / reference.ulps[1], points[k]))
    assert max(off)[0] <= 1.0, max(off)


@pytest.mark.parametrize("x", [-709.0, -709.8, -720.0, -745.0, -760.0])
def test_sigmoid_and_silu_of_arrays_may_vanish_where_they_are_next_to_nothing(x):
    for row in (autograd.sigmoid, autograd.silu):
        assert row(np.full(20, x))[0] == pytest.approx(row(x), rel=1e-15, abs=abs(x) * 1e-308)


SATURATED = {  # operation -> where it is, and its first and second derivative there, with 50 digits
    "sigmoid": (range(-740, 745, 37), sigmoid_slope, lambda x: -sigmoid_slope(x) * mp.tanh(mp.mpf(x) / 2)),
    "tanh": (range(-350, 360, 17), sech_squared, lambda x: -2 * mp.tanh(x) * sech_squared(mp.mpf(x))),
    "softplus": (range(-740, 745, 37), sigmoid, lambda x: sigmoid_slope(mp.mpf(x))),
    "silu": (
        range(-700, 710, 37),
        lambda x: sigmoid(x) + x * sigmoid_slope(x),
        lambda x: sigmoid_slope(mp.mpf(x)) * (2 - x * mp.tanh(mp.mpf(x) / 2)),
    ),
    "gelu": (range(-37, 38, 3), lambda x: normal_cdf(x) + x * phi(x), lambda x: (2 - x * x) * phi(mp.mpf(x))),
    "normal_cdf": (range(-37, 38, 3), phi, lambda x: -x * phi(mp.mpf(x))),
    "log_normal_cdf": (
        [*range(-60, 38, 3), *(-(10.0**k) for k in range(2, 150, 3))],
        lambda x: inverse_mills(mp.mpf(x)),
        lambda x: inverse_mills_slope(mp.mpf(x)),
    ),
    "elu": (range(-700, 0, 37), mp.exp, mp.exp),
    "selu": (range(-700, 0, 37), *[lambda x: SELU_SCALE * SELU_ALPHA * mp.exp(x)] * 2),
}


@pytest.mark.parametrize("name", SATURATED)
def test_first_and_second_derivatives_keep_their_digits_where_an_activation_saturates(name):
    where, first, second = SATURATED[name]
    for x in map(float, where):
        value = Value(x)
        slope = TABLE[name](value).derivative(value)
        assert slope.data == pytest.approx(float(first(mp.mpf(x))), rel=1e-15, abs=5e-324)
        assert slope.derivative(value).data == pytest.approx(float(second(mp.mpf(x))), rel=3e-15, abs=1e-300)


@pytest.mark.parametrize("name", REFERENCES)
def test_second_derivatives_agree_with_the_slope_of_the_first(name):
    reference, row = REFERENCES[name], TABLE[name]
    points = list(zip(*(ordinary(12, seed, 4.0) for seed in range(row.arity)), strict=True))
    points = [(x, y) for x, _ in points for y in reference.seconds] if reference.seconds else points
    points = [(n, x) for _, x in points for n in reference.firsts[:4]] if reference.firsts else points
    inside = [tuple(map(abs, xs)) if name.startswith("pow") else xs for xs in points]
    if name in ("logit", "erfinv", "erfinv_slope"):
        inside = [(abs(x) / 4.0,) for (x,) in points]
    checked = 0
    for xs in filter(lambda xs: reference.domain(*xs), inside):
        values = [Value(x) for x in xs]
        z = row(*values)
        for i, partial in enumerate(reference.partials):
            if partial is None:
                continue
            first = z.derivative(values[i])
            for j in range(len(reference.partials)):
                if reference.partials[j] is None:
                    continue
                order = [int(k == j) for k in range(row.arity)]
                true = mp.diff(partial, xs, order) if row.arity > 1 else mp.diff(partial, *xs)
                assert first.derivative(values[j]).data == pytest.approx(float(true), rel=1e-11, abs=1e-12)
                checked += 1
    assert checked


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 100])
def test_sum_and_dot_within_n_ulp_of_the_largest_term(n, scale):
    xs, ws = [scale * x for x in ordinary(n, 17, 1.0)], ordinary(n, 18, 1.0)
    assert ulps(autograd.sum(xs), mp.fsum(xs), max(xs, key=abs)) <= n
    products = [mp.mpf(w) * x for w, x in zip(ws, xs, strict=True)]
    assert ulps(dot(ws, xs), mp.fsum(products), max(products, key=abs)) <= n
    assert ulps(dot(ws, xs, scale), mp.fsum([scale, *products]), scale) <= n + 1


@pytest.mark.parametrize("size", [1e-3, 1.0, 30.0, 1000.0, 1e15, 1e307])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 100])
def test_logsumexp_and_its_partials_within_n_ulp_of_the_largest_term(n, size):
    xs = ordinary(n, 19, size)
    true = mp.log(mp.fsum([mp.exp(mp.mpf(x) - max(xs)) for x in xs])) + max(xs)
    assert ulps(logsumexp(xs), true, max(xs, key=abs)) <= n
    softmax = [mp.exp(x - true) for x in xs]
    for got, share in zip(logsumexp([Value(x) for x in xs]).partials(), softmax, strict=True):
        assert ulps(got, share, max(softmax)) <= n + 1


@pytest.mark.parametrize("size", [1e-300, 1e-200, 1.0, 1e200, 1e300])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 100])
def test_norm_and_its_derivatives_within_n_ulp_whatever_the_size(n, size):
    xs = ordinary(n, 20, size)
    exact = [mp.mpf(x) for x in xs]
    true = mp.sqrt(mp.fsum([x * x for x in exact]))
    assert ulps(norm(xs), true) <= n
    assert ulps(float(norm([np.array([x, x]) for x in xs])[0]), true) <= n
    values = [Value(x) for x in xs]
    slopes = norm(values).derivatives(values)
    assert [d.data for d in slopes] == pytest.approx([float(x / true) for x in exact], rel=1e-15 * n)
    seconds = [d.data for d in slopes[0].derivatives(values)]
    wanted = [float(((k == 0) - exact[0] * x / true**2) / true) for k, x in enumerate(exact)]
    assert seconds == pytest.approx(wanted, rel=1e-13, abs=1e-15 / size)
