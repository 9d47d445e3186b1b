"""The program that a scalar graph becomes: NumPy over a batch, and the parameters that it runs on.

>>> from autograd import Value, vectorize
>>> w, x, t = Value(2.0, "w"), Value(1.0, "x"), Value(0.0, "t")
>>> program = vectorize((w * x - t) ** 2, inputs=[x, t], parameters=[w])
>>> program.gradient([[1.0, 1.0], [3.0, 3.0]])
(5.0, array([10.]))
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy import ndarray  # np.ndarray takes longer
from numpy.typing import ArrayLike, NDArray

from autograd.arrays import as_array, is_finite
from autograd.backward import topological_order
from autograd.batches import in_order, table
from autograd.conversion import Refusal
from autograd.files import write
from autograd.lifting.beyond import cluster
from autograd.lifting.beyond.to_source import Parts, source_file
from autograd.lifting.engines import EngineChoice, EngineName
from autograd.lifting.numpy_rows import NumpyRows
from autograd.lifting.passes.trace import Leaves, Trace, trace
from autograd.lifting.pipeline import collector_paused, compiled
from autograd.lifting.recomputation import recompute, refuse_infinite
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.lifting.native.rows import NativeRows
    from autograd.lifting.scalar.rows import ScalarRows

ReductionName = Literal["mean", "sum"]


class Program:
    """A graph as NumPy over a batch.

    `parameters` is the one flat array that it computes with; weight blocks are views of it. `source` is what it
    runs, and `source_for(1)` what it runs for a batch of one row, which may be Python on floats.
    A program pickles, and holds no Values. It may be called from several threads at once as long as none changes
    `parameters` meanwhile: each thread has buffers of its own.

    A batch is whatever NumPy reads as a table of numbers, one column for each input. Where its columns have names, as
    in a data frame, and the inputs have some too, names decide the order; otherwise places do.

    `check_finite`, as in SciPy: True, the default, raises what the eager engine raises where a result is infinite or
    NaN, and names the row; what becomes finite again on the way, as 1 / (1 / 0) does, passes. False gives what NumPy
    gives, inf beyond the largest float and NaN where there is no number; so an optimizer sees that a step went too
    far, and takes a shorter one.
    """

    def __init__(
        self,
        traced: Trace,
        reduction: ReductionName,
        dtype: Any,
        parameters: Sequence[float],
        engine: EngineName = "auto",
    ) -> None:
        self._trace, self._reduction, self._width = traced, reduction, len(traced.inputs)
        self._row, self._one_row = (self._width,), (1, self._width)  # shapes: of a row, of a batch of one
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float64, np.float32):
            raise ValueError(f"dtype is {self._dtype}; choose float64 or float32")
        self._parameters: NDArray[Any] = np.array(parameters, dtype=self._dtype)
        self._mean = reduction == "mean"
        plan, written, code = compiled(traced, self._mean)
        self._numpy = NumpyRows(traced, plan, written, code, self._parameters, self._mean)
        self._outputs, self._engine, self._lock = len(plan.outputs), engine, threading.Lock()
        self._choice = EngineChoice(engine, plan, written.calls, self._dtype, self._width, len(parameters))
        # For one row each attribute counts: a cached property would make each 4 times as slow before CPython 3.13.
        self._for_one_row: ScalarRows | NativeRows | None = None  # what runs one, once it has
        if engine != "auto":
            self._choice.chosen  # noqa: B018  (what was asked for may be refused)
        self._differentiated: dict[Leaves, Program] = {}  # the outputs with their derivatives, made when asked for

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (self._trace, self._reduction, self._dtype.name, self.parameters, self._engine)

    def __repr__(self) -> str:
        return f"<program of {len(self._trace.inputs)} inputs and {len(self.parameters)} parameters>"

    def _reducing(self, rows: int) -> ScalarRows | NativeRows | None:
        """Return what adds up the loss, and its gradient, of this number of rows; None where NumPy does."""
        few = self._choice.for_batch(rows) if self._outputs == 1 else None
        if rows == 1:
            self._for_one_row = few
        return few

    @property
    def engine(self) -> Literal["numpy", "scalar", "native"]:
        """What runs batches of at most `engine_rows` rows: "scalar", "native"; where that is none, "numpy"."""
        return self._choice.chosen.name if self.engine_rows else "numpy"

    @property
    def engine_rows(self) -> float:
        """The size of the largest batch that `engine` runs, and not NumPy: 0 for none, infinity for all."""
        return self._choice.chosen.limit

    @property
    def source(self) -> str:
        """The NumPy program, which a batch of many rows runs; the native engine gives what it gives."""
        return self._numpy.source if self.engine == "native" else self.source_for(math.inf)

    def source_for(self, rows: float) -> str:
        """Return the text that a batch of this number of rows runs; the native engine runs that of one row on many.

        >>> from autograd import Value, vectorize
        >>> x = Value(1.0, "x")
        >>> print(vectorize([x**2], inputs=[x], engine="scalar").source_for(1).split("\\n\\n")[0])
        def values(row, parameters):
            x = row[0]
            v1 = x * x
            return [v1]
        """
        return self._choice.chosen.source if rows <= self.engine_rows else self._numpy.source

    @property
    def parameters(self) -> NDArray[Any]:
        """The one flat array that the program computes with; what is assigned to it is copied into it."""
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: ArrayLike) -> None:
        array = as_array(numbers, "the list of parameters", self._dtype)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"the parameters are numbers, not {numbers!r:.80}; load() takes Values")
        if array.shape != self._parameters.shape:
            raise ValueError(f"the program has {len(self._parameters)} parameters, not an array of shape {array.shape}")
        self._parameters[:] = in_order(array[None], [numbers], self._trace.parameters, "the list of parameters")[0]

    # Running ---------------------------------------------------------------------------------------------------------

    @np.errstate(all="ignore")  # what is infinite or NaN in the end is found, and explained
    def value(self, batch: ArrayLike, check_finite: bool = True) -> float:
        """Return the mean (or sum) of the loss over a batch of shape (n, inputs)."""
        if cluster.is_dask_array(batch):
            return cluster.reduced(self, batch, self._mean, "value", check_finite)[0]
        batch = self._checked(batch, check_finite)
        few = self._reducing(len(batch))
        if few and (total := few.total(batch, self._parameters)) is not None:
            return total / len(batch) if self._mean else total
        return self._numpy.total(batch, check_finite)

    @np.errstate(all="ignore")
    def values(self, batch: ArrayLike, check_finite: bool = True) -> NDArray[Any]:
        """Return the loss of each row, (n,), or, of several outputs, (n, outputs)."""
        if cluster.is_dask_array(batch):
            shape = () if self._outputs == 1 else (self._outputs,)
            return cluster.per_row(self, batch, shape, "values", check_finite)
        rows = self._rows(self._checked(batch, check_finite), check_finite)
        return rows[0] if len(rows) == 1 else rows.T

    def gradient(self, batch: ArrayLike, check_finite: bool = True) -> tuple[float, NDArray[Any]]:
        """Return the reduced loss and its gradient, (parameters,), which is the caller's to keep.

        A NaN or an infinity in the batch is refused where it makes the loss or the gradient infinite or NaN.
        """
        if type(batch) is ndarray and batch.dtype is self._dtype and batch.shape == self._one_row:
            few = self._for_one_row or self._reducing(1)  # without the calls below, which would take 0.4 µs
        elif cluster.is_dask_array(batch):
            return cluster.reduced(self, batch, self._mean, "gradient", check_finite)
        else:
            batch = self._shaped(batch)
            few = self._reducing(len(batch))
        if few and (found := few.gradient(batch, self._parameters, self._mean)):
            return found
        with np.errstate(all="ignore"):  # which takes as long as a small program on one row
            value, gradient = self._numpy.gradient(batch, check_finite)
        return value, gradient.copy()

    @np.errstate(all="ignore")
    def jacobian(self, batch: ArrayLike, wrt: Leaves = "parameters", check_finite: bool = True) -> NDArray[Any]:
        """Return the derivatives of each row: (n, parameters), or, of several outputs, (n, outputs, parameters).

        The first call lifts the graph of the derivatives, for later calls too.

        Args:
            batch: (n, inputs).
            wrt: "parameters" or "inputs": what they are taken with respect to. Where an output does not depend on one
                of them, the derivative is 0.0.
            check_finite: As for every method (see above).

        Raises:
            ZeroDivisionError: Where a derivative is infinite; else what `values` raises.

        >>> from autograd import Value, vectorize
        >>> w, x = Value(2.0, "w"), Value(1.0, "x")
        >>> program = vectorize(w * x**2, inputs=[x], parameters=[w])
        >>> program.jacobian([[1.0], [3.0]]), program.jacobian([[1.0], [3.0]], wrt="inputs")
        (array([[1.],
               [9.]]), array([[ 4.],
               [12.]]))
        """
        if wrt not in get_args(Leaves):
            raise ValueError(f"wrt is {wrt!r}; choose 'parameters' or 'inputs'")
        outputs, width = self._outputs, len(self.parameters) if wrt == "parameters" else self._width
        if cluster.is_dask_array(batch):
            shape = (width,) if outputs == 1 else (outputs, width)
            return cluster.per_row(self, batch, shape, "jacobian", wrt, check_finite)
        batch = self._checked(batch, check_finite)
        rows = self._with_derivatives(wrt, batch)._rows(batch, check_finite=False)
        if check_finite and not is_finite(rows):
            self._numpy.put_right(rows, batch, wrt)
        derivatives = rows[outputs:].T
        return derivatives if outputs == 1 else derivatives.reshape(len(batch), outputs, width)

    def _rows(self, batch: NDArray[Any], check_finite: bool) -> NDArray[Any]:
        """Return the outputs, a row each."""
        few = self._choice.for_batch(len(batch))
        found = few.values(batch, self._parameters) if few else None
        return self._numpy.values(batch, check_finite) if found is None else found

    def _step(self, batch: NDArray[Any], check_finite: bool = True) -> tuple[float, NDArray[Any]]:
        """Return the reduced loss and its gradient, in an array that the next call may overwrite, as may NumPy warn.

        The batch, which has the program's dtype, is searched for NaN and infinity once a result is not finite.
        """
        few = self._reducing(len(batch))
        found = few.gradient(batch, self._parameters, self._mean) if few else None
        return found or self._numpy.gradient(batch, check_finite)

    def load(self, values: Iterable[Value]) -> None:
        """Take the numbers of Values for the parameters, in their order."""
        self.parameters[:] = [x.data for x in self._one_each(values)]

    def store(self, values: Iterable[Value]) -> None:
        """Give the parameters' numbers to leaves, in their order."""
        leaves = self._one_each(values)
        trace([], [], leaves)  # refuses what is not a leaf, or comes twice
        for leaf, number in zip(leaves, self.parameters.tolist(), strict=True):
            leaf.data = number

    def to_source(self, path: str | PathLike[str]) -> None:
        """Write the program as one file of Python that needs NumPy and nothing of this project.

        Its functions `values`, `value` and `gradient` take a batch of any size, and other parameters than today's as a
        second argument. They return what the program does with engine="numpy" and `check_finite=False`, bit for bit.

        Raises:
            NotImplementedError: For a user-defined operation, by its name, and for round to decimals.
            OSError: As `autograd.files.write`, which leaves what was there.

        >>> from tempfile import mkdtemp
        >>> from pathlib import Path
        >>> from autograd import Value, vectorize
        >>> w, x = Value(2.0, "w"), Value(1.0, "x")
        >>> path = Path(mkdtemp()) / "model.py"
        >>> vectorize(w * x**2, inputs=[x], parameters=[w]).to_source(path)
        >>> exec(path.read_text("utf-8"), names := {})
        >>> gradient = names["gradient"]
        >>> gradient([[1.0], [3.0]])
        (10.0, array([5.]))
        """
        run = self._numpy
        parts = Parts(
            run.source, run.namespace, run.constants, run.runs, self._outputs, self._trace.inputs,
            self._trace.parameters, self.parameters, run.mean, run.rows_at_once,
        )  # fmt: skip
        write(path, source_file(parts).encode())

    def to_jax(self) -> Callable[[Any, Any], Any]:
        """Return the program as a pure function of JAX, of (parameters, batch), that gives what `values` does.

        It can be compiled, differentiated to any order, vectorised and sharded, and runs where JAX does. Its
        derivatives are this project's, at kinks too. It raises for no number: what `values` refuses is NaN or infinite.

        Raises:
            ImportError: Without JAX.
            ValueError: Where JAX has been told to compute in float32, and the program is in float64.
            NotImplementedError: For a user-defined operation, by its name.
        """
        try:
            from autograd.lifting.beyond.to_jax import jax_function
        except ModuleNotFoundError as error:
            raise ImportError('to_jax needs JAX: pip install "handgrad[jax]"') from error
        plan, *_ = compiled(self._trace, self._mean)
        return jax_function(plan, self._width, self._dtype)

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write what `values` computes, with the parameters as they are now, to an ONNX file.

        Its input x is (batch, inputs), its output y (batch,) or (batch, outputs), of the program's dtype. Where
        onnxruntime is installed, the file is written only if that computes what the program does.

        Args:
            path: Of the file, which is complete or not there.

        Raises:
            ImportError: Without onnx.
            NotImplementedError: For what ONNX has no counterpart of, by its name, and for a user-defined operation.
            RuntimeError: Where onnxruntime computes something else.
            OSError: Where the system refuses.
        """
        from autograd.lifting.beyond.to_onnx import write_onnx

        plan, *_ = compiled(self._trace, self._mean)
        write_onnx(path, plan, self._trace.inputs, self.parameters, partial(self.values, check_finite=False))

    def check(self, loss: Value | Callable[..., Value], batch: ArrayLike, rtol: float = 1e-9) -> float:
        """Compare every row with the eager graph; return the largest relative difference.

        Args:
            loss: The function that builds the graph, called anew for each row, or the Value that was lifted, whose
                leaves are set to each row, and set back.
            batch: (n, inputs).
            rtol: The largest relative difference allowed.

        Raises:
            AssertionError: With the first row that differs by more.
        """
        if self._outputs != 1:
            raise ValueError(f"the program has {self._outputs} outputs: check compares one")
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

    def _with_derivatives(self, wrt: Leaves, batch: NDArray[Any]) -> Program:
        """Return the program of the outputs and their derivatives, which computes with the same parameters."""
        with self._lock, collector_paused():
            if wrt not in self._differentiated:
                try:
                    traced = self._trace.differentiated(wrt)
                except Refusal:  # whatever the numbers are
                    recompute(self._trace, self.parameters, batch, np.ones(len(batch), bool), wrt)
                    raise
                engine = "auto" if self._engine == "native" else self._engine  # a derivative may lack an instruction
                program = Program(traced, self._reduction, self._dtype, self.parameters.tolist(), engine)
                program._parameters = program._numpy.parameters = self._parameters
                self._differentiated[wrt] = program
            return self._differentiated[wrt]

    def _one_each(self, values: Iterable[Value]) -> list[Value]:
        """Return Values for the parameters as a list; raise where there is not one for each."""
        listed = list(values)
        for k, value in enumerate(listed):
            if not isinstance(value, Value):
                raise TypeError(f"parameter {k} is {value!r:.80}, not a Value: numbers are assigned to .parameters")
        if len(listed) != len(self.parameters):
            raise ValueError(f"the program has {len(self.parameters)} parameters, not {len(listed)}")
        return listed

    def _checked(self, batch: ArrayLike, check_finite: bool) -> NDArray[Any]:
        """Return a batch as `_shaped` does; raise ValueError that names a NaN or an infinity too."""
        array = self._shaped(batch)
        if check_finite and not is_finite(array):
            refuse_infinite(self._trace, self.parameters, array)
        return array

    def _shaped(self, batch: ArrayLike) -> NDArray[Any]:
        """Return a batch as an array of the program's dtype; raise ValueError naming what does not fit."""
        if (  # there is nothing to convert
            type(batch) is np.ndarray
            and (batch.dtype is self._dtype or batch.dtype == self._dtype)
            and batch.shape[1:] == self._row
            and len(batch)
        ):
            return batch
        with np.errstate(all="ignore"):  # of numbers beyond float32
            return table(batch, self._trace.inputs, self._trace.named, self._dtype)

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
