"""The textbook picture of a network: columns of neurons, and on each arrow its weight.

Every position is computed here and in `textbook_layout`, and Graphviz only draws. The labels between n senders and m
receivers stand in one column: 1/(n + 1) of the distance before the receivers or, if these are fewer, 1/(m + 1) of it
after the senders. There the arrows cross the column at equal distances, so no two labels overlap.

Letters: x input, w weight, b bias, z net input, a activation, C the loss, δ = ∂C/∂z.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise
from typing import TYPE_CHECKING

from autograd import Value, topological_order
from nn.architecture import subscript
from nn.validation import flag
from viz.graphs.digraph import Drawing, bold, coloured, lines_of
from viz.graphs.dot import least_width
from viz.graphs.groups import roles
from viz.graphs.legend import colour_line, convention_lines
from viz.graphs.lettering import Lettering, of_layer, without_layer
from viz.graphs.paths import WeightPath
from viz.graphs.textbook_layout import Column, Figure, columns_of
from viz.rendering import style, widths
from viz.solutions.equations import Formula
from viz.text.labels import exact, label, number, short, signed, tooltip, visible

if TYPE_CHECKING:
    from nn import Record

MAX_TARGETS_LISTED = 4  # in the box of the loss
MAX_INPUT_NAME = 14  # characters
TO_LOSS = 190.0  # at least, from the edge of the outputs to the middle of the loss, in points
MARGIN, MIN_VISIBLE = 12.0, 16.0  # of the loss, and of its arrow on either side of the label, in points
MIN_WIDTH, MAX_WIDTH = 0.8, 4.5  # of an arrow, in points
BLANK_WIDTH = 0.25  # of the way from the least to the greatest

FIXED_LAYOUT = {"layout": "nop", "splines": "line", "outputorder": "edgesfirst"}
CIRCLE = {"shape": "circle", "fixedsize": "true", "style": "filled", "fontsize": "11"}
ARROW_LABEL = {"margin": "0.04,0.01", "width": "0", "height": "0", "fontsize": "10.5"}
PLAIN_TEXT = {"shape": "plain", "style": ""}


def network(
    record: Record,
    loss: Value | None = None,
    *,
    weight: Value | None = None,
    numbers: bool = True,
    convention: str = "gradient",
    theme: str = "auto",
) -> Drawing:
    """Return the textbook picture of a network: neurons in columns, weights on the arrows between them.

    Of a layer of more than 6 neurons, the first three and the last are drawn. After Hansen (2022), figures 1, 2, 4 and
    6, and Misley (2023), figures 1 and 4.

    Args:
        record: Of the forward pass. A neuron shows its net input, activation and, after `backward()`, its delta.
        loss: Of the same pass, drawn to the right of the outputs.
        weight: One of the network's, to be explained: only the arrows along which its gradient passes keep their
            colour, and the chain rule is written below, with its numbers.
        numbers: False leaves a blank for each number and writes each weight's symbol on its arrow: the figure for the
            board, of one colour and one width.
        convention: Whose letters and sign of δ, as for `derivation`.
        theme: "auto", "light" or "dark", as for `draw`.

    Raises:
        ValueError: For a loss of another pass, for a weight of another network, and for an unknown convention or theme.
        TypeError: For something that is not a record.

    >>> from nn import MLP
    >>> record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    >>> network(record).source.count("->")
    3
    """
    if not hasattr(record, "net_inputs"):
        raise TypeError(f"network takes the record of a forward pass, mlp.forward(x), not {record!r:.80}")
    numbers = flag(numbers, "numbers")
    if loss is not None and set(topological_order(loss)).isdisjoint(record.net_inputs[-1]):
        raise ValueError("the loss is of another forward pass: none of the record's outputs is below it")
    path = None if weight is None else WeightPath.of(record, weight)
    reached = [z for layer in record.net_inputs for z in layer] if loss is None else [loss]
    flowing = any(z.grad != 0.0 for z in reached)
    letters = Lettering(record, convention, record.output if loss is None else topological_order(loss))
    figure = Figure(record, letters, path, flowing, numbers)
    if loss is None:
        figure.c.C, letters.C = Formula("C", "C"), "C"
    columns = columns_of(figure)
    title = f"Neural network {'-'.join(map(str, record.mlp.sizes))}"
    if loss is not None and numbers:
        title += f", {letters.C} = {number(loss.data)}"
    drawing = Drawing.in_theme(theme, title, **FIXED_LAYOUT)
    drawing.graph_attr["label"] = label(" ", *_reading(figure, _signs(record, flowing)), end=r"\l")
    _add_weights(drawing, figure, columns)
    top = max(y for column in columns for y in column.heights.values()) + figure.radius + 32.0
    for k, column in enumerate(columns):
        _add_column(drawing, figure, k, column)
        drawing.node(f"h{k}", label(*_heading(figure, k)), _attributes=PLAIN_TEXT | {"pos": _at(column.x, top)})
    if loss is not None:
        _add_loss(drawing, figure, columns[-1], loss)
    if path and flowing:
        place = {"pos": _at(columns[-1].x / 2, -top), "class": "lines"}
        chain_rule = path.chain_rule(letters, numbers)
        drawing.node("chain", label(*chain_rule), _attributes=PLAIN_TEXT | place)
    return drawing


def _at(x: float, y: float) -> str:
    return f"{x:.2f},{y:.2f}"


def _add_weights(drawing: Drawing, figure: Figure, columns: list[Column]) -> None:
    record, path = figure.record, figure.path
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
        sign = figure.sign(w.data) if on else "zero"
        share = abs(w.data) / largest if figure.numbers else BLANK_WIDTH
        width = MIN_WIDTH + (MAX_WIDTH - MIN_WIDTH) * (share if share < 1.0 else 1.0) if on else MIN_WIDTH
        name = figure.letters.symbols.get(w) or visible(w.name or "weight")
        hint = f"{name}: {exact(w.data)}" if figure.numbers else name
        _add_arrow(drawing, f"{k}-{i + 1}", f"{k + 1}-{j + 1}", sign, width, hint)
        _add_label(drawing, f"{k}-{i + 1}-{j + 1}", figure.weight(k, i, j, w), spot, sign, hint)


def _add_arrow(drawing: Drawing, tail: str, head: str, sign: str, width: float, hint: str) -> None:
    look = {"class": sign, "color": drawing.palette[sign], "penwidth": f"{width:.2f}"}
    look |= {"id": f"e-{tail}-{head}", "tooltip": tooltip(hint)}
    drawing.edge(f"n{tail}", f"n{head}", _attributes=look)


def _add_label(drawing: Drawing, name: str, text: str, spot: str, sign: str, hint: str) -> None:
    """Add an arrow's label as a node of its own, so that it stands in front of every arrow."""
    look = {"class": f"label {sign}", "fontcolor": drawing.palette[f"{sign}-ink"], "pos": spot}
    look |= {"fillcolor": drawing.palette["page"], "color": drawing.palette["page"]}
    look |= {"id": f"l-{name}", "tooltip": tooltip(hint), "width": f"{_label_width(text) / 72:.3f}"}
    drawing.node(f"l{name}", label(text), _attributes=ARROW_LABEL | look)


