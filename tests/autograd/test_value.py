"""A Value is a float: Python's operators, NumPy's functions, comparisons, and refusals that say what to do."""

import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import TABLE, Constant, Value, exp, operation

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow]
NUMBERS = [3, 2.5, True, False, Fraction(7, 2), 10**30]
NUMPY_NUMBERS = [kind(3) for kind in (np.float64, np.float32, np.float16, np.longdouble, np.int8, np.uint8, np.int64)]
NUMPY_NUMBERS.append(np.bool_(True))


def outcome(function, x, y):
    """The result's bits, or the class of the error; a complex result is refused."""
    try:
        z = function(x, y)
    except (ArithmeticError, ValueError) as error:
        return type(error)
    return ValueError if isinstance(z, complex) else repr(z.data if isinstance(z, Value) else z)


# Operators --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS + NUMPY_NUMBERS, ids=lambda n: type(n).__name__)
@pytest.mark.parametrize("function", OPERATORS)
def test_operators_are_those_of_float_on_both_sides(function, number):
    for x in (2.0, -0.5, 0.0):
        assert outcome(function, Value(x), number) == outcome(function, x, float(number))
        assert outcome(function, number, Value(x)) == outcome(function, float(number), x)
        assert outcome(function, Value(x), Value(float(number))) == outcome(function, x, float(number))


@pytest.mark.parametrize("function", OPERATORS)
def test_an_operator_keeps_its_operands_in_order(function):
    x, y = Value(5.0), Value(2.0)
    z = function(x, y)
    assert z.operands[0] is x
    assert z.operands[1] is y
    assert function(3.0, y).operands[1] is y


def test_signs_and_absolute_value():
    x = Value(-2.0)
    assert (-x).data == 2.0
    assert (+x).data == -2.0
    assert +x is not x
    assert abs(x).data == 2.0
    assert math.copysign(1.0, (-Value(0.0)).data) == -1.0


@pytest.mark.parametrize("other", [1j, np.complex128(1j), "2", None, [1.0], Decimal(1)], ids=repr)
@pytest.mark.parametrize("function", OPERATORS)
def test_operators_refuse_what_is_no_real_number(function, other):
    for x, y in ((Value(1.0), other), (other, Value(1.0))):
        with pytest.raises(TypeError):
            function(x, y)


def test_divmod_is_refused():
    with pytest.raises(TypeError, match="divmod"):
        divmod(Value(7.0), 2)


def test_an_integer_beyond_the_floats_overflows_as_it_does_with_float():
    for attempt in (lambda: Value(10**400), lambda: Value(1.0) * 10**400, lambda: exp(10**400)):
        with pytest.raises(OverflowError, match="int too large"):
            attempt()
    assert Value(2.0) < 10**400


def test_pythons_sum_and_the_engines_sum():
    xs = [Value(x) for x in (1.0, 2.0, 4.0)]
    assert sum(xs).data == autograd.sum(xs).data == 7.0
    assert autograd.sum(xs).operands == tuple(xs)
    assert autograd.sum(xs).operation is TABLE["sum"]


# Constants --------------------------------------------------------------------------------------------------


def test_a_plain_number_becomes_a_constant_that_is_never_differentiated():
    x = Value(-2.0)
    z = x**3
    assert type(z.operands[1]) is Constant
    assert z.partials() == (12.0, 0.0)  # the rule for the exponent would take log(−2)
    z.backward()
    assert z.operands[1].grad == 0.0
    assert z.derivative(z.operands[1]).data == 0.0


def test_the_rule_of_a_constant_is_not_evaluated():
    def never(z, x, y):
        raise AssertionError("the rule of a constant was evaluated")

    scale = operation("scale_for_a_test", lambda x, y: x * y, [lambda z, x, y: y, never])
    try:
        x = Value(2.0)
        z = scale(x, 3.0)
        assert z.partials() == (3.0, 0.0)
        z.backward()
        assert z.derivative(x).data == x.grad == 3.0
        with pytest.raises(AssertionError):
            scale(x, Value(3.0)).backward()
    finally:
        del TABLE["scale_for_a_test"]


def test_constants_alone_make_constants():
    assert type(exp(Constant(1.0))) is Constant
    assert type(Constant(1.0) + Constant(2.0)) is Constant
    assert type(2.0 * Constant(2.0)) is Constant
    assert type(autograd.dot([Constant(1.0)], [Constant(2.0)])) is Constant
    assert exp(1.0) == math.e


# Comparisons, identity, text --------------------------------------------------------------------------------


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
def test_comparisons_compare_data_and_give_bool(compare):
    for x in (1.0, 2.0, math.nan):
        for y in (1.0, 2, True, Fraction(3, 2), 10**400):
            assert compare(Value(x), y) is compare(x, y)
            assert compare(y, Value(x)) is compare(y, x)
        assert compare(Value(x), Value(2.0)) is compare(x, 2.0)
        assert bool(compare(Value(x), np.float32(2.0))) is compare(x, 2.0)
        assert bool(compare(np.float32(2.0), Value(x))) is compare(2.0, x)


