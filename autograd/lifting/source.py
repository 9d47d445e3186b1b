"""Pass 10, source: the text that is run once for each size of batch: it makes the arrays, and defines the two passes.

Where a long program repeats itself, it has a loop.
Everything stands at the top level of the text, because Python compiles a function in a time that grows with the square
of the number of variables that it shares with another.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.lifting.forward import Forward
from autograd.lifting.memory import needed, shared_memory
from autograd.lifting.plan import Plan, Rows
from autograd.lifting.quotients import quotients
from autograd.lifting.reverse import Reverse
from autograd.lifting.rolling import WORD, Loop, header, roll
from autograd.lifting.spreading import spread
from autograd.lifting.writer import NAMESPACE, Array, Statement

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
    outputs = [writer.rows(x) for x in plan.outputs if isinstance(x, Rows)]
    statements = quotients(writer.statements, [*outputs, *writer.kept])
    forward, backward = spread(statements[: writer.split], writer), spread(statements[writer.split :], writer)
    backward = needed(backward, writer.kept)
    later = [array for statement in backward if isinstance(statement, Statement) for array in statement.reads]
    forward = needed(forward, [*outputs, *later])
    lines = [x for x in forward if isinstance(x, Statement)]
    lines.append(Statement(None, "", (), tuple(outputs)))  # the caller reads the outputs between the two passes
    lines += [x for x in backward if isinstance(x, Statement)]
    memory = shared_memory(lines)

    bodies = [roll(forward, writer.name), roll(backward, writer.name)]
    loops = [x for body in bodies for x in body if isinstance(x, Loop)]
    steps = {id(loop): writer.name("steps") for loop in loops}
    used, words = used_definitions(writer.definitions, bodies, outputs, loops)
    returned = ", ".join(array.name for array in outputs)
    views = [a for a in used if a.per_batch]
    pooled = pool(loops, memory)
    text = "\n".join(
        [
            *LEGEND.splitlines(),
            "",
            *memory_lines(memory, pooled, words),
            "# Constants, and views of the arrays and of the parameters.",
            *[f"{a.name} = {a.definition}" for a in used if not a.per_batch],
            *loop_tables(loops, memory, pooled, steps, writer.constants),
            "",
            "",
            "def forward(batch):",
            *indented([f"global {', '.join(a.name for a in views)}"] if views else []),
            *indented([f"{a.name} = {a.definition}" for a in views]),
            *indented(listing(bodies[0], steps)),
            f"    return [{returned}]",
            "",
            "",
            "def backward():",
            *indented(listing(bodies[1], steps) or ["pass"]),
            "",
        ]
    )
    telling = [k for k in range(plan.parameters.size) if k not in writer.vouched]
    return Source(text, {**NAMESPACE, **writer.functions}, writer.constants, telling)


def pool(loops: Sequence[Loop], memory: dict[Array, Array]) -> list[Array]:
    """Return the arrays that loops run over and statements write, those of one shape together."""
    looped = dict.fromkeys([array for loop in loops for turn in loop.turns for array in turn])
    owners = dict.fromkeys([memory[array] for array in looped if array in memory])
    return sorted(owners, key=lambda a: (a.rows, a.wide))


def memory_lines(memory: dict[Array, Array], pooled: Sequence[Array], words: set[str]) -> list[str]:
    """Return the lines that make the arrays; those that only loops use have no names."""
    lines = ["# Arrays; those that are needed one after the other share their memory."]
    if pooled:
        shapes = Counter(f"({a.rows}, {width(a)})" for a in pooled)
        made = ", ".join(f"*empty(({count}, {shape[1:-1]}), dtype)" for shape, count in shapes.items())
        lines.append(f"arrays = [{made}]")
    places = {array: f"arrays[{k}]" for k, array in enumerate(pooled)}
    sharing: dict[Array, list[str]] = defaultdict(list)
    for array, owner in memory.items():
        if array.name in words:
            sharing[owner].append(array.name)
    for a, names in sharing.items():
        lines.append(f"{' = '.join(names)} = {places.get(a, f'empty(({a.rows}, {width(a)}), dtype)')}")
    return lines


def loop_tables(
    loops: Sequence[Loop],
    memory: dict[Array, Array],
    pooled: Sequence[Array],
    steps: dict[int, str],
    constants: list[np.ndarray[Any, Any]],
) -> list[str]:
    """Return the lines that make, for each loop, the list of the arrays of each turn."""
    loops = [loop for loop in loops if loop.variables]
    if not loops:
        return []
    places = {array: k for k, array in enumerate(pooled)}
    named = dict.fromkeys([a for loop in loops for turn in loop.turns for a in turn if a not in memory])
    places |= {array: k for k, array in enumerate(named, len(places))}
    lines = ["# What the loops run over, turn by turn."]
    if named:
        lines.append(f"arrays {'+=' if pooled else '='} [{', '.join(array.name for array in named)}]")
    for loop in loops:
        lines.append(
            f"{steps[id(loop)]} = [[arrays[k] for k in turn] for turn in constants[{len(constants)}].tolist()]"
        )
        constants.append(np.array([[places[memory.get(array, array)] for array in turn] for turn in loop.turns]))
    return lines


def used_definitions(
    definitions: Sequence[Array],
    bodies: Sequence[Sequence[str | Loop]],
    outputs: Sequence[Array],
    loops: Sequence[Loop],
) -> tuple[list[Array], set[str]]:
    """Return the definitions that a line, a loop, an output or a later definition names; and all names in use."""
    lines = [line for body in bodies for x in body for line in ([x] if isinstance(x, str) else x.lines)]
    words = {word for line in lines if line[0] != "#" for word in WORD.findall(line)}
    words.update([array.name for array in outputs])
    words.update([array.name for loop in loops for turn in loop.turns for array in turn if array.definition])
    used = []
    for array in reversed(definitions):
        if array.name in words:
            words.update(WORD.findall(array.definition))
            used.append(array)
    return used[::-1], words


def width(array: Array) -> str:
    """Return how many columns an array has."""
    return "n" if array.wide else "1"


def listing(body: Sequence[str | Loop], steps: dict[int, str]) -> list[str]:
    """Return the lines of a pass, its loops among them."""
    lines: list[str] = []
    for x in body:
        lines += [x] if isinstance(x, str) else [*header(x, steps[id(x)]), *indented(x.lines)]
    return lines


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines as those of a function."""
    return [f"    {line}" for line in lines]
