"""Pass 8, contract arrays: a loop keeps, of an array for all turns, only those that are read again.

Most of what a turn computes is read in the same turn, or in the next one, and never more: then the rows of one turn, or
of two, serve all turns in rotation. What the backward pass reads is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Loop, fills, flat, in_turns

ELSEWHERE = -1


def contract_arrays(code: Code) -> None:
    """Shorten arrays that statements write and only one loop goes through."""
    lines = [*code.forward, *code.backward]
    uses: dict[Array, dict[Array, set[int]]] = defaultdict(lambda: defaultdict(set))  # array, what shows it, line
    for array in code.outputs:
        uses[array.root][base(array)].add(ELSEWHERE)
    for place, line in enumerate(lines):
        for statement in flat([line]):
            for array in {*statement.arrays, *statement.reads}:
                shown = base(array)
                if shown is not array.root or not fills(statement):
                    uses[array.root][shown].add(place if isinstance(line, Loop) else ELSEWHERE)
                for other in array.first:
                    uses[other.root][base(other)].add(ELSEWHERE)
    for array, showing in uses.items():
        places = {place for x, at in showing.items() for place in at if x.varies}
        loop = lines[places.pop()] if len(places) == 1 and not array.definition else None
        if isinstance(loop, Loop) and renews(loop, [x for x in showing if x.varies]):
            shorten(array, loop, list(showing))


def base(array: Array) -> Array:
    """Return the part of the array that owns the memory of which an array is a part, or the owner itself."""
    while array.owner and array.owner.owner:
        array = array.owner
    return array


def renews(loop: Loop, variables: Sequence[Array]) -> bool:
    """Whether each turn writes one of some variables, and none of them after it has read what was there."""
    written: set[Array] = set()
    read: set[Array] = set()
    for x in flat(loop.body):
        read.update({base(array) for array in x.reads} - written)
        if x.target:
            written.add(base(x.target))
    return not written.isdisjoint(variables) and read.isdisjoint(written.intersection(variables))


def shorten(array: Array, loop: Loop, showing: Sequence[Array]) -> None:
    """Have an array hold as few turns as its variables reach back, if its views show the last of them alone."""
    rows = array.rows // loop.turns
    variables = [x for x in showing if x.varies]
    kept = 1 + max([len(x.first) for x in variables])
    views = {x: (x.part[0] // rows, x.part[0] % rows, x.part[1] - x.part[0]) for x in showing if x.part}
    if any([turn < loop.turns - kept or first + size > rows for turn, first, size in views.values()]):
        return
    if len(variables) + len(views) < len(showing):
        return
    if kept == len(variables) == 1:
        parts = [x for statement in flat(loop.body) for x in statement.arrays if base(x) is variables[0]]
        array = become_owner(variables[0], parts, list(views))
    array.rows = kept * rows
    for view, (turn, first, size) in views.items():
        first += turn % kept * rows
        view.definition = f"{array.name}[{first}:{first + size}]"
    for x in variables:
        if x.varies:
            x.definition = in_turns(array, loop.turns, kept, x.first)


def become_owner(variable: Array, parts: Sequence[Array], views: Sequence[Array]) -> Array:
    """Have a variable be an array of its own, the same one in all turns, which its parts and the views show."""
    for x in views:
        x.owner = variable
    for x in (variable, *parts, *views):
        x.varies, x.root = False, variable
    variable.owner, variable.definition = None, ""
    return variable
