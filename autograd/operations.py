"""The table of operations, one row each.

A row is name, glyph, formula, float rule, array rule, partial derivatives, and what else other modules need to know
(`Operation` lists the fields): its domain and bounds, how it is called, how Python writes it, what algebra makes of it.
The most frequent rows have a reverse rule of their own, `accumulate`, which says the same as the partials in less time.
From the row alone come eager evaluation, backward, higher derivatives, drawings, LaTeX and the vectorised program. The
partial derivatives are written in the table's own operations, so they are floats of floats, arrays of arrays and Values
of Values. A derivative that would lose digits, or fail at an edge, when written plainly has a row that does not
(`gaussian`, `power_slope`, …).

Letters: x, y operands; z result. The partials stand in the order of the operands.
"""

# ruff: noqa: A001  (abs, pow and sum are the field's names, and this module never means the built-in ones)
# ruff: noqa: E702  (declarations stand side by side)

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.arguments import each_of_a_list, of_a_list, pairs, several, spread
from autograd.backward import accumulate_add, accumulate_dot, accumulate_mul
from autograd.conversion import to_float
from autograd.documentation import method_docstring
from autograd.row import Operation, method, operators
from autograd.rules import elementary, gamma, normal, powers, probabilities, rounding
from autograd.rules.elementary import LN2, LOG2_E, LOG10_E, SELU_ALPHA, SELU_SCALE
from autograd.rules.normal import INVERSE_SQRT_2PI, TWO_OVER_SQRT_PI
from autograd.symbols import Symbol
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.calls import Clip, Dot, LeakyRelu, OfAList, OfMany, OfOne, OfThree, OfTwo, Round, Scaled, Where

TABLE = Operation.table


def row(*columns: Any, **options: Any) -> Any:  # Any: each row is declared below by how it is called
    """Enter an operation in the table; one that is called with a single operand becomes a method of Value too."""
    entry = TABLE[columns[0]] = Operation(*columns, **options)
    required = [p.default for p in entry.__signature__.parameters.values()].count(inspect.Parameter.empty)
    if entry.arity and required == 1:
        setattr(Value, entry.name, method(entry, entry.name))
    if isinstance(entry.array, np.ufunc):
        Value.ufuncs[entry.array] = entry
    return entry


def shares(weights: Sequence[Any]) -> list[Any]:
    """Return each weight as a fraction of their sum."""
    total = sum(weights)
    return [weight / total for weight in weights]


def tie_partials(z: Any, *xs: Any) -> list[Any]:
    """The derivatives of a maximum or minimum: the operands that tie for it share 1 equally."""
    return shares([equal(x, z) for x in xs])


def logsumexp_partials(z: Any, *xs: Any) -> list[Any]:
    """The softmax: e^(x − z), divided by its sum because at z = 1000 the rounding of z alone costs 500 ulp.

    Where z is infinite, so is what it comes from, which shares 1.
    """
    if math.isinf(number_of(z)):
        return tie_partials(z, *xs)
    return shares([exp(x - z) for x in xs])


def norm_partials(z: Any, *xs: Any) -> list[Any]:
    """x / z, and at 0, where the norm has no derivative, 0, as of hypot."""
    return [direction(x, z) if number_of(z) == 0.0 else x / z for x in xs]


def number_of(x: Any) -> Any:
    """Return the number that a float or a Value has; of an array, and of a Symbol, NaN."""
    return x._data if isinstance(x, Value) else x if isinstance(x, float) else math.nan


