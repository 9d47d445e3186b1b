"""What a gradient has beyond its arrows: a box says how much, and a drawing of one pass from scratch never does."""

import math
import re

import pytest

from autograd import Value, sigmoid
from nn import MLP, sse
from viz import draw, explain, page
from viz.graphs.boxes import remainders
from viz.graphs.dot import ELSEWHERE_LABEL


def neuron():
    x, w = Value(2.0, "x"), Value(0.5, "w")
    return sigmoid(w * x).named("y"), x, w


def network(**options):
    record = MLP(3, [4, 2], rng=0, **options).forward([1.0, 3.0, 5.0])
    return sse(record.output, [1.0, 0.0]).named("C"), record


def labels(drawing):
    """Return the lines of each box after its first, by the first word."""
    lines = [line for line in drawing.source.splitlines() if 'id="n-' in line]
    texts = [re.search(r'label="([^"]*)"', line)[1].split(r"\n") for line in lines]
    return {first.split()[0]: rest for first, *rest in texts}


def test_after_a_second_backward_a_leaf_says_what_is_left_from_the_first():
    y, *_ = neuron()
    y.backward()
    assert ELSEWHERE_LABEL not in draw(y).source
    y.backward()
    boxes = labels(draw(y))
    assert boxes["w"] == ["0.5", "+0.7864", "+0.3932 from elsewhere"]
    assert boxes["x"] == ["2", "+0.1966", "+0.09831 from elsewhere"]
    assert len(boxes["y"]) == 2  # interior nodes hold the last pass
    legend = draw(y).graph_attr["label"]
    assert "from an earlier backward pass" in legend
    assert "derivative of y" not in legend  # which these gradients are not


def test_what_a_value_outside_passes_back_is_from_elsewhere_too():
    y, x, _ = neuron()
    (y * y).backward()
    (5 * x).backward()
    assert labels(draw(y))["x"][-1] == "+5 from elsewhere"


@pytest.mark.parametrize("collapse", [False, "neuron", "layer"])
@pytest.mark.parametrize("options", [{}, {"expanded": True}, {"activation": "relu", "output": "softmax"}])
def test_flows_and_remainder_add_up_to_every_gradient_however_the_network_is_folded(collapse, options):
    loss, record = network(**options)
    loss.backward()
    drawing = draw(loss, record, collapse=collapse)
    assert not remainders(drawing.boxes, drawing.arrows)
    loss.backward()
    drawing = draw(loss, record, collapse=collapse)
    rest = remainders(drawing.boxes, drawing.arrows)
    leaves = [z for box in drawing.boxes for z in box.results if not z.operation and not z.constant and z.grad]
    assert set(rest) == set(leaves)
    assert all(math.isclose(rest[z], z.grad / 2, rel_tol=1e-9) for z in leaves)


def test_a_highlighted_path_hides_no_flow_from_the_sum():
    y, _, w = neuron()
    y.backward()
    assert ELSEWHERE_LABEL not in draw(y, highlight=explain(y, w)).source


def test_a_result_that_its_own_box_uses_is_not_from_elsewhere():
    """The net inputs of a layer whose loss takes both them and the activations."""
    record = MLP(2, [2, 2], rng=0).forward([1.0, -1.0])
    loss = sse([*record.output, *record.net_inputs[-1]], [1.0, 0.0, 0.5, 0.5]).named("C")
    loss.backward()
    for collapse in (False, "neuron", "layer"):
        assert ELSEWHERE_LABEL not in draw(loss, record, collapse=collapse).source


def test_the_page_says_it_as_well(tmp_path):
    y, *_ = neuron()
    y.backward()
    y.backward()
    page(y, tmp_path / "y.html")
    text = (tmp_path / "y.html").read_text(encoding="utf-8")
    assert (
        "gradient at the arrow’s head, and what comes from outside this graph, or from an earlier backward pass."
        in text
    )
