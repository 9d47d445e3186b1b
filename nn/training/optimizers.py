"""Optimisers: one step down the gradient, in place, on one flat array of parameters, or on Values.

An optimiser does not know the network: `train` passes it the parameters and the gradient, so it works with every
engine. What it remembers between steps is in `steps` and `state`: use a new one for each network. A step is taken
completely or not at all: the new numbers are computed and checked before anything is replaced. After the second step
nothing is allocated. The formulas are those of PyTorch.

Letters: θ parameters, g gradient, η learning rate, v velocity, m and s running means of g and g².
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from autograd import Value
from autograd.arrays import is_finite
from nn.modules import Module, assign
from nn.signatures import no_attribute, spelled
from nn.validation import Floats, flag, real

Schedule = Callable[[int], float]  # step number, counted from 0 -> learning rate; an epoch has one step for each batch
State = dict[str, Floats]
REMEDY = "a smaller learning rate or clip_norm may help"  # where numbers diverge
# Attributes of the optimizers of PyTorch and Keras, and what they are here.
ELSEWHERE = {
    "zero_grad": "mlp.zero_grad(), or x.grad = 0.0 for each parameter,",
    "apply_gradients": "step(parameters, gradient)",
    "minimize": "train(mlp, X, y, optimizer=…)",
    "state_dict": "nn.save(mlp, path, optimizer=…)",
    "load_state_dict": "nn.load(path).optimizer",
    "param_groups": "step(parameters), to which the parameters are passed,",
    "lr": "learning_rate",
}


@dataclass
class Optimizer(ABC):
    """What all optimisers share: the learning rate, clipping, and the state between steps.

    Args:
        learning_rate: A positive number, or a schedule, called with the step number.
        clip_value: Clip every entry of the gradient to ±clip_value.
        clip_norm: Scale a gradient that is longer than this to this length.

    Raises:
        ValueError: For a number out of its range; the message names the setting.
    """

    learning_rate: float | Schedule
    _: KW_ONLY
    clip_value: float | None = None
    clip_norm: float | None = None
    steps: int = field(default=0, init=False, repr=False)
    state: State = field(default_factory=dict, init=False, repr=False)
    _before: State = field(default_factory=dict, init=False, repr=False, compare=False)  # to be overwritten
    _scratch: State = field(default_factory=dict, init=False, repr=False, compare=False)
    _values: list[Value] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the settings."""
        if isinstance(self.learning_rate, (list, tuple, Iterator, Module)):
            raise ValueError(
                f"learning_rate is {self.learning_rate!r:.80}; an optimizer takes only its settings, such as "
                f"{type(self).__name__}(0.01); pass the parameters to step(mlp.parameters())"
            )
        if not callable(self.learning_rate):
            self._check("learning_rate", "a positive number")
        for name in ("clip_value", "clip_norm"):
            if getattr(self, name) is not None:
                self._check(name, "a positive number")

    if not TYPE_CHECKING:  # a type checker knows all attributes that there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, ELSEWHERE)

    def _check(self, name: str, needs: str) -> None:
        setattr(self, name, real(getattr(self, name), name, needs))

    @overload
    def step(self, parameters: Floats, gradient: Floats) -> None: ...
    @overload
    def step(self, parameters: Iterable[Value]) -> None: ...
    def step(self, parameters: Any, gradient: Any = None) -> None:
        """Update the parameters in place; the gradient is not changed.

        Set the gradients of Values to 0.0 before the next `backward()`, which adds to them.

        Args:
            parameters: A flat array; or Values, after `backward()`, whose `grad` is the gradient. A Value that is
                listed twice is updated once.
            gradient: An array of the same shape, if the parameters are an array.

        Raises:
            ValueError: If the parameters are not those of earlier steps, if the gradient does not fit or is not
                finite, and if a schedule does not return a rate.
            FloatingPointError: If a parameter would no longer be finite. No parameter has changed then.

        >>> from autograd import Value
        >>> w, optimizer = Value(1.0, "w"), Adam(0.1)
        >>> for _ in range(100):
        ...     w.grad = 0.0
        ...     ((w - 3.0) ** 2).backward()
        ...     optimizer.step([w])
        >>> round(w.data, 1)
        3.0
        """
        if isinstance(parameters, np.ndarray) and parameters.dtype.kind != "O":
            if not isinstance(gradient, np.ndarray) or gradient.shape != parameters.shape:
                shape = gradient.shape if isinstance(gradient, np.ndarray) else repr(gradient)[:80]
                raise ValueError(f"the parameters have shape {parameters.shape}, but the gradient {shape}")
            moved, state = self._moved(parameters, gradient)
            parameters[:] = moved
        else:
            values = self._listed(parameters)
            if gradient is not None:
                raise ValueError("Values have their gradient in grad: give step the parameters alone")
            before = np.array([value.data for value in values])
            moved, state = self._moved(before, np.array([value.grad for value in values]), values)
            try:
                assign(values, moved)
            except BaseException:  # Ctrl-C too
                assign(values, before)
                raise
            self._values = values
        self.state, self._before = state, self.state
        self.steps += 1

    def check(self, parameters: Floats) -> None:
        """Raise ValueError if earlier steps updated parameters of another shape."""
        for array in self.state.values():
            if array.shape != parameters.shape:
                raise ValueError(
                    f"{type(self).__name__} has updated parameters of shape {array.shape}, and these have "
                    f"{parameters.shape}; use a new optimizer for each network"
                )

    def _listed(self, parameters: Any) -> list[Value]:
        """Return the parameters, each once; raise an error if they are not leaves, or not those of earlier steps."""
        if not isinstance(parameters, Iterable):
            remedy = "its parameters()" if isinstance(parameters, Module) else "a list of Values"
            raise TypeError(f"step updates parameters, not {parameters!r:.80}; give {remedy}")
        given = list(parameters)
        for place, value in enumerate(given):
            if not isinstance(value, Value):
                raise TypeError(f"parameter {place} is {value!r:.80}; step takes Values, or an array and its gradient")
            if value.operands or value.constant:
                raise ValueError(f"parameter {place} is {value!r:.80}, which is computed; only a leaf can be updated")
        values = list(dict.fromkeys(given))
        if not values:
            raise ValueError("the list of parameters is empty")
        if self._values and not (len(values) == len(self._values) and all(map(operator.is_, values, self._values))):
            raise ValueError(
                f"{type(self).__name__} has updated {len(self._values)} parameters, and these {len(values)} are not "
                "the same in the same order; use a new optimizer for each list of parameters"
            )
        return values

    @np.errstate(all="ignore")  # numbers that are not finite are reported below
    def _moved(self, parameters: Floats, gradient: Floats, values: list[Value] | None = None) -> tuple[Floats, State]:
        """Return the parameters and the state after the step; nothing has changed yet."""
        self.check(parameters)
        rate, clipped = self._rate(), gradient
        if self.clip_value is not None:
            u = self.scratch("clipped", parameters)
            clipped = np.clip(gradient, -self.clip_value, self.clip_value, out=u)
        if self.clip_norm is not None and (norm := float(np.linalg.norm(clipped))) > self.clip_norm:
            clipped = np.multiply(clipped, self.clip_norm / norm, out=self.scratch("clipped", parameters))
        moved, state = self._update(parameters, clipped, rate)
        if not is_finite(moved) or (values and not is_finite(gradient)):
            raise _divergence(parameters, gradient, moved, rate, values)
        return moved, state

    def _rate(self) -> float:
        rate = self.learning_rate
        if rate.__class__ is float and 0.0 < rate < math.inf:  # checked already, and the usual case
            return rate
        if callable(rate):
            name = f"the rate of the schedule {rate!r:.80} at step {self.steps}"
            return real(rate(self.steps), name, "a finite number, zero or positive")
        return real(rate, "learning_rate", "a positive number")

    @abstractmethod
    def _update(self, parameters: Floats, gradient: Floats, rate: float) -> tuple[Floats, State]:
        """Return the parameters and the state after a step with this learning rate, without changing either."""

    def remembered(self, name: str, parameters: Floats) -> Floats:
        """Return the state of this name; zeros at the first step."""
        array = self.state.get(name)
        return np.zeros_like(parameters) if array is None else array

    def renewed(self, name: str, parameters: Floats) -> Floats:
        """Return an array with arbitrary content, for the new state of this name."""
        return _like(parameters, name, self._before)

    def scratch(self, name: str, parameters: Floats) -> Floats:
        """Return an array with arbitrary content for intermediate results, the same one at every step."""
        return _like(parameters, name, self._scratch)

    def _mean_square(self, parameters: Floats, gradient: Floats, decay: float, u: Floats) -> Floats:
        """Return the running mean of g² after the step, s ← decay·s + (1 − decay)·g²; u is overwritten."""
        s = self.renewed("square", parameters)
        np.multiply(gradient, gradient, out=u)
        u *= 1.0 - decay
        np.multiply(decay, self.remembered("square", parameters), out=s)
        s += u
        return s


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


def _like(parameters: Floats, name: str, arrays: State) -> Floats:
    """Return the array of this name, or a new one if it does not fit the parameters."""
    array = arrays.get(name)
    if array is None or array.shape != parameters.shape or array.dtype != parameters.dtype:
        array = arrays[name] = np.empty_like(parameters)
    return array


def _divergence(
    parameters: Floats, gradient: Floats, moved: Floats, rate: float, values: list[Value] | None
) -> FloatingPointError | ValueError:
    """Return the error for a step that would make a parameter infinite or NaN; it says which one, and why."""

    def first(numbers: Floats) -> tuple[str, str]:
        place = int(np.flatnonzero(~np.isfinite(numbers))[0])
        name = values[place].name if values else None
        return name or f"parameter {place}", str(numbers[place])

    for numbers, what in ((parameters, "{} is {} already"), (gradient, "the gradient of {} is {}")):
        if not is_finite(numbers):
            return ValueError(what.format(*first(numbers)) + "; nothing has changed")
    return FloatingPointError(
        "{} would be {} after a step at the learning rate {:g}; nothing has changed; {}".format(
            *first(moved), rate, REMEDY
        )
    )
