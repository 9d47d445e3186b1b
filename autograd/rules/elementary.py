"""The float and array rules that need care: the naive formula would lose digits, overflow or fail at an edge.

A float rule works on floats and raises as Python does; an array rule works on NumPy arrays, elementwise.
A NaN operand gives a NaN.

Letters: x, y operands; z result; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd.conversion import Refusal

FloatOrArray = Any  # a NumPy array, or a float to be broadcast against one
ArrayRule = Callable[..., FloatOrArray]

MAX_ONE_BY_ONE = 16  # elements for which an elementwise rule is quicker than the many passes of an array rule
LN2, LOG2_E, LOG10_E = math.log(2.0), math.log2(math.e), math.log10(math.e)
LOG_SQRT_2PI = 0.9189385332046727
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, section 2


def elementwise(function: Callable[..., float]) -> ArrayRule:
    """Return the array rule that calls a float rule for each element; what the float rule refuses becomes NaN."""

    def call(*xs: float) -> float:
        try:
            return function(*map(float, xs))
        except Refusal:
            return math.nan

    def rule(*xs: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
        z = np.asarray(np.frompyfunc(call, len(xs), 1)(*xs), dtype=float)
        if out is None:
            return z
        out[...] = z
        return out

    return rule


def mended(
    z: FloatOrArray, function: Callable[..., float], xs: Sequence[FloatOrArray], where: FloatOrArray
) -> FloatOrArray:
    """Return an array rule's result, computed by the float rule where the array's formula is too plain."""
    if np.any(where):
        where, z, *xs = np.broadcast_arrays(where, z, *xs)
        z = np.array(z)
        z[where] = elementwise(function)(*[x[where] for x in xs])
    return z


def down_the_rows(function: Any) -> ArrayRule:
    """Return the array rule of an operation of many operands, which come as the rows of one array."""
    return functools.partial(function.reduce, axis=0)


def or_one_by_one(function: Callable[..., float], array: ArrayRule) -> ArrayRule:
    """Return the array rule, but the elementwise one for few elements, for which its many passes take longer."""
    each = elementwise(function)

    def rule(*xs: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
        return (each if max(map(np.size, xs)) <= MAX_ONE_BY_ONE else array)(*xs, out=out)

    return rule


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


def order_array(x: FloatOrArray, y: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """−1, 0 or 1 where x < y, x = y or x > y."""
    out = np.sign(np.subtract(x, y, out=out), out=out)
    if np.isnan(np.add.reduce(out, axis=None)):
        np.copyto(out, 0.0, where=np.equal(x, y))  # where ∞ − ∞ has made a NaN
    return out


def equal_array(x: FloatOrArray, y: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    out = order_array(x, y, out)
    return np.subtract(1.0, np.square(out, out=out), out=out)


def greater(x: float, y: float) -> float:
    """1 where x > y, ½ at a tie, else 0."""
    return 1.0 if x > y else 0.5 if x == y else 0.0 if x < y else math.nan


def greater_array(x: FloatOrArray, y: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
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


def clip_array(x: FloatOrArray, low: FloatOrArray, high: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    return np.minimum(np.maximum(x, low, out=out), high, out=out)


def relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


def leaky_relu(x: float, slope: float) -> float:
    return slope * x if x <= 0.0 else x


def leaky_relu_array(x: FloatOrArray, slope: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    out = np.multiply(x, slope, out=out)
    if isinstance(slope, float) and 0.0 < slope <= 1.0:  # a slope that is not learned: in place
        return np.maximum(x, out, out=out)
    out[...] = np.where(x > 0.0, x, out)
    return out


def elu(x: float) -> float:
    return math.expm1(x) if x <= 0.0 else x


def elu_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    out = np.expm1(np.minimum(x, 0.0, out=out), out=out)
    return np.maximum(x, out, out=out)  # eˣ − 1 ≥ x


def selu(x: float) -> float:
    return SELU_SCALE * (SELU_ALPHA * math.expm1(x) if x <= 0.0 else x)


def selu_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """First the size, which is the larger of x and α(1 − eˣ), for one of them is negative; then the sign."""
    out = np.expm1(np.minimum(x, 0.0, out=out), out=out)
    out = np.maximum(x, np.multiply(out, -SELU_ALPHA, out=out), out=out)
    return np.multiply(np.copysign(out, x, out=out), SELU_SCALE, out=out)


def hard_sigmoid(x: float) -> float:
    """relu6(x + 3) / 6, as PyTorch."""
    return clip(x + 3.0, 0.0, 6.0) / 6.0


def hard_sigmoid_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    out = clip_array(np.add(x, 3.0, out=out), 0.0, 6.0, out)
    return np.divide(out, 6.0, out=out)


def sech_squared(x: float) -> float:
    """1/cosh² x, of which tanh² x leaves few digits where it is small, and cosh² x none where that overflows."""
    e = math.exp(-2.0 * math.fabs(x))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


def sech_squared_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    out = np.exp(np.multiply(np.absolute(x, out=out), -2.0, out=out), out=out)
    return np.divide(4.0 * out, np.square(np.add(out, 1.0, out=out), out=out), out=out)


# Exponentials: none overflows into a result --------------------------------------------------------------------------


def sigmoid(x: float) -> float:
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def sigmoid_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """1 / (1 + exp(−x)), in place: four passes; where exp(−x) overflows, 0 for less than 10⁻³⁰⁸."""
    out = np.exp(np.negative(x, out=out), out=out)
    return np.divide(1.0, np.add(out, 1.0, out=out), out=out)  # NumPy's reciprocal takes longer on many elements


def silu(x: float) -> float:
    """x · σ(x)."""
    if x > -40.0:
        return x / (1.0 + math.exp(-x))
    half = math.exp(0.5 * x)  # σ(x) = eˣ here, in two factors, for it alone would underflow and lose its digits
    return x * half * half if half else -half


def silu_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """x / (1 + exp(−x)); where exp(−x) overflows, 0 for less than 10⁻³⁰⁵."""
    out = np.exp(np.negative(x, out=out), out=out)
    out = np.divide(x, np.add(out, 1.0, out=out), out=out)
    if np.isnan(np.add.reduce(out, axis=None)):
        np.copyto(out, 0.0, where=np.equal(x, -math.inf))  # where ∞ / ∞ has made a NaN
    return out


def softplus(x: float) -> float:
    return maximum(x, 0.0) + math.log1p(math.exp(-abs(x)))


def softplus_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """log(1 + eˣ), and x from 40 on, where eˣ could overflow and the rest is less than a rounding."""
    out = np.exp(np.minimum(x, 40.0, out=out), out=out)
    return np.maximum(x, np.log1p(out, out=out), out=out)


def logsumexp(*xs: float) -> float:
    top = maximum(*xs)
    if math.isinf(top) or top != top:
        return top
    return top + math.log(sum_left_to_right(*[math.exp(x - top) for x in xs]))


def logsumexp_array(rows: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    top = np.maximum.reduce(rows, axis=0)
    shifted = rows - top
    total = np.add.reduce(np.exp(shifted, out=shifted), axis=0)
    out = np.add(top, np.log(total, out=total), out=out)
    np.copyto(out, top, where=np.isinf(top))  # where ∞ − ∞ has made a NaN
    return out


def norm_array(rows: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """√Σx², of numbers divided by a power of two that makes the largest about 1."""
    largest = np.maximum.reduce(np.abs(rows), axis=0)
    _, e = np.frexp(largest)
    scaled = np.ldexp(rows, -e)
    out = np.ldexp(np.sqrt(np.add.reduce(np.square(scaled, out=scaled), axis=0)), e, out=out)
    if np.isnan(np.add.reduce(out, axis=None)):
        np.copyto(out, math.inf, where=np.any(np.isinf(rows), axis=0))  # as math.hypot, beside a NaN too
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


def dot_array(rows: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    n = len(rows) // 2
    total = np.add.reduce(rows[:n] * rows[n : 2 * n], axis=0)
    return np.add(total, rows[-1] if len(rows) % 2 else 0.0, out=out)


def dot_partials(z: Any, *operands: Any) -> tuple[Any, ...]:
    """∂/∂wᵢ = xᵢ, ∂/∂xᵢ = wᵢ, ∂/∂bias = 1."""
    n = len(operands) // 2
    return operands[n : 2 * n] + operands[:n] + (1.0,) * (len(operands) % 2)
