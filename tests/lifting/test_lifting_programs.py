"""A lifted program computes what the eager graph computes: random graphs, every operation, networks, awkward shapes.

Letters: x inputs, w parameters, X a batch, one row per sample.
"""

# ruff: noqa: A004  (sum is the field's name)

import functools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from autograd import (
    TABLE,
    Value,
    cos,
    dot,
    exp,
    logsumexp,
    maximum,
    norm,
    operation,
    sigmoid,
    sin,
    softmax,
    sum,
    tanh,
    vectorize,
)
from autograd.operations import BUILT_IN

INPUTS, PARAMETERS = 3, 4
UNARY = ["sin", "cos", "tanh", "atan", "asinh", "sigmoid", "softplus", "gelu", "silu", "erf", "softsign", "normal_cdf",
         "sinc", "square", "neg", "identity", "exp", "relu", "abs", "elu", "hard_sigmoid"]  # fmt: skip
BINARY = ["add", "sub", "mul", "hypot", "div", "leaky_relu", "atan2"]
MANY = ["sum", "dot", "logsumexp", "maximum", "minimum"]
KINKS = {"relu": [0.0], "abs": [0.0], "elu": [0.0], "leaky_relu": [0.0], "hard_sigmoid": [-3.0, 3.0]}


def leaves(numbers, name):
    return [Value(x, f"{name}{k}") for k, x in enumerate(np.asarray(numbers, dtype=float).tolist(), 1)]


def eager(f, X, w, reduction="mean"):
    """The reduced loss and its gradient, one graph per row."""
    losses, gradients = [], []
    for row in X:
        parameters = leaves(w, "w")
        loss = f(leaves(row, "x"), parameters)
        loss.backward()
        losses.append(loss.data)
        gradients.append([p.grad for p in parameters])
    reduce = np.mean if reduction == "mean" else np.sum
    return reduce(losses), reduce(np.reshape(gradients, (len(X), len(w))), axis=0)


def agree(f, X, w, reduction="mean", rtol=1e-10, atol=0.0):
    """Lift f from the first row, and compare with the eager graph on the batch and on every row, in both engines."""
    X = np.asarray(X, dtype=float)
    x, p = leaves(X[0], "x"), leaves(w, "w")
    values = [f(leaves(row, "x"), leaves(w, "w")).data for row in X]
    programs = [vectorize(f(x, p), x, p, reduction=reduction, engine=engine) for engine in ("numpy", "scalar")]
    for batch in (X, *X[:, None]):
        expected, expected_gradient = eager(f, batch, w, reduction)
        for program in programs:
            value, gradient = program.gradient(batch)
            assert value == pytest.approx(expected, rel=rtol, abs=atol)
            assert gradient == pytest.approx(expected_gradient, rel=rtol, abs=atol)
            assert program.value(batch) == value
    for program in programs:
        assert np.isclose(program.values(X), values, rtol=rtol, atol=atol).all()
    return programs[0]


# Random graphs --------------------------------------------------------------------------------------------------------


@st.composite
def recipes(draw):
    """Steps (operation, places of its operands); a place is a node, the leaves first, or a constant."""
    steps = []
    for place in range(INPUTS + PARAMETERS, INPUTS + PARAMETERS + draw(st.integers(1, 14))):
        name = draw(st.sampled_from(UNARY + 3 * BINARY + 2 * MANY))
        count = 1 if name in UNARY else 2 if name in BINARY else draw(st.integers(1, 4)) * 2 + (name == "dot")
        old = st.integers(0, place - 1) | st.integers(max(0, place - 4), place - 1)
        steps.append((name, [draw(old | st.sampled_from([0.5, -2.0, 3.0])) for _ in range(count)]))
    return steps, draw(st.integers(0, INPUTS + PARAMETERS)), draw(st.sampled_from(["mean", "sum"]))


def run(steps, x, w):
    nodes = [*x, *w]
    for name, places in steps:
        operands = [k if isinstance(k, float) else nodes[k] for k in places]
        if name == "div":
            operands[1] = operands[1] * operands[1] + 1.0  # the domain is another test's matter
        node = TABLE[name].apply(tuple(operands))
        nodes.append(node if isinstance(node, Value) else x[0] * 0.0 + node)  # an operation on constants alone
    return nodes


