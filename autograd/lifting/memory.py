"""Pass 8, memory: which statements are needed, and which arrays can share their memory.

Every statement writes an array of its own, as if memory were free. Once all are known, an array takes over the memory
of one that no later statement reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from autograd.lifting.writer import Array, Call, Statement


def needed(statements: Sequence[Statement | str], outputs: Iterable[Array]) -> list[Statement | str]:
    """Return the statements without those that write what nobody reads."""
    read = {array.root for array in outputs}
    kept: list[Statement | str] = []
    for statement in reversed(statements):
        if isinstance(statement, str):
            if kept and not isinstance(kept[-1], str):  # a comment on statements that are kept
                kept.append(statement)
        elif statement.target is None or statement.target.root in read:
            kept.append(statement)
            read.update([array.root for array in statement.reads])
    return kept[::-1]


def shared_memory(statements: Sequence[Statement]) -> dict[Array, Array]:
    """Return, for each array that statements write, the array whose memory it takes over, or itself.

    An elementwise statement may write over an array that it is the last to read.
    """
    last: dict[Array, int] = {}
    for place, statement in enumerate(statements):
        for array in statement.reads:
            last[array.root] = place
        if statement.target:
            last[statement.target.root] = place
    free: dict[tuple[int, bool], list[Array]] = defaultdict(list)
    memory: dict[Array, Array] = {}
    for place, statement in enumerate(statements):
        ended = dict.fromkeys([array.root for array in statement.reads if last[array.root] == place])
        spare = [(root.rows, root.wide, memory[root]) for root in ended if root in memory]
        if isinstance(statement, Call):
            for rows, wide, array in spare:
                free[rows, wide].append(array)
        target = statement.target.root if statement.target else None
        if target is not None and target not in memory and not target.definition:
            same_shape = free[target.rows, target.wide]
            memory[target] = same_shape.pop() if same_shape else target
        if not isinstance(statement, Call):
            for rows, wide, array in spare:
                free[rows, wide].append(array)
    return memory
