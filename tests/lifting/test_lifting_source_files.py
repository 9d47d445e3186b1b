"""`Program.to_source`: one file that needs NumPy alone, and computes what the program does, bit for bit.

Letters: x inputs, w parameters, X a batch.
"""

import ast
import builtins
import math
import subprocess
import sys

import numpy as np
import pytest

from autograd import TABLE, Value, exp, log, normal_cdf, operation, sqrt, tanh, vectorize
from autograd.lifting.beyond.inlining import Inlined
from autograd.operations import BUILT_IN
from autograd.value import Constant, new_value
from nn import MLP, sse

UNARY = ["relu", "abs", "elu", "leaky", "clip", "tanh", "sin", "gelu", "erf", "softplus", "sigmoid", "step", "square"]
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "hypot", "where", "pow"]
GRID = [-3.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0]  # where kinks, ties and poles are


def written(program, path):
    """Return the names that a program's file defines."""
    program.to_source(path)
    names = {"__name__": "model"}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)  # noqa: S102  (it is what is tested)
    return names


def assert_same_bits(program, names, X, sizes=(1, 2, 17)):
    """Compare the first rows of a batch, and all of them, with what the program says."""
    for n in {*sizes, len(X)}:
        rows = X[:n]
        pairs = [(names["values"](rows), program.values(rows, check_finite=False))]
        if "gradient" in names:
            pairs.append((names["value"](rows), program.value(rows, check_finite=False)))
            pairs += zip(names["gradient"](rows), program.gradient(rows, check_finite=False), strict=True)
        for found, expected in pairs:
            assert np.asarray(found).dtype == np.asarray(expected).dtype
            np.testing.assert_array_equal(np.asarray(found), np.asarray(expected), strict=True)


def random_graph(rng, leaves, size):
    """Return a graph of operations with kinks, ties and poles, recorded but not computed."""
    nodes = [*leaves, -1.0, 0.0, 2.0]
    for _ in range(size):
        a, b = [nodes[k] for k in rng.integers(len(nodes), size=2)]
        name = str(rng.choice(UNARY if rng.random() < 0.5 else BINARY))
        operands = {"leaky": (a, 0.1), "clip": (a, -1.0, 1.0), "where": (a, b, 0.5)}.get(name) or (
            (a,) if name in UNARY else (a, b)
        )
        row = TABLE[{"leaky": "leaky_relu"}.get(name, name)]
        known = [x if isinstance(x, Value) else Constant(x) for x in operands]
        nodes.append(new_value(math.nan, row, tuple(known)))
    return nodes[-1]


def options():
    """Return Black and Scholes' price of an option, and its inputs."""
    S, K, r, sigma, T = inputs = [Value(1.0, name) for name in ("S", "K", "r", "sigma", "T")]
    d1 = (log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))
    return S * normal_cdf(d1) - K * exp(-r * T) * normal_cdf(d1 - sigma * sqrt(T)), inputs


def recurrence():
    h, x, w = Value(0.1, "h"), Value(0.2, "x"), [Value(0.9, "w"), Value(-0.3, "v")]
    state = h
    for _ in range(40):
        state = tanh(w[0] * state + w[1] * x)
    return vectorize(state**2, [h, x], w, engine="numpy")


def network(dtype=np.float64, reduction="mean"):
    mlp = MLP(5, [4, 2], activation="relu", rng=0)
    x, t = [Value(0.1, f"x{k}") for k in range(5)], [Value(0.1, f"t{k}") for k in range(2)]
    return vectorize(sse(mlp(x), t), [*x, *t], mlp.parameters(), reduction, dtype, "numpy")


