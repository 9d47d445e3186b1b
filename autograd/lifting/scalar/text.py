"""The text of sums, products and operations on floats."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, cast

from autograd import operations as table
from autograd.lifting.scalar.variables import Names, Variable
from autograd.row import Operation
from autograd.value import Value

LINE_LENGTH = 112  # of a sum, before it goes on in another statement: Python's parser sets a limit to nesting
# What is written out. The other operations are called: math's functions, and the table's own.
FORMS = {
    table.add: "{} + {}",
    table.sub: "{} - {}",
    table.mul: "{} * {}",
    table.div: "{} / {}",
    table.neg: "-{}",
    table.identity: "{}",
    table.square: "{0} * {0}",
    table.reciprocal: "1.0 / {}",
}

Factors = Sequence[str]
TextTerm = tuple[float, Factors]  # a coefficient and the texts of factors


def number(c: float) -> str:
    """Return the text of a number, in brackets if it is negative."""
    return repr(c) if c >= 0.0 else f"({c!r})"


def product(term: TextTerm) -> str:
    """Return the text of a product; a factor that begins with a slash is a divisor.

    >>> product((-2.0, ["x", "y"])), product((1.0, ["/ x", "y"])), product((1.0, []))
    ('-2.0 * x * y', 'y / x', '1.0')
    """
    c, factors = term
    text, divisors = " * ".join([x for x in factors if x[0] != "/"]), [x for x in factors if x[0] == "/"]
    if not text:
        text = repr(c)
    elif c != 1.0:
        text = f"-{text}" if c == -1.0 else f"{c!r} * {text}"
    return " ".join([text, *divisors])


def atom(term: TextTerm) -> str | None:
    """Return a term's text if it is a name or a number."""
    text, (_, factors) = product(term), term
    return text if not factors or text == factors[0] else None


def total(terms: Sequence[TextTerm]) -> list[str]:
    """Return the text of a sum, in pieces of about a line each.

    >>> total([(1.0, ["x"]), (-1.0, ["y"])])
    ['x - y']
    """
    pieces = [""]
    for term in terms or [(0.0, [])]:
        text = product(term)
        if len(pieces[-1]) + len(text) > LINE_LENGTH:
            pieces.append("")
        if pieces[-1]:
            pieces[-1] += f" - {text[1:]}" if text.startswith("-") else f" + {text}"
        else:
            pieces[-1] = text
    return [piece for piece in pieces if piece]


def assigned(target: str, terms: Sequence[TextTerm], operator: str = "=") -> list[str]:
    """Return the statements that assign a sum to a target, or add it with `+=`.

    >>> assigned("dx", [(1.0, ["(1.0 - y)"])]), assigned("dx", [(1.0, ["(1.0 - y)", "x"])])
    (['dx = 1.0 - y'], ['dx = (1.0 - y) * x'])
    """
    first, *more = total(terms)
    if len(terms) == 1 and atom(terms[0]) and first.startswith("("):  # one factor, whose brackets enclose it whole
        first = first[1:-1]
    return [f"{target} {operator} {first}", *[f"{target} += {piece}" for piece in more]]


def listed(variables: Sequence[Variable | str]) -> str:
    """Return the text of a list: slices of a list where it has the variables one after the other.

    >>> listed([Variable(f"x{k}", False, place=("row", k)) for k in range(4)]), listed(["0.0"] * 50 + ["dy"])
    ('row[0:4]', '[*[0.0] * 50, dy]')
    """
    found: list[str] = []
    texts = [(x, None) if isinstance(x, str) else (x.name, x.place) for x in variables]
    texts = [(f"{place[0]}[{place[1]}]" if place else text, place) for text, place in texts]
    counted = enumerate(texts)
    for (holder, _), run in groupby(counted, lambda each: run_of(each[0], each[1])):
        entries = [entry for _, entry in run]
        place = entries[0][1]
        if holder and place and len(entries) > 2:
            found.append(f"*{holder}[{place[1]}:{place[1] + len(entries)}]")
        elif not holder and len(entries) > 2:
            found.append(f"*[{entries[0][0]}] * {len(entries)}")
        else:
            found += [text for text, _ in entries]
    if len(found) == 1 and found[0].startswith("*") and not found[0].startswith("*["):
        return found[0][1:]
    return wrapped(found)


def run_of(k: int, entry: tuple[str, tuple[str, int] | None]) -> tuple[str, Any]:
    """Return what consecutive entries of a run share: the list and how far it is shifted, or the text."""
    text, place = entry
    return (place[0], place[1] - k) if place else ("", text)


def wrapped(texts: Sequence[str]) -> str:
    """Return the text of a list, over several lines if it is long."""
    line = f"[{', '.join(texts)}]"
    return line if len(line) <= LINE_LENGTH else "[\n" + "\n".join(textwrap.wrap(line[1:-1], LINE_LENGTH)) + ",\n]"


class Formulas:
    """Writes operations on floats, and collects the functions that they call."""

    def __init__(self, names: Names, write: Callable[[str], None]) -> None:
        self.names, self.write = names, write
        self.functions: dict[str, Operation] = {}
        self.called: dict[Operation, str] = {}

    def call(self, operation: Operation, operands: Sequence[str]) -> str:
        """Return the text of an operation on names and numbers."""
        if operation in FORMS:
            return FORMS[operation].format(*operands)
        if operation not in self.called:
            self.called[operation] = name = self.names.name(operation.name)
            self.functions[name] = operation
        return f"{self.called[operation]}({', '.join(operands)})"

    def partials(self, formulas: Sequence[Value | None], known: dict[Value, str]) -> tuple[list[str], Counter[Value]]:
        """Return the texts of expressions of symbols, whose texts are known, and how often each node is used.

        What is used more than once is written ahead. Nothing, for 1, is an empty text.
        """
        uses: Counter[Value] = Counter()
        stack = [x for x in formulas if x is not None]
        while stack:
            node = stack.pop()
            uses[node] += 1
            if uses[node] == 1 and node not in known:
                stack.extend(node.operands)
        return [self.factor(x, known, uses) for x in formulas], uses

    def factor(self, formula: Value | None, known: dict[Value, str], uses: Counter[Value]) -> str:
        """Return the text of an expression as a factor; that of a reciprocal is a divisor."""
        if formula is None:
            return ""
        if formula.operation is table.div and formula.operands[0].constant and formula.operands[0].data == 1.0:
            return f"/ {self.expression(formula.operands[1], known, uses)}"
        return self.expression(formula, known, uses)

    def expression(self, node: Value, known: dict[Value, str], uses: Counter[Value]) -> str:
        """Return the text of an expression, in brackets where it must be."""
        if node.constant:
            return number(node.data)
        if node in known:
            return known[node]
        operation = cast("Operation", node.operation)  # what is neither constant nor a symbol is computed
        text = self.call(operation, [self.expression(x, known, uses) for x in node.operands])
        if uses[node] > 1:
            known[node] = name = self.names.name("t")
            self.write(f"{name} = {text}")
            return name
        return f"({text})" if operation in FORMS else text
