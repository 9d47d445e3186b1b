"""Random graphs, built by chance from the table, against mpmath's finite differences of 50 digits and against PyTorch.

A recipe is a list of steps, (operation, places of its operands): place k is the k-th node, the leaves first.
"""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_accuracy import REFERENCES, mp

from autograd import TABLE, Value, topological_order

SMOOTH = ["sin", "cos", "tanh", "atan", "asinh", "sigmoid", "softplus", "gelu", "silu", "erf", "erfc", "softsign",
          "normal_cdf", "sinc", "square", "neg", "exp", "expm1", "exp2", "cbrt", "log", "log1p", "sqrt", "reciprocal",
          "atanh"]  # fmt: skip
KINKED = ["abs", "relu", "elu", "selu", "hard_sigmoid", "sign"]
BINARY = ["add", "sub", "mul", "div", "pow", "hypot", "atan2", "leaky_relu", "mod"]
MANY = {
    "sum": lambda *xs: mp.fsum(xs),
    "dot": lambda w, v, x, y, b: w * x + v * y + b,
    "logsumexp": lambda *xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "maximum": max,
    "minimum": min,
}
EDGED = {*KINKED, "leaky_relu", "hypot", "atan2", "pow"}
LEAVES = 3
STEP = mp.mpf("1e-25")
ARITY = dict.fromkeys(SMOOTH + KINKED, 1) | dict.fromkeys(BINARY, 2) | dict.fromkeys(MANY, 3) | {"dot": 5}


@st.composite
def recipes(draw, names):
    steps = []
    for place in range(LEAVES, LEAVES + draw(st.integers(1, 12))):
        name = draw(st.sampled_from(names))
        steps.append((name, [draw(st.integers(max(0, place - 5), place - 1)) for _ in range(ARITY[name])]))
    return steps


def run(recipe, leaves, apply):
    nodes = list(leaves)
    for name, places in recipe:
        nodes.append(apply(name, [nodes[k] for k in places]))
    return nodes


def record(recipe, leaves):
    """The graph of Values, with gradients; recipes that leave the domain, or ordinary numbers, are not looked at."""
    try:
        nodes = run(recipe, leaves, lambda name, xs: TABLE[name].apply(tuple(xs)))
        nodes[-1].backward()
        ordinary = all(abs(x) < 1e4 for node in nodes for x in (node.data, node.grad, *node.partials()))
    except (ArithmeticError, ValueError):
        ordinary = False
    assume(ordinary)
    return nodes


def exact(recipe, leaves):
    def apply(name, xs):
        return MANY[name](*xs) if name in MANY else REFERENCES[name].value(*xs)

    return run(recipe, [mp.mpf(x) for x in leaves], apply)[-1]


def slopes(recipe, leaves, i):
    """The derivative to leaf i from the left and from the right, to about 20 digits."""
    true = exact(recipe, leaves)
    return [(exact(recipe, [*leaves[:i], leaves[i] + h, *leaves[i + 1 :]]) - true) / h for h in (-STEP, STEP)]


def at_an_edge(node):
    """Whether a node is at a kink, a tie or a pole, where its derivative is a convention."""
    data = [x.data for x in node.operands]
    if node.operation in (TABLE["maximum"], TABLE["minimum"]):
        return len(set(data)) < len(data)
    return node.operation is not None and node.operation.name in EDGED and not {0.0, 3.0, -3.0}.isdisjoint(data)


def scale(nodes):
    """The size against which rounding errors count: of the numbers, and of what the chain rule multiplies."""
    largest = max(abs(x) for node in nodes for x in (1.0, node.data, node.grad, *node.partials()))
    return largest**2


points = st.lists(st.floats(-3.0, 3.0).filter(lambda x: x == 0 or abs(x) > 1e-3), min_size=LEAVES, max_size=LEAVES)


@settings(max_examples=250)
@given(recipes([*ARITY]), points)
def test_value_and_gradient_agree_with_finite_differences_of_fifty_digits(recipe, point):
    leaves = [Value(x) for x in point]
    nodes = record(recipe, leaves)
    assume(not any(map(at_an_edge, nodes)))
    try:
        true, expected = exact(recipe, point), [slopes(recipe, point, i) for i in range(LEAVES)]
    except (ArithmeticError, ValueError, TypeError):  # at the very edge of a domain
        assume(False)
    assert nodes[-1].data == pytest.approx(float(true), rel=1e-9, abs=1e-12 * scale(nodes))
    for leaf, (left, right) in zip(leaves, expected, strict=True):
        assume(abs(left - right) < 1e-9 * (1 + abs(left)))  # a remainder's jump
        assert leaf.grad == pytest.approx(float(left), rel=1e-9, abs=1e-12 * scale(nodes))


@settings(max_examples=100)
@given(recipes([*SMOOTH, "add", "sub", "mul", "div", "hypot", "dot", "logsumexp"]), points)
def test_second_derivatives_are_the_slopes_of_first_ones(recipe, point):
    leaves = [Value(x) for x in point]
    nodes = record(recipe, leaves)
    try:
        seconds = [first.derivatives(leaves) for first in nodes[-1].derivatives(leaves)]
    except (ArithmeticError, ValueError):
        assume(False)
    for i in range(LEAVES):
        for j in range(i):
            a, b = seconds[i][j].data, seconds[j][i].data
            assume(abs(a) < 1e6)
            assert a == pytest.approx(b, rel=1e-7, abs=1e-9 * scale(nodes))


@given(recipes([*ARITY]), points)
def test_a_refreshed_graph_is_the_graph_built_anew(recipe, point):
    leaves = [Value(0.5), Value(0.25), Value(0.75)]
    old, new = record(recipe, leaves)[-1], record(recipe, [Value(x) for x in point])[-1]
    for leaf, x in zip(leaves, point, strict=True):
        leaf.data = x
    assert repr(old.refresh().data) == repr(new.data)
    assert [n.data for n in topological_order(old)] == [n.data for n in topological_order(new)]


@settings(max_examples=100)
@given(recipes([*ARITY]), points)
def test_pytorch_agrees(recipe, point):
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    theirs = {name: getattr(f, name) for name in ("gelu", "silu", "softplus", "softsign", "selu", "relu", "elu")}
    theirs |= {
        "neg": torch.neg,
        "cbrt": lambda x: x.sign() * x.abs() ** (1 / 3),
        "mod": torch.remainder,
        "normal_cdf": torch.special.ndtr,
        "hard_sigmoid": lambda x: f.relu6(x + 3) / 6,  # its hardsigmoid has a third of the digits
        "leaky_relu": lambda x, y: torch.where(x > 0, x, y * x),
        "sum": lambda *xs: torch.stack(xs).sum(),
        "dot": MANY["dot"],
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "maximum": lambda *xs: torch.stack(xs).amax(),
        "minimum": lambda *xs: torch.stack(xs).amin(),
    }
    assume(all(name != "cbrt" for name, _ in recipe) or math.prod(point) != 0.0)
    leaves = [Value(x) for x in point]
    nodes = record(recipe, leaves)
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    loss = run(recipe, tensors, lambda name, xs: (theirs.get(name) or getattr(torch, name))(*xs))[-1]
    loss.backward()
    assert nodes[-1].data == pytest.approx(loss.item(), rel=1e-9, abs=1e-12 * scale(nodes))
    for leaf, tensor in zip(leaves, tensors, strict=True):
        grad = 0.0 if tensor.grad is None else tensor.grad.item()
        assume(math.isfinite(grad))
        assert leaf.grad == pytest.approx(grad, rel=1e-9, abs=1e-12 * scale(nodes))
