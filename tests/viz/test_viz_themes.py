"""Themes: a drawing asked for in one theme has its colours in every format, whatever the reader's system prefers."""

import re
import xml.etree.ElementTree as ET

import pytest
from graphviz_here import needs_dot

from autograd import Value
from nn import MLP, sse
from viz import draw, formula, network, page, save
from viz.rendering import engines, style
from viz.rendering.engines import render
from viz.rendering.svg import STYLE_SHEETS, SVG

COLOUR = re.compile(r"#[0-9A-F]{6}", re.IGNORECASE)
OPTIONS = [{}, {"collapse": "neuron"}, {"collapse": "layer"}, {"convention": "handout"}]


def step():
    record = MLP(3, [4, 2], rng=0).forward([1.0, 3.0, 5.0])
    loss = sse(record.output, [1.0, 0.0]).named("C")
    loss.backward()
    return loss, record


def drawings(theme):
    loss, record = step()
    weight = record.mlp.layers[0].neurons[0].weights[0]
    yield from (draw(loss, record, theme=theme, **options) for options in OPTIONS)
    yield draw(loss, record, against={weight: 1.0}, theme=theme)
    yield from (network(record, loss, theme=theme), network(record, loss, weight=weight, theme=theme))
    yield network(record, loss, numbers=False, theme=theme)


@pytest.mark.parametrize("theme", style.THEMES)
@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_dot_has_the_colours_of_the_theme_and_no_others(theme, suffix):
    for drawing in drawings(theme):
        found = set(COLOUR.findall(drawing.source_for(suffix)))
        assert {style.THEMES[theme]["page"], style.THEMES[theme]["ink"]} <= found <= set(style.THEMES[theme].values())


def test_without_a_theme_dot_is_that_of_the_light_one():
    for auto, light in zip(drawings("auto"), drawings("light"), strict=True):
        assert light.graph_attr.pop("class") == "light"
        assert auto.source == light.source


@needs_dot
@pytest.mark.parametrize("theme", style.THEMES)
def test_only_a_picture_without_a_theme_follows_the_readers(theme):
    for drawing in drawings(theme):
        root = ET.fromstring(render(drawing.source_for("svg"), "svg"))
        sheet = root.findtext(f"{SVG}style")
        assert ("prefers-color-scheme" in sheet) == (theme == "auto")
        assert root.get("class") == ("handgrad" if theme == "auto" else f"handgrad {theme}")
        rest = sheet.partition("@media")[0] + "".join(value for x in root.iter() for value in x.attrib.values())
        assert {c.upper() for c in COLOUR.findall(rest)} <= {c.upper() for c in style.THEMES[theme].values()}


@needs_dot
def test_pictures_of_several_themes_in_one_document_keep_their_own():
    """The colours of a theme are declared for its own class, with more weight than those of pictures without one."""
    scopes = {theme: re.findall(r"^(\S*)\{--page", sheet, re.MULTILINE) for theme, sheet in STYLE_SHEETS.items()}
    assert scopes == {"auto": [".handgrad"], "light": [".handgrad.light"], "dark": [".handgrad.dark"]}


@needs_dot
@pytest.mark.parametrize("theme", style.THEMES)
def test_the_background_can_be_transparent(theme):
    loss, record = step()
    for drawing in (draw(loss, record, theme=theme), network(record, loss, theme=theme)):
        drawing.attr(bgcolor="transparent")
        root = ET.fromstring(render(drawing.source_for("svg"), "svg"))
        assert root.get("class").endswith(" transparent")
        assert not [x for x in root.iter() if x.get("class") == "page"]
        boxes = [x for x in root.iter() if x.get("class", "").startswith("node operation")]
        assert {box.find(f"{SVG}*[@fill]").get("fill").upper() for box in boxes} == {
            style.THEMES[theme]["operation"].upper()
        }


