"""Only the chosen side of a where counts: eagerly, computed anew, in derivatives of every order, and lifted."""

import math
import random

import numpy as np
import pytest

from autograd import (
    Value,
    cbrt,
    check_gradients,
    dot,
    exp,
    grad,
    greater,
    hvp,
    jvp,
    lgamma,
    log,
    sqrt,
    step,
    tanh,
    vectorize,
    where,
)
from autograd import sum as total

NAN = math.nan

# Graphs of x and w whose other side has no number, or no derivative, at some of the points.
GRAPHS = {
    "a root": lambda x, w: where(step(x), w * sqrt(x), 0.0),
    "a logarithm": lambda x, w: where(step(x), log(x) * w, w * w * x),
    "both sides": lambda x, w: where(step(x - 1.0), sqrt(x - 1.0) * w, log(2.0 - x) * w),
    "nested": lambda x, w: where(step(x), where(step(x - 2.0), sqrt(x - 2.0) * w, 1.0 / (2.0 - x)), exp(-x) * w),
    "shared": lambda x, w: where(step(x), sqrt(x), w) * where(step(x - 1.0), sqrt(x) * w, x),
    "a sum of products": lambda x, w: where(step(x), dot([w, w * w], [sqrt(x), log(x)], w), dot([w, x], [w, w])),
    "a chain": lambda x, w: where(step(x), tanh(w * log(x) + sqrt(x)) ** 2, w * x),
    "an infinity": lambda x, w: where(step(x - 9.0), (w * x * 1e300) * (w * 1e300), w * x),
    "the gamma function": lambda x, w: where(greater(x, 0.5), lgamma(x) * w, w * x),
    "in a loop": lambda x, w: steps(x, w),
}
POINTS = [-3.0, -1.0, 0.0, 0.25, 1.0, 1.5, 2.0, 3.5]
POSSIBLE = {"both sides": 1.5, "nested": 3.5}  # where all sides have numbers, so that the graph can be recorded


def steps(x, w):
    for _ in range(40):
        x = where(step(x), w * sqrt(x) + 0.5, w * x + 0.2)
    return x


def recorded(name):
    x, w = Value(POSSIBLE.get(name, 1.5), "x"), Value(0.75, "w")
    return GRAPHS[name](x, w), x, w


def plain(name, x, w):
    """The result with Python's own branch, on floats."""
    if name == "a root":
        return w * math.sqrt(x) if x > 0 else 0.0
    return math.log(x) * w if x > 0 else w * w * x


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", ["a root", "a logarithm"])
def test_a_choice_is_python_s_branch(name, point):
    y, x, _ = recorded(name)
    x.data = point
    assert y.refresh().data == plain(name, point, 0.75)


def branch(side, *xs):
    """The gradient of the chosen side alone, to the second order."""
    values = [Value(v) for v in xs]
    first = side(*values).derivatives(values)
    return [d.data for d in first], [[e.data for e in d.derivatives(values)] for d in first]


