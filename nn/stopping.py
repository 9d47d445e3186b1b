"""What a training run leaves behind, and the rules that end it.

A rule is a function of the History, asked after every epoch: it returns the reason to stop, or None to go on.
The rules here watch the validation loss where there is one, else the training loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(repr=False)
class History:
    """One entry per completed epoch.

    loss: the mean over the examples, each taken when its batch was due, so before that batch's own update.
    gradient_norms: for each layer the length of its batch gradient, as the root mean square over the batches.
    accuracy: the share of the training examples that the network has right after the epoch; empty unless the
    targets are classes: indices, one-hot rows, 0 and 1, or −1 and 1 with the hinge loss.
    validation_loss, validation_accuracy: the same after the epoch on the validation set; empty without one.
    seconds: how long the epoch took, with all that is measured after it.
    stopped_by: why training ended.
    """

    loss: list[float] = field(default_factory=list)
    gradient_norms: list[list[float]] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped_by: str = ""

    def __repr__(self) -> str:
        return f"History({len(self.loss)} epochs: {self.summary()}; stopped by {self.stopped_by or 'nothing'})"

    def append(self, **numbers: float | list[float]) -> None:
        """Add an epoch's numbers, by the names of the lists."""
        for name, number in numbers.items():
            getattr(self, name).append(number)

    def summary(self) -> str:
        """Return the last epoch's numbers in words.

        >>> History(loss=[0.5, 0.25], accuracy=[0.5, 1.0]).summary()
        'loss 0.25, accuracy 1'
        """
        names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
        latest = {name.replace("_", " "): getattr(self, name)[-1] for name in names if getattr(self, name)}
        return ", ".join(f"{name} {number:.4g}" for name, number in latest.items())

    @property
    def watched(self) -> list[float]:
        """The validation loss where there is one, else the training loss."""
        return self.validation_loss or self.loss


Rule = Callable[[History], str | None]


@dataclass(frozen=True)
class Threshold:
    """Stop as soon as the watched loss is at most this.

    >>> Threshold(0.1)(History(loss=[0.3, 0.09]))
    'threshold: the loss is 0.09'
    """

    loss: float

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        latest = history.watched[-1]
        return f"threshold: the loss is {latest:.4g}" if latest <= self.loss else None


@dataclass(frozen=True)
class Patience:
    """Stop after so many epochs without a watched loss below the best one; the network keeps its last weights.

    >>> Patience(2)(History(loss=[0.3, 0.1, 0.2, 0.15]))
    'patience: no better loss than 0.1 for 2 epochs'
    """

    epochs: int = 10

    def __post_init__(self) -> None:
        """Check the settings."""
        _require_positive("Patience", "epochs", self.epochs)

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        best = min(history.watched)
        waited = len(history.watched) - 1 - history.watched.index(best)
        if waited < self.epochs:
            return None
        return f"patience: no better loss than {best:.4g} for {waited} epochs"


@dataclass(frozen=True)
class Convergence:
    """Stop when the watched loss has moved by no more than the tolerance over so many epochs.

    >>> Convergence(0.01, epochs=2)(History(loss=[0.5, 0.101, 0.1, 0.1]))
    'convergence: the loss moved by 0.001 in 2 epochs'
    """

    tolerance: float = 1e-6
    epochs: int = 5

    def __post_init__(self) -> None:
        """Check the settings."""
        _require_positive("Convergence", "epochs", self.epochs)

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        recent = history.watched[-self.epochs - 1 :]
        moved = max(recent) - min(recent)
        if len(recent) <= self.epochs or moved > self.tolerance:
            return None
        return f"convergence: the loss moved by {moved:.4g} in {self.epochs} epochs"


def _require_positive(rule: str, name: str, number: int) -> None:
    if number < 1:
        raise ValueError(f"{rule}: {name} is {number}; it must be at least 1")
