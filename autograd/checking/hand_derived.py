"""Checks of gradients against numbers derived by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

from autograd.arrays import as_number, as_numpy
from autograd.checking.candidates import label
from autograd.checking.diagnosis import diagnose
from autograd.checking.digits import GivenNumber, Written, check_rtol, given, read, remark
from autograd.checking.parameters import Group
from autograd.checking.tables import aligned
from autograd.conversion import shown
from autograd.value import Value

# Any: Values in any arrangement, and numbers in the same.
ExpectedGradients = Mapping[Any, Any] | Sequence[tuple[Any, Any]]

MAX_ROWS_SHOWN = 60  # in a message


def assert_gradients(expected: ExpectedGradients, *, rtol: float = 1e-6) -> None:
    """Compare the gradients of Values, after `backward()`, with numbers derived by hand.

    Text such as "0.0990", and a float with three digits or more, also agrees with every number that rounds to it.
    Infinities and NaN agree only with themselves.

    The message is a table of name, expected gradient, engine's gradient, and their ratio. A diagnosis names the mistake
    that reproduces every given number: a common factor, a mistake at one edge of the graph below the Values, or, in
    whole matrices, one mistake or two in the step from a delta to the weights. Include the root, so that the search
    covers the whole graph, also that of a loss over several examples: `{loss: 1, w: 0.19}`.

    Args:
        expected: The gradient expected of each Value; or pairs of a Value, or a list, matrix or array of Values, and
            what is expected of it, in the same shape: `[(loss, 1), (W, dW), (b, db)]`. A tuple of Values may be a key.
        rtol: The fraction of the expected number by which the engine's may differ; where 0 is expected, the engine's
            may differ by 1e-12.

    Raises:
        AssertionError: Where gradients differ; `mismatch` says what it carries.
        TypeError: For a key that is not a Value, and a gradient that is not a number.
        ValueError: For text that is not a number, nothing to compare, numbers in another shape than their Values, and
            an `rtol` that is not a fraction.

    >>> w, x = Value(0.5, name="w"), Value(2.0, name="x")
    >>> y = (w * x).named("y")
    >>> loss = (y * y).named("loss")
    >>> loss.backward()
    >>> assert_gradients({w: 4.0, x: 1.0})
    >>> assert_gradients([((w, x), [4.0, 1.0])])
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
    compare_gradients(pairs_of(expected), rtol)


def pairs_of(expected: ExpectedGradients) -> list[tuple[Any, Any, str]]:
    """Return the Values, what is expected of them, and "" for each entry; raise TypeError for anything else."""
    if isinstance(expected, Mapping):
        expected = list(expected.items())
    pairs = list(expected) if isinstance(expected, (list, tuple)) else None
    if pairs is None or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise TypeError(
            "assert_gradients takes a dictionary such as {w: 0.19}, or pairs such as [(W, dW)], not the "
            f"{type(expected).__name__}"
        )
    return [(x, number, "") for x, number in pairs]


