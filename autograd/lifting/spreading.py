"""Spreading: a row or a column that an elementwise statement would broadcast is copied into its full shape first.

NumPy copies it too, but into memory that it allocates at every call, which takes longer. A single number stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from autograd.lifting.writer import Array, Statement


def spread(statements: Sequence[Statement | str], array: Callable[[str, int, bool], Array]) -> list[Statement | str]:
    """Return statements that broadcast nothing: copied is into the result, if it is free; `array` makes others."""
    found: list[Statement | str] = []
    for x in statements:
        if isinstance(x, Statement) and x.elementwise:
            *operands, out = x.arrays
            narrow = [k for k, operand in enumerate(operands) if is_narrow(operand, out)]
            free = out not in operands
            for k in narrow:
                full, free = (out if free else array("t", out.rows, out.wide)), False
                found.append(Statement(full, "copyto({}, {})", (full, operands[k]), (operands[k],)))
                operands[k] = full
            if narrow:
                x = Statement(x.target, x.form, (*operands, out), tuple(operands), elementwise=True)
        found.append(x)
    return found


def is_narrow(x: Array, out: Array) -> bool:
    """Whether an array is a row or a column of what it is broadcast to."""
    return (x.rows, x.wide) != (out.rows, out.wide) and (x.rows > 1 or x.wide)