def ordinary(nodes):
    """Whether rounding decides nothing: numbers of moderate size, and no operand at a kink or a tie."""
    for node in nodes:
        if not abs(node.data) < 1e4:
            return False
        if node.operands:
            name, xs = node.operation.name, [x.data for x in node.operands]
            if any(abs(xs[0] - kink) < 1e-6 for kink in KINKS.get(name, ())):
                return False
            if name in ("maximum", "minimum") and min(abs(a - b) for a in xs for b in [node.data] if a != b) < 1e-6:
                return False
            if name in ("hypot", "atan2", "leaky_relu") and abs(xs[0]) + abs(xs[1]) < 1e-3:
                return False
    return True


points = st.lists(st.lists(st.floats(-2, 2), min_size=INPUTS, max_size=INPUTS), min_size=1, max_size=5)


@settings(max_examples=300)
@given(recipes(), points, st.lists(st.floats(-2, 2), min_size=PARAMETERS, max_size=PARAMETERS))
def test_random_graphs_agree_with_the_eager_backward_on_every_row(recipe, X, w):
    steps, other, reduction = recipe
    try:
        graphs = [run(steps, leaves(row, "x"), leaves(w, "w")) for row in X]
        assume(all(map(ordinary, graphs)))
        for nodes in graphs:
            nodes[-1].backward()
    except (ArithmeticError, ValueError):
        assume(False)
    scale = max(1.0, *[abs(x) for nodes in graphs for n in nodes for x in (n.data, n.grad, *n.partials())])

    def loss(x, p):
        return run(steps, x, p)[-1]

    assume(graphs[0][-1].operands and not graphs[0][-1].constant)
    agree(loss, X, w, reduction, atol=1e-13 * scale**2)
    x, p = leaves(X[0], "x"), leaves(w, "w")
    nodes = run(steps, x, p)
    expected = np.array([[g[k].data for k in (-1, other, -1)] for g in graphs])
    for engine in ("numpy", "scalar"):
        several = vectorize([nodes[-1], nodes[other], nodes[-1]], x, p, engine=engine).values(X)
        assert several == pytest.approx(expected, rel=1e-10, abs=1e-13 * scale)


# Every operation ------------------------------------------------------------------------------------------------------

CUBE = operation("lifted_cube", lambda x: x * x * x, [lambda z, x: 3.0 * x * x])
FAST_CUBE = operation("lifted_cube_of_arrays", lambda x: x * x * x, [lambda z, x: 3.0 * x * x], array=lambda x: x**3)
MIXED = operation("multiply", lambda x, y: x * y * y, [lambda z, x, y: y * y, lambda z, x, y: 2.0 * x * y])
DOMAINS = {"acosh": (1.1, 3.0), "spherical_bessel": (0.3, 2.5)}
DOMAINS |= dict.fromkeys(("erfinv", "erfinv_slope", "logit"), (0.1, 0.5))
EVERYWHERE = {
    "sin",
    "cos",
    "tan",
    "tanh",
    "exp",
    "sigmoid",
    "relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "erf",
    "abs",
    "cbrt",
}


def operand_kinds(arity):
    """The operands of an operation, made from an input x and the parameters v, w, in every mixture that matters."""
    if arity == 1:
        return [lambda x, v, w: (x * v + w,), lambda x, v, w: (x,), lambda x, v, w: (v,)]
    mixtures = [
        lambda x, v, w: (x, v, w),
        lambda x, v, w: (v, x, x),
        lambda x, v, w: (v * x, w, 0.45),
        lambda x, v, w: (0.45, w, v),
    ]
    return [lambda x, v, w, f=f: f(x, v, w)[:arity] for f in mixtures]


@pytest.mark.parametrize("name", [*sorted(BUILT_IN), "lifted_cube", "lifted_cube_of_arrays", "multiply"])
def test_every_operation_and_its_derivatives_lift(name):
    row = TABLE[name]
    low, high = DOMAINS.get(name, (-2.5, 2.5) if name in EVERYWHERE else (0.35, 0.75))
    rng = np.random.default_rng([*name.encode()])
    for operands in operand_kinds(row.arity or 3):
        X, w = rng.uniform(low, high, (4, 1)), [rng.uniform(0.9, 0.95), rng.uniform(low, high) * 0.1 + 0.3]
        if name == "acosh":
            w = [1.2, 0.4]

        def f(x, p, operands=operands):
            xs = operands(x[0], *p)
            if name == "spherical_bessel":  # its second operand is a whole number
                xs = (xs[0], 2.0)
            if name in ("polygamma", "round"):
                xs = (2.0, xs[1]) if name == "polygamma" else (xs[0], 1.0)
            return (row.apply(xs) * (x[0] + 1.0) + p[0] * 0.1) if any(isinstance(a, Value) for a in xs) else x[0] * p[0]

        def derivatives(x, p, f=f):
            ds = f(x, p).derivatives([*x, *p])
            return (
                sum([(d if d.operands else d.data) * c for d, c in zip(ds, (1.0, 2.0, 3.0), strict=True)]) + x[0] * 0.0
            )

        agree(f, X, w, atol=1e-14)
        agree(derivatives, X, w, rtol=1e-8, atol=1e-11)


