"""Deltas by hand: compared at their own digits, the first wrong step named, and the mistake where one explains them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_learner import mutant, random_record, same, written

from benchmarks.diagnosis import DIGITS, NOISE, OUTCOMES, SHORT, named, noise, possible_pairs, verdict
from nn import (
    MLP,
    Record,
    assert_deltas,
    binary_cross_entropy_with_logits,
    compare,
    handout_step,
    mse,
    softmax_cross_entropy,
    sse,
)
from nn.checking.mistakes import (
    DOUBLE,
    HALF,
    MEAN,
    MISSING,
    MISTAKES,
    NET_INPUT,
    OFF_DIAGONAL,
    SIBLINGS,
    SIGN,
    SUM,
    TRANSPOSED,
    UPDATED,
)
from nn.checking.ways import steps_of

CASES = json.loads((Path(__file__).parents[1] / "data" / "golden.json").read_text(encoding="utf-8"))["cases"]
HANDOUT, H1 = CASES["seed000_3-4-1"], CASES["handout_h1"]
ALL = DIGITS["all digits"]


def handout_record() -> Record:
    """Document 000's 3-4-1 network."""
    x = HANDOUT["inputs"]
    record = MLP.from_weights([np.transpose(x["w_in"]), np.transpose([x["w_out"]])]).forward(x["x"])
    sse(record.output, x["label"]).backward()
    return record


def h1_record() -> Record:
    """The documents' walk-through of h1 alone, with the output 0.6."""
    record = MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]], [[0.0], [H1["pinned_bias_c"]]]).forward([1, 3, 5])
    sse(record.output, 1).backward()
    return record


def two_layers(output: str = "sigmoid", loss: Any = sse, target: Any = (1.0, 0.0, 0.5)) -> Record:
    """A 2-3-3 network."""
    weights = [[[0.4, -0.7, 0.2], [0.3, 0.5, -0.6]], [[0.9, -0.2, 0.3], [0.1, 0.8, -0.5], [-0.4, 0.6, 0.7]]]
    record = MLP.from_weights(weights, [[0.1, -0.2, 0.3], [0.0, 0.2, -0.1]], "tanh", output=output).forward([0.8, -1.1])
    loss(record.output, target).backward()
    return record


def found(record: Record, expected: Any, *args: Any, **keywords: Any) -> list[Any]:
    """The mistakes that the diagnosis names."""
    diagnosis = compare(record, expected, *args, **keywords).diagnosis
    return [made.mistake for made in diagnosis.made] if diagnosis else []


# The documents' own mistakes ------------------------------------------------------------------------------------------


def handout_numbers(hidden: list[float]) -> list[list[float]]:
    return written([np.array(hidden), np.array([HANDOUT["delta_o_handout"]])], 7)


def test_document_000_uses_the_weights_after_their_update():
    expected = handout_numbers(HANDOUT["step_handout"]["delta_h_handout"])
    report = compare(handout_record(), expected, "handout")
    assert [(made.mistake, made.layer) for made in report.diagnosis.made] == [(UPDATED, 0)]
    assert report.diagnosis.learning_rate == HANDOUT["inputs"]["eta"]
    assert [(delta.layer, delta.neuron) for delta in report.first_wrong] == [(1, 1), (1, 2), (1, 3), (1, 4)]
    assert "weights used after their update (learning rate 0.01), in layer 1" in str(report)


def test_document_001_sums_over_the_siblings_with_the_weights_after_their_update():
    expected = handout_numbers(HANDOUT["seed001_wrong_rule"]["delta_h_wrong"])
    report = compare(handout_record(), expected, "handout")
    assert {made.mistake for made in report.diagnosis.made} == {SIBLINGS, UPDATED}
    assert report.diagnosis.learning_rate == HANDOUT["inputs"]["eta"]


@pytest.mark.parametrize("digits", [3, 4, 7])
def test_the_rule_of_document_001_by_itself(digits: int):
    record = handout_record()
    output = np.array(record.deltas()[1])
    slopes = np.array([a.partials()[0] for a in record.activations[0]])
    wrong = slopes * (record.mlp.weights()[1] @ output).sum()
    assert found(record, written([wrong, output], digits)) == [SIBLINGS]


