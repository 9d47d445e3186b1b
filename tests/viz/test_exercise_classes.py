"""The marks of a class: a line for each file, the mistakes counted, as text, CSV and a page."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from viz.exercise.__main__ import main
from viz.exercise.answers import mapped
from viz.exercise.classes import bars
from viz.exercise.exercises import make_exercise
from viz.pages.parts import source_hash

NAMES = ["Ada", "Kurt <b>Gödel</b>", "=HYPERLINK(1)", "", "Emmy", "Sofia"]


def without_slopes(answers: dict[str, Any]) -> None:
    slopes = [a * (1.0 - a) for a in answers["a"][0]]
    answers["deltas"][0] = [delta / slope for delta, slope in zip(answers["deltas"][0], slopes, strict=True)]


def transposed(answers: dict[str, Any]) -> None:
    answers["gradients"][0] = [list(column) for column in zip(*answers["gradients"][0], strict=True)]


def wrong_forward(answers: dict[str, Any]) -> None:
    answers["z"][0][1] += 0.3


MADE = [lambda answers: None, without_slopes, without_slopes, transposed, wrong_forward, lambda answers: None]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The answers of a class of six, and an empty file."""
    paths = []
    for i, (name, make_mistake) in enumerate(zip(NAMES, MADE, strict=True)):
        exercise = make_exercise([3, 4, 1], 100 + i)
        answers = exercise.answers()
        make_mistake(answers)
        texts = mapped(lambda x: f"{x:#.4g}", list(answers.values()))
        given = {"exercise": exercise.options, "name": name} | dict(zip(answers, texts, strict=True))
        paths.append(tmp_path / f"answers-{i}.json")
        paths[-1].write_text(json.dumps(given), encoding="utf-8")
    return list(map(str, paths))


def test_a_class_has_a_line_for_each_file_and_its_mistakes_counted(files, capsys):
    assert main(["--check", *files]) == 1
    lines = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["2 of 6 files are all right."],
        ["name", "right", "of", "first wrong step", "mistake"],
        ["Ada", "47", "47"],
        ["Kurt <b>Gödel</b>", "43", "47", "δ⁽¹⁾₁", "missing activation derivative"],
        ["=HYPERLINK(1)", "43", "47", "δ⁽¹⁾₁", "missing activation derivative"],
        ["answers-3.json", "35", "47", "∂C/∂w⁽¹⁾₁₁", "transposed matrix, in gradients"],
        ["Emmy", "46", "47", "z⁽¹⁾₂"],
        ["Sofia", "47", "47"],
        [""],
        ["Mistakes, and in how many files"],
        ["missing activation derivative", "2"],
        ["transposed matrix, in gradients", "1"],
    ]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_marked(files, tmp_path, capsys):
    (tmp_path / "empty.json").touch()
    assert main(["--check", str(tmp_path / "empty.json"), *files]) == 2
    out, err = capsys.readouterr()
    assert "2 of 6 files are all right, and 1 could not be read." in out
    assert f"{tmp_path / 'empty.json'} is empty" in err


def test_a_pattern_is_expanded_where_the_shell_does_not(files, tmp_path, capsys):
    assert main(["--check", str(tmp_path / "answers-*.json")]) == 1
    by_pattern = capsys.readouterr().out
    assert main(["--check", *files]) == 1
    assert by_pattern == capsys.readouterr().out
    assert main(["--check", str(tmp_path / "none-*.json")]) == 2


def test_the_exit_status_is_0_where_all_is_right(files):
    assert main(["--check", files[0], files[5]]) == 0


def test_the_csv_has_a_row_for_each_file_and_no_formula(files, tmp_path):
    path = tmp_path / "marks.csv"
    assert main(["--check", *files, "--csv", str(path)]) == 1
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert [row["right"] for row in rows] == ["47", "43", "43", "35", "46", "47"]
    assert rows[2] == {
        "file": "answers-2.json", "name": "'=HYPERLINK(1)", "exercise": "sizes 3,4,1 seed 102", "right": "43",
        "short": "0", "misplaced": "0", "follows": "0", "wrong": "4", "blank": "0", "answers": "47",
        "first wrong step": "δ⁽¹⁾₁", "mistakes": "missing activation derivative",
    }  # fmt: skip
    assert not any(cell.startswith(tuple("=+-@")) for row in rows for cell in row.values())


class Tags(HTMLParser):
    """The tags of a page, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_the_page_has_the_tally_as_a_picture_and_every_files_marks_and_nothing_of_a_file_acts(files, tmp_path):
    path = tmp_path / "class.html"
    assert main(["--check", *files, "--html", str(path)]) == 1
    text = path.read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    names = [tag for tag, _ in page.tags]
    assert names.count("details") == 6
    assert names.count("rect") == 2
    assert not {"b", "script", "img", "a", "link"} & set(names)
    assert "Kurt &lt;b&gt;Gödel&lt;/b&gt;: 43 of 47" in text
    assert 'aria-label="Mistakes, and in how many files: missing activation derivative: 2; transposed matrix' in text
    [policy] = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    sheet = text.partition("<style>")[2].partition("</style>")[0]
    assert policy == f"default-src 'none'; style-src '{source_hash(sheet)}'; base-uri 'none'; form-action 'none'"


def test_the_picture_of_the_tally_has_room_for_the_longest_name():
    """Fifteen pixels of a wide sans-serif font take up to 8.5 for each character."""
    for name in ("factor 2", "derivative taken of the net input instead of the activation, perhaps"):
        [bar] = re.findall(r'<rect x="(\d+)"', bars([(name, 3)]))
        assert int(bar) >= 8.5 * len(name)


def test_a_class_without_mistakes_has_no_picture():
    assert bars([]) == "<p>No mistake was named.</p>"


def test_options_of_marks_are_refused_without_answers(capsys):
    with pytest.raises(SystemExit):
        main(["--sizes", "3,4,1", "--seed", "7", "--csv", "marks.csv"])
    assert "--seeds, --csv and --html are for --check" in capsys.readouterr().err
