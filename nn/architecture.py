"""How a network is described: its sizes, its activations, and the names of its numbers in a drawing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from autograd.operations import TABLE
from nn.validation import whole

if TYPE_CHECKING:
    from autograd.calls import OfOne

Activation = str | Sequence[str]  # of a layer: one name, or one for each neuron

COMMON = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "identity")
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def activation_function(name: str) -> OfOne | None:
    """Return the operation of that name, None for the identity; raise ValueError where there is none."""
    if name == "identity":
        return None
    if name == "softmax":
        raise ValueError("softmax takes the last layer as a whole; it cannot be one neuron's activation")
    operation = TABLE.get(name) if isinstance(name, str) else None
    if operation is None or (operation.arity != 1 and name != "leaky_relu"):
        possible = [*COMMON, *[other for other, row in TABLE.items() if row.arity == 1]]
        near = difflib.get_close_matches(str(name).lower(), possible, 1, cutoff=0.7)
        hint = f"did you mean {near[0]!r}?" if near else f"choose {', '.join(COMMON)}, or an operation of one operand"
        raise ValueError(f"{name!r} is not an activation; {hint}")
    return cast("OfOne", operation)


def per_layer(activation: str | Sequence[Activation], output: Activation | None, layers: int) -> list[Activation]:
    """Return one activation for each layer."""
    last = [] if output is None else [output]
    if isinstance(activation, str):
        activation = [activation] * (layers - len(last))
    if not isinstance(activation, Sequence):
        raise ValueError(f"activation is {activation!r}; give a name such as 'relu', or a name for each layer")
    chosen = [*activation, *last]
    for number, function in enumerate(chosen, 1):
        if isinstance(function, bytes) or not isinstance(function, (str, Sequence)):
            raise ValueError(
                f"the activation of layer {number} is {function!r:.80}; give a name, or one for each neuron"
            )
    if len(chosen) != layers:
        raise ValueError(
            f"{len(chosen)} activations for {layers} layers: {chosen}; "
            "give one for each layer (output= is the last layer's), with a list for one per neuron"
        )
    for number, function in enumerate(chosen[:-1], 1):
        if function == "softmax":
            raise ValueError(f"layer {number} is softmax; only the last layer can be")
    return chosen


def checked_sizes(inputs: int, sizes: Sequence[int]) -> tuple[int, ...]:
    """Return (inputs, *sizes), each a whole number of at least 1."""
    if isinstance(sizes, np.ndarray):
        sizes = sizes.tolist()
    if not isinstance(sizes, Sequence) or isinstance(sizes, (str, bytes)) or not sizes:
        raise ValueError(f"sizes is {sizes!r}; it lists the neurons of each layer, such as [4, 1]")
    layers = [whole(size, f"the size of layer {number}") for number, size in enumerate(sizes, 1)]
    return (whole(inputs, "inputs"), *layers)


def superscript(layer: int) -> str:
    """Return a layer's number as an exponent in parentheses, ⁽¹⁾: without them z² would read as a square."""
    return f"⁽{layer}⁾".translate(SUPERSCRIPTS)


def subscript(*indices: int) -> str:
    """Return indices below the line, with a comma where the digits alone could be read two ways.

    >>> subscript(2, 3), subscript(1, 12), subscript()
    ('₂₃', '₁,₁₂', '')
    """
    return ("" if all(i < 10 for i in indices) else ",").join(map(str, indices)).translate(SUBSCRIPTS)


def input_names(count: int) -> list[str]:
    """Return x₁, x₂, …"""
    return [f"x{subscript(i)}" for i in range(1, count + 1)]
