"""Boxes and arrows as DOT statements: nodes in the frames of their layer and neuron, and edges.

Labels are plain text. Each node, edge and frame has an id and classes for the style sheet, and the light
colours as attributes, for viewers without CSS.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import graphviz

from viz.graphs.comparison import Old, change, same
from viz.graphs.groups import SHARED, Place
from viz.rendering.style import CHANGED, FRAME, GAP, HALF, LIGHT, STEP, WIDTHS
from viz.text.labels import exact, label, number, signed, tooltip, visible

if TYPE_CHECKING:
    from autograd import Value
    from viz.graphs.boxes import Arrow, Box

LISTED = 4  # numbers that one box lists
Attributes = dict[str, str]


@dataclass(slots=True)
class Frame:
    """The nodes inside a frame, and the names of those in its first column, from the top."""

    nodes: dict[str, Attributes] = field(default_factory=dict)
    column: list[str] = field(default_factory=list)


def add_statements(
    drawing: graphviz.Digraph,
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    flowing: bool,
    changes: Mapping[Value, Old],
    wrong_first: Collection[Value],
    shown: Collection[Value],
) -> None:
    """Add the boxes and arrows to a drawing, with gradients if they are flowing, what has changed and is wrong first.

    shown: Values whose boxes have a thick border.

    dot leads no edge into a frame past the frame's first column, only around it. So an arrow into a neuron,
    behind its weights, is drawn in two halves, by way of a point in that column; in SVG they become one
    again.
    """
    outside, frames = Frame(), defaultdict[Place, Frame](Frame)
    nodes = [_box(i, box, flowing, changes, wrong_first, shown) for i, box in enumerate(boxes)]
    edges: list[tuple[str, str, Attributes]] = []
    behind = {arrow.head for arrow in arrows if boxes[arrow.tail].place == boxes[arrow.head].place}
    largest = max((abs(flow) for arrow in arrows for flow in arrow.flows if math.isfinite(flow)), default=0.0)
    for k, arrow in enumerate(arrows):
        name, head, edge = f"n{arrow.tail}", f"n{arrow.head}", _arrow(k, arrow, largest)
        tail, place = boxes[arrow.tail], boxes[arrow.head].place
        frame = frames[tail.place] if tail.place else outside
        if name not in frame.nodes and tail.look in ("weight", "bias"):
            frame.column.append(name)
        frame.nodes.setdefault(name, nodes[arrow.tail])
        if place and place.neuron and place != tail.place and arrow.head in behind:
            first, point, second = _halves(edge)
            frames[place].nodes[f"v{k}"] = point
            frames[place].column.append(f"v{k}")
            edges += [(name, f"v{k}:w", first), (f"v{k}:e", head, second)]
        else:
            inner = place and tail.look == "operation"
            edges.append((name, head, edge | {"weight": "4"} if inner else edge))  # a heavy edge is straight
    root = boxes[-1].place
    (frames[root] if root else outside).nodes[f"n{len(boxes) - 1}"] = nodes[-1]

    _fill(drawing, outside)
    for layer, places in groupby(sorted(frames), key=lambda place: place.layer):
        with _framed(drawing, f"layer-{layer}", f"layer {layer}") as outer:
            for place in places:
                if place.neuron == SHARED:
                    _fill(outer, frames[place])
                else:
                    with _framed(outer, f"neuron-{layer}-{place.neuron}", f"neuron {place.neuron}") as inner:
                        _fill(inner, frames[place])
    for tail_name, head_name, edge in edges:
        drawing.edge(tail_name, head_name, _attributes=edge)


def _fill(parent: graphviz.Digraph, frame: Frame) -> None:
    for name, node in frame.nodes.items():
        parent.node(name, _attributes=node)
    if frame.column:
        with parent.subgraph() as column:
            column.attr(rank="same")
            for lower, upper in pairwise(reversed(frame.column)):  # dot puts the head of such an edge above
                column.edge(lower, upper, style="invis")


def _framed(parent: graphviz.Digraph, name: str, title: str) -> AbstractContextManager[graphviz.Digraph]:
    look = FRAME | {"id": name, "class": name.partition("-")[0], "label": title, "tooltip": title}
    frame: AbstractContextManager[graphviz.Digraph] = parent.subgraph(name=f"cluster-{name}", graph_attr=look)
    return frame


def _box(
    i: int,
    box: Box,
    flowing: bool,
    changes: Mapping[Value, Old],
    wrong_first: Collection[Value],
    shown: Collection[Value],
) -> Attributes:
    """Return the attributes of the box with index i."""
    numbers = [(z, changes.get(z, Old(z.data, z.grad))) for z in box.results]
    gradients = [z.grad for z in box.results if flowing and not z.constant]
    lines = [
        GAP.join(filter(None, (box.name, box.kind))),
        _listed([change(old.data, z.data, number) for z, old in numbers]),
    ]
    if gradients:
        lines.append(_listed([change(old.grad, z.grad, signed) for z, old in numbers if not z.constant]))
    if any(z in wrong_first for z in box.members):
        lines.append("first wrong step")
    attributes = {
        "id": f"n-{i}",
        "class": f"{box.look} {_sign(gradients)}",
        "label": label(*lines),
        "tooltip": tooltip("; ".join(_numbers(z, old, flowing) for z, old in numbers)),
        "fillcolor": LIGHT[box.look],
        "color": LIGHT[f"{box.look}-line"],
    }
    if any(z in changes or z in shown for z in box.members):
        attributes |= {"class": f"{attributes['class']} changed", "color": LIGHT["ink"], "penwidth": CHANGED}
    return attributes


def _listed(numbers: Sequence[str]) -> str:
    more = f"  … ({len(numbers)})" if len(numbers) > LISTED else ""
    return "  ".join(numbers[:LISTED]) + more


def _numbers(z: Value, old: Old, flowing: bool) -> str:
    """Return a Value's whole name, or what made it, and its numbers with every digit."""
    made = z.operation.name if z.operation else "constant" if z.constant else "leaf"
    name = visible(z.name) if z.name else made
    data = _exactly(exact(old.data), exact(z.data), same(old.data, z.data))
    if not flowing or z.constant:
        return f"{name}: value {data}"
    before, after = [("+" if g > 0 else "") + exact(g) for g in (old.grad, z.grad)]
    return f"{name}: value {data}, gradient {_exactly(before, after, same(old.grad, z.grad))}"


