"""Which engine runs a batch: NumPy's program, or, where that is quicker, one that runs the program of one row.

The choice counts what each would do, and what that takes; the constants were measured.
"""

from __future__ import annotations

import functools
import math
import threading
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from autograd.lifting.native.tape import FEW, LANES
from autograd.lifting.plan import Block, Elementwise, Layer, Plan, Product, Recurrence, Reduction, computed
from autograd.lifting.scalar.rows import ScalarRows

if TYPE_CHECKING:
    from autograd.lifting.native.rows import NativeRows

OPERATIONS_PER_CALL = 40  # of floats, in the time of one call of NumPy on few numbers
MAX_OPERATIONS = 50_000  # of longer programs the text is not worth compiling to run on floats
MAX_RECORDED = 200_000  # operations, all iterations of loops counted: what takes two seconds to compile and to record

# Nanoseconds. NumPy: of a call, and for each row, of a multiply-add in a matrix product and of any other operation. The
# native engine: of the same two on a row that runs by itself, and of either on a block of rows.
NUMPY_CALL, NUMPY_PRODUCT, NUMPY_OPERATION = 600.0, 0.05, 0.6
NATIVE_PRODUCT, NATIVE_OPERATION, NATIVE_BLOCK = 1.3, 2.0, 8.0

EngineName = Literal["auto", "numpy", "scalar", "native"]

LLVMLITE = (0, 46)  # the oldest that the native engine's code compiles with
NEEDED = f"llvmlite {LLVMLITE[0]}.{LLVMLITE[1]} or later"
INSTALL = "pip install 'handgrad[native]'"


@functools.cache
def is_installed() -> bool:
    """Whether the native engine's compiler is there, and new enough; another package may have brought an older one."""
    from importlib import metadata  # here, for it takes a while to load

    try:
        return tuple(map(int, metadata.version("llvmlite").split(".")[:2])) >= LLVMLITE
    except metadata.PackageNotFoundError:
        return False


class EngineChoice:
    """What runs batches in NumPy's place, if anything: chosen when it is first needed, as it takes a while to write.

    Args:
        engine: The one that was asked for.
        plan: Of the program.
        calls: Of NumPy, that its program makes.
        dtype: Of its numbers.
        inputs: Their number.
        parameters: Likewise.
    """

    def __init__(
        self, engine: EngineName, plan: Plan, calls: int, dtype: np.dtype[Any], inputs: int, parameters: int
    ) -> None:
        self._engine, self._calls, self._dtype = engine, calls, dtype
        self._inputs, self._parameters = inputs, parameters
        self._plan: Plan | None = plan  # until it is chosen, for it may be large
        self._chosen: ScalarRows | NativeRows | None = None
        self._lock = threading.Lock()
        self.most_rows = self._bound(plan)  # of a batch that it may run

    @property
    def chosen(self) -> ScalarRows | NativeRows:
        """What runs the batches of up to `limit` rows, those for which it is quicker than NumPy's program.

        Raises ValueError where the engine that was asked for cannot be had.
        """
        if self._chosen is None:
            with self._lock:
                if self._plan is not None:  # no other thread came first
                    self._chosen, self._plan = self._written(self._plan), None
        return cast("ScalarRows | NativeRows", self._chosen)

    def for_batch(self, rows: int) -> ScalarRows | NativeRows | None:
        """Return what runs a batch of this number of rows; None where NumPy does."""
        if rows > self.most_rows:
            return None
        chosen = self.chosen
        return chosen if rows <= chosen.limit else None

    def _bound(self, plan: Plan) -> float:
        """Return the most that the limit may be, in far less time than it takes to write the program."""
        if self._engine != "auto":
            return 0 if self._engine == "numpy" else math.inf
        scalar = most_scalar_rows(plan, self._calls) if self._dtype == np.float64 else 0
        return max(scalar, most_native_rows(plan, self._calls) if is_installed() else 0)

    def _written(self, plan: Plan) -> ScalarRows | NativeRows:
        """Return the program of one row and the engine that runs it."""
        engine, calls, dtype = self._engine, self._calls, self._dtype
        if engine == "scalar" and dtype != np.float64:
            raise ValueError("engine 'scalar' computes in Python's floats: leave dtype at float64")
        if engine == "native" and not is_installed():
            raise ValueError(f"engine 'native' needs {NEEDED}: {INSTALL}, or leave engine at 'auto'")
        if engine == "native" or (engine == "auto" and is_installed()):
            one_row = ScalarRows(plan, math.inf)
            from autograd.lifting.native.rows import NativeRows, unknown  # llvmlite takes a while to load

            limit = math.inf if engine == "native" else most_native_rows(plan, calls)
            lacking = unknown(one_row) if limit else []
            if limit and not lacking:
                return NativeRows(one_row, self._inputs, self._parameters, dtype, limit)
            if engine == "native":
                raise ValueError(
                    f"engine 'native' has no {' and no '.join(lacking)}, which this graph uses: leave engine at 'auto'"
                )
        limit = math.inf if engine == "scalar" else 0
        if engine == "auto" and dtype == np.float64:
            limit = most_scalar_rows(plan, calls)
        return ScalarRows(plan, limit)


def most_scalar_rows(plan: Plan, calls: int) -> float:
    """Return the size of the largest batch for which Python on floats is quicker than NumPy."""
    operations = sum([operations_of(block) * times for block, times in counted(plan)])
    text = sum([operations_of(block) for block, _ in counted(plan)])
    return OPERATIONS_PER_CALL * calls // operations if 0 < text <= MAX_OPERATIONS else 0


def most_native_rows(plan: Plan, calls: int) -> float:
    """Return the size of the largest batch for which the native engine is quicker than NumPy, and so are all smaller.

    NumPy's calls take the same for few rows as for one, the native engine's blocks for 4 rows as for 64; with many
    rows, NumPy's matrix products win where there is little else.
    """
    products = others = 0.0
    for block, times in counted(plan):
        inner = products_of(block)
        products += inner * times
        others += (operations_of(block) - 2 * inner) * times
    total = products + others
    if total > MAX_RECORDED:
        return 0
    row = NATIVE_PRODUCT * products + NATIVE_OPERATION * others
    one_by_one = NUMPY_CALL * calls / row if row else math.inf
    if NATIVE_BLOCK * total > NUMPY_CALL * calls:
        return min(one_by_one // 1, FEW)
    lost = NATIVE_BLOCK / LANES * total - NUMPY_PRODUCT * products - NUMPY_OPERATION * others  # with each row
    return math.inf if lost <= 0.0 else max(LANES, NUMPY_CALL * calls // lost)


def products_of(block: Block) -> int:
    """Return how many multiply-adds the matrix products of a block take, those of its backward pass among them."""
    layers = [part for part in getattr(block.rule, "parts", ()) if isinstance(part, Layer)]
    return sum([len(part.senders.index) for part in layers]) * block.size * (3 if block.trained else 1)


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
