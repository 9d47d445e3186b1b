"""The float and array rules that need care: the naive formula would lose digits, overflow or stumble at an edge.

A float rule works on floats and raises as Python does; an array rule works on NumPy arrays, elementwise.
A NaN operand gives a NaN.

Letters: x, y operands; z result; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any  # a NumPy array, or a float to be broadcast against one
ArrayRule = Callable[..., Array]

LN2, LN10, LOG2_E, LOG10_E = math.log(2.0), math.log(10.0), math.log2(math.e), math.log10(math.e)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
INVERSE_SQRT_2PI = 0.3989422804014327
SQRT_HALF, SQRT_HALF_LO = 0.7071067811865476, -4.833646656726457e-17
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, section 2


def elementwise(function: Callable[..., float]) -> ArrayRule:
    """Return the array rule that calls a float rule for each element; what the float rule refuses becomes NaN."""

    def call(*xs: float) -> float:
        try:
            return function(*map(float, xs))
        except (ArithmeticError, ValueError):
            return math.nan

    return lambda *xs: np.asarray(np.frompyfunc(call, len(xs), 1)(*xs), dtype=float)


def from_scipy(name: str, function: Callable[..., float]) -> ArrayRule:
    """Return the array rule of SciPy's special function, or, where SciPy is missing, the elementwise one."""

    @functools.cache
    def rule() -> ArrayRule:
        try:
            import scipy.special  # optional, and slow to import: only when first called
        except ImportError:
            return elementwise(function)
        return getattr(scipy.special, name)  # type: ignore[no-any-return]  # SciPy ships no types

    return lambda x: rule()(x)


# Powers ---------------------------------------------------------------------------------------------------------------


def power(x: float, y: float) -> float:
    """x ** y; a complex result is refused."""
    z = x**y
    if isinstance(z, complex):
        raise ValueError("a negative number to a fractional power is complex")
    return z


def power_slope(x: float, y: float) -> float:
    """∂(x ** y)/∂x = y · x ** (y − 1), and 0 where y = 0.

    The rounding error of y − 1 is put back: at x = 1e300 it alone would cost a hundred ulp.
    """
    if y == 0.0:
        return 0.0
    exponent = y - 1.0
    slope = y * power(x, exponent)
    shift = exponent - y
    lost = (y - (exponent - shift)) - (1.0 + shift)
    if lost and x > 0.0 and math.isfinite(slope):
        slope += slope * lost * math.log(x)
    return slope


def power_slope_array(x: Array, y: Array) -> Array:
    flat = np.equal(y, 0.0)
    return np.where(flat, 0.0, y * np.power(np.where(flat, 1.0, x), y - 1.0))


def power_log(x: float, y: float) -> float:
    """∂(x ** y)/∂y = x ** y · log x, and 0 where x = 0."""
    z = power(x, y)
    return z * math.log(x) if x else 0.0


def power_log_array(x: Array, y: Array) -> Array:
    zero = np.equal(x, 0.0)
    return np.where(zero, 0.0 * np.power(x, y), np.power(x, y) * np.log(np.where(zero, 1.0, x)))


def ratio(x: float, y: float) -> float:
    """x / y, and 0 where both are 0."""
    return x / y if x or y else 0.0


def ratio_array(x: Array, y: Array) -> Array:
    return np.divide(x, np.where(np.equal(x, 0.0) & np.equal(y, 0.0), 1.0, y))


# Piecewise ------------------------------------------------------------------------------------------------------------


def sign(x: float) -> float:
    """−1, 0 or 1."""
    return math.copysign(1.0, x) if x and x == x else x + 0.0


def step(x: float) -> float:
    """1 where x > 0, else 0: the derivative of relu."""
    return 1.0 if x > 0.0 else x * 0.0 if x != x else 0.0


def equal(x: float, y: float) -> float:
    """1 where x = y, else 0."""
    return 1.0 if x == y else 0.0 if x < y or x > y else math.nan


def equal_array(x: Array, y: Array) -> Array:
    return np.where(np.isnan(x) | np.isnan(y), np.nan, np.equal(x, y))


def greater(x: float, y: float) -> float:
    """1 where x > y, ½ at a tie, else 0."""
    return 1.0 if x > y else 0.5 if x == y else 0.0 if x < y else math.nan


def greater_array(x: Array, y: Array) -> Array:
    return np.where(np.isnan(x) | np.isnan(y), np.nan, np.heaviside(np.greater(x, y) * 2.0 + np.equal(x, y) - 1.0, 0.5))


def maximum(*xs: float) -> float:
    for x in xs:
        if x != x:
            return x
    return max(xs)


def minimum(*xs: float) -> float:
    for x in xs:
        if x != x:
            return x
    return min(xs)


def clip(x: float, low: float, high: float) -> float:
    return minimum(maximum(x, low), high)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    return slope * x if x <= 0.0 else x


def elu(x: float) -> float:
    return math.expm1(x) if x <= 0.0 else x


def elu_array(x: Array) -> Array:
    return np.where(x <= 0.0, np.expm1(np.minimum(x, 0.0)), x)


def selu(x: float) -> float:
    return SELU_SCALE * (SELU_ALPHA * math.expm1(x) if x <= 0.0 else x)


def selu_array(x: Array) -> Array:
    return SELU_SCALE * np.where(x <= 0.0, SELU_ALPHA * np.expm1(np.minimum(x, 0.0)), x)