def _exactly(old: str, new: str, is_same: bool) -> str:
    return new if is_same else f"{old} → {new}"


def _arrow(k: int, arrow: Arrow, largest: float) -> Attributes:
    """Return the attributes of the k-th arrow; its width is relative to the largest flow of the drawing."""
    sign, g = _sign(arrow.flows), _strength(arrow.flows, largest)
    return {
        "id": f"e-{arrow.tail}-{arrow.head}-{k}",
        "class": f"{sign} {g}",
        "label": label(f"  {arrow.text}  ") if arrow.text else "",
        "tooltip": tooltip(arrow.hint),
        "color": LIGHT[sign],
        "fontcolor": LIGHT[f"{sign}-ink"],
        "penwidth": str(WIDTHS[g]),
    }


def _halves(arrow: Attributes) -> tuple[Attributes, Attributes, Attributes]:
    """Return the attributes of an arrow's two halves, the first with the label, and of the point between."""
    width = f"{float(arrow['penwidth']) / 72:.3f}"
    point = {"shape": "point", "width": width, "color": arrow["color"], "class": "via"}
    first = arrow | {"arrowhead": "none"}
    second = arrow | {"id": arrow["id"] + HALF, "class": arrow["class"] + " half", "label": ""}
    return first, point, second


def _sign(numbers: Sequence[float]) -> str:
    """Return the class of some gradients: positive, negative, zero, mixed or undefined."""
    signs = {"undefined" if x != x else "positive" if x > 0 else "negative" for x in numbers if x != 0.0}
    if "undefined" in signs:
        return "undefined"
    return "mixed" if len(signs) > 1 else signs.pop() if signs else "zero"


def _strength(flows: Sequence[float], largest: float) -> str:
    """Return g4 for the largest flows, one class less for each factor of `STEP`, and g1 for none."""
    flow = max(map(abs, flows))
    if not math.isfinite(flow):
        return "g4"
    steps = math.log(largest, STEP) - math.log(flow, STEP) if flow else math.inf
    return f"g{4 - int(min(steps, 3))}"
