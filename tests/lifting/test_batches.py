"""What a program takes for a batch: right numbers from whatever holds a table, or a refusal with the remedy."""

import re
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse

from autograd import Value, vectorize
from autograd.arrays import as_array
from autograd.batches import column_names

TABLE = np.array([[1.0, 2.0], [3.0, 4.0]])  # columns x, y
Point, Swapped = namedtuple("Point", "x y"), namedtuple("Swapped", "y x")


def program(names=("x", "y"), **options):
    """Return a program that tells its two inputs apart: x + 10 y."""
    x, y = [Value(0.0, name) for name in names]
    return vectorize(x + 10.0 * y, [x, y], **options)


def structured(order=("y", "x")):
    rows = np.zeros(2, [(name, float) for name in order])
    rows["x"], rows["y"] = TABLE.T
    return rows


def made_by(library, make):
    """Return a function that makes data with a library, and skips the test where that is missing."""
    return lambda: make(pytest.importorskip(library))


def columns(**more):
    return {"y": [2.0, 4.0], "x": [1.0, 3.0], **more}


def labelled(xarray, transposed=False):
    array = xarray.DataArray(TABLE[:, ::-1], dims=("row", "input"), coords={"input": ["y", "x"]})
    return array.T if transposed else array


# The kinds of numbers and of arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch",
    [
        TABLE.astype(int),
        TABLE.astype(np.uint8),
        TABLE.astype(np.float16),
        TABLE.astype(np.float32),
        TABLE.astype(np.longdouble),
        TABLE.astype(">f8"),
        TABLE.astype(">i4"),
        np.asfortranarray(TABLE),
        np.ascontiguousarray(TABLE[::-1])[::-1],
        np.ascontiguousarray(TABLE[:, ::-1])[:, ::-1],
        np.repeat(TABLE, 3, axis=1)[:, ::3],
        TABLE.view(np.matrix),
        np.ma.array(TABLE),
        TABLE.astype(object),
        [[1, Fraction(2)], [np.float32(3.0), True + 3]],
        [Point(1.0, 2.0), Point(3.0, 4.0)],
        [TABLE[0], TABLE[1].tolist()],
    ],
    ids=lambda batch: f"{type(batch).__name__} {getattr(batch, 'dtype', '')}",
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numbers_of_every_kind_and_order_of_memory_are_the_same_batch(batch, dtype):
    p = program(dtype=dtype)
    assert p.values(batch).tolist() == [21.0, 43.0]
    assert p.value(batch) == 32.0
    assert p.jacobian(batch, wrt="inputs").tolist() == [[1.0, 10.0]] * 2


def test_truth_is_one_and_zero():
    assert program().values(TABLE > 2.0).tolist() == [0.0, 11.0]


def test_one_row_repeated_without_a_copy_is_a_batch():
    assert program().values(np.broadcast_to(TABLE[0], (3, 2))).tolist() == [21.0] * 3


@pytest.mark.parametrize("inputs", [2, 65, 130])
def test_inputs_that_are_used_where_they_lie_may_lie_in_any_order_of_memory(inputs):
    x, w = [Value(0.1, f"x{k}") for k in range(inputs)], [Value(0.1 * k) for k in range(inputs)]
    p = vectorize(sum(a * b for a, b in zip(x, w, strict=True)) ** 2, x, w)
    rows = np.random.default_rng(0).normal(size=(4, inputs))
    expected = [p.values(rows), *p.gradient(rows), p.jacobian(rows)]
    for batch in (np.asfortranarray(rows), rows[::-1, ::-1].copy()[::-1, ::-1], np.repeat(rows, 2, axis=1)[:, ::2]):
        found = [p.values(batch), *p.gradient(batch), p.jacobian(batch)]
        for a, b in zip(found, expected, strict=True):
            assert a == pytest.approx(b, rel=1e-13)


# Names of columns -----------------------------------------------------------------------------------------------------

NAMED = {
    "dictionary": lambda: columns(),
    "structured array": structured,
    "record array": lambda: structured().view(np.recarray),
    "named tuples": lambda: [Swapped(2.0, 1.0), Swapped(4.0, 3.0)],
    "pandas": made_by("pandas", lambda pandas: pandas.DataFrame(columns())),
    "pandas, whole numbers": made_by("pandas", lambda pandas: pandas.DataFrame(columns()).astype("Int64").astype(int)),
    "pandas, categories": made_by("pandas", lambda pandas: pandas.DataFrame(columns()).astype("category")),
    "pandas, rows": made_by("pandas", lambda pandas: [row for _, row in pandas.DataFrame(columns()).iterrows()]),
    "Polars": made_by("polars", lambda polars: polars.DataFrame(columns())),
    "Arrow": made_by("pyarrow", lambda arrow: arrow.table(columns())),
    "xarray": made_by("xarray", labelled),
    "xarray, data set": made_by("xarray", lambda x: x.Dataset({"y": ("row", [2.0, 4.0]), "x": ("row", [1.0, 3.0])})),
}


