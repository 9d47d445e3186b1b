"""NumPy's functions on one Value, on arrays of Values and on mixtures build the graph, or say what to do instead."""

import pickle

import numpy as np
import pytest

from autograd import TABLE, Value, exp, grad, jacobian, maximum, relu
from autograd.numpy_functions import REMEDIES_OF_FUNCTIONS, ValueArray

UFUNCS = {name: x for name, x in vars(np).items() if isinstance(x, np.ufunc) and not x.signature}
IN_TABLE = {name: ufunc for name, ufunc in UFUNCS.items() if ufunc in Value.ufuncs}
COMPARING = ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]
LOGICAL = ["logical_and", "logical_or", "logical_xor", "logical_not"]
REFUSED = sorted(UFUNCS.keys() - IN_TABLE.keys() - {*COMPARING, *LOGICAL})


def values(numbers):
    """A plain object array, as NumPy makes it of a list of Values."""
    return np.array([Value(x) for x in numbers])


def handed(numbers):
    """An array of Values as autograd hands it to a function."""
    return values(numbers).view(ValueArray)


def data(array):
    return [x.data if isinstance(x, Value) else float(x) for x in np.ravel(array)]


def operands(ufunc):
    first = [1.3, 2.7] if "cosh" in ufunc.__name__ else [0.3, 0.7]
    return [first, [0.9, -0.4]][: ufunc.nin]


# Elementwise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(IN_TABLE))
def test_a_function_of_the_table_builds_the_graph_of_one_value_and_of_arrays(name):
    ufunc, row = IN_TABLE[name], Value.ufuncs[IN_TABLE[name]]
    numbers = operands(ufunc)
    if row is TABLE["pow"]:
        numbers[0] = [0.3, 0.7]
    expected = ufunc(*map(np.array, numbers))
    one = ufunc(*[Value(xs[0]) for xs in numbers])
    assert one.operation is row
    assert one.data == pytest.approx(expected[0], rel=1e-14)
    array = ufunc(*map(handed, numbers))
    assert type(array) is ValueArray
    assert data(array) == pytest.approx(expected, rel=1e-14)
    assert all(z.operation is row for z in array)
    if ufunc.nin == 2:
        for mixture in (
            ufunc(handed(numbers[0]), np.array(numbers[1])),
            ufunc(np.array(numbers[0]), handed(numbers[1])),
        ):
            assert data(mixture) == pytest.approx(expected, rel=1e-14)
        assert ufunc(handed(numbers[0]), numbers[1][0])[0].data == pytest.approx(expected[0], rel=1e-14)
        assert ufunc(Value(numbers[0][0]), handed(numbers[1]))[0].data == pytest.approx(expected[0], rel=1e-14)


NO_OBJECT_LOOP = {"float_power", "copysign", "logaddexp", "logaddexp2"}  # NumPy has none, and so no way in
INTEGERS = {"sign"}  # NumPy's own loop gives −1, 0 or 1


@pytest.mark.parametrize("name", sorted(IN_TABLE.keys() - NO_OBJECT_LOOP))
def test_a_plain_object_array_takes_the_functions_too(name):
    ufunc = IN_TABLE[name]
    numbers = operands(ufunc)
    expected = ufunc(*map(np.array, numbers))
    array = ufunc(*map(values, numbers))
    assert data(array) == pytest.approx(expected, rel=1e-14)
    if name not in INTEGERS:
        assert all(isinstance(z, Value) for z in array)


