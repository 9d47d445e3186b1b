"""The rows of the table as functions of JAX, with our partials for derivatives of every order.

A row's partials are traced on Symbols, as formulas in the table's own operations, and these are evaluated by the
functions here again. So what happens at a kink is what happens everywhere else in the project, and not JAX's choice.

Nothing here raises for a number: what the eager engine refuses is NaN or infinite, as it is to JAX.

Letters: x, y operands; z result; c a condition or a factor; n an order; p a local derivative; t tangents.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy import special

from autograd.backward import topological_order
from autograd.operations import TABLE
from autograd.row import Operation
from autograd.rules.elementary import LN2, LOG_SQRT_2PI, SELU_ALPHA, SELU_SCALE
from autograd.rules.normal import INVERSE_SQRT_2PI, TWO_OVER_SQRT_PI
from autograd.symbols import Symbol

JaxArray = Any  # of JAX, or a float: JAX's own type says no more
MILLS_TERMS = 60  # of a continued fraction, enough from −3 down


def check_known(operation: Operation) -> None:
    """Raise NotImplementedError for a user-defined operation."""
    if TABLE.get(operation.name) is not operation or operation.name not in RULES:
        raise NotImplementedError(
            f"the operation {operation.name} is one of your own, and has no rule in JAX: build it from the table's "
            "operations, or keep to the program"
        )


def check_whole(digits: Any) -> None:
    """Raise NotImplementedError unless numbers are rounded to whole ones: decimals are exact in Python alone."""
    if not isinstance(digits, list) or any(digits):
        raise NotImplementedError(
            "JAX has no counterpart of round to decimals, exact in Python: round to whole numbers"
        )


def applied(operation: Operation, operands: Sequence[JaxArray], counts: JaxArray | None = None) -> JaxArray:
    """Return a row's results, elementwise, with our derivatives.

    Args:
        operation: The row.
        operands: Arrays, and floats for what is the same number everywhere and in every call.
        counts: Where the result is used; elsewhere it passes no tangent on, whatever its partials.
    """
    if all(isinstance(x, float) for x in operands):
        return operation.apply(tuple(operands))
    if operation.arity is None:
        return reduced(operation, jnp.stack(jnp.broadcast_arrays(*operands)), counts)
    fixed = tuple([x if isinstance(x, float) else None for x in operands])
    function = _function(operation.name, fixed, counts is not None)
    return function(*[counts] * (counts is not None), *[x for x in operands if not isinstance(x, float)])


def reduced(operation: Operation, rows: JaxArray, counts: JaxArray | None = None) -> JaxArray:
    """Return the results of a row of any number of operands, which are those of an array along its first axis."""
    function = _function(operation.name, (None,), counts is not None)
    return function(rows) if counts is None else function(counts, rows)


@functools.cache
def _function(name: str, fixed: tuple[float | None, ...], guarded: bool) -> Callable[..., JaxArray]:
    """Return a row as a function of those operands that are not fixed; `guarded`, it takes `counts` ahead of them."""
    rule, many = RULES[name], OF_MANY.get(name)

    def every(xs: Sequence[JaxArray]) -> list[JaxArray]:
        given = iter(xs)
        return [next(given) if number is None else number for number in fixed]

    function: Any = jax.custom_jvp(lambda *operands: rule(*every(operands[guarded:])))

    def differentiated(operands: tuple[JaxArray, ...], tangents: tuple[JaxArray, ...]) -> tuple[JaxArray, JaxArray]:
        z, xs = function(*operands), every(operands[guarded:])
        partials = many(z, *xs) if many else _partials(name, z, xs, fixed)
        known = [p for p, number in zip(partials, fixed, strict=True) if number is None]
        terms = [
            (jnp.where(operands[0], p, 0.0) if guarded else p) * t
            for p, t in zip(known, tangents[guarded:], strict=True)
            if p is not None
        ]
        return z, jnp.sum(terms[0], axis=0) if many else functools.reduce(jnp.add, terms, jnp.zeros_like(z))

    function.defjvp(differentiated)
    done: Callable[..., JaxArray] = function
    return done


def _partials(
    name: str, z: JaxArray, operands: Sequence[JaxArray], fixed: Sequence[float | None]
) -> list[JaxArray | None]:
    """Return the local derivatives at some numbers, None for one that is 0 everywhere or with respect to a number."""
    if name == "where":  # a side that is not chosen may have no number
        chosen = jnp.where(operands[0] != 0.0, 1.0, 0.0)
        return [None, chosen, 1.0 - chosen]
    symbols, formulas = _traced(name)
    known = dict(zip(symbols, [z, *operands], strict=True))
    return [
        _evaluated(formula, known) if number is None and (isinstance(formula, Symbol) or formula) else None
        for formula, number in zip(formulas, fixed, strict=True)
    ]


@functools.cache
def _traced(name: str) -> tuple[list[Symbol], list[Any]]:
    """Return the symbols of the result and the operands, and each partial as a number or a formula in them."""
    rules: Any = TABLE[name].partials
    symbols = [Symbol(letter) for letter in "zxyuv"[: 1 + len(rules)]]
    return symbols, [rule(*symbols) if callable(rule) else rule for rule in rules]


def _evaluated(formula: Any, known: dict[Any, JaxArray]) -> JaxArray:
    if not isinstance(formula, Symbol):
        return float(formula)
    found = dict(known)
    for node in topological_order(formula):
        if node.operation is not None:
            found[node] = applied(node.operation, [found[x] for x in node.operands])
        elif node not in found:
            found[node] = node.data
    return found[formula]


# Rules that need care -------------------------------------------------------------------------------------------------


def power_slope(c: JaxArray, x: JaxArray, y: JaxArray) -> JaxArray:
    return jnp.where(c == 0.0, 0.0, c * jnp.power(x, y - 1.0))


def power_log(x: JaxArray, y: JaxArray) -> JaxArray:
    return jnp.where((x == 0.0) & (y > 0.0), 0.0, jnp.power(x, y) * jnp.log(x))


def direction(x: JaxArray, y: JaxArray) -> JaxArray:
    r = jnp.hypot(x, y)
    return jnp.where(r == 0.0, 0.0, x / jnp.where(r == 0.0, 1.0, r))


def inversion(x: JaxArray, y: JaxArray) -> JaxArray:
    r = jnp.hypot(x, y)
    return x / r / r


def sigmoid(x: JaxArray) -> JaxArray:
    """In two halves: XLA's logistic loses its digits on the left."""
    e = jnp.exp(-jnp.abs(x))
    return jnp.where(x >= 0.0, 1.0, e) / (1.0 + e)


