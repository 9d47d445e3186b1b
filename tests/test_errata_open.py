"""What the documents leave open, and what the project chose: the second part of docs/errata.md.

Entries that another test of the project shows already are not shown again here; the page names their tests.
"""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from golden import (
    ARNOLD,
    HANDOUT,
    MISLEY,
    agrees,
    arnold_network,
    backward,
    handout_network,
    misley_network,
    one_step,
    slope,
)

from autograd import TABLE, Value, grad, hessian, relu, sigmoid
from examples import handout
from nn import MLP, SGD, cross_entropy, half_sse, mse, train

X = [1.0, 3.0, 5.0]


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


# Factors --------------------------------------------------------------------------------------------------------------


def test_i30_twice_the_rate_with_half_the_loss_is_the_same_step() -> None:
    whole, half, portable = handout_network(), handout_network(), handout_network()
    one_step(whole, [X], [1], "sse", 0.01)
    one_step(half, [X], [1], "half_sse", 0.02)
    one_step(portable, [X], [1], "half_sse", 0.01)
    assert flat(half) == pytest.approx(flat(whole), rel=1e-15)
    assert flat(portable) != pytest.approx(flat(whole), rel=1e-6)


def test_i32_48_rows_accumulated_are_48_times_their_mean() -> None:
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(48, 3)), rng.integers(0, 2, 48)
    mlp, trained = handout_network(), handout_network()
    for x, label in zip(rows, labels, strict=True):
        backward(mlp, x.tolist(), int(label))  # gradients add up
    optimizer = SGD(0.01)
    train(trained, rows, labels, loss="sse", optimizer=optimizer, epochs=1, batch_size=48, progress=False)
    steps = np.subtract(handout_network().weights()[0], trained.weights()[0])
    np.testing.assert_allclose(mlp.gradients()[0], 48 * steps / 0.01, rtol=1e-10)
    assert optimizer.steps == 1


# Activations ----------------------------------------------------------------------------------------------------------


def test_i35_the_handouts_derivative_takes_the_activation() -> None:
    def sigmoid_derivative(x: float) -> float:  # 000, line 145
        return x * (1 - x)

    a = sigmoid(2.6)
    assert sigmoid_derivative(a) == pytest.approx(grad(sigmoid)(2.6), rel=1e-14)
    assert grad(sigmoid)(2.6) == pytest.approx(0.0643583, abs=5e-8)
    assert sigmoid_derivative(2.6) == pytest.approx(-4.16)  # at the net input it is not a slope at all


def test_i36_the_golden_networks_stay_away_from_the_kink() -> None:
    assert grad(relu)(0.0) == 0.0
    z = [arnold_network().forward(x).net_inputs[0] for x in ARNOLD["inputs"]["x"]]
    assert min(abs(value.data) for row in z for value in row) == pytest.approx(0.34)


def test_i37_relu_takes_a_vector_entry_by_entry() -> None:
    x = np.array([-1.0, 0.0, 2.6])
    assert relu(x).tolist() == [0.0, 0.0, 2.6]
    with pytest.raises(ValueError, match="ambiguous"):
        max(0, x)  # Python's max, like R's, knows one largest number


def test_i38_both_ways_to_use_relu_instead() -> None:
    weights = handout_network().weights()
    hidden_only = MLP.from_weights(weights, activation="relu", output="sigmoid")
    everywhere = MLP.from_weights(weights, activation="relu")
    assert hidden_only.forward(X).output[0].data == pytest.approx(0.91908653, abs=5e-9)
    record, _ = backward(everywhere, X, 1)
    assert record.output[0].data == pytest.approx(2.43)
    assert record.deltas("handout")[1] == pytest.approx([-2.86])
    assert [a.data > 0.0 for a in record.activations[0]] == [True, False, True, False]
    pinned = MLP.from_weights([[[0.6]]], activation="relu")  # the 0.6 of the example, out of a ReLU
    assert backward(pinned, [1.0], 1)[0].deltas("handout") == [[pytest.approx(0.8)]]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus"])
def test_i41_the_rule_of_the_hidden_delta_has_the_derivative_of_any_activation(activation: str) -> None:
    mlp = MLP.from_weights(misley_network().weights(), activation=activation)
    record, _ = backward(mlp, MISLEY["inputs"]["x"], [1, 0])
    for layer in (0, 1):
        W, receivers = mlp.weights()[layer + 1], record.deltas()[layer + 1]
        for j, z in enumerate(record.net_inputs[layer]):
            f = TABLE[activation]
            assert record.deltas()[layer][j] == pytest.approx(slope(f, z.data) * (W[j] @ receivers), rel=1e-8)


def test_i44_the_sigmoid_does_not_overflow_where_its_formula_does() -> None:
    with pytest.raises(OverflowError):
        handout.sigmoid(-1000.0)  # 1 / (1 + math.exp(1000))
    assert [sigmoid(-1000.0), sigmoid(1000.0)] == [0.0, 1.0]


