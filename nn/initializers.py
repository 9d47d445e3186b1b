"""Initial weights: each scheme draws the matrix W[sender, receiver] of one layer; biases start at zero.

Letters: n senders, m receivers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nn.validation import Floats

Initializer = Callable[[np.random.Generator, int, int], Floats]


def uniform(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Draw from U(−1, 1)."""
    return rng.uniform(-1.0, 1.0, (n, m))


def normal(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Draw from N(0, 1), as Nielsen's `network.py` does for its weights."""
    return rng.standard_normal((n, m))


def xavier(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Draw from U(−r, r), r = √(6 / (n + m)), which suits sigmoid and tanh (Glorot and Bengio 2010)."""
    limit = np.sqrt(6.0 / (n + m))
    return rng.uniform(-limit, limit, (n, m))


def he(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Draw from N(0, 2/n), which suits ReLU (He et al. 2015)."""
    return rng.normal(0.0, np.sqrt(2.0 / n), (n, m))


def zeros(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Return zeros: the neurons of a hidden layer then stay equal, so this is only for demonstrations."""
    return np.zeros((n, m))


INITIALIZERS: dict[str, Initializer] = {f.__name__: f for f in (uniform, normal, xavier, he, zeros)}
