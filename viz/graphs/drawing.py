"""A Value's graph as a picture: a box per Value, an arrow per operand, and on it the local derivative.

With the record of a forward pass, the Values of a network are framed by neuron and layer, or collapse into one box for
each. A graph that is too large is refused before anything is laid out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from autograd import Value, topological_order
from viz.graphs import legend
from viz.graphs.boxes import Arrow, Box, arrows_of, boxes_of, groups_of, remainders, total_length
from viz.graphs.comparison import Against, changes, first_wrong
from viz.graphs.digraph import Drawing
from viz.graphs.dot import add_statements
from viz.graphs.groups import Grouping
from viz.graphs.lettering import Lettering
from viz.rendering import style
from viz.size import larger_than
from viz.text.explanations import Explanation
from viz.text.labels import label, number

if TYPE_CHECKING:
    from nn import Record

MAX_LABELLED_ARROWS = 100  #: above it, the arrows between collapsed boxes carry no labels
MAX_NODES_COLLAPSED = 100_000  #: in the graph of a network that collapses: reading them takes most of a second


class Size(NamedTuple):
    """How large a drawing is: its boxes, its arrows, and the columns that all arrows together span."""

    boxes: int
    arrows: int
    columns: float

    def within(self, limit: Size) -> bool:
        """Tell whether no number is above that of the limit."""
        return all(mine <= most for mine, most in zip(self, limit, strict=True))


MAX_READABLE = Size(300, 1_000, math.inf)  #: above it, a network collapses automatically
MAX_DETAILED = Size(1_500, 2_500, 4_000)  #: above it, arrows are straight, without labels: laid out ten times as fast
MAX_SIZE = Size(5_000, 10_000, 40_000)  #: above it, a drawing is refused: dot needs some ten seconds for this size

Collapse = Literal["neuron", "layer", False] | None
MODES = (None, "neuron", "layer")  # what a box stands for, from the finest


def draw(
    value: Value,
    record: Record | None = None,
    *,
    collapse: Collapse = None,
    against: Against | None = None,
    highlight: Explanation | None = None,
    convention: str = "gradient",
    theme: str = "auto",
) -> Drawing:
    """Return the graph below `value` as a `graphviz.Digraph` that a notebook shows.

    Gradients are shown once `backward()` has reached `value`. Above 1,500 boxes, 2,500 arrows or 4,000 columns spanned
    by arrows, the arrows are straight lines without labels.

    Args:
        value: The root of the graph, such as the loss.
        record: Of the forward pass, to frame each neuron and layer and to tell weights from inputs.
        collapse: "neuron" or "layer" draws one box for each, False one for each Value; None lets a network of more than
            300 boxes or 1,000 arrows collapse, which the legend then says.
        against: A graph of the same shape, such as `copy.deepcopy(value)` from before a step; or gradients derived by
            hand, by Value or, with the record, as deltas [layer][neuron], compared at the digits given. What differs is
            drawn as `old → new`, in a box with a thick border, and the first wrong step by hand is marked.
        highlight: What `explain(value, x)` returned: its listed paths stand out, and all other arrows are grey.
        convention: With a record, whose letters and sign of δ, as for `derivation`: "gradient" keeps every name and
            takes δ = ∂C/∂z. Deltas in `against` follow it.
        theme: "light" or "dark"; "auto" follows the reader's in SVG, and is light elsewhere. For a transparent
            background, add `drawing.attr(bgcolor="transparent")`.

    Raises:
        ValueError: Within a second, for a drawing of more than 5,000 boxes, 10,000 arrows or 40,000 columns spanned by
            arrows, and for a graph of more than 100,000 nodes; for a record of another graph, a `highlight` of another
            Value, an `against` of another shape, whose first difference is named, and an unknown convention or theme.
        TypeError: For something that is not a Value.

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
    boxes, arrows, drawn, lettering = _fitting(value, record, collapse, flowing, convention)
    changed = {} if against is None else changes(value, against, record, lettering.sign)
    first = [] if isinstance(against, Value) else first_wrong(value, changed)
    name = lettering.title(value) or "the result"
    title = f"Computation graph of {name} = {number(value.data)}, {'with' if flowing else 'without'} gradients"
    drawing = Drawing.in_theme(theme, f"{title}, one box for each {drawn}" if drawn else title)
    drawing.boxes, drawing.arrows, drawing.collapse, drawing.lettering = boxes, arrows, drawn, lettering
    text = []
    if drawn and not collapse:
        text.append(legend.COLLAPSED.format(count=sum(len(box.members) for box in boxes), unit=drawn))
    if not _size(boxes, arrows).within(MAX_DETAILED):
        drawing.graph_attr |= style.LARGE_GRAPH
        drawing.labelled = False
    elif drawn and len(arrows) > MAX_LABELLED_ARROWS:
        drawing.graph_attr["ranksep"] = "2"
        drawing.labelled = False
    elif drawn:
        drawing.graph_attr["ranksep"] = "1"  # room for the arrows of fully connected neurons to turn
    if record is not None:
        drawing.graph_attr["mclimit"] = "0.01"  # fully connected layers have no better order than their own
    if not drawing.labelled:
        text.append(legend.UNLABELLED)
        arrows = [replace(arrow, text="") for arrow in arrows]
    rest = remainders(boxes, arrows) if flowing else {}
    shown: set[Value] = set()
    if highlight is not None:
        shown, arrows = _highlighted(value, highlight, boxes, arrows)
    if flowing:
        dimmed = legend.OFF_PATHS if highlight else ""
        text += legend.reading(value, name, _signs(boxes, arrows), dimmed, rest=bool(rest))
    else:
        text += legend.reading_without_gradients(name)
    text += legend.neurons(lettering, name, drawn if flowing and any(box.net_inputs for box in boxes) else None)
    if any(" J " in arrow.text for arrow in arrows):
        text.append(legend.JACOBIAN)
    if against is not None:
        text += legend.differences(len(changed), len(first), by_hand=not isinstance(against, Value))
    if highlight is not None:
        text.append(highlight.legend(lettering.called))
    drawing.graph_attr["label"] = label(" ", *text, end=r"\l")
    add_statements(drawing, boxes, arrows, flowing, rest, changed, first, shown)
    return drawing


