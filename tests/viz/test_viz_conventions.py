"""Drawings, pages and networks in the letters and signs of a course, which are those of its worked solution."""

import html
import re

import pytest

from autograd import Value, topological_order
from nn import MLP, sse
from viz import derivation, draw, explain, network, page
from viz.graphs.boxes import remainders
from viz.graphs.lettering import of_layer
from viz.pages.narration import Narration
from viz.pages.places import Places
from viz.solutions.notations import CONVENTIONS
from viz.text.labels import number, signed

COURSES = [name for name in CONVENTIONS if name != "gradient"]


def step(*sizes, **options):
    record = MLP(sizes[0], list(sizes[1:]), rng=0, **options).forward([1.0, 3.0, -2.0, 0.5][: sizes[0]])
    value = sse(record.output, [1.0] * sizes[-1]).named("C")
    value.backward()
    return value, record


def labels(drawing):
    """Return the lines of each box or circle."""
    lines = [line for line in drawing.source.splitlines() if re.search(r'id="n-[^"]*"', line)]
    found = [re.search(r'label="([^"]*)"|label=(\w+)', line) for line in lines]
    return [(match[1] or match[2]).split(r"\n") for match in found]


def written(drawing):
    return {line for lines in labels(drawing) for line in lines}


def titles(drawing):
    return {lines[0].partition("\u2003")[0] for lines in labels(drawing)}


def delta_lines(record, name):
    """Return every delta as the course writes it, in its letters and with its sign, next to the handout's minus."""
    c = CONVENTIONS[name](record.mlp.sizes)
    return {
        f"{c.delta(n, j).text} = {signed(c.sign * z.grad)}"
        for n, layer in enumerate(record.net_inputs, 1)
        for j, z in enumerate(layer, 1)
    }


def told_of(drawing, root):
    """What a page says of each box: the names of its numbers, and its δ."""
    places = Places({z: i for i, z in enumerate(topological_order(root))}, drawing.arrows)
    steps = Narration(drawing, True, places).steps()
    return [([x.name for x in step.results], [places.filled(text) for text in step.delta]) for step in steps]


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("options", [{}, {"activation": "identity"}, {"expanded": True}, {"output": "softmax"}])
def test_a_folded_neuron_shows_z_a_and_delta_as_the_worked_solution_writes_them(name, options):
    loss, record = step(3, 4, 2, **options)
    lines = written(draw(loss, record, collapse="neuron", convention=name))
    assert delta_lines(record, name) <= lines
    c = CONVENTIONS[name](record.mlp.sizes)
    for n, layers in enumerate(zip(record.net_inputs, record.activations, strict=True), 1):
        for j, (z, a) in enumerate(zip(*layers, strict=True), 1):
            if a is not z and not record.mlp.layers[n - 1].softmax:
                assert f"{c.z(n, j).text} = {number(z.data)}  {c.a(n, j).text} = {number(a.data)}" in lines
    text = str(derivation(record, loss=loss, convention=name))
    assert all(delta.partition(" =")[0] in text for delta in delta_lines(record, name))


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_folded_layer_shows_the_deltas_of_its_neurons_in_their_order(name):
    loss, record = step(3, 4, 2)
    drawing = draw(loss, record, collapse="layer", convention=name)
    told = [delta for _, delta in told_of(drawing, loss)]
    c = CONVENTIONS[name](record.mlp.sizes)
    for n, layer in enumerate(record.net_inputs, 1):
        symbol, deltas = of_layer(c.delta(n, 1).text), "  ".join(signed(c.sign * z.grad) for z in layer)
        assert f"{symbol} = {deltas}" in written(drawing)
        assert [symbol, deltas] in told
    assert drawing.source.count("delta-") == len(record.net_inputs)


@pytest.mark.parametrize("name", COURSES)
def test_a_highlighted_path_ends_at_the_symbols_of_the_course(name):
    loss, record = step(2, 3, 2)
    w = record.mlp.layers[0].neurons[0].weights[1]
    c = CONVENTIONS[name]((2, 3, 2))
    legend = draw(loss, record, highlight=explain(loss, w), convention=name).graph_attr["label"]
    assert f"from {c.C.text} to {c.w(1, 2, 1).text}" in legend


