"""A program over a dask array: the same numbers block by block, whoever computes, and whoever dies meanwhile.

Letters: X rows of inputs, w parameters.
"""

import os
import re
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from autograd import Value, log, vectorize
from nn import MLP, sse

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

TABLE = np.random.default_rng(0).uniform(0.5, 2.0, (1000, 2))
CHUNKS = (300, 300, 300, 100)  # the last one is ragged
IN_ONE_PROCESS = {"scheduler": "synchronous"}
QUIET = {"dashboard_address": ":0"}


def model(**options):
    """Return (w log x − y)², with a logarithm that refuses what is not positive."""
    x, y, w = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w")
    return vectorize((w * log(x) - y) ** 2, [x, y], [w], **options)


def two_outputs():
    x, y, w = Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w")
    return vectorize([w * x, x * y], [x, y], [w])


def network():
    mlp = MLP(8, [16, 3], activation="tanh", rng=0)
    x, t = [Value(0.1, f"x{k}") for k in range(8)], [Value(0.1, f"t{k}") for k in range(3)]
    return vectorize(sse(mlp(x), t), [*x, *t], mlp.parameters())


def blocks(table=TABLE, chunks=CHUNKS):
    return da.from_array(table, chunks=(chunks, table.shape[1]))


def of_unknown_lengths(X):
    """Return the same array, of which dask does not know how long its blocks are."""
    return X[da.ones(len(X), chunks=X.chunks[0], dtype=bool)]


@pytest.fixture
def computed():
    """Return rows in blocks, and the list that grows when one of them is computed."""
    made = []
    return blocks().map_blocks(lambda x: made.append(len(x)) or x, dtype=float, meta=np.empty((0, 0))), made