def _highlighted(
    value: Value, highlight: Explanation, boxes: Sequence[Box], arrows: list[Arrow]
) -> tuple[set[Value], list[Arrow]]:
    """Return the Values on the paths of an explanation, and the arrows: those off these paths have no flow."""
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
    value: Value, record: Record | None, collapse: Collapse, flowing: bool, convention: str
) -> tuple[list[Box], list[Arrow], str | None, Lettering]:
    """Return the boxes and arrows, collapsed as asked or as far as necessary, how they are collapsed, and the names."""
    most = MAX_SIZE.boxes if record is None else MAX_NODES_COLLAPSED
    if larger_than(most, value):
        raise _too_large(f"more than {most:,} nodes", record)
    nodes = topological_order(value)
    grouping = Grouping(record, nodes, convention)
    modes = MODES if record and collapse is None else (collapse or None,)
    for mode in modes:
        limit = MAX_SIZE if mode == modes[-1] else MAX_READABLE
        groups = groups_of(nodes, grouping, mode)
        size = Size(len(groups), 0, 0)
        if size.within(limit):
            boxes = boxes_of(groups, nodes, grouping)
            arrows = arrows_of(boxes, flowing, grouping.lettering.called)
            size = _size(boxes, arrows)
            if size.within(limit):
                return boxes, arrows, mode, grouping.lettering
    arrows_too = f", {size.arrows:,} arrows spanning {size.columns:,} columns" if size.arrows else ""
    raise _too_large(f"{size.boxes:,} boxes{arrows_too}", record)


def _signs(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> set[str]:
    """Return the signs of the gradients and of what the arrows pass back."""
    gradients = [[z.grad for z in box.results if not z.constant] for box in boxes]
    return {style.sign_of(numbers) for numbers in (*gradients, *(arrow.flows for arrow in arrows))}


def _size(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Size:
    return Size(len(boxes), len(arrows), total_length(arrows))


def _too_large(size: str, record: Record | None) -> ValueError:
    advice = "draw a part of it, such as draw(z) for a Value z inside it"
    if record is None:
        advice += ", or, for a network, pass record=mlp.forward(…) so that its neurons or layers can collapse"
    else:
        advice += ', collapse="layer", or a network without expanded=True'
    return ValueError(
        f"the graph is too large to draw: {size}; at most {MAX_SIZE.boxes:,} boxes and {MAX_SIZE.arrows:,} arrows "
        f"spanning {MAX_SIZE.columns:,} columns can be drawn, of a graph of at most {MAX_NODES_COLLAPSED:,} nodes: "
        f"{advice}"
    )
