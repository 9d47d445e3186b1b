"""Pass 7, fuse divisions: a · (1 / b) becomes a / b, one statement instead of two, where nothing else reads 1 / b.

The derivative of a logarithm, say, is a reciprocal, and the chain rule multiplies with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Call, Line, Loop, Statement, elementwise, flat, roots


def fuse_division(code: Code) -> None:
    """Write such products as quotients, in the comments too."""
    lines = [*code.forward, *code.backward]
    lines = _divided(lines, _reciprocals([*flat(lines)], [*code.outputs, *code.gradient]))
    code.forward, code.backward = lines[: len(code.forward)], lines[len(code.forward) :]


def _divided(lines: Sequence[Line], divisors: dict[Array, Array]) -> list[Line]:
    """Return lines, or those of a loop, with quotients by what is written among them."""
    if not divisors:
        return list(lines)
    found: list[Line] = []
    here = {x.target for x in lines if isinstance(x, Call)}
    for x in lines:
        found.append(x)
        if isinstance(x, Loop):
            found[-1] = Loop(x.iterations, _divided(x.body, divisors), x.backwards)
        elif isinstance(x, Call) and x.function == "multiply":
            for reciprocal, dividend in (x.operands, x.operands[::-1]):
                if isinstance(reciprocal, Array) and reciprocal in divisors and reciprocal in here and x.target:
                    divisor = divisors[reciprocal]
                    comment = re.sub(rf"\b{reciprocal.name}\b", f"1 / {divisor.name}", x.comment)
                    found[-1] = elementwise("divide", [dividend, divisor], x.target, comment)
                    break
    return found


def _reciprocals(statements: Sequence[Statement], kept: Sequence[Array]) -> dict[Array, Array]:
    """Return what is written once, as 1 / b, and read once, each with its b, which does not change any more."""
    if not any([isinstance(x, Call) and is_reciprocal(x) for x in statements]):
        return {}
    reads = Counter([array.root for array in kept])
    reads.update([root for x in statements for array in x.reads for root in roots(array)])
    writes = Counter([x.target.root for x in statements if x.target])
    changed = {x.target.root: place for place, x in enumerate(statements) if x.target}  # for the last time
    found: dict[Array, Array] = {}
    for place, x in enumerate(statements):
        if isinstance(x, Call) and is_reciprocal(x) and x.target:
            (divisor,) = x.reads
            once = (reads[x.target.root], writes[x.target.root]) == (1, 1)
            if once and changed.get(divisor.root, -1) < place:
                found[x.target] = divisor
    return found


def is_reciprocal(x: Call) -> bool:
    """Whether a call is 1 / b."""
    return x.function == "divide" and x.operands[0] == 1.0 and isinstance(x.operands[1], Array)
