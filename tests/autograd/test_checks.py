"""`check_gradients` passes the right, fails the wrong and reports kinks; `assert_gradients` prints one table."""

import math

import numpy as np
import pytest

import autograd
from autograd import Constant, Value, assert_gradients, check_gradients, operation
from autograd.checking.finite_differences import extrapolate, slopes
from autograd.operations import TABLE, cos, exp, log, maximum, mean, relu, sigmoid, sin, softmax, sqrt, step, tanh


@pytest.fixture
def own():
    """Return `operation`; take what it registered out of the table again."""
    before = set(TABLE)
    yield operation
    for name in set(TABLE) - before:
        del TABLE[name]
        if hasattr(Value, name):
            delattr(Value, name)


# Finite differences ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [-2.5, -1e-6, 0.0, 0.3, 1.0, 40.0, 1e6])
@pytest.mark.parametrize(
    ("function", "derivative"),
    [(math.sin, math.cos), (math.atan, lambda x: 1 / (1 + x * x)), (math.cos, lambda x: -math.sin(x))],
)
def test_the_extrapolated_slope_is_within_its_estimated_error(function, derivative, x):
    def sample(point):
        return [function(point[0]), derivative(point[0])]

    left, right = (slopes(sample, [x], sample([x]), 0, direction) for direction in (-1.0, 1.0))
    difference, error = extrapolate((left[..., 0] + right[..., 0]) / 2, 2)
    assert abs(difference - derivative(x)) <= 10 * error
    assert error < 1e-9 * max(1.0, abs(x))


def test_functions_of_scalars_lists_and_lists_of_lists_pass():
    def loss(w, x, bias):
        net = [w[0][0] * x[0] + w[1][0] * x[1] + bias, w[0][1] * x[0] + w[1][1] * x[1]]
        return mean([tanh(z) ** 2 for z in net]) + softmax(net)[0]

    report = check_gradients(loss, [[0.3, -0.2], [0.5, 0.1]], [1.0, -2.0], 0.25)
    assert len(report.comparisons) == 7 + 7 * 7
    assert not report.kinks
    assert [row.name for row in report.comparisons[:7]] == [
        "∂f/∂w[0][0]", "∂f/∂w[0][1]", "∂f/∂w[1][0]", "∂f/∂w[1][1]", "∂f/∂x[0]", "∂f/∂x[1]", "∂f/∂bias",
    ]  # fmt: skip
    assert {row.verdict for row in report.comparisons} == {"agrees"}


def test_functions_of_arrays_and_dictionaries_pass():
    def loss(parameters, x):
        return np.sum(np.tanh(parameters["W"] @ x) ** 2) + parameters["b"] * x[1]

    report = check_gradients(loss, {"W": np.array([[0.3, -0.2], [0.5, 0.1]]), "b": 0.25}, np.array([1.0, -2.0]))
    assert [row.name for row in report.comparisons[:7]] == [
        "∂f/∂parameters['W'][0, 0]", "∂f/∂parameters['W'][0, 1]", "∂f/∂parameters['W'][1, 0]",
        "∂f/∂parameters['W'][1, 1]", "∂f/∂parameters['b']", "∂f/∂x[0]", "∂f/∂x[1]",
    ]  # fmt: skip
    assert len(report.comparisons) == 7 + 7 * 7
    assert {row.verdict for row in report.comparisons} == {"agrees"}


def test_a_wrong_entry_of_an_array_is_named(own):
    wrong = own("wrong", math.sin, [lambda z, x: 2 * cos(x)])
    with pytest.raises(AssertionError, match=r"∂f/∂w\[1\] "):
        check_gradients(lambda w: sin(w[0]) + wrong(w[1]), np.array([0.3, 0.7]), order=1)


def test_the_order_of_a_mixed_derivative():
    names = [row.name for row in check_gradients(lambda x, y: x * x * y, 2.0, 3.0).comparisons]
    assert names == ["∂f/∂x", "∂f/∂y", "∂²f/∂x²", "∂²f/∂y∂x", "∂²f/∂x∂y", "∂²f/∂y²"]


