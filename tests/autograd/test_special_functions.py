"""The gamma function, log-probabilities and inverses: ends, refusals, arrays, derivatives.

How accurate the float rules are is shown in `test_accuracy.py`.
"""

import math

import numpy as np
import pytest

import autograd as a
from autograd import TABLE, Value, check_gradients, grad, vectorize
from autograd.rules import normal

INF, NAN = math.inf, math.nan
RNG = np.random.default_rng(3)
WIDE = np.concatenate([RNG.uniform(-20, 20, 400), RNG.uniform(-2, 4, 300), 10.0 ** RNG.uniform(-300, 300, 100)])
INSIDE = np.concatenate([RNG.uniform(0, 1, 300), 2.0 ** -RNG.uniform(1, 1000, 50), 1.0 - 2.0 ** -np.arange(1.0, 53.0)])
ARGUMENTS = {
    "lgamma": (WIDE,),
    "digamma": (WIDE,),
    "polygamma": (np.repeat([0.0, 1.0, 2.0, 5.0], 200), WIDE[:800]),
    "logaddexp": (WIDE, RNG.permutation(WIDE)),
    "softmax_share": (np.clip(WIDE, -400, 400), RNG.permutation(np.clip(WIDE, -400, 400))),
    "log_sigmoid": (np.concatenate([WIDE, RNG.uniform(-745, 745, 300)]),),
    "logit": (INSIDE,),
    "log_normal_cdf": (np.concatenate([WIDE, RNG.uniform(-40, 40, 300)]),),
    "inverse_mills": (np.concatenate([WIDE, RNG.uniform(-40, 38, 300)]),),
    "inverse_mills_slope": (np.concatenate([WIDE, RNG.uniform(-40, 38, 300)]),),
    "erfinv": (np.concatenate([INSIDE, -INSIDE]),),
    "erfinv_slope": (np.concatenate([INSIDE, -INSIDE]),),
}
CANCELS = {"logaddexp": lambda x, y: np.maximum(abs(x), abs(y)), "lgamma": abs, "digamma": abs}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_array_rules_are_as_exact_as_the_float_rules(name):
    row, columns = TABLE[name], ARGUMENTS[name]
    expected = []
    for xs in zip(*columns, strict=True):
        try:
            expected.append(row(*map(float, xs)))
        except OverflowError:
            expected.append(NAN)
    with np.errstate(all="ignore"):
        got = row.array(*columns)
    size = np.maximum(abs(np.array(expected)), CANCELS[name](*columns) if name in CANCELS else 0.0)
    off = abs(got - expected) / np.spacing(np.where(np.isfinite(expected), size, 1.0))
    assert np.nanmax(off) <= 6  # of two that are each within 4 of the truth, at most


@pytest.mark.parametrize("n", [0.0, 1.0, 2.0, 3.0, 8.0, 20.0, 21.0])
def test_an_order_that_all_share_is_as_exact(n):
    with np.errstate(all="ignore"):
        got = TABLE["polygamma"].array(n, WIDE)
    expected = []
    for x in WIDE.tolist():
        try:
            expected.append(a.polygamma(n, x))
        except OverflowError:
            expected.append(NAN)
    size = np.maximum(abs(np.array(expected)), 1.0) if n == 0.0 else abs(np.array(expected))
    assert np.nanmax(abs(got - expected) / np.spacing(size)) <= 6


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_an_array_rule_may_write_over_what_it_reads(name):
    (x,) = ARGUMENTS[name]
    rule, out = TABLE[name].array, x.copy()
    with np.errstate(all="ignore"):
        assert rule(out, out=out) is out
        np.testing.assert_array_equal(out, rule(x))


ENDS = [
    (a.lgamma, (INF,), INF), (a.lgamma, (-INF,), INF), (a.lgamma, (1.0,), 0.0), (a.lgamma, (2.0,), 0.0),
    (a.lgamma, (5e-324,), -math.log(5e-324)), (a.lgamma, (-5e-324,), -math.log(5e-324)),
    (a.digamma, (INF,), INF), (a.polygamma, (1.0, INF), 0.0), (a.polygamma, (0.0, INF), INF),
    (a.logaddexp, (INF, 1.0), INF), (a.logaddexp, (-INF, 1.0), 1.0), (a.logaddexp, (-INF, -INF), -INF),
    (a.logaddexp, (INF, -INF), INF), (a.logaddexp, (INF, INF), INF), (a.softmax_share, (INF, 0.0), 1.0),
    (a.softmax_share, (1e308, -1e308), 1.0), (a.softmax_share, (-INF, 0.0), 0.0), (a.softmax_share, (7.0, 7.0), 0.5),
    (a.log_sigmoid, (INF,), 0.0), (a.log_sigmoid, (-INF,), -INF), (a.log_sigmoid, (-1e308,), -1e308),
    (a.log_normal_cdf, (INF,), 0.0), (a.log_normal_cdf, (-INF,), -INF), (a.log_normal_cdf, (-1e200,), -INF),
    (a.inverse_mills, (INF,), 0.0), (a.inverse_mills, (-INF,), INF), (a.inverse_mills, (-1e200,), 1e200),
    (a.inverse_mills_slope, (INF,), 0.0), (a.inverse_mills_slope, (-INF,), -1.0),
    (a.logit, (0.5,), 0.0), (a.erfinv, (0.0,), 0.0), (a.erfinv, (-0.0,), -0.0),
]  # fmt: skip


