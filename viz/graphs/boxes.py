"""What a drawing shows: boxes, each for a Value or a collapsed neuron or layer, and the arrows between them.

An arrow passes back its local derivative times the gradient at its head: one term of the gradient at its tail. These
terms are called flows.

Letters: z a node, x an operand, p a local derivative, g an adjoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from autograd import topological_order
from autograd.choices import chosen
from viz.graphs.groups import SHARED, Grouping, Place
from viz.graphs.lettering import NetInput
from viz.text.labels import called, exact, number, signed

if TYPE_CHECKING:
    from autograd import Value

T = TypeVar("T")

RTOL = 1e-9  #: up to this fraction, a gradient is the sum of its terms


@dataclass(slots=True, eq=False)
class Box:
    """Some Values drawn as one: the members in topological order, and as results those that other boxes use.

    `look` is the class that the style sheet colours, `place` the frame around the box, and `net_inputs` those of the
    neurons whose δ the box shows.
    """

    name: str
    kind: str
    look: str
    place: Place | None
    members: list[Value]
    results: list[Value]
    net_inputs: Sequence[NetInput] = ()

    @property
    def net_input(self) -> NetInput | None:
        """That of a single neuron."""
        return self.net_inputs[0] if len(self.net_inputs) == 1 else None


@dataclass(slots=True, eq=False)
class Arrow:
    """An arrow between two boxes, given by their indices: its label, its tooltip, and what it passes back.

    There is one flow for each result of the box at its tail. `operand` is the place of the tail among the operands of
    the head, if both are single Values; `partial` is the local derivative, NaN if there is none, as of a matrix.
    """

    tail: int
    head: int
    text: str
    hint: str
    flows: list[float]
    operand: int | None = None
    partial: float = math.nan


def groups_of(nodes: Sequence[Value], grouping: Grouping, collapse: str | None) -> dict[Hashable, list[Value]]:
    """Return the Values that share a box, under the key of the box: a Value, a place or "inputs"."""
    groups: dict[Hashable, list[Value]] = {}
    for z in nodes:
        place = grouping.place_of.get(z)
        key: Hashable = z
        if place and collapse:
            key = place if collapse == "neuron" else Place(place.layer, None)
        elif collapse == "layer" and z in grouping.inputs:
            key = "inputs"
        groups.setdefault(key, []).append(z)
    return groups


def boxes_of(groups: dict[Hashable, list[Value]], nodes: Sequence[Value], grouping: Grouping) -> list[Box]:
    """Return the boxes in topological order, as the nodes are; the last is the root."""
    key_of = {z: key for key, members in groups.items() for z in members}
    used = {x for z in nodes for x in z.operands if key_of[x] is not key_of[z]} | {nodes[-1]}
    position = {z: i for i, z in enumerate(nodes)}
    boxes = []
    for key, members in sorted(groups.items(), key=lambda item: position[item[1][-1]]):
        if len(members) == 1:
            boxes.append(_single(members[0], grouping, grouping.net_inputs(key, members)))
            continue
        place = key if isinstance(key, Place) else None
        results = [z for z in members if z in used]
        name, kind = grouping.title(place, results)
        frame = Place(place.layer, SHARED) if place and place.neuron is not None else None  # a neuron needs no other
        boxes.append(Box(name, kind, "group", frame, members, results, grouping.net_inputs(key, members)))
    return boxes


def _single(z: Value, grouping: Grouping, net_inputs: Sequence[NetInput]) -> Box:
    role = grouping.role_of.get(z, "constant" if z.constant else "leaf")
    kind, look = (z.operation.glyph, "operation") if z.operation else (role, role)
    return Box(grouping.lettering.title(z), kind, look, grouping.place_of.get(z), [z], [z], net_inputs)


def arrows_of(boxes: Sequence[Box], flowing: bool, called: Callable[[Value], str] = called) -> list[Arrow]:
    """Return the arrows, ordered by head.

    There is one arrow for each operand of a Value, but only one between two boxes if either stands for several Values.

    Args:
        boxes: In topological order, the root last.
        flowing: Whether `backward()` has computed gradients; without them every flow is 0.
        called: Returns what a text calls a Value.
    """
    owner = {z: i for i, box in enumerate(boxes) for z in box.members}
    root = boxes[-1].members[-1]
    contributing = set(chosen(topological_order(root), [root], conditions=False)) if flowing else set()
    arrows: list[Arrow] = []
    for head, box in enumerate(boxes):
        z = box.members[-1]
        operands = _side_by_side(z, list(enumerate(zip(z.operands, partials(z), strict=True))))
        if len(box.members) > 1 or any(len(boxes[owner[x]].results) > 1 for x in z.operands):
            arrows += _bundles(boxes, owner, head, contributing, called)
            continue
        for place, (x, p) in operands:
            arrow = _arrow(owner[x], head, z, x, p, flowing, z in contributing, called)
            arrow.operand = place
            arrows.append(arrow)
    return arrows


def remainders(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> dict[Value, float]:
    """Return, for each result whose gradient is more or less than its arrows pass back, the difference.

    It comes from an earlier `backward()`, because leaves add gradients up, or from a Value outside this graph.
    """
    flows: dict[Value, list[float]] = {z: [] for box in boxes[:-1] for z in box.results if not z.constant}
    for arrow in arrows:
        for z, flow in zip(boxes[arrow.tail].results, arrow.flows, strict=True):
            if z in flows:
                flows[z].append(flow)
    for box in boxes:
        if len(box.results) > 1:  # what is used inside its own box is passed back there, along no arrow
            for x in {x for z in box.members for x in z.operands} & set(box.results):
                flows.pop(x, None)
    found = {z: z.grad - sum(terms) for z, terms in flows.items()}
    return {z: rest for z, rest in found.items() if abs(rest) > RTOL * sum(map(abs, [z.grad, *flows[z]]))}


def total_length(arrows: Sequence[Arrow]) -> int:
    """Return how many columns all arrows together span, with each box as far to the right as it can be."""
    column: dict[int, int] = {}
    for arrow in reversed(arrows):
        column[arrow.tail] = min(column.get(arrow.tail, 0), column.get(arrow.head, 0) - 1)
    return sum(column.get(arrow.head, 0) - column[arrow.tail] for arrow in arrows)


def _side_by_side(z: Value, operands: list[T]) -> list[T]:
    """Return the operands in the order in which they are drawn: for Σ w·x, each x follows its w."""
    if z.operation is None or z.operation.algebra != "scalar product":
        return operands
    n = len(operands) // 2
    pairs = zip(operands[n : 2 * n], operands[:n], strict=True)
    return [*chain.from_iterable(pairs), *operands[2 * n :]]


def partials(z: Value) -> Sequence[float]:
    """Return the local derivatives of z, NaN where they are undefined, such as that of √x at 0."""
    try:
        return z.partials()
    except (ArithmeticError, ValueError):
        return [math.nan] * len(z.operands)


def _arrow(
    tail: int,
    head: int,
    z: Value,
    x: Value,
    p: float,
    flowing: bool,
    contributes: bool,
    called: Callable[[Value], str],
) -> Arrow:
    """Return one arrow; `contributes` says whether the root depends on z, which an argument not selected prevents."""
    if x.constant:
        return Arrow(tail, head, "", f"{called(x)} is a constant", [0.0])
    flow = p * z.grad if contributes else 0.0
    hint = f"∂{called(z)}/∂{called(x)} = {exact(p)}"
    if flowing and not contributes:
        hint += f"; {called(x)} receives 0, because this argument was not selected"
    elif flowing:
        hint += f"; {called(x)} receives {number(p)} × {number(z.grad)} = {signed(flow)}"
    return Arrow(tail, head, f"× {number(p)}" if p == p else "× undefined", hint, [flow], partial=p)


def _bundles(
    boxes: Sequence[Box],
    owner: dict[Value, int],
    head: int,
    contributing: set[Value],
    called: Callable[[Value], str],
) -> list[Arrow]:
    """Return one arrow into a box from each box that it depends on, as if the box were one operation."""
    box = boxes[head]
    sole = box.results[0] if len(box.results) == 1 else None
    adjoints = {} if sole is None else {sole: 1.0}  # ∂sole/∂z
    flows: dict[Value, float] = {}
    for z in reversed(box.members):
        g = adjoints.get(z, 0.0)
        for x, p in zip(z.operands, partials(z), strict=True):
            adjoints[x] = adjoints.get(x, 0.0) + (g * p if g else 0.0)
            if owner[x] != head:
                flows[x] = flows.get(x, 0.0) + (p * z.grad if z in contributing else 0.0)
    arrows = []
    for tail in sorted({owner[x] for x in flows}):
        xs = [x for x in boxes[tail].results if x in flows]
        if sole is not None and len(boxes[tail].results) == 1:
            x, flowing = xs[0], bool(contributing)
            arrows.append(_arrow(tail, head, sole, x, adjoints[x], flowing, sole in contributing, called))
        else:
            size = f"{len(box.results)} × {len(boxes[tail].results)}"
            hint = f"the {size} Jacobian matrix of local derivatives: one row for each value at the arrow's head"
            arrows.append(Arrow(tail, head, f"× J {size}", hint, [flows.get(x, 0.0) for x in boxes[tail].results]))
    return arrows
