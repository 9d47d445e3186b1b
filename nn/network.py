"""The multilayer perceptron: layers in a row.

A forward pass on one example records every number as a Value; a pass on many examples is plain NumPy, by the
array rules of the same operations.

Letters: x inputs of one example, X of many (examples, inputs), Z net inputs, A activations, W[sender, receiver].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value
from nn.architecture import Activation, checked_sizes, input_names, per_layer
from nn.initializers import INITIALIZERS
from nn.losses import Loss
from nn.metrics import r_squared
from nn.modules import Inputs, Layer, Module, as_inputs, assign
from nn.record import Record
from nn.signatures import spelled
from nn.training.objective import Objective, reading
from nn.validation import examples, flag, generator, listed, matrix, numbers, targets, vector

Array = NDArray[np.float64]
Rng = int | np.random.Generator | None


@spelled
class MLP(Module):
    """A multilayer perceptron.

    inputs: how many. sizes: the neurons of each layer, the output layer last.
    activation: one name for all layers, or a list with, for each layer, one name or a list of one per neuron.
    output: the last layer's activation, where it differs; a list then covers the layers before it. Only the
    last layer may be "softmax".
    bias: whether neurons have one; it starts at 0.
    initializer: how weights start: "uniform", "normal", "xavier", "he" or "zeros".
    expanded: as for Neuron. rng: a seed or a NumPy Generator; the same seed gives the same network.
    Raises ValueError, naming the layer, for what does not fit.

    >>> mlp = MLP(3, [4, 1], activation="tanh", output="sigmoid", rng=0)
    >>> mlp
    MLP(3 → 4 tanh → 1 sigmoid, 21 parameters)
    >>> mlp.parameters()[1].name, mlp([1, 3, 5]).name
    ('w⁽¹⁾₂₁', 'a⁽²⁾₁')
    """

    def __init__(
        self,
        inputs: int,
        sizes: Sequence[int],
        activation: str | Sequence[Activation] = "sigmoid",
        *,
        output: Activation | None = None,
        bias: bool = True,
        initializer: str = "xavier",
        expanded: bool = False,
        rng: Rng = None,
    ) -> None:
        self.sizes = checked_sizes(inputs, sizes)
        activations = per_layer(activation, output, len(self.sizes) - 1)
        if not isinstance(initializer, str) or initializer not in INITIALIZERS:
            raise ValueError(f"initializer is {initializer!r}; choose one of {', '.join(INITIALIZERS)}")
        bias, expanded, rng = flag(bias, "bias"), flag(expanded, "expanded"), generator(rng)
        self.layers: list[Layer] = []
        for (n, m), function in zip(pairwise(self.sizes), activations, strict=True):
            W, b = INITIALIZERS[initializer](rng, n, m), np.zeros(m) if bias else None
            self.layers.append(Layer(W, b, function, expanded=expanded, number=len(self.layers) + 1))
        self.input_names = input_names(inputs)

    @classmethod
    def from_weights(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike] | None = None,
        activation: str | Sequence[Activation] = "sigmoid",
        *,
        output: Activation | None = None,
        expanded: bool = False,
    ) -> MLP:
        """Return the network with these weights.

        weights: for each layer W[i][j], from sender i to receiver j.
        biases: for each layer one per receiver; None gives a network without them. The rest is as for MLP.
        Raises ValueError for shapes that do not chain.

        >>> xor = MLP.from_weights([[[1, 1], [1, 1]], [[1], [-2]]], [[0, -1], [0]], "relu", output="identity")
        >>> [xor([a, b]).data for a in (0, 1) for b in (0, 1)]
        [0.0, 1.0, 1.0, 0.0]
        """
        matrices = [matrix(W, f"weights[{i}]") for i, W in enumerate(listed(weights, "weights"))]
        if not matrices:
            raise ValueError("weights is empty; give one matrix for each layer")
        sizes = [len(matrices[0]), *(W.shape[1] for W in matrices)]
        for i, W in enumerate(matrices):
            if len(W) != sizes[i]:
                raise ValueError(
                    f"weights[{i}] has {len(W)} rows, but weights[{i - 1}] leads to {sizes[i]} neurons: "
                    "W[i][j] is the weight from sender i to receiver j; transpose a receiver-first matrix"
                )
        if biases is not None:
            biases = listed(biases, "biases")
            if len(biases) != len(matrices):
                raise ValueError(f"weights has {len(matrices)} layers, but biases {len(biases)}")
            vectors = [vector(b, f"biases[{i}]", sizes[i + 1]) for i, b in enumerate(biases)]
            matrices = [np.vstack(both) for both in zip(matrices, vectors, strict=True)]
        bias = biases is not None
        mlp = cls(sizes[0], sizes[1:], activation, output=output, bias=bias, initializer="zeros", expanded=expanded)
        assign(mlp.parameters(), np.concatenate([W.T.ravel() for W in matrices]))
        return mlp

    def __repr__(self) -> str:
        layers = "".join(f" → {len(layer.neurons)} {layer.activation}" for layer in self.layers)
        return f"MLP({self.sizes[0]}{layers}, {len(self.parameters())} parameters)"

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Return the output for one list of inputs: the Value where there is one, else the list."""
        output = self.forward(x).output
        return output[0] if len(output) == 1 else output

    def forward(self, x: Inputs) -> Record:
        """Return the record of one forward pass.

        x: one number or Value for each input. Raises ValueError for another count.
        """
        inputs = activations = as_inputs(x, self.input_names)
        record = Record(self, inputs, [], [])
        for layer in self.layers:
            net_inputs, activations = layer.forward(activations)
            record.net_inputs.append(net_inputs)
            record.activations.append(activations)
        return record

    def forward_arrays(self, X: Array, theta: Array | None = None) -> tuple[Array, Array]:
        """Return the last layer's net inputs and activations of many examples, one per row, as numbers.

        theta: other numbers than the network's own for `parameters()`.
        """
        if theta is None:
            theta = np.array([parameter.data for parameter in self._places()])
        elif len(theta) < sum(len(layer.neurons) * len(layer.neurons[0].places()) for layer in self.layers):
            place = {parameter: i for i, parameter in enumerate(self.parameters())}
            theta = theta[[place[parameter] for parameter in self._places()]]
        Z = A = X.T  # an example per column: the products are twice as fast so
        first = 0
        for layer in self.layers:
            last = first + len(layer.neurons) * len(layer.neurons[0].places())
            Z, A = layer.forward_arrays(A, theta[first:last])
            first = last
        return Z.T, A.T

    def predict(self, X: ArrayLike) -> Array:
        """Return the outputs of many examples as plain numbers, computed with NumPy: no graph is recorded.

        X: (examples, inputs). Returns (examples, outputs). Raises ValueError, with the place, for bad data.

        >>> MLP(2, [3], "softmax", rng=0).predict([[0, 0]]).round(3)
        array([[0.333, 0.333, 0.333]])
        """
        return self.forward_arrays(examples(X, self.sizes[0]))[1]

    def predict_proba(self, X: ArrayLike) -> Array:
        """Return the probability of every class, (examples, classes).

        After softmax these are the outputs; of one sigmoid output p they are 1 − p and p, for classes 0 and 1.
        Raises ValueError where the last layer is neither.

        >>> MLP.from_weights([[[1.0]]]).predict_proba([[0.0]])
        array([[0.5, 0.5]])
        """
        outputs = self.predict(X)
        if self.layers[-1].softmax:
            return outputs
        if self.last_activation == "sigmoid" and self.sizes[-1] == 1:
            return np.hstack([1.0 - outputs, outputs])
        raise ValueError(
            f"the last layer is {self.sizes[-1]} {self.last_activation}; class probabilities come from softmax, "
            "or from one sigmoid output"
        )

    def score(self, X: ArrayLike, y: ArrayLike, loss: str | Loss | None = None) -> float:
        """Return how good the predictions are: 1.0 is perfect.

        For classes it is the share of the examples that are right, the accuracy of `History`, and for other targets R²,
        the mean over the outputs. What is right follows from the last layer, the loss, and the layout of y:

        - class indices (n,) of two outputs or more, one-hot rows after softmax, and those of the losses over classes:
          the largest output is that of the class;
        - 0 and 1 after sigmoid, or with a binary cross-entropy: every output is a label of its own, and all are
          right, above or below ½ (of net inputs: above or below 0), even where every row holds one 1;
        - −1 and 1 with hinge: every output has the right sign.

        loss: the one that the network was trained with, where the last layer does not tell, as with net inputs.
        Raises ValueError, with the place, for bad data.

        >>> xor = MLP.from_weights([[[1, 1], [1, 1]], [[1], [-2]]], [[0, -1], [0]], "relu", output="identity")
        >>> xor.score([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
        1.0
        """
        outputs, answers, k = self.predict(X), numbers(y, "y"), self.sizes[-1]
        name = None if loss is None else Objective.of(self, loss).name
        if name is None and (self.layers[-1].softmax or (k > 1 and answers.ndim == 1)):
            name = "softmax_cross_entropy"
        answers = targets(answers, name or "score", len(outputs), k)
        read = reading(name, self.last_activation, [answers])
        return read.accuracy(outputs, answers) if read else r_squared(outputs, answers)

    @property
    def last_activation(self) -> str:
        """The activation of the last layer; "mixed" where its neurons differ."""
        names = {neuron.activation for neuron in self.layers[-1].neurons}
        return "softmax" if self.layers[-1].softmax else names.pop() if len(names) == 1 else "mixed"

    def parameters(self) -> list[Value]:
        """Return the weights and biases: layer by layer, neuron by neuron its weights, then its bias.

        One that is shared, because the same Value was put in several places, is there once.
        """
        return list(dict.fromkeys(self._places()))

    def _places(self) -> list[Value]:
        return [parameter for layer in self.layers for parameter in layer.places()]

    @property
    def shares_weights(self) -> bool:
        """Whether one Value is the weight, or the bias, of several places."""
        places = self._places()
        return len(set(places)) < len(places)

    def weights(self) -> list[Array]:
        """Return one array for each layer, W[sender, receiver], to read only: `set_weights` takes others."""
        return [layer.weights() for layer in self.layers]

    def biases(self) -> list[Array]:
        """Return one array for each layer, to read only; an empty list for a network without biases."""
        return [layer.biases() for layer in self.layers if layer.neurons[0].bias is not None]

    def set_weights(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None = None) -> None:
        """Set every weight, and every bias.

        weights, biases: as `weights()` and `biases()` return them; without biases, those of the network stay.
        Raises ValueError, naming the layer, for other shapes, and for two numbers in the places of a shared weight;
        nothing is changed then.

        >>> mlp = MLP(2, [1], rng=0)
        >>> W = mlp.weights()[0].copy()
        >>> W[0, 0] = 0.5
        >>> mlp.set_weights([W])
        >>> mlp.layers[0].neurons[0].weights[0].data
        0.5
        """
        matrices = self._fitting(weights, self.weights(), "weights")
        vectors = self.biases() if biases is None else self._fitting(biases, self.biases(), "biases")
        tables = [np.vstack(both) for both in zip(matrices, vectors, strict=True)] if vectors else matrices
        given = np.concatenate([table.T.ravel() for table in tables]).tolist()
        chosen: dict[Value, float] = {}
        for parameter, number in zip(self._places(), given, strict=True):
            if chosen.setdefault(parameter, number) != number:
                raise ValueError(f"{parameter.name} is shared, and is to be {chosen[parameter]} and {number}; give one")
        assign(chosen, np.array(list(chosen.values())))

    @staticmethod
    def _fitting(given: Sequence[ArrayLike], own: list[Array], name: str) -> list[Array]:
        """Return the arrays; raise ValueError where they have not the shapes of the network's own."""
        arrays = [numbers(array, f"{name}[{i}]") for i, array in enumerate(listed(given, name))]
        if len(arrays) != len(own):
            raise ValueError(f"{name} has {len(arrays)} layers, but the network has {len(own)}")
        for i, (array, ours) in enumerate(zip(arrays, own, strict=True)):
            if array.shape != ours.shape:
                raise ValueError(f"{name}[{i}] has shape {array.shape}; in this network it is {ours.shape}")
        return arrays

    def gradients(self) -> list[Array]:
        """Return the gradients of the weights, in the shapes of `weights()`."""
        return [layer.weights("grad") for layer in self.layers]

    def bias_gradients(self) -> list[Array]:
        """Return the gradients of the biases, in the shapes of `biases()`."""
        return [layer.biases("grad") for layer in self.layers if layer.neurons[0].bias is not None]
