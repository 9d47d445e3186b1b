"""Histories that are continued, and the one rule by which a run, a validation set and a score count what is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, SGD, Adam, Convergence, History, Patience, Threshold, load, save, train

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 3))
CLASSES = RNG.integers(0, 3, 40)
LABELS = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0]).astype(float)


def network(output: str = "softmax") -> MLP:
    return MLP(3, [5, 3], "tanh", output=output, rng=1)


def fit(mlp: MLP, y: Any = CLASSES, **settings: Any) -> History:
    chosen: dict[str, Any] = {"loss": "cross_entropy", "optimizer": SGD(0.1), "epochs": 3, "progress": False, "rng": 0}
    return train(mlp, X, y, **(chosen | settings))


VALIDATION = (X[:10], CLASSES[:10])


# Continued ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("validated", [(False, True), (True, False), (True, False, True), (False, True, False)])
def test_a_continued_history_has_a_row_for_every_epoch(validated: tuple[bool, ...], tmp_path: Path) -> None:
    mlp, history = network(), None
    for is_validated in validated:
        history = fit(mlp, history=history, validation=VALIDATION if is_validated else None)
    assert history is not None
    for name in ("validation_loss", "validation_accuracy"):
        assert [x is not None for x in getattr(history, name)] == np.repeat(validated, 3).tolist()
    assert len(history.loss) == len(history.accuracy) == len(history.seconds) == 3 * len(validated)
    assert None not in history.accuracy
    assert ("validation" in history.summary()) == validated[-1]
    save(mlp, tmp_path / "run", history=history)
    assert load(tmp_path / "run").history == history


def test_a_history_without_gaps_is_the_same_in_one_run_or_two(tmp_path: Path) -> None:
    whole = fit(network(), epochs=6, rng=np.random.default_rng(0), validation=VALIDATION)
    mlp, rng = network(), np.random.default_rng(0)
    history = fit(mlp, rng=rng, validation=VALIDATION)
    fit(mlp, rng=rng, validation=VALIDATION, history=history)
    assert (history.loss, history.validation_loss) == (whole.loss, whole.validation_loss)


def test_a_checkpoint_of_a_continued_run_goes_on(tmp_path: Path) -> None:
    path, mlp = tmp_path / "run", network()
    fit(mlp, checkpoint=path, rng=np.random.default_rng(0))
    run = load(path)
    fit(run.mlp, optimizer=run.optimizer, rng=run.rng, history=run.history, checkpoint=path, validation=VALIDATION)
    history = load(path).history
    assert history is not None
    assert history.validation_loss[:3] == [None] * 3
    assert all(history.validation_loss[3:])


def test_infinity_is_no_gap_in_a_file(tmp_path: Path) -> None:
    history = History(loss=[1.0, 1.0], validation_loss=[float("inf"), None])
    with pytest.raises(ValueError, match=r"history.validation_loss\[0\] is inf"):
        save(network(), tmp_path / "run", history=history)


@pytest.mark.parametrize(
    "history",
    [
        History(loss=[1.0]),
        History(loss=[1.0], gradient_norms=[[1.0]], seconds=[1.0], validation_loss=[1.0, 2.0]),
        History(loss=[1.0, 1.0], gradient_norms=[[1.0]] * 2, seconds=[1.0] * 2, accuracy=[1.0]),
    ],
)
def test_a_history_with_rows_missing_is_not_continued(history: History) -> None:
    mlp = network()
    before = [p.data for p in mlp.parameters()]
    with pytest.raises(ValueError, match="one for each epoch"):
        fit(mlp, history=history)
    assert [p.data for p in mlp.parameters()] == before


# Rules watch what is measured -----------------------------------------------------------------------------------------


def test_rules_watch_the_training_loss_where_the_run_has_no_validation() -> None:
    history = History(loss=[0.5, 0.4, 0.3], validation_loss=[0.1, None, None])
    assert history.watched == [0.5, 0.4, 0.3]
    assert Threshold(0.2)(history) is Patience(2)(history) is None
    assert Threshold(0.3)(history) == "threshold: the loss is 0.3"


def test_rules_watch_the_validation_loss_where_the_run_has_one() -> None:
    history = History(loss=[0.1, 0.2, 0.3, 0.4], validation_loss=[None, None, 0.9, 0.8])
    assert history.watched == [0.9, 0.8]
    assert Patience(2)(history) is Convergence(1.0, epochs=2)(history) is None
    assert Threshold(0.8)(history) == "threshold: the loss is 0.8"


def test_patience_is_lost_in_a_continued_run_by_its_own_losses() -> None:
    mlp, worse = network("identity"), (X, -LABELS)  # what is learnt makes this one worse and worse
    optimizer = SGD(0.05)
    history = fit(mlp, LABELS, loss="mse", optimizer=optimizer)
    fit(
        mlp, LABELS, loss="mse", optimizer=optimizer, epochs=50, history=history, validation=worse, stopping=Patience(4)
    )
    assert len(history.loss) == 3 + 1 + 4
    assert history.stopped_by.startswith("patience")


@pytest.mark.parametrize("rule", [Threshold(0.1), Patience(2), Convergence()])
def test_a_rule_with_nothing_to_watch_says_so(rule: Any) -> None:
    with pytest.raises(ValueError, match="no epoch, so there is no loss to watch"):
        rule(History())


# What is right --------------------------------------------------------------------------------------------------------


def test_labels_of_their_own_count_alike_whatever_rows_happen_to_be_there() -> None:
    """All labels of an example are to be right, also where each of the validation rows holds one 1."""
    mlp, single = network("sigmoid"), LABELS.sum(axis=1) == 1.0
    history = fit(mlp, LABELS, loss="binary_cross_entropy", epochs=8, validation=(X[single], LABELS[single]))
    right = ((mlp.predict(X) > 0.5) == (LABELS > 0.5)).all(axis=1)
    assert history.accuracy[-1] == right.mean() == mlp.score(X, LABELS)
    assert history.validation_accuracy[-1] == right[single].mean() == mlp.score(X[single], LABELS[single])
    assert right[single].mean() < (mlp.predict(X)[single].argmax(axis=1) == LABELS[single].argmax(axis=1)).mean()


RUNS: list[tuple[str, str, Any]] = [
    ("cross_entropy", "softmax", CLASSES),
    ("cross_entropy", "softmax", np.eye(3)[CLASSES]),
    ("mse", "softmax", np.eye(3)[CLASSES]),
    ("softmax_cross_entropy", "identity", CLASSES),
    ("softmax_cross_entropy", "identity", np.eye(3)[CLASSES]),
    ("binary_cross_entropy", "sigmoid", LABELS),
    ("binary_cross_entropy_with_logits", "identity", LABELS),
    ("mse", "sigmoid", LABELS),
    ("hinge", "identity", 2.0 * LABELS - 1.0),
]


@pytest.mark.parametrize(("loss", "output", "y"), RUNS)
@pytest.mark.parametrize("rows", [slice(0, 7), slice(7, 8), slice(0, 40)])
def test_accuracy_validation_accuracy_and_score_are_one(loss: str, output: str, y: Any, rows: slice) -> None:
    mlp = network(output)
    history = fit(mlp, y, loss=loss, validation=(X[rows], y[rows]))
    assert history.accuracy[-1] == mlp.score(X, y, loss=loss)
    assert history.validation_accuracy[-1] == mlp.score(X[rows], y[rows], loss=loss)
    shares = [mlp.score(X[i : i + 1], y[i : i + 1], loss=loss) for i in range(40)]  # 1 or 0 for each
    assert history.accuracy[-1] == pytest.approx(np.mean(shares), rel=1e-12)


@pytest.mark.parametrize(("loss", "output"), [("mse", "identity"), ("mae", "tanh"), ("huber", "relu")])
def test_numbers_that_happen_to_be_0_and_1_are_no_classes_to_a_regression(loss: str, output: str) -> None:
    mlp = network(output)
    history = fit(mlp, LABELS, loss=loss, validation=(X, LABELS))
    assert history.accuracy == history.validation_accuracy == []
    assert mlp.score(X, LABELS) == mlp.score(X, LABELS, loss=loss) < 1.0


def test_a_run_has_an_accuracy_for_all_its_rows_or_for_none() -> None:
    shares = LABELS.copy()
    shares[0, 0] = 0.5
    for y, held_out in ((shares, LABELS), (LABELS, shares)):
        history = fit(network("sigmoid"), y, loss="binary_cross_entropy", validation=(X, held_out))
        assert history.accuracy == history.validation_accuracy == []


def test_a_score_for_a_loss_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="the last layer is softmax, but softmax_cross_entropy takes net inputs"):
        network().score(X, CLASSES, loss="softmax_cross_entropy")


def test_adam_goes_on_in_a_continued_history() -> None:
    mlp, optimizer = network(), Adam(0.01)
    history = fit(mlp, optimizer=optimizer)
    assert fit(mlp, optimizer=optimizer, history=history) is history
    assert optimizer.steps == len(history.loss) == 6
