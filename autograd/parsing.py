"""Text to Value graph, safely: a text means what the same line of Python means with autograd's functions imported.

It is read by operator precedence (Pratt, "Top down operator precedence", POPL 1973): every operator says how tightly
it binds on either side, and an operand goes to the side that binds it more tightly. Each part becomes a Value as soon
as it is read; nothing is compiled or executed, and length and depth are bounded.
"""

from __future__ import annotations

import keyword
import math
import operator
import re
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

from autograd.conversion import Refusal, shown
from autograd.operations import TABLE, log_softmax, mean, softmax
from autograd.row import Operation
from autograd.spellings import (
    NAMES_OF_NUMBERS,
    OTHER_NAMES,
    did_you_mean,
    remedy_of_function,
    remedy_of_name,
    remedy_of_sign,
)
from autograd.value import Constant, Value

MAX_LENGTH = 10_000  # characters of a text
MAX_DEPTH = 50  # brackets, signs and powers inside one another: far from the limit of Python's own stack

# How tightly an operator binds on its left and on its right: a power takes a sign on its right, and is right to left.
INFIX: dict[str, tuple[int, int, Callable[..., Any]]] = {
    "+": (1, 2, operator.add),
    "-": (1, 2, operator.sub),
    "*": (2, 3, operator.mul),
    "/": (2, 3, operator.truediv),
    "//": (2, 3, operator.floordiv),
    "%": (2, 3, operator.mod),
    "**": (4, 3, operator.pow),
}
PREFIX: dict[str, Callable[..., Any]] = {"+": operator.pos, "-": operator.neg}
PREFIX_BINDING = 3

COMPOSITIONS: dict[str, Callable[..., Any]] = {"mean": mean, "softmax": softmax, "log_softmax": log_softmax}

TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d][\w\u0300-\u036f]*)"
    r"|(?P<symbol>\*\*|//|[-+*/%(),\[\]])"
)
DECIMAL_COMMA = re.compile(r"\b([0-9]+),([0-9]+)")
GROUPED_DIGITS = re.compile(r"\b[0-9]{1,3}[\s_][0-9]{3}$")
PLAIN_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class Token(NamedTuple):
    """A number, name or symbol of the text, or its end."""

    kind: str
    text: str
    start: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else self.text if len(self.text) < 40 else f"{self.text[:39]}…"


def parse(text: str, /, **variables: Any) -> tuple[Value, dict[str, Value]]:
    """Read a formula, and return its Value and its leaves by name.

    Args:
        text: Arithmetic (`+ - * / // % **`, parentheses, numbers, `pi`), the given variables, and the functions of the
            table, called as in Python; lists stand where a function takes one, as in `dot([v, w], [x, y], b)`.
            Precedence is Python's. A number becomes a Constant.
        **variables: A number becomes one leaf named as the text writes it; a Value is used as it is. `x₁` in the text
            also takes `x1=…`, because keywords of Python have no subscripts.

    Raises:
        ValueError: For a mistake in the text, a missing or an unused variable, with the place. What an operation
            refuses keeps its class (ValueError, ZeroDivisionError, OverflowError).
        TypeError: For a text that is not a str, and a variable that is not a real number.

    >>> y, leaves = parse("sigmoid(w*x + b)", w=0.5, x=2, b=-1)
    >>> y.data, list(leaves)
    (0.5, ['w', 'x', 'b'])
    >>> parse("sigmod(w*x)", w=0.5, x=2)
    Traceback (most recent call last):
    ValueError: there is no function sigmod: did you mean sigmoid, log_sigmoid, mod? (character 1)
        sigmod(w*x)
        ^
    """
    if not isinstance(text, str):
        raise TypeError(f"parse takes a text such as 'w*x + b', not the {type(text).__name__} {shown(text)}")
    parser = Parser(text, variables)
    return parser.formula(), parser.leaves


