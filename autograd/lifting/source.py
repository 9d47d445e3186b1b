"""Pass 6, source: the text that is run once for each size of batch: it makes the arrays, and defines the two passes.

Everything stands at the top level of the text, because Python compiles a function in a time that grows with the square
of the number of variables that it shares with another.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.lifting.forward import Forward
from autograd.lifting.grouping import Plan, Rows
from autograd.lifting.reverse import Reverse
from autograd.lifting.writer import NAMESPACE, Array, Statement, needed, shared_memory

LEGEND = """\
# One row for each node, one column for each sample of the batch; n is its size.
# A weight matrix has one row for each neuron, the transpose of W[sender][receiver]; the biases are its last column."""


@dataclass
class Source:
    """The text, the names that it uses, and its larger constants."""

    text: str
    namespace: dict[str, Any] = field(default_factory=dict)
    constants: list[np.ndarray[Any, Any]] = field(default_factory=list)


def write_source(plan: Plan, mean: bool) -> Source:
    """Return the source of a plan: its forward pass, and, where there is one output, its backward pass."""
    writer = Reverse(plan, mean) if len(plan.outputs) == 1 else Forward(plan)
    outputs = [writer.rows(x) for x in plan.outputs if isinstance(x, Rows)]
    split = writer.split if isinstance(writer, Reverse) else len(writer.statements)
    forward, backward = writer.statements[:split], writer.statements[split:]
    backward = needed(backward, [writer.flat_gradient] if isinstance(writer, Reverse) else [])
    later = [array for statement in backward if isinstance(statement, Statement) for array in statement.reads]
    forward = needed(forward, [*outputs, *later])
    lines = [x for x in forward if isinstance(x, Statement)]
    lines.append(Statement(None, "", tuple(outputs)))  # the caller reads the outputs between the two passes
    lines += [x for x in backward if isinstance(x, Statement)]
    memory = shared_memory(lines)

    used = used_definitions(writer.definitions, lines, outputs)
    made = [f"{a.name} = {a.definition}" for a in used if not a.per_batch]
    sharing: dict[Array, list[str]] = defaultdict(list)
    for array, owner in memory.items():
        sharing[owner].append(array.name)
    arrays = [f"{' = '.join(names)} = empty(({a.rows}, {width(a)}), dtype)" for a, names in sharing.items()]
    views = [a for a in used if a.per_batch]
    results = ", ".join(array.name for array in outputs)
    text = "\n".join(
        [
            *LEGEND.splitlines(),
            "",
            "# Arrays; those that are needed one after the other share their memory.",
            *arrays,
            "# Constants, and views of the arrays and of the parameters.",
            *made,
            "",
            "",
            "def forward(batch):",
            *indented([f"global {', '.join(a.name for a in views)}"] if views else []),
            *indented([f"{a.name} = {a.definition}" for a in views]),
            *indented(listing(forward)),
            f"    return [{results}]",
            "",
            "",
            "def backward():",
            *indented(listing(backward) or ["pass"]),
            "",
        ]
    )
    return Source(text, {**NAMESPACE, **writer.functions}, writer.constants)


def used_definitions(
    definitions: Sequence[Array], statements: Sequence[Statement], outputs: Sequence[Array]
) -> list[Array]:
    """Return the definitions that a statement, an output or a later definition names."""
    words = {word for statement in statements for word in re.findall(r"\w+", statement.text)}
    words.update(array.name for array in outputs)
    used = []
    for array in reversed(definitions):
        if array.name in words:
            words.update(re.findall(r"\w+", array.definition))
            used.append(array)
    return used[::-1]


def width(array: Array) -> str:
    """Return how many columns an array has."""
    return "n" if array.wide else "1"


def listing(statements: Sequence[Statement | str]) -> list[str]:
    """Return statements as lines, comments before what they describe."""
    return [f"# {x}" if isinstance(x, str) else x.text for x in statements]


def indented(lines: Sequence[str]) -> list[str]:
    """Return lines as those of a function."""
    return [f"    {line}" for line in lines]
