"""A Value's graph as a picture: a box per Value, an arrow per operand, and on it the local derivative.

With the record of a forward pass, a network's Values stand in frames for their neuron and layer, or collapse
into one box for each. What is too large is refused before anything is laid out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import graphviz

from autograd import Value, topological_order
from viz import style
from viz.boxes import Arrow, Box, arrows_of, boxes_of, groups_of, larger_than, total_length
from viz.changes import Against, changes, first_wrong
from viz.explanations import Explanation
from viz.groups import Network
from viz.labels import label, short
from viz.render import render
from viz.statements import add_statements

if TYPE_CHECKING:
    from nn import Record

READABLE_BOXES, READABLE_ARROWS = 300, 1_000  #: above either, a network collapses by itself
LABELLED_ARROWS = 100  #: above it, the arrows between collapsed boxes carry no labels
MAX_BOXES, MAX_ARROWS = 1_000, 2_500  #: above either, a drawing is refused
MAX_LENGTH = 4_000  #: in columns, of all arrows together, likewise: dot needs some ten seconds for these
MAX_NODES = 100_000  #: of the graph of a network that collapses: reading them takes most of a second
COLLAPSES = (None, "neuron", "layer")


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that a notebook shows styled, drawn by the same engine as `save`."""

    collapse: str | None = None  #: what a network's box stands for: "neuron", "layer", or None for one Value
    boxes: Sequence[Box] = ()  #: what is drawn
    arrows: Sequence[Arrow] = ()

    def _repr_image_svg_xml(self) -> str:
        return render(self.source, "svg").decode()


def draw(
    value: Value,
    record: Record | None = None,
    *,
    collapse: str | None = None,
    against: Against | None = None,
    highlight: Explanation | None = None,
) -> Drawing:
    """Return the graph below `value` as a `graphviz.Digraph` that a notebook shows.

    record: of the forward pass, to frame each neuron and layer and to tell weights from inputs.
    collapse: "neuron" or "layer" draws one box for each; a network of more than 300 boxes or 1,000 arrows
    collapses by itself and says so.
    against: a graph of the same shape, such as `copy.deepcopy(value)` from before a step; or numbers derived by hand,
    gradients by Value or, with the record, its deltas, [layer][neuron], compared at the digits given. What differs is
    drawn as `old → new`, in a box with a thick border, and the first wrong step by hand says that it is the first.
    highlight: what `explain(value, x)` returned: its listed paths stand out, and all other arrows are grey.
    Gradients are shown once `backward()` has reached `value`.

    Raises ValueError, within a second, for a drawing of more than 1,000 boxes or 2,500 arrows, or with arrows
    across more than 4,000 columns, for a graph of more than 100,000 nodes, for a record of another graph, for
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
    if collapse not in COLLAPSES:
        raise ValueError(f'collapse is {collapse!r}; choose "neuron", "layer" or None')
    if collapse and record is None:
        raise ValueError(f'collapse="{collapse}" needs record=mlp.forward(…), which knows the {collapse}s')
    flowing = value.grad != 0.0
    boxes, arrows, drawn = _fitting(value, record, collapse, flowing)
    changed = {} if against is None else changes(value, against, record)
    first = [] if isinstance(against, Value) else first_wrong(value, changed)
    drawing = Drawing(graph_attr=style.GRAPH, node_attr=style.NODE, edge_attr=style.EDGE)
    drawing.boxes, drawing.arrows, drawing.collapse = boxes, arrows, drawn
    legend = []
    if drawn != collapse:
        count = sum(len(box.members) for box in boxes)
        legend.append(f"{count:,} Values are too many to read, so each {drawn} is one box.")
    if drawn and len(arrows) > LABELLED_ARROWS:
        legend.append("The arrows are too many to label: point at one for its local derivative.")
        arrows = [replace(arrow, text="") for arrow in arrows]
        drawing.graph_attr["ranksep"] = "2"
    if record is not None:
        drawing.graph_attr["mclimit"] = "0.01"  # fully connected layers have no better order than their own
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
    value: Value, record: Record | None, collapse: str | None, flowing: bool
) -> tuple[list[Box], list[Arrow], str | None]:
    """Return the boxes and arrows, collapsed as asked or as far as need be, and how they are collapsed."""
    limit = MAX_BOXES if record is None else MAX_NODES
    if larger_than(limit, value):
        raise _too_large(f"more than {limit:,} nodes", record)
    nodes = topological_order(value)
    network = Network(record, nodes)
    modes = (collapse,) if collapse or record is None else COLLAPSES
    for mode in modes:
        groups = groups_of(nodes, network, mode)
        if len(groups) > (MAX_BOXES if mode == modes[-1] else READABLE_BOXES):
            continue
        boxes = boxes_of(groups, nodes, network)
        arrows = arrows_of(boxes, flowing)
        if (len(boxes) <= READABLE_BOXES and len(arrows) <= READABLE_ARROWS) or mode == modes[-1]:
            break
    else:
        raise _too_large(f"{len(groups):,} boxes", record)
    length = total_length(arrows)
    if len(arrows) > MAX_ARROWS or length > MAX_LENGTH:
        raise _too_large(f"{len(arrows):,} arrows across {length:,} columns", record)
    return boxes, arrows, mode


def _too_large(size: str, record: Record | None) -> ValueError:
    advice = "draw a part of it, such as draw(z) for one z inside"
    if record is None:
        advice += ", or, for a network, pass record=mlp.forward(…) so that its neurons or layers can collapse"
    else:
        advice += ', collapse="layer", or a network without expanded=True'
    return ValueError(
        f"the graph is too large to draw: {size}; a drawing has up to {MAX_BOXES:,} boxes and {MAX_ARROWS:,} "
        f"arrows across {MAX_LENGTH:,} columns, of a graph of at most {MAX_NODES:,} nodes: {advice}"
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
