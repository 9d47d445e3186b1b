"""What differs between two graphs of the same shape, or between the engine's gradients and those derived by hand.

Two graphs have the same shape if their topological orders agree, operation by operation and operand by operand.
Numbers derived by hand are compared at the digits given. A wrong gradient makes those computed from it wrong too. So
the first wrong ones, in the order of the backward pass, are those computed from no other wrong one.

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
from viz.text.labels import called

if TYPE_CHECKING:
    from nn import Record

Hand = float | str | Decimal
Against = Value | Mapping[Value, Hand] | Sequence[Sequence[Hand]]

RTOL = 1e-6  #: up to this fraction, two numbers are the same


class Reference(NamedTuple):
    """The value and gradient that a Value's own are compared with; its own gradient where there is no other."""

    data: float
    grad: float


def changes(value: Value, against: Against, record: Record | None, sign: float = 1.0) -> dict[Value, Reference]:
    """Return the other numbers of each Value below `value` that differs, in topological order.

    Args:
        value: The root of the graph.
        against: A graph of the same shape, gradients by Value, or deltas of the record, [layer][neuron].
        record: Of the forward pass, which deltas need.
        sign: Of the deltas, relative to gradients.

    Raises:
        ValueError: For a graph of another shape, whose first difference is named; for gradients before `backward()`,
            and for the gradient of something that has none in the graph.
        TypeError: For anything else.
    """
    nodes = topological_order(value)
    if isinstance(against, Value):
        others = _others(nodes, against)
        both = value.grad != 0.0 and against.grad != 0.0
        old = {
            z: Reference(y.data, y.grad if both and not z.constant else z.grad)
            for z, y in zip(nodes, others, strict=True)
        }
        return {z: y for z, y in old.items() if not (same(z.data, y.data) and same(z.grad, y.grad))}
    sign = sign if isinstance(against, (list, tuple)) else 1.0
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
        return {
            z: Reference(z.data, sign * x.number)
            for z, x in zip(compared, numbers, strict=True)
            if not x.agrees(sign * z.grad)
        }
    raise TypeError(
        f"against must be a Value, or gradients as {{w: 0.19}}, not the {type(against).__name__} {against!r:.80}; "
        "deltas, a list for each layer, need the record as well"
    )


def first_wrong(value: Value, wrong: Collection[Value]) -> list[Value]:
    """Return those of the wrong Values whose gradients are computed from no other wrong one."""
    below: set[Value] = set()
    for z in reversed(topological_order(value)):
        if z in wrong or z in below:
            below.update(z.operands)
    return [z for z in wrong if z not in below]


def same(x: float, y: float) -> bool:
    """Tell whether two numbers are the same up to rounding."""
    return math.isclose(x, y, rel_tol=RTOL) or (math.isnan(x) and math.isnan(y))


def change(old: float, new: float, write: Callable[[float, int], str]) -> str:
    """Return `old → new` with at least four digits and enough to distinguish them; if they are the same, the new one.

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
