"""Checks of gradients against finite differences.

A finite difference is a slope over a step h. Long steps have a large truncation error and short ones a large rounding
error, so slopes over shorter and shorter steps are extrapolated to h = 0, and the extrapolation with the smallest
estimated error is used (Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering Software
4(2), 1982). The slopes on the left and on the right are also extrapolated separately: where they disagree, or grow
without bound, there is a kink or a jump.

Letters: f the function, xs its arguments, x one of its numbers, h a step.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.arrays import entry
from autograd.checking.tables import aligned
from autograd.conversion import Refusal, shown
from autograd.structures import inside, is_array, with_numbers
from autograd.transforms import hessian, name_of, value_and_grad

FloatArray = NDArray[np.float64]

LONGEST_STEP, SHORTEST_STEP = 0.1, 1e-10  # steps, as fractions of max(1, |x|)
STEP_RATIO = 4.0  # of a step to the next shorter one
MAX_DEGREE = 6  # of the extrapolating polynomial: a higher degree amplifies rounding errors
MACHINE_EPSILON = float(np.finfo(float).eps)
ROUNDING_ALLOWANCE = 1000.0  # times machine epsilon: a function less exact than this seems to have a kink or a pole


@dataclass(frozen=True)
class Comparison:
    """One derivative by the engine and by finite differences.

    Attributes:
        name: The derivative, such as "∂f/∂x".
        engine: The engine's value.
        difference: The finite difference, extrapolated.
        error: The estimated error of the difference.
        sides: At a kink or jump, the slopes on the left and on the right; otherwise None.
    """

    name: str
    engine: float
    difference: float
    error: float
    sides: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """The result: "agrees", "differs", or "kink", where there is no derivative to compare."""
        if self.sides:
            return "kink"
        agrees = math.isclose(self.engine, self.difference, rel_tol=1e-6, abs_tol=10.0 * self.error)
        return "agrees" if agrees else "differs"


@dataclass(frozen=True, repr=False)
class GradientReport:
    """What `check_gradients` compared; its repr is a table.

    Attributes:
        comparisons: One for each derivative.
    """

    comparisons: tuple[Comparison, ...]

    @property
    def kinks(self) -> list[str]:
        """The names of the derivatives at a kink or a jump, such as ["∂f/∂x"]."""
        return [row.name for row in self.comparisons if row.sides]

    def __repr__(self) -> str:
        rows = [("derivative", "engine", "finite difference", "error estimate", "")]
        for row in self.comparisons:
            sides = ": {:.4g} on the left, {:.4g} on the right".format(*row.sides) if row.sides else ""
            numbers = f"{row.engine:.10g}", f"{row.difference:.10g}", f"{row.error:.0e}"
            rows.append((row.name, *numbers, row.verdict + sides))
        return aligned(rows)


def check_gradients(f: Callable[..., Any], *xs: Any, order: int = 2) -> GradientReport:
    """Compare the engine's derivatives of a function with finite differences, and return what was compared.

    Two derivatives agree if they have six digits in common or differ by at most ten times the estimated error. A kink
    or jump of f, or of its gradient, is reported and never fails. (But relu(x) − relu(−x) fails at 0: its parts have
    kinks there, and it has none.)

    Args:
        f: A function that returns one number.
        xs: Its arguments: numbers, arrays, and lists, tuples or dictionaries of these.
        order: 1 for first derivatives only; 2 also compares second derivatives, with finite differences of the
            engine's first derivatives.

    Raises:
        AssertionError: Where derivatives differ, with a table of them.
        TypeError: For an argument that holds anything but numbers.
        ValueError: For another order, for no argument, and where f is not finite.
        Exception: Whatever f and its derivatives raise at the given point.

    >>> check_gradients(lambda w, x: w * x * x, 2.0, 3.0, order=1)
    derivative  engine  finite difference  error estimate
    ∂f/∂w            9                  9           ...  agrees
    ∂f/∂x           12                 12           ...  agrees
    >>> check_gradients(lambda x: abs(x), 0.0, order=1)
    derivative  engine  finite difference  error estimate
    ∂f/∂x            0                  0           ...  kink: -1 on the left, 1 on the right
    """
    if order not in (1, 2):
        raise ValueError(f"check_gradients compares derivatives of order 1 or 2, not {order!r}")
    variables = [variable for name, x in zip(names_of(f, len(xs)), xs, strict=True) for variable in numbered(name, x)]
    names, point = [name for name, _ in variables], [x for _, x in variables]
    n = len(point)
    if not n:
        raise ValueError("there is nothing to differentiate: give the arguments of the function")

    def of_list(numbers: Sequence[Any]) -> Any:
        return f(*with_numbers(xs, numbers))

    of_list.__name__ = name_of(f)

    def sample(numbers: list[float]) -> list[float]:
        """Return f and the engine's gradient."""
        value, gradient = value_and_grad(of_list)(numbers)
        return [value, *gradient]

    here = sample(point)
    if not math.isfinite(here[0]):
        raise ValueError(f"f is {here[0]} at the given point: choose one where it is finite")
    # A row for each derivative: its name, the engine's number, the component of the sample it derives, and the axis.
    rows = [(f"∂f/∂{name}", here[1 + j], 0, j) for j, name in enumerate(names)]
    if order == 2:
        for i, seconds in enumerate(hessian(of_list)(point)):
            for j, second in enumerate(seconds):
                rows.append((f"∂²f/∂{names[j]}∂{names[i]}" if i != j else f"∂²f/∂{names[i]}²", second, 1 + i, j))
    left, right = ([slopes(sample, point, here, j, direction) for j in range(n)] for direction in (-1.0, 1.0))
    comparisons = [compared(name, engine, left[j][..., k], right[j][..., k]) for name, engine, k, j in rows]
    if wrong := [row for row in comparisons if row.verdict == "differs"]:
        table = GradientReport(tuple(wrong))
        raise AssertionError(f"{len(wrong)} of {len(rows)} derivatives differ from finite differences\n{table}")
    return GradientReport(tuple(comparisons))


