"""Arrays of other libraries: taken as they are, or refused with the remedy; never computed or rounded in silence."""

import re

import numpy as np
import pytest

from autograd import Value, vectorize
from autograd.arrays import as_array
from nn import MLP, SGD, train

TABLE = np.array([[1.1, 2.0], [3.0, 4.0]])  # columns x, y; 1.1 is another number in single precision


def program(**options):
    """Return a program that tells its two inputs apart: x + 10 y."""
    x, y = Value(0.0, "x"), Value(0.0, "y")
    return vectorize(x + 10.0 * y, [x, y], **options)


def fit(X, y=((0.0,), (1.0,))):
    train(MLP(2, [1], rng=0), X, y, loss="sse", optimizer=SGD(0.1), epochs=1, progress=False)


def jax_in(double):
    """Return JAX, with 64-bit numbers or, as it comes, without."""
    jax = pytest.importorskip("jax")
    return jax, jax.enable_x64(double)


# JAX ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [lambda X: program().values(X), fit, lambda X: MLP(2, [1], rng=0).predict(X)])
def test_numbers_that_jax_has_rounded_are_refused_where_double_precision_is_wanted(place):
    jax, single = jax_in(double=False)
    with single:
        X = jax.numpy.asarray(TABLE)
        for data in (X, list(X), {"x": X[:, 0], "y": [2.0, 4.0]}):
            with pytest.raises(ValueError, match=r"array of JAX, rounded to float32: set jax.config.upd"):
                place(data)


def test_jaxs_single_precision_is_taken_where_it_is_meant():
    jax, single = jax_in(double=False)
    with single:
        X = jax.numpy.asarray(TABLE)
        assert program(dtype=np.float32).values(X).tolist() == program(dtype=np.float32).values(TABLE).tolist()
        assert program().values(np.asarray(X)).tolist() == program().values(TABLE.astype(np.float32)).tolist()
        assert program().values(jax.numpy.asarray([[1, 2], [3, 4]])).tolist() == [21.0, 43.0]


def test_jaxs_double_precision_is_taken_and_so_is_single_precision_that_someone_chose():
    jax, double = jax_in(double=True)
    with double:
        assert program().values(jax.numpy.asarray(TABLE)).tolist() == program().values(TABLE).tolist()
        X = jax.numpy.asarray(TABLE, dtype=np.float32)
        assert program().values(X).tolist() == program().values(TABLE.astype(np.float32)).tolist()


def test_what_jax_traces_is_refused_with_the_function_that_it_can_trace():
    jax, single = jax_in(double=False)
    with single, pytest.raises(ValueError, match=r"what JAX traces, and has no numbers: trace .*to_jax\(\) instead"):
        jax.jit(program().values)(TABLE)


def test_numbers_that_only_jax_has_are_refused():
    jax = pytest.importorskip("jax")
    with pytest.raises(ValueError, match="the batch is of the type bfloat16"):
        program().values(jax.numpy.ones((2, 2), jax.numpy.bfloat16))


# dask -----------------------------------------------------------------------------------------------------------------


def counting(dask_array):
    """Return a dask array, and the list that grows when a block is computed."""
    computed = []
    return dask_array.from_array(TABLE, chunks=(1, 2)).map_blocks(
        lambda x: computed.append(1) or x, dtype=float
    ), computed


@pytest.mark.parametrize(
    "place",
    [
        fit,
        lambda X: fit(TABLE, X[:, :1]),
        lambda X: MLP(2, [1], rng=0).predict(X),
        lambda X: program().values([X, X]),
        lambda X: program().values({"x": X[:, 0], "y": [1.0, 2.0]}),
        lambda X: as_array(X, "X"),
    ],
)
def test_what_dask_has_yet_to_compute_is_refused_with_the_remedy_and_not_computed(place):
    X, computed = counting(pytest.importorskip("dask.array"))
    computed.clear()  # dask tries the function on an empty block
    with pytest.raises(ValueError, match=r"yet to be computed by dask: give its compute\(\) .* minimize asks for"):
        place(X)
    assert not computed


def test_tables_and_labelled_arrays_of_dask_name_the_array_in_them():
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("dask.array")
    labelled = xarray.DataArray(TABLE, dims=("row", "input"), coords={"input": ["x", "y"]})
    assert program().values(labelled).tolist() == program().values(TABLE).tolist()
    with pytest.raises(ValueError, match=r"takes the dask array in its \.data block by block"):
        program().values(labelled.chunk({"row": 1}))
    pytest.importorskip("pyarrow")  # without which dask has no tables
    dask, pandas = pytest.importorskip("dask.dataframe"), pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"takes its to_dask_array\(lengths=True\) block by block"):
        program().values(dask.from_pandas(pandas.DataFrame(TABLE, columns=["x", "y"]), npartitions=2))


# Others ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda torch: torch.ones(2, 2).bfloat16(), "Got unsupported ScalarType BFloat16; give a dense one of float64"),
        (lambda torch: torch.eye(2).to_sparse(), "can't convert Sparse layout tensor to numpy."),
        (lambda torch: torch.ones(2, 2, device="meta"), "Cannot copy out of meta tensor; no data!"),
    ],
)
def test_a_tensor_that_numpy_cannot_have_is_refused_with_its_own_words(make, message):
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match=re.escape(f"NumPy cannot read the batch (Tensor): {message}")):
        program().values(make(torch))


def test_a_tensor_that_asks_for_a_gradient_is_read():
    torch = pytest.importorskip("torch")
    assert program().values(torch.tensor(TABLE, requires_grad=True)).tolist() == program().values(TABLE).tolist()


def test_tables_that_are_read_when_asked_for_say_how():
    columns = {"x": [1.0, 3.0], "y": [2.0, 4.0]}
    polars = pytest.importorskip("polars")
    with pytest.raises(ValueError, match=r"the batch is <LazyFrame .*, not a number: give its collect\(\)"):
        program().values(polars.DataFrame(columns).lazy())
    arrow = pytest.importorskip("pyarrow.dataset")
    with pytest.raises(ValueError, match=r"Dataset.*, not a number: give its to_table\(\)"):
        program().values(arrow.dataset(pytest.importorskip("pyarrow").table(columns)))


def test_an_array_on_a_gpu_is_refused_with_its_own_words():
    class OnTheGPU:  # as CuPy's and Numba's are
        def __array__(self, dtype=None, copy=None):
            raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    with pytest.raises(ValueError, match=r"NumPy cannot read the batch \(OnTheGPU\): Implicit .* use `\.get\(\)`"):
        program().values(OnTheGPU())
