"""Two graphs compared: what differs is drawn as old → new and marked, and another shape is refused by name."""

import copy
import math
import re

import pytest
from graphviz_here import needs_dot

import autograd
from autograd import Constant, Value
from nn import MLP, sse
from viz import draw, save
from viz.rendering.engines import render


def product(w=0.5, x=2.0, b=1.0):
    y = (Value(w, "w") * Value(x, "x") + Value(b, "b")).named("y")
    y.backward()
    return y


def boxes_of(drawing):
    """The boxes of a drawing: the lines of each, and whether it is marked."""
    found = re.findall(r'^\t*n\d+ \[class="([^"]*)".*? label="([^"]*)"', drawing.source, re.MULTILINE)
    return [(text.split(r"\n"), "changed" in classes.split()) for classes, text in found]


def lines_of(drawing):
    return {lines[0].partition("\u2003")[0]: (lines[1:], marked) for lines, marked in boxes_of(drawing)}


def step():
    """The loss before and after one step of gradient descent, and the record after it."""
    mlp = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4], [-0.3, 0.2]], [[0.8], [-1.2]]])
    losses = []
    for _ in range(2):
        record = mlp.forward([1, 3, 5])
        loss = sse(record.output, [1]).named("C")
        for w in mlp.parameters():
            w.grad = 0.0
        loss.backward()
        losses.append(copy.deepcopy(loss))
        for w in mlp.parameters():
            w.data -= 0.01 * w.grad * (len(losses) == 1)
    return losses[0], loss, record


def test_changed_values_and_gradients_are_shown_as_old_and_new():
    assert lines_of(draw(product(w=0.75), against=product())) == {
        "w": (["0.5 → 0.75", "+2"], True),
        "x": (["2", "+0.5 → +0.75"], True),
        "×": (["1 → 1.5", "+1"], True),
        "b": (["1", "+1"], False),
        "y": (["2 → 2.5", "+1"], True),
    }


def test_a_marked_box_differs_by_more_than_its_colour():
    drawing = draw(product(w=0.75), against=product())
    node = re.search(r"n0 \[.*\]", drawing.source)[0]
    assert "penwidth=2.6" in node
    assert "penwidth" not in re.search(r'n\d+ \[.*label="b.*\]', drawing.source)[0]
    assert "Thick border: old → new. 4 Values differ" in drawing.graph_attr["label"].replace("&gt;", ">")


def test_small_changes_are_written_with_the_digits_that_tell_them_apart():
    assert lines_of(draw(product(w=0.50004), against=product()))["w"] == (["0.5 → 0.50004", "+2"], True)
    assert lines_of(draw(product(w=1.000002), against=product(w=1.0)))["w"][0][0] == "1 → 1.000002"


def test_rounding_is_no_change():
    drawing = draw(product(w=0.1 + 0.2), against=product(w=0.3))
    assert not any(marked for _, marked in boxes_of(drawing))
    assert "0 Values differ" in drawing.graph_attr["label"]


def test_undefined_is_the_same_as_undefined_and_other_than_a_number():
    nan, one = product(b=math.nan), product()
    assert not any(marked for _, marked in boxes_of(draw(nan, against=product(b=math.nan))))
    assert lines_of(draw(nan, against=one))["b"] == (["1 → NaN", "+1"], True)


def test_a_graph_against_its_copy_is_the_drawing_without_marks():
    y = product()
    plain, compared = draw(y).source.splitlines(), draw(y, against=copy.deepcopy(y)).source.splitlines()
    assert [line for line in plain if "->" in line] == [line for line in compared if "->" in line]
    assert boxes_of(draw(y)) == boxes_of(draw(y, against=copy.deepcopy(y)))


def test_before_and_after_a_step_every_weight_is_marked():
    before, after, record = step()
    boxes = lines_of(draw(after, record, against=before))
    weights = [boxes[name] for name in boxes if name.startswith("w")]
    assert len(weights) == 8
    assert all(marked and "→" in lines[0] for lines, marked in weights)


@pytest.mark.parametrize("collapse", ["neuron", "layer"])
def test_a_collapsed_box_is_marked_if_anything_in_it_differs(collapse):
    _, after, record = step()
    hidden = record.mlp.layers[0].neurons[0].weights[0]
    boxes = lines_of(draw(after, record, collapse=collapse, against={hidden: 7.0}))
    marked = [name for name, (_, is_marked) in boxes.items() if is_marked]
    assert marked == ["a⁽¹⁾₁" if collapse == "neuron" else "layer 1"]


def test_gradients_derived_by_hand_stand_beside_the_engines():
    y = product()
    (w, x), b = y.operands[0].operands, y.operands[1]
    drawing = draw(y, against={w: 2.0, x: -0.5, b: 1})
    assert lines_of(drawing)["x"] == (["2", "−0.5 → +0.5", "first wrong step"], True)
    assert [marked for _, marked in boxes_of(drawing)].count(True) == 1
    assert "derived by hand → computed" in drawing.graph_attr["label"].replace("&gt;", ">")


HAND = [[-0.23198, "0.34798"], [-0.28998]]  # the hidden deltas lack σ′; the output's is right, rounded