SIDES = {
    "a root": (lambda x, w: w * sqrt(x), lambda x, w: x * w * 0.0),
    "a logarithm": (lambda x, w: log(x) * w, lambda x, w: w * w * x),
    "a chain": (lambda x, w: tanh(w * log(x) + sqrt(x)) ** 2, lambda x, w: w * x),
    "a sum of products": (lambda x, w: w + w * sqrt(x) + w * w * log(x), lambda x, w: w * w + x * w),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("name", SIDES)
def test_derivatives_of_both_orders_are_those_of_the_chosen_side(name, point):
    y, x, w = recorded(name)
    first = y.derivatives([x, w])
    second = [d.derivatives([x, w]) for d in first]
    x.data = point
    y.refresh()
    gradient, hessian = branch(SIDES[name][0 if point > 0.0 else 1], point, 0.75)
    y.backward()
    assert [x.grad, w.grad] == pytest.approx(gradient, rel=1e-14)
    assert [d.refresh().data for d in first] == pytest.approx(gradient, rel=1e-14)
    assert [[e.refresh().data for e in row] for row in second] == [pytest.approx(row, rel=1e-12) for row in hessian]
    again = y.derivatives([x, w])  # recorded where the other side has no derivative
    assert [d.data for d in again] == pytest.approx(gradient, rel=1e-14)
    assert [[e.data for e in d.derivatives([x, w])] for d in again] == [pytest.approx(r, rel=1e-12) for r in hessian]


@pytest.mark.parametrize("name", GRAPHS)
def test_lifted_the_other_side_neither_raises_nor_leaves_a_nan(name):
    y, x, w = recorded(name)
    loss = (y - 0.3) ** 2
    first = loss.derivatives([x, w])
    several = [loss, *first, *[e for d in first for e in d.derivatives([x, w])]]
    expected, gradients, points = [], [], []
    for point in POINTS:
        x.data, w.grad = point, 0.0
        try:
            numbers = [v.refresh().data for v in several]
            loss.backward()
        except ZeroDivisionError:  # the chosen side has no derivative there
            continue
        expected.append(numbers)
        gradients.append(w.grad)
        points.append(point)
    assert len(points) >= len(POINTS) - 2
    X = np.array(points)[:, None]
    program = vectorize(loss, [x], [w])
    assert program.values(X) == pytest.approx(np.array(expected)[:, 0], rel=1e-12)
    assert program.gradient(X)[1] == pytest.approx([np.mean(gradients)], rel=1e-12)
    for point, gradient in zip(points, gradients, strict=True):
        assert program.gradient([[point]])[1] == pytest.approx([gradient], rel=1e-12, abs=1e-300)
    assert vectorize(several, [x], [w]).values(X) == pytest.approx(np.array(expected), rel=1e-10, abs=1e-13)


ONE = [sqrt, log, exp, tanh, lgamma, lambda x: 1.0 / x, lambda x: x * x, lambda x: x**0.5]
TWO = [lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x / y, lambda x, y: dot([x, y], [y, x], x)]


def random_graph(draw):
    """A graph of choices within choices, recorded where every part of it has a number, and its leaves."""
    leaves = [Value(draw.uniform(0.2, 1.8), name) for name in ("x1", "x2", "w1", "w2")]
    nodes = leaves.copy()
    for _ in range(draw.randint(5, 25)):
        x, y, z = (draw.choice(nodes) for _ in range(3))
        kind = draw.random()
        made = draw.choice(ONE)(x) if kind < 0.3 else draw.choice(TWO)(x, y) if kind < 0.6 else None
        made = where(step(z - draw.choice([0.0, 1.0])), x, y) if made is None else made
        if abs(made.data) < 1e3:
            nodes.append(made)
    return nodes[-1] * 1.0 + where(step(leaves[0]), nodes[-2], leaves[3]), leaves


@pytest.mark.parametrize("seed", range(60))
def test_in_random_graphs_every_engine_gives_the_same_gradient(seed):
    draw = random.Random(seed)
    try:
        y, leaves = random_graph(draw)
    except (ArithmeticError, ValueError):
        return
    parameters, rows, gradients = leaves[2:], [], []
    program = vectorize(y, leaves[:2], parameters)
    for _ in range(8):
        row = [draw.uniform(-2.0, 2.0), draw.choice([0.0, draw.uniform(-2.0, 2.0)])]
        for leaf, x in zip(leaves, row, strict=False):
            leaf.data = x
        for w in parameters:
            w.grad = 0.0
        try:
            y.refresh()
            y.backward()
        except (ArithmeticError, ValueError):  # the chosen side has no number, or no derivative
            continue
        gradient = [w.grad for w in parameters]
        if not all(abs(g) < 1e8 for g in [y.data, *gradient]):
            continue
        assert [d.data for d in y.derivatives(parameters)] == pytest.approx(gradient, rel=1e-9, abs=1e-12)
        assert program.values([row]) == pytest.approx([y.data], rel=1e-9, abs=1e-12)
        assert program.gradient([row])[1] == pytest.approx(gradient, rel=1e-8, abs=1e-10)
        rows.append(row)
        gradients.append(gradient)
    if rows:
        assert program.gradient(rows)[1] == pytest.approx(np.mean(gradients, axis=0), rel=1e-8, abs=1e-8)


def test_a_condition_without_a_number_within_the_other_side_leaves_no_nan():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = where(step(x), where(step(log(x)), w * w, w), w)
    assert vectorize(y, [x], [w]).gradient([[-1.0]])[1].tolist() == [1.0]


def test_a_condition_that_is_part_of_the_other_side_too_hands_nothing_on():
    x, w = Value(0.0, "x"), Value(3.0, "w")
    root = sqrt(x)
    y = where(step(root), root * w, w) + where(step(root - 1.0), root * x, w * x)
    y.backward()
    assert (x.grad, w.grad) == (3.0, 1.0)
    assert [d.data for d in y.derivatives([x, w])] == [3.0, 1.0]


def test_numbers_that_fold_into_a_refusal_are_refused_only_where_they_are_chosen():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    zero = x * 0.0
    root = sqrt(zero)  # of 0, as a lifted graph knows
    program = vectorize(where(step(x), w, root).derivatives([x, w]), [x], [w])
    assert program.values([[1.0], [2.0]]).tolist() == [[0.0, 1.0], [0.0, 1.0]]
    with pytest.raises(ZeroDivisionError, match=r"^row 1: div\(0\.5, "):
        program.values([[1.0], [-1.0]])


def test_a_chosen_side_is_refused_as_ever():
    y, x, w = recorded("a logarithm")
    program = vectorize(y * where(step(x + 9.0), 1.0, log(x)), [x], [w])
    assert program.values([[-2.0]]) == pytest.approx([-1.125])
    with pytest.raises(ValueError, match=r"row 1: log\(x = -10\.0\)"):
        program.values([[-2.0], [-10.0]])
    z = where(step(x - 2.0), w, log(x))
    x.data = -1.0
    with pytest.raises(ValueError, match=r"log\(x = -1\.0\)"):
        z.refresh()
    root = where(step(x + 2.0), sqrt(x + 1.0), 0.0)
    with pytest.raises(ZeroDivisionError, match=r"the derivative of sqrt"):
        root.backward()
    with pytest.raises(ZeroDivisionError, match=r"the derivative of sqrt"):
        root.derivative(x)
    with pytest.raises(ZeroDivisionError, match=r"row 0: the derivative of sqrt"):
        vectorize(root * w, [w], [x]).gradient([[1.0]])


def test_a_residual_of_zero_keeps_its_second_derivative():
    x = Value(2.0)
    y = (where(step(x), x * x, sqrt(x)) - 4.0) ** 2
    assert y.derivative(x).derivative(x).data == 32.0


# Functions for sides --------------------------------------------------------------------------------------------------


def test_of_two_functions_only_the_chosen_side_is_called():
    def refused():
        raise AssertionError

    x = Value(-2.0, "x")
    for condition in (step(-x), x < 0.0, 1, True, np.bool_(True), -0.5):
        assert where(condition, lambda: x * x, refused).data == 4.0
        assert where(condition, x, refused) is not x
    for condition in (step(x), x > 0.0, 0, False, 0.0):
        y = where(condition, refused, lambda: -x)
        assert y.data == 2.0
        assert y.derivative(x).data == -1.0
    assert where(2.0 > 1.0, lambda: 3.0, refused) == 3.0
    assert math.isnan(where(NAN, 1.0, 2.0))


def test_functions_may_call_themselves():
    def power(x, n):
        return where(n > 0, lambda: x * power(x, n - 1), 1.0)

    x = Value(2.0)
    y = power(x, 5)
    assert (y.data, y.derivative(x).data) == (32.0, 80.0)


def test_a_side_that_was_not_called_is_refused_when_it_is_needed():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = where(step(x), lambda: w * log(x), lambda: w * x)
    z = where(step(-x), lambda: w * log(-x), lambda: w * x)
    reason = r"branch_taken\(.*\): the other side of a where is needed, but .* give both sides of where as numbers"
    for choice, x_data in ((y, 3.0), (z, 3.0)):
        x.data = x_data
        choice.refresh()
        program = vectorize(choice, [x], [w])
        assert program.values([[4.0]]) == pytest.approx([3.0 * math.log(4.0) if choice is y else 12.0])
        assert program.gradient([[4.0]])[1] == pytest.approx([math.log(4.0) if choice is y else 4.0])
        with pytest.raises(ValueError, match=r"row 1: " + reason):
            program.values([[4.0], [-1.0]])
        x.data = -1.0
        with pytest.raises(ValueError, match=reason):
            choice.refresh()


def test_a_side_that_is_there_needs_no_promise():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = vectorize(where(step(x), lambda: w * x, w), [x], [w])
    assert program.values([[4.0], [-1.0]]) == pytest.approx([12.0, 3.0])


def test_a_plain_condition_is_frozen_and_costs_nothing_lifted():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = vectorize(where(x > 0.0, w * x, log(x)), [x], [w])
    assert "where" not in program.source
    assert program.values([[-4.0]]) == pytest.approx([-12.0])
    with pytest.raises(ValueError, match="computes something else for example 0 than for example 1"):
        vectorize(lambda x: where(x > 0.0, lambda: w * x, lambda: w), [[1.0], [-1.0]], [w])


def test_arrays_choose_element_by_element():
    c, x = np.array([True, False, True]), np.array([1.0, NAN, 3.0])
    assert where(c, x, -1.0).tolist() == [1.0, -1.0, 3.0]
    values = np.array([Value(1.0), Value(2.0), Value(3.0)], dtype=object)
    assert [v.data for v in where(c, values, 0.0)] == [1.0, 0.0, 3.0]
    with pytest.raises(TypeError, match="one real number"):
        where(c, lambda: 1.0, 0.0)


def test_the_gradient_checks_pass():
    for name in ("a chain", "a logarithm", "nested", "in a loop"):
        check_gradients(GRAPHS[name], 2.75, 0.75, order=2)
    check_gradients(grad(lambda x: total([where(step(x), lambda: x * x * x, lambda: -x)])), 1.5, order=2)


INFINITE_SLOPES = {  # at 0 the chosen side is 3x + x², and the other has no first or no second derivative
    "a root": lambda x: where(step(x), sqrt(x), 3.0 * x + x * x),
    "a root below another": lambda x: where(step(x), exp(cbrt(x)) + sqrt(x), 3.0 * x + x * x),
    "a power": lambda x: where(step(x), x**1.5, 3.0 * x + x * x),
    "the condition": lambda x: where(greater(sqrt(x), 0.5), x, 3.0 * x + x * x),
}


@pytest.mark.parametrize("name", INFINITE_SLOPES)
def test_a_directional_derivative_is_that_of_the_chosen_side(name):
    f = INFINITE_SLOPES[name]
    assert jvp(f, [0.0], [2.0]) == (0.0, 6.0)
    assert hvp(f, [0.0], [2.0]) == 4.0
    assert grad(lambda x: jvp(f, [x], [2.0])[1])(0.0) == 4.0


@pytest.mark.parametrize("point", [0.0, 0.25, 4.0])
def test_a_directional_derivative_is_right_for_other_numbers_too(point):
    x = Value(0.0, "x")
    slope = jvp(INFINITE_SLOPES["a root"], [x], [1.0])[1]
    expected = 0.5 / math.sqrt(point) if point else 3.0
    assert vectorize(slope, [x]).values([[point]]).tolist() == [expected]
    x.data = point
    assert slope.refresh().data == expected
