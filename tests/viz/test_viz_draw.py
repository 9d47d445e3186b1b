"""Drawings: a box per Value, an arrow per operand, what flows along it, and all of it only ever shown."""

import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from graphviz_here import needs_dot
from hostile import HOSTILE

import autograd
from autograd import Constant, Value
from nn import MLP, cross_entropy, sse
from viz import draw
from viz.graphs.drawing import MAX_DETAILED, MAX_SIZE
from viz.rendering import engines as engine
from viz.rendering.cells import IN_CELL
from viz.rendering.engines import render
from viz.rendering.svg import SVG


def nodes_of(source):
    """The boxes of DOT source: name to attributes."""
    return {m[1]: m[2] for m in re.finditer(r"^\t*(n\d+) \[(.*)\]$", source, re.MULTILINE)}


def edges_of(source):
    """The arrows of DOT source: tail, head and attributes."""
    return [m.groups() for m in re.finditer(r"^\t*(n\d+) -> (n\d+) \[(class=.*)\]$", source, re.MULTILINE)]


def neuron(flowing=True):
    """The neuron of the design's picture: three weights, a sigmoid, and the square of its error."""
    x = [Value(v, f"x{i}") for i, v in enumerate([1, 3, 5], 1)]
    w = [Value(v, f"w{i}") for i, v in enumerate([0.5, 1.2, -0.3], 1)]
    a = autograd.sigmoid(autograd.dot(w, x).named("z")).named("a")
    loss = autograd.square((a - Value(0.0, "t")).named("a − t")).named("loss")
    if flowing:
        loss.backward()
    return loss


def network(*sizes, output=None, **options):
    mlp = MLP(sizes[0], sizes[1:], output=output, rng=0, **options)
    record = mlp.forward([0.5 * (i + 1) for i in range(sizes[0])])
    target = [1] + [0] * (sizes[-1] - 1)
    loss = (cross_entropy if output == "softmax" else sse)(record.output, target).named("loss")
    loss.backward()
    return loss, record


# What is drawn ----------------------------------------------------------------------------------------------


def test_a_box_shows_name_and_glyph_then_value_then_gradient():
    labels = [re.search('label="([^"]*)"', node)[1] for node in nodes_of(draw(neuron()).source).values()]
    assert labels == [
        "x₁\u2003leaf\\n1\\n+0.05991",
        "w₁\u2003leaf\\n0.5\\n+0.1198",
        "x₂\u2003leaf\\n3\\n+0.1438",
        "w₂\u2003leaf\\n1.2\\n+0.3595",
        "x₃\u2003leaf\\n5\\n−0.03595",
        "w₃\u2003leaf\\n−0.3\\n+0.5991",
        "z\u2003Σ w·x\\n2.6\\n+0.1198",
        "a\u2003σ\\n0.9309\\n+1.862",
        "t\u2003leaf\\n0\\n−1.862",
        "a − t\u2003−\\n0.9309\\n+1.862",
        "loss\u2003x²\\n0.8665\\n+1",
    ]


def test_an_arrow_shows_the_local_derivative_and_carries_what_flows_back():
    edges = edges_of(draw(neuron()).source)
    labels = [re.search('label="([^"]*)"', edge)[1].strip() for *_, edge in edges]
    assert labels == ["× 0.5", "× 1", "× 1.2", "× 3", "× −0.3", "× 5", "× 0.06436", "× 1", "× −1", "× 1.862"]
    classes = [re.search('class="([^"]*)"', edge)[1] for *_, edge in edges]
    assert classes == [
        "positive g2",
        "positive g3",
        "positive g3",
        "positive g3",
        "negative g2",
        "positive g4",
        "positive g3",
        "positive g4",
        "negative g4",
        "positive g4",
    ]
    assert 'color="#1B6CA8"' in edges[0][2]
    assert 'color="#B4520A"' in edges[4][2]


def test_an_operand_used_twice_has_two_arrows():
    x = Value(3.0, "x")
    y = x * x
    y.backward()
    assert [(tail, head) for tail, head, _ in edges_of(draw(y).source)] == [("n0", "n1")] * 2


def test_a_gradient_is_the_sum_of_what_its_arrows_carry():
    loss, _ = network(3, 4, 2)
    source = draw(loss).source
    received = dict.fromkeys(nodes_of(source), 0.0)
    for tail, _, edge in edges_of(source):
        flow = re.search(r"receives .* = ([^\"]*)", edge)
        received[tail] += float(flow[1].replace("−", "-")) if flow else 0.0
    for name, node in nodes_of(source).items():
        gradient = re.search(r'gradient ([^";]*)', node)
        if gradient and received[name]:
            assert received[name] == pytest.approx(float(gradient[1].replace("−", "-")), rel=2e-3)


