"""Pass 12, source: the text that is run once for each size of batch: it makes the arrays, and defines the two passes.

Where a long program repeats itself, it has a loop.
Everything stands at the top level of the text, because Python compiles a function in a time that grows with the square
of the number of variables that it shares with another.
"""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Sequence

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Line, Loop, flat

LINE_LENGTH = 112  # so long is a line at most, before it is broken
WORD = re.compile(r"\w+")
LEGEND = """\
# One row for each node, one column for each sample of the batch; n is its size.
# A weight matrix has one row for each neuron, the transpose of W[sender][receiver]; the biases are its last column."""


def write_source(code: Code) -> str:
    """Return the text of a program."""
    emit, lines = code.emit, [*code.forward, *code.backward]
    loops = [x for x in lines if isinstance(x, Loop)]
    steps = {id(loop): emit.name("steps") for loop in loops if loop.variables()}
    used, words = used_definitions(emit.definitions, lines, code.outputs)
    returned = ", ".join(array.name for array in code.outputs)
    views = [a for a in used if a.per_batch]
    return "\n".join(
        [
            *LEGEND.splitlines(),
            "",
            *memory_lines(code.memory, words),
            "# Constants, and views of the arrays and of the parameters.",
            *[f"{a.name} = {a.definition}" for a in used if not a.per_batch and not a.varies],
            *loop_tables(loops, steps),
            "",
            "",
            "def forward(batch):",
            *indented([f"global {', '.join(a.name for a in views)}"] if views else []),
            *indented([f"{a.name} = {a.definition}" for a in views]),
            *indented(listing(code.forward, steps)),
            f"    return [{returned}]",
            "",
            "",
            "def backward():",
            *indented(listing(code.backward, steps) or ["pass"]),
            "",
        ]
    )


def memory_lines(memory: dict[Array, Array], words: set[str]) -> list[str]:
    """Return the lines that make the arrays."""
    sharing: dict[Array, list[str]] = defaultdict(list)
    for array, owner in memory.items():
        if array.name in words:
            sharing[owner].append(array.name)
    return [
        "# Buffers; those whose lifetimes do not overlap share their memory.",
        *[f"{' = '.join(names)} = empty(({a.rows}, {width(a)}), dtype)" for a, names in sharing.items()],
    ]


def loop_tables(loops: Sequence[Loop], steps: dict[int, str]) -> list[str]:
    """Return the lines that make, for each loop, the list of each iteration's arrays."""
    lines = []
    for loop in loops:
        if variables := loop.variables():
            listed = ["zip(", *indented([f"{table(array)}," for array in variables]), ")"]
            lines += [f"{steps[id(loop)]} = list(", *indented(listed), ")" + "[::-1]" * loop.backwards]
    return ["# What the loops iterate over.", *lines] if lines else []


def table(variable: Array) -> str:
    """Return the expression that lists a loop variable's arrays, one for each iteration."""
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
    return "n" if array.batched else "1"


def listing(lines: Sequence[Line], steps: dict[int, str]) -> list[str]:
    """Return the text of lines."""
    texts: list[str] = []
    for x in lines:
        if isinstance(x, Loop):
            texts += [*header(x, steps.get(id(x), "")), *indented(listing(x.body, steps))]
        else:
            texts += [f"# {x.comment}"] if x.comment else []
            texts.append(x.form.format(*[array.name for array in x.arrays]))
    return texts


def header(loop: Loop, steps: str) -> list[str]:
    """Return the lines that begin a loop over the list of its iterations."""
    variables, times = [array.name for array in loop.variables()], f"# {loop.iterations:,} iterations:"
    if not variables:
        return [times, f"for _ in range({loop.iterations}):"]
    names = ", ".join(variables)
    line = f"for {names}{',' * (len(variables) == 1)} in {steps}:"
    if len(line) <= LINE_LENGTH:
        return [times, line]
    return [times, "for (", *indented(textwrap.wrap(names, LINE_LENGTH - 4)), f") in {steps}:"]


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines as those of a function."""
    return [f"    {line}" for line in lines]
