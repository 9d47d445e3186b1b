"""Answers to an exercise, read from a file and marked: right, wrong, or consistent with an earlier wrong answer.

A number that is not right, but follows from the student's own earlier numbers, is marked as such. Deltas are compared
and diagnosed by `compare`, gradients by `autograd.checking.diagnosis`.

Letters: z net input, a activation, C the loss, δ = ∂C/∂z or −∂C/∂z; W[sender, receiver].
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import TABLE, Operation, softmax
from autograd.checking.diagnosis import diagnose
from autograd.checking.digits import GivenNumber, given, read
from nn.checking.deltas import compare
from nn.record import sign_of_delta
from nn.validation import Array

if TYPE_CHECKING:
    from autograd import Value
    from nn.exercise.sheet import Exercise
    from nn.record import Record

# "z", "a", "deltas", "bias_gradients": [layer][neuron]; "gradients": [layer][sender][receiver]
Answers = dict[str, Any]
HAND_RTOL = 2e-3  # the relative error of calculating by hand with four or five digits
GROUP_LABELS = {"z": "z", "a": "a", "deltas": "δ", "gradients": "∂C/∂w", "bias_gradients": "∂C/∂b"}


# Reading --------------------------------------------------------------------------------------------------------------


def read_answers(path: Path, options: str, solution: Answers) -> Answers:
    """Return the answers in a file, in the shape of the solution: a number, or None for a blank.

    Args:
        path: The file.
        options: The options of the exercise that it must answer.
        solution: The right answers.

    Raises:
        ValueError: For a file that is not JSON, answers another exercise or does not have the solution's shape, and
            for an answer that is not a finite number; the message names the place and the remedy.
    """
    try:
        answers = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}; --template {path} writes one to fill in") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text: save it as UTF-8, or start from --template") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{path}, {place}: {error.msg}; is the file complete? --template writes a new one") from None
    except ValueError as error:
        if str(error).startswith(str(path)):
            raise
        raise ValueError(f"{path}: {error}; give a finite number, or null for a blank") from None
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply; --template writes the right shape") from None
    if not isinstance(answers, dict):
        raise ValueError(f"{path} is not an object with answers, {{…}}; --template writes one")
    if (of := answers.pop("exercise", options)) != options:
        raise ValueError(f"{path} answers the exercise {of!r}, not {options!r}: give the options of its exercise")
    if missing := solution.keys() - answers.keys():
        raise ValueError(f"{path} has no {', '.join(sorted(missing))}; --template writes every name")
    if unknown := answers.keys() - solution.keys():
        raise ValueError(f"{path} has {', '.join(sorted(unknown))}, which the exercise does not ask for; remove it")
    for name, numbers in solution.items():
        _check(answers[name], numbers, f"{path}: {name}")
    return answers


def _check(answer: Any, number: Any, place: str) -> None:
    """Raise ValueError if an answer does not have the shape of the solution, or is not a number."""
    if isinstance(number, list):
        if not isinstance(answer, list):
            raise ValueError(f"{place} is {_short(answer)}; give a list of {len(number)}, as --template does")
        if len(answer) != len(number):
            raise ValueError(f"{place} has {len(answer)} entries; give {len(number)}, as --template does")
        for i, pair in enumerate(zip(answer, number, strict=True)):
            _check(*pair, f"{place}[{i}]")
    elif isinstance(answer, bool) or not isinstance(answer, (int, float, type(None))):
        raise ValueError(f"{place} is {_short(answer)}; give a number such as −0.0123 (with a plain -), or null")
    elif answer is not None and not abs(answer) < 1e100:
        raise ValueError(f"{place} is {_short(answer)}; give a finite number below 1e100, or null for a blank")


def _short(answer: Any) -> str:
    text = json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 40 else f"{text[:39]}…"


# Marking --------------------------------------------------------------------------------------------------------------


class Mark(NamedTuple):
    """One answer and its mark.

    Attributes:
        group: Its group, such as "deltas".
        name: What the sheet calls it.
        answer: The number; None if it is blank.
        right: Whether it is right.
        follows: Whether it follows from the student's own earlier numbers.
    """

    group: str
    name: str
    answer: float | None
    right: bool
    follows: bool


def marked(exercise: Exercise, answers: Answers) -> tuple[str, bool]:
    """Return the marks of all answers as text, and whether every answer is right."""
    names, solution, own = exercise.names(), exercise.answers(), own_answers(exercise, answers)
    marks = [
        mark for group in solution for mark in marks_of(group, *[x[group] for x in (names, answers, solution, own)])
    ]
    right = sum(mark.right for mark in marks)
    lines = [f"{right} of {len(marks)} answers are right."]
    for group in solution:
        of_group = [mark for mark in marks if mark.group == group]
        lines.append(f"  {GROUP_LABELS[group]:7} {sum(mark.right for mark in of_group)} of {len(of_group)} right")
        lines += [f"          {remark}" for remark in remarks(of_group)]
    return "\n".join(lines + diagnoses(exercise, answers, marks)), right == len(marks)


def marks_of(group: str, names: Any, answers: Any, solution: Any, own: Any) -> Iterator[Mark]:
    """Yield the mark of every answer in a group.

    Args:
        group: The name of the group.
        names: What the sheet calls each answer; a nested list like the other arguments.
        answers: The student's answers.
        solution: The right answers.
        own: What each answer would be, given the student's own earlier ones.
    """
    filled = [
        (name, x, engine, other)
        for name, x, engine, other in zip(*map(flat, (names, answers, solution, own)), strict=True)
    ]
    numbers = iter(given([read(x, name) for name, x, _, _ in filled if x is not None], HAND_RTOL))
    for name, x, engine, other in filled:
        if x is None:
            yield Mark(group, name, None, False, False)
        else:
            number = next(numbers)
            yield Mark(group, name, x, number.agrees(engine), number.agrees(other))


@np.errstate(all="ignore")
def own_answers(exercise: Exercise, answers: Answers) -> Answers:
    """Return what each answer would be, given the student's own earlier ones; NaN if one of these is blank."""
    mlp, y = exercise.record.mlp, np.array(exercise.target)
    f = TABLE[exercise.activation]
    sign = sign_of_delta(exercise.convention)
    z, a, deltas = ([floats(layer) for layer in answers[name]] for name in ("z", "a", "deltas"))
    weights, senders = mlp.weights(), [floats([x.data for x in exercise.record.inputs]), *a[:-1]]
    biases = mlp.biases() or [np.zeros(len(layer)) for layer in z]
    if exercise.loss == "cross_entropy":
        outputs, output_delta = floats(softmax(z[-1].tolist())), sign * (a[-1] - y)
    else:
        outputs = f(z[-1])
        output_delta = sign * (2.0 if exercise.loss == "sse" else 1.0) * (a[-1] - y) * slope(f, z[-1], a[-1])
    hidden: list[Floats] = [slope(f, z[k], a[k]) * (weights[k + 1] @ deltas[k + 1]) for k in range(len(a) - 1)]
    return {
        "z": [x @ W + b for x, W, b in zip(senders, weights, biases, strict=True)],
        "a": [*map(f, z[:-1]), outputs],
        "deltas": [*hidden, output_delta],
        "gradients": [sign * np.outer(x, delta) for x, delta in zip(senders, deltas, strict=True)],
        "bias_gradients": [sign * delta for delta in deltas],
    }


