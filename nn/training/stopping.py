"""The history of a training run, and the rules that end a run.

A rule is a function of the History, called after every epoch: it returns the reason to stop, or None to continue.
The rules here watch the validation loss if the last epoch has one, otherwise the training loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nn.signatures import spelled
from nn.validation import real, whole

ALWAYS_MEASURED = ("loss", "gradient_norms", "seconds")
SOMETIMES_MEASURED = ("accuracy", "validation_loss", "validation_accuracy")


@dataclass(repr=False)
class History:
    """The history of a training run: every list that is not empty has one entry per completed epoch.

    If a history is continued with a validation set, or without, the entries of the epochs without one are None.

    Attributes:
        loss: The mean over the examples, each computed before the update of its batch.
        gradient_norms: For each layer the length of its batch gradient, as the root mean square over the batches.
        accuracy: The fraction of the training examples that are right after the epoch (`MLP.score` says when they
            are); empty if the targets are not classes.
        validation_loss: The loss on the validation set after the epoch; empty without one.
        validation_accuracy: The accuracy on the validation set after the epoch; empty without one.
        seconds: The duration of the epoch and of the measurements after it.
        stopped_by: Why training ended: the reason of a rule, "epochs", "interrupt", or an error.
    """

    loss: list[float] = field(default_factory=list)
    gradient_norms: list[list[float]] = field(default_factory=list)
    accuracy: list[float | None] = field(default_factory=list)
    validation_loss: list[float | None] = field(default_factory=list)
    validation_accuracy: list[float | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped_by: str = ""

    def __repr__(self) -> str:
        return f"History({len(self.loss)} epochs: {self.summary()}; stopped by {self.stopped_by or 'nothing'})"

    def append(self, **numbers: float | list[float]) -> None:
        """Add an epoch's numbers, by the names of the lists."""
        epochs = len(self.loss)
        for name in (*ALWAYS_MEASURED, *SOMETIMES_MEASURED):
            entries = getattr(self, name)
            if name in numbers or entries:
                entries += [None] * (epochs - len(entries)) + [numbers.get(name)]

    def check(self) -> None:
        """Raise ValueError if a list does not have an entry for each epoch, so that it cannot be continued."""
        epochs = len(self.loss)
        for name in (*ALWAYS_MEASURED, *SOMETIMES_MEASURED):
            length = len(getattr(self, name))
            if length != epochs and (length or name in ALWAYS_MEASURED):
                raise ValueError(
                    f"the history has {epochs} entries in loss, but {length} in {name}; one for each epoch"
                )

    def summary(self) -> str:
        """Return the last epoch's numbers in words.

        >>> History(loss=[0.5, 0.25], accuracy=[0.5, 1.0]).summary()
        'loss 0.25, accuracy 1'
        """
        names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
        latest = {name.replace("_", " "): getattr(self, name)[-1] for name in names if getattr(self, name)}
        return ", ".join(f"{name} {number:.4g}" for name, number in latest.items() if number is not None)

    @property
    def watched(self) -> list[float]:
        """The validation losses if the last epoch has one, otherwise the training losses; None is left out.

        Raises ValueError for a history without an epoch.
        """
        validation = [x for x in self.validation_loss if x is not None]
        losses = validation if validation and self.validation_loss[-1] is not None else self.loss
        if not losses:
            raise ValueError("the history has no epoch, so there is no loss to watch; call a rule after an epoch")
        return losses


StoppingRule = Callable[[History], str | None]


@spelled
@dataclass(frozen=True)
class Threshold:
    """Stop as soon as the watched loss is at most this.

    Args:
        loss: A finite number.

    >>> Threshold(0.1)(History(loss=[0.3, 0.09]))
    'threshold: the loss is 0.09'
    """

    loss: float

    def __post_init__(self) -> None:
        """Check the settings."""
        real(self.loss, "loss", "a finite number")

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        latest = history.watched[-1]
        return f"threshold: the loss is {latest:.4g}" if latest <= self.loss else None


@spelled
@dataclass(frozen=True)
class Patience:
    """Stop after `epochs` epochs without a new lowest watched loss; the network keeps its last weights.

    Args:
        epochs: A whole number, 1 or more.

    >>> Patience(2)(History(loss=[0.3, 0.1, 0.2, 0.15]))
    'patience: no better loss than 0.1 for 2 epochs'
    """

    epochs: int = 10

    def __post_init__(self) -> None:
        """Check the settings."""
        whole(self.epochs, "epochs")

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        best = min(history.watched)
        waited = len(history.watched) - 1 - history.watched.index(best)
        if waited < self.epochs:
            return None
        return f"patience: no better loss than {best:.4g} for {waited} epochs"


@spelled
@dataclass(frozen=True)
class Convergence:
    """Stop when the watched loss has changed by at most `tolerance` in the last `epochs` epochs.

    Args:
        tolerance: A finite number, zero or positive.
        epochs: A whole number, 1 or more.

    >>> Convergence(0.01, epochs=2)(History(loss=[0.5, 0.101, 0.1, 0.1]))
    'convergence: the loss moved by 0.001 in 2 epochs'
    """

    tolerance: float = 1e-6
    epochs: int = 5

    def __post_init__(self) -> None:
        """Check the settings."""
        real(self.tolerance, "tolerance", "a finite number, zero or positive")
        whole(self.epochs, "epochs")

    def __call__(self, history: History) -> str | None:
        """Return the reason to stop, or None."""
        recent = history.watched[-self.epochs - 1 :]
        moved = max(recent) - min(recent)
        if len(recent) <= self.epochs or moved > self.tolerance:
            return None
        return f"convergence: the loss moved by {moved:.4g} in {self.epochs} epochs"
