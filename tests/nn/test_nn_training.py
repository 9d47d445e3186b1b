"""Training: batches, stopping, histories, interruption, and what is refused before a weight moves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import Value, dot, square
from nn import (
    MLP,
    SGD,
    Adam,
    Convergence,
    ExponentialDecay,
    History,
    Patience,
    RMSProp,
    Threshold,
    cross_entropy,
    handout_step,
    mse,
    sse,
    train,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(10, 3))
Y = np.column_stack([X[:, 0] * X[:, 1], X.sum(axis=1)])
LABELS = RNG.permutation([0, 1, 2, 0, 1, 2, 0, 1, 2, 1])
XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def regression() -> MLP:
    return MLP(3, [4, 2], "tanh", output="identity", rng=1)


def classifier(output: str = "softmax") -> MLP:
    return MLP(3, [4, 3], "tanh", output=output, rng=1)


def fit(mlp: MLP, *data: Any, **settings: Any) -> History:
    chosen: dict[str, Any] = {"loss": "mse", "optimizer": SGD(0.1), "epochs": 3, "progress": False, "rng": 0}
    return train(mlp, *(data or (X, Y)), **(chosen | ENGINE | settings))


ENGINE = {"engine": ""}


@pytest.fixture(autouse=True, params=["vectorized", "scalar"])
def both_engines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test with either engine."""
    monkeypatch.setitem(ENGINE, "engine", request.param)


# Batches --------------------------------------------------------------------------------------------------


def by_hand(mlp: MLP, batches: list[list[int]], eta: float) -> None:
    """Take one step of gradient descent for each batch, from the loss of the batch as one graph."""
    for rows in batches:
        mlp.zero_grad()
        loss = sum(mse(mlp.forward(X[i]).output, Y[i]) for i in rows) / len(rows)
        loss.backward()
        for p in mlp.parameters():
            p.data -= eta * p.grad


def test_a_loss_that_reads_the_network_is_validated_with_its_present_numbers() -> None:
    mlp = regression()

    def penalised(outputs: Any, target: Any) -> Value:
        return sse(outputs, target) + 0.1 * dot(mlp.parameters(), mlp.parameters())

    history = fit(mlp, loss=penalised, validation=(X, Y), engine="scalar")
    assert history.validation_loss[:-1] == pytest.approx(history.loss[1:])  # one batch: the loss before the next step


@pytest.mark.parametrize("size", [1, 4, 10, None])
def test_a_batch_counts_by_its_mean_and_the_last_by_its_own_size(size: int | None) -> None:
    ours, expected = regression(), regression()
    order, n = np.random.default_rng(5), len(X)
    for _ in range(2):
        rows = order.permutation(n).tolist()
        step = size or n
        by_hand(expected, [rows[i : i + step] for i in range(0, n, step)], 0.1)
    fit(ours, batch_size=size, epochs=2, rng=5)
    np.testing.assert_allclose(flat(ours), flat(expected), rtol=1e-11)


def test_the_gradient_of_a_batch_is_the_mean_of_single_gradients() -> None:
    singles = []
    for i in range(len(X)):
        mlp = regression()
        fit(mlp, X[i : i + 1], Y[i : i + 1], epochs=1)
        singles.append(np.subtract(flat(mlp), flat(regression())))
    mlp = regression()
    fit(mlp, epochs=1)
    np.testing.assert_allclose(np.subtract(flat(mlp), flat(regression())), np.mean(singles, axis=0), atol=1e-15)


def test_the_same_seed_gives_the_same_run() -> None:
    def run(rng: Any) -> list[float]:
        mlp = regression()
        fit(mlp, batch_size=3, rng=rng, optimizer=SGD(0.1))
        return flat(mlp)

    assert run(3) == run(3) == run(np.random.default_rng(3)) != run(4)


def test_two_runs_with_one_optimizer_are_one_long_run() -> None:
    long, short = regression(), regression()
    fit(long, optimizer=Adam(0.01), epochs=6, rng=np.random.default_rng(0))
    optimizer, rng = Adam(0.01), np.random.default_rng(0)
    for _ in range(2):
        fit(short, optimizer=optimizer, epochs=3, rng=rng)
    assert flat(long) == flat(short)


def test_expanded_and_fused_networks_follow_the_same_path() -> None:
    def run(expanded: bool) -> list[float]:
        mlp = MLP(3, [4, 2], "tanh", output="identity", rng=1, expanded=expanded)
        fit(mlp, batch_size=3)
        return flat(mlp)

    assert run(expanded=True) == run(expanded=False)


