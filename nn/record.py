"""The record of one forward pass: every net input and activation, and after `backward()` every delta.

Letters: z net input, a activation, C the loss, δ = ∂C/∂z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd import Value

if TYPE_CHECKING:
    from nn.network import MLP


@dataclass(slots=True, eq=False, repr=False)
class Record:
    """What `MLP.forward` returns.

    Attributes:
        mlp: The network.
        inputs: Its inputs, as Values.
        net_inputs: [layer][neuron].
        activations: [layer][neuron]. Where an activation is the identity, it is the same Value as the net input.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    >>> sse(record.output, [1]).backward()
    >>> round(record.deltas()[0][0], 6), round(record.deltas(convention="handout")[0][0], 6)
    (-0.008899, 0.008899)
    """

    mlp: MLP
    inputs: list[Value]
    net_inputs: list[list[Value]]
    activations: list[list[Value]]

    def __repr__(self) -> str:
        return f"Record({self.mlp!r}, output {[round(a.data, 6) for a in self.output]})"

    @property
    def output(self) -> list[Value]:
        """The activations of the last layer, always a list."""
        return self.activations[-1]

    def deltas(self, convention: str = "gradient") -> list[list[float]]:
        """Return every neuron's delta, [layer][neuron], as the last `backward()` left it; before it, all 0.0.

        Args:
            convention: "gradient" for ∂C/∂z; "handout" for −∂C/∂z, the δ of Hansen (2021, 2022).

        Raises:
            ValueError: For any other convention.
        """
        sign = sign_of_delta(convention)
        return [[sign * z.grad + 0.0 for z in layer] for layer in self.net_inputs]  # + 0.0: no delta is −0.0


def sign_of_delta(convention: str) -> float:
    """Return the sign of δ relative to ∂C/∂z; raise ValueError for a convention that is neither of `Record.deltas`."""
    if convention not in ("gradient", "handout"):
        raise ValueError(f"convention is {convention!r}; choose 'gradient' (∂C/∂z) or 'handout' (−∂C/∂z)")
    return 1.0 if convention == "gradient" else -1.0
