"""What an operation is called with: other libraries' numbers, arguments that do not fit, names."""

import builtins
import math
from typing import ClassVar

import numpy as np
import pytest

import autograd
from autograd import TABLE, Value, exp

a = autograd

# pandas and tensors ------------------------------------------------------------------------------------------


def test_pandas_series_work_or_name_the_remedy():
    pd = pytest.importorskip("pandas")
    series, x = pd.Series([1.0, 2.0]), Value(2.0)
    for made in (series * x, x * series, np.exp(series * x), np.hypot(series * x, 1.0), np.maximum(series * x, 2.0)):
        assert isinstance(made, pd.Series)
        assert all(isinstance(z, Value) for z in made)
    assert autograd.sum(series * x).derivative(x).data == 3.0
    assert autograd.dot(series, [x, x]).data == 6.0
    for call in (lambda: exp(series), lambda: autograd.hypot(x, series), lambda: exp(pd.DataFrame({"a": series}))):
        with pytest.raises(
            TypeError, match=r"^\w+ takes numbers, Values and NumPy arrays, not the .*: take its to_numpy"
        ):
            call()


class Tensor:
    """What a tensor is to Python: `shape`, `item`, operators that give up, and nothing of NumPy's."""

    def __init__(self, *shape):
        self.shape = shape

    def item(self):
        return 3.0

    def __repr__(self):
        return "tensor(3.)"

    def __mul__(self, other):
        return NotImplemented


@pytest.mark.parametrize("tensor", [Tensor(), Tensor(1), Tensor(1, 1)], ids=lambda tensor: f"{len(tensor.shape)}d")
def test_a_tensor_of_one_element_is_refused_with_the_remedy(tensor):
    x = Value(2.0)
    operators = (lambda: x * tensor, lambda: tensor * x, lambda: x - tensor, lambda: tensor**x)
    calls = (lambda: Value(tensor), lambda: exp(tensor), lambda: a.hypot(x, tensor), lambda: a.sum([x, tensor]))
    for call in operators + calls:
        with pytest.raises(TypeError, match=r"not the Tensor tensor\(3\.\): take its item\(\) for its one number"):
            call()


class ArrayOnAGpu(Tensor):
    """What an array of CuPy is to Python: a tensor that has functions for NumPy's, but not of Values."""

    __cuda_array_interface__: ClassVar[dict[str, int]] = {"version": 3}

    def __array_ufunc__(self, *arguments, **options):
        raise TypeError("Unsupported type")

    def __radd__(self, other):
        raise TypeError("Unsupported type")


@pytest.mark.parametrize(("shape", "remedy"), [((), r"take its item\(\)"), ((2, 2), "make one Value for each element")])
def test_an_array_on_a_gpu_is_refused_with_the_remedy(shape, remedy):
    x, array = Value(2.0), ArrayOnAGpu(*shape)
    for call in (lambda: x + array, lambda: array + x, lambda: x * array, lambda: Value(array)):
        with pytest.raises(TypeError, match=rf"not the ArrayOnAGpu tensor\(3\.\): {remedy}"):
            call()


@pytest.mark.parametrize("tensor", [Tensor(2), Tensor(1, 3), Tensor(0)], ids=lambda tensor: str(tensor.shape))
def test_a_tensor_of_several_elements_is_not_told_to_take_its_one_number(tensor):
    for call in (lambda: Value(tensor), lambda: Value(2.0) * tensor, lambda: a.sum([Value(2.0), tensor])):
        with pytest.raises(TypeError, match=r"not the Tensor tensor.*: make (one Value for each|it an array)"):
            call()
    with pytest.raises(TypeError, match=r"exp takes numbers, Values and NumPy arrays, .*: make it an array, np\.array"):
        exp(tensor)


@pytest.mark.parametrize("other", [[1.0, 2.0], (1.0,)])
def test_a_list_is_no_operand(other):
    for call in (lambda: Value(2.0) * other, lambda: other * Value(2.0), lambda: Value(2.0) + other):
        with pytest.raises(
            TypeError, match=r"an operand is one number, not the \w+ .*: make one Value for each element"
        ):
            call()


def test_a_masked_array_is_refused():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    for call in (lambda: exp(masked), lambda: autograd.sum(masked), lambda: autograd.hypot(np.ones(2), masked)):
        with pytest.raises(TypeError, match=r"^\w+ does not know masks: fill the masked array, or leave"):
            call()


# Calls that do not fit ---------------------------------------------------------------------------------------

