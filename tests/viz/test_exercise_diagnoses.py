"""The mistakes in the answers to an exercise are named, judged from the student's own numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from viz.exercise.answers import mapped
from viz.exercise.exercises import make_exercise
from viz.exercise.letters import in_letters
from viz.solutions.notations import CONVENTIONS

EXERCISE = make_exercise([3, 4, 1], 7)


def rounded(answers: dict[str, Any]) -> dict[str, Any]:
    """The numbers as a student writes them down."""
    return {name: mapped(lambda x: float(f"{x:.4g}"), numbers) for name, numbers in answers.items()}


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
    [
        (-1.0, "opposite sign"),
        (2.0, "factor 2"),
        (0.5, "factor ½"),
        (-0.1, "the step −η · ∂C/∂w in place of the gradient (η = 0.1)"),
    ],
)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_common_factor_of_the_gradients_is_no_matter_of_the_loss_where_the_deltas_are_right(
    check, factor, name, convention
):
    exercise = make_exercise([3, 4, 1], 7, bias=True, convention=convention)
    answers = exercise.answers()
    if name.startswith("the step"):
        factor *= exercise.sign  # what is added to the weights is −η · ∂C/∂w in every convention
    for group in ("gradients", "bias_gradients"):
        answers[group] = [(factor * np.array(layer)).tolist() for layer in answers[group]]
    _, text = check(rounded(answers), exercise.options.split())
    name = in_letters(name, convention)
    assert f"Diagnosis: {name}, in the gradients of layers 1 and 2. To correct it" in text
    assert f"Diagnosis: {name}, in the bias gradients of layers 1 and 2. To correct it" in text
    assert "which loss" not in text


def test_a_bias_is_multiplied_by_1(check):
    exercise = make_exercise([3, 4, 1], 7, bias=True)
    answers = exercise.answers()
    answers["bias_gradients"][0] = [1.2 * delta for delta in answers["deltas"][0]]
    _, text = check(rounded(answers), exercise.options.split())
    assert "Diagnosis: value of input 3 instead of 1, in the bias gradients of layer 1." in text


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
        (lambda a, z, deltas: np.outer(a, deltas * own_a() * (1.0 - own_a())), "activation derivative a second time"),
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


def test_a_diagnosis_speaks_in_the_letters_of_the_sheet(check):
    for convention, says in {
        "handout": "Σ(ŷ − y)² has 2(ŷ − y)", "arnold": "Σ(y − ŷ)² has 2(y − ŷ)", "nielsen": "Σ(a − y)² has 2(a − y)",
    }.items():  # fmt: skip
        exercise = make_exercise([3, 4, 2], 7, convention=convention)
        answers = exercise.answers()
        answers["deltas"] = [(2.0 * np.array(layer)).tolist() for layer in answers["deltas"]]
        _, text = check(rounded(answers), exercise.options.split())
        assert says in text


def test_a_blank_among_wrong_gradients_does_not_hinder_the_diagnosis(check):
    answers = rounded(EXERCISE.answers())
    answers["gradients"] = [[[2.0 * x for x in row] for row in W] for W in answers["gradients"]]
    answers["gradients"][0][0][1] = ""
    answers["z"][0][0] = ""
    assert (
        "Diagnosis: factor 2, in the gradients of layers 1 and 2. To correct it: δ has every sign" in check(answers)[1]
    )


def test_a_mistake_that_may_be_chance_is_shown_as_such(check):
    exercise = make_exercise([3, 4, 2], 215, bias=True)
    answers = exercise.answers()
    answers["deltas"] = [(2.0 * np.array(layer)).tolist() for layer in answers["deltas"]]
    _, text = check(rounded(answers), exercise.options.split())
    assert "This mistake would give these numbers: factor 2, in the output layer; but they may be chance" in text
    assert "Diagnosis" not in text
