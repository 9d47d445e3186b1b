r"""Equations as a student writes them, in LaTeX and as lines of text: symbol = in symbols = in numbers = result.

An expression is a graph of Values whose leaves have a symbol each; it is read off twice, with the symbols and with the
numbers. A worked solution is a title and sections of such equations.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from autograd import TABLE, Operation, Value
from autograd.value import new_value
from viz.formulas import ATOM, POWER, Piece, composed, numeral

WHOLE = 6  #: terms of a sum, and equations of a block, that are written out; of more, the first three and the last
WIDTH = 76  # characters of an equation that stands on one line
NEGATIVE = re.compile(r"([+-]) (?:\\left)?\(-([\d.]+(?:e-?\d+| \\cdot 10\^\{-?\d+\})?)(?:\\right)?\)(?! ?\^|\*| \*\*)")
SIGNS = ((" ** ", "^"), ("^2", "²"), ("^3", "³"), (" * ", "·"), ("-", "−"))  # from a line of Python to mathematics


class Symbol(NamedTuple):
    """A symbol, or a side of an equation, in LaTeX and as text."""

    latex: str
    text: str


DOTS = Symbol(r"\cdots", "…")


class Equation(NamedTuple):
    """A symbol and all that it is equal to; without sides, a gap where others are left out."""

    symbol: Symbol
    sides: Sequence[Symbol] = ()

    @property
    def fits(self) -> bool:
        """Whether it stands on one line."""
        return len(" = ".join(side.text for side in (self.symbol, *self.sides))) <= WIDTH


@dataclass(frozen=True)
class Section:
    """A unit of thought: a heading, and below it sentences and blocks of equations."""

    title: str
    parts: list[str | list[Equation]] = field(default_factory=list)
    level: int = 2


@dataclass(frozen=True)
class Derivation:
    """A worked solution; its str is plain text for a terminal, and a notebook shows it as Markdown."""

    title: str
    sections: list[Section]

    def __str__(self) -> str:
        lines = [self.title, "=" * len(self.title)]
        for section in self.sections:
            lines += ["", section.title]
            if section.level == 2:
                lines.append("-" * len(section.title))
            for part in section.parts:
                lines += wrap(part, WIDTH + 10) if isinstance(part, str) else _lines(part)
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the solution as Markdown, its equations in LaTeX between `$$`."""
        blocks = [f"# {self.title}"]
        for section in self.sections:
            blocks.append(f"{'#' * section.level} {section.title}")
            blocks += [part if isinstance(part, str) else _aligned(part) for part in section.parts]
        return "\n\n".join(blocks)

    def _repr_markdown_(self) -> str:
        return self.markdown()


class Sheet:
    """The symbols and numbers of the Values in a solution's expressions.

    digits: that a number is written with; it is computed with all.
    """

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.symbols: dict[Value, Symbol] = {}
        self.dots: set[Value] = set()

    def value(self, symbol: Symbol, number: float) -> Value:
        """Return a new leaf with a symbol."""
        z = Value(number)
        self.symbols[z] = symbol
        return z

    def sum(self, terms: Sequence[Value]) -> Value:
        """Return the sum of terms, abbreviated where they are many."""
        shown: list[Value] = []
        for i in places(len(terms)):
            if i is None:
                shown.append(self.value(DOTS, 0.0))
                self.dots.add(shown[-1])
            else:
                shown.append(terms[i])
        return unevaluated("sum", *shown) if len(shown) > 1 else shown[0]

    def numeral(self, x: float) -> Symbol:
        """Return a number as a side of an equation."""
        return Symbol(numeral(x, "latex", self.digits).text, _text(numeral(x, "text", self.digits).text))

    def written(self, expression: Value) -> Symbol:
        """Return an expression in symbols."""
        latex, text = self._sides(expression, lambda z: self.symbols[z])
        return Symbol(re.sub(r" \\cdot (?!\d)", r" \\, ", latex), text)

    def in_numbers(self, expression: Value) -> Symbol:
        """Return an expression in numbers."""
        return self._sides(expression, lambda z: DOTS if z in self.dots else self.numeral(z.data))

    def equation(self, symbol: Symbol, *expressions: Value, result: float, numbers: Value | None = None) -> Equation:
        """Return an equation: a symbol, expressions in symbols, the last of them in numbers, and the result.

        numbers: the expression that is written in numbers instead.
        """
        sides = [self.written(expression) for expression in expressions]
        if numbers is not None or expressions:
            sides.append(self.in_numbers(expressions[-1] if numbers is None else numbers))
        sides.append(self.numeral(result))
        return Equation(symbol, [side for side, _ in groupby(sides)])

    def _sides(self, expression: Value, word: Callable[[Value], Symbol]) -> Symbol:
        words, stack = {}, [expression]
        while stack:
            z = stack.pop()
            if z in self.symbols:
                words[z] = word(z)
            else:
                stack += z.operands
        latex = composed(expression, {z: _piece(x.latex) for z, x in words.items()}, "latex", self.digits).text
        text = composed(expression, {z: _piece(x.text.replace("−", "-")) for z, x in words.items()}, "text", self.digits).text
        return Symbol(_merged(latex), _text(_merged(text)))


