"""Neurons and layers, one Value per number.

A neuron is two nodes of the graph: its net input z = b + Σ wᵢxᵢ, a fused `dot`, and its activation a = f(z).
So its delta ∂C/∂z is simply the gradient of z.

Letters: w weight, b bias, x input, z net input, a activation, f activation function, W[sender, receiver].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value, dot, softmax
from autograd.arrays import as_number, as_numpy, is_finite
from autograd.value import assign as set_data
from nn.architecture import Activation, activation_function, input_names, subscript, superscript
from nn.signatures import spelled
from nn.validation import Floats, matrix, numbers, real, vector

Inputs = Sequence[Any] | NDArray[Any]  # of one example: a number or a Value for each input


class Module(ABC):
    """Anything with parameters."""

    @abstractmethod
    def parameters(self) -> list[Value]:
        """Return the weights and biases: for each neuron its weights, then its bias; a shared one is listed once."""

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0, because `backward()` adds to it."""
        for parameter in self.parameters():
            parameter._grad = 0.0


@spelled
class Neuron(Module):
    """One neuron with given weights.

    Args:
        weights: One number per input.
        bias: A number, or None for a neuron without a bias.
        activation: The name of an operation with one operand, or "identity": the activation is then the net input.
        expanded: Whether to build a node for every product and sum, from the bias and from left to right, instead of
            one fused `dot`; all numbers are the same, bit for bit.
        place: (layer, neuron), counted from 1, for the names: w⁽¹⁾₂₃ leads in layer 1 from sender 2 to receiver 3.

    Raises:
        ValueError: For an unknown activation.
        TypeError: For weights that are not a list of numbers.

    >>> h1 = Neuron([0.5, 1.2, -0.3])
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
        if isinstance(weights, (str, Real)):
            raise TypeError(
                f"Neuron takes its weights, a number for each input, not {weights!r:.80}: Neuron([0.5, -0.2]); "
                "MLP(3, [1]) draws those of one neuron with 3 inputs"
            )
        w = numbers(weights, "weights")
        if w.ndim != 1 or not w.size:
            raise ValueError(f"weights has shape {w.shape}; a neuron needs a flat list of at least one number")
        self.activation = activation
        self.expanded = expanded
        self.function = activation_function(activation)
        layer, receiver = (superscript(place[0]), place[1:]) if place else ("", ())
        self.weights = [Value(x, f"w{layer}{subscript(i, *receiver)}") for i, x in enumerate(w.tolist(), 1)]
        b = None if bias is None else real(bias, "bias", "a finite number")
        self.bias = None if b is None else Value(b, f"b{layer}{subscript(*receiver)}")
        self.z_name, self.a_name = f"z{layer}{subscript(*receiver)}", f"a{layer}{subscript(*receiver)}"

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)} → {self.activation}{'' if self.bias is None else ', with bias'})"

    def __call__(self, inputs: Inputs) -> Value:
        """Return the activation for one list of inputs, numbers or Values."""
        return self.activate(self.net_input(as_inputs(inputs, input_names(len(self.weights)))))

    def net_input(self, inputs: Sequence[Value]) -> Value:
        """Return z = b + Σ wᵢxᵢ."""
        made: Any = self.bias  # Any: None before the first product, where there is no bias
        if self.expanded:
            for w, x in zip(self.weights, inputs, strict=True):
                made = w * x if made is None else made + w * x
        else:
            # Recorded directly: the operands are known to be Values, and checking that again costs a fifth of the time.
            made = dot.record((*self.weights, *inputs) if made is None else (*self.weights, *inputs, made))
        z: Value = made
        z.name = self.z_name
        return z

    def activate(self, z: Value) -> Value:
        """Return a = f(z), or z itself for the identity."""
        if self.function is None:
            return z
        a = self.function(z)
        a.name = self.a_name
        return a

    def parameters(self) -> list[Value]:
        """Return the weights, then the bias."""
        return list(dict.fromkeys(self.places()))

    def places(self) -> list[Value]:
        """Return the weights, then the bias; a shared one is listed as often as it occurs."""
        return [*self.weights] if self.bias is None else [*self.weights, self.bias]


@spelled
class Layer(Module):
    """Neurons with the same inputs.

    Args:
        weights: W[i][j] from sender i to receiver j.
        biases: One per receiver, or None.
        activation: One name, or a list with one for each neuron; "softmax" applies to the layer as a whole.
        expanded: As for `Neuron`.
        number: The number of the layer, counted from 1.

    Raises:
        ValueError: For arguments that do not fit together; the message names the place.

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
        if isinstance(weights, Real):
            raise TypeError(
                f"Layer takes its weights, W[i][j] from sender i to receiver j, not {weights!r:.80}: "
                "Layer([[0.5, 0.1], [1.2, -0.4]]); MLP(3, [4]) draws those of a layer of 4 neurons with 3 inputs"
            )
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
        shares = softmax(net_inputs)
        return net_inputs, [a.named(n.a_name) for n, a in zip(self.neurons, shares, strict=True)]

    def matrix_and_biases(self, theta: Floats) -> tuple[Floats, Floats | None]:
        """Return the weights [sender, receiver] and the biases, if there are any, out of the numbers of `places()`."""
        n = len(self.neurons[0].weights)
        table = theta.reshape(len(self.neurons), -1)  # a row for each neuron: its weights, then its bias
        W = table[:, :n].T.copy()  # a product with a transposed view takes up to twice as long
        return W, None if self.neurons[0].bias is None else table[:, n].copy()

    def forward_arrays(self, inputs: Floats, W: Floats, b: Floats | None) -> tuple[Floats, Floats]:
        """Return net inputs and activations of many examples as plain numbers, one example per row.

        Args:
            inputs: One example per row.
            W: The weights [sender, receiver].
            b: The biases, or None.
        """
        Z = inputs @ W
        if b is not None:
            Z += b
        if self.softmax:
            return Z, np.stack(softmax(list(Z.T)), axis=1)
        if isinstance(self.activation, str):
            return Z, _applied(self.neurons[0].function, Z)
        columns = [_applied(neuron.function, z) for neuron, z in zip(self.neurons, Z.T, strict=True)]
        return Z, np.stack(columns, axis=1)

    @property
    def size(self) -> int:
        """How many weights and biases there are; a shared one counts as often as it occurs."""
        return len(self.neurons) * len(self.neurons[0].places())

    def weights(self, field: str = "data") -> Floats:
        """Return the weights [sender, receiver], or with field="grad" their gradients, as a read-only array."""
        return _read_only(np.array([[getattr(w, field) for w in neuron.weights] for neuron in self.neurons]).T)

    def biases(self, field: str = "data") -> Floats:
        """Return the biases, or with field="grad" their gradients, as a read-only array."""
        return _read_only(np.array([getattr(neuron.bias, field) for neuron in self.neurons]))

    def parameters(self) -> list[Value]:
        """Return the weights and biases: for each neuron its weights, then its bias; a shared one is listed once."""
        return list(dict.fromkeys(self.places()))

    def places(self) -> list[Value]:
        """Return the weights and biases; a shared one is listed as often as it occurs."""
        return [parameter for neuron in self.neurons for parameter in neuron.places()]