def softplus(x: JaxArray) -> JaxArray:
    return jnp.maximum(x, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def softmax_share(x: JaxArray, y: JaxArray) -> JaxArray:
    return sigmoid(jnp.where(x == y, 0.0, x - y))


def logaddexp(x: JaxArray, y: JaxArray) -> JaxArray:
    d = jnp.where(x == y, 0.0, x - y)
    return jnp.where(x == y, x + LN2, jnp.maximum(x, y) + jnp.log1p(jnp.exp(-jnp.abs(d))))


def logit(x: JaxArray) -> JaxArray:
    return jnp.where(jnp.abs(x - 0.5) <= 0.25, 2.0 * jnp.arctanh(2.0 * x - 1.0), jnp.log(x) - jnp.log1p(-x))


def polygamma(n: float, x: JaxArray) -> JaxArray:
    return special.digamma(x) if n == 0.0 else special.polygamma(int(n), x)


def sin_pi(x: JaxArray) -> JaxArray:
    """sin πx, exactly 0 at every integer."""
    r = jnp.fmod(x, 2.0)
    r = jnp.where(jnp.abs(r) > 1.0, r - jnp.copysign(2.0, r), r)
    return jnp.sin(math.pi * jnp.where(jnp.abs(r) <= 0.5, r, jnp.copysign(1.0, r) - r))


def sinc(x: JaxArray) -> JaxArray:
    return jnp.where(x == 0.0, 1.0, sin_pi(x) / (math.pi * jnp.where(x == 0.0, 1.0, x)))


def spherical_bessel(x: JaxArray, n: float) -> JaxArray:
    """jₙ(πx) by its power series near 0, elsewhere by the recurrence in n, as autograd/rules/normal.py."""
    if n < 0.0:
        return 0.0 * x
    t = math.pi * x
    near = jnp.abs(t) < n + 1.5
    small, large = jnp.where(near, t, 0.0), jnp.where(near, n + 1.5, x)
    series = jnp.ones_like(small)
    for k in range(20 + int(n), 0, -1):
        series = 1.0 - small * small * series / (2.0 * k * (2.0 * (n + k) + 1.0))
    for k in range(1, int(n) + 1):
        series = series * small / (2 * k + 1)
    before, here = sin_pi(0.5 - jnp.abs(jnp.fmod(large, 2.0))) / math.pi / large, sinc(large)
    for k in range(int(n)):
        before, here = here, (2 * k + 1) * here / math.pi / large - before
    return jnp.where(near, series, here)


def normal_cdf(x: JaxArray) -> JaxArray:
    return 0.5 * special.erfc(-math.sqrt(0.5) * x)


def normal_pdf(x: JaxArray, y: JaxArray) -> JaxArray:
    return y * INVERSE_SQRT_2PI * jnp.exp(-0.5 * x * x)


def mills_excess(x: JaxArray) -> JaxArray:
    """m + x for m = φ(x) / Φ(x) and x ≤ −3, by a continued fraction (Abramowitz and Stegun 1964, 26.2.14)."""
    t = jnp.maximum(-x, 3.0)
    below = 0.5 * (t + jnp.sqrt(t * t + 4.0 * MILLS_TERMS))
    for k in range(MILLS_TERMS - 1, 1, -1):
        below = t + k / below
    return 1.0 / below


def inverse_mills(x: JaxArray) -> JaxArray:
    right = jnp.maximum(x, -3.0)
    return jnp.where(x < -3.0, mills_excess(x) - x, normal_pdf(right, 1.0) / normal_cdf(right))


def inverse_mills_slope(x: JaxArray) -> JaxArray:
    m = inverse_mills(x)
    return -m * jnp.where(x < -3.0, mills_excess(x), m + x)


def log_normal_cdf(x: JaxArray) -> JaxArray:
    """log Φ(x) = log φ(x) − log (φ/Φ)(x) on the left."""
    left = -0.5 * x * x - LOG_SQRT_2PI - jnp.log(inverse_mills(jnp.minimum(x, 0.0)))
    return jnp.where(x < -3.0, left, jnp.log1p(-normal_cdf(-jnp.maximum(x, -3.0))))


def equal(x: JaxArray, y: JaxArray) -> JaxArray:
    return jnp.where(jnp.isnan(x) | jnp.isnan(y), jnp.nan, jnp.where(x == y, 1.0, 0.0))


def greater(x: JaxArray, y: JaxArray) -> JaxArray:
    return jnp.where(x > y, 1.0, 0.5 * equal(x, y))


def step(x: JaxArray) -> JaxArray:
    return jnp.where(jnp.isnan(x), x, jnp.where(x > 0.0, 1.0, 0.0))


def dot(rows: JaxArray) -> JaxArray:
    n = len(rows) // 2
    return jnp.sum(rows[:n] * rows[n : 2 * n], axis=0) + (rows[-1] if len(rows) % 2 else 0.0)


def dot_partials(z: JaxArray, rows: JaxArray) -> list[JaxArray]:
    n = len(rows) // 2
    return [jnp.concatenate([rows[n : 2 * n], rows[:n], jnp.ones_like(rows[2 * n :])])]


def ties(z: JaxArray, rows: JaxArray) -> list[JaxArray]:
    """The rows that tie for a maximum or a minimum share 1."""
    same = equal(rows, z)
    return [same / jnp.sum(same, axis=0)]


def softmax(z: JaxArray, rows: JaxArray) -> list[JaxArray]:
    e = jnp.exp(rows - z)
    return [e / jnp.sum(e, axis=0)]


def norm(rows: JaxArray) -> JaxArray:
    largest = jnp.max(jnp.abs(rows), axis=0)
    scale = jnp.where((largest == 0.0) | jnp.isinf(largest), 1.0, largest)
    return scale * jnp.sqrt(jnp.sum(jnp.square(rows / scale), axis=0))


# The table ------------------------------------------------------------------------------------------------------------

RULES: dict[str, Callable[..., JaxArray]] = {
    "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide, "floordiv": jnp.floor_divide,
    "mod": jnp.mod, "fmod": jnp.fmod, "neg": jnp.negative, "identity": jnp.positive, "abs": jnp.abs, "sign": jnp.sign,
    "copysign": jnp.copysign, "square": jnp.square, "reciprocal": jnp.reciprocal,
    "pow": jnp.power, "power_slope": power_slope, "power_log": power_log,
    "direction": direction, "inversion": inversion, "hypot": jnp.hypot,
    "exp": jnp.exp, "exp2": jnp.exp2, "expm1": jnp.expm1, "log": jnp.log, "log2": jnp.log2, "log10": jnp.log10,
    "log1p": jnp.log1p, "sqrt": jnp.sqrt, "cbrt": jnp.cbrt, "logaddexp": logaddexp, "softmax_share": softmax_share,
    "lgamma": special.gammaln, "digamma": special.digamma, "polygamma": polygamma,
    "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan, "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan,
    "atan2": jnp.arctan2, "sinh": jnp.sinh, "cosh": jnp.cosh, "tanh": jnp.tanh,
    "sech_squared": lambda x: 4.0 * sigmoid(2.0 * x) * sigmoid(-2.0 * x),
    "asinh": jnp.arcsinh, "acosh": jnp.arccosh, "atanh": jnp.arctanh, "degrees": jnp.degrees, "radians": jnp.radians,
    "sinc": sinc, "spherical_bessel": spherical_bessel,
    "gaussian": lambda x, y: y * jnp.exp(-x * x), "erf": special.erf, "erfc": special.erfc,
    "normal_pdf": normal_pdf, "normal_cdf": normal_cdf, "log_normal_cdf": log_normal_cdf,
    "inverse_mills": inverse_mills, "inverse_mills_slope": inverse_mills_slope,
    "erfinv": special.erfinv, "erfinv_slope": lambda x: jnp.exp(jnp.square(special.erfinv(x))) / TWO_OVER_SQRT_PI,
    "sigmoid": sigmoid, "log_sigmoid": lambda x: -softplus(-x), "logit": logit,
    "relu": lambda x: jnp.maximum(x, 0.0), "leaky_relu": lambda x, y: jnp.where(x <= 0.0, y * x, x),
    "elu": lambda x: jnp.where(x <= 0.0, jnp.expm1(x), x),
    "selu": lambda x: SELU_SCALE * jnp.where(x <= 0.0, SELU_ALPHA * jnp.expm1(x), x),
    "gelu": lambda x: x * normal_cdf(x), "silu": lambda x: x * sigmoid(x), "softplus": softplus,
    "softsign": lambda x: x / (1.0 + jnp.abs(x)), "hard_sigmoid": lambda x: jnp.clip(x + 3.0, 0.0, 6.0) / 6.0,
    "step": step, "equal": equal, "greater": greater,
    "clip": lambda x, low, high: jnp.minimum(jnp.maximum(x, low), high),
    "where": lambda c, x, y: jnp.where(jnp.isnan(c), c, jnp.where(c != 0.0, x, y)),
    "branch_taken": lambda c: jnp.where(c == 0.0, jnp.nan, c),
    "floor": jnp.floor, "ceil": jnp.ceil, "trunc": jnp.trunc, "round": lambda x, digits: jnp.round(x),
    "maximum": functools.partial(jnp.max, axis=0), "minimum": functools.partial(jnp.min, axis=0),
    "peak": functools.partial(jnp.max, axis=0), "sum": functools.partial(jnp.sum, axis=0), "dot": dot,
    "logsumexp": functools.partial(special.logsumexp, axis=0), "norm": norm,
}  # fmt: skip

# The partials of rows of any number of operands, for all of them at once.
OF_MANY: dict[str, Callable[..., list[JaxArray]]] = {
    "maximum": ties, "minimum": ties, "peak": lambda z, rows: [jnp.zeros_like(rows)], "dot": dot_partials,
    "sum": lambda z, rows: [jnp.ones_like(rows)], "logsumexp": softmax,
    "norm": lambda z, rows: [jnp.where(z == 0.0, 0.0 * rows, rows / jnp.where(z == 0.0, 1.0, z))],
}  # fmt: skip
