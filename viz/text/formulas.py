r"""A Value as a formula, in LaTeX or as a line of Python, with parentheses only where precedence needs them.

Each operation has a template, such as `x \cdot y`, whose letters stand for the operands. A table gives the
precedence that an operator requires of its operands, lower ones being put in parentheses, and that of the
whole. Python's table also keeps sums and products in the order in which they were computed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from autograd import Operation, Value, topological_order
from autograd.checking.candidates import is_symbol
from autograd.parsing import is_variable
from viz.size import larger_than
from viz.text.labels import number, quoted, visible

MAX_FORMULA_LENGTH = 10_000  #: of a formula, in characters: more than anyone reads
LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)

# operator -> the least precedence of its left operand, of its right operand, and the precedence of the whole
LATEX = {
    "+": (SUM, SUM, SUM),
    "-": (SUM, PRODUCT, SUM),
    "unary -": (ATOM, PRODUCT, PRODUCT),
    r"\cdot": (PRODUCT, PRODUCT, PRODUCT),
    "x y": (PRODUCT, PRODUCT, PRODUCT),
    "^": (ATOM, ATOM, POWER),
    r"\frac": (ATOM, ATOM, POWER),
    r"\bmod": (POWER, POWER, LOOSE),
    "=": (SUM, SUM, LOOSE),
    "<": (SUM, SUM, LOOSE),
    ">": (SUM, SUM, LOOSE),
}
PYTHON = {
    "+": (SUM, PRODUCT, SUM),
    "-": (SUM, PRODUCT, SUM),
    "unary -": (ATOM, SIGN, SIGN),
    "*": (PRODUCT, SIGN, PRODUCT),
    "/": (PRODUCT, SIGN, PRODUCT),
    "//": (PRODUCT, SIGN, PRODUCT),
    "%": (PRODUCT, SIGN, PRODUCT),
    "**": (ATOM, SIGN, POWER),
}
FIRST_PLACE = 0xF0000  # of the characters for private use, which stand for the operands of a template
OPERAND_OF_LETTER = {"x": 0, "y": 1, "z": 2, "u": 2, "v": 3, "s": 4, "t": 5}  # of a template -> the operand
TEMPLATE_TOKEN = re.compile(r"\\[A-Za-z]+|\*\*|//|\s+|[A-Za-z]+|[0-9.]+|.")
OPENING, CLOSING = ("(", "[", "{", r"\lfloor"), (")", "]", "}", r"\rfloor")
BEFORE, AFTER = ("", ",", "|", *OPENING), ("", ",", "|", *CLOSING)  # beside an operand, without being an operator

# fmt: off
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}
# fmt: on
INDEXED = re.compile(r"([^\W\d_₀₁₂₃₄₅₆₇₈₉]+)([⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹]*)([₀₁₂₃₄₅₆₇₈₉,]*|\d*|_\w+)")  # of a symbol
UNRAISED = str.maketrans("⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "()01234567890123456789")
ESCAPES = {c: f"\\{c}" for c in "{}$&#%_"} | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"}


class Piece(NamedTuple):
    """A formula and its precedence."""

    text: str
    level: int


class Slot(NamedTuple):
    """A place in a template: its operand, the least precedence of that, and whether it may begin with a minus."""

    operand: int
    least: int
    signed: bool


def formula(value: Value, notation: str = "latex") -> str:
    r"""Return the graph below a Value as one formula of its leaves, each by its name, or its number if it has none.

    Args:
        value: the result of the formula.
        notation: "latex", in which a name that is not a symbol, such as "w*x + b", stands in quotation marks; or "text"
            for a line that `autograd.parse` evaluates to the same number, given its leaves' numbers by name.

    Raises:
        ValueError: for a formula of more than 10,000 characters: a Value used twice appears in it twice. As text also
            for a leaf whose name is not that of a variable or belongs to another leaf too, and for a number without a
            name that is not finite.
        TypeError: for anything but a Value.

    >>> x, y = Value(2.0, name="x1"), Value(3.0, name="y")
    >>> print(formula((x + y) * x ** 2 / y))
    \frac{(x_{1} + y) \cdot x_{1}^{2}}{y}
    >>> formula((x + y) * x ** 2 / y, notation="text")
    '(x1 + y) * x1 ** 2 / y'
    """
    if not isinstance(value, Value):
        raise TypeError(f"formula takes one Value, not {type(value).__name__}: {value!r:.80}")
    if notation not in ("latex", "text"):
        raise ValueError(f'notation is {notation!r}; choose "latex" or "text"')
    if larger_than(MAX_FORMULA_LENGTH, value):
        raise _too_long()
    if notation == "text":
        _check_names(value)
    return composed(value, {}, notation).text


def _check_names(value: Value) -> None:
    """Raise ValueError for a leaf that could not be read back from a line of text."""
    leaves: dict[str, Value] = {}
    for z in topological_order(value):
        if z.operation:
            continue
        if not z.name and not math.isfinite(z.data):
            raise ValueError(f"{z.data} cannot be written as a number that is read back: name the Value that holds it")
        if z.name and not is_variable(z.name):
            raise ValueError(
                f"{z.name!r:.80} is not the name of a variable, so it could not be read back: rename the Value, as in "
                '.named("x1"), or take notation="latex"'
            )
        other = leaves.setdefault(z.name, z) if z.name else z
        if other is not z and not (other.constant and z.constant and other.data == z.data):
            raise ValueError(
                f"two Values are named {z.name!r:.80}, and would be read back as one: rename one, or take "
                'notation="latex"'
            )


def composed(value: Value, words: Mapping[Value, Piece], notation: str, digits: int | None = None) -> Piece:
    """Return the formula of a Value in which some Values below it are replaced by given words.

    Args:
        value: the result of the formula.
        words: what to write for these Values, in place of how they were computed.
        notation: "latex" or "text".
        digits: significant digits of numbers; None writes them exactly.

    Raises:
        ValueError: for a formula that is too long.
    """
    pieces = dict(words)
    reached, stack = {value}, [value]
    while stack:
        z = stack.pop()
        new = {x for x in z.operands if x not in reached} if z not in words else ()
        reached.update(new)
        stack += new
    for z in topological_order(value):
        if z not in reached or z in words:
            continue
        operands = [pieces[x] for x in z.operands]
        pieces[z] = _composed(z.operation, operands, notation) if z.operation else _leaf(z, notation, digits)
        if len(pieces[z].text) > MAX_FORMULA_LENGTH:
            raise _too_long()
    return pieces[value]


def _too_long() -> ValueError:
    return ValueError(
        f"the formula has more than {MAX_FORMULA_LENGTH:,} characters; a Value used twice appears in it twice: "
        "take the formula of a part, or draw the graph, where each Value appears once"
    )


def _composed(operation: Operation, operands: list[Piece], notation: str) -> Piece:
    """Return the formula of an operation on formulas."""
    latex = notation == "latex"
    parts, level = _parsed(_template(operation, len(operands), latex), latex)
    if len(parts) == 1 and isinstance(parts[0], Slot):
        return operands[parts[0].operand]
    tall = latex and any(r"\frac" in x.text for x in operands)
    left, right = (r"\left(", r"\right)") if tall else "()"
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part.replace("(", left).replace(")", right)
            continue
        x = operands[part.operand]
        loose = x.level < part.least or (not part.signed and x.text.startswith("-"))
        text += f"{left}{x.text}{right}" if loose else x.text
    return Piece(text, level)


def _place(operand: int) -> str:
    """Return the character for an operand in a template; no template contains it otherwise."""
    return chr(FIRST_PLACE + operand)


def _template(operation: Operation, count: int, latex: bool) -> str:
    """Return the operation's template for `count` operands, with a place for each."""
    if operation.algebra == "scalar product":
        times, n = r" \cdot " if latex else " * ", count // 2
        terms = [_place(i) + times + _place(n + i) for i in range(n)]
        bias = [_place(2 * n)] if count % 2 else []
        return " + ".join(terms + bias if latex else bias + terms)  # Python's line adds in the engine's order
    template = operation.formula if latex else operation.python
    if not template:
        return f"{operation.name}({', '.join(map(_place, range(count)))})"

    def place(letter: re.Match[str]) -> str:
        operand = OPERAND_OF_LETTER.get(letter[0])
        return letter[0] if operand is None or operand >= (operation.arity or 2) else _place(operand)

    template = re.sub(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])", place, template)
    template = re.sub(f"\\^([{_place(0)}-{_place(count)}])", r"^{\1}", template)
    return template if operation.arity is not None else _repeated(template, count)


