"""The pytest plugin: a failed comparison is drawn into the test's folder, and nothing is imported before."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
NETWORK = """
    from nn import MLP, assert_deltas, sse

    def test_by_hand():
        record = MLP.from_weights([[[0.5, -0.4], [1.2, 0.3], [-0.3, 0.8]], [[0.8], [-1.2]]]).forward([1, 3, 5])
        loss = sse(record.output, [1]).named("the loss")
        loss.backward()
        assert_deltas(record, [[-0.23198, 0.34798], [-0.28998]])
"""


@pytest.fixture
def ran(pytester: pytest.Pytester):
    def run(source: str, *arguments: str) -> tuple[str, str]:
        """Run a test file; return what pytest printed, and the drawing."""
        pytester.makepyfile(source)
        pytester.syspathinsert(ROOT)
        result = pytester.runpytest("-p", "pytest_handgrad", "--basetemp=folder", *arguments)
        drawings = list(pytester.path.glob("folder/*/comparison.svg"))
        return result.stdout.str(), drawings[0].read_text(encoding="utf-8") if drawings else ""

    return run


def test_failed_deltas_are_drawn_and_the_path_is_printed(ran, pytester):
    printed, svg = ran(NETWORK)
    path = pytester.path / "folder" / "test_by_hand0" / "comparison.svg"
    assert f"The comparison is drawn in {path}" in printed
    assert "Diagnosis: missing activation derivative, in layer 1" in printed
    assert svg.count("first wrong step") == 2
    assert "the loss" in svg


def test_without_a_loss_in_sight_the_graph_below_the_output_is_drawn(ran):
    source = NETWORK.replace('loss = sse(record.output, [1]).named("the loss")', "").replace(
        "loss.backward()", "sse(record.output, [1]).backward()"
    )
    _, svg = ran(source)
    assert "the loss" not in svg
    assert svg.count("first wrong step") == 2


def test_the_handouts_convention(ran):
    _, svg = ran(NETWORK.replace("[-0.28998]]", "[-0.28998]], convention='handout'"))
    assert "+0.29 → −0.29" in svg
    assert svg.count("first wrong step") == 1


def test_failed_gradients_are_drawn(ran):
    printed, svg = ran("""
        from autograd import Value, assert_gradients

        def test_by_hand(tmp_path):
            w, x = Value(0.5, "w"), Value(2.0, "x")
            y = (w * x).named("y")
            y.backward()
            assert_gradients({w: 2.5, x: 0.5})
    """)
    assert "The comparison is drawn in" in printed
    assert "+2.5 → +2" in svg
    assert svg.count("first wrong step") == 1


def test_other_failures_are_left_alone(ran):
    printed, svg = ran("def test_it(): assert 1 == 2")
    assert "drawn" not in printed
    assert svg == ""


def test_what_cannot_be_drawn_says_so_and_the_test_still_fails(ran):
    printed, _ = ran("""
        from autograd import Value, assert_gradients

        def test_by_hand():
            assert_gradients({Value(0.5): 2.5})
    """)
    assert "The comparison is not drawn: against gives gradients, but the graph has none yet" in printed
    assert "1 failed" in printed


def test_nothing_is_imported_before_a_comparison_fails():
    imported = "import sys, pytest_handgrad; print([m for m in ('numpy', 'autograd', 'nn', 'viz') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", imported], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_pytest_finds_the_plugin_where_the_project_is_installed():
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert importlib.metadata.EntryPoint(
        "pytest_handgrad", entry_points["pytest11"]["pytest_handgrad"], "pytest11"
    ).load()
