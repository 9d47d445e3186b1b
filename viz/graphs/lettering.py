"""What a drawing calls the numbers of a network: each by its own name, or by its symbol in a convention.

Letters: n layer, i sender, j receiver, k output, all counted from 1; x input, w weight, b bias, y target, z net input,
a activation, C the loss, δ = ∂C/∂z, or −∂C/∂z in a convention whose sign is −1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from viz.solutions.equations import Formula
from viz.solutions.notations import Convention, convention_of
from viz.text.labels import called, in_formula, short

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record

DEFAULT = Convention.name
MAX_LOSS_NAME = 7  #: characters of a loss's own name in a derivative; a longer one is called C


class NetInput(NamedTuple):
    """A net input, its symbol and that of its delta, and the sign of the delta relative to ∂C/∂z."""

    value: Value
    symbol: str
    delta: str
    sign: float


class Lettering:
    """The symbols of the Values of a graph.

    Attributes:
        convention: None without a record.
        symbols: Those of a convention other than the project's own, in which every Value keeps its name.
        net_inputs: Of the network, by Value.
        C: The symbol of the loss in a derivative.

    Raises:
        ValueError: For an unknown convention, and for one without a record, whose network the letters are for.
    """

    def __init__(self, record: Record | None, convention: str, nodes: Sequence[Value]) -> None:
        self.convention: Convention | None = None
        self.symbols: dict[Value, str] = {}
        self.net_inputs: dict[Value, NetInput] = {}
        root = nodes[-1]
        self.C = (
            in_formula(root.name) if root.name and len(root.name) <= MAX_LOSS_NAME and root.grad in (0.0, 1.0) else "C"
        )
        if record is None:
            if convention != DEFAULT:
                convention_of(convention, [])
                raise ValueError(
                    f'convention="{convention}" needs record=mlp.forward(…): its letters are for a network'
                )
            return
        self.convention = c = convention_of(convention, record.mlp.sizes)
        if convention == DEFAULT:
            c.C = Formula(self.C, self.C)
        else:
            self.symbols, self.C = _symbols(record, c, nodes), c.C.text
        for n, layer in enumerate(record.net_inputs, 1):
            for j, z in enumerate(layer, 1):
                symbol = self.symbols.get(z, c.z(n, j).text)
                self.net_inputs[z] = NetInput(z, symbol, c.delta(n, j).text, c.sign)

    @property
    def sign(self) -> float:
        """The sign of δ relative to ∂C/∂z."""
        return self.convention.sign if self.convention else 1.0

    @property
    def first(self) -> int:
        """The number of the first layer after the inputs."""
        return self.convention.first if self.convention else 1

    def title(self, z: Value) -> str:
        """Return what stands in the first line of a Value's box; empty if it has no name."""
        return self.symbols.get(z) or (short(z.name) if z.name else "")

    def called(self, z: Value) -> str:
        """Return what a text calls a Value."""
        return self.symbols.get(z) or called(z)


def without_layer(symbol: str) -> str:
    """Return a symbol without the number of its layer in parentheses.

    >>> without_layer("w⁽¹⁾₂₃")
    'w₂₃'
    """
    return re.sub("⁽[^⁾]*⁾", "", symbol)


def of_layer(symbol: str) -> str:
    """Return a symbol without its indices: that of the vector or matrix of a whole layer.

    >>> of_layer("z⁽¹⁾₂"), of_layer("w_x₁h₂")
    ('z⁽¹⁾', 'w_xh')
    """
    return re.sub("[₀-₉,]", "", symbol)


def _symbols(record: Record, c: Convention, nodes: Sequence[Value]) -> dict[Value, str]:
    """Return the symbol of each Value of a network, of its targets and of the loss."""
    found: dict[Value, str] = {x: c.x(i).text for i, x in enumerate(record.inputs, 1)}
    for n, layer in enumerate(record.mlp.layers, 1):
        for j, neuron in enumerate(layer.neurons, 1):
            for i, w in enumerate(neuron.weights, 1):
                found.setdefault(w, c.w(n, i, j).text)
            if neuron.bias is not None:
                found.setdefault(neuron.bias, c.b(n, j).text)
            found.setdefault(record.activations[n - 1][j - 1], c.a(n, j).text)
            found.setdefault(record.net_inputs[n - 1][j - 1], c.z(n, j).text)
    for k, a in enumerate(record.output, 1):
        beside = {x for z in nodes if a in z.operands for x in z.operands if not x.operation and x not in found}
        if len(beside) == 1:
            found[beside.pop()] = c.y(k).text
    found.setdefault(nodes[-1], c.C.text)
    return found
