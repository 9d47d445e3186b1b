"""Which mistakes explain the wrong answers to an exercise, judged from the student's own numbers.

Deltas are compared and diagnosed by `nn.checking.compare`, in the network that has the student's own net inputs and
activations. A weight gradient is a product of two numbers, so its mistakes are known one by one.

Letters: x sender's activation, z net input, a activation, f activation function, δ = ∂C/∂z or −∂C/∂z;
W[sender, receiver].
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from autograd import TABLE
from nn.checking.deltas import DeltaReport, compare
from nn.validation import Floats
from viz.exercise.answers import Submission, flat, mapped
from viz.exercise.exercises import Exercise
from viz.exercise.letters import LETTERS
from viz.exercise.marking import HAND_RTOL, Mark, agrees
from viz.exercise.own_numbers import floats, own_record, slope
from viz.exercise.sheet import instructions

UNKNOWN = "0e400"  # a number of which no digit is known: every delta agrees with it, so it is no evidence
OWN = ("wrong", "short")  # verdicts on numbers from which the later ones differ from the engine's
MIN_WRONG = 2  # numbers of a layer that a mistake must explain
MIN_WRONG_FOR_FACTOR = 4  # for a factor that is fitted to them


class Finding(NamedTuple):
    """A line about the mistakes in a submission, and the names of the mistakes that it names."""

    line: str
    mistakes: tuple[str, ...] = ()


def diagnoses(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> list[Finding]:
    """Return the lines that name the mistakes, as far as the numbers show them."""
    return [*_deltas(exercise, found, marks), *_gradients(exercise, found, marks)]


def _deltas(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> Iterator[Finding]:
    """Yield the first wrong step of the deltas, and the mistake that explains them."""
    if not any(mark.group == "deltas" and mark.verdict == "wrong" for mark in marks):
        return
    expected = mapped(lambda text: UNKNOWN if text is None else text, found.answers["deltas"])
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
        if report.diagnosis:
            yield Finding(str(report.diagnosis), tuple(made.mistake.name for made in report.diagnosis.made))
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


# Gradients ------------------------------------------------------------------------------------------------------------


class Mistake(NamedTuple):
    """A mistake in the gradients of a layer.

    Attributes:
        name: What it is.
        remedy: How to correct it.
        gradients: The numbers that it leads to.
    """

    name: str
    remedy: str
    gradients: Floats


def _gradients(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> Iterator[Finding]:
    """Yield a line for each mistake that explains all gradients of a layer, of which two or more are wrong."""
    layers: dict[tuple[str, str, str], list[int]] = {}
    for group, kind, mistakes in (
        ("gradients", "gradients", weight_mistakes),
        ("bias_gradients", "bias gradients", bias_mistakes),
        ("updates", "updates", update_mistakes),
    ):
        for k, given in enumerate(found.answers.get(group, [])):
            wrong = sum(m.verdict == "wrong" for m in marks if m.group == group and m.layer == k)
            if wrong < MIN_WRONG:
                continue
            if named := next((m for m in mistakes(exercise, found, k) if _explains(m, flat(given))), None):
                layers.setdefault((named.name, kind, named.remedy), []).append(k + 1)
    for (name, kind, remedy), numbers in layers.items():
        of = f"layer{'s' * (len(numbers) > 1)} {' and '.join(map(str, numbers))}"
        line = f"Diagnosis: {name}, in the {kind} of {of}. To correct it: {remedy}."
        yield Finding(line, (f"{name}, in {kind}",))


def _explains(mistake: Mistake, texts: Sequence[str | None]) -> bool:
    """Return whether a mistake leads to every number that is given, as far as it leads to one."""
    known = [(x, y) for x, y in zip(texts, flat(mistake.gradients), strict=True) if x is not None and math.isfinite(y)]
    return len(known) >= MIN_WRONG and all(agrees(x, y) for x, y in known)


@np.errstate(all="ignore")
def weight_mistakes(exercise: Exercise, found: Submission, k: int) -> Iterator[Mistake]:
    """Yield the mistakes in the weight gradients of layer k, counted from 0, from the student's own numbers."""
    x, z_senders, z, a, delta = _own(exercise, found, k)
    letters, W = LETTERS[exercise.convention], exercise.record.mlp.weights()[k]
    right, ones = np.outer(x, delta), np.ones(len(x))
    product = f"it is ({letters.a} of the sender) · ({letters.delta} of the receiver)"
    rows = "its rows are the senders, its columns the receivers"
    yield Mistake("transposed matrix", rows, right.T.reshape(right.shape))
    yield Mistake("missing activation of the sender", "multiply by it", np.outer(ones, delta))
    net_input = f"a weight multiplies {letters.a}, not {letters.z}"
    yield Mistake("net input of the sender instead of its activation", net_input, np.outer(z_senders, delta))
    yield Mistake("missing delta of the receiver", "multiply by it", np.outer(x, np.ones(len(delta))))
    yield Mistake("activation of the receiver instead of the sender's", product, np.outer(ones, a * delta))
    yield Mistake("weight in place of the activation", product, W * delta)
    if not (exercise.loss == "cross_entropy" and k == len(found.answers["z"]) - 1):
        f_prime = slope(TABLE[exercise.activation], z, a)
        yield Mistake(f"f′({letters.z}) a second time", f"{letters.delta} already has it; {product}", right * f_prime)
    yield from _factors(right, flat(found.answers["gradients"][k]), product, letters.delta)


