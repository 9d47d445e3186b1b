"""What differs between two graphs of the same shape, or between the engine's gradients and those derived by hand.

Two graphs have the same shape where their topological orders agree, operation by operation and operand by operand.
Numbers derived by hand are compared at the digits given. Those below a wrong one may be wrong only because of it: the
first wrong ones, from the root back, stand below none.

Letters: z a node, x an operand, p a local derivative, y the node of the other graph that stands in the place of z.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from autograd import Value, topological_order
from autograd.checking.digits import given, read
from viz.graphs.boxes import called

if TYPE_CHECKING:
    from nn import Record

Hand = float | str | Decimal
Against = Value | Mapping[Value, Hand] | Sequence[Sequence[Hand]]

RTOL = 1e-6  #: up to this fraction, two numbers are the same


class Old(NamedTuple):
    """The numbers that a Value's own are compared with; without a gradient there, its own."""

    data: float
    grad: float


def changes(value: Value, against: Against, record: Record | None) -> dict[Value, Old]:
    """Return the other numbers of each Value below `value` that differs, in topological order.

    against: a graph of the same shape, gradients by Value, or deltas of the record, [layer][neuron].
    Raises ValueError for a graph of another shape, naming the first difference; for gradients before `backward()`,
    and for one of a Value that has none in the graph; TypeError for anything else.
    """
    nodes = topological_order(value)
    if isinstance(against, Value):
        others = _others(nodes, against)
        both = value.grad != 0.0 and against.grad != 0.0
        old = {
            z: Old(y.data, y.grad if both and not z.constant else z.grad) for z, y in zip(nodes, others, strict=True)
        }
        return {z: y for z, y in old.items() if not (same(z.data, y.data) and same(z.grad, y.grad))}
    if record is not None and isinstance(against, (list, tuple)):
        from nn.checking.deltas import written  # the record comes from there

        written(record, against)  # for their shape
        against = dict(zip(chain(*record.net_inputs), chain(*against), strict=True))
    if isinstance(against, Mapping):
        if value.grad == 0.0:
            raise ValueError("against gives gradients, but the graph has none yet: call backward() first")
        known = {z for z in nodes if not z.constant}
        for z in against:
            if z not in known:
                raise ValueError(f"against gives a gradient of {z!r}, which has none in the graph that is drawn")
        compared = [z for z in nodes if z in against]
        numbers = given([read(against[z], f"against, the gradient of {called(z)},") for z in compared], RTOL)
        return {z: Old(z.data, x.number) for z, x in zip(compared, numbers, strict=True) if not x.agrees(z.grad)}
    raise TypeError(
        f"against is a Value or gradients by Value, not {type(against).__name__}: {against!r:.80}; deltas, a list for "
        "each layer, need the record as well"
    )


def first_wrong(value: Value, wrong: Collection[Value]) -> list[Value]:
    """Return those of the wrong Values that stand below no other."""
    below: set[Value] = set()
    for z in reversed(topological_order(value)):
        if z in wrong or z in below:
            below.update(z.operands)
    return [z for z in wrong if z not in below]


def same(x: float, y: float) -> bool:
    """Tell whether two numbers are the same but for rounding."""
    return math.isclose(x, y, rel_tol=RTOL) or (math.isnan(x) and math.isnan(y))


def change(old: float, new: float, write: Callable[[float, int], str]) -> str:
    """Return `old → new` with as many digits as tell them apart, four at least, or the new one where they are the same.

    >>> from viz.text.labels import number
    >>> change(0.5, 0.50004, number), change(0.5, 0.5, number)
    ('0.5 → 0.50004', '0.5')
    """
    if same(old, new):
        return write(new, 4)
    digits = next(digits for digits in range(4, 18) if write(old, digits) != write(new, digits))
    return f"{write(old, digits)} → {write(new, digits)}"


def _others(nodes: list[Value], against: Value) -> list[Value]:
    """Return the nodes of the other graph, in the order of these."""
    others = topological_order(against)
    place = {z: i for i, z in enumerate(nodes)}
    place_there = {y: i for i, y in enumerate(others)}
    for z, y in zip(nodes, others, strict=False):
        here, there = _made(z), _made(y)
        if here == there and [place[x] for x in z.operands] != [place_there[x] for x in y.operands]:
            here, there = [" and ".join(called(x) for x in node.operands) for node in (z, y)]
            here, there = f"of {here}", f"of {there}"
        elif here == there:
            continue
        raise ValueError(f"the graphs differ in shape, first at {called(z)}: {here} here, {there} in the other")
    if len(nodes) != len(others):
        raise ValueError(f"the graphs differ in shape: {len(nodes):,} nodes here, {len(others):,} in the other")
    return others


def _made(z: Value) -> str:
    kind = z.operation.name if z.operation else "constant" if z.constant else "leaf"
    return f"{kind} of {len(z.operands)} operands" if z.operation and z.operation.arity is None else kind
