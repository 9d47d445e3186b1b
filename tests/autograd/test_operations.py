"""Laws that every row of the table keeps: floats, Values and arrays agree, and the edges are where they are said to be.

How accurate the numbers are is shown in `test_accuracy.py`.
"""

import contextlib
import itertools
import math
import operator
import pickle

import numpy as np
import pytest

import autograd
from autograd import TABLE, Value
from autograd.operations import BUILT_IN

INF, NAN = math.inf, math.nan
ROWS = sorted(BUILT_IN)

# Operands at which every row is defined; rows of any number of operands get three.
INSIDE = [0.3, 0.7, 0.45, 0.9]
ABOVE_ONE = {"acosh"}
WHOLE = {"spherical_bessel": 1, "polygamma": 0, "round": 1}  # the operand that is a whole number
BELOW_ONE = {"atanh", "erfinv", "erfinv_slope", "logit"}


def operands(name, shift=0):
    count = TABLE[name].arity or 3
    xs = [INSIDE[(i + shift) % 4] for i in range(count)]
    if name in WHOLE:
        xs[WHOLE[name]] = float(shift)
    return [x + 1.0 for x in xs] if name in ABOVE_ONE else sorted(xs) if name == "clip" else xs


def apply(name, xs):
    """Call a row with operands in the order in which a node keeps them."""
    return TABLE[name].apply(tuple(xs))


def same(x, y):
    """The same float, bit for bit: −0.0 is not 0.0, and a NaN is a NaN."""
    return type(x) is type(y) is float and repr(x) == repr(y)


def outcome(function, *xs):
    try:
        return repr(function(*xs))
    except (ArithmeticError, ValueError) as error:
        return type(error)


# Floats, Values and arrays ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_floats_values_and_arrays_agree(name):
    columns = [operands(name, shift) for shift in range(4)]
    results = []
    for xs in columns:
        z = apply(name, xs)
        assert same(apply(name, map(Value, xs)).data, z)
        results.append(z)
    arrays = apply(name, map(np.array, zip(*columns, strict=True)))
    assert arrays.dtype == float
    np.testing.assert_allclose(arrays, results, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ROWS)
def test_partials_of_floats_values_and_arrays_agree(name):
    row, columns, partials = TABLE[name], [operands(name, shift) for shift in range(4)], []
    wanted = [True] * len(columns[0])
    for xs in columns:
        z, values = apply(name, xs), [Value(x) for x in xs]
        partials.append(row.local_derivatives(z, xs, wanted))
        assert list(apply(name, values).partials()) == partials[-1]
        for derivative, partial in zip(apply(name, values).derivatives(values), partials[-1], strict=True):
            assert same(derivative.data, float(partial))
    arrays = [np.array(column) for column in zip(*columns, strict=True)]
    rules_of_arrays = row.local_derivatives(apply(name, arrays), arrays, wanted)
    for rule, column in zip(rules_of_arrays, zip(*partials, strict=True), strict=True):
        np.testing.assert_allclose(np.broadcast_to(rule, 4), column, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ROWS)
def test_arrays_broadcast_and_integers_become_floats(name):
    xs = operands(name)
    column = apply(name, [np.full((2, 1), xs[0]), *(np.full(3, x) for x in xs[1:])])
    assert column.shape == ((2, 1) if len(xs) == 1 else (2, 3))
    if name not in BELOW_ONE:
        ones = apply(name, [np.array([1])] * len(xs))
        assert ones.dtype == float
        assert ones[0] == pytest.approx(apply(name, [1.0] * len(xs)), rel=1e-15)


@pytest.mark.parametrize("name", ROWS)
def test_object_arrays_hold_values(name):
    xs = operands(name)
    result = apply(name, [np.array([Value(x), Value(x)], dtype=object) for x in xs])
    assert result.shape == (2,)
    assert result[1].operation is TABLE[name]
    assert same(result[1].data, apply(name, xs))


