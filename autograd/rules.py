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
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, section 2


def elementwise(function: Callable[..., float]) -> ArrayRule:
    """Return the array rule that calls a float rule for each element; what the float rule refuses becomes NaN."""

    def call(*xs: float) -> float:
        try:
            return function(*map(float, xs))
        except (ArithmeticError, ValueError):
            return math.nan

    def rule(*xs: Array, out: Array = None) -> Array:
        z = np.asarray(np.frompyfunc(call, len(xs), 1)(*xs), dtype=float)
        if out is None:
            return z
        out[...] = z
        return out

    return rule


def down_the_rows(function: Any) -> ArrayRule:
    """Return the array rule of an operation of many operands, which come as the rows of one array."""
    return functools.partial(function.reduce, axis=0)


def from_scipy(name: str, function: Callable[..., float]) -> ArrayRule:
    """Return the array rule of SciPy's special function, or, where SciPy is missing, the elementwise one."""

    @functools.cache
    def rule() -> ArrayRule:
        try:
            import scipy.special  # optional, and slow to import: only when first called
        except ImportError:
            return elementwise(function)
        return getattr(scipy.special, name)  # type: ignore[no-any-return]  # SciPy ships no types

    return lambda x, out=None: rule()(x, out=out)


# Powers ---------------------------------------------------------------------------------------------------------------


def power(x: float, y: float) -> float:
    """x ** y; a complex result is refused."""
    z: float | complex = x**y
    if isinstance(z, complex):
        raise ValueError("a negative number to a fractional power is complex")
    return z


def times_power(c: float, x: float, y: float) -> float:
    """c · x ** y, also where x ** y alone is beyond the floats, or too small to have all its digits."""
    try:
        z = power(x, y)
    except OverflowError:
        if abs(c) >= 1.0:
            raise
        z = math.inf
    if 1e-290 < abs(z) < math.inf:
        return c * z
    half = math.copysign(abs(x) ** (0.5 * y), z)
    return c * abs(half) * half


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
    if lost and x > 0.0 and math.isfinite(slope):
        slope += slope * (lost * math.log(x))
    return slope


def power_slope_array(c: Array, x: Array, y: Array) -> Array:
    flat = np.equal(c, 0.0)
    return np.where(flat, 0.0, c * np.power(np.where(flat, 1.0, x), y - 1.0))


def power_log(x: float, y: float) -> float:
    """∂(x ** y)/∂y = x ** y · log x, and 0 where x = 0."""
    return times_power(math.log(x), x, y) if x else 0.0 * power(x, y)


def power_log_array(x: Array, y: Array) -> Array:
    zero = np.equal(x, 0.0)
    return np.where(zero, 0.0 * np.power(x, y), np.power(x, y) * np.log(np.where(zero, 1.0, x)))


# The plane: x² + y² can overflow, or underflow, where the result is an ordinary number -------------------------------


def scaled(x: float, y: float) -> tuple[float, float, int]:
    """x and y, divided by a power of two that makes the larger about 1, and its exponent."""
    _, e = math.frexp(max(abs(x), abs(y)))
    return math.ldexp(x, -e), math.ldexp(y, -e), e


def scaled_array(x: Array, y: Array) -> tuple[Array, Array, Array]:
    _, e = np.frexp(np.maximum(np.abs(x), np.abs(y)))
    return np.ldexp(x, -e), np.ldexp(y, -e), e


def direction(x: float, y: float) -> float:
    """x / √(x² + y²), and 0 where both are 0."""
    x, y, _ = scaled(x, y)
    return x / math.hypot(x, y) if x or y else 0.0


def direction_array(x: Array, y: Array) -> Array:
    x, y, _ = scaled_array(x, y)
    length = np.hypot(x, y)
    return x / np.where(length == 0.0, 1.0, length)


def inversion(x: float, y: float) -> float:
    """x / (x² + y²)."""
    a, b, e = scaled(x, y)
    return math.ldexp(math.ldexp(x, 600 - e) / (a * a + b * b), -600 - e)  # 600: above the last, uneven floats


def inversion_array(x: Array, y: Array) -> Array:
    x, y, e = scaled_array(x, y)
    return np.ldexp(x / (x * x + y * y), -e)


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


def order_array(x: Array, y: Array, out: Array = None) -> Array:
    """−1, 0 or 1 where x < y, x = y or x > y."""
    out = np.sign(np.subtract(x, y, out=out), out=out)
    if np.isnan(np.add.reduce(out, axis=None)):
        np.copyto(out, 0.0, where=np.equal(x, y))  # where ∞ − ∞ has made a NaN
    return out


