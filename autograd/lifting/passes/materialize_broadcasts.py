"""Pass 8, spreading: what an elementwise statement would broadcast is copied into its full shape first.

NumPy copies it too, but into memory that it allocates at every call, which takes longer. What is constant is copied
before the first call. A single number stays, but for NumPy's maximum and minimum, which take twice as long with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from autograd.lifting.codegen.emitter import Writer
from autograd.lifting.codegen.statements import Array, Call, Line, Loop, Operand, Statement, elementwise

EVEN = ("maximum", "minimum")  # faster on two arrays of one shape


def spread(lines: Sequence[Line], writer: Writer) -> list[Line]:
    """Return lines that broadcast nothing: what they would is copied into the result, if that is free."""
    found: list[Line] = []
    for x in lines:
        if isinstance(x, Loop):
            x = Loop(x.turns, spread(x.body, writer), x.backwards)
        elif isinstance(x, Call) and x.target:
            out, operands = x.target, list(x.operands)
            for k, operand in enumerate(operands):
                if _is_narrow(operand, out) and not operand.fixed:
                    full = writer.array("t", out.rows, out.wide) if out in operands else out
                    found.append(Statement(full, "copyto({}, {})", (full, operand), (operand,)))
                    operands[k] = full
                elif _is_narrow(operand, out) or (not isinstance(operand, Array) and x.function in EVEN):
                    operands[k] = writer.filled(operand, out.rows, out.wide)
            if operands != list(x.operands):
                x = elementwise(x.function, operands, out)
        found.append(x)
    return found


def _is_narrow(x: Operand, out: Array) -> TypeGuard[Array]:
    """Whether an operand is a row or a column of what it is broadcast to."""
    return isinstance(x, Array) and (x.rows, x.wide) != (out.rows, out.wide) and (x.rows > 1 or x.wide)