@pytest.mark.parametrize("name", ROWS)
def test_nan_propagates(name):
    places = {"where": [0, 1], "copysign": [0]}.get(name, range(len(operands(name))))  # not the side not chosen
    for i in places:
        xs = [-x for x in operands(name)] if name == "leaky_relu" else operands(name)  # x > 0 meets no slope
        xs[i] = NAN
        assert math.isnan(apply(name, xs))
        assert math.isnan(apply(name, map(Value, xs)).data)
        assert np.isnan(apply(name, map(np.array, xs)))


def real(x):
    if isinstance(x, complex):
        raise ValueError
    return x


# math's floor, ceil and trunc make an int, of which an infinity and NaN have none; its lgamma loses digits.
OTHERWISE = {"pow", "dist", "floor", "ceil", "trunc", "lgamma"}
PYTHON = {name: getattr(operator, name) for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "abs")}
PYTHON |= {name: getattr(math, name) for name in sorted(BUILT_IN & vars(math).keys() - OTHERWISE)}
PYTHON |= {"div": operator.truediv, "identity": operator.pos, "pow": lambda x, y: real(x**y)}
EDGES = [0.0, 5e-324, 0.1, 0.5, 0.7, 1.0, 2.0, 3.0, 7.25, 1e3, 1e22, 1e308, INF]
EDGES += [-x for x in EDGES] + [NAN]


@pytest.mark.parametrize("name", PYTHON)
def test_python_computes_the_same_bits_and_refuses_the_same(name):
    function, arity = PYTHON[name], TABLE[name].arity
    for xs in [(x,) for x in EDGES] if arity == 1 else [(x, y) for x in EDGES for y in EDGES]:
        expected = outcome(function, *xs)
        assert outcome(TABLE[name], *xs) == expected, xs
        assert outcome(lambda *xs: TABLE[name](*map(Value, xs)).data, *xs) == expected, xs


PIECEWISE = [
    "clip",
    "elu",
    "equal",
    "greater",
    "hard_sigmoid",
    "leaky_relu",
    "relu",
    "selu",
    "softplus",
    "softsign",
    "step",
]


@pytest.mark.parametrize("name", PIECEWISE)
def test_array_rules_written_in_place_are_right_at_the_edges(name):
    row, x = TABLE[name], np.array(EDGES)
    for rest in itertools.product(EDGES, repeat=row.arity - 1):
        out = np.full_like(x, 7.0)
        with np.errstate(all="ignore"):
            assert row.array(x, *rest, out=out) is out
        np.testing.assert_allclose(out, [row(x, *rest) for x in EDGES], rtol=1e-15, err_msg=f"{name}(x, *{rest})")


@pytest.mark.parametrize("name", PYTHON)
def test_arrays_refuse_what_floats_refuse(name):
    row = TABLE[name]
    for xs in [(x,) for x in EDGES] if row.arity == 1 else [(x, y) for x in EDGES for y in EDGES]:
        expected, got = outcome(row, *xs), outcome(lambda *xs: float(row(*[np.array([x]) for x in xs])[0]), *xs)
        if isinstance(expected, type) or isinstance(got, type):
            assert got == expected, xs
        else:
            assert float(got) == pytest.approx(float(expected), rel=1e-12, nan_ok=True), xs


# Edges ------------------------------------------------------------------------------------------------------


def gradient(function, *data):
    xs = [Value(x) for x in data]
    function(*xs).backward()
    return [x.grad for x in xs]


