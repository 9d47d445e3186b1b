"""The page as a file: one document, a strict policy, names that stay data, and every step of the chain rule."""

import base64
import hashlib
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import groupby

import pytest
from hostile import HOSTILE

from autograd import Value, exp, operation, parse, sigmoid, topological_order
from nn import MLP, sse
from viz import draw, page, save
from viz.pages import page as pages
from viz.pages.narration import GradientSum, Narration
from viz.pages.places import Places

VOID = {"meta", "input", "link", "br"}


class Document(HTMLParser):
    """The elements of a page, as (tag, attributes), and the text of each."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.texts = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            place = self.open[-1][1]
            self.texts[place] = self.texts.get(place, "") + data

    def all(self, tag):
        return [
            (attributes, self.texts.get(i, "")) for i, (name, attributes) in enumerate(self.elements) if name == tag
        ]


def written(value, folder, record=None, **options):
    page(value, folder / "page.html", record, **options)
    return (folder / "page.html").read_text(encoding="utf-8")


def model_of(text):
    return json.loads(re.search(r'<script type="application/json" id="model">(.*?)</script>', text, re.DOTALL)[1])


def foldings(text):
    return re.findall(r'<button type="button">(\w+)</button>', text)


def network(*sizes, output=1, **options):
    mlp = MLP(sizes[0], list(sizes[1:]), rng=0, **options)
    record = mlp.forward([0.5] * sizes[0])
    loss = sse(record.output, [output] * sizes[-1]).named("loss")
    loss.backward()
    return loss, record


@pytest.fixture
def neuron():
    """The hidden node h₁ of document 000, and its record."""
    record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    loss = sse(record.output, [0]).named("loss")
    loss.backward()
    return loss, record


def steps(value, record=None, **options):
    """The steps of a replay, by name, with their texts as the page shows them: filled, and no side twice in a row."""
    drawing = draw(value, record, **options)
    places = Places({z: i for i, z in enumerate(topological_order(value))}, drawing.arrows)

    def filled(text):
        if isinstance(text, str):
            return places.filled(text)
        if isinstance(text, GradientSum):
            return GradientSum(filled(text.of), filled(text.sum), filled(text.terms), text.note)
        if isinstance(text, tuple):
            return type(text)(*map(filled, text))
        return text if text is None else [filled(x) for x in text]

    def equation(sides):
        return [side for side, _ in groupby(filled(sides))]

    return {
        places.filled(step.name): replace(
            step,
            name=places.filled(step.name),
            results=filled(step.results),
            forward=[equation(sides) for sides in step.forward],
            backward=filled(step.backward),
            delta=equation(step.delta),
        )
        for step in Narration(drawing, value.grad != 0.0, places).steps()
    }


# The file -----------------------------------------------------------------------------------------------------


def test_the_page_is_one_document_that_asks_for_nothing(neuron, tmp_path):
    document = Document(written(neuron[0], tmp_path, neuron[1]))
    for tag, attributes in document.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video", "image"}
        for name, content in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"style", "src", "srcset", "action"}, (tag, name)
            assert "href" not in name or content == "#step"
            assert "://" not in (content or "") or name == "xmlns"
    for _, sheet in document.all("style"):
        assert "url(" not in sheet
        assert "@import" not in sheet


def test_the_policy_lets_the_pages_own_script_and_style_run_and_nothing_else(neuron, tmp_path):
    document = Document(written(neuron[0], tmp_path, neuron[1]))
    [policy] = [x["content"] for x, _ in document.all("meta") if "http-equiv" in x]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    [sheet] = [text for _, text in document.all("style")]
    [script] = [text for attributes, text in document.all("script") if "type" not in attributes]
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'{sha256(script)}'",
        "style-src": f"'{sha256(sheet)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }


def sha256(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_every_box_has_its_node_and_every_arrow_its_edge(tmp_path):
    loss, record = network(3, 4, 1)
    text = written(loss, tmp_path, record)
    pictures = re.findall(r"<template id=\"state-\d\">(.*?)</template>", text, re.DOTALL)
    states = model_of(text)["states"]
    assert foldings(text) == ["Values", "Neurons", "Layers"]
    for picture, state in zip(pictures, states, strict=True):
        ids = re.findall(r' id="([ne]-[^"]*)"', picture)
        nodes = {f"n-{i}" for i in range(len(state["boxes"]))}
        edges = {f"e-{tail}-{head}-{k}" for k, (tail, head, *_) in enumerate(state["arrows"])}
        assert sorted(ids) == sorted(nodes | edges)
        assert "<title>" not in picture  # it would tell a number before its step
        members = [x for box in state["boxes"] for x in box["members"]]
        assert sorted(members) == list(range(len(topological_order(loss))))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_data_in_every_field(name, tmp_path):
    glyph = name if name.isascii() else "µ"
    strange = operation("strange", lambda x: 2 * x, [2.0], glyph=glyph, formula=r"2 \cdot x")
    y = strange((Value(2.0, name) * Value(-3.0, name)).named(name) + Value(1.0)).named(name)
    y.backward()
    text = written(y, tmp_path)
    plain = written(renamed(y), tmp_path)
    assert [tag for tag, _ in Document(text).elements] == [tag for tag, _ in Document(plain).elements]
    assert text.count("</script") == 2
    data = text.split('id="model">')[1].split("</script>")[0]
    assert not set("<>&\u2028\u2029") & set(data)
    model = model_of(text)
    assert model["names"][0] == model["states"][0]["boxes"][0]["results"][0][0]
    assert len(model["names"][0]) >= len(name)


def renamed(y):
    for z in topological_order(y):
        z.name = z.name and "n"
    return y


def test_the_same_graph_gives_the_same_bytes(tmp_path):
    first = written(*network_and(tmp_path))
    written(Value(2.0) * 3, tmp_path)
    assert written(*network_and(tmp_path)) == first


def network_and(folder):
    loss, record = network(3, 4, 1)
    return loss, folder, record


def test_save_writes_the_page_too(neuron, tmp_path):
    loss, record = neuron
    save(loss, tmp_path / "saved.HTML", record)
    assert (tmp_path / "saved.HTML").read_text(encoding="utf-8") == written(loss, tmp_path, record)
    with pytest.raises(TypeError, match=r"a page replays .* Value.*\.svg"):
        save(draw(loss), tmp_path / "drawing.html")
    with pytest.raises(FileNotFoundError, match=r"no folder .*create it first"):
        page(loss, tmp_path / "missing" / "page.html")
    assert sorted(x.name for x in tmp_path.iterdir()) == ["page.html", "saved.HTML"]


def test_a_page_that_fails_leaves_the_old_one_whole(neuron, tmp_path, monkeypatch):
    before = written(neuron[0], tmp_path)

    def fails(source, suffix):
        raise RuntimeError("no engine")

    monkeypatch.setattr(pages, "render", fails)
    with pytest.raises(RuntimeError, match="no engine"):
        page(neuron[0], tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == before
    assert [x.name for x in tmp_path.iterdir()] == ["page.html"]


# Folding ------------------------------------------------------------------------------------------------------


def test_the_page_holds_every_folding_that_can_be_drawn(tmp_path):
    loss, record = network(16, 16, 8)
    text = written(loss, tmp_path, record)
    assert foldings(text) == ["Values", "Neurons", "Layers"]
    assert model_of(text)["opening"] is None
    model = model_of(written(loss, tmp_path, record, collapse="layer"))
    assert (len(model["states"]), model["opening"]) == (3, 2)


def test_a_folding_that_no_browser_turns_quickly_is_there_only_when_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "MAX_BOXES_FOLDED", 30)
    loss, record = network(3, 4, 1)
    assert foldings(written(loss, tmp_path, record, collapse="layer")) == ["Neurons", "Layers"]
    assert foldings(written(loss, tmp_path, record, collapse=False)) == ["Values", "Neurons", "Layers"]


def test_a_folding_that_takes_too_long_is_left_out(tmp_path, monkeypatch):
    loss, record = network(3, 4, 1)
    render = pages.render

    def slow(source, suffix):
        if "× J" in source:
            raise TimeoutError
        return render(source, suffix)

    monkeypatch.setattr(pages, "render", slow)
    assert foldings(written(loss, tmp_path, record)) == ["Values", "Neurons"]
    with pytest.raises(TimeoutError):
        page(loss, tmp_path / "page.html", record, collapse="layer")


# The steps ----------------------------------------------------------------------------------------------------


def test_the_chain_rule_is_written_with_names_and_numbers():
    w, x, b = Value(0.5, "w1"), Value(1.0, "x"), Value(2.1, "b")
    z = (w * x + b).named("z")
    loss = (sigmoid(z) ** 2).named("loss")
    loss.backward()
    backward = steps(loss)["w₁"].backward
    assert (backward.of, backward.terms, backward.sum) == (
        "∂loss/∂w₁",
        [("∂loss/∂(w₁ × x) · ∂(w₁ × x)/∂w₁", "0.1198 × 1", "+0.1198")],
        "+0.1198",
    )


def test_the_neuron_of_document_000_is_explained_in_both_directions(neuron):
    script = steps(*neuron)
    z = "w⁽¹⁾₁₁ × x₁ + w⁽¹⁾₂₁ × x₂ + w⁽¹⁾₃₁ × x₃"
    assert script["z⁽¹⁾₁"].forward == [["z⁽¹⁾₁", z, "0.5 × 1 + 1.2 × 3 + (−0.3) × 5", "2.6"]]
    assert script["a⁽¹⁾₁"].forward == [["a⁽¹⁾₁", "sigmoid(z⁽¹⁾₁)", "sigmoid(2.6)", "0.9309"]]
    assert script["w⁽¹⁾₁₁"].forward == []
    [term] = script["w⁽¹⁾₁₁"].backward.terms
    assert term == ("∂loss/∂z⁽¹⁾₁ · ∂z⁽¹⁾₁/∂w⁽¹⁾₁₁", "0.1198 × 1", "+0.1198")
    assert script["loss"].backward.note == "The backward pass starts here."
    assert script["0"].backward is None  # the target is a constant


def test_a_gradient_of_several_arrivals_is_a_sum_of_terms(neuron):
    x = Value(3.0, "x")
    y = (x * x + exp(-x) * x).named("y")
    y.backward()
    terms = steps(y)["x"].backward.terms
    assert [term.symbols.rpartition(" · ")[2] for term in terms] == [
        "∂(exp(−x) × x)/∂x",
        "∂(−x)/∂x",
        "∂(x × x)/∂x (operand 1)",
        "∂(x × x)/∂x (operand 2)",
    ]
    assert sum(float(term.product.replace("−", "-")) for term in terms) == pytest.approx(x.grad, rel=1e-3)


@pytest.mark.parametrize("collapse", [None, "neuron", "layer"])
def test_the_terms_of_every_gradient_add_up_to_it(collapse):
    loss, record = network(3, 4, 2, 1)
    for step in steps(loss, record, collapse=collapse).values():
        if step.backward and step.backward.terms and len(step.results) == 1:
            terms = [float(term.product.replace("−", "-")) for term in step.backward.terms]
            total = float(step.results[0].gradient.replace("−", "-"))
            assert math.isclose(sum(terms), total, rel_tol=1e-2, abs_tol=1e-3 * max(map(abs, terms)))
            assert step.backward.terms[-1].symbols.startswith("∂loss/∂")


def test_what_came_from_elsewhere_is_a_term_of_its_own():
    x = Value(2.0, "x")
    (5 * x).backward()
    y = (x * x).named("y")
    y.backward()
    assert steps(y)["x"].backward.terms[-1] == ("from outside this graph, or from an earlier backward pass", "", "+5")
    z = (3 * x).named("z")
    (z * z).backward()
    backward = steps(z)["z"].backward
    assert (backward.of, backward.sum) == ("∂C/∂z", "+12")
    assert "outside this graph" in backward.note


def test_without_a_backward_pass_there_are_only_steps_forward(tmp_path):
    y, _ = parse("sin(x*y) - y", x=2, y=-3)
    text = written(y, tmp_path)
    assert all(box["backward"] is None for box in model_of(text)["states"][0]["boxes"])
    assert "There are no gradients yet: call <code>backward()</code> on result" in text
    assert steps(y)["result"].forward == [["result", "sin(x × y) − y", "0.2794 − (−3)", "3.279"]]


def test_what_has_no_name_is_called_by_a_short_formula_or_a_number():
    x = Value(2.0, "x")
    u = x * 3 + 1
    y = u**2 / (x - 1) - u
    y.backward()
    assert list(steps(y)) == ["x", "3", "x × 3", "1", "(x × 3) + 1", "2", "((x × 3) + 1)^2", "x − 1", "div₉", "result"]


def test_a_folded_neuron_tells_its_net_input_and_its_activation(neuron):
    step = steps(*neuron, collapse="neuron")["a⁽¹⁾₁"]
    assert [equation[0] for equation in step.forward] == ["z⁽¹⁾₁", "a⁽¹⁾₁"]
    assert [equation[-1] for equation in step.forward] == ["2.6", "0.9309"]


def test_a_folded_layer_tells_its_results_and_names_its_jacobian():
    loss, record = network(20, 30, 2)
    script = steps(loss, record, collapse="layer")
    layer, inputs = script["layer 1"], script["inputs"]
    assert [result.name for result in layer.results][-1] == "… 14 more"
    assert layer.backward.terms == [("∂loss/∂layer 2 · J", "J 2 × 30: a Jacobian matrix", "")]
    assert inputs.backward.sum.endswith("  …")
    assert len(inputs.results) == 17