@pytest.mark.parametrize("data", NAMED)
def test_names_on_both_sides_decide_the_order(data):
    assert program().values(NAMED[data]()).tolist() == [21.0, 43.0]
    assert program(("y", "x")).values(NAMED[data]()).tolist() == [12.0, 34.0]


@pytest.mark.parametrize("data", NAMED)
def test_inputs_without_names_go_by_place(data):
    assert program((None, None)).values(NAMED[data]()).tolist() == [12.0, 34.0]


@pytest.mark.parametrize(
    "data",
    [
        lambda: TABLE,
        made_by("pandas", lambda pandas: pandas.DataFrame(TABLE)),
        made_by("pandas", lambda pandas: pandas.DataFrame(TABLE, index=["a", "b"])),
        made_by("xarray", lambda xarray: xarray.DataArray(TABLE)),
        made_by("xarray", lambda xarray: xarray.DataArray(TABLE, dims=("row", "k"), coords={"row": ["a", "b"]})),
        made_by("torch", lambda torch: torch.tensor(TABLE)),
        made_by("torch", lambda torch: [torch.tensor(row) for row in TABLE]),
    ],
)
def test_columns_without_names_go_by_place(data):
    assert program().values(data()).tolist() == [21.0, 43.0]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (lambda: columns(z=[0.0, 0.0]), "y, x, z"),
        (lambda: {"x": [1.0, 3.0]}, "x"),
        (lambda: {"x": [1.0, 3.0], "Y": [2.0, 4.0]}, "x, Y"),
        (lambda: structured()[["x"]], "x"),
        (lambda: [namedtuple("Named", "a b")(1.0, 2.0)], "a, b"),
        (made_by("pandas", lambda pandas: pandas.DataFrame(columns(z=[0.0, 0.0]))), "y, x, z"),
        (made_by("pandas", lambda pandas: pandas.DataFrame(columns())[["x", "x"]]), "x, x"),
        (made_by("pandas", lambda pandas: pandas.DataFrame(columns())[["x"]]), "x"),
        (
            made_by("pandas", lambda p: p.DataFrame(TABLE, columns=p.MultiIndex.from_product([["x"], ["x", "y"]]))),
            "('x'",
        ),
        (made_by("polars", lambda polars: polars.DataFrame(columns(z=[0.0, 0.0]))), "y, x, z"),
    ],
)
def test_names_that_disagree_are_refused_with_both_lists(data, named):
    with pytest.raises(ValueError, match=re.escape(f"the columns of the batch are named {named}")) as caught:
        program().values(data())
    assert ", but x, y are wanted: choose and name them so" in str(caught.value)


def test_inputs_of_one_name_are_told_apart_by_place_alone():
    with pytest.raises(ValueError, match="are named x, y, but x, x are wanted"):
        program(("x", "x")).values({"x": [1.0], "y": [2.0]})
    assert program(("x", "x")).values(TABLE).tolist() == [21.0, 43.0]


@pytest.mark.parametrize(
    "data",
    [
        made_by("pandas", lambda pandas: pandas.DataFrame(columns()).T),
        made_by("xarray", lambda xarray: labelled(xarray, transposed=True)),
    ],
)
def test_a_transposed_table_is_refused_by_its_names(data):
    with pytest.raises(ValueError, match="the rows of the batch are named y, x, as the columns should be: give"):
        program().values(data())


def test_rows_with_different_names_are_refused():
    with pytest.raises(ValueError, match="row 0 has the names x, y, row 1 has others"):
        program().values([Point(1.0, 2.0), Swapped(4.0, 3.0)])


def test_the_parameters_of_a_lifted_function_are_names():
    assert vectorize(lambda x, y: x + 10.0 * y, TABLE).values(columns()).tolist() == [21.0, 43.0]


def test_names_of_examples_and_of_a_functions_parameters_decide():
    assert vectorize(lambda x, y: x + 10.0 * y, columns()).values(columns()).tolist() == [21.0, 43.0]
    assert vectorize(lambda *xs: xs[0] + 10.0 * xs[1], columns()).values({"x": [1.0], "y": [2.0]}).tolist() == [12.0]
    with pytest.raises(ValueError, match="the columns of the table of examples are named y, x, but a, b are wanted"):
        vectorize(lambda a, b: a + b, columns())


# What NumPy would misread, or cannot read -----------------------------------------------------------------------------

MASKED = np.ma.array(TABLE, mask=[[False, True], [False, False]])


