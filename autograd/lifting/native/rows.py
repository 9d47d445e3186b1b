"""The program of any number of rows that the tape machine runs; what comes out infinite or NaN it leaves to NumPy's."""

from __future__ import annotations

import ctypes
import math
import threading
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.native.call import Arguments
from autograd.lifting.native.compiled import machine
from autograd.lifting.native.machine import NUMBERS
from autograd.lifting.native.record import OF_TWO, recorded
from autograd.lifting.native.tape import FEW, LANES, MASK, Tape, assembled
from autograd.lifting.pipeline import collector_paused
from autograd.lifting.scalar.rows import ScalarRows

ALIGNMENT = 64  # bytes of the widest register
MAX_SLOT_BYTES = 1 << 26  # of all lanes; with more, rows run one after the other
MAX_WORDS_HELD = 10_000  # of the tapes of a call, which take about 10 µs, that keeps the lock of the interpreter
WORDS_OF_BLOCK = 4  # a word takes so much longer for a block of rows than for one
MAX_BYTES_COPIED = 1 << 14  # of a batch; to copy it then takes less than to ask for its address


def unknown(one_row: ScalarRows) -> list[str]:
    """Return the operations of a program that the machine has no instruction for."""
    return sorted({x.name for x in one_row.operations.values() if x.name not in OF_TWO and x.name not in NUMBERS})


class NativeRows:
    """The program of one row, recorded as tapes when it is first used."""

    name: Literal["native"] = "native"

    def __init__(self, one_row: ScalarRows, inputs: int, parameters: int, dtype: np.dtype[Any], limit: float) -> None:
        self._one_row, self._inputs, self._parameters, self._dtype = one_row, inputs, parameters, dtype
        self.limit = limit
        self._local = threading.local()
        self._lock = threading.Lock()
        self._tapes: dict[str, Tape] = {}

    @property
    def source(self) -> str:
        """The text that was recorded."""
        return self._one_row.source

    def _memory(self, function: str) -> _Memory:
        """Return this thread's memory for a function."""
        known = self._local.__dict__
        if function not in known:
            with self._lock, collector_paused():
                if function not in self._tapes:
                    one_row = self._one_row
                    recording = recorded(one_row.code(), function, one_row.operations, self._inputs, self._parameters)
                    self._tapes[function] = assembled(recording, function == "gradient", NUMBERS)
            known[function] = _Memory(self._tapes[function], self._inputs, self._parameters, self._dtype)
        return cast("_Memory", known[function])

    def values(self, batch: NDArray[Any], parameters: NDArray[Any]) -> NDArray[Any] | None:
        """Return the outputs, a row each, in an array of the caller's; None where one is not finite."""
        n = len(batch)
        try:
            memory = self._local.values
        except AttributeError:
            memory = self._memory("values")
        if n <= FEW:  # quicker than to ask for the address of a new array
            return None if math.isnan(memory.run(batch, parameters)) else memory.few.copy()
        results = np.empty((memory.tape.outputs, n), self._dtype)
        return None if math.isnan(memory.run(batch, parameters, results)) else results

    def total(self, batch: NDArray[Any], parameters: NDArray[Any]) -> float | None:
        """Return the sum of the loss over the rows; None where it is not finite."""
        found = self.values(batch, parameters)
        if found is None:
            return None
        return found.item() if len(batch) == 1 else float(found.sum())

    def gradient(self, batch: NDArray[Any], parameters: NDArray[Any], mean: bool) -> tuple[float, NDArray[Any]] | None:
        """Return the reduced loss and its gradient, an array of the caller's; None where one is not finite."""
        n = len(batch)
        try:
            memory = self._local.gradient
        except AttributeError:
            memory = self._memory("gradient")
        if n == memory.held and parameters is memory.parameters:  # as in the last call, as `mean` always is
            loss = memory.run_held(batch.tobytes())
        else:
            memory.arguments.mean = mean
            loss = memory.run(batch, parameters)
        return None if loss != loss else (loss, memory.gradient.copy())  # NaN is not itself


