"""The textbook picture of a network: columns of neurons, and on each arrow its weight.

Every position is computed here, and Graphviz only draws. The labels between n senders and m receivers stand in one
column: 1/(n + 1) of the distance before the receivers or, if these are fewer, 1/(m + 1) of it after the senders. There
the arrows cross the column at equal distances, so no two labels overlap.

Letters: x input, w weight, b bias, z net input, a activation, C the loss, δ = ∂C/∂z.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from autograd import Value, topological_order
from nn.architecture import subscript, superscript
from viz.graphs.dot import Drawing, bold, coloured, lines_of
from viz.graphs.groups import roles
from viz.graphs.legend import colour_line
from viz.graphs.paths import WeightPath
from viz.rendering import style
from viz.text.labels import exact, in_formula, label, number, short, signed, tooltip, visible

if TYPE_CHECKING:
    from nn import Record

MAX_NEURONS_DRAWN = 6  #: of a layer that is drawn whole; of a wider one, the first three and the last are drawn
MAX_TARGETS_LISTED = 4  # in the box of the loss
MAX_INPUT_NAME, MAX_LOSS_NAME = 14, 7  # characters
RADIUS, PITCH = 50.0, 112.0  # of a neuron, and from one to the next below, in points
LOSS_DISTANCE = 240.0  # from the outputs to the loss, in points
CHARACTER_WIDTH = 6.0  # in a label, in points
MIN_WIDTH, MAX_WIDTH = 0.8, 4.5  # of an arrow, in points

FIXED_LAYOUT = style.GRAPH | {"layout": "nop", "splines": "line", "outputorder": "edgesfirst"}
CIRCLE = {"shape": "circle", "fixedsize": "true", "width": f"{RADIUS / 36:.3f}", "style": "filled"}
CIRCLE |= {"fontsize": "11"}
ARROW_LABEL = {"margin": "0.04,0.01", "width": "0", "height": "0", "fontsize": "10.5"}
ARROW_LABEL |= {"fillcolor": style.LIGHT["page"], "color": style.LIGHT["page"]}
PLAIN_TEXT = {"shape": "plain", "style": ""}


@dataclass
class Column:
    """What is drawn of a layer, or of the inputs.

    Attributes:
        x: the position of the column.
        heights: the position of each neuron shown, by its number from 0.
        gaps: how many neurons are left out, by the position of the text that says so.
    """

    x: float
    heights: dict[int, float] = field(default_factory=dict)
    gaps: dict[float, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the column has."""
        return len(self.heights) + len(self.gaps)


def network(record: Record, loss: Value | None = None, *, weight: Value | None = None) -> Drawing:
    """Return the textbook picture of a network: neurons in columns, weights on the arrows between them.

    Of a layer of more than 6 neurons, the first three and the last are drawn. After Hansen (2022), figures 1, 2, 4 and
    6, and Misley (2023), figures 1 and 4.

    Args:
        record: of the forward pass. A neuron shows its net input, activation and, after `backward()`, its delta.
        loss: of the same pass, drawn to the right of the outputs.
        weight: one of the network's, to be explained: only the arrows along which its gradient passes keep their
            colour, and the chain rule is written below, with its numbers.

    Raises:
        ValueError: for a loss of another pass, and for a weight of another network.
        TypeError: for something that is not a record.

    >>> from nn import MLP
    >>> record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    >>> network(record).source.count("->")
    3
    """
    if not hasattr(record, "net_inputs"):
        raise TypeError(f"network takes the record of a forward pass, mlp.forward(x), not {record!r:.80}")
    if loss is not None and set(topological_order(loss)).isdisjoint(record.net_inputs[-1]):
        raise ValueError("the loss is of another forward pass: none of the record's outputs is below it")
    path = None if weight is None else WeightPath.of(record, weight)
    reached = [z for layer in record.net_inputs for z in layer] if loss is None else [loss]
    flowing = any(z.grad != 0.0 for z in reached)
    C = in_formula(loss.name) if loss is not None and loss.name and len(loss.name) <= MAX_LOSS_NAME else "C"
    columns = _columns(record, path)

    drawing = Drawing(graph_attr=FIXED_LAYOUT, node_attr=style.NODE, edge_attr=style.EDGE)
    drawing.graph_attr["label"] = label(" ", *_reading(C, flowing, path, _signs(record, flowing)), end=r"\l")
    _add_weights(drawing, record, columns, path)
    top = max(y for column in columns for y in column.heights.values()) + RADIUS + 32.0
    for k, column in enumerate(columns):
        _add_column(drawing, record, k, column, path, flowing)
        drawing.node(f"h{k}", label(*_heading(record, k)), _attributes=PLAIN_TEXT | {"pos": _at(column.x, top)})
    if loss is not None:
        _add_loss(drawing, record, columns[-1], loss, C, flowing)
    if path and flowing:
        place = {"pos": _at(columns[-1].x / 2, -top), "class": "lines"}
        drawing.node("chain", label(*path.chain_rule(C)), _attributes=PLAIN_TEXT | place)
    return drawing