@pytest.mark.parametrize(
    "batch",
    [
        MASKED,
        [MASKED[0], MASKED[1]],
        [[1.0, np.ma.masked]],
        np.ma.array(structured(), mask=[(True, False), (False, False)]),
    ],
)
def test_what_is_masked_is_never_used(batch):
    p = program()
    for call in (p.value, p.values, p.gradient, p.jacobian):
        with pytest.raises(ValueError, match=r"row 0(, column 1)? of the batch is masked; leave its row out"):
            call(batch)
    assert p.values(MASKED.filled(0.0)).tolist() == [1.0, 43.0]
    assert p.values(np.ma.compress_rows(MASKED)).tolist() == [43.0]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: scipy.sparse.csr_array(TABLE), "the batch is a sparse csr_array: give its toarray()"),
        (lambda: scipy.sparse.coo_matrix(TABLE), "the batch is a sparse coo_matrix: give its toarray()"),
        (lambda: TABLE + 0j, "row 0, column 0 of the batch is (1+0j), not a number"),
        (lambda: TABLE.astype(str), "row 0, column 0 of the batch is '1.0', not a number"),
        (lambda: [[1.0, b"2"]], "row 0, column 1 of the batch is b'2', not a number"),
        (lambda: [[Value(1.0), 2.0]], "row 0, column 0 of the batch is Value(1.0, grad=0.0), not a number: give"),
        (lambda: TABLE.astype("datetime64[s]"), "row 0, column 0 of the batch is datetime.datetime(1970"),
        (lambda: np.zeros((2, 2), "V8"), "the batch is of the type |V8: convert it with astype(float)"),
        (lambda: [[1.0], [1.0, 2.0]], "the batch has rows of different lengths: row 0 has 1, row 1 has 2"),
        (lambda: {"x": [1.0], "y": [1.0, 2.0]}, "the columns of the batch have different shapes (x: (1,), y: (2,))"),
        (lambda: {"x": 1.0, "y": 2.0}, "the batch has the shape (2,); it takes at least one row of 2 numbers"),
        (lambda: {"x": [1.0], "y": np.ma.masked_all(1)}, "row 0 of column y of the batch is masked"),
        (lambda: {"x": [1.0], "y": ["2"]}, "row 0, column 1 of the batch is '2', not a number"),
        (dict, "the batch is {}, not a number"),
        (lambda: (row for row in TABLE), "the batch is <generator object"),
        (lambda: [1.0, 2.0], "one for each of x, y; for one row, give [row]"),
        (lambda: [[10**400, 1.0]], "the batch holds a whole number beyond the largest float"),
        (made_by("pandas", lambda p: p.DataFrame({"x": [1.0], "y": [p.NA]})), "row 0, column 1 of the batch is <NA>"),
        (made_by("pandas", lambda p: p.DataFrame({"x": ["1", "2"], "y": [1.0, 2.0]})), "column 0 of the batch is '1'"),
        (made_by("polars", lambda polars: polars.DataFrame({"x": [1.0], "y": [None]})), "row 0, "),
    ],
)  # fmt: skip
def test_what_is_no_table_of_numbers_is_refused_with_its_place_and_the_remedy(data, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        program().values(data())


def test_one_column_is_a_remedy_of_its_own():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match=re.escape("of x; reshape(-1, 1) makes each number a row")):
        vectorize(x * 2.0, [x]).values([1.0, 2.0, 3.0])


def test_what_another_library_cannot_hand_over_is_refused_with_its_words():
    class Elsewhere:
        def __array__(self, dtype=None, copy=None):
            raise TypeError("it lies on another device: use cpu()")

    with pytest.raises(ValueError, match=r"NumPy cannot read X \(Elsewhere\): it lies on another device: use cpu"):
        as_array(Elsewhere(), "X")


def test_tables_without_names_have_none():
    for data in (TABLE, TABLE.tolist(), [], (), 3.0, "text", None, [Value(1.0)]):
        assert column_names(data) is None


# Without inputs -------------------------------------------------------------------------------------------------------


def test_a_program_without_inputs_takes_empty_rows():
    w = Value(2.0, "w")
    p = vectorize((-1.0) ** w, [], [w])
    for batch in (np.empty((3, 0)), [[], [], []], [()] * 3, np.empty((3, 0), int)):
        assert p.values(batch).tolist() == [1.0, 1.0, 1.0]
        assert p.value(batch) == 1.0
    q = vectorize([2.0**w, w, Value(3.0)], [], [w])
    assert q.values([[], []]).tolist() == [[4.0, 2.0, 3.0]] * 2
    assert q.jacobian([[], []]) == pytest.approx(np.array([[[4.0 * np.log(2.0)], [1.0], [0.0]]] * 2), rel=1e-15)
    assert q.jacobian([[], []], wrt="inputs").shape == (2, 3, 0)
    assert vectorize(2.0**w, [], [w], reduction="sum").gradient([[], []])[1] == pytest.approx([8.0 * np.log(2.0)])


@pytest.mark.parametrize("batch", [[], 3.0, np.empty((0, 0)), [[1.0]], None])
def test_a_program_without_inputs_says_what_a_batch_is(batch):
    w = Value(2.0, "w")
    p = vectorize(2.0**w, [], [w])
    with pytest.raises(ValueError, match=re.escape("takes at least one row of no numbers: np.empty((n, 0))")):
        p.values([] if batch is None else batch)


@pytest.mark.parametrize("call", ["gradient", "jacobian"])
def test_a_derivative_that_exists_for_no_number_is_refused_where_it_is_taken(call):
    w = Value(2.0, "w")
    p = vectorize((-1.0) ** w, [], [w])
    with pytest.raises(ValueError, match=re.escape("row 0: the derivative of pow(-1.0, w = 2.0): ")):
        getattr(p, call)([[]])