def test_comparison_with_something_else():
    assert Value(1.0) != "1.0"
    assert (Value(1.0) == None) is False  # noqa: E711
    with pytest.raises(TypeError, match="'<' not supported"):
        Value(1.0) < "2"  # noqa: B015


def test_approx_on_both_sides():
    assert Value(7.0 + 1e-9) == pytest.approx(7.0)
    assert Value(7.1) != pytest.approx(7.0)


def test_hash_is_identity():
    x, y = Value(1.0), Value(1.0)
    assert x == y
    assert len({x, y}) == 2
    assert {x: "x", y: "y"}[y] == "y"


def test_piecewise_python_code_works():
    def relu(x):
        return x if x > 0 else x * 0

    assert [relu(Value(x)).data for x in (2.0, -2.0)] == [2.0, 0.0]
    assert not Value(0.0)
    assert not Value(-0.0)
    assert Value(math.nan)
    assert max(Value(1.0), Value(3.0), 2.0).data == 3.0


def test_format_gives_the_number_and_repr_one_line():
    x = Value(2.0, name="x")
    assert f"{x:.3f} {x:>6.1e}" == "2.000 2.0e+00"
    assert f"{x}" == str(x) == repr(x) == "Value(2.0, grad=0.0, name='x')"
    assert repr(x * 3) == "Value(6.0, grad=0.0, operation=mul)"
    assert repr((x * 3).operands[1]) == "Constant(3.0)"
    for hostile in ("two\nlines", "\r\x1b[31m", "\u2028", "'\"\\", "x" * 10_000, "\u202e"):
        assert len(repr(Value(1.0, name=hostile)).splitlines()) == 1
    deep = x
    for _ in range(10_000):
        deep = deep + 1.0
    assert repr(deep) == "Value(10002.0, grad=0.0, operation=add)"


def test_named_and_detach():
    y = (Value(3.0) * 2).named("y")
    assert y.named("z") is y
    leaf = y.detach()
    assert (leaf.data, leaf.name, leaf.operation, leaf.operands, leaf.partials()) == (6.0, "z", None, (), ())


# What is refused --------------------------------------------------------------------------------------------

CONVERSIONS = [
    float, math.exp, complex, np.float64,
    lambda x: np.asarray(x, dtype=float), lambda x: np.array([x], dtype=float), lambda x: np.array([x]).astype(float),
]  # fmt: skip


@pytest.mark.parametrize("convert", CONVERSIONS)
def test_a_value_never_turns_into_a_float_unasked(convert):
    with pytest.raises(TypeError, match=r"w = 2\.0 is not converted .* take \.data .*autograd\.exp for math\.exp"):
        convert(Value(2.0, name="w"))


@pytest.mark.parametrize("function", [math.floor, math.ceil, math.trunc, round, lambda x: round(x, 1)])
def test_python_rounds_a_value_as_the_float_and_keeps_the_graph(function):
    for number in (2.0, 2.5, -0.5, 0.25, 7.75, -1e20):
        x = Value(number, name="w")
        z = function(x)
        assert z.data == function(number)
        assert z.operands[0] is x
        (z * x).backward()
        assert x.grad == z.data


def test_int_says_what_to_take():
    with pytest.raises(TypeError, match=r"take int\(x\.data\)"):
        int(Value(2.0))
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        range(Value(2.0))


UNFIT = [
    ("2", "parse"), (1j, "real and imaginary"), (None, "give a float"), ([1.0], "one Value for each"),
    ((1,), "one Value for each"), (np.array(1.0), "one Value for each"), (np.array([1.0]), "one Value for each"),
    (Decimal(1), "give a float"),
    (Value(1.0, name="w"), r"w = 1\.0: use it as it is, or detach\(\) it"), (b"1", "give a float"),
]  # fmt: skip


@pytest.mark.parametrize(("unfit", "remedy"), UNFIT, ids=lambda u: type(u).__name__)
def test_the_constructor_takes_one_real_number(unfit, remedy):
    with pytest.raises(TypeError, match=f"a Value holds one real number, not the {type(unfit).__name__} .*{remedy}"):
        Value(unfit)


@pytest.mark.parametrize("number", NUMBERS + NUMPY_NUMBERS, ids=lambda n: type(n).__name__)
def test_the_constructor_makes_a_float(number):
    assert type(Value(number).data) is float
    assert Value(number).data == float(number)


# NumPy ------------------------------------------------------------------------------------------------------

UNARY = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh",
         "tanh", "square", "reciprocal", "negative", "positive", "absolute", "sign", "degrees", "radians", "deg2rad",
         "rad2deg", "arcsin", "arccos", "arctan", "arcsinh", "arctanh"]  # fmt: skip
BINARY = ["add", "subtract", "multiply", "divide", "true_divide", "power", "mod", "remainder", "floor_divide", "hypot",
          "arctan2", "maximum", "minimum"]  # fmt: skip