a = autograd
KINKS = [
    (a.relu, (0.0,), [0.0]), (a.relu, (-0.0,), [0.0]), (a.abs, (0.0,), [0.0]), (abs, (-0.0,), [0.0]),
    (a.sign, (0.0,), [0.0]), (a.step, (0.0,), [0.0]), (a.leaky_relu, (0.0,), [0.01]), (a.elu, (0.0,), [1.0]),
    (a.hard_sigmoid, (3.0,), [0.0]), (a.hard_sigmoid, (-3.0,), [0.0]), (a.hypot, (0.0, 0.0), [0.0, 0.0]),
    (a.maximum, (2.0, 2.0), [0.5, 0.5]), (a.maximum, (1.0, 2.0), [0.0, 1.0]), (a.minimum, (0.0, -0.0), [0.5, 0.5]),
    (a.minimum, (1.0, 1.0, 2.0, 1.0), [1 / 3, 1 / 3, 0.0, 1 / 3]), (lambda x: a.maximum(x, x), (2.0,), [1.0]),
    (a.clip, (1.0, 1.0, 2.0), [0.5, 0.5, 0.0]), (a.clip, (2.0, 1.0, 2.0), [0.5, 0.0, 0.5]),
    (a.clip, (1.0, 1.0, 1.0), [0.25, 0.25, 0.5]), (a.clip, (9.0, 1.0, 2.0), [0.0, 0.0, 1.0]),
    (lambda x, y: a.norm([x, y]), (0.0, 0.0), [0.0, 0.0]),
    (lambda x: a.pow(x, 0.0), (0.0,), [0.0]), (a.pow, (0.0, 1.0), [1.0, 0.0]), (a.pow, (0.0, 2.0), [0.0, 0.0]),
    (lambda x: x**0, (0.0,), [0.0]), (lambda x: x**2, (0.0,), [0.0]), (lambda x: x**3, (-2.0,), [12.0]),
    (a.sinc, (0.0,), [0.0]), (a.floordiv, (7.0, 2.0), [0.0, 0.0]), (a.mod, (7.0, 2.0), [1.0, -3.0]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "data", "expected"), KINKS)
def test_kinks_and_ties(function, data, expected):
    assert gradient(function, *data) == expected


def test_zero_to_the_zero_is_one_and_flat_to_every_order():
    x = Value(0.0)
    z = x**0
    assert z.data == 1.0
    assert z.derivative(x).derivative(x).data == 0.0
    assert (x**2).derivative(x).derivative(x).data == 2.0
    assert (x**2).derivative(x).derivative(x).derivative(x).data == 0.0


def test_zero_to_a_power_is_flat_in_the_power_and_infinitely_steep_where_both_are_zero():
    y = Value(1.5)
    first = (0.0**y).derivative(y)
    second = first.derivative(y)
    assert (first.data, second.data, second.derivative(y).data) == (0.0, 0.0, 0.0)


def test_an_infinite_term_of_logsumexp_has_all_of_the_derivative():
    for xs, shares in (([INF, 0.0], (1.0, 0.0)), ([INF, 0.0, INF], (0.5, 0.0, 0.5)), ([-INF, -INF], (0.5, 0.5))):
        values = [Value(x) for x in xs]
        z = a.logsumexp(values)
        assert z.partials() == shares
        assert [d.data for d in z.derivatives(values)] == list(shares)


BOUNDED = ["sigmoid", "softplus", "silu", "gelu", "relu", "leaky_relu", "elu", "selu", "softsign", "hard_sigmoid",
           "tanh", "atan", "erf", "erfc", "normal_cdf", "sinc", "asinh", "step", "sign"]  # fmt: skip


@pytest.mark.parametrize("x", [1000.0, -1000.0, 1e308, -1e308])
@pytest.mark.parametrize("name", BOUNDED)
def test_never_overflows(name, x):
    row, value = TABLE[name], Value(x)
    z = row(value)
    z.backward()
    assert math.isfinite(z.data)
    assert math.isfinite(value.grad)
    assert math.isfinite(z.derivative(value).derivative(value).data)
    assert row(np.array([x]))[0] == pytest.approx(z.data, rel=1e-12)


