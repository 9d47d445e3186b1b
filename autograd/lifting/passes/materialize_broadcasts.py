"""Pass 8, materialize broadcasts: what an elementwise statement would broadcast is copied into its full shape first.

NumPy copies it too, but into memory that it allocates at every call, which takes longer. What is constant is copied
before the first call. A single number stays, but for NumPy's maximum and minimum, which take twice as long with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from autograd.lifting.codegen.code import Code
from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.statements import Array, Call, Line, Loop, Operand, Statement, elementwise

EVEN = ("maximum", "minimum")  # faster on two arrays of one shape


def materialize_broadcasts(code: Code) -> None:
    """Copy what statements would broadcast: into the result, if that is free."""
    code.forward, code.backward = _spread(code.forward, code.emit), _spread(code.backward, code.emit)


def _spread(lines: Sequence[Line], emit: Emitter) -> list[Line]:
    """Return lines that broadcast nothing."""
    found: list[Line] = []
    for x in lines:
        if isinstance(x, Loop):
            x = Loop(x.iterations, _spread(x.body, emit), x.backwards)
        elif isinstance(x, Call) and x.target:
            out, operands, comment = x.target, list(x.operands), x.comment
            for k, operand in enumerate(operands):
                if _is_narrow(operand, out) and not operand.constant:
                    full = emit.array("t", out.rows, out.batched) if out in operands else out
                    found.append(Statement(full, "copyto({}, {})", (full, operand), (operand,), comment=comment))
                    operands[k], comment = full, ""
                elif _is_narrow(operand, out) or (not isinstance(operand, Array) and x.function in EVEN):
                    operands[k] = emit.filled(operand, out.rows, out.batched)
            if operands != list(x.operands):
                x = elementwise(x.function, operands, out, comment)
        found.append(x)
    return found


def _is_narrow(x: Operand, out: Array) -> TypeGuard[Array]:
    """Whether an operand is a row or a column of what it is broadcast to."""
    return isinstance(x, Array) and (x.rows, x.batched) != (out.rows, out.batched) and (x.rows > 1 or x.batched)