def test_layouts_of_the_targets() -> None:
    def run(y: Any) -> list[float]:
        mlp = MLP(3, [2, 1], rng=1)
        fit(mlp, X.tolist(), y, loss="sse")
        return flat(mlp)

    y = LABELS > 0
    assert run(y) == run(y.tolist()) == run(y.astype(float)[:, np.newaxis]) == run(y.astype(np.int8))


# Losses ---------------------------------------------------------------------------------------------------


def test_class_indices_and_one_hot_rows_are_the_same_targets() -> None:
    def run(y: Any, loss: str, output: str) -> list[float]:
        mlp = classifier(output)
        fit(mlp, X, y, loss=loss)
        return flat(mlp)

    one_hot = np.eye(3)[LABELS]
    expected = run(LABELS, "softmax_cross_entropy", "identity")
    assert run(one_hot, "softmax_cross_entropy", "identity") == expected
    assert run(LABELS.astype(float), "softmax_cross_entropy", "identity") == expected
    assert run(LABELS, "cross_entropy", "softmax") == expected  # computed from the net inputs
    assert run(one_hot, "cross_entropy", "softmax") == expected


def test_cross_entropy_after_softmax_survives_certainty() -> None:
    mlp = MLP.from_weights([np.array([[1000.0, -1000.0]])], output="softmax")
    assert mlp([1.0])[1].data == 0.0
    history = fit(mlp, [[1.0]], [1], loss="cross_entropy", epochs=1)
    assert history.loss == [2000.0]
    binary = MLP.from_weights([[[1000.0]]])
    assert fit(binary, [[1.0]], [0], loss="binary_cross_entropy", epochs=1).loss == [1000.0]


def test_a_loss_may_be_a_function() -> None:
    named, given, own = regression(), regression(), regression()
    fit(named, loss="sse")
    fit(given, loss=sse)
    fit(own, loss=lambda outputs, target: square(outputs[0] - target[0]) + square(outputs[1] - target[1]))
    assert flat(named) == flat(given)
    np.testing.assert_allclose(flat(own), flat(named), rtol=1e-12)
    softmax = classifier()
    expected = classifier()
    fit(softmax, X, LABELS, loss=cross_entropy)
    fit(expected, X, LABELS, loss="cross_entropy")
    assert flat(softmax) == flat(expected)


@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [
        ("sse", "sigmoid", XOR[1]),
        ("half_sse", "sigmoid", XOR[1]),
        ("mse", "sigmoid", XOR[1]),
        ("mae", "sigmoid", XOR[1]),
        ("huber", "sigmoid", XOR[1]),
        ("hinge", "identity", [-1, 1, 1, -1]),
        ("binary_cross_entropy", "sigmoid", XOR[1]),
        ("binary_cross_entropy_with_logits", "identity", XOR[1]),
    ],
)
def test_every_loss_of_one_output_learns_xor(loss: str, output: str, y: list[int]) -> None:
    mlp = MLP(2, [6, 1], "tanh", output=output, initializer="normal", rng=3)
    history = fit(mlp, XOR[0], y, loss=loss, optimizer=Adam(0.05), epochs=200, stopping=Threshold(0.02))
    assert history.accuracy[-1] == 1.0


@pytest.mark.parametrize("make", [lambda: SGD(0.5, momentum=0.9), lambda: RMSProp(0.02), lambda: Adam(0.05)])
@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "softmax"), ("softmax_cross_entropy", "identity")])
def test_every_loss_of_classes_learns_xor(loss: str, output: str, make: Any) -> None:
    mlp = MLP(2, [6, 2], "relu", output=output, initializer="he", rng=2)
    history = fit(mlp, *XOR, loss=loss, optimizer=make(), epochs=200)
    assert history.accuracy[-1] == 1.0


def test_identity_layers_cannot_learn_xor() -> None:
    mlp = MLP(2, [4, 1], "identity", rng=0)
    history = fit(mlp, *XOR, loss="mse", optimizer=SGD(0.2), epochs=300)
    assert history.loss[-1] == pytest.approx(0.25, rel=1e-6)


