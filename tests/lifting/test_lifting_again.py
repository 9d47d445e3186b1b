"""A graph that is lifted again is not planned again, and its programs share no numbers."""

import pickle

import numpy as np
import pytest

from autograd import Value, operation, sin, vectorize
from autograd.lifting import pipeline


def loss_of(c, name="w"):
    x, w = Value(0.5, "x"), Value(0.2, name)
    return vectorize(sin(w * x) + x * c, [x], [w])


def lifts(call):
    """Return how many graphs a call lifts."""
    before = pipeline._compiled.cache_info().misses
    call()
    return pipeline._compiled.cache_info().misses - before


def test_the_same_graph_is_lifted_once_also_from_a_pickle():
    program = loss_of(1.25)
    assert lifts(lambda: loss_of(1.25)) == 0
    assert lifts(lambda: pickle.loads(pickle.dumps(program))) == 0


@pytest.mark.parametrize(("c", "name"), [(1.5, "w"), (1.25, "v")])
def test_other_constants_and_other_names_are_another_graph(c, name):
    pipeline._compiled.cache_clear()
    loss_of(1.25)
    assert lifts(lambda: loss_of(c, name)) == 1


def test_zero_and_minus_zero_are_two_graphs():
    x = Value(0.5, "x")
    programs = [vectorize(x.copysign(c), [x]) for c in (0.0, -0.0)]
    assert [p.values([[2.0]]).tolist() for p in programs] == [[2.0], [-2.0]]


def test_programs_of_one_graph_have_parameters_and_buffers_of_their_own():
    first, second = loss_of(1.25), loss_of(1.25)
    batch = np.linspace(-1.0, 1.0, 50)[:, None]
    expected = first.gradient(batch)[1].tolist()
    second.parameters = [3.0]
    other = second.gradient(batch)[1].tolist()
    assert first.parameters.tolist() == [0.2]
    assert first.gradient(batch)[1].tolist() == expected != other


def test_an_operation_that_is_registered_anew_is_another_operation():
    x = Value(0.5, "x")
    for factor in (2.0, 3.0):
        scaled = operation("scaled_again", lambda x, c=factor: c * x, [factor])
        assert vectorize(scaled(x), [x]).values([[5.0]]).tolist() == [5.0 * factor]
