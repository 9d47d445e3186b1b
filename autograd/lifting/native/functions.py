"""The rows of the table as functions of vectors, by name: the one place that the machine asks.

Those of single precision compute in double precision where a row is more than a few instructions, and round once.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.lifting.native import exponentials, hyperbolic, normal, powers, trigonometry
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
        trigonometry.sin, trigonometry.cos, trigonometry.tan, trigonometry.sinc, trigonometry.asin,
        trigonometry.acos, trigonometry.atan, trigonometry.atan2,
        normal.gaussian, normal.erf, normal.erfc, normal.normal_pdf, normal.normal_cdf, normal.gelu,
        normal.log_normal_cdf, normal.inverse_mills,
        powers.pow, powers.power_slope, powers.power_log, powers.cbrt, powers.direction, powers.inversion,
        powers.hypot, powers.norm,
        hyperbolic.sinh, hyperbolic.cosh, hyperbolic.tanh, hyperbolic.sech_squared, hyperbolic.asinh,
        hyperbolic.acosh, hyperbolic.atanh, hyperbolic.sigmoid, hyperbolic.silu, hyperbolic.softplus,
        hyperbolic.log_sigmoid, hyperbolic.logit, hyperbolic.logaddexp, hyperbolic.logsumexp,
        hyperbolic.softmax_share, hyperbolic.elu, hyperbolic.selu,
    )
}  # fmt: skip
