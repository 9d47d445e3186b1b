"""Neurons, layers, networks, their names, and the record of a forward pass."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import TABLE, Value, topological_order
from nn import INITIALIZERS, MLP, Layer, Neuron, cross_entropy, softmax_cross_entropy, sse

ACTIVATIONS = [
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
]


def graph_size(value: Value) -> int:
    return len(topological_order(value))


# The two ways to build a neuron ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    bias=st.booleans(),
    activation=st.sampled_from(ACTIVATIONS),
    softmax=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_fused_and_expanded_agree_bit_for_bit(
    sizes: list[int], bias: bool, activation: str, softmax: bool, seed: int
) -> None:
    """Values, deltas and gradients, summed over several examples that share the parameters."""

    def run(expanded: bool) -> list[Any]:
        output = "softmax" if softmax and sizes[-1] > 1 else None
        mlp = MLP(sizes[0], sizes[1:], activation, output=output, bias=bias, rng=seed, expanded=expanded)
        rng = np.random.default_rng(seed)
        for parameter in mlp.parameters():
            parameter.data = rng.normal()
        records = [mlp.forward(rng.normal(size=sizes[0])) for _ in range(3)]
        loss = sum(sse(record.output, rng.normal(size=sizes[-1])) for record in records)
        loss.backward()
        flat: list[Any] = [loss.data, *(p.grad for p in mlp.parameters())]
        for record in records:
            flat += [x.grad for x in record.inputs] + record.deltas()
            flat += [[a.data, a.grad] for layer in record.activations for a in layer]
        return flat

    assert run(expanded=False) == run(expanded=True)


def test_a_fused_neuron_is_two_nodes() -> None:
    record = MLP(3, [1], rng=0).forward([1, 3, 5])
    z, a = record.net_inputs[0][0], record.output[0]
    assert a.operands == (z,)
    assert z.operation is TABLE["dot"]
    assert graph_size(a) == 2 + 3 + 3 + 1  # z, a, weights, inputs, bias


def test_an_expanded_neuron_has_a_node_for_each_product_and_sum() -> None:
    assert graph_size(MLP(3, [1], rng=0, expanded=True)([1, 3, 5])) == 1 + 3 + 3 + 3 + 3 + 1
    assert graph_size(MLP(3, [1], rng=0, expanded=True, bias=False)([1, 3, 5])) == 1 + 3 + 2 + 3 + 3


def test_the_identity_activation_is_the_net_input_itself() -> None:
    record = MLP(2, [3, 1], "identity", rng=0).forward([1, 2])
    for zs, activations in zip(record.net_inputs, record.activations, strict=True):
        assert all(z is a for z, a in zip(zs, activations, strict=True))


# Networks -------------------------------------------------------------------------------------------------


def test_weights_are_sender_by_receiver_and_parameters_neuron_by_neuron() -> None:
    W1, W2 = np.arange(6.0).reshape(2, 3), np.arange(10.0, 13.0).reshape(3, 1)
    b1, b2 = np.array([20.0, 21.0, 22.0]), np.array([23.0])
    mlp = MLP.from_weights([W1, W2], [b1, b2])
    for ours, given_ in zip(mlp.weights() + mlp.biases(), [W1, W2, b1, b2], strict=True):
        np.testing.assert_array_equal(ours, given_)
    flat = [0, 3, 20, 1, 4, 21, 2, 5, 22, 10, 11, 12, 23]
    assert [p.data for p in mlp.parameters()] == flat
    assert mlp.sizes == (2, 3, 1)
    again = MLP.from_weights(mlp.weights(), mlp.biases())
    assert [p.data for p in again.parameters()] == flat


def test_gradients_have_the_shapes_of_the_parameters() -> None:
    mlp = MLP(2, [3, 1], rng=0)
    sse(mlp.forward([1, 2]).output, [1]).backward()
    for values, gradients in ((mlp.weights(), mlp.gradients()), (mlp.biases(), mlp.bias_gradients())):
        assert [v.shape for v in values] == [g.shape for g in gradients]
    w = mlp.layers[0].neurons[2].weights[1]
    assert mlp.gradients()[0][1, 2] == w.grad != 0.0
    mlp.zero_grad()
    assert all(p.grad == 0.0 for p in mlp.parameters())


def test_a_network_without_biases_has_none() -> None:
    mlp = MLP(2, [3, 1], bias=False, rng=0)
    assert len(mlp.parameters()) == 9
    assert mlp.biases() == mlp.bias_gradients() == []


def test_a_zero_bias_changes_the_gradients_alone() -> None:
    weights = MLP(2, [3, 1], rng=1).weights()
    without, with_zeros = MLP.from_weights(weights), MLP.from_weights(weights, [np.zeros(3), np.zeros(1)])
    assert without([1, 2]).data == with_zeros([1, 2]).data
    record = with_zeros.forward([1, 2])
    sse(record.output, [1]).backward()
    assert np.concatenate(with_zeros.bias_gradients()).tolist() == [d for ds in record.deltas() for d in ds]


def test_output_is_a_list_and_a_call_gives_the_value_where_there_is_one() -> None:
    one, two = MLP(2, [3, 1], rng=0), MLP(2, [3, 2], rng=0)
    assert isinstance(one([1, 2]), Value)
    assert len(one.forward([1, 2]).output) == 1
    assert [a.data for a in two([1, 2])] == [a.data for a in two.forward([1, 2]).output]


def test_activations_by_layer_and_by_neuron() -> None:
    mlp = MLP(1, [2, 3, 1], ["relu", ["tanh", "identity", "sin"]], output="sigmoid", rng=0)
    assert [layer.activation for layer in mlp.layers] == ["relu", ["tanh", "identity", "sin"], "sigmoid"]
    record = mlp.forward([0.5])
    z, a = record.net_inputs[1], record.activations[1]
    assert [x.data for x in a] == [math.tanh(z[0].data), z[1].data, math.sin(z[2].data)]
    assert repr(mlp) == "MLP(1 → 2 relu → 3 ['tanh', 'identity', 'sin'] → 1 sigmoid, 17 parameters)"


def test_softmax_output() -> None:
    record = MLP(2, [3, 4], "relu", output="softmax", rng=0).forward([1, 2])
    assert math.fsum(a.data for a in record.output) == pytest.approx(1.0, rel=1e-15)
    cross_entropy(record.output, 2).backward()
    expected = [a.data - (i == 2) for i, a in enumerate(record.output)]
    assert record.deltas()[1] == pytest.approx(expected, abs=1e-15)
    softmax_cross_entropy(record.net_inputs[-1], 2).backward()
    assert record.deltas()[1] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("output", ["sigmoid", "softmax", ["tanh", "identity"]])
@pytest.mark.parametrize("bias", [True, False])
def test_predict_is_the_forward_pass_without_a_graph(output: Any, bias: bool) -> None:
    mlp = MLP(3, [4, 2], "gelu", output=output, bias=bias, rng=0)
    X = np.random.default_rng(1).normal(size=(5, 3))
    forward = [[a.data for a in mlp.forward(x).output] for x in X]
    np.testing.assert_allclose(mlp.predict(X), forward, rtol=1e-12, atol=1e-15)


def test_identity_layers_collapse_to_one() -> None:
    mlp = MLP(2, [3, 1], "identity", rng=0, bias=False)
    W = mlp.weights()[0] @ mlp.weights()[1]
    assert mlp([1, 2]).data == pytest.approx(float(np.array([1, 2]) @ W[:, 0]), rel=1e-14)


def test_inputs_may_be_values_and_get_gradients() -> None:
    x = Value(2.0, name="mine")
    record = MLP(2, [1], rng=0).forward([x, 1])
    assert record.inputs[0] is x
    record.output[0].backward()
    assert x.grad != 0.0


# Initialisers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_the_same_seed_gives_the_same_network(initializer: str) -> None:
    def flat(rng: Any) -> list[float]:
        return [p.data for p in MLP(3, [4, 2], initializer=initializer, rng=rng).parameters()]

    assert flat(7) == flat(np.random.default_rng(7)) == flat(7)
    assert (flat(7) == flat(8)) == (initializer == "zeros")


@pytest.mark.parametrize(
    ("initializer", "deviation", "largest"),
    [
        ("uniform", 1 / math.sqrt(3), 1.0),
        ("normal", 1.0, math.inf),
        ("xavier", math.sqrt(2 / 500), math.sqrt(6 / 500)),
        ("he", math.sqrt(2 / 200), math.inf),
        ("zeros", 0.0, 0.0),
    ],
)
def test_initialisers_have_their_spread(initializer: str, deviation: float, largest: float) -> None:
    W = INITIALIZERS[initializer](np.random.default_rng(0), 200, 300)
    assert W.shape == (200, 300)
    assert W.std() == pytest.approx(deviation, rel=0.02)
    assert abs(W.mean()) <= 0.02 * deviation
    assert np.abs(W).max() <= largest


def test_zeros_leave_a_hidden_layer_without_a_gradient() -> None:
    mlp = MLP(2, [3, 2], initializer="zeros")
    sse(mlp([1, 2]), [1, 0]).backward()
    assert not mlp.gradients()[0].any()
    assert mlp.gradients()[1].any()


# Names ----------------------------------------------------------------------------------------------------


def test_names_read_like_the_textbook() -> None:
    record = MLP(3, [4, 1], rng=0).forward([1, 3, 5])
    assert [x.name for x in record.inputs] == ["x₁", "x₂", "x₃"]
    assert [z.name for z in record.net_inputs[0]] == ["z⁽¹⁾₁", "z⁽¹⁾₂", "z⁽¹⁾₃", "z⁽¹⁾₄"]
    assert record.output[0].name == "a⁽²⁾₁"
    z = record.net_inputs[0][1]
    assert [x.name for x in z.operands] == ["w⁽¹⁾₁₂", "w⁽¹⁾₂₂", "w⁽¹⁾₃₂", "x₁", "x₂", "x₃", "b⁽¹⁾₂"]


def test_names_are_unique_in_wide_networks() -> None:
    mlp = MLP(12, [12, 11], output="softmax", rng=0)
    names = [p.name for p in mlp.parameters()]
    assert len(set(names)) == len(names)
    assert {"w⁽¹⁾₁,₁₁", "w⁽¹⁾₁₁,₁"} < set(names)


def test_a_neuron_alone_has_plain_names() -> None:
    neuron = Neuron([0.5, 1.2], 0.1)
    a = neuron([1, 2])
    assert [p.name for p in neuron.parameters()] == ["w₁", "w₂", "b"]
    assert (a.operands[0].name, a.name) == ("z", "a")


# The record -----------------------------------------------------------------------------------------------


def test_deltas_in_both_conventions() -> None:
    record = MLP(2, [3, 1], rng=0).forward([1, 2])
    assert record.deltas() == [[0.0] * 3, [0.0]]
    assert "-0.0" not in repr(record.deltas("handout"))
    sse(record.output, [1]).backward()
    gradient, handout = record.deltas(), record.deltas(convention="handout")
    assert gradient == [[z.grad for z in layer] for layer in record.net_inputs]
    assert handout == [[-d for d in layer] for layer in gradient]
    with pytest.raises(ValueError, match=r"convention is 'nielsen'; choose 'gradient'.*or 'handout'"):
        record.deltas(convention="nielsen")


def test_gradients_add_up_over_examples_and_deltas_do_not() -> None:
    mlp = MLP(2, [2, 1], rng=0)
    once = mlp.forward([1, 2])
    sse(once.output, [1]).backward()
    first = mlp.gradients()
    again = mlp.forward([1, 2])
    sse(again.output, [1]).backward()
    assert again.deltas() == once.deltas()
    np.testing.assert_allclose(mlp.gradients()[0], 2.0 * first[0], rtol=1e-15)


def test_networks_and_records_copy_and_pickle() -> None:
    mlp = MLP(2, [3, 2], "leaky_relu", output="softmax", rng=0)
    for twin in (copy.deepcopy(mlp), pickle.loads(pickle.dumps(mlp))):
        assert repr(twin) == repr(mlp)
        assert [a.data for a in twin([1, 2])] == [a.data for a in mlp([1, 2])]
        twin.parameters()[0].data += 1.0
        assert twin.parameters()[0].data != mlp.parameters()[0].data
    record = pickle.loads(pickle.dumps(mlp.forward([1, 2])))
    cross_entropy(record.output, 0).backward()
    assert record.mlp.gradients()[1].any()


def test_reprs_are_one_line() -> None:
    mlp = MLP(2, [3, 1], rng=0)
    for thing in (mlp, mlp.layers[0], mlp.layers[0].neurons[0], mlp.forward([1, 2])):
        assert "\n" not in repr(thing)
        assert len(repr(thing)) < 100


def test_import_asks_for_nothing_optional() -> None:
    code = "import nn, sys; print({'tqdm', 'matplotlib', 'graphviz', 'scipy', 'sklearn'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


# Refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(3, []), "sizes is .*give the number of neurons of each layer"),
        (lambda: MLP(3, 4), "sizes is 4"),
        (lambda: MLP(0, [1]), "inputs is 0; it must be a whole number from 1 on"),
        (lambda: MLP(3, [4, 1.5]), "the size of layer 2 is 1.5"),
        (lambda: MLP(3, [4, 1], "sigmoyd"), "'sigmoyd' is not an activation; did you mean 'sigmoid'"),
        (lambda: MLP(3, [4, 1], "atan2"), "'atan2' is not an activation"),
        (lambda: MLP(3, [4, 1], "where"), "'where' is not an activation; choose sigmoid, tanh"),
        (lambda: MLP(3, [4, 1], ["relu"]), "1 activations for 2 layers"),
        (lambda: MLP(3, [4, 1], ["relu", "relu"], output="sigmoid"), "3 activations for 2 layers"),
        (lambda: MLP(3, [4, 1], [["relu", "tanh"], "relu"]), "layer 1 has 4 neurons, but 2 activations"),
        (lambda: MLP(3, [4, 2], "softmax"), "layer 1 is softmax; only the last layer can be"),
        (lambda: MLP(3, [2], [["softmax", "relu"]]), "softmax applies to the last layer as a whole"),
        (
            lambda: MLP(3, [4], initializer="glorot"),
            "initializer is 'glorot'; choose one of uniform, .*zeros",
        ),
        (lambda: MLP.from_weights([]), "weights is empty"),
        (lambda: MLP.from_weights([[1.0, 2.0]]), r"weights\[0\] has shape \(2,\)"),
        (lambda: MLP.from_weights([[[1.0, 2.0], [3.0]]]), r"weights\[0\] .*row 0 has 2, row 1 has 1"),
        (lambda: MLP.from_weights([[[1.0, math.nan]]]), r"weights\[0\]\[0, 1\] is nan"),
        (lambda: MLP.from_weights([[[1.0, "2"]]]), r"weights\[0\]\[0, 1\] is '2', not a number"),
        (lambda: MLP.from_weights([np.ones((3, 4)), np.ones((1, 4))]), r"weights\[1\] has 1 rows.*4 neurons"),
        (lambda: MLP.from_weights([np.ones((3, 4))], [[1.0]]), r"biases\[0\] has shape \(1,\).*list of 4"),
        (
            lambda: MLP.from_weights([np.ones((3, 4))], []),
            "weights has the length 1, but biases 0: give both for each layer",
        ),
        (lambda: MLP(3, [1])([1, 2]), r"3 inputs are needed, one number for each, not 2: \[1, 2\]"),
        (lambda: MLP(3, [1]).predict([[1, 2]]), "X has 2 columns, but the network has 3 inputs"),
        (lambda: Neuron([]), "a neuron needs a flat list of at least one number"),
        (lambda: Layer([[1.0]])([1, 2]), "1 input is needed"),
    ],
)
def test_refusals_name_the_place(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_text_is_no_input() -> None:
    with pytest.raises(TypeError):
        MLP(3, [1], rng=0)("abc")