# Same bits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", sorted(BUILT_IN))
def test_every_operation_of_the_table_keeps_its_bits(row, tmp_path):
    count, rng = TABLE[row].arity or 3, np.random.default_rng(0)
    x, w = [Value(1.0, f"x{k}") for k in range(count)], Value(2.0, "w")
    z = new_value(math.nan, TABLE[row], tuple([a * w for a in x]))
    program = vectorize(z, x, [w], engine="numpy")
    X = np.concatenate([np.zeros((1, count)), rng.integers(-2, 4, size=(30, count)) / 2, rng.normal(size=(30, count))])
    assert_same_bits(program, written(program, tmp_path / "model.py"), X)


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_keep_their_bits_at_kinks_ties_and_poles_too(seed, tmp_path):
    rng = np.random.default_rng(seed)
    x, w = [Value(0.3, f"x{k}") for k in range(3)], [Value(w, f"w{k}") for k, w in enumerate((0.0, -1.0, 0.7))]
    program = vectorize(random_graph(rng, [*x, *w], 25), x, w, ["mean", "sum"][seed % 2], engine="numpy")
    names = written(program, tmp_path / "model.py")
    assert_same_bits(program, names, np.concatenate([rng.choice(GRID, size=(40, 3)), rng.normal(size=(40, 3))]))


@pytest.mark.parametrize(
    "program",
    [
        network(),
        network(np.float32),
        network(reduction="sum"),
        recurrence(),
        vectorize(*options(), engine="numpy"),
    ],
    ids=["network", "single precision", "sum", "recurrence", "options"],
)  # fmt: skip
def test_batches_of_any_size_keep_their_bits(program, tmp_path):
    n = 2 * program._numpy.rows_at_once + 3  # three pieces
    X = np.random.default_rng(0).uniform(0.5, 1.5, (n, len(program._trace.inputs)))
    assert_same_bits(program, written(program, tmp_path / "model.py"), X)


def test_several_outputs_and_constant_ones_keep_their_bits(tmp_path):
    price, inputs = options()
    program = vectorize([Constant(0.5), price, price.derivative(inputs[0]), *inputs[:2]], inputs, engine="numpy")
    names = written(program, tmp_path / "model.py")
    assert "gradient" not in names
    assert_same_bits(program, names, np.random.default_rng(0).uniform(0.5, 1.5, (100, 5)))


@pytest.mark.parametrize("loss", [lambda x, w: w**2, lambda x, w: x * 0.0 + 3.0, lambda x, w: x])
def test_a_loss_without_inputs_or_parameters_keeps_its_bits(loss, tmp_path):
    x, w = Value(1.0, "x"), Value(1.5, "w")
    program = vectorize(loss(x, w), [x], [w], engine="numpy")
    assert_same_bits(program, written(program, tmp_path / "model.py"), np.linspace(-1.0, 1.0, 30)[:, None])


# Alone ----------------------------------------------------------------------------------------------------------------


def test_a_fresh_process_without_this_project_computes_the_same_bits(tmp_path):
    programs = {"network": network(), "recurrence": recurrence(), "options": vectorize(*options(), engine="numpy")}
    rng = np.random.default_rng(0)
    batches = {name: rng.uniform(0.5, 1.5, (300, len(p._trace.inputs))) for name, p in programs.items()}
    for name, program in programs.items():
        program.to_source(tmp_path / f"{name}.py")
    np.savez(tmp_path / "batches.npz", **batches)
    script = """
        import sys, numpy as np
        sys.path.insert(0, sys.argv[1])
        found = {}
        for name, batch in np.load(sys.argv[1] + "/batches.npz").items():
            model = __import__(name)
            found[name] = np.concatenate([model.values(batch), *map(np.atleast_1d, model.gradient(batch))])
        assert not [x for x in sys.modules if x.startswith("autograd")]
        np.savez(sys.argv[1] + "/found.npz", **found)
    """
    alone = "\n".join(line[8:] for line in script.splitlines())
    subprocess.run([sys.executable, "-I", "-W", "error", "-c", alone, str(tmp_path)], check=True)
    with np.load(tmp_path / "found.npz") as found:
        for name, program in programs.items():
            expected = [program.values(batches[name]), *map(np.atleast_1d, program.gradient(batches[name]))]
            assert found[name].tobytes() == np.concatenate(expected).tobytes()