def _label_width(text: str) -> float:
    return widths.room(text, float(ARROW_LABEL["fontsize"]), bold=True) + 2.0


def _add_column(drawing: Drawing, figure: Figure, k: int, column: Column) -> None:
    """Add the neurons of layer k, counted from 1, or, for k = 0, the inputs."""
    record, c = figure.record, figure.c
    for j, y in column.heights.items():
        if k == 0:
            x, kind = record.inputs[j], "input"
            name = figure.letters.symbols.get(x) or x.name or f"x{subscript(j + 1)}"
            numbers = {visible(name): x.data}
            lines = [_shortened(name), figure.written(x.data)]
            marked = [bold(lines[0]), label(lines[1])]
        else:
            bias, z = record.mlp.layers[k - 1].neurons[j].bias, record.net_inputs[k - 1][j]
            kind = "operation lines neuron"
            symbols = {} if bias is None else {c.b(k, j + 1): bias.data}
            symbols |= {c.z(k, j + 1): z.data, c.a(k, j + 1): record.activations[k - 1][j].data}
            numbers = {without_layer(symbol.text): x for symbol, x in symbols.items()}
            lines = [f"{symbol} = {figure.written(x)}" for symbol, x in numbers.items()]
            marked = [label(line) for line in lines]
            if figure.flowing:
                delta, symbol = c.sign * z.grad, without_layer(c.delta(k, j + 1).text)
                sign = style.sign_of([delta])
                kind += f" {sign}" if figure.numbers else ""
                numbers[symbol] = delta
                lines.append(f"{symbol} = {figure.written(delta, signed)}")
                marked.append(coloured(bold(lines[-1]), drawing.palette[f"{sign}-ink" if figure.numbers else "ink"]))
        look = kind.split()[0]
        hint = ", ".join(f"{symbol} = {exact(x)}" for symbol, x in numbers.items()) if figure.numbers else lines[0]
        shape = {"id": f"n-{k}-{j + 1}", "class": kind, "pos": _at(column.x, y), "tooltip": tooltip(hint)}
        shape |= {"fillcolor": drawing.palette[look], "color": drawing.palette[f"{look}-line"]}
        shape |= {"width": f"{figure.radius / 36:.3f}"}
        shape |= {"penwidth": "2.6"} if figure.path and figure.path.passes(k, j) else {}
        name = f"n{k}-{j + 1}"
        drawing.node(name, label(*lines), _attributes=CIRCLE | shape)
        drawing.markup[name] = lines_of(*marked)
    for y, missing in column.gaps.items():
        drawing.node(f"g{k}-{y}", label("⋮", f"{missing} more"), _attributes=PLAIN_TEXT | {"pos": _at(column.x, y)})


