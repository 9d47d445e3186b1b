"""Measures of how good predictions are.

Letters: n examples, k outputs, p predictions (n, k), t targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nn.validation import Floats, Targets


@dataclass(frozen=True)
class Reading:
    """How outputs and targets are read as classes: by the largest output, or each output as a label of its own.

    Attributes:
        largest: Whether the class is that of the largest output.
        threshold: Otherwise, an output above it means yes; a target above 0 does.
    """

    largest: bool
    threshold: float = 0.5

    def accuracy(self, p: Floats, t: Targets) -> float:
        """Return the fraction of the examples that are right; with several labels, a row is right if all of them are.

        Args:
            p: Predictions (n, k).
            t: Targets: class indices (n,), or rows (n, k).

        >>> Reading(largest=True).accuracy(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([1, 0]))
        0.5
        """
        if self.largest:
            return float((p.argmax(axis=1) == (t if t.ndim == 1 else t.argmax(axis=1))).mean())
        return float(((p > self.threshold) == (t > 0.0)).all(axis=1).mean())


def r_squared(p: Floats, t: Targets) -> float:
    """Return R², the mean over the outputs of 1 − Σ (t − p)² / Σ (t − t̄)².

    If the targets of an output are all the same, R² is 1 for a perfect prediction and 0 otherwise, as in scikit-learn.

    >>> r_squared(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
    0.5
    """
    left, spread = np.square(t - p).sum(axis=0), np.square(t - t.mean(axis=0)).sum(axis=0)
    constant = spread == 0.0
    share = left / np.where(constant, 1.0, spread)
    return float(np.mean(1.0 - np.where(constant, left > 0.0, share)))
