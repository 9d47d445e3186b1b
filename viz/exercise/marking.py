"""Marks of the answers to an exercise: right, right to fewer digits, a consequence of earlier numbers, or wrong.

A number that is not right, but follows from the student's own earlier numbers, is marked as such.

Letters: z net input, a activation, C the loss, δ = ∂C/∂z or −∂C/∂z.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from viz.exercise.answers import Answers, Submission, flat, walk
from viz.exercise.letters import labels
from viz.exercise.own_numbers import own_answers

if TYPE_CHECKING:
    from viz.exercise.exercises import Exercise

DIGITS_ASKED = 4
HAND_RTOL = 2.0 * 10.0 ** (1 - DIGITS_ASKED)  # two units of the last digit asked, where these weigh most, as in 1.000
MAX_SHOWN = 4  # answers in a remark that names several
MAX_WRONG = 8  # answers of a group that are shown as wrong, one in each line


class Mark(NamedTuple):
    """One answer and its mark.

    Attributes:
        group: Its group, such as "deltas".
        layer: Counted from 0.
        name: What the sheet calls it.
        text: The number as it was given; None if it is blank.
        verdict: "right", "short" (right to fewer digits), "misplaced" (right, but in another place), "follows" (from
            the student's own earlier numbers), "wrong" or "blank".
        digits: To how many digits it is right, if it is short.
    """

    group: str
    layer: int
    name: str
    text: str | None
    verdict: str
    digits: int = 0


def marks_of(exercise: Exercise, found: Submission) -> list[Mark]:
    """Return the mark of every answer, in the order of the sheet."""
    names, solution, own = exercise.names(), exercise.answers(), own_answers(exercise, found.answers)
    marks = []
    for group in solution:
        engine, followed = solution[group], [flat(layer) for layer in own[group]]
        misplaced = group in found.reversed or reversed_by_numbers(group, found.answers, solution)
        if misplaced and group not in found.reversed:
            found.reversed.add(group)
            found.answers[group] = found.answers[group][::-1]
            return marks_of(exercise, found)
        for k, layer in enumerate(found.answers[group]):
            moved = misplaced or (group, k) in found.transposed
            for x, y, z, (_, name) in zip(
                flat(layer), flat(engine[k]), followed[k], walk(names[group][k]), strict=True
            ):
                verdict, digits = verdict_of(x, y, z)
                verdict = "misplaced" if moved and verdict in ("right", "short") else verdict
                marks.append(Mark(group, k, name, x, verdict, digits))
    return marks


def verdict_of(text: str | None, engine: float, own: float) -> tuple[str, int]:
    """Return the verdict on an answer, and to how many digits it is right if these are too few.

    Args:
        text: The answer.
        engine: The right number.
        own: The number that follows from the student's own earlier ones.

    >>> verdict_of("0.1911", 0.19107, 0.5), verdict_of("0.19", 0.19107, 0.5), verdict_of("0.5", 0.19107, 0.5)
    (('right', 0), ('short', 2), ('follows', 0))
    """
    if text is None:
        return "blank", 0
    if agrees(text, engine):
        return "right", 0
    if digits := digits_right(text, engine):
        return "short", digits
    return ("follows" if agrees(text, own) or digits_right(text, own) else "wrong"), 0


def agrees(text: str, number: float) -> bool:
    """Return whether a text is a number, as far as calculating by hand goes."""
    return math.isclose(float(text), number, rel_tol=HAND_RTOL, abs_tol=1e-12)


def digits_right(text: str, number: float) -> int:
    """Return how many digits a text has if the number rounds to it, and otherwise 0."""
    decimal = Decimal(text)
    half_unit = 0.5 * 10.0 ** int(decimal.as_tuple().exponent)
    rounds = decimal and abs(float(decimal) - number) <= half_unit * (1.0 + 1e-9)
    return len(decimal.as_tuple().digits) if rounds else 0


def reversed_by_numbers(group: str, answers: Answers, solution: Answers) -> bool:
    """Return whether a group is right from end to start, and its layers have equally many numbers either way."""
    layers, engine = [flat(layer) for layer in answers[group]], [flat(layer) for layer in solution[group]]
    if len(layers) < 2 or [*map(len, layers)] != [*map(len, layers[::-1])]:
        return False

    def agreeing(order: list[list[str | None]]) -> int:
        return sum(x is not None and agrees(x, y) for x, y in zip(flat(order), flat(engine), strict=True))

    given = sum(x is not None for x in flat(layers))
    return given > 1 and agreeing(layers[::-1]) == given > agreeing(layers)


# The text of the marks ------------------------------------------------------------------------------------------------


def summary(exercise: Exercise, found: Submission, marks: Sequence[Mark]) -> list[str]:
    """Return the lines that say which exercise was marked, and what is right, group by group."""
    counts = {verdict: sum(mark.verdict == verdict for mark in marks) for verdict in ("right", "short")}
    fewer = f", and {counts['short']} to fewer digits than the sheet asks for" * (counts["short"] > 0)
    lines = [
        f"Exercise {exercise.options}{f', answers of {found.name}' * bool(found.name)}",
        f"{counts['right']} of {len(marks)} answers are right{fewer}.",
    ]
    for group in found.answers:
        of_group = [mark for mark in marks if mark.group == group]
        right = sum(mark.verdict == "right" for mark in of_group)
        lines.append(f"  {labels(exercise.convention)[group]:7} {right} of {len(of_group)} right")
        lines += [f"          {remark}" for remark in remarks(of_group, group in found.reversed)]
    return lines + [f"  Not read: {fault}" for fault in found.faults] + [f"  {remark}" for remark in found.remarks]


def remarks(marks: Sequence[Mark], reverse: bool) -> Iterator[str]:
    """Yield the remarks on a group: what is wrong, what follows from it, what is short, moved or blank."""
    wrong = [mark for mark in marks if mark.verdict == "wrong"]
    yield from (f"{written(mark)} is wrong" for mark in wrong[:MAX_WRONG])
    if more := len(wrong[MAX_WRONG:]):
        yield f"{more} more {'are' if more > 1 else 'is'} wrong"
    for digits in range(1, DIGITS_ASKED):
        short = [mark for mark in marks if mark.verdict == "short" and mark.digits == digits]
        if short:
            more = len(short[MAX_SHOWN:])
            shown = ", ".join(map(written, short[:MAX_SHOWN])) + f" and {more} more" * bool(more)
            of = f"{digits} digit{'s' * (digits > 1)}"
            yield f"{shown} {'are' if len(short) > 1 else 'is'} right to {of}; the sheet asks for {DIGITS_ASKED}"
    if follow := sum(mark.verdict == "follows" for mark in marks):
        yield "1 follows from your own numbers" if follow == 1 else f"{follow} follow from your own numbers"
    moved = [mark for mark in marks if mark.verdict == "misplaced"]
    if reverse:
        yield f"the layers stand in reverse order: the first comes first; otherwise {len(moved)} would be right"
    else:
        for k in sorted({mark.layer for mark in moved}):
            right = sum(mark.layer == k for mark in moved)
            yield (
                f"the matrix of layer {k + 1} is transposed: a row for each sender, a column for each receiver; "
                f"otherwise {right} would be right"
            )
    if blank := sum(mark.verdict == "blank" for mark in marks):
        yield "1 is blank" if blank == 1 else f"{blank} are blank"


def written(mark: Mark) -> str:
    """Return an answer with its name, as the sheet would write it."""
    return f"{mark.name} = {mark.text}".replace("= -", "= −")
