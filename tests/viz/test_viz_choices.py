"""Pictures, explanations and worked solutions of a where: the side that is not chosen hands nothing on."""

import re

import pytest

from autograd import Value, assert_gradients, parse, sqrt, step, where
from viz import derivation, draw, explain, formula


def chosen():
    """A root whose derivative is infinite, on the side that is not chosen."""
    x, w = Value(0.0, "x"), Value(2.0, "w")
    y = where(step(x), w * sqrt(x), w * w).named("y")
    y.backward()
    return y, x, w


def test_an_arrow_of_the_other_side_says_that_it_hands_on_nothing():
    y, _, _ = chosen()
    source = draw(y).source
    (hint,) = re.findall(r'tooltip="∂sqrt/∂x = nan; (.*?)"', source)
    assert hint == "x receives 0, because this argument was not selected"
    assert "NaN" not in source
    assert "w receives 2 × 1 = +2" in source


def test_the_other_side_is_no_path():
    y, x, w = chosen()
    assert explain(y, x).gradient == x.grad == 0.0
    assert explain(y, w).gradient == w.grad == 4.0
    assert explain(y, w).count == 2


def test_a_solution_is_worked_out_and_reads_back():
    y, x, w = chosen()
    text = str(derivation(y))
    assert "∂y/∂u₄ = where(u₁, 0, 1) = where(0, 0, 1) = 1" in text
    assert "dy/dw = dy/du₄·∂u₄/∂w = 1·4 = 4" in text
    text = formula(y, "text")
    assert text == "where(step(x), w * sqrt(x), w * w)"
    again, leaves = parse(text, x=0.0, w=2.0)
    again.backward()
    assert (again.data, leaves["x"].grad, leaves["w"].grad) == (y.data, x.grad, w.grad)
    with pytest.raises(AssertionError, match="w"):
        assert_gradients({w: 8.0, x: 0.0})