class Parser:
    """One reading of a text: the token ahead, and the leaves found so far."""

    def __init__(self, text: str, variables: dict[str, Any]) -> None:
        self.text, self.variables = text, variables
        self.functions = functions()
        self.leaves: dict[str, Value] = {}
        self.found: dict[str, Value] = {}  # as `leaves`, by the keyword and not by the name in the text
        self.token = Token("end", "", 0)

    # The grammar ----------------------------------------------------------------------------------------------------

    def formula(self) -> Value:
        """Return the Value of the whole text."""
        if len(self.text) > MAX_LENGTH:
            raise self.fault(f"the text is longer than {MAX_LENGTH} characters: parse it in parts", MAX_LENGTH)
        self.advance()
        value = self.number(0, 0)
        if self.token.kind != "end":
            raise self.misplaced()
        if unused := [name for name in self.variables if name not in self.found]:
            raise ValueError(f"the text does not use the given {', '.join(unused)}: leave out what it does not need")
        return value

    def expression(self, binding: int, depth: int) -> Any:
        """Return the Value or list that begins at the token, up to an operator that binds its left side less."""
        start = self.token.start
        if depth > MAX_DEPTH:
            raise self.fault(f"nested more than {MAX_DEPTH} deep: parse an inner part, and give its Value", start)
        left = self.operand(depth)
        while self.token.text in INFIX and INFIX[self.token.text][0] >= binding:
            self.require_number(left, start)
            sign = self.advance()
            _, right_binding, function = INFIX[sign.text]
            left = self.apply(function, [left, self.number(right_binding, depth + 1)], sign.start)
        return left

    def number(self, binding: int, depth: int) -> Value:
        """Return the Value that begins at the token; refuse a list."""
        start = self.token.start
        return self.require_number(self.expression(binding, depth), start)

    def operand(self, depth: int) -> Any:
        """Return a number, a variable, a call, a signed operand, or what stands in brackets."""
        token = self.advance()
        if token.kind == "number":
            number = Constant(float(token.text))
            if math.isinf(number.data):
                raise self.fault(f"{token} is beyond the largest float, 1.8e308", token.start)
            return number
        if token.kind == "name":
            return self.call(token, depth) if self.token.text == "(" else self.variable(token)
        if token.text in PREFIX:
            return self.apply(PREFIX[token.text], [self.number(PREFIX_BINDING, depth + 1)], token.start)
        if token.text == "(":
            value = self.expression(0, depth + 1)
            self.close(token, ")")
            return value
        if token.text == "[":
            return self.several(token, "]", lambda: self.number(0, depth + 1))
        raise self.fault(f"a number, a name or a bracket is expected, not {token}", token.start)

    def several(self, opening: Token, closing: str, read: Callable[[], Any]) -> list[Any]:
        """Return what stands between two brackets, separated by commas."""
        entries = [read()]
        while self.token.text == ",":
            self.advance()
            entries.append(read())
        self.close(opening, closing)
        return entries

    def call(self, name: Token, depth: int) -> Any:
        """Return the result of a function."""
        if name.text not in self.functions:
            if self.given_as(name.text):
                raise self.fault(f"{name} is a variable, not a function: write {name}*(…) for a product", name.start)
            raise self.fault(
                f"there is no function {name}: {remedy_of_function(name.text, self.functions)}", name.start
            )
        function = self.functions[name.text]
        arguments = self.several(self.advance(), ")", lambda: self.expression(0, depth + 1))
        kinds, example = call_of(name.text, function)
        if not re.fullmatch(kinds, "".join("l" if isinstance(x, list) else "n" for x in arguments)):
            comma = DECIMAL_COMMA.search(self.text, name.start, self.token.start)
            point = f", and {comma[1]}.{comma[2]} with a decimal point" if comma else ""
            raise self.fault(f"{name} does not take these arguments: write {example}{point}", name.start)
        return self.apply(function, arguments, name.start)

    def variable(self, name: Token) -> Value:
        """Return the leaf of a name: the same one each time."""
        if name.text in self.leaves:
            return self.leaves[name.text]
        key = self.given_as(name.text)
        if key is None:
            if name.text == "pi":
                return Constant(math.pi).named("pi")
            if name.text in self.functions:
                example = call_of(name.text, self.functions[name.text])[1]
                raise self.fault(f"{name} is a function: write {example}", name.start)
            if name.text in OTHER_NAMES:
                raise self.fault(
                    f"{name} is not a function here: {remedy_of_function(name.text, self.functions)}", name.start
                )
            remedy = f"give {name}=… {did_you_mean(name.text, self.variables)}".rstrip()
            if name.text in NAMES_OF_NUMBERS:
                remedy = f"{NAMES_OF_NUMBERS[name.text]}, or give {name}=…"
            raise self.fault(f"there is no value for {name}: {remedy}", name.start)
        if key not in self.found:
            number = self.variables[key]
            try:
                self.found[key] = number if isinstance(number, Value) else Value(number, name.text)
            except (TypeError, OverflowError) as error:
                raise self.fault(f"variable {name}: {error}", name.start, type(error)) from None
        self.leaves[name.text] = self.found[key]
        return self.found[key]

    def given_as(self, name: str) -> str | None:
        """Return the keyword that gives a name its value: the name itself, or as Python would normalise it."""
        normal = unicodedata.normalize("NFKC", name)
        return name if name in self.variables else normal if normal in self.variables else None

    def apply(self, function: Callable[..., Any], arguments: list[Any], start: int) -> Any:
        """Return function's result; add the place to what it refuses."""
        try:
            return function(*arguments)
        except Refusal as error:
            raise self.fault(str(error), start, type(error)) from None

    # Tokens ---------------------------------------------------------------------------------------------------------

    def advance(self) -> Token:
        """Return the token ahead, and read the next."""
        token, start = self.token, self.token.start + len(self.token.text)
        while start < len(self.text) and self.text[start].isspace():
            start += 1
        match = TOKEN.match(self.text, start)
        if match:
            self.token = Token(str(match.lastgroup), match[0], start)
            if match["name"]:
                self.require_name(self.token)
        elif start < len(self.text):
            after, functions = self.text[start:], self.functions
            remedy = remedy_of_sign(after, token.text, functions)
            raise self.fault(f"{after[0]!r} is not part of a formula: {remedy}", start)
        else:
            self.token = Token("end", "", start)
        return token

    def require_name(self, token: Token) -> None:
        """Refuse a name that is not an identifier of Python; its digits may be subscripts."""
        if keyword.iskeyword(token.text):
            raise self.fault(f"{token} is a keyword of Python, and refused: use another name", token.start)
        if not is_variable(token.text):
            raise self.fault(f"{token} is not a name: {remedy_of_name(token.text, self.functions)}", token.start)

    def require_number(self, value: Any, start: int) -> Value:
        """Return a Value; refuse a list."""
        if isinstance(value, Value):
            return value
        raise self.fault("a list stands only where a function takes one, as in sum([x, y])", start)

    def close(self, opening: Token, closing: str) -> None:
        """Pass the closing bracket."""
        if self.token.kind == "end":
            raise self.fault(f"{opening} is never closed: add {closing}", opening.start)
        if self.token.text != closing:
            raise self.misplaced()
        self.advance()

    # Faults ---------------------------------------------------------------------------------------------------------

    def misplaced(self) -> Exception:
        """Return the error for a token that does not continue what stands before it."""
        token = self.token
        if token.text == "[":
            return self.fault("indexing is refused: give each element a name, as in x1", token.start)
        if token.text == "," and (comma := DECIMAL_COMMA.match(self.text, self.number_before(token.start))):
            remedy = f"write {comma[1]}.{comma[2]} with a decimal point"
            return self.fault(f", separates the arguments of a function: {remedy}", token.start)
        if GROUPED_DIGITS.search(self.text, 0, token.start + len(token.text)):
            return self.fault("the digits of a number stand without gaps, as in 1000", token.start)
        if token.kind in ("number", "name") or token.text == "(":
            return self.fault(f"an operator is missing before {token}: write * for a product", token.start)
        return self.fault(f"{token} is out of place: nothing before it asks for one", token.start)

    def number_before(self, start: int) -> int:
        """Return where the digits begin that end at a place."""
        return len(self.text[:start].rstrip("0123456789"))

    def fault(self, message: str, start: int, kind: type[Exception] = ValueError) -> Exception:
        """Return an error that shows the text around a place, and a caret under it."""
        first, last = max(0, start - 60), start + 40
        around = "".join(c if c.isprintable() else " " for c in self.text[first:last])
        before, after = "…" if first else "", "…" if last < len(self.text) else ""
        caret = " " * (len(before) + start - first) + "^"
        return kind(f"{message} (character {start + 1})\n    {before}{around}{after}\n    {caret}")


def is_variable(text: str) -> bool:
    """Return whether a text is one variable: an identifier but not a keyword, whose digits may be subscripts.

    >>> is_variable("x₁"), is_variable("w*x + b"), is_variable("lambda")
    (True, False, False)
    """
    match = TOKEN.fullmatch(text)
    is_name = match is not None and match.lastgroup == "name"
    return is_name and text.translate(PLAIN_DIGITS).isidentifier() and not keyword.iskeyword(text)


def functions() -> dict[str, Callable[..., Any]]:
    """Return the functions that a text may call, by name: the rows of the table, and compositions."""
    known: dict[str, Callable[..., Any]] = {**TABLE, **COMPOSITIONS}
    return dict(sorted(known.items()))


def call_of(name: str, function: Callable[..., Any]) -> tuple[str, str]:
    """Return the arguments that a function takes, as a pattern of n and l, and an example of a call."""
    if not isinstance(function, Operation):
        return "l", f"{name}([x, y])"  # a composition takes a list
    arity = function.arity or 0
    return function.call or ("n" * arity, f"{name}({', '.join('xyuvst'[:arity])})")
