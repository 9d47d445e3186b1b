"""The native engine gives what the other engines give, and refuses what they refuse, with the same words.

Most files of this folder run by it too where it is installed; here is what is its own.
"""

# ruff: noqa: A004  (sum is the field's name)

import importlib.metadata
import math
import os
import pickle
import stat
import sys
import threading

import numpy as np
import pytest
from engine_cases import BATCHES, GRAPHS, REFUSING, b, chain, outcome, u, w, x

from autograd import Value, dot, exp, operation, round, sin, sum, vectorize
from autograd.lifting import engines
from autograd.lifting.numpy_rows import NumpyRows

native = pytest.mark.skipif(not engines.is_installed(), reason="the native extra is not installed")


@pytest.fixture
def no_numpy(monkeypatch):
    """Let no program build its arrays."""

    def built(self, n):
        raise AssertionError("NumPy's program runs")

    monkeypatch.setattr(NumpyRows, "built", built)


# Agreement ------------------------------------------------------------------------------------------------------------


@native
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [1, 3, 64, 150])
@pytest.mark.parametrize("name", GRAPHS)
def test_it_gives_what_numpy_gives_for_any_number_of_rows_and_needs_none_of_its_arrays(name, n, dtype, request):
    batch = np.random.default_rng(n).uniform(0.3, 2.0, (n, 2)).astype(dtype)
    expected, program = [
        vectorize(GRAPHS[name], [x, u], [w, b], engine=engine, dtype=dtype) for engine in ("numpy", "native")
    ]
    assert program.engine == "native"
    results = [
        [p.value(batch), p.values(batch), *p.gradient(batch), p.jacobian(batch), p.jacobian(batch, wrt="inputs")]
        for p in (expected, program)
    ]
    rel, absolute = (1e-12, 1e-15) if dtype == "float64" else (1e-4, 1e-5)
    for a, z in zip(*results, strict=True):
        assert np.shape(a) == np.shape(z)
        assert getattr(a, "dtype", None) == getattr(z, "dtype", None)
        assert z == pytest.approx(a, rel=rel, abs=absolute)
    request.getfixturevalue("no_numpy")
    program.value(batch), program.values(batch), program.gradient(batch), program.jacobian(batch)


@native
@pytest.mark.parametrize("n", [1, 70, 1500])  # the last is not copied
@pytest.mark.parametrize("order", ["C", "F", "every other"])
def test_a_batch_is_read_where_it_lies(n, order):
    table = np.random.default_rng(0).uniform(0.3, 2.0, (2 * n, 4))
    batch = {"C": table[:n, :2].copy(), "F": np.asfortranarray(table[:n, :2]), "every other": table[::-2, ::-2]}[order]
    expected, program = [vectorize(GRAPHS["a formula"], [x, u], [w, b], engine=e) for e in ("numpy", "native")]
    np.testing.assert_allclose(program.values(batch), expected.values(batch), rtol=1e-12)
    np.testing.assert_allclose(program.gradient(batch)[1], expected.gradient(batch)[1], rtol=1e-12)


@native
def test_sums_are_added_up_with_every_kind_of_term():
    """Products of slots and of singles, terms of either alone, each added and subtracted, in sums short and long."""
    rng = np.random.default_rng(0)
    inputs, parameters = [[Value(0.5, f"{letter}{k}") for k in range(4)] for letter in "xp"]
    for _ in range(300):
        terms = []
        for _ in range(rng.integers(1, 5)):
            factors = rng.choice([*inputs, *parameters, 1.0, -3.0], rng.integers(1, 4))
            terms.append((-1.0) ** rng.integers(2) * math.prod(factors[1:], start=factors[0]))
        loss = sum(terms) * inputs[0] + sum(terms[:1])
        batch, numbers = rng.normal(size=(rng.integers(1, 70), 4)), rng.normal(size=4)
        results = []
        for engine in ("numpy", "native"):
            program = vectorize(loss, inputs, parameters, engine=engine)
            program.parameters = numbers
            results.append(np.concatenate([program.values(batch), np.append(*program.gradient(batch))]))
        np.testing.assert_allclose(*results, rtol=1e-12, atol=1e-12)


