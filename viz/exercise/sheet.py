"""An exercise as a sheet of text, with blanks or with its solution, in the letters of a course."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from textwrap import wrap

from viz.exercise.exercises import Exercise
from viz.exercise.letters import ACTIVATION_TEXTS, LETTERS, LOSS_TEXTS

PRECISION = "Calculate with five significant digits, and write down four: 0.01234, 1.235."
INDENT = "\n" + " " * 13  # of a question's second line
BLANK, WIDTH, LABEL_WIDTH, GAP = "________", 78, 12, "   "


def sheet(exercise: Exercise, solution: bool = False, name: str = "") -> str:
    """Return the sheet as text, with blanks or with the solution, for a student if a name is given."""
    title, *given = data(exercise, solution)
    lines = [title, *labelled("Name", name), *given, "", *questions(exercise, solution)]
    return "\n".join(line.rstrip() for line in lines)


def data(exercise: Exercise, solution: bool = False) -> list[str]:
    """Return the first part of the sheet: the given numbers."""
    record, mlp, c = exercise.record, exercise.record.mlp, exercise.notation
    letters = LETTERS[exercise.convention]._asdict()
    inputs = [f"{c.x(i).text} = {written(x.data)}" for i, x in enumerate(record.inputs, 1)]
    targets = [f"{c.y(k).text} = {written(y)}" for k, y in enumerate(exercise.target, 1)]
    but = ", but in the last layer" if exercise.loss == "cross_entropy" else ""
    lines = [
        f"A network of {' – '.join(map(str, mlp.sizes))} neurons, one step by hand{': the solution' * solution}",
        *wrap(f"({exercise.options})", WIDTH, break_on_hyphens=False),
        "",
        *labelled(
            "Activation", f"{exercise.activation}{but}: {ACTIVATION_TEXTS[exercise.activation]}".format(**letters)
        ),
        *labelled("Loss", LOSS_TEXTS[exercise.loss].format(**letters)),
        *labelled("Letters", c.reading.replace("$", "")),
        *labelled("Inputs", ", ".join(inputs)),
        *labelled("Targets", ", ".join(targets)),
        *labelled("Rate", f"η = {exercise.learning_rate:g}"),
    ]
    biases = mlp.biases()
    for k, W in enumerate(mlp.weights()):
        lines += ["", f"Weights into layer {k + c.first}: a row for each sender, a column for each receiver"]
        lines += table(exercise, k, W.tolist(), biases[k].tolist() if biases else None, written)
    return lines


def labelled(label: str, text: str) -> list[str]:
    """Return a text behind a label, in lines that fit the sheet; none for no text."""
    lines = wrap(text, WIDTH - LABEL_WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f"{name:{LABEL_WIDTH}}{line}" for name, line in zip([label, *[""] * len(lines)], lines, strict=False)]


def instructions(exercise: Exercise) -> tuple[str, str, str, str]:
    """Return what is asked, forward, backward, for the gradients and for the update; lines may follow the first."""
    z, a, out, _, delta, C, gradient, bias_gradient = LETTERS[exercise.convention]
    bias, minus = bool(exercise.record.mlp.biases()), "" if exercise.sign > 0.0 else "−"
    output = f"{minus}f′({z}) · ∂{C}/∂{out}"
    if exercise.loss == "cross_entropy":
        output = f"{minus}Σ ∂{out}ᵢ/∂{z} · ∂{C}/∂{out}ᵢ over the outputs i"
    backward = f"2  Backward: at the output  {delta} = {output}"
    if len(exercise.record.net_inputs) > 1:
        backward += f"{INDENT}elsewhere      {delta} = f′({z}) · Σ w·{delta}, over the next layer"
    product = f"3  Gradients: {gradient} = ({a} of the sender) · ({delta} of the receiver)"
    return (
        f"1  Forward: {z} = Σ w · ({a} of the sender){' + bias' * bias}, then {a} = f({z})",
        backward,
        f"{product}{f'{INDENT}{bias_gradient} = {delta}' * bias}",
        f"4  Update: Δw = {'−η' if exercise.sign > 0.0 else 'η'} · {f'({gradient})' if minus else gradient}",
    )


def questions(exercise: Exercise, solution: bool) -> list[str]:
    """Return the second part of the sheet: the questions, with blanks or with the solution."""
    names, answers = exercise.names(), exercise.answers()
    forward, backward, gradients, update = instructions(exercise)

    def number(x: float) -> str:
        return f"{Decimal(f'{x:#.4g}'):f}".replace("-", "−") if solution else BLANK  # with trailing zeros

    def blanks(group: str, k: int) -> list[str]:
        cells = [f"{name} = {number(x):8}" for name, x in zip(names[group][k], answers[group][k], strict=True)]
        return ["    " + GAP.join(cells[i:j]) for i, j in packed([len(cell) for cell in cells], WIDTH - 4)]

    layers, biases = range(len(answers["z"])), answers.get("bias_gradients")
    lines = [PRECISION, "", forward]
    for k in layers:
        lines += [*blanks("z", k), *blanks("a", k)]
    lines += ["", *backward.splitlines()]
    for k in reversed(layers):
        lines += blanks("deltas", k)
    for question, group in ((gradients, "gradients"), (update, "updates")):
        lines += ["", *question.splitlines()]
        for k in layers:
            lines += [""] * (k > 0)
            bias = biases[k] if biases and group == "gradients" else None
            lines += table(exercise, k, answers[group][k], bias, number)
    return lines


def senders_of(exercise: Exercise, k: int) -> list[str]:
    """Return the names of the senders of layer k, counted from 0."""
    inputs = [exercise.notation.x(i).text for i in range(1, exercise.record.mlp.sizes[0] + 1)]
    senders: list[list[str]] = [inputs, *exercise.names()["a"]]
    return senders[k]


def table(
    exercise: Exercise, k: int, W: list[list[float]], b: list[float] | None, write: Callable[[float], str]
) -> list[str]:
    """Return a matrix of layer k, counted from 0, as lines: a row for each sender, and one for the biases."""
    senders = senders_of(exercise, k)
    rows = [("", [f"to {name}" for name in exercise.names()["z"][k]])]
    rows += [(f"from {name}", list(map(write, row))) for name, row in zip(senders, W, strict=True)]
    rows += [] if b is None else [("bias", list(map(write, b)))]
    first, width = max(len(name) for name, _ in rows), max(len(cell) for _, cells in rows for cell in cells)
    lines = []
    for i, j in packed([width] * len(rows[0][1]), WIDTH - 4 - first - len(GAP)):
        lines += [""] * (i > 0)
        lines += [
            f"    {name:{first}}" + "".join(f"{GAP}{cell:>{width}}" for cell in cells[i:j]) for name, cells in rows
        ]
    return lines


def packed(widths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Yield the first cell, and the one after the last, of each line that has room for these cells.

    >>> list(packed([10, 10, 10], 25))
    [(0, 2), (2, 3)]
    """
    start, used = 0, -len(GAP)
    for i, width in enumerate(widths):
        if i > start and used + len(GAP) + width > room:
            yield start, i
            start, used = i, -len(GAP)
        used += len(GAP) + width
    yield start, len(widths)


def written(x: float) -> str:
    """Return a number as text, with a minus sign instead of a hyphen."""
    return f"{x:g}".replace("-", "−")