def _repeated(template: str, count: int) -> str:
    """Return a template of two operands, `x + y` or `max(x, y)`, for `count` operands."""
    x, y = _place(0), _place(1)
    for separator in (" + ", ", "):
        left, _, right = template.partition(separator)
        for i in range(len(left)):
            unit = left[i:]
            if x in unit and right.startswith(unit.replace(x, y)):
                units = [unit.replace(x, _place(k)) for k in range(count)]
                return left[:i] + separator.join(units) + right[len(unit) :]
    raise ValueError(f"the template {template!r} does not show how a third operand would follow")


@lru_cache(maxsize=1024)
def _parsed(template: str, latex: bool) -> tuple[list[str | Slot], int]:
    """Return the parts of a template, text and slots, and the precedence of the whole."""
    table = LATEX if latex else PYTHON
    tokens = TEMPLATE_TOKEN.findall(template)
    solid = ["", *(token for token in tokens if not token.isspace()), ""]

    def operator(k: int) -> str:
        unary = solid[k] == "-" and (solid[k - 1] in BEFORE or solid[k - 1] in table)
        return "unary -" if unary else solid[k] if solid[k] in table else ""

    parts: list[str | Slot] = []
    k, depth, level = 0, 0, ATOM
    for token in tokens:
        k += not token.isspace()
        depth += (token in OPENING) - (token in CLOSING)
        outer = table[operator(k)][2] if operator(k) else ATOM
        if token >= _place(0):
            left = operator(k - 1) or ("" if solid[k - 1] in BEFORE else "x y")
            right = operator(k + 1) or ("" if solid[k + 1] in AFTER else "x y")
            least = max(table[left][1] if left else LOOSE, table[right][0] if right else LOOSE)
            if left == "x y" and solid[k - 1].startswith("\\"):  # a function without brackets, \log x
                least = max(least, POWER)
            outer = PRODUCT if "x y" in (left, right) else ATOM
            parts.append(Slot(ord(token) - FIRST_PLACE, least, signed=left in ("", "^", "**")))
        else:
            parts.append(token)
        if depth == 0:
            level = min(level, outer)
    return parts, level


