"""A program over a dask array: block by block, on the cores of one machine or on the workers of a cluster.

The graph of tasks carries the program and today's parameters, so a worker that is lost costs the time of its blocks and
nothing else. What is reduced becomes one row of numbers for each block: how many rows it has, and by these the value
and the gradient. They are added up in a tree whose shape depends on the number of blocks alone, so the bits of the
result do not depend on who computes, or when.
"""

from __future__ import annotations

import pickle
import re
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from autograd.conversion import Refusal, same_class

if TYPE_CHECKING:
    from autograd.lifting.program import Program

FAN_IN = 8  # of the tree in which blocks are added up
MAX_PROGRAMS = 8  # that a thread of a worker keeps

_here = threading.local()
_contents: WeakKeyDictionary[Program, bytes] = WeakKeyDictionary()


def is_dask_array(data: Any) -> bool:
    """Whether data are a dask array; dask is not imported to know."""
    dask = sys.modules.get("dask.array")
    return dask is not None and isinstance(data, dask.Array)


def per_row(program: Program, X: Any, shape: tuple[int, ...], method: str, *arguments: Any) -> NDArray[Any]:
    """Return, as a dask array, what a method of the program returns for each row; nothing is computed.

    Args:
        program: Its parameters are taken as they are now.
        X: A dask array, (n, inputs).
        shape: Of what the method returns for a row.
        method: Its name.
        arguments: After the batch.
    """
    dtype = program.parameters.dtype
    rows: NDArray[Any] = _mapped(
        _rows, program, X, [shape, method, arguments],
        dtype=dtype, drop_axis=1, new_axis=[*range(1, 1 + len(shape))],
        chunks=(X.chunks[0], *[(size,) for size in shape]), meta=np.empty((0,) * (1 + len(shape)), dtype),
    )  # fmt: skip
    return rows


def reduced(program: Program, X: Any, mean: bool, method: str, check_finite: bool) -> tuple[float, NDArray[Any]]:
    """Return the value over all blocks, and the gradient where the method computes one, else no numbers.

    Args:
        program: Its parameters are taken as they are now.
        X: A dask array, (n, inputs).
        mean: Whether the program's reduction is the mean.
        method: "value" or "gradient".
        check_finite: The method's.

    Raises:
        ValueError: For an array of another shape, or without rows; else what the method raises, with the number of the
            row in the whole array, or, where dask does not know how long the blocks are, the number of the block.
    """
    width = 2 + (len(program.parameters) if method == "gradient" else 0)
    parts = _mapped(
        _part, program, X, [mean, width, method, check_finite],
        dtype=float, chunks=((1,) * X.numblocks[0], (width,)), meta=np.empty((0, 0)),
    )  # fmt: skip
    rows, *numbers = parts.sum(axis=0, split_every=FAN_IN).compute()
    if not rows:
        raise ValueError("the batch has no rows: all its blocks are empty")
    value, *gradient = np.array(numbers) / rows if mean else numbers
    return float(value), np.array(gradient, program.parameters.dtype)


def _mapped(function: Callable[..., Any], program: Program, X: Any, arguments: list[Any], **options: Any) -> Any:
    """Return the dask array of a function of each block."""
    from dask import delayed  # X is a dask array, so dask is there

    make, made_of = program.__reduce__()
    width = len(made_of[0].inputs)  # of the traced graph
    if X.ndim != 2 or not (np.isnan(X.shape[1]) or X.shape[1] == width) or X.shape[0] == 0:
        raise ValueError(f"the batch has the shape {X.shape}; it takes at least one row of {width} numbers")
    if X.numblocks[1] > 1:
        X = X.rechunk({1: -1})
    if program not in _contents:
        unset = [np.zeros_like(x) if x is program.parameters else x for x in made_of]
        _contents[program] = pickle.dumps((make, unset))
    lengths = X.chunks[0]
    starts = None if np.isnan(lengths).any() else np.cumsum((0, *lengths[:-1]))
    carried = _contents[program], program.parameters.copy(), starts  # each sent to a worker once, not with every block
    given = [delayed(x, pure=True, traverse=False) for x in carried]
    return X.map_blocks(_on_block, *given, function, arguments, **options)


# On a worker ----------------------------------------------------------------------------------------------------------


def _on_block(
    block: Any,
    content: bytes,
    parameters: NDArray[Any],
    starts: NDArray[np.int_] | None,
    function: Callable[..., Any],
    arguments: list[Any],
    block_id: tuple[int, int],
) -> Any:
    """Return what a function says of a block; an error names the row of the whole array."""
    program = _loaded(content)
    program.parameters = parameters
    try:
        return function(program, block, *arguments)
    except Refusal as error:
        first = None if starts is None else starts[block_id[0]]
        raise same_class(error, _placed(str(error), first, block_id[0])) from None


def _rows(program: Program, block: Any, shape: tuple[int, ...], method: str, arguments: tuple[Any, ...]) -> Any:
    if not len(block):
        return np.empty((0, *shape), program.parameters.dtype)
    return getattr(program, method)(block, *arguments)


def _part(program: Program, block: Any, mean: bool, width: int, method: str, check_finite: bool) -> NDArray[Any]:
    """Return, in a row, the number of rows, the value and the gradient; a mean is weighted by the number."""
    part, rows = np.zeros((1, width)), len(block)
    if rows:
        part[0, 0] = rows
        if method == "gradient":
            part[0, 1], part[0, 2:] = program.gradient(block, check_finite)
        else:
            part[0, 1] = program.value(block, check_finite)
        if mean:
            part[0, 1:] *= rows
    return part


def _loaded(content: bytes) -> Program:
    """Return the program of a pickle, this thread's own, whose parameters nobody else sets."""
    programs: dict[bytes, Program] = _here.__dict__.setdefault("programs", {})
    if content not in programs:
        while len(programs) >= MAX_PROGRAMS:
            del programs[next(iter(programs))]
        make, arguments = pickle.loads(content)  # noqa: S301  (dask itself reads tasks so)
        programs[content] = make(*arguments)
    return programs[content]


def _placed(message: str, first: int | None, block: int) -> str:
    """Return a message with the row of the whole array for that of the block.

    >>> _placed("row 2: log(-1.0): math domain error", 100, 1), _placed("row 2, input x is nan", None, 1)
    ('row 102: log(-1.0): math domain error', 'block 1 of the batch, row 2, input x is nan')
    """
    if first is None:
        return f"block {block} of the batch, {message}"
    return re.sub(r"^row (\d+)", lambda row: f"row {first + int(row[1])}", message)