def test_rows_of_different_constants_share_a_block():
    agree(
        lambda x, w: sum([x[0] ** c * w[0] for c in (0.5, 1.5, 2.5, -1.0)]) + x[1] ** w[1],
        [[1.2, 0.7], [2.0, 0.3]],
        [0.4, 1.7],
    )


NUMBERS_ONLY = {  # partials that ask for the number of an operand, and how the error says so
    "compares x": lambda z, x, y: 1.0 if x > 0 else 0.0,
    "compares z": lambda z, x, y: 0.0 if z == 0.0 else y,
    "compares a result of mul": lambda z, x, y: 0.0 if 2.0 * x > 1e6 else y,  # nowhere near any sample
    "branches on y": lambda z, x, y: x if y else 0.0,
    "takes the float of x": lambda z, x, y: math.exp(x),
    "takes the float of a result of sub": lambda z, x, y: math.sin(y - x),
    "takes the int of x": lambda z, x, y: float(int(x)),
    "reads the data of x": lambda z, x, y: x.data,
}


@pytest.mark.parametrize("how", NUMBERS_ONLY)
def test_partials_that_ask_for_a_number_are_refused_with_operation_partial_and_remedy(how):
    branch = operation("lifted_branch", lambda x, y: max(x, y), [0.0, NUMBERS_ONLY[how]])
    x = Value(1.0)
    message = f"partials of lifted_branch in autograd's operations .*: of partial 2, the formula {how}, which"
    with pytest.raises(TypeError, match=message):
        vectorize(branch(x, x) * 2.0, [], [x])


# Shapes of graphs -----------------------------------------------------------------------------------------------------

GRAPHS = {
    "an output that is an input": lambda x, w: x[1] + 0.0,
    "an output that is a parameter": lambda x, w: +w[2],
    "no parameter used": lambda x, w: sin(x[0]) * x[2],
    "no input used": lambda x, w: sin(w[0]) * w[1] + w[2] ** 2,
    "a weight penalty": lambda x, w: (dot(w, x) - 1.0) ** 2 + 0.01 * sum([a * a for a in w]),
    "tied weights with a penalty": lambda x, w: (
        tanh(dot(w, x) * w[0] + tanh(dot(w, [x[1], x[2], x[0]]))) + 0.1 * dot(w, w)
    ),
    "weights of two layers, the second transposed": lambda x, w: sum(
        [
            tanh(dot([w[0], w[1]], [tanh(w[0] * x[0] + w[1] * x[1]), tanh(w[1] * x[0] + w[2] * x[1])]) + x[2]),
            w[2] * x[0],
        ]
    ),
    "repeated factors": lambda x, w: x[0] * w[0] * w[0] * w[0] * x[0] + (w[1] * x[1]) ** 4 / 3.0,
    "a sender with two weights": lambda x, w: tanh(w[0] * x[0] + w[1] * x[0] + w[2] * x[1]),
    "a parameter at several levels": lambda x, w: tanh(w[0] + tanh(w[0] * x[0] + tanh(w[0] * x[1]))),
    "a skip connection": lambda x, w: sum([tanh(w[0] * x[0] + w[1] * a) + w[2] * x[1] for a in (sin(x[0]), cos(x[1]))]),
    "a maximum of one and of equals": lambda x, w: (
        maximum(w[0] * x[0]) + maximum(*[w[1] * x[1]] * 3) + logsumexp([w[2]] * 2)
    ),
    "a constant and infinities": lambda x, w: maximum(x[0] * w[0], -np.inf) + logsumexp([x[1] * w[1], -np.inf]) * 2.0,
    "a softmax": lambda x, w: dot([1.0, 2.0, 3.0], softmax([a * b for a, b in zip(x, w, strict=True)])),
    "reductions over many rows": lambda x, w: (
        sum([maximum(*[a * b for a in x]) for b in w]) * logsumexp([a * w[0] for a in x])
    ),
    "a long product": lambda x, w: functools.reduce(lambda a, b: a * b, [x[0], *w, x[1]] * 9),
    "a difference from the right": lambda x, w: functools.reduce(
        lambda a, b: b - a, [x[k % 3] * w[k % 2] for k in range(40)]
    ),
}