@native
def test_what_does_not_depend_on_the_inputs_is_computed_once_and_counts_for_every_row():
    penalty = exp(w) * sin(b) + w
    for n in (1, 5, 100):
        batch = np.linspace(0.5, 1.0, n)[:, None]
        for outputs in ([penalty, x * w, w, x, w * 0.0 + 7.0], penalty, w, w * 0.0 + 2.0, x):
            for reduction in ("mean", "sum"):
                expected, program = [
                    vectorize(outputs, [x], [w, b], reduction, engine=engine) for engine in ("numpy", "native")
                ]
                np.testing.assert_allclose(program.values(batch), expected.values(batch), rtol=1e-13)
                if not isinstance(outputs, list):
                    for a, z in zip(program.gradient(batch), expected.gradient(batch), strict=True):
                        np.testing.assert_allclose(a, z, rtol=1e-13)


@pytest.mark.parametrize("engine", ["numpy", "scalar", pytest.param("native", marks=native)])
@pytest.mark.parametrize("n", [1, 2, 100])
def test_results_are_the_callers_to_keep(engine, n):
    program = vectorize(w * x, [x], [w], engine=engine)
    first, then = np.full((n, 1), 2.0), np.full((n, 1), 5.0)
    kept = [program.gradient(first)[1], program.values(first), program.jacobian(first)]
    expected = [x.copy() for x in kept]
    for k, result in enumerate([program.gradient(then)[1], program.values(then), program.jacobian(then)]):
        np.testing.assert_array_equal(kept[k], expected[k])
        result[...] = 7.0
    np.testing.assert_array_equal(program.gradient(first)[1], expected[0])


@native
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_batches_of_one_row_and_of_more_may_follow_each_other(dtype):
    expected, program = [
        vectorize(GRAPHS["a formula"], [x, u], [w, b], engine=engine, dtype=dtype) for engine in ("numpy", "native")
    ]
    rng = np.random.default_rng(0)
    for n in rng.choice([1, 1, 2, 3, 4, 70, 1500], 60):
        batch = rng.uniform(0.3, 2.0, (n, 2)).astype(dtype)
        program.parameters[:] = expected.parameters[:] = rng.uniform(0.3, 2.0, 2)
        results = [[p.value(batch), p.values(batch), *p.gradient(batch)] for p in (expected, program)]
        for a, z in zip(*results, strict=True):
            np.testing.assert_allclose(z, a, rtol=1e-12 if dtype == "float64" else 1e-4)


@native
def test_parameters_that_change_are_seen():
    program = vectorize(w * x, [x], [w], engine="native")
    program.parameters = [3.0]
    assert program.value([[2.0]]) == 6.0
    program.parameters[0] = 4.0
    assert program.value([[2.0]]) == 8.0


@pytest.mark.parametrize("engine", ["numpy", "scalar", pytest.param("native", marks=native)])
@pytest.mark.parametrize("n", [1, 2, 100])
def test_a_caller_who_makes_numpy_raise_gets_the_same_numbers(engine, n):
    program = vectorize(exp(-x * 744.0) * w + 1e304 * u, [x, u], [w], engine=engine)
    batch = [[1.0, 1.7]] * n
    with np.errstate(all="raise"):
        value, gradient = program.gradient(batch)
        assert [program.value(batch), value] == pytest.approx([1.7e304, 1.7e304], rel=1e-12)
        assert program.values(batch)[0] == pytest.approx(1.7e304)
    assert 0.0 <= gradient[0] < 1e-322


@native
@pytest.mark.parametrize("sizes", [[1, 1, 1, 1], [50, 90, 130, 170], [1, 2, 3, 50], [1500, 1600, 1700, 1800]])
@pytest.mark.parametrize("name", ["a recurrence", "a formula"])
def test_threads_do_not_disturb_each_other(name, sizes):
    program = vectorize(GRAPHS[name], [x, u], [w, b], engine="native")
    batches = [np.random.default_rng(k).uniform(0.3, 2.0, (n, 2)) for k, n in enumerate(sizes)]
    expected = [program.gradient(batch) for batch in batches]
    found = [[] for _ in batches]

    def work(k):
        found[k] += [program.gradient(batches[k]) for _ in range(30)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(batches))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for results, (value, gradient) in zip(found, expected, strict=True):
        assert len(results) == 30
        assert all([v == value and np.array_equal(g, gradient) for v, g in results])


