"""The gradients of a network's weights and biases, of one example or a batch, compared with numbers derived by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd.checking.hand_derived import compare_gradients
from nn.record import Record


def assert_weight_gradients(
    records: Record | Sequence[Record],
    weights: Sequence[Any] = (),
    biases: Sequence[Any] = (),
    *,
    rtol: float = 1e-6,
) -> None:
    """Compare the gradients of a network's weights and biases, after `backward()`, with numbers derived by hand.

    The diagnosis names one mistake or two in the step from the deltas to the gradients, or one in the graph. Compare
    deltas first, with `assert_deltas`: a mistake in them is seen there at once.

    Args:
        records: The forward pass; of a batch those of all examples whose losses were added up or averaged.
        weights: For each layer ∂C/∂W[sender][receiver], as `mlp.gradients()` has them; None for a layer left out.
        biases: For each layer ∂C/∂b[receiver], as `mlp.bias_gradients()` has them; None for a layer left out.
        rtol: As for `autograd.assert_gradients`.

    Raises:
        AssertionError: Where gradients differ; `autograd.checking.hand_derived.mismatch` says what it carries.
        ValueError: For another number of layers, or numbers in another shape, and for records of several networks.

    >>> from nn import MLP, sse
    >>> mlp = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]])
    >>> records = [mlp.forward(x) for x in ([1, 3], [2, -1])]
    >>> loss = sum(sse(record.output, [1]) for record in records) / 2
    >>> loss.backward()
    >>> assert_weight_gradients(records, [[[-0.02254, -0.00188], [0.007677, 0.04261]], [[-0.10983], [-0.08137]]])
    Traceback (most recent call last):
    AssertionError: 6 of 6 gradients differ...
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    records = [records] if isinstance(records, Record) else list(records)
    if not records or len({id(record.mlp) for record in records}) > 1:
        raise ValueError("give the record of a forward pass, or those of several passes of one network")
    layers, pairs = records[0].mlp.layers, []
    for what, expected in (("weights", weights), ("biases", biases)):
        if len(expected) not in (0, len(layers)):
            of_network = f"{len(layers)} layer{'s' * (len(layers) != 1)}"
            raise ValueError(
                f"{what} has the length {len(expected)}, but the network has {of_network}; None leaves a layer out"
            )
        for number, (layer, given) in enumerate(zip(layers, expected, strict=False), 1):
            if given is None:
                continue
            rows = [list(row) for row in zip(*(neuron.weights for neuron in layer.neurons), strict=True)]
            if what == "biases":
                rows = [[neuron.bias for neuron in layer.neurons if neuron.bias is not None]]
            if not rows[0]:
                raise ValueError(f"layer {number} has no biases: give None for it")
            pairs.append((rows, given, f"the {what} of layer {number}"))
    net_inputs = [z for record in records for layer in record.net_inputs for z in layer]
    activations = [a for record in records for layer in record.activations for a in layer]
    compare_gradients(pairs, rtol, [*net_inputs, *activations])