def test_a_sine_is_learnt() -> None:
    x = np.linspace(-3.0, 3.0, 25)[:, np.newaxis]
    mlp = MLP(1, [8, 1], "tanh", output="identity", initializer="normal", rng=2)
    optimizer = Adam(ExponentialDecay(0.1, factor=0.999))
    history = fit(mlp, x, np.sin(x), optimizer=optimizer, epochs=400, stopping=Threshold(2e-3))
    assert history.loss[-1] <= 2e-3


# History --------------------------------------------------------------------------------------------------


def test_the_history_has_one_entry_per_epoch() -> None:
    mlp = classifier()
    history = fit(mlp, X, LABELS, loss="cross_entropy", batch_size=4, epochs=5, validation=(X[:4], LABELS[:4]))
    lists = (history.loss, history.gradient_norms, history.accuracy, history.validation_loss)
    assert [len(entries) for entries in (*lists, history.validation_accuracy)] == [5] * 5
    assert history.stopped_by == "epochs"
    assert repr(history).startswith("History(5 epochs: loss ")
    predicted = mlp.predict(X)
    assert history.accuracy[-1] == np.mean(predicted.argmax(axis=1) == LABELS)
    losses = [cross_entropy(p, t) for p, t in zip(predicted[:4].tolist(), LABELS[:4].tolist(), strict=True)]
    assert history.validation_loss[-1] == pytest.approx(np.mean(losses), rel=1e-12)


def test_loss_and_gradient_norms_of_a_full_batch_are_those_before_the_step() -> None:
    mlp = regression()
    loss = sum(mse(mlp.forward(x).output, y) for x, y in zip(X, Y, strict=True)) / len(X)
    loss.backward()
    norms = [
        math.sqrt(np.square(w).sum() + np.square(b).sum())
        for w, b in zip(mlp.gradients(), mlp.bias_gradients(), strict=True)
    ]
    history = fit(mlp, epochs=1)
    assert history.loss == pytest.approx([loss.data])
    assert history.gradient_norms[0] == pytest.approx(norms)


def test_regression_has_no_accuracy() -> None:
    history = fit(regression(), validation=(X, Y))
    assert history.accuracy == history.validation_accuracy == []
    assert len(history.validation_loss) == 3


def test_accuracy_of_several_labels_at_once() -> None:
    mlp = MLP.from_weights([np.eye(2)], activation="sigmoid")
    inputs = [[3, -3], [3, 3], [-3, -3], [3, 3]]
    history = fit(mlp, inputs, [[1, 0], [1, 1], [0, 0], [0, 1]], loss="binary_cross_entropy", optimizer=SGD(1e-6))
    assert history.accuracy[-1] == 0.75


def test_training_leaves_no_gradients_behind() -> None:
    mlp = regression()
    fit(mlp)
    assert not any(p.grad for p in mlp.parameters())


# Stopping -------------------------------------------------------------------------------------------------


def test_stopping_at_a_validation_threshold() -> None:
    history = fit(regression(), epochs=200, validation=(X[:3], Y[:3]), stopping=Threshold(0.5))
    assert history.stopped_by.startswith("threshold: the loss is 0.4")
    assert history.validation_loss[-1] <= 0.5 < history.validation_loss[-2]


def test_stopping_when_patience_is_lost() -> None:
    worse = (X, -Y)  # what is learnt from Y makes this one worse and worse
    history = fit(regression(), epochs=200, validation=worse, stopping=[Threshold(-1.0), Patience(4)])
    best = int(np.argmin(history.validation_loss))
    assert len(history.loss) == best + 1 + 4
    assert history.stopped_by.startswith("patience: no better loss than")


def test_stopping_when_the_loss_has_converged() -> None:
    history = fit(MLP(3, [2], "identity", rng=0), epochs=2000, stopping=Convergence(1e-4, epochs=3))
    assert max(history.loss[-4:]) - min(history.loss[-4:]) <= 1e-4
    assert max(history.loss[-5:-1]) - min(history.loss[-5:-1]) > 1e-4
    assert history.stopped_by.startswith("convergence")


def test_any_function_of_the_history_is_a_rule() -> None:
    history = fit(regression(), stopping=lambda h: "enough" if len(h.loss) == 2 else None)
    assert (len(history.loss), history.stopped_by) == (2, "enough")


@pytest.mark.parametrize("rule", [Patience, lambda epochs: Convergence(epochs=epochs)])
def test_rules_refuse_less_than_one_epoch(rule: Any) -> None:
    with pytest.raises(ValueError, match="epochs is 0; it must be a whole number from 1 on"):
        rule(0)


# Interruption and divergence ------------------------------------------------------------------------------


