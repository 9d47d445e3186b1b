"""What a call of the machine gets: the address of a structure whose fields tell all else, and that of the batch."""

from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir

# Addresses: the tapes; memory for singles, slots, totals, and for what is not finite; parameters, which columns of
# the batch are read; the results, room for those of the last, shorter block, and which of them are singles.
ADDRESSES = ["once", "each", "singles", "slots", "totals", "unfinite", "parameters", "columns"]
ADDRESSES += ["results", "last", "same"]
# Numbers: of parameters, rows, columns, outputs, outputs that are singles; bytes from row to row and from column to
# column of the batch; numbers from output to output of the results; whether the outputs are added up, and whether rows
# run in blocks.
NUMBERS = ["parameter_count", "rows", "column_count", "outputs", "same_count", "row_bytes", "column_bytes", "stride"]
NUMBERS += ["reduced", "wide"]


class Call(ctypes.Structure):
    """The arguments of a call, eight bytes each."""

    _fields_ = [(name, ctypes.c_void_p) for name in ADDRESSES] + [(name, ctypes.c_int64) for name in NUMBERS]


def field(builder: ir.IRBuilder, call: Any, name: str) -> Any:
    """Return the address of a field."""
    place = ir.Constant(ir.IntType(64), [*ADDRESSES, *NUMBERS].index(name))
    return builder.gep(call, [place], source_etype=ir.IntType(64))
