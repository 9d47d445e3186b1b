"""A Value's graph as a picture: a box per Value, an arrow per operand, and on it the local derivative.

With the record of a forward pass, a network's Values stand in frames for their neuron and layer, or collapse
into one box for each. What is too large is refused before anything is laid out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import graphviz

from autograd import Value, topological_order
from viz.graphs.boxes import Arrow, Box, arrows_of, boxes_of, groups_of, larger_than, total_length
from viz.graphs.comparison import Against, changes, first_wrong
from viz.graphs.dot import add_statements
from viz.graphs.groups import Network
from viz.rendering import style
from viz.rendering.engines import render
from viz.text.explanations import Explanation
from viz.text.labels import label, short

if TYPE_CHECKING:
    from nn import Record

LABELLED_ARROWS = 100  #: above it, the arrows between collapsed boxes carry no labels
MAX_NODES = 100_000  #: of the graph of a network that collapses: reading them takes most of a second


class Size(NamedTuple):
    """How large a drawing is: its boxes, its arrows, and the columns that all arrows together lead across."""

    boxes: int
    arrows: int
    columns: float

    def within(self, limit: Size) -> bool:
        """Tell whether nothing of it is above the limit."""
        return all(mine <= most for mine, most in zip(self, limit, strict=True))


READABLE = Size(300, 1_000, math.inf)  #: above it, a network collapses by itself
DETAILED = Size(1_500, 2_500, 4_000)  #: above it, arrows are straight and carry no labels: laid out ten times as fast
LARGEST = Size(5_000, 10_000, 40_000)  #: above it, a drawing is refused: dot needs some ten seconds for these

Collapse = Literal["neuron", "layer", False] | None
MODES = (None, "neuron", "layer")  # what a box stands for, from the finest


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that a notebook shows styled, drawn by the same engine as `save`."""

    collapse: str | None = None  #: what a network's box stands for: "neuron", "layer", or None for one Value
    boxes: Sequence[Box] = ()  #: what is drawn
    arrows: Sequence[Arrow] = ()
    labelled: bool = True  #: whether the arrows carry their local derivatives

    def _repr_image_svg_xml(self) -> str:
        return render(self.source, "svg").decode()


def draw(
    value: Value,
    record: Record | None = None,
    *,
    collapse: Collapse = None,
    against: Against | None = None,
    highlight: Explanation | None = None,
) -> Drawing:
    """Return the graph below `value` as a `graphviz.Digraph` that a notebook shows.

    record: of the forward pass, to frame each neuron and layer and to tell weights from inputs.
    collapse: "neuron" or "layer" draws one box for each, False one for each Value; None lets a network of more than
    300 boxes or 1,000 arrows collapse, and says so.
    against: a graph of the same shape, such as `copy.deepcopy(value)` from before a step; or numbers derived by hand,
    gradients by Value or, with the record, its deltas, [layer][neuron], compared at the digits given. What differs is
    drawn as `old → new`, in a box with a thick border, and the first wrong step by hand says that it is the first.
    highlight: what `explain(value, x)` returned: its listed paths stand out, and all other arrows are grey.
    Gradients are shown once `backward()` has reached `value`. Above 1,500 boxes, 2,500 arrows or 4,000 columns that
    these lead across, arrows are straight lines without labels.

    Raises ValueError, within a second, for a drawing of more than 5,000 boxes or 10,000 arrows, or with arrows
    across more than 40,000 columns, for a graph of more than 100,000 nodes, for a record of another graph, for
    `highlight` of another Value, and for `against` another shape, whose first difference it names; TypeError for what
    is not a Value.

    >>> x = Value(2.0, name="x")
    >>> y = (x * x).named("y")
    >>> y.backward()
    >>> draw(y).source.count("->")
    2
    """
    if not isinstance(value, Value):
        raise TypeError(f"draw takes one Value, such as the loss, not {type(value).__name__}: {value!r:.80}")
    if collapse not in (*MODES, False):
        raise ValueError(f'collapse is {collapse!r}; choose "neuron", "layer", False or None')
    if collapse and record is None:
        raise ValueError(f'collapse="{collapse}" needs record=mlp.forward(…), which knows the {collapse}s')
    flowing = value.grad != 0.0
    boxes, arrows, drawn = _fitting(value, record, collapse, flowing)
    changed = {} if against is None else changes(value, against, record)
    first = [] if isinstance(against, Value) else first_wrong(value, changed)
    drawing = Drawing(graph_attr=style.GRAPH, node_attr=style.NODE, edge_attr=style.EDGE)
    drawing.boxes, drawing.arrows, drawing.collapse = boxes, arrows, drawn
    legend = []
    if drawn and not collapse:
        count = sum(len(box.members) for box in boxes)
        legend.append(f"{count:,} Values are too many to read, so each {drawn} is one box.")
    if not _size(boxes, arrows).within(DETAILED):
        drawing.graph_attr |= style.LARGE
        drawing.labelled = False
    elif drawn and len(arrows) > LABELLED_ARROWS:
        drawing.graph_attr["ranksep"] = "2"
        drawing.labelled = False
    elif drawn:
        drawing.graph_attr["ranksep"] = "1"  # room for the arrows of fully connected neurons to turn
    if record is not None:
        drawing.graph_attr["mclimit"] = "0.01"  # fully connected layers have no better order than their own
    if not drawing.labelled:
        legend.append("The arrows are too many to label: point at one for its local derivative.")
        arrows = [replace(arrow, text="") for arrow in arrows]
    legend += _how_to_read(value, flowing)
    if any(" J " in arrow.text for arrow in arrows):
        legend.append("× J m × n: the m · n local derivatives of m values by n, a Jacobian matrix.")
    if against is not None:
        names = "old → new" if isinstance(against, Value) else "given → engine"
        how = "by more than a millionth" if isinstance(against, Value) else "at the digits given"
        differ = "Value differs" if len(changed) == 1 else "Values differ"
        legend.append(f"Thick border: {names}. {len(changed):,} {differ} {how}.")
        if len(first) < len(changed) and first:
            legend.append("First wrong step: from the result back. What stands below may be wrong only because of it.")
    shown: set[Value] = set()
    if highlight is not None:
        shown, arrows = _highlighted(value, highlight, boxes, arrows)
        legend = [line.replace("grey: zero", "grey: not on the way") for line in legend]
        legend.append(highlight.legend())
    drawing.graph_attr["label"] = label(" ", *legend, end=r"\l")
    add_statements(drawing, boxes, arrows, flowing, changed, first, shown)
    return drawing