def test_control_c_keeps_what_was_learnt_and_the_history() -> None:
    def rate(step: int) -> float:
        if step == 2 * len(X) + 3:  # in the third epoch, after three of its steps
            raise KeyboardInterrupt
        return 0.1

    mlp, expected = regression(), regression()
    history = fit(mlp, optimizer=SGD(rate), batch_size=1, epochs=50)
    assert (len(history.loss), len(history.gradient_norms), history.stopped_by) == (2, 2, "interrupt")
    order = np.random.default_rng(0)
    rows = np.concatenate([order.permutation(10), order.permutation(10), order.permutation(10)[:3]])
    by_hand(expected, rows[:, np.newaxis].tolist(), 0.1)
    np.testing.assert_allclose(flat(mlp), flat(expected), rtol=1e-11)


def test_divergence_is_named_and_leaves_finite_weights() -> None:
    mlp = MLP(3, [2], "identity", rng=0)
    with pytest.raises(FloatingPointError, match="a smaller learning rate or clip_norm may help"):
        fit(mlp, optimizer=SGD(1e6), epochs=200)
    assert np.isfinite(flat(mlp)).all()


def test_clipping_holds_a_wild_run_together() -> None:
    mlp = MLP(3, [2], "identity", rng=0)
    history = fit(mlp, 1e3 * X, Y, optimizer=SGD(1e-3, clip_norm=1.0), epochs=20)
    assert np.isfinite(history.loss).all()


# The bar --------------------------------------------------------------------------------------------------


