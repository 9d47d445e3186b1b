"""The worked numbers of the four documents, at full precision (data/golden.json), from the network itself."""

from __future__ import annotations

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
)

from nn import MLP, SGD, cross_entropy, half_sse, handout_step, mse, sse, train

# Document 000: the 3-4-1 network --------------------------------------------------------------------------


@pytest.mark.parametrize("expanded", [False, True])
def test_handout_forward_and_backward(expanded: bool) -> None:
    x = HANDOUT["inputs"]
    weights = [np.transpose(x["w_in"]), np.transpose([x["w_out"]])]
    mlp = MLP.from_weights(weights, expanded=expanded)
    record, loss = backward(mlp, x["x"], [x["label"]])
    assert agrees(data(record.net_inputs[0]), HANDOUT["z_h"])
    assert agrees(data(record.activations[0]), HANDOUT["h"])
    assert agrees(data(record.net_inputs[1]), [HANDOUT["z_o"]])
    assert agrees(data(record.output), [HANDOUT["yhat"]])
    assert agrees(loss.data, HANDOUT["C"])
    hidden, output = record.deltas()
    assert agrees(hidden, HANDOUT["dC_dz_h"])
    assert agrees(output, [HANDOUT["dC_dz_o"]])
    hidden, output = record.deltas(convention="handout")
    assert agrees(hidden, HANDOUT["delta_h_handout_sign_true"])
    assert agrees(output, [HANDOUT["delta_o_handout"]])
    assert agrees(mlp.gradients()[0], np.transpose(HANDOUT["dC_dw_in"]))
    assert agrees(mlp.gradients()[1], np.transpose([HANDOUT["dC_dw_out"]]))
    assert agrees(gradients(record.inputs), HANDOUT["dC_dx"])
    assert agrees(gradients(record.output), [HANDOUT["dC_dyhat"]])
    slopes = [a.partials()[0] for layer in record.activations for a in layer]
    assert agrees(slopes, [*HANDOUT["sigma_prime_h"], HANDOUT["sigma_prime_o"]])


def test_gradient_descent_takes_all_gradients_first() -> None:
    mlp, x, expected = handout_network(), HANDOUT["inputs"], HANDOUT["step_correct"]
    before = mlp.weights()
    one_step(mlp, [x["x"]], [x["label"]], "sse", ETA)
    after = mlp.weights()
    assert agrees(after[0], np.transpose(expected["w_in_new"]))
    assert agrees(after[1][:, 0], expected["w_out_new"])
    changes = [b - a for a, b in zip(before, after, strict=True)]
    np.testing.assert_allclose(changes[0], np.transpose(expected["weight_change_in"]), atol=1e-15)
    np.testing.assert_allclose(changes[1][:, 0], expected["weight_change_out"], atol=1e-15)
    assert agrees(sse(mlp([1, 3, 5]).data, 1), expected["C_after"])


def test_handout_step_moves_the_output_weights_first() -> None:
    mlp, x, expected = handout_network(), HANDOUT["inputs"], HANDOUT["step_handout"]
    step = handout_step(mlp, x["x"], x["label"], ETA)
    assert agrees(step.deltas[1], [HANDOUT["delta_o_handout"]])
    assert agrees(step.deltas[0], expected["delta_h_handout"])
    assert agrees(step.weight_changes[1][:, 0], expected["weight_change_out"])
    assert agrees(step.weight_changes[0], np.transpose(expected["weight_change_in"]))
    assert agrees(mlp.weights()[1][:, 0], expected["w_out_new"])
    assert agrees(mlp.weights()[0], np.transpose(expected["w_in_new"]))
    assert agrees(sse(mlp(x["x"]).data, 1), expected["C_after"])
    true = np.array(HANDOUT["delta_h_handout_sign_true"])
    assert agrees(np.divide(step.deltas[0], true), expected["delta_h_ratio_to_true"])
    np.testing.assert_allclose(step.deltas[0] - true, expected["delta_h_minus_true"], rtol=1e-9)


def test_the_handout_step_is_the_gradient_at_neither_set_of_weights() -> None:
    x, expected = HANDOUT["inputs"], HANDOUT["step_handout"]
    mlp = handout_network()
    for w, number in zip(mlp.layers[1].neurons[0].weights, expected["w_out_new"], strict=True):
        w.data = number
    record, _ = backward(mlp, x["x"], [x["label"]])
    redone = record.deltas(convention="handout")[0]
    assert agrees(redone, expected["delta_h_if_forward_is_redone_with_new_w_out"])
    taken = handout_step(handout_network(), x["x"], x["label"], ETA).deltas[0]
    for variant in (redone, HANDOUT["delta_h_handout_sign_true"]):
        assert not np.allclose(taken, variant, rtol=1e-4, atol=0.0)


