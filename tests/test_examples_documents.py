"""The examples that answer what the documents ask, and look at what they claim."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from examples import approximation, batches, exercises, minima, nielsen


def cells(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Return the printed lines, in cells."""
    return [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]


def assert_drawn(path: Path) -> None:
    assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_exercises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exercises.main(tmp_path)
    lines = cells(capsys)
    numbers = [line[-2:] for line in lines if len(line) == 3]
    assert len(numbers) == 5 + 5 + 1 + 4 + 16 + 3
    assert [pair for pair in numbers if pair[0] != pair[1]] == []  # by loops and by the engine
    rates = {name: float(change) for name, change, _ in (line for line in lines if line[0].startswith("η"))}
    assert rates["η = 0.02"] == pytest.approx(4 * rates["η = 0.005"], rel=1e-4)
    assert sum("stopped by threshold" in line[0] for line in lines) == 2
    assert_drawn(tmp_path / "exercises-relu.svg")


def test_minima(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    minima.main(tmp_path)
    small, _, large = capsys.readouterr().out.partition("2-4-1")
    ends = [[(int(n), float(loss)) for n, loss in re.findall(r"(\d+) × loss (\S+),", text)] for text in (small, large)]
    for found in ends:
        assert sum(n for n, _ in found) == minima.SEEDS
    solved, stuck = ([sum(n for n, loss in found if (loss < 0.01) is s) for found in ends] for s in (True, False))
    assert min(solved) > 0
    assert stuck[0] > stuck[1]  # more neurons, fewer bad minima
    assert all(loss > 0.1 for found in ends for _, loss in found if loss >= 0.01)
    assert_drawn(tmp_path / "minima.svg")


def test_batches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batches.main(tmp_path)
    rows = {line[0]: line[1:] for line in cells(capsys) if line[0] in batches.KINDS}
    assert [int(row[0]) for row in rows.values()] == [1, 12, 569]
    directions = [float(row[1]) for row in rows.values()]
    assert directions[0] == 1.0  # the gradient of all the data is what it is compared with
    assert directions == sorted(directions, reverse=True)
    assert float(rows["stochastic"][2].rstrip("%")) > 0.0  # so some steps lead away: the zig-zag
    assert_drawn(tmp_path / "batches.svg")


def test_approximation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    approximation.main(tmp_path)
    lines = cells(capsys)
    errors = {int(hidden): (float(sine), float(xor)) for hidden, sine, xor in lines[2:6]}
    sines = [sine for sine, _ in errors.values()]
    assert sines == sorted(sines, reverse=True)
    assert errors[1][1] > 0.5 > 0.01 > errors[2][1]  # XOR needs two hidden neurons
    assert errors[8][0] < 0.06
    sine, xor = map(float, lines[7])
    assert sine > 0.9  # of the best straight line
    assert xor == pytest.approx(0.5, abs=1e-3)
    assert_drawn(tmp_path / "approximation.svg")


def test_nielsen(capsys: pytest.CaptureFixture[str]) -> None:
    nielsen.main()
    printed = capsys.readouterr().out
    (apart,) = re.findall(r"differ by (\S+) at most", printed)
    assert float(apart) < 1e-12
    (accuracy,) = re.findall(r"test accuracy (\S+)%", printed)
    assert float(accuracy) > 95.0