@pytest.mark.parametrize("name", COURSES)
def test_every_number_of_the_network_has_its_symbol(name):
    loss, record = step(2, 3, 2)
    c = CONVENTIONS[name]((2, 3, 2))
    layers = [(1, 2, 3), (2, 3, 2)]
    symbols = {c.x(1), c.x(2), c.y(1), c.y(2), c.C}
    for n, senders, receivers in layers:
        for j in range(1, receivers + 1):
            symbols |= {c.b(n, j), c.z(n, j), c.a(n, j), *(c.w(n, i, j) for i in range(1, senders + 1))}
    drawing = draw(loss, record, convention=name)
    assert {symbol.text for symbol in symbols} <= titles(drawing)
    assert delta_lines(record, name) <= written(drawing)
    own = {x.name for x in record.mlp.parameters()} - {symbol.text for symbol in symbols}
    assert not any(f"∂{x}" in drawing.source or f"/∂{x} " in drawing.source for x in own)


def test_the_layer_after_the_input_has_the_number_that_the_course_gives_it():
    loss, record = step(2, 3, 1)
    assert 'label="layer 3"' in draw(loss, record, convention="nielsen").source
    assert 'label="layer 3"' not in draw(loss, record, convention="misley").source
    assert {"layer 2", "layer 3"} <= titles(draw(loss, record, collapse="layer", convention="nielsen"))


@pytest.mark.parametrize("collapse", [False, "neuron", "layer"])
def test_a_convention_changes_no_gradient_and_no_arrow(collapse):
    loss, record = step(3, 4, 2)
    plain, handout = [draw(loss, record, collapse=collapse, convention=name) for name in ("gradient", "handout")]
    assert [arrow.flows for arrow in plain.arrows] == [arrow.flows for arrow in handout.arrows]
    assert [arrow.text for arrow in plain.arrows] == [arrow.text for arrow in handout.arrows]
    assert not remainders(handout.boxes, handout.arrows)