def test_without_backward_the_drawing_shows_values_and_says_how_to_get_gradients():
    source = draw(neuron(flowing=False)).source
    assert "There are no gradients yet: call backward() on loss and draw again." in source
    assert all(node.count(r"\n") == 1 for node in nodes_of(source).values())
    assert {re.search('class="([^"]*)"', edge)[1] for *_, edge in edges_of(source)} == {"zero g1"}


def test_the_gradient_of_zero_has_a_colour_of_its_own():
    x = Value(-1.0, "x")
    y = autograd.relu(x) + x
    y.backward()
    x.grad = 0.0
    source = draw(y).source
    assert 'class="leaf zero"' in source
    assert 'class="zero g1" color="#616C78"' in source


def test_what_is_not_finite_is_drawn_and_never_stops_the_drawing():
    x, w = Value(0.0, "x"), Value(math.inf, "w")
    y = autograd.sqrt(x) * w + math.nan
    y.grad = 1.0
    source = draw(y).source
    assert "× undefined" in source
    assert "NaN" in source
    assert "∞" in source
    assert 'class="undefined g4"' in source
    tiny = Value(5e-324, "tiny") * 1.0 + Value(1e308, "huge") * 1e-8
    tiny.backward()
    for node in autograd.topological_order(tiny):
        if node.name:
            node.grad = 5e-324
    assert len(edges_of(draw(tiny).source)) == 6


def test_a_constant_is_drawn_without_gradient_or_derivative():
    y = Value(2.0, "x") ** 3
    y.backward()
    source = draw(y).source
    assert r'label="constant\n3"' in source
    assert 'class="constant zero"' in source
    assert [re.search('label="([^"]*)"', edge)[1].strip() for *_, edge in edges_of(source)] == ["× 12", ""]


def test_a_single_value_is_a_drawing_too():
    assert len(nodes_of(draw(Value(3.0)).source)) == 1
    assert len(nodes_of(draw(Constant(3.0)).source)) == 1


# Networks ---------------------------------------------------------------------------------------------------


def test_a_record_tells_inputs_weights_biases_and_targets():
    loss, record = network(3, 4, 2)
    classes = [re.search('class="([^" ]*)', node)[1] for node in nodes_of(draw(loss, record).source).values()]
    assert {kind: classes.count(kind) for kind in set(classes)} == {
        "input": 3,
        "weight": 20,
        "bias": 6,
        "operation": 12 + 5,
        "target": 2,
    }


def test_each_layer_and_neuron_has_its_frame():
    loss, record = network(3, 4, 2)
    source = draw(loss, record).source
    frames = re.findall(r'subgraph "cluster-([^"]*)"', source)
    assert frames == [
        "layer-1",
        *(f"neuron-1-{j}" for j in (1, 2, 3, 4)),
        "layer-2",
        "neuron-2-1",
        "neuron-2-2",
    ]
    inside = source[source.index("cluster-neuron-1-2") : source.index("cluster-neuron-1-3")]
    for name in ("w⁽¹⁾₁₂", "w⁽¹⁾₂₂", "w⁽¹⁾₃₂", "b⁽¹⁾₂", "z⁽¹⁾₂", "a⁽¹⁾₂"):
        assert f'label="{name}\u2003' in inside
    assert len(nodes_of(inside)) == 6


@pytest.mark.parametrize(
    "options", [{"expanded": True}, {"bias": False}, {"activation": "identity"}, {"activation": "leaky_relu"}]
)
def test_every_kind_of_network_has_its_frames(options):
    loss, record = network(2, 3, 1, **options)
    source = draw(loss, record).source
    inside = source[source.index("cluster-neuron-1-2") : source.index("cluster-neuron-1-3")]
    assert all(name in inside for name in ("w⁽¹⁾₁₂", "w⁽¹⁾₂₂", "z⁽¹⁾₂"))
    assert not any(name in inside for name in ("w⁽¹⁾₁₁", "z⁽¹⁾₃", "z⁽²⁾₁", "x₁"))
    assert len(nodes_of(source)) == len(autograd.topological_order(loss))


def test_softmax_belongs_to_its_layer_and_to_no_neuron():
    loss, record = network(2, 3, 3, output="softmax")
    source = draw(loss, record).source
    layer = source[source.index("cluster-layer-2") : source.index("cluster-neuron-2-1")]
    assert "log Σ eˣ" in layer
    assert "a⁽²⁾₁" in layer


@pytest.mark.parametrize("expanded", [False, True])
def test_a_collapsed_neuron_is_one_box_and_the_arrows_still_multiply(expanded):
    loss, record = network(3, 4, 1, expanded=expanded)
    drawing = draw(loss, record, collapse="neuron")
    assert drawing.collapse == "neuron"
    assert len(nodes_of(drawing.source)) == 3 + 4 + 1 + 3
    (a,) = [x for x in record.activations[0] if x.name == "a⁽¹⁾₂"]
    (output,) = record.output
    derivative = output.derivative(a).data
    assert f"∂a⁽²⁾₁/∂a⁽¹⁾₂ = {derivative!r}"[:18].replace("-", "−") in drawing.source


