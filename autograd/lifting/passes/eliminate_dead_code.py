"""Pass 9, eliminate dead code: statements whose results nobody reads are left out."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Line, Loop, Statement, flat, roots


def eliminate_dead_code(code: Code) -> None:
    """Keep the statements that the outputs and the gradient need."""
    code.backward = _needed(code.backward, {array.root for array in code.gradient})
    later = {root for statement in flat(code.backward) for array in statement.reads for root in roots(array)}
    code.forward = _needed(code.forward, later.union([array.root for array in code.outputs]))


def _needed(lines: Sequence[Line], read: set[Array]) -> list[Line]:
    """Return the lines that are needed where some arrays are read afterwards; what they read is added to those."""
    kept: list[Line] = []
    for x in reversed(lines):
        if isinstance(x, Loop):
            before = -1
            while len(read) > before:  # an iteration may read what a later line of the one before it wrote
                before, body = len(read), _needed(x.body, read)
            if body:
                kept.append(Loop(x.iterations, body, x.backwards))
        elif x.target is None or not read.isdisjoint(roots(x.target)):
            kept.append(x)
            read.update([root for array in x.reads for root in roots(array)])
        elif x.comment and kept and isinstance(kept[-1], Statement) and not kept[-1].comment:
            kept[-1].comment = x.comment  # it is on all statements up to the next comment
    return kept[::-1]
