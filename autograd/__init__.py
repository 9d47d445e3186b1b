"""A scalar autograd engine: numbers that remember how they were made, and one table of operations.

>>> from autograd import Value
>>> x = Value(2.0, name="x")
>>> y = (x * x + 3 * x).named("y")
>>> y.backward()
>>> x.grad
7.0
"""

# ruff: noqa: A004, I001  (abs, pow and sum are the field's names; the table's names stand in the table's order)

from autograd.backward import topological_order
from autograd.checks import assert_gradients, check_gradients
from autograd.expression import parse
from autograd.lifting import Program, vectorize
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad
from autograd.row import Operation
from autograd.value import Constant, Value

# fmt: off
from autograd.operations import (
    TABLE, operation, add, sub, mul, div, floordiv, mod, neg, identity, abs, sign, square, reciprocal, pow,
    power_slope, power_log, direction, inversion, hypot,
    exp, exp2, expm1, log, log2, log10, log1p, sqrt, cbrt, sin, cos, tan,
    logaddexp, softmax_share, lgamma, digamma, polygamma,
    asin, acos, atan, atan2, sinh, cosh, tanh, asinh, acosh, atanh, degrees, radians, sinc, spherical_bessel,
    gaussian, erf, erfc, normal_pdf, normal_cdf, log_normal_cdf, inverse_mills, erfinv, erfinv_slope,
    fmod, copysign, log_sigmoid, logit, where, branch_taken, floor, ceil, trunc, round,
    sigmoid, relu, leaky_relu, elu, selu, gelu, silu, softplus,
    softsign, hard_sigmoid, step, equal, greater, maximum, minimum, peak, clip, sum, dot, logsumexp, mean, norm,
    softmax, log_softmax,
)

__all__ = [  # noqa: RUF022  (in the order of a reader's interest)
    "Constant", "Operation", "Value", "topological_order", "grad", "hessian", "hvp", "jacobian", "jvp",
    "value_and_grad", "Program", "vectorize", "check_gradients", "assert_gradients", "parse",
    "TABLE", "operation", "add", "sub", "mul",
    "div", "floordiv", "mod", "neg", "identity", "abs", "sign", "square", "reciprocal", "pow", "power_slope",
    "power_log", "direction", "inversion", "hypot",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "degrees", "radians", "sinc", "spherical_bessel",
    "logaddexp", "softmax_share", "lgamma", "digamma", "polygamma",
    "gaussian", "erf", "erfc", "normal_pdf", "normal_cdf", "log_normal_cdf", "inverse_mills", "erfinv", "erfinv_slope",
    "fmod", "copysign", "log_sigmoid", "logit", "where", "branch_taken", "floor", "ceil", "trunc", "round",
    "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "hard_sigmoid",
    "step", "equal", "greater", "maximum", "minimum", "peak", "clip", "sum", "dot", "logsumexp", "mean", "norm",
    "softmax", "log_softmax",
]
# fmt: on