def test_order_1_compares_first_derivatives_only():
    assert [row.name for row in check_gradients(sin, 0.5, order=1).comparisons] == ["∂f/∂x"]


@pytest.mark.parametrize("x", [1e-9, 1e-3, 1.0, 1e5])
@pytest.mark.parametrize("f", [log, sqrt, lambda x: 1 / x, lambda x: x**2.5, lambda x: exp(-x), lambda x: x * sin(x)])
def test_steps_fit_tiny_and_large_arguments(f, x):
    assert not check_gradients(f, x).kinks


def test_a_constant_function_and_a_cancelling_one_pass():
    check_gradients(lambda x: 3.0, 1.0)
    check_gradients(lambda x: sin(x) ** 2 + cos(x) ** 2, 0.3)
    check_gradients(lambda x, y: autograd.sum(softmax([x, y])), 0.3, 0.7)


def test_it_works_through_a_transform_inside_the_function():
    check_gradients(lambda x: autograd.grad(lambda y: x * y**3)(2.0) * x, 1.5)


def test_at_the_end_of_the_domain_one_side_is_enough():
    (row,) = check_gradients(lambda x: x**1.5, 0.0, order=1).comparisons
    assert row.verdict == "agrees"
    assert row.sides is None


# What is wrong fails --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slip", [-1.0, 0.0, 0.5, 2.0, 1.0001, 1.00001])
def test_a_wrong_partial_is_found(own, slip):
    wrong = own("wrong", math.sin, [lambda z, x: slip * cos(x)])
    with pytest.raises(AssertionError, match="1 of 1 derivatives differ") as failure:
        check_gradients(lambda x: 3 * wrong(x), 0.5, order=1)
    header, row = str(failure.value).splitlines()[1:]
    assert header.split() == ["derivative", "engine", "finite", "difference", "error", "estimate"]
    name, engine, difference, _, verdict = row.split()
    assert (name, verdict) == ("∂f/∂x", "differs")
    assert float(engine) == pytest.approx(3 * slip * math.cos(0.5))
    assert float(difference) == pytest.approx(3 * math.cos(0.5))


def test_a_partial_that_does_not_differentiate_again_is_found_in_order_2(own):
    severed = own("severed", math.sin, [lambda z, x: math.cos(x.data if isinstance(x, Value) else x)])
    check_gradients(severed, 0.5, order=1)
    with pytest.raises(AssertionError, match=r"1 of 2 derivatives differ(.|\n)*∂²f/∂x² +0 "):
        check_gradients(severed, 0.5)


def test_only_the_wrong_derivatives_are_listed(own):
    wrong = own("wrong", lambda x, y: x * y, [lambda z, x, y: y, lambda z, x, y: 2 * x])
    with pytest.raises(AssertionError) as failure:
        check_gradients(lambda a, b: wrong(a, b), 2.0, 5.0, order=1)
    assert [line.split()[:3] for line in str(failure.value).splitlines()[2:]] == [["∂f/∂b", "4", "2"]]


def test_a_nan_derivative_fails(own):
    wrong = own("wrong", math.sin, [lambda z, x: math.nan])
    with pytest.raises(AssertionError, match="nan"):
        check_gradients(wrong, 0.5, order=1)


# Kinks are reported ---------------------------------------------------------------------------------------------------