@native
@pytest.mark.parametrize("method", ["gradient", "values"])
@pytest.mark.parametrize("sizes", [(1000, 2), (2, 1000), (100, 3), (1, 2)])
def test_after_a_call_that_ctrl_c_breaks_off_at_any_line_the_next_ones_are_right(sizes, method):
    batches = [np.random.default_rng(n).uniform(0.3, 2.0, (n, 2)) for n in sizes]
    numpy = vectorize(GRAPHS["a formula"], [x, u], [w, b], engine="numpy")
    expected = [getattr(numpy, method)(batch) for batch in batches]
    before, lines = sys.gettrace(), 1
    while lines:  # one more at each turn, until the call comes to its end
        program = vectorize(GRAPHS["a formula"], [x, u], [w, b], engine="native")
        getattr(program, method)(batches[0])
        left = lines

        def trace(frame, event, argument):
            nonlocal left
            if not frame.f_code.co_filename.endswith(os.path.join("native", "rows.py")):
                return None
            left -= event == "line"
            if not left:
                raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            getattr(program, method)(batches[1])
        except KeyboardInterrupt:
            lines += 1
        else:
            assert lines > 20
            lines = 0
        finally:
            sys.settrace(before)
        for k in (1, 0):
            found = getattr(program, method)(batches[k])
            np.testing.assert_allclose(np.hstack(found), np.hstack(expected[k]), rtol=1e-12)


# Refusals -------------------------------------------------------------------------------------------------------------


@native
@pytest.mark.parametrize("copies", [1, 40])
@pytest.mark.parametrize("check_finite", [True, False])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", REFUSING)
def test_it_refuses_what_numpy_refuses_with_the_same_words(name, batch, check_finite, copies):
    batch = [[1.0, 1.0]] * (copies - 1) + batch
    a, z = [vectorize(REFUSING[name], [x, u], [w, b], engine=engine) for engine in ("numpy", "native")]
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


@native
def test_where_it_lacks_an_operation_the_program_runs_as_before_and_one_that_asks_for_it_is_told():
    twice = operation("twice", lambda v: 2.0 * v, [2.0], array=lambda v: 2.0 * v)
    for lacking, name, numbers in ((twice(x) * w, "twice", 0.25), (round(x * w, 2) + w, "round", 0.62)):
        program = vectorize(lacking, [x], [w])
        assert program.engine in ("numpy", "scalar")
        assert program.value([[0.25]]) == pytest.approx(numbers)
        with pytest.raises(ValueError, match=f"engine 'native' has no {name}, which this graph uses: leave engine at"):
            vectorize(lacking, [x], [w], engine="native")


def test_asked_for_where_it_is_not_installed_it_names_the_remedy(monkeypatch):
    monkeypatch.setattr(engines, "is_installed", lambda: False)
    with pytest.raises(
        ValueError, match=r"engine 'native' needs llvmlite 0.46 or later: pip install 'handgrad\[native\]'"
    ):
        vectorize(w * x, [x], [w], engine="native")
    assert vectorize(w * x, [x], [w]).engine in ("numpy", "scalar")


# The choice -----------------------------------------------------------------------------------------------------------


@native
def test_what_is_quicker_runs_and_the_program_tells():
    narrow = vectorize(chain(200), [x], [w, b])
    assert (narrow.engine, narrow.engine_rows) == ("native", math.inf)
    assert narrow.source_for(1).startswith("def values(row, parameters):")
    assert narrow.source == vectorize(chain(200), [x], [w, b], engine="numpy").source
    layer = [[Value(0.1, f"w{i}_{k}") for k in range(200)] for i in range(200)]
    inputs = [Value(0.1, f"x{k}") for k in range(200)]
    wide = vectorize(sum([dot(row, inputs).tanh() for row in layer]), inputs, [p for row in layer for p in row])
    assert wide.engine != "native" or wide.engine_rows <= engines.FEW


