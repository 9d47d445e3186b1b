"""Writes the polynomials of the native engine's functions, `autograd/lifting/native/functions/coefficients.py`.

Each goes through a function's values at the zeros of a Chebyshev polynomial, which is near the best that a polynomial
of its degree can do. Computed with 60 digits, and rounded.

Run as `python docs/coefficients.py`; needs mpmath.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath

mp = mpmath.mp.clone()
mp.dps = 60
TARGET = Path(__file__).parents[1] / "autograd/lifting/native/functions/coefficients.py"
HEAD = '''"""The polynomials of the native engine's functions, from the lowest power, by `docs/coefficients.py`."""

'''


class Fit(NamedTuple):
    """A polynomial for a function on an interval."""

    name: str
    formula: str
    function: Callable[[Any], Any]
    low: Any
    high: Any
    degree: int


def in_square(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The even function f as one of the square."""
    return lambda z: f(mp.sqrt(z))


FITS = [
    Fit("EXP", "(eʳ − 1 − r) / r²", lambda r: (mp.expm1(r) - r) / r**2, -mp.ln2 / 2, mp.ln2 / 2, 9),
    Fit("LOG", "(2 artanh s − 2s − ⅔s³) / s⁵ in s²", in_square(lambda s: 2 * (mp.atanh(s) - s - s**3 / 3) / s**5),
        0, (mp.sqrt(2) - 1) ** 4, 6),
    Fit("SIN", "(sin r − r) / r³ in r²", in_square(lambda r: (mp.sin(r) - r) / r**3), 0, (mp.pi / 4) ** 2, 6),
    Fit("COS", "(cos r − 1 + ½r²) / r⁴ in r²", in_square(lambda r: (mp.cos(r) - 1 + r**2 / 2) / r**4),
        0, (mp.pi / 4) ** 2, 6),
    Fit("ATAN", "(atan t − t) / t³ in t²", in_square(lambda t: (mp.atan(t) - t) / t**3), 0, (mp.sqrt(2) - 1) ** 2, 12),
    Fit("SINH", "(sinh x − x) / x³ in x²", in_square(lambda x: (mp.sinh(x) - x) / x**3), 0, 1, 6),
    Fit("ERF", "erf x / x in x²", in_square(lambda x: mp.erf(x) / x), 0, 1, 12),
    Fit("CBRT", "1 / ∛x", lambda x: 1 / mp.cbrt(x), 2 ** mp.mpf(-1.5), 2 ** mp.mpf(1.5), 5),
]  # fmt: skip


def polynomial(fit: Fit) -> tuple[list[float], float]:
    """Return the coefficients, and their largest relative error, rounded as they are."""
    n = fit.degree + 1
    middle, radius = (mp.mpf(fit.low) + fit.high) / 2, (mp.mpf(fit.high) - fit.low) / 2
    nodes = [middle + radius * mp.cos(mp.pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    vandermonde = mp.matrix([[x**k for k in range(n)] for x in nodes])
    rounded = [float(c) for c in mp.lu_solve(vandermonde, mp.matrix([fit.function(x) for x in nodes]))]
    points = [middle + radius * (mp.mpf(2 * k + 1) / 200 - 1) for k in range(200)]
    values = [(mp.fsum([c * x**k for k, c in enumerate(rounded)]), fit.function(x)) for x in points]
    return rounded, float(max(abs(got / true - 1) for got, true in values))


def source() -> str:
    """Return the module."""
    parts = []
    for fit in FITS:
        coefficients, error = polynomial(fit)
        numbers = "\n".join(f"    {c!r}," for c in coefficients)
        low, high = mp.nstr(mp.mpf(fit.low), 4), mp.nstr(mp.mpf(fit.high), 4)
        parts.append(f"# {fit.formula}, from {low} to {high}, within {error:.0e} of it\n{fit.name} = (\n{numbers}\n)\n")
    return HEAD + "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(source(), encoding="utf-8")
