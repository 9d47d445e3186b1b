# ruff: noqa: A004  (abs and sum are the engine's, here throughout)
"""Losses: how wrong one prediction is, as one number.

Each takes one prediction and its target, or lists of them with one entry per output of the network, as Values or plain
numbers: with a Value among them the loss is a Value, otherwise a float. The loss of a batch is the mean over its
examples. No loss branches on a prediction, so one recorded graph serves for every example.

Letters: p prediction, t target, e error p − t, z net input (logit), k number of outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import Value, abs, clip, dot, log, log1p, logsumexp, mean, relu, softplus, square, sum
from autograd.arrays import as_number
from autograd.conversion import describe
from nn.validation import real

N = TypeVar("N", float, Value)  # a loss of numbers is a number, a loss of Values a Value
Prediction: TypeAlias = N | Sequence[N] | NDArray[Any]
Target: TypeAlias = float | Value | Sequence[float | Value] | NDArray[Any]
Loss = Callable[[Any, Any], Any]  # Any: of numbers it gives a number, of Values a Value
NUMBER_TYPES = {Value, float, int}


def sse(prediction: Prediction[N], target: Target) -> N:
    """Return the sum of squared errors, Σ e²: no ½ and no mean, so ∂/∂p = 2e (Hansen 2021, 2022).

    >>> sse([0.6, 0.5], [1, 0])
    0.41000000000000003
    """
    return _sum([square(p - t) for p, t in _pairs("sse", prediction, target)])


def half_sse(prediction: Prediction[N], target: Target) -> N:
    """Return half the sum of squared errors, ½ Σ e², so ∂/∂p = e (Misley 2023, equation 1).

    >>> half_sse([3.0, 1.0], [1, 0])
    2.5
    """
    return 0.5 * _sum([square(p - t) for p, t in _pairs("half_sse", prediction, target)])


def mse(prediction: Prediction[N], target: Target) -> N:
    """Return the mean squared error over the outputs, Σ e² / k.

    >>> mse([3.0, 1.0], [1, 0])
    2.5
    """
    return _mean([square(p - t) for p, t in _pairs("mse", prediction, target)])


def mae(prediction: Prediction[N], target: Target) -> N:
    """Return the mean absolute error over the outputs, Σ |e| / k; the derivative at e = 0 is 0.

    >>> mae([3.0, 1.0], [1, 0])
    1.5
    """
    return _mean([abs(p - t) for p, t in _pairs("mae", prediction, target)])


def huber(prediction: Prediction[N], target: Target, delta: float = 1.0) -> N:
    """Return the mean over the outputs of ½e² up to |e| = delta, then delta·(|e| − ½delta) (Huber 1964).

    Args:
        prediction: One number per output.
        target: One number per output.
        delta: Where the parabola ends and the straight line begins; a positive number.

    >>> huber([3.0, 1.0], [1, 0])
    1.0
    """
    delta = real(delta, "huber: delta", "a positive number")

    def term(e: N) -> N:
        c = clip(e, -delta, delta)
        return c * (e - 0.5 * c)  # with e held to ±delta, one formula is both the parabola and the line

    return _mean([term(p - t) for p, t in _pairs("huber", prediction, target)])


def hinge(prediction: Prediction[N], target: Target) -> N:
    """Return the mean over the outputs of max(0, 1 − t·p), for targets −1 and 1 and any real score p.

    >>> hinge(0.25, -1)
    1.25
    """
    pairs = _pairs("hinge", prediction, target)
    for place, (_, t) in enumerate(pairs):
        if _number(t) not in (-1.0, 1.0):
            raise ValueError(f"hinge: target {place} is {_shown(t)}; the two labels are -1 and 1")
    return _mean([relu(1.0 - t * p) for p, t in pairs])


def binary_cross_entropy(prediction: Prediction[N], target: Target) -> N:
    """Return the mean over the outputs of −t·log p − (1 − t)·log(1 − p), for probabilities p and 0 ≤ t ≤ 1.

    Raises ValueError where p is 0 or 1 and wrong, because the loss is then infinite;
    `binary_cross_entropy_with_logits` is always finite.

    >>> round(binary_cross_entropy(0.6, 1), 6)
    0.510826
    """
    pairs = _pairs("binary_cross_entropy", prediction, target)
    _check_probabilities("binary_cross_entropy", [p for p, _ in pairs])
    _check_targets("binary_cross_entropy", pairs)

    def term(p: N, t: N | float) -> N:
        if not isinstance(t, Value) and t in (0, 1):  # 0 · log 0 counts as 0
            return -log(p) if t == 1 else -log1p(-p)
        return -(t * log(p) + (1.0 - t) * log1p(-p))

    return _mean([term(p, t) for p, t in pairs])


def binary_cross_entropy_with_logits(prediction: Prediction[N], target: Target) -> N:
    """Return the binary cross-entropy of sigmoid(z): the mean over the outputs of softplus(z) − t·z.

    It never overflows, and ∂/∂z = (sigmoid(z) − t) / k. Targets lie between 0 and 1.

    >>> binary_cross_entropy_with_logits(1000.0, 0)
    1000.0
    """
    pairs = _pairs("binary_cross_entropy_with_logits", prediction, target)
    _check_targets("binary_cross_entropy_with_logits", pairs)
    return _mean([softplus(z) - t * z for z, t in pairs])


def cross_entropy(prediction: Prediction[N], target: Target) -> N:
    """Return −log of the probability given to the right class.

    Args:
        prediction: k ≥ 2 probabilities.
        target: The class index (0 … k−1) or a one-hot list.

    Raises:
        ValueError: Where that probability is 0, because the loss is then infinite; `softmax_cross_entropy` is always
            finite.

    >>> round(cross_entropy([0.2, 0.7, 0.1], 1), 6)
    0.356675
    """
    probabilities: list[N] = _list("cross_entropy", "prediction", prediction)
    chosen = _of_class("cross_entropy", probabilities, target)
    _check_probabilities("cross_entropy", probabilities)
    return -log(chosen)


def softmax_cross_entropy(prediction: Prediction[N], target: Target) -> N:
    """Return the cross-entropy of softmax(z): logsumexp(z) − z of the right class.

    It never overflows, and ∂/∂z = softmax(z) − one-hot.

    Args:
        prediction: k ≥ 2 net inputs.
        target: The class index (0 … k−1) or a one-hot list.

    >>> softmax_cross_entropy([1000.0, 0.0, -1000.0], 1)
    1000.0
    """
    logits: list[N] = _list("softmax_cross_entropy", "prediction", prediction)
    chosen = _of_class("softmax_cross_entropy", logits, target)
    return logsumexp(logits) - chosen


LOSSES: dict[str, Loss] = {
    loss.__name__: loss
    for loss in (
        sse,
        half_sse,
        mse,
        mae,
        huber,
        hinge,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cross_entropy,
        softmax_cross_entropy,
    )
}


def _list(loss: str, name: str, numbers: Any) -> list[Any]:
    """Return one number, or several, as a list; a column (k, 1), as in Nielsen's code, and a row are flattened."""
    if isinstance(numbers, (list, tuple)) and NUMBER_TYPES.issuperset(map(type, numbers)):  # the usual case
        return list(numbers)
    given = as_number(numbers, f"{loss}: {name}")
    if isinstance(given, (Value, Real)):
        return [given]
    if hasattr(given, "__array__"):
        given = np.asarray(given)
        given = given.ravel() if given.ndim == 2 and 1 in given.shape else given
    if isinstance(given, (str, bytes, Mapping, Set)) or not isinstance(given, Iterable):
        raise TypeError(f"{loss}: the {name} is {numbers!r:.80}; give a number, or a list of numbers")
    entries = [x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x for x in given]
    entries = [x if isinstance(x, Value) else as_number(x, f"{loss}: {name} {i}") for i, x in enumerate(entries)]
    for place, x in enumerate(entries):
        if not isinstance(x, (Value, Real, np.bool_)):
            raise TypeError(f"{loss}: {name} {place} is {x!r:.80}; give a number")
    return entries