@pytest.mark.parametrize("x", [1000.0, 1e308])
def test_logsumexp_and_softmax_never_overflow(x):
    values = [Value(x), Value(-x), Value(x)]
    z = a.logsumexp(values)
    z.backward()
    assert z.data == pytest.approx(x + math.log(2.0), rel=1e-15)
    assert [v.grad for v in values] == pytest.approx([0.5, 0.0, 0.5], rel=1e-15)
    if x < 1e15:
        assert [share.data for share in a.softmax(values)] == pytest.approx([0.5, 0.0, 0.5], rel=1e-12)
    assert a.logsumexp([np.array([x, 0.0]), np.array([-x, 0.0])]) == pytest.approx([x, math.log(2.0)])
    assert a.logsumexp([-INF, -INF]) == -INF


REFUSED = [
    (lambda: a.log(Value(-2.0, name="w")), ValueError, "log(w = -2.0): ", "log needs x > 0"),
    (lambda: a.log(-2.0), ValueError, "log(-2.0): ", "x > 0"),
    (lambda: Value(1.0) / Value(0.0, name="n"), ZeroDivisionError, "div(1.0, n = 0.0): ", "y ≠ 0"),
    (lambda: 1 / Value(0.0, name="n"), ZeroDivisionError, "div(1.0, n = 0.0): ", "y ≠ 0"),
    (lambda: Value(7.0, name="m") % 0, ZeroDivisionError, "mod(m = 7.0, 0.0): ", "y ≠ 0"),
    (lambda: Value(7.0) // 0, ZeroDivisionError, "floordiv(7.0, 0.0): ", "y ≠ 0"),
    (lambda: Value(0.0) ** -1, ZeroDivisionError, "pow(0.0, -1.0): ", "y ≥ 0"),
    (lambda: Value(-8.0, name="v") ** (1 / 3), ValueError, "pow(v = -8.0, 0.3333333333333333): ", "complex"),
    (lambda: a.exp(Value(1000.0, name="x")), OverflowError, "exp(x = 1000.0): ", "beyond the largest float"),
    (lambda: Value(1e200) ** 2, OverflowError, "pow(1e+200, 2.0): ", "beyond the largest float"),
    (lambda: a.sqrt(-1.0), ValueError, "sqrt(-1.0): ", "x ≥ 0"),
    (lambda: a.asin(Value(2.0, name="s")), ValueError, "asin(s = 2.0): ", "−1 ≤ x ≤ 1"),
    (lambda: a.acosh(0.5), ValueError, "acosh(0.5): ", "x ≥ 1"),
    (lambda: a.atanh(1.0), ValueError, "atanh(1.0): ", "−1 < x < 1"),
    (lambda: a.sin(INF), ValueError, "sin(inf): ", "finite"),
    (lambda: a.log(np.array([[1.0, -2.0]])), ValueError, "log(-2.0) at index (0, 1): ", "x > 0"),
    (lambda: a.pow(np.array([-8.0, 2.0]), 0.5), ValueError, "pow(-8.0, 0.5) at index (0,): ", "complex"),
    (lambda: a.div(1.0, np.array([4.0, 0.0])), ZeroDivisionError, "div(1.0, 0.0) at index (1,): ", "y ≠ 0"),
]


@pytest.mark.parametrize(("call", "error", "place", "reason"), REFUSED)
def test_refusals_name_operation_operands_and_domain(call, error, place, reason):
    with pytest.raises(ArithmeticError if issubclass(error, ArithmeticError) else ValueError) as refused:
        call()
    assert refused.type is error
    assert str(refused.value).startswith(place)
    assert reason in str(refused.value)


POLES = [(a.sqrt, 0.0), (a.cbrt, 0.0), (a.asin, 1.0), (a.acos, -1.0), (a.acosh, 1.0), (lambda x: x**0.5, 0.0)]
POLES += [(lambda x: x**x, 0.0), (lambda x: a.atan2(x, 0.0), 0.0)]


@pytest.mark.parametrize(("function", "x"), POLES)
def test_an_infinite_derivative_is_a_named_zero_division_in_backward(function, x):
    w = Value(x, name="w")
    z = function(w)
    for attempt in (z.backward, z.operation and z.partials, lambda: z.derivative(w)):
        with pytest.raises(ZeroDivisionError, match=r"^the derivative of \w+\("):
            attempt()
    assert w.grad == 0.0


# Calls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_rows_count_their_operands(name):
    row = TABLE[name]
    if row.arrange is None:
        with pytest.raises(TypeError, match=f"{name} takes its operands by position, {row.arity} of them, not 5"):
            row(1.0, 1.0, 1.0, 1.0, 1.0)
        with pytest.raises(TypeError, match="not 0 and x"):
            row(x=1.0)


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_importable_described_and_pickled_by_name(name):
    row = TABLE[name]
    assert getattr(autograd, name) is row
    assert row.glyph
    assert row.formula
    assert repr(row) == f"<operation {name}>"
    assert pickle.loads(pickle.dumps(row)) is row


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].arity == 1])
def test_every_operation_of_one_operand_is_a_method(name):
    (x,) = operands(name)
    assert getattr(Value(x), name)().data == TABLE[name](x)


