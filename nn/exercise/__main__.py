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

from nn.console import complain, printed
from nn.exercise.marking import marked, read_answers
from nn.exercise.sheet import ACTIVATIONS, CONVENTIONS, LOSSES, make_exercise, sheet, template

COMMAND = "nn.exercise"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 done, or all is right; 1 answers are wrong or missing; 2 wrong usage, or a bad file.

    Where standard output cannot be written the status is 2, and 141 where its reader, such as `head`, has gone.

    >>> main(["--sizes", "1,1", "--seed", "1"])
    A network of 1 – 1 neurons, one step by hand
    ...
    0
    """
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:  # after --help, which may have no reader either
        raise SystemExit(printed("", int(end.code or 0), COMMAND, 2)) from None
    status = 0
    try:
        if options.sizes is None or options.seed is None:
            if options.check is None:
                parser.error("give --sizes and --seed; only --check finds them in its file")
            options = parser.parse_args([*_exercise_of(options.check), "--check", str(options.check)])
        exercise = make_exercise(
            options.sizes, options.seed, options.activation, options.loss, options.bias, options.convention
        )
        if options.template:
            with options.template.open("x", encoding="utf-8") as file:  # never over a student's answers
                file.write(template(exercise))
            text = f"Fill in {options.template}: a number for each null."
        elif options.check:
            answers = read_answers(options.check, exercise.options, exercise.answers())
            text, right = marked(exercise, answers)
            status = 0 if right else 1
        else:
            text = sheet(exercise, options.solution)
    except FileExistsError:
        complain(f"{COMMAND}: {options.template} is there already; choose another name, or remove it")
        return 2
    except (OSError, ValueError) as error:
        complain(f"{COMMAND}: {error}")
        return 2
    return printed(text, status, COMMAND, 2)


def _exercise_of(path: Path) -> list[str]:
    """Return the options of the exercise that a file of answers belongs to."""
    try:
        return shlex.split(json.loads(path.read_text(encoding="utf-8-sig"))["exercise"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{path} does not say which exercise it is of: give --sizes and --seed as well") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nn.exercise",
        description="Print an exercise sheet of backpropagation by hand, its solution, or the marks of answers to it.",
        epilog="The same options give the same sheet. Exit status: 0 done, or all right; 1 answers are wrong or "
        "missing; 2 wrong usage, a bad file or no output.",
    )
    parser.add_argument("--sizes", type=_sizes, help="inputs and neurons of each layer, such as 3,4,1")
    parser.add_argument("--seed", type=int, help="the number of the sheet, 0 or more")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sigmoid", help="of every neuron")
    parser.add_argument("--loss", choices=LOSSES, default="sse", help="cross_entropy makes the last layer softmax")
    parser.add_argument("--bias", action="store_true", help="give every neuron a bias")
    parser.add_argument(
        "--convention", choices=CONVENTIONS, default="gradient", help="δ = ∂C/∂z, or the handout's −∂C/∂z"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--solution", action="store_true", help="print the sheet filled in")
    what.add_argument("--template", type=Path, metavar="FILE", help="write a JSON file with a null for every blank")
    what.add_argument(
        "--check", type=Path, metavar="FILE", help="mark the answers in such a file, which says what exercise it is of"
    )
    return parser


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give whole numbers with commas between, such as 3,4,1") from None


if __name__ == "__main__":
    sys.exit(main())
