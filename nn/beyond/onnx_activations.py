"""The activations in ONNX's operators: how each is written, and in which other ways it is read.

An expression is a tuple: the operator, then its operands; "x" is the net input, a float a constant. Where an operator
of its own would lose digits in onnxruntime, or is not there for 64-bit floats, the function is composed of others:
its Sigmoid is 0 from −19 on, its Elu near 0 off by 1 %; LeakyRelu, Elu, Selu, Softplus, Softsign, HardSigmoid and Erf
are there for 32 bits alone (onnxruntime 1.32).
"""

from __future__ import annotations

import math
from typing import Any

from autograd.rules.elementary import SELU_ALPHA, SELU_SCALE

Expression = str | float | tuple[Any, ...]

X = "x"
POSITIVE = ("Greater", X, 0.0)
ONE_PLUS_EXP = ("Add", 1.0, ("Exp", ("Neg", X)))  # 1 + e⁻ˣ


def _expm1() -> Expression:
    """eˣ − 1 for x ≤ 0, all digits: with t = tanh(x / 2) it is 2t / (1 − t)."""
    t = ("Tanh", ("Mul", 0.5, X))
    return ("Div", ("Mul", 2.0, t), ("Sub", 1.0, t))


def _log1p_exp() -> Expression:
    """log(1 + t), t = e^−|x|, all digits: with u = 1 + t it is t log(u) / (u − 1), and t where u is 1 (Kahan)."""
    t = ("Exp", ("Neg", ("Abs", X)))
    u = ("Add", 1.0, t)
    rest = ("Sub", u, 1.0)
    return ("Where", ("Equal", rest, 0.0), t, ("Mul", t, ("Div", ("Log", u), rest)))


def _gelu(root: float) -> Expression:
    return ("Mul", ("Mul", 0.5, X), ("Add", 1.0, ("Erf", ("Mul", root, X))))


# The one that is written; then others that mean the same.
EXPRESSIONS: dict[str, list[Expression]] = {
    "sigmoid": [("Reciprocal", ONE_PLUS_EXP), ("Sigmoid", X), ("Div", 1.0, ONE_PLUS_EXP)],
    "tanh": [("Tanh", X)],
    "relu": [("Relu", X), ("Max", X, 0.0), ("Clip", X, 0.0)],
    "leaky_relu": [("Where", POSITIVE, X, ("Mul", 0.01, X)), ("LeakyRelu", X)],
    "elu": [("Where", POSITIVE, X, _expm1()), ("Elu", X)],
    "selu": [("Mul", SELU_SCALE, ("Where", POSITIVE, X, ("Mul", SELU_ALPHA, _expm1()))), ("Selu", X)],
    "gelu": [
        _gelu(math.sqrt(0.5)),
        ("Gelu", X),
        ("Mul", ("Mul", X, ("Add", ("Erf", ("Div", X, math.sqrt(2.0))), 1.0)), 0.5),
        ("Mul", X, ("Mul", ("Add", ("Erf", ("Div", X, math.sqrt(2.0))), 1.0), 0.5)),
        ("Mul", ("Mul", 0.5, X), ("Add", ("Erf", ("Div", X, math.sqrt(2.0))), 1.0)),
    ],
    "silu": [("Div", X, ONE_PLUS_EXP), ("Mul", X, ("Sigmoid", X)), ("Swish", X)],
    "softplus": [
        ("Add", ("Relu", X), _log1p_exp()),
        ("Softplus", X),
        ("Log", ("Add", ("Exp", X), 1.0)),
        *(("Where", ("Greater", X, threshold), X, ("Softplus", X)) for threshold in (20.0, 40.0)),  # PyTorch's
    ],
    "log_sigmoid": [("Neg", ("Add", ("Relu", ("Neg", X)), _log1p_exp())), ("Log", ("Sigmoid", X))],
    "softsign": [("Div", X, ("Add", 1.0, ("Abs", X))), ("Softsign", X)],
    "hard_sigmoid": [("Min", 1.0, ("Max", 0.0, ("Add", 0.5, ("Div", X, 6.0)))), ("HardSigmoid", X)],
    "softmax": [("Softmax", X)],
    "exp": [("Exp", X)],
    "sin": [("Sin", X)],
    "cos": [("Cos", X)],
    "abs": [("Abs", X)],
    "square": [("Mul", X, X), ("Pow", X, 2.0)],
    "sqrt": [("Sqrt", X)],
    "log": [("Log", X)],
    "reciprocal": [("Reciprocal", X), ("Div", 1.0, X)],
    "neg": [("Neg", X)],
}
FLOAT32_ALONE = {"gelu": "Erf"}  # the operator that onnxruntime has for 32 bits alone, where no others compose it
COMMUTATIVE = {"Add", "Mul", "Max", "Min", "Equal"}
# The attributes that change what an operator means: what one is where it is left out, and then all that it may be.
ATTRIBUTES: dict[str, dict[str, tuple[Any, ...]]] = {
    "Elu": {"alpha": (1.0, 1.0)},
    "Flatten": {"axis": (1, 1)},
    "Gelu": {"approximate": (b"none", b"none")},
    "HardSigmoid": {"alpha": (0.2, 1.0 / 6.0), "beta": (0.5, 0.5)},
    "LeakyRelu": {"alpha": (0.01, 0.01)},
    "Selu": {"alpha": (SELU_ALPHA, SELU_ALPHA), "gamma": (SELU_SCALE, SELU_SCALE)},
    "Softmax": {"axis": (-1, -1, 1)},
    "Swish": {"alpha": (1.0, 1.0)},
    "Transpose": {"perm": ([1, 0], [1, 0])},
}


def size(expression: Expression) -> int:
    """Return the number of operators in an expression."""
    return 1 + sum(map(size, expression[1:])) if isinstance(expression, tuple) else 0


# What is larger comes first: e.g. the sigmoid is a reciprocal too.
READ = sorted(
    [(name, expression) for name, expressions in EXPRESSIONS.items() for expression in expressions],
    key=lambda entry: -size(entry[1]),
)