def compare_gradients(pairs: Sequence[tuple[Any, Any, str]], rtol: float, within: Sequence[Value] = ()) -> None:
    """Compare gradients, as `assert_gradients` does.

    Args:
        pairs: A Value, or a list or matrix of Values; what is expected; and what a message calls it, or "".
        rtol: As for `assert_gradients`.
        within: More Values, whose graph is searched for the mistake.

    Raises:
        AssertionError, TypeError, ValueError: As `assert_gradients` does.
    """
    __tracebackhide__ = True
    check_rtol(rtol)
    values, written, groups = [], [], []
    for key, numbers, name in pairs:
        rows, rows_given = matrix_of(key), numbers
        if isinstance(key, Value):
            rows_given = [[numbers]]
        group = [x for row in rows for x in row]
        name = name or (f"{label(group[0])} … {label(group[-1])}" if len(group) > 1 else "")
        flat = flattened(rows_given, rows, name or label(group[0]))
        values += group
        written += [expected_number(number, x) for number, x in zip(flat, group, strict=True)]
        if not isinstance(key, Value):
            groups.append(Group(name or label(group[0]), group, len(rows)))
    if not values:
        raise ValueError("there is nothing to compare: give a dictionary such as {w: 0.19}")
    given_numbers = given(written, rtol)
    wrong = [x for x, number in zip(values, given_numbers, strict=True) if not number.agrees(x.grad)]
    if not wrong:
        return
    differ = f"{len(wrong)} of {len(values)} gradients {'differs' if len(wrong) == 1 else 'differ'}"
    if any(x.grad for x in values):
        alone = Group("", [x for x, _, _ in pairs if isinstance(x, Value) and not x.operands])
        advice = diagnose(values, given_numbers, [*groups, alone] if groups else (), within)
        title = f"{differ}, at the digits given and rtol = {rtol:g} (ratio = expected / engine)"
        message = "\n".join(filter(None, [title, table(values, given_numbers), advice]))
    else:
        message = f"{differ}: every gradient of the engine is 0. Call backward() first."
    raise mismatch(message, dict(zip(values, [number.number for number in given_numbers], strict=True)), wrong)


def matrix_of(key: Any) -> list[list[Value]]:
    """Return a Value, or a list or matrix of Values, as rows; raise TypeError for anything else."""
    rows = (
        [[key]]
        if isinstance(key, Value)
        else [list(row) if is_list(row) else row for row in key]
        if is_list(key)
        else []
    )
    if rows and not any(isinstance(row, list) for row in rows):
        rows = [rows]
    if not rows or not all(isinstance(row, list) and row and all(isinstance(x, Value) for x in row) for row in rows):
        raise TypeError(
            f"the key {key!r:.80} is not a Value: write {{w: 0.19}}, with the Value w, or, of a matrix, [(W, dW)], "
            "where W holds the Values and not their numbers"
        )
    return rows


def flattened(numbers: Any, rows: Sequence[Sequence[Value]], name: str) -> list[Any]:
    """Return expected numbers, row by row; raise ValueError where they have another shape than their Values."""
    shape = [len(row) for row in rows]
    numbers = as_numpy(numbers, f"the gradient of {name}")
    found = [list(row) if is_list(row) else row for row in numbers] if is_list(numbers) else []
    if found and not any(isinstance(row, list) for row in found):
        found = [found]
    if [len(row) if isinstance(row, list) else 1 for row in found] != shape:
        counts = [len(row) if isinstance(row, list) else 1 for row in found]
        raise ValueError(
            f"the gradient of {name} has {counts or 'no list of'} numbers in its rows, but there are {shape} Values: "
            "give one number for each"
        )
    return [x for row in found for x in row]


def is_list(data: Any) -> bool:
    """Return whether data are a list, a tuple or an array of at least one dimension."""
    return isinstance(data, (list, tuple)) or getattr(data, "ndim", 0) > 0


def expected_number(number: Any, x: Value) -> Written:
    """Return a number as it was written; raise an error that names its Value for anything else."""
    place = f"the gradient expected of {label(x)}"
    if not isinstance(as_number(number, place), (Real, str, Decimal)):
        raise TypeError(f"{place} is the {type(number).__name__} {shown(number)}: give a number")
    return read(number, place)


def table(values: Sequence[Value], numbers: Sequence[GivenNumber]) -> str:
    """Return the table of a message; of many gradients, only those that differ."""
    pairs = list(zip(values, numbers, strict=True))
    if len(pairs) > MAX_ROWS_SHOWN:
        pairs = [(x, number) for x, number in pairs if not number.agrees(x.grad)][:MAX_ROWS_SHOWN]
    rows = [("name", "expected", "engine", "ratio", "")]
    for x, number in pairs:
        ratio = f"{number.number / x.grad:.6g}" if x.grad else "–"
        rows.append((label(x), number.text, f"{x.grad:.10g}", ratio, remark(number, x.grad)))
    left_out = len(values) - len(pairs)
    return aligned(rows) + (f"\n… and {left_out} more" if left_out else "")


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
