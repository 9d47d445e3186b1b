"""The program of few rows: it runs row by row on floats, and leaves to NumPy's what comes out infinite or NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from operator import add
from typing import Any

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
from autograd.value import Refusal

OPERATIONS_PER_CALL = 40  # of floats, in the time of one call of NumPy on few numbers
MAX_OPERATIONS = 50_000  # of longer programs the text is not worth compiling

Numbers = list[float]


def rows_as_scalars(plan: Plan, calls: int) -> int:
    """Return for how many rows the operations on floats take no longer than so many calls of NumPy's."""
    operations = sum([operations_of(block) * times for block, times in counted(plan)])
    written = sum([operations_of(block) for block, _ in counted(plan)])
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
    """The program of one row, run on each of some rows; it is written and compiled when it is first used."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @cached_property
    def source(self) -> str:
        """The text that runs."""
        return self._written[0]

    @cached_property
    def _written(self) -> tuple[str, dict[str, Any]]:
        return scalar_source(self._plan)

    @cached_property
    def _functions(self) -> dict[str, Callable[[Numbers, Numbers], Any]]:
        names = dict(self._written[1])
        exec(compile(self.source, "<program of one row>", "exec"), names)  # noqa: S102  (the text is this project's own)
        return names

    def values(self, rows: list[Numbers], parameters: Numbers) -> list[Numbers] | None:
        """Return the outputs of each row; None where Python refuses one, or it is not finite."""
        function = self._functions["values"]
        try:
            found = [function(row, parameters) for row in rows]
        except Refusal:
            return None
        return found if all([math.isfinite(x) for outputs in found for x in outputs]) else None

    def gradient(self, rows: list[Numbers], parameters: Numbers) -> tuple[float, Numbers] | None:
        """Return the sum of the losses and of their gradients; None where Python refuses one, or it is not finite."""
        function = self._functions["gradient"]
        try:
            total, gradient = function(rows[0], parameters)
            for row in rows[1:]:
                loss, more = function(row, parameters)
                total, gradient = total + loss, list(map(add, gradient, more))
        except Refusal:
            return None
        return (total, gradient) if math.isfinite(total) and all(map(math.isfinite, gradient)) else None
