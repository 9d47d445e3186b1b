r"""Equations as a student writes them, in LaTeX and as lines of text: symbol = in symbols = in numbers = result.

An expression is a graph of Values whose leaves each have a symbol; it is written twice, with the symbols and with the
numbers. A worked solution is a title and sections of such equations.

Formulas are rewritten as text, from Python's signs to those of mathematics. A name that is not a symbol, such as
"w*x + b", must not be rewritten: its characters are replaced by private ones, one by one, until the layout is done.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from autograd import TABLE, Operation, Value
from autograd.checking.candidates import is_symbol
from autograd.value import new_value
from viz.solutions.sentences import typeset
from viz.text.formulas import composed
from viz.text.labels import cut, in_formula
from viz.text.symbols import ATOM, POWER, Piece, aligned, in_markdown, named, numeral

MAX_WRITTEN_OUT = 6  #: terms of a sum, or equations of a block; of more, the first three and the last are written out
LINE_WIDTH = 76  # of an equation on one line, in characters
NEGATIVE = re.compile(r"([+-]) (\\left)?\(-")
INDICES = re.compile("[⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉]")
STEP = re.compile(r"step\(([^()]+)\)")
PRIVATE, PRIVATE_USED = 0x100000, 0xFFFE  # a plane of characters for private use, and how many of them are used
PYTHON_TO_MATHEMATICS = ((" ** ", "^"), ("^2", "²"), ("^3", "³"), (" * ", "·"), ("-", "−"))


class Formula(NamedTuple):
    """A symbol, or a side of an equation, in LaTeX and as text."""

    latex: str
    text: str


def symbol_of(name: str) -> Formula:
    """Return a Value's name as a symbol: in quotation marks, and in private characters, unless it reads as one."""
    latex, text = named(cut(name)).text, in_formula(name)
    return Formula(latex, text) if is_symbol(name) else Formula(_aside(latex), _aside(text))


def _aside(text: str) -> str:
    """Return a text of the same length in private characters, to which no rule of a formula applies."""
    return "".join(chr(ord(c) + PRIVATE) if ord(c) < PRIVATE_USED else c for c in text)


def _back(text: str) -> str:
    """Return a text without private characters; in the caller's own text such characters were escaped."""
    return "".join(chr(ord(c) - PRIVATE) if ord(c) >= PRIVATE else c for c in text)


DOTS = Formula(r"\cdots", "…")


class Equation(NamedTuple):
    """A symbol and all that it is equal to; without sides, a gap in place of equations left out."""

    symbol: Formula
    sides: Sequence[Formula] = ()

    @property
    def width(self) -> int:
        """Its length on one line, in characters."""
        return len(" = ".join(side.text for side in (self.symbol, *self.sides)))


Part = str | list[Equation]  # a sentence, its formulas as text between dollar signs; or a block of equations


@dataclass(frozen=True)
class Section:
    """A heading, and below it sentences and blocks of equations."""

    title: str
    parts: list[Part] = field(default_factory=list)
    level: int = 2


@dataclass(frozen=True)
class Derivation:
    """A worked solution; its str is plain text for a terminal, and a notebook shows it as Markdown.

    Args:
        title: What is worked out.
        sections: The parts.
        symbol: That of the result, at the end of the title, if it has one.
    """

    title: str
    sections: list[Section]
    symbol: Formula | None = None

    def __str__(self) -> str:
        title = f"{self.title} {self.symbol.text}" if self.symbol else self.title
        lines = [title, "=" * len(title)]
        for section in self.sections:
            lines += ["", section.title]
            if section.level == 2:
                lines.append("-" * len(section.title))
            for part in section.parts:
                lines += wrap(part.replace("$", ""), LINE_WIDTH + 10) if isinstance(part, str) else _lines(part)
        return _back("\n".join(lines))

    def markdown(self) -> str:
        """Return the solution as Markdown, its equations in LaTeX between `$` and `$$`, also for GitHub and pandoc."""
        symbol = f" ${in_markdown(latex_of(self.symbol))}$" if self.symbol else ""
        blocks = [f"# {self.title}{symbol}"]
        for section in self.sections:
            blocks.append(f"{'#' * section.level} {section.title}")
            for part in section.parts:
                blocks.append(typeset(part) if isinstance(part, str) else f"$$\n{in_markdown(latex_of(part))}\n$$")
        return "\n\n".join(blocks)

    def _repr_markdown_(self) -> str:
        return self.markdown()


