"""The derivative of one operation as a student writes it.

The rows of the table of operations hold the most accurate formulas; a few of them are written in another way by hand.
All others are written as in the row.

Letters: z operand, a result.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from autograd import Value
from autograd.rules.normal import INVERSE_SQRT_2PI, TWO_OVER_SQRT_PI
from viz.solutions.equations import unevaluated


def local_derivative(a: Value, z: Value) -> Value:
    """Return ∂a/∂z for an operation's result and one of its operands, an expression of the two.

    >>> from autograd import tanh
    >>> from viz import formula
    >>> z = Value(0.5, "z")
    >>> formula(local_derivative(tanh(z).named("a"), z))
    '1 - \\\\tanh(z)^{2}'
    """
    places = [i for i, x in enumerate(a.operands) if x is z]
    known = SLOPES.get(a.operation.name) if a.operation and len(places) == 1 and z.data else None
    if a.operation and a.operation.textbook:
        return a.operation.textbook(a, z)  # type: ignore[no-any-return]  # a rule of Values gives a Value
    if a.operation and a.operation.name == "logsumexp" and len(places) == 1:
        return unevaluated("exp", unevaluated("sub", z, a))
    return known[places[0]](a, *a.operands) if known else a.derivative(z)  # at 0 some have no such formula


def _square(x: Value) -> Value:
    return unevaluated("pow", x, Value(2.0))


def _times(x: Value, y: Value) -> Value:
    return unevaluated("mul", x, y)


def _over(x: Value, y: Value) -> Value:
    return unevaluated("div", x, y)


def _squares(x: Value, y: Value) -> Value:
    return unevaluated("add", _square(x), _square(y))


def _power(a: Value, x: Value, n: Value) -> Value:
    """Return n·xⁿ⁻¹, with the exponent worked out where it is a number."""
    if not n.constant:
        return _times(n, unevaluated("pow", x, unevaluated("sub", n, Value(1.0))))
    return _times(n, x if n.data == 2.0 else unevaluated("pow", x, Value(n.data - 1.0)))


def _bell(z: Value, factor: float, divisor: float) -> Value:
    """Return factor · e^(−z²/divisor), of which the normal distribution is made."""
    exponent = _square(z) if divisor == 1.0 else _over(_square(z), Value(divisor))
    return _times(Value(factor), unevaluated("exp", unevaluated("neg", exponent)))


def _density(z: Value) -> Value:
    """Return the density of the normal distribution."""
    return _bell(z, INVERSE_SQRT_2PI, 2.0)


def _sinc(a: Value, z: Value) -> Value:
    cosine = unevaluated("cos", _times(Value(math.pi, "pi"), z))
    return _over(unevaluated("sub", cosine, a), z)


# fmt: off
SLOPES: dict[str, tuple[Callable[..., Value], ...]] = {  # for each operand, of the result and all operands
    "relu": (lambda a, z: unevaluated("step", z),),
    "tan": (lambda a, z: unevaluated("add", Value(1.0), _square(a)),),
    "erf": (lambda a, z: _bell(z, TWO_OVER_SQRT_PI, 1.0),),
    "erfc": (lambda a, z: _bell(z, -TWO_OVER_SQRT_PI, 1.0),),
    "normal_cdf": (lambda a, z: _density(z),),
    "gelu": (lambda a, z: unevaluated("add", unevaluated("normal_cdf", z), _times(z, _density(z))),),
    "sinc": (_sinc,),
    "pow": (_power, lambda a, x, n: _times(a, unevaluated("log", x))),
    "hypot": (lambda a, x, y: _over(x, a), lambda a, x, y: _over(y, a)),
    "atan2": (
        lambda a, y, x: _over(x, _squares(x, y)),
        lambda a, y, x: unevaluated("neg", _over(y, _squares(x, y))),
    ),
}
# fmt: on
