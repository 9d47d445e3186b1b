"""Optimisers: one step down the gradient, in place, on one flat array of parameters.

An optimiser knows no network: the trainer hands it the parameters and the gradient, so the same one serves
every engine. What it remembers between steps is in `steps` and `state`: take a new one for each network.
From the second step on nothing is allocated. The formulas are PyTorch's.

Letters: θ parameters, g gradient, η learning rate, v velocity, m and s running means of g and g².
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from numbers import Real

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Schedule = Callable[[int], float]  # step number, from 0 -> learning rate; an epoch has a step for each batch


@dataclass
class Optimizer(ABC):
    """What all optimisers share: the learning rate, clipping, and the memory between steps.

    learning_rate: a positive number, or a schedule, called with the step number.
    clip_value: hold every entry of the gradient to ±clip_value.
    clip_norm: shrink a longer gradient to this length.
    """

    learning_rate: float | Schedule
    _: KW_ONLY
    clip_value: float | None = None
    clip_norm: float | None = None
    steps: int = field(default=0, init=False, repr=False)
    state: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    _scratch: dict[str, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the settings."""
        for name in ("learning_rate", "clip_value", "clip_norm"):
            number = getattr(self, name)
            if number is not None and not callable(number):
                real = isinstance(number, Real) and not isinstance(number, bool)
                _require(real and 0.0 < float(number) < math.inf, name, number, "a positive number")

    def step(self, parameters: Array, gradient: Array) -> None:
        """Move the parameters, in place; the gradient is left as it is.

        parameters, gradient: flat arrays of one shape. Raises ValueError, and moves nothing, where the shapes
        differ from each other or from those of earlier steps.
        """
        self.check(parameters)
        if gradient.shape != parameters.shape:
            raise ValueError(f"the parameters have shape {parameters.shape}, but the gradient {gradient.shape}")
        if self.clip_value is not None:
            u = self.scratch("clipped", parameters)
            gradient = np.clip(gradient, -self.clip_value, self.clip_value, out=u)
        if self.clip_norm is not None and (norm := float(np.linalg.norm(gradient))) > self.clip_norm:
            gradient = np.multiply(gradient, self.clip_norm / norm, out=self.scratch("clipped", parameters))
        rate = self.learning_rate(self.steps) if callable(self.learning_rate) else self.learning_rate
        self.steps += 1
        self._update(parameters, gradient, rate)

    def check(self, parameters: Array) -> None:
        """Raise ValueError where earlier steps moved parameters of another shape."""
        for array in self.state.values():
            if array.shape != parameters.shape:
                raise ValueError(
                    f"{type(self).__name__} has moved parameters of shape {array.shape}, and these have "
                    f"{parameters.shape}; use a new optimizer for each network"
                )

    @abstractmethod
    def _update(self, parameters: Array, gradient: Array, rate: float) -> None:
        """Move the parameters by one step at this learning rate."""

    def remembered(self, name: str, parameters: Array) -> Array:
        """Return the array kept under this name; zeros the first time."""
        if name not in self.state:
            self.state[name] = np.zeros_like(parameters)
        return self.state[name]

    def scratch(self, name: str, parameters: Array) -> Array:
        """Return an array to work in, of any content, the same one at every step."""
        array = self._scratch.get(name)
        if array is None or array.shape != parameters.shape or array.dtype != parameters.dtype:
            array = self._scratch[name] = np.empty_like(parameters)
        return array


