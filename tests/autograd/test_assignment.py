"""What is assigned to data and grad: converted as by the constructor, or refused before anything is changed."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import Constant, Value
from autograd.value import assign

NUMBERS = [3, 2.5, True, Fraction(7, 2), 10**30, np.True_] + [
    kind(3) for kind in (np.float64, np.float32, np.float16, np.longdouble, np.int8, np.uint8, np.int64)
]
NOT_NUMBERS = [
    ("2", "convert it with float"), (1j, "real and imaginary parts"), (np.complex64(1j), "real and imaginary parts"),
    ([1.0], "one Value for each"), ((1.0,), "one Value for each"), (np.array(1.0), "one Value for each"),
    (np.array([1.0]), "one Value for each"), (Decimal(1), "give a float"), (b"1", "give a float"),
    (Value(1.0, name="v"), r"v = 1\.0: take its \.data"), (max, "give a float"),
]  # fmt: skip
FIELDS = ["data", "grad"]


class Weight(Value):
    """A Value of one's own kind."""


@pytest.mark.parametrize("kind", [Value, Constant, Weight])
@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_a_number_assigned_to_data_is_what_the_constructor_makes_of_it(number, kind):
    x = kind(7.0)
    x.data = number
    assert type(x.data) is float
    assert x.data == Value(number).data
    assert (x * x).data == Value(number).data ** 2


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_a_number_assigned_to_grad_becomes_a_float(number):
    x = Value(7.0)
    y = x * 2
    for node in (x, y):
        node.grad = number
        assert type(node.grad) is float
        assert node.grad == float(number)


def test_a_large_integer_of_numpy_is_not_multiplied_as_an_integer():
    x = Value(1.0)
    x.data = np.int64(2**40)
    assert (x * x).data == 2.0**80


def test_a_step_with_numpys_numbers_leaves_a_float():
    x = Value(1.0)
    x.data -= np.float32(0.5) * np.float64(0.5)
    x.grad += np.int64(2)
    assert [(type(f), f) for f in (x.data, x.grad)] == [(float, 0.75), (float, 2.0)]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("unfit", "remedy"), NOT_NUMBERS, ids=lambda u: type(u).__name__)
def test_what_is_not_a_real_number_is_refused_at_the_assignment(field, unfit, remedy):
    x = Value(2.0, name="w")
    x.grad = 5.0
    with pytest.raises(TypeError, match=rf"the {field} of w = 2\.0 .*{type(unfit).__name__}.*({remedy})"):
        setattr(x, field, unfit)
    assert (x.data, x.grad) == (2.0, 5.0)


def test_none_as_data_is_refused_and_none_as_grad_is_told_of_zero_grad():
    x = Value(2.0, name="w")
    with pytest.raises(TypeError, match=r"the data of w = 2\.0 .*NoneType None: give a float"):
        x.data = None
    for node in (x, x * 2, Constant(2.0)):
        with pytest.raises(TypeError, match=r"the grad of (w = )?[24]\.0 is never None: call zero_grad\(\)"):
            node.grad = None


@pytest.mark.parametrize("field", FIELDS)
def test_an_integer_beyond_the_floats_overflows_as_in_the_constructor(field):
    x = Value(2.0)
    with pytest.raises(OverflowError, match="int too large"):
        setattr(x, field, 10**400)
    assert (x.data, x.grad) == (2.0, 0.0)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0])
def test_every_float_may_be_assigned(number):
    x = Value(1.0)
    x.data = x.grad = number
    assert repr(x.data) == repr(x.grad) == repr(number)


def test_what_an_operation_computed_cannot_be_assigned():
    h = (Value(2.0, name="x") * 3.0).named("h")
    with pytest.raises(AttributeError, match=r"the data of h = 6\.0 is the result of mul: .* detach\(\)"):
        h.data = 5.0
    assert h.data == 6.0
    leaf = h.detach()
    leaf.data = 5.0
    assert (leaf.data, h.data) == (5.0, 6.0)


def test_the_gradient_of_a_constant_stays_zero():
    c = Constant(2.0)
    c.grad = 5.0
    assert c.grad == 0.0
    with pytest.raises(TypeError, match=r"the grad of 2\.0 is assigned"):
        c.grad = "5"


def test_nothing_else_can_be_assigned():
    with pytest.raises(AttributeError):
        Value(1.0).date = 2.0


def test_leaves_assigned_together_are_as_if_assigned_one_by_one():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    z = x * y
    assign([x, y], [3.0, 4])
    assert (x.data, y.data, type(y.data)) == (3.0, 4.0, float)
    with pytest.raises(RuntimeError, match="out of date"):
        z.backward()
    assert z.refresh().data == 12.0
    with pytest.raises(AttributeError, match="the data of"):
        assign([x, z], [5.0, 6.0])
    with pytest.raises(TypeError):
        assign([y], ["7"])
    assert (x.data, y.data, z.data) == (5.0, 4.0, 12.0)
    with pytest.raises(RuntimeError, match="out of date"):  # of the change before the refusal, too
        z.backward()
