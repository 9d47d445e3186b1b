"""Pass 11, allocate buffers: which arrays can share their memory.

Every statement writes an array of its own, as if memory were free. Now that all are known, an array takes over the
memory of one that no later statement reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Call, Line, Loop, Statement, flat, roots


def allocate_buffers(code: Code) -> None:
    """Find, for each array that statements write, the array whose memory it takes over, or itself.

    An elementwise statement may write over an array that it is the last to read.
    """
    between = Statement(None, "", (), tuple(code.outputs))  # the caller reads the outputs between the two passes
    statements = _in_time([*code.forward, between, *code.backward])
    last: dict[Array, int] = {}
    for place, statement in enumerate(statements):
        for array in statement.reads:
            last[array.root] = place
        if statement.target:
            last[statement.target.root] = place
    free: dict[tuple[int, bool], list[Array]] = defaultdict(list)
    memory = code.memory
    for place, statement in enumerate(statements):
        ended = dict.fromkeys([array.root for array in statement.reads if last[array.root] == place])
        spare = [(root.rows, root.batched, memory[root]) for root in ended if root in memory]
        if isinstance(statement, Call):
            for rows, batched, array in spare:
                free[rows, batched].append(array)
        target = statement.target.root if statement.target else None
        if target is not None and target not in memory and not target.definition:
            same_shape = free[target.rows, target.batched]
            memory[target] = same_shape.pop() if same_shape else target
        if not isinstance(statement, Call):
            for rows, batched, array in spare:
                free[rows, batched].append(array)


def _in_time(lines: Iterable[Line]) -> list[Statement]:
    """Return the statements in order of time; around a loop stands what it writes and what its next iteration reads."""
    statements: list[Statement] = []
    for x in lines:
        if isinstance(x, Statement):
            statements.append(x)
        elif isinstance(x, Loop):
            body, again, written = [*flat(x.body)], dict.fromkeys(x.variables()), set[Array]()
            for statement in body:
                again |= dict.fromkeys([array for array in statement.reads if array.root not in written])
                if statement.target:
                    written.add(statement.target.root)
            made = [root for y in body if y.target and y.target.varies for root in roots(y.target)]
            statements += [Statement(root, "", (), ()) for root in made]
            statements += [*body, Statement(None, "", (), tuple([r for array in again for r in roots(array)]))]
    return statements
