"""Files of answers as students write them: read as they are meant, or refused with file, line, column and remedy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from viz.exercise.__main__ import main
from viz.exercise.answer_file import read_file
from viz.exercise.answers import flat, mapped, plain
from viz.exercise.exercises import make_exercise
from viz.exercise.marking import verdict_of
from viz.exercise.templates import csv_template, json_template

EXERCISE = make_exercise([3, 4, 1], 7)
TEXTS = mapped(lambda x: f"{x:#.4g}", list(EXERCISE.answers().values()))
RIGHT = dict(zip(EXERCISE.answers(), TEXTS, strict=True))
COLUMN = flat(TEXTS)


def filled() -> str:
    """The template with the right answers, as text, in the place of each blank."""
    texts = iter(COLUMN)
    head, numbers = json_template(EXERCISE).split('"z"')
    return head + '"z"' + re.sub('""', lambda blank: json.dumps(next(texts)), numbers)


def as_numbers() -> str:
    return re.sub(r'"(-?[0-9.]+)"', r"\1", filled())


def changed(**groups: Any) -> str:
    return json.dumps({"exercise": EXERCISE.options} | {k: v for k, v in (RIGHT | groups).items() if v is not None})


def rows(delimiter: str, comma: bool = False) -> str:
    texts = iter(COLUMN)
    head, answers = csv_template(EXERCISE).split("answer;number\n")
    lines = [f"{line}{next(texts).replace('.', ',' if comma else '.')}" for line in answers.splitlines()]
    return (head + "answer;number\n" + "\n".join(lines) + "\n").replace(";", delimiter)


def replaced(old: str, new: str, text: Callable[[], str] = filled) -> str:
    assert old in text()
    return text().replace(old, new)


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    def run(content: str | bytes, *options: str, name: str = "answers.json") -> tuple[int, str]:
        """The exit status, and what is printed."""
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        status = main([*options, "--check", str(path)])
        out, err = capsys.readouterr()
        return status, out + err

    return run


Z, DELTAS, GRADIENTS = (RIGHT[group] for group in ("z", "deltas", "gradients"))
TRANSPOSED = [list(column) for column in zip(*GRADIENTS[0], strict=True)]
TO_TWO_DIGITS = [[f"{float(x):.2g}" for x in layer] for layer in DELTAS]
READ = {
    "the template filled in": filled(),
    "numbers instead of texts": as_numbers(),
    "no exercise, no name, no line breaks": changed(),
    "a trailing comma": filled().replace("]\n  ]", "],\n  ],"),
    "no comma between layers": re.sub(r"\],\n    \[", "]\n    [", filled()),
    "no commas between numbers": as_numbers().replace(", ", " "),
    "no comma between groups": re.sub(r'\],\n  "', ']\n  "', filled()),
    "true minus signs in numbers": as_numbers().replace("[-", "[−").replace(" -", " −").replace("−−sizes", "--sizes")
    .replace("−-", "--"),
    "true minus signs in texts": re.sub(r'"-([0-9])', r'"−\1', filled()),
    "no zero before the point": re.sub(r'"(-?)0\.', r'"\1.', filled()),
    "a plus": re.sub(r'"(0\.)', r'"+\1', filled()),
    "decimal commas in texts": re.sub(r'"(-?[0-9]+)\.([0-9]+)"', r'"\1,\2"', filled()),
    "spaces around": re.sub(r'"(-?[0-9.]+)"', "\" \\1\u00a0\"", filled()),
    "typographic quotation marks": re.sub(r'"([^"]*)"', r"“\1”", filled()),
    "low quotation marks": re.sub(r'"([^"]*)"', r"„\1“", filled()),
    "a Python dictionary": repr({"exercise": EXERCISE.options, **RIGHT}),
    "names without quotation marks": re.sub(r'"(z|a|deltas|gradients)"', r"\1", filled()),
    "Z for z": filled().replace('"z"', '"Z"').replace('"a"', '" A "'),
    "δ for deltas": filled().replace('"deltas"', '"δ"').replace('"gradients"', '"∂C/∂w"'),
    "one list for all layers": changed(z=flat(Z), a=flat(RIGHT["a"])),
    "a number for a layer of one neuron": changed(z=[Z[0], Z[1][0]], deltas=[DELTAS[0], DELTAS[1][0]]),
    "a column for a layer": changed(z=[[[x] for x in Z[0]], Z[1]]),
    "a row for a matrix of one column": changed(gradients=[GRADIENTS[0], flat(GRADIENTS[1])]),
    "UTF-8 with its mark": b"\xef\xbb\xbf" + filled().encode(),
    "UTF-16": filled().encode("utf-16"),
    "UTF-16 without its mark": filled().encode("utf-16-le"),
    "UTF-16 the other way round": filled().encode("utf-16-be"),
    "line ends of Windows": filled().replace("\n", "\r\n"),
    "line ends of old Macs": filled().replace("\n", "\r"),
    "CSV with semicolons": rows(";"),
    "CSV with semicolons and decimal commas": rows(";", comma=True),
    "CSV with commas": rows(","),
    "CSV with commas and decimal commas": rows(",", comma=True),
    "CSV with tabs": rows("\t"),
    "CSV with more empty columns": rows(";").replace("\n", ";;\n"),
    "CSV with the sheet's own names": "\n".join(
        f"{name};{text}" for name, text in zip(flat(list(EXERCISE.names().values())), COLUMN, strict=True)
    ),
    "CSV of a spreadsheet with 16 digits": "\n".join(
        f"{plain(name)};{x:.16g}"
        for name, x in zip(flat(list(EXERCISE.names().values())), flat(list(EXERCISE.answers().values())), strict=True)
    ),
    "a column of a spreadsheet": "\n".join(COLUMN),
    "a column with decimal commas": "\r\n".join(COLUMN).replace(".", ","),
}  # fmt: skip


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_what_can_be_meant_in_one_way_only_is_read(content, check):
    status, text = check(content, "--sizes", "3,4,1", "--seed", "7")
    assert text.splitlines()[:2] == ["Exercise --sizes 3,4,1 --seed 7", "47 of 47 answers are right."]
    assert status == 0


PARTLY = {
    "decimal commas": (
        re.sub(r"(\d)\.(\d)", r"\1,\2", as_numbers().split('"a"')[0]) + '"a"' + as_numbers().split('"a"')[1],
        42, ["line 5, column 6: is 0,2100 one number? Write a decimal point, 0.2100", "5 are blank"],
    ),
    "a fraction": (replaced(json.dumps(Z[0][0]), "1/2", filled), 46, ["line 5, column 6: z⁽¹⁾₁ is 1/2; write it as"]),
    "a dash": (changed(z=[["–0.93", *Z[0][1:]], Z[1]]), 46, ["z⁽¹⁾₁ is –0.93; this is a dash: write a minus, -"]),
    "a word": (changed(z=[["four", *Z[0][1:]], Z[1]]), 46, ['z⁽¹⁾₁ is four; write a number such as -0.0123, or ""']),
    "not a number": (changed(z=[["NaN", *Z[0][1:]], Z[1]]), 46, ["z⁽¹⁾₁ is NaN; write a number such as"]),
    "a huge number": (changed(z=[["1e101", *Z[0][1:]], Z[1]]), 46, ["z⁽¹⁾₁ is 1e101; give a number below 1e100"]),
    "a power of ten": (changed(z=[["9·10^-1", *Z[0][1:]], Z[1]]), 46, ["write a power of ten as in 1.5e-3"]),
    "a name before the number": (changed(z=[["z=0.93", *Z[0][1:]], Z[1]]), 46, ["write the number alone"]),
    "thousands": (changed(z=[["1.234,5", *Z[0][1:]], Z[1]]), 46, ["write a decimal point, and nothing between"]),
    "a layer too short": (changed(z=[Z[0][:3], Z[1]]), 43, ["z⁽¹⁾ has 3 numbers, but the sheet asks for 4"]),
    "a layer too many": (changed(z=[*Z, ["1"]]), 42, ["z has 3 lists, but 2 layers; give one list for each"]),
    "a number for a group": (changed(deltas="0.5"), 42, ["δ is 0.5; give a list for each layer, as --template does"]),
    "a matrix with ragged rows": (
        changed(gradients=[[["1", "2", "3", "4", "5"], ["1", "2", "3"], ["1", "2", "3", "4"]], GRADIENTS[1]]),
        35, ["∂C/∂w⁽¹⁾ has rows of 5, 3, 4 numbers; give 3 rows of 4"],
    ),
    "a group is missing": (changed(deltas=None), 42, ["δ       0 of 5 right\n          5 are blank"]),
    "an answer is null": (replaced(json.dumps(Z[0][0]), "null", filled), 46, ["1 is blank"]),
    "an answer is left out between commas": (replaced(json.dumps(Z[0][1]), "", filled), 46, ["1 is blank"]),
    "a group is empty": (changed(z=[]), 42, ["5 are blank"]),
    "a layer is empty": (changed(z=[[], Z[1]]), 43, ["4 are blank"]),
    "a key that is not asked for": (changed(y=[]), 47, ["y is not asked for; it was left out"]),
    "layers in reverse order": (
        changed(deltas=DELTAS[::-1]), 42,
        ["the layers stand in reverse order: the first comes first; otherwise 5 would be right"],
    ),
    "a transposed matrix": (
        changed(gradients=[TRANSPOSED, GRADIENTS[1]]),
        35, ["the matrix of layer 1 is transposed: a row for each sender,", "; otherwise 12 would be right"],
    ),
    "two digits": (
        changed(deltas=TO_TWO_DIGITS), 42,
        [", and 5 to fewer digits than the sheet asks for.", "and 1 more are right to 2 digits; the sheet asks for 4"],
    ),
    "a column that is one short": ("\n".join(COLUMN[:-1]), 0, ["the column has 46 numbers, but the sheet asks for 47"]),
    "another encoding": (
        replaced('"name": ""', '"name": "Müller"').encode("cp1252").replace(b'"-0.', b'"-1.'), None,
        ["Exercise --sizes 3,4,1 --seed 7, answers of Müller", "not UTF-8; it was read as Windows-1252"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "right", "says"), PARTLY.values(), ids=PARTLY)
def test_one_fault_is_told_with_its_place_and_the_rest_is_marked(content, right, says, check):
    status, text = check(content, "--sizes", "3,4,1", "--seed", "7")
    for words in says:
        assert words in text
    if right:
        assert text.splitlines()[1].startswith(f"{right} of 47 answers are right")
        assert status == (0 if right == 47 else 1)


REFUSED = {
    "an empty file": ("", "answers.json is empty: --template writes a file to fill in"),
    "only spaces": (" \n", "is empty"),
    "a list": ("[1, 2]", "answers.json, line 1, column 1: a file of answers begins with {"),
    "cut off": (filled().rstrip("}]\n "), "the [ of line 22, column 48 is not closed before the end of the file"),
    "a bracket is missing": (
        filled().replace("]\n  ],\n  \"a\"", "]\n  ,\n  \"a\""),
        'line 8, column 6: the [ of line 4, column 8 is not closed before :: add ]',
    ),
    "semicolons": ('{"z": [[0,5; 1,5', "line 1, column 12: separate numbers by commas, and write a decimal point"),
    "a quotation mark is missing": ('{"z": [["0.5]]}', 'line 1, column 9: a second " is missing'),
    "no colon": ('{"z" [[1]]}', 'line 1, column 6: a : is missing after "z"'),
    "given twice": ('{"z": [[1]],\n "z": [[2]]}', "line 2, column 2: z is given twice: remove one of the two"),
    "something after the end": ("{} {}", "line 1, column 4: { stands after the last }: remove it"),
    "nested deeply": ('{"z": ' + "[" * 100_000, "lists are nested too deeply"),
    "a spreadsheet": (b"PK\x03\x04\x00", "is a spreadsheet or a document, not text: save it as CSV"),
    "a PDF": (b"%PDF-1.7", "is a PDF: hand in the file that --template writes"),
    "rich text": (rb"{\rtf1\ansi", "is rich text: save it as plain text"),
    "the form itself": (b"<!doctype html>", "is a web page: if it is the form, press Save in it"),
    "no text": (b"\xff\xfe\x00", "is broken from byte 2 on: save it as UTF-8"),
    "zeros": (b"{}\x00\x00", "is not text"),
    "a megabyte": (b" " * 1_000_001, "has more than 1,000,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "says"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("options", [(), ("--sizes", "3,4,1", "--seed", "7")], ids=["alone", "with its exercise"])
def test_what_cannot_be_read_is_refused_with_file_place_and_remedy(content, says, options, check):
    status, text = check(content, *options)
    assert status == 2
    assert says in text
    assert "answers.json" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("0.0990", "right"), ("0.099", "right"), ("0.10", "short"), ("0.1", "short"), ("0.100", "wrong"), ("0", "wrong")],
)
@pytest.mark.parametrize("quoted", ["{}", '"{}"'])
def test_the_digits_of_a_number_count_with_its_last_zeros(text, verdict, quoted, tmp_path):
    path = tmp_path / "answers.json"
    path.write_text('{"z": [[' + quoted.format(text) + "]]}", encoding="utf-8")
    [cell] = read_file(path).entries["z"].cells
    assert verdict_of(cell.text, 0.09904, math.nan)[0] == verdict


def test_a_file_without_any_answer_is_refused(check):
    for content in ("Dear teacher, I was ill.", '{"name": "Ada"}', b"\x8f\xa1\xb2"):
        status, text = check(content, "--sizes", "3,4,1", "--seed", "7")
        assert status == 2
        assert "answers.json has none of the answers that are asked for; --template writes their names" in text


DAMAGE = [*"[]{}:,;\"'“”09.-−–e \n\x00", "null", "NaN", "1e999", '"z":', "[[[", "exercise"]


@pytest.mark.parametrize("content", [filled(), rows(";"), "\n".join(COLUMN)], ids=["JSON", "CSV", "column"])
def test_any_damage_to_a_file_is_read_or_refused_with_the_file(content, check):
    rng = Random(0)
    for _ in range(60):
        text = list(content)
        for _ in range(rng.choice([1, 2, 5])):
            place = rng.randrange(len(text) + 1)
            text[place : place + rng.choice([0, 0, 1, 20])] = rng.choice([[], [rng.choice(DAMAGE)]])
        status, told = check("".join(text), "--sizes", "3,4,1", "--seed", "7")
        assert status in (0, 1, 2)
        if status == 2:
            assert "answers.json" in told
            assert len(told.splitlines()) == 1


# Which exercise is marked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exercise",
    ["--help", "--check other.json", "--sizes 3,4,1", "--seed 7", "--sizes 3,4,1 --seed 7 --solution", "3,4,1 7",
     "--sizes 3,4,1 --seed 7 extra", "--size 3,4,1 --seed 7", "--sizes 3,4,1 --seed -1", "'--sizes 3,4,1", "--version"],
)  # fmt: skip
def test_an_exercise_that_is_none_is_refused(exercise, check):
    status, text = check(changed().replace(EXERCISE.options, exercise))
    assert status == 2
    assert "names the exercise" in text
    assert "which does not exist" in text


def test_the_options_of_an_exercise_may_stand_in_any_order(check):
    status, text = check(changed().replace(EXERCISE.options, "--seed 7   --sizes=3,4,1 --loss sse"))
    assert (status, text.splitlines()[0]) == (0, "Exercise --sizes 3,4,1 --seed 7")


@pytest.mark.parametrize("option", [["--bias"], ["--loss", "half_sse"], ["--convention", "handout"], ["--seed", "7"]])
def test_options_of_an_exercise_stand_with_its_sizes(option, check):
    status, text = check(changed(), *option)
    assert status == 2
    assert "give --sizes and --seed, or --network" in text


def test_an_easier_sheet_or_a_neighbours_is_told_or_refused(check):
    easy = make_exercise([1, 1], 1)
    answers = json.dumps({"exercise": easy.options} | easy.answers())
    status, text = check(answers)
    assert (status, text.splitlines()[:2]) == (0, ["Exercise --sizes 1,1 --seed 1", "5 of 5 answers are right."])
    status, text = check(answers, "--sizes", "3,4,1", "--seed", "7")
    assert status == 2
    assert "answers the exercise '--sizes 1,1 --seed 1', not '--sizes 3,4,1 --seed 7'" in text


def test_a_list_of_names_and_seeds_fixes_each_students_exercise(check, tmp_path):
    seeds = tmp_path / "class.csv"
    seeds.write_text("Name;Seed\nAda Lovelace;7\nKurt Gödel;8\n", encoding="utf-8")
    options = ("--sizes", "3,4,1", "--seeds", str(seeds))
    named = filled().replace('"name": ""', '"name": " ada  LOVELACE"')
    assert check(named, *options)[0] == 0
    assert "not '--sizes 3,4,1 --seed 8'" in check(named.replace("ada  LOVELACE", "Kurt Gödel"), *options)[1]
    assert "is of Alan Turing, whom" in check(named.replace("ada  LOVELACE", "Alan Turing"), *options)[1]
    assert "has no name, which" in check(filled(), *options)[1]
    seeds.write_text("Ada;7\nKurt;eight\n", encoding="utf-8")
    assert "line 2: write a name and a seed, such as Ada;7" in check(named, *options)[1]
    seeds.write_text("Ada;7\nAda;8\n", encoding="utf-8")
    assert "line 2: Ada has two seeds" in check(named, *options)[1]


def test_a_name_cannot_act_in_a_terminal(check):
    _, text = check(changed(name="\x1b[31mAda\n\u202e" + "a" * 100))
    first = text.splitlines()[0]
    assert "\x1b" not in first
    assert "\u202e" not in first
    assert len(first) < 120