def _columns(record: Record, path: WeightPath | None) -> list[Column]:
    """Return the columns from left to right, each as far from the one before as the labels need."""
    weights = [w for layer in record.mlp.layers for neuron in layer.neurons for w in neuron.weights]
    longest = max(len(signed(w.data)) for w in weights)
    room = RADIUS + 14.0 + CHARACTER_WIDTH / 2 * longest  # from the middle of a neuron to that of a label
    columns: list[Column] = []
    for k, size in enumerate(record.mlp.sizes):
        shown = set(range(size)) if size <= MAX_NEURONS_DRAWN else {0, 1, 2, size - 1}
        shown |= path.ends(k) if path else set()
        rows: list[tuple[int, int]] = []  # a neuron, and how many are left out to get to the next
        for neuron, following in pairwise([*sorted(shown), size]):
            rows.append((neuron, 0))
            if missing := following - neuron - 1:
                rows.append((neuron, missing))
        x = columns[-1].x + room * max(min(columns[-1].rows, len(rows)) + 1, 3) if columns else 0.0
        column = Column(x)
        for r, (neuron, missing) in enumerate(rows):
            y = ((len(rows) - 1) / 2 - r) * PITCH
            if missing:
                column.gaps[y] = missing
            else:
                column.heights[neuron] = y
        columns.append(column)
    return columns


def _at(x: float, y: float) -> str:
    return f"{x:.2f},{y:.2f}"


def _add_weights(drawing: Drawing, record: Record, columns: list[Column], path: WeightPath | None) -> None:
    shown = [
        (k, i, j, record.mlp.layers[k].neurons[j].weights[i])
        for k, (senders, receivers) in enumerate(pairwise(columns))
        for i in senders.heights
        for j in receivers.heights
    ]
    largest = max(abs(w.data) for *_, w in shown) or 1.0
    for k, i, j, w in shown:
        senders, receivers = columns[k], columns[k + 1]
        n, m = senders.rows, receivers.rows
        t = n / (n + 1) if n <= m else 1 / (m + 1)
        y = senders.heights[i] + t * (receivers.heights[j] - senders.heights[i])
        spot = _at(senders.x + t * (receivers.x - senders.x), y)
        on = path is None or path.carries(k, i, j)
        sign = style.sign_of([w.data]) if on else "zero"
        share = abs(w.data) / largest
        width = MIN_WIDTH + (MAX_WIDTH - MIN_WIDTH) * (share if share < 1.0 else 1.0) if on else MIN_WIDTH
        hint = f"{visible(w.name or 'weight')}: {exact(w.data)}"
        _add_arrow(drawing, f"{k}-{i + 1}", f"{k + 1}-{j + 1}", sign, width, hint)
        _add_label(drawing, f"{k}-{i + 1}-{j + 1}", signed(w.data), spot, sign, hint)


def _add_arrow(drawing: Drawing, tail: str, head: str, sign: str, width: float, hint: str) -> None:
    look = {"class": sign, "color": style.LIGHT[sign], "penwidth": f"{width:.2f}"}
    look |= {"id": f"e-{tail}-{head}", "tooltip": tooltip(hint)}
    drawing.edge(f"n{tail}", f"n{head}", _attributes=look)


def _add_label(drawing: Drawing, name: str, text: str, spot: str, sign: str, hint: str) -> None:
    """Add an arrow's label as a node of its own, so that it stands in front of every arrow."""
    look = {"class": f"label {sign}", "fontcolor": style.LIGHT[f"{sign}-ink"], "pos": spot}
    look |= {"id": f"l-{name}", "tooltip": tooltip(hint)}
    drawing.node(f"l{name}", label(text), _attributes=ARROW_LABEL | look)