def slope(row: Operation, z: Floats, a: Floats) -> Floats:
    """Return the derivative of an activation as it is computed by hand, from a where the formula allows."""
    derivative: Floats = row.textbook(a, z) if row.textbook else row.local_derivatives(a, [z], [True])[0]
    return derivative


def remarks(marks: Sequence[Mark]) -> list[str]:
    """Return the remarks on a group: which answers are wrong, how many follow from wrong ones, how many are blank."""
    wrong = [mark for mark in marks if not mark.right and mark.answer is not None]
    lines = [f"{mark.name} = {mark.answer:.6g} is wrong".replace("= -", "= −") for mark in wrong if not mark.follows]
    if follow := sum(mark.follows for mark in wrong):
        lines.append("1 follows from your own numbers" if follow == 1 else f"{follow} follow from your own numbers")
    if blank := sum(mark.answer is None for mark in marks):
        lines.append("1 is blank" if blank == 1 else f"{blank} are blank")
    return lines


def diagnoses(exercise: Exercise, answers: Answers, marks: list[Mark]) -> list[str]:
    """Return the lines that name the mistakes, as far as the numbers show them."""
    wrong = {mark.group for mark in marks if not mark.right}
    blank = {mark.group for mark in marks if mark.answer is None}
    if "deltas" in wrong:
        if wrong & {"z", "a"} or "deltas" in blank:
            return ["The deltas are diagnosed once all of them are given and the forward pass is right."]
        report = compare(exercise.record, answers["deltas"], exercise.convention, HAND_RTOL)
        names = exercise.names()["deltas"]
        first = ", ".join(names[delta.layer - 1][delta.neuron - 1] for delta in report.first_wrong)
        known = str(report.diagnosis or "No known mistake explains these numbers beyond doubt: repeat that step.")
        return [f"The first wrong step, from the output back: {first}.", known]
    if "gradients" in wrong and not wrong & {"z", "a"} and "gradients" not in blank:
        if lines := gradient_mistakes(exercise, answers["gradients"]):
            return lines
        values = [w for layer in exercise.record.mlp.layers for w in flat([n.weights for n in layer.neurons])]
        by_neuron = [x for W in answers["gradients"] for x in flat(list(zip(*W, strict=True)))]
        numbers = given([read(x, "") for x in by_neuron], HAND_RTOL)
        return list(filter(None, [diagnose([*values, exercise.C], [*numbers, *given([read(1.0, "")], HAND_RTOL)])]))
    return []


