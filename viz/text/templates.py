r"""An operation written on formulas, with parentheses only where precedence needs them.

Each operation has a template, such as `x \cdot y`, whose letters stand for the operands. A table gives the
precedence that an operator requires of its operands, lower ones being put in parentheses, and that of the
whole. Python's table also keeps sums and products in the order in which they were computed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from autograd import Operation
from viz.text.symbols import ATOM, LOOSE, POWER, PRODUCT, SIGN, SUM, Piece

# operator -> the least precedence of its left operand, of its right operand, and the precedence of the whole
LATEX = {
    "+": (SUM, SUM, SUM),
    "-": (SUM, PRODUCT, SUM),
    "unary -": (ATOM, PRODUCT, PRODUCT),
    r"\cdot": (PRODUCT, PRODUCT, PRODUCT),
    "x y": (PRODUCT, PRODUCT, PRODUCT),
    "^": (ATOM, ATOM, POWER),
    r"\frac": (ATOM, ATOM, POWER),
    r"\operatorname{mod}": (POWER, POWER, LOOSE),
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
TEMPLATE_TOKEN = re.compile(r"\\operatorname\{mod\}|\\[A-Za-z]+|\*\*|//|\s+|[A-Za-z]+|[0-9.]+|.")
LETTER = re.compile(r"\\(?:operatorname|mathrm|text)\{[^{}]*\}|(?<![A-Za-z\\])[a-z](?![A-Za-z])")  # or a word
OPENING, CLOSING = ("(", "[", "{", r"\lfloor"), (")", "]", "}", r"\rfloor")
BEFORE, AFTER = ("", ",", "|", *OPENING), ("", ",", "|", *CLOSING)  # beside an operand, without being an operator


class Slot(NamedTuple):
    """A place in a template: its operand, the least precedence of that, and whether it may begin with a minus."""

    operand: int
    least: int
    signed: bool


def applied(operation: Operation, operands: list[Piece], notation: str) -> Piece:
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

    template = LETTER.sub(place, template)
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