@pytest.mark.parametrize("name", COMPARING + LOGICAL)
def test_comparisons_and_logic_give_bool(name):
    ufunc = UFUNCS[name]
    numbers = [[0.0, 2.0, 3.0], [2.0, 2.0, 0.0]][: ufunc.nin]
    expected = ufunc(*numbers)
    array = ufunc(*map(handed, numbers))
    assert (array.dtype, array.tolist()) == (np.dtype(bool), expected.tolist())
    assert [bool(ufunc(*map(Value, xs))) for xs in zip(*numbers, strict=True)] == expected.tolist()
    assert ufunc(handed(numbers[0]), *numbers[1:]).tolist() == expected.tolist()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_in_the_table_is_refused_with_the_remedy(name):
    ufunc = UFUNCS[name]
    for make in (lambda: Value(0.3), lambda: handed([0.3])):
        with pytest.raises(TypeError, match=rf"^np\.{ufunc.__name__} is not in the table of operations: ") as refused:
            ufunc(make(), *[0.5] * (ufunc.nin - 1), out=(handed([0.0]),) * ufunc.nout if ufunc.nout > 1 else None)
        remedy = REMEDIES_OF_FUNCTIONS.get(ufunc.__name__, f"take np.{ufunc.__name__}(x.data) for the number alone")
        assert remedy in str(refused.value)


def test_ufuncs_of_others_are_refused_with_the_remedy():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(TypeError, match=r"^np\.expit is not in the table of operations: .*\(x\.data\)"):
        grad(lambda x: np.sum(special.expit(x)))(np.ones(2))


# Ties --------------------------------------------------------------------------------------------------------

MAXIMA = {
    "a Value": lambda: grad(lambda x: np.maximum(x, 0.0))(0.0),
    "an array": lambda: grad(lambda x: np.sum(np.maximum(x, 0.0)))(np.zeros(2))[0],
    "np.clip": lambda: grad(lambda x: np.clip(x, 0.0, 1.0))(0.0),
    "np.clip of an array": lambda: grad(lambda x: np.sum(x.clip(0.0, 1.0)))(np.zeros(2))[0],
    "np.max of an array": lambda: grad(np.max)(np.zeros(2))[0],
    "np.max along an axis": lambda: grad(lambda x: np.sum(np.max(x, axis=1)))(np.zeros((3, 2)))[0, 0],
    "np.minimum": lambda: grad(lambda x: np.sum(np.minimum(x, 0.0)))(np.zeros(2))[0],
    "autograd's own on a plain object array": lambda: maximum(values([0.0]), 0.0)[0].partials()[0],
    "the method": lambda: Value(0.0).maximum(0.0).partials()[0],
    "the array rule": lambda: TABLE["maximum"].local_derivatives(np.zeros(1), [np.zeros(1)] * 2, [True] * 2)[0][0],
}


@pytest.mark.parametrize("case", MAXIMA)
def test_a_tie_shares_the_derivative_everywhere(case):
    assert MAXIMA[case]() == 0.5


def test_relu_has_the_slope_0_at_0_everywhere():
    assert grad(relu)(0.0) == 0.0
    assert grad(lambda x: np.sum(relu(x)))(np.zeros(2)).tolist() == [0.0, 0.0]


def test_all_that_tie_for_an_extreme_share_it_equally():
    x = np.array([[1.0, 3.0, 3.0, 3.0], [2.0, 2.0, -1.0, 0.0]])
    third = 1 / 3
    slopes = grad(lambda x: np.sum(x.max(axis=1)))(x)
    assert slopes.tolist() == [[0.0, third, third, third], [0.5, 0.5, 0.0, 0.0]]
    assert grad(lambda x: np.max(x))(x).tolist() == [[0.0, third, third, third], [0.0] * 4]
    assert grad(lambda x: np.sum(np.min(x, axis=(0, 1), keepdims=True)))(x).tolist() == [
        [0.0] * 4,
        [0.0, 0.0, 1.0, 0.0],
    ]
    for axis in (0, 1, -1, (0,), (0, 1), (1, 0), None):
        for keep in (False, True):
            expected, found = (
                np.max(x, axis=axis, keepdims=keep),
                np.max(handed(x.ravel()).reshape(x.shape), axis, None, keep),
            )
            assert np.shape(found) == expected.shape
            assert data(found) == expected.ravel().tolist()