def bias_mistakes(exercise: Exercise, found: Submission, k: int) -> Iterator[Mistake]:
    """Yield the mistakes in the bias gradients of layer k, counted from 0, from the student's own numbers."""
    x, _, _, _, delta = _own(exercise, found, k)
    letter = LETTERS[exercise.convention].delta
    product = f"it is {letter}, for a bias is multiplied by 1"
    for sender in x:
        yield Mistake("multiplied by the activation of a sender", product, sender * delta)
    yield from _factors(delta, flat(found.answers["bias_gradients"][k]), product, letter)


def update_mistakes(exercise: Exercise, found: Submission, k: int) -> Iterator[Mistake]:
    """Yield the mistakes in the updates of layer k, counted from 0, from the student's own gradients."""
    gradients, W = floats(found.answers["gradients"][k]), exercise.record.mlp.weights()[k]
    right = -exercise.learning_rate * exercise.sign * gradients
    rule = f"it is {instructions(exercise)[-1].partition(': ')[2]}"
    yield Mistake("opposite sign", f"{rule}, for the loss is to fall", -right)
    yield Mistake("missing learning rate", rule, right / exercise.learning_rate)
    yield Mistake("missing learning rate and opposite sign", rule, -right / exercise.learning_rate)
    yield Mistake("new weight instead of its change", rule, W + right)
    yield Mistake("transposed matrix", "its rows are the senders, its columns the receivers", right.T.reshape(W.shape))


def _factors(right: Floats, texts: Sequence[str | None], product: str, delta: str) -> Iterator[Mistake]:
    """Yield the common factors by which all gradients of a layer may be off."""
    yield Mistake("opposite sign", product, -right)
    yield Mistake("factor 2", f"{delta} already has every factor of the loss; {product}", 2.0 * right)
    yield Mistake("factor ½", f"{delta} already has every factor of the loss; {product}", 0.5 * right)
    ratios = [float(x) / y for x, y in zip(texts, flat(right), strict=True) if x is not None and y]
    if len(ratios) >= MIN_WRONG_FOR_FACTOR:
        factor = float(np.median(ratios))
        remedy = f"a gradient is given without the learning rate; {product}"
        yield Mistake(f"common factor {factor:.3g}".replace("-", "−"), remedy, factor * right)


def _own(exercise: Exercise, found: Submission, k: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return the senders' activations and net inputs, and the receivers' z, a and δ, as the student has them."""
    inputs = floats([x.data for x in exercise.record.inputs])
    z, a = ([floats(layer) for layer in found.answers[group]] for group in ("z", "a"))
    x, z_senders = (a[k - 1], z[k - 1]) if k else (inputs, inputs)
    return x, z_senders, z[k], a[k], floats(found.answers["deltas"][k])
