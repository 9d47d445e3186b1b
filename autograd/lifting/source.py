"""Pass 11, source: the text that is run once for each size of batch: it makes the arrays, and defines the two passes.

Where a long program repeats itself, it has a loop.
Everything stands at the top level of the text, because Python compiles a function in a time that grows with the square
of the number of variables that it shares with another.
"""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.lifting.forgetting import forget
from autograd.lifting.forward import Forward
from autograd.lifting.lines import Array, Line, Loop, Statement, flat, roots
from autograd.lifting.memory import needed, shared_memory
from autograd.lifting.plan import Plan, Rows, runs
from autograd.lifting.quotients import quotients
from autograd.lifting.reverse import Reverse
from autograd.lifting.spreading import spread
from autograd.lifting.writer import NAMESPACE

WIDE = 112  # so long is a line at most, before it is broken
WORD = re.compile(r"\w+")
LEGEND = """\
# One row for each node, one column for each sample of the batch; n is its size.
# A weight matrix has one row for each neuron, the transpose of W[sender][receiver]; the biases are its last column."""


@dataclass
class Source:
    """The text, the names that it uses, its larger constants, and which parameters' gradients tell of an error.

    Most weights of a layer with biases need not be looked at: the gradient of a bias is the sum of its neuron's deltas,
    so it tells of each of them, and the weights of one neuron tell of all senders. Where these are finite, nothing but
    an overflow, which Python lets pass, can happen to their products.
    """

    text: str
    namespace: dict[str, Any] = field(default_factory=dict)
    constants: list[np.ndarray[Any, Any]] = field(default_factory=list)
    telling: list[int] = field(default_factory=list)


def write_source(plan: Plan, mean: bool) -> Source:
    """Return the source of a plan: its forward pass, and, where there is one output, its backward pass."""
    writer = Reverse(plan, mean) if len(plan.outputs) == 1 else Forward(plan)
    outputs = [writer.rows(x, each=True) for x in runs(plan.outputs) if isinstance(x, Rows)]
    lines = quotients(writer.statements, [*outputs, *writer.kept])
    forward, backward = spread(lines[: writer.split], writer), spread(lines[writer.split :], writer)
    backward = needed(backward, writer.kept)
    later = [root for statement in flat(backward) for array in statement.reads for root in roots(array)]
    forward = needed(forward, [*outputs, *later])
    forget([*forward, *backward], outputs)
    between = Statement(None, "", (), tuple(outputs))  # the caller reads the outputs between the two passes
    memory = shared_memory([*forward, between, *backward])

    loops = [x for x in (*forward, *backward) if isinstance(x, Loop)]
    steps = {id(loop): writer.name("steps") for loop in loops if loop.variables()}
    used, words = used_definitions(writer.definitions, [*forward, *backward], outputs)
    returned = ", ".join(array.name for array in outputs)
    views = [a for a in used if a.per_batch]
    text = "\n".join(
        [
            *LEGEND.splitlines(),
            "",
            *memory_lines(memory, words),
            "# Constants, and views of the arrays and of the parameters.",
            *[f"{a.name} = {a.definition}" for a in used if not a.per_batch and not a.varies],
            *loop_tables(loops, steps),
            "",
            "",
            "def forward(batch):",
            *indented([f"global {', '.join(a.name for a in views)}"] if views else []),
            *indented([f"{a.name} = {a.definition}" for a in views]),
            *indented(listing(forward, steps)),
            f"    return [{returned}]",
            "",
            "",
            "def backward():",
            *indented(listing(backward, steps) or ["pass"]),
            "",
        ]
    )
    telling = [k for k in range(plan.parameters.size) if k not in writer.vouched]
    return Source(text, {**NAMESPACE, **writer.functions}, writer.constants, telling)


def memory_lines(memory: dict[Array, Array], words: set[str]) -> list[str]:
    """Return the lines that make the arrays."""
    sharing: dict[Array, list[str]] = defaultdict(list)
    for array, owner in memory.items():
        if array.name in words:
            sharing[owner].append(array.name)
    return [
        "# Arrays; those that are needed one after the other share their memory.",
        *[f"{' = '.join(names)} = empty(({a.rows}, {width(a)}), dtype)" for a, names in sharing.items()],
    ]


def loop_tables(loops: Sequence[Loop], steps: dict[int, str]) -> list[str]:
    """Return the lines that make, for each loop, the list of the arrays of each turn."""
    lines = []
    for loop in loops:
        if variables := loop.variables():
            listed = ["zip(", *indented([f"{table(array)}," for array in variables]), ")"]
            lines += [f"{steps[id(loop)]} = list(", *indented(listed), ")" + "[::-1]" * loop.backwards]
    return ["# What the loops run over, turn by turn.", *lines] if lines else []


def table(variable: Array) -> str:
    """Return the expression that lists what a variable stands for, turn by turn."""
    if variable.owner and variable.owner.varies:
        return f"[each{variable.definition.removeprefix(variable.owner.name)} for each in {table(variable.owner)}]"
    return variable.definition


def used_definitions(
    definitions: Sequence[Array], lines: Sequence[Line], outputs: Sequence[Array]
) -> tuple[list[Array], set[str]]:
    """Return the definitions that a line, an output or a later definition names; and all names in use."""
    words = {array.name for statement in flat(lines) for array in (*statement.arrays, *statement.reads)}
    words.update([array.name for array in outputs])
    used = []
    for array in reversed(definitions):
        if array.definition and array.name in words:
            words.update(WORD.findall(array.definition))
            used.append(array)
    return used[::-1], words


def width(array: Array) -> str:
    """Return how many columns an array has."""
    return "n" if array.wide else "1"


def listing(lines: Sequence[Line], steps: dict[int, str]) -> list[str]:
    """Return the text of lines."""
    texts: list[str] = []
    for x in lines:
        if isinstance(x, str):
            texts.append(f"# {x}")
        elif isinstance(x, Statement):
            texts.append(x.form.format(*[array.name for array in x.arrays]))
        else:
            texts += [*header(x, steps.get(id(x), "")), *indented(listing(x.body, steps))]
    return texts


def header(loop: Loop, steps: str) -> list[str]:
    """Return the lines that begin a loop over the list of its turns."""
    variables, times = [array.name for array in loop.variables()], f"# {loop.turns:,} times:"
    if not variables:
        return [times, f"for _ in range({loop.turns}):"]
    names = ", ".join(variables)
    line = f"for {names}{',' * (len(variables) == 1)} in {steps}:"
    if len(line) <= WIDE:
        return [times, line]
    return [times, "for (", *indented(textwrap.wrap(names, WIDE - 4)), f") in {steps}:"]


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines as those of a function."""
    return [f"    {line}" for line in lines]
