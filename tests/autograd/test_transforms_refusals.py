"""What the transforms refuse, they name: the function, what it was given or returned, the place and the remedy."""

import functools
import math
import re
from decimal import Decimal

import numpy as np
import pytest

import autograd
from autograd import grad, hessian, hvp, jacobian, jvp, value_and_grad


def loss(x):
    return loss.result


MATRIX = np.array([[1.0]]).view(np.matrix)
NO_NUMBERS = [
    (None, "None", "is a return missing?"),
    ("text", "the str 'text'", "convert it with float()"),
    ({1.0}, "the set {1.0}", "make it a list"),
    ((x for x in ()), "the generator <generator", "make it a list"),
    (range(3), "the range range(0, 3)", "make it a list"),
    (1j, "the complex 1j", "real and imaginary parts"),
    (math.sin, "the builtin_function_or_method <built-in function sin>", "call it"),
    (Decimal(1), "the Decimal", "give a float"),
    (object(), "the object <object", "give a float"),
    (np.array([1j]), "the ndarray array([0.+1.j])", "array of real numbers"),
    (np.array(["a"]), "the ndarray", "array of real numbers"),
    (np.array([None]), "None", "is a return missing?"),
    (np.ma.array([1.0], mask=[True]), "the MaskedArray", "fill it, or leave out what is masked"),
    (MATRIX, "the matrix", "np.asarray"),
    (np.datetime64(1, "D"), "the datetime64", "float"),
]


@pytest.mark.parametrize(("unfit", "shown", "remedy"), NO_NUMBERS, ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_by_name_and_place_with_the_remedy(unfit, shown, remedy):
    calls = {
        "grad": lambda f, x: grad(f)(x),
        "value_and_grad": lambda f, x: value_and_grad(f)(x),
        "jacobian": lambda f, x: jacobian(f)(x),
        "hessian": lambda f, x: hessian(f)(x),
        "jvp": lambda f, x: jvp(f, [x], [x]),
        "hvp": lambda f, x: hvp(f, [x], [x]),
    }
    for name, call in calls.items():
        loss.result = unfit
        needle = f"the result of loss is {shown}"
        with pytest.raises(TypeError, match=re.escape(needle)) as refused:
            call(loss, 1.0)
        assert "where a number is needed: " in str(refused.value)
        assert remedy in str(refused.value)
        loss.result = {"a": [1.0, unfit]}
        with pytest.raises(TypeError, match=re.escape(f"the result of loss['a'][1] is {shown}")):
            call(loss, 1.0)
        with pytest.raises(TypeError, match=re.escape(f" is {shown}")) as refused:
            call(lambda x: 1.0, unfit)
        assert re.match(rf"{name}: (entry 1 of the direction|argument 1 of )", str(refused.value))


def test_a_pandas_series_is_refused_with_the_remedy():
    series = pytest.importorskip("pandas").Series([1.0, 2.0])
    for call in (lambda: grad(lambda x: 1.0)(series), lambda: jacobian(lambda x: series)(1.0)):
        with pytest.raises(TypeError, match=r"is the Series 0 1.0 1 2.0 .*: make it an array .* np\.asarray"):
            call()


def test_grad_needs_one_result():
    for several in ([1.0, 2.0], np.ones(2), {"a": 1.0, "b": 2.0}, (1.0, 1.0), np.ones((1, 2))):
        loss.result = several
        with pytest.raises(
            TypeError, match=r"^grad needs a function of one result, and loss returned the \w+ of 2: use"
        ):
            grad(loss)(1.0)
    loss.result = [1.0]
    with pytest.raises(TypeError, match=r"^value_and_grad needs .* the list of 1: "):
        value_and_grad(loss)(1.0)


def test_a_transform_needs_a_function_and_an_argument():
    with pytest.raises(TypeError, match=r"^grad takes a function, not the float 3\.0: write grad\(f\)\(x\)"):
        grad(3.0)
    for call in (grad(loss), jacobian(loss), hessian(loss)):
        with pytest.raises(TypeError, match=r"differentiates .*loss.* with respect to its positional arguments"):
            call()
        with pytest.raises(TypeError, match=r"differentiates .*loss.* with respect to its positional arguments"):
            call(x=1.0)


def test_errors_call_functions_by_their_names():
    class Model:
        def __call__(self, x):
            return None

    names = [(Model(), "Model"), (functools.partial(loss), "loss"), (lambda x: None, r"the lambda of line \d+")]
    loss.result = None
    for f, name in names:
        with pytest.raises(TypeError, match=f"the result of {name} is None"):
            grad(f)(1.0)
    assert grad(loss).__name__ == "grad(loss)"


def test_an_infinite_derivative_is_named_in_a_forward_sweep_too():
    with pytest.raises(ZeroDivisionError, match=r"^the derivative of sqrt\(0\.0\)"):
        jvp(autograd.sqrt, [0.0], [1.0])
