"""A scalar autograd engine: numbers that remember how they were made, and one table of operations.

value, row, operations, rules: Values, the rows of the table, the table, and its longer rules.
own_operations: user-defined rows.
backward, transforms: the reverse sweep, and derivatives of functions.
parsing, copying: expressions as text; deep copies and pickles of graphs.
checking: gradients checked by finite differences and against numbers derived by hand.
lifting: one recorded graph turned into a NumPy program over a batch.

>>> from autograd import Value
>>> x = Value(2.0, name="x")
>>> y = (x * x + 3 * x).named("y")
>>> y.backward()
>>> x.grad
7.0
"""

# ruff: noqa: A004, I001  (abs, pow and sum are the field's names; the table's names stand in the table's order)

from pathlib import Path

if Path(__file__).with_name("core.py").exists():
    raise ImportError(
        f"{Path(__file__).parent} holds both handgrad's autograd and PyPI's (HIPS), which overwrite each other: run "
        "`pip uninstall autograd handgrad`, then `pip install handgrad`; keep the two in separate environments"
    )

from autograd.backward import topological_order
from autograd.checking.finite_differences import check_gradients
from autograd.checking.hand_derived import assert_gradients
from autograd.parsing import parse
from autograd.lifting import Program, vectorize
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad
from autograd.row import Operation
from autograd.value import Constant, Value

# fmt: off
from autograd.operations import (
    TABLE, add, sub, mul, div, floordiv, mod, neg, identity, abs as abs, sign, square, reciprocal,
    pow as pow, power_slope, power_log, direction, inversion, hypot,
    exp, exp2, expm1, log, log2, log10, log1p, sqrt, cbrt, sin, cos, tan,
    logaddexp, softmax_share, lgamma, digamma, polygamma,
    asin, acos, atan, atan2, sinh, cosh, tanh, sech_squared, asinh, acosh, atanh, degrees, radians, sinc,
    spherical_bessel, gaussian, erf, erfc, normal_pdf, normal_cdf, log_normal_cdf, inverse_mills, inverse_mills_slope,
    erfinv, erfinv_slope,
    fmod, copysign, where, branch_taken, floor, ceil, trunc, round as round,
    sigmoid, log_sigmoid, logit, relu, leaky_relu, elu, selu, gelu, silu, softplus,
    softsign, hard_sigmoid, step, equal, greater, maximum, minimum, peak, clip, sum as sum, dot, logsumexp,
    norm, mean, softmax, log_softmax,
)
from autograd.own_operations import operation

# Without sum, abs, pow and round: a star is not to replace what is built in.
__all__ = [  # noqa: RUF022  (in the order of a reader's interest)
    "Constant", "Operation", "Value", "topological_order", "grad", "hessian", "hvp", "jacobian", "jvp",
    "value_and_grad", "Program", "vectorize", "check_gradients", "assert_gradients", "parse",
    "TABLE", "operation", "add", "sub", "mul",
    "div", "floordiv", "mod", "neg", "identity", "sign", "square", "reciprocal", "power_slope",
    "power_log", "direction", "inversion", "hypot",
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "sech_squared",
    "asinh", "acosh", "atanh", "degrees", "radians", "sinc", "spherical_bessel",
    "logaddexp", "softmax_share", "lgamma", "digamma", "polygamma",
    "gaussian", "erf", "erfc", "normal_pdf", "normal_cdf", "log_normal_cdf", "inverse_mills",
    "inverse_mills_slope", "erfinv", "erfinv_slope",
    "fmod", "copysign", "log_sigmoid", "logit", "where", "branch_taken", "floor", "ceil", "trunc",
    "sigmoid", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "hard_sigmoid",
    "step", "equal", "greater", "maximum", "minimum", "peak", "clip", "dot", "logsumexp", "norm", "mean",
    "softmax", "log_softmax",
]
# fmt: on
