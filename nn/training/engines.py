"""Engines: they compute the mean loss of a batch and its gradient.

The scalar engine walks the graph of every example, for inspection. The vectorised engine lifts the graph of one example
into a NumPy program and runs that on the batch.

Letters: X inputs (n, inputs), y targets, k outputs, Z net inputs and A activations of the last layer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from autograd import Value, vectorize
from autograd.arrays import is_finite
from autograd.lifting import Program
from nn.architecture import subscript
from nn.modules import assign
from nn.network import MLP
from nn.objective import Objective
from nn.training.optimizer import REMEDY
from nn.validation import Floats, Targets

RowIndices = NDArray[np.intp]  # which examples a batch holds
EXAMPLES_TRACED = 100  # to see whether a loss of the caller's own is one formula


@np.errstate(all="ignore")  # numbers that are not finite are reported below
def finite_outputs(mlp: MLP, X: Floats, theta: NDArray[Any] | None, name: str = "X") -> tuple[Floats, Floats]:
    """Return the last layer's net inputs and activations; raise FloatingPointError if they are not finite."""
    Z, A = mlp.forward_arrays(X, theta)
    if not (is_finite(Z) and is_finite(A)):
        row = np.flatnonzero(~(np.isfinite(Z) & np.isfinite(A)).all(axis=1))[0]
        raise diverged(Z[row].tolist(), f"row {row} of {name}")
    return Z, A


def diverged(net_inputs: list[float], place: str) -> FloatingPointError:
    """Return the error for weights so large that the net inputs of an example are no longer finite."""
    shown = ", ".join(f"{z:g}" for z in net_inputs[:4]) + ", …" * (len(net_inputs) > 4)
    return FloatingPointError(
        f"the weights have grown until the last layer's net inputs for {place} are {shown}; {REMEDY}"
    )


def of_rows(error: Exception, rows: RowIndices) -> Exception:
    """Return an error of the program that names the row of the caller's X, not that of the batch."""
    return type(error)(re.sub(r"^row (\d+)", lambda m: f"row {rows[int(m[1])]} of X", str(error)))


class Engine(Protocol):
    """What `train` needs of an engine.

    Attributes:
        parameters: The flat array that the steps compute with, which the optimizer updates in place.
    """

    parameters: NDArray[Any]

    def step(self, rows: RowIndices, check_finite: bool = False) -> tuple[float, NDArray[Any]]:
        """Return the mean loss of a batch and its gradient, which the next call may overwrite.

        If they are not finite, the step is repeated with `check_finite`: an error then names the row, or what the eager
        engine says of the row is put right.
        """

    def value(self, rows: RowIndices) -> float:
        """Return the mean loss of a batch."""

    def loss(self, Z: Floats, A: Floats, y: Targets) -> float:
        """Return the mean loss of other examples, whose last layer has these net inputs and activations."""

    def check(self) -> None:
        """Raise ValueError if the engine cannot compute the loss of the network as it is now."""


class ScalarEngine:
    """Walks the graph of every example of the batch, one after the other, in Python's floats."""

    def __init__(
        self, mlp: MLP, objective: Objective, X: Floats, y: Targets, batch_size: int, dtype: DTypeLike
    ) -> None:
        if np.dtype(dtype) != np.float64:
            raise ValueError(f"dtype is {np.dtype(dtype)}, but the scalar engine computes in Python's floats")
        self.mlp, self.objective = mlp, objective
        self.values, self.X, self.y = mlp.parameters(), X.tolist(), y.tolist()
        self.parameters = np.array([value.data for value in self.values])

    def step(self, rows: RowIndices, check_finite: bool = False) -> tuple[float, Floats]:
        """Return the mean loss of a batch and its gradient; errors name the row in any case."""
        assign(self.values, self.parameters)
        self.mlp.zero_grad()
        total = 0.0
        for row in rows.tolist():
            loss = self._example(row)
            loss.backward()
            total += loss.data
        return total / len(rows), np.array([value.grad for value in self.values]) / len(rows)

    def value(self, rows: RowIndices) -> float:
        """Return the mean loss of a batch."""
        assign(self.values, self.parameters)
        total = sum([self._example(row).data for row in rows.tolist()])
        return total / len(rows)

    def loss(self, Z: Floats, A: Floats, y: Targets) -> float:
        """Return the mean loss of other examples, whose last layer has these net inputs and activations."""
        assign(self.values, self.parameters)  # a loss of the caller's own may read the network
        losses = map(self.objective, Z.tolist(), A.tolist(), y.tolist())
        total: float = sum([x.data if isinstance(x, Value) else x for x in losses])
        return total / len(y)

    def check(self) -> None:
        """Do nothing: every example has a graph of its own."""

    def _example(self, row: int) -> Value:
        """Return the loss of an example."""
        record = self.mlp.forward(self.X[row])
        z = [z.data for z in record.net_inputs[-1]]
        if not all(map(math.isfinite, z)):  # otherwise the loss would report its arguments
            raise diverged(z, f"row {row} of X")
        loss: Value = self.objective(record.net_inputs[-1], record.output, self.y[row])
        return loss


