"""An operation of one's own does what the table's do, and an unfit one is refused before anything is changed."""

import inspect
import math
import pickle
from functools import partial

import numpy as np
import pytest

from autograd import TABLE, Value, operation, square, step, vectorize
from autograd.own_operations import accepts


@pytest.fixture
def own():
    """What operation() enters is taken out again."""
    before = dict(TABLE)
    yield operation
    for name in TABLE.keys() - before.keys():
        del TABLE[name]
        if name in vars(Value):
            delattr(Value, name)


def test_an_operation_of_ones_own_does_what_the_tables_do(own):
    cube = own("own_cube", lambda x: x * x * x, [lambda z, x: 3 * square(x)], formula="x^{3}")
    x = Value(2.0, name="x")
    y = x.own_cube()
    y.backward()
    assert (y.data, x.grad, y.derivative(x).derivative(x).data) == (8.0, 12.0, 12.0)
    assert cube(2.0) == cube(2) == 8.0
    assert cube(np.array([1, 2])).tolist() == [1.0, 8.0]
    assert cube(np.array([x]))[0].operation is cube
    assert pickle.loads(pickle.dumps(y)).operation is cube
    with pytest.raises(OverflowError, match=r"own_power\(x = 1e\+200\)"):
        own("own_power", lambda x: x**2, [lambda z, x: 2 * x])(Value(1e200, name="x"))


def test_a_pickle_says_which_operation_it_misses(own):
    own("own_half", lambda x: x / 2, [0.5])
    data = pickle.dumps(Value(2.0).own_half())
    del TABLE["own_half"]
    with pytest.raises(LookupError, match="'own_half' is not in the table: register it with operation"):
        pickle.loads(data)


UNARY, RULE = lambda x: x, lambda z, x: 1.0
UNFIT = [
    ("exp", UNARY, [RULE], ValueError, "'exp' cannot name"),
    ("data", UNARY, [RULE], ValueError, "'data' cannot name"),
    ("backward", UNARY, [RULE], ValueError, "'backward' cannot name"),
    ("two words", UNARY, [RULE], ValueError, "'two words' cannot name"),
    ("lambda", UNARY, [RULE], ValueError, "'lambda' cannot name"),
    ("own", UNARY, ["1"], TypeError, "partial 1 of own is '1': give a number or a function"),
    ("own", UNARY, [lambda x: 1.0], TypeError, "partial 1 of own is <function"),
    ("own", UNARY, [1.0, 2.0], TypeError, "one rule for each operand"),
    ("own", UNARY, [], TypeError, "one rule for each operand"),
    ("own", UNARY, RULE, TypeError, "one rule for each operand"),
]


@pytest.mark.parametrize(("name", "function", "partials", "error", "message"), UNFIT)
def test_operation_refuses_what_is_unfit_and_changes_nothing(name, function, partials, error, message):
    before = dict(TABLE)
    with pytest.raises(error, match=message):
        operation(name, function, partials)
    assert before == TABLE


def test_an_array_rule_that_returns_no_floats_is_refused():
    with pytest.raises(TypeError, match=r"the array rule of own is <ufunc 'sqrt \(vectorized\)'>, which returns no"):
        operation("own", math.sqrt, [RULE], array=np.frompyfunc(math.sqrt, 1, 1))
    assert "own" not in TABLE


def test_a_builtin_that_does_not_tell_its_operands_is_accepted(monkeypatch):
    def silent(function):
        raise ValueError("no signature found")

    monkeypatch.setattr(inspect, "signature", silent)
    assert accepts(math.hypot, 2)


@pytest.mark.parametrize(
    "array",
    [
        partial(np.maximum, 1.0),
        partial(np.maximum, np.float64(1.0)),
        partial(np.maximum, np.array([1.0])),
        partial(np.maximum, 1.0, dtype=np.float64),
        partial(np.fmax, 1.0),
        lambda x: np.fmax(1.0, x),
    ],
    ids=["a number", "NumPy's number", "an array", "a type", "a function that the source does not know", "a lambda"],
)
def test_array_rules_that_are_calls_of_numpys_functions_are_lifted(own, array):
    at_least_1 = own("at_least_1", lambda x: max(x, 1.0), [lambda z, x: step(x - 1.0)], array=array)
    w, x = Value(2.0, "w"), Value(3.0, "x")
    program = vectorize(2.0 * at_least_1(w * x), inputs=[x], parameters=[w])
    assert program.values([[0.25], [2.0]]).tolist() == [2.0, 8.0]
    value, gradient = program.gradient([[0.25], [2.0]])
    assert (value, gradient.tolist()) == (5.0, [2.0])


@pytest.mark.parametrize("array", [lambda x: x.__imul__(2.0), lambda x: np.multiply(x, 2.0, out=x) + 0.0])
def test_an_array_rule_leaves_its_operands_as_they_are(own, array):
    with pytest.raises(TypeError, match="the array rule of twice changes its operands: compute a new array"):
        own("twice", lambda x: 2.0 * x, [2.0], array=array)


def test_an_array_rule_that_is_another_function_than_the_float_rule_is_refused(own):
    with pytest.raises(TypeError, match=r"rule of twice gives -2\.\d+ at \(-0\.7,\), where the float rule gives -1\.4"):
        own("twice", lambda x: 2.0 * x, [2.0], array=lambda x: 3.0 * x)


def test_an_array_rule_that_takes_out_writes_into_it(own):
    def ignores(x, out=None):
        return np.add(x, 1.0)

    def returns_another(x, out=None):
        np.add(x, 1.0, out=out)
        return np.add(x, 1.0)

    for rule in (ignores, returns_another):
        with pytest.raises(TypeError, match="the array rule of plus_one does not write its result into out"):
            own("plus_one", lambda x: x + 1.0, [1.0], array=rule)
    assert "plus_one" not in TABLE
    plus_one = own("plus_one", lambda x: x + 1.0, [1.0], array=lambda x, out=None: np.add(x, 1.0, out=out))
    w, x = Value(2.0, "w"), Value(3.0, "x")
    assert vectorize(plus_one(w * x), [x], [w]).values([[1.0], [4.0]]).tolist() == [3.0, 9.0]


@pytest.mark.parametrize(
    ("array", "returned"),
    [(lambda x: x + 0j, "complex128"), (np.sum, None), (lambda x: x[:2], "shape"), (lambda x: x.astype(str), "<U")],
)
def test_an_array_rule_returns_a_float_for_each_element(array, returned):
    if returned is None:  # the sum of all would be broadcast to each
        array, returned = (lambda x: np.sum(x, keepdims=True)), "shape"
    with pytest.raises(TypeError, match=f"the array rule of own returns .*{returned}"):
        operation("own", lambda x: x, [1.0], array=array)
    assert "own" not in TABLE


@pytest.mark.parametrize("wrong", [1j, "1.0", None, Value(2.0), [1.0]], ids=repr)
def test_a_partial_that_is_no_number_is_refused_by_name(own, wrong):
    own_third = own("own_third", lambda x: x / 3, [lambda z, x: wrong])
    x = Value(4.0, "x")
    y = own_third(x)
    with pytest.raises(
        TypeError, match=f"partial 1 of own_third returned the {type(wrong).__name__} .*: make it a formula"
    ):
        y.backward()
    assert x.grad == 0.0
    if not isinstance(wrong, Value):
        with pytest.raises(TypeError, match="partial 1 of own_third returned"):
            y.derivative(x)