def test_one_neuron_cannot_tell_a_learning_rate_but_can_confirm_one():
    expected = [[0.009907519], [0.192]]  # as document 000 prints them
    report = compare(h1_record(), expected, "handout")
    assert report.diagnosis is None
    assert report.first_wrong[0].layer == 1
    assert "learning_rate=" in report.advice
    assert found(h1_record(), expected, "handout", learning_rate=0.01) == [UPDATED]
    assert found(h1_record(), expected, "handout", learning_rate=0.02) == []


def test_the_handouts_numbers_without_its_convention_have_two_mistakes():
    step = handout_step(handout_record().mlp, [1, 3, 5], 1, 0.01)
    assert found(handout_record(), step.deltas, "handout") == [UPDATED]
    assert found(handout_record(), step.deltas) == [SIGN, UPDATED]


def test_the_sigmoids_derivative_of_the_net_input():
    """Erratum I35: sigmoid_derivative(x) = x(1 − x) takes the activation; of the net input 2.6 it would be −4.16."""
    record = h1_record()
    wrong = [[2.6 * (1.0 - 2.6) * 0.8 * record.deltas()[1][0]], record.deltas()[1]]
    assert found(record, wrong) == [NET_INPUT]


# Every mistake, random networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named(mistake):
    rng = np.random.default_rng(list(SHORT).index(mistake))
    mutants = [mutant(rng, (mistake,), ALL) for _ in range(5)]
    said = [verdict(made.record, made.deltas(), ALL, (mistake,)) for made in mutants]
    assert said.count("named") + said.count("same numbers") >= 4
    assert set(said) <= {*OUTCOMES}


@pytest.mark.parametrize(("digits", "least"), [(7, 0.93), (4, 0.72), (3, 0.6)])
def test_most_mistakes_are_named_in_rounded_numbers_and_never_another(digits, least):
    rng = np.random.default_rng(digits)
    said = [
        verdict(made.record, made.deltas(), digits, (mistake,))
        for mistake in 2 * MISTAKES
        for made in [mutant(rng, (mistake,), digits)]
    ]
    assert (said.count("named") + said.count("same numbers")) >= least * len(said)
    assert set(said) <= {*OUTCOMES}


def test_two_mistakes_at_once_are_named():
    rng = np.random.default_rng(0)
    pairs = possible_pairs()[::3]
    right = 0
    for pair in pairs:
        made = mutant(rng, pair, ALL)
        right += set(named(made.record, made.deltas(), ALL)) == set(pair)
    assert right >= 0.85 * len(pairs)


