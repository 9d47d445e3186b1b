"""Gradients of weights and biases by hand: compared in whole matrices, of one example or a batch, and diagnosed."""

from __future__ import annotations

import re

import numpy as np
import pytest

from autograd import Value, assert_gradients, mean
from benchmarks.gradient_mistakes import MISTAKES, NOISE, said
from nn import MLP, Record, assert_deltas, assert_weight_gradients, compare, sse


def batch() -> tuple[Value, list[Record]]:
    """Three examples of a 2-3-2 network, after `backward()` on their mean loss."""
    mlp = MLP(2, [3, 2], activation="tanh", output="sigmoid", rng=4)
    records = [mlp.forward(x) for x in ([0.8, -1.1], [0.3, 0.7], [-0.6, 1.4])]
    loss = mean([sse(record.output, [1.0, 0.0]) for record in records])
    loss.backward()
    return loss, records


def message(*args: object, **keywords: object) -> str:
    """The last line of the message."""
    with pytest.raises(AssertionError) as error:
        assert_weight_gradients(*args, **keywords)  # type: ignore[arg-type]
    return str(error.value).splitlines()[-1]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_gradients_is_named(mistake):
    line = said(np.random.default_rng(1), mistake, 7)
    assert any(name in line for name in MISTAKES[mistake])


@pytest.mark.parametrize("noise", NOISE)
def test_noise_in_the_gradients_is_not_diagnosed(noise):
    rng = np.random.default_rng(2)
    assert [said(rng, noise, digits) for digits in (3, 17)] == ["", ""]


def test_right_gradients_of_a_batch_agree_and_a_layer_may_be_left_out():
    _, records = batch()
    W, b = records[0].mlp.gradients(), records[0].mlp.bias_gradients()
    assert_weight_gradients(records, W, b)
    assert_weight_gradients(records, [None, W[1]])
    assert_weight_gradients(records, biases=[b[0], None])


def test_two_mistakes_at_once_are_named_each_with_its_place():
    _, records = batch()
    W, b = records[0].mlp.gradients(), records[0].mlp.bias_gradients()
    deltas = sum(np.array(record.deltas()[1]) for record in records)
    line = message(records, [W[0], np.outer(np.ones(3), deltas)], [3.0 * b[0], 3.0 * b[1]])
    assert "missing activation of the sender, in the weights of layer 2" in line
    assert "sum instead of the mean over the batch (n = 3), in the biases of layer 1 and the biases of layer 2" in line


def test_a_factor_beside_right_gradients_is_not_put_down_to_the_loss():
    _, records = batch()
    W, b = records[0].mlp.gradients(), records[0].mlp.bias_gradients()
    line = message(records, W, [2.0 * x for x in b])
    assert line.startswith("Diagnosis: factor 2, in the biases of layer 1 and the biases of layer 2.")
    assert "other gradients are right, so the loss is" in line
    assert "check which loss" not in line


def test_a_factor_beside_right_deltas_is_not_put_down_to_the_loss():
    _, records = batch()
    right = {z: z.grad for record in records for layer in record.net_inputs for z in layer}
    doubled = {w: 2.0 * w.grad for w in records[0].mlp.parameters()}
    with pytest.raises(AssertionError, match=r"Diagnosis: factor 2.*so the loss is"):
        assert_gradients(right | doubled)
    assert "if the deltas are right, it came in after them" in message(
        records, [2.0 * W for W in records[0].mlp.gradients()]
    )


def test_values_in_matrices_are_compared_in_their_shape():
    loss, records = batch()
    layer = records[0].mlp.layers[0]
    W = np.array([neuron.weights for neuron in layer.neurons], dtype=object).T
    b = tuple(neuron.bias for neuron in layer.neurons)
    dW, db = layer.weights("grad"), layer.biases("grad")
    assert_gradients([(loss, 1), (W, dW), (b, db)])
    assert_gradients({loss: 1, b: db})
    with pytest.raises(AssertionError, match=r"Diagnosis: transposed matrix, in w⁽¹⁾₁₁ … w⁽¹⁾₂₃"):
        assert_gradients([(loss, 1), (W, dW.T.reshape(dW.shape))])


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ([[[1.0, 2.0]]], "weights has the length 1, but the network has 2 layers"),
        (
            [[[1.0, 2.0]], None],
            "the gradient of the weights of layer 1 has [2] numbers in its rows, but there are [3, 3]",
        ),
    ],
)
def test_gradients_in_another_shape_are_refused(weights, reason):
    _, records = batch()
    with pytest.raises(ValueError, match=re.escape(reason)):
        assert_weight_gradients(records, weights)


def test_records_of_several_networks_are_refused():
    with pytest.raises(ValueError, match="of one network"):
        assert_weight_gradients([batch()[1][0], batch()[1][0]])


def test_too_few_digits_are_not_a_wrong_step():
    """The engine's output delta is −0.1794068; two digits of it are right, and the first wrong step is elsewhere."""
    record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    sse(record.output, [1]).backward()
    report = compare(record, [[-0.002302, 0.04034], [-0.18]])
    assert "← right to 2 digits" in str(report)
    assert report.first_wrong == []
    assert "give more digits" in report.advice
    assert [(d.layer, d.neuron) for d in compare(record, [[-0.002302, 0.05034], [-0.18]]).first_wrong] == [(1, 2)]
    with pytest.raises(AssertionError, match="right to 2 digits"):
        assert_deltas(record, [[-0.002302, 0.04034], [-0.18]])