def readme_network():
    mlp = MLP.from_weights([[[0.5, -0.4], [1.2, 0.3], [-0.3, 0.8]], [[0.8], [-1.2]]])
    record = mlp.forward([1, 3, 5])
    loss = sse(record.output, [1])
    loss.backward()
    return loss, record


def test_deltas_by_hand_are_compared_at_the_digits_given():
    loss, record = readme_network()
    boxes = lines_of(draw(loss, record, against=HAND))
    assert boxes["z⁽²⁾₁"] == (["−0.4421", "−0.29"], False)
    assert boxes["z⁽¹⁾₁"] == (["2.6", "−0.232 → −0.01493", "first wrong step"], True)
    assert boxes["z⁽¹⁾₂"][0][-1] == "first wrong step"


def test_the_first_wrong_step_stands_below_no_other():
    loss, record = readme_network()
    drawing = draw(loss, record, against=[[-0.03, 0.0076], [-0.57996]])  # twice the numbers
    boxes = lines_of(drawing)
    assert boxes["z⁽²⁾₁"][0][-1] == "first wrong step"
    assert all(marked and len(lines) == 2 for lines, marked in (boxes["z⁽¹⁾₁"], boxes["z⁽¹⁾₂"]))
    assert "Later gradients may be wrong only because of it." in drawing.graph_attr["label"]
    assert "first wrong step" in lines_of(draw(loss, record, against=HAND, collapse="layer"))["layer 1"][0]


def test_no_step_is_wrong_first_where_all_are_right_or_a_graph_is_compared():
    loss, record = readme_network()
    assert "first wrong" not in draw(loss, record, against=record.deltas()).source
    assert "first wrong" not in draw(product(w=0.75), against=product()).source


def test_deltas_of_another_shape_are_refused():
    loss, record = readme_network()
    with pytest.raises(ValueError, match=r"\[1, 1\] deltas per layer, but the network has \[2, 1\] neurons"):
        draw(loss, record, against=[[1.0], [1.0]])
    y = product()
    with pytest.raises(ValueError, match="against, the gradient of x, is 'a'; give a number"):
        draw(y, against={y.operands[0].operands[1]: "a"})


def test_a_tooltip_has_both_numbers_with_every_digit():
    tooltip = re.search('tooltip="([^"]*)"', draw(product(w=1 / 3), against=product()).source)[1]
    assert tooltip.replace("&gt;", ">") == "w: value 0.5 → 0.3333333333333333, gradient +2.0"


def test_without_gradients_on_both_sides_values_alone_are_compared():
    before = copy.deepcopy(product())
    for z in autograd.topological_order(before):
        z.grad = 0.0
    assert lines_of(draw(product(w=0.75), against=before))["x"] == (["2", "+0.75"], False)


@needs_dot
def test_the_style_sheet_knows_the_mark():
    svg = render(draw(product(w=0.75), against=product()).source, "svg").decode()
    assert ".handgrad .changed{--line:var(--ink)}" in svg
    assert svg.count(' changed"') == 4


# What is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (lambda w, x: w * x - x, "first at y: add here, sub in the other"),
        (lambda w, x: w * w + x, "first at x"),
        (lambda w, x: w * x + w, "first at y: of mul and x here, of mul and w in the other"),
        (lambda w, x: (w * x + x) * x, "4 nodes here, 5 in the other"),
        (lambda w, x: w * 2 + x, "leaf here, constant in the other"),
        (lambda w, x: w, "4 nodes here, 1 in the other"),
    ],
)
def test_another_shape_is_refused_with_the_first_difference(other, says):
    w, x = Value(2.0, "w"), Value(3.0, "x")
    with pytest.raises(ValueError, match=f"differ in shape.*({says})"):
        draw((w * x + x).named("y"), against=other(Value(2.0, "w"), Value(3.0, "x")))


def test_sums_of_different_lengths_are_refused():
    xs = [Value(float(i), f"x{i}") for i in range(3)]
    with pytest.raises(ValueError, match="differ in shape"):
        draw(autograd.sum(xs), against=autograd.sum(xs[:2]))
    with pytest.raises(ValueError, match="sum of 3 operands here, sum of 4 operands in the other"):
        draw(autograd.sum(xs), against=autograd.sum([*xs, xs[0]]))


def test_gradients_of_what_has_none_are_refused():
    y, stranger = product(), Value(1.0, "stranger")
    with pytest.raises(ValueError, match="stranger"):
        draw(y, against={stranger: 1.0})
    z = y * Constant(2.0)
    z.backward()
    with pytest.raises(ValueError, match="which has none"):
        draw(z, against={z.operands[1]: 1.0})
    with pytest.raises(ValueError, match=r"call backward\(\)"):
        draw(Value(1.0) * 2.0, against={})


def test_anything_else_is_refused():
    with pytest.raises(TypeError, match=r"against must be a Value, or gradients as \{w: 0.19\}, not the list"):
        draw(product(), against=[1.0])


def test_save_compares_as_draw_does(tmp_path):
    x = Value(2.0, "x")
    y = x * x
    y.backward()
    save(y, tmp_path / "against.dot", against={x: 5.0})
    assert (tmp_path / "against.dot").read_text() == draw(y, against={x: 5.0}).source
    with pytest.raises(TypeError, match="save a record, a drawing or a comparison"):
        save(y, tmp_path / "against.html", against={x: 5.0})
