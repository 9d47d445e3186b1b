"""Boxes and arrows as DOT statements: nodes in the frames of their layer and neuron, and edges.

Each node, edge and frame has an id and classes for the style sheet, and the colours of the drawing's theme as
attributes, for viewers that ignore CSS.
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

from viz.graphs.comparison import Reference, change, same
from viz.graphs.digraph import Drawing, bold, coloured, lines_of
from viz.graphs.groups import SHARED, Place
from viz.graphs.lines import box_lines, listed
from viz.rendering.style import (
    CHANGED,
    GAP,
    NODE,
    SECOND_HALF,
    WIDTH_RATIO,
    WIDTHS,
    Palette,
    looks,
    sign_of,
)
from viz.rendering.widths import room, width
from viz.text.labels import exact, label, number, signed, tooltip, visible

if TYPE_CHECKING:
    from autograd import Value
    from viz.graphs.boxes import Arrow, Box
    from viz.graphs.lettering import Lettering

ELSEWHERE_LABEL = "from elsewhere"
WRONG_FIRST_LABEL = "first wrong step"
Attributes = dict[str, str]


@dataclass(slots=True)
class Frame:
    """The nodes inside a frame, and the names of those in its first column, from the top."""

    nodes: dict[str, Attributes] = field(default_factory=dict)
    column: list[str] = field(default_factory=list)


def add_statements(
    drawing: Drawing,
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    flowing: bool,
    rest: Mapping[Value, float],
    changes: Mapping[Value, Reference],
    wrong_first: Collection[Value],
    shown: Collection[Value],
) -> None:
    """Add the boxes and arrows to a drawing.

    Args:
        drawing: Takes the statements, and the markup of its nodes.
        boxes: In topological order, the root last.
        arrows: Between them.
        flowing: Whether `backward()` has computed gradients, which are then shown.
        rest: Of the gradients that the arrows do not add up to, the difference.
        changes: The other numbers of the Values that differ in a comparison.
        wrong_first: Those of them that are marked as the first wrong step.
        shown: Further Values whose boxes have a thick border.

    dot routes no edge into a frame past the frame's first column, only around it. So an arrow into a neuron whose
    weights stand before it is drawn in two halves that meet in a point in that column; in SVG they are joined again.
    """
    outside, frames = Frame(), defaultdict[Place, Frame](Frame)
    letters = drawing.lettering
    described = [
        _box(i, box, letters, drawing.palette, flowing, rest, changes, wrong_first, shown)
        for i, box in enumerate(boxes)
    ]
    nodes = [attributes for attributes, _ in described]
    drawing.markup |= {f"n{i}": markup for i, (_, markup) in enumerate(described)}
    edges: list[tuple[str, str, Attributes]] = []
    behind = {arrow.head for arrow in arrows if boxes[arrow.tail].place == boxes[arrow.head].place}
    largest = max((abs(flow) for arrow in arrows for flow in arrow.flows if math.isfinite(flow)), default=0.0)
    for k, arrow in enumerate(arrows):
        name, head, edge = f"n{arrow.tail}", f"n{arrow.head}", _arrow(k, arrow, largest, drawing.palette)
        tail, place = boxes[arrow.tail], boxes[arrow.head].place
        frame = frames[tail.place] if tail.place else outside
        if name not in frame.nodes and tail.look in ("weight", "bias"):
            frame.column.append(name)
        frame.nodes.setdefault(name, nodes[arrow.tail])
        if place and place.neuron and place != tail.place and arrow.head in behind:
            first, point, second = _halves(edge)
            frames[place].nodes[f"v{k}"] = point
            drawing.points.append((f"v{k}", edge["penwidth"], edge["color"]))
            frames[place].column.append(f"v{k}")
            edges += [(name, f"v{k}:w", first), (f"v{k}:e", head, second)]
        else:
            inner = place and tail.look == "operation"
            edges.append((name, head, edge | {"weight": "4"} if inner else edge))  # a heavy edge is straight
    root = boxes[-1].place
    (frames[root] if root else outside).nodes[f"n{len(boxes) - 1}"] = nodes[-1]

    _fill(drawing, outside)
    frame_look = looks(drawing.palette)["frame"]
    for layer, places in groupby(sorted(frames), key=lambda place: place.layer):
        with _framed(drawing, frame_look, f"layer-{layer}", f"layer {layer - 1 + letters.first}") as outer:
            for place in places:
                if place.neuron == SHARED:
                    _fill(outer, frames[place])
                else:
                    with _framed(
                        outer, frame_look, f"neuron-{layer}-{place.neuron}", f"neuron {place.neuron}"
                    ) as inner:
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


def _framed(
    parent: graphviz.Digraph, look: Attributes, name: str, title: str
) -> AbstractContextManager[graphviz.Digraph]:
    look = look | {"id": name, "class": name.partition("-")[0], "label": title, "tooltip": title}
    frame: AbstractContextManager[graphviz.Digraph] = parent.subgraph(name=f"cluster-{name}", graph_attr=look)
    return frame


def _box(
    i: int,
    box: Box,
    letters: Lettering,
    palette: Palette,
    flowing: bool,
    rest: Mapping[Value, float],
    changes: Mapping[Value, Reference],
    wrong_first: Collection[Value],
    shown: Collection[Value],
) -> tuple[Attributes, str]:
    """Return the attributes of the box with index i, and its label with markup.

    Its lines are the name, the values, the gradients, the deltas of a neuron or a layer, and remarks.
    """
    own = box.net_input
    told = ([own.value] if own else []) + box.results
    numbers = {z: changes.get(z, Reference(z.data, z.grad)) for z in [*told, *[x.value for x in box.net_inputs]]}
    gradients = [z.grad for z in box.results if flowing and not z.constant]
    sign = sign_of(gradients)
    title, kind = (box.name, box.kind) if box.name else (box.kind, "")

    def value(z: Value) -> str:
        return change(numbers[z].data, z.data, number)

    def gradient(z: Value, sign: float) -> str:
        return change(sign * numbers[z].grad, sign * z.grad, signed)

    lines = [GAP.join(filter(None, (title, kind))), *box_lines(box, letters, flowing, value, gradient)]
    strong = lines[2:]
    markup = [bold(title) + (GAP + coloured(label(kind), palette["muted"]) if kind else ""), label(lines[1])]
    look = f"{box.look} {sign}"
    if gradients:
        markup.append(coloured(bold(lines[2]), palette[f"{sign}-ink"]))
    if box.net_inputs and flowing:
        delta = sign_of([z.sign * z.value.grad for z in box.net_inputs])
        look += f" delta-{delta}"
        markup.append(coloured(bold(lines[-1]), palette[f"{delta}-ink"]))
    if any(z in rest for z in box.results):
        lines.append(f"{listed([signed(rest.get(z, 0.0)) for z in box.results if not z.constant])} {ELSEWHERE_LABEL}")
        markup.append(label(lines[-1]))
    if any(z in wrong_first for z in box.members):
        lines.append(WRONG_FIRST_LABEL)
        markup.append(label(WRONG_FIRST_LABEL))
    attributes = {
        "id": f"n-{i}",
        "class": look,
        "label": label(*lines),
        "tooltip": tooltip("; ".join(_numbers(letters, z, numbers[z], flowing) for z in dict.fromkeys(told))),
        "fillcolor": palette[box.look],
        "color": palette[f"{box.look}-line"],
    } | least_width(lines, strong)
    if any(z in changes or z in shown for z in box.members):
        attributes |= {"class": f"{look} changed", "color": palette["ink"], "penwidth": CHANGED}
    return attributes, lines_of(*markup)


def least_width(lines: Collection[str], strong: Collection[str]) -> Attributes:
    """Return the width of a box as an attribute, if its margins are too narrow for a font wider than Arial."""
    size, margin = float(NODE["fontsize"]), 72 * float(NODE["margin"].partition(",")[0])
    needed = max(room(line, size, bold=line in strong) for line in lines) + 4.0
    laid_out = max(width(line, size) for line in lines) + 2 * margin
    return {"width": f"{(needed + 8.0) / 72:.3f}"} if needed > laid_out else {}


def _numbers(letters: Lettering, z: Value, old: Reference, flowing: bool) -> str:
    """Return a Value's whole name, or its operation, and its numbers with every digit."""
    made = z.operation.name if z.operation else "constant" if z.constant else "leaf"
    name = letters.symbols.get(z) or (visible(z.name) if z.name else made)
    data = _exactly(exact(old.data), exact(z.data), same(old.data, z.data))
    if not flowing or z.constant:
        return f"{name}: value {data}"
    before, after = [("+" if g > 0 else "") + exact(g) for g in (old.grad, z.grad)]
    return f"{name}: value {data}, gradient {_exactly(before, after, same(old.grad, z.grad))}"


