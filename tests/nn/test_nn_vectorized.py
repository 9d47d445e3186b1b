"""The vectorised engine: the scalar engine's path, loss by loss, and what it does with a loss that it cannot follow."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from autograd import TABLE, Value, exp, square
from autograd import sum as add
from autograd.operations import BUILT_IN
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    ExponentialDecay,
    History,
    RMSProp,
    Threshold,
    half_sse,
    train,
)
from nn.objective import Objective
from nn.training.engines import VectorizedEngine
from nn.validation import CLASS_LOSSES

RNG = np.random.default_rng(7)
X = RNG.normal(size=(11, 3))
REAL = np.column_stack([np.sin(X[:, 0]), X.sum(axis=1), X[:, 0] * X[:, 2]])
CLASSES = RNG.integers(0, 3, 11)
SIGNS = np.where(REAL > 0.0, 1.0, -1.0)
SHARES = RNG.random((11, 3))


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def fit(mlp: MLP, y: Any = REAL, x: Any = X, **settings: Any) -> History:
    chosen: dict[str, Any] = {"loss": "mse", "optimizer": SGD(0.1), "epochs": 3, "progress": False, "rng": 0}
    return train(mlp, x, y, **(chosen | settings))


def own_loss(outputs: list[Value], target: list[float]) -> Any:
    return add([exp(square(p - t)) for p, t in zip(outputs, target, strict=True)])


# The same path --------------------------------------------------------------------------------------------------------

LOSSES: list[tuple[Any, str, Any]] = [
    ("sse", "identity", REAL),
    ("half_sse", "tanh", np.tanh(REAL)),
    ("mse", "sigmoid", SHARES),
    ("mae", "identity", REAL),
    ("huber", "identity", REAL),
    ("hinge", "identity", SIGNS),
    ("binary_cross_entropy", "sigmoid", SHARES),
    ("binary_cross_entropy", "sigmoid", SHARES > 0.5),
    ("binary_cross_entropy", "softmax", SHARES),
    ("binary_cross_entropy_with_logits", "identity", SHARES),
    ("cross_entropy", "softmax", CLASSES),
    ("softmax_cross_entropy", "identity", np.eye(3)[CLASSES]),
    (own_loss, "tanh", REAL),
]
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda: SGD(0.05),
    "nesterov": lambda: SGD(0.02, momentum=0.9, nesterov=True, weight_decay=0.01, clip_norm=1.0),
    "rmsprop": lambda: RMSProp(0.01, clip_value=0.5),
    "adam": lambda: Adam(ExponentialDecay(0.02, factor=0.99)),
    "adamw": lambda: AdamW(0.02, weight_decay=0.1),
}
NETWORKS: dict[str, Any] = {
    "relu": lambda output: MLP(3, [5, 3], "relu", output=output, initializer="he", rng=1),
    "deep": lambda output: MLP(3, [4, 2, 4, 3], ["tanh", "gelu", "softplus"], output=output, rng=2),
    "mixed": lambda output: MLP(3, [3, 3], [["relu", "identity", "elu"]], output=output, rng=3),
    "no bias": lambda output: MLP(3, [4, 3], "leaky_relu", output=output, bias=False, rng=4),
    "one layer": lambda output: MLP(3, [3], output, rng=5),
}


def assert_one_path(make: Any, y: Any, optimizer: Any, **settings: Any) -> None:
    """Train with each engine, from the same start and in the same order, and compare all that there is."""
    ends, histories = [], []
    for engine in ("scalar", "vectorized"):
        mlp = make()
        validation = (X[:5], y[:5])
        histories.append(fit(mlp, y, optimizer=optimizer(), engine=engine, validation=validation, **settings))
        ends.append(flat(mlp))
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-9, atol=1e-11)
    for numbers in ("loss", "gradient_norms", "accuracy", "validation_loss", "validation_accuracy"):
        scalar, vectorized = (getattr(history, numbers) for history in histories)
        np.testing.assert_allclose(vectorized, scalar, rtol=1e-9, atol=1e-11)
        assert len(scalar) in (0, len(histories[0].loss))


@pytest.mark.parametrize("size", [1, 4, 11])
@pytest.mark.parametrize(("loss", "output", "y"), LOSSES)
def test_both_engines_take_one_path_whatever_the_loss(loss: Any, output: str, y: Any, size: int) -> None:
    assert_one_path(lambda: NETWORKS["relu"](output), y, OPTIMIZERS["sgd"], loss=loss, batch_size=size)


@pytest.mark.parametrize("size", [1, 3, None])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_both_engines_take_one_path_whatever_the_optimizer(optimizer: str, size: int | None) -> None:
    assert_one_path(
        lambda: NETWORKS["relu"]("softmax"), CLASSES, OPTIMIZERS[optimizer], loss="cross_entropy", batch_size=size
    )


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(("loss", "output", "y"), [("mse", "identity", REAL), ("cross_entropy", "softmax", CLASSES)])
def test_both_engines_take_one_path_whatever_the_network(network: str, loss: str, output: str, y: Any) -> None:
    assert_one_path(lambda: NETWORKS[network](output), y, OPTIMIZERS["adam"], loss=loss, batch_size=5)


def test_expanded_networks_take_the_same_path() -> None:
    ends = []
    for expanded in (False, True):
        mlp = MLP(3, [4, 3], "tanh", output="identity", expanded=expanded, rng=1)
        fit(mlp, batch_size=4)
        ends.append(flat(mlp))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-11)


def test_engines_take_turns() -> None:
    alone, turns = NETWORKS["relu"]("identity"), NETWORKS["relu"]("identity")
    fit(alone, optimizer=Adam(0.01), epochs=4, rng=np.random.default_rng(0), engine="scalar")
    optimizer, rng = Adam(0.01), np.random.default_rng(0)
    history = None
    for engine in ("vectorized", "scalar", "vectorized", "scalar"):
        history = fit(turns, optimizer=optimizer, epochs=1, rng=rng, engine=engine, history=history)
    np.testing.assert_allclose(flat(turns), flat(alone), rtol=1e-9)
    assert history is not None
    assert len(history.loss) == len(history.seconds) == 4


def test_the_data_are_the_callers_and_stay_as_they_are() -> None:
    x, y = X.copy(), REAL.copy()
    fit(NETWORKS["relu"]("identity"), y, x, batch_size=2)
    assert (x == X).all()
    assert (y == REAL).all()


def test_one_example_is_a_batch() -> None:
    mlp = NETWORKS["relu"]("softmax")
    history = fit(mlp, [2], X[:1], loss="cross_entropy", epochs=20, validation=(X[:1], [2]))
    assert history.validation_loss[-1] < history.loss[-1] < history.loss[0]


# Precision ------------------------------------------------------------------------------------------------------------


def test_float32_is_near_and_every_parameter_is_one() -> None:
    double, single = NETWORKS["relu"]("softmax"), NETWORKS["relu"]("softmax")
    optimizer = Adam(0.01)
    settings: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 4, "validation": (X, CLASSES)}
    fit(double, CLASSES, optimizer=Adam(0.01), **settings)
    history = fit(single, CLASSES, optimizer=optimizer, dtype=np.float32, **settings)
    assert np.float32(flat(single)).astype(float).tolist() == flat(single) != flat(double)
    np.testing.assert_allclose(flat(single), flat(double), rtol=1e-3, atol=1e-4)
    assert {array.dtype.name for array in optimizer.state.values()} == {"float32"}
    assert {type(entry) for entry in history.loss + history.gradient_norms[0]} == {float}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dtype": np.int64}, "dtype is int64; choose float64 or float32"),
        ({"dtype": np.float32, "engine": "scalar"}, "dtype is float32, but the scalar engine"),
        ({"dtype": np.float32, "x": 1e60 * X}, "too large for float32; scale them"),
    ],
)
def test_a_precision_that_does_not_fit_is_refused(settings: dict[str, Any], message: str) -> None:
    mlp = NETWORKS["relu"]("identity")
    before = flat(mlp)
    with pytest.raises(ValueError, match=message):
        fit(mlp, **settings)
    assert flat(mlp) == before


# Losses of one's own --------------------------------------------------------------------------------------------------


def branching_on_the_target(outputs: list[Value], target: list[Any]) -> Any:
    return add([square(p - t) if t > 0 else abs(p - t) for p, t in zip(outputs, target, strict=True)])


def branching_on_the_prediction(outputs: list[Value], target: list[Any]) -> Any:
    return add([square(p - t) if p > t else abs(p - t) for p, t in zip(outputs, target, strict=True)])


def taking_a_number_out(outputs: list[Value], target: list[Any]) -> Any:
    weight = getattr(target[0], "data", target[0])
    return add([weight * square(p - t) for p, t in zip(outputs, target, strict=True)])


@pytest.mark.parametrize("loss", [branching_on_the_target, branching_on_the_prediction, taking_a_number_out])
def test_a_loss_that_is_not_one_formula_is_found_out_before_a_weight_moves(loss: Any) -> None:
    mlp = NETWORKS["relu"]("identity")
    before = flat(mlp)
    with pytest.raises(ValueError, match=r"computes something else for example .*engine='scalar' takes any loss"):
        fit(mlp, loss=loss)
    assert flat(mlp) == before
    assert len(fit(mlp, loss=loss, engine="scalar", validation=(X, REAL)).validation_loss) == 3


def test_a_branch_that_is_reached_only_by_learning_is_found_out_in_the_end() -> None:
    def loss(outputs: list[Value], target: list[Any]) -> Any:
        e = outputs[0] - target[0]
        return square(e) if abs(e) < 1 else 2 * abs(e) - 1  # huber's loss, by hand

    mlp = MLP.from_weights([[[0.0]]], [[0.0]], "identity")
    with pytest.raises(ValueError, match="computes something else"):
        fit(mlp, [[9.0], [8.0]], [[1.0], [2.0]], loss=loss, optimizer=SGD(0.5), epochs=20)
    assert mlp.biases()[0] > 3.0  # it keeps what it has learnt


def test_a_number_cannot_be_taken_out_by_int() -> None:
    def loss(outputs: list[Value], target: list[Any]) -> Any:
        return -outputs[int(target[0])].log()

    y = np.column_stack([CLASSES, CLASSES, CLASSES])
    with pytest.raises(ValueError, match="engine='scalar' takes any loss"):
        fit(NETWORKS["relu"]("softmax"), y, loss=loss)
    assert fit(NETWORKS["relu"]("softmax"), y, loss=loss, engine="scalar").loss


@pytest.mark.parametrize("engine", ["vectorized", "scalar"])
def test_a_loss_is_one_value(engine: str) -> None:
    for wrong in (0.5, None, [Value(1.0)]):
        with pytest.raises(ValueError, match=r"the loss of the first example is .*; it must be a Value"):
            fit(NETWORKS["relu"]("identity"), loss=lambda outputs, target, wrong=wrong: wrong, engine=engine)


def test_a_loss_of_the_library_given_as_a_function_is_not_compared() -> None:
    ends = []
    for loss in ("half_sse", half_sse):
        mlp = NETWORKS["relu"]("identity")
        fit(mlp, loss=loss)
        ends.append(flat(mlp))
    assert ends[0] == ends[1]


def test_an_impossible_example_is_named() -> None:
    def loss(outputs: list[Value], target: list[Any]) -> Any:
        return -add([p.log() * t for p, t in zip(outputs, target, strict=True)])

    mlp = MLP.from_weights([np.eye(3)], activation="relu")
    x = np.ones((4, 3))
    x[2] = [1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="log"):
        fit(mlp, np.ones((4, 3)), x, loss=loss)


# Speed ----------------------------------------------------------------------------------------------------------------


# What is computed element by element, itself or its derivative, makes a number of Python's of each; logit has two
# forms; and the rules of the normal distribution and of sech² have more terms than fit into the array of the result.
LARGER = {
    "sinc", "lgamma", "digamma", "erfinv", "erfinv_slope", "log_normal_cdf", "inverse_mills", "branch_taken", "logit",
    "inverse_mills_slope", "erf", "erfc", "normal_cdf", "gelu", "sech_squared",
}  # fmt: skip
ACTIVATIONS = sorted(name for name in BUILT_IN - LARGER if TABLE[name].arity == 1 or name == "leaky_relu")


@pytest.mark.parametrize(
    ("activation", "optimizer", "loss", "output"),
    [
        *[("sigmoid", name, "softmax_cross_entropy", "identity") for name in OPTIMIZERS],
        *[(name, "sgd", "softmax_cross_entropy", "identity") for name in ACTIVATIONS],
        *[("sigmoid", "sgd", *case) for case in dict.fromkeys((loss, output) for loss, output, _ in LOSSES)],
    ],
)
def test_a_training_step_allocates_nothing(activation: str, optimizer: str, loss: Any, output: str) -> None:
    W = [RNG.random((100, 50)) / 100.0, RNG.random((50, 10)) / 10.0]  # for net inputs between 0 and 1
    b = [np.full(50, 1.0 if activation == "acosh" else 0.0), np.zeros(10)]
    mlp, rule = MLP.from_weights(W, b, activation, output=output), OPTIMIZERS[optimizer]()
    x, classes = RNG.random((640, 100)), RNG.integers(10, size=640)
    y = classes if loss in CLASS_LOSSES else np.eye(10)[classes] * 2.0 - 1.0 if loss == "hinge" else np.eye(10)[classes]
    engine = VectorizedEngine(mlp, Objective.of(mlp, loss), x, y, 320, np.float64)
    batches = [np.arange(320), np.arange(320, 640), np.arange(7)]
    for traced in (False, True):  # the first round makes the buffers
        if traced:
            tracemalloc.start()
        for rows in batches:
            _, gradient = engine.step(rows)
            rule.step(engine.parameters, gradient)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4000  # some views and numbers, whatever the size of the batch; a layer has 128,000


def test_values_are_written_only_when_an_epoch_ends() -> None:
    mlp, seen = NETWORKS["relu"]("identity"), []

    def rate(step: int) -> float:
        seen.append(flat(mlp))
        return 0.1

    fit(mlp, optimizer=SGD(rate), batch_size=4, epochs=2)
    assert seen[0] == seen[1] == seen[2] != seen[3] == seen[4] == seen[5] != flat(mlp)


# Predictions ----------------------------------------------------------------------------------------------------------


def test_probabilities_of_classes() -> None:
    softmax, binary = NETWORKS["relu"]("softmax"), MLP(3, [1], rng=0)
    np.testing.assert_array_equal(softmax.predict_proba(X), softmax.predict(X))
    p = binary.predict(X)
    np.testing.assert_array_equal(binary.predict_proba(X), np.hstack([1.0 - p, p]))
    np.testing.assert_allclose(softmax.predict_proba(X).sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize("mlp", [NETWORKS["relu"]("identity"), NETWORKS["relu"]("sigmoid"), NETWORKS["mixed"]("tanh")])
def test_not_every_output_is_a_probability(mlp: MLP) -> None:
    with pytest.raises(ValueError, match="class probabilities need softmax, or one sigmoid output"):
        mlp.predict_proba(X)


def test_the_score_is_accuracy_for_classes_and_else_r_squared() -> None:
    from sklearn.metrics import accuracy_score, r2_score

    softmax, binary, several, linear = (
        NETWORKS["relu"]("softmax"),
        MLP(3, [1], rng=0),
        NETWORKS["relu"]("sigmoid"),
        NETWORKS["relu"]("identity"),
    )
    chosen = softmax.predict(X).argmax(axis=1)
    assert softmax.score(X, CLASSES) == softmax.score(X, np.eye(3)[CLASSES]) == accuracy_score(CLASSES, chosen)
    label = CLASSES > 0
    assert binary.score(X, label) == accuracy_score(label, binary.predict(X)[:, 0] > 0.5)
    assert several.score(X, SHARES > 0.5) == accuracy_score(SHARES > 0.5, several.predict(X) > 0.5)
    assert linear.score(X, CLASSES) == accuracy_score(CLASSES, linear.predict(X).argmax(axis=1))
    assert linear.score(X, REAL) == pytest.approx(r2_score(REAL, linear.predict(X)))
    assert several.score(X, SHARES) == pytest.approx(r2_score(SHARES, several.predict(X)))
    constant = np.hstack([REAL[:, :2], np.ones((11, 1))])
    assert linear.score(X, constant) == pytest.approx(r2_score(constant, linear.predict(X)))
    assert binary.score(X, binary.predict(X)) == 1.0


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (CLASSES + 1, "a class index is a whole number from 0 to 2"),
        (CLASSES[:4], r"y has shape \(4,\), but there are 11 examples"),
        ([[1.0], [2.0, 3.0]], "y has rows of different lengths"),
    ],
)
def test_the_score_of_bad_targets_is_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NETWORKS["relu"]("softmax").score(X, y)


def test_training_ends_where_the_score_begins() -> None:
    mlp = MLP(3, [8, 3], "tanh", output="softmax", rng=0)
    history = fit(mlp, CLASSES, loss="cross_entropy", optimizer=Adam(0.05), epochs=300, stopping=Threshold(0.05))
    assert history.stopped_by.startswith("threshold")
    assert mlp.score(X, CLASSES) == history.accuracy[-1] == 1.0


@pytest.mark.parametrize("sizes", [[3, 4, 2], [3, 2], [300, 20, 2]])
def test_many_examples_are_predicted_as_one_by_one(sizes: list[int]) -> None:
    mlp, X = MLP(sizes[0], sizes[1:], "tanh", rng=0), RNG.normal(size=(1000, sizes[0]))
    rows = [0, 127, 128, 500, 999]
    np.testing.assert_allclose(mlp.predict(X)[rows], np.vstack([mlp.predict(X[[k]]) for k in rows]), rtol=1e-12)