def equal_array(x: Array, y: Array, out: Array = None) -> Array:
    out = order_array(x, y, out)
    return np.subtract(1.0, np.square(out, out=out), out=out)


def greater(x: float, y: float) -> float:
    """1 where x > y, ½ at a tie, else 0."""
    return 1.0 if x > y else 0.5 if x == y else 0.0 if x < y else math.nan


def greater_array(x: Array, y: Array, out: Array = None) -> Array:
    out = order_array(x, y, out)
    return np.multiply(np.add(out, 1.0, out=out), 0.5, out=out)


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


def clip_array(x: Array, low: Array, high: Array, out: Array = None) -> Array:
    return np.minimum(np.maximum(x, low, out=out), high, out=out)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    return slope * x if x <= 0.0 else x


def leaky_relu_array(x: Array, slope: Array, out: Array = None) -> Array:
    out = np.multiply(x, slope, out=out)
    if isinstance(slope, float) and 0.0 < slope <= 1.0:  # a slope that is not learned: in place
        return np.maximum(x, out, out=out)
    out[...] = np.where(x > 0.0, x, out)
    return out


def elu(x: float) -> float:
    return math.expm1(x) if x <= 0.0 else x


def elu_array(x: Array, out: Array = None) -> Array:
    out = np.expm1(np.minimum(x, 0.0, out=out), out=out)
    return np.maximum(x, out, out=out)  # eˣ − 1 ≥ x


def selu(x: float) -> float:
    return SELU_SCALE * (SELU_ALPHA * math.expm1(x) if x <= 0.0 else x)


def selu_array(x: Array, out: Array = None) -> Array:
    """First the size, which is the larger of x and α(1 − eˣ), for one of them is negative; then the sign."""
    out = np.expm1(np.minimum(x, 0.0, out=out), out=out)
    out = np.maximum(x, np.multiply(out, -SELU_ALPHA, out=out), out=out)
    return np.multiply(np.copysign(out, x, out=out), SELU_SCALE, out=out)


def hard_sigmoid(x: float) -> float:
    """relu6(x + 3) / 6, as PyTorch."""
    return clip(x + 3.0, 0.0, 6.0) / 6.0


def hard_sigmoid_array(x: Array, out: Array = None) -> Array:
    out = clip_array(np.add(x, 3.0, out=out), 0.0, 6.0, out)
    return np.divide(out, 6.0, out=out)


# Exponentials: none overflows into a result --------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_array(x: Array, out: Array = None) -> Array:
    """1 / (1 + exp(−x)), in place: four passes; where exp(−x) overflows, 1 / ∞ is the right 0."""
    out = np.exp(np.negative(x, out=out), out=out)
    return np.divide(1.0, np.add(out, 1.0, out=out), out=out)  # NumPy's reciprocal takes longer on many elements


def silu(x: float) -> float:
    """x · σ(x)."""
    if x > -40.0:
        return x / (1.0 + math.exp(-x))
    half = math.exp(0.5 * x)  # σ(x) = eˣ here, in two factors, for it alone would underflow and lose its digits
    return x * half * half


def softplus(x: float) -> float:
    return maximum(x, 0.0) + math.log1p(math.exp(-abs(x)))


def softplus_array(x: Array, out: Array = None) -> Array:
    """log(1 + eˣ), and x from 40 on, where eˣ could overflow and the rest is less than a rounding."""
    out = np.exp(np.minimum(x, 40.0, out=out), out=out)
    return np.maximum(x, np.log1p(out, out=out), out=out)


def logsumexp(*xs: float) -> float:
    top = maximum(*xs)
    if math.isinf(top) or top != top:
        return top
    return top + math.log(sum_left_to_right(*[math.exp(x - top) for x in xs]))


def logsumexp_array(rows: Array, out: Array = None) -> Array:
    top = np.maximum.reduce(rows, axis=0)
    shifted = rows - top
    total = np.add.reduce(np.exp(shifted, out=shifted), axis=0)
    out = np.add(top, np.log(total, out=total), out=out)
    np.copyto(out, top, where=np.isinf(top))  # where ∞ − ∞ has made a NaN
    return out


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


def dot_array(rows: Array, out: Array = None) -> Array:
    n = len(rows) // 2
    total = np.add.reduce(rows[:n] * rows[n : 2 * n], axis=0)
    return np.add(total, rows[-1] if len(rows) % 2 else 0.0, out=out)


def dot_partials(z: Any, *operands: Any) -> tuple[Any, ...]:
    """∂/∂wᵢ = xᵢ, ∂/∂xᵢ = wᵢ, ∂/∂bias = 1."""
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) % 2)
