"""The files for a class: a sheet for every student, whose answers are marked by the list of seeds that is written."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from viz.exercise.__main__ import main
from viz.exercise.answers import flat, mapped
from viz.exercise.exercises import make_exercise
from viz.exercise.moodle import moodle_xml
from viz.exercise.sheet import sheet
from viz.solutions.notations import CONVENTIONS

OPTIONS = ["--sizes", "2,2,1", "--seed", "100", "--convention", "handout"]


def bundle(folder: Path, students: str, *options: str) -> int:
    return main([*OPTIONS, *options, "--bundle", students, "-o", str(folder)])


def names_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_class_has_sheets_files_for_answers_and_solutions_of_its_seeds(tmp_path, capsys):
    folder = tmp_path / "class"
    assert bundle(folder, "2") == 0
    assert f"2 sheets in {folder}" in capsys.readouterr().out
    kinds = (
        "answers/{}.csv",
        "answers/{}.json",
        "sheets/{}.html",
        "sheets/{}.txt",
        "solutions/{}.md",
        "solutions/{}.txt",
    )
    assert names_of(folder) == sorted([*(kind.format(seed) for kind in kinds for seed in (100, 101)), "moodle.xml"])
    exercise = make_exercise([2, 2, 1], 101, convention="handout")
    assert (folder / "sheets/101.txt").read_text(encoding="utf-8") == f"{sheet(exercise)}\n"
    assert (folder / "solutions/101.txt").read_text(encoding="utf-8") == f"{sheet(exercise, solution=True)}\n"
    worked = (folder / "solutions/101.md").read_text(encoding="utf-8")
    assert worked.startswith("# One training step of a 2 – 2 – 1 network")
    assert r"\mathrm{net}_ {h_{1}} &= x_{1}" in worked
    page = (folder / "sheets/101.html").read_text(encoding="utf-8")
    assert 'src="data:image/svg+xml;base64,' in page
    assert "--seed 101 --convention handout" in page


def test_a_list_of_names_gives_each_a_seed_by_which_the_answers_are_marked(tmp_path, capsys):
    names, folder = tmp_path / "names.txt", tmp_path / "class"
    names.write_text("Ada Lovelace\n\nKurt Gödel;2b\n", encoding="utf-8")
    assert bundle(folder, str(names)) == 0
    assert (folder / "class.csv").read_text(encoding="utf-8-sig") == "name;seed\nAda Lovelace;100\nKurt Gödel;101\n"
    path = folder / "answers" / "Kurt-Gödel-101.json"
    answers = json.loads(path.read_text(encoding="utf-8"))
    right = make_exercise([2, 2, 1], 101, convention="handout").answers()
    answers |= {"name": "Kurt Gödel"} | {group: mapped(lambda x: f"{x:.4g}", layers) for group, layers in right.items()}
    path.write_text(json.dumps(answers), encoding="utf-8")
    capsys.readouterr()
    seeds = ["--seeds", str(folder / "class.csv")]
    assert main([*OPTIONS[:2], *OPTIONS[4:], *seeds, "--check", str(path)]) == 0
    total = len(flat(list(right.values())))
    assert f"answers of Kurt Gödel\n{total} of {total} answers are right." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("students", "says"),
    [
        ("0", "0 makes 0 sheets: ask for 1 to 1000"),
        ("1001", "ask for 1 to 1000"),
        ("none.txt", "none.txt"),
        ("Ada\nAda\n", "has Ada twice: tell them apart"),
        ("\n", "makes 0 sheets"),
    ],
)
def test_a_class_that_is_none_is_refused_before_anything_is_written(students, says, tmp_path, capsys):
    if "\n" in students:
        (tmp_path / "names.txt").write_text(students, encoding="utf-8")
        students = str(tmp_path / "names.txt")
    assert bundle(tmp_path / "class", students) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "class").exists()


def test_a_folder_that_exists_is_left_alone(tmp_path, capsys):
    assert bundle(tmp_path, "1") == 2
    assert "already exists; choose another folder" in capsys.readouterr().err
    assert names_of(tmp_path) == []


@pytest.mark.parametrize("options", [["--sizes", "2,1", "--bundle", "2", "-o", "x"], [*OPTIONS, "--bundle", "2"]])
def test_a_class_needs_its_first_seed_and_a_folder(options, capsys):
    with pytest.raises(SystemExit):
        main(options)
    assert "--bundle needs the --seed of the first sheet, and -o FOLDER" in capsys.readouterr().err


# Moodle ---------------------------------------------------------------------------------------------------------------

# The rules by which Moodle reads an answer embedded in a text: question/type/multianswer/questiontype.php.
NUMBER = r"-?(?:(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][-+]?[0-9]+)?)"
EMBEDDED = re.compile(r"\{([0-9]*):(NUMERICAL|NM):(?:=|%(-?[0-9]+)%)?(.+?)\}")
NUMERICAL = re.compile(f"({NUMBER}):({NUMBER})")


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_moodle_takes_what_is_written_with_the_digits_asked_and_nothing_else(convention):
    exercise = make_exercise([2, 3, 2], 4, activation="tanh", bias=True, convention=convention)
    [question] = ET.fromstring(moodle_xml([exercise])).findall("question")
    assert question.get("type") == "cloze"
    assert exercise.options in question.findtext("name/text", "")
    text = question.findtext("questiontext/text", "")
    assert text.count("{") == text.count("}") == len(EMBEDDED.findall(text))
    read = [NUMERICAL.fullmatch(answer) for _, _, _, answer in EMBEDDED.findall(text)]
    found = sorted((float(match[1]), float(match[2])) for match in read if match)
    right = sorted(flat(list(exercise.answers().values())))
    assert len(found) == len(right)
    for (answer, tolerance), x in zip(found, right, strict=True):
        assert abs(float(f"{x:.4g}") - answer) <= tolerance
        assert abs(1.003 * x - answer) > tolerance
        assert abs(-x - answer) > tolerance


def test_a_question_for_moodle_brings_its_figure():
    [question] = ET.fromstring(moodle_xml([make_exercise([2, 1], 4)])).findall("question")
    file = question.find("questiontext/file")
    assert f'src="@@PLUGINFILE@@/{file.get("name")}"' in question.findtext("questiontext/text", "")
    assert ET.fromstring(base64.b64decode(file.text)).tag == "{http://www.w3.org/2000/svg}svg"
