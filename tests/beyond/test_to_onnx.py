"""`Program.to_onnx`: what onnxruntime computes of the file is what the program computes, tails and kinks included."""

import functools
import sys
from itertools import pairwise

import numpy as np
import pytest
from table_programs import agree, of_rows, program_of, random_graph, rows_of

from autograd import TABLE, Value, dot, exp, log, normal_cdf, operation, sqrt, vectorize
from autograd import sum as total
from nn import MLP, softmax_cross_entropy

onnx = pytest.importorskip("onnx", reason='onnx: pip install "handgrad[onnx]"')
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime: pip install onnxruntime")

DTYPES = [np.float64, np.float32]
RNG = np.random.default_rng(0)


def session(program, path):
    program.to_onnx(path)
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def run(program, X, path):
    return session(program, path).run(None, {"x": np.asarray(X, program.parameters.dtype)})[0]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What onnxruntime computes of the programs of all rows, once."""
    path = tmp_path_factory.mktemp("onnx") / "program.onnx"
    return functools.cache(lambda program: run(program, rows_of(program), path))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", TABLE)
def test_every_row_has_its_values(name, dtype, theirs):
    program, k = program_of(name, dtype=dtype)
    X = rows_of(program)
    ours = program.values(X, check_finite=False).reshape(len(X), -1)[:, k].astype(float)
    found = theirs(program).reshape(len(X), -1)[:, k].astype(float)
    if dtype == np.float64:
        agree(ours, found, 1e-13)
    else:
        known = np.isfinite(ours) & (np.abs(ours) > 1e-37)
        np.testing.assert_allclose(found[known], ours[known], rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_have_their_values_at_kinks_too(seed, tmp_path):
    y, leaves, X = random_graph(seed)
    program = vectorize([y, *leaves[:2]], leaves[:2], leaves[2:])
    agree(program.values(X, check_finite=False), run(program, X, tmp_path / "program.onnx"), 1e-11)


# Files ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
def test_a_network_is_a_gemm_and_an_activation_for_each_layer(dtype, tmp_path):
    mlp = MLP(3, [5, 4, 2], "relu", output="identity", rng=0)
    record = mlp.forward([1.0, 2.0, 3.0])
    program = vectorize(record.output, record.inputs, mlp.parameters(), dtype=dtype)
    X = RNG.normal(size=(9, 3))
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(run(program, X, tmp_path / "program.onnx"), program.values(X), rtol=rtol, atol=rtol)
    graph = onnx.load(tmp_path / "program.onnx").graph
    assert [node.op_type for node in graph.node] == ["Gemm", "Relu", "Gemm", "Relu", "Gemm"]
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    assert shapes == {"W": [3, 5], "b": [5], "W_2": [5, 4], "b_2": [4], "W_3": [4, 2], "b_3": [2]}


def test_parameters_are_those_of_the_moment(tmp_path):
    x, w = Value(1.0, "x"), Value(2.0, "w")
    program = vectorize(w * x, [x], [w])
    program.parameters = [5.0]
    assert run(program, [[3.0]], tmp_path / "program.onnx") == [15.0]


def test_names_of_the_columns_are_in_the_file_and_the_axis_of_the_batch_has_one(tmp_path):
    x, y = Value(1.0, "spot"), Value(2.0, "strike")
    vectorize([x * y, x], [x, y]).to_onnx(path := tmp_path / "program.onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (7, 13)
    dimensions = [list(v.type.tensor_type.shape.dim) for v in (*model.graph.input, *model.graph.output)]
    assert [(d[0].dim_param, d[1].dim_value) for d in dimensions] == [("batch", 2), ("batch", 2)]
    assert model.graph.doc_string == "The columns of x are spot, strike."


def test_a_hostile_name_is_only_letters_in_the_file(tmp_path):
    x = Value(0.5, 'x"; import os')
    program = vectorize((x.tanh().named("a\n<b>") * 2.0).exp(), [x])
    np.testing.assert_allclose(run(program, [[0.3]], tmp_path / "program.onnx"), program.values([[0.3]]), rtol=1e-14)


def test_outputs_that_no_input_changes_have_all_rows(tmp_path):
    x, w = Value(1.0, "x"), Value(2.0, "w")
    for outputs in ([x * 2.0, w * w, x * 0.0 + 5.0], [w * w], [x * 0.0 + 5.0]):
        program = vectorize(outputs, [x], [w])
        X = np.array([[1.0], [4.0], [5.0]])
        np.testing.assert_array_equal(run(program, X, tmp_path / "program.onnx"), program.values(X))


# Programs -------------------------------------------------------------------------------------------------------------


def test_prices_of_options_keep_their_digits(tmp_path):
    S, K, T, r, s = leaves = [Value(x, name) for x, name in zip([100.0, 90.0, 1.0, 0.05, 0.2], "SKTrs", strict=True)]
    spread = s * sqrt(T)
    d1 = (log(S / K) + (r + 0.5 * s * s) * T) / spread
    price = S * normal_cdf(d1) - K * exp(-r * T) * normal_cdf(d1 - spread)
    program = vectorize([price, *price.derivatives(leaves)], leaves)
    X = np.array([80.0, 80.0, 0.2, 0.0, 0.1]) + RNG.uniform(size=(50, 5)) * [40.0, 40.0, 2.0, 0.1, 0.4]
    np.testing.assert_allclose(run(program, X, tmp_path / "program.onnx"), program.values(X), rtol=1e-10, atol=1e-13)


def recurrent(x, w, steps=60):
    y = x
    for _ in range(steps):
        y = (y * w + x).tanh()
    return [y]


def rk4(x, w, steps=40, h=0.05):
    def slope(position, velocity):
        return velocity, -w * position.sin()

    for _ in range(steps):
        a = slope(x, w)
        b = slope(x + h / 2.0 * a[0], w + h / 2.0 * a[1])
        x, w = x + h / 2.0 * (a[0] + b[0]), w + h / 2.0 * (a[1] + b[1])
    return [x * x + w]


def second_order(x, w, steps=20):
    terms = [x, w]
    for _ in range(steps):
        terms.append((0.5 * terms[-1] + 0.3 * terms[-2]).sin())
    return [terms[-1], terms[-3]]


def all_states(x, w, steps=20):
    states = [x]
    for _ in range(steps):
        states.append((states[-1] * w).sin())
    return states[::3]


LOOPS = [recurrent, rk4, second_order, all_states]


@pytest.mark.parametrize("build", LOOPS, ids=lambda build: build.__name__)
def test_a_recurrence_is_a_loop_that_takes_no_rows_too(build, tmp_path):
    x, w = Value(0.3, "x"), Value(0.5, "w")
    program, X = vectorize(build(x, w), [x], [w]), RNG.normal(size=(7, 1))
    runs = session(program, tmp_path / "program.onnx")
    np.testing.assert_allclose(runs.run(None, {"x": X})[0], program.values(X), rtol=1e-11)
    assert runs.run(None, {"x": X[:0]})[0].shape == program.values(X)[:0].shape
    assert "Loop" in {node.op_type for node in onnx.load(tmp_path / "program.onnx").graph.node}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_recurrent_layer_reads_an_input_in_each_iteration(backwards, tmp_path):
    xs = [Value(0.1 * k, f"x{k}") for k in range(30)]
    states = start = [Value(0.1, "h1"), Value(0.2, "h2")]
    U, W = (
        [Value(0.4, "u1"), Value(-0.3, "u2")],
        [[Value(0.3, "w11"), Value(0.2, "w12")], [Value(-0.5, "w21"), Value(0.1, "w22")]],
    )
    for x in reversed(xs) if backwards else xs:
        states = [(dot(row, states) + u * x).tanh() for row, u in zip(W, U, strict=True)]
    program = vectorize(states, [*xs, *start], [*U, *W[0], *W[1]])
    X = RNG.normal(size=(5, 32))
    np.testing.assert_allclose(run(program, X, tmp_path / "program.onnx"), program.values(X), rtol=1e-11)
    assert "Loop" in {node.op_type for node in onnx.load(tmp_path / "program.onnx").graph.node}


def test_sums_of_many_terms_and_a_loss_have_their_values(tmp_path):
    xs = [Value(0.1 * k, f"x{k}") for k in range(20)]
    mlp = MLP(20, [6, 3], "tanh", output="identity", rng=0)
    loss = softmax_cross_entropy(mlp.forward(xs).output, 1)
    rosenbrock = total([100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(xs)])
    program = vectorize([loss, rosenbrock], xs, mlp.parameters())
    X = RNG.normal(size=(5, 20))
    np.testing.assert_allclose(run(program, X, tmp_path / "program.onnx"), program.values(X), rtol=1e-12)


# Refusals: nothing is written -----------------------------------------------------------------------------------------

LACKING = {
    "one of your own": lambda x: operation("cube", lambda x: x**3, [lambda z, x: 3.0 * x * x])(x),
    "round to decimals": lambda x: x.round(2),
    "polygamma, the derivative of digamma": lambda x: x.digamma().derivative(x),
}


@pytest.mark.parametrize("what", LACKING)
def test_what_onnx_lacks_is_named(what, tmp_path):
    x = Value(1.0)
    with pytest.raises(NotImplementedError, match=what):
        vectorize(LACKING[what](x), [x]).to_onnx(tmp_path / "program.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_computes_something_else_is_not_written(tmp_path, monkeypatch):
    from autograd.lifting.beyond import onnx_rules

    x = Value(1.0)
    monkeypatch.setitem(onnx_rules.RULES, "tanh", lambda x: x)
    with pytest.raises(RuntimeError, match=r"onnxruntime gives .* the program .*: nothing was written"):
        vectorize(x.tanh(), [x]).to_onnx(tmp_path / "program.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("library", ["onnx", "onnxruntime"])
def test_without_onnx_the_remedy_is_named_and_without_onnxruntime_the_file_is_written(library, tmp_path, monkeypatch):
    x, path = Value(1.0), tmp_path / "program.onnx"
    for module in [*sys.modules]:
        if module.startswith(("autograd.lifting.beyond.", "onnx.")):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    program = vectorize(x.tanh(), [x])
    if library == "onnxruntime":
        program.to_onnx(path)
        assert path.exists()
    else:
        with pytest.raises(ImportError, match=r'pip install "handgrad\[onnx\]"'):
            program.to_onnx(path)


def test_all_rows_are_in_these_programs():
    assert sorted(name for _, names in of_rows() for name in names) == sorted(TABLE)
