"""The command line of exercise sheets.

python -m nn.exercise --sizes 3,4,1 --seed 7                          the sheet
python -m nn.exercise --sizes 3,4,1 --seed 7 --template answers.json  a file to fill in
python -m nn.exercise --sizes 3,4,1 --seed 7 --check answers.json     the answers marked
python -m nn.exercise --sizes 3,4,1 --seed 7 --solution               the same sheet, filled in
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from nn.console import complain, printed, use_utf8
from nn.exercise.marking import marked, read_answers
from nn.exercise.sheet import ACTIVATION_TEXTS, CONVENTION_TEXTS, LOSS_TEXTS, make_exercise, sheet, template

EXERCISE_COMMAND = "handgrad exercise"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    0: done, or all answers are right. 1: answers are wrong or missing. 2: wrong usage, a bad file, or standard output
    cannot be written. 141: the reader of standard output, such as `head`, has closed it.

    >>> main(["--sizes", "1,1", "--seed", "1"])
    A network of 1 – 1 neurons, one step by hand
    ...
    0
    """
    use_utf8()
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # after --help, whose reader may be gone as well
        raise SystemExit(printed("", int(end.code or 0), EXERCISE_COMMAND, 2)) from None
    status = 0
    try:
        if options.sizes is None or options.seed is None:
            if options.check is None:
                parser.error("give --sizes and --seed; only --check reads them from its file")
            options = parser.parse_args([*_exercise_of(options.check), "--check", str(options.check)])
        exercise = make_exercise(
            options.sizes, options.seed, options.activation, options.loss, options.bias, options.convention
        )
        if options.template:
            with options.template.open("x", encoding="utf-8") as file:  # never overwrite a student's answers
                file.write(template(exercise))
            text = f"Fill in {options.template}: a number for each null."
        elif options.check:
            answers = read_answers(options.check, exercise.options, exercise.answers())
            text, right = marked(exercise, answers)
            status = 0 if right else 1
        else:
            text = sheet(exercise, options.solution)
    except FileExistsError:
        complain(f"{EXERCISE_COMMAND}: {options.template} already exists; choose another name, or remove it")
        return 2
    except (OSError, ValueError) as error:
        complain(f"{EXERCISE_COMMAND}: {error}")
        return 2
    return printed(text, status, EXERCISE_COMMAND, 2, options.output)


def _exercise_of(path: Path) -> list[str]:
    """Return the options of the exercise that a file of answers is for."""
    try:
        return shlex.split(json.loads(path.read_text(encoding="utf-8-sig"))["exercise"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path} does not say which exercise it answers: give --sizes and --seed as well") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=EXERCISE_COMMAND,
        description="Print an exercise sheet of backpropagation by hand, its solution, or the marks of answers to it.",
        epilog="The same options give the same sheet. Exit status: 0 done, or all answers right; 1 answers wrong or "
        "missing; 2 wrong usage, a bad file, or no output.",
    )
    parser.add_argument("--sizes", type=_sizes, help="number of inputs and of neurons in each layer, such as 3,4,1")
    parser.add_argument("--seed", type=int, help="the number of the sheet, 0 or more")
    parser.add_argument("--activation", choices=ACTIVATION_TEXTS, default="sigmoid", help="of every neuron")
    parser.add_argument("--loss", choices=LOSS_TEXTS, default="sse", help="cross_entropy makes the last layer softmax")
    parser.add_argument("--bias", action="store_true", help="give every neuron a bias")
    parser.add_argument(
        "--convention",
        choices=CONVENTION_TEXTS,
        default="gradient",
        help="gradient: δ = ∂C/∂z; handout: δ = −∂C/∂z",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the text there, and do not print it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--solution", action="store_true", help="print the sheet filled in")
    what.add_argument("--template", type=Path, metavar="FILE", help="write a JSON file with a null for every blank")
    what.add_argument(
        "--check", type=Path, metavar="FILE", help="mark the answers in such a file, which names its exercise"
    )
    return parser


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give whole numbers separated by commas, such as 3,4,1") from None


if __name__ == "__main__":
    sys.exit(main())
