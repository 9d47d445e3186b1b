"""Checks of gradients against numbers derived by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

from autograd.arrays import as_number
from autograd.checking.diagnosis import diagnose, label
from autograd.checking.digits import given, read
from autograd.checking.tables import aligned
from autograd.conversion import shown
from autograd.value import Value


def assert_gradients(expected: Mapping[Value, float | str | Decimal], *, rtol: float = 1e-6) -> None:
    """Compare the gradients of Values, after `backward()`, with numbers derived by hand.

    Text such as "0.0990", and a float with three digits or more, also agrees with every number that rounds to it.
    Infinities and NaN agree only with themselves.

    The message is a table of name, expected gradient, engine's gradient, and their ratio. A diagnosis names the mistake
    that reproduces every given number: a common factor, or a mistake at one edge of the graph below the Values. Include
    the root, so that the search covers the whole graph: `{loss: 1, w: 0.19}`.

    Args:
        expected: The gradient expected of each Value.
        rtol: The fraction of the expected number by which the engine's may differ; where 0 is expected, the engine's
            may differ by 1e-12.

    Raises:
        AssertionError: Where gradients differ; `mismatch` says what it carries.
        TypeError: For a key that is not a Value, and a gradient that is not a number.
        ValueError: For text that is not a number, an empty dictionary, and an `rtol` that is not a fraction.

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
    Diagnosis: ∂y/∂w confused with ∂y/∂x. To correct it: ∂y/∂w is 2; 0.5 is ∂y/∂x.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    if not isinstance(expected, Mapping):
        raise TypeError(f"assert_gradients takes a dictionary such as {{w: 0.19}}, not the {type(expected).__name__}")
    if not expected:
        raise ValueError("there is nothing to compare: give a dictionary such as {w: 0.19}")
    if not 0.0 <= rtol < math.inf:
        raise ValueError(f"rtol = {rtol!r} is not a tolerance: give a fraction such as 1e-6")
    for x, number in expected.items():
        if not isinstance(x, Value):
            raise TypeError(
                f"the key {x!r:.80} is a {type(x).__name__}, not a Value: write {{w: 0.19}}, with the Value w"
            )
        if not isinstance(as_number(number, f"the gradient expected of {label(x)}"), (Real, str, Decimal)):
            given_as = f"the {type(number).__name__} {shown(number)}"
            raise TypeError(f"the gradient expected of {label(x)} is {given_as}: give a number")
    values = list(expected)
    numbers = given([read(number, f"the gradient expected of {label(x)}") for x, number in expected.items()], rtol)
    agree = [number.agrees(x.grad) for x, number in zip(values, numbers, strict=True)]
    if all(agree):
        return
    rows = [("name", "expected", "engine", "ratio", "")]
    for x, hand, right in zip(values, numbers, agree, strict=True):
        ratio = f"{hand.number / x.grad:.6g}" if x.grad else "–"
        rows.append((label(x), hand.text, f"{x.grad:.10g}", ratio, "" if right else "← differs"))
    wrong = [x for x, right in zip(values, agree, strict=True) if not right]
    title = f"{len(wrong)} of {len(agree)} gradients {'differs' if len(wrong) == 1 else 'differ'}, at the digits given "
    title += f"and rtol = {rtol:g} (ratio = expected / engine)"
    advice = diagnose(values, numbers) if any(x.grad for x in values) else "Every gradient is 0: call backward() first."
    raise mismatch("\n".join(filter(None, [title, aligned(rows), advice])), expected, wrong)


def mismatch(
    message: str, values: Mapping[Value, Any], wrong: Sequence[Value], record: Any = None, report: Any = None
) -> AssertionError:
    """Return the error of a failed comparison, which carries what was compared.

    `viz.draw(root, against=error.values)` draws it, as the pytest plugin does.

    Args:
        message: What the error says.
        values: `error.values`: every Value that was compared, with the gradient expected of it.
        wrong: `error.wrong`: the Values whose gradients differ.
        record: `error.record`: the forward pass, where deltas were compared; otherwise None.
        report: `error.report`: the `DeltaReport`, where deltas were compared; otherwise None.

    >>> w = Value(3.0, name="w")
    >>> (w * w).backward()
    >>> try:
    ...     assert_gradients({w: 3.0})
    ... except AssertionError as error:
    ...     print(error.values, error.wrong)
    {Value(3.0, grad=6.0, name='w'): 3.0} [Value(3.0, grad=6.0, name='w')]
    """
    error = AssertionError(message)
    vars(error).update(values=dict(values), wrong=list(wrong), record=record, report=report)
    return error
