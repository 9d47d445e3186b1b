"""An SVG says what it shows, and is right in programs that know no variables, read no style sheet, or have no Arial."""

import re
import xml.etree.ElementTree as ET

import pytest
from graphviz_here import needs_dot
from hostile import HOSTILE

from autograd import Value
from nn import MLP, sse
from viz import draw, network
from viz.rendering.cells import image
from viz.rendering.engines import render
from viz.rendering.style import LIGHT
from viz.rendering.svg import SVG
from viz.rendering.widths import room, width

pytestmark = needs_dot


def drawings():
    record = MLP.from_weights([[[0.5, -0.3], [1.0, 0.2]], [[-0.8], [0.4]]]).forward([1, -3])
    loss = sse(record.output, [1]).named("loss")
    loss.backward()
    yield "Computation graph of loss", draw(loss, record)
    yield "Computation graph of loss", draw(loss, record, collapse="layer")
    yield "Neural network 2-2-1, loss = ", network(record, loss)
    yield "Neural network 2-2-1", network(record)
    yield "Computation graph of the result = 6, without gradients", draw(Value(2.0) * 3.0)


def svg_of(drawing):
    return ET.fromstring(render(drawing.source, "svg"))


def groups(root, kind):
    return [group for group in root.iter(f"{SVG}g") if kind in group.get("class", "").split()]


def text_of(line):
    return "".join(line.itertext())


def test_every_picture_says_what_it_shows():
    for name, drawing in drawings():
        root = svg_of(drawing)
        assert root.get("role") == "img"
        assert root.get("aria-label").startswith(name)
        assert root[0].tag == f"{SVG}title"
        assert root[0].text == root.get("aria-label")
        assert repr(drawing) == f"<Drawing: {root[0].text}>"
        assert f'alt="{name}' in image(render(drawing.source, "svg").decode())


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_picture_shows_every_character_and_none_acts(name):
    root = svg_of(draw(Value(2.0, name)))
    box = text_of(groups(root, "node")[0].find(f"{SVG}text")).partition(" leaf")[0].strip()
    assert " ".join(box.split()) in " ".join(root.get("aria-label").split())
    assert not any("script" in element.tag for element in root.iter())


def test_no_paint_is_transparent_which_many_programs_paint_black():
    for _, drawing in drawings():
        root = svg_of(drawing)
        assert not [x for x in root.iter() if "transparent" in (x.get("fill"), x.get("stroke"))]
        assert {x.find(f"{SVG}path").get("fill") for x in groups(root, "cluster")} <= {"none"}


def test_names_and_gradients_are_bold_and_coloured_without_the_style_sheet():
    _, drawing = next(drawings())
    for node in groups(svg_of(drawing), "node"):
        lines = node.findall(f"{SVG}text")
        assert next(iter(lines[0]), lines[0]).get("font-weight") == "bold"
        assert lines[1].get("font-weight") is None
        if len(lines) > 2:
            sign = "negative" if "−" in lines[2].text else "positive"
            assert (lines[2].get("font-weight"), lines[2].get("fill")) == ("bold", LIGHT[f"{sign}-ink"])


def test_parts_of_a_line_stay_apart_and_none_is_centred_on_its_own():
    divided = [line for _, drawing in drawings() for line in svg_of(drawing).iter(f"{SVG}text") if len(line)]
    assert divided
    for line in divided:
        assert line.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
        assert all(span.text.startswith(" ") for span in line[1:])
        assert line.get("text-anchor") == "start"
        assert all(span.get("fill") for span in line[1:])


def test_a_line_of_several_parts_begins_where_it_would_if_it_were_centred():
    _, drawing = next(drawings())
    for node in groups(svg_of(drawing), "node"):
        name, value = node.findall(f"{SVG}text")[:2]
        if len(name):
            shift = float(re.fullmatch(r"translate\(-(\d+)\)", name.get("transform"))[1])
            assert name.get("x") == value.get("x")
            line = "\u2003".join(span.text.strip() for span in name)
            assert shift == pytest.approx(width(line, 12.0) / 2, abs=0.51)


def test_the_legend_fits_in_a_wider_font():
    for _, drawing in drawings():
        root = svg_of(drawing)
        [graph] = groups(root, "graph")
        left = float(re.search(r"translate\(([\d.]+)", graph.get("transform"))[1])
        page = float(root.get("viewBox").split()[2])
        assert float(root.get("width").removesuffix("pt")) == pytest.approx(page, abs=1.0)
        for line in graph.findall(f"{SVG}text"):
            assert left + float(line.get("x")) + 0.999 * room(text_of(line), 10.0) <= page


def test_the_lines_of_a_box_fit_in_a_wider_font():
    for _, drawing in drawings():
        for node in groups(svg_of(drawing), "node"):
            if "label" in node.get("class") or node.find(f"{SVG}path") is None:
                continue
            xs = [float(x) for x in re.findall(r"([-\d.]+),", node.find(f"{SVG}path").get("d"))]
            for line in node.findall(f"{SVG}text"):
                bold = line.get("font-weight") == "bold"
                assert room(text_of(line), 12.0, bold=bold) <= max(xs) - min(xs) + 1.0, text_of(line)


def test_widths_are_those_of_arial():
    arial = {"weight": 2.89, "In each box: name and operation": 14.62, "−0.06436": 4.2, "sigmoid": 3.45}  # in ems
    for text, ems in arial.items():
        assert width(text, 1.0) == pytest.approx(ems, rel=0.08)


def test_in_png_and_pdf_a_line_closes_the_gap_between_the_halves_of_an_arrow():
    _, drawing = next(drawings())
    assert drawing.points
    source = drawing.source_for("png")
    for name, _, colour in drawing.points:
        assert re.search(rf'{name} \[label=<<table .*bgcolor="{colour}">', source)
    assert "<table" not in drawing.source_for("svg")
