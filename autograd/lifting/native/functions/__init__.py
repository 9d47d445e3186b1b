"""The rows of the table as functions of vectors, by name: the one place that the machine asks.

Those of single precision compute in double precision where a row is more than a few instructions, and round once.
Left to NumPy are rows whose series have as many terms as their operands ask for, and round, whose decimals are decimal.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.lifting.native import vectors
from autograd.lifting.native.functions import (
    exponentials,
    gamma,
    hyperbolic,
    normal,
    piecewise,
    powers,
    rounding,
    trigonometry,
)
from autograd.lifting.native.vectors import Vector


def in_double(function: Callable[..., Vector]) -> Callable[..., Vector]:
    """Return a function of double precision for vectors of either precision, with one rounding to single."""

    def call(*xs: Vector) -> Vector:
        if xs[0].lanes.element == "float64":
            return function(*xs)
        return function(*[x.widened() for x in xs]).narrowed()

    return call


FUNCTIONS: dict[str, Callable[..., Vector]] = {
    function.__name__: in_double(function)
    for function in (
        exponentials.exp, exponentials.exp2, exponentials.expm1, exponentials.log, exponentials.log2,
        exponentials.log10, exponentials.log1p,
        powers.pow, powers.power_slope, powers.power_log, powers.cbrt, powers.hypot, powers.norm, powers.direction,
        powers.inversion,
        gamma.lgamma, gamma.digamma,
        trigonometry.sin, trigonometry.cos, trigonometry.tan, trigonometry.asin, trigonometry.acos, trigonometry.atan,
        trigonometry.atan2, trigonometry.sinc,
        hyperbolic.sinh, hyperbolic.cosh, hyperbolic.tanh, hyperbolic.sech_squared, hyperbolic.asinh,
        hyperbolic.acosh, hyperbolic.atanh, hyperbolic.sigmoid, hyperbolic.silu, hyperbolic.softplus,
        hyperbolic.log_sigmoid, hyperbolic.logit, hyperbolic.logaddexp, hyperbolic.logsumexp,
        hyperbolic.softmax_share, hyperbolic.elu, hyperbolic.selu,
        normal.gaussian, normal.erf, normal.erfc, normal.normal_pdf, normal.normal_cdf, normal.gelu,
        normal.log_normal_cdf, normal.inverse_mills, normal.erfinv, normal.erfinv_slope,
        rounding.floor, rounding.ceil, rounding.trunc, rounding.fmod, rounding.mod, rounding.floordiv,
    )
}  # fmt: skip
FUNCTIONS |= {
    function.__name__: function
    for function in (
        piecewise.add, piecewise.sub, piecewise.mul, piecewise.div, piecewise.neg, piecewise.identity,
        piecewise.square, piecewise.reciprocal, piecewise.degrees, piecewise.radians, piecewise.dot, piecewise.sign,
        piecewise.step, piecewise.equal, piecewise.greater, piecewise.maximum, piecewise.minimum, piecewise.clip,
        piecewise.where, piecewise.branch_taken, piecewise.relu, piecewise.leaky_relu, piecewise.softsign,
        piecewise.hard_sigmoid, vectors.copysign, vectors.sqrt,
    )
}  # fmt: skip
FUNCTIONS |= {"abs": piecewise.absolute, "sum": piecewise.total, "peak": piecewise.maximum}

LEFT_TO_NUMPY = frozenset({"inverse_mills_slope", "polygamma", "round", "spherical_bessel"})
ROUND = in_double(rounding.rint)  # round, where its number of decimals is 0 for all rows