class _Memory:
    """The memory that a tape works on, in one thread, and the structure that tells the machine of it."""

    def __init__(self, tape: Tape, inputs: int, parameters: int, dtype: np.dtype[Any]) -> None:
        self.tape, self.reduced, self.inputs, self.dtype = tape, tape.reduced, inputs, dtype
        self.machine = machine(dtype.name)
        self.singles = tape.singles.astype(dtype)
        self.results = self.singles[parameters : parameters + tape.outputs]  # those that are added up
        self.gradient = self.results[1:]
        self.unfinite = aligned(ALIGNMENT, dtype)
        self.arguments = given = Arguments()
        self.address = ctypes.addressof(given)
        self.run_held = self.machine.method(self.address)
        given.once, given.each, given.columns = tape.once.ctypes.data, tape.each.ctypes.data, tape.columns.ctypes.data
        given.same, given.same_count = tape.same.ctypes.data, len(tape.same)
        given.singles, given.unfinite = self.singles.ctypes.data, self.unfinite.ctypes.data
        given.parameter_count, given.column_count, given.outputs = parameters, len(tape.columns), tape.outputs
        given.reduced = tape.reduced
        self.parameters: NDArray[Any] | None = None
        self.rows = self.held = self.room = 0  # of the last call; if it held the lock; of the slots
        self.may_be_wide = tape.slots * LANES * dtype.itemsize <= MAX_SLOT_BYTES

    def run(self, batch: NDArray[Any], parameters: NDArray[Any], results: NDArray[Any] | None = None) -> float:
        """Compute the results; return the first, or NaN where one of them is not finite.

        They are added up in `results`; or else, of few rows, stored in `few`, of many in the array that is given.
        """
        given, n = self.arguments, len(batch)
        if n != self.rows:
            self.prepare(n)
        if parameters is not self.parameters:
            self.parameters, given.parameters = parameters, parameters.ctypes.data
        if results is not None:
            given.results = results.ctypes.data
        if self.held:
            return self.run_held(batch.tobytes())
        if self.copied:
            return self.machine.run(self.address, batch.tobytes())
        given.row_bytes, given.column_bytes = batch.strides
        return self.machine.run(self.address, batch.ctypes.data)

    def prepare(self, n: int) -> None:
        """Make room for a number of rows; where Ctrl-C breaks this off, the next call begins anew."""
        self.rows = self.held = 0
        given, tape = self.arguments, self.tape
        wide = n > FEW and self.may_be_wide
        lanes = LANES if wide else 1
        if lanes > self.room:
            self.slots = aligned(tape.slots * lanes, self.dtype)
            self.totals = aligned(tape.outputs * ALIGNMENT if wide else 0, self.dtype)
            self.last = np.zeros(tape.outputs * lanes, self.dtype)
            given.slots, given.last = self.slots.ctypes.data, self.last.ctypes.data
            self.room = lanes
        self.slots[MASK] = 1.0
        words = len(tape.once) + len(tape.each) * (WORDS_OF_BLOCK * -(-n // LANES) if wide else n)
        self.copied = n * self.inputs * self.dtype.itemsize <= MAX_BYTES_COPIED
        if n <= FEW and not self.reduced:
            self.few = np.empty((tape.outputs, n), self.dtype)
        given.rows = given.stride = n
        given.wide, given.results = wide, (self.results if self.reduced or n > FEW else self.few).ctypes.data
        given.totals = self.totals.ctypes.data if wide else given.results
        given.row_bytes, given.column_bytes = self.inputs * self.dtype.itemsize, self.dtype.itemsize
        self.rows, self.held = n, n if self.copied and words <= MAX_WORDS_HELD else 0


def aligned(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return zeros whose address is a multiple of the alignment."""
    memory = np.zeros(count * dtype.itemsize + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    return memory[first : first + count * dtype.itemsize].view(dtype)
