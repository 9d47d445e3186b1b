"""Exercise sheets: the same everywhere, marked with what is wrong, what follows, and the mistake that explains it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from viz.exercise.__main__ import main
from viz.exercise.answers import flat, mapped, plain
from viz.exercise.exercises import (
    ACTIVATIONS,
    LOSS_NAMES,
    MAX_NET_INPUT,
    MIN_DELTA,
    MIN_NET_INPUT,
    handout_exercise,
    make_exercise,
)
from viz.solutions.derivations import derivation
from viz.solutions.notations import CONVENTIONS

OPTIONS = ["--sizes", "3,4,1", "--seed", "7"]
EXERCISE = make_exercise([3, 4, 1], 7)
EVERY = [
    (activation, loss, bias, convention)
    for activation in ACTIVATIONS
    for loss in LOSS_NAMES
    for bias in (False, True)
    for convention in CONVENTIONS
]


def rounded(answers: dict[str, Any]) -> dict[str, Any]:
    """The numbers as a student writes them down."""
    return {name: mapped(lambda x: float(f"{x:.4g}"), numbers) for name, numbers in answers.items()}


def printed(capsys, *options: str) -> str:
    assert main([*OPTIONS, *options]) == 0
    return capsys.readouterr().out


# The sheet ------------------------------------------------------------------------------------------------------------


def test_a_seed_is_a_sheet_for_ever(capsys):
    """These numbers are in students' hands: no version may change them."""
    sheet = printed(capsys)
    assert "Inputs      x₁ = 1.2, x₂ = 0.3, x₃ = 0.3\nTargets     y = 0.2\n" in sheet
    assert "    from x₃       −0.6        0.6        0.9        0.8\n" in sheet
    assert "    from a⁽¹⁾₄        0.6\n" in sheet
    assert sheet == printed(capsys)


def test_the_sheet_asks_for_every_number_and_tells_none(capsys):
    sheet = printed(capsys)
    assert sheet.count("________") == 5 + 5 + 5 + 12 + 4 + 12 + 4
    assert all(len(line) <= 78 for line in sheet.splitlines())
    assert not any(line.endswith(" ") for line in sheet.splitlines())


def test_the_solution_is_the_same_sheet_filled_in(capsys):
    solution, sheet = printed(capsys, "--solution"), printed(capsys)
    assert "________" not in solution
    assert "δ⁽²⁾₁ = 0.1911" in solution
    assert solution.splitlines()[1:22] == sheet.splitlines()[1:22]


@pytest.mark.parametrize(("activation", "loss", "bias", "convention"), EVERY)
def test_every_kind_of_sheet_is_sane_and_its_solution_is_right(activation, loss, bias, convention, check, capsys):
    exercise = make_exercise([2, 3, 2], 1, activation, loss, bias, convention)
    record = exercise.record
    assert all(MIN_NET_INPUT <= abs(z.data) <= MAX_NET_INPUT for layer in record.net_inputs for z in layer)
    assert all(abs(delta) >= MIN_DELTA for layer in record.deltas() for delta in layer)
    assert all(round(w.data, 1) == w.data for w in record.mlp.parameters())
    options = exercise.options.split()
    assert main([*options, "--solution"]) == 0
    solution = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 78 for line in solution)
    assert check(rounded(exercise.answers()), options)[0] == 0


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_a_sheet_speaks_the_language_of_the_worked_solution(convention, bias):
    """Every name and number of the sheet stands in the worked solution of the same step."""
    exercise = make_exercise([2, 3, 2], 1, bias=bias, convention=convention)
    derived = str(derivation(exercise.record, loss=exercise.C, learning_rate=0.5, convention=convention))
    answers = exercise.answers()
    for group in ("z", "a", "deltas", "gradients"):
        for name, x in zip(flat(exercise.names()[group]), flat(answers[group]), strict=True):
            assert f"  {name} = " in derived
            assert f"{abs(x):.4g}" in derived


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_answer_has_a_name_of_its_own_that_a_keyboard_can_write(convention):
    exercise = make_exercise([3, 4, 11], 1, activation="tanh", bias=True, convention=convention)
    names = [plain(name) for name in flat(list(exercise.names().values()))]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name[0].isalpha() for name in names)
    assert not {"name", "exercise", "answer", "z", "a", "deltas"} & set(names)


