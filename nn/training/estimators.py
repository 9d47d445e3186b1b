"""Networks as scikit-learn estimators, for its pipelines, searches and cross-validation.

Letters: X inputs (n, features), y targets (n,).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from autograd.arrays import as_numpy
from nn.network import MLP
from nn.training.loop import train
from nn.training.optimizers import Adam
from nn.validation import whole


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str = "relu",
        learning_rate: float = 0.01,
        epochs: int = 100,
        batch_size: int = 32,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _fit(self, X: Any, y: Any, outputs: int, output: str, loss: str) -> None:
        if isinstance(self.hidden, str) or not isinstance(self.hidden, Iterable):
            raise ValueError(f"hidden is {self.hidden!r}; give the sizes of the hidden layers, such as (32,)")
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31))
        sizes = [*self.hidden, outputs]
        self.mlp_ = MLP(X.shape[1], sizes, self.activation, output=output, initializer="he", rng=rng)
        self.history_ = train(
            self.mlp_,
            X,
            y,
            loss=loss,
            optimizer=Adam(self.learning_rate),
            epochs=self.epochs,
            batch_size=min(whole(self.batch_size, "batch_size"), len(X)),
            progress=False,
            rng=rng,
        )

    def _outputs(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        return self.mlp_.predict(validate_data(self, as_numpy(X, "X"), reset=False))


class MLPClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A network with a softmax output for each class, trained with cross-entropy and Adam.

    After `fit`, `mlp_` is the network and `history_` the history of its training.

    Args:
        hidden: The number of neurons of each hidden layer.
        activation: Of the hidden layers.
        learning_rate: Of Adam.
        epochs: How often every example is used.
        batch_size: Examples per update.
        random_state: A seed, a NumPy RandomState, or None.

    >>> X = np.linspace(-1.0, 1.0, 50)[:, np.newaxis]
    >>> MLPClassifier(random_state=0).fit(X, np.where(abs(X[:, 0]) < 0.5, "in", "out")).predict([[0.1], [0.9]])
    array(['in', 'out'], dtype='<U3')
    """

    def fit(self, X: Any, y: Any) -> MLPClassifier:
        """Train a new network; y holds any labels."""
        X, y = validate_data(self, as_numpy(X, "X"), as_numpy(y, "y"))
        check_classification_targets(y)
        self.classes_, indices = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {str(self.classes_[0])!r}; a classifier needs two or more")
        self._fit(X, indices, len(self.classes_), "softmax", "cross_entropy")
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probability of every class, in the order of `classes_`."""
        return self._outputs(X)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of every row."""
        places = self._outputs(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[places]
        return labels


class MLPRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A network with one identity output, trained with the mean squared error and Adam.

    The arguments and attributes are those of `MLPClassifier`.

    >>> X = np.linspace(-1.0, 1.0, 50)[:, np.newaxis]
    >>> MLPRegressor(random_state=0).fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.99
    True
    """

    def fit(self, X: Any, y: Any) -> MLPRegressor:
        """Train a new network."""
        X, y = validate_data(self, as_numpy(X, "X"), as_numpy(y, "y"), y_numeric=True)
        self._fit(X, y, 1, "identity", "mse")
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the output of every row."""
        return self._outputs(X)[:, 0]