def hard_sigmoid(x: float) -> float:
    """relu6(x + 3) / 6, as PyTorch."""
    return clip(x + 3.0, 0.0, 6.0) / 6.0


def hard_sigmoid_array(x: Array) -> Array:
    return np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0


# Exponentials: never of a positive number, so that nothing overflows ------------------------------------------------


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_array(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.where(np.less(x, 0.0), e, 1.0) / (1.0 + e)


def silu(x: float) -> float:
    return x * sigmoid(x)


def softplus(x: float) -> float:
    return maximum(x, 0.0) + math.log1p(math.exp(-abs(x)))


def softplus_array(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def logsumexp(*xs: float) -> float:
    top = maximum(*xs)
    if math.isinf(top) or top != top:
        return top
    return top + math.log(sum_left_to_right(*[math.exp(x - top) for x in xs]))


def logsumexp_array(*xs: Array) -> Array:
    top = functools.reduce(np.maximum, xs)
    base = np.where(np.isfinite(top), top, 0.0)
    return base + np.log(functools.reduce(np.add, [np.exp(x - base) for x in xs]))


# Sums -----------------------------------------------------------------------------------------------------------------


def sum_left_to_right(*xs: float) -> float:
    """x₁ + x₂ + …, one rounding each: the built-in sum compensates from Python 3.12 on, and so differs."""
    rest = iter(xs)
    total = next(rest, 0.0)
    for x in rest:
        total += x
    return total


def dot(*operands: float) -> float:
    """bias + w₁x₁ + w₂x₂ + …, left to right, of the operands w₁ … wₙ, x₁ … xₙ and, where odd, the bias."""
    n = len(operands) // 2
    products = map(operator.mul, operands[:n], operands[n:])
    total = operands[-1] if len(operands) % 2 else next(products, 0.0)
    for product in products:
        total += product
    return total


def dot_array(*operands: Array) -> Array:
    n = len(operands) // 2
    products = [w * x for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
    return functools.reduce(np.add, [*operands[2 * n :], *products])


def dot_partials(z: Any, *operands: Any) -> tuple[Any, ...]:
    """∂/∂wᵢ = xᵢ, ∂/∂xᵢ = wᵢ, ∂/∂bias = 1."""
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) % 2)


# The normal distribution ----------------------------------------------------------------------------------------------


def product_error(x: Array, y: Array) -> Array:
    """The rounding error of x · y, exactly (Dekker 1971), for operands far from overflow."""
    x_hi, y_hi = 134217729.0 * x, 134217729.0 * y
    x_hi, y_hi = x_hi - (x_hi - x), y_hi - (y_hi - y)
    x_lo, y_lo = x - x_hi, y - y_hi
    return ((x_hi * y_hi - x * y) + x_hi * y_lo + x_lo * y_hi) + x_lo * y_lo


def _gaussian(x: Array, scale: float, exp: ArrayRule) -> Array:
    """exp(−scale · x²) for |x| ≤ 40, with the rounding error of x² put back: hundreds of ulp where x is large."""
    return exp(-scale * (x * x)) * (1.0 - scale * product_error(x, x))


def within_40(x: float) -> float:
    """x, cut to the interval beyond which the normal distribution underflows."""
    return min(max(x, -40.0), 40.0)


def gaussian(x: float) -> float:
    """exp(−x²)."""
    return float(_gaussian(within_40(x), 1.0, math.exp))


def gaussian_array(x: Array) -> Array:
    return _gaussian(np.clip(x, -40.0, 40.0), 1.0, np.exp)


def normal_pdf(x: float) -> float:
    """exp(−x²/2) / √(2π)."""
    return INVERSE_SQRT_2PI * float(_gaussian(within_40(x), 0.5, math.exp))


def normal_pdf_array(x: Array) -> Array:
    return INVERSE_SQRT_2PI * _gaussian(np.clip(x, -40.0, 40.0), 0.5, np.exp)


def normal_cdf(x: float) -> float:
    """½ erfc(−x/√2), with the rounding error of x/√2 put back by one Taylor step."""
    x = within_40(x)
    t = -x * SQRT_HALF
    lost = -product_error(x, SQRT_HALF) - x * SQRT_HALF_LO
    return 0.5 * (math.erfc(t) - lost * TWO_OVER_SQRT_PI * math.exp(-t * t))


def gelu(x: float) -> float:
    return x * normal_cdf(x)


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


def sinc_factor(x: float, n: float) -> float:
    """F = jₙ(πx) / (πx)ⁿ, with jₙ the spherical Bessel function (Abramowitz and Stegun 1964, 10.1).

    F₀ is sinc, and dFₙ/dx = −π² x Fₙ₊₁: so sinc has derivatives of every order, at 0 too. Near 0 it is summed as a
    power series (10.1.2), elsewhere by Fₙ₊₁ = ((2n + 1) Fₙ − Fₙ₋₁) / (πx)² (10.1.19).
    """
    t = math.pi * x
    if abs(t) < n + 1.5:
        term = 1.0 / math.prod(range(1, 2 * int(n) + 2, 2))
        total, k = term, 0
        while abs(term) > 1e-20 * abs(total):
            k += 1
            term *= -t * t / (2.0 * k * (2.0 * (n + k) + 1.0))
            total += term
        return total
    before, factor = cos_pi(x), sinc(x)
    for k in range(int(n)):
        before, factor = factor, ((2 * k + 1) * factor - before) / t / t
    return factor
