"""Checks of gradients against numbers derived by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real

from autograd.arrays import as_number
from autograd.checking.diagnosis import diagnose, label
from autograd.checking.digits import given, read
from autograd.checking.tables import aligned
from autograd.value import Value


def assert_gradients(expected: Mapping[Value, float | str | Decimal], *, rtol: float = 1e-6) -> None:
    """Compare the gradients of Values, after `backward()`, with numbers derived by hand.

    `expected` gives each Value's gradient, and `rtol` the fraction by which the engine's may differ; where 0 is
    expected, by 1e-12. Text such as "0.0990", and a float of three digits or more, agrees besides with whatever rounds
    to it. Infinities and NaN agree with themselves only.

    A diagnosis names the slip that reproduces every number given: a common factor, or a slip at one arrow of the graph
    below the Values, which is whole where the root is among them: `{loss: 1, w: 0.19}`.

    Raises AssertionError with one table: name, expected, engine, and their ratio; TypeError for a key that is no Value
    and a gradient that is no number; ValueError for text that is none, an empty dictionary, and an rtol that is no
    fraction.

    >>> w, x = Value(0.5, name="w"), Value(2.0, name="x")
    >>> y = (w * x).named("y")
    >>> loss = (y * y).named("loss")
    >>> loss.backward()
    >>> assert_gradients({w: 4.0, x: 1.0})
    >>> assert_gradients({loss: 1, y: 2.0, w: 1.0, x: 1.0})
    Traceback (most recent call last):
    AssertionError: 1 of 4 gradients differs, at the digits given and rtol = 1e-06 (ratio = expected / engine)
    name  expected  engine  ratio
    loss         1       1      1
    y            2       2      1
    w            1       4   0.25  ← differs
    x            1       1      1
    Diagnosis: ∂y/∂w taken to the other operand. To mend it: it is 2; 0.5 is ∂y/∂x.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    if not isinstance(expected, Mapping):
        raise TypeError(f"assert_gradients takes a dictionary such as {{w: 0.19}}, not the {type(expected).__name__}")
    if not expected:
        raise ValueError("there is nothing to compare: give a dictionary such as {w: 0.19}")
    if not 0.0 <= rtol < math.inf:
        raise ValueError(f"rtol = {rtol!r} is no tolerance: give a fraction such as 1e-6")
    for x, number in expected.items():
        if not isinstance(x, Value):
            raise TypeError(f"the key {x!r} is no Value but a {type(x).__name__}: write {{w: 0.19}}, with the Value w")
        if not isinstance(as_number(number, f"the gradient expected of {label(x)}"), (Real, str, Decimal)):
            raise TypeError(f"the gradient expected of {label(x)} is {repr(number)[:60]}: give a number")
    values = list(expected)
    numbers = given([read(number, f"the gradient expected of {label(x)}") for x, number in expected.items()], rtol)
    agree = [number.agrees(x.grad) for x, number in zip(values, numbers, strict=True)]
    if all(agree):
        return
    rows = [("name", "expected", "engine", "ratio", "")]
    for x, hand, right in zip(values, numbers, agree, strict=True):
        ratio = f"{hand.number / x.grad:.6g}" if x.grad else "–"
        rows.append((label(x), hand.text, f"{x.grad:.10g}", ratio, "" if right else "← differs"))
    wrong, unswept = agree.count(False), not any(x.grad for x in values)
    title = f"{wrong} of {len(agree)} gradients {'differs' if wrong == 1 else 'differ'}, at the digits given and "
    title += f"rtol = {rtol:g} (ratio = expected / engine)"
    advice = "Every gradient is 0: call backward() first." if unswept else diagnose(values, numbers)
    raise AssertionError("\n".join(filter(None, [title, aligned(rows), advice])))
