"""The rows of the table composed of ONNX's operators.

For 64-bit floats onnxruntime has no Erf, Softplus, Elu, tangent or inverse of sine, and of what it has Sigmoid is 0 on
the left (1.32). So such rows are composed of what is there, in forms that keep their digits: relatively to 3e-13 for
64-bit floats, to 5e-5 and mostly 2e-6 for 32-bit ones. But next to a zero of sin, cos, tan, digamma, polygamma or
spherical_bessel the digits are those of the terms that cancel there.

Letters: x, y operands; z result; a the size of x; c a condition or a factor; n an order.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from autograd.lifting.beyond import onnx_elementary as elementary
from autograd.lifting.beyond import onnx_special as special
from autograd.lifting.beyond.onnx_elementary import Several, lacking, operator, relu, sigmoid
from autograd.lifting.beyond.onnx_graph import OnnxGraph, Operand, Tensor, choose
from autograd.operations import TABLE
from autograd.row import Operation
from autograd.rules.elementary import LOG2_E, LOG10_E, SELU_ALPHA, SELU_SCALE
from autograd.rules.normal import INVERSE_SQRT_2PI


def applied(graph: OnnxGraph, operation: Operation, operands: Sequence[Operand]) -> Tensor:
    """Return a row's results, elementwise.

    Raises:
        NotImplementedError: For what ONNX has no counterpart of, by its name.
    """
    arrays = [graph.array(x) for x in operands]
    if TABLE.get(operation.name) is not operation or operation.name not in RULES:
        raise NotImplementedError(
            f"the operation {operation.name} is one of your own, and ONNX has no rule for it: build it from the "
            "table's operations, or keep to the program"
        )
    if operation.arity is None:
        return RULES[operation.name](Several(arrays, False))
    if graph.dtype == np.float32 and operation.name in SINGLE:
        return graph.node(SINGLE[operation.name], *arrays)
    return RULES[operation.name](*arrays)


def reduced(operation: Operation, x: Tensor) -> Tensor:
    """Return the results of a row of any number of operands, which are the columns of an array."""
    return RULES[operation.name](Several([x], True))


# The table ------------------------------------------------------------------------------------------------------------


def rounded(x: Tensor, digits: Tensor) -> Tensor:
    if digits.number != 0.0:
        raise lacking("round to decimals, which are exact in Python", "round to whole numbers")
    return elementary.rint(x)


def polygamma(n: Tensor, x: Tensor) -> Tensor:
    if n.number != 0.0:
        raise lacking("polygamma, the derivative of digamma", "to_jax has it, or export the program without it")
    return special.digamma(x)


RULES: dict[str, Callable[..., Tensor]] = {
    "add": operator("Add"), "sub": operator("Sub"), "mul": operator("Mul"), "div": operator("Div"),
    "floordiv": elementary.floordiv, "mod": elementary.mod, "fmod": elementary.fmod, "neg": operator("Neg"),
    "identity": lambda x: x, "abs": abs, "sign": elementary.sign, "copysign": elementary.copysign,
    "square": lambda x: x * x, "reciprocal": operator("Reciprocal"),
    "pow": elementary.power, "power_slope": elementary.power_slope, "power_log": elementary.power_log,
    "direction": elementary.direction, "inversion": elementary.inversion, "hypot": elementary.hypot,
    "exp": elementary.exp, "exp2": lambda x: elementary.power(x.graph.array(2.0), x), "expm1": elementary.expm1,
    "log": elementary.log, "log2": functools.partial(elementary.logarithm, 2.0, LOG2_E),
    "log10": functools.partial(elementary.logarithm, 10.0, LOG10_E), "log1p": elementary.log1p,
    "sqrt": elementary.sqrt, "cbrt": elementary.cbrt, "logaddexp": elementary.logaddexp,
    "softmax_share": lambda x, y: sigmoid(choose(x == y, 0.0, x - y)),
    "lgamma": special.lgamma, "digamma": special.digamma, "polygamma": polygamma,
    "sin": elementary.sin, "cos": elementary.cos, "tan": lambda x: elementary.sin(x) / elementary.cos(x),
    "asin": elementary.asin, "acos": elementary.acos, "atan": elementary.atan, "atan2": elementary.atan2,
    "sinh": elementary.sinh, "cosh": elementary.cosh, "tanh": elementary.tanh,
    "sech_squared": lambda x: 4.0 * sigmoid(2.0 * x) * sigmoid(-2.0 * x),
    "asinh": elementary.asinh, "acosh": elementary.acosh, "atanh": elementary.atanh,
    "degrees": lambda x: x * (180.0 / math.pi), "radians": lambda x: x * (math.pi / 180.0),
    "sinc": special.sinc, "spherical_bessel": special.spherical_bessel,
    "gaussian": lambda x, y: special.bell(x, y, 1.0), "erf": special.erf, "erfc": special.erfc,
    "normal_pdf": lambda x, y: special.bell(x, INVERSE_SQRT_2PI * y, 0.5), "normal_cdf": special.normal_cdf,
    "log_normal_cdf": special.log_normal_cdf, "inverse_mills": special.inverse_mills,
    "inverse_mills_slope": special.inverse_mills_slope,
    "erfinv": special.erfinv, "erfinv_slope": special.erfinv_slope,
    "sigmoid": sigmoid, "log_sigmoid": lambda x: -elementary.softplus(-x), "logit": elementary.logit, "relu": relu,
    "leaky_relu": lambda x, slope: choose(x > 0.0, x, slope * x),
    "elu": lambda x: choose(x > 0.0, x, elementary.expm1_below(x)),
    "selu": lambda x: SELU_SCALE * choose(x > 0.0, x, SELU_ALPHA * elementary.expm1_below(x)),
    "gelu": special.gelu, "silu": lambda x: x * sigmoid(x), "softplus": elementary.softplus,
    "softsign": lambda x: x / (1.0 + abs(x)),
    "hard_sigmoid": lambda x: elementary.smaller(relu(x + 3.0), x.graph.array(6.0)) / 6.0,
    "step": lambda x: choose(x.is_nan, x, choose(x > 0.0, 1.0, 0.0)),
    "equal": elementary.equal, "greater": elementary.greater,
    "clip": lambda x, low, high: elementary.smaller(elementary.larger(x, low), high),
    "where": lambda c, x, y: choose(c.is_nan, c, choose(c == 0.0, y, x)),
    "branch_taken": lambda c: choose(c == 0.0, math.nan, c),
    "floor": elementary.floor, "ceil": operator("Ceil"),
    "trunc": lambda x: elementary.sign(x) * elementary.floor(abs(x)), "round": rounded,
    "maximum": lambda xs: xs.extreme("Max"), "minimum": lambda xs: xs.extreme("Min"),
    "peak": lambda xs: xs.extreme("Max"), "sum": Several.total, "dot": elementary.dot,
    "logsumexp": elementary.logsumexp, "norm": elementary.norm,
}  # fmt: skip

# What runtimes have for 32-bit floats alone, within a few ulp; Erf and Softplus are 0 too early in OpenVINO 2026.4.
SINGLE = {
    "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "asinh": "Asinh",
    "acosh": "Acosh", "atanh": "Atanh", "softsign": "Softsign",
}  # fmt: skip