# Along an axis, products, statistics -------------------------------------------------------------------------

ALONG = {
    "np.sum": np.sum,
    "np.prod": np.prod,
    "np.mean": np.mean,
    "np.std": np.std,
    "np.var": np.var,
    "np.max": np.max,
    "np.min": np.min,
    "np.ptp": np.ptp,
    "np.cumsum": np.cumsum,
    "np.cumprod": np.cumprod,
    "np.median": np.median,
    "np.average": lambda x: np.average(x, weights=[1.0, 2.0, 3.0]),
    "np.diff": np.diff,
    "np.sort": np.sort,
    "np.add.reduce": np.add.reduce,
    "np.add.accumulate": np.add.accumulate,
    "std, ddof": lambda x: np.std(x, ddof=1),
    "np.any": lambda x: bool(np.any(x)),
    "np.all": lambda x: bool(np.all(x)),
    "np.argmax": np.argmax,
    "np.argsort": np.argsort,
    "np.dot": lambda x: np.dot(x, x),
    "np.vdot": lambda x: np.vdot(x, x),
    "np.inner": lambda x: np.inner(x, [1, 2, 3]),
    "np.outer": lambda x: np.outer(x, x),
    "np.multiply.outer": lambda x: np.multiply.outer(x, x),
    "@": lambda x: np.arange(6.0).reshape(2, 3) @ x,
    "np.kron": lambda x: np.kron(x, x),
    "np.cross": lambda x: np.cross(x, [1, 2, 3]),
    "np.einsum": lambda x: np.einsum("i,i->", x, x),
    "np.tensordot": lambda x: np.tensordot(x, x, 1),
    "np.trace": lambda x: np.trace(np.outer(x, x)),
    "np.where": lambda x: np.where(x > 0.4, x * x, -x),
    "np.clip": lambda x: np.clip(x, 0.4, 0.6),
    "np.stack": lambda x: np.stack([x, 2.0 * x]),
    "np.concatenate": lambda x: np.concatenate([x, [1.0]]),
    "np.convolve": lambda x: np.convolve(x, x),
    "np.polyval": lambda x: np.polyval(x, 2.0),
    "np.roll": lambda x: np.roll(x, 1),
    "np.tile": lambda x: np.tile(x, 2),
    "np.select": lambda x: np.select([x > 0.4], [x], 0.0),
    "conj": lambda x: x.conj(),
    "np.linalg.multi_dot": lambda x: np.linalg.multi_dot([np.outer(x, x), np.ones((3, 2)), np.ones((2, 3))]),
    "np.trapezoid": getattr(np, "trapezoid", None) or np.trapz,
    "np.matrix_power": lambda x: np.linalg.matrix_power(np.outer(x, x), 2),
    "np.nansum": np.nansum,
    "np.array of elements": lambda x: np.array([x[0] * x[1], x[2]]),
    "np.add.outer": lambda x: np.add.outer(x, 2.0),
    "np.linalg.norm": np.linalg.norm,
}


@pytest.mark.parametrize("case", ALONG)
def test_functions_of_whole_arrays_are_those_of_floats(case):
    f, numbers = ALONG[case], np.array([0.3, 0.7, 0.45])
    expected = f(numbers)
    for make in (handed, values):
        found = f(make(numbers))
        assert np.shape(found) == np.shape(expected)
        assert data(found) == pytest.approx(np.ravel(expected).astype(float), rel=1e-13)


SMOOTH = sorted(ALONG.keys() - {"np.any", "np.all", "np.argmax", "np.argsort", "np.clip"})


