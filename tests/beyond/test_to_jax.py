"""`Program.to_jax`: what JAX computes of a program is what the program computes, derivatives and kinks included."""

import functools
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from table_programs import agree, graphs, random_graph, rows_of

from autograd import TABLE, Value, hypot, logsumexp, maximum, norm, operation, vectorize, where
from autograd.operations import step
from nn import MLP, sse

jax = pytest.importorskip("jax", reason="JAX is not installed")
jax.config.update("jax_enable_x64", True)
compiled = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})  # half the time


def slopes(function, program, X):
    """The derivatives of each row with respect to its inputs, in JAX."""
    return np.asarray(compiled(jax.vmap(jax.grad(lambda x: function(program.parameters, x[None])[0])))(X))


@pytest.fixture(scope="module")
def rows():
    """Of every row its values and derivatives at some rows of inputs, by the program and by JAX, compiled together."""
    programs = {name: vectorize(y, inputs) for name, (y, inputs) in graphs((("polygamma", (1.0, None)),)).items()}
    batches = {name: rows_of(program, tails=False) for name, program in programs.items()}
    functions = {name: program.to_jax() for name, program in programs.items()}

    @compiled
    def computed(batches):
        each = {name: jax.grad(lambda x, f=f: f(np.zeros(0), x[None])[0]) for name, f in functions.items()}
        return {
            name: (f(np.zeros(0), batches[name]), jax.vmap(each[name])(batches[name])) for name, f in functions.items()
        }

    theirs = computed(batches)
    return {
        name: (
            program.values(batches[name], check_finite=False),
            program.jacobian(batches[name], wrt="inputs", check_finite=False),
            *map(np.asarray, theirs[name]),
        )
        for name, program in programs.items()
    }


@pytest.mark.parametrize("name", TABLE)
def test_every_row_has_its_values_and_derivatives(name, rows):
    values, derivatives, their_values, their_derivatives = rows[name]
    cancels = name in ("lgamma", "logsumexp")  # next to a zero
    agree(values, their_values, 1e-12, atol=1e-15 if cancels else 1e-300)
    rtol = 1e-11 if name == "inverse_mills_slope" else 1e-12  # whose own derivative cancels
    agree(derivatives, their_derivatives, rtol)


@pytest.mark.parametrize("sizes", [(1,), (3,), (3, 1)], ids=str)
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_inputs_and_parameters_may_come_in_any_order(sizes, seed):
    mlp = MLP(4, sizes, "tanh", rng=0)
    inputs, parameters = [Value(0.1 * i, f"x{i}") for i in range(4)], mlp.parameters()
    outputs = mlp.forward(inputs).output
    for leaves in (inputs, parameters):
        if seed is None:
            leaves.reverse()
        else:
            np.random.default_rng(seed).shuffle(leaves)
    program = vectorize(outputs, inputs, parameters)
    X = np.random.default_rng(2).normal(size=(3, 4))
    assert np.asarray(program.to_jax()(program.parameters, X)) == pytest.approx(program.values(X), rel=1e-12)


def test_random_graphs_have_their_gradients_at_kinks_too():
    graphs = [random_graph(seed) for seed in range(4)]
    programs = [vectorize(y, leaves[:2], leaves[2:]) for y, leaves, _ in graphs]
    functions = [program.to_jax() for program in programs]

    @compiled
    def computed(parameters, batches):
        return [
            jax.vmap(jax.value_and_grad(lambda p, x, f=f: f(p, x[None])[0]), in_axes=(None, 0))(p, X)
            for f, p, X in zip(functions, parameters, batches, strict=True)
        ]

    found = computed([program.parameters for program in programs], [X for _, _, X in graphs])
    for (y, leaves, X), (values, gradients) in zip(graphs, found, strict=True):
        numbers = [leaf.data for leaf in leaves[2:]]
        eager = 0
        for row, value, gradient in zip(X, values, gradients, strict=True):
            for leaf, x in zip(leaves, [*row, *numbers], strict=True):
                leaf.data, leaf.grad = x, 0.0
            try:
                y.refresh()
                y.backward()
            except (ArithmeticError, ValueError):  # there is no number, or no derivative
                continue
            ours = [leaf.grad for leaf in leaves[2:]]
            if all(abs(g) < 1e8 for g in [y.data, *ours]):
                eager += 1
                np.testing.assert_allclose(value, y.data, rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(gradient, ours, rtol=1e-8, atol=1e-10)
        assert eager


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "gelu", "leaky_relu"])
def test_a_network_has_its_loss_and_gradient(activation):
    mlp = MLP(3, [5, 4, 2], activation, rng=0)
    record, targets = mlp.forward([1.0, 2.0, 3.0]), [Value(0.0), Value(1.0)]
    inputs = [*record.inputs, *targets]
    program = vectorize(sse(record.output, targets), inputs, mlp.parameters())
    X = np.random.default_rng(1).normal(size=(9, 5))
    function = program.to_jax()
    loss, gradient = program.gradient(X)
    theirs = compiled(jax.value_and_grad(lambda p: function(p, X).mean()))(program.parameters)
    np.testing.assert_allclose(theirs[0], loss, rtol=1e-13)
    np.testing.assert_allclose(theirs[1], gradient, rtol=1e-11, atol=1e-15)


