"""The multilayer perceptron: a sequence of layers.

A forward pass on one example records every number as a Value; a forward pass on many examples is plain NumPy, with the
array rules of the same operations.

Letters: x inputs of one example, X of many (examples, inputs), Z net inputs, A activations, W[sender, receiver].
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import Value
from autograd.lifting.memory import MAX_PRODUCT
from nn.architecture import Activation, checked_sizes, input_names, per_layer
from nn.initializers import INITIALIZERS
from nn.losses import Loss
from nn.metrics import r_squared
from nn.modules import Inputs, Layer, Module, as_inputs, assign
from nn.objective import Objective, reading
from nn.record import Record
from nn.signatures import no_attribute, spelled
from nn.validation import Floats, examples, fitting, flag, generator, joined, numbers, targets

Rng = int | np.random.Generator | None
LEAST_PIECE = 128  # examples that are computed together, even where their products are longer than MAX_PRODUCT
# Attributes of the networks of PyTorch, Keras and scikit-learn, and what they are here.
ELSEWHERE = {
    "fit": "the function train(mlp, X, y, loss=…, optimizer=…)",
    "train": "the function train(mlp, X, y, loss=…, optimizer=…)",
    "state_dict": "weights() and biases()",
    "load_state_dict": "set_weights(weights, biases)",
    "get_weights": "weights() and biases()",
    "coefs_": "weights()",
    "intercepts_": "biases()",
    "save": "the function save(mlp, path)",
}


@spelled
class MLP(Module):
    """A multilayer perceptron.

    Args:
        inputs: The number of inputs.
        sizes: The number of neurons of each layer, the output layer last.
        activation: One name for all layers, or a list that has for each layer one name, or a list of one per neuron.
        output: The last layer's activation, if it differs; a list in `activation` is then for the layers before it.
            Only the last layer may be "softmax".
        bias: Whether neurons have a bias, which starts at 0.
        initializer: How weights are drawn: "uniform", "normal", "xavier", "he" or "zeros".
        expanded: As for `Neuron`.
        rng: A seed or a NumPy Generator; the same seed gives the same network.

    Raises:
        ValueError: For arguments that do not fit together; the message names the layer.

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

    if not TYPE_CHECKING:  # a type checker knows all attributes that there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, ELSEWHERE)

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

        Args:
            weights: For each layer W[i][j], from sender i to receiver j.
            biases: For each layer one number per receiver; None gives a network without biases.
            activation: As for `MLP`.
            output: As for `MLP`.
            expanded: As for `Neuron`.

        Raises:
            ValueError: For shapes that do not fit together.

        >>> xor = MLP.from_weights([[[1, 1], [1, 1]], [[1], [-2]]], [[0, -1], [0]], "relu", output="identity")
        >>> [xor([a, b]).data for a in (0, 1) for b in (0, 1)]
        [0.0, 1.0, 1.0, 0.0]
        """
        tables = joined(weights, biases)
        bias = biases is not None
        sizes = [len(tables[0]) - bias, *(table.shape[1] for table in tables)]
        mlp = cls(sizes[0], sizes[1:], activation, output=output, bias=bias, initializer="zeros", expanded=expanded)
        assign(mlp.parameters(), np.concatenate([table.T.ravel() for table in tables]))
        return mlp

    @classmethod
    def from_torch(cls, module: Any) -> MLP:
        """Return the network that a PyTorch module computes, with the same weights.

        Args:
            module: A Linear, or Sequentials of Linear, activations that agree, and Dropout in eval, to any depth;
                32-bit or 64-bit, on any device. If only some layers have a bias, the others get one of 0.

        Raises:
            ImportError: Without PyTorch, with the command that installs it.
            ValueError: For what has no counterpart here, with its place in the module, the reason and the nearest way.
        """
        from nn.beyond import pytorch

        return cls.from_weights(*pytorch.from_module(module))

    def to_torch(self) -> Any:
        """Return the network as a PyTorch Sequential of Linear and activations, in 64-bit floats on the CPU.

        Its `float()` and `to(device)` convert it. Raises ImportError without PyTorch, and ValueError for activations
        that PyTorch has no module for, layers of mixed activations, and shared weights.
        """
        from nn.beyond import pytorch

        return pytorch.to_module(self)

    @classmethod
    def from_safetensors(
        cls,
        path: str | os.PathLike[str],
        activation: str | Sequence[Activation] = "sigmoid",
        *,
        output: Activation | None = None,
    ) -> MLP:
        """Return the network with the weights of a file of safetensors, named as in the state_dict of a Sequential.

        Args:
            path: The file: "0.weight", "0.bias", "2.weight", …; the layers are in the order of their numbers.
            activation: As for `MLP`, for a file has none.
            output: As for `MLP`.

        Raises:
            ImportError: Without safetensors, with the command that installs it.
            ValueError: For a damaged file, and for names or shapes that are not those of such layers.
        """
        from nn.beyond import safetensors_file

        return cls.from_weights(*safetensors_file.read(path), activation, output=output)

    @classmethod
    def from_sklearn(cls, fitted: Any) -> MLP:
        """Return the network of scikit-learn's fitted MLPClassifier or MLPRegressor.

        For two classes it has one sigmoid output, the probability of `classes_[1]`; for more a softmax; for labels that
        are not exclusive a sigmoid for each; for regression the identity, or exp (`loss="poisson"`). Raises ImportError
        without scikit-learn, TypeError for anything else: of a Pipeline give the last step, and the inputs transformed.

        >>> from sklearn.neural_network import MLPRegressor
        >>> fitted = MLPRegressor(hidden_layer_sizes=[3], random_state=0).partial_fit([[0.0], [1.0]], [1.0, 0.5])
        >>> mlp = MLP.from_sklearn(fitted)
        >>> mlp, bool(abs(mlp.predict([[0.3]])[0, 0] - fitted.predict([[0.3]])[0]) < 1e-12)
        (MLP(1 → 3 relu → 1 identity, 10 parameters), True)
        """
        from nn.beyond import scikit_learn

        return cls.from_weights(*scikit_learn.from_estimator(fitted))

    def to_sklearn(self) -> Any:
        """Return the network as a fitted estimator of scikit-learn: MLPClassifier or MLPRegressor, by the last layer.

        The classes are 0, 1, …; `partial_fit` continues from these weights. Raises ImportError without scikit-learn,
        and ValueError for activations that its networks do not have.

        >>> MLP(2, [4, 3], "tanh", output="softmax", rng=0).to_sklearn().predict([[0.5, -1.0]])
        array([0])
        """
        from nn.beyond import scikit_learn

        return scikit_learn.to_estimator(self)

    @classmethod
    def from_onnx(cls, path: str | os.PathLike[str]) -> MLP:
        """Return the network in an ONNX file: Gemm, or MatMul and Add, and activations, one after another.

        Nothing in the file is executed, and no other file is opened. Raises ImportError without onnx, ValueError for a
        damaged file, and for what has no counterpart here, with its name in the file.
        """
        from nn.beyond import onnx_file

        return cls.from_weights(*onnx_file.read(path))

    def to_onnx(self, path: str | os.PathLike[str], dtype: DTypeLike = np.float64) -> None:
        """Write the network to an ONNX file, with input x (batch, inputs) and output y (batch, outputs).

        Args:
            path: The file.
            dtype: Of all numbers in it, float64 or float32, which more runtimes take.

        Raises:
            ImportError: Without onnx, with the command that installs it.
            ValueError: For what ONNX, or runtimes for this dtype, do not have; nothing is written then.
            OSError: As `save` does.
        """
        from nn.beyond import onnx_file

        onnx_file.write(self, path, dtype)

    def __repr__(self) -> str:
        layers = "".join(f" → {len(layer.neurons)} {layer.activation}" for layer in self.layers)
        return f"MLP({self.sizes[0]}{layers}, {len(self.parameters())} parameters)"

    def __call__(self, x: Inputs) -> Value | list[Value]:
        """Return the output for one list of inputs: a Value if there is one output, otherwise a list of Values."""
        output = self.forward(x).output
        return output[0] if len(output) == 1 else output

    def forward(self, x: Inputs) -> Record:
        """Return the record of one forward pass.

        Args:
            x: One number or Value for each input.

        Raises:
            ValueError: For another number of inputs.
        """
        inputs = activations = as_inputs(x, self.input_names)
        record = Record(self, inputs, [], [])
        for layer in self.layers:
            net_inputs, activations = layer.forward(activations)
            record.net_inputs.append(net_inputs)
            record.activations.append(activations)
        return record

    def forward_arrays(self, X: Floats, theta: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the last layer's net inputs and activations of many examples as plain numbers, one example per row.

        Args:
            X: One example per row.
            theta: Numbers to use for `parameters()` instead of the network's own.
        """
        ends = list(accumulate([layer.size for layer in self.layers]))
        if theta is None:
            theta = np.array([parameter.data for parameter in self._places()])
        elif len(theta) < ends[-1]:
            place = {parameter: i for i, parameter in enumerate(self.parameters())}
            theta = theta[[place[parameter] for parameter in self._places()]]
        layers = [
            (x, *x.matrix_and_biases(theta[end - x.size : end])) for x, end in zip(self.layers, ends, strict=True)
        ]
        Z = A = np.empty((len(X), self.sizes[-1]), np.result_type(X, theta))
        if self.last_activation != "identity":
            A = np.empty_like(Z)
        size = max(LEAST_PIECE, MAX_PRODUCT // max(m * n for m, n in pairwise(self.sizes)))
        with np.errstate(all="ignore"):  # what is infinite or NaN is looked at again
            for first in range(0, len(X), size):
                z = a = X[first : first + size]
                for layer, W, b in layers:
                    z, a = layer.forward_arrays(a, W, b)
                Z[first : first + size] = z
                if A is not Z:
                    A[first : first + size] = a
        return Z, A

    def predict(self, X: ArrayLike) -> Floats:
        """Return the outputs of many examples as plain numbers, computed with NumPy: no graph is recorded.

        Args:
            X: (examples, inputs).

        Returns:
            An array (examples, outputs).

        Raises:
            ValueError: For data that do not fit; the message names the place.

        >>> MLP(2, [3], "softmax", rng=0).predict([[0, 0]]).round(3)
        array([[0.333, 0.333, 0.333]])
        """
        return self.forward_arrays(examples(X, self.sizes[0]))[1]

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the probability of every class, (examples, classes).

        For a softmax layer these are the outputs; for one sigmoid output p they are 1 − p and p, for classes 0 and 1.
        Raises ValueError for any other last layer.

        >>> MLP.from_weights([[[1.0]]]).predict_proba([[0.0]])
        array([[0.5, 0.5]])
        """
        outputs = self.predict(X)
        if self.layers[-1].softmax:
            return outputs
        if self.last_activation == "sigmoid" and self.sizes[-1] == 1:
            return np.hstack([1.0 - outputs, outputs])
        raise ValueError(
            f"the last layer is {self.sizes[-1]} {self.last_activation}; class probabilities need softmax, "
            "or one sigmoid output"
        )

    def score(self, X: ArrayLike, y: ArrayLike, loss: str | Loss | None = None) -> float:
        """Return how good the predictions are: 1.0 is perfect.

        For classes this is the fraction of the examples that are right, like the accuracy of `History`; for other
        targets it is R², the mean over the outputs. When an example is right depends on the last layer, the loss, and
        the shape of y:

        - class indices (n,) with two or more outputs, one-hot rows with softmax, and the targets of the losses over
          classes: the largest output is that of the class;
        - 0 and 1 with sigmoid, or with a binary cross-entropy: every output is a label of its own, and all are on the
          right side of ½ (net inputs: of 0), even if every row contains exactly one 1;
        - −1 and 1 with hinge: every output has the right sign.

        Args:
            X: (examples, inputs).
            y: The targets, as for `train`.
            loss: The loss that the network was trained with, if the last layer does not show it, as with net inputs.

        Raises:
            ValueError: For data that do not fit; the message names the place.

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
        """The activation of the last layer; "mixed" if its neurons differ."""
        names = {neuron.activation for neuron in self.layers[-1].neurons}
        return "softmax" if self.layers[-1].softmax else names.pop() if len(names) == 1 else "mixed"

    def parameters(self) -> list[Value]:
        """Return the weights and biases, layer by layer: for each neuron its weights, then its bias.

        A shared parameter, one Value used in several places, is listed once.
        """
        return list(dict.fromkeys(self._places()))

    def _places(self) -> list[Value]:
        return [parameter for layer in self.layers for parameter in layer.places()]

    @property
    def shares_weights(self) -> bool:
        """Whether one Value is the weight, or the bias, of several places."""
        places = self._places()
        return len(set(places)) < len(places)

    def weights(self) -> list[Floats]:
        """Return one read-only array for each layer, W[sender, receiver]; `set_weights` changes them."""
        return [layer.weights() for layer in self.layers]

    def biases(self) -> list[Floats]:
        """Return one read-only array for each layer; an empty list for a network without biases."""
        return [layer.biases() for layer in self.layers if layer.neurons[0].bias is not None]

    def set_weights(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None = None) -> None:
        """Set every weight, and every bias.

        Args:
            weights: As `weights()` returns them.
            biases: As `biases()` returns them; None leaves the biases as they are.

        Raises:
            ValueError: For other shapes, naming the layer, and for two different numbers for one shared weight;
                nothing is changed then.

        >>> mlp = MLP(2, [1], rng=0)
        >>> W = mlp.weights()[0].copy()
        >>> W[0, 0] = 0.5
        >>> mlp.set_weights([W])
        >>> mlp.layers[0].neurons[0].weights[0].data
        0.5
        """
        shapes = list(pairwise(self.sizes))
        receivers = [(len(x.neurons),) for x in self.layers if x.neurons[0].bias is not None]
        matrices = fitting(weights, shapes, "weights")
        vectors = self.biases() if biases is None else fitting(biases, receivers, "biases")
        tables = [np.vstack(both) for both in zip(matrices, vectors, strict=True)] if vectors else matrices
        given, places = np.concatenate([table.T.ravel() for table in tables]), self._places()
        chosen = dict(zip(places, given.tolist(), strict=True))
        if len(chosen) < len(places):
            for parameter, number in zip(places, given.tolist(), strict=True):
                if chosen[parameter] != number:
                    name = parameter.name
                    raise ValueError(f"{name} is shared, but is given {number} and {chosen[parameter]}; give one")
        assign(places, given)

    def gradients(self) -> list[Floats]:
        """Return the gradients of the weights, in the shapes of `weights()`."""
        return [layer.weights("grad") for layer in self.layers]

    def bias_gradients(self) -> list[Floats]:
        """Return the gradients of the biases, in the shapes of `biases()`."""
        return [layer.biases("grad") for layer in self.layers if layer.neurons[0].bias is not None]
