"""Optimizers: the formulas of a step, which are those of PyTorch.

Letters: θ parameters, g gradient, η learning rate, v velocity, m and s running means of g and g².
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nn.signatures import spelled
from nn.training.optimizer import Optimizer, Schedule, State
from nn.validation import Floats, flag


@spelled
@dataclass
class SGD(Optimizer):
    """Gradient descent: θ ← θ − η·g; with momentum v ← momentum·v + g, θ ← θ − η·v (Sutskever et al. 2013).

    Args:
        learning_rate: A positive number, or a schedule.
        momentum: From 0 to below 1.
        nesterov: Whether to step along g + momentum·v instead of v.
        weight_decay: The factor of θ that is added to g.

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
        self._check("momentum", "from 0 to below 1")
        self._check("weight_decay", "a finite number, zero or positive")
        self.nesterov = flag(self.nesterov, "nesterov")
        if self.nesterov and not self.momentum:
            raise ValueError(f"momentum is {self.momentum!r}; it must be positive with nesterov=True")

    def _update(self, parameters: Floats, gradient: Floats, rate: float) -> tuple[Floats, State]:
        u, state = self.scratch("moved", parameters), {}
        if self.weight_decay:
            decayed = np.multiply(self.weight_decay, parameters, out=self.scratch("decayed", parameters))
            decayed += gradient
            gradient = decayed
        if self.momentum:
            v = state["velocity"] = self.renewed("velocity", parameters)
            np.multiply(self.momentum, self.remembered("velocity", parameters), out=v)
            v += gradient
            if self.nesterov:
                np.multiply(self.momentum, v, out=u)
                u += gradient
            gradient = u if self.nesterov else v
        np.multiply(rate, gradient, out=u)
        return np.subtract(parameters, u, out=u), state


@spelled
@dataclass
class RMSProp(Optimizer):
    """Gradient descent scaled by the running size of each entry (Tieleman and Hinton 2012, lecture 6.5).

    s ← decay·s + (1 − decay)·g², θ ← θ − η·g / (√s + ε).

    Args:
        learning_rate: η: a positive number, or a schedule.
        decay: The weight of the earlier mean in the new one, from 0 to below 1.
        epsilon: ε, a positive number, which bounds the step where s is small.

    >>> theta = np.array([1.0])
    >>> RMSProp(0.01, decay=0.75).step(theta, gradient=np.array([2.0])); theta
    array([0.98])
    """

    learning_rate: float | Schedule = 0.01
    decay: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        self._check("decay", "from 0 to below 1")
        self._check("epsilon", "a positive number")

    def _update(self, parameters: Floats, gradient: Floats, rate: float) -> tuple[Floats, State]:
        u = self.scratch("moved", parameters)
        s = self._mean_square(parameters, gradient, self.decay, u)
        np.sqrt(s, out=u)
        u += self.epsilon
        np.divide(gradient, u, out=u)
        u *= rate
        return np.subtract(parameters, u, out=u), {"square": s}


@spelled
@dataclass
class Adam(Optimizer):
    """RMSProp with momentum, with both running means corrected for their start at zero.

    m ← beta1·m + (1 − beta1)·g, s ← beta2·s + (1 − beta2)·g², θ ← θ − η·m̂ / (√ŝ + ε), at step t with
    m̂ = m / (1 − beta1ᵗ) and ŝ = s / (1 − beta2ᵗ) (Kingma and Ba 2015, algorithm 1).

    Args:
        learning_rate: η: a positive number, or a schedule.
        beta1: The weight of the earlier m in the new one, from 0 to below 1.
        beta2: The same for s.
        epsilon: ε, a positive number, which bounds the step where ŝ is small.

    >>> theta = np.array([1.0])
    >>> Adam(0.01).step(theta, gradient=np.array([2.0])); theta
    array([0.99])
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        self._check("beta1", "from 0 to below 1")
        self._check("beta2", "from 0 to below 1")
        self._check("epsilon", "a positive number")

    def _update(self, parameters: Floats, gradient: Floats, rate: float) -> tuple[Floats, State]:
        m, u, t = self.renewed("mean", parameters), self.scratch("moved", parameters), self.steps + 1
        np.multiply(self.beta1, self.remembered("mean", parameters), out=m)
        m += np.multiply(1.0 - self.beta1, gradient, out=u)
        s = self._mean_square(parameters, gradient, self.beta2, u)
        m_scale, s_root = 1.0 - self.beta1**t, math.sqrt(1.0 - self.beta2**t)
        np.sqrt(s, out=u)
        u += self.epsilon * s_root  # √ŝ + ε is this sum, divided by s_root
        np.divide(m, u, out=u)
        u *= rate * s_root / m_scale
        return np.subtract(parameters, u, out=u), {"mean": m, "square": s}


@spelled
@dataclass
class AdamW(Adam):
    """Adam with a separate weight decay before each step, θ ← (1 − η·weight_decay)·θ (Loshchilov and Hutter 2019).

    Args:
        learning_rate: η: a positive number, or a schedule.
        beta1: As in `Adam`.
        beta2: As in `Adam`.
        epsilon: As in `Adam`.
        weight_decay: A finite number, zero or positive.

    >>> theta = np.array([1.0])
    >>> AdamW(0.01, weight_decay=1.0).step(theta, gradient=np.array([2.0])); theta
    array([0.98])
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        """Check the settings."""
        super().__post_init__()
        self._check("weight_decay", "a finite number, zero or positive")

    def _update(self, parameters: Floats, gradient: Floats, rate: float) -> tuple[Floats, State]:
        decayed = self.scratch("decayed", parameters)
        np.multiply(1.0 - rate * self.weight_decay, parameters, out=decayed)
        return super()._update(decayed, gradient, rate)
