"""A scalar autograd engine: numbers that remember how they were made, and one table of operations.

>>> from autograd import Value
>>> x = Value(2.0, name="x")
>>> y = (x * x + 3 * x).named("y")
>>> y.backward()
>>> x.grad
7.0
"""

# ruff: noqa: A004  (abs, pow and sum are the field's names; import them, or the package, by choice)

from autograd.backward import topological_order
from autograd.operations import (
    TABLE,
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cbrt,
    clip,
    cos,
    cosh,
    degrees,
    div,
    dot,
    elu,
    equal,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floordiv,
    gaussian,
    gelu,
    greater,
    hard_sigmoid,
    hypot,
    identity,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    log_softmax,
    logsumexp,
    maximum,
    mean,
    minimum,
    mod,
    mul,
    neg,
    norm,
    normal_cdf,
    normal_pdf,
    operation,
    pow,
    radians,
    reciprocal,
    relu,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinc,
    sinh,
    softmax,
    softplus,
    softsign,
    sqrt,
    square,
    step,
    sub,
    sum,
    tan,
    tanh,
)
from autograd.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad
from autograd.value import Constant, Operation, Value