def test_rows_take_what_their_names_promise():
    x = Value(-2.0)
    assert x.leaky_relu().data == -0.02
    assert x.leaky_relu(0.1).data == a.leaky_relu(x, slope=0.1).data == -0.2
    assert a.clip(5.0, low=0.0, high=1.0) == 1.0
    assert a.dot([1.0, 2.0], [3.0, 4.0], bias=0.5) == 11.5
    assert a.dot([], []) == a.sum([]) == 0.0
    assert a.sum(x for x in (1.0, 2.0)) == 3.0
    assert a.mean([1.0, Value(3.0)]).data == 2.0
    assert a.norm([3.0, Value(4.0)]).data == 5.0
    assert math.fsum(a.softmax([0.1, 0.2, 0.7])) == pytest.approx(1.0, rel=1e-15)
    assert a.log_softmax([0.0, 0.0]) == pytest.approx([-math.log(2.0)] * 2)
    for empty in (a.maximum, a.minimum, lambda: a.logsumexp([])):
        with pytest.raises(ValueError, match=r"maximum and minimum take|logsumexp\(\)"):
            empty()
    with pytest.raises(ValueError, match="2 weights and 1 inputs"):
        a.dot([1.0, 2.0], [1.0])


def test_a_dot_starts_at_its_bias_and_adds_left_to_right():
    ws, xs, bias = [0.1, 0.7, -0.3], [0.2, 1e16, 1e16], 1.0
    assert a.dot(ws, xs, bias) == ((bias + ws[0] * xs[0]) + ws[1] * xs[1]) + ws[2] * xs[2]
    assert a.sum([1e16, 1.0, -1e16]) == 0.0  # not compensated, as math.fsum or Python 3.12's sum would be


def test_arrays_of_anything_but_real_numbers_are_refused():
    for array in (np.array([1j]), np.array(["1.0"])):
        with pytest.raises(TypeError, match="Cannot cast"):
            a.exp(array)


ONE = math.nextafter(1.0, 0.0)


@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].arity == 1])
def test_results_keep_within_the_bounds_of_the_row_and_come_near_them(name):
    row, results = TABLE[name], []
    for x in [
        *np.linspace(-40.0, 40.0, 4_001),
        *[sign * x for x in (1e-300, ONE, math.pi / 2, 1e300) for sign in (1, -1)],
    ]:
        with contextlib.suppress(ArithmeticError, ValueError):
            results.append(row(float(x)))
    low, high = row.bounds
    assert low <= min(results)
    assert max(results) <= high
    assert low == pytest.approx(min(results), abs=1e-3) if math.isfinite(low) else min(results) < -4.0
    assert high == pytest.approx(max(results), abs=1e-3) if math.isfinite(high) else max(results) > 4.0