def _exactly(old: str, new: str, is_same: bool) -> str:
    return new if is_same else f"{old} → {new}"


def _arrow(k: int, arrow: Arrow, largest: float, palette: Palette) -> Attributes:
    """Return the attributes of the k-th arrow; its width is relative to the largest flow of the drawing."""
    sign, g = sign_of(arrow.flows), _strength(arrow.flows, largest)
    return {
        "id": f"e-{arrow.tail}-{arrow.head}-{k}",
        "class": f"{sign} {g}",
        "label": label(f"  {arrow.text}  ") if arrow.text else "",
        "tooltip": tooltip(arrow.hint),
        "color": palette[sign],
        "penwidth": str(WIDTHS[g]),
    }


def _halves(arrow: Attributes) -> tuple[Attributes, Attributes, Attributes]:
    """Return the attributes of an arrow's two halves, the first with the label, and of the point between."""
    width = f"{float(arrow['penwidth']) / 72:.3f}"
    point = {"shape": "point", "width": width, "color": arrow["color"], "class": "via", "fixedsize": "true"}
    first = arrow | {"arrowhead": "none"}
    second = arrow | {"id": arrow["id"] + SECOND_HALF, "class": arrow["class"] + " half", "label": ""}
    return first, point, second


def _strength(flows: Sequence[float], largest: float) -> str:
    """Return the class of a width: g4 for the largest flow, one less for each factor of `WIDTH_RATIO`, g1 for zero."""
    flow = max(map(abs, flows))
    if not math.isfinite(flow):
        return "g4"
    steps = math.log(largest, WIDTH_RATIO) - math.log(flow, WIDTH_RATIO) if flow else math.inf
    return f"g{4 - int(min(steps, 3))}"