def test_the_rule_of_document_001_is_another_sum() -> None:
    expected = HANDOUT["seed001_wrong_rule"]
    step = handout_step(handout_network(), [1, 3, 5], 1, ETA)
    total = sum(step.deltas[1][0] * w for w in HANDOUT["step_handout"]["w_out_new"])
    assert agrees(total, expected["sum_over_hidden_nodes_of_delta_o_times_new_w"])
    slopes = np.array([a.partials()[0] for a in step.record.activations[0]])
    assert agrees(total * slopes, expected["delta_h_wrong"])


# Documents 000 and 001: the walk-through of h1 ------------------------------------------------------------


def test_h1_by_backpropagation() -> None:
    mlp = h1_network()
    record, _ = backward(mlp, [1, 3, 5], [1])
    expected = H1["correct_backprop_old_weight"]
    assert agrees(record.net_inputs[1][0].data, H1["pinned_z_o"])
    assert agrees(record.activations[0][0].data, H1["h1"])
    assert agrees(record.activations[0][0].partials()[0], H1["sigma_prime_h1"])
    assert agrees(record.deltas("handout"), [[expected["delta_h1"]], [H1["delta_o"]]])
    assert agrees(-record.activations[0][0].grad, expected["weight_times_delta_o"])
    assert agrees(-ETA * mlp.gradients()[1], [[H1["weight_change_h1_o"]]])
    assert agrees(-ETA * mlp.gradients()[0][:, 0], expected["weight_change_i_h1"])
    one_step(mlp, [[1, 3, 5]], [1], "sse", ETA)
    assert agrees(mlp.weights()[0][:, 0], expected["weights_i_h1_new"])
    assert agrees(mlp.weights()[1], [[H1["weight_h1_o_new"]]])


def test_h1_with_the_other_label() -> None:
    record, _ = backward(h1_network(), [1, 3, 5], [0])
    assert agrees(record.deltas("handout")[1], [H1["delta_o_if_label_0"]])


def test_h1_in_the_handouts_own_order() -> None:
    mlp, step = h1_step()
    expected = H1["seed000_handout_new_weight"]
    assert agrees(step.deltas, [[expected["delta_h1"]], [H1["delta_o"]]])
    assert agrees(step.weight_changes[1], [[H1["weight_change_h1_o"]]])
    assert agrees(step.weight_changes[0][:, 0], expected["weight_change_i_h1"])
    assert agrees(mlp.weights()[0][:, 0], expected["weights_i_h1_new"])
    correct = H1["correct_backprop_old_weight"]["delta_h1"]
    assert agrees(step.deltas[0][0] / correct - 1.0, H1["relative_error_seed000"])


def test_document_001_sums_over_siblings() -> None:
    _, step = h1_step()
    for case, own_weight in (
        ("seed001_handout_sum_over_hidden_new_w1_old_w2_w3_w4", H1["weight_h1_o_new"]),
        ("seed001_rule_all_old_weights", 0.8),
    ):
        expected = H1[case]
        blame = sum(step.deltas[1][0] * w for w in (own_weight, 0.5, 0.1, 0.6))
        delta = blame * step.record.activations[0][0].partials()[0]
        changes = ETA * delta * np.array([1, 3, 5])
        assert agrees(blame, expected["weight_times_delta_o"])
        assert agrees(delta, expected["delta_h1"])
        assert agrees(changes, expected["weight_change_i_h1"])
        assert agrees(np.add([0.5, 1.2, -0.3], changes), expected["weights_i_h1_new"])


def test_delta_against_the_output_activation() -> None:
    """Document 000's curve: delta vanishes at both ends, for label 1 highest at a third."""
    curve = CASES["delta_curve_label1"]
    inside = [(a, d) for a, d in zip(curve["a"], curve["delta"], strict=True) if 0.0 < a < 1.0]
    deltas = []
    for a, expected in [*inside, (0.01, curve["at_0_01"]), (0.6, curve["at_0_6"]), (0.99, curve["at_0_99"])]:
        record, _ = backward(MLP.from_weights([[[np.log(a / (1.0 - a))]]]), [1.0], [1.0])
        deltas.append(record.deltas("handout")[0][0])
        assert deltas[-1] == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert int(np.argmax(deltas[:48])) + 1 == curve["grid_argmax_index"]


# Document 002: the 2-3-3 network, ReLU and softmax --------------------------------------------------------


