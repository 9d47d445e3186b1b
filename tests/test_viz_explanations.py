"""Every gradient as a sum over paths: counted, the largest found first, the rest summed."""

import math
import random

import pytest

import autograd
from autograd import Value, exp, tanh
from nn import MLP, sse
from viz.explanations import explain


def random_graph(seed):
    """A small graph with much sharing, and its leaves."""
    rng = random.Random(seed)
    pool = leaves = [Value(rng.uniform(-1.0, 1.0), f"x{k}") for k in range(3)]
    pool = list(pool)
    for _ in range(12):
        a, b = rng.choice(pool), rng.choice(pool)
        pool.append(rng.choice([a * b, a + b, a - 2.0 * b, tanh(a), exp(a * 0.5)]))
    return autograd.sum(pool[-4:]).named("y"), leaves


def all_products(node, x):
    """The products of all paths, by plain recursion."""
    if node is x:
        return [1.0]
    steps = zip(node.partials(), node.operands, strict=True)
    return [p * rest for p, operand in steps for rest in all_products(operand, x)]


@pytest.mark.parametrize("seed", range(40))
def test_the_sum_over_paths_is_the_gradient(seed):
    y, leaves = random_graph(seed)
    y.backward()
    for x in leaves:
        explanation = explain(y, x, most=5)
        assert explanation.gradient == pytest.approx(x.grad, rel=1e-12, abs=1e-12)
        listed = math.fsum(path.product for path in explanation.paths)
        assert listed + explanation.rest == pytest.approx(x.grad, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_the_listed_paths_are_the_largest_of_all(seed):
    y, leaves = random_graph(seed)
    for x in leaves:
        products = sorted(map(abs, all_products(y, x)), reverse=True)
        explanation = explain(y, x, most=7)
        assert explanation.count == len(products)
        assert [abs(path.product) for path in explanation.paths] == pytest.approx(products[:7], rel=1e-12)


def test_paths_beyond_counting_are_counted():
    """Each of 100 nodes doubles the paths: 2¹⁰⁰."""
    x = y = Value(1.0, "x")
    for _ in range(100):
        y = 0.5 * (y + y)
    explanation = explain(y, x, most=3)
    assert explanation.count == 2**100
    assert explanation.gradient == 1.0
    assert "about 1.26e30 paths, the 3 largest listed" in str(explanation)


def test_a_network_s_weight_and_its_path():
    mlp = MLP.from_weights([[[0.5], [1.2], [-0.3]]])
    record = mlp.forward([1, 3, 5])
    loss = sse(record.output, [0]).named("loss")
    weight = mlp.parameters()[0]
    explanation = explain(loss, weight)
    assert explanation.count == 1
    assert explanation.gradient == pytest.approx(0.1198173361, rel=1e-9)
    assert "1.862 × 1 × 0.06436 × 1" in str(explanation)


def test_it_changes_no_gradient():
    x = Value(2.0)
    y = x * x
    y.backward()
    before = [x.grad, y.grad]
    explain(y, x)
    assert [x.grad, y.grad] == before


def test_of_itself_and_of_a_stranger():
    x = Value(2.0, "x")
    assert explain(x, x).gradient == 1.0
    stranger = explain(x * 2, Value(1.0, "w"))
    assert (stranger.gradient, stranger.count, stranger.paths) == (0.0, 0, [])
    assert "no path" in str(stranger)


def test_markdown_and_latex():
    x = Value(3.0, "x1")
    y = (x * x - 4 * x).named("y")
    explanation = explain(y, x, most=1)
    assert explanation.markdown().splitlines()[2] == "| product | local derivatives | path |"
    assert explanation.latex().splitlines()[1:3] == [
        r"\frac{\partial y}{\partial x_{1}} &= (-1) \cdot 4 \\",
        r"&\quad + \underbrace{6}_{\text{the other 2 paths}} \\",
    ]


def test_a_deep_chain_does_not_recurse():
    x = y = Value(1.0, "x")
    for _ in range(50_000):
        y = y + 1.0
    assert explain(y, x).count == 1


def test_a_negative_number_of_paths_is_refused():
    with pytest.raises(ValueError, match="most is -1"):
        explain(Value(1.0), Value(1.0), most=-1)
