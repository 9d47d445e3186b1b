"""How good predictions are, as one number.

Letters: n examples, k outputs, p predictions (n, k), t targets.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nn.data import Array, Targets


def are_classes(t: Targets) -> bool:
    """Return whether targets are class indices, or rows of 0 and 1."""
    return t.ndim == 1 or bool(np.isin(t, (0.0, 1.0)).all())


def accuracy(p: Array, t: Targets, border: float = 0.5) -> float:
    """Return the share of the examples that are right.

    t: class indices (n,), one-hot rows, or rows of 0 and 1, where every output is a class of its own and counts
    as 1 above the border.

    >>> accuracy(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([1, 0]))
    0.5
    """
    right: NDArray[np.bool_]
    if t.ndim == 1:
        right = p.argmax(axis=1) == t
    elif t.shape[1] > 1 and (t.sum(axis=1) == 1.0).all():
        right = p.argmax(axis=1) == t.argmax(axis=1)
    else:
        right = ((p > border) == (t > 0.5)).all(axis=1)
    return float(right.mean())


def r_squared(p: Array, t: Targets) -> float:
    """Return R², the mean over the outputs of 1 − Σ (t − p)² / Σ (t − t̄)².

    Where the targets of an output are all the same, R² is 1 for a perfect prediction, else 0, as scikit-learn has it.

    >>> r_squared(np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]]))
    0.5
    """
    left, spread = np.square(t - p).sum(axis=0), np.square(t - t.mean(axis=0)).sum(axis=0)
    constant = spread == 0.0
    share = left / np.where(constant, 1.0, spread)
    return float(np.mean(1.0 - np.where(constant, left > 0.0, share)))