@pytest.mark.parametrize("f", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_awkward_graphs_agree_with_the_eager_backward(f, reduction):
    X = np.random.default_rng(0).uniform(0.6, 1.4, (5, 3))
    agree(f, X, [0.7, -1.1, 0.9], reduction)


def test_batches_of_any_size_one_after_the_other():
    rng = np.random.default_rng(1)
    x, w = leaves(rng.normal(size=3), "x"), leaves(rng.normal(size=4), "w")

    def f(x, w):
        return sigmoid(dot(w[:3], x, w[3])) ** 2

    program = vectorize(f(x, w), x, w)
    for n in (1, 7, 2, 64, 1, 33, *range(2, 13), 7):  # more sizes than a program remembers
        X = rng.normal(size=(n, 3))
        value, gradient = program.gradient(X)
        expected, expected_gradient = eager(f, X, [a.data for a in w])
        assert value == pytest.approx(expected, rel=1e-12)
        assert gradient == pytest.approx(expected_gradient, rel=1e-12)


@pytest.mark.parametrize("n", [100, 10_000])
def test_deep_and_wide_graphs_need_no_recursion(n):
    x, w = [Value(0.9, "x")], [Value(0.3, "w")]
    deep = x[0]
    for _ in range(n // 10):
        deep = tanh(deep) * w[0] + x[0]
    batched = sum([sin(w[0] * (1.0 + k / n)) for k in range(n)]) + x[0]
    for loss in (deep, batched):
        w[0].grad = 0.0
        loss.backward()
        value, (gradient,) = vectorize(loss, x, w).gradient([[0.9]] * 3)
        assert value == pytest.approx(loss.data, rel=1e-10)
        assert gradient == pytest.approx(w[0].grad, rel=1e-9)


def test_the_derivative_with_respect_to_inputs_is_lifted_as_outputs():
    x = leaves([1.5, -0.5], "x")
    f = exp(x[0]) * sin(x[1])
    X = np.random.default_rng(6).normal(size=(9, 2))
    values = vectorize([f, *f.derivatives(x)], x).values(X)
    a, b = X.T
    assert values == pytest.approx(
        np.stack([np.exp(a) * np.sin(b), np.exp(a) * np.sin(b), np.exp(a) * np.cos(b)], 1), rel=1e-12
    )


def test_a_row_whose_derivative_only_the_eager_graph_has_counts_as_the_eager_one():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    for reduction, factor in (("mean", 1 / 3), ("sum", 1.0)):
        program = vectorize(norm([x * w, 0.0]), [x], [w], reduction=reduction)
        program.parameters = [-2.0]
        value, gradient = program.gradient([[3.0], [0.0], [1.0]])
        assert value == pytest.approx(8.0 * factor)
        assert gradient == pytest.approx([-4.0 * factor])


def test_a_training_step_has_the_derivatives_of_the_books_and_a_derivative_graph_those_with_all_digits():
    z = Value(40.0, "z")
    for f, line, slope in (
        (sigmoid, "subtract(1.0, v1", 4.248354255291589e-18),
        (tanh, "square(v1", 7.219405913881484e-35),
    ):
        program = vectorize(f(z), [], [z])
        assert line in program.source
        assert program.gradient(np.empty((1, 0)))[1].tolist() == [0.0]
        assert vectorize(f(z).derivative(z), [], [z]).value(np.empty((1, 0))) == pytest.approx(slope, rel=1e-15)


def test_a_lifted_normal_distribution_keeps_its_digits():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    rows = np.linspace(-38.4, 8.0, 465)[:, None]
    for f in (TABLE["normal_cdf"], TABLE["gelu"], TABLE["erfc"], TABLE["normal_pdf"]):
        expected = [f(number) for number in rows.ravel().tolist()]
        units = 20 * 5e-324  # of the subnormal numbers, which have fewer digits
        assert vectorize(f(x * w), [x], [w]).values(rows) == pytest.approx(expected, rel=3e-15, abs=units)


def test_a_derivative_that_a_constant_has_not_is_refused_when_it_is_asked_for():
    w = Value(2.0, "w")
    program = vectorize((-1.0) ** w, [], [w])
    assert program.values(np.empty((3, 0))).tolist() == [1.0] * 3
    with pytest.raises(ValueError, match=r"row 0: the derivative of pow\(-1.0, w = 2.0\)"):
        program.gradient(np.empty((1, 0)))
