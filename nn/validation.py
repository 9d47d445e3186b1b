"""Checks of everything that is passed in, before anything is changed; each error names the place and the value.

Letters: n examples, k outputs of the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.arrays import as_array, as_floats, as_number, as_numpy, entry

Floats = NDArray[np.float64]
Targets = NDArray[Any]  # (n, k) floats, or (n,) class indices

CLASS_LOSSES = ("cross_entropy", "softmax_cross_entropy")
PROBABILITY_LOSSES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")

# The requirements of settings, in the words of the message.
RANGES: dict[str, Callable[[float], bool]] = {
    "a finite number": math.isfinite,
    "a positive number": lambda x: 0.0 < x < math.inf,
    "a finite number, zero or positive": lambda x: 0.0 <= x < math.inf,
    "from 0 to below 1": lambda x: 0.0 <= x < 1.0,
}


def numbers(data: Any, name: str) -> Floats:
    """Return the data as an array of finite floats; raise ValueError naming the first entry that is not one."""
    floats: Floats = as_floats(as_array(data, name), name)
    _refuse(floats, ~np.isfinite(floats), name, "every number must be finite")
    return floats


def matrix(data: Any, name: str) -> Floats:
    """Return the data as a two-dimensional array of finite floats with at least one row and column."""
    array = numbers(data, name)
    if array.ndim != 2:
        remedy = "; reshape(-1, 1) makes one column" if array.ndim == 1 and array.size else ""
        raise ValueError(f"{name} has shape {array.shape}; it must be a table with rows and columns{remedy}")
    if not array.size:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    return array


def vector(data: Any, name: str, length: int) -> Floats:
    """Return the data as a flat array of `length` finite floats."""
    array = numbers(data, name)
    if array.shape != (length,):
        raise ValueError(f"{name} has shape {array.shape}; it must be a flat list of {length} numbers")
    return array


def whole(number: Any, name: str, most: int | None = None) -> int:
    """Return a whole number of at least 1, and at most `most`."""
    is_int = isinstance(number, (int, np.integer)) and not isinstance(number, bool)
    if is_int and 1 <= number <= (number if most is None else most):
        return int(number)
    of_type = "" if is_int else ", an int"
    raise ValueError(
        f"{name} is {number!r:.80}; it must be a whole number from 1{f' to {most}' if most else ' on'}{of_type}"
    )


def real(number: Any, name: str, needs: str) -> float:
    """Return a real number as a float.

    Args:
        number: What was given.
        name: What the message calls it.
        needs: The requirement, a key of `RANGES`.

    Raises:
        ValueError: For anything but a real number that meets the requirement.
    """
    x = as_number(number, name)
    is_real = isinstance(x, Real) and not isinstance(x, bool)
    try:
        if is_real and RANGES[needs](float(x)):
            return float(x)
    except OverflowError:
        pass
    raise ValueError(f"{name} is {number!r:.80}; it must be {needs}{'' if is_real else ': give an int or a float'}")


def flag(given: Any, name: str) -> bool:
    """Return True or False; raise ValueError for anything else."""
    if not isinstance(given, (bool, np.bool_)):
        raise ValueError(f"{name} is {given!r:.80}; it must be True or False")
    return bool(given)


def listed(given: Any, name: str) -> list[Any]:
    """Return a list with an entry for each layer; raise ValueError for anything but a list."""
    if not isinstance(given, (list, tuple, np.ndarray)):
        raise ValueError(f"{name} is {given!r:.80}; give a list with an entry for each layer")
    return list(as_numpy(given, name))


def joined(weights: Any, biases: Any) -> list[Floats]:
    """Return for each layer one matrix, W[sender, receiver], with the biases as its last row unless they are None.

    Raises:
        ValueError: For layers that do not follow one another, or biases that do not fit the weights.
    """
    matrices = [matrix(W, f"weights[{i}]") for i, W in enumerate(listed(weights, "weights"))]
    if not matrices:
        raise ValueError("weights is empty; give one matrix for each layer")
    for i, (before, W) in enumerate(pairwise(matrices), 1):
        if len(W) != before.shape[1]:
            raise ValueError(
                f"weights[{i}] has {len(W)} rows, but weights[{i - 1}] leads to {before.shape[1]} neurons: "
                "W[i][j] is the weight from sender i to receiver j; transpose a receiver-first matrix"
            )
    if biases is None:
        return matrices
    biases = listed(biases, "biases")
    if len(biases) != len(matrices):
        raise ValueError(f"weights has the length {len(matrices)}, but biases {len(biases)}: give both for each layer")
    vectors = [vector(b, f"biases[{i}]", W.shape[1]) for i, (b, W) in enumerate(zip(biases, matrices, strict=True))]
    return [np.vstack(both) for both in zip(matrices, vectors, strict=True)]


def fitting(given: Any, shapes: Sequence[tuple[int, ...]], name: str) -> list[Floats]:
    """Return an array for each layer; raise ValueError if they do not have these shapes, those of the network's own."""
    arrays = [numbers(array, f"{name}[{i}]") for i, array in enumerate(listed(given, name))]
    if len(arrays) != len(shapes):
        needed = f"{len(shapes)} layer{'s' * (len(shapes) != 1)}: give an array for each" if shapes else f"no {name}"
        raise ValueError(f"{name} has the length {len(arrays)}, but the network has {needed}")
    for i, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != shape:
            raise ValueError(f"{name}[{i}] has shape {array.shape}; in this network it is {shape}")
    return arrays