def test_the_handouts_own_network_is_a_sheet(check, capsys):
    assert main(["--network", "handout", "--solution"]) == 0
    text = capsys.readouterr().out
    for words in ("net_h₁ = 2.600", "h₁ = 0.9309", "δ_h₁ = 0.01002", "Rate        η = 0.01", "−∂C/∂w = "):
        assert words in text
    answers = rounded(handout_exercise().answers())
    assert check(answers, ["--network", "handout"])[0] == 0
    assert check(answers | {"exercise": "--network handout"}, [])[0] == 0
    assert check(answers | {"exercise": "--network handout --seed 3"}, [])[0] == 2
    assert main(["--network", "handout", "--sizes", "3,4,1"]) == 2
    assert "--network handout has its own numbers" in capsys.readouterr().err


def test_what_has_no_sane_numbers_is_refused(capsys, monkeypatch):
    monkeypatch.setattr("viz.exercise.exercises.MAX_TRIES", 20)
    assert main(["--sizes", "12,12,12,12,1", "--seed", "1", "--activation", "relu"]) == 2
    assert "choose fewer or smaller layers" in capsys.readouterr().err
    assert main(["--sizes", "3,4,1", "--seed", "1", "--loss", "cross_entropy"]) == 2
    assert "at least 2 outputs" in capsys.readouterr().err
    for sizes in ("3", "3,0", "3,13"):
        assert main(["--sizes", sizes, "--seed", "1"]) == 2
        assert "from 1 to 12, such as 3,4,1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--sizes", "3;4", "--seed", "1"])
    assert "give whole numbers separated by commas" in capsys.readouterr().err


# Answers --------------------------------------------------------------------------------------------------------------


def test_the_template_has_a_place_for_every_answer_and_covers_no_file(tmp_path, capsys):
    path = tmp_path / "answers.json"
    assert main([*OPTIONS, "--template", str(path)]) == 0
    before = path.read_text(encoding="utf-8")
    assert before.count('""') == 47 + 1  # and the name
    assert json.loads(before)["exercise"] == "--sizes 3,4,1 --seed 7"
    assert main([*OPTIONS, "--template", str(path)]) == 2
    assert "already exists" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == before
    assert main([*OPTIONS, "--check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "0 of 47 answers are right." in out
    assert "5 are blank" in out


def test_right_answers_pass(check):
    status, text = check(rounded(EXERCISE.answers()))
    assert status == 0
    assert text.splitlines() == [
        "Exercise --sizes 3,4,1 --seed 7",
        "47 of 47 answers are right.",
        "  z       5 of 5 right",
        "  a       5 of 5 right",
        "  δ       5 of 5 right",
        "  ∂C/∂w   16 of 16 right",
        "  Δw      16 of 16 right",
    ]


@pytest.mark.parametrize("name", ["z", "a", "deltas", "gradients", "updates"])
def test_each_answer_is_marked(check, name):
    answers = rounded(EXERCISE.answers())
    place = answers[name][-1]
    place = place[0] if name in ("gradients", "updates") else place
    place[0] = 0.777
    status, text = check(answers)
    assert status == 1
    assert "46 of 47 answers are right." in text
    assert "= 0.777 is wrong" in text


def test_answers_of_a_softmax_with_blanks_and_huge_numbers_are_marked(check):
    options = ["--sizes", "2,2,2", "--seed", "3", "--loss", "cross_entropy"]
    answers = rounded(make_exercise([2, 2, 2], 3, loss="cross_entropy").answers())
    answers["z"][1][0], answers["a"][0][0], answers["deltas"][1][1] = 1e50, None, None
    status, text = check(answers, options)
    assert status == 1
    assert "1 is blank" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "foo"}, "loss is .foo.; choose"),
        ({"activation": "foo"}, "activation is 'foo'; choose sigmoid"),
        ({"convention": "foo"}, "convention is 'foo'; choose gradient, handout, arnold"),
        ({"seed": -7}, "seed is -7; give the number of a sheet"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_option_that_is_not_there_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_exercise(**{"sizes": [2, 1], "seed": 1, **options})


def test_a_file_of_answers_says_which_exercise_it_is_of(tmp_path, capsys):
    path = tmp_path / "answers.json"
    assert main(["--sizes", "2,2,1", "--seed", "3", "--bias", "--template", str(path)]) == 0
    capsys.readouterr()
    with_options = main(["--sizes", "2,2,1", "--seed", "3", "--bias", "--check", str(path)]), capsys.readouterr().out
    assert (main(["--check", str(path)]), capsys.readouterr().out) == with_options
    path.write_text('{"z": []}')
    assert main(["--check", str(path)]) == 2
    assert "does not say which exercise it answers: give --sizes and --seed" in capsys.readouterr().err
