"""Hyperbolic functions, their inverses and the logistic activations of vectors in double precision.

Letters: x, y operands; z result; a the size of x; e an exponential, p · 2ᵏ where it may be too small to be a float.
"""

from __future__ import annotations

import math

from autograd.lifting.native.functions.coefficients import SINH
from autograd.lifting.native.functions.exponentials import LN2, exp, exp_parts, expm1, log, log1p, scaled
from autograd.lifting.native.functions.numerics import polynomial
from autograd.lifting.native.vectors import Vector, choose, copysign, larger, maximum, multiply_add, sqrt
from autograd.rules.elementary import SELU_ALPHA, SELU_SCALE

FAR = 2.0**60  # from here on √(x² ± 1) is |x|

# Hyperbolic -----------------------------------------------------------------------------------------------------------


def half_exp(a: Vector) -> Vector:
    """½eᵃ, which is a float where eᵃ no longer is."""
    p, k = exp_parts(a)
    return scaled(p, k - 1.0)


def sinh(x: Vector) -> Vector:
    """sinh x: a polynomial for |x| < 1, where the exponentials would cancel."""
    a = abs(x)
    square, half = a * a, half_exp(a)
    return copysign(choose(a < 1.0, multiply_add(a * square, polynomial(square, SINH), a), half - 0.25 / half), x)


def cosh(x: Vector) -> Vector:
    """cosh x."""
    half = half_exp(abs(x))
    return half + 0.25 / half


def tanh(x: Vector) -> Vector:
    """tanh x, of e^(−2|x|) − 1, which neither overflows nor cancels."""
    e = expm1(-2.0 * abs(x))
    return copysign(e / (e + 2.0), x)


def sech_squared(x: Vector) -> Vector:
    """1 / cosh² x."""
    p, k = exp_parts(-2.0 * abs(x))
    below = 1.0 + scaled(p, k)
    return scaled(4.0 * p / (below * below), k)


def asinh(x: Vector) -> Vector:
    """arsinh x = log(1 + |x| + x² / (1 + √(1 + x²))), with the sign of x."""
    a = abs(x)
    far = a > FAR
    near = a + a * a / (1.0 + sqrt(a * a + 1.0))
    return copysign(log1p(choose(far, a, near)) + choose(far, LN2, 0.0), x)


def acosh(x: Vector) -> Vector:
    """arcosh x = log(1 + t + √(t (x + 1))) with t = x − 1; NaN for x < 1."""
    t = x - 1.0
    far = x > FAR
    z = log1p(choose(far, x, t + sqrt(t * (x + 1.0)))) + choose(far, LN2, 0.0)
    return choose(x < 1.0, math.nan, z)


def atanh(x: Vector) -> Vector:
    """artanh x = ½ log(1 + 2|x| / (1 − |x|)), with the sign of x; NaN for |x| > 1."""
    a = abs(x)
    return copysign(0.5 * log1p(2.0 * a / (1.0 - a)), x)


# Logistic -------------------------------------------------------------------------------------------------------------


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + e⁻ˣ), on the left as eˣ / (1 + eˣ)."""
    e = exp(-abs(x))
    return choose(x < 0.0, e, 1.0) / (1.0 + e)


def silu(x: Vector) -> Vector:
    """x · σ(x)."""
    p, k = exp_parts(-abs(x))
    left = x < 0.0
    above = choose(left, larger(x, -1400.0) * p, x)
    return scaled(above / (1.0 + scaled(p, k)), choose(left, k, 0.0))


def softplus(x: Vector) -> Vector:
    """log(1 + eˣ)."""
    return larger(x, 0.0) + log1p(exp(-abs(x)))


def log_sigmoid(x: Vector) -> Vector:
    """log σ(x)."""
    return -softplus(-x)


def logit(x: Vector) -> Vector:
    """log(x / (1 − x)), of the larger of x and 1 − x divided by the smaller, less 1, which does not cancel near ½."""
    low, tiny, d = x < 0.5, abs(x) < 2.0**-900, 2.0 * x - 1.0
    below = choose(low, x, 1.0 - x) * choose(tiny, 2.0**200, 1.0)
    z = log1p(choose(low, -d, d) / below) + choose(tiny, 200.0 * LN2, 0.0)
    return choose(low, -z, z)


def logaddexp(x: Vector, y: Vector) -> Vector:
    """log(eˣ + eʸ)."""
    return larger(x, y) + log1p(exp(-choose(x == y, 0.0, abs(x - y))))


def logsumexp(*xs: Vector) -> Vector:
    """log Σ eˣ, where the largest is ∞ or −∞ that."""
    top = xs[0]
    for x in xs[1:]:
        top = maximum(top, x)
    total = exp(xs[0] - top)
    for x in xs[1:]:
        total = total + exp(x - top)
    return choose(abs(top) == math.inf, top, top + log(total))


def softmax_share(x: Vector, y: Vector) -> Vector:
    """eˣ / (eˣ + eʸ) = σ(x − y), with the rounding error of x − y put back."""
    d = choose(x == y, 0.0, x - y)
    part = sigmoid(d)
    v = d - x
    lost = choose((abs(d) < 1e3) & (d != 0.0), (x - (d - v)) - (y + v), 0.0)
    return multiply_add(part * (1.0 - part), lost, part)


# Exponential units ----------------------------------------------------------------------------------------------------


def elu(x: Vector) -> Vector:
    """x where it is positive, else eˣ − 1."""
    return choose(x > 0.0, x, expm1(x))


def selu(x: Vector) -> Vector:
    """λx where x is positive, else λα(eˣ − 1)."""
    return SELU_SCALE * choose(x > 0.0, x, SELU_ALPHA * expm1(x))
