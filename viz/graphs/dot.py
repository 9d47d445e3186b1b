"""Boxes and arrows as DOT statements: nodes in the frames of their layer and neuron, and edges.

Each node, edge and frame has an id and classes for the style sheet, and the colours of the drawing's theme as
attributes, for viewers that ignore CSS. Labels are plain text, which both engines read. PNG and PDF, which have no
style sheet and which only the system's `dot` draws, take labels with DOT's own markup instead.
"""

from __future__ import annotations

import html
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import graphviz

from viz.graphs.comparison import Reference, change, same
from viz.graphs.groups import SHARED, Place
from viz.graphs.lines import box_lines, listed
from viz.rendering.cells import HTML, PICTURE, image, picture, say_once
from viz.rendering.style import (
    CHANGED,
    GAP,
    LIGHT,
    NODE,
    SECOND_HALF,
    WIDTH_RATIO,
    WIDTHS,
    Palette,
    looks,
    palette_of,
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


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that a notebook shows styled, drawn by the same engine as `save`."""

    collapse: str | None = None  #: "neuron" or "layer", for which a network's box stands, or None for one Value
    lettering: Lettering  #: what each Value is called; only of a graph
    boxes: Sequence[Box] = ()  #: what is drawn
    arrows: Sequence[Arrow] = ()
    labelled: bool = True  #: whether the arrows carry their local derivatives

    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # graphviz's own, which it does not type
        super().__init__(*arguments, **keywords)
        self.markup: dict[str, str] = {}  #: labels with DOT's markup, by the name of the node, for PNG and PDF
        self.points: list[tuple[str, str, str]] = []  #: between the halves of arrows: name, width of the arrow, colour
        self.palette: Palette = LIGHT  #: the colours in DOT

    @classmethod
    def in_theme(cls, theme: str, title: str, **graph: str) -> Drawing:
        """Return an empty drawing in a theme, "auto", "light" or "dark", with further attributes of the graph.

        Its title is the accessible name of the picture.
        """
        palette = palette_of(theme)
        look = looks(palette)
        names = {"name": html.escape(title), "filename": f"{cls.__name__}.gv"}
        drawing = cls(**names, graph_attr=look["graph"] | graph, node_attr=look["node"], edge_attr=look["edge"])
        drawing.palette = palette
        if theme != "auto":
            drawing.graph_attr["class"] = theme
        return drawing

    def __repr__(self) -> str:
        return f"<Drawing: {html.unescape(self.name or '')}>"

    def source_for(self, suffix: str) -> str:
        """Return the DOT source that a format is drawn from: for "png" and "pdf" with markup in the labels.

        In DOT, an attribute has the value that the last statement of a node gives it.
        """
        if suffix not in ("png", "pdf"):
            return str(self.source)
        copy = self.copy()
        for name, text in self.markup.items():
            copy.node(name, label=f"<{text}>")
        for name, thickness, colour in self.points:
            copy.node(name, label=f"<{_bridge(thickness, colour)}>", shape="box", style="", color="transparent")
        return str(copy.source)

    def shown(self) -> str | None:
        """Return the SVG for a notebook, at most as wide as its cell; where none can be drawn, say why once: None."""
        try:
            return self._repr_image_svg_xml()
        except (RuntimeError, TimeoutError) as error:
            say_once(f"handgrad: no picture is shown, because {error}")
            return None

    def _repr_image_svg_xml(self) -> str:
        return picture(self.source_for("svg"))

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        wanted = ({HTML, PICTURE} if include is None else set(include)) - set(exclude or ())
        bundle: dict[str, Any] = super()._repr_mimebundle_(include=wanted - {PICTURE})
        if not wanted.isdisjoint({HTML, PICTURE}):
            svg = self.shown()
            shown = {"text/plain": repr(self)} if svg is None else {HTML: image(svg), PICTURE: svg}
            bundle |= {kind: data for kind, data in shown.items() if kind in wanted or svg is None}
        return bundle


def _bridge(thickness: str, colour: str) -> str:
    """Return markup that joins the two halves of an arrow: dot ends each up to two points before the other."""
    look = f'border="0" cellspacing="0" fixedsize="true" width="6" height="{float(thickness):.0f}" bgcolor="{colour}"'
    return f'<table {look}><tr><td border="0" cellpadding="0"></td></tr></table>'


def bold(text: str) -> str:
    """Return text as markup in bold."""
    return f"<b>{label(text)}</b>" if text else ""  # DOT does not allow empty elements


def coloured(markup: str, colour: str) -> str:
    """Return markup in a colour."""
    return f'<font color="{colour}">{markup}</font>' if markup else ""


def lines_of(*markup: str) -> str:
    """Return lines of markup as one label."""
    return "<br/>".join(markup)


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
        drawing: takes the statements, and the markup of its nodes.
        boxes: in topological order, the root last.
        arrows: between them.
        flowing: whether `backward()` has computed gradients, which are then shown.
        rest: of the gradients that the arrows do not add up to, the difference.
        changes: the other numbers of the Values that differ in a comparison.
        wrong_first: those of them that are marked as the first wrong step.
        shown: further Values whose boxes have a thick border.

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

    Its lines are the name, the values, the gradients, a neuron's delta, and remarks.
    """
    own = box.net_input
    numbers = {z: changes.get(z, Reference(z.data, z.grad)) for z in ([own.value] if own else []) + box.results}
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
    if own and flowing:
        delta = sign_of([own.sign * own.value.grad])
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
        "tooltip": tooltip("; ".join(_numbers(letters, z, old, flowing) for z, old in numbers.items())),
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
    return {"width": f"{needed / 72:.3f}"} if needed > laid_out else {}


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
