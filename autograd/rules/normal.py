"""The float and array rules of the normal distribution and of sinc, where the naive formula loses hundreds of ulp.

Letters: x, y operands; z result; hi and lo a number in two parts, exactly hi + lo.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from autograd.rules.elementary import FloatOrArray

TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
INVERSE_SQRT_2PI = 0.3989422804014327
MAX_ORDER = 1000  # of spherical_bessel and of polygamma, whose time grows with it
SQRT_HALF, SQRT_HALF_LO = 0.7071067811865476, -4.833646656726457e-17
# (x + 0.875) · e^(x²/2) · Φ(−x), which is nearly constant for x ≥ 0, in powers of t = (x − 5.25) / (x + 5.25), from the
# lowest: a polynomial in such a t as in Shepherd and Laframboise 1981, through its values at the zeros of a Chebyshev
# polynomial, computed with 60 digits; it is off by less than 3 · 10⁻¹⁷ of the result.
# fmt: off
TAIL = np.array([
    [0.45011541397274385, -0.07273678911635945, 0.019634552065681887,
     0.016167221736209218, -0.03032329814093849],
    [0.027987765599862532, -0.018339537441523127, 0.008902934422857368,
     -0.002997206942586591, 0.0004860909366633195],
    [0.00012147286097330942, -9.411648226523474e-05, 1.2673039621785701e-05,
     8.602897878048104e-06, -3.422120639095646e-06],
    [-5.985551410415244e-07, 5.700379075955272e-07, 2.8941507000341358e-08,
     -8.926758462516613e-08, -3.9024476096449644e-11],
    [1.3884007037721596e-08, -1.5124857501887707e-10, -1.9071815265818565e-09,
     9.777632902273733e-12, 1.602343306683743e-10],
])
# fmt: on
TAIL_WITHOUT_FIRST = TAIL * (np.arange(25) > 0).reshape(5, 5)
ERF = [TWO_OVER_SQRT_PI * (-1.0) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(13, -1, -1)]


# The normal distribution ----------------------------------------------------------------------------------------------


def product_error(x: FloatOrArray, y: FloatOrArray) -> FloatOrArray:
    """The rounding error of x · y, exactly (Dekker 1971), for operands far from overflow."""
    x_hi, y_hi = 134217729.0 * x, 134217729.0 * y
    x_hi, y_hi = x_hi - (x_hi - x), y_hi - (y_hi - y)
    x_lo, y_lo = x - x_hi, y - y_hi
    return ((x_hi * y_hi - x * y) + x_hi * y_lo + x_lo * y_hi) + x_lo * y_lo


def bell(x: float, y: float, scale: float) -> float:
    """y · exp(−scale · x²), with the rounding error of x² put back: hundreds of ulp where x is large.

    The exponential is two factors from exp(−700) on, for it alone would underflow and lose its digits.
    """
    if abs(x) > 54.0:  # the largest float times exp(−54²/2) is 0
        return 0.0 if y == y else y
    hi = 134217729.0 * x  # as in product_error, of x and x
    hi -= hi - x
    lo = x - hi
    product = x * x
    rest = 1.0 - scale * (((hi * hi - product) + 2.0 * hi * lo) + lo * lo)
    square = scale * product
    if square <= 700.0:
        return y * math.exp(-square) * rest
    return y * math.exp(-700.0) * rest * math.exp(700.0 - square)


def bell_array(x: FloatOrArray, y: FloatOrArray, scale: float, out: FloatOrArray = None) -> FloatOrArray:
    """As `bell`: x² is the square of a head of few bits, which is exact, and what is left of it."""
    square, rest = split_square(x)
    if not np.max(square, initial=0.0) < 26.0**2:
        return bell_array_anywhere(x, y, scale, out)
    square *= -scale
    rest *= -scale
    np.exp(square, out=square)
    square *= np.exp(rest, out=rest)
    return np.multiply(square, y, out=out)


def split_square(x: FloatOrArray) -> tuple[FloatOrArray, FloatOrArray]:
    """x² as the square of x in single precision, which is exact, and what is left of it."""
    head = np.asarray(x, dtype=np.float32).astype(float)
    rest = np.asarray(x - head)
    rest *= x + head
    head *= head
    return head, rest


def bell_array_anywhere(x: FloatOrArray, y: FloatOrArray, scale: float, out: FloatOrArray = None) -> FloatOrArray:
    """As `bell_array`, where the exponential may underflow, and its operands be infinite or NaN."""
    x = np.minimum(np.maximum(x, -64.0), 64.0)  # beyond, it is 0
    square, rest = split_square(x)
    half = np.exp((-0.5 * scale) * square)  # twice, for all of it alone would underflow and lose its digits
    out = np.multiply(y * half * np.exp(-scale * rest), half, out=out)
    if np.isnan(np.add.reduce(out, axis=None)):
        np.copyto(out, 0.0, where=np.equal(np.abs(x), 64.0) & np.equal(y, y))  # where 0 · ∞ has made a NaN
    return out


def normal_pdf_array(x: FloatOrArray, y: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    return bell_array(x, INVERSE_SQRT_2PI * y, 0.5, out)


def tail_array(x: FloatOrArray) -> FloatOrArray:
    """e^(x²/2) · Φ(−x) for x ≥ 0, by a polynomial of polynomials (Paterson and Stockmeyer 1973): half the passes."""
    x = np.asarray(x)
    flat = x.reshape(-1)
    powers = np.empty((5, flat.size))  # of t, from 1
    powers[0], t = 1.0, powers[1]
    np.divide(flat - 5.25, flat + 5.25, out=t)
    for k in range(2, 5):
        np.multiply(powers[k // 2], powers[k - k // 2], out=powers[k])
    inner = TAIL_WITHOUT_FIRST @ powers
    t *= powers[4]
    z = inner[4]
    for k in (3, 2, 1, 0):
        z *= t
        z += inner[k]
    z += TAIL[0, 0]  # by far the largest, so last
    z /= np.add(flat, 0.875, out=t)
    return z.reshape(x.shape)


@functools.cache
def scipy_special() -> Any:
    """SciPy's special functions, None where it is not installed; slow to import, so only when first called."""
    try:
        import scipy.special
    except ImportError:
        return None
    return scipy.special


