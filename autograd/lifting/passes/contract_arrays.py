"""Pass 10, contract arrays: a stacked array keeps only the iterations that are read again.

Most of what an iteration computes is read in the same iteration or in the next one, and never again. Then the rows of
one iteration, or of two in rotation, serve all. What the backward pass reads is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from autograd.lifting.codegen.code import Code
from autograd.lifting.statements import Array, Loop, by_iteration, fills, flat

ELSEWHERE = -1


def contract_arrays(code: Code) -> None:
    """Shorten the stacked arrays that a single loop writes."""
    lines = [*code.forward, *code.backward]
    uses: dict[Array, dict[Array, set[int]]] = defaultdict(lambda: defaultdict(set))  # array, what shows it, line
    for array in code.outputs:
        uses[array.root][base(array)].add(ELSEWHERE)
    for place, line in enumerate(lines):
        for statement in flat([line]):
            for array in {*statement.arrays, *statement.reads}:
                view = base(array)
                if view is not array.root or not fills(statement):
                    uses[array.root][view].add(place if isinstance(line, Loop) else ELSEWHERE)
                for other in array.first:
                    uses[other.root][base(other)].add(ELSEWHERE)
    for array, showing in uses.items():
        places = {place for x, at in showing.items() for place in at if x.varies}
        loop = lines[places.pop()] if len(places) == 1 and not array.definition else None
        if isinstance(loop, Loop) and renews(loop, [x for x in showing if x.varies]):
            shorten(array, loop, list(showing))


def base(array: Array) -> Array:
    """Return the view of the owner of the memory that an array is a part of, or the owner itself."""
    while array.owner and array.owner.owner:
        array = array.owner
    return array


def renews(loop: Loop, variables: Sequence[Array]) -> bool:
    """Whether each iteration writes one of some variables, and reads none of those before it has written it."""
    written: set[Array] = set()
    read: set[Array] = set()
    for x in flat(loop.body):
        read.update({base(array) for array in x.reads} - written)
        if x.target:
            written.add(base(x.target))
    return not written.isdisjoint(variables) and read.isdisjoint(written.intersection(variables))


def shorten(array: Array, loop: Loop, showing: Sequence[Array]) -> None:
    """Shorten an array to as many iterations as its variables reach back, if its views show only the last ones."""
    rows = array.rows // loop.iterations
    variables = [x for x in showing if x.varies]
    kept = 1 + max([len(x.first) for x in variables])
    views = {x: (x.part[0] // rows, x.part[0] % rows, x.part[1] - x.part[0]) for x in showing if x.part}
    if any([iteration < loop.iterations - kept or first + size > rows for iteration, first, size in views.values()]):
        return
    if len(variables) + len(views) < len(showing):
        return
    if kept == len(variables) == 1:
        parts = [x for statement in flat(loop.body) for x in statement.arrays if base(x) is variables[0]]
        array = become_owner(variables[0], parts, list(views))
    array.rows = kept * rows
    for view, (iteration, first, size) in views.items():
        first += iteration % kept * rows
        view.definition = f"{array.name}[{first}:{first + size}]"
    for x in variables:
        if x.varies:
            x.definition = by_iteration(array, loop.iterations, kept, x.first)


def become_owner(variable: Array, parts: Sequence[Array], views: Sequence[Array]) -> Array:
    """Make a loop variable an array of its own, the same in all iterations; its parts and the views show it."""
    for x in views:
        x.owner = variable
    for x in (variable, *parts, *views):
        x.varies, x.root = False, variable
    variable.owner, variable.definition = None, ""
    return variable