@needs_dot
def test_png_is_dark_or_transparent_where_that_is_asked_for(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    if engines.shutil.which("dot") is None:
        pytest.skip("the embedded Graphviz draws no PNG")
    loss, record = step()
    corner = {}
    for theme in style.THEMES:
        save(loss, tmp_path / "p.png", record, theme=theme)
        corner[theme] = [round(255 * x) for x in pyplot.imread(tmp_path / "p.png")[0, 0]]
    assert corner["auto"][:3] == corner["light"][:3] == [255, 255, 255]
    assert corner["dark"][:3] == [0x14, 0x18, 0x1D]
    drawing = draw(loss, record)
    drawing.attr(bgcolor="transparent")
    save(drawing, tmp_path / "p.png")
    assert pyplot.imread(tmp_path / "p.png")[0, 0, 3] == 0.0


@pytest.mark.parametrize("theme", style.THEMES)
def test_a_page_opens_in_its_theme_and_keeps_both(theme, tmp_path):
    loss, record = step()
    page(loss, tmp_path / "page.html", record, theme=theme)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    opening = '<html lang="en">' if theme == "auto" else f'<html lang="en" data-theme="{theme}">'
    assert text.startswith(f"<!doctype html>\n{opening}\n")
    assert f"light-dark({style.LIGHT['page']},{style.DARK['page']})" in text


def test_an_unknown_theme_is_named_before_anything_is_written(tmp_path):
    loss, record = step()
    for drawn in (
        lambda: draw(loss, theme="black"),
        lambda: network(record, theme="black"),
        lambda: page(loss, tmp_path / "page.html", theme="black"),
        lambda: save(loss, tmp_path / "page.svg", theme="black"),
        lambda: save(record, tmp_path / "page.svg", theme="black"),
    ):
        with pytest.raises(ValueError, match='theme is \'black\'; choose "auto", which follows the reader\'s, "light"'):
            drawn()
    assert not list(tmp_path.iterdir())


# Saving a record ------------------------------------------------------------------------------------------------


@needs_dot
def test_a_record_is_saved_as_its_network(tmp_path):
    _, record = step()
    save(record, tmp_path / "record.svg")
    save(network(record), tmp_path / "network.svg")
    assert (tmp_path / "record.svg").read_bytes() == (tmp_path / "network.svg").read_bytes()
    save(record, tmp_path / "record.dot", convention="handout", theme="dark")
    assert (tmp_path / "record.dot").read_text() == network(record, convention="handout", theme="dark").source


def test_options_that_do_not_fit_what_is_saved_are_named(tmp_path):
    loss, record = step()
    for value, options, message in (
        (record, {"collapse": "neuron"}, "collapse is an option of a Value, not of a record"),
        (draw(loss), {"record": record}, "a drawing is saved as it is: give record to draw or network"),
        (draw(loss), {"theme": "dark"}, "a drawing is saved as it is: give theme to draw or network"),
        (draw(loss), {"convention": "handout"}, "a drawing is saved as it is"),
    ):
        with pytest.raises(TypeError, match=message):
            save(value, tmp_path / "picture.svg", **options)
    for value in (record, draw(loss)):
        with pytest.raises(
            TypeError,
            match=r"one Value, such as the loss, with its record: .* save a record, a drawing or a comparison",
        ):
            save(value, tmp_path / "page.html")
    with pytest.raises(TypeError, match="draw takes one Value"):
        save([Value(1.0)], tmp_path / "picture.svg", record)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda loss, record, path: network(record, numbers="no"), "numbers"),
        (lambda loss, record, path: page(loss, path, record, live=0), "live"),
        (lambda loss, record, path: formula(loss, shared="yes"), "shared"),
    ],
    ids=["numbers", "live", "shared"],
)
def test_what_is_neither_true_nor_false_is_refused_by_its_name(call, name, tmp_path):
    record = MLP(2, [2, 1], rng=0).forward([1.0, 2.0])
    loss = sse(record.output, [1.0])
    with pytest.raises(ValueError, match=f"^{name} is .*; it must be True or False"):
        call(loss, record, tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []
