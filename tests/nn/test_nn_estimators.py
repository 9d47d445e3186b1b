"""scikit-learn's own checks of an estimator, and the network among scikit-learn's tools."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from nn import MLPClassifier, MLPRegressor


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_scikit_learns_own_checks_pass(kind: Any) -> None:
    checks = check_estimator(kind(epochs=40, learning_rate=0.02), on_skip=None)
    assert {check["status"] for check in checks} <= {"passed", "skipped"}
    assert sum(check["status"] == "passed" for check in checks) > 40


def test_a_pipeline_and_a_search() -> None:
    X, y = load_iris(return_X_y=True)
    network = MLPClassifier(epochs=20, learning_rate=0.02, random_state=0)
    search = GridSearchCV(make_pipeline(StandardScaler(), network), {"mlpclassifier__hidden": [(4,), (8, 8)]}, cv=3)
    assert search.fit(X, y).best_score_ > 0.9
    assert len(search.best_estimator_[-1].history_.loss) == 20


def test_labels_may_be_words() -> None:
    X, y = load_iris(return_X_y=True)
    words = np.array(["setosa", "versicolor", "virginica"])[y]
    network = MLPClassifier(random_state=0).fit(X, words)
    assert network.score(X, words) > 0.95
    assert (network.predict(X) == network.classes_[network.predict_proba(X).argmax(axis=1)]).all()
    assert network.mlp_.score(X, y) == network.score(X, words)


def test_one_class_is_refused() -> None:
    with pytest.raises(ValueError, match="y has one class, 'a'; a classifier needs two or more"):
        MLPClassifier().fit([[1.0], [2.0]], ["a", "a"])


def test_what_is_not_there_is_not_there() -> None:
    import nn

    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'MLPTransformer'"):
        nn.MLPTransformer  # noqa: B018