def test_arnold_batch() -> None:
    mlp, inputs, n = arnold_network(), ARNOLD["inputs"], 4
    for i, (x, label) in enumerate(zip(inputs["x"], inputs["y_t"], strict=True)):
        record, loss = backward(mlp, x, label, cross_entropy)
        assert agrees(data(record.net_inputs[0]), ARNOLD["r"][i])
        assert agrees(data(record.activations[0]), ARNOLD["h"][i])
        assert agrees(data(record.net_inputs[1]), ARNOLD["score"][i])
        assert agrees(data(record.output), ARNOLD["y"][i])
        assert agrees(loss.data, ARNOLD["L_i"][i])
        assert agrees(np.divide(record.deltas()[1], n), ARNOLD["dscore"][i])
        assert agrees(np.divide(gradients(record.activations[0]), n), ARNOLD["dh"][i])
        assert agrees(np.divide(record.deltas()[0], n), ARNOLD["dr"][i])
        assert agrees(np.divide(gradients(record.inputs), n), ARNOLD["dx"][i])
    for layer in (0, 1):  # the leaves have added up the four gradients
        assert agrees(mlp.gradients()[layer] / n, ARNOLD[f"dW{layer + 1}"])
        assert agrees(mlp.bias_gradients()[layer] / n, ARNOLD[f"db{layer + 1}"])


def test_arnold_step() -> None:
    mlp, inputs = arnold_network(), ARNOLD["inputs"]
    settings: dict[str, Any] = {"loss": "cross_entropy", "epochs": 1, "progress": False}
    history = train(mlp, inputs["x"], inputs["y_t"], optimizer=SGD(inputs["lr"]), **settings)
    assert agrees(history.loss, [ARNOLD["L"]])
    assert agrees(np.square(history.gradient_norms[0]).sum(), ARNOLD["grad_norm_squared"])
    for layer in (0, 1):
        assert agrees(mlp.weights()[layer], ARNOLD[f"W{layer + 1}_new"])
        assert agrees(mlp.biases()[layer], ARNOLD[f"b{layer + 1}_new"])
    losses = [cross_entropy(p.tolist(), t) for p, t in zip(mlp.predict(inputs["x"]), inputs["y_t"], strict=True)]
    assert agrees(np.mean(losses), ARNOLD["L_after"])


@pytest.mark.parametrize("row", CASES["seed002_first_order_check"], ids=lambda row: f"eta {row['eta']}")
def test_a_small_step_lowers_the_loss_as_predicted(row: dict[str, float]) -> None:
    mlp, inputs = arnold_network(), ARNOLD["inputs"]
    one_step(mlp, inputs["x"], inputs["y_t"], "cross_entropy", row["eta"])
    after = train(
        mlp,
        inputs["x"],
        inputs["y_t"],
        loss="cross_entropy",
        optimizer=SGD(1e-9),
        epochs=1,
        progress=False,
    ).loss[0]
    assert after - ARNOLD["L"] == pytest.approx(row["dL_actual"], rel=1e-9)
    assert (after - ARNOLD["L"]) / row["dL_predicted"] == pytest.approx(row["ratio"], rel=1e-9)


# Document 003: the 3-3-5-2 network ------------------------------------------------------------------------


def test_misley_forward() -> None:
    record = misley_network().forward(MISLEY["inputs"]["x"])
    for layer in range(3):
        assert agrees(data(record.net_inputs[layer]), MISLEY["forward"][f"h{layer + 1}"])
        assert agrees(data(record.activations[layer]), MISLEY["forward"][f"a{layer + 1}"])


def test_misley_backward() -> None:
    mlp, case = misley_network(), MISLEY["targets"]["y_1_0"]
    record, loss = backward(mlp, MISLEY["inputs"]["x"], case["y"], half_sse)
    expected = case["backward"]
    assert agrees(loss.data, expected["E"])
    assert agrees(gradients(record.inputs), expected["dE_dx"])
    for layer in range(3):
        assert agrees(record.deltas()[layer], expected[f"dE_dh{layer + 1}"])
        assert agrees(gradients(record.activations[layer]), expected[f"dE_da{layer + 1}"])
        assert agrees(mlp.gradients()[layer], expected[f"dE_dW{layer + 1}"])
    norms = [np.linalg.norm(layer) for layer in record.deltas()]
    assert agrees(norms, CASES["seed003_delta_norms_y10"])


def test_losses_differ_by_their_factors_alone() -> None:
    deltas = {}
    for loss in (sse, half_sse, mse):
        record, _ = backward(misley_network(), MISLEY["inputs"]["x"], [1.0, 0.0], loss)
        deltas[loss] = record.deltas()[0]
    assert agrees(deltas[sse], np.multiply(deltas[half_sse], 2.0))
    assert agrees(deltas[sse], np.multiply(deltas[mse], 2.0))  # two outputs


# Vanishing gradients ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_vanishing_chain(activation: str) -> None:
    case = CASES["vanishing_chain"]
    for length, expected in zip(case["L"], case[activation], strict=True):
        record = MLP.from_weights([[[1.0]]] * length, activation=activation).forward([0.5])
        record.output[0].backward()
        assert agrees(record.inputs[0].grad, expected)
