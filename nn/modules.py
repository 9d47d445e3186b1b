"""Neurons and layers, one Value per number.

A neuron is two nodes of the graph: its net input z = b + Σ wᵢxᵢ, a fused `dot`, and its activation a = f(z).
So its delta ∂C/∂z is simply the gradient of z.

Letters: w weight, b bias, x input, z net input, a activation, f activation function, W[sender, receiver].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value, dot, softmax
from nn.architecture import Activation, activation_function, input_names, subscript, superscript
from nn.data import matrix, vector

Array = NDArray[np.float64]
Inputs = Sequence[Any] | NDArray[Any]  # of one example: a number or a Value for each input


class Module(ABC):
    """Anything with parameters."""

    @abstractmethod
    def parameters(self) -> list[Value]:
        """Return the weights and biases: neuron by neuron its weights, then its bias."""

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0, for `backward()` adds to what is there."""
        for parameter in self.parameters():
            parameter.grad = 0.0


class Neuron(Module):
    """One neuron with given weights.

    weights: one number per input. bias: a number, or None for a neuron without one.
    activation: the name of an operation of one operand, or "identity": then the net input is the activation.
    expanded: instead of one fused `dot`, build a node for every product and sum, starting at the bias and
    adding left to right; every number comes out the same, bit for bit.
    place: (layer, neuron), from 1, for the names: w⁽¹⁾₂₃ leads in layer 1 from sender 2 to receiver 3.
    Raises ValueError for an unknown activation.

    >>> h1 = Neuron([0.5, 1.2, -0.3])  # document 000
    >>> round(h1([1, 3, 5]).data, 7)
    0.9308616
    """

    def __init__(
        self,
        weights: Sequence[float],
        bias: float | None = None,
        activation: str = "sigmoid",
        *,
        expanded: bool = False,
        place: tuple[int, int] | None = None,
    ) -> None:
        if not len(weights):
            raise ValueError("a neuron needs at least one weight")
        self.activation = activation
        self.expanded = expanded
        self.function = activation_function(activation)
        layer, receiver = (superscript(place[0]), place[1:]) if place else ("", ())
        self.weights = [Value(w, f"w{layer}{subscript(i, *receiver)}") for i, w in enumerate(weights, 1)]
        self.bias = None if bias is None else Value(bias, f"b{layer}{subscript(*receiver)}")
        self.z_name, self.a_name = f"z{layer}{subscript(*receiver)}", f"a{layer}{subscript(*receiver)}"

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)} → {self.activation}{'' if self.bias is None else ', with bias'})"

    def __call__(self, inputs: Inputs) -> Value:
        """Return the activation for one list of inputs, numbers or Values."""
        return self.activate(self.net_input(as_inputs(inputs, input_names(len(self.weights)))))

    def net_input(self, inputs: Sequence[Value]) -> Value:
        """Return z = b + Σ wᵢxᵢ."""
        z: Any = self.bias
        if self.expanded:
            for w, x in zip(self.weights, inputs, strict=True):
                z = w * x if z is None else z + w * x
        else:
            # Straight to the record: the operands are Values already, and looking again costs a fifth of the time.
            z = dot.record((*self.weights, *inputs) if z is None else (*self.weights, *inputs, z))
        z.name = self.z_name
        return z  # type: ignore[no-any-return]  # operations are typed for floats and arrays too

    def activate(self, z: Value) -> Value:
        """Return a = f(z), or z itself for the identity."""
        if self.function is None:
            return z
        a: Value = self.function(z)
        a.name = self.a_name
        return a

    def parameters(self) -> list[Value]:
        """Return the weights, then the bias."""
        return [*self.weights] if self.bias is None else [*self.weights, self.bias]


