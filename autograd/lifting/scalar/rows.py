"""The program of few rows: it runs row by row on floats, and leaves to NumPy's what comes out infinite or NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from operator import add
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from autograd.conversion import Refusal
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Layer,
    Plan,
    Product,
    Recurrence,
    Reduction,
    computed,
)
from autograd.lifting.scalar.source import scalar_source
from autograd.row import Operation

OPERATIONS_PER_CALL = 40  # of floats, in the time of one call of NumPy on few numbers
MAX_OPERATIONS = 50_000  # of longer programs the text is not worth compiling

Engine = Literal["auto", "numpy", "scalar"]
Array = NDArray[Any]
Numbers = list[float]


def most_rows(engine: Engine, plan: Plan, calls: int, dtype: np.dtype[Any]) -> float:
    """Return the size of the largest batch that runs on floats, where NumPy's program makes so many calls."""
    if engine == "scalar" and dtype != np.float64:
        raise ValueError("engine 'scalar' computes in Python's floats: leave dtype at float64")
    if engine != "auto" or dtype != np.float64:
        return math.inf if engine == "scalar" else 0
    blocks = counted(plan)
    operations = sum([operations_of(block) * times for block, times in blocks])
    written = sum([operations_of(block) for block, _ in blocks])
    return OPERATIONS_PER_CALL * calls // operations if operations and written <= MAX_OPERATIONS else 0


def counted(plan: Plan) -> list[tuple[Block, int]]:
    """Return the blocks that are computed, and how often each is."""
    return [(x, part.iterations if isinstance(part, Recurrence) else 1) for part in plan.blocks for x in computed(part)]


def operations_of(block: Block) -> int:
    """Return how many operations on floats compute a block, and propagate its adjoint where it is trained."""
    rule = block.rule
    if isinstance(rule, Product):
        count = block.size * (len(rule.factors) - 1)
    elif isinstance(rule, Elementwise):
        count = 2 * block.size
    elif isinstance(rule, Reduction):
        count = len(rule.rows.index)
    else:
        count = 0
        for part in rule.parts if rule else ():
            rows = part.senders if isinstance(part, Layer) else part.rows
            count += 2 * len(rows.index) * (1 if not isinstance(part, Layer) else block.size)
    return count * (3 if block.trained else 1)


class ScalarRows:
    """The program of one row, run on each of at most `limit` rows; it is written and compiled when it is first used."""

    def __init__(self, plan: Plan, limit: float) -> None:
        self._plan, self.limit = plan if limit else None, limit  # a plan may be large

    @property
    def source(self) -> str:
        """The text that runs."""
        return self._written[0]

    @cached_property
    def _written(self) -> tuple[str, dict[str, Operation]]:
        return scalar_source(cast("Plan", self._plan))

    @cached_property
    def _functions(self) -> dict[str, Callable[[Numbers, Numbers], Any]]:
        names: dict[str, Any] = {"inf": math.inf, "nan": math.nan}
        names |= {name: operation.function for name, operation in self._written[1].items()}
        exec(compile(self.source, "<program of one row>", "exec"), names)  # noqa: S102  (the text is this project's own)
        return names

    def values(self, batch: Array, parameters: Array) -> list[Numbers] | None:
        """Return the outputs of each row; None for too many rows, or where one is refused or not finite."""
        if len(batch) > self.limit:
            return None
        function, numbers = self._functions["values"], parameters.tolist()
        try:
            found = [function(row, numbers) for row in batch.tolist()]
        except Refusal:
            return None
        return found if all([math.isfinite(x) for outputs in found for x in outputs]) else None

    def gradient(self, batch: Array, parameters: Array, mean: bool) -> tuple[float, Array] | None:
        """Return the reduced loss and its gradient; None for too many rows, or where one is refused or not finite."""
        if len(batch) > self.limit:
            return None
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
        return (total / n, np.array(gradient) / n) if n > 1 else (total, np.array(gradient))
