"""Exercise sheets: the same everywhere, marked with what is wrong, what follows, and the mistake that explains it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from viz.exercise.__main__ import main
from viz.exercise.answers import flat, plain
from viz.exercise.exercises import (
    ACTIVATIONS,
    LOSSES,
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
    for loss in LOSSES
    for bias in (False, True)
    for convention in CONVENTIONS
]


def rounded(numbers: Any) -> Any:
    """The numbers as a student writes them down."""
    if isinstance(numbers, dict):
        return {name: rounded(x) for name, x in numbers.items()}
    return [rounded(x) for x in numbers] if isinstance(numbers, list) else float(f"{numbers:.4g}")


@pytest.fixture
def check(tmp_path, capsys):
    def run(answers: Any, options: list[str] = OPTIONS) -> tuple[int, str]:
        """The exit status, and what is printed."""
        path = tmp_path / "answers.json"
        path.write_text(answers if isinstance(answers, str) else json.dumps(answers), encoding="utf-8")
        status = main([*options, "--check", str(path)])
        out, err = capsys.readouterr()
        return status, out or err

    return run


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


@pytest.mark.parametrize(
    ("factor", "name"), [(-1.0, "opposite sign"), (2.0, "missing learning rate"), (-2.0, "missing learning rate and")]
)
@pytest.mark.parametrize("convention", ["gradient", "handout"])
def test_a_mistake_in_the_updates_is_named(check, factor, name, convention):
    exercise = make_exercise([3, 4, 1], 7, convention=convention)
    answers = exercise.answers()
    answers["updates"] = [(factor * np.array(W)).tolist() for W in answers["updates"]]
    _, text = check(rounded(answers), exercise.options.split())
    assert f"Diagnosis: {name}" in text
    assert "in the updates of layers 1 and 2. To correct it: it is Δw = " in text


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


def test_a_mistake_in_the_deltas_is_named_and_what_follows_from_it_is_marked_so(check):
    answers = EXERCISE.answers()
    slopes = [a * (1.0 - a) for a in answers["a"][0]]
    answers["deltas"][0] = [delta / slope for delta, slope in zip(answers["deltas"][0], slopes, strict=True)]
    inputs = [x.data for x in EXERCISE.record.inputs]
    answers["gradients"][0] = [[x * delta for delta in answers["deltas"][0]] for x in inputs]
    status, text = check(rounded(answers))
    assert status == 1
    assert "δ       1 of 5 right" in text
    assert "δ⁽¹⁾₁ = 0.03821 is wrong" in text
    assert "∂C/∂w   4 of 16 right\n          12 follow from your own numbers\n" in text
    assert "The first wrong step, from the output back: δ⁽¹⁾₁, δ⁽¹⁾₂, δ⁽¹⁾₃, δ⁽¹⁾₄." in text
    assert "Diagnosis: missing activation derivative, in layer 1. To correct it: multiply by f′(z)." in text


def test_a_wrong_net_input_is_marked_once_and_the_rest_follows(check):
    answers = EXERCISE.answers()
    answers["z"][0][1] = -0.93
    answers["a"][0][1] = 1.0 / (1.0 + math.exp(0.93))
    text = check(rounded(answers))[1]
    assert "z⁽¹⁾₂ = −0.93 is wrong" in text
    assert "a       4 of 5 right\n          1 follows from your own numbers\n" in text
    assert "Diagnosis" not in text  # the deltas are right


def without_slopes(answers: dict[str, Any]) -> None:
    """Leave the derivative of the activation out of the hidden deltas."""
    slopes = [a * (1.0 - a) for a in answers["a"][0]]
    answers["deltas"][0] = [delta / slope for delta, slope in zip(answers["deltas"][0], slopes, strict=True)]


def with_own_output(answers: dict[str, Any], a: float) -> None:
    """Go on from another activation of the output, without a further mistake."""
    delta = 2.0 * (a - EXERCISE.target[0]) * a * (1.0 - a)
    ratio = delta / answers["deltas"][1][0]
    answers["a"][1][0], answers["deltas"][1][0] = a, delta
    answers["deltas"][0] = [ratio * x for x in answers["deltas"][0]]


def forget_a_product(answers: dict[str, Any]) -> None:
    answers["z"][1][0] = 0.8
    with_own_output(answers, 1.0 / (1.0 + math.exp(-0.8)))


@pytest.mark.parametrize("forward", [forget_a_product, lambda answers: with_own_output(answers, 0.6)], ids=["z", "a"])
def test_a_mistake_in_the_deltas_is_named_from_the_students_own_numbers(check, forward):
    answers = EXERCISE.answers()
    forward(answers)
    _, text = check(rounded(answers))
    assert "Diagnosis" not in text  # every delta follows
    assert "5 follow from your own numbers" in text
    without_slopes(answers)
    _, text = check(rounded(answers))
    assert "The first wrong step, from the output back: δ⁽¹⁾₁, δ⁽¹⁾₂, δ⁽¹⁾₃, δ⁽¹⁾₄." in text
    assert "Diagnosis: missing activation derivative, in layer 1. To correct it: multiply by f′(z)." in text


def test_a_wrong_activation_of_a_softmax_and_a_mistake_in_the_deltas_are_told_apart(check):
    exercise = make_exercise([2, 3, 2], 5, loss="cross_entropy")
    answers = exercise.answers()
    answers["z"][1] = [answers["z"][1][0] + 0.5, answers["z"][1][1]]
    e = [math.exp(z) for z in answers["z"][1]]
    answers["a"][1] = [x / sum(e) for x in e]
    answers["deltas"][1] = [a - y for a, y in zip(answers["a"][1], exercise.target, strict=True)]
    answers["deltas"][0] = (exercise.record.mlp.weights()[1] @ answers["deltas"][1]).tolist()
    _, text = check(rounded(answers), exercise.options.split())
    assert "Diagnosis: missing activation derivative, in layer 1." in text


@pytest.mark.parametrize("place", [(0, 1), (1, 0)])
def test_a_blank_delta_does_not_hinder_the_diagnosis(check, place):
    answers = EXERCISE.answers()
    without_slopes(answers)
    answers = rounded(answers)
    answers["deltas"][place[0]][place[1]] = ""
    assert "Diagnosis: missing activation derivative, in layer 1." in check(answers)[1]


def test_gradients_from_wrong_deltas_are_diagnosed_by_what_follows_from_these(check):
    answers = EXERCISE.answers()
    without_slopes(answers)
    answers["gradients"][0] = [list(answers["deltas"][0]) for _ in range(3)]
    _, text = check(rounded(answers))
    assert "Diagnosis: missing activation derivative, in layer 1." in text
    assert "Diagnosis: missing activation of the sender, in the gradients of layer 1." in text


@pytest.mark.parametrize(
    ("factor", "name"),
    [(-1.0, "opposite sign"), (2.0, "factor 2"), (0.5, "factor ½"), (-0.1, "common factor −0.1")],
)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_common_factor_of_the_gradients_is_no_matter_of_the_loss_where_the_deltas_are_right(
    check, factor, name, convention
):
    exercise = make_exercise([3, 4, 1], 7, bias=True, convention=convention)
    answers = exercise.answers()
    for group in ("gradients", "bias_gradients"):
        answers[group] = [(factor * np.array(layer)).tolist() for layer in answers[group]]
    _, text = check(rounded(answers), exercise.options.split())
    assert f"Diagnosis: {name}, in the gradients of layers 1 and 2. To correct it" in text
    assert f"Diagnosis: {name}, in the bias gradients of layer 1. To correct it" in text
    assert "which loss" not in text


def test_a_bias_is_multiplied_by_1(check):
    exercise = make_exercise([3, 4, 1], 7, bias=True)
    answers = exercise.answers()
    answers["bias_gradients"][0] = [1.2 * delta for delta in answers["deltas"][0]]
    _, text = check(rounded(answers), exercise.options.split())
    assert (
        "Diagnosis: multiplied by the activation of a sender, in the bias gradients of layer 1. To correct it" in text
    )


def test_layers_of_one_size_in_reverse_order_are_found_by_their_numbers(check):
    exercise = make_exercise([2, 2, 2], 3)
    answers = rounded(exercise.answers())
    answers["deltas"] = answers["deltas"][::-1]
    status, text = check(answers, exercise.options.split())
    assert status == 1
    assert "the layers stand in reverse order: the first comes first; otherwise 4 would be right" in text
    assert "Diagnosis" not in text


def own_a() -> np.ndarray:
    return np.array(make_exercise([3, 4, 2], 7).answers()["a"][1])


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda a, z, deltas: np.outer(deltas, a).reshape(len(a), -1), "transposed matrix"),
        (lambda a, z, deltas: np.outer(np.ones(len(a)), deltas), "missing activation of the sender"),
        (lambda a, z, deltas: np.outer(z, deltas), "net input of the sender instead of its activation"),
        (lambda a, z, deltas: np.outer(a, np.ones(len(deltas))), "missing delta of the receiver"),
        (
            lambda a, z, deltas: np.outer(np.ones(4), own_a() * deltas),
            "activation of the receiver instead of the sender",
        ),
        (lambda a, z, deltas: np.outer(a, deltas * own_a() * (1.0 - own_a())), "f′(z) a second time"),
        (lambda a, z, deltas: make_exercise([3, 4, 2], 7).record.mlp.weights()[1] * deltas, "weight in place of the"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_mistake_in_a_layers_weight_gradients_is_named(check, mistake, says):
    exercise = make_exercise([3, 4, 2], 7)
    answers = exercise.answers()
    W = mistake(*[np.array(x) for x in (answers["a"][0], answers["z"][0], answers["deltas"][1])])
    answers["gradients"][1] = W.tolist()
    _, text = check(rounded(answers), ["--sizes", "3,4,2", "--seed", "7"])
    assert f"Diagnosis: {says}" in text
    assert "in the gradients of layer 2. To correct it" in text


def test_weight_gradients_off_at_random_have_no_diagnosis(check):
    rng = np.random.default_rng(0)
    for _ in range(20):
        answers = EXERCISE.answers()
        answers["gradients"] = [
            (np.array(W) * rng.normal(1.0, 0.3, np.shape(W))).tolist() for W in answers["gradients"]
        ]
        assert "Diagnosis" not in check(rounded(answers))[1]


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