def _highlighted(
    value: Value, highlight: Explanation, boxes: Sequence[Box], arrows: list[Arrow]
) -> tuple[set[Value], list[Arrow]]:
    """Return the Values on the paths of an explanation, and the arrows, on which nothing flows elsewhere."""
    if not isinstance(highlight, Explanation):
        raise TypeError(f"highlight is {highlight!r:.80}; give explain(value, x)")
    if highlight.loss is not value:
        raise ValueError("highlight explains another Value than the one that is drawn: give explain(value, x)")
    owner = {z: i for i, box in enumerate(boxes) for z in box.members}
    steps = highlight.steps()
    ways = {(owner[operand], owner[node]) for node, operand in steps}
    on = [arrow if (arrow.tail, arrow.head) in ways else replace(arrow, flows=[0.0]) for arrow in arrows]
    return {value, *(operand for _, operand in steps)} if steps else set(), on


def _fitting(
    value: Value, record: Record | None, collapse: Collapse, flowing: bool
) -> tuple[list[Box], list[Arrow], str | None]:
    """Return the boxes and arrows, collapsed as asked or as far as need be, and how they are collapsed."""
    most = LARGEST.boxes if record is None else MAX_NODES
    if larger_than(most, value):
        raise _too_large(f"more than {most:,} nodes", record)
    nodes = topological_order(value)
    network = Network(record, nodes)
    modes = MODES if record and collapse is None else (collapse or None,)
    for mode in modes:
        limit = LARGEST if mode == modes[-1] else READABLE
        groups = groups_of(nodes, network, mode)
        size = Size(len(groups), 0, 0)
        if size.within(limit):
            boxes = boxes_of(groups, nodes, network)
            arrows = arrows_of(boxes, flowing)
            size = _size(boxes, arrows)
            if size.within(limit):
                return boxes, arrows, mode
    across = f", {size.arrows:,} arrows across {size.columns:,} columns" if size.arrows else ""
    raise _too_large(f"{size.boxes:,} boxes{across}", record)


def _size(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Size:
    return Size(len(boxes), len(arrows), total_length(arrows))


def _too_large(size: str, record: Record | None) -> ValueError:
    advice = "draw a part of it, such as draw(z) for one z inside"
    if record is None:
        advice += ", or, for a network, pass record=mlp.forward(…) so that its neurons or layers can collapse"
    else:
        advice += ', collapse="layer", or a network without expanded=True'
    return ValueError(
        f"the graph is too large to draw: {size}; a drawing has up to {LARGEST.boxes:,} boxes and {LARGEST.arrows:,} "
        f"arrows across {LARGEST.columns:,} columns, of a graph of at most {MAX_NODES:,} nodes: {advice}"
    )


def _how_to_read(root: Value, flowing: bool) -> list[str]:
    name = short(root.name) if root.name else "the result"
    if not flowing:
        return [
            "Box: name and operation, value.   Arrow: × local derivative.",
            f"No gradient has reached {name} yet: call backward() and draw again.",
        ]
    of_root = f" of {name}" if root.grad == 1.0 else ""
    return [
        f"Box: name and operation, value, gradient{of_root}.   Arrow: × local derivative.",
        "A gradient is the sum over the arrows that leave its box: local derivative × gradient at the head.",
        style.SIGNS_LINE,
    ]
