"""Networks of scikit-learn come over with every kind of output, and go back as fitted estimators."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from nn import MLP
from nn import MLPRegressor as OwnRegressor

sklearn = pytest.importorskip("sklearn", reason='scikit-learn: pip install "handgrad[examples]"')
from sklearn.base import clone  # noqa: E402
from sklearn.compose import TransformedTargetRegressor  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

X = np.random.default_rng(0).normal(size=(40, 3))
COUNTS, WORDS = (X[:, 0] > 0.0).astype(int) + (X[:, 1] > 0.0), np.array(["no", "yes"])[(X[:, 0] > 0.0).astype(int)]
TARGETS: dict[str, tuple[Any, Any, str]] = {  # the class, its targets, the last layer here
    "binary": (MLPClassifier, WORDS, "1 sigmoid"),
    "classes": (MLPClassifier, COUNTS, "3 softmax"),
    "labels": (MLPClassifier, (X[:, :2] > 0.0).astype(int), "2 sigmoid"),
    "regression": (MLPRegressor, X[:, 0] ** 2, "1 identity"),
    "outputs": (MLPRegressor, X[:, :2], "2 identity"),
}
SETTINGS = {"max_iter": 3, "random_state": 0, "hidden_layer_sizes": (5, 4)}
OF_POISSON = pytest.mark.skipif("loss" not in MLPRegressor().get_params(), reason="scikit-learn before 1.7")
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def outputs(estimator: Any, rows: Any) -> Any:
    """Return what the network of an estimator puts out, (n, outputs)."""
    if isinstance(estimator, MLPClassifier):
        shares = estimator.predict_proba(rows)
        return shares[:, 1:] if estimator.out_activation_ == "logistic" and estimator.n_outputs_ == 1 else shares
    return estimator.predict(rows).reshape(len(rows), -1)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("what", TARGETS)
def test_a_fitted_network_comes_over_and_goes_back(what: str, activation: str) -> None:
    kind, y, last = TARGETS[what]
    fitted = kind(activation=activation, **SETTINGS).fit(X, y)
    mlp = MLP.from_sklearn(fitted)
    assert f" → {last}," in repr(mlp)
    np.testing.assert_allclose(mlp.predict(X), outputs(fitted, X), rtol=1e-12, atol=1e-15)
    back = mlp.to_sklearn()
    assert all(
        (a == b).all() for a, b in zip(back.coefs_ + back.intercepts_, fitted.coefs_ + fitted.intercepts_, strict=True)
    )
    assert (outputs(back, X) == outputs(fitted, X)).all()
    assert (back.activation, back.out_activation_, back.hidden_layer_sizes) == (
        activation,
        fitted.out_activation_,
        (5, 4),
    )
    assert vars(back).keys() - {"_random_state"} >= vars(fitted).keys() - {"_optimizer", "loss_", "_random_state"}


def test_the_labels_are_in_classes() -> None:
    fitted = MLPClassifier(**SETTINGS).fit(X, WORDS)
    here = MLP.from_sklearn(fitted).predict(X)[:, 0] > 0.5
    assert (fitted.classes_[here.astype(int)] == fitted.predict(X)).all()
    assert (MLP.from_sklearn(fitted).to_sklearn().predict(X) == here).all()


@OF_POISSON
def test_poisson_regression_ends_in_exp() -> None:
    fitted = MLPRegressor(loss="poisson", **SETTINGS).fit(X, X[:, 0] ** 2)
    mlp = MLP.from_sklearn(fitted)
    assert mlp.last_activation == "exp"
    np.testing.assert_allclose(mlp.predict(X)[:, 0], fitted.predict(X), rtol=1e-12)
    back = mlp.to_sklearn()
    assert (back.loss, back.out_activation_) == ("poisson", "exp")
    assert (back.predict(X) == fitted.predict(X)).all()


def test_single_precision_comes_over_exactly() -> None:
    fitted = MLPRegressor(**SETTINGS).fit(X.astype(np.float32), X[:, 0].astype(np.float32))
    assert fitted.coefs_[0].dtype == np.float32
    assert (MLP.from_sklearn(fitted).weights()[0] == fitted.coefs_[0]).all()


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_without_hidden_layers_or_biases_goes_there(bias: bool) -> None:
    mlp = MLP(3, [2], "identity", bias=bias, rng=0)
    back = mlp.to_sklearn()
    np.testing.assert_allclose(back.predict(X), mlp.predict(X), rtol=1e-14)
    assert [b.tolist() for b in back.intercepts_] == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "output",
    [("sigmoid", 1), ("sigmoid", 2), ("softmax", 4), ("identity", 1), pytest.param(("exp", 1), marks=OF_POISSON)],
    ids=str,
)
def test_an_estimator_made_here_is_one_of_scikit_learns(output: tuple[str, int]) -> None:
    name, k = output
    mlp = MLP(3, [4, k], "tanh", output=name, rng=1)
    before = np.random.get_state()[1].copy()
    estimator = mlp.to_sklearn()
    assert (np.random.get_state()[1] == before).all()
    start = estimator.coefs_[0].copy()
    assert (pickle.loads(pickle.dumps(estimator)).coefs_[0] == start).all()
    assert not hasattr(clone(estimator), "coefs_")
    y = estimator.predict(X)
    estimator.partial_fit(X, y)  # continues from these weights
    assert 0.0 < np.abs(estimator.coefs_[0] - start).max() < 0.1
    assert estimator.t_ == len(X)
    assert mlp.weights()[0] == pytest.approx(start)
    estimator.set_params(max_iter=2).fit(X, y)
    assert np.abs(estimator.coefs_[0] - start).max() > 0.1


class _Search:
    best_estimator_ = None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: make_pipeline(StandardScaler(), MLPRegressor()),
            r"Pipeline; give its last step, pipeline\[-1\], and ",
        ),
        (lambda: GridSearchCV(MLPRegressor(**SETTINGS), {"alpha": [0.1]}, cv=2).fit(X, X[:, 0]), "its best_estimator_"),
        (lambda: TransformedTargetRegressor(MLPRegressor(**SETTINGS)).fit(X, X[:, 0]), "its regressor_"),
        (lambda: OwnRegressor((2,), epochs=1).fit(X, X[:, 0]), "its mlp_, which is a network of this project already"),
        (lambda: StandardScaler(), r"not StandardScaler\(\)"),
        (lambda: MLPRegressor, "not <class"),
        (lambda: [np.eye(2)], "not \\[array"),
    ],
)
def test_anything_else_is_a_type_error_that_says_where_the_network_is(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        MLP.from_sklearn(make())


def test_the_last_step_of_a_pipeline_takes_what_those_before_it_give() -> None:
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(**SETTINGS)).fit(100.0 * X + 7.0, X[:, 0])
    mlp = MLP.from_sklearn(pipeline[-1])
    rows = pipeline[:-1].transform(100.0 * X + 7.0)
    np.testing.assert_allclose(mlp.predict(rows)[:, 0], pipeline.predict(100.0 * X + 7.0), rtol=1e-12)


def test_an_estimator_that_is_not_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="not fitted yet"):
        MLP.from_sklearn(MLPRegressor())


@pytest.mark.parametrize(
    ("mlp", "message"),
    [
        (MLP(2, [2, 2, 1], ["relu", "tanh"], output="identity"), "hidden layers are relu, tanh; .* one activation in"),
        (MLP(2, [2, 1], "silu", output="identity"), "layer 1 is silu, which cannot be handed over to scikit-learn"),
        (MLP(2, [2, 1], "exp", output="identity"), "the hidden layers are exp; those of scikit-learn"),
        (MLP(2, [2, 1], "tanh"), "the last layer is tanh; scikit-learn has identity and exp for regression"),
        (MLP(2, [2, 2], output="softmax"), r"softmax with 2 outputs; .* W\[:, 1:\] - W\[:, :1\] and b\[1:\] - b\[:1\]"),
        (MLP(2, [2], [["relu", "tanh"]]), "neurons of layer 1 have different activations"),
    ],
)
def test_a_network_that_scikit_learn_cannot_express_is_refused(mlp: MLP, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mlp.to_sklearn()


def test_a_softmax_of_two_goes_there_as_the_message_says() -> None:
    mlp = MLP(3, [4, 2], "tanh", output="softmax", rng=3)
    (W1, W), (b1, b) = mlp.weights(), mlp.biases()
    one = MLP.from_weights([W1, W[:, 1:] - W[:, :1]], [b1, b[1:] - b[:1]], "tanh", output="sigmoid")
    np.testing.assert_allclose(one.to_sklearn().predict_proba(X), mlp.predict(X), rtol=1e-13)
