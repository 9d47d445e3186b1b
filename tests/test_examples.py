"""Every example runs, prints what it is there to show, and draws its picture; so do the README's lines."""

from __future__ import annotations

import doctest
import re
import xml.etree.ElementTree as ET
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Run an example; return its printed lines, in cells, by their first cell."""
    import_module(f"examples.{name}").main(folder)
    lines = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    return {first: cells for first, *cells in lines}


def assert_drawn(folder: Path, *names: str) -> None:
    assert {path.name for path in folder.iterdir()} == set(names)
    for name in names:
        assert ET.parse(folder / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize("path", [*ROOT.glob("examples/*.py"), *ROOT.glob("benchmarks/*.py")], ids=lambda p: p.stem)
def test_what_a_script_prints_can_be_redirected_on_every_system(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    is_script = "__name__ == " in text
    assert text.isascii() or not is_script or "use_utf8()" in text


def test_handout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run("handout", tmp_path, capsys)
    assert lines["a of h₁"] == ["0.9308616", "0.9308616", "0.93086158", "0.93086158"]
    assert lines["δ of o"] == ["–", "0.192", "0.192", "0.192", "2"]
    assert lines["δ of h₁"] == ["0.009907519 ✗", "0.02473567 ✗", "0.0098854348", "0.0098854348", "3 5"]
    assert lines["change of w, h₁→o"] == ["0.001787254", "0.001787254", "0.0017872542", "0.0017872542"]
    assert lines["new w, x₃→h₁"] == ["-0.2995046 ✗", "-0.2987632 ✗", "-0.29950573", "-0.29950573", "3 5"]
    assert sum(cell.endswith("✗") for cells in lines.values() for cell in cells) == 17
    assert lines["h₁"] == ["2.6", "0.93086158", "0.010020546", "0.010020546", "0.010043238"]
    assert "C = 0.1633058; after gradient descent 0.1612182, after the order of 000 0.1612188." in lines
    page = tmp_path / "handout.html"
    assert 'id="fields"' in page.read_text(encoding="utf-8")  # the page that computes, and replays both passes
    page.unlink()
    assert_drawn(tmp_path, "handout.svg", "handout-neurons.svg")


def test_misley(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run("misley", tmp_path, capsys)
    assert any(line.startswith("20 of 20 agree") for line in lines)
    assert "Backward, for the target y = [1, 0]: E = 0.3294684" in lines
    assert sum("✗ operands could not be broadcast" in " ".join(cells) for cells in lines.values()) == 3
    assert lines["∂E/∂W⁽³⁾, row 1"] == ["-0.00733591", "0.09576993"]
    assert lines["∂E/∂W⁽¹⁾, row 3"] == ["0.00266192", "0.00324234", "0.00158680"]
    assert_drawn(tmp_path, "misley.svg")


def test_arnold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run("arnold", tmp_path, capsys)
    numbers = [cells for name, cells in lines.items() if name.startswith(("L", "dW", "db"))]
    assert len(numbers) == 23
    for by_lines, by_engine in numbers:
        assert float(by_lines) == pytest.approx(float(by_engine), rel=1e-12)
    assert_drawn(tmp_path, "arnold.svg")


def test_expression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = run("expression", tmp_path, capsys)
    assert lines["g"] == ["24.7041", "24.7041"]
    assert lines["∂g/∂a"] == ["138.8338", "138.8338"]
    assert lines["∂g/∂b"] == ["645.5773", "645.5773"]
    for voltage in ("0.4 V", "0.6 V", "5.0 V"):
        assert lines[voltage][1] == lines[voltage][2]
    assert lines["∂²f/∂V²"][-1] == "agrees"
    assert_drawn(tmp_path, "expression.svg", "diode.svg")


def test_iris(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    lines = run("iris", tmp_path, capsys)
    (accuracy,) = (line.split()[-1] for line in lines if line.startswith("test accuracy"))
    assert float(accuracy.rstrip("%")) >= 95.0
    counts = [int(cell) for name in ("setosa", "versicolor", "virginica") for cell in lines[name] if cell != "·"]
    assert sum(counts) == 50
    assert_drawn(tmp_path, "iris.svg")


def test_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, tried = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=flags)
    assert tried
    assert not failed


def test_fitting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fitting = import_module("examples.fitting")
    fitting.main(tmp_path)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:7]]
    assert [row[:2] for row in rows] == [[name, kind] for name in fitting.MODELS for kind in ("program", "2-point")]
    digits = {(name, kind): float(right) for name, kind, right, *_ in rows}
    assert digits["Hahn1", "program"] > digits["Hahn1", "2-point"] + 4.0
    assert_drawn(tmp_path, "fitting.svg")
