"""Real numbers as floats, what a message says of anything else, and how a message shows a number or a Value."""

from __future__ import annotations

import math
from numbers import Complex, Real
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

if TYPE_CHECKING:
    from autograd.value import Value

# What Python raises where a float operation has no result.
Refusal = (ArithmeticError, ValueError)


def is_value(x: object) -> TypeGuard[Value]:
    """Whether x is a Value. Their class is not imported here: it converts its numbers by this module."""
    return hasattr(x, "operands") and hasattr(x, "derivatives") and not isinstance(x, type)


def is_several(x: object) -> bool:
    """Whether x is a list or a tuple, or a tensor of another library that does not have exactly one element."""
    if isinstance(x, (list, tuple)):
        return True
    return hasattr(x, "item") and not hasattr(x, "to_numpy") and math.prod(getattr(x, "shape", ())) != 1


def to_float(number: object, needs: str = "a Value holds one real number") -> float:
    """Return a real number as a float.

    Args:
        number: The number: Python's or NumPy's, a fraction, a boolean.
        needs: The beginning of the message, which says what is needed.

    Raises:
        TypeError: For anything else; it shows what was given, and says what to do.
    """
    if isinstance(number, (Real, np.bool_)):
        return float(number)
    raise TypeError(f"{needs}, not the {type(number).__name__} {shown(number)}: {remedy(number)}")


def check_name(name: object, label: object = None) -> None:
    """Raise TypeError for a name that is not text, and for micrograd's spelling, label="x"."""
    if label is not None:
        raise TypeError(f"Value takes name=, not label=: Value(2.0, name={label!r})")
    if not isinstance(name, str | None):
        raise TypeError(f"the name of a Value is text, not the {type(name).__name__} {shown(name)}: give a str")


def remedy(x: object) -> str:
    """Return what to do with something that is not a real number."""
    if is_value(x):
        return "use it as it is, or detach() it"
    if isinstance(x, np.ndarray) or is_several(x):
        return "make one Value for each element"
    if isinstance(x, str):
        return "convert it with float(), or parse() an expression"
    if isinstance(x, Complex):
        return "take its real and imaginary parts"
    if hasattr(x, "to_numpy"):  # pandas
        return "take its to_numpy()"
    if hasattr(x, "item"):  # a tensor of one element
        return "take its item() for its one number"
    return "give a float"


def same_class(error: Exception, message: str) -> Exception:
    """Return an error of the same built-in class as another one, or of the class that its own is derived from.

    Args:
        error: The other error.
        message: What the new one says.
    """
    kinds = (ZeroDivisionError, OverflowError, FloatingPointError, ArithmeticError, ValueError)
    return next(kind for kind in kinds if isinstance(error, kind))(message)


def shown(x: object) -> str:
    """Return anything as a message shows it: in one line of at most 60 characters."""
    return describe(x) if is_value(x) else " ".join(repr(x).split())[:60]


def describe(x: object) -> str:
    """Return an operand as a message shows it: its name, where it has one, and its number."""
    if not is_value(x):
        return repr(x)
    if not x.name:
        return repr(x.data)
    return f"{x.name if x.name.isprintable() else repr(x.name)[1:-1]} = {x.data!r}"
