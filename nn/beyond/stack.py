"""Layers one after another: how other libraries list a network, and what of a network here they can express.

Letters: W[sender, receiver], b biases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from nn.validation import Floats

if TYPE_CHECKING:
    from nn.network import MLP

Arguments = tuple[list[Floats], list[Floats] | None, list[str]]  # weights, biases, activations of `MLP.from_weights`


class Stack:
    """Weights, biases and activations as they are met from the input on; each is checked against those before it.

    Attributes:
        weights: Of each layer, W[sender, receiver].
        activations: Of each layer; "identity" until one is met.
    """

    def __init__(self) -> None:
        self.weights: list[Floats] = []
        self.activations: list[str] = []
        self._biases: list[Floats | None] = []

    @property
    def biases(self) -> list[Floats] | None:
        """One array for each layer, zeros where it has none; None if no layer has any."""
        if not any(b is not None for b in self._biases):
            return None
        return [np.zeros(W.shape[1]) if b is None else b for W, b in zip(self.weights, self._biases, strict=True)]

    def add_layer(self, W: Floats, b: Floats | None, place: str) -> None:
        """Add net inputs a @ W + b."""
        if self.weights and self.weights[-1].shape[1] != len(W):
            raise ValueError(f"{place} takes {len(W)} inputs, but the layer before it has {self.weights[-1].shape[1]}")
        if self.activations and self.activations[-1] == "softmax":
            raise ValueError(f"{place} comes after a softmax; only the last layer of a network here can be softmax")
        self.weights.append(W)
        self._biases.append(b)
        self.activations.append("identity")

    def add_activation(self, name: str, place: str) -> None:
        """Add the activation of the last layer."""
        if not self.weights:
            raise ValueError(
                f"{place} comes before the first layer with weights; leave it out, and apply it to the inputs"
            )
        if self.activations[-1] != "identity":
            raise ValueError(
                f"{place} comes after the activation {self.activations[-1]}; a layer has one. "
                "Import up to the first of them, and apply the other to the outputs"
            )
        self.activations[-1] = name

    def arguments(self, source: str) -> Arguments:
        """Return the arguments of `MLP.from_weights`; raise ValueError if there is no layer."""
        if not self.weights:
            raise ValueError(f"{source} has no layer with weights")
        return self.weights, self.biases, self.activations


def layers(mlp: MLP, library: str, known: Collection[str]) -> Iterator[tuple[Floats, Floats | None, str]]:
    """Yield weights, biases and activation of each layer of a network.

    Args:
        mlp: The network.
        library: Where it is to go, in a message.
        known: The activations that can go there.

    Raises:
        ValueError: At the first step, for weights that several places share, for neurons of one layer with different
            activations, and for an activation that is not known.
    """
    if mlp.shares_weights:
        raise ValueError(
            "the network has shared weights, which would become separate ones; hand over a network without: "
            "MLP.from_weights(mlp.weights(), …)"
        )
    names = []
    for number, layer in enumerate(mlp.layers, 1):
        of_neurons = {"softmax"} if layer.softmax else {neuron.activation for neuron in layer.neurons}
        if len(of_neurons) > 1:
            raise ValueError(
                f"the neurons of layer {number} have different activations ({', '.join(sorted(of_neurons))}); "
                f"a layer of {library} has one"
            )
        names.append(of_neurons.pop())
        if names[-1] != "identity" and names[-1] not in known:
            raise ValueError(
                f"layer {number} is {names[-1]}, which cannot be handed over to {library}; these can: identity, "
                f"{', '.join(sorted({*known} - {'identity'}))}"
            )
    biases: list[Floats | None] = [*mlp.biases()] or [None] * len(names)
    yield from zip(mlp.weights(), biases, names, strict=True)
