"""Which mistakes explain the wrong answers to an exercise, judged from the student's own numbers.

Deltas are compared and diagnosed by `nn.checking.compare`, in the network that has the student's own net inputs and
activations; gradients by `autograd.checking.parameters`, from the student's own activations and deltas; and updates
here, from the student's own gradients.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from autograd.checking.digits import NOT_GIVEN, GivenNumber, read
from autograd.checking.digits import given as given_numbers
from autograd.checking.parameters import FACTOR_NAMES, explanation
from nn.checking.deltas import DeltaReport, compare
from nn.checking.mistakes import SIGN
from nn.validation import Floats
from viz.exercise.answers import Submission, flat
from viz.exercise.exercises import Exercise
from viz.exercise.letters import LETTERS, in_letters
from viz.exercise.marking import HAND_RTOL, Mark, agrees
from viz.exercise.own_numbers import floats, own_last_steps, own_record
from viz.exercise.sheet import instructions

OWN = ("wrong", "short")  # verdicts on numbers from which the later ones differ from the engine's
MIN_WRONG = 2  # updates of a layer that a mistake must explain
GROUP_TEXTS = {"gradients": "gradients", "bias_gradients": "bias gradients"}


class Finding(NamedTuple):
    """A line about the mistakes in a submission, and the names of the mistakes that it names."""

    line: str
    mistakes: tuple[str, ...] = ()


def diagnoses(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> list[Finding]:
    """Return the lines that name the mistakes, as far as the numbers show them."""
    work = (_deltas, _gradients, _updates)
    return [finding for part in work for finding in part(exercise, found, marks)]


def _deltas(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> Iterator[Finding]:
    """Yield the first wrong step of the deltas, and the mistake that explains them."""
    if not any(mark.group == "deltas" and mark.verdict == "wrong" for mark in marks):
        return
    expected = found.answers["deltas"]
    convention = "gradient" if exercise.sign > 0.0 else "handout"
    report = compare(exercise.record, expected, convention, HAND_RTOL)
    own_numbers = [_own_numbers(group, found, marks) for group in ("z", "a")]
    if any(mark.group in ("z", "a") and mark.verdict in OWN for mark in marks) and (
        own := own_record(exercise, *own_numbers)
    ):
        from_own = compare(own[0], expected, convention, HAND_RTOL)
        report = min(from_own, report, key=lambda report: len(report.wrong))
    if report.wrong:
        yield Finding(f"The first wrong step, from the output back: {_first(exercise, report)}.")
        if found_out := report.diagnosis or report.hint:
            this_sign = f"on this sheet δ is {'' if exercise.sign > 0.0 else '−'}∂C/∂z"
            line = str(found_out).replace(SIGN.remedy, this_sign).replace("give more digits", "repeat that step")
            names = (made.mistake.name + ", perhaps" * (not found_out.certain) for made in found_out.made)
            yield Finding(in_letters(line, exercise.convention), tuple(names))
        else:
            yield Finding("No known mistake explains these numbers beyond doubt: repeat that step.")


def _first(exercise: Exercise, report: DeltaReport) -> str:
    names = exercise.names()["deltas"]
    return ", ".join(names[delta.layer - 1][delta.neuron - 1] for delta in report.first_wrong)


def _own_numbers(group: str, found: Submission, marks: Sequence[Mark]) -> list[Floats]:
    """Return the answers of a group that are the student's own, [layer][neuron], with NaN for the others."""
    layers = range(len(found.answers[group]))
    of_group = [mark for mark in marks if mark.group == group]
    return [floats([m.text if m.verdict in OWN else None for m in of_group if m.layer == k]) for k in layers]


# Gradients and updates ------------------------------------------------------------------------------------------------


class UpdateMistake(NamedTuple):
    """A mistake in the updates of a layer.

    Attributes:
        name: What it is.
        remedy: How to correct it.
        updates: The numbers that it leads to.
    """

    name: str
    remedy: str
    updates: Floats


