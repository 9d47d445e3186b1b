"""What the documents say and numbers refute: the first part of docs/errata.md, one test for an entry or a few.

A finite difference is the referee throughout, for it knows no rule of backpropagation. Entries that another test of
the project shows already are not shown again here; the page names their tests.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pytest
from golden import (
    ARNOLD,
    CASES,
    ETA,
    H1,
    HANDOUT,
    MISLEY,
    agrees,
    arnold_network,
    backward,
    data,
    gradients,
    h1_network,
    h1_step,
    handout_network,
    misley_network,
    one_step,
    slope,
)

from autograd import Value, grad, jacobian, softmax, topological_order
from examples import handout
from nn import MLP, SGD, Record, binary_cross_entropy, cross_entropy, half_sse, handout_step, sse, train
from viz import network

X = [1.0, 3.0, 5.0]
DOCUMENT_001 = H1["seed001_handout_sum_over_hidden_new_w1_old_w2_w3_w4"]


def nudged(mlp: MLP, neuron: int) -> float:
    """∂C/∂z of a hidden neuron of a 3-k-1 network, by finite differences: z is nudged, the rest runs on in floats."""
    zs, W = np.array(X) @ mlp.weights()[0], mlp.weights()[1][:, 0]
    bias = mlp.biases()[1][0] if mlp.biases() else 0.0

    def loss(z: float) -> float:
        hidden = [handout.sigmoid(z if j == neuron else other) for j, other in enumerate(zs)]
        return (1.0 - handout.sigmoid(float(W @ hidden) + bias)) ** 2

    return slope(loss, zs[neuron])


# The hidden delta ---------------------------------------------------------------------------------------------------


def test_i01_the_sum_runs_over_the_nodes_that_are_fed() -> None:
    mlp = handout.walk_through_network()  # four hidden nodes, with the weights of 001 into the output
    record, _ = backward(mlp, X, 1)
    delta = record.deltas("handout")[0][0]
    assert delta == pytest.approx(-nudged(mlp, 0), rel=1e-7)
    assert delta == pytest.approx(H1["correct_backprop_old_weight"]["delta_h1"], rel=1e-12)
    assert DOCUMENT_001["delta_h1"] / delta == pytest.approx(H1["ratio_seed001_to_correct"], rel=1e-12)


def test_i01_the_sum_of_document_001_belongs_to_a_node_that_feeds_four() -> None:
    into_outputs = [0.8, 0.5, 0.1, 0.6]
    z = MLP.from_weights([[[0.5], [1.2], [-0.3]], [into_outputs]]).forward(X).net_inputs[1]
    biases = [math.log(0.6 / 0.4) - value.data for value in z]  # every output gives 0.6
    mlp = MLP.from_weights([[[0.5], [1.2], [-0.3]], [into_outputs]], [[0.0], biases])
    record, _ = backward(mlp, X, [1, 1, 1, 1])
    assert agrees(record.deltas("handout")[0], [H1["seed001_rule_all_old_weights"]["delta_h1"]])


def test_i02_only_the_weight_before_its_update_is_right() -> None:
    _, step = h1_step()
    by_differences = -nudged(h1_network(), 0)
    assert by_differences == pytest.approx(H1["correct_backprop_old_weight"]["delta_h1"], rel=1e-7)
    wrong_by = step.deltas[0][0] / by_differences - 1.0
    assert wrong_by == pytest.approx(ETA * 0.192 * H1["h1"] / 0.8, rel=1e-4)  # 0.2234 %
    assert wrong_by == pytest.approx(0.002234, abs=1e-6)


def test_i03_finite_differences_agree_with_gradients_taken_before_any_update() -> None:
    by_differences = [-nudged(handout_network(), j) for j in range(4)]
    assert by_differences == pytest.approx(HANDOUT["delta_h_handout_sign_true"], rel=1e-6)
    in_its_order = handout_step(handout_network(), X, 1, ETA).deltas[0]
    redone = HANDOUT["step_handout"]["delta_h_if_forward_is_redone_with_new_w_out"]
    for others in (in_its_order, redone):
        assert np.abs(np.divide(others, by_differences) - 1.0).max() > 1e-3


def test_i05_the_example_and_the_exercise_are_two_networks() -> None:
    shares = []  # w·δ of each hidden node, which 001 prints for h2, h3 and h4 on line 173
    for into_o in (handout.INTO_O, handout.INTO_O_EXERCISE):
        record, _ = backward(handout.network(into_o), X, 1)
        shares.append([0.192 * a.grad / record.net_inputs[1][0].grad for a in record.activations[0]])
    assert shares[0] == pytest.approx([0.1536, 0.0960000, 0.0192000, 0.1152000])
    assert shares[1] == pytest.approx([0.1536, -0.2304, 0.0960000, -0.0576000])


# What changes how much ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", [0, 1])
def test_i07_i08_changes_rank_as_activations_not_as_weights(label: int) -> None:
    mlp = handout_network()
    step = handout_step(mlp, X, label, ETA)
    h, changes = data(step.record.activations[0]), np.abs(step.weight_changes[1][:, 0])
    weights = np.abs(HANDOUT["inputs"]["w_out"])
    assert np.argsort(changes).tolist() == np.argsort(h).tolist()
    assert np.argsort(changes).tolist() != np.argsort(weights).tolist()
    assert changes / h == pytest.approx([abs(ETA * step.deltas[1][0])] * 4)


def test_i09_the_backward_pass_begins_at_the_output() -> None:
    record, loss = backward(handout_network(), X, 1)
    order = [node.name for node in reversed(topological_order(loss))]
    hidden = [order.index(z.name) for z in record.net_inputs[0]]
    assert order.index("z⁽²⁾₁") < min(hidden)


def test_i10_every_layer_takes_its_senders_activation_and_its_receivers_delta() -> None:
    mlp = handout_network()
    record, loss = backward(mlp, X, 1)
    senders = [record.inputs, record.activations[0]]
    for gradient, sending, deltas in zip(mlp.gradients(), senders, record.deltas(), strict=True):
        np.testing.assert_allclose(gradient, np.outer(data(sending), deltas), rtol=1e-13)
    into_output = mlp.layers[1].neurons[0].weights[0]
    assert "∂C/∂w⁽²⁾₁₁ = δ⁽²⁾₁ · ∂z⁽²⁾₁/∂w⁽²⁾₁₁" in network(record, loss.named("C"), weight=into_output).source


def test_i11_delta_is_the_derivative_with_respect_to_the_net_input() -> None:
    record, _ = backward(h1_network(), X, 1)
    z, neuron = record.net_inputs[1][0], record.mlp.layers[1].neurons[0]
    (w,), bias = neuron.weights, neuron.bias
    assert agrees([z.grad, bias.grad, w.grad], [-H1["delta_o"], -H1["delta_o"], -H1["delta_o"] * H1["h1"]])

    def loss(z: float) -> float:
        return (1.0 - handout.sigmoid(z)) ** 2

    assert slope(loss, z.data) == pytest.approx(-0.192, rel=1e-7)


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_i13_the_loss_falls_against_the_gradient_and_rises_along_it(direction: float) -> None:
    mlp = handout_network()
    _, loss = backward(mlp, X, 1)
    for p in mlp.parameters():
        p.data += direction * 0.001 * p.grad
    assert (sse(mlp(X), 1).data - loss.data) * direction > 0.0


def test_i14_the_derivative_of_the_loss_is_negative_where_figure_5_is_positive() -> None:
    figure = CASES["fig5"]
    slopes = [grad(lambda a: sse(a, 1.0))(a) for a in figure["a"]]
    assert agrees(slopes, np.negative(figure["right_values"]))
    assert slopes[0] == -2.0  # where the figure has +2


def test_i15_delta_is_largest_at_a_third() -> None:
    def delta(a: Any) -> Any:
        return 2 * (1 - a) * a * (1 - a)

    assert grad(delta)(1 / 3) == pytest.approx(0.0, abs=1e-15)
    assert grad(grad(delta))(1 / 3) < 0.0
    assert delta(1 / 3) == pytest.approx(8 / 27)
    assert grad(delta)(0.5) < 0.0  # past the top already
    assert delta(0.99) < delta(0.01) < 0.02  # small at both ends; at 1 the error is small as well


def test_i16_a_sure_and_wrong_output_hardly_learns() -> None:
    deltas = []
    for loss in (sse, binary_cross_entropy):
        z = Value(math.log(0.01 / 0.99))
        loss(z.sigmoid(), 1).backward()
        deltas.append(-z.grad)
    assert deltas == pytest.approx([0.019602, 0.99])


def test_i17_a_smaller_delta_may_make_the_larger_change() -> None:
    mlp = handout_network()
    before = mlp.weights()
    record, _ = backward(mlp, X, 1)
    hidden, output = record.deltas()
    assert max(map(abs, hidden)) < abs(output[0])
    one_step(mlp, [X], [1], "sse", ETA)
    into_hidden, into_output = (np.abs(a - b).max() for a, b in zip(mlp.weights(), before, strict=True))
    assert into_hidden == pytest.approx(2.912e-3, abs=1e-6)
    assert into_output == pytest.approx(1.812e-3, abs=1e-6)


# Batches ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "steps"), [(None, 1), (48, 3), (1, 100)])
def test_i06_i18_who_is_called_what(size: int | None, steps: int) -> None:
    """An epoch of batch descent is one update, of mini-batches a few, of stochastic descent one for each example."""
    rng, optimizer = np.random.default_rng(0), SGD(0.1)
    mlp = MLP(2, [1], rng=0)
    train(mlp, rng.normal(size=(100, 2)), rng.integers(0, 2, 100), loss="sse", optimizer=optimizer, epochs=1,
          batch_size=size, progress=False)  # fmt: skip
    assert optimizer.steps == steps


def test_i20_a_term_too_many_takes_from_every_probability() -> None:
    z = [1.0, 2.0, 3.0]
    assert math.fsum(softmax(z)) == pytest.approx(1.0, rel=1e-15)
    assert math.fsum(softmax([0.0, *z])[1:]) == pytest.approx(0.968, abs=5e-4)  # i = 0 … 3 are four terms


def test_i21_a_sum_has_n_times_the_gradient_of_the_mean() -> None:
    mlp, n = arnold_network(), 4
    for x, label in zip(ARNOLD["inputs"]["x"], ARNOLD["inputs"]["y_t"], strict=True):
        backward(mlp, x, label, cross_entropy)  # gradients add up: this is the sum
    assert agrees(mlp.gradients()[1], n * np.array(ARNOLD["dW2"]))
    assert np.abs(mlp.gradients()[1] - ARNOLD["dW2"]).min() > 0.01


# Document 003 ---------------------------------------------------------------------------------------------------------


def test_i22_the_last_exponent_is_the_net_input_of_layer_3() -> None:
    record = misley_network().forward(MISLEY["inputs"]["x"])
    assert len(record.net_inputs) == 3  # so there is no layer 4
    for z, a in zip(record.net_inputs[2], record.output, strict=True):
        assert a.operands == (z,)
        assert a.data == pytest.approx(handout.sigmoid(z.data))


def test_i23_a_number_that_was_rounded_before_gives_another_digit() -> None:
    h = misley_network().forward(MISLEY["inputs"]["x"]).net_inputs[1][1].data
    assert f"{h:.3f}" == "0.812"
    assert f"{handout.sigmoid(h):.3f}" == "0.692"  # as printed
    assert f"{handout.sigmoid(0.812):.3f}" == "0.693"  # by the formula printed beside it


def test_i24_results_are_rounded_to_the_nearest() -> None:
    a1 = [Decimal(a.data) for a in misley_network().forward(MISLEY["inputs"]["x"]).activations[0]]
    printed = ["0.613", "0.587", "0.769"]
    third = Decimal("0.001")
    assert [str(a.quantize(third, ROUND_HALF_EVEN)) for a in a1] == printed
    assert str(a1[0].quantize(third, ROUND_CEILING)) == "0.614"


def test_i25_the_error_of_two_outputs_is_one_number() -> None:
    record, error = backward(misley_network(), MISLEY["inputs"]["x"], [1, 0], half_sse)
    assert agrees(error.data, MISLEY["targets"]["y_1_0"]["backward"]["E"])
    literal = 0.5 * (np.array(data(record.output)) - [1, 0]) ** 2
    assert literal.shape == (2,)
    assert agrees(literal.sum(), error.data)


READINGS = {"elementwise": np.multiply, "np.dot": np.dot, "@": np.matmul}


def literal(layer: int, record: Record, times: Any) -> Any:
    """∂E/∂W of a layer, from left to right as equations 16 have it: (a − y) σ′ W σ′ … and at last the senders."""
    a = [np.array(data(record.inputs)), *(np.array(data(values)) for values in record.activations)]
    product = (a[3] - [1.0, 0.0]) * a[3] * (1.0 - a[3])
    for k in range(2, layer - 1, -1):
        product = times(times(product, record.mlp.weights()[k]), a[k] * (1.0 - a[k]))
    return times(product, a[layer - 1])


@pytest.mark.parametrize("times", READINGS.values(), ids=READINGS)
@pytest.mark.parametrize("layer", [3, 2, 1])
def test_i26_the_literal_products_fit_no_shapes(layer: int, times: Any) -> None:
    record = misley_network().forward(MISLEY["inputs"]["x"])
    with pytest.raises(ValueError, match=r"could not be broadcast|not aligned|mismatch"):
        literal(layer, record, times)


def test_i26_with_transposes_they_are_the_gradients() -> None:
    record, _ = backward(misley_network(), MISLEY["inputs"]["x"], [1, 0], half_sse)
    a = [np.array(MISLEY["inputs"]["x"]), *(np.array(data(layer)) for layer in record.activations)]
    W, delta = record.mlp.weights(), (a[3] - [1.0, 0.0]) * a[3] * (1.0 - a[3])
    for layer in (2, 1, 0):
        np.testing.assert_allclose(np.outer(a[layer], delta), record.mlp.gradients()[layer], rtol=1e-12)
        delta = delta @ W[layer].T * a[layer] * (1.0 - a[layer])


# The output that is assumed -------------------------------------------------------------------------------------------


def test_i29_a_pinned_bias_gives_the_output_that_the_documents_assume() -> None:
    free = MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]])(X).data
    assert round(free, 4) == 0.678  # what the weights of the text give by themselves
    mlp = h1_network()
    record, _ = backward(mlp, X, 1)
    assert agrees(data(record.output), [0.6])
    assert gradients(record.net_inputs[1]) == pytest.approx([-0.192], rel=1e-12)
    assert mlp.gradients()[1][0, 0] == pytest.approx(-0.17872542329, rel=1e-10)


def test_i74_through_softmax_a_derivative_is_a_sum() -> None:
    """∂L/∂score = Jᵀ · ∂L/∂y, with J = diag(y) − y yᵀ, and of the sum one term is left: y − onehot."""
    scores, label = ARNOLD["score"][0], ARNOLD["inputs"]["y_t"][0]
    y, J = np.array(softmax(scores)), np.array(jacobian(softmax)(scores))
    np.testing.assert_allclose(J, np.diag(y) - np.outer(y, y), atol=1e-15)
    dy = -np.eye(3)[label] / y
    np.testing.assert_allclose(J.T @ dy, y - np.eye(3)[label], atol=1e-15)
    assert agrees(4 * np.array(ARNOLD["dscore"][0]), y - np.eye(3)[label])