@dataclass
class SGD(Optimizer):
    """Gradient descent: θ ← θ − η·g; with momentum v ← momentum·v + g, θ ← θ − η·v (Sutskever et al. 2013).

    nesterov: step along g + momentum·v instead. weight_decay: add weight_decay·θ to g.

    >>> theta = np.array([1.0])
    >>> SGD(0.1).step(theta, gradient=np.array([2.0])); theta
    array([0.8])
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        _require(0.0 <= self.momentum < 1.0, "momentum", self.momentum, "from 0 to below 1")
        _require(self.weight_decay >= 0.0, "weight_decay", self.weight_decay, "zero or positive")
        _require(self.momentum > 0.0 or not self.nesterov, "momentum", self.momentum, "positive with nesterov=True")

    def _update(self, parameters: Array, gradient: Array, rate: float) -> None:
        u = self.scratch("update", parameters)
        if self.weight_decay:
            decayed = np.multiply(self.weight_decay, parameters, out=self.scratch("decayed", parameters))
            decayed += gradient
            gradient = decayed
        if self.momentum:
            v = self.remembered("velocity", parameters)
            v *= self.momentum
            v += gradient
            if self.nesterov:
                np.multiply(self.momentum, v, out=u)
                u += gradient
            gradient = u if self.nesterov else v
        parameters -= np.multiply(rate, gradient, out=u)


@dataclass
class RMSProp(Optimizer):
    """A step for each entry by its own size: s ← decay·s + (1 − decay)·g², θ ← θ − η·g / (√s + ε).

    Tieleman and Hinton 2012, lecture 6.5.
    """

    learning_rate: float | Schedule = 0.01
    decay: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        _require(0.0 <= self.decay < 1.0, "decay", self.decay, "from 0 to below 1")
        _require(self.epsilon > 0.0, "epsilon", self.epsilon, "positive")

    def _update(self, parameters: Array, gradient: Array, rate: float) -> None:
        s, u = self.remembered("square", parameters), self.scratch("update", parameters)
        _move_mean_square(s, gradient, self.decay, u)
        np.sqrt(s, out=u)
        u += self.epsilon
        np.divide(gradient, u, out=u)
        u *= rate
        parameters -= u


@dataclass
class Adam(Optimizer):
    """RMSProp with momentum, and both running means corrected for their start at zero.

    m ← beta1·m + (1 − beta1)·g, s ← beta2·s + (1 − beta2)·g², θ ← θ − η·m̂ / (√ŝ + ε), at step t with
    m̂ = m / (1 − beta1ᵗ) and ŝ = s / (1 − beta2ᵗ) (Kingma and Ba 2015, algorithm 1).
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        _require(0.0 <= self.beta1 < 1.0, "beta1", self.beta1, "from 0 to below 1")
        _require(0.0 <= self.beta2 < 1.0, "beta2", self.beta2, "from 0 to below 1")
        _require(self.epsilon > 0.0, "epsilon", self.epsilon, "positive")

    def _update(self, parameters: Array, gradient: Array, rate: float) -> None:
        m, s = self.remembered("mean", parameters), self.remembered("square", parameters)
        u = self.scratch("update", parameters)
        m *= self.beta1
        m += np.multiply(1.0 - self.beta1, gradient, out=u)
        _move_mean_square(s, gradient, self.beta2, u)
        m_scale, s_root = 1.0 - self.beta1**self.steps, math.sqrt(1.0 - self.beta2**self.steps)
        np.sqrt(s, out=u)
        u += self.epsilon * s_root  # √ŝ + ε is this sum, divided by s_root
        np.divide(m, u, out=u)
        u *= rate * s_root / m_scale
        parameters -= u


@dataclass
class AdamW(Adam):
    """Adam after a weight decay of its own, θ ← (1 − η·weight_decay)·θ (Loshchilov and Hutter 2019)."""

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        _require(self.weight_decay >= 0.0, "weight_decay", self.weight_decay, "zero or positive")

    def _update(self, parameters: Array, gradient: Array, rate: float) -> None:
        parameters *= 1.0 - rate * self.weight_decay
        super()._update(parameters, gradient, rate)


# Schedules: the learning rate at step 0, 1, 2, … A step is one update; an epoch has one for each batch.


@dataclass(frozen=True)
class StepDecay:
    """Multiply the initial rate by `factor` every so many steps: updates, of which an epoch has one for each batch.

    >>> [StepDecay(1.0, every=2, factor=0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    initial: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        """Check the settings."""
        _require(self.every >= 1, "every", self.every, "at least 1")

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        return self.initial * self.factor ** (step // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """Multiply the rate by `factor` at every step.

    >>> [ExponentialDecay(1.0, factor=0.5)(step) for step in range(3)]
    [1.0, 0.5, 0.25]
    """

    initial: float
    factor: float

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        return self.initial * self.factor**step


@dataclass(frozen=True)
class CosineDecay:
    """Fall from the initial to the final rate along half a cosine, then stay (Loshchilov, Hutter 2017).

    >>> [round(CosineDecay(1.0, steps=4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        _require(self.steps >= 1, "steps", self.steps, "at least 1")

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        share = min(step / self.steps, 1.0)
        return self.final + (self.initial - self.final) * (1.0 + math.cos(math.pi * share)) / 2.0


def _move_mean_square(s: Array, gradient: Array, decay: float, u: Array) -> None:
    """Move the running mean of g², s ← decay·s + (1 − decay)·g², in place; u is scratch."""
    np.multiply(gradient, gradient, out=u)
    u *= 1.0 - decay
    s *= decay
    s += u


def _require(holds: bool, name: str, number: object, needs: str) -> None:
    if not holds:
        raise ValueError(f"{name} is {number!r}; it must be {needs}")
