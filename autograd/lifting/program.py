"""The program that a scalar graph becomes: NumPy over a batch, and the parameters that it runs on.

>>> from autograd import Value, vectorize
>>> w, x, t = Value(2.0, "w"), Value(1.0, "x"), Value(0.0, "t")
>>> program = vectorize((w * x - t) ** 2, inputs=[x, t], parameters=[w])
>>> program.gradient([[1.0, 1.0], [3.0, 3.0]])
(5.0, array([10.]))
"""

from __future__ import annotations

import gc
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.backward import raise_chosen, topological_order
from autograd.lifting.canonical import canonical
from autograd.lifting.grouping import group
from autograd.lifting.plan import Rows
from autograd.lifting.recurrences import recur
from autograd.lifting.source import Source, write_source
from autograd.lifting.trace import Trace
from autograd.value import Constant, Refusal, Value, new_value, same_class

ONE_THREAD = 8192  # BLAS wakes its threads to multiply longer vectors, which takes longer than to add up their elements
SIZES = 8  # so many batch sizes keep their buffers, in each thread
Reduction = Literal["mean", "sum"]
Forward = Callable[[NDArray[Any]], list[NDArray[Any]]]
Built = tuple[Forward, Callable[[], None], NDArray[Any], NDArray[Any]]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's garbage collector: it would walk the growing plan again and again, 40 % of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def is_finite(x: NDArray[Any]) -> bool:
    """Whether no element is NaN or infinite: if the sum of their squares, or that of themselves, is finite, none is."""
    flat = x.ravel()
    total = flat.dot(flat) if len(flat) <= ONE_THREAD else np.add.reduce(flat)
    return math.isfinite(total) or bool(np.isfinite(flat).all())