KINKS = [
    (lambda x: abs(x), 0.0, (-1.0, 1.0)),
    (relu, 0.0, (0.0, 1.0)),
    (lambda x: relu(x - 0.1) * 3, 0.1, (0.0, 3.0)),
    (lambda x: maximum(x, x * x), 1.0, (1.0, 2.0)),
    (lambda x: autograd.clip(x, -1, 1), 1.0, (1.0, 0.0)),
    (step, 0.0, (0.0, math.inf)),
    (autograd.sign, 0.0, (math.inf, math.inf)),
    (lambda x: x // 1, 2.0, (math.inf, 0.0)),
    (lambda x: x % 1, 2.0, (-math.inf, 1.0)),
]


@pytest.mark.parametrize(("f", "x", "sides"), KINKS)
def test_a_kink_or_jump_is_reported_with_both_slopes(f, x, sides):
    report = check_gradients(lambda x: f(x), x, order=1)
    assert report.kinks == ["∂f/∂x"]
    assert report.comparisons[0].sides == pytest.approx(sides, abs=1e-9)
    assert f"kink: {sides[0]:g} on the left, {sides[1]:g} on the right" in repr(report).replace("-0 ", "0 ")


@pytest.mark.parametrize("f", [lambda x: x * abs(x), autograd.elu])
def test_a_kink_of_the_gradient_is_reported_in_order_2(f):
    report = check_gradients(lambda x: f(x), 0.0)
    assert report.kinks == ["∂²f/∂x²"]
    assert report.comparisons[0].verdict == "agrees"


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-2, 0.05])
def test_a_kink_nearby_is_neither_reported_nor_taken_for_the_slope(distance):
    (row,) = check_gradients(lambda x: abs(x), distance, order=1).comparisons
    assert row.verdict == "agrees"
    assert row.difference == pytest.approx(1.0)


def test_a_kink_along_one_argument_leaves_the_others_compared(own):
    assert check_gradients(lambda x, y: relu(x) + y * y, 0.0, 3.0, order=1).kinks == ["∂f/∂x"]
    wrong = own("wrong", math.sin, [lambda z, x: 2 * cos(x)])
    with pytest.raises(AssertionError, match="∂f/∂y"):
        check_gradients(lambda x, y: relu(x) + wrong(y), 0.0, 3.0, order=1)


# What cannot be checked is refused ------------------------------------------------------------------------------------


def test_check_gradients_refuses_what_it_cannot_compare():
    with pytest.raises(ValueError, match="of order 1 or 2, not 3"):
        check_gradients(sin, 1.0, order=3)
    with pytest.raises(ValueError, match="nothing to differentiate"):
        check_gradients(lambda: 1.0)
    with pytest.raises(TypeError, match=r"w\[1\] is the str 'a': give numbers"):
        check_gradients(lambda w: w[0], [1.0, "a"])
    with pytest.raises(TypeError, match="w is the Value"):
        check_gradients(lambda w: w, Value(1.0))
    with pytest.raises(ValueError, match="f is inf at the given point"):
        check_gradients(lambda x: x * 1e308, 10.0)
    with pytest.raises(TypeError, match="one result"):
        check_gradients(lambda x: [x, x], 1.0)
    with pytest.raises(ValueError, match="log"):
        check_gradients(log, -1.0)
    with pytest.raises(ZeroDivisionError, match="derivative of sqrt"):
        check_gradients(sqrt, 0.0)


def test_no_gradient_of_the_surrounding_graph_is_touched():
    w = Value(2.0)
    check_gradients(lambda x: w * x * x, 3.0)
    assert w.grad == 0.0


# Numbers derived by hand ----------------------------------------------------------------------------------------------


@pytest.fixture
def neuron():
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(1.0, "b")
    sigmoid(w * x + b).backward()
    return w, x, b


DELTA = 0.10499358540350662  # σ(2) (1 − σ(2))


def test_right_gradients_pass_in_every_kind_of_number(neuron):
    w, x, b = neuron
    assert assert_gradients({w: 2 * DELTA, x: DELTA / 2, b: np.float64(DELTA)}) is None
    assert_gradients({b: 0.105}, rtol=1e-3)
    assert_gradients({Constant(3.0): 0})