def slopes(
    sample: Callable[[list[float]], list[float]], point: list[float], here: list[float], axis: int, direction: float
) -> FloatArray:
    """Return steps, slopes and the rounding errors of the slopes.

    Args:
        sample: Gives f and the engine's gradient, the components, at a point.
        point: Where the slopes are taken.
        here: The sample there.
        axis: The component of the point that is varied.
        direction: −1.0 for slopes on the left, 1.0 for slopes on the right.

    Returns:
        An array of shape (3, steps, components), NaN where f is not finite.
    """
    x = point[axis]
    scale = max(1.0, abs(x))
    shortest = max(min(SHORTEST_STEP * scale, 1e-3 * abs(x) or math.inf), 1e-300)  # for a tiny x, a fraction of x
    # Where the terms of a gradient cancel, its rounding error is that of a gradient of its natural scale.
    size = np.abs(here) + np.array([0.0] + [abs(here[0]) / scale] * len(point))
    rows = []
    h = LONGEST_STEP * scale
    while h >= shortest:
        moved = x + direction * h
        try:
            there = np.array(sample([*point[:axis], moved, *point[axis + 1 :]]))
        except Refusal:  # outside the domain of f
            there = np.full(len(here), math.nan)
        step = abs(moved - x) or math.nan  # not h, because x + h was rounded
        with np.errstate(all="ignore"):
            slope = direction * (there - here) / step
            rows.append((np.full(len(here), step), slope, MACHINE_EPSILON * (abs(there) + size) / step))
        h /= STEP_RATIO
    return np.array(rows).swapaxes(0, 1)


def compared(name: str, engine: float, left: FloatArray, right: FloatArray) -> Comparison:
    """Compare the engine's derivative with the slopes on both sides, or on one side where f is defined only there."""
    (before, before_error), (after, after_error) = extrapolate(left, 1), extrapolate(right, 1)
    difference, error = extrapolate((left + right) / 2.0, 2)  # the mean of both slopes is even in h
    apart = 1e-5 * max(abs(before), abs(after)) + 10.0 * (before_error + after_error)
    if abs(after - before) > apart or math.isinf(before) or math.isinf(after):
        return Comparison(name, engine, difference, error, (before, after))
    if math.isnan(difference):
        difference, error = (after, after_error) if math.isnan(before) else (before, before_error)
    if math.isnan(difference):
        raise ValueError(f"{name} has no finite difference: f is not finite around the given point")
    return Comparison(name, engine, difference, error)


def extrapolate(side: FloatArray, power: int) -> tuple[float, float]:
    """Return the slope at step 0 and its estimated error, by Neville's scheme in powers of h ** power.

    The slope is infinite where the slopes grow without bound, beyond rounding errors, and NaN where there are too few.
    """
    steps, slopes, noise = side[:, np.isfinite(side).all(axis=0)].tolist()
    if len(slopes) < 3:
        return math.nan, math.inf
    if abs(slopes[-1]) > max(1.5 * abs(slopes[-2]), 2.25 * abs(slopes[-3]), ROUNDING_ALLOWANCE * noise[-1]):
        return math.copysign(math.inf, slopes[-1]), 0.0
    best, least = math.nan, math.inf
    above: list[float] = []
    for i, slope in enumerate(slopes):
        row = [slope]
        for j in range(1, min(i, MAX_DEGREE) + 1):
            row.append(row[-1] + (row[-1] - above[j - 1]) / ((steps[i - j] / steps[i]) ** power - 1.0))
            error = max(abs(row[j] - row[j - 1]), abs(row[j] - above[j - 1])) + noise[i]
            # Long steps do not see a nearby pole or kink: the slopes over shorter steps must agree as well.
            if error < least:
                away = max(abs(slopes[k] - row[j]) - ROUNDING_ALLOWANCE * noise[k] for k in range(i, len(slopes)))
                error += max(0.0, away - abs(slope - row[j]))
            if error < least:
                best, least = row[j], error
        above = row
    return best, least


def names_of(f: Callable[..., Any], count: int) -> list[str]:
    """Return the names of a function's arguments: its parameters', or x1, x2, … where it has none."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some functions written in C have no signature
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] + [f"x{i}" for i in range(len(names) + 1, count + 1)]


def numbered(name: str, tree: Any) -> Iterator[tuple[str, float]]:
    """Yield the name and number of an argument, or of each number in a structure."""
    if is_array(tree):
        for place, x in np.ndenumerate(tree):
            yield from numbered(entry(name, place), x)
    elif (held := inside(tree)) is not None:
        for step, branch in held:
            yield from numbered(name + step, branch)
    elif isinstance(tree, (Real, np.bool_)):
        yield name, float(tree)
    else:
        raise TypeError(f"{name} is the {type(tree).__name__} {shown(tree)}: give numbers, or arrays or lists of them")
