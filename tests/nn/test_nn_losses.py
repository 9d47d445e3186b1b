"""Each loss: its formula, its gradient, its ends, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from autograd import Value, sigmoid, softmax
from nn import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_sse,
    hinge,
    huber,
    mae,
    mse,
    softmax_cross_entropy,
    sse,
)

REAL, PROBABLE = ([0.3, -1.7, 2.5], [1.0, 0.5, 2.4]), ([0.3, 0.9, 0.25], [1.0, 0.0, 0.4])
SIGNS = ([0.3, -1.7, 2.5], [1.0, -1.0, -1.0])
SCORES = ([0.3, -1.7, 2.5], [0.0, 1.0, 0.0])
EXAMPLES = {
    "sse": REAL,
    "half_sse": REAL,
    "mse": REAL,
    "mae": REAL,
    "huber": REAL,
    "hinge": SIGNS,
    "binary_cross_entropy": PROBABLE,
    "binary_cross_entropy_with_logits": (REAL[0], PROBABLE[1]),
    "cross_entropy": ([0.3, 0.6, 0.1], [0.0, 1.0, 0.0]),
    "softmax_cross_entropy": SCORES,
}
FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "sse": lambda p, t: sum((x - y) ** 2 for x, y in zip(p, t, strict=True)),
    "half_sse": lambda p, t: FORMULAS["sse"](p, t) / 2,
    "mse": lambda p, t: FORMULAS["sse"](p, t) / len(p),
    "mae": lambda p, t: sum(abs(x - y) for x, y in zip(p, t, strict=True)) / len(p),
    "huber": lambda p, t: (
        sum((x - y) ** 2 / 2 if abs(x - y) <= 1 else abs(x - y) - 0.5 for x, y in zip(p, t, strict=True)) / len(p)
    ),
    "hinge": lambda p, t: sum(max(0, 1 - x * y) for x, y in zip(p, t, strict=True)) / len(p),
    "binary_cross_entropy": lambda p, t: (
        -sum(y * mpmath.log(x) + (1 - y) * mpmath.log(1 - x) for x, y in zip(p, t, strict=True)) / len(p)
    ),
    "binary_cross_entropy_with_logits": lambda z, t: FORMULAS["binary_cross_entropy"](
        [1 / (1 + mpmath.exp(-x)) for x in z], t
    ),
    "cross_entropy": lambda p, t: -sum(y * mpmath.log(x) for x, y in zip(p, t, strict=True)),
    "softmax_cross_entropy": lambda z, t: FORMULAS["cross_entropy"](
        [mpmath.exp(x) / sum(map(mpmath.exp, z)) for x in z], t
    ),
}


def values(numbers: list[float]) -> list[Value]:
    return [Value(x, f"p{i}") for i, x in enumerate(numbers)]


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_by_the_formula(name: str) -> None:
    numbers, targets = EXAMPLES[name]
    predictions = values(numbers)
    loss = LOSSES[name](predictions, targets)
    loss.backward()
    with mpmath.workdps(40):
        exact = FORMULAS[name]([mpmath.mpf(x) for x in numbers], [mpmath.mpf(t) for t in targets])
        assert loss.data == pytest.approx(float(exact), rel=1e-14)
        for i, p in enumerate(predictions):

            def along(x: Any, i: int = i) -> Any:
                moved = [x if i == j else mpmath.mpf(y) for j, y in enumerate(numbers)]
                return FORMULAS[name](moved, [mpmath.mpf(t) for t in targets])

            assert p.grad == pytest.approx(float(mpmath.diff(along, numbers[i])), rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_numbers_give_the_same_number_as_values(name: str) -> None:
    numbers, targets = EXAMPLES[name]
    plain = LOSSES[name](numbers, targets)
    assert type(plain) is float
    assert plain == LOSSES[name](values(numbers), targets).data
    assert plain == LOSSES[name](np.array(numbers), np.array(targets))
    assert plain == pytest.approx(LOSSES[name](values(numbers), values(targets)).data, rel=1e-14)


@pytest.mark.parametrize("name", [n for n in LOSSES if n not in ("cross_entropy", "softmax_cross_entropy")])
def test_one_prediction_is_a_list_of_one(name: str) -> None:
    p, t = EXAMPLES[name][0][0], EXAMPLES[name][1][0]
    assert LOSSES[name](p, t) == LOSSES[name]([p], [t])
    assert LOSSES[name](Value(p), t).data == LOSSES[name](p, t)


def test_the_factors() -> None:
    p, t = [3.0, 1.0, 5.0], [1.0, 2.0, 1.0]
    assert sse(p, t) == 21.0
    assert half_sse(p, t) == 10.5
    assert mse(p, t) == 7.0
    assert mae(p, t) == pytest.approx(7.0 / 3.0)


@pytest.mark.parametrize("target", [0, 1, 2])
def test_class_index_and_one_hot_agree(target: int) -> None:
    one_hot = [float(i == target) for i in range(3)]
    for loss, numbers in ((cross_entropy, [0.3, 0.6, 0.1]), (softmax_cross_entropy, [0.3, -1.7, 2.5])):
        by_index, by_one_hot = values(numbers), values(numbers)
        left, right = loss(by_index, target), loss(by_one_hot, one_hot)
        left.backward()
        right.backward()
        assert left.data == right.data
        assert [p.grad for p in by_index] == [p.grad for p in by_one_hot]


def test_forms_for_net_inputs_are_the_same_functions() -> None:
    logits = values([0.3, -1.7, 2.5])
    assert softmax_cross_entropy(logits, 1).data == pytest.approx(cross_entropy(softmax(logits), 1).data)
    z = Value(-0.7)
    for t in (0, 0.3, 1):
        by_logit = binary_cross_entropy_with_logits(z, t)
        assert by_logit.data == pytest.approx(binary_cross_entropy(sigmoid(z), t).data)
        assert by_logit.derivative(z).data == pytest.approx(sigmoid(-0.7) - t)


def test_forms_for_net_inputs_stay_finite() -> None:
    for scores in ([1000.0, 0.0, -1000.0], [-1e300, 1e300, 0.0]):
        logits = values(scores)
        loss = softmax_cross_entropy(logits, 0)
        loss.backward()
        assert math.isfinite(loss.data)
        assert math.fsum(z.grad for z in logits) == 0.0
    for z, t, expected in ((1000.0, 0, 1000.0), (-1000.0, 1, 1000.0), (1000.0, 1, 0.0), (-1000.0, 0, 0.0)):
        assert binary_cross_entropy_with_logits(z, t) == expected


def test_forms_for_net_inputs_have_no_corner_at_zero_and_at_ties() -> None:
    for t in (0.0, 0.3, 1.0):
        z = Value(0.0)
        slope = binary_cross_entropy_with_logits(z, t).derivative(z)
        assert (slope.data, slope.derivative(z).data) == pytest.approx((0.5 - t, 0.25), rel=1e-15)
    for tied in (0.0, -3.0):
        logits = values([tied, tied])
        slopes = softmax_cross_entropy(logits, 0).derivatives(logits)
        assert [slope.data for slope in slopes] == [-0.5, 0.5]
        assert [[slope.derivative(z).data for z in logits] for slope in slopes] == [[0.25, -0.25], [-0.25, 0.25]]


def test_sure_and_right_costs_nothing() -> None:
    assert binary_cross_entropy([0.0, 1.0], [0, 1]) == 0.0
    assert cross_entropy([0.0, 1.0, 0.0], 1) == 0.0
    assert hinge([1.0, -2.0], [1, -1]) == 0.0
    p = Value(1.0)
    sse(p, 1).backward()
    assert p.grad == 0.0


def test_sure_and_wrong_is_refused_where_the_loss_is_infinite() -> None:
    with pytest.raises(ValueError, match="log"):
        cross_entropy([0.0, 1.0], 0)
    with pytest.raises(ValueError, match="log"):
        binary_cross_entropy(0.0, 1)
    with pytest.raises(ValueError, match="log1p"):
        binary_cross_entropy(1.0, 0)


@pytest.mark.parametrize("error", [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("delta", [0.5, 1.0, 2.0])
def test_huber_is_a_parabola_that_becomes_a_line(error: float, delta: float) -> None:
    p = Value(error)
    loss = huber(p, 0.0, delta=delta)
    loss.backward()
    inside = abs(error) <= delta
    assert loss.data == pytest.approx(error**2 / 2 if inside else delta * (abs(error) - delta / 2))
    assert p.grad == pytest.approx(max(-delta, min(delta, error)))


def test_kinks_have_derivative_zero() -> None:
    p = Value(1.0)
    mae(p, 1.0).backward()
    hinge(p, 1).backward()
    assert p.grad == 0.0


def test_drawings_stay_small() -> None:
    """One prediction needs no sum, and a class index no product with zeros."""
    p = Value(0.6)
    assert sse(p, 1).operation.name == mse(p, 1).operation.name == "square"
    loss = softmax_cross_entropy(values([1.0, 2.0]), 1)
    assert [x.operation and x.operation.name for x in loss.operands] == ["logsumexp", None]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sse([1, 2], [1]), "sse: 2 predictions and 1 targets"),
        (lambda: mse([], []), "mse: 0 predictions and 0 targets"),
        (lambda: hinge([0.5, 0.5], [1, 0]), "hinge: target 1 is 0.0; the two labels are -1 and 1"),
        (lambda: huber(1, 0, delta=0.0), "huber: delta is 0.0"),
        (lambda: binary_cross_entropy([0.5, 1.5], [1, 0]), "prediction 1 is 1.5, not a probability"),
        (lambda: binary_cross_entropy(Value(math.nan, "a"), 1), "prediction 0 is a = nan, not a probability"),
        (lambda: binary_cross_entropy(0.5, 2), "target 0 is 2.0; it must lie between 0 and 1"),
        (lambda: binary_cross_entropy_with_logits(0.5, -1), "target 0 is -1.0"),
        (
            lambda: cross_entropy([0.2, -0.1], 0),
            "prediction 1 is -0.1.*softmax_cross_entropy takes net inputs",
        ),
        (
            lambda: cross_entropy([0.2, 0.8], 2),
            "class index is 2; with 2 classes it must be a whole number from 0 to 1",
        ),
        (lambda: cross_entropy([0.2, 0.8], -1), "class index is -1"),
        (lambda: cross_entropy([0.2, 0.8], 0.5), "class index is 0.5"),
        (lambda: softmax_cross_entropy([0.2, 0.8], [1]), r"the target is \[1.0\]"),
        (lambda: softmax_cross_entropy([0.2, 0.8], [1, 1]), r"the target is \[1.0, 1.0\]; .*one 1"),
        (lambda: softmax_cross_entropy(0.2, 0), "1 prediction; it needs at least two, one for each class"),
    ],
)
def test_refusals_name_the_place(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_losses_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    theirs: dict[str, Callable[[Any, Any], Any]] = {
        "mse": F.mse_loss,
        "mae": F.l1_loss,
        "huber": F.huber_loss,
        "binary_cross_entropy": F.binary_cross_entropy,
        "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
        "softmax_cross_entropy": F.cross_entropy,
    }
    for name, function in theirs.items():
        numbers, targets = EXAMPLES[name]
        x = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        loss = function(x, torch.tensor(targets, dtype=torch.float64))
        loss.backward()
        predictions = values(numbers)
        ours = LOSSES[name](predictions, targets)
        ours.backward()
        assert ours.data == pytest.approx(loss.item(), rel=1e-14), name
        assert [p.grad for p in predictions] == pytest.approx(x.grad.tolist(), rel=1e-13, abs=1e-15), name
