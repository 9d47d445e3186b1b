"""Notebooks: a Value and a record show themselves, within bounds, and the handout's notebook still runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from graphviz_here import needs_dot

import viz.notebook
from autograd import Value
from docs.notebook import CELLS, run
from nn import MLP
from viz.notebook import record_picture, register, running_shell, value_picture

HANDOUT = Path(__file__).parents[2] / "docs" / "handout.ipynb"


class Formatter:
    """IPython's formatter of one format, as far as it is used."""

    def __init__(self):
        self.by_type, self.by_name = {}, {}

    def for_type(self, kind, function):
        self.by_type[kind] = function

    def for_type_by_name(self, module, name, function):
        self.by_name[module, name] = function


class Shell:
    def __init__(self):
        self.display_formatter = self
        self.formatters = {"image/svg+xml": Formatter()}


def record_of(*sizes):
    return MLP(sizes[0], sizes[1:], rng=0).forward([0.5] * sizes[0])


def test_a_shell_learns_to_show_values_and_records():
    shell, record = Shell(), record_of(2, 1)
    register(shell)
    formatter = shell.formatters["image/svg+xml"]
    assert formatter.by_type == {Value: value_picture}
    assert formatter.by_name == {(type(record).__module__, type(record).__name__): record_picture}


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
    monkeypatch.setattr(viz.notebook, "render", pytest.fail)
    y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    assert value_picture(y) is None


@needs_dot
def test_a_wide_record_stays_small():
    assert len(record_picture(record_of(64, 200, 10))) < 200_000


def test_where_nothing_can_draw_the_line_of_text_stays(monkeypatch):
    def refuse(source, suffix):
        raise RuntimeError("there is no Graphviz")

    monkeypatch.setattr(viz.notebook, "render", refuse)
    assert value_picture(Value(1.0) * 2.0) is None
    assert record_picture(record_of(2, 1)) is None


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
