"""The command line of exercise sheets.

handgrad exercise --sizes 3,4,1 --seed 7                          the sheet
handgrad exercise --sizes 3,4,1 --seed 7 --template answers.json  a file to fill in
handgrad exercise --sizes 3,4,1 --seed 7 --check answers.json     the answers marked
handgrad exercise --sizes 3,4,1 --seed 7 --solution               the same sheet, filled in
handgrad exercise --sizes 3,4,1 --seed 100 --bundle 30 -o class   sheets and solutions for a class
"""

from __future__ import annotations

import argparse
import csv
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from autograd.files import write
from nn.console import complain, printed, use_utf8
from viz.exercise.answer_file import AnswerFile, read_file
from viz.exercise.answers import shown_name
from viz.exercise.bundle import students, write_bundle
from viz.exercise.classes import Marked, class_csv, class_page, class_text, marked
from viz.exercise.exercises import ACTIVATIONS, LOSS_NAMES, Exercise, handout_exercise, make_exercise
from viz.exercise.sheet import sheet
from viz.exercise.templates import suffix_of, template
from viz.solutions.notations import CONVENTIONS

DEFAULTS = ("sigmoid", "sse")  # activation and loss
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
    if (options.seeds or options.csv or options.html) and not options.check:
        parser.error("--seeds, --csv and --html are for --check")
    status = 0
    try:
        if options.check:
            text, status = _checked(options)
        elif options.bundle:
            return _bundled(parser, options)
        elif options.template:
            text = template(_exercise(options), suffix_of(options.template))
            with options.template.open("x", encoding="utf-8", newline="\n") as file:  # never overwrite answers
                file.write(text)
            text = f"Fill in {options.template}, and mark it with --check."
        else:
            text = sheet(_exercise(options), options.solution)
    except FileExistsError:
        complain(f"{EXERCISE_COMMAND}: {options.template} already exists; choose another name, or remove it")
        return 2
    except (OSError, ValueError, RuntimeError, TimeoutError) as error:
        complain(f"{EXERCISE_COMMAND}: {error}")
        return 2
    return printed(text, status, EXERCISE_COMMAND, 2, options.output) if text else status