def test_the_message_is_one_aligned_table(neuron):
    w, x, b = neuron
    with pytest.raises(AssertionError) as failure:
        assert_gradients({w: 4 * DELTA, x: DELTA / 2, b: -DELTA})
    assert str(failure.value).splitlines() == [
        "2 of 3 gradients differ, at the digits given and rtol = 1e-06 (ratio = expected / engine)",
        "name       expected        engine  ratio",
        "w      0.4199743416  0.2099871708      2  ← differs",
        "x      0.0524967927  0.0524967927      1",
        "b     -0.1049935854  0.1049935854     -1  ← differs",
        "For a diagnosis along the graph, give the gradient of its root as well: {loss: 1, w: 0.19}.",
    ]


def test_values_with_equal_numbers_are_told_apart():
    x, y = Value(1.0, "x"), Value(1.0, "y")
    (2 * x + 3 * y).backward()
    assert_gradients({x: 2, y: 3})
    with pytest.raises(AssertionError, match=r"x +3 +2 +1.5  ← differs\ny +3 +3 +1\nFor a"):
        assert_gradients({x: 3, y: 3})


@pytest.mark.parametrize(
    ("engine", "expected", "passes"),
    [
        (0.0, 0.0, True), (1e-13, 0.0, True), (1e-11, 0.0, False), (0.0, 1e-300, False), (1e-20, 2e-20, False),
        (math.nan, math.nan, True), (math.nan, 1.0, False), (1.0, math.nan, False), (math.nan, 0.0, False),
        (math.inf, math.inf, True), (math.inf, -math.inf, False), (1.0, math.inf, False), (math.inf, 1.0, False),
        (1.0, 1.0 + 5e-7, True), (1.0, 1.0 + 2e-6, False), (-1e300, -1e300, True),
    ],
)  # fmt: skip
def test_zero_infinite_and_nan_gradients(engine, expected, passes):
    x = Value(1.0, "x")
    x.grad = engine
    if passes:
        assert_gradients({x: expected})
    else:
        with pytest.raises(AssertionError, match=r"x .*← differs" if engine else "every gradient of the engine is 0"):
            assert_gradients({x: expected})


def test_every_gradient_0_asks_for_backward():
    x = Value(1.0, "x")
    with pytest.raises(
        AssertionError, match=r"^1 of 1 gradients differs: every gradient of the engine is 0. Call backward"
    ):
        assert_gradients({x: 2.0})


def test_values_without_a_name_and_with_a_hostile_one_fit_the_table():
    x = Value(0.5)
    y = x * 3
    named = Value(1.0, "a\nb\u202ec" + "d" * 100)
    (y * named).backward()
    with pytest.raises(AssertionError) as failure:
        assert_gradients({x: 1.0, y: 2.0, named: 3.0})
    lines = str(failure.value).splitlines()
    assert len(lines) == 6
    assert [line[:20].rstrip() for line in lines[2:5]] == [
        "unnamed leaf 0.5",
        "unnamed mul 1.5",
        r"a\nb\u202ecddddddddd",
    ]


def test_assert_gradients_refuses_what_it_cannot_compare():
    w = Value(0.5, "w")
    with pytest.raises(TypeError, match=r"the key 'w' is not a Value: write \{w: 0.19\}"):
        assert_gradients({"w": 0.19})
    with pytest.raises(ValueError, match=r"the gradient expected of w is 'a fifth'; give a number"):
        assert_gradients({w: "a fifth"})
    with pytest.raises(TypeError, match=r"the gradient expected of w is the Value 0\.19: give a number"):
        assert_gradients({w: Value(0.19)})
    with pytest.raises(TypeError, match="takes a dictionary"):
        assert_gradients([w, 0.19])
    with pytest.raises(ValueError, match=r"the gradient of w … w has \[1\] numbers in its rows, but there are \[2\]"):
        assert_gradients([([w, w], [0.19])])
    with pytest.raises(ValueError, match="nothing to compare"):
        assert_gradients({})
    for rtol in (-1e-6, math.nan, math.inf, "1e-6", None):
        with pytest.raises(ValueError, match="is not a tolerance"):
            assert_gradients({w: 0.0}, rtol=rtol)