class VectorizedEngine:
    """Lifts the graph of one example, with inputs and targets as leaves, into a program over the batch."""

    def __init__(
        self, mlp: MLP, objective: Objective, X: Floats, y: Targets, batch_size: int, dtype: DTypeLike
    ) -> None:
        self.mlp, self.objective, self.X, self.y, self.k = mlp, objective, X, y, mlp.sizes[-1]
        self.loss_program: Program | None = None
        self.check()
        targets = objective.columns(y, self.k)
        names = [*mlp.input_names, *(f"t{subscript(i)}" for i in range(1, self.k + 1))]
        leaves = list(map(Value, [*X[0].tolist(), *targets[0].tolist()], names))
        record = mlp.forward(leaves[: -self.k])
        loss = objective(record.net_inputs[-1], record.output, leaves[-self.k :])
        self.program = vectorize(loss, inputs=leaves, parameters=mlp.parameters(), dtype=dtype)
        self.parameters = self.program.parameters
        with np.errstate(over="ignore"):
            self.data = np.hstack([X, targets], dtype=self.parameters.dtype, casting="same_kind")
        if not np.isfinite(self.data).all():
            raise ValueError(f"some numbers of X or y are too large for {self.data.dtype}; scale them")
        self.batch = np.empty_like(self.data[:batch_size])

    def step(self, rows: RowIndices, check_finite: bool = False) -> tuple[float, NDArray[Any]]:
        """Return the mean loss of a batch and its gradient, which the next call overwrites."""
        try:
            return self.program._step(self._batch(rows), check_finite)  # which copies nothing
        except (ArithmeticError, ValueError) as error:
            raise of_rows(error, rows) from None

    def value(self, rows: RowIndices) -> float:
        """Return the mean loss of a batch."""
        try:
            return self.program.value(self._batch(rows))
        except (ArithmeticError, ValueError) as error:
            raise of_rows(error, rows) from None

    def loss(self, Z: Floats, A: Floats, y: Targets) -> float:
        """Return the mean loss of other examples, whose last layer has these net inputs and activations."""
        rows = self._rows(Z, A, y)
        self.loss_program = self.loss_program or self._lifted(rows[:1])
        return self.loss_program.value(rows)

    def check(self) -> None:
        """Raise ValueError if the caller's own loss is not the same formula for a sample of the examples.

        A trace does not see a Python branch, and the branch taken may change as the network learns.
        """
        if not self.objective.own:
            return
        sample = np.unique(np.linspace(0, len(self.X) - 1, EXAMPLES_TRACED).astype(int))
        rows = self._rows(*finite_outputs(self.mlp, self.X[sample], None), self.y[sample])
        try:
            self.loss_program = self._lifted(rows)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{error}; engine='scalar' takes any loss") from error

    def _batch(self, rows: RowIndices) -> NDArray[Any]:
        batch = self.batch if len(rows) == len(self.batch) else self.batch[: len(rows)]
        self.data.take(rows, 0, batch, "clip")  # with "raise", NumPy would use a copy
        return batch

    def _rows(self, Z: Floats, A: Floats, y: Targets) -> Floats:
        outputs = Z if self.objective.of_net_inputs else A
        return np.hstack([outputs, self.objective.columns(y, self.k)])

    def _lifted(self, rows: Floats) -> Program:
        """Return the loss alone as a program, a function of outputs and target, traced on each of the rows."""
        loss, k = self.objective.function, self.k
        two_or_more = np.resize(rows, (max(2, len(rows)), 2 * k))
        return vectorize(lambda *leaves: loss(list(leaves[:k]), list(leaves[k:])), inputs=two_or_more)


ENGINES: dict[str, Callable[[MLP, Objective, Floats, Targets, int, DTypeLike], Engine]] = {
    "vectorized": VectorizedEngine,
    "scalar": ScalarEngine,
}
