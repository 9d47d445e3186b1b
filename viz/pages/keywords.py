"""What the page's search finds a Value by, besides its name: its role, its operation, and its place in the network.

Letters: i sender, j receiver, both counted from 1; x input, w weight, b bias, z net input, a activation, h of a hidden
neuron, o of an output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from viz.graphs.groups import roles

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record


def keywords(nodes: Sequence[Value], record: Record | None) -> list[list[str]]:
    """Return the keywords of each Value of a graph; the root, the last, is the loss.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5], [1.2]]]).forward([1, 3])
    >>> keywords([record.inputs[1], record.net_inputs[0][0], record.output[0]], record)
    [['leaf', 'input', 'x2'], ['dot', 'z1'], ['sigmoid', 'loss', 'result', 'a1', 'o1', 'output']]
    """
    words = {z: [z.operation.name if z.operation else "constant" if z.constant else "leaf"] for z in nodes}
    words[nodes[-1]] += ["loss", "result"]
    if record is None:
        return list(words.values())
    places: list[tuple[Value, list[str]]] = [(z, [role]) for z, role in roles(record, nodes).items()]
    places += [(x, [f"x{i}"]) for i, x in enumerate(record.inputs, 1)]
    depth = len(record.mlp.layers)
    for n, layer in enumerate(record.mlp.layers, 1):
        short, long = ("o", "output") if n == depth else ("h", "hidden")
        for j, neuron in enumerate(layer.neurons, 1):
            z, a = record.net_inputs[n - 1][j - 1], record.activations[n - 1][j - 1]
            places += [(w, [f"w{i},{j}"]) for i, w in enumerate(neuron.weights, 1)]
            places += [(neuron.bias, [f"b{j}"])] if neuron.bias is not None else []
            places += [(z, [f"z{j}"]), *([(a, [f"a{j}"])] if a is not z else []), (a, [f"{short}{j}", long])]
    for z, more in places:
        words.get(z, []).extend(more)
    return list(words.values())