def test_the_bar_shows_the_epochs_and_the_latest_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    fit(classifier(), X, LABELS, loss="cross_entropy", progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "3/3" in shown.err
    assert "loss " in shown.err
    assert "accuracy " in shown.err
    fit(classifier(), X, LABELS, loss="cross_entropy", progress=False)
    assert capsys.readouterr().err == ""


# Refusals -------------------------------------------------------------------------------------------------


def replaced(array: Any, place: Any, entry: Any) -> Any:
    changed = np.array(array, dtype=object)
    changed[place] = entry
    return changed.tolist()


BAD_DATA: list[tuple[Any, Any, dict[str, Any], str]] = [
    (X[:, :2], Y, {}, "X has 2 columns, but the network has 3 inputs"),
    (X[0], Y, {}, r"X has shape \(3,\); it must be a table"),
    (replaced(X, (3, 2), math.nan), Y, {}, r"X\[3, 2\] is nan \(row 3, column 2, counted from 0\)"),
    (replaced(X, (0, 1), math.inf), Y, {}, r"X\[0, 1\] is inf"),
    (replaced(X, (2, 1), "0.5"), Y, {}, r"X\[2, 1\] is '0.5', not a number"),
    (replaced(X, (2, 1), None), Y, {}, r"X\[2, 1\] is None, not a number"),
    (replaced(X, (2, 1), 1j), Y, {}, r"X\[2, 1\] is 1j, not a number"),
    (replaced(X, (2, 1), Value(1.0)), Y, {}, r"X\[2, 1\] is Value\(1.0.*not a number"),
    ("X", Y, {}, "X is 'X', not a number"),
    ([[1, 2, 3], [1, 2]], Y, {}, "X has rows of different lengths: row 0 has 3, row 1 has 2"),
    ([], [], {}, r"X has shape \(0,\)"),
    (np.empty((0, 3)), np.empty((0, 2)), {}, "X is empty"),
    (X, Y[:9], {}, r"y has shape \(9, 2\), but there are 10 examples"),
    (X, Y[:, 0], {}, r"y has shape \(10,\); mse with 2 outputs needs \(10, 2\)"),
    (X, replaced(Y, (4, 1), math.nan), {}, r"y\[4, 1\] is nan \(row 4, column 1"),
    (X, ["a"] * 10, {}, r"y\[0\] is 'a', not a number"),
    (X, Y, {"loss": "hinge"}, r"y\[0, 0\] is .*the two labels of hinge are -1 and 1"),
    (X, Y, {"loss": "binary_cross_entropy_with_logits"}, r"y\[\d, \d\] is .*needs targets from 0 to 1"),
    (X, LABELS + 1, {"loss": "softmax_cross_entropy"}, r"with 2 outputs a class index .* from 0 to 1"),
    (
        X,
        LABELS / 2,
        {"loss": "softmax_cross_entropy"},
        r"is 0.5; with 2 outputs a class index is a whole number",
    ),
    (
        X,
        LABELS[:, np.newaxis],
        {"loss": "softmax_cross_entropy"},
        r"shape \(10, 1\).*indices of shape \(10,\)",
    ),
    (
        X,
        np.ones((10, 2)),
        {"loss": "softmax_cross_entropy"},
        r"y\[0\] is \[1.0, 1.0\]; a one-hot row has one 1",
    ),
    (X, Y, {"loss": "cross_entropy"}, "the last layer is identity, but cross_entropy takes probabilities"),
    (X, Y, {"loss": "binary_cross_entropy"}, "the last layer is identity, but binary_cross_entropy takes"),
    (X, Y, {"validation": 0.2}, r"validation is 0.2; give a pair \(X, y\)"),
    (X, Y, {"stopping": "patience"}, "stopping is 'patience'; give a rule such as Patience"),
    (X, Y, {"stopping": [Patience(2), Patience]}, "stopping is <class .*; give a rule such as Patience"),
    (X, Y, {"loss": "squares"}, "loss is 'squares'; choose one of sse, half_sse"),
    (X, Y, {"engine": "numpy"}, "engine is 'numpy'; choose one of vectorized, scalar"),
    (X, Y, {"batch_size": 0}, "batch_size is 0; it must be a whole number from 1 to 10"),
    (X, Y, {"batch_size": 11}, "batch_size is 11"),
    (X, Y, {"batch_size": 2.0}, "batch_size is 2.0"),
    (X, Y, {"epochs": 0}, "epochs is 0; it must be a whole number from 1 on"),
    (X, Y, {"optimizer": 0.1}, "optimizer is 0.1; give one such as SGD"),
    (X, Y, {"validation": (X[:, :1], Y)}, "validation X has 1 columns"),
    (X, Y, {"validation": (X, replaced(Y, (1, 0), math.nan))}, r"validation y\[1, 0\] is nan"),
]


@pytest.mark.parametrize(("x", "y", "settings", "message"), BAD_DATA)
def test_bad_data_and_settings_are_refused_before_anything_changes(
    x: Any, y: Any, settings: dict[str, Any], message: str
) -> None:
    mlp = regression()
    sse(mlp.forward([1, 2, 3]).output, [1, 1]).backward()
    before = [(p.data, p.grad) for p in mlp.parameters()]
    with pytest.raises(ValueError, match=message):
        fit(mlp, x, y, **settings)
    assert [(p.data, p.grad) for p in mlp.parameters()] == before


def test_cross_entropy_is_of_probabilities_that_add_up_to_one() -> None:
    with pytest.raises(ValueError, match=r"sigmoid, but cross_entropy takes .* add up to 1"):
        fit(classifier("sigmoid"), X, LABELS, loss="cross_entropy")


@pytest.mark.parametrize(
    ("output", "y", "message"),
    [
        ("sigmoid", [[2.0, 0.5, 0.5]] * 10, "y reaches 2, but the last layer is sigmoid and ends at 1"),
        ("tanh", [[0.5, -3.0, 0.5]] * 10, "y reaches -3, but the last layer is tanh and ends at -1"),
        ("relu", [[0.5, -3.0, 0.5]] * 10, "y reaches -3, but the last layer is relu and ends at 0"),
        ("softsign", [[0.5, 1.5, 0.5]] * 10, "y reaches 1.5, but the last layer is softsign and ends at 1"),
        ("gelu", [[0.5, -0.2, 0.5]] * 10, "y reaches -0.2, but the last layer is gelu and ends at -0.169971"),
    ],
)
def test_a_target_that_the_last_layer_cannot_reach_is_warned_of(output: str, y: Any, message: str) -> None:
    with pytest.warns(UserWarning, match=message):
        fit(classifier(output), X, y, loss="mse")


def test_outputs_with_different_activations_are_each_asked_what_they_reach() -> None:
    mlp = MLP(3, [4, 3], "tanh", output=["sigmoid", "identity", "tanh"], rng=1)
    within = np.column_stack([X[:, 0] > 0.0, 9.0 * X[:, 1], np.tanh(X[:, 2])])
    history = fit(mlp, X, within, validation=(X, within))
    assert history.loss[-1] < history.loss[0]
    with pytest.warns(UserWarning, match="y reaches -3 in column 2, but the output there is tanh and ends at -1"):
        fit(mlp, X, [[0.5, 9.0, -3.0]] * 10)


@pytest.mark.parametrize(
    ("loss", "output", "message"),
    [
        ("softmax_cross_entropy", "softmax", "is softmax, but softmax_cross_entropy takes net inputs"),
        ("binary_cross_entropy_with_logits", "sigmoid", "is sigmoid, but .* takes net inputs"),
    ],
)
def test_a_squashed_output_is_no_net_input(loss: str, output: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(classifier(output), X, LABELS, loss=loss)


def test_an_optimizer_of_another_network_is_refused() -> None:
    optimizer = Adam()
    fit(classifier(), X, LABELS, loss="cross_entropy", optimizer=optimizer)
    mlp = MLP(3, [2], activation="identity", rng=0)
    before = flat(mlp)
    with pytest.raises(ValueError, match="new optimizer for each network"):
        fit(mlp, optimizer=optimizer)
    assert flat(mlp) == before


# The handout's step ---------------------------------------------------------------------------------------


def test_handout_step_of_any_depth_by_hand() -> None:
    """Layer by layer from the output: move the weights, then take the deltas before them with these."""
    mlp, x, target, eta = MLP(2, [3, 2, 2], "tanh", rng=0), [0.5, -1.0], [1.0, 0.0], 0.1
    W, b = [w.copy() for w in mlp.weights()], [c.copy() for c in mlp.biases()]
    a = [np.array(x)]
    for w, c in zip(W, b, strict=True):
        a.append(np.tanh(a[-1] @ w + c))
    blame = 2.0 * (np.array(target) - a[-1])
    deltas: list[Any] = []
    for layer in (2, 1, 0):
        delta = blame * (1.0 - a[layer + 1] ** 2)
        W[layer] += eta * np.outer(a[layer], delta)
        b[layer] += eta * delta
        blame = W[layer] @ delta
        deltas.insert(0, delta)
    step = handout_step(mlp, x, target, eta)
    for layer in range(3):
        np.testing.assert_allclose(step.deltas[layer], deltas[layer], rtol=1e-12)
        np.testing.assert_allclose(mlp.weights()[layer], W[layer], rtol=1e-12)
        np.testing.assert_allclose(mlp.biases()[layer], b[layer], rtol=1e-12)
        np.testing.assert_allclose(step.bias_changes[layer], eta * deltas[layer], rtol=1e-12)


def test_handout_step_without_a_hidden_layer_is_gradient_descent() -> None:
    ours, expected = MLP(3, [2], "identity", rng=0), MLP(3, [2], "identity", rng=0)
    handout_step(ours, X[0], Y[0], 0.1)
    fit(expected, X[:1], Y[:1], loss="sse", epochs=1)
    np.testing.assert_allclose(flat(ours), flat(expected), rtol=1e-13)


@pytest.mark.parametrize(
    ("mlp", "x", "target", "eta", "message"),
    [
        (classifier(), [1, 2, 3], [1, 0, 0], 0.1, "handout_step does not support softmax"),
        (regression(), [1, 2], [1, 0], 0.1, "3 inputs are needed"),
        (regression(), [1, 2, math.nan], [1, 0], 0.1, r"x\[2\] is nan"),
        (regression(), [1, 2, 3], 1, 0.1, r"target has shape \(1,\); it must be a flat list of 2 numbers"),
        (regression(), [1, 2, 3], [1, 0], math.inf, "learning_rate is inf"),
        (regression(), [1, 2, 3], [1, 0], [0.1, 0.2], r"learning_rate is \[0.1, 0.2\]; it must be a positive number"),
    ],
)
def test_handout_step_refuses_before_anything_changes(mlp: MLP, x: Any, target: Any, eta: float, message: str) -> None:
    before = flat(mlp)
    with pytest.raises(ValueError, match=message):
        handout_step(mlp, x, target, eta)
    assert flat(mlp) == before


def test_the_change_of_a_weight_does_not_depend_on_its_size() -> None:
    """Document 000 says that large weights change more; what counts is the sender's activation."""
    x, small = [1.0, 2.0], MLP.from_weights([[[0.1], [0.2]]], activation="identity")
    large = MLP.from_weights([[[10.1], [-4.8]]], activation="identity")  # the same output, 0.5
    assert dot([0.1, 0.2], x) == pytest.approx(dot([10.1, -4.8], x))
    steps = [handout_step(mlp, x, 1.0, 0.1).weight_changes[0] for mlp in (small, large)]
    np.testing.assert_allclose(steps[0], steps[1], rtol=1e-13)