def _shortened(name: str) -> str:
    return short(name if len(name) <= MAX_INPUT_NAME else f"{name[: MAX_INPUT_NAME - 1]}…")


def _heading(figure: Figure, k: int) -> tuple[str, str]:
    """Return the two lines above a column, which say how the layer is computed."""
    c = figure.c
    if k == 0:
        return of_layer(c.x(1).text), "inputs"
    layer = figure.record.mlp.layers[k - 1]
    z, a, x, w = (of_layer(symbol.text) for symbol in (c.z(k, 1), c.a(k, 1), c.sent(k, 1), c.w(k, 1, 1)))
    matrix = w[0].upper() + w[1:]
    bias = "" if layer.neurons[0].bias is None else f" + {of_layer(c.b(k, 1).text)}"
    f = layer.activation if isinstance(layer.activation, str) else "f"
    return f"{z} = {f'{matrix} {x}' if c.receiver_first else f'{x} {matrix}'}{bias}", f"{a} = {f}({z})"


def _add_loss(drawing: Drawing, figure: Figure, outputs: Column, loss: Value) -> None:
    """Add the loss to the right of the outputs, with its targets, and ∂C/∂a on the arrows if it is computed from a."""
    record, c, C = figure.record, figure.c, figure.letters.C
    nodes = topological_order(loss)
    targets = [figure.written(x.data) for x, role in roles(record, nodes).items() if role == "target"]
    lines = [f"{C} = {figure.written(loss.data)}"]
    if targets:
        more = ", …" if len(targets) > MAX_TARGETS_LISTED else ""
        lines.append(f"target {', '.join(targets[:MAX_TARGETS_LISTED])}{more}")
    n, labelled = len(record.net_inputs), figure.flowing and not set(nodes).isdisjoint(record.output)
    gradients = {j: c.sign * record.output[j].grad for j in outputs.heights} if labelled else {}
    symbols = {j: without_layer(c.activation_gradient(n, j + 1).text) for j in outputs.heights}
    texts = {j: f"{symbols[j]} = {signed(g)}" if figure.numbers else symbols[j] for j, g in gradients.items()}
    box = max(widths.room(line, float(style.NODE["fontsize"]), bold=True) for line in lines) + 2 * MARGIN
    free = max(map(_label_width, texts.values()), default=0.0) + 2 * MIN_VISIBLE
    to_loss = figure.radius + max(TO_LOSS, free + box / 2)
    look = {"id": "n-loss", "class": "operation", "pos": _at(outputs.x + to_loss, 0.0)}
    name = figure.letters.symbols.get(loss) or visible(loss.name or C)
    look["tooltip"] = tooltip(f"{name} = {exact(loss.data)}" if figure.numbers else name)
    look |= {"fillcolor": drawing.palette["operation"], "color": drawing.palette["operation-line"]}
    drawing.node("nloss", label(*lines), _attributes=look | least_width(lines, lines[:1]))
    drawing.markup["nloss"] = lines_of(bold(lines[0]), *map(label, lines[1:]))
    for j, y in outputs.heights.items():
        tail = f"{n}-{j + 1}"
        sign = figure.sign(gradients[j]) if labelled else "zero"
        hint = f"{symbols[j]} = {exact(gradients[j])}" if labelled and figure.numbers else symbols[j]
        _add_arrow(drawing, tail, "loss", sign, 1.2, hint if labelled else "")
        if labelled:
            _add_label(drawing, f"{tail}-loss", texts[j], _at(outputs.x + to_loss / 2, y / 2), sign, hint)


def _signs(record: Record, flowing: bool) -> set[str]:
    """Return the signs of the weights and, if they are computed, of the deltas."""
    weights = [w.data for layer in record.mlp.layers for neuron in layer.neurons for w in neuron.weights]
    deltas = [z.grad for layer in record.net_inputs for z in layer] if flowing else []
    return {style.sign_of([x]) for x in (*weights, *deltas)}


def _reading(figure: Figure, signs: Collection[str]) -> list[str]:
    """Return how to read the picture; signs: those that occur in it."""
    C, flowing = figure.letters.C, figure.flowing
    if figure.letters.symbols:
        numbers = "its net input, activation and delta" if flowing else "its net input and activation"
    else:
        hansen = f" (Hansen 2022: δ = −∂{C}/∂z)" if figure.numbers else ""
        numbers = f"net input z, activation a and δ = ∂{C}/∂z{hansen}" if flowing else "net input z and activation a"
    thickness = "; the thicker, the larger in size" if figure.numbers else ""
    lines = [f"In each neuron: {numbers}.", f"On each arrow: its weight{thickness}."]
    lines += convention_lines(figure.letters)
    if figure.path and not flowing:
        lines.append("There are no gradients yet: call backward() on the loss and draw again.")
    if figure.numbers:
        lines.append(colour_line(signs, "not on a path from the loss to the weight" if figure.path else ""))
    return lines
