"""What every operation makes of ±∞ and NaN is one law in all engines: floats, Values, arrays and the lifted program."""

import itertools
import math
import random

import numpy as np
import pytest

from autograd import TABLE, Value, vectorize
from autograd.operations import BUILT_IN

INF, NAN, HUGE = math.inf, math.nan, 1e300
EDGES = [0.0, 0.5, -2.0, 3.0, HUGE, -HUGE, INF, -INF, NAN]


def points(name):
    """Operands of a row, infinities and NaN among them; of three or more operands, some of all."""
    if name == "spherical_bessel":
        return [(x, n) for x in EDGES for n in (0.0, 1.0, 2.0)]
    count = TABLE[name].arity or (4 if name == "dot" else 2)
    every = list(itertools.product(EDGES, repeat=count))
    return every if count < 3 else random.Random(0).sample(every, 60)


def attempt(function, *xs):
    """The result, or the class of what is raised."""
    try:
        return function(*xs)
    except (ArithmeticError, ValueError) as error:
        return type(error)


def alike(a, b):
    """The same class of refusal, or the same numbers, but for rounding."""
    if isinstance(a, type) or isinstance(b, type):
        return a is b
    return bool(np.allclose(a, b, rtol=1e-9, atol=0.0, equal_nan=True))


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_arrays_have_what_floats_have_at_infinity_and_nothing_finite_where_floats_refuse(name):
    row = TABLE[name]
    for xs in points(name):
        columns = np.repeat(np.array(xs)[:, None], 20, axis=1)  # of more elements than go one by one
        with np.errstate(all="ignore"):
            z = np.ravel(row.array(*columns) if row.arity else row.array(columns))[0]
        expected = attempt(row.evaluate, xs)
        assert alike(expected, z) if isinstance(expected, float) else not math.isfinite(z), (xs, expected, z)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_derivatives_of_values_are_those_of_floats_at_infinity(name):
    row = TABLE[name]
    for xs in points(name):
        z = attempt(row.evaluate, xs)
        for k in range(len(xs) if isinstance(z, float) else 0):
            values, wanted = [Value(x) for x in xs], [i == k for i in range(len(xs))]
            expected = attempt(lambda: float(row.local_derivatives(z, xs, wanted)[k]))  # noqa: B023  (called at once)
            got = attempt(lambda: row.apply(tuple(values)).derivative(values[k]).data)  # noqa: B023
            assert alike(expected, got), (xs, expected, got)


def leaves(x):
    """Finite numbers x₁, x₂, w₁, w₂ with x₁w₁ − x₂w₂ = x, whatever x is."""
    first = HUGE if x == INF or x != x else 0.0 if x == -INF else x
    second = HUGE if x == -INF or x != x else 0.0
    return [first, second, HUGE if first == HUGE and x != HUGE else 1.0, HUGE if second else 1.0]


@pytest.mark.parametrize("name", sorted(BUILT_IN - {"spherical_bessel"}))
def test_the_lifted_program_has_or_refuses_what_the_eager_graph_does_at_infinity(name):
    row, count = TABLE[name], len(points(name)[0])

    def graph(numbers):
        x1, x2, w1, w2 = (
            [Value(number, letter) for number in column] for letter, column in zip("xywv", numbers, strict=True)
        )
        z = row.apply(tuple([a * u - b * v for a, b, u, v in zip(x1, x2, w1, w2, strict=True)]))
        return z, [*x1, *x2], [*w1, *w2]

    inside = {"acosh": 1.5, "polygamma": 1.0, "round": 1.0}.get(name, 0.5)  # of the domain: a whole order, whole digits
    z, inputs, parameters = graph([[inside] * count, [0.0] * count, [1.0] * count, [1.0] * count])
    program = vectorize(z, inputs, parameters)
    for xs in points(name):
        numbers = list(zip(*map(leaves, xs), strict=True))

        def eager():
            z, _, parameters = graph(numbers)  # noqa: B023  (called at once)
            z.backward()
            return [z.data, *[w.grad for w in parameters]]

        batch = [[*numbers[0], *numbers[1]]]
        program.parameters = [*numbers[2], *numbers[3]]
        expected = attempt(lambda: graph(numbers)[0].data)  # noqa: B023
        assert alike(expected, attempt(lambda: float(program.values(batch)[0]))), (xs, expected)  # noqa: B023
        if not isinstance(expected, type):
            value, gradient = None, attempt(lambda: program.gradient(batch))  # noqa: B023
            expected = attempt(eager)
            if not isinstance(gradient, type):
                value, gradient = gradient
                gradient = [value, *gradient]
            assert alike(expected, gradient), (xs, expected, gradient)


@pytest.mark.parametrize(("c", "x", "y", "slope"), [(1e-5, -1e103, 4.0, -1e304), (1e-5, 1e103, 4.0, 1e304)])
def test_the_slope_of_a_power_beyond_the_floats_keeps_its_sign(c, x, y, slope):
    assert TABLE["power_slope"](c, x, y) == pytest.approx(slope, rel=1e-15)


@pytest.mark.parametrize("x", [-1.0, 2.0, -2.0])  # 1 ** NaN is 1
def test_the_slope_of_a_power_with_an_exponent_that_is_nan_is_nan(x):
    assert math.isnan(TABLE["power_slope"](2.0, x, math.nan))
