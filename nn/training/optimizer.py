"""What all optimizers share: one step down the gradient, in place, on one flat array of parameters, or on Values.

An optimizer does not know the network: `train` passes it the parameters and the gradient, so it works with every
engine. What it remembers between steps is in `steps` and `state`: use a new one for each network. A step is taken
completely or not at all: the new numbers are computed and checked before anything is replaced. After the second step
nothing is allocated.

Letters: g gradient, s running mean of g².
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
from nn.signatures import no_attribute
from nn.validation import Floats, real

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
    """What all optimizers share: the learning rate, clipping, and the state between steps.

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

        >>> from nn import Adam
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