def generator(rng: Any) -> np.random.Generator:
    """Return the NumPy Generator of a seed, or the one given."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(f"rng is {rng!r:.80}; give a seed (a whole number, 0 or more) or a NumPy Generator") from None


def examples(X: Any, inputs: int, name: str = "X") -> Floats:
    """Return X as floats of shape (n, inputs)."""
    array = numbers(X, name)
    if array.ndim == 1 and array.size:
        remedy = ""
        if inputs == 1:
            remedy = "; reshape(-1, 1) makes one column"
        elif len(array) == inputs:
            remedy = f"; for one example give one row: [{name}], or reshape(1, -1)"
        needed = f"a table with one row of {inputs} for each example"
        raise ValueError(f"{name} has shape {array.shape}; it must be {needed}{remedy}")
    array = matrix(array, name)
    if array.shape[1] != inputs:
        raise ValueError(f"{name} has {array.shape[1]} columns, but the network has {inputs} inputs")
    return array


def targets(y: Any, loss: str, n: int, k: int, name: str = "y") -> Targets:
    """Return the targets of n examples as the loss needs them.

    Args:
        y: The targets: class indices (n,) or one-hot rows (n, k) for the losses over classes; numbers (n, k) for the
            others, or (n,) for one output.
        loss: The name of the loss.
        n: The number of examples.
        k: The number of outputs.
        name: What the message calls the targets.

    Returns:
        Class indices (n,) for the losses over classes; floats (n, k) for the others.
    """
    array = numbers(y, name)
    if array.ndim == 0 or len(array) != n:
        raise ValueError(f"{name} has shape {array.shape}, but there are {n} examples; give one target for each")
    if loss in CLASS_LOSSES:
        return _classes(array, loss, k, name)
    if array.ndim == 1 and k == 1:
        array = array[:, np.newaxis]
    if array.shape != (n, k):
        remedy = "; softmax_cross_entropy takes class indices" if array.ndim == 1 else ""
        raise ValueError(f"{name} has shape {array.shape}; {loss} with {k} outputs needs {(n, k)}{remedy}")
    if loss in PROBABILITY_LOSSES:
        _refuse(array, (array < 0.0) | (array > 1.0), name, f"{loss} needs targets from 0 to 1")
    if loss == "hinge":
        _refuse(array, np.abs(array) != 1.0, name, "the two labels of hinge are -1 and 1")
    return array


def _classes(array: Floats, loss: str, k: int, name: str) -> Targets:
    if k < 2:
        raise ValueError(f"{loss} needs an output for each of two or more classes; for one use binary_cross_entropy")
    if array.ndim == 1:
        off = (array != np.floor(array)) | (array < 0.0) | (array >= k)
        _refuse(array, off, name, f"with {k} outputs a class index is a whole number from 0 to {k - 1}")
        return array.astype(int)
    if array.shape[1:] != (k,):
        remedy = "; ravel() makes it flat" if array.shape[1:] == (1,) else ""
        raise ValueError(
            f"{name} has shape {array.shape}; {loss} needs class indices of shape ({len(array)},), "
            f"or one-hot rows of shape ({len(array)}, {k}){remedy}"
        )
    wrong = ((array != 0.0) & (array != 1.0)).any(axis=1) | (array.sum(axis=1) != 1.0)
    for row in np.flatnonzero(wrong):
        raise ValueError(f"{name}[{row}] is {array[row].tolist()}; a one-hot row has one 1, the others 0")
    indices: Targets = array.argmax(axis=1)
    return indices


def _refuse(array: Floats, wrong: NDArray[np.bool_], name: str, rule: str) -> None:
    if not wrong.any():  # which is quicker to see than where
        return
    for place in np.argwhere(wrong):
        words = f" (row {place[0]}, column {place[1]}, counted from 0)" if len(place) == 2 else ""
        raise ValueError(f"{entry(name, place)} is {array[tuple(place)]:g}{words}; {rule}")
