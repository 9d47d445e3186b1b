"""User-defined operations: `operation` checks the rules of a row, and enters it in the table.

Letters: x, y operands; z result; p a local derivative.
"""

from __future__ import annotations

import functools
import inspect
import keyword
import math
import re
from collections.abc import Callable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.conversion import Refusal, shown, to_float
from autograd.documentation import method_docstring
from autograd.operations import BUILT_IN, TABLE, row
from autograd.rules.elementary import elementwise
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.calls import OfMany


def accepts(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with `count` operands; of a built-in that does not tell, True."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        pass
    return True


def function_in_latex(name: str) -> str:
    r"""Return the name of a function in LaTeX, where `_` and letters beyond ASCII have places of their own.

    >>> print(function_in_latex("cube"), function_in_latex("my_x"))
    \operatorname{cube} \text{my}\_\text{x}
    """
    if name.isascii() and name.isalpha():
        return rf"\operatorname{{{name}}}"
    return "".join(r"\_" if part == "_" else rf"\text{{{part}}}" for part in re.split("(_)", name) if part)


def check_array_rule(name: str, function: Callable[..., float], rule: Callable[..., Any], count: int) -> None:
    """Raise TypeError for an array rule that differs from the float rule, changes its operands or ignores `out`.

    Lifted programs read its result from `out` where it has such a parameter.
    """
    xs = [np.array([-0.7, 0.3, 1.6]) + 0.1 * k for k in range(count)]
    before = [x.copy() for x in xs]
    try:
        has_out = "out" in inspect.signature(rule).parameters
    except ValueError:  # a built-in that does not tell
        has_out = False
    with np.errstate(all="ignore"):
        z = np.asarray(rule(*xs))
        if z.dtype.kind not in "biuf" or z.shape not in ((), (3,)):
            raise TypeError(
                f"the array rule of {name} returns {z.dtype} of shape {z.shape} for operands of shape (3,): "
                "return a float for each"
            )
        if not np.array_equal(xs, before):
            raise TypeError(f"the array rule of {name} changes its operands: compute a new array from them")
        for operands, got in zip(zip(*np.array(xs).tolist(), strict=True), np.broadcast_to(z, 3).tolist(), strict=True):
            try:
                expected = to_float(function(*operands))
            except Refusal:
                continue
            if not math.isclose(got, expected, rel_tol=1e-6, abs_tol=1e-12) and expected == expected:
                raise TypeError(
                    f"the array rule of {name} gives {got} at {operands}, where the float rule gives {expected}"
                )
        out = np.full(3, 12345.0)
        if has_out and (rule(*xs, out=out) is not out or not np.array_equal(out, z + np.zeros(3), equal_nan=True)):
            raise TypeError(f"the array rule of {name} does not write its result into out: pass it on, or leave it out")


def operation(
    name: str,
    function: Callable[..., float],
    partials: Sequence[float | Callable[..., Any]],
    *,
    glyph: str = "",
    formula: str = "",
    array: Callable[..., Any] | None = None,
    javascript: str = "",
) -> OfMany:
    """Enter an operation of your own in the table, and return it, callable as the others are.

    Args:
        name: The name, an identifier.
        function: Computes floats.
        partials: One rule per operand: a number, or a function of the result and the operands, written in the table's
            operations so that it differentiates again.
        glyph: What drawings show; without it, the name.
        formula: LaTeX in the letters x, y, …
        array: Computes NumPy arrays; without it `function` is called for each element.
        javascript: What computes floats in an interactive page, an expression of JavaScript in the letters x, y, u, v,
            s, t of the operands, such as "Math.sinh(x) / y"; without it such a page does not compute.

    Raises:
        ValueError: For the name of one of autograd's own operations, and for JavaScript that HTML would cut off.
        TypeError: For a rule that is neither a number nor a function, where the rules are not one for each operand, and
            for an array rule that does not return floats or does not write them into `out`; and when it is used, for a
            partial that returns anything but a number or, of Values, a Value.

    >>> cube = operation("cube", lambda x: x * x * x, [lambda z, x: 3 * x * x], formula="x^{3}")
    >>> x = Value(2.0)
    >>> y = cube(x)
    >>> y.data, y.derivative(x).data, y.derivative(x).derivative(x).data
    (8.0, 12.0, 12.0)
    """
    taken = name in BUILT_IN or (hasattr(Value, name) and name not in TABLE)
    if not name.isidentifier() or keyword.iskeyword(name) or taken:
        raise ValueError(
            f"{name!r} cannot name an operation of your own: choose an identifier that autograd does not use"
        )
    if not isinstance(partials, (list, tuple)) or not partials or not accepts(function, len(partials)):
        raise TypeError(f"the partials of {name} are {partials!r}: give a list of one rule for each operand of {name}")
    for place, rule in enumerate(partials, 1):
        if not (isinstance(rule, (int, float)) or (callable(rule) and accepts(rule, 1 + len(partials)))):
            raise TypeError(f"partial {place} of {name} is {rule!r}: give a number or a function of (z, x, …)")
    if isinstance(array, np.ufunc) and not any(kinds.endswith("->d") for kinds in array.types):
        raise TypeError(f"the array rule of {name} is {array!r}, which returns no floats: leave it out")

    if not isinstance(javascript, str) or "</" in javascript or "<!--" in javascript:
        raise ValueError(
            f"the JavaScript of {name} is {javascript!r:.80}: give an expression as text, without '</' and '<!--'"
        )

    if array:
        check_array_rule(name, function, array, len(partials))

    def checked(*xs: float) -> float:
        return to_float(function(*xs))

    def checked_rule(place: int, rule: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(rule)
        def partial(z: Any, *xs: Any) -> Any:
            p = rule(z, *xs)
            if isinstance(p, (Real, np.bool_)) or (not isinstance(z, float) and isinstance(p, (Value, np.ndarray))):
                return float(p) if isinstance(z, float) else p
            given = f"the {type(p).__name__} {shown(p)}"
            raise TypeError(f"partial {place} of {name} returned {given}: make it a formula of (z, x, …) alone")

        return partial

    letters = ", ".join("xyuvst"[: len(partials)])
    entry: OfMany = row(
        name,
        glyph or name,
        formula or f"{function_in_latex(name)}({letters})",
        checked,
        array or elementwise(checked),
        [checked_rule(k, rule) if callable(rule) else float(rule) for k, rule in enumerate(partials, 1)],
        javascript=javascript,
    )
    if entry.arity == 1:
        getattr(Value, name).__doc__ = method_docstring(entry, name)
    return entry
