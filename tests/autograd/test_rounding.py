"""Rounding, remainders and signs: as NumPy and Python have them, flat between the jumps."""

import math

import numpy as np
import pytest

import autograd as a
from autograd import Value, vectorize

EDGES = [0.0, 5e-324, 0.3, 0.5, 0.7, 1.0, 1.5, 2.5, 2.675, 7.25, 1e15 + 0.5, 2.0**52 + 1.0, 1e22, 1e308, math.inf]
EDGES += [-x for x in EDGES] + [math.nan]
NUMPYS = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.rint}
PYTHONS = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round}


@pytest.mark.parametrize("name", NUMPYS)
def test_numbers_are_rounded_as_numpy_does_signed_zeros_infinities_and_nan_included(name):
    row, function = getattr(a, name), NUMPYS[name]
    for x in EDGES:
        expected = repr(float(function(x)))
        assert repr(row(x)) == repr(row(Value(x)).data) == repr(function(Value(x)).data) == expected
        assert repr(getattr(Value(x), name)().data) == expected
    assert repr(row(np.array(EDGES))) == repr(function(np.array(EDGES)))


@pytest.mark.parametrize("name", PYTHONS)
def test_a_finite_number_is_rounded_as_python_does(name):
    for x in EDGES:
        if math.isfinite(x):
            assert getattr(a, name)(x) == PYTHONS[name](x)


def test_decimals_are_rounded_exactly_as_python_does_by_every_engine():
    value = Value(1.0)
    program = vectorize([a.round(value, n) for n in (0, 1, 2, 3, -1)], [value])
    numbers = [2.675, 1.005, 0.5, 2.5, -1.25, 1234.5678, -0.04, 1e300, 5e-324, 0.0]
    for x in numbers:
        expected = [float(round(x, n)) for n in (0, 1, 2, 3, -1)]
        assert [a.round(x, n) for n in (0, 1, 2, 3, -1)] == expected
        assert program.values([[x]]).tolist() == [expected]
    assert (a.round(2.5, 400), a.round(2.5, -400), a.round(2.5, 1e300)) == (2.5, 0.0, 2.5)
    assert round(Value(2.675), 2).data == round(2.675, 2)
    assert round(Value(2.5), None).data == 2.0
    for wrong in (0.5, math.inf):
        with pytest.raises(ValueError, match=r"round\(2\.5, .*a whole number of digits"):
            a.round(Value(2.5), wrong)


@pytest.mark.parametrize("x", [-1.5, 0.0, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("name", PYTHONS)
def test_rounding_is_flat_at_its_jumps_too(name, x):
    value = Value(x)
    z = getattr(a, name)(value)
    z.backward()
    assert value.grad == 0.0
    assert z.derivative(value).data == 0.0


def test_remainders_have_the_sign_of_what_is_divided_and_are_exact():
    for x in EDGES:
        for y in EDGES:
            try:
                expected = repr(math.fmod(x, y))
            except ValueError:
                with pytest.raises(ValueError, match=r"fmod\(.*fmod needs a finite x and y ≠ 0"):
                    a.fmod(Value(x), y)
                with pytest.raises(ValueError, match=r"at index \(0,\)"):
                    a.fmod(np.array([x]), y)
                continue
            assert repr(a.fmod(x, y)) == repr(np.fmod(Value(x), y).data) == expected
    x, y = Value(-7.5), Value(2.0)
    z = a.fmod(x, y)
    z.backward()
    assert (z.data, x.grad, y.grad) == (-1.5, 1.0, 3.0)
    assert a.fmod(7.5, -2.0) == 1.5


def test_a_sign_is_copied_from_a_zero_and_from_a_nan_too():
    for x in EDGES:
        for y in EDGES:
            expected = repr(math.copysign(x, y))
            assert repr(a.copysign(x, y)) == repr(np.copysign(Value(x), y).data) == expected
    for x, y, slope in [(3.0, -0.0, -1.0), (-3.0, -1.0, 1.0), (0.0, -2.0, 0.0), (2.0, 0.0, 1.0)]:
        vx, vy = Value(x), Value(y)
        a.copysign(vx, vy).backward()
        assert (vx.grad, vy.grad) == (slope, 0.0)
