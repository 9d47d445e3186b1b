"""The float and array rules of the gamma function's logarithm and its derivatives: lgamma, digamma, polygamma.

Each is a power series near its roots, an asymptotic series for large x, and the recurrence between them; a negative x
is split into its nearest pole −m and the distance ε to it. Formulas by their numbers in Abramowitz and Stegun (1964).

Letters: x = ε − m operand; n order, s = n + 1; t distance from where a series is developed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from autograd.rules.elementary import LOG_SQRT_2PI, FloatOrArray, elementwise
from autograd.rules.normal import MAX_ORDER, sin_pi

MIN_ASYMPTOTIC = 10.0  # from here on the asymptotic series have all digits
ONE_LESS_EULER = 0.42278433509846713  # 1 − γ = ψ(2)
ROOT, ROOT_LO = 1.4616321449683622, 9.549995429965697e-17  # where ψ is 0, and lgamma least
LEAST = -0.12148629053584961
BASIN = 1.2, 1.75  # where the series at the root serve
# fmt: off
BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
             854513 / 138, -236364091 / 2730]  # B₂, B₄, …
ZETA = [  # ζ(k) − 1 for k = 2, 3, …
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
    0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
    0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05, 1.528225940865187e-05,
    7.637197637899763e-06, 3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08, 1.4901554828365043e-08,
    7.45071178983543e-09, 3.725334024788457e-09, 1.862659723513049e-09, 9.313274324196682e-10]
AT_ROOT = [  # ψ⁽ᵏ⁾ / k! at the root for k = 1, 2, …
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652, 0.10782405069126237,
    -0.07219956125645471, 0.04880428816414311, -0.03316112647484736, 0.022597648232218104, -0.01542476590494896,
    0.010538791616612175, -0.007204534386356869, 0.004926781395729853, -0.003369801655439328, 0.002305126326734928,
    -0.0015769367714301972, 0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602,
    -0.0003454680251063077, 0.00023635601564027053, -0.00016170622091974803]
# fmt: on
# The series of lgamma(2 + t) (6.1.33), of ψ(2 + t) (6.3.14) and of (ψ(1 + t) − ψ(1 − t)) / 2, without ζ's ones, in t².
LGAMMA_AT_TWO = [ONE_LESS_EULER, *[(-1) ** k * z / k for k, z in enumerate(ZETA, 2)]]
DIGAMMA_AT_TWO = [ONE_LESS_EULER, *[(-1) ** k * z for k, z in enumerate(ZETA, 2)]]
ODD_AT_ONE = ZETA[::2]
LGAMMA_AT_ROOT = [0.0, *[c / k for k, c in enumerate(AT_ROOT, 2)]]
LGAMMA_FAR = [b / (2 * j * (2 * j - 1)) for j, b in enumerate(BERNOULLI, 1)]  # Stirling's series (6.1.40)
DIGAMMA_FAR = [b / (2 * j) for j, b in enumerate(BERNOULLI, 1)]  # (6.3.18)


def polynomial(coefficients: Sequence[float], t: float) -> float:
    """c₀ + c₁t + c₂t² + …, of an array too."""
    total = 0.0
    for c in reversed(coefficients):
        total = c + t * total
    return total


def from_pole(x: float) -> tuple[float, float]:
    """The distance ε of x from the nearest whole number, exactly, and m where that is −m; ValueError at a pole."""
    whole = float(round(x))
    if x == whole and x <= 0.0:
        raise ValueError("expected no whole number below 1")
    return x - whole, -whole


def lgamma(x: float) -> float:
    """log |Γ(x)|."""
    if math.isinf(x) or x != x:
        return x * x
    if x < 0.0:
        e, m = from_pole(x)  # by Γ(x) Γ(1 − x) = π / sin πx (6.1.17)
        return -math.log(abs(sin_pi(e)) / math.pi) - lgamma(m + 1.0 - e)
    if x >= MIN_ASYMPTOTIC:
        z = (x - 0.5) * (math.log(x) - 1.0) + (LOG_SQRT_2PI - 0.5 + polynomial(LGAMMA_FAR, 1.0 / x / x) / x)
        if math.isinf(z):
            raise OverflowError("math range error")
        return z
    if x < 0.5:
        from_pole(x)
        return x * polynomial(LGAMMA_AT_TWO, x) - math.log1p(x) - math.log(x)
    if BASIN[0] <= x <= BASIN[1]:
        t = (x - ROOT) - ROOT_LO
        return LEAST + t * polynomial(LGAMMA_AT_ROOT, t)
    if x < 1.5:
        t = x - 1.0
        return t * polynomial(LGAMMA_AT_TWO, t) - math.log1p(t)
    product = 1.0
    while x > 2.5:
        x -= 1.0
        product *= x
    t = x - 2.0
    return t * polynomial(LGAMMA_AT_TWO, t) + math.log(product)


def digamma(x: float) -> float:
    """ψ(x), the derivative of lgamma."""
    if x < 0.0:
        if math.isinf(x):
            raise ValueError("expected more than -inf, where there is no limit")
        e, m = from_pole(x)  # by ψ(1 − x) − ψ(x) = π cot πx (6.3.7)
        odd = e / (1.0 - e * e) + e * polynomial(ODD_AT_ONE, e * e)
        return digamma(m + 1.0 - e) + 2.0 * odd - 1.0 / e
    if x >= MIN_ASYMPTOTIC:
        return math.log(x) - (0.5 + polynomial(DIGAMMA_FAR, 1.0 / x / x) / x) / x
    if BASIN[0] <= x <= BASIN[1]:
        t = (x - ROOT) - ROOT_LO
        return t * polynomial(AT_ROOT, t)
    if x < 0.5:
        from_pole(x)
        return polynomial(DIGAMMA_AT_TWO, x) - 1.0 / (1.0 + x) - 1.0 / x
    if x < 1.5:
        return polynomial(DIGAMMA_AT_TWO, x - 1.0) - 1.0 / x
    total = 0.0
    while x > 2.5:
        x -= 1.0
        total += 1.0 / x
    return total + polynomial(DIGAMMA_AT_TWO, x - 2.0)


def polygamma(n: float, x: float) -> float:
    """ψ⁽ⁿ⁾(x), the n-th derivative of digamma, which is (−1)ⁿ⁺¹ n! Σ 1/(x + k)ⁿ⁺¹ (6.4.10)."""
    if n != n or x != x:
        return n + x
    if not (0.0 <= n <= MAX_ORDER and n == int(n)):
        raise ValueError(f"expected a whole order from 0 to {MAX_ORDER}, got {n}")
    if n == 0.0:
        return digamma(x)
    s = int(n) + 1
    sign = -1.0 if s % 2 else 1.0
    if math.isinf(x):
        if x < 0.0:
            raise ValueError("expected more than -inf, where there is no limit")
        return sign * 0.0
    if x >= 0.5:
        return sign * times_zeta(s, x)
    e, m = from_pole(x)
    total = factorial_over_power(1.0, s, e) + times_zeta(s, 1.0 + e)
    if m:  # the poles on the other side of x
        total += sign * (times_zeta(s, 1.0 - e) - times_zeta(s, m + 1.0 - e))
    return sign * total


def factorial_over_power(factor: float, s: int, x: float) -> float:
    """A factor times (s − 1)! / xˢ, each of which may overflow."""
    factorial = math.factorial(s - 1)
    shift = max(0, factorial.bit_length() - 64)
    (a, i), (b, j), (c, k) = math.frexp(factor), math.frexp(factorial >> shift), math.frexp(x)
    return math.ldexp(a * b / c**s, i + j + shift - k * s)


def times_zeta(s: int, x: float) -> float:
    """(s − 1)! Σ 1/(x + k)ˢ for x ≥ ½: the first terms, and the others by Euler and Maclaurin (3.6.28, 23.2.9).

    The sum is that of (x / (x + k))ˢ, by its logarithm, which costs no digits: a small term may be less exact.
    """
    count = max(0, math.ceil(MIN_ASYMPTOTIC + s - x))
    y = x + count
    far = math.exp(-s * math.log1p(count / x)) * (y / (s - 1) + 0.5 + euler_maclaurin(s, y))
    terms = [math.exp(-s * math.log1p(k / x)) for k in range(count)]
    return factorial_over_power(math.fsum([*terms, far]), s, x)


def euler_maclaurin(s: int, y: float) -> float:
    """Σ B₂ⱼ / (2j)! · s (s + 1) … (s + 2j − 2) / y²ʲ⁻¹, of an array too."""
    rest = 0.0
    for j in range(len(BERNOULLI), 0, -1):
        step = (s + 2 * j - 2) / (2 * j - 1) / (2 * j) / y
        rest = step * (BERNOULLI[j - 1] + (s + 2 * j - 1) / y * rest)
    return rest


# Arrays ---------------------------------------------------------------------------------------------------------------


def lgamma_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """As `lgamma`, all its cases at once; a pole gives NaN."""
    t, steps = towards_two(x)
    z = t * polynomial(LGAMMA_AT_TWO, t)
    product = np.ones_like(t)
    for y in steps:
        product *= y
    z += np.log(product)
    low = x < BASIN[0]
    np.subtract(z, np.log1p(t), out=z, where=low)
    np.subtract(z, np.log(x), out=z, where=x < 0.5)
    far = np.maximum(x, MIN_ASYMPTOTIC)
    series = LOG_SQRT_2PI - 0.5 + polynomial(LGAMMA_FAR, 1.0 / far / far) / far
    np.copyto(z, (far - 0.5) * (np.log(far) - 1.0) + series, where=x >= MIN_ASYMPTOTIC)
    u = (x - ROOT) - ROOT_LO
    return completed(z, LEAST + u * polynomial(LGAMMA_AT_ROOT, u), x, lgamma, out)


def digamma_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """As `digamma`, all its cases at once; a pole gives NaN."""
    t, steps = towards_two(x)
    z = np.zeros_like(t)
    for y in steps:
        z += np.where(y > 1.0, 1.0 / y, 0.0)
    z += polynomial(DIGAMMA_AT_TWO, t)
    np.subtract(z, 1.0 / (1.0 + x), out=z, where=x < 0.5)
    np.subtract(z, 1.0 / x, out=z, where=x < BASIN[0])
    far = np.maximum(x, MIN_ASYMPTOTIC)
    np.copyto(z, np.log(far) - (0.5 + polynomial(DIGAMMA_FAR, 1.0 / far / far) / far) / far, where=x >= MIN_ASYMPTOTIC)
    u = (x - ROOT) - ROOT_LO
    return completed(z, u * polynomial(AT_ROOT, u), x, digamma, out)


def polygamma_array(n: FloatOrArray, x: FloatOrArray) -> FloatOrArray:
    """As `polygamma`: at once for one order of all and x ≥ ½, where xⁿ⁺¹ is neither huge nor tiny, else one by one."""
    order = np.ravel(n)[0] if np.size(n) else 0.0
    if not (np.all(n == order) and 1.0 <= order <= 20.0 and order == int(order)):
        return elementwise(polygamma)(n, x)
    s = int(order) + 1
    count = int(MIN_ASYMPTOTIC) + s
    y = x + count
    z = np.exp(-s * np.log1p(count / x)) * (y / (s - 1) + 0.5 + euler_maclaurin(s, y))
    for k in range(count - 1, -1, -1):
        z += np.exp(-s * np.log1p(k / x))
    power = x**s
    z *= (-1.0) ** s * math.factorial(s - 1) / power
    rest = ~((x >= 0.5) & (power < 1e270))
    if rest.any():
        z[rest] = elementwise(polygamma)(order, x[rest])
    return z


def towards_two(x: FloatOrArray) -> tuple[FloatOrArray, list[FloatOrArray]]:
    """Where the series at two is taken, and the numbers on the way there, each x less 1, 2, …, or 1 if not needed."""
    y, steps = np.minimum(np.maximum(x, BASIN[1]), MIN_ASYMPTOTIC), []
    for _ in range(int(MIN_ASYMPTOTIC) - 2):
        above = y > 2.5
        y = y - above
        steps.append(np.where(above, y, 1.0))
    low = np.where(x < 0.5, x, x - 1.0)
    return np.where(x < BASIN[0], np.minimum(np.maximum(low, -0.5), 0.5), y - 2.0), steps


def completed(
    z: FloatOrArray, basin: FloatOrArray, x: FloatOrArray, function: Callable[[float], float], out: FloatOrArray
) -> FloatOrArray:
    """Put in the series at the root, and where x is negative, 0, infinite or NaN the float rule."""
    np.copyto(z, basin, where=(x >= BASIN[0]) & (x <= BASIN[1]))
    rest = ~((x > 0.0) & (x < np.inf))
    if rest.any():
        z[rest] = elementwise(function)(x[rest])
    if out is None:
        return z
    out[...] = z
    return out