class Program:
    """A graph as NumPy over a batch.

    `parameters` is the one flat array that it computes with; weight blocks are views of it. `source` is what it runs.
    A program pickles, and holds no Values. It may be called from several threads at once as long as none changes
    `parameters` meanwhile: each thread has buffers of its own.
    """

    def __init__(self, traced: Trace, reduction: Reduction, dtype: Any, parameters: Sequence[float]) -> None:
        self._trace, self._reduction, self._width = traced, reduction, len(traced.inputs)
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype is {self._dtype}; choose float64 or float32")
        self._parameters: NDArray[Any] = np.array(parameters, dtype=self._dtype)
        with collector_paused():
            plan = recur(group(canonical(traced)))
            written: Source = write_source(plan, mean=reduction == "mean")
        self._outputs = [x if isinstance(x, float) else None for x in plan.outputs]  # the number of a constant one
        self._wide = any([isinstance(x, Rows) and x.block.wide for x in plan.outputs])
        self.source = written.text
        self._constants = [x.astype(self._dtype) if x.dtype.kind == "f" else x for x in written.constants]
        self._code = compile(self.source, "<program>", "exec")
        self._namespace = written.namespace
        few = 2 * len(written.telling) < len(self._parameters)
        self._telling: Any = np.array(written.telling, int) if few else slice(None)
        self._local = threading.local()

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self._trace, self._reduction, self._dtype.name, self.parameters)

    def __repr__(self) -> str:
        return f"<program of {len(self._trace.inputs)} inputs and {len(self.parameters)} parameters>"

    @property
    def parameters(self) -> NDArray[Any]:
        """The one flat array that the program computes with; what is assigned to it is copied into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: ArrayLike) -> None:
        if np.asarray(numbers).dtype.kind not in "biuf":
            raise ValueError(f"the parameters are numbers, not {numbers!r:.80}")
        self._parameters[:] = numbers

    # Running ---------------------------------------------------------------------------------------------------------

    @np.errstate(all="ignore")  # what is infinite or NaN in the end is found, and explained
    def value(self, batch: ArrayLike) -> float:
        """Return the mean (or sum) of the loss over a batch of shape (n, inputs)."""
        batch = self._checked(batch)
        forward, _, _, ones = self._built(len(batch))
        return self._reduced(forward(batch), batch, ones)

    @np.errstate(all="ignore")
    def values(self, batch: ArrayLike) -> NDArray[Any]:
        """Return the loss of each row, (n,), or, of several outputs, (n, outputs)."""
        batch = self._checked(batch)
        arrays, n = iter(self._built(len(batch))[0](batch)), len(batch)
        found = [np.array([[x]], self._dtype) if isinstance(x, float) else next(arrays) for x in self._outputs]
        rows = np.concatenate([x if x.shape[1] == n else np.broadcast_to(x, (1, n)) for x in found])
        if not is_finite(rows):
            for row, outputs in self._explain(batch, np.any(~np.isfinite(rows), axis=0), backward=False).items():
                rows[:, row] = outputs
        return rows[0] if len(rows) == 1 else rows.T

    @np.errstate(all="ignore")
    def gradient(self, batch: ArrayLike) -> tuple[float, NDArray[Any]]:
        """Return the reduced loss and its gradient, (parameters,), which is the caller's to keep."""
        value, gradient = self._step(self._checked(batch))
        return value, gradient.copy()

    @np.errstate(all="ignore")
    def step(self, batch: ArrayLike) -> tuple[float, NDArray[Any]]:
        """Return the reduced loss and its gradient in the program's own array, which the next call overwrites.

        For training loops: a batch is not searched for NaN and infinity, because its data has been, once.
        """
        return self._step(self._shaped(batch))

    def _step(self, batch: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        forward, backward, gradient, ones = self._built(len(batch))
        value = self._reduced(forward(batch), batch, ones)
        backward()
        if not is_finite(gradient[self._telling]):
            self._explain(batch, self._culprit(batch), backward=True)
        return value, gradient

    def _culprit(self, batch: NDArray[Any]) -> NDArray[np.bool_]:
        """Return which row has a gradient that is not finite, one if there are several, by halving the batch."""
        rows = np.arange(len(batch))
        while len(rows) > 1:
            half = rows[: len(rows) // 2]
            forward, backward, gradient, _ = self._built(len(half))
            forward(batch[half])
            backward()
            rows = rows[len(half) :] if is_finite(gradient[self._telling]) else half
        return np.isin(np.arange(len(batch)), rows)

    def load(self, values: Sequence[Value]) -> None:
        """Take the numbers of Values for the parameters, in their order."""
        self.parameters[:] = [x.data for x in self._same_number(values)]

    def store(self, values: Sequence[Value]) -> None:
        """Give the parameters' numbers to Values, in their order."""
        for value, number in zip(self._same_number(values), self.parameters.tolist(), strict=True):
            value.data = number

    def check(self, loss: Value | Callable[..., Value], batch: ArrayLike, rtol: float = 1e-9) -> float:
        """Compare every row with the eager graph; return the largest relative difference.

        loss: the function that builds the graph, called anew for each row, or the Value that was lifted, whose leaves
        are set to each row, and set back.
        Raises AssertionError with the first row that differs by more than rtol.
        """
        if len(self._outputs) != 1:
            raise ValueError(f"the program has {len(self._outputs)} outputs: check compares one")
        batch = self._shaped(batch)
        largest = 0.0
        for row, (inputs, lifted) in enumerate(zip(batch.tolist(), self.values(batch).tolist(), strict=True)):
            eager = self._eager(loss, inputs)
            difference = 0.0 if eager == lifted else abs(eager - lifted) / max(abs(eager), abs(lifted))
            if not difference <= rtol:
                raise AssertionError(f"row {row}: the program says {lifted!r}, the eager graph {eager!r}")
            largest = max(largest, difference)
        return largest

    # Behind ----------------------------------------------------------------------------------------------------------

    def _built(self, n: int) -> Built:
        """Return forward, backward, the gradient that it writes, and ones, for a batch size, in this thread."""
        local = self._local.__dict__
        if local.get("n") == n:
            return cast("Built", local["built"])
        sizes = local.setdefault("sizes", OrderedDict())
        if n not in sizes:
            gradient = np.zeros(len(self.parameters), self._dtype)
            names = {**self._namespace, "n": n, "parameters": self.parameters, "gradient": gradient}
            names |= {"constants": self._constants, "dtype": self._dtype}
            exec(self._code, names)  # noqa: S102  (the text is this project's own)
            ones = np.ones(n if self._wide else 1, self._dtype)
            sizes[n] = names["forward"], names["backward"], gradient, ones
            if len(sizes) > SIZES:
                sizes.popitem(last=False)
        sizes.move_to_end(n)
        local["n"], local["built"] = n, sizes[n]
        return cast("Built", sizes[n])

    def _reduced(self, arrays: list[NDArray[Any]], batch: NDArray[Any], ones: NDArray[Any]) -> float:
        """Return the mean or the sum of the loss, from what forward returned."""
        if len(self._outputs) != 1:
            raise ValueError(f"the program has {len(self._outputs)} outputs: values() gives them, unreduced")
        loss = arrays[0][0] if arrays else np.array([self._outputs[0]])  # one for all, if it depends on no input
        total = float(loss.dot(ones))  # three times as fast as their sum, in one thread
        if not math.isfinite(total) and not np.isfinite(loss).all():
            passed = self._explain(batch, ~np.isfinite(loss), backward=False)
            total = float(sum([passed[row][0] if row in passed else x for row, x in enumerate(loss.tolist())]))
        return total / len(loss) if self._reduction == "mean" else total * (len(batch) / len(loss))

    def _same_number(self, values: Sequence[Value]) -> Sequence[Value]:
        if len(values) != len(self.parameters):
            raise ValueError(f"the program has {len(self.parameters)} parameters, not {len(values)}")
        return values

    def _checked(self, batch: ArrayLike) -> NDArray[Any]:
        """Return a batch as `_shaped` does; raise ValueError that names a NaN or an infinity too."""
        array = self._shaped(batch)
        if not is_finite(array):
            self._refuse_infinite(array)
        return array

    def _shaped(self, batch: ArrayLike) -> NDArray[Any]:
        """Return a batch as an array of the program's dtype; raise ValueError naming what does not fit."""
        array = batch if type(batch) is np.ndarray and batch.dtype == self._dtype else self._numbers(batch)
        if array.ndim != 2 or array.shape[1] != self._width or not len(array):
            raise ValueError(
                f"the batch has the shape {array.shape}; it takes at least one row of {self._width} numbers, "
                "one for each of " + ", ".join(self._trace.inputs[:8] + ["…"] * (self._width > 8))
            )
        return array

    def _numbers(self, batch: ArrayLike) -> NDArray[Any]:
        """Return a batch as an array of the program's dtype; raise ValueError naming what is no number."""
        try:
            array = np.asarray(batch)
        except ValueError:
            wanted = f"give {self._width} numbers in each"
            raise ValueError(f"the rows of the batch are of different lengths: {wanted}") from None
        if array.dtype.kind not in "biuf":  # text, say, which NumPy would read as numbers
            array = np.asarray(batch, dtype=object)
            for place, x in np.ndenumerate(array):
                if not isinstance(x, Real):
                    where = f"row {', column '.join(map(str, place))} of " if place else ""
                    raise ValueError(f"{where}the batch is {repr(x)[:80]}: give a number")
        try:
            return array.astype(self._dtype, copy=False)
        except OverflowError:
            raise ValueError("a whole number of the batch is beyond the largest float") from None

    def _eager(self, loss: Value | Callable[..., Value], inputs: Sequence[float]) -> float:
        """Return what the eager graph says for one row."""
        if not isinstance(loss, Value):
            return float(loss(*[Value(x) for x in inputs]).data)
        leaves = [node for node in topological_order(loss) if not node.operands and not node.constant]
        if len(leaves) != len(self._trace.leaves):
            raise ValueError(f"the Value to check against has {len(leaves)} leaves: give the one that was lifted")
        before = [leaf.data for leaf in leaves]
        numbers = [*inputs, *self.parameters.tolist()]
        try:
            for leaf, k in zip(leaves, self._trace.leaves, strict=True):
                leaf.data = numbers[k]
            return loss.refresh().data
        finally:
            for leaf, number in zip(leaves, before, strict=True):
                leaf.data = number
            loss.refresh()

    def _explain(self, batch: NDArray[Any], rows: NDArray[np.bool_], backward: bool) -> dict[int, list[float]]:
        """Raise an error that names what made a result infinite or NaN; where Python lets it pass, return its results.

        Those are what counts: a program that goes another way to the same sum may have met ∞ − ∞.
        """
        self._refuse_infinite(batch)
        passed: dict[int, list[float]] = {}
        for row in np.flatnonzero(rows).tolist():
            try:
                outputs = self._recorded(batch[row].tolist())
                if backward:
                    outputs[0].backward()
            except (ArithmeticError, ValueError) as error:
                raise same_class(error, f"row {row}: {error}") from None
            passed[row] = [output.data for output in outputs]
        return passed

    def _refuse_infinite(self, batch: NDArray[Any]) -> None:
        """Raise ValueError for an input or a parameter that is not finite."""
        for kind, numbers, names in (
            ("input", batch, self._trace.inputs),
            ("parameter", self.parameters[None, :], self._trace.parameters),
        ):
            bad = np.argwhere(~np.isfinite(numbers))
            if len(bad):
                row, column = bad[0].tolist()
                place = f"row {row}, " if kind == "input" else ""
                raise ValueError(f"{place}{kind} {names[column]} is {numbers[row, column]}: give a finite number")

    def _recorded(self, inputs: Sequence[float]) -> list[Value]:
        """Return the outputs of the traced graph as Values, recorded anew for one row."""
        traced = self._trace
        values = [Value(x, name) for x, name in zip(inputs, traced.inputs, strict=True)]
        values += [Value(x, name) for x, name in zip(self.parameters.tolist(), traced.parameters, strict=True)]
        refused: dict[Value, Exception] = {}
        for node in traced.nodes:
            if isinstance(node, float):
                values.append(Constant(node))
            else:
                operation, operands = node
                of = tuple([values[x] for x in operands])
                try:
                    value = operation.record(of)
                except Refusal as error:
                    value = new_value(math.nan, operation, of)
                    refused[value] = error
                value.name = traced.names.get(len(values))
                values.append(value)
        outputs = [values[x] for x in traced.outputs]
        raise_chosen(refused, outputs)
        return outputs