def recurrent(x, w, steps=60):
    y = x
    for _ in range(steps):
        y = (y * w + x).tanh()
    return y


def oscillator(x, w, steps=40, h=0.05):
    position, velocity = x, w
    for _ in range(steps):
        position, velocity = position + h * velocity, velocity - h * position.sin()
    return position * position + velocity


@pytest.mark.parametrize("build", [recurrent, oscillator])
def test_a_recurrence_is_a_scan(build):
    x, w = Value(0.3, "x"), Value(0.5, "w")
    program = vectorize(build(x, w), [x], [w])
    function, X = program.to_jax(), np.random.default_rng(2).normal(size=(7, 1))
    assert "scan" in str(jax.make_jaxpr(function)(program.parameters, X))
    np.testing.assert_allclose(compiled(function)(program.parameters, X), program.values(X), rtol=1e-13)
    gradient = compiled(jax.grad(lambda p: function(p, X).mean()))(program.parameters)
    np.testing.assert_allclose(gradient, program.gradient(X)[1], rtol=1e-12)


CHOICES = {
    "sqrt": lambda x: where(step(x), x.sqrt(), 0.0 * x),
    "log": lambda x: where(step(x), (x.log() * x).exp() / x, x * x),
    "nested": lambda x: where(step(x), where(step(x - 1.0), (x - 1.0).sqrt(), x.log()), 1.0 / (x - 1.0)),
}


@pytest.mark.parametrize("name", CHOICES)
def test_only_the_chosen_side_of_a_where_counts(name):
    x = Value(2.0)
    program = vectorize(CHOICES[name](x), [x])
    X = np.array([[-1.0], [0.0], [0.5], [2.0], [-3.0]])
    theirs = slopes(program.to_jax(), program, X)
    np.testing.assert_allclose(theirs, program.jacobian(X, wrt="inputs"), rtol=1e-13)


def smooth_and_tied(x, y):
    z = (x * y).tanh() + logsumexp([x, y, x * x]) + maximum(x, y) * norm([x, y]) + hypot(x, y) + (x * x).gelu()
    return z, [[z.derivative(v).derivative(w).data for w in (x, y)] for v in (x, y)]


def test_second_derivatives_are_ours_too():
    points = [(0.5, -0.7), (0.5, -0.5), (0.5, 0.5)]  # where |x| = |y|, JAX's own hypot has none
    x, y = Value(0.5), Value(-0.7)
    program = vectorize(smooth_and_tied(x, y)[0], [x, y])
    function = program.to_jax()
    hessians = compiled(jax.vmap(jax.hessian(lambda row: function(program.parameters, row[None])[0])))
    ours = [smooth_and_tied(*map(Value, point))[1] for point in points]
    np.testing.assert_allclose(hessians(np.array(points)), ours, rtol=1e-12)


@pytest.mark.parametrize(("value", "slope"), [(abs, 0.0), (lambda x: x.relu(), 0.0), (lambda x: x.clip(0.0, 1.0), 0.5)])
def test_at_a_kink_the_derivative_is_ours(value, slope):
    x = Value(0.0)
    program = vectorize(value(x), [x])
    assert slopes(program.to_jax(), program, np.array([[0.0]])) == slope == program.jacobian([[0.0]], wrt="inputs")


