"""The memory of a program: how many rows of a batch it works on at once, and arrays made of memory that is there.

A batch of many rows is computed piece by piece, each small enough for its arrays to stay in the processor's cache, and
for its matrix products to be computed in one thread. For each of the last sizes of a piece the arrays are kept; those
of a new size are made of the memory of the oldest, because memory that is new to a process costs more than the
computing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CACHE = 2**19  # bytes of arrays that a piece fills: of caches of 1 and 2 MB, 2¹⁸ to 2²⁰ are as quick
MAX_PRODUCT = 2**18  # multiplications in a matrix product, above which OpenBLAS wakes its threads: they cost more
LEAST_ROWS = 64  # of a piece; where its products would be longer than that, they may as well have threads
NUMBERS_PER_CALL = 1000  # that NumPy computes in the time that a call takes with none
MOST_FOR_CALLS = 2**9, 2**24  # rows and bytes of a piece that is larger than the cache, for the sake of fewer calls
STEP = 32  # a piece has a multiple of so many rows


def rows_at_once(bytes_per_row: int, multiplications_per_row: int, numbers_per_call: float) -> int:
    """Return how many rows of a batch are computed at once.

    Args:
        bytes_per_row: In all arrays that have a column for each row of the batch.
        multiplications_per_row: In the largest matrix product.
        numbers_per_call: Of a row, that a call of NumPy computes; where they are few, fewer calls are quicker than
            arrays that stay in the cache.

    >>> rows_at_once(bytes_per_row=1912, multiplications_per_row=2080, numbers_per_call=10.0)
    128
    >>> rows_at_once(bytes_per_row=16000, multiplications_per_row=100, numbers_per_call=2.0)
    512
    """
    most, most_bytes = MOST_FOR_CALLS
    rows = min(NUMBERS_PER_CALL / max(numbers_per_call, 1.0), most, most_bytes / max(bytes_per_row, 1))
    rows = max(rows, CACHE / max(bytes_per_row, 1))
    in_one_thread = MAX_PRODUCT / max(multiplications_per_row, 1)
    if in_one_thread >= LEAST_ROWS:
        rows = min(rows, in_one_thread)
    return max(LEAST_ROWS, STEP * round(rows / STEP))


def pieces(batch: NDArray[Any], size: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield the pieces of a batch, each with the number of its first row.

    >>> [(first, len(piece)) for first, piece in pieces(np.zeros((5, 1)), 2)]
    [(0, 2), (2, 2), (4, 1)]
    """
    for first in range(0, len(batch), size):
        yield first, batch[first : first + size]


class Memory:
    """Makes arrays, in a fixed order, of the memory of another size that is given up, where that suffices.

    >>> old = Memory()
    >>> large, small = old.ones((2, 3), float), Memory(old).empty((2, 2), float)
    >>> np.shares_memory(large, small)
    True
    """

    def __init__(self, given_up: Memory | None = None) -> None:
        self.spare = given_up.blocks if given_up else []
        self.blocks: list[NDArray[Any]] = []

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array of arbitrary content."""
        place, size = len(self.blocks), math.prod(shape)
        fits = place < len(self.spare) and self.spare[place].size >= size
        self.blocks.append(self.spare[place] if fits else np.empty(size, dtype))
        return self.blocks[-1][:size].reshape(shape)

    def full(self, shape: tuple[int, ...], content: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array of one number, or of a column that is repeated."""
        array = self.empty(shape, dtype)
        array[...] = content
        return array

    def ones(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return an array of ones."""
        return self.full(shape, 1.0, dtype)
