"""Numbers derived by hand, and how precise they are: text and rounded floats by their last digit.

0.192 stands for all from 0.1915 to 0.1925. A float loses the zeros at its end, so one of few digits borrows the
precision of the numbers around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from numbers import Real
from typing import Any

import numpy as np

from autograd.arrays import as_number

FEWEST_DIGITS = 3  # of a float that counts as rounded: 0.5 is exact


@dataclass(frozen=True)
class Given:
    """A number as given: its text, half a unit of its last digit, and within what a result agrees."""

    number: float
    text: str
    half_unit: float
    tolerance: float

    def agrees(self, result: float) -> bool:
        """Return whether a result is this number, at the digits given."""
        same = self.number == result or (math.isnan(self.number) and math.isnan(result))
        return same or abs(self.number - result) <= self.tolerance


@dataclass(frozen=True)
class Written:
    """A number as it was written. is_rounded: whether its digits are all that it claims."""

    text: str
    decimal: Decimal
    is_rounded: bool

    @property
    def digits(self) -> int:
        """How many it has."""
        return len(self.decimal.as_tuple().digits)

    @property
    def last(self) -> int:
        """The exponent of the last digit."""
        return int(self.decimal.as_tuple().exponent)


def read(number: Any, place: str) -> Written:
    """Return a number, or its text, as it was written; raise ValueError, naming the place, for anything else.

    >>> read("0.0990", "w").last, read(0.0990, "w").last
    (-4, -3)
    """
    number = as_number(number, place)
    if isinstance(number, (str, Decimal)):
        text = str(number)
        try:
            decimal = Decimal(text.replace("−", "-"))
        except InvalidOperation:
            raise ValueError(f"{place} is {number!r}; give a number, such as '0.0990'") from None
        if decimal.is_snan() or (decimal.is_finite() and math.isinf(float(decimal))):
            raise ValueError(f"{place} is {text[:40]}; give a number that a float can hold")
        return Written(text, decimal, True)
    if not isinstance(number, Real):
        raise ValueError(f"{place} is {number!r}; give a number")
    try:
        number = number if isinstance(number, np.floating) else float(number)
    except OverflowError:
        raise ValueError(f"{place} is beyond the largest float; give a number that a float can hold") from None
    # The shortest text that gives the float; a float32 has its own, of fewer digits.
    decimal = Decimal(str(number))
    if decimal.is_finite():
        decimal = decimal.normalize()
    return Written(f"{number:.10g}", decimal, len(decimal.as_tuple().digits) >= FEWEST_DIGITS)


def given(numbers: Sequence[Written], rtol: float) -> list[Given]:
    """Return the numbers with their tolerances; rtol is the fraction by which a result may differ in any case."""
    rounded = [x for x in numbers if x.is_rounded and x.decimal.is_finite()]
    digits = max((x.digits for x in rounded), default=0)
    decimals = max((-x.last for x in rounded), default=0)

    def half_unit(x: Written) -> float:
        if not rounded or not x.decimal.is_finite():
            return 0.0
        if x.is_rounded:
            last = x.last
        elif not x.decimal:
            last = -decimals
        else:
            last = min(x.last, max(-decimals, x.decimal.adjusted() + 1 - digits))  # the zeros that it may have lost
        return float(Decimal(5).scaleb(last - 1))

    def tolerant(x: Written) -> Given:
        number, half = float(x.decimal), half_unit(x)
        relative = rtol * abs(number) if math.isfinite(number) else 0.0
        tolerance = max(half * (1.0 + 1e-9), relative, 0.0 if number else 1e-12)  # 1e-9: a tie's own rounding
        return Given(number, x.text, half, tolerance)

    return [tolerant(x) for x in numbers]