@pytest.mark.parametrize("case", SMOOTH)
def test_their_jacobians_agree_with_finite_differences(case):
    f, x = ALONG[case], np.array([0.3, 0.7, 0.45])
    J = jacobian(lambda x: np.asarray(f(x)))(x)
    columns = [(np.asarray(f(x + h)) - np.asarray(f(x - h))) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(J, np.stack(columns, axis=-1), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("f", [np.sum, np.max, np.min, np.prod, np.mean, np.ptp], ids=lambda f: f.__name__)
def test_a_reduction_of_one_value_is_that_of_one_number(f):
    x = Value(3.0)
    z = f(x)
    assert isinstance(z, Value)
    assert z.data == float(f(3.0))
    assert z.derivative(x).data == (0.0 if f is np.ptp else 1.0)


def test_what_takes_apart_is_refused():
    array = handed([1.0, 2.0])
    for call in (lambda: np.max(array, initial=0.0), lambda: np.max(array, where=np.array([True, False]))):
        with pytest.raises(
            TypeError, match=r"^np\.maximum on Values takes only the operands and an axis, not (initial|where)"
        ):
            call()
    for call in (lambda: np.maximum.accumulate(array), lambda: np.hypot.reduce(array), lambda: np.exp.at(array, [0])):
        with pytest.raises(
            TypeError, match=r"on Values takes only the operands, not the method (accumulate|reduce|at)"
        ):
            call()
    for function in (np.linalg.inv, np.linalg.det, np.linalg.eigvals, np.linalg.cholesky, np.linalg.svd):
        with pytest.raises(
            TypeError, match=rf"^np\.linalg\.{function.__name__} does not do this with Values: write it out in sums"
        ):
            function(array * np.eye(2))
    with pytest.raises(ValueError, match="at least one operand"):
        np.max(handed([]))


def test_a_function_of_numpy_that_gives_up_on_values_is_named_with_the_remedy():
    for function in (np.cov, np.fft.fft):
        with pytest.raises(TypeError, match=r"^np\.(fft\.)?\w+ does not do this with Values: write it out in sums"):
            function(handed([1.0, 2.0, 4.0]))


def test_functions_of_python_apply_to_each_element():
    square = np.frompyfunc(lambda x: x * x, 1, 1)
    assert grad(square)(3.0) == 6.0
    assert grad(lambda x: np.sum(square(x)))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert grad(lambda x: np.sum(np.vectorize(lambda x: x * x)(x)))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]


def test_a_float_array_is_no_place_for_a_value():
    with pytest.raises(TypeError, match=r"an array to assign it to needs dtype=object$"):
        np.zeros(2)[0] = Value(1.0)


def test_assignment_in_place_keeps_the_graph():
    array, x = handed([1.0, 2.0]), Value(3.0)
    inside = array
    array += x
    array[0] *= 2.0
    np.multiply(array, 2.0, out=array)
    assert array is inside
    assert data(array) == [16.0, 10.0]
    assert [z.derivative(x).data for z in array] == [4.0, 2.0]
    objects = np.zeros(2, dtype=object)
    assert np.multiply(array, 2.0, out=objects) is objects
    assert data(objects) == [32.0, 20.0]
    floats = np.zeros(2)
    with pytest.raises(TypeError, match=r"takes only the operands, not out: write a = a \+ x for a \+= x"):
        floats += array


def test_what_autograd_returns_is_an_array_of_values():
    x, plain = Value(2.0), values([1.0, 2.0])
    for array in (
        x * np.ones(2),
        np.ones(2) * x,
        exp(plain),
        np.exp(x * np.ones(2)),
        (x * np.ones(2))[:1],
        maximum(plain, 0.0),
    ):
        assert type(array) is ValueArray
    assert type(x > np.ones(2)) is np.ndarray
    for function in (lambda a: np.where(a > 1.0, a, 0.0), np.flip, np.diff, lambda a: np.stack([a, a])):
        assert type(function(handed([1.0, 2.0]))) is ValueArray
    restored = pickle.loads(pickle.dumps(x * np.ones(2)))
    assert (type(restored), data(restored)) == (ValueArray, [2.0, 2.0])