def test_the_shares_of_the_error_rate_in_a_step_add_up_to_1():
    for step in steps_of(two_layers()):
        assert sum(step.share.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(("title", "change", "where"), NOISE, ids=[title for title, *_ in NOISE])
def test_noise_is_not_diagnosed(title, change, where):
    rng = np.random.default_rng(1)
    for digits in 4 * list(DIGITS.values()):
        record = random_record(rng)
        deltas = noise(rng, record, change, where)
        assert same(deltas, list(map(np.array, record.deltas())), digits) or not named(record, deltas, digits)


# What a diagnosis says, and when --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "mistake"), [(-1.0, SIGN), (2.0, DOUBLE), (0.5, HALF), (1 / 3, MEAN), (3.0, SUM)])
@pytest.mark.parametrize("digits", [3, 4, 7, ALL])
def test_a_factor_of_all_numbers_is_named_or_with_few_digits_a_hint(factor, mistake, digits):
    """Of a factor, all numbers tell the same: with three digits, some factor is one in a hundred by chance."""
    record = two_layers()
    report = compare(record, written([factor * np.array(layer) for layer in record.deltas()], digits))
    if digits > 4 or (digits == 4 and mistake is not SUM):
        assert [made.mistake for made in report.diagnosis.made] == [mistake]
    else:
        assert report.diagnosis is None
        assert f"This mistake would give these numbers: {mistake.name}" in report.advice


def test_the_mean_of_the_loss_is_the_n_of_its_outputs():
    record = two_layers(loss=mse)
    diagnosis = compare(record, two_layers().deltas()).diagnosis
    assert (diagnosis.made[0].mistake, diagnosis.n) == (SUM, 3)
    assert "1/n missing (n = 3), in the output layer" in str(diagnosis)


def test_a_sign_in_one_neuron_needs_digits():
    expected = [list(layer) for layer in two_layers().deltas()]
    expected[0][1] *= -1.0
    report = compare(two_layers(), expected)
    assert report.diagnosis.made[0].neurons == (1,)
    assert "opposite sign, in layer 1, neuron 2" in str(report)
    assert [(delta.layer, delta.neuron) for delta in report.first_wrong] == [(1, 2)]
    assert found(two_layers(), written(list(map(np.array, expected)), 3)) == []


def test_what_too_few_digits_show_is_a_hint_and_no_diagnosis():
    record = h1_record()
    right, output = record.deltas()
    report = compare(record, [[float(f"{2.0 * right[0]:.3g}")], output])
    assert report.diagnosis is None
    assert str(report.hint).startswith("This mistake would give these numbers: factor 2, in layer 1 (")
    assert str(report.hint) in report.advice
    assert found(record, [[float(f"{2.0 * right[0]:.7g}")], output]) == [DOUBLE]


def test_right_numbers_are_no_evidence_for_a_mistake_made_twice():
    """One wrong sign beside right numbers, which "opposite sign, in every layer" would lead to as well."""
    record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    sse(record.output, [1]).backward()
    right = written(list(map(np.array, record.deltas())), 3)
    assert compare(record, [right[0], [0.179]]).diagnosis is None


def test_a_short_number_is_no_more_evidence_than_one_with_three_digits():
    """−3 in place of 1 may be any number from −3.005 to −2.995, however exact the float is."""
    record = MLP.from_weights([[[0.5]]], activation="identity").forward([3])
    sse(record.output, [1]).backward()
    assert record.deltas() == [[1.0]]
    assert compare(record, [[-3.0]]).diagnosis is None
    assert compare(record, [["-3.0000000"]]).diagnosis is not None


@pytest.mark.parametrize("none", [None, np.array([None, None], dtype=object)], ids=["a number", "a layer"])
def test_a_number_that_is_not_given_is_neither_wrong_nor_evidence(none):
    record = two_layers()
    given = [[2.0 * delta for delta in layer] for layer in record.deltas()]
    if none is None:
        given[1][0] = None
    else:
        given[0] = [None] * len(given[0])
    report = compare(record, given)
    assert report.diagnosis.made[0].mistake is DOUBLE
    assert not any(delta.given.text == "–" for delta in report.wrong)
    with pytest.raises(AssertionError) as error:
        assert_deltas(record, given)
    assert len(error.value.values) == sum(x is not None for layer in given for x in layer)


def test_a_layer_that_is_not_given_may_be_wrong_already():
    record = two_layers()
    report = compare(record, [[2.0 * delta for delta in record.deltas()[0]], [None] * len(record.deltas()[1])])
    assert "No delta of layer 2 was given: it may be wrong already." in report.advice


def test_transposed_weights():
    record = two_layers()
    slopes = np.array([a.partials()[0] for a in record.activations[0]])
    wrong = slopes * (record.mlp.weights()[1].T @ record.deltas()[1])
    assert found(record, [wrong, record.deltas()[1]]) == [TRANSPOSED]


@pytest.mark.parametrize("output", ["identity", "softmax"])
def test_the_forgotten_off_diagonal_of_logits(output):
    """The deltas are y − one-hot, also where the loss takes net inputs; without the off-diagonal one is left."""
    record = two_layers(output, lambda outputs, target: 0.25 * softmax_cross_entropy(outputs, target), 1)
    if output == "softmax":  # the loss takes the net inputs, past the activations
        record = record.mlp.forward([0.8, -1.1])
        softmax_cross_entropy(record.net_inputs[-1], 1).backward()
    delta = min(record.deltas()[1])
    slopes = np.array([a.partials()[0] for a in record.activations[0]])
    hidden = slopes * record.mlp.weights()[1][:, 1] * delta
    assert found(record, [hidden, [0.0, delta, 0.0]]) == [OFF_DIAGONAL]


def test_a_softmax_that_is_sure_of_the_wrong_class_is_compared_without_a_warning():
    record = MLP.from_weights([[[0.0, -720.0]]], activation="identity").forward([1.0])
    softmax_cross_entropy(record.output, 1).backward()
    assert record.deltas() == [[1.0, -1.0]]
    assert len(compare(record, [[2.0, -2.0]]).wrong) == 2


def test_a_loss_that_takes_the_net_inputs_of_a_sigmoid():
    record = two_layers().mlp.forward([0.8, -1.1])
    binary_cross_entropy_with_logits(record.net_inputs[-1], [1, 0, 0]).backward()
    deltas = [2.0 * np.array(layer) for layer in record.deltas()]
    assert found(record, deltas) == [DOUBLE]
    slopes = np.array([a.partials()[0] for a in record.output])
    output = np.array(record.deltas()[1]) / slopes
    hidden = np.array([a.partials()[0] for a in record.activations[0]]) * (record.mlp.weights()[1] @ output)
    assert found(record, [hidden, output]) == [MISSING]


def test_two_mistakes_with_the_same_numbers_are_both_named():
    record = MLP.from_weights([[[0.5, 0.2], [0.1, -0.3]], [[0.7, -0.4, 0.2], [0.3, 0.9, 0.1]]], None, "hard_sigmoid")
    record = record.forward([1.0, 0.5])
    sse(record.output, [0.1, 0.9, 0.3]).backward()
    report = compare(record, [[6.0 * d for d in layer] for layer in record.deltas()])  # hard_sigmoid′ is 1/6
    assert SUM in report.diagnosis.others
    assert "Diagnosis: missing activation derivative, in the output layer (1/n missing would give the same" in str(
        report
    )


def test_an_expanded_network_is_diagnosed_alike():
    x = HANDOUT["inputs"]
    mlp = MLP.from_weights([np.transpose(x["w_in"]), np.transpose([x["w_out"]])], expanded=True)
    record = mlp.forward(x["x"])
    sse(record.output, 1).backward()
    assert found(record, handout_numbers(HANDOUT["step_handout"]["delta_h_handout"]), "handout") == [UPDATED]


def test_no_diagnosis_where_the_record_is_not_what_it_was():
    record = two_layers()
    expected = [[2.0 * d for d in layer] for layer in record.deltas()]
    record.mlp.layers[1].neurons[0].weights[0].data += 0.1
    report = compare(record, expected)
    assert report.diagnosis is None
    assert "weights have changed since backward()" in str(report)


def test_before_backward_the_report_says_so():
    record = two_layers().mlp.forward([0.8, -1.1])
    report = compare(record, two_layers().deltas())
    assert str(report) == "6 of 6 deltas differ: every delta of the engine is 0. Call backward() on the loss first."


def test_what_is_not_finite_differs_without_a_diagnosis():
    expected = [*two_layers().deltas()[:1], [np.inf, np.nan, 1.0]]
    report = compare(two_layers(), expected)
    assert len(report.wrong) == 3
    assert report.diagnosis is None


def test_comparing_changes_nothing():
    record = two_layers()
    before = [(v.data, v.grad) for layer in (*record.net_inputs, *record.activations) for v in layer]
    compare(record, [[2.0 * d for d in layer] for layer in record.deltas()])
    assert before == [(v.data, v.grad) for layer in (*record.net_inputs, *record.activations) for v in layer]


# The table ------------------------------------------------------------------------------------------------------------


def test_the_message_is_a_table_the_first_wrong_step_and_one_line_of_diagnosis():
    expected = written([2.0 * np.array(layer) for layer in handout_record().deltas()], 4)
    with pytest.raises(AssertionError) as error:
        assert_deltas(handout_record(), expected)
    lines = str(error.value).splitlines()
    assert lines[0] == "5 of 5 deltas differ, at the digits given and rtol = 1e-06 (ratio = expected / engine)"
    assert lines[1].split() == ["layer", "neuron", "expected", "engine", "ratio"]
    assert lines[2].split() == ["2", "1", "-0.3892", "-0.1946241934", "1.99975", "←", "first", "wrong", "step"]
    assert [line.split()[:2] for line in lines[2:7]] == [["2", "1"], ["1", "1"], ["1", "2"], ["1", "3"], ["1", "4"]]
    assert lines[7].startswith("The first wrong step, from the output back: layer 2 (the output), neuron 1.")
    assert lines[8] == "For neuron 1 it is δ = f′(z) · ∂C/∂a = 0.240805 · (-0.808222) = -0.194624."
    assert lines[9].startswith("Diagnosis: factor 2, in the output layer. To correct it: ")
    assert len(lines) == 10


def test_the_right_step_is_shown_in_the_convention_asked_for():
    expected = [[1.0, -0.0582, 0.0216, -0.0140], [0.1946]]
    text = str(compare(handout_record(), expected, "handout"))
    assert "For neuron 1 it is δ = f′(z) · Σ W·δ = 0.0643583 · (0.8 · 0.194624) = 0.0100205." in text
    assert "Diagnosis" not in text


def test_a_large_table_shows_what_differs():
    mlp = MLP(3, [70, 2], rng=0)
    record = mlp.forward([1, 2, 3])
    sse(record.output, [1, 0]).backward()
    expected = record.deltas()
    expected[0][5] *= 1.01
    text = str(compare(record, expected))
    assert "… and 71 more" in text
    assert "1           6" in text


# The digits given -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [3, 4, 7, ALL])
@pytest.mark.parametrize("convention", ["gradient", "handout"])
def test_right_deltas_agree_at_every_precision(digits, convention):
    rng = np.random.default_rng(digits)
    for _ in range(50):
        record = random_record(rng)
        assert_deltas(record, written(list(map(np.array, record.deltas(convention))), digits), convention)


@pytest.mark.parametrize("decimals", [4, 6])
def test_right_deltas_agree_when_rounded_to_as_many_decimals(decimals):
    record = handout_record()
    assert_deltas(record, [[round(d, decimals) for d in layer] for layer in record.deltas()])


@pytest.mark.parametrize(
    ("given", "agrees"),
    [
        ("0.2", True), ("0.19", True), ("0.195", True), ("0.194", False), ("0.1950", False), ("1.946e-1", True),
        ("−0.195", False), (0.195, True), (0.194, False), (0.1946, True), (0.1947, False),
        (Decimal("0.195"), True), (Decimal("0.1950"), False), (np.float32(0.19462419), True),
        (np.float64(0.1946), True),
    ],
)  # fmt: skip
def test_a_number_is_as_precise_as_it_is_written(given, agrees):
    """The engine's are 0.19462419 and, in the hidden layer, 0.0100205, −0.0582415, 0.0215753 and −0.0140282."""
    hidden = ["0.0100", "-0.058", "0.022", "−0.0140"]
    assert (not compare(handout_record(), [hidden, [given]], "handout").wrong) == agrees


def test_a_float_that_lost_its_zeros_is_as_precise_as_the_others():
    assert_deltas(handout_record(), [[0.01, -0.0582, 0.0216, -0.014], [0.1946]], "handout")  # 0.0100 and 0.0140
    assert not compare(handout_record(), [[0.011, -0.0582, 0.0216, -0.014], [0.1946]], "handout").first_wrong[0].agrees


def test_few_digits_alone_are_exact():
    record = MLP.from_weights([[[1.0]]], activation="identity").forward([0.5])
    sse(record.output, 0.25).backward()
    assert_deltas(record, [[0.5]])
    assert compare(record, [[0.51]]).wrong
    assert_deltas(MLP.from_weights([[[1.0]]]).forward([0.0]), [[0]])


def test_rtol_is_for_hand_calculation():
    hidden = [0.00995, -0.0583, 0.0217, -0.0141]
    assert compare(handout_record(), [hidden, [0.195]], "handout").wrong
    assert_deltas(handout_record(), [hidden, [0.195]], "handout", rtol=0.01)


@pytest.mark.parametrize(
    ("expected", "arguments", "message"),
    [
        ([[1, 2, 3]], {}, r"\[3\] deltas per layer, but the network has \[3, 3\] neurons"),
        ([[1, 2, 3], [1, 2]], {}, r"\[3, 2\] deltas per layer"),
        (1.0, {}, "no list of deltas"),
        ([[1, 2, 3], [1, "x", 3]], {}, r"expected\[1\]\[1\] is 'x'"),
        ([[None] * 3, [None] * 3], {}, "expected has no number: there is nothing to compare"),
        ([[1, 2, 3], [1, 2, 3]], {"convention": "other"}, "convention is 'other'"),
        ([[1, 2, 3], [1, 2, 3]], {"rtol": -1.0}, "rtol = -1.0"),
        ([[1, 2, 3], [1, 2, 3]], {"learning_rate": 0.0}, "learning_rate is 0.0"),
        ([[1, 2, 3], [1, 2, 3]], {"learning_rate": "a"}, "learning_rate is 'a'"),
    ],
)
def test_what_cannot_be_compared_is_refused(expected, arguments, message):
    with pytest.raises(ValueError, match=message):
        assert_deltas(two_layers(), expected, **arguments)
