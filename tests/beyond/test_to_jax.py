"""`Program.to_jax`: what JAX computes of a program is what the program computes, derivatives and kinks included."""

import itertools
import math

import numpy as np
import pytest

from autograd import TABLE, Value, logsumexp, maximum, norm, operation, vectorize, where
from autograd.operations import step
from nn import MLP, sse

jax = pytest.importorskip("jax", reason="JAX is not installed")
jax.config.update("jax_enable_x64", True)

POINTS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-8, 1e-3, 0.25, 0.75, -8.0, 30.0, -30.0, 700.0]
PLAIN = {"polygamma": (1.0, None), "spherical_bessel": (None, 2.0), "round": (None, 1.0)}  # None is a Value


def slopes(function, program, X):
    """The derivatives of each row with respect to its inputs, in JAX."""
    return np.asarray(jax.jit(jax.vmap(jax.grad(lambda x: function(program.parameters, x[None])[0])))(X))


def agree(ours, theirs, rtol=1e-12):
    """Where the program has a number, JAX has it too."""
    known = np.isfinite(ours)
    assert known.any()
    np.testing.assert_allclose(np.where(known, theirs, 0.0), np.where(known, ours, 0.0), rtol=rtol, atol=1e-300)


def program_of(row):
    operands = [
        Value(0.3 + 0.1 * k) if x is None else x for k, x in enumerate(PLAIN.get(row.name, [None] * (row.arity or 3)))
    ]
    inputs = [x for x in operands if isinstance(x, Value)]
    try:
        return vectorize(row.apply(tuple(operands)), inputs=inputs)
    except ValueError:  # of acosh, whose numbers begin at 1
        inputs = [Value(1.3)]
        return vectorize(row.apply(tuple(inputs)), inputs=inputs)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_row_has_its_values_and_derivatives(row):
    program = program_of(row)
    width, draw = len(program._trace.inputs), np.random.default_rng(0)
    points = list(itertools.product(POINTS, repeat=width)) if width < 3 else draw.choice(POINTS, size=(200, width))
    X = np.vstack([points, 2.0 * draw.normal(size=(50, width))])
    function = jax.jit(program.to_jax())
    agree(program.values(X, check_finite=False), np.asarray(function(program.parameters, X)))
    rtol = 1e-11 if row.name == "inverse_mills_slope" else 1e-12  # whose own derivative cancels
    agree(program.jacobian(X, wrt="inputs", check_finite=False), slopes(function, program, X), rtol)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "gelu", "silu", "leaky_relu"])
def test_a_network_has_its_loss_and_gradient(activation):
    mlp = MLP(3, [5, 4, 2], activation, rng=0)
    record, targets = mlp.forward([1.0, 2.0, 3.0]), [Value(0.0), Value(1.0)]
    inputs = [*record.inputs, *targets]
    program = vectorize(sse(record.output, targets), inputs, mlp.parameters())
    X = np.random.default_rng(1).normal(size=(9, 5))
    function = program.to_jax()
    loss, gradient = program.gradient(X)
    theirs = jax.jit(jax.value_and_grad(lambda p: function(p, X).mean()))(program.parameters)
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
    np.testing.assert_allclose(function(program.parameters, X), program.values(X), rtol=1e-13)
    gradient = jax.grad(lambda p: function(p, X).mean())(program.parameters)
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


def test_second_derivatives_are_ours_too():
    x, y = Value(0.5), Value(-0.7)
    z = (x * y).tanh() + logsumexp([x, y, x * x]) + maximum(x, y) * norm([x, y]) + (x * x).gelu()
    program = vectorize(z, [x, y])
    theirs = jax.hessian(lambda row: program.to_jax()(program.parameters, row[None])[0])(np.array([0.5, -0.7]))
    first = [z.derivative(v) for v in (x, y)]
    np.testing.assert_allclose(theirs, [[d.derivative(v).data for v in (x, y)] for d in first], rtol=1e-12)


@pytest.mark.parametrize(("value", "slope"), [(abs, 0.0), (lambda x: x.relu(), 0.0), (lambda x: x.clip(0.0, 1.0), 0.5)])
def test_at_a_kink_the_derivative_is_ours(value, slope):
    x = Value(0.0)
    program = vectorize(value(x), [x])
    assert slopes(program.to_jax(), program, np.array([[0.0]])) == slope == program.jacobian([[0.0]], wrt="inputs")


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


@pytest.mark.parametrize(("parameters", "batch"), [((2,), (3, 1)), ((1,), (3,)), ((1,), (3, 2))])
def test_shapes_that_do_not_fit_are_refused_with_those_that_do(parameters, batch):
    x, w = Value(1.0), Value(2.0)
    function = vectorize(w * x, [x], [w]).to_jax()
    with pytest.raises(ValueError, match=r"parameters of shape \(1,\) and a batch of shape \(n, 1\)"):
        function(np.zeros(parameters), np.zeros(batch))
