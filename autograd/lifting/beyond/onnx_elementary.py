"""Elementary functions composed of ONNX's operators, in forms that keep their digits.

Letters: x, y operands; z result; a the size of x; c a condition or a factor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from autograd.lifting.beyond.onnx_graph import Tensor, choose
from autograd.rules.elementary import LN2


class Several(NamedTuple):
    """The operands of a row of any number of them: arrays, or the columns of the one array."""

    arrays: list[Tensor]
    columns: bool

    def map(self, function: Callable[[Tensor], Tensor]) -> Several:
        """Return what a function makes of each."""
        return Several([function(x) for x in self.arrays], self.columns)

    def total(self) -> Tensor:
        """Return their sum."""
        x = self.arrays[0]
        if not self.columns:
            return x.graph.node("Sum", *self.arrays)
        return x.graph.node("ReduceSum", x, x.graph.constant("one", np.array([1], np.int64)), keepdims=1)

    def extreme(self, name: str) -> Tensor:
        """Return their "Max" or "Min"."""
        x = self.arrays[0]
        return (
            x.graph.node(f"Reduce{name}", x, axes=[1], keepdims=1) if self.columns else x.graph.node(name, *self.arrays)
        )


def lacking(what: str, remedy: str) -> NotImplementedError:
    """Return the error that says what ONNX has no counterpart of."""
    return NotImplementedError(f"ONNX has no counterpart of {what}: {remedy}")


def operator(name: str, **attributes: int) -> Callable[..., Tensor]:
    """Return a row that is one of ONNX's operators."""
    return lambda x, *others: x.graph.node(name, x, *others, **attributes)


exp, log, sqrt, tanh, relu = operator("Exp"), operator("Log"), operator("Sqrt"), operator("Tanh"), operator("Relu")
sin, cos, sign, floor, rint = operator("Sin"), operator("Cos"), operator("Sign"), operator("Floor"), operator("Round")
larger, smaller, power, fmod = operator("Max"), operator("Min"), operator("Pow"), operator("Mod", fmod=1)


