"""The program of few rows: it runs row by row on floats, and leaves to NumPy's what comes out infinite or NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from operator import add
from types import CodeType
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from autograd.conversion import Refusal
from autograd.lifting.plan import Plan
from autograd.lifting.scalar.source import scalar_source
from autograd.row import Operation
from autograd.rules.elementary import sum_left_to_right

Numbers = list[float]


class ScalarRows:
    """The program of one row, run on each of at most `limit` rows; it is written and compiled when it is first used."""

    name: Literal["scalar"] = "scalar"

    def __init__(self, plan: Plan, limit: float) -> None:
        self._plan, self.limit = plan if limit else None, limit  # a plan may be large

    @property
    def source(self) -> str:
        """The text that runs."""
        return self._written[0]

    @cached_property
    def _written(self) -> tuple[str, dict[str, Operation]]:
        return scalar_source(cast("Plan", self._plan))

    @property
    def operations(self) -> dict[str, Operation]:
        """The operations that the text calls, by the names that it has for them."""
        return self._written[1]

    def code(self) -> CodeType:
        """Return the text, compiled."""
        return compile(self.source, "<program of one row>", "exec")

    @cached_property
    def _functions(self) -> dict[str, Callable[[Numbers, Numbers], Any]]:
        names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        names |= {name: operation.function for name, operation in self.operations.items()}
        exec(self.code(), names)  # noqa: S102  (the text is this project's own)
        return names

    def values(self, batch: NDArray[Any], parameters: NDArray[Any]) -> NDArray[Any] | None:
        """Return the outputs, a row each; None where one is refused or not finite."""
        found = self._each(batch, parameters)
        return None if found is None else np.array(found).T

    def total(self, batch: NDArray[Any], parameters: NDArray[Any]) -> float | None:
        """Return the sum of the loss over the rows; None as for the values."""
        found = self._each(batch, parameters)
        return None if found is None else sum_left_to_right(*[loss for (loss,) in found])

    def _each(self, batch: NDArray[Any], parameters: NDArray[Any]) -> list[Numbers] | None:
        """Return the outputs of each row; None where one is refused or not finite."""
        function, numbers = self._functions["values"], parameters.tolist()
        try:
            found = [function(row, numbers) for row in batch.tolist()]
        except Refusal:
            return None
        return found if all([math.isfinite(x) for outputs in found for x in outputs]) else None

    def gradient(self, batch: NDArray[Any], parameters: NDArray[Any], mean: bool) -> tuple[float, NDArray[Any]] | None:
        """Return the reduced loss and its gradient, the caller's; None where one is refused or not finite."""
        function, numbers = self._functions["gradient"], parameters.tolist()
        first, *rest = batch.tolist()
        try:
            total, gradient = function(first, numbers)
            for row in rest:
                loss, more = function(row, numbers)
                total, gradient = total + loss, list(map(add, gradient, more))
        except Refusal:
            return None
        if not math.isfinite(total) or not all(map(math.isfinite, gradient)):
            return None
        n = len(batch) if mean else 1
        return total / n, np.array([x / n for x in gradient])