def _pairs(loss: str, prediction: Prediction[N], target: Target) -> list[tuple[N, N | float]]:
    predictions, targets = _list(loss, "prediction", prediction), _list(loss, "target", target)
    if len(predictions) != len(targets) or not predictions:
        raise ValueError(f"{loss}: {len(predictions)} predictions and {len(targets)} targets; give one target for each")
    return list(zip(predictions, targets, strict=True))


def _sum(terms: list[N]) -> N:
    return sum(terms) if len(terms) > 1 else terms[0]  # a sum of one term would be a superfluous node


def _mean(terms: list[N]) -> N:
    return mean(terms) if len(terms) > 1 else terms[0]


def _of_class(loss: str, values: list[N], target: Any) -> N:
    """Return the value of the class that the target, a class index or a one-hot list, names."""
    k = len(values)
    if k < 2:
        raise ValueError(f"{loss}: {k} prediction; it needs at least two, one for each class")
    target = target if isinstance(target, (list, tuple)) else as_number(target, f"{loss}: target")
    if isinstance(target, Real):
        index = float(target)
        if index not in range(k):
            raise ValueError(
                f"{loss}: the class index is {target}; with {k} classes it must be a whole number from 0 to {k - 1}"
            )
        return values[int(index)]
    one_hot = _list(loss, "target", target)
    if len(one_hot) != k or sorted(map(_number, one_hot)) != [0.0] * (k - 1) + [1.0]:
        shown = ", ".join(map(_shown, one_hot))
        raise ValueError(f"{loss}: the target is [{shown}]; give a class index, or {k} numbers: one 1, the others 0")
    chosen: N = dot(one_hot, values)
    return chosen


def _number(x: Any) -> float:
    return float(x.data if isinstance(x, Value) else x)


def _shown(x: Any) -> str:
    return describe(x if isinstance(x, Value) else float(x))


def _check_probabilities(loss: str, predictions: Iterable[Any]) -> None:
    for place, p in enumerate(predictions):
        if not 0.0 <= _number(p) <= 1.0:
            logits = "softmax_cross_entropy" if loss == "cross_entropy" else f"{loss}_with_logits"
            raise ValueError(f"{loss}: prediction {place} is {_shown(p)}, not a probability; {logits} takes net inputs")


def _check_targets(loss: str, pairs: Iterable[tuple[Any, Any]]) -> None:
    for place, (_, t) in enumerate(pairs):
        if not 0.0 <= _number(t) <= 1.0:
            raise ValueError(f"{loss}: target {place} is {_shown(t)}; it must lie between 0 and 1")
