"""A program run by NumPy, on any number of rows: piece by piece, with arrays for each size of a piece in each thread.

Where a result is not finite, the eager engine records its row anew: it raises, or its number is put in.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import CodeType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from autograd.arrays import MAX_DOT_LENGTH, is_finite
from autograd.lifting.memory import Memory, pieces, rows_at_once
from autograd.lifting.passes.trace import Leaves, Trace
from autograd.lifting.pipeline import Source
from autograd.lifting.plan import Plan, Rows, runs
from autograd.lifting.recomputation import recompute
from autograd.rules.elementary import sum_left_to_right

MAX_BATCH_SIZES = 8  # that keep their arrays, in each thread
Forward = Callable[[NDArray[Any]], list[NDArray[Any]]]
Built = tuple[Forward, Callable[[], None], NDArray[Any], NDArray[Any]]


class NumpyRows:
    """The NumPy program of a plan, whose text is compiled.

    `parameters` is the array that it computes with, `mean` whether a loss is the mean of the rows, and not their sum.
    """

    def __init__(
        self, traced: Trace, plan: Plan, written: Source, code: CodeType, parameters: NDArray[Any], mean: bool
    ) -> None:
        self.trace, self.code, self.parameters, self.mean = traced, code, parameters, mean
        self.dtype = dtype = parameters.dtype
        self.outputs = [x if isinstance(x, float) else None for x in plan.outputs]  # the number of a constant one
        self.runs = [x if isinstance(x, list) else None for x in runs(plan.outputs)]
        self.batched = any([isinstance(x, Rows) and x.block.batched for x in plan.outputs])
        self.source, self.namespace = written.text, written.namespace
        self.constants = [x.astype(dtype) if x.dtype.kind == "f" else x for x in written.constants]
        columns = written.columns
        self.rows_at_once = rows_at_once(columns * dtype.itemsize, written.product, columns / max(written.calls, 1))
        few = 2 * len(written.checked) < len(parameters) > MAX_DOT_LENGTH  # else all are as quick
        self.telling = np.array(written.checked, int) if few else None
        self.local = threading.local()

    def built(self, n: int) -> Built:
        """Return forward, backward, the gradient that it writes, and ones, for a batch size, in this thread."""
        local = self.local.__dict__
        if local.get("n") == n:
            return cast("Built", local["built"])
        sizes = local.setdefault("sizes", OrderedDict())
        if n not in sizes:
            gradient = np.zeros(len(self.parameters), self.dtype)
            memory = Memory(sizes.popitem(last=False)[1][1] if len(sizes) == MAX_BATCH_SIZES else None)
            names = {**self.namespace, "n": n, "parameters": self.parameters, "gradient": gradient}
            names |= {"constants": self.constants, "dtype": self.dtype}
            names |= {"empty": memory.empty, "full": memory.full, "ones": memory.ones}
            exec(self.code, names)  # noqa: S102  (the text is this project's own)
            ones = np.ones(n if self.batched else 1, self.dtype)
            sizes[n] = (names["forward"], names["backward"], gradient, ones), memory
        sizes.move_to_end(n)
        local["n"], local["built"] = n, sizes[n][0]
        return cast("Built", sizes[n][0])

    def total(self, batch: NDArray[Any], check_finite: bool) -> float:
        """Return the mean or the sum of the loss over a batch."""
        total = 0.0
        for first, piece in pieces(batch, self.rows_at_once):
            forward, _, _, ones = self.built(len(piece))
            total += self.share(piece, batch) * self.reduced(forward(piece), piece, ones, check_finite, first)
        return total

    def values(self, batch: NDArray[Any], check_finite: bool) -> NDArray[Any]:
        """Return the outputs of each row of a batch, (outputs, n)."""
        n, size = len(batch), self.rows_at_once
        if n <= size:
            rows = self.values_of_piece(batch)
        else:
            rows = np.empty((len(self.outputs), n), self.dtype)
            for first in (*range(0, n - size, size), n - size):  # the last piece begins within the one before it
                rows[:, first : first + size] = self.values_of_piece(batch[first : first + size])
        if check_finite and not is_finite(rows):
            self.put_right(rows, batch)
        return rows

    def values_of_piece(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Return the outputs of a piece, a row each, unchecked."""
        arrays, n = iter(self.built(len(batch))[0](batch)), len(batch)
        found = [next(arrays) if numbers is None else np.array([numbers], self.dtype).T for numbers in self.runs]
        return np.concatenate([x if x.shape[1] == n else np.broadcast_to(x, (len(x), n)) for x in found])

    def gradient(self, batch: NDArray[Any], check_finite: bool) -> tuple[float, NDArray[Any]]:
        """Return the mean or the sum of the loss and its gradient, in an array that the next call may overwrite."""
        if len(batch) <= self.rows_at_once:
            return self.gradient_of_piece(batch, check_finite, 0)
        local = self.local.__dict__
        if "summed" not in local:
            local["summed"] = np.empty_like(self.parameters)
        total, summed = 0.0, local["summed"]
        summed.fill(0.0)
        for first, piece in pieces(batch, self.rows_at_once):
            value, gradient = self.gradient_of_piece(piece, check_finite, first)
            share = self.share(piece, batch)
            total += share * value
            gradient *= share
            summed += gradient
        return total, summed

    def share(self, piece: NDArray[Any], batch: NDArray[Any]) -> float:
        """Return the factor of a piece's loss in that of the whole batch."""
        return len(piece) / len(batch) if self.mean else 1.0

    def gradient_of_piece(self, batch: NDArray[Any], check_finite: bool, first: int) -> tuple[float, NDArray[Any]]:
        """Return the reduced loss and its gradient for a piece; messages count its rows from `first` on."""
        forward, backward, gradient, ones = self.built(len(batch))
        value = self.reduced(forward(batch), batch, ones, check_finite, first)
        backward()
        if check_finite and not is_finite(gradient if self.telling is None else gradient.take(self.telling)):
            self.put_gradient_right(batch, gradient, first)
        return value, gradient

    def gradient_of(self, batch: NDArray[Any]) -> NDArray[Any]:
        """Return the gradient, unchecked, in the program's own array."""
        forward, backward, gradient, _ = self.built(len(batch))
        forward(batch)
        backward()
        return gradient

    def reduced(
        self, arrays: list[NDArray[Any]], batch: NDArray[Any], ones: NDArray[Any], check_finite: bool, first: int
    ) -> float:
        """Return the mean or the sum of the loss, from what forward returned; messages count rows from `first` on."""
        if len(self.outputs) != 1:
            raise ValueError(f"the program has {len(self.outputs)} outputs: values() gives them, unreduced")
        loss = arrays[0][0] if arrays else np.array([self.outputs[0]])  # one for all, if it depends on no input
        total = float(loss.dot(ones))  # three times as fast as their sum, in one thread
        if check_finite and not math.isfinite(total) and not np.isfinite(loss).all():
            passed = recompute(self.trace, self.parameters, batch, ~np.isfinite(loss), None, first)
            total = sum_left_to_right(*[passed[row][0] if row in passed else x for row, x in enumerate(loss.tolist())])
        return total / len(loss) if self.mean else total * (len(batch) / len(loss))

    # What is not finite ----------------------------------------------------------------------------------------------

    def put_right(self, rows: NDArray[Any], batch: NDArray[Any], wrt: Leaves | None = None) -> None:
        """Put what the eager engine says where results are not finite; raise what it raises."""
        bad = np.any(~np.isfinite(rows), axis=0)
        for row, numbers in recompute(self.trace, self.parameters, batch, bad, wrt).items():
            rows[:, row] = numbers

    def put_gradient_right(self, batch: NDArray[Any], gradient: NDArray[Any], first: int) -> None:
        """Put in what the eager engine says of rows whose gradient is not finite; raise what it raises."""
        every = np.arange(len(batch))
        rest, apart, found = every, np.zeros_like(gradient), gradient
        while not is_finite(found):
            row = self.culprit(batch, rest)
            scalar = recompute(self.trace, self.parameters, batch, every == row, "gradient", first)[row]
            if is_finite(self.gradient_of(batch[[row]])) or not np.isfinite(scalar).all():
                return  # finite numbers add up to this, or it is the eager engine's as well
            apart += scalar
            rest = rest[rest != row]
            found = self.gradient_of(batch[rest]) if len(rest) else np.zeros_like(gradient)
        mean = self.mean
        gradient[:] = (found * len(rest) + apart) / len(batch) if mean else found + apart

    def culprit(self, batch: NDArray[Any], rows: NDArray[np.int_]) -> int:
        """Return which of some rows has a gradient that is not finite, one if there are several, by halving them."""
        while len(rows) > 1:
            half = rows[: len(rows) // 2]
            rows = rows[len(half) :] if is_finite(self.gradient_of(batch[half])) else half
        return int(rows[0])
