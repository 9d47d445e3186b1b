"""A program's parameters, and its outputs: exchanged in their order, one number each, never shared with the caller."""

import re

import numpy as np
import pytest

from autograd import Value, dot, sigmoid, vectorize

ROWS = np.random.default_rng(0).uniform(0.5, 1.5, (6, 2))


def graph():
    """A small graph that uses two inputs and three parameters, fresh at each call."""
    x, w = [Value(0.5, "x"), Value(1.5, "y")], [Value(0.2, "v"), Value(-0.4, "w"), Value(0.1, "b")]
    return sigmoid(dot(w[:2], x, w[2])) ** 2 + 0.1 * w[0] * x[1], x, w


def program(**options):
    return vectorize(*graph(), **options)


def test_parameters_are_loaded_stored_changed_in_place_and_assigned():
    loss, x, w = graph()
    p = vectorize(loss, x, w)
    p.value(ROWS)
    p.parameters -= 0.5
    p.store(w)
    assert [a.data for a in w] == p.parameters.tolist() == [-0.3, -0.9, -0.4]
    p.parameters = [1.0, 2.0, 3.0]  # copied in, for the program's arrays are views of what is there
    q = vectorize(loss, x, w)
    q.parameters[:] = [1.0, 2.0, 3.0]
    assert p.value(ROWS) == q.value(ROWS)
    p.load(w)
    assert p.parameters.tolist() == [a.data for a in w]
    for exchange in (p.load, p.store):
        with pytest.raises(ValueError, match="has 3 parameters, not 2"):
            exchange(w[:2])


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (None, "the parameters are numbers, not None"),
        (["1", "2", "3"], "the parameters are numbers, not ['1', '2', '3']"),
        ([1j, 2.0, 3.0], "the parameters are numbers, not [1j, 2.0, 3.0]"),
        ([Value(1.0)] * 3, "load() takes Values"),
        (0.0, "the program has 3 parameters, not an array of shape ()"),  # which NumPy would broadcast
        ([0.0], "the program has 3 parameters, not an array of shape (1,)"),
        ([1.0, 2.0], "the program has 3 parameters, not an array of shape (2,)"),
        ([[1.0, 2.0, 3.0]], "the program has 3 parameters, not an array of shape (1, 3)"),
        (np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0]), "row 1 of the list of parameters is masked"),
        ({"v": 1.0, "w": 2.0, "c": 3.0}, "are named v, w, c, but v, w, b are wanted"),
    ],
)
def test_parameters_are_assigned_one_number_each(numbers, message):
    p = program()
    before = p.parameters.tolist()
    with pytest.raises(ValueError, match=re.escape(message)):
        p.parameters = numbers
    assert p.parameters.tolist() == before


def test_parameters_are_assigned_by_name_where_both_sides_have_names():
    p = program()
    p.parameters = {"b": 3.0, "v": 1.0, "w": 2.0}
    assert p.parameters.tolist() == [1.0, 2.0, 3.0]


def test_parameters_are_exchanged_with_values_and_stored_in_leaves():
    p, (_, _, w) = program(), graph()
    p.parameters = [1.0, 2.0, 3.0]
    p.store(value for value in w)
    assert [value.data for value in w] == [1.0, 2.0, 3.0]
    p.load([*w[:2], w[0] + w[1] * 2.0])
    assert p.parameters.tolist() == [1.0, 2.0, 5.0]
    for exchange in (p.load, p.store):
        with pytest.raises(TypeError, match=r"parameter 1 is 2.0, not a Value: numbers are assigned to \.parameters"):
            exchange([w[0], 2.0, w[2]])
    with pytest.raises(ValueError, match=re.escape("parameter 2 (v = 1.0) is declared twice")):
        p.store([w[0], w[1], w[0]])
    with pytest.raises(ValueError, match=re.escape("parameter 2 is 2.0: declare a leaf")):
        p.store([w[0], w[1], w[0] * 2.0])
    assert [value.data for value in w] == [1.0, 2.0, 3.0]


def test_outputs_may_be_leaves_and_numbers_and_come_twice_and_are_the_callers():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    p = vectorize([x, w, x, Value(3.0), w * x, Value(4.0), w * x, 0.0 * x], [x], [w])
    batch = np.array([[1.0], [5.0]])
    expected = [[1.0, 2.0, 1.0, 3.0, 2.0, 4.0, 2.0, 0.0], [5.0, 2.0, 5.0, 3.0, 10.0, 4.0, 10.0, 0.0]]
    values = p.values(batch)
    assert values.tolist() == expected
    values[:] = 7.0
    assert p.values(batch).tolist() == expected
    assert (batch.tolist(), p.parameters.tolist()) == ([[1.0], [5.0]], [2.0])
    for leaf, numbers, gradient in ((x, [1.0, 5.0], 0.0), (w, [2.0, 2.0], 1.0)):
        q = vectorize(leaf, [x], [w])
        alone = q.values(batch)
        assert alone.tolist() == numbers
        alone[:] = 7.0
        assert (q.value(batch), q.gradient(batch)[1].tolist()) == (sum(numbers) / 2.0, [gradient])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_no_rows_have_no_mean_and_no_sum(reduction):
    p = program(reduction=reduction)
    for call in (p.value, p.values, p.gradient, p.step, p.jacobian):
        with pytest.raises(ValueError, match=re.escape("the batch has the shape (0, 2); it takes at least one row")):
            call(ROWS[:0])


def test_several_outputs_have_values_and_nothing_else():
    loss, x, w = graph()
    p = vectorize([loss, x[1] * 1.0, loss], x, w)
    assert p.values(ROWS) == pytest.approx(
        np.stack([program().values(ROWS), ROWS[:, 1], program().values(ROWS)], axis=1)
    )
    for call in (p.value, p.gradient, p.step, lambda batch: p.check(loss, batch)):
        with pytest.raises(ValueError, match="the program has 3 outputs"):
            call(ROWS)


def test_a_derivative_that_is_a_number_is_an_output():
    a, b, c = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c")
    f = 3.0 * a + b * b
    program = vectorize([f, *f.derivatives([a, b, c])], inputs=[a, b, c])
    assert program.values([[1.0, 2.0, 5.0], [2.0, 3.0, 5.0]]).tolist() == [[7.0, 3.0, 4.0, 0.0], [15.0, 3.0, 6.0, 0.0]]
    with pytest.raises(ValueError, match=r"the leaf b = 2.0 is neither an input nor a parameter"):
        vectorize([a * b, b], [a])