def _leaf(z: Value, notation: str, digits: int | None) -> Piece:
    """Return a leaf's name, or its number."""
    if z.name:
        return named(z.name) if notation == "latex" else Piece(z.name, ATOM)
    return numeral(z.data, notation, digits)


def numeral(x: float, notation: str = "latex", digits: int | None = None) -> Piece:
    r"""Return a number with the given significant digits, or in the shortest form that gives it exactly.

    >>> numeral(-1.5e-7).text, numeral(0.0643612, digits=4).text
    ('-1.5 \\cdot 10^{-7}', '0.06436')
    """
    latex = notation == "latex"
    shortest = repr(x).removesuffix(".0") if digits is None else number(x, digits).replace("−", "-")
    level = PRODUCT if shortest.startswith("-") and latex else SIGN if shortest.startswith("-") else ATOM
    if not latex:
        return Piece(shortest, level)
    if not math.isfinite(x):
        return Piece(r"\mathrm{nan}" if math.isnan(x) else repr(x).replace("inf", r"\infty"), level)
    mantissa, e, exponent = shortest.partition("e")
    if not e:
        return Piece(shortest, level)
    power = f"10^{{{int(exponent)}}}"
    return Piece(power, POWER) if mantissa == "1" else Piece(rf"{mantissa} \cdot {power}", PRODUCT)


def named(name: str) -> Piece:
    r"""Return a name in LaTeX: x1 as x₁, alpha as α, w⁽¹⁾₂₃ with its indices, and what is not a symbol in quotes.

    >>> named("alpha2").text, named("w*x + b").text
    ('\\alpha_{2}', '\\text{“w*x + b”}')
    """
    symbol = is_symbol(name)
    match = INDEXED.fullmatch(name) if symbol else None
    base, above, below = match.groups() if match else (name, "", "")
    if base in GREEK or base in GREEK.values():
        latex = "\\" + GREEK.get(base, base)
    elif match and base.isascii():
        latex = base if len(base) == 1 else rf"\mathrm{{{base}}}"
    else:
        text = visible(name) if symbol else quoted(name)
        return Piece(rf"\text{{{''.join(ESCAPES.get(c, c) for c in text)}}}", ATOM)
    if below:
        below = below.translate(UNRAISED).removeprefix("_").replace("_", r"\_")
        latex += f"_{{{below}}}" if re.fullmatch("[0-9,]+", below) else rf"_{{\mathrm{{{below}}}}}"
    if above:
        latex += f"^{{{above.translate(UNRAISED)}}}"
    return Piece(latex, POWER if above else ATOM)
