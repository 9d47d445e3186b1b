"""For a page that computes: the graph, and in JavaScript the rows of the table that it needs, with what they call.

The float rules are the functions of `template/rules.js`, one for each row. The local derivatives come from the table:
each partial is traced on Symbols, and the formula that it leaves is written as calls of these functions. A user-defined
operation brings its float rule along, as `operation(…, javascript="x * x")`.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from autograd import Operation, Value, topological_order
from autograd.operations import BUILT_IN
from autograd.rules import elementary, gamma, normal, powers
from autograd.symbols import Symbol
from viz.pages.parts import part
from viz.text.labels import visible

LETTERS = "xyuvst"  # of the operands of a user-defined operation, as in its formula
DECLARATION = re.compile(r"^(?:function|class|const) (\w+)", re.MULTILINE)
CONSTANTS: dict[str, float | Sequence[float]] = {
    "MIN_PRECISE": powers.MIN_PRECISE,
    "LN2": elementary.LN2,
    "LOG_SQRT_2PI": elementary.LOG_SQRT_2PI,
    "SELU_SCALE": elementary.SELU_SCALE,
    "SELU_ALPHA": elementary.SELU_ALPHA,
    "INVERSE_SQRT_2PI": normal.INVERSE_SQRT_2PI,
    "TWO_OVER_SQRT_PI": normal.TWO_OVER_SQRT_PI,
    "TAIL": normal.TAIL.ravel().tolist(),
    "ERF": normal.ERF[::-1],
    "MIN_ASYMPTOTIC": gamma.MIN_ASYMPTOTIC,
    "MAX_ORDER": normal.MAX_ORDER,
    "BASIN": gamma.BASIN,
    "ROOT": gamma.ROOT,
    "ROOT_LO": gamma.ROOT_LO,
    "LEAST": gamma.LEAST,
    "AT_ROOT": gamma.AT_ROOT,
    "BERNOULLI": gamma.BERNOULLI,
    "LGAMMA_AT_TWO": gamma.LGAMMA_AT_TWO,
    "LGAMMA_AT_ROOT": gamma.LGAMMA_AT_ROOT,
    "LGAMMA_FAR": gamma.LGAMMA_FAR,
    "DIGAMMA_AT_TWO": gamma.DIGAMMA_AT_TWO,
    "DIGAMMA_FAR": gamma.DIGAMMA_FAR,
    "ODD_AT_ONE": gamma.ODD_AT_ONE,
}


class UnwritableError(ValueError):
    """What keeps an operation from being written in JavaScript, and the remedy."""


def rows_text(rows: Iterable[Operation]) -> str:
    """Return the JavaScript that declares `rows`: by its name, each row's rule, partials, `chooses` and domain.

    `rule` is a function of the operands. `partials` is a list of a number or a function of (z, x, y, …) for each
    operand, or, for a row of any number of operands, one function that returns them all. Both may throw `Refused`.

    Args:
        rows: Those that a graph has.

    Raises:
        UnwritableError: For a user-defined operation without `javascript=`, and for one whose partial has no formula.
    """
    written = {row.name: _row_text(row) for row in rows}
    texts, needed = list(written.values()), _declarations()
    own: dict[str, str] = {}
    used: dict[str, str] = {}
    pending = [*texts, "Refused"]
    while pending:
        text = pending.pop()
        for word in re.findall(r"(?<![.\w])\w+", text):
            if word in needed and word not in used:
                used[word] = needed[word]
                pending.append(needed[word])
            elif (name := word.removeprefix("own_")) != word and name in Operation.table and name not in own:
                own[name] = _own_text(Operation.table[name])
                pending.append(own[name])
    declared = [text for name, text in needed.items() if name in used]
    table = ",\n".join(f"  {_quoted(name)}: {text}" for name, text in written.items())
    return "\n".join([*declared, *own.values(), f"const rows = {{\n{table}\n}};"])


def graph_model(root: Value) -> dict[str, Any]:
    """Return the graph of a root for `template/graph.js`, which says what stands in it."""
    nodes = topological_order(root)
    place = {z: i for i, z in enumerate(nodes)}
    operations = list(dict.fromkeys(z.operation.name for z in nodes if z.operation))
    number = {name: k for k, name in enumerate(operations)}
    return {
        "operations": operations,
        "nodes": [[number[z.operation.name], *[place[x] for x in z.operands]] if z.operation else [] for z in nodes],
        "data": [None if z.operation else z.data for z in nodes],
        "constants": [i for i, z in enumerate(nodes) if z.constant],
        "names": [visible(z.name) if z.name else "" for z in nodes],
    }


@functools.cache
def _declarations() -> dict[str, str]:
    """Return the declarations of rules.js and the constants, each by its name, in an order that JavaScript can read."""
    text = part("viz.pages", "rules.js")
    constants = {name: f"const {name} = {_number(value)};" for name, value in CONSTANTS.items()}
    starts = [match.start() for match in DECLARATION.finditer(text)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    functions = {part.split()[1].partition("(")[0]: re.sub(r"\n+(//.*\n+)*$", "", part) for part in parts}
    return constants | functions


def _row_text(row: Operation) -> str:
    """Return a row as an object of JavaScript."""
    if row.name in BUILT_IN:
        rule = row.name
    else:
        rule = f"own_{row.name}"
        _own_text(row)  # refuses what has no rule
    if row.arity is None:
        partials = f"{row.name}_partials"
    else:
        letters = [LETTERS[k] for k in range(row.arity)]
        partials = f"[{', '.join(_partial(row, k, letters) for k in range(row.arity))}]"
    chooses = ", chooses: true" if row.chooses else ""
    domain = f", domain: {_quoted(row.domain)}" if row.domain else ""
    return f"{{ rule: {rule}, partials: {partials}{chooses}{domain} }}"


def _own_text(row: Operation) -> str:
    """Return the function of a user-defined operation."""
    if not row.javascript:
        remedy = f"give operation({row.name!r}, …, javascript=…) its float rule as an expression of JavaScript"
        raise UnwritableError(f"the operation {row.name} has no rule in JavaScript: {remedy}")
    return f"function own_{row.name}({', '.join(LETTERS[: row.arity])}) {{\n  return {row.javascript};\n}}"


def _partial(row: Operation, place: int, letters: Sequence[str]) -> str:
    """Return one partial of a row as a number or an arrow function of JavaScript."""
    assert not callable(row.partials)  # noqa: S101  (it has an arity)
    rule = row.partials[place]
    if not callable(rule):
        return _number(rule)
    try:
        formula = rule(Symbol("z"), *map(Symbol, letters))
    except TypeError as error:
        reason = f"partial {place + 1} of {row.name} is not a formula in the table's operations"
        raise UnwritableError(f"{reason}: {error}") from None
    return f"({', '.join(['z', *letters])}) => {_text(formula)}"


def _text(formula: Any) -> str:
    """Return a traced formula as an expression of JavaScript."""
    if not isinstance(formula, Symbol):
        return _number(float(formula))
    texts: dict[Any, str] = {}
    for node in topological_order(formula):
        if node.operation is None:
            texts[node] = (node.name or "") if isinstance(node, Symbol) else _number(node.data)
        else:
            name = node.operation.name
            own = "" if name in BUILT_IN else "own_"
            texts[node] = f"{own}{name}({', '.join([texts[x] for x in node.operands])})"
    return texts[formula]


def _number(x: float | Sequence[float]) -> str:
    """Return a number, or a list of them, as JavaScript writes it, with all its digits."""
    if not isinstance(x, (int, float)):
        return f"[{', '.join(map(_number, x))}]"
    return "NaN" if x != x else repr(x).replace("inf", "Infinity") if math.isinf(x) else repr(x)


def _quoted(text: str) -> str:
    """Return a text of the table as JavaScript's, in quotation marks."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\u003c") + '"'