def unevaluated(operation: str | Operation, *operands: Value) -> Value:
    """Return an operation on Values that is only written: it has no number of its own, and so none that overflows."""
    return new_value(math.nan, TABLE[operation] if isinstance(operation, str) else operation, operands)


def places(count: int) -> list[int | None]:
    """Return the places of what is written out of so many, None for those left out.

    >>> places(3), places(30)
    ([0, 1, 2], [0, 1, 2, None, 29])
    """
    return [*range(count)] if count <= WHOLE else [0, 1, 2, None, count - 1]


def listed(equations: Iterable[Equation], left_out: int = 0) -> list[Equation]:
    """Return equations with a gap before the last where others are left out."""
    every = list(equations)
    return [*every[:-1], Equation(Symbol(r"\vdots", f"… {left_out} more")), every[-1]] if left_out else every


def _piece(text: str) -> Piece:
    """Return a symbol as a part of a formula: with an exponent, it needs parentheses before another."""
    return Piece(text, POWER if re.search(r"\^|[⁰¹²³⁴⁵⁶⁷⁸⁹]", text) or text.startswith("-") else ATOM)


def _merged(formula: str) -> str:
    """Return a formula with `− 3` for `+ (−3)`."""
    return NEGATIVE.sub(lambda match: f"{'-' if match[1] == '+' else '+'} {match[2]}", formula)


def _text(line: str) -> str:
    for python, sign in SIGNS:
        line = line.replace(python, sign)
    return line


def _aligned(block: Sequence[Equation]) -> str:
    rows: list[str] = []
    for symbol, sides in block:
        if not sides:
            rows.append(rf"&\;\, {symbol.latex}")
            continue
        first, *others = [side.latex for side in sides]
        if Equation(symbol, sides).fits:
            rows.append(f"{symbol.latex} &= {' = '.join([first, *others])}")
        else:
            rows += [f"{symbol.latex} &= {first}", *[f"&= {side}" for side in _broken(others)]]
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"


def _lines(block: Sequence[Equation]) -> list[str]:
    width, lines = max(len(symbol.text) for symbol, sides in block if sides), []
    for symbol, sides in block:
        texts = [side.text for side in sides]
        if not sides:
            lines.append(f"  {symbol.text:>{width}}")
        elif Equation(symbol, sides).fits:
            lines.append(f"  {symbol.text:>{width}} = {' = '.join(texts)}")
        else:
            lines.append(f"  {symbol.text:>{width}} = {texts[0]}")
            lines += [f"  {'':{width}} = {side}" for side in _broken(texts[1:])]
    return lines


def _broken(sides: list[str]) -> list[str]:
    """Return the sides behind the first, each on a line of its own but the result, which stays with its numbers."""
    return [*sides[:-2], " = ".join(sides[-2:])]