x = Value(2.0, name="x")
MISCALLED = [
    (lambda: a.sum(x, x), "sum(values): give one list, sum([x, y])"),
    (lambda: a.sum(x), "sum(values): values is the Value x = 2.0: give a list"),
    (lambda: a.sum(1.0), "sum(values): values is the float 1.0: give a list"),
    (lambda: a.sum(np.array(1.0)), "sum(values): values is the ndarray array(1.): give a list"),
    (lambda: a.sum({"a": x}), "sum(values): values is the dict"),
    (lambda: a.sum("ab"), "sum(values): values is the str 'ab': give a list"),
    (lambda: a.sum([x], start=1), "sum(values): got an unexpected keyword argument 'start'"),
    (lambda: a.logsumexp(x), "logsumexp(values): values is the Value x = 2.0: give a list"),
    (lambda: a.dot(x), "dot(weights, inputs, bias=None): missing a required argument: 'inputs'"),
    (lambda: a.dot(x, [x]), "dot(weights, inputs, bias=None): weights is the Value x = 2.0: give a list"),
    (lambda: a.dot([x], 1.0), "dot(weights, inputs, bias=None): inputs is the float 1.0: give a list"),
    (lambda: a.clip(x), "clip(x, low, high): missing a required argument: 'low'"),
    (lambda: a.clip(x, 0, min=1), "clip(x, low, high): "),
    (lambda: x.clip(0.0, 1.0, 2.0), "clip(x, low, high): too many positional arguments"),
    (lambda: x.leaky_relu(a=0.1), "leaky_relu(x, slope=0.01): got an unexpected keyword argument 'a'"),
    (
        lambda: a.maximum([1, 2]),
        "maximum takes numbers, Values and NumPy arrays, not the list [1, 2]: give the numbers one by",
    ),
    (lambda: a.minimum((x, 2)), "minimum takes numbers, Values and NumPy arrays, not the tuple (Value(2.0, "),
    (lambda: a.maximum(x, axis=0), "maximum(*operands): got an unexpected keyword argument 'axis'"),
    (lambda: a.exp([1.0]), "exp takes numbers, Values and NumPy arrays, not the list [1.0]: make it an array"),
    (lambda: a.exp("1"), "exp takes numbers, Values and NumPy arrays, not the str '1': convert it with float()"),
    (lambda: a.exp(None), "exp takes numbers, Values and NumPy arrays, not the NoneType None: give a float"),
    (lambda: a.hypot(x, "a"), "hypot takes numbers, Values and NumPy arrays, not the str 'a'"),
    (lambda: x.exp(3.0), "exp takes its operands by position, 1 of them, not 2"),
    (lambda: x.hypot(), "hypot takes its operands by position, 2 of them, not 1"),
    (lambda: a.gaussian(), "gaussian(x, y=1.0): missing a required argument: 'x'"),
    *[
        (lambda name=name: getattr(a, name)(x), f"{name}(values): values is the Value x = 2.0: give a list")
        for name in ("mean", "norm", "softmax", "log_softmax")
    ],
    (lambda: a.mean(1.0, 2.0), "mean(values): give one list, mean([x, y])"),
    (lambda: a.softmax(), "softmax(values): missing a required argument: 'values'"),
    (lambda: a.norm(vector=[1.0]), "norm(values): missing a required argument: 'values'"),
]


@pytest.mark.parametrize(("call", "message"), MISCALLED)
def test_a_call_that_does_not_fit_names_the_public_function_and_how_it_is_called(call, message):
    with pytest.raises(TypeError) as refused:
        call()
    assert str(refused.value).startswith(message)


ARRANGED = sorted(name for name, row in TABLE.items() if row.arrange)


@pytest.mark.parametrize("name", ARRANGED)
def test_no_message_names_a_private_function(name):
    for arguments, keywords in (((), {}), ((1.0,) * 9, {}), ((1.0,), {"surely_unknown": 1}), ((None,) * 3, {})):
        try:
            TABLE[name](*arguments, **keywords)
        except (TypeError, ValueError) as error:
            text = str(error)
            assert not any(private in text for private in ("<lambda>", "spread", "several", "pairs", "listed", "sides"))
            assert name in text or "maximum and minimum" in text


def test_mean_needs_a_value():
    with pytest.raises(ValueError, match="mean takes at least one value"):
        a.mean([])


def test_an_error_within_a_generator_is_the_users_own():
    def broken():
        yield 1.0
        raise TypeError("mine")

    with pytest.raises(TypeError, match=r"^mine$"):
        a.sum(broken())


# Names -------------------------------------------------------------------------------------------------------


def test_a_star_import_replaces_nothing_built_in():
    assert not set(autograd.__all__) & set(dir(builtins))
    space = {}
    exec("from autograd import *", space)  # noqa: S102  (a star import stands in a module only)
    assert space["exp"] is exp
    assert autograd.sum is TABLE["sum"]


def test_operations_of_several_operands_are_methods():
    x, y = Value(0.3), Value(0.7)
    for name in ("minimum", "maximum", "atan2", "hypot"):
        z = getattr(x, name)(y)
        assert (z.operation, z.operands) == (TABLE[name], (x, y))
    assert x.clip(0.4, 0.6).data == x.clip(low=0.4, high=0.6).data == 0.4
    assert x.leaky_relu(slope=0.5).operation is TABLE["leaky_relu"]
    assert x.arctan2(0.7).data == math.atan2(0.3, 0.7)