# One process ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [model, two_outputs, lambda: model(dtype=np.float32)])
@pytest.mark.parametrize("known", [True, False])
def test_rows_stay_lazy_and_are_those_of_the_whole_table(make, known, computed):
    (X, made), program = computed, make()
    X = X if known else of_unknown_lengths(X)
    calls = [program.values, program.jacobian, lambda batch: program.jacobian(batch, wrt="inputs")]
    lazy = [call(X) for call in calls]
    assert not made
    for array, call in zip(lazy, calls, strict=True):
        expected, found = call(TABLE), array.compute()
        assert isinstance(array, da.Array)
        assert (found.shape, found.dtype, array.dtype) == (expected.shape, expected.dtype, expected.dtype)
        assert array.shape[1:] == expected.shape[1:]
        assert len(array) == len(TABLE) if known else np.isnan(array.shape[0])
        np.testing.assert_allclose(found, expected, rtol=1e-6 if make().parameters.dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("chunks", [CHUNKS, (1000,), (999, 1), (0, 400, 0, 600), (1,) * 20 + (980,)])
def test_blocks_are_weighted_by_their_rows(reduction, chunks):
    program, X = model(reduction=reduction), blocks(chunks=chunks)
    value, gradient = program.gradient(X)
    assert value == pytest.approx(program.value(TABLE), rel=1e-13)
    assert gradient == pytest.approx(program.gradient(TABLE)[1], rel=1e-13)
    assert program.value(X) == pytest.approx(value, rel=1e-14)  # an engine may add in another order
    assert (type(value), type(gradient), gradient.dtype) == (float, np.ndarray, np.float64)


def test_single_precision_stays_so():
    value, gradient = model(dtype=np.float32).gradient(blocks())
    assert gradient.dtype == np.float32
    assert value == pytest.approx(model().value(TABLE), rel=1e-6)


def test_columns_in_several_blocks_are_brought_together():
    assert model().gradient(da.from_array(TABLE, chunks=(300, 1))) == model().gradient(blocks())


def test_a_filter_may_leave_blocks_without_rows():
    X, program = blocks(np.sort(TABLE, axis=0)), model()
    chosen = X[X[:, 0] > 1.7]
    expected = np.sort(TABLE, axis=0)[np.sort(TABLE, axis=0)[:, 0] > 1.7]
    assert program.values(chosen).compute().tolist() == program.values(expected).tolist()
    assert program.jacobian(chosen).compute().shape == (len(expected), 1)
    assert program.value(chosen) == pytest.approx(program.value(expected), rel=1e-13)
    with pytest.raises(ValueError, match="the batch has no rows: all its blocks are empty"):
        program.gradient(X[X[:, 0] > 9.0])


def test_the_parameters_are_those_of_the_moment_of_the_call():
    program = model()
    before, lazy = program.values(TABLE), program.values(blocks())
    program.parameters = [0.5]
    assert lazy.compute().tolist() == before.tolist()
    assert program.values(blocks()).compute().tolist() == program.values(TABLE).tolist() != before.tolist()


def test_programs_of_the_same_graph_do_not_take_each_others_parameters():
    first, second = model(), model()
    second.parameters = [0.5]
    lazy = da.stack([first.values(blocks()), second.values(blocks())])
    assert lazy.compute(scheduler="threads").tolist() == [first.values(TABLE).tolist(), second.values(TABLE).tolist()]


def test_the_program_is_sent_once_and_not_with_every_block():
    cloudpickle = pytest.importorskip("cloudpickle")
    program = network()
    X = da.zeros((1000, 11), chunks=(1, 11))
    (lazy,) = dask.optimize(program.values(X))
    graph = dict(lazy.__dask_graph__())
    sizes = [len(cloudpickle.dumps(task)) for key, task in graph.items() if "_on_block" in str(key)]
    assert len(sizes) == 1000
    assert max(sizes) < 1_500 < len(cloudpickle.dumps(program))


def test_scipy_minimizes_over_blocks():
    optimize = pytest.importorskip("scipy.optimize")
    program = model()

    def loss(w, X):
        program.parameters = w
        return program.gradient(X)

    over_blocks = optimize.minimize(loss, [0.0], args=(blocks(),), jac=True, method="L-BFGS-B")
    at_once = optimize.minimize(loss, [0.0], args=(TABLE,), jac=True, method="L-BFGS-B")
    assert over_blocks.success
    assert over_blocks.x == pytest.approx(at_once.x, rel=1e-9)


def test_dasks_progress_bar_follows(capsys):
    diagnostics = pytest.importorskip("dask.diagnostics")
    with diagnostics.ProgressBar():
        model().gradient(blocks())
    assert "100% Completed" in capsys.readouterr().out


def test_dask_is_not_imported_for_tables():
    code = """
        import sys
        from autograd import Value, vectorize
        x = Value(1.0)
        vectorize(x * x, [x]).gradient([[2.0]])
        assert not {"dask", "distributed"} & {*sys.modules}
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


# Mistakes -------------------------------------------------------------------------------------------------------------

CALLS = {
    "value": lambda program, X: program.value(X),
    "gradient": lambda program, X: program.gradient(X),
    "values": lambda program, X: program.values(X).compute(),
    "jacobian": lambda program, X: program.jacobian(X).compute(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("number", "message"),
    [(-1.0, "row 777: log(x = -1.0): "), (np.nan, "row 777, input x is nan: give a finite number")],
)
def test_an_error_names_the_row_of_the_whole_array(call, number, message):
    table = TABLE.copy()
    table[777, 0] = number
    with pytest.raises(ValueError, match=re.escape(message)):
        CALLS[call](model(), table)
    with pytest.raises(ValueError, match=re.escape(message)):
        CALLS[call](model(), blocks(table))
    in_its_block = message.replace("row 777", "block 2 of the batch, row 177")
    with pytest.raises(ValueError, match=re.escape(in_its_block)):
        CALLS[call](model(), of_unknown_lengths(blocks(table)))


def test_unchecked_numbers_pass_as_they_do_in_a_table():
    table = TABLE.copy()
    table[777, 0] = -1.0
    assert np.isnan(model().value(blocks(table), check_finite=False))
    assert np.flatnonzero(np.isnan(model().values(blocks(table), check_finite=False).compute())).tolist() == [777]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "X",
    [da.ones((10, 3)), da.ones((10, 1)), da.ones(10), da.ones((10, 2, 1)), da.ones((0, 2))],
    ids=lambda X: str(X.shape),
)
def test_another_shape_is_refused_before_anything_is_computed(call, X):
    with pytest.raises(
        ValueError, match=re.escape(f"the batch has the shape {X.shape}; it takes at least one row of 2")
    ):
        CALLS[call](model(), X)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda x: x.astype(str), "row 0, column 0 of the batch is '"),
        (lambda x: x + 1j, "row 0, column 0 of the batch is ("),
        (lambda x: np.ma.masked_equal(x, x[3, 1]), "row 3, column 1 of the batch is masked"),
        (lambda x: x[:, :1], "it takes at least one row of 2 numbers"),
    ],
)
def test_blocks_that_are_not_what_dask_was_told_are_refused(call, wrong, message):
    X = blocks(chunks=(1000,)).map_blocks(wrong, dtype=float, meta=np.empty((0, 0)))
    with pytest.raises(ValueError, match=re.escape(message)):
        CALLS[call](model(), X)


def test_a_dtype_that_was_declared_wrong_does_not_round():
    whole = blocks().map_blocks(lambda x: x, dtype=int, meta=np.empty((0, 0), int))  # the blocks hold fractions
    assert whole.dtype == int
    assert model().gradient(whole) == model().gradient(blocks())
    assert model().values(whole).compute().tolist() == model().values(TABLE).tolist()


# A cluster ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    """Return a client of two worker processes of this machine."""
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "60s", "distributed.scheduler.allowed-failures": 5}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **QUIET) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def batch():
    table = np.random.default_rng(1).normal(size=(4000, 11))
    return da.from_array(table, chunks=((450,) * 8 + (400,), 11))


def bits(program, X, **where):
    """Return all bits of what a program says of a dask array."""
    with dask.config.set(**where):
        value, gradient = program.gradient(X)
        return np.array(value).tobytes(), gradient.tobytes(), program.values(X).compute().tobytes()


def test_the_bits_are_the_same_on_one_worker_on_two_and_in_one_process(cluster, batch):
    program = network()
    here = bits(program, batch, **IN_ONE_PROCESS)
    assert bits(program, batch, scheduler="threads") == here
    with cluster.as_current():
        assert bits(program, batch) == here
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **QUIET) as single,
        distributed.Client(single, set_as_default=False) as client,
        client.as_current(),
    ):
        assert bits(program, batch) == here


def test_an_error_on_a_worker_is_the_same_error(cluster):
    table = TABLE.copy()
    table[777, 0] = -1.0
    with cluster.as_current(), pytest.raises(ValueError, match=r"^row 777: log\(x = -1.0\)"):
        model().gradient(blocks(table))


def killing(marker):
    """Return a function of a block that kills its process without a word, where it is the first to come there."""

    def kill(block, block_id=None):
        if block_id == (4, 0):
            try:
                file = os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            except FileExistsError:
                return block
            os.write(file, str(os.getpid()).encode())
            os.kill(os.getpid(), signal.SIGKILL)
        return block

    return kill


@pytest.mark.filterwarnings("ignore")  # distributed says what happened
def test_a_worker_that_is_killed_loses_nothing(cluster, batch, tmp_path):
    program, marker = network(), tmp_path / "killed"
    workers = set(cluster.run(os.getpid).values())
    X = batch.map_blocks(killing(str(marker)), dtype=float, meta=np.empty((0, 0)))
    with cluster.as_current():
        value, gradient = program.gradient(X)
    assert int(marker.read_text()) in workers - set(cluster.run(os.getpid).values())
    expected = bits(program, batch, **IN_ONE_PROCESS)
    assert (np.array(value).tobytes(), gradient.tobytes()) == expected[:2]
