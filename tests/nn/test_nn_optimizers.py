"""Optimizers by their formulas, by hand and against PyTorch; schedules and clipping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nn import SGD, Adam, AdamW, CosineDecay, ExponentialDecay, Optimizer, RMSProp, StepDecay

EVERY: list[Any] = [
    lambda: SGD(0.1),
    lambda: SGD(0.1, momentum=0.9),
    lambda: SGD(0.1, momentum=0.9, nesterov=True),
    lambda: SGD(0.1, momentum=0.8, weight_decay=0.05),
    lambda: RMSProp(0.01),
    lambda: Adam(0.05),
    lambda: AdamW(0.05, weight_decay=0.1),
]


def gradients(steps: int, size: int = 5) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).normal(size=(steps, size))


def walk(optimizer: Optimizer, steps: np.ndarray[Any, Any], start: float = 1.0) -> np.ndarray[Any, Any]:
    theta = np.full(steps.shape[1], start)
    for g in steps:
        optimizer.step(theta, g)
    return theta


# By hand --------------------------------------------------------------------------------------------------


def test_sgd_steps_against_the_gradient() -> None:
    theta, gradient = np.array([1.0, 2.0]), np.array([10.0, -10.0])
    SGD(0.01).step(theta, gradient)
    assert theta.tolist() == [0.9, 2.1]
    assert gradient.tolist() == [10.0, -10.0]


def test_momentum_keeps_the_sign_of_the_step_before() -> None:
    """v = μ·v − η·g, w += v (document 000, note 15, calls it the magnitude of the previous change)."""
    eta, mu, w, v = 0.1, 0.9, 1.0, 0.0
    theta, optimizer = np.array([1.0]), SGD(0.1, momentum=0.9)
    for g in (1.0, -2.0, 0.5):
        v = mu * v - eta * g
        w += v
        optimizer.step(theta, np.array([g]))
        assert theta[0] == pytest.approx(w, rel=1e-15)


def test_nesterov_steps_along_the_velocity_to_come() -> None:
    theta, optimizer = np.array([0.0]), SGD(1.0, momentum=0.5, nesterov=True)
    optimizer.step(theta, np.array([2.0]))  # v = 2, step 2 + 1
    optimizer.step(theta, np.array([4.0]))  # v = 5, step 4 + 2.5
    assert theta.tolist() == [-9.5]


def test_weight_decay_pulls_towards_zero() -> None:
    theta = np.array([2.0])
    SGD(0.1, weight_decay=0.5).step(theta, np.array([0.0]))
    assert theta.tolist() == [1.9]


def test_rmsprop_by_hand() -> None:
    theta, s, w = np.array([1.0]), 0.0, 1.0
    optimizer = RMSProp(0.1, decay=0.9)
    for g in (3.0, -1.0):
        s = 0.9 * s + 0.1 * g * g
        w -= 0.1 * g / (math.sqrt(s) + 1e-8)
        optimizer.step(theta, np.array([g]))
    assert theta[0] == pytest.approx(w, rel=1e-14)


def test_adams_first_step_is_the_learning_rate() -> None:
    theta = np.array([1.0, 1.0])
    Adam(0.1).step(theta, np.array([1e-3, -1e3]))
    assert theta == pytest.approx([0.9, 1.1], rel=1e-5)


def test_adamw_decays_apart_from_the_gradient() -> None:
    decayed, plain = np.array([2.0]), np.array([2.0 * (1.0 - 0.1 * 0.5)])
    AdamW(0.1, weight_decay=0.5).step(decayed, np.array([3.0]))
    Adam(0.1).step(plain, np.array([3.0]))
    assert decayed[0] == plain[0]


@pytest.mark.parametrize("make", EVERY)
def test_every_optimizer_finds_the_bottom_of_a_bowl(make: Any) -> None:
    optimizer, theta = make(), np.array([1.0, -2.0, 0.5])
    for _ in range(600):
        optimizer.step(theta, 2.0 * theta)
    assert np.abs(theta).max() < 0.02


@pytest.mark.parametrize("make", EVERY)
def test_steps_are_in_place_and_leave_the_gradient(make: Any) -> None:
    theta, gradient = np.ones(3), np.array([1.0, -2.0, 3.0])
    before = gradient.copy()
    optimizer = make()
    for _ in range(3):
        optimizer.step(theta, gradient)
    assert (gradient == before).all()
    assert (theta != 1.0).all()
    assert optimizer.steps == 3


# Against PyTorch ------------------------------------------------------------------------------------------

THEIRS: dict[str, tuple[Any, Any]] = {
    "sgd": (lambda t, p: t.SGD(p, lr=0.1), lambda: SGD(0.1)),
    "momentum": (lambda t, p: t.SGD(p, lr=0.1, momentum=0.9), lambda: SGD(0.1, momentum=0.9)),
    "nesterov": (
        lambda t, p: t.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda: SGD(0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    "weight decay": (
        lambda t, p: t.SGD(p, lr=0.1, momentum=0.5, weight_decay=0.1),
        lambda: SGD(0.1, momentum=0.5, weight_decay=0.1),
    ),
    "rmsprop": (lambda t, p: t.RMSprop(p, lr=0.02, alpha=0.9), lambda: RMSProp(0.02, decay=0.9)),
    "adam": (lambda t, p: t.Adam(p, lr=0.02, betas=(0.8, 0.99)), lambda: Adam(0.02, beta1=0.8, beta2=0.99)),
    "adamw": (lambda t, p: t.AdamW(p, lr=0.02, weight_decay=0.1), lambda: AdamW(0.02, weight_decay=0.1)),
    "defaults": (lambda t, p: t.AdamW(p), lambda: AdamW()),
}


@pytest.mark.parametrize("name", THEIRS)
def test_optimizers_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    make_theirs, make_ours = THEIRS[name]
    steps = gradients(25)
    parameter = torch.nn.Parameter(torch.ones(5, dtype=torch.float64))
    optimizer = make_theirs(torch.optim, [parameter])
    for g in steps:
        parameter.grad = torch.tensor(g)
        optimizer.step()
    np.testing.assert_allclose(walk(make_ours(), steps), parameter.detach().numpy(), rtol=1e-13)


def test_schedules_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for ours, theirs in (
        (StepDecay(0.5, every=3, factor=0.2), lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.2)),
        (ExponentialDecay(0.5, factor=0.9), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)),
        (
            CosineDecay(0.5, steps=10, final=0.1),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10, 0.1),
        ),
    ):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        scheduler = theirs(optimizer)
        for step in range(10):
            assert ours(step) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12)
            optimizer.step()
            scheduler.step()


# Schedules and clipping -----------------------------------------------------------------------------------


def test_a_schedule_is_asked_at_every_step() -> None:
    theta, optimizer = np.array([0.0]), SGD(StepDecay(1.0, every=2, factor=0.5))
    for expected in (-1.0, -2.0, -2.5, -3.0, -3.25):
        optimizer.step(theta, np.array([1.0]))
        assert theta[0] == expected


def test_any_function_of_the_step_is_a_schedule() -> None:
    theta = walk(SGD(lambda step: 1.0 / (1 + step)), np.ones((3, 1)), start=0.0)
    assert theta[0] == pytest.approx(-(1 + 1 / 2 + 1 / 3))


def test_clipping_by_norm_keeps_the_direction() -> None:
    theta = np.zeros(2)
    SGD(1.0, clip_norm=1.0).step(theta, np.array([30.0, 40.0]))
    assert theta == pytest.approx([-0.6, -0.8])
    theta = np.zeros(2)
    SGD(1.0, clip_norm=1.0).step(theta, np.array([0.3, 0.4]))
    assert theta.tolist() == [-0.3, -0.4]


def test_clipping_by_value_holds_each_entry() -> None:
    theta = np.zeros(3)
    SGD(1.0, clip_value=0.5).step(theta, np.array([3.0, -0.25, -7.0]))
    assert theta.tolist() == [-0.5, 0.25, 0.5]


# Refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SGD(0.0), "learning_rate is 0.0; it must be a positive number"),
        (lambda: SGD(-0.1), "learning_rate is -0.1"),
        (lambda: Adam(math.nan), "learning_rate is nan"),
        (lambda: SGD(0.1, momentum=1.0), "momentum is 1.0; it must be from 0 to below 1"),
        (lambda: SGD(0.1, nesterov=True), "momentum is 0.0; it must be positive with nesterov=True"),
        (lambda: SGD(0.1, weight_decay=-1.0), "weight_decay is -1.0"),
        (lambda: SGD(0.1, clip_norm=0.0), "clip_norm is 0.0"),
        (lambda: RMSProp(decay=1.5), "decay is 1.5"),
        (lambda: Adam(beta2=1.0), "beta2 is 1.0"),
        (lambda: AdamW(weight_decay=-0.1), "weight_decay is -0.1"),
        (lambda: StepDecay(0.1, every=0), "every is 0"),
        (lambda: CosineDecay(0.1, steps=0), "steps is 0"),
    ],
)
def test_settings_out_of_range_are_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_optimizer_stays_with_its_network() -> None:
    optimizer, theta = Adam(), np.ones(4)
    walk(optimizer, gradients(2, size=3))
    with pytest.raises(ValueError, match=r"Adam has updated parameters of shape \(3,\).*new optimizer"):
        optimizer.step(theta, np.ones(4))
    with pytest.raises(ValueError, match=r"shape \(4,\), but the gradient \(3,\)"):
        SGD(0.1).step(theta, np.ones(3))
    assert (theta == 1.0).all()
