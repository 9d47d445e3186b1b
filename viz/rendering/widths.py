"""How wide a text is, estimated from its characters, for no font is at hand where a picture is drawn.

The estimates are of Arial, and of every font that is as wide. Where no such font is installed, DejaVu Sans, the widest
that is common, stands in for it.
"""

from __future__ import annotations

import unicodedata

STAND_IN, BOLD_STAND_IN = 1.2, 1.3  #: how much wider than the estimate a line is at most in DejaVu Sans
NARROW, RAISED, WIDE = "iIjl.,:;'|!()[]/ft ·", "₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾₍₎", "mwMW@%→"
EMS = {"\u2003": 1.0} | dict.fromkeys(NARROW, 0.28) | dict.fromkeys(RAISED, 0.35) | dict.fromkeys(WIDE, 0.85)


def width(text: str, size: float) -> float:
    """Return about how wide a text is in Arial of a size in points, in points.

    >>> round(width("net input", 10.0)), round(width("層", 10.0))
    (39, 10)
    """
    return size * sum(EMS.get(c) or _ems(c) for c in text)


def room(text: str, size: float, *, bold: bool = False) -> float:
    """Return how much room a text needs so that it fits in Arial and in DejaVu Sans, in points."""
    return (BOLD_STAND_IN if bold else STAND_IN) * width(text, size)


def _ems(c: str) -> float:
    if unicodedata.combining(c):
        return 0.0
    if unicodedata.east_asian_width(c) in "WF":
        return 1.0
    return 0.7 if c.isupper() else 0.556