def sides(condition: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The operands of where: the chosen side is called if it is a function, the other one never.

    A condition that is a Value may turn out otherwise when the graph is computed anew. If the other side is a function,
    and so not in the graph, the condition is `branch_taken`, which refuses that.
    """
    if not callable(a) and not callable(b):
        return condition, a, b
    remembers = isinstance(condition, Value)
    if condition.data if remembers else to_float(condition):
        if callable(b):
            condition, b = branch_taken(condition) if remembers else condition, 0.0
        return condition, a() if callable(a) else a, b
    if not callable(a):
        return condition, a, b()
    b = b() if callable(b) else b
    return (branch_taken(equal(condition, 0.0)), b, 0.0) if remembers else (condition, 0.0, b)


# fmt: off
# How each row is called, for type checkers (`calls.pyi`); a rule may name a row ahead of its own line.
add: OfTwo; sub: OfTwo; mul: OfTwo; div: OfTwo; floordiv: OfTwo; mod: OfTwo; fmod: OfTwo; neg: OfOne; identity: OfOne
abs: OfOne; sign: OfOne; copysign: OfTwo; square: OfOne; reciprocal: OfOne; pow: OfTwo; power_slope: OfThree
power_log: OfTwo; direction: OfTwo; inversion: OfTwo; hypot: OfTwo
exp: OfOne; exp2: OfOne; expm1: OfOne; log: OfOne; log2: OfOne; log10: OfOne; log1p: OfOne; sqrt: OfOne; cbrt: OfOne
logaddexp: OfTwo; softmax_share: OfTwo; lgamma: OfOne; digamma: OfOne; polygamma: OfTwo
sin: OfOne; cos: OfOne; tan: OfOne; asin: OfOne; acos: OfOne; atan: OfOne; atan2: OfTwo; sinh: OfOne; cosh: OfOne
tanh: OfOne; sech_squared: OfOne; asinh: OfOne; acosh: OfOne; atanh: OfOne; degrees: OfOne; radians: OfOne
sinc: OfOne; spherical_bessel: OfTwo
gaussian: Scaled; erf: OfOne; erfc: OfOne; normal_pdf: Scaled; normal_cdf: OfOne; log_normal_cdf: OfOne
inverse_mills: OfOne; inverse_mills_slope: OfOne; erfinv: OfOne; erfinv_slope: OfOne
sigmoid: OfOne; log_sigmoid: OfOne; logit: OfOne; relu: OfOne; leaky_relu: LeakyRelu; elu: OfOne; selu: OfOne
gelu: OfOne; silu: OfOne; softplus: OfOne; softsign: OfOne; hard_sigmoid: OfOne
step: OfOne; equal: OfTwo; greater: OfTwo; maximum: OfMany; minimum: OfMany; peak: OfMany; clip: Clip; where: Where
branch_taken: OfOne; floor: OfOne; ceil: OfOne; trunc: OfOne; round: Round
sum: OfAList; dot: Dot; logsumexp: OfAList; norm: OfAList

# name, glyph, formula, float rule, array rule,
# partial derivatives, and the optional columns (autograd/row.py)

# Arithmetic: Python's operators, and the rows that pow and hypot differentiate by.
add          = row("add",          "+",     r"x + y",                   operator.add,          np.add,
                   [1.0, 1.0], accumulate=accumulate_add, algebra="sum", python="x + y")
sub          = row("sub",          "−",     r"x - y",                   operator.sub,          np.subtract,
                   [1.0, -1.0], algebra="difference", python="x - y")
mul          = row("mul",          "×",     r"x \cdot y",               operator.mul,          np.multiply,
                   [lambda z, x, y: y, lambda z, x, y: x],
                   accumulate=accumulate_mul, algebra="product", python="x * y")
div          = row("div",          "÷",     r"\frac{x}{y}",             operator.truediv,      np.divide,
                   [lambda z, x, y: 1.0 / y, lambda z, x, y: -z / y],
                   domain="y ≠ 0", algebra="quotient", python="x / y")
floordiv     = row("floordiv",     "⌊÷⌋",   r"\lfloor \frac{x}{y} \rfloor", operator.floordiv,     np.floor_divide,
                   [0.0, 0.0], domain="y ≠ 0", python="x // y")
mod          = row("mod",          "mod",   r"x \operatorname{mod} y",  operator.mod,          np.mod,
                   [1.0, lambda z, x, y: -floordiv(x, y)], domain="y ≠ 0", python="x % y")
fmod         = row("fmod",         "fmod",  r"\operatorname{fmod}(x, y)", math.fmod,             np.fmod,
                   [1.0, lambda z, x, y: round((z - x) / y)], domain="a finite x and y ≠ 0")
neg          = row("neg",          "−",     r"-x",                      operator.neg,          np.negative,
                   [-1.0], algebra="negative", python="-x")
identity     = row("identity",     "=",     r"x",                       operator.pos,          np.positive,
                   [1.0], algebra="identity", python="x")
abs          = row("abs",          "|x|",   r"|x|",                     operator.abs,          np.absolute,
                   [lambda z, x: sign(x)], bounds=(0.0, inf))
sign         = row("sign",         "sign",  r"\operatorname{sign}(x)",  elementary.sign,       np.sign,
                   [0.0], bounds=(-1.0, 1.0))
copysign     = row("copysign",     "±",     r"\operatorname{copysign}(x, y)", math.copysign,         np.copysign,
                   [lambda z, x, y: sign(x) * copysign(1.0, y), 0.0])
square       = row("square",       "x²",    r"x^{2}",                   lambda x: x * x,       np.square,
                   [lambda z, x: 2.0 * x], algebra="square", bounds=(0.0, inf))
reciprocal   = row("reciprocal",   "1/x",   r"\frac{1}{x}",             lambda x: 1.0 / x,     np.reciprocal,
                   [lambda z, x: -z * z], domain="x ≠ 0")
pow          = row("pow",          "xʸ",    r"x^{y}",                   powers.power,          np.power,
                   [lambda z, x, y: power_slope(y, x, y), lambda z, x, y: power_log(x, y)],
                   domain="x > 0, or a whole y (x = 0: y ≥ 0); "
                          "a Value y has a derivative only for x > 0, or x = 0 and y > 0",
                   algebra="power", python="x ** y")
power_slope  = row("power_slope",  "x·yᶻ⁻¹", r"x \cdot y^{z - 1}",
                   powers.power_slope, powers.power_slope_array,
                   [lambda z, c, x, y: pow(x, y - 1.0), lambda z, c, x, y: power_slope(c * (y - 1.0), x, y - 1.0),
                    lambda z, c, x, y: c * power_log(x, y - 1.0)],
                   algebra="slope of a power")
power_log    = row("power_log",    "xʸ·log x", r"x^{y} \cdot \log(x)",
                   powers.power_log, powers.power_log_array,
                   [lambda z, x, y: pow(x, y - 1.0) + y * power_log(x, y - 1.0),
                    lambda z, x, y: square(power_log(x, 0.5 * y))])
direction    = row("direction",    "x/r",   r"\frac{x}{\sqrt{x^{2} + y^{2}}}",
                   powers.direction, powers.direction_array,
                   [lambda z, x, y: direction(y, x) * inversion(y, x), lambda z, x, y: -z * inversion(y, x)])
inversion    = row("inversion",    "x/r²",  r"\frac{x}{x^{2} + y^{2}}", powers.inversion,      powers.inversion_array,
                   [lambda z, x, y: (inversion(y, x) - z) * (inversion(y, x) + z),
                    lambda z, x, y: -2.0 * z * inversion(y, x)])
hypot        = row("hypot",        "√x²+y²", r"\sqrt{x^{2} + y^{2}}",    math.hypot,            np.hypot,
                   [lambda z, x, y: direction(x, y), lambda z, x, y: direction(y, x)])

# Exponentials, logarithms and roots
exp          = row("exp",          "eˣ",    r"e^{x}",                   math.exp,              np.exp,
                   [lambda z, x: z], bounds=(0.0, inf))
exp2         = row("exp2",         "2ˣ",    r"2^{x}",                   math.exp2,             np.exp2,
                   [lambda z, x: z * LN2], bounds=(0.0, inf))
expm1        = row("expm1",        "eˣ−1",  r"e^{x} - 1",               math.expm1,            np.expm1,
                   [lambda z, x: exp(x)], bounds=(-1.0, inf))
log          = row("log",          "log",   r"\log(x)",                 math.log,              np.log,
                   [lambda z, x: 1.0 / x], domain="x > 0")
log2         = row("log2",         "log₂",  r"\log_{2}(x)",             math.log2,             np.log2,
                   [lambda z, x: LOG2_E / x], domain="x > 0")
log10        = row("log10",        "log₁₀", r"\log_{10}(x)",            math.log10,            np.log10,
                   [lambda z, x: LOG10_E / x], domain="x > 0")
log1p        = row("log1p",        "log 1+x", r"\log(1 + x)",             math.log1p,            np.log1p,
                   [lambda z, x: 1.0 / (1.0 + x)], domain="x > −1")
sqrt         = row("sqrt",         "√",     r"\sqrt{x}",                math.sqrt,             np.sqrt,
                   [lambda z, x: 0.5 / z], domain="x ≥ 0, and x > 0 for a derivative", bounds=(0.0, inf))
cbrt         = row("cbrt",         "∛",     r"\sqrt[3]{x}",             math.cbrt,             np.cbrt,
                   [lambda z, x: z / x / 3.0], domain="x ≠ 0 for a derivative")
logaddexp    = row("logaddexp",    "log eˣ+eʸ", r"\log(e^{x} + e^{y})",     probabilities.logaddexp, np.logaddexp,
                   [lambda z, x, y: softmax_share(x, y), lambda z, x, y: softmax_share(y, x)])
softmax_share = row("softmax_share", "eˣ/eˣ+eʸ", r"\frac{e^{x}}{e^{x} + e^{y}}",
                   probabilities.share, probabilities.share_array,
                   [lambda z, x, y: z * softmax_share(y, x), lambda z, x, y: -z * softmax_share(y, x)])

# The gamma function
lgamma       = row("lgamma",       "log Γ", r"\log(|\Gamma(x)|)",       gamma.lgamma,          gamma.lgamma_array,
                   [lambda z, x: digamma(x)], domain="an x other than 0, −1, −2, …")
digamma      = row("digamma",      "ψ",     r"\psi(x)",                 gamma.digamma,         gamma.digamma_array,
                   [lambda z, x: polygamma(1.0, x)], domain="an x other than 0, −1, −2, …, −∞")
polygamma    = row("polygamma",    "ψ⁽ⁿ⁾",  r"\psi^{(x)}(y)",           gamma.polygamma,       gamma.polygamma_array,
                   [0.0, lambda z, n, x: polygamma(n + 1.0, x)],
                   domain="a whole n from 0 to 1000, and an x other than 0, −1, −2, …, −∞")

# Trigonometry and its hyperbolic kin
sin          = row("sin",          "sin",   r"\sin(x)",                 math.sin,              np.sin,
                   [lambda z, x: cos(x)], domain="a finite x", bounds=(-1.0, 1.0))
cos          = row("cos",          "cos",   r"\cos(x)",                 math.cos,              np.cos,
                   [lambda z, x: -sin(x)], domain="a finite x", bounds=(-1.0, 1.0))
tan          = row("tan",          "tan",   r"\tan(x)",                 math.tan,              np.tan,
                   [lambda z, x: 1.0 + z * z], domain="a finite x")
asin         = row("asin",         "asin",  r"\arcsin(x)",              math.asin,             np.arcsin,
                   [lambda z, x: 1.0 / sqrt((1.0 - x) * (1.0 + x))],
                   domain="−1 ≤ x ≤ 1, and −1 < x < 1 for a derivative", bounds=(-math.pi / 2.0, math.pi / 2.0))
acos         = row("acos",         "acos",  r"\arccos(x)",              math.acos,             np.arccos,
                   [lambda z, x: -1.0 / sqrt((1.0 - x) * (1.0 + x))],
                   domain="−1 ≤ x ≤ 1, and −1 < x < 1 for a derivative", bounds=(0.0, math.pi))
atan         = row("atan",         "atan",  r"\arctan(x)",              math.atan,             np.arctan,
                   [lambda z, x: square(1.0 / hypot(1.0, x))], bounds=(-math.pi / 2.0, math.pi / 2.0))
atan2        = row("atan2",        "atan2", r"\operatorname{atan2}(x, y)", math.atan2,            np.arctan2,
                   [lambda z, x, y: inversion(y, x), lambda z, x, y: -inversion(x, y)],
                   domain="x ≠ 0 or y ≠ 0 for a derivative")
sinh         = row("sinh",         "sinh",  r"\sinh(x)",                math.sinh,             np.sinh,
                   [lambda z, x: cosh(x)])
cosh         = row("cosh",         "cosh",  r"\cosh(x)",                math.cosh,             np.cosh,
                   [lambda z, x: sinh(x)], bounds=(1.0, inf))
tanh         = row("tanh",         "tanh",  r"\tanh(x)",                math.tanh,             np.tanh,
                   [lambda z, x: elementary.sech_squared(x) if x.__class__ is float else sech_squared(x)],
                   textbook=lambda z, x: 1.0 - square(z), bounds=(-1.0, 1.0))
sech_squared = row("sech_squared", "sech²", r"\operatorname{sech}^{2}(x)",
                   elementary.sech_squared, elementary.sech_squared_array,
                   [lambda z, x: -2.0 * z * tanh(x)], bounds=(0.0, 1.0))
asinh        = row("asinh",        "asinh", r"\operatorname{arsinh}(x)", math.asinh,            np.arcsinh,
                   [lambda z, x: 1.0 / hypot(1.0, x)])
acosh        = row("acosh",        "acosh", r"\operatorname{arcosh}(x)", math.acosh,            np.arccosh,
                   [lambda z, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0))],
                   domain="x ≥ 1, and x > 1 for a derivative", bounds=(0.0, inf))
atanh        = row("atanh",        "atanh", r"\operatorname{artanh}(x)", math.atanh,            np.arctanh,
                   [lambda z, x: 1.0 / ((1.0 - x) * (1.0 + x))], domain="−1 < x < 1")
degrees      = row("degrees",      "deg",   r"\frac{180}{\pi} x",       math.degrees,          np.degrees,
                   [180.0 / math.pi])
radians      = row("radians",      "rad",   r"\frac{\pi}{180} x",       math.radians,          np.radians,
                   [math.pi / 180.0])
sinc         = row("sinc",         "sinc",  r"\operatorname{sinc}(x)",  normal.sinc,           normal.sinc_array,
                   [lambda z, x: -math.pi * spherical_bessel(x, 1.0)],
                   domain="a finite x", bounds=(-0.21723362821122166, 1.0))
spherical_bessel = row("spherical_bessel", "jₙ(πx)", r"j_{y}(\pi x)",
                   normal.spherical_bessel, elementary.elementwise(normal.spherical_bessel),
                   [lambda z, x, n: math.pi / (2.0 * n + 1.0)
                    * (n * spherical_bessel(x, n - 1.0) - (n + 1.0) * spherical_bessel(x, n + 1.0)), 0.0],
                   domain="a finite x and a whole n up to 1000")

# The normal distribution
gaussian     = row("gaussian",     "ye⁻ˣ²", r"y \cdot e^{-x^{2}}",
                   lambda x, y: normal.bell(x, y, 1.0), lambda x, y, out=None: normal.bell_array(x, y, 1.0, out),
                   [lambda z, x, y: -2.0 * gaussian(x, x * y), lambda z, x, y: gaussian(x, 1.0)],
                   arrange=lambda x, y=1.0: (x, y))
erf          = row("erf",          "erf",   r"\operatorname{erf}(x)",
                   math.erf, elementary.or_one_by_one(math.erf, normal.erf_array),
                   [lambda z, x: gaussian(x, TWO_OVER_SQRT_PI)], bounds=(-1.0, 1.0))
erfc         = row("erfc",         "erfc",  r"\operatorname{erfc}(x)",
                   math.erfc, elementary.or_one_by_one(math.erfc, normal.erfc_array),
                   [lambda z, x: gaussian(x, -TWO_OVER_SQRT_PI)], bounds=(0.0, 2.0))
normal_pdf   = row("normal_pdf",   "yφ",    r"y \cdot \varphi(x)",
                   lambda x, y: normal.bell(x, INVERSE_SQRT_2PI * y, 0.5), normal.normal_pdf_array,
                   [lambda z, x, y: -normal_pdf(x, x * y), lambda z, x, y: normal_pdf(x, 1.0)],
                   arrange=lambda x, y=1.0: (x, y))
normal_cdf   = row("normal_cdf",   "Φ",     r"\Phi(x)",
                   normal.normal_cdf, elementary.or_one_by_one(normal.normal_cdf, normal.normal_cdf_array),
                   [lambda z, x: normal_pdf(x, 1.0)], bounds=(0.0, 1.0))
log_normal_cdf = row("log_normal_cdf", "log Φ", r"\log(\Phi(x))",
                   probabilities.log_normal_cdf,
                   elementary.or_one_by_one(probabilities.log_normal_cdf, probabilities.log_normal_cdf_array),
                   [lambda z, x: inverse_mills(x)], bounds=(-inf, 0.0))
inverse_mills = row("inverse_mills", "φ/Φ",   r"\frac{\varphi(x)}{\Phi(x)}",
                   probabilities.inverse_mills,
                   elementary.or_one_by_one(probabilities.inverse_mills, probabilities.inverse_mills_array),
                   [lambda z, x: inverse_mills_slope(x)], bounds=(0.0, inf))
inverse_mills_slope = row("inverse_mills_slope", "(φ/Φ)′", r"\left(\frac{\varphi}{\Phi}\right)'(x)",
                   probabilities.inverse_mills_slope, elementary.elementwise(probabilities.inverse_mills_slope),
                   [lambda z, x: -z * (x + inverse_mills(x)) - inverse_mills(x) * (1.0 + z)], bounds=(-1.0, 0.0))
erfinv       = row("erfinv",       "erf⁻¹", r"\operatorname{erf}^{-1}(x)",
                   probabilities.erfinv, probabilities.erfinv_array,
                   [lambda z, x: erfinv_slope(x)], domain="−1 < x < 1")
erfinv_slope = row("erfinv_slope", "erf⁻¹′", r"\frac{\sqrt{\pi}}{2} \cdot e^{\operatorname{erf}^{-1}(x)^{2}}",
                   probabilities.erfinv_slope, probabilities.erfinv_slope_array,
                   [lambda z, x: 2.0 * erfinv(x) * z * z], domain="−1 < x < 1", bounds=(1.0 / TWO_OVER_SQRT_PI, inf))

# Activations
sigmoid      = row("sigmoid",      "σ",     r"\sigma(x)",
                   elementary.sigmoid, elementary.sigmoid_array,
                   [lambda z, x: z * (elementary.sigmoid(-x) if x.__class__ is float else sigmoid(-x))],
                   textbook=lambda z, x: z * (1.0 - z), bounds=(0.0, 1.0))
log_sigmoid  = row("log_sigmoid",  "log σ", r"\log(\sigma(x))",
                   probabilities.log_sigmoid, probabilities.log_sigmoid_array,
                   [lambda z, x: sigmoid(-x)], bounds=(-inf, 0.0))
logit        = row("logit",        "logit", r"\operatorname{logit}(x)",
                   probabilities.logit, probabilities.logit_array,
                   [lambda z, x: 1.0 / x / (1.0 - x)], domain="0 < x < 1")
relu         = row("relu",         "relu",  r"\operatorname{relu}(x)",
                   elementary.relu, functools.partial(np.maximum, 0.0),
                   [lambda z, x: sign(z)], bounds=(0.0, inf))
leaky_relu   = row("leaky_relu",   "leaky", r"\operatorname{leaky}_{y}(x)",
                   elementary.leaky_relu, elementary.leaky_relu_array,
                   [lambda z, x, y: step(x) + y * (1.0 - step(x)), lambda z, x, y: minimum(x, 0.0)],
                   arrange=lambda x, slope=0.01: (x, slope), call=("nn?", "leaky_relu(x, 0.01)"))
elu          = row("elu",          "elu",   r"\operatorname{elu}(x)",   elementary.elu,        elementary.elu_array,
                   [lambda z, x: exp(minimum(x, 0.0))], bounds=(-1.0, inf))
selu         = row("selu",         "selu",  r"\operatorname{selu}(x)",  elementary.selu,       elementary.selu_array,
                   [lambda z, x: SELU_SCALE * (step(x) + (1.0 - step(x)) * SELU_ALPHA * exp(minimum(x, 0.0)))],
                   bounds=(-SELU_SCALE * SELU_ALPHA, inf))
gelu         = row("gelu",         "gelu",  r"\operatorname{gelu}(x)",
                   normal.gelu, elementary.or_one_by_one(normal.gelu, normal.gelu_array),
                   [lambda z, x: normal_cdf(x) + normal_pdf(x, x)],
                   algebra="product with Φ", bounds=(-0.16997120747990369, inf))
silu         = row("silu",         "silu",  r"\operatorname{silu}(x)",  elementary.silu,       elementary.silu_array,
                   [lambda z, x: sigmoid(x) + z * sigmoid(-x)], bounds=(-0.27846454276107380, inf))
softplus     = row("softplus",     "soft+", r"\log(1 + e^{x})",
                   elementary.softplus, elementary.softplus_array,
                   [lambda z, x: sigmoid(x)], bounds=(0.0, inf))
softsign     = row("softsign",     "soft±", r"\frac{x}{1 + |x|}",
                   lambda x: x / (1.0 + math.fabs(x)),
                   lambda x, out=None: np.divide(x, np.add(np.absolute(x, out=out), 1.0, out=out), out=out),
                   [lambda z, x: square(1.0 / (1.0 + abs(x)))], bounds=(-1.0, 1.0))
hard_sigmoid = row("hard_sigmoid", "hard σ", r"\operatorname{hard}\sigma(x)",
                   elementary.hard_sigmoid, elementary.hard_sigmoid_array,
                   [lambda z, x: step(x + 3.0) * step(3.0 - x) / 6.0], bounds=(0.0, 1.0))

# Steps and ties
step         = row("step",         "step",  r"[x > 0]",
                   elementary.step, lambda x, out=None: np.heaviside(x, 0.0, out=out),
                   [0.0], bounds=(0.0, 1.0))
equal        = row("equal",        "=",     r"[x = y]",                 elementary.equal,      elementary.equal_array,
                   [0.0, 0.0])
greater      = row("greater",      ">",     r"[x > y] + \frac{1}{2} [x = y]",
                   elementary.greater, elementary.greater_array,
                   [0.0, 0.0])
maximum      = row("maximum",      "max",   r"\max(x, y)",
                   elementary.maximum, elementary.down_the_rows(np.maximum),
                   tie_partials, arrange=several, call=("n+", "maximum(x, y)"))
minimum      = row("minimum",      "min",   r"\min(x, y)",
                   elementary.minimum, elementary.down_the_rows(np.minimum),
                   tie_partials, arrange=several, call=("n+", "minimum(x, y)"))
peak         = row("peak",         "max",   r"\max(x, y)",
                   elementary.maximum, elementary.down_the_rows(np.maximum),
                   lambda z, *xs: (0.0,) * len(xs), arrange=several, call=("n+", "peak(x, y)"))
clip         = row("clip",         "clip",  r"\min(\max(x, y), z)",     elementary.clip,       elementary.clip_array,
                   [lambda z, x, low, high: greater(x, low) * greater(high, maximum(x, low)),
                    lambda z, x, low, high: greater(low, x) * greater(high, maximum(x, low)),
                    lambda z, x, low, high: greater(maximum(x, low), high)],
                   arrange=lambda x, low, high: (x, low, high))
where        = row("where",        "?:",    r"\operatorname{where}(x, y, z)",
                   rounding.where, rounding.where_array,
                   [0.0, lambda z, c, x, y: where(c, 1.0, 0.0), lambda z, c, x, y: where(c, 0.0, 1.0)],
                   arrange=sides, chooses=True)
branch_taken = row("branch_taken", "taken", r"\operatorname{taken}(x)",
                   rounding.branch_taken, rounding.branch_taken_array,
                   [1.0], domain="x ≠ 0; give both sides of where as numbers or Values")

# Rounding
floor        = row("floor",        "⌊x⌋",   r"\lfloor x \rfloor",       rounding.floor,        np.floor,
                   [0.0])
ceil         = row("ceil",         "⌈x⌉",   r"\lceil x \rceil",         rounding.ceil,         np.ceil,
                   [0.0])
trunc        = row("trunc",        "trunc", r"\operatorname{trunc}(x)", rounding.trunc,        np.trunc,
                   [0.0])
round        = row("round",        "round", r"\operatorname{round}_{y}(x)",
                   rounding.round_decimals, rounding.round_array,
                   [0.0, 0.0],
                   arrange=lambda x, digits=0: (x, digits), domain="a whole number of digits",
                   call=("nn?", "round(x, 2)"))

# Of many operands
sum          = row("sum",          "Σ",     r"x + y",
                   elementary.sum_left_to_right, elementary.down_the_rows(np.add),
                   lambda z, *xs: (1.0,) * len(xs),
                   arrange=spread, algebra="sum", python="x + y", call=("l", "sum([x, y])"))
dot          = row("dot",          "Σ w·x", r"w \cdot x",               elementary.dot,        elementary.dot_array,
                   elementary.dot_partials,
                   arrange=pairs, accumulate=accumulate_dot, algebra="scalar product",
                   call=("lln?", "dot([v, w], [x, y], b)"))
logsumexp    = row("logsumexp",    "log Σ eˣ", r"\log(e^{x} + e^{y})",
                   elementary.logsumexp, elementary.logsumexp_array,
                   logsumexp_partials, arrange=spread,
                   algebra="log of a sum of exponentials",
                   python="logsumexp([x, y])", call=("l", "logsumexp([x, y])"))
norm         = row("norm",         "‖x‖",   r"\sqrt{x^{2} + y^{2}}",    math.hypot,            elementary.norm_array,
                   norm_partials, arrange=spread, python="norm([x, y])", call=("l", "norm([x, y])"))
# fmt: on

BUILT_IN = frozenset(TABLE)  # the names of the project's own rows

# NumPy's functions whose rows hold another array rule; that of np.clip goes by its name, for it is not public.
Value.ufuncs |= {
    np.maximum: maximum, np.minimum: minimum, np.rad2deg: degrees, np.deg2rad: radians, np.fabs: abs,
    np.float_power: pow, np.conjugate: identity, np.rint: round, "clip": clip,
}  # fmt: skip


# Compositions of rows -------------------------------------------------------------------------------------------------


@of_a_list
def mean(values: Sequence[Any]) -> Any:
    """Return the arithmetic mean.

    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    if not values:
        raise ValueError("mean takes at least one value")
    return sum(values) / len(values)


@each_of_a_list
def log_softmax(values: Sequence[Any]) -> list[Any]:
    """Return xᵢ − log Σ eˣ for each value; it never overflows.

    >>> log_softmax([1000.0, 0.0])
    [0.0, -1000.0]
    """
    total = logsumexp(values)
    return [x - total for x in values]


@each_of_a_list
def softmax(values: Sequence[Any]) -> list[Any]:
    """Return eˣ / Σ eˣ for each value; it never overflows.

    >>> softmax([1000.0, 0.0, -1000.0])
    [1.0, 0.0, 0.0]
    """
    return [exp(x) for x in log_softmax(values)]


# Python's operators ---------------------------------------------------------------------------------------------------


BINARY: dict[str, Operation]
BINARY = {"add": add, "sub": sub, "mul": mul, "truediv": div, "floordiv": floordiv, "mod": mod, "pow": pow}
UNARY: dict[str, Operation]
UNARY = {"neg": neg, "abs": abs, "pos": identity, "floor": floor, "ceil": ceil, "trunc": trunc, "round": round}
for name, applied in BINARY.items():
    plain, reflected = operators(applied, name)
    setattr(Value, plain.__name__, plain)
    setattr(Value, reflected.__name__, reflected)
    setattr(Symbol, plain.__name__, lambda x, y, applied=applied: applied(x, y))
    setattr(Symbol, reflected.__name__, lambda x, y, applied=applied: applied(y, x))
for name, applied in UNARY.items():
    setattr(Value, f"__{name}__", method(applied, f"__{name}__"))

# More methods: of several operands, and under NumPy's names, which NumPy calls on each element of a plain object array.
for applied in (clip, maximum, minimum, atan2, hypot):
    setattr(Value, applied.name, method(applied, applied.name))
for ufunc, applied in Value.ufuncs.items():
    if isinstance(ufunc, np.ufunc) and not hasattr(Value, ufunc.__name__) and applied not in BINARY.values():
        setattr(Value, ufunc.__name__, method(applied, ufunc.__name__))

# The docstrings of the methods, now that all rows are there that their examples need.
for function in vars(Value).values():
    made_of = getattr(function, "operation", None)
    if isinstance(made_of, Operation):
        function.__doc__ = method_docstring(made_of, function.__name__)
