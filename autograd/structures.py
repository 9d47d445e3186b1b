"""Numbers in structures: arrays of any shape, lists, tuples, named tuples and dictionaries of them, nested.

A structure's leaves are numbers, Values and arrays; its numbers are the leaves and, of each array, the elements.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from numbers import Real
from types import GeneratorType
from typing import Any

import numpy as np

from autograd.conversion import remedy, shown
from autograd.numpy_functions import ValueArray
from autograd.value import Value


def is_number(x: Any) -> bool:
    """Whether x is a real number or a Value."""
    return isinstance(x, (float, Value, Real, np.bool_))


def is_array(x: Any) -> bool:
    """Whether x is an array whose elements may be real numbers or Values; a matrix multiplies otherwise."""
    usual = isinstance(x, np.ndarray) and not isinstance(x, (np.ma.MaskedArray, np.matrix))
    return usual and x.dtype.kind in "biufO"


def inside(tree: Any) -> Iterable[tuple[str, Any]] | None:
    """Return what a container holds, each with its place in it, such as "[2]" or "['w']"; None for anything else."""
    if isinstance(tree, dict):
        return [(f"[{key!r}]", x) for key, x in tree.items()]
    if isinstance(tree, (list, tuple)):
        return [(f"[{i}]", x) for i, x in enumerate(tree)]
    return None


def check(tree: Any, subject: str, place: str = "") -> None:
    """Raise TypeError, with the place and the remedy, unless a structure holds numbers only.

    Args:
        tree: The structure.
        subject: How the message begins, such as "grad: argument 1 of f".
        place: Where the structure stands in a larger one.
    """
    if is_number(tree):
        return
    if is_array(tree):
        unfit = [x for x in elements(tree) if not is_number(x)] if tree.dtype == object else []
        if not unfit:
            return
        tree = unfit[0]
    elif (held := inside(tree)) is not None:
        for step, branch in held:
            check(branch, subject, place + step)
        return
    what = "None" if tree is None else f"the {type(tree).__name__} {shown(tree)}"
    raise TypeError(f"{subject}{place} is {what}, where a number is needed: {advice(tree)}")


def advice(x: Any) -> str:
    """Return what to do with something that is neither a number nor a structure of numbers."""
    if x is None:
        return "is a return missing?"
    if isinstance(x, np.ma.MaskedArray):
        return "fill it, or leave out what is masked"
    if isinstance(x, np.ndarray) or hasattr(x, "__array__"):
        return "make it an array of real numbers, np.asarray(x, dtype=float)"
    if isinstance(x, (set, frozenset, range, GeneratorType, map, zip, filter)):
        return "make it a list"
    if callable(x):
        return "call it"
    return remedy(x)


def mapped(function: Callable[[Any], Any], tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> Any:
    """Return the structure with function(leaf) for each leaf; what `is_leaf` says of a container counts as one too."""
    if is_leaf and is_leaf(tree):
        return function(tree)
    if isinstance(tree, dict):
        result = copy.copy(tree)  # of the same class, with what else it keeps, such as a default
        result.update({key: mapped(function, branch, is_leaf) for key, branch in tree.items()})
        return result
    if isinstance(tree, (list, tuple)):
        branches = [mapped(function, branch, is_leaf) for branch in tree]
        return tree._make(branches) if hasattr(tree, "_make") else type(tree)(branches)
    return function(tree)


def leaves(tree: Any) -> Iterator[Any]:
    """Yield the leaves, in order."""
    if isinstance(tree, (list, tuple, dict)):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from leaves(branch)
    else:
        yield tree


def numbers(tree: Any) -> Iterator[Any]:
    """Yield the numbers, in order."""
    for leaf in leaves(tree):
        if isinstance(leaf, np.ndarray):
            yield from elements(leaf)
        else:
            yield leaf


def elements(array: Any) -> Iterator[Any]:
    """Yield the elements, where np.array has put an array of no dimension among them, that one's."""
    return (x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in array.flat)


def with_numbers(tree: Any, new: Iterable[Any]) -> Any:
    """Return the structure with other numbers, floats or Values, in it."""
    rest = iter(new)
    return mapped(
        lambda leaf: array([next(rest) for _ in leaf.flat], leaf.shape) if is_array(leaf) else next(rest), tree
    )


def array(numbers: list[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of floats, or of Values if there are any."""
    if all(isinstance(x, float) for x in numbers):
        return np.array(numbers, dtype=float).reshape(shape)
    return np.fromiter(numbers, dtype=object, count=len(numbers)).reshape(shape).view(ValueArray)


def matching(tree: Any, other: Any) -> Iterator[Any]:
    """Yield the numbers of another structure in the order of the first; ValueError where the two are not alike."""
    if isinstance(tree, dict):
        keys = list(tree)
        alike = isinstance(other, dict) and set(other) == set(keys)
    elif isinstance(tree, (list, tuple)):
        keys = list(range(len(tree)))
        alike = isinstance(other, (list, tuple)) and len(other) == len(tree)
    else:
        if inside(other) is not None or np.shape(tree) != np.shape(other):
            raise ValueError
        yield from numbers(other)
        return
    if not alike:
        raise ValueError
    for key in keys:
        yield from matching(tree[key], other[key])


def regular_shape(tree: Any) -> tuple[int, ...] | None:
    """Return the shape of an array, or of the one that a list or tuple of numbers, nested evenly, makes; else None."""
    if is_number(tree):
        return ()
    if is_array(tree):
        return tuple(tree.shape)
    if type(tree) not in (list, tuple):
        return None
    shapes = {None if is_array(branch) else regular_shape(branch) for branch in tree} or {()}
    (shape,) = shapes if len(shapes) == 1 else (None,)
    return None if shape is None else (len(tree), *shape)