class Sheet:
    """The symbols and numbers of the Values in a solution's expressions.

    Args:
        digits: Significant digits of the numbers shown.
    """

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.symbols: dict[Value, Formula] = {}
        self.dots: set[Value] = set()

    def value(self, symbol: Formula, number: float) -> Value:
        """Return a new leaf with a symbol."""
        z = Value(number)
        self.symbols[z] = symbol
        return z

    def sum(self, terms: Sequence[Value]) -> Value:
        """Return the sum of terms, abbreviated where there are many."""
        shown: list[Value] = []
        for i in places(len(terms)):
            if i is None:
                shown.append(self.value(DOTS, 0.0))
                self.dots.add(shown[-1])
            else:
                shown.append(terms[i])
        return unevaluated("sum", *shown) if len(shown) > 1 else shown[0]

    def numeral(self, x: float, more: int = 0) -> Formula:
        """Return a number as a side of an equation, with `more` digits than the other numbers."""
        digits = min(self.digits + more, 17)
        return Formula(numeral(x, "latex", digits).text, _text(numeral(x, "text", digits).text))

    def written(self, expression: Value) -> Formula:
        """Return an expression in symbols."""
        return self._sides(expression, lambda z: self.symbols[z])

    def in_numbers(self, expression: Value) -> Formula:
        """Return an expression in numbers."""
        return self._sides(expression, lambda z: DOTS if z in self.dots else self.numeral(z.data))

    def equation(self, symbol: Formula, *expressions: Value, result: float, numbers: Value | None = None) -> Equation:
        """Return an equation: a symbol, expressions in symbols, the last of them in numbers, and the result.

        Args:
            symbol: The left side.
            expressions: The sides in symbols.
            result: The number at the end.
            numbers: The expression to write in numbers in place of the last.
        """
        sides = [self.written(expression) for expression in expressions]
        if numbers is not None or expressions:
            sides.append(self.in_numbers(expressions[-1] if numbers is None else numbers))
        sides.append(self.numeral(result))
        return Equation(symbol, [side for side, _ in groupby(sides)])

    def _sides(self, expression: Value, word: Callable[[Value], Formula]) -> Formula:
        words, stack = {}, [expression]
        while stack:
            z = stack.pop()
            if z in self.symbols:
                words[z] = word(z)
            elif z.name and not z.operation:  # a constant's name, such as pi
                words[z] = symbol_of(z.name)
            else:
                stack += z.operands
        latex = composed(expression, {z: _piece(x.latex) for z, x in words.items()}, "latex", self.digits).text
        text = composed(
            expression, {z: _piece(x.text.replace("−", "-")) for z, x in words.items()}, "text", self.digits
        ).text
        return Formula(_merged(latex), _text(_merged(text)))


def unevaluated(operation: str | Operation, *operands: Value) -> Value:
    """Return an operation on Values that is only written down: it has no number, so none can overflow."""
    return new_value(math.nan, TABLE[operation] if isinstance(operation, str) else operation, operands)


def places(count: int) -> list[int | None]:
    """Return the places, out of `count`, that are written out, and None for those left out.

    >>> places(3), places(30)
    ([0, 1, 2], [0, 1, 2, None, 29])
    """
    return [*range(count)] if count <= MAX_WRITTEN_OUT else [0, 1, 2, None, count - 1]


def gap(count: int, what: str = "") -> Equation:
    """Return the gap between those of `count` places that are written out; `what` names what is left out."""
    left_out = count - len(places(count)) + 1
    return Equation(Formula(r"\vdots", f"… {left_out} more {what}".rstrip()))


def _piece(text: str) -> Piece:
    """Return a symbol as a part of a formula: with an exponent, it needs parentheses before another."""
    return Piece(text, POWER if re.search(r"\^|[⁰¹²³⁴⁵⁶⁷⁸⁹]", text) or text.startswith("-") else ATOM)