def _gradients(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> Iterator[Finding]:
    """Yield a line for each mistake that explains all gradients of all layers, or of one, from the student's deltas."""
    letters = LETTERS[exercise.convention]
    for group, steps in own_last_steps(exercise, found.answers).items():
        wrong = _wrong(group, marks)
        given = [(steps[k], _given(found.answers[group][k])) for k in wrong]
        explained = explanation(given) or [made for one in given for made in explanation([one])]
        product = f"it is ({letters.a} of the sender) · ({letters.delta} of the receiver)"
        if group == "bias_gradients":
            product = f"it is {letters.delta}, for a bias is multiplied by 1"
        for made in explained:
            name, remedy = (in_letters(text, exercise.convention) for text in (made.name, made.remedy))
            if name in FACTOR_NAMES:
                remedy = f"{letters.delta} has every sign and factor of the loss already; {product}"
            yield _finding(name, GROUP_TEXTS[group], list(map(int, made.places)), remedy)


def _given(numbers: Sequence[Any]) -> list[GivenNumber]:
    """Return the answers of a layer as they were written."""
    return given_numbers([NOT_GIVEN if x is None else read(x, "an answer") for x in flat(numbers)], HAND_RTOL)


def _updates(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> Iterator[Finding]:
    """Yield a line for each mistake that explains all updates of a layer, of which two or more are wrong."""
    layers: dict[tuple[str, str], list[int]] = {}
    for k, count in _wrong("updates", marks).items():
        texts = flat(found.answers["updates"][k])
        mistakes = update_mistakes(exercise, found, k) if count >= MIN_WRONG else ()
        if named := next((m for m in mistakes if _explains(m, texts)), None):
            layers.setdefault((named.name, named.remedy), []).append(k + 1)
    for (name, remedy), numbers in layers.items():
        yield _finding(name, "updates", numbers, remedy)


def _wrong(group: str, marks: Sequence[Mark]) -> dict[int, int]:
    """Return how many answers of a group are wrong in each layer, counted from 0, where any is."""
    return dict(sorted(Counter(m.layer for m in marks if m.group == group and m.verdict == "wrong").items()))


def _finding(name: str, kind: str, layers: Sequence[int], remedy: str) -> Finding:
    of = f"layer{'s' * (len(layers) > 1)} {' and '.join(map(str, layers))}"
    return Finding(f"Diagnosis: {name}, in the {kind} of {of}. To correct it: {remedy}.", (f"{name}, in {kind}",))


def _explains(mistake: UpdateMistake, texts: Sequence[str | None]) -> bool:
    """Return whether a mistake leads to every number that is given, as far as it leads to one."""
    known = [(x, y) for x, y in zip(texts, flat(mistake.updates), strict=True) if x is not None and math.isfinite(y)]
    return len(known) >= MIN_WRONG and all(agrees(x, y) for x, y in known)


def update_mistakes(exercise: Exercise, found: Submission, k: int) -> Iterator[UpdateMistake]:
    """Yield the mistakes in the updates of layer k, counted from 0, from the student's own gradients."""
    gradients, W = floats(found.answers["gradients"][k]), exercise.record.mlp.weights()[k]
    right = -exercise.learning_rate * exercise.sign * gradients
    rule = f"it is {instructions(exercise)[-1].partition(': ')[2]}"
    yield UpdateMistake("opposite sign", f"{rule}, for the loss is to fall", -right)
    yield UpdateMistake("missing learning rate", rule, right / exercise.learning_rate)
    yield UpdateMistake("missing learning rate and opposite sign", rule, -right / exercise.learning_rate)
    yield UpdateMistake("new weight instead of its change", rule, W + right)
    yield UpdateMistake(
        "transposed matrix", "its rows are the senders, its columns the receivers", right.T.reshape(W.shape)
    )
