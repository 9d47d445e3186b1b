"""Few rows run as Python on floats, where that is quicker than NumPy's calls, and give what NumPy gives.

What it computes is compared in the other files of this folder, engine by engine; here is who computes, and what is
refused.
"""

# ruff: noqa: A004  (sum is the field's name)

import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from engine_cases import BATCHES, GRAPHS, REFUSING, b, chain, mixture, outcome, u, w, x

from autograd import Value, dot, sin, sum, vectorize
from autograd.lifting import engines
from autograd.lifting.numpy_rows import NumpyRows


@pytest.fixture(params=GRAPHS)
def loss(request):
    return GRAPHS[request.param]


@pytest.fixture
def without_native(monkeypatch):
    """Let the native engine not be installed."""
    monkeypatch.setattr(engines, "is_installed", lambda: False)


@pytest.fixture
def no_numpy(monkeypatch):
    """Let no program build its arrays."""

    def built(self, n):
        raise AssertionError("NumPy's program runs")

    monkeypatch.setattr(NumpyRows, "built", built)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_scalar_engine_gives_what_numpy_gives_and_needs_none_of_its_arrays(loss, n, reduction, request):
    batch = np.random.default_rng(n).uniform(0.3, 2.0, (n, 2))
    expected, program = [vectorize(loss, [x, u], [w, b], reduction, engine=engine) for engine in ("numpy", "scalar")]
    results = [
        [p.value(batch), p.values(batch), *p.gradient(batch), p.jacobian(batch), p.jacobian(batch, wrt="inputs")]
        for p in (expected, program)
    ]
    for a, z in zip(*results, strict=True):
        assert np.shape(a) == np.shape(z)
        assert z == pytest.approx(a, rel=1e-12, abs=1e-15)
    request.getfixturevalue("no_numpy")
    program.value(batch), program.values(batch), program.gradient(batch), program.jacobian(batch)


@pytest.mark.parametrize("check_finite", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", REFUSING)
def test_both_engines_refuse_the_same_with_the_same_words(name, batch, check_finite):
    a, z = [vectorize(REFUSING[name], [x, u], [w, b], engine=engine) for engine in ("numpy", "scalar")]
    for method in ("value", "values", "gradient", "jacobian"):
        expected, found = [
            outcome(lambda p=p, m=method: getattr(p, m)(batch, check_finite=check_finite)) for p in (a, z)
        ]
        if isinstance(expected, tuple) and isinstance(expected[0], type):
            assert found == expected
        else:
            expected, found = [r if isinstance(r, tuple) else (r,) for r in (expected, found)]
            for left, right in zip(expected, found, strict=True):
                np.testing.assert_allclose(right, left, rtol=1e-12)


def test_what_is_quicker_runs_and_the_program_tells(without_native):
    narrow = vectorize(chain(200), [x], [w, b])
    assert narrow.engine == "scalar"
    assert 1 <= narrow.engine_rows < 100
    assert narrow.source_for(narrow.engine_rows) != narrow.source == narrow.source_for(narrow.engine_rows + 1)
    wide, point, centres = mixture(30, 20)
    matrix = vectorize(wide, point, centres)
    assert (matrix.engine, matrix.engine_rows, matrix.source_for(1)) == ("numpy", 0, matrix.source)


def test_the_text_of_one_row_is_written_only_for_a_batch_that_may_run_it(monkeypatch):
    def refused(*arguments):
        raise AssertionError("the text is written")

    point = [Value(0.5, f"x{i}") for i in range(40)]
    neurons = [[Value(0.1, f"w{i}{k}") for k in range(40)] for i in range(40)]
    loss = sum([dot(neuron, point).tanh() for neuron in neurons])
    program = vectorize(loss, point, [p for neuron in neurons for p in neuron])
    monkeypatch.setattr("autograd.lifting.scalar.rows.scalar_source", refused)
    batch = np.full((100, 40), 0.5)
    assert program._choice.most_rows < 100
    assert np.isfinite(program.gradient(batch)[0] + program.value(batch) + program.values(batch).sum())


def test_a_chosen_engine_runs_every_batch(no_numpy):
    program = vectorize(chain(3), [x], [w, b], engine="scalar")
    assert (program.engine, program.engine_rows) == ("scalar", math.inf)
    assert program.source.startswith("def values(row, parameters):")
    program.gradient(np.full((1000, 1), 0.5))
    with pytest.raises(AssertionError, match="NumPy's program runs"):
        vectorize(chain(200), [x], [w, b], engine="numpy").gradient([[0.5]])


def test_few_rows_run_without_numpys_arrays(no_numpy, without_native):
    program = vectorize(chain(200), [x], [w, b])
    program.gradient([[0.5]])
    with pytest.raises(AssertionError, match="NumPy's program runs"):
        program.gradient(np.full((1000, 1), 0.5))


def test_a_program_that_is_pickled_keeps_its_engine():
    for engine in ("auto", "numpy", "scalar"):
        program = vectorize(chain(200), [x], [w, b], engine=engine)
        again = pickle.loads(pickle.dumps(program))
        assert (again.engine, again.source_for(1)) == (program.engine, program.source_for(1))


def test_an_engine_is_one_of_four_and_the_scalar_one_computes_in_pythons_floats(without_native):
    with pytest.raises(ValueError, match="engine is 'fast'; choose 'auto', 'numpy', 'scalar' or 'native'"):
        vectorize(w * x, [x], [w], engine="fast")
    with pytest.raises(ValueError, match="engine 'scalar' computes in Python's floats: leave dtype at float64"):
        vectorize(w * x, [x], [w], engine="scalar", dtype=np.float32)
    assert vectorize(chain(200), [x], [w, b], dtype=np.float32).engine == "numpy"


def test_parameters_that_change_are_seen():
    program = vectorize(w * x, [x], [w], engine="scalar")
    program.parameters = [3.0]
    assert program.value([[2.0]]) == 6.0
    program.parameters[0] = 4.0
    assert program.value([[2.0]]) == 8.0


def test_sums_of_any_length_and_any_number_of_leaves_compile():
    n = 3000
    xs, ws = [Value(0.5, f"x{i}") for i in range(n)], [Value(1.0 / n, f"w{i}") for i in range(n)]
    loss = sum([a * sin(c) for a, c in zip(ws, xs, strict=True)])
    program = vectorize(loss, xs, ws, engine="scalar")
    value, gradient = program.gradient(np.full((1, n), 0.5))
    assert value == pytest.approx(math.sin(0.5), rel=1e-12)
    assert gradient == pytest.approx(np.full(n, math.sin(0.5)), rel=1e-12)


def test_the_source_of_a_recurrence_does_not_grow_with_its_steps():
    lengths = [len(vectorize(chain(steps), [x], [w, b]).source_for(1).splitlines()) for steps in (200, 2000)]
    assert lengths[0] == lengths[1] < 60


def test_names_of_leaves_are_names_in_the_source_and_collide_with_nothing():
    names = ["row", "values", "for", "v1", "dx", "loss; import os", "x", "sin", "kept", "t"]
    leaves = [Value(0.1 * k + 0.3, name) for k, name in enumerate(names)]
    loss = sum([sin(a * c) for a, c in pairwise(leaves)])
    loss.backward()
    program = vectorize(loss, [], leaves, engine="scalar")
    value, gradient = program.gradient(np.empty((1, 0)))
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx([leaf.grad for leaf in leaves], rel=1e-12)