def test_it_is_vectorised_over_parameters():
    x, w = Value(0.5), Value(-0.7)
    program, X = vectorize((x * w).tanh(), [x], [w]), np.array([[0.5], [2.0]])
    several = np.array([[-0.7], [0.0], [3.0]])
    found = jax.vmap(program.to_jax(), in_axes=(0, None))(several, X)
    np.testing.assert_allclose(found, np.tanh(several * X.T), rtol=1e-14)


SHARDED = """
import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from autograd import vectorize
from nn import MLP

jax.config.update("jax_enable_x64", True)
mlp = MLP(3, [5, 2], "tanh", rng=0)
record = mlp.forward([1.0, 2.0, 3.0])
program = vectorize(record.output, record.inputs, mlp.parameters())
X = np.random.default_rng(0).normal(size=(64, 3))
rows = NamedSharding(jax.sharding.Mesh(np.array(jax.devices()), ("rows",)), PartitionSpec("rows"))
batch, f = jax.device_put(X, rows), jax.jit(program.to_jax())
values = f(program.parameters, batch)
assert len(values.sharding.device_set) == 2 == len({shard.device for shard in values.addressable_shards})
assert [shard.data.shape for shard in values.addressable_shards] == [(32, 2)] * 2
np.testing.assert_allclose(values, program.values(X), rtol=1e-13)
gradient = jax.jit(jax.grad(lambda p: (f(p, batch) ** 2).mean()))(program.parameters)
alone = jax.grad(lambda p: (f(p, X) ** 2).mean())(program.parameters)
np.testing.assert_allclose(gradient, alone, rtol=1e-12)
"""


def test_rows_are_shared_among_devices():
    settings = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SHARDED], env=os.environ | settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_benchmark_of_gpus_runs_with_small_sizes():
    folder = Path(__file__).parents[2] / "benchmarks"
    done = subprocess.run(
        [sys.executable, "gpu.py", "--small"],
        cwd=folder,
        env=os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": str(folder.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("of the bandwidth") == done.stdout.count("of the operations") == 2


def test_several_outputs_are_columns_and_a_constant_one_is_there_too():
    x = Value(1.0)
    program = vectorize([x * 2.0, x * x, x * 0.0 + 5.0], [x])
    X = np.array([[1.0], [4.0]])
    np.testing.assert_array_equal(program.to_jax()(program.parameters, X), program.values(X))


def test_single_precision_stays_single():
    x = Value(1.0)
    program = vectorize(x.tanh(), [x], dtype=np.float32)
    values = program.to_jax()(program.parameters, np.array([[0.5]]))
    assert values.dtype == np.float32
    assert float(values[0]) == pytest.approx(math.tanh(0.5), rel=1e-6)


def test_double_precision_needs_a_jax_that_computes_in_it():
    x = Value(1.0)
    program = vectorize(x.tanh(), [x])
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(
            ValueError, match=r"call jax.config.update\('jax_enable_x64', True\) first, or lift with dtype"
        ):
            program.to_jax()
    finally:
        jax.config.update("jax_enable_x64", True)


def test_an_operation_of_ones_own_is_named():
    cube = operation("cube", lambda x: x**3, [lambda z, x: 3.0 * x * x])
    x = Value(1.0)
    with pytest.raises(NotImplementedError, match="the operation cube is one of your own, and has no rule in JAX"):
        vectorize(cube(x), [x]).to_jax()


def test_rounding_to_decimals_is_refused():
    x = Value(0.15)
    with pytest.raises(NotImplementedError, match="JAX has no counterpart of round to decimals"):
        vectorize(x.round(1), [x]).to_jax()


@pytest.mark.parametrize(("parameters", "batch"), [((2,), (3, 1)), ((1,), (3,)), ((1,), (3, 2))])
def test_shapes_that_do_not_fit_are_refused_with_those_that_do(parameters, batch):
    x, w = Value(1.0), Value(2.0)
    function = vectorize(w * x, [x], [w]).to_jax()
    with pytest.raises(ValueError, match=r"parameters of shape \(1,\) and a batch of shape \(n, 1\)"):
        function(np.zeros(parameters), np.zeros(batch))
