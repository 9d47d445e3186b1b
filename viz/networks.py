"""The textbook picture of a network: columns of neurons, and on each arrow its weight.

Every position is computed here, and Graphviz only draws. The labels between n senders and m receivers stand
in one column, 1/(n + 1) of the way before the receivers or, where they are fewer, 1/(m + 1) of the way behind
the senders. There the arrows pass one by one, at equal distances: so no two labels meet.

Letters: x input, w weight, b bias, z net input, a activation, C the loss, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from autograd import Value, topological_order
from viz import style
from viz.graph import Drawing
from viz.groups import roles
from viz.labels import SUBSCRIPTS, exact, label, number, short, signed, tooltip, visible
from viz.paths import Path

if TYPE_CHECKING:
    from nn import Record

WHOLE = 6  #: neurons of a layer that is drawn whole; of a wider one, the first three and the last
LISTED = 4  # targets that the loss lists
RADIUS, PITCH = 50.0, 112.0  # of a neuron, and from one to the next below, in points
THINNEST, THICKEST = 0.8, 4.5  # arrow, in points
DIGIT = 6.0  # the width of a character of a label, in points

GRAPH = style.GRAPH | {"layout": "nop", "splines": "line", "outputorder": "edgesfirst"}
CIRCLE = {"shape": "circle", "fixedsize": "true", "width": f"{2 * RADIUS / 72:.3f}", "fontsize": "11"}
CIRCLE |= {"style": "filled"}
LABEL = {"margin": "0.04,0.01", "width": "0", "height": "0", "fontsize": "10.5"}
LABEL |= {"fillcolor": style.LIGHT["page"], "color": style.LIGHT["page"]}
TEXT = {"shape": "plain", "style": ""}
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass
class Column:
    """What is drawn of a layer, or of the inputs: the height of each neuron shown, by its number from 0.

    `gaps` has pairs: a height, and how many neurons are left out there.
    """

    x: float
    heights: dict[int, float]
    gaps: list[tuple[float, int]]

    @property
    def rows(self) -> int:
        """How many rows the column has."""
        return len(self.heights) + len(self.gaps)


def network(record: Record, loss: Value | None = None, *, weight: Value | None = None) -> Drawing:
    """Return the textbook picture of a network: neurons in columns, weights on the arrows between them.

    record: of the forward pass. A neuron shows its net input, activation and, after `backward()`, its delta.
    loss: of the same pass, to stand behind the outputs.
    weight: one of the network's, to be explained: only the arrows by which its gradient comes keep their
    colour, and the chain rule is written below, with its numbers.

    Of a layer of more than 6 neurons the first three and the last are drawn.
    Raises ValueError for a loss of another pass and for a weight that is not the network's.
    Source: documents 000, figures 1, 2, 4 and 6, and 003, figures 1 and 4.

    >>> from nn import MLP
    >>> record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    >>> network(record).source.count("->")
    3
    """
    nodes = [] if loss is None else topological_order(loss)
    if loss is not None and set(nodes).isdisjoint(record.net_inputs[-1]):
        raise ValueError("the loss is of another forward pass: none of the record's outputs is below it")
    path = None if weight is None else Path.of(record, weight)
    flowing = any(z.grad != 0.0 for layer in record.net_inputs for z in layer)
    name = short(loss.name) if loss is not None and loss.name else "C"
    columns = _columns(record, path)

    drawing = Drawing(graph_attr=GRAPH, node_attr=style.NODE, edge_attr=style.EDGE)
    drawing.graph_attr["label"] = label(" ", *_how_to_read(name, flowing, path), end=r"\l")
    _add_weights(drawing, record, columns, path)
    top = max(y for column in columns for y in column.heights.values()) + RADIUS + 32.0
    for k, column in enumerate(columns):
        _add_column(drawing, record, k, column, path, flowing)
        drawing.node(f"h{k}", label(*_heading(record, k)), **TEXT, pos=_at(column.x, top))
    if loss is not None:
        targets = [x for x, role in roles(record, nodes).items() if role == "target"]
        reads = not set(nodes).isdisjoint(record.output)
        _add_loss(drawing, record, columns[-1], loss, name, targets, flowing and reads)
    if path and flowing:
        drawing.node(
            "chain", label(*path.chain_rule(name)), **TEXT, pos=_at(columns[-1].x / 2, -top), **{"class": "lines"}
        )
    return drawing


def _columns(record: Record, path: Path | None) -> list[Column]:
    """Return the columns from left to right, each as far from the one before as the labels need."""
    longest = max(len(number(w.data)) for layer in record.mlp.layers for n in layer.neurons for w in n.weights)
    room = RADIUS + 14.0 + DIGIT / 2 * (longest + 1)  # from the middle of a neuron to that of a label
    columns: list[Column] = []
    for k, size in enumerate(record.mlp.sizes):
        shown = set(range(size)) if size <= WHOLE else {0, 1, 2, size - 1}
        shown |= path.neurons(k) if path else set()
        rows: list[tuple[int, int]] = []  # a neuron and 0, or −1 and how many are left out
        for before, neuron in pairwise([-1, *sorted(shown)]):
            rows += [(-1, neuron - before - 1)] if neuron - before > 1 else []
            rows.append((neuron, 0))
        heights = [((len(rows) - 1) / 2 - row) * PITCH for row in range(len(rows))]
        x = columns[-1].x + room * max(min(columns[-1].rows, len(rows)) + 1, 3) if columns else 0.0
        column = Column(x, {}, [])
        for (neuron, missing), y in zip(rows, heights, strict=True):
            if missing:
                column.gaps.append((y, missing))
            else:
                column.heights[neuron] = y
        columns.append(column)
    return columns


def _at(x: float, y: float) -> str:
    return f"{x:.2f},{y:.2f}"


def _add_weights(drawing: Drawing, record: Record, columns: list[Column], path: Path | None) -> None:
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
        spot = _at(
            senders.x + t * (receivers.x - senders.x),
            senders.heights[i] + t * (receivers.heights[j] - senders.heights[i]),
        )
        off = path is not None and not path.carries(k, i, j)
        width = THINNEST + (0.0 if off else (THICKEST - THINNEST) * abs(w.data) / largest)
        hint = f"{visible(w.name or 'weight')}: {exact(w.data)}"
        _add_arrow(
            drawing, f"n{k}-{i + 1}", f"n{k + 1}-{j + 1}", spot, signed(w.data), 0.0 if off else w.data, width, hint
        )


def _add_arrow(
    drawing: Drawing, tail: str, head: str, spot: str, text: str, number: float, width: float, hint: str
) -> None:
    """Add an arrow, with its label as a node of its own in front of all the arrows; grey for the number 0."""
    sign = "positive" if number > 0.0 else "negative" if number < 0.0 else "zero"
    name = f"{tail}-{head}".replace("n", "")
    drawing.edge(
        tail, head, id=f"e-{name}", color=style.LIGHT[sign], penwidth=f"{width:.2f}", tooltip=tooltip(hint),
        **{"class": sign},
    )  # fmt: skip
    drawing.node(
        f"w{name}", label(text), **LABEL, pos=spot, id=f"w-{name}", tooltip=tooltip(hint),
        fontcolor=style.LIGHT[f"{sign}-ink"], **{"class": f"label {sign}"},
    )  # fmt: skip


def _add_column(
    drawing: Drawing, record: Record, k: int, column: Column, path: Path | None, flowing: bool
) -> None:
    """Add the neurons of layer k, counted from 1, or, for k = 0, the inputs."""
    for j, y in column.heights.items():
        index = str(j + 1).translate(SUBSCRIPTS)
        if k == 0:
            look = sign = "input"
            facts = {short(record.inputs[j].name or f"x{index}"): record.inputs[j]}
        else:
            look, sign = "operation", "lines neuron"
            b = record.mlp.layers[k - 1].neurons[j].bias
            facts = {} if b is None else {f"b{index}": b}
            facts |= {f"z{index}": record.net_inputs[k - 1][j], f"a{index}": record.activations[k - 1][j]}
        lines = [f"{letter} = {number(x.data)}" for letter, x in facts.items()]
        hints = [f"{letter} = {exact(x.data)}" for letter, x in facts.items()]
        if k and flowing:
            delta = record.net_inputs[k - 1][j].grad
            sign += " " + ("positive" if delta > 0.0 else "negative" if delta < 0.0 else "zero")
            lines.append(f"δ{index} = {signed(delta)}")
            hints.append(f"δ{index} = {exact(delta)}")
        drawing.node(
            f"n{k}-{j + 1}", label(*lines), **CIRCLE, pos=_at(column.x, y), id=f"n-{k}-{j + 1}",
            tooltip=tooltip(", ".join(hints)), fillcolor=style.LIGHT[look], color=style.LIGHT[f"{look}-line"],
            penwidth="2.6" if path and path.passes(k, j) else "1.2", **{"class": f"{look} {sign}"},
        )  # fmt: skip
    for r, (y, missing) in enumerate(column.gaps):
        drawing.node(f"g{k}-{r}", label("⋮", f"{missing} more"), **TEXT, pos=_at(column.x, y))


def _heading(record: Record, k: int) -> tuple[str, str]:
    """Return the two lines above a column: how the layer is computed."""
    if k == 0:
        return "x", "inputs"
    layer = record.mlp.layers[k - 1]
    up, before = (f"⁽{i}⁾".translate(SUPERSCRIPTS) for i in (k, k - 1))
    bias = "" if layer.neurons[0].bias is None else f" + b{up}"
    f = layer.activation if isinstance(layer.activation, str) else "f"
    return f"z{up} = {f'a{before}' if k > 1 else 'x'} W{up}{bias}", f"a{up} = {f}(z{up})"


def _add_loss(
    drawing: Drawing, record: Record, outputs: Column, loss: Value, name: str, targets: list[Value], flowing: bool
) -> None:
    """Add the loss behind the outputs, with ∂C/∂a on the arrows where gradients are flowing by them."""
    x = outputs.x + 240.0
    lines = [f"{name} = {number(loss.data)}"]
    if targets:
        more = ", …" if len(targets) > LISTED else ""
        lines.append("target " + ", ".join(number(t.data) for t in targets[:LISTED]) + more)
    drawing.node("nloss", label(*lines), pos=_at(x, 0.0), id="n-loss", **{"class": "operation"})
    for j, y in outputs.heights.items():
        a, index = record.output[j], str(j + 1).translate(SUBSCRIPTS)
        text = f"∂{name}/∂a{index} = {signed(a.grad)}" if flowing else ""
        _add_arrow(drawing, f"n{len(record.mlp.layers)}-{j + 1}", "nloss", _at(outputs.x + 120.0, y / 2), text, a.grad, 1.2, text)


def _how_to_read(name: str, flowing: bool, path: Path | None) -> list[str]:
    delta = f", δ = ∂{name}/∂z (the handout's δ is −∂{name}/∂z)" if flowing else ""
    lines = [f"In each neuron: net input z, activation a{delta}.   On each arrow: its weight; the thicker, the larger."]
    if not flowing:
        lines.append("No gradient has come down yet: call backward() on the loss and draw again.")
    grey = "grey: not on the way" if path else "grey: zero"
    lines.append(style.GAP.join(("Blue: positive", "orange: negative", grey)))
    return lines