def polynomial(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """c₀ + c₁x + c₂x² + …, by Horner's rule."""
    total = x.graph.array(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


# Signs and remainders -------------------------------------------------------------------------------------------------


def is_negative(x: Tensor) -> Tensor:
    """Where x has a minus sign, −0 too."""
    return (x < 0.0) | (1.0 / x < 0.0)


def copysign(x: Tensor, y: Tensor) -> Tensor:
    return choose(is_negative(y), -abs(x), abs(x))


def odd(x: Tensor, z: Tensor) -> Tensor:
    """z, but −z where x is negative."""
    return choose(x < 0.0, -z, z)


def mod(x: Tensor, y: Tensor) -> Tensor:
    z = fmod(x, y)
    return choose(z == 0.0, copysign(z, y), choose((z < 0.0) ^ (y < 0.0), z + y, z))


def floordiv(x: Tensor, y: Tensor) -> Tensor:
    """As Python's: of the remainder, for floor(x / y) is 10 for 1.0 // 0.1."""
    z = fmod(x, y)
    quotient = (x - z) / y
    quotient = choose((z == 0.0) | ((z < 0.0) ^ (y >= 0.0)), quotient, quotient - 1.0)
    whole = floor(quotient)
    whole = choose(quotient - whole > 0.5, whole + 1.0, whole)
    return choose(y == 0.0, x / y, choose(whole == 0.0, copysign(whole, x / y), whole))


def equal(x: Tensor, y: Tensor) -> Tensor:
    return choose(x.is_nan | y.is_nan, math.nan, choose(x == y, 1.0, 0.0))


def greater(x: Tensor, y: Tensor) -> Tensor:
    return choose(x > y, 1.0, 0.5 * equal(x, y))


# Exponentials, logarithms and powers ----------------------------------------------------------------------------------


def expm1_below(x: Tensor) -> Tensor:
    """eˣ − 1 for x ≤ 1, all digits: with t = tanh(x / 2) it is 2t / (1 − t)."""
    t = tanh(0.5 * x)
    return 2.0 * t / (1.0 - t)


def expm1(x: Tensor) -> Tensor:
    return choose(x > 1.0, exp(x) - 1.0, expm1_below(x))


def log1p(x: Tensor) -> Tensor:
    """log(1 + x), all digits: with u = 1 + x it is x log(u) / (u − 1), and x where u is 1 (Kahan)."""
    u = 1.0 + x
    rest = u - 1.0
    return choose((rest == 0.0) | (u == math.inf), x, x * (log(u) / rest))


def logarithm(base: float, factor: float, x: Tensor) -> Tensor:
    """The logarithm to a base, whole where x is a power of it."""
    z = log(x) * factor
    whole = rint(z)
    return choose(power(x.graph.array(base), whole) == x, whole, z)


def cbrt(x: Tensor) -> Tensor:
    """∛x, after one of Newton's steps."""
    a = abs(x)
    z = power(a, a.graph.array(1.0 / 3.0))
    z = z - (z - a / z / z) / 3.0
    return odd(x, choose((a == 0.0) | (a == math.inf), a, z))


def power_slope(c: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return choose(c == 0.0, 0.0, c * power(x, y - 1.0))


def power_log(x: Tensor, y: Tensor) -> Tensor:
    return choose((x == 0.0) & (y > 0.0), 0.0, power(x, y) * log(x))


def sinh(x: Tensor) -> Tensor:
    a = abs(x)
    e, half = expm1(a), exp(0.5 * a)  # the half, because eˣ is infinite first
    return odd(x, choose(a > 20.0, 0.5 * half * half, 0.5 * (e + e / (e + 1.0))))


def cosh(x: Tensor) -> Tensor:
    half = exp(0.5 * abs(x))
    return 0.5 * half * half + 0.5 / half / half


def asinh(x: Tensor) -> Tensor:
    a = abs(x)
    far = a > 2.0**60
    near = a + a * a / (1.0 + sqrt(a * a + 1.0))
    return odd(x, log1p(choose(far, a, near)) + choose(far, LN2, 0.0))


def acosh(x: Tensor) -> Tensor:
    t, far = x - 1.0, x > 2.0**60
    z = log1p(choose(far, x, t + sqrt(t * (x + 1.0)))) + choose(far, LN2, 0.0)
    return choose(x < 1.0, math.nan, z)


def atanh(x: Tensor) -> Tensor:
    a = abs(x)
    return odd(x, 0.5 * log1p(2.0 * a / (1.0 - a)))


# The logistic function and its kin ------------------------------------------------------------------------------------


def sigmoid(x: Tensor) -> Tensor:
    """In two halves: e⁻ˣ would be infinite where the result is not yet 0."""
    e = exp(-abs(x))
    return choose(x < 0.0, e, 1.0) / (1.0 + e)


def softplus(x: Tensor) -> Tensor:
    return relu(x) + log1p(exp(-abs(x)))


def logaddexp(x: Tensor, y: Tensor) -> Tensor:
    return choose(x == y, x + LN2, larger(x, y) + log1p(exp(-abs(x - y))))


def logit(x: Tensor) -> Tensor:
    return choose(abs(x - 0.5) <= 0.25, 2.0 * atanh(2.0 * x - 1.0), log(x) - log1p(-x))


def logsumexp(xs: Several) -> Tensor:
    top = xs.extreme("Max")
    return top + log(xs.map(lambda x: exp(x - top)).total())


# Angles and the plane -------------------------------------------------------------------------------------------------


def angle(y: Tensor, x: Tensor) -> Tensor:
    """The angle of the point (x, y), 0 to π, for y ≥ 0: of a slope of at most tan π/8.

    That is the smaller of |x| and y over the larger or, nearer to the diagonal, the slope to that.
    """
    a = abs(x)
    low, high = smaller(y, a), larger(y, a)
    scale = choose(high > float(np.finfo(x.graph.dtype).max) / 4.0, 0.25, 1.0)
    low, high = low * scale, high * scale
    same = low == high
    steep = (low > (math.sqrt(2.0) - 1.0) * high) | (same & (high > 0.0))
    above = choose(same, 0.0, choose(steep, low - high, low))
    t = arctangent(above / choose(same, 1.0, choose(steep, low + high, high)))
    up, left = y > a, is_negative(x)
    eighths = choose(steep, 1.0, 0.0)
    eighths = choose(up, 2.0 - eighths, eighths)
    eighths = choose(left, 4.0 - eighths, eighths)
    return eighths * (math.pi / 4.0) + choose(up ^ left, -t, t)


def arctangent(t: Tensor) -> Tensor:
    """The angle whose tangent is t, for |t| ≤ tan π/8: twice that of half the angle, by its power series."""
    s = t / (1.0 + sqrt(1.0 + t * t))
    square = s * s
    return 2.0 * (s + s * square * polynomial(square, [(-1.0) ** k / (2 * k + 1) for k in range(1, 13)]))


def atan(x: Tensor) -> Tensor:
    return odd(x, angle(abs(x), x.graph.array(1.0)))


def asin(x: Tensor) -> Tensor:
    a = abs(x)
    return odd(x, angle(a, sqrt((1.0 - a) * (1.0 + a))))


def acos(x: Tensor) -> Tensor:
    return angle(sqrt((1.0 - x) * (1.0 + x)), x)


def atan2(y: Tensor, x: Tensor) -> Tensor:
    return copysign(angle(abs(y), x), y)


def norm(xs: Several) -> Tensor:
    largest = xs.map(abs).extreme("Max")
    scale = choose((largest == 0.0) | (largest == math.inf), 1.0, largest)
    return scale * sqrt(xs.map(lambda x: (x / scale) * (x / scale)).total())


def hypot(x: Tensor, y: Tensor) -> Tensor:
    return norm(Several([x, y], False))


def direction(x: Tensor, y: Tensor) -> Tensor:
    largest = larger(abs(x), abs(y))
    x, y = x / largest, y / largest
    return choose(largest == 0.0, 0.0, x / sqrt(x * x + y * y))


def inversion(x: Tensor, y: Tensor) -> Tensor:
    r = hypot(x, y)
    return x / r / r


def dot(xs: Several) -> Tensor:
    n = len(xs.arrays) // 2
    products = [w * x for w, x in zip(xs.arrays[:n], xs.arrays[n : 2 * n], strict=True)]
    return Several([*products, *xs.arrays[2 * n :]], False).total()