def test_a_file_imports_numpy_and_the_standard_library_and_scipy_only_where_a_rule_asks_for_it(tmp_path):
    x = [Value(1.0) for _ in range(4)]
    for row in sorted(BUILT_IN):
        z = new_value(math.nan, TABLE[row], tuple(x[: TABLE[row].arity or 3]))
        vectorize(z, x).to_source(tmp_path / "model.py")
        tree = ast.parse((tmp_path / "model.py").read_text("utf-8"))
        imported = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [x.name for x in node.names])
        }
        assert imported - {"scipy"} <= {*sys.stdlib_module_names, "numpy"}
        assert ("scipy" in imported) == (row == "erf")


def test_the_rules_of_all_operations_have_names_of_their_own_that_are_not_pythons(tmp_path):
    x = [Value(1.0) for _ in range(4)]
    inlined = Inlined()
    for row in sorted(BUILT_IN):
        inlined.array_rule(row)  # which refuses two rules of one name
    assert not inlined.names() & {*dir(builtins), "np", *[line.split()[-1] for line in inlined.imports]}
    program = vectorize([TABLE["lgamma"](x[0]), TABLE["round"](x[1], 1.0)], x)  # lgamma calls Python's round
    found = written(program, tmp_path / "model.py")["values"]([[-0.5, 0.25, 0.0, 0.0]])
    assert found[0] == pytest.approx([1.2655121234846454, 0.2])


# Parameters and names -------------------------------------------------------------------------------------------------


def test_other_parameters_are_a_second_argument(tmp_path):
    program = network()
    names = written(program, tmp_path / "model.py")
    X = np.random.default_rng(0).normal(size=(20, 7))
    program.parameters = other = np.random.default_rng(1).normal(size=len(program.parameters))
    value, gradient = names["gradient"](X, other.tolist())
    assert (value, gradient.tobytes()) == (program.value(X), program.gradient(X)[1].tobytes())
    assert names["PARAMETERS"].tobytes() != other.tobytes()


def test_parameters_that_are_not_finite_are_written_too(tmp_path):
    w, x = Value(1.0, "w"), Value(1.0, "x")
    program = vectorize(w * x, [x], [w])
    program.parameters = [-math.inf]
    assert written(program, tmp_path / "model.py")["values"]([[2.0]]).tolist() == [-math.inf]


@pytest.mark.parametrize("shape", [(2,), (2, 3), (0, 2), (1, 2, 2)])
def test_a_batch_of_another_shape_is_refused(shape, tmp_path):
    x = [Value(1.0, "x"), Value(1.0, "y")]
    with pytest.raises(ValueError, match=r"the batch has the shape .*; it takes 2 numbers a row: \['x', 'y'\]"):
        written(vectorize(x[0] * x[1], x), tmp_path / "model.py")["values"](np.ones(shape))


HOSTILE = ["np", "math", "dtype", "outputs", "differentiate", "reduced", "loss", "tail_array", "normal_cdf_of_arrays",
           "FloatOrArray", "PARAMETERS", "table", "x\nimport os", '"""\nimport os', "'\\", "变量", "where"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_leaves_are_data_and_meet_none_of_the_file(name, tmp_path):
    x, w = Value(0.5, name), Value(0.5, f"{name}_")
    y = (x * w).named(name)
    program = vectorize(normal_cdf(y) + exp(y), [x], [w], engine="numpy")
    names = written(program, tmp_path / "model.py")
    assert names["INPUTS"] == [name]
    assert "os" not in names
    assert_same_bits(program, names, np.linspace(-2.0, 2.0, 30)[:, None])


def test_an_operation_of_ones_own_is_refused_by_name_and_what_was_there_stays(tmp_path):
    cube = operation("cube_in_a_file", lambda x: x * x * x, [lambda z, x: 3.0 * x * x])
    x = Value(1.0, "x")
    path = tmp_path / "model.py"
    path.write_text("before", "utf-8")
    with pytest.raises(
        NotImplementedError, match="cube_in_a_file is an operation of your own, whose rule is not written out"
    ):
        vectorize(cube(x), [x]).to_source(path)
    assert path.read_text("utf-8") == "before"
    assert [*tmp_path.iterdir()] == [path]