def _merged(formula: str) -> str:
    """Return a formula with `− 3·x` for `+ (−3·x)`, unless the parentheses hold a sum or have an exponent.

    >>> _merged("2 + (-3 * (-x)) + (-1) ** 2 - (-4)")
    '2 - 3 * (-x) + (-1) ** 2 + 4'
    """
    start = 0
    while match := NEGATIVE.search(formula, start):
        start, end, depth = match.end(), match.end(), 1
        while depth:
            depth += (formula[end] == "(") - (formula[end] == ")")
            end += 1
        inside, after = formula[start : end - 1].removesuffix("\\right"), formula[end:]
        flat = re.sub(r"\(.*\)|\{[^{}]*\}", "", inside)
        if not re.search(" [+-] ", flat) and not re.match(r"\^| \*\*", after):
            formula = f"{formula[: match.start()]}{'-' if match[1] == '+' else '+'} {inside}{after}"
            start = match.start() + 2
    return formula


def _text(line: str) -> str:
    for python, sign in PYTHON_TO_MATHEMATICS:
        line = line.replace(python, sign)
    return STEP.sub(r"[\1 > 0]", line)


def latex_of(of: Formula | list[Equation]) -> str:
    """Return a symbol, or a block of equations, in LaTeX."""
    return _back(of.latex if isinstance(of, Formula) else _aligned(of))


def _aligned(block: Sequence[Equation]) -> str:
    rows = []
    for equation in block:
        symbol = equation.symbol.latex
        if not equation.sides:
            rows.append(rf"&\quad {symbol}")
        for begins, line in _rows(equation, block, _breadth):
            rows.append(f"{symbol} &= {line.latex}".lstrip() if begins else rf"&\quad {line.latex}")
            symbol = ""
    return aligned(rows)


def _lines(block: Sequence[Equation]) -> list[str]:
    width, lines = _symbol_width(block), []
    for equation in block:
        symbol = equation.symbol.text
        if not equation.sides:
            lines.append(f"  {symbol:>{width}}")
        for begins, line in _rows(equation, block, len):
            lines.append(f"  {symbol:>{width}} {'=' if begins else ' '} {line.text}")
            symbol = ""
    return lines


def _symbol_width(block: Sequence[Equation]) -> int:
    return max(len(symbol.text) for symbol, sides in block if sides)


def _breadth(text: str) -> int:
    """Return the approximate width of a text in print, in characters, where indices take almost no room."""
    return len(INDICES.sub("", text))


def _rows(equation: Equation, block: Sequence[Equation], measure: Callable[[str], int]) -> list[tuple[bool, Formula]]:
    """Return an equation's sides as lines of measured text, and whether a side begins with each.

    An equation takes several lines where it is too long for one, or nearly as long as one of its block that is.
    """
    sides, longest = [*equation.sides], max(equation.width for equation in block)
    if len(sides) > 2 and equation.width > (LINE_WIDTH if longest <= LINE_WIDTH else 0.75 * LINE_WIDTH):
        sides[-2:] = [_joined(sides[-2:])]
    else:
        sides = [_joined(sides)] if sides else []
    folded = [_folded(side, LINE_WIDTH - _symbol_width(block), measure) for side in sides]
    return [(k == 0, line) for lines in folded for k, line in enumerate(lines)]


def _joined(sides: Sequence[Formula]) -> Formula:
    return Formula(" = ".join(side.latex for side in sides), " = ".join(side.text for side in sides))


def _folded(side: Formula, width: int, measure: Callable[[str], int]) -> list[Formula]:
    """Return the lines of a side, broken before terms of its sum where it is longer than the width.

    >>> [line.text for line in _folded(Formula("2 + (4 + 5) - 7 = 4", "2 + (4 + 5) − 7 = 4"), 15, len)]
    ['2 + (4 + 5)', '− 7 = 4']
    """
    latex, text = _terms(side.latex), _terms(side.text)
    if measure(side.text) <= width or len(latex) != len(text):  # some, such as |x - y|, hold a sum without brackets
        return [side]
    lines = [Formula(latex[0], text[0])]
    for pair in zip(latex[1:], text[1:], strict=True):
        longer = Formula(*map(" ".join, zip(lines[-1], pair, strict=True)))
        if measure(longer.text) <= width:
            lines[-1] = longer
        else:
            lines.append(Formula(*pair))
    return lines


def _terms(line: str) -> list[str]:
    """Return the terms of a sum with their signs; what is in brackets stays whole."""
    terms, depth = [""], 0
    for part in re.split("(?= [+−-] )", line):
        terms += [] if depth else [""]
        terms[-1] += part
        depth += sum(part.count(c) for c in "([{") - sum(part.count(c) for c in ")]}")
    return [term.strip() for term in terms[1:]]