class Layer(Module):
    """Neurons side by side, all with the same inputs.

    weights: W[i][j] from sender i to receiver j. biases: one per receiver, or None.
    activation: one name, or a list with one for each neuron; "softmax" takes the layer as a whole.
    expanded: as for Neuron. number: the layer's, from 1.
    Raises ValueError, naming the place, for what does not fit.

    >>> layer = Layer([[1, 0], [0, 2]], activation=["relu", "identity"])
    >>> [a.data for a in layer([-3, 4])]
    [0.0, 8.0]
    """

    def __init__(
        self,
        weights: ArrayLike,
        biases: ArrayLike | None = None,
        activation: Activation = "sigmoid",
        *,
        expanded: bool = False,
        number: int = 1,
    ) -> None:
        W = matrix(weights, "weights")
        m = W.shape[1]
        b = [None] * m if biases is None else vector(biases, "biases", m).tolist()
        self.activation = activation if isinstance(activation, str) else list(activation)
        self.softmax = activation == "softmax"
        names = [activation] * m if isinstance(activation, str) else self.activation
        if len(names) != m:
            raise ValueError(f"layer {number} has {m} neurons, but {len(names)} activations: {names}")
        self.neurons = [
            Neuron(w, b[j], "identity" if self.softmax else names[j], expanded=expanded, place=(number, j + 1))
            for j, w in enumerate(W.T.tolist())
        ]

    def __repr__(self) -> str:
        return f"Layer({len(self.neurons[0].weights)} → {len(self.neurons)} {self.activation})"

    def __call__(self, inputs: Inputs) -> list[Value]:
        """Return the activations for one list of inputs, numbers or Values."""
        return self.forward(as_inputs(inputs, input_names(len(self.neurons[0].weights))))[1]

    def forward(self, inputs: Sequence[Value]) -> tuple[list[Value], list[Value]]:
        """Return the net inputs and the activations."""
        net_inputs = [neuron.net_input(inputs) for neuron in self.neurons]
        if not self.softmax:
            return net_inputs, [n.activate(z) for n, z in zip(self.neurons, net_inputs, strict=True)]
        shares: list[Value] = softmax(net_inputs)
        return net_inputs, [a.named(n.a_name) for n, a in zip(self.neurons, shares, strict=True)]

    def forward_arrays(self, inputs: Array, theta: Array) -> tuple[Array, Array]:
        """Return net inputs and activations of many examples, one per column, as plain numbers.

        theta: the numbers of `parameters()`.
        """
        n = len(self.neurons[0].weights)
        table = theta.reshape(len(self.neurons), -1)  # a row for each neuron: its weights, then its bias
        Z = table[:, :n] @ inputs
        if self.neurons[0].bias is not None:
            Z += table[:, n:]
        if self.softmax:
            return Z, np.stack(softmax(list(Z)))
        functions = [neuron.function for neuron in self.neurons]
        if isinstance(self.activation, str):
            return Z, functions[0](Z) if functions[0] else Z
        return Z, np.stack([f(z) if f else z for f, z in zip(functions, Z, strict=True)])

    def weights(self, field: str = "data") -> Array:
        """Return the weights [sender, receiver], or, for the field "grad", their gradients."""
        return np.array([[getattr(w, field) for w in neuron.weights] for neuron in self.neurons]).T

    def biases(self, field: str = "data") -> Array:
        """Return the biases, or, for the field "grad", their gradients."""
        return np.array([getattr(neuron.bias, field) for neuron in self.neurons])

    def parameters(self) -> list[Value]:
        """Return the weights and biases: neuron by neuron its weights, then its bias."""
        return [parameter for neuron in self.neurons for parameter in neuron.parameters()]


def assign(parameters: Iterable[Value], numbers: Array) -> None:
    """Set the data of each parameter, in order."""
    for parameter, number in zip(parameters, numbers.tolist(), strict=True):
        parameter.data = number


def as_inputs(inputs: Inputs, names: Sequence[str]) -> list[Value]:
    """Return the inputs as Values; plain numbers become named ones."""
    if len(inputs) != len(names):
        raise ValueError(f"{len(names)} inputs are needed, one number for each, not {len(inputs)}: {inputs!r}")
    try:
        return [x if isinstance(x, Value) else Value(x, name) for x, name in zip(inputs, names, strict=True)]
    except TypeError as error:
        raise TypeError(f"one of the inputs {inputs!r} is no number: {error}") from None