@pytest.mark.parametrize(("row", "xs", "expected"), ENDS)
def test_at_the_ends(row, xs, expected):
    assert repr(row(*xs) + 0.0) == repr(expected + 0.0)
    assert repr(row(*map(Value, xs)).data + 0.0) == repr(expected + 0.0)
    assert row(*[np.array([x]) for x in xs]).tolist() == [expected]


REFUSED = [
    (a.lgamma, (0.0,), "other than 0, −1, −2"), (a.lgamma, (-0.0,), "other than 0"),
    (a.lgamma, (-3.0,), "other than 0"),
    (a.lgamma, (-1e300,), "other than 0"), (a.digamma, (0.0,), "other than 0"), (a.digamma, (-1.0,), "other than 0"),
    (a.digamma, (-INF,), "−∞"), (a.polygamma, (1.0, -2.0), "other than 0"), (a.polygamma, (0.5, 1.0), "a whole n"),
    (a.polygamma, (-1.0, 1.0), "a whole n"), (a.polygamma, (2000.0, 1.0), "from 0 to 1000"),
    (a.polygamma, (INF, 1.0), "a whole n"), (a.logit, (0.0,), "0 < x < 1"), (a.logit, (1.0,), "0 < x < 1"),
    (a.logit, (-INF,), "0 < x < 1"), (a.erfinv, (1.0,), "−1 < x < 1"), (a.erfinv, (-2.0,), "−1 < x < 1"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "xs", "needs"), REFUSED)
def test_poles_and_what_lies_beyond_the_ends_are_refused(row, xs, needs):
    for operands in (xs, [Value(x) for x in xs], [np.array([x]) for x in xs]):
        with pytest.raises(ValueError, match=rf"^{row.name}\(.*{row.name} needs .*{needs}"):
            row(*operands)


def test_what_is_beyond_the_floats_is_refused_as_python_does():
    for row, xs in ((a.lgamma, (1e306,)), (a.polygamma, (1.0, 1e-200)), (a.polygamma, (500.0, 0.25))):
        with pytest.raises(OverflowError, match="beyond the largest float"):
            row(*map(Value, xs))


def test_numpy_s_logaddexp_is_the_row():
    x, y = Value(1.0), Value(2.0)
    z = np.logaddexp(x, y)
    assert z.operation is a.logaddexp
    assert z.data == np.logaddexp(1.0, 2.0)


POINTS = {
    "lgamma": (3.25,), "digamma": (-1.3,), "polygamma": (2.0, 1.75), "logaddexp": (0.5, 1.25), "logit": (0.3,),
    "log_sigmoid": (-1.5,), "log_normal_cdf": (-2.0,), "erfinv": (0.6,), "softmax_share": (0.5, -0.25),
    "inverse_mills": (-0.75,), "inverse_mills_slope": (-1.75,), "erfinv_slope": (-0.4,),
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
def test_derivatives_to_the_third_order_agree_with_finite_differences(name):
    *fixed, x = POINTS[name]
    row = TABLE[name]
    check_gradients(lambda x: row(*fixed, x), x, order=2)
    check_gradients(grad(lambda x: row(*fixed, x)), x, order=2)
    if name != "polygamma" and fixed:
        check_gradients(row, *POINTS[name], order=2)


@pytest.mark.parametrize("name", POINTS)
def test_lifted_derivatives_to_the_second_order_agree(name):
    *fixed, x0 = POINTS[name]
    x, w = Value(x0, "x"), Value(1.1, "w")
    y = TABLE[name](*fixed, x) * w
    first = y.derivative(x)
    program = vectorize([y, first, first.derivative(x)], [x], [w])
    gradient = vectorize(y, [w], [x]).gradient([[1.1]])[1]
    assert gradient == pytest.approx([first.data], rel=1e-12)
    for row in program.values([[x0], [x0 + 0.125]]):
        assert row == pytest.approx([y.refresh().data, first.refresh().data, first.derivative(x).data], rel=1e-12)
        x.data = x0 + 0.125


def test_log_probabilities_keep_their_digits_where_probabilities_have_none():
    x = Value(-50.0)
    y = a.log_normal_cdf(x)
    y.backward()
    assert y.data == pytest.approx(-1254.8313611394199, rel=1e-15)
    assert x.grad == pytest.approx(50.01998403190564, rel=1e-15)
    assert a.log_sigmoid(800.0) == 0.0
    assert a.log_sigmoid(50.0) == -math.exp(-50.0)
    z = Value(1000.0)
    a.logaddexp(z, 0.0).backward()
    assert z.grad == 1.0


def test_erf_of_arrays_keeps_its_digits_without_scipy(monkeypatch):
    monkeypatch.setattr(normal, "scipy_special", lambda: None)
    x = np.concatenate([np.linspace(-7.0, 7.0, 2001), [1e-300, -1e-8, INF, -INF]])
    exact = np.array([math.erf(number) for number in x.tolist()])
    assert np.all(np.abs(a.erf(x) - exact) <= 3.0 * np.spacing(np.abs(exact)))


def test_a_slope_keeps_its_sign_and_its_refusal_where_the_power_alone_overflows():
    assert TABLE["power_slope"](-5e-324, -5e-324, 0.0) == 1.0
    with pytest.raises((OverflowError, ValueError)):
        TABLE["power_slope"](-5e-324, -1e300, 2.5)
