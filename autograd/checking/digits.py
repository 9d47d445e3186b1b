"""Numbers derived by hand, and their precision: text and rounded floats are as precise as their last digit.

0.192 stands for every number from 0.1915 to 0.1925. A float does not keep its trailing zeros, so one with few digits is
taken to be as precise as the numbers around it.
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

MIN_DIGITS_OF_ROUNDED = 3  # a float with fewer digits is exact, such as 0.5


@dataclass(frozen=True)
class GivenNumber:
    """A number as given.

    Attributes:
        number: The number as a float.
        text: The number as it was written.
        half_unit: Half a unit of its last digit; 0 if it is exact, and infinite if it is `NOT_GIVEN`.
        tolerance: The largest difference at which a result agrees with it.
        decimal: The digits that were written.
    """

    number: float
    text: str
    half_unit: float
    tolerance: float
    decimal: Decimal

    def agrees(self, result: float) -> bool:
        """Return whether a result is this number, at the digits given."""
        same = self.number == result or (math.isnan(self.number) and math.isnan(result))
        return same or abs(self.number - result) <= self.tolerance

    def right_digits(self, result: float) -> int:
        """Return how many digits are right, where that are all that were written, but fewer than are asked for.

        >>> coarse, full = given([read(0.19, "w"), read(0.1234, "v")], 1e-6)
        >>> coarse.agrees(0.19462), coarse.right_digits(0.19462), coarse.right_digits(0.18)
        (False, 2, 0)
        """
        if self.agrees(result) or not math.isfinite(result):
            return 0
        rounded = abs(self.number - result) <= self.written_half_unit * (1.0 + 1e-9)
        return len(self.decimal.as_tuple().digits) if rounded and self.number else 0

    @property
    def is_given(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.half_unit)

    @property
    def precision(self) -> float:
        """How precise it is at the most: a float that is exact because it is short, such as 0.5, may be 0.500."""
        if self.half_unit or not self.number or not self.decimal.is_finite():
            return self.half_unit
        return float(Decimal(5).scaleb(self.decimal.adjusted() - MIN_DIGITS_OF_ROUNDED))

    @property
    def written_half_unit(self) -> float:
        """Half a unit of the last digit that was written, of a number that is not an integer; otherwise 0."""
        exponent = self.decimal.as_tuple().exponent
        return float(Decimal(5).scaleb(exponent - 1)) if isinstance(exponent, int) and exponent < 0 else 0.0


@dataclass(frozen=True)
class Written:
    """A number as it was written.

    Attributes:
        text: What a message shows.
        decimal: Its exact digits.
        is_rounded: Whether it is precise only to its last digit.
    """

    text: str
    decimal: Decimal
    is_rounded: bool

    @property
    def digits(self) -> int:
        """How many digits it has."""
        return len(self.decimal.as_tuple().digits)

    @property
    def last(self) -> int:
        """The exponent of the last digit."""
        return int(self.decimal.as_tuple().exponent)


NOT_GIVEN = Written("–", Decimal("0e400"), True)
"""A number of which no digit is known, not even where it begins: every result agrees with it."""


def read(number: Any, place: str) -> Written:
    """Return a number, or its text, as it was written.

    Args:
        number: A real number, a Decimal, or text such as "0.0990".
        place: What a message calls it.

    Raises:
        ValueError: For anything else, and for a number that a float cannot hold.

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
    # The shortest text that gives the float; that of a float32 is shorter.
    decimal = Decimal(str(number))
    if decimal.is_finite():
        decimal = decimal.normalize()
    return Written(f"{number:.10g}", decimal, len(decimal.as_tuple().digits) >= MIN_DIGITS_OF_ROUNDED)


def given(numbers: Sequence[Written], rtol: float) -> list[GivenNumber]:
    """Return the numbers with their tolerances.

    Args:
        numbers: All numbers that were given together; they tell how many digits a float may have lost.
        rtol: The fraction of a number by which a result may always differ.
    """
    rounded = [x for x in numbers if x.is_rounded and x.decimal.is_finite() and x is not NOT_GIVEN]
    digits = max((x.digits for x in rounded), default=0)
    decimals = max((-x.last for x in rounded), default=0)

    def half_unit(x: Written) -> float:
        if x is NOT_GIVEN:
            return math.inf
        if not rounded or not x.decimal.is_finite():
            return 0.0
        if x.is_rounded:
            last = x.last
        elif not x.decimal:
            last = -decimals
        else:
            # With the zeros that it may have lost.
            last = min(x.last, max(-decimals, x.decimal.adjusted() + 1 - digits))
        return float(Decimal(5).scaleb(last - 1))

    def tolerant(x: Written) -> GivenNumber:
        number, half = float(x.decimal), half_unit(x)
        relative = rtol * abs(number) if math.isfinite(number) else 0.0
        tolerance = max(half * (1.0 + 1e-9), relative, 0.0 if number else 1e-12)  # 1e-9: for the rounding of a tie
        return GivenNumber(number, x.text, half, tolerance, x.decimal)

    return [tolerant(x) for x in numbers]


def remark(number: GivenNumber, result: float) -> str:
    """Return what a table says of a number: nothing if it agrees with a result."""
    if number.agrees(result):
        return ""
    count = number.right_digits(result)
    return f"← right to {count} digit{'s' * (count > 1)}" if count else "← differs"


def check_rtol(rtol: float) -> None:
    """Raise ValueError for a relative tolerance that is not a fraction."""
    if not isinstance(rtol, Real) or not 0.0 <= rtol < math.inf:
        raise ValueError(f"rtol = {rtol!r} is not a tolerance: give a fraction such as 1e-6")