def erfc_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    size = np.minimum(np.abs(x), 64.0)
    out = bell_array(size, 2.0 * tail_array(math.sqrt(2.0) * size), 1.0, out)
    return np.add(2.0 * np.signbit(x), np.copysign(out, x, out=out), out=out)


def erf_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """SciPy's, which takes a tenth of the time and keeps within 3 ulp, unlike its erfc and Φ, which lose hundreds."""
    special = scipy_special()
    return erf_array_alone(x, out) if special is None else special.erf(x, out=out)


def erf_array_alone(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """1 − erfc(x); its power series (Abramowitz and Stegun 1964, 7.1.5) where the difference would lose digits."""
    size = np.minimum(np.abs(x), 64.0)
    square = np.minimum(size * size, 0.25)
    series = np.full_like(square, ERF[0])
    for c in ERF[1:]:
        series *= square
        series += c
    return np.copysign(np.where(size < 0.5, size * series, 1.0 - erfc_array(size)), x, out=out)


def normal_cdf_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    size = np.minimum(np.abs(x), 64.0)
    out = bell_array(size, tail_array(size), 0.5, out)
    return np.subtract(1.0 - np.signbit(x), np.copysign(out, x, out=out), out=out)


def gelu_array(x: FloatOrArray, out: FloatOrArray = None) -> FloatOrArray:
    """max(x, 0) − |x| · Φ(−|x|), which loses no digits, and meets no 0 · ∞."""
    size = np.minimum(np.abs(x), 64.0)
    out = bell_array(size, size * tail_array(size), 0.5, out)
    return np.subtract(np.maximum(x, 0.0), out, out=out)


def normal_cdf(x: float) -> float:
    """½ erfc(−x/√2), with the rounding error of x/√2 put back by one Taylor step."""
    x = min(max(x, -40.0), 40.0)
    t = -x * SQRT_HALF
    lost: float = -product_error(x, SQRT_HALF) - x * SQRT_HALF_LO
    return 0.5 * (math.erfc(t) - lost * TWO_OVER_SQRT_PI * math.exp(-t * t))


def gelu(x: float) -> float:
    """x · Φ(x); where Φ underflows, −φ(x) · (1 − 1/x² + 3/x⁴ − …) (Abramowitz and Stegun 1964, 26.2.12)."""
    if x > -37.0:
        return x * normal_cdf(x)
    series = 1.0
    for k in range(13, 0, -2):
        series = 1.0 - k * series / (x * x)
    return -bell(x, INVERSE_SQRT_2PI * series, 0.5)


# sinc -----------------------------------------------------------------------------------------------------------------


def sin_pi(x: float) -> float:
    """sin πx, exactly 0 at every integer."""
    r = math.fmod(x, 2.0)
    if abs(r) > 1.0:
        r -= math.copysign(2.0, r)
    return math.sin(math.pi * (r if abs(r) <= 0.5 else math.copysign(1.0, r) - r))


def cos_pi(x: float) -> float:
    """cos πx, exactly 0 halfway between the integers."""
    return sin_pi(0.5 - abs(math.fmod(x, 2.0)))


def sinc(x: float) -> float:
    """sin πx / πx, and 1 at 0."""
    return sin_pi(x) / (math.pi * x) if x else 1.0


def sinc_array(x: FloatOrArray) -> FloatOrArray:
    r = np.fmod(x, 2.0)
    r = np.where(np.abs(r) > 1.0, r - np.copysign(2.0, r), r)
    wave = np.sin(np.pi * np.where(np.abs(r) <= 0.5, r, np.copysign(1.0, r) - r))
    return np.where(np.equal(x, 0.0), 1.0, wave / np.where(np.equal(x, 0.0), 1.0, np.pi * x))


def spherical_bessel(x: float, n: float) -> float:
    """jₙ(πx), the spherical Bessel function (Abramowitz and Stegun 1964, 10.1), and 0 for n < 0.

    j₀(πx) is sinc, and (2n + 1) jₙ′ = n jₙ₋₁ − (n + 1) jₙ₊₁ (10.1.20): so sinc has derivatives of every order, at 0
    too. Near 0 it is summed as a power series (10.1.2), elsewhere by jₙ₊₁(t) = (2n + 1) jₙ / t − jₙ₋₁ (10.1.19).
    """
    if not n >= 0.0:
        return 0.0 * n * x
    if n > MAX_ORDER or n != int(n):
        raise ValueError(f"expected a whole order up to {MAX_ORDER}, got {n}")
    t = math.pi * x
    if abs(t) < n + 1.5:
        series = 1.0
        for k in range(20 + int(n), 0, -1):
            series = 1.0 - t * t * series / (2.0 * k * (2.0 * (n + k) + 1.0))
        return series * math.prod([t / (2 * k + 1) for k in range(1, int(n) + 1)])
    before, here = cos_pi(x) / math.pi / x, sinc(x)
    for k in range(int(n)):
        before, here = here, (2 * k + 1) * here / math.pi / x - before
    return here