# Weights --------------------------------------------------------------------------------------------------------------


def test_i40_from_zeros_the_network_of_document_002_learns_its_last_bias_alone() -> None:
    mlp = MLP(2, [3, 3], "relu", output="softmax", initializer="zeros")
    backward(mlp, ARNOLD["inputs"]["x"][0], 0, cross_entropy)
    assert [gradient.any() for gradient in mlp.gradients()] == [False, False]
    assert [gradient.any() for gradient in mlp.bias_gradients()] == [False, True]


def test_i42_one_layout_is_the_transpose_of_the_other() -> None:
    receiver_first = np.array(HANDOUT["inputs"]["w_in"])  # a row for each receiving node, as 000 has it
    sender_first = handout_network().weights()[0]
    assert np.array_equal(sender_first, receiver_first.T)
    np.testing.assert_allclose(X @ sender_first, receiver_first @ X, rtol=1e-15)
    with pytest.raises(ValueError, match="transpose a receiver-first matrix"):
        MLP.from_weights([receiver_first, [HANDOUT["inputs"]["w_out"]]])


@pytest.mark.parametrize("hidden", [[4], [4, 3], [4, 3, 2]])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (3, 2)])
def test_i57_any_number_of_nodes_and_of_hidden_layers(inputs: int, hidden: list[int], outputs: int) -> None:
    mlp = MLP(inputs, [*hidden, outputs], "tanh", rng=0)
    x, y = X[:inputs], [1.0, 0.0][:outputs]
    backward(mlp, x, y, half_sse)
    for p in mlp.parameters():
        here, gradient = p.data, p.grad

        def loss(number: float, p: Value = p) -> float:
            p.data = number
            return float(half_sse(mlp.forward(x).output, y).data)

        assert gradient == pytest.approx(slope(loss, here), rel=1e-6, abs=1e-10)
        p.data = here


def test_i59_targets_are_all_that_document_003_needs_for_gradients() -> None:
    mlp = misley_network()
    record, _ = backward(mlp, MISLEY["inputs"]["x"], [1, 0], half_sse)
    expected = MISLEY["targets"]["y_1_0"]["backward"]
    assert agrees(record.deltas()[0], expected["dE_dh1"])
    assert mlp.biases() == []


# Claims -------------------------------------------------------------------------------------------------------------


def test_i50_a_sigmoid_shrinks_a_delta_unless_a_weight_is_over_4() -> None:
    assert max(grad(sigmoid)(z) for z in np.linspace(-3.0, 3.0, 61)) == grad(sigmoid)(0.0) == 0.25

    def factor(w: float) -> float:
        """How much of a delta passes one hidden unit at its steepest point."""
        record = MLP.from_weights([[[1.0]], [[w]]], [[0.0], [0.0]]).forward([0.0])
        record.output[0].backward()
        hidden, output = record.deltas()
        return abs(hidden[0] / output[0])

    assert [factor(w) for w in (1.0, 4.0, 5.0)] == pytest.approx([0.25, 1.0, 1.25])


def test_i55_a_gradient_of_zero_is_no_sign_of_a_minimum() -> None:
    curvatures = [np.linalg.eigvalsh(hessian(f)(0.0, 0.0)) for f in (lambda x, y: x * x - y * y, lambda x, y: -x * x)]
    assert curvatures[0].tolist() == [-2.0, 2.0]  # a saddle
    assert curvatures[1].max() <= 0.0  # a ridge, whose points are maxima
    record, loss = backward(MLP.from_weights([[[800.0]]]), [1.0], 0)  # a plateau: e⁻⁸⁰⁰ underflows to 0
    assert record.deltas() == [[0.0]]
    assert loss.data == 1.0


def test_i62_the_chain_rule_on_numbers_is_no_finite_difference() -> None:
    assert grad(TABLE["exp"])(1.0) == math.e  # every bit
    best = min(abs(slope(math.exp, 1.0, h) - math.e) for h in 10.0 ** -np.arange(1, 12))
    assert best > 10 * sys.float_info.epsilon * math.e


def test_i53_the_number_of_outputs_follows_from_the_task() -> None:
    x, classes = [[0.0], [1.0], [2.0]], [0, 1, 2]
    for mlp, loss, y in (
        (MLP(1, [2, 1], output="identity", rng=0), mse, [0.0, 1.0, 4.0]),
        (MLP(1, [2, 2], output="identity", rng=0), mse, [[0.0, 1.0], [1.0, 0.0], [4.0, 2.0]]),
        (MLP(1, [2, 1], output="sigmoid", rng=0), "binary_cross_entropy", [0, 1, 1]),
        (MLP(1, [2, 3], output="softmax", rng=0), "cross_entropy", classes),
    ):
        history = train(mlp, x, y, loss=loss, optimizer=SGD(0.1), epochs=20, progress=False)
        assert history.loss[-1] < history.loss[0]