def test_deltas_derived_by_hand_have_the_sign_of_the_convention():
    loss, record = step(3, 4, 1)
    by_hand = record.deltas(convention="handout")
    right = draw(loss, record, against=by_hand, convention="handout")
    assert "0 Values differ" in right.graph_attr["label"]
    assert "5 Values differ" in draw(loss, record, against=by_hand).graph_attr["label"]
    by_hand[1][0] *= 2
    wrong = written(draw(loss, record, collapse="neuron", against=by_hand, convention="handout"))
    delta = record.deltas(convention="handout")[1][0]
    assert f"δ_o = {signed(2 * delta)} → {signed(delta)}" in wrong
    gradients = {record.net_inputs[1][0]: record.net_inputs[1][0].grad}  # by Value, they are gradients
    assert "0 Values differ" in draw(loss, record, against=gradients, convention="handout").graph_attr["label"]


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_page_works_out_delta_through_the_activation(name, tmp_path):
    loss, record = step(3, 4, 1)
    drawing = draw(loss, record, collapse="neuron", convention=name)
    names = [box.name for box in drawing.boxes]
    c = CONVENTIONS[name]((3, 4, 1))
    z, a = record.net_inputs[0][1], record.activations[0][1]
    results, told = told_of(drawing, loss)[names.index(c.a(1, 2).text)]
    minus = "−" if c.sign < 0 else ""
    by_chain_rule = f"{minus}∂{c.C.text}/∂{c.a(1, 2).text} · ∂{c.a(1, 2).text}/∂{c.z(1, 2).text}"
    assert told[0] == c.delta(1, 2).text
    assert told[-3:] == [
        by_chain_rule,
        f"{number(c.sign * a.grad)} × {number(a.partials()[0])}",
        signed(c.sign * z.grad),
    ]
    assert results == [c.z(1, 2).text, c.a(1, 2).text]
    page(loss, tmp_path / "page.html", record, convention=name)
    text = html.unescape((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert c.delta(1, 2).text in text
    assert name == "gradient" or c.reading.partition(";")[0].replace("$", "") in text


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_textbook_network_is_in_the_letters_of_the_course(name):
    loss, record = step(2, 3, 2)
    c = CONVENTIONS[name]((2, 3, 2))
    drawing = network(record, loss, convention=name, weight=record.mlp.layers[0].neurons[0].weights[0])
    circles = written(drawing)
    short = {re.sub("⁽.⁾", "", line) for line in delta_lines(record, name)}
    assert short <= circles
    assert f"{c.C.text} = {number(loss.data)}" in circles
    g = c.sign * record.output[0].grad
    assert f"{re.sub('⁽.⁾', '', c.activation_gradient(2, 1).text)} = {signed(g)}" in drawing.source
    assert f"{c.weight_gradient(1, 1, 1).text} = {c.delta(1, 1).text} · " in drawing.source  # the chain rule


HEADINGS = {
    "gradient": ("z⁽²⁾ = a⁽¹⁾ W⁽²⁾ + b⁽²⁾", "a⁽²⁾ = sigmoid(z⁽²⁾)"),
    "handout": ("net_o = h W_ho + b_o", "ŷ = sigmoid(net_o)"),
    "arnold": ("score = h W2 + b2", "y = sigmoid(score)"),
    "misley": ("h⁽²⁾ = a⁽¹⁾ W⁽²⁾ + b⁽²⁾", "a⁽²⁾ = sigmoid(h⁽²⁾)"),
    "nielsen": ("z³ = W³ a² + b³", "a³ = sigmoid(z³)"),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_column_says_how_its_layer_is_computed(name):
    _, record = step(2, 3, 1)
    for line in HEADINGS[name]:
        assert line in network(record, convention=name).source


def test_a_convention_needs_a_network_and_must_be_known(tmp_path):
    y = Value(2.0) * 3
    with pytest.raises(ValueError, match=r'convention="handout" needs record=mlp\.forward\(…\): its letters are for a'):
        draw(y, convention="handout")
    loss, record = step(2, 1)
    for drawn in (
        lambda: draw(loss, record, convention="hansen"),
        lambda: draw(y, convention="hansen"),
        lambda: page(loss, tmp_path / "page.html", record, convention="hansen"),
        lambda: network(record, convention="hansen"),
        lambda: derivation(record, convention="hansen"),
    ):
        with pytest.raises(ValueError, match="convention is 'hansen'; choose one of gradient, handout, arnold, misley"):
            drawn()
    assert not list(tmp_path.iterdir())


# The figure for the board -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONVENTIONS)
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_a_blank_figure_betrays_no_number_no_sign_and_no_size(name, output):
    """Two networks of one shape, whatever their numbers, have the same blank figure."""
    figures = set()
    for seed in range(3):
        mlp = MLP(3, [4, 2], rng=seed, output=output)
        record = mlp.forward([1.0, 3.0, 5.0 - seed])
        loss = sse(record.output, [seed, 1.0 - seed]).named("C")
        loss.backward()
        path = mlp.layers[0].neurons[0].weights[0]
        blank = network(record, loss, numbers=False, convention=name)
        figures.add((blank.source, network(record, loss, numbers=False, convention=name, weight=path).source))
        assert not re.search(r"(positive|negative)", blank.source)
    assert len(figures) == 1


def test_a_blank_figure_names_every_weight_and_leaves_room_for_every_number():
    loss, record = step(2, 3, 1)
    blank = network(record, loss, numbers=False)
    labelled = set(re.findall(r'label="?(w[^" ]*)', blank.source))
    assert labelled == {*(f"w{i}{j}" for i in "₁₂" for j in "₁₂₃"), *(f"w{i}₁" for i in "₁₂₃")}
    circles = {f"{letter}{j} = _____" for letter in "bzaδ" for j in "₁₂₃"}
    assert written(blank) == circles | {"x₁", "x₂", "_____", "C = _____", "target _____"}
