"""Schedules: the learning rate at step 0, 1, 2, …

A step is one update; an epoch has one for each batch. Any function of the step number is a schedule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nn.signatures import spelled
from nn.validation import real, whole


@spelled
@dataclass(frozen=True)
class StepDecay:
    """Multiply the rate by `factor` once every few steps; an epoch has one step for each batch.

    Args:
        initial: The rate at step 0; a positive number.
        every: The number of steps between two changes.
        factor: A positive number.

    Raises:
        ValueError: For a number out of range; the message names the setting.

    >>> [StepDecay(1.0, every=2, factor=0.5)(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    initial: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        """Check the settings."""
        _keep(self, initial=real(self.initial, "initial", "a positive number"))
        _keep(self, every=whole(self.every, "every"), factor=real(self.factor, "factor", "a positive number"))

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        return self.initial * self.factor ** (step // self.every)


@spelled
@dataclass(frozen=True)
class ExponentialDecay:
    """Multiply the rate by `factor` at every step.

    Args:
        initial: The rate at step 0; a positive number.
        factor: A positive number.

    Raises:
        ValueError: For a number out of range; the message names the setting.

    >>> [ExponentialDecay(1.0, factor=0.5)(step) for step in range(3)]
    [1.0, 0.5, 0.25]
    """

    initial: float
    factor: float

    def __post_init__(self) -> None:
        """Check the settings."""
        _keep(self, initial=real(self.initial, "initial", "a positive number"))
        _keep(self, factor=real(self.factor, "factor", "a positive number"))

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        return self.initial * self.factor**step


@spelled
@dataclass(frozen=True)
class CosineDecay:
    """Decrease the rate from `initial` to `final` along half a cosine, then keep it (Loshchilov and Hutter 2017).

    Args:
        initial: The rate at step 0; a positive number.
        steps: The number of steps until the final rate is reached.
        final: The final rate; zero or positive.

    Raises:
        ValueError: For a number out of range; the message names the setting.

    >>> [round(CosineDecay(1.0, steps=4)(step), 3) for step in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """

    initial: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        """Check the settings."""
        _keep(self, initial=real(self.initial, "initial", "a positive number"), steps=whole(self.steps, "steps"))
        _keep(self, final=real(self.final, "final", "a finite number, zero or positive"))

    def __call__(self, step: int) -> float:
        """Return the learning rate at this step."""
        share = min(step / self.steps, 1.0)
        return self.final + (self.initial - self.final) * (1.0 + math.cos(math.pi * share)) / 2.0


def _keep(schedule: object, **settings: float) -> None:
    """Set fields of a frozen schedule to the checked numbers."""
    for name, number in settings.items():
        object.__setattr__(schedule, name, number)