@pytest.mark.parametrize("name", UNARY)
def test_numpys_functions_build_the_graph(name):
    x, ufunc = Value(0.4), getattr(np, name)
    z = ufunc(x)
    assert z.operands == (x,)
    assert z.data == pytest.approx(float(ufunc(0.4)), rel=1e-15)


@pytest.mark.parametrize("name", BINARY)
def test_numpys_functions_of_two_operands_on_both_sides(name):
    x, ufunc = Value(0.4), getattr(np, name)
    for operands in ((x, 2), (2, x), (x, x), (np.float64(2), x), (x, np.array([2.0, 3.0])), (np.array([2.0, 3.0]), x)):
        numbers = [getattr(o, "data", o) if isinstance(o, Value) else o for o in operands]
        z = ufunc(*operands)
        datas = [v.data for v in z] if isinstance(z, np.ndarray) else z.data
        assert datas == pytest.approx(ufunc(*numbers), rel=1e-15)


@pytest.mark.parametrize("compare", [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal])
def test_numpys_comparisons_give_bool(compare):
    x, array = Value(2.0), np.array([1.0, 2.0, 3.0])
    assert compare(x, array).tolist() == compare(2.0, array).tolist()
    assert compare(array, x).dtype == bool
    assert compare(x, 2.0) is bool(compare(2.0, 2.0))


def test_numpys_other_ways_are_refused():
    x = Value(1.0)
    with pytest.raises(TypeError, match="only the operands, not out"):
        np.add(x, 1.0, out=np.zeros(1))
    with pytest.raises(TypeError, match="only the operands, not where"):
        np.add(x, 1.0, where=True)
    for method in (np.add.accumulate, np.hypot.reduce):
        with pytest.raises(TypeError, match=f"not the method {method.__name__}"):
            method(x)
    with pytest.raises(TypeError, match=r"np.isfinite is not in the table .* np\.isfinite\(x\.data\) .* operation\(\)"):
        np.isfinite(x)
    array = np.zeros(2)
    with pytest.raises(TypeError, match=r"np\.add on Values"):
        array += x


def test_object_arrays_of_values():
    x, y, z = Value(1.0, name="x"), Value(2.0), Value(3.0)
    array, numbers = np.array([x, y]), np.array([1.0, 2.0])

    def data(values):
        return [v.data for v in values]

    assert data(array + numbers) == data(numbers + array) == [2.0, 4.0]
    assert data(array * z) == data(z * array) == [3.0, 6.0]
    assert data(z / array) == [3.0, 1.5]
    assert data(array**2) == [1.0, 4.0]
    assert data(2.0 - array) == [1.0, 0.0]
    assert (array @ numbers).data == (numbers @ array).data == (array @ array).data == 5.0
    assert array.sum().data == np.sum(array).data == 3.0
    assert data(np.exp(array)) == [math.exp(1.0), math.exp(2.0)]
    assert (array > 1).tolist() == (x < array).tolist() == (array == y).tolist() == [False, True]
    (np.array([[x, y], [y, x]]) @ array).sum().backward()
    assert (x.grad, y.grad) == (6.0, 6.0)
    assert (z * array)[0].operands[1] is x


def test_a_value_times_an_array_is_the_same_from_both_sides():
    x, array = Value(2.0), np.array([[1.0, 2.0], [3.0, 4.0]])
    for left, right in ((x * array, array * x), (x + array, array + x)):
        assert left.shape == right.shape == (2, 2)
        assert left.dtype == right.dtype == object
        assert all(a.data == b.data for a, b in zip(left.flat, right.flat, strict=True))


# Subclasses -------------------------------------------------------------------------------------------------


class Weight(Value):
    """A Value of one's own kind, with a mark of its own."""

    mark = "trained"


def test_a_subclass_computes_as_a_value_does():
    w, x = Weight(2.0, name="w"), Value(3.0)
    for z in (w * x, x * w, w * 3.0, 3.0 * w):
        z.backward()
        assert type(z) is Value
    assert (w.grad, x.grad) == (12.0, 4.0)
    assert exp(w).operands[0] is w
    assert repr(w) == "Weight(2.0, grad=12.0, name='w')"


@pytest.mark.parametrize("name", [3, 1.5, ("x", "y"), Value(1.0), ["x"]], ids=repr)
def test_a_name_is_text(name):
    with pytest.raises(TypeError, match="the name of a Value is text, not the"):
        Value(1.0, name)
    with pytest.raises(TypeError, match="the name of a Value is text, not the"):
        Value(1.0).named(name)


def test_the_label_of_other_engines_is_called_name():
    with pytest.raises(TypeError, match=r"Value takes name=, not label=: Value\(2\.0, name='a'\)"):
        Value(2.0, label="a")


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x00b", "a\u2028b"])
def test_a_message_shows_a_name_in_one_line(name):
    with pytest.raises(ValueError, match="log") as error:
        Value(-1.0, name).log()
    assert str(error.value).isprintable()
