"""The rows of the table as functions of vectors, by name: the one place that the machine asks.

Those of single precision compute in double precision where a row is more than a few instructions, and round once.
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.lifting.native import exponentials
from autograd.lifting.native.vectors import Vector


def in_double(function: Callable[..., Vector]) -> Callable[..., Vector]:
    """Return a function of double precision for vectors of either precision, with one rounding to single."""

    def call(*xs: Vector) -> Vector:
        if xs[0].lanes.element == "float64":
            return function(*xs)
        return function(*[x.widened() for x in xs]).narrowed()

    return call


FUNCTIONS: dict[str, Callable[..., Vector]] = {
    "exp": in_double(exponentials.exp),
    "log": in_double(exponentials.log),
}
