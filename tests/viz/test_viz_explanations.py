"""Every gradient as a sum over paths: counted, the largest found first, the rest summed."""

import math
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_random_graphs import ARITY, points, recipes, record

import autograd
from autograd import Value, exp, tanh, topological_order
from nn import MLP, sse
from viz import draw, explain, save


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


def size_of_all(nodes, x):
    """The sum of the magnitudes of all products, against which rounding errors count."""
    sizes = {x: 1.0}
    for node in nodes:
        if node is not x:
            steps = zip(node.partials(), node.operands, strict=True) if node.operands else ()
            sizes[node] = math.fsum(abs(p) * sizes[operand] for p, operand in steps)
    return sizes[nodes[-1]]


@settings(max_examples=150)
@given(recipes([*ARITY]), points, st.one_of(st.none(), st.integers(0, 12)))
def test_path_sums_equal_the_gradient_with_and_without_a_cut(recipe, point, most):
    leaves = [Value(x, f"x{k}") for k, x in enumerate(point)]
    root = record(recipe, leaves)[-1]
    order = topological_order(root)
    for x in leaves:
        if x not in order:
            continue
        scale = size_of_all(order, x)
        assume(math.isfinite(scale))
        count = explain(root, x, most=0).count
        assume(most is not None or count <= 2_000)
        explanation = explain(root, x, most=count if most is None else most)
        assert len(explanation.paths) == min(count, count if most is None else most)
        assert all(path.product == math.prod(path.partials) for path in explanation.paths)
        assert explanation.gradient == pytest.approx(x.grad, rel=0, abs=1e-12 * scale)
        listed = math.fsum(path.product for path in explanation.paths)
        assert listed + explanation.rest == pytest.approx(x.grad, rel=0, abs=1e-12 * scale)


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


def explained():
    """The loss of a network of two layers, its record, and the largest of the two paths to a first weight."""
    record = MLP(2, [2, 2], rng=1).forward([1.0, -2.0])
    loss = sse(record.output, [1, 0]).named("loss")
    loss.backward()
    return loss, record, explain(loss, record.mlp.layers[0].neurons[0].weights[0], most=1)


def test_the_listed_paths_stand_out_on_the_drawing():
    loss, record, explanation = explained()
    plain, drawing = draw(loss, record), draw(loss, record, highlight=explanation)
    nodes = [line for line in drawing.source.splitlines() if "penwidth=2.6" in line and 'id="n-' in line]
    assert len(nodes) == len(explanation.paths[0].nodes)
    coloured = [arrow for arrow in drawing.source.splitlines() if 'id="e-' in arrow and 'class="zero' not in arrow]
    whole = [arrow for arrow in coloured if "half" not in arrow]
    assert len(whole) == len(explanation.paths[0].partials)
    legend = "Thick border: 1 of 2 paths from loss to w⁽¹⁾₁₁, contributing +0.01554 to ∂loss/∂w⁽¹⁾₁₁ = +0.0104."
    assert legend in drawing.source
    assert "grey: zero or not on a highlighted path" in drawing.source
    assert [arrow.flows for arrow in drawing.arrows] == [arrow.flows for arrow in plain.arrows]


@pytest.mark.parametrize("collapse", ["neuron", "layer"])
def test_so_they_do_where_neurons_and_layers_are_one_box(collapse):
    loss, record, explanation = explained()
    source = draw(loss, record, collapse=collapse, highlight=explanation).source
    assert source.count("penwidth=2.6") == 5  # the loss, its square and difference, and one in each layer


def test_and_on_the_page(tmp_path):
    loss, record, explanation = explained()
    save(loss, tmp_path / "loss.html", record, highlight=explanation)
    assert "Thick border: 1 of 2 paths from loss to w⁽¹⁾₁₁" in (tmp_path / "loss.html").read_text(encoding="utf-8")


def test_an_explanation_of_another_value_is_not_drawn():
    loss, record, explanation = explained()
    with pytest.raises(ValueError, match="explains another Value"):
        draw(record.output[0], highlight=explanation)
    with pytest.raises(TypeError, match=r"give explain\(value, x\)"):
        draw(loss, record, highlight=[loss])
    with pytest.raises(TypeError, match="give highlight to draw or network"):
        save(draw(loss), "loss.svg", highlight=explanation)


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
    assert explanation.markdown().splitlines() == [
        r"$\frac{\partial y}{\partial x_{1}} = +2$: 3 paths, the largest listed",
        "",
        "| product | local derivatives | path |",
        "|---:|---|---|",
        r"| $-4$ | $(-1) \cdot 4$ | $y \to \mathrm{mul} \to x_{1}$ |",
        "| $+6$ | | the other 2 paths |",
    ]
    assert explanation.latex().splitlines()[1:3] == [
        r"\frac{\partial y}{\partial x_{1}} &= (-1) \cdot 4 \phantom{\Bigg|} \\",
        r"&\quad + \underbrace{6}_{\text{the other 2 paths}} \\",
    ]


def test_a_deep_chain_does_not_recurse():
    x = y = Value(1.0, "x")
    for _ in range(50_000):
        y = y + 1.0
    assert explain(y, x).count == 1


@pytest.mark.parametrize("most", [-1, 2.5, math.inf, True, "3", None])
def test_a_number_of_paths_that_is_not_a_count_is_refused(most):
    x = Value(1.0)
    with pytest.raises(ValueError, match=f"most is {most!r}; give the number of paths to list"):
        explain(x * x, x, most=most)
    assert len(explain(x * x, x, most=np.int64(1)).paths) == 1
