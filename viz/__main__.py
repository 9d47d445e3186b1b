"""The command line: from a formula and numbers to a table of gradients, a picture, an explanation or LaTeX."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from autograd import Value, parse
from autograd.files import write
from nn.console import complain, printed, use_utf8
from viz.exercise.__main__ import main as exercise
from viz.saving import SUFFIXES, save
from viz.solutions.derivations import derivation
from viz.solutions.equations import Derivation
from viz.text.explanations import explain
from viz.text.formulas import formula
from viz.text.labels import visible

COMMAND = "handgrad"
TEXT_SUFFIXES = ("txt", "md", "tex")
EPILOG = """\
examples:
  handgrad "sigmoid(w*x + b)" w=0.5 x=2 b=1                 the value, and the gradient of each variable
  handgrad "sigmoid(w*x + b)" w=0.5 x=2 b=1 -o graph.svg    the graph with every gradient
  handgrad "sigmoid(w*x + b)" w=0.5 x=2 b=1 --explain w     a gradient as a sum over paths
  handgrad "x*y" x=3 y=2 --derivation -o solution.tex       the worked solution as a file
  handgrad exercise --sizes 3,4,1 --seed 7                  a sheet to fill in by hand; see handgrad exercise --help

A formula means what the same line of Python means; no code is executed. Put a space before a formula that begins with
a minus: handgrad " -x" x=2. Redirected output is UTF-8. Exit status: 0 success, 1 the file or the output could not be
written, 2 wrong usage or formula.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status.

    Args:
        arguments: Those after the command's name; None takes the process's own.

    Raises:
        SystemExit: As `argparse` does, for `--help` and for wrong usage.

    >>> main(["w*x + b", "w=0.5", "x=2", "b=1"])
            value  gradient
    result      2         1
    w         0.5         2
    x           2       0.5
    b           1         1
    0
    """
    use_utf8()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["exercise"]:
        return exercise(arguments[1:])
    parser = _parser()
    try:
        options = parser.parse_intermixed_args(arguments)
    except SystemExit as end:  # after --help, whose output may be closed too
        raise SystemExit(printed("", int(end.code or 0), COMMAND, 1)) from None
    given = dict(options.variables)
    if len(given) < len(options.variables):
        parser.error("a variable is given twice")
    if options.shared and not options.formula:
        parser.error("--shared needs --formula")
    if options.open and not options.output:
        parser.error("--open needs -o FILE")
    try:
        value, leaves = parse(options.text, **given)
        told: list[object] = []
        if options.formula:
            told.append(formula(value, shared=options.shared))
        if options.explain is not None:
            if options.explain not in leaves:
                raise ValueError(
                    f"--explain {options.explain!r}: the formula has {', '.join(leaves) or 'no variables'}"
                )
            told.append(explain(value, leaves[options.explain]))
        if options.derivation:
            told.append(derivation(value))
        suffix = options.output.suffix.lower().removeprefix(".") if options.output else ""
        drawn = suffix in SUFFIXES
        if drawn or not told:
            value.backward()
        if not (drawn or told):
            told.append(_table(value, leaves))
        text = "\n".join(map(str, told))
    except (ArithmeticError, ValueError) as error:
        return _failed(error, 2)
    try:
        if drawn:
            save(value, options.output)
        elif suffix in ("md", "tex") and isinstance(told[0], Derivation) and len(told) == 1:
            save(told[0], options.output)
            text = ""
        elif options.output:
            write(options.output, f"{text}\n".encode())
            text = ""
        if options.open:
            webbrowser.open(options.output.absolute().as_uri())
    except (OSError, RuntimeError, ValueError) as error:
        return _failed(error, 1)
    return printed(text, 0, COMMAND, 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=COMMAND,
        description="Evaluate and differentiate a formula, and draw its graph with the gradient of every node.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", metavar="formula", help='such as "sigmoid(w*x + b)"')
    parser.add_argument(
        "variables", metavar="name=number", nargs="*", type=_variable, help="a number for each variable of the formula"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=_file,
        help=f"draw the graph: {_listed(SUFFIXES)}; or write the text: {_listed(TEXT_SUFFIXES)}",
    )
    parser.add_argument("--explain", metavar="NAME", help="print the gradient of a variable as a sum over paths")
    parser.add_argument("--formula", action="store_true", help="print the formula in LaTeX")
    parser.add_argument(
        "--shared", action="store_true", help="with --formula: put what occurs several times in front, as named steps"
    )
    parser.add_argument("--derivation", action="store_true", help="print the worked solution, step by step")
    parser.add_argument("--open", action="store_true", help="open the file that -o writes")
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    return parser


def _listed(suffixes: Sequence[str]) -> str:
    return ", ".join(f".{suffix}" for suffix in suffixes)


def _version() -> str:
    try:
        return version("handgrad")
    except PackageNotFoundError:
        return f"is not installed: this is the one in {Path(__file__).parents[1]}"


def _variable(text: str) -> tuple[str, float]:
    name, _, digits = text.partition("=")
    if name and is_number(digits):
        return name, float(digits)
    plain = digits.replace(",", ".").replace("−", "-")
    example = f"{name}={plain}" if name and is_number(plain) else "w=0.5"
    raise argparse.ArgumentTypeError(f"{text!r}: write a variable as name=number, such as {example}")


def is_number(text: str) -> bool:
    """Return whether a text is a number as Python writes it."""
    with suppress(ValueError):
        float(text)
        return True
    return False


def _file(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower().removeprefix(".") not in SUFFIXES + TEXT_SUFFIXES:
        raise argparse.ArgumentTypeError(
            f"{text!r}: the suffix selects the format; choose one of {_listed(SUFFIXES)}, or for text "
            f"{_listed(TEXT_SUFFIXES)}"
        )
    return path


def _table(value: Value, leaves: dict[str, Value]) -> str:
    """Return a table with the value and gradient of the result and of each leaf."""
    rows = [("", "value", "gradient")]
    for name, z in [("result", value), *leaves.items()]:
        rows.append((visible(name), f"{z.data:.10g}", f"{z.grad:.10g}"))
    name_width, *widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(f"{name:{name_width}}  {data:>{widths[0]}}  {grad:>{widths[1]}}" for name, data, grad in rows)


def _failed(error: Exception, status: int) -> int:
    complain(f"{COMMAND}: {error}")
    return status


if __name__ == "__main__":
    sys.exit(main())