@native
def test_a_program_too_long_to_run_on_floats_runs_natively_until_it_takes_too_long_to_record(monkeypatch):
    monkeypatch.setattr(engines, "MAX_OPERATIONS", 0)
    graph = chain(200)
    assert vectorize(graph, [x], [w, b]).engine == "native"
    monkeypatch.setattr(engines, "MAX_RECORDED", 100)
    assert vectorize(graph, [x], [w, b]).engine == "numpy"


@native
def test_a_program_that_is_pickled_keeps_its_engine():
    program = vectorize(chain(200), [x], [w, b], engine="native")
    again = pickle.loads(pickle.dumps(program))
    assert again.engine == "native"
    assert again.gradient([[0.5]])[0] == program.gradient([[0.5]])[0]


# What is installed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "enough"), [("0.44.0", False), ("0.46.0", True), ("0.50.0rc1", True), ("1.0", True)]
)
def test_a_compiler_that_is_too_old_is_as_good_as_none(version, enough, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    assert engines.is_installed.__wrapped__() is enough


# The cache ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder, in which a small machine is kept, whose text is counted."""
    from llvmlite import binding

    from autograd.lifting.native import compiled

    compiled.machine("float64")  # which initializes LLVM
    folder, made = tmp_path / "cache" / "handgrad", []

    def written(processor, element):
        made.append(element)
        return "define i32 @run(ptr %a, ptr %b) { ret i32 0 }"

    monkeypatch.setattr(compiled, "written", written)
    monkeypatch.setattr(compiled, "cache_folder", lambda: folder)
    target = binding.Target.from_default_triple().create_target_machine()
    return folder, lambda: (compiled.compiled("float64", target), len(made))


def truncated(path):
    path.write_bytes(path.read_bytes()[:-9])


def flipped(path):
    *rest, last = path.read_bytes()
    path.write_bytes(bytes([*rest, last ^ 1]))


DAMAGES = {
    "one bit is flipped": flipped,
    "the end is missing": truncated,
    "it is empty": lambda path: path.write_bytes(b""),
    "the digest alone is left": lambda path: path.write_bytes(path.read_bytes()[:32]),
    "the group may write it": lambda path: path.chmod(0o620),
    "everyone may write it": lambda path: path.chmod(0o602),
    "everyone may write its folder": lambda path: path.parent.chmod(0o777),
    "it is a folder": lambda path: (path.unlink(), path.mkdir()),
    "it is gone": lambda path: path.unlink(),
}


@native
@pytest.mark.parametrize("damage", DAMAGES)
def test_cached_code_that_is_damaged_or_that_others_may_have_written_is_compiled_again(damage, cache):
    folder, compiled = cache
    code, made = compiled()
    assert compiled() == (code, made) == (code, 1)
    (path,) = folder.iterdir()
    DAMAGES[damage](path)
    assert compiled() == (code, 2)
    if damage not in ("everyone may write its folder", "it is a folder"):  # which stay as they are
        assert compiled() == (code, 2)


@native
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("what", ["the file", "the folder"])
def test_cached_code_of_another_user_is_never_read_and_none_is_put_in_their_folder(what, cache):
    folder, compiled = cache
    compiled()
    (path,) = folder.iterdir()
    os.chown(path if what == "the file" else folder, 1234, 1234)
    assert compiled()[1] == 2
    assert compiled()[1] == (2 if what == "the file" else 3)
    assert path.stat().st_uid == os.geteuid()


@native
@pytest.mark.skipif(not hasattr(os, "umask"), reason="permissions are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_cached_code_is_the_users_own_whatever_the_umask(umask, cache):
    folder, compiled = cache
    before = os.umask(umask)
    try:
        compiled()
    finally:
        os.umask(before)
    (path,) = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)
    assert compiled()[1] == 1


@native
@pytest.mark.parametrize("why", ["a file is in its place", "the user has no home"])
def test_without_a_cache_folder_it_is_compiled_all_the_same(why, cache, tmp_path, monkeypatch):
    from autograd.lifting.native import compiled as module

    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "cache"
    monkeypatch.setattr(module, "cache_folder", lambda: folder if why == "a file is in its place" else None)
    assert [cache[1]()[1] for _ in range(2)] == [1, 2]


@native
def test_a_user_without_a_home_has_no_cache_folder(monkeypatch):
    from autograd.lifting.native import compiled

    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(compiled.Path, "home", home)
    assert compiled.cache_folder() is None
