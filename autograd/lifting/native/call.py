"""A call of the machine: its arguments are the address of a structure, `Arguments`, and that of the batch.

There are two ways to call it, both of which return the first result, or NaN where one of the results is not finite.
ctypes releases the interpreter's lock, and takes 0.3 µs. What takes no longer than some µs itself is called as a method
of CPython's, in 0.05 µs: it keeps the lock, which a busy thread beside would take, and not give back for a while.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir

# Addresses: the tapes; memory for singles, slots, totals, and for what is not finite; parameters, which columns of
# the batch are read; the results, room for those of the last, shorter block, and which of them are singles.
ADDRESSES = ["once", "each", "singles", "slots", "totals", "unfinite", "parameters", "columns"]
ADDRESSES += ["results", "last", "same"]
# Numbers: of parameters, rows, columns, outputs, outputs that are singles; bytes from row to row and from column to
# column of the batch; numbers from output to output of the results; whether the outputs are added up, and the sums then
# divided by the number of rows; whether rows run in blocks.
NUMBERS = ["parameter_count", "rows", "column_count", "outputs", "same_count", "row_bytes", "column_bytes", "stride"]
NUMBERS += ["reduced", "mean", "wide"]

FUNCTION, METHOD = "run", "method"  # what the machine's two entries are called
PYTHON = ["PyLong_AsVoidPtr", "PyBytes_AsString", "PyFloat_FromDouble"]  # what the method calls
METH_O = 8  # CPython's name for a method that takes one argument


class Arguments(ctypes.Structure):
    """The arguments of a call, eight bytes each."""

    _fields_ = [(name, ctypes.c_void_p) for name in ADDRESSES] + [(name, ctypes.c_int64) for name in NUMBERS]


def field(builder: ir.IRBuilder, arguments: Any, name: str) -> Any:
    """Return the address of a field of the Arguments."""
    place = ir.Constant(ir.IntType(64), [*ADDRESSES, *NUMBERS].index(name))
    return builder.gep(arguments, [place], source_etype=ir.IntType(64))


class MethodDefinition(ctypes.Structure):
    """What CPython makes a method of, its PyMethodDef."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    ]


make_method = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)(
    ("PyCFunction_NewEx", ctypes.pythonapi)
)


class Machine:
    """The machine as Python calls it, of numbers of a kind, "float64" or "float32"."""

    def __init__(self, element: str, function: int, method: int) -> None:
        number = ctypes.c_double if element == "float64" else ctypes.c_float
        run = ctypes.CFUNCTYPE(number, ctypes.c_void_p, ctypes.c_void_p)(function)
        self.run: Callable[[int, int | bytes], float] = run  # given Arguments, by address, and the batch
        self.definition = MethodDefinition(b"run", method, METH_O, None)  # as long as the methods that are made of it

    def method(self, address: int) -> Callable[[bytes], float]:
        """Return the method of the Arguments at an address, which takes the batch as bytes."""
        return cast("Callable[[bytes], float]", make_method(ctypes.addressof(self.definition), address, None))