def _applied(function: Any, z: Floats) -> Floats:
    """Return the activations of net inputs; raise what Python raises."""
    if function is None:
        return z
    if function.arity == 1:
        a: Floats = function.array(z)  # which spares the operation's looks at its operands
        if is_finite(a):
            return a
    return np.asarray(function(z))


def assign(parameters: Iterable[Value], numbers: Floats) -> None:
    """Set the data of each parameter, in order."""
    set_data(parameters, numbers.tolist())


def as_inputs(inputs: Inputs, names: Sequence[str]) -> list[Value]:
    """Return the inputs as Values; plain numbers become named ones."""
    if isinstance(inputs, (list, tuple, np.ndarray)):
        try:
            return [x if isinstance(x, Value) else Value(x, name) for x, name in zip(inputs, names, strict=True)]
        except (TypeError, ValueError):
            pass  # reported below
    return [
        x if isinstance(x, Value) else Value(x, name)
        for x, name in zip(_one_example(inputs, names), names, strict=True)
    ]


def _one_example(inputs: Any, names: Sequence[str]) -> list[Any]:
    """Return the inputs as a list of numbers and Values; raise an error that says what is wrong with others."""
    plain = as_numpy(inputs, "x")
    if hasattr(plain, "__array__"):  # iterating over a pandas table would give its columns
        plain = np.asarray(plain)
        plain = plain if plain.ndim else plain.item()
    needed = f"{len(names)} input{'s are' if len(names) > 1 else ' is'} needed, one number for each"
    if isinstance(plain, (str, bytes, Mapping, Set)) or not isinstance(plain, Iterable):
        raise TypeError(f"{needed}, in a list, not {inputs!r:.80}")
    entries = list(plain)
    rows = [len(row) if isinstance(row, (list, tuple)) or getattr(row, "ndim", 0) > 0 else 0 for row in entries]
    if any(rows):
        shape = f"an array of shape {plain.shape}" if isinstance(plain, np.ndarray) else f"a list of {len(rows)} rows"
        column = set(rows) == {1} and len(rows) == len(names)
        remedy = "ravel() makes it flat" if column else "predict(X) takes a batch"
        raise ValueError(f"{needed}, in a flat list, for one example at a time, not {shape}; {remedy}")
    if len(entries) != len(names):
        raise ValueError(f"{needed}, not {len(entries)}: {inputs!r:.200}")
    entries = [x if isinstance(x, Value) else as_number(x, f"x[{i}]") for i, x in enumerate(entries)]
    for place, x in enumerate(entries):
        if not isinstance(x, (Value, Real, np.bool_)):
            raise TypeError(f"{needed}, and x[{place}] is not a number: {x!r:.80}")
    return entries


def _read_only(array: Floats) -> Floats:
    array.flags.writeable = False  # a change of this copy would have no effect: use set_weights
    return array