def test_a_collapsed_layer_is_one_box_with_its_jacobian_on_the_arrow():
    loss, record = network(3, 4, 2, output="softmax")
    drawing = draw(loss, record, collapse="layer")
    assert drawing.collapse == "layer"
    labels = [re.search('label="([^"]*)"', node)[1] for node in nodes_of(drawing.source).values()]
    assert any(text.startswith("layer 1\u20034 neurons, sigmoid") for text in labels)
    assert any(text.startswith("layer 2\u20032 neurons, softmax") for text in labels)
    assert any(text.startswith("inputs\u20033 values") for text in labels)
    assert "× J 4 × 3" in drawing.source
    assert "Jacobian matrix" in drawing.source


def test_what_flows_into_a_collapsed_network_is_what_flows_in_the_open_one():
    loss, record = network(2, 3, 3, output="softmax")
    gradients = {x.name: x.grad for x in record.inputs}
    for collapse in (None, "neuron"):
        source = draw(loss, record, collapse=collapse).source
        for name, gradient in gradients.items():
            assert re.search(f'tooltip="{name}: value [^"]*gradient [+−]?{abs(gradient)!r}"', source)


@pytest.mark.parametrize(
    ("sizes", "collapse"), [((2, 8, 8, 1), None), ((2, 16, 16, 1), "neuron"), ((64, 32, 10), "layer")]
)
def test_a_network_of_over_300_boxes_collapses_by_itself_and_says_so(sizes, collapse):
    loss, record = network(*sizes)
    drawing = draw(loss, record)
    assert drawing.collapse == collapse
    caption = f"Values are too many to show one by one, so each {collapse} is one box."
    assert (caption in drawing.source) == (collapse is not None)
    assert len(nodes_of(drawing.source)) <= 300


def test_a_network_is_drawn_whole_where_that_is_asked_for():
    loss, record = network(2, 16, 16, 1)
    drawing = draw(loss, record, collapse=False)
    assert drawing.collapse is None
    assert len(nodes_of(drawing.source)) == len(autograd.topological_order(loss)) > 300
    assert "too many to show" not in drawing.source


def steps(count):
    """A simulation: two states, and a number of steps."""
    x, v = Value(1.0, "x"), Value(0.0, "v")
    for _ in range(count):
        x, v = x + 0.01 * v, v - 0.01 * x
    return x


def test_a_large_graph_has_straight_arrows_without_labels_and_says_so():
    small, large = draw(steps(100)), draw(steps(400))
    assert small.labelled
    assert "splines" not in small.source
    assert len(large.boxes) > MAX_DETAILED.boxes
    assert "splines=line" in large.source
    assert "too many arrows to label: hover over one" in large.source
    assert all('label=""' in edge for *_, edge in edges_of(large.source))
    assert all(arrow.text for arrow in large.arrows if not large.boxes[arrow.tail].members[0].constant)


@needs_dot
def test_a_graph_of_2_000_boxes_is_laid_out(monkeypatch):
    monkeypatch.setattr(engine, "TIME_LIMIT", 60.0)  # the graph is not to blame for a loaded machine
    drawing = draw(steps(480))
    assert len(classed(svg_of(drawing), "node")) == len(drawing.boxes) > 2_000


# Refusals ---------------------------------------------------------------------------------------------------


def chain(length):
    x = Value(1.0, "x")
    for _ in range(length):
        x = x * 1.0
    return x


def test_a_graph_of_any_depth_is_refused_without_being_read():
    with pytest.raises(ValueError, match=r"too large to draw: more than 5,000 nodes; .* pass record="):
        draw(chain(100_000))


def test_a_tangle_whose_layout_would_not_end_is_refused():
    rows = [Value(float(i), f"x{i}") for i in range(20)]
    for k in range(900):  # 41 times as many columns as boxes
        rows.append(rows[-1] + rows[(7 * k) % len(rows)])
    with pytest.raises(ValueError, match=r"arrows spanning [\d,]+ columns; .* draw a part of it"):
        draw(rows[-1])


def test_a_network_whose_layers_do_not_help_is_refused():
    _, record = network(2, 3, 1)
    loss = record.output[0]
    for _ in range(MAX_SIZE.boxes):
        loss = loss * 1.0
    with pytest.raises(ValueError, match=r'boxes; .* collapse="layer"'):
        draw(loss, record)