def _add_column(
    drawing: Drawing, record: Record, k: int, column: Column, path: WeightPath | None, flowing: bool
) -> None:
    """Add the neurons of layer k, counted from 1, or, for k = 0, the inputs."""
    for j, y in column.heights.items():
        if k == 0:
            x, kind = record.inputs[j], "input"
            name = x.name or f"x{subscript(j + 1)}"
            numbers = {visible(name): x.data}
            lines = [_shortened(name), number(x.data)]
            marked = [bold(lines[0]), label(lines[1])]
        else:
            bias, z = record.mlp.layers[k - 1].neurons[j].bias, record.net_inputs[k - 1][j]
            kind, numbers = "operation lines neuron", {} if bias is None else {"b": bias.data}
            numbers |= {"z": z.data, "a": record.activations[k - 1][j].data}
            lines = [f"{letter}{subscript(j + 1)} = {number(x)}" for letter, x in numbers.items()]
            marked = [label(line) for line in lines]
            if flowing:
                sign = style.sign_of([z.grad])
                kind += f" {sign}"
                numbers["δ"] = z.grad
                lines.append(f"δ{subscript(j + 1)} = {signed(z.grad)}")
                marked.append(coloured(bold(lines[-1]), f"{sign}-ink"))
        look = kind.split()[0]
        hint = tooltip(", ".join(f"{letter} = {exact(x)}" for letter, x in numbers.items()))
        shape = {"id": f"n-{k}-{j + 1}", "class": kind, "pos": _at(column.x, y), "tooltip": hint}
        shape |= {"fillcolor": style.LIGHT[look], "color": style.LIGHT[f"{look}-line"]}
        shape |= {"penwidth": "2.6"} if path and path.passes(k, j) else {}
        name = f"n{k}-{j + 1}"
        drawing.node(name, label(*lines), _attributes=CIRCLE | shape)
        drawing.markup[name] = lines_of(*marked)
    for y, missing in column.gaps.items():
        drawing.node(f"g{k}-{y}", label("⋮", f"{missing} more"), _attributes=PLAIN_TEXT | {"pos": _at(column.x, y)})


def _shortened(name: str) -> str:
    return short(name if len(name) <= MAX_INPUT_NAME else f"{name[: MAX_INPUT_NAME - 1]}…")


def _heading(record: Record, k: int) -> tuple[str, str]:
    """Return the two lines above a column, which say how the layer is computed."""
    if k == 0:
        return "x", "inputs"
    layer = record.mlp.layers[k - 1]
    up, before = superscript(k), superscript(k - 1)
    bias = "" if layer.neurons[0].bias is None else f" + b{up}"
    f = layer.activation if isinstance(layer.activation, str) else "f"
    return f"z{up} = {f'a{before}' if k > 1 else 'x'} W{up}{bias}", f"a{up} = {f}(z{up})"


def _add_loss(drawing: Drawing, record: Record, outputs: Column, loss: Value, C: str, flowing: bool) -> None:
    """Add the loss to the right of the outputs, with its targets, and ∂C/∂a on the arrows if it is computed from a."""
    nodes = topological_order(loss)
    targets = [number(x.data) for x, role in roles(record, nodes).items() if role == "target"]
    lines = [f"{C} = {number(loss.data)}"]
    if targets:
        more = ", …" if len(targets) > MAX_TARGETS_LISTED else ""
        lines.append(f"target {', '.join(targets[:MAX_TARGETS_LISTED])}{more}")
    look = {"id": "n-loss", "class": "operation", "pos": _at(outputs.x + LOSS_DISTANCE, 0.0)}
    look["tooltip"] = tooltip(f"{visible(loss.name or C)} = {exact(loss.data)}")
    look |= {"fillcolor": style.LIGHT["operation"], "color": style.LIGHT["operation-line"]}
    drawing.node("nloss", label(*lines), _attributes=look)
    drawing.markup["nloss"] = lines_of(bold(lines[0]), *map(label, lines[1:]))
    labelled = flowing and not set(nodes).isdisjoint(record.output)
    for j, y in outputs.heights.items():
        tail, a = f"{len(record.net_inputs)}-{j + 1}", record.output[j]
        sign, of_a = style.sign_of([a.grad]) if labelled else "zero", f"∂{C}/∂a{subscript(j + 1)} = "
        _add_arrow(drawing, tail, "loss", sign, 1.2, of_a + exact(a.grad) if labelled else "")
        if labelled:
            spot = _at(outputs.x + LOSS_DISTANCE / 2, y / 2)
            _add_label(drawing, f"{tail}-loss", of_a + signed(a.grad), spot, sign, of_a + exact(a.grad))


def _signs(record: Record, flowing: bool) -> set[str]:
    """Return the signs of the weights and, if they are computed, of the deltas."""
    weights = [w.data for layer in record.mlp.layers for neuron in layer.neurons for w in neuron.weights]
    deltas = [z.grad for layer in record.net_inputs for z in layer] if flowing else []
    return {style.sign_of([x]) for x in (*weights, *deltas)}


def _reading(C: str, flowing: bool, path: WeightPath | None, signs: Collection[str]) -> list[str]:
    """Return how to read the picture; signs: those that occur in it."""
    numbers = f"z, activation a and δ = ∂{C}/∂z (Hansen 2022: δ = −∂{C}/∂z)" if flowing else "z and activation a"
    lines = [f"In each neuron: net input {numbers}.   On each arrow: its weight; the thicker, the larger in size."]
    if path and not flowing:
        lines.append("There are no gradients yet: call backward() on the loss and draw again.")
    lines.append(colour_line(signs, "not on a path from the loss to the weight" if path else ""))
    return lines