def _bundled(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    """Write the files for a class, and return the exit status."""
    if options.output is None or options.seed is None:
        parser.error("--bundle needs the --seed of the first sheet, and -o FOLDER")
    if options.output.exists():
        raise ValueError(f"{options.output} already exists; choose another folder, or remove it")
    given = students(options.bundle, options.seed)

    def make(seed: int) -> Exercise:
        return _exercise(argparse.Namespace(**vars(options) | {"seed": seed}))

    return printed(write_bundle(options.output, given, make), 0, EXERCISE_COMMAND, 2)


# Marking --------------------------------------------------------------------------------------------------------------


def _checked(options: argparse.Namespace) -> tuple[str, int]:
    """Return the marks of all files, and the exit status; complain of a file that cannot be marked."""
    seeds = _seeds(options.seeds) if options.seeds else None
    results: list[Marked] = []
    unread: list[str] = []
    status = 0
    for path in (path for given in options.check for path in _expanded(given)):
        try:
            file = read_file(path)
            results.append(marked(file, _exercise_of(file, options, seeds)))
            status = max(status, 0 if results[-1].all_right else 1)
        except (OSError, ValueError) as error:
            complain(f"{EXERCISE_COMMAND}: {error}")
            unread.append(str(error))
            status = 2
    if not results:
        return "", status
    if options.csv:
        write(options.csv, class_csv(results).encode())
    if options.html:
        write(options.html, class_page(results, unread).encode())
    return class_text(results, unread) if len(results) + len(unread) > 1 else str(results[0]), status


def _expanded(path: Path) -> list[Path]:
    """Return the files that a pattern stands for, such as answers/*.json, which the shell of Windows hands over."""
    if "*" not in path.name or path.exists():
        return [path]
    return sorted(path.parent.glob(path.name)) or [path]


def _exercise_of(file: AnswerFile, options: argparse.Namespace, seeds: dict[str, int] | None) -> Exercise:
    """Return the exercise that a file answers: the one of the options, which the file must name, or the file's own."""
    named = _named(file)
    fixed = (options.sizes, options.seed, seeds, options.network, options.convention) != (None,) * 5
    if not (fixed or options.bias or (options.activation, options.loss) != DEFAULTS):
        if named is None:
            raise ValueError(f"{file.path} does not say which exercise it answers: give --sizes and --seed as well")
        return named
    if seeds is not None:
        name = file.text("name")
        if name.casefold() not in seeds:
            whose = f"is of {shown_name(name)}, whom" if name else "has no name, which"
            raise ValueError(f"{file.path} {whose} {options.seeds} does not list")
        options.seed = seeds[name.casefold()]
    exercise = _exercise(options)
    if named is not None and named.options != exercise.options:
        raise ValueError(f"{file.path} answers the exercise {named.options!r}, not {exercise.options!r}")
    return exercise


def _named(file: AnswerFile) -> Exercise | None:
    """Return the exercise that a file names, read as strictly as the options of one."""
    if not (text := file.text("exercise")):
        return None
    try:
        return _exercise(_Strict(add_help=False, exit_on_error=False, allow_abbrev=False).exercise(shlex.split(text)))
    except (ValueError, argparse.ArgumentError) as error:
        message = f"{file.path} names the exercise {shown_name(text)!r}, which does not exist: {error}"
        raise ValueError(message) from None


def _seeds(path: Path) -> dict[str, int]:
    """Return the seed of each student in a CSV file with a name and a seed in each row."""
    found: dict[str, int] = {}
    text = path.read_text(encoding="utf-8-sig")
    rows = csv.reader(text.splitlines(), delimiter=";" if ";" in text else ",")
    for line, row in enumerate(rows, 1):
        cells = [" ".join(cell.split()) for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2 or not cells[1].isdecimal():
            if line == 1:
                continue  # a header
            raise ValueError(f"{path}, line {line}: write a name and a seed, such as Ada;7")
        if found.setdefault(cells[0].casefold(), int(cells[1])) != int(cells[1]):
            raise ValueError(f"{path}, line {line}: {shown_name(cells[0])} has two seeds")
    return found


# Options --------------------------------------------------------------------------------------------------------------


class _Strict(argparse.ArgumentParser):
    """A parser of the options of an exercise in a file, which raises ValueError and never ends the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)

    def exercise(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the options of an exercise."""
        _add_exercise(self)
        return self.parse_args(words)


def _exercise(options: argparse.Namespace) -> Exercise:
    """Return the exercise that options make; raise ValueError where they do not make one."""
    convention = options.convention or ("handout" if options.network else "gradient")
    if options.network:
        if options.sizes or options.seed is not None or options.bias or (options.activation, options.loss) != DEFAULTS:
            raise ValueError(f"--network {options.network} has its own numbers: leave out all but --convention")
        return handout_exercise(convention)
    if options.sizes is None or options.seed is None:
        raise ValueError("give --sizes and --seed, or --network")
    return make_exercise(options.sizes, options.seed, options.activation, options.loss, options.bias, convention)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=EXERCISE_COMMAND,
        description="Print an exercise sheet of backpropagation by hand, its solution, or the marks of answers to it.",
        epilog="The same options give the same sheet. Exit status: 0 done, or all answers right; 1 answers wrong or "
        "missing; 2 wrong usage, a bad file, or no output.",
    )
    _add_exercise(parser)
    parser.add_argument("--seeds", type=Path, metavar="FILE", help="a CSV file with each student's name and seed")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="write the marks of --check there, a row for each file"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write them there as a page, with the mistakes counted"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the text there, and do not print it")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--solution", action="store_true", help="print the sheet filled in")
    what.add_argument(
        "--template",
        type=Path,
        metavar="FILE",
        help="write a file to fill in; the suffix is the format: .json, .csv, or .html, a form for a browser",
    )
    what.add_argument(
        "--bundle",
        metavar="N",
        help="write sheets, files for answers and solutions for a class into the new folder -o: N of them, from --seed "
        "on, or one for each name in a file",
    )
    what.add_argument(
        "--check",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="mark the answers in such files, and count the mistakes of several; --sizes and --seed fix the exercise, "
        "which otherwise the file names",
    )
    return parser


def _add_exercise(parser: argparse.ArgumentParser) -> None:
    """Add the options that make an exercise."""
    parser.add_argument("--sizes", type=_sizes, help="number of inputs and of neurons in each layer, such as 3,4,1")
    parser.add_argument("--seed", type=int, help="the number of the sheet, 0 or more")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sigmoid", help="of every neuron")
    parser.add_argument("--loss", choices=LOSS_NAMES, default="sse", help="cross_entropy makes the last layer softmax")
    parser.add_argument("--bias", action="store_true", help="give every neuron a bias")
    parser.add_argument("--convention", choices=CONVENTIONS, help="the course whose letters and signs it has")
    parser.add_argument("--network", choices=["handout"], help="the network of the handout, in place of drawn numbers")


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give whole numbers separated by commas, such as 3,4,1") from None


if __name__ == "__main__":
    sys.exit(main())