def test_wrong_arguments_are_named():
    loss, record = network(2, 3, 1)
    with pytest.raises(TypeError, match="draw takes one Value, such as the loss, not list"):
        draw([loss])
    with pytest.raises(ValueError, match="collapse is 'layers'; choose"):
        draw(loss, record, collapse="layers")
    with pytest.raises(ValueError, match=r'collapse="neuron" needs record='):
        draw(loss, collapse="neuron")
    with pytest.raises(ValueError, match="the record is of another graph"):
        draw(Value(1.0) * 2, record)


# The same bytes ---------------------------------------------------------------------------------------------

SCRIPT = """
import shutil, sys
from autograd import Value
from nn import MLP, sse
from viz import draw
from viz.rendering import engines as engine
for _ in range(int(sys.argv[1])):
    Value(1.0) * 2
record = MLP(3, [4, 1], rng=0).forward([1, 2, 3])
loss = sse(record.output, [1])
loss.backward()
for drawing in (draw(loss), draw(loss, record), draw(loss, record, collapse="neuron")):
    print(drawing.source, drawing._repr_image_svg_xml() if shutil.which("dot") else "")
"""


def test_the_same_graph_gives_the_same_bytes_whatever_ran_before():
    drawings = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, count],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for count, seed in (("0", "1"), ("7", "2"))
    }
    assert len(drawings) == 1
    assert b"digraph" in drawings.pop()


def test_boxes_are_in_topological_order_and_ids_are_unique():
    loss, record = network(3, 4, 2)
    for source in (draw(loss).source, draw(loss, record).source):
        assert all(int(tail[1:]) < int(head[1:]) for tail, head, _ in edges_of(source))
        ids = re.findall(r'[ \[]id="([^"]*)"', source)
        assert len(ids) == len(set(ids))


# SVG --------------------------------------------------------------------------------------------------------


def svg_of(drawing):
    return ET.fromstring(drawing._repr_image_svg_xml().encode())


def classed(root, kind):
    return [group for group in root.iter(f"{SVG}g") if kind in (group.get("class") or "").split()]


@needs_dot
def test_the_svg_has_every_box_and_arrow_with_id_class_and_title():
    loss, record = network(3, 4, 1)
    root = svg_of(draw(loss, record))
    nodes, edges = classed(root, "node"), classed(root, "edge")
    values = autograd.topological_order(loss)
    assert len(nodes) == len(values)
    assert len(edges) == sum(len(x.operands) for x in values)
    for group in nodes + edges:
        assert re.fullmatch(r"n-\d+|e-\d+-\d+-\d+", group.get("id"))
        assert group.find(f"{SVG}title").text
    assert {len(edge.findall(f"{SVG}path")) for edge in edges} == {1}
    assert {len(edge.findall(f"{SVG}polygon")) for edge in edges} == {1}
    assert not classed(root, "via")
    assert not classed(root, "half")


@needs_dot
def test_a_notebook_shows_the_styled_svg():
    bundle = draw(neuron())._repr_mimebundle_()
    assert "prefers-color-scheme:dark" in bundle["image/svg+xml"]
    inline = bundle["image/svg+xml"].replace(f' style="{IN_CELL}"', "")
    assert inline == render(draw(neuron()).source, "svg").decode()
    assert set(bundle) == {"text/html", "image/svg+xml"}
    assert set(draw(neuron())._repr_mimebundle_(exclude=["text/html"])) == {"image/svg+xml"}


@needs_dot
def test_the_legend_says_how_to_read_the_drawing():
    (*_, last) = [text for text in svg_of(draw(neuron())).iter(f"{SVG}text") if text.get("class") == "legend"]
    assert "".join(last.itertext()).startswith("Blue: positive")
    assert [span.get("class") for span in last] == ["positive", "negative", "zero", "kind"]


@needs_dot
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_and_nothing_else(name):
    y = (Value(2.0, name) * Value(3.0, name)).named(name)
    y.backward()
    root = svg_of(draw(y))
    assert len(classed(root, "node")) == 3
    assert len(classed(root, "edge")) == 2
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            "svg",
            "style",
            "g",
            "title",
            "polygon",
            "path",
            "text",
            "tspan",
        }
        assert not any(key.lower().startswith("on") or "href" in key for key in element.attrib)
    title = classed(root, "node")[0].find(f"{SVG}title").text
    written = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    assert title.strip("\u2068\u2069").startswith(written)
    shown = "".join(classed(root, "node")[0].find(f"{SVG}text").itertext()).replace("\u00a0", " ")
    assert shown.strip("\u2068").startswith(written[:20].rstrip())


@needs_dot
def test_a_hostile_name_is_harmless_in_a_network_too():
    loss, record = network(2, 2, 1)
    for x, name in zip(autograd.topological_order(loss), HOSTILE, strict=False):
        x.name = name
    for collapse in (None, "neuron", "layer"):
        assert b"<script" not in ET.tostring(svg_of(draw(loss, record, collapse=collapse)))