def gradient_mistakes(exercise: Exercise, answers: Sequence[Any]) -> list[str]:
    """Return a line for each layer with two or more wrong weight gradients that one mistake reproduces."""
    record, lines = exercise.record, []
    for k, right in enumerate(record.mlp.gradients()):
        deltas = np.array(record.deltas()[k])
        zs, senders = ([x.data for x in values] for values in sending(record, k))
        one, ones = np.ones(len(deltas)), np.ones(len(senders))
        mistakes = {
            ("transposed matrix", "its rows are the senders, its columns the receivers"): right.T.reshape(right.shape),
            ("missing activation of the sender", "multiply by it"): np.outer(ones, deltas),
            ("net input of the sender instead of its activation", "a weight multiplies a, not z"): np.outer(zs, deltas),
            ("missing delta of the receiver", "multiply by it"): np.outer(senders, one),
        }
        numbers = given([read(x, "") for x in flat(answers[k])], HAND_RTOL)

        def agreeing(W: Floats, numbers: list[GivenNumber] = numbers) -> int:
            return sum(x.agrees(g) for x, g in zip(numbers, W.ravel().tolist(), strict=True))

        if agreeing(right) > right.size - 2:
            continue
        for (name, remedy), W in mistakes.items():
            if agreeing(W) == W.size:
                lines.append(f"Diagnosis: {name}, in the gradients of layer {k + 1}. To correct it: {remedy}.")
                break
    return lines


def sending(record: Record, k: int) -> tuple[list[Value], list[Value]]:
    """Return the net inputs and activations of layer k's senders; for layer 0, the first, both are the inputs."""
    return (record.net_inputs[k - 1], record.activations[k - 1]) if k else (record.inputs, record.inputs)


def floats(numbers: Any) -> Floats:
    """Return answers as an array, with NaN for a blank."""
    return np.array([math.nan if x is None else x for x in numbers])


def flat(numbers: Any) -> list[Any]:
    """Return the entries of nested lists, in order."""
    nested = isinstance(numbers, (list, tuple, np.ndarray))
    return [x for entry in numbers for x in flat(entry)] if nested else [numbers]
