"""The palette is legible in both themes, colours mean what the legend says, and the style sheet stands in every SVG."""

import copy
import itertools
import math
import re
import xml.etree.ElementTree as ET

import pytest
from graphviz_here import needs_dot

from autograd import Value, exp
from nn import MLP, sse
from viz import draw, explain, network
from viz.graphs.legend import colours
from viz.rendering import style
from viz.rendering.engines import render
from viz.rendering.svg import STYLE_SHEET, SVG

THEMES = {"light": style.LIGHT, "dark": style.DARK}


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour, ground, opacity):
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(opacity * a + (1 - opacity) * b):02x}" for a, b in pairs)


def test_contrast_knows_its_extremes():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_all_text_has_a_contrast_of_at_least_4_5(theme):
    palette = THEMES[theme]
    inks = ["ink", "muted", *(f"{sign}-ink" for sign in style.SIGNS)]
    for ink, ground in itertools.product(inks, ["page", *style.BOXES]):
        assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


@pytest.mark.parametrize("theme", THEMES)
def test_the_weakest_arrow_has_a_contrast_of_at_least_3(theme):
    palette = THEMES[theme]
    for sign, opacity in itertools.product(style.SIGNS, style.STRENGTHS.values()):
        arrow = mixed(palette[sign], palette["page"], opacity)
        assert contrast(arrow, palette["page"]) >= 3.0, (sign, opacity)


def test_the_blue_and_the_orange_are_the_designs():
    assert (style.LIGHT["positive"], style.LIGHT["negative"]) == ("#1B6CA8", "#B4520A")


def test_both_themes_name_the_same_colours_and_the_sheet_uses_them():
    assert style.LIGHT.keys() == style.DARK.keys()
    light, _, dark = STYLE_SHEET.partition("@media (prefers-color-scheme:dark)")
    for name in style.LIGHT:
        assert f"--{name}:{style.LIGHT[name]}" in light
        assert f"--{name}:{style.DARK[name]}" in dark
        assert f"var(--{name})" in light


def test_the_sheet_needs_no_escaping_and_reaches_no_other_part_of_a_page():
    assert not set("<>&") & set(STYLE_SHEET)
    assert "url(" not in STYLE_SHEET
    rules = re.findall(r"^(.*)\{.*\}$", STYLE_SHEET, re.MULTILINE)
    assert rules
    assert all(rule.startswith((".handgrad", "@media (prefers-color-scheme:dark){.handgrad")) for rule in rules)


def test_what_needs_variables_stands_where_only_programs_that_know_them_read_it():
    plain, _, coloured = STYLE_SHEET.partition("@supports (fill:var(--ink)){\n")
    assert "--" not in plain
    assert not re.search(r"weight|opacity|width", coloured.replace("--weight", "").replace(".weight", ""))
    assert coloured.endswith("\n}")


# What a colour means ----------------------------------------------------------------------------------------


def pass_of(weight=1.0):
    """A network's loss, its record, one of its weights, and the same graph with another value of that weight."""
    record = MLP.from_weights([[[0.5, -0.3], [weight, 0.2]], [[-0.8], [0.4]]]).forward([1, -3])
    loss = sse(record.output, [1]).named("loss")
    loss.backward()
    return loss, record


def drawings():
    loss, record = pass_of()
    w = record.mlp.layers[0].neurons[0].weights[1]
    x = Value(-2.0, "x")
    y = (exp(-x) * x - abs(x)).named("y")
    yield from (draw(y), draw(loss, record), draw(loss, record, highlight=explain(loss, w, most=1)))
    yield from (draw(loss, record, collapse=unit) for unit in ("neuron", "layer"))
    yield draw(loss, record, against=pass_of(weight=0.7)[0])
    y.backward()
    yield from (draw(y), draw(y, against=copy.deepcopy(y)), draw(y, against={x: 1.0}))


def test_the_label_of_an_arrow_is_in_ink_and_never_in_the_colour_of_what_flows():
    for drawing in drawings():
        arrows = [line for line in drawing.source.splitlines() if "->" in line and "label=" in line]
        assert arrows
        assert drawing.edge_attr["fontcolor"] == style.LIGHT["ink"]
        assert not any("fontcolor" in arrow for arrow in arrows)
    inks = re.findall(r"\.handgrad (\S*edge\S* text)\{fill:var\(--([\w-]+)\)", STYLE_SHEET)
    assert inks == [(".edge text", "ink")]


@needs_dot
def test_the_label_of_an_arrow_is_in_ink_in_the_svg_too():
    for drawing in drawings():
        svg = ET.fromstring(render(drawing.source, "svg"))
        labels = [x for g in svg.iter(f"{SVG}g") if "edge" in g.get("class", "") for x in g.iter(f"{SVG}text")]
        assert labels
        assert {text.get("fill").upper() for text in labels} == {style.LIGHT["ink"]}


@pytest.mark.parametrize("explained", [False, True])
def test_the_label_of_a_networks_arrow_has_the_colour_of_its_own_sign_or_the_grey_of_the_legend(explained):
    loss, record = pass_of()
    weight = record.mlp.layers[0].neurons[0].weights[1] if explained else None
    drawing = network(record, loss, weight=weight)
    statement = r'\[label="([^"]*)" class="label (\w+)".* fontcolor="(#\w+)"'
    labels = re.findall(statement, drawing.source)
    assert len(labels) == 4 + 2 + 1
    for text, sign, colour in labels:
        own = "negative" if "−" in text.rpartition("= ")[2] else "positive"
        assert sign == own or (explained and sign == "zero")
        assert colour == style.LIGHT[f"{sign}-ink"]
    assert ("not on a path from the loss to the weight" in drawing.graph_attr["label"]) == explained


def test_the_legend_explains_the_colours_that_occur():
    assert colours({"zero", "positive"}) == {"Blue": "positive", "orange": "negative", "grey": "zero"}
    assert colours({"undefined"})["magenta"] == "undefined"
    assert colours({"mixed"}, "elsewhere")["grey"] == "zero, of both signs or elsewhere"
    for drawing in drawings():
        legend = drawing.graph_attr["label"]
        classes = " ".join(re.findall('class="([^"]*)"', drawing.source)).split()
        assert ("magenta: undefined" in legend) == ("undefined" in classes)
        assert ("of both signs" in legend) == ("mixed" in classes)
    infinite = Value(0.0, "x").sqrt()
    infinite.grad = 1.0
    assert "magenta: undefined" in draw(infinite).graph_attr["label"]


@pytest.mark.parametrize(
    ("numbers", "sign"),
    [
        ([], "zero"),
        ([0.0, -0.0], "zero"),
        ([0.0, 5e-324], "positive"),
        ([-math.inf], "negative"),
        ([1.0, -1.0], "mixed"),
        ([1.0, math.nan], "undefined"),
    ],
)
def test_numbers_have_the_class_of_their_sign(numbers, sign):
    assert style.sign_of(numbers) == sign
