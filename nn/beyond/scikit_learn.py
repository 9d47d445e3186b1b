"""scikit-learn: `MLP.from_sklearn` and `MLP.to_sklearn`.

`coefs_` are W[sender, receiver], as here. Letters: n inputs, k outputs.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nn.beyond.stack import Arguments, Stack, layers
from nn.validation import matrix, vector

try:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import check_is_fitted
except ModuleNotFoundError as error:
    raise ImportError('MLP.from_sklearn and to_sklearn need scikit-learn: pip install "handgrad[examples]"') from error

if TYPE_CHECKING:
    from nn.network import MLP


NAMES = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
OUTPUT_NAMES = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax", "exp": "exp"}
HIDDEN = {ours: theirs for theirs, ours in NAMES.items()}


def from_estimator(fitted: Any) -> Arguments:
    """Return the arguments of `MLP.from_weights` for a fitted estimator, as `MLP.from_sklearn` describes."""
    if not isinstance(fitted, (MLPClassifier, MLPRegressor)):
        raise TypeError(f"from_sklearn takes a fitted MLPClassifier or MLPRegressor, not {_instead(fitted)}")
    check_is_fitted(fitted)
    stack, last = Stack(), len(fitted.coefs_) - 1
    for i, (W, b) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
        W = matrix(W, f"coefs_[{i}]")
        stack.add_layer(W, vector(b, f"intercepts_[{i}]", W.shape[1]), f"coefs_[{i}]")
        name = NAMES[fitted.activation] if i < last else OUTPUT_NAMES[fitted.out_activation_]
        stack.add_activation(name, f"layer {i + 1}")
    return stack.arguments(type(fitted).__name__)


def to_estimator(mlp: MLP) -> Any:
    """Return a fitted estimator for a network, as `MLP.to_sklearn` describes."""
    *hidden, (_, _, output) = layers(mlp, "scikit-learn", [*HIDDEN, "softmax", "exp"])
    names = sorted({name for _, _, name in hidden})
    if len(names) > 1 or not HIDDEN.keys() >= set(names):
        raise ValueError(
            f"the hidden layers are {', '.join(names)}; those of scikit-learn have one activation in common, "
            f"{', '.join(HIDDEN)}"
        )
    settings: dict[str, Any] = {"activation": HIDDEN[names[0]]} if names else {}
    estimator, y, classes = _unfitted(output, mlp, settings | {"hidden_layer_sizes": tuple(mlp.sizes[1:-1])})
    # One step, from which scikit-learn itself makes every attribute of a fitted estimator, and then no trace of it.
    estimator.set_params(random_state=0).partial_fit(np.zeros((len(y), mlp.sizes[0])), y, **classes)
    estimator.set_params(random_state=None)
    del estimator._optimizer, estimator.loss_
    estimator.loss_curve_, estimator.n_iter_, estimator.t_, estimator.best_loss_ = [], 0, 0, np.inf
    estimator.coefs_ = [np.array(W) for W in mlp.weights()]
    estimator.intercepts_ = [np.array(b) for b in mlp.biases()] or [np.zeros(m) for m in mlp.sizes[1:]]
    return estimator


def _unfitted(output: str, mlp: MLP, settings: dict[str, Any]) -> tuple[Any, NDArray[Any], dict[str, Any]]:
    """Return the estimator that has this last layer, targets for a step, and the arguments for classes."""
    k = mlp.sizes[-1]
    if output == "sigmoid":
        y = np.array([0.0, 1.0]) if k == 1 else np.stack([np.zeros(k), np.ones(k)])
        return MLPClassifier(**settings), y.astype(int), {"classes": np.arange(max(k, 2))}
    if output == "softmax":
        if k < 3:
            raise ValueError(
                f"the last layer is softmax with {k} outputs; scikit-learn has softmax for 3 classes or more, and for "
                "two one logistic output: with W and b of the last layer, that of W[:, 1:] - W[:, :1] and b[1:] - b[:1]"
            )
        return MLPClassifier(**settings), np.arange(k), {"classes": np.arange(k)}
    if output == "exp":
        if "loss" not in inspect.signature(MLPRegressor).parameters:
            raise ValueError("the last layer is exp, as of Poisson regression; that needs scikit-learn 1.7 or newer")
        settings["loss"] = "poisson"
    elif output != "identity":
        raise ValueError(
            f"the last layer is {output}; scikit-learn has identity and exp for regression, sigmoid and softmax for "
            "classes"
        )
    return MLPRegressor(**settings), np.zeros((2, k)) if k > 1 else np.zeros(2), {}


def _instead(given: Any) -> str:
    """Return in words what was given, and where the network in it is."""
    if isinstance(given, Pipeline):
        return "a Pipeline; give its last step, pipeline[-1], and pipeline[:-1].transform(X) as inputs"
    for attribute in ("best_estimator_", "regressor_", "mlp_"):
        if hasattr(given, attribute):
            remedy = "which is a network of this project already" if attribute == "mlp_" else "which may be one"
            return f"{type(given).__name__}; look at its {attribute}, {remedy}"
    return f"{given!r:.80}"
