"""A large batch is computed in pieces, and nobody can tell, but by the memory: numbers and messages are the same."""

import math
import tracemalloc

import numpy as np
import pytest

from autograd import Program, Value, dot, exp, log, sigmoid, sqrt, tanh, vectorize
from autograd.lifting.memory import rows_at_once
from autograd.lifting.numpy_rows import MAX_BATCH_SIZES

x, u, w, b = Value(0.5, "x"), Value(1.5, "u"), Value(0.2, "w"), Value(-0.4, "b")
GRAPHS = {
    "a neuron": tanh(dot([w, b], [x, u])) ** 2,
    "a penalty": sigmoid(w * x) + 0.1 * w * w,
    "no input": w * b,
    "no parameter": x * u,
    "two outputs": [exp(w * x), u + b],
    "a constant output": [w * x, x * 0.0 + 2.0],
}


def whole_and_pieces(monkeypatch, *arguments, **options):
    """Return a program that computes all batches whole, and one that works on ten rows at once."""
    found = [vectorize(*arguments, engine="numpy", **options) for _ in range(2)]
    for program, rows in zip(found, (10**9, 10), strict=True):
        monkeypatch.setattr(program._numpy, "rows_at_once", rows)
        for wrt in ("parameters", "inputs"):
            monkeypatch.setattr(program._with_derivatives(wrt, np.ones((1, 2)))._numpy, "rows_at_once", rows)
    return found


@pytest.mark.parametrize("n", [1, 10, 11, 20, 37])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("name", GRAPHS)
def test_pieces_give_what_the_whole_gives(name, reduction, n, monkeypatch):
    whole, pieces = whole_and_pieces(monkeypatch, GRAPHS[name], [x, u], [w, b], reduction)
    batch = np.random.default_rng(n).uniform(-2.0, 2.0, (n, 2))
    results = []
    for program in (whole, pieces):
        found = [program.values(batch), program.jacobian(batch), program.jacobian(batch, wrt="inputs")]
        if not isinstance(GRAPHS[name], list):
            found += [program.value(batch), *program.gradient(batch)]
        results.append(found)
    for expected, found in zip(*results, strict=True):
        assert np.shape(found) == np.shape(expected)
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("call", [Program.value, Program.values, Program.gradient, Program.jacobian])
@pytest.mark.parametrize("row", [0, 9, 10, 24, 30])
def test_an_error_in_a_piece_names_the_row_of_the_whole_batch(call, row, monkeypatch):
    _, program = whole_and_pieces(monkeypatch, log(x) * w + u, [x, u], [w, b])
    batch = np.ones((31, 2))
    batch[row, 0] = -1.0
    with pytest.raises(ValueError, match=rf"^row {row}: log\(x = -1\.0\)"):
        call(program, batch)
    batch[row, 0] = math.nan
    with pytest.raises(ValueError, match=rf"^row {row}, input x is nan"):
        call(program, batch)


def test_an_infinite_derivative_in_a_piece_names_the_row_of_the_whole_batch(monkeypatch):
    _, program = whole_and_pieces(monkeypatch, sqrt(x * w), [x, u], [w, b])
    batch = np.ones((31, 2))
    batch[25, 0] = 0.0
    with pytest.raises(ZeroDivisionError, match=r"^row 25: "):
        program.gradient(batch)
    assert not np.isfinite(program.gradient(batch, check_finite=False)[1]).all()


def test_the_gradient_of_pieces_is_the_callers_to_keep(monkeypatch):
    _, program = whole_and_pieces(monkeypatch, GRAPHS["a neuron"], [x, u], [w, b])
    batch = np.random.default_rng(0).uniform(-2.0, 2.0, (37, 2))
    _, first = program.gradient(batch)
    kept = first.copy()
    program.gradient(-3.0 * batch)
    assert (first == kept).all()


def peak(call, *arguments):
    """Return the most bytes that a call allocates at one time."""
    tracemalloc.start()
    call(*arguments)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def wide():
    """Return a program of one large hidden layer, and a batch of 20,000 rows."""
    xs, ws = [Value(0.1) for _ in range(8)], [[Value(0.1) for _ in range(8)] for _ in range(40)]
    loss = dot([Value(0.5, f"v{i}") for i in range(40)], [tanh(dot(row, xs)) for row in ws])
    vs = list(loss.operands[:40])
    return vectorize(loss, xs, [p for row in ws for p in row] + vs), np.random.default_rng(0).random((20_000, 8))


@pytest.mark.parametrize("call", [Program.value, Program.gradient])
def test_the_memory_of_a_large_batch_is_bounded(call):
    program, batch = wide()
    most = peak(call, program, batch)
    assert most < batch.nbytes < 40 * 8 * len(batch)  # the arrays of a whole batch would take many times as much


def test_new_sizes_of_a_batch_use_the_memory_of_old_ones():
    program, batch = wide()
    batch = batch[: program._numpy.rows_at_once]
    sizes = [len(batch) - k for k in range(3 * MAX_BATCH_SIZES)]
    one = peak(program.gradient, batch)
    for n in sizes[:MAX_BATCH_SIZES]:
        program.gradient(batch[:n])
    for n in sizes[MAX_BATCH_SIZES:]:
        assert peak(program.gradient, batch[:n]) < one / 4


@pytest.mark.parametrize("bytes_per_row", [0, 8, 10**3, 10**6])
@pytest.mark.parametrize("multiplications", [0, 10, 10**3, 10**4, 10**6])
@pytest.mark.parametrize("numbers_per_call", [0.0, 2.0, 8.0, 1e3])
def test_a_piece_is_never_empty_and_fits_the_cache_unless_its_calls_would_take_longer_than_its_numbers(
    bytes_per_row, multiplications, numbers_per_call
):
    rows = rows_at_once(bytes_per_row, multiplications, numbers_per_call)
    assert rows >= 64
    assert rows == 64 or rows * bytes_per_row <= 1.1 * (2**24 if numbers_per_call < 8.0 else 2**19)
    if numbers_per_call < 8.0 and bytes_per_row <= 10**3 and multiplications <= 10**3:
        assert rows >= 256
