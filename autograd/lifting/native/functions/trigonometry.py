"""Trigonometric functions of vectors in double precision, and their inverses.

An angle is reduced to a quarter turn k and the rest within ±π/4. Below 2²⁰ the multiples of π/2 are taken off in parts
(Cody and Waite 1980); beyond, where x is many turns, x · 2/π is multiplied out in whole numbers of 192 bits (Payne and
Hanek 1983), so that the largest float has a sine as exact as any.

Letters: x, y operands; z result; k quarter turns; hi and lo the rest of an angle in two parts, exactly hi + lo.
"""

from __future__ import annotations

import math

from llvmlite import ir

from autograd.lifting.native.functions.coefficients import ATAN, COS, SIN
from autograd.lifting.native.functions.numerics import nearest, polynomial, two_product, two_sum, whole_bits
from autograd.lifting.native.vectors import (
    Bits,
    Code,
    Vector,
    choose,
    copysign,
    flipped,
    larger,
    multiply_add,
    only_where,
    smaller,
    sqrt,
)

TWO_OVER_PI = 0.6366197723675814
# π/2 in parts of 33 bits, whose multiples up to 2²⁰ are exact, and the next 53; then in two floats
PARTS = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)
HALF_PI, HALF_PI_LO = 1.5707963267948966, 6.123233995736766e-17
EIGHTH, EIGHTH_LO = 0.7853981633974483, 3.061616997868383e-17  # π/4, of 51 bits and the next 53
MANY_TURNS = 2.0**20


# The reduction of angles ----------------------------------------------------------------------------------------------


def reduced(x: Vector) -> tuple[Vector, Vector, Bits]:
    """Return hi, lo and k of x = k π/2 + hi + lo, k modulo 4; NaN for an infinite x."""
    k = nearest(x * TWO_OVER_PI)
    hi, lo = x - k * PARTS[0], k * -PARTS[3]
    for part in PARTS[1:3]:
        hi, lost = two_sum(hi, k * -part)
        lo = lo + lost
    many = (abs(x) >= MANY_TURNS) & (abs(x) < math.inf)
    hi, lo, k = only_where(many, lambda: many_turns(x), (hi, lo, k))
    return hi, lo, whole_bits(k)


def many_turns(x: Vector) -> tuple[Vector, Vector, Vector]:
    """As `reduced`, for 2²⁰ ≤ |x| < ∞, one lane after the other; slow."""
    builder, function = x.lanes.builder, payne_hanek(x.lanes.builder.module)
    results = [ir.Constant(x.lanes.type, ir.Undefined)] * 3
    for lane in range(x.lanes.width):
        index = ir.Constant(ir.IntType(32), lane)
        found = builder.call(function, [builder.extract_element(abs(x).code, index)])
        results = [
            builder.insert_element(result, builder.extract_value(found, i), index) for i, result in enumerate(results)
        ]
    turns, turns_lo, k = [Vector(x.lanes, result) for result in results]
    hi, lo = two_product(turns, HALF_PI)
    lo = lo + (turns * HALF_PI_LO + turns_lo * HALF_PI)
    negative = x < 0.0
    return choose(negative, -hi, hi), choose(negative, -lo, lo), choose(negative, -k, k)


def payne_hanek(module: ir.Module) -> ir.Function:
    """Return the function that takes 2²⁰ ≤ x < ∞ and returns x · 2/π as k + hi + lo: hi, lo, and k modulo 4.

    With x = m · 2ᵉ, m and e whole, only 192 of the bits of 2/π matter: higher ones make multiples of 4, lower ones less
    than 2⁻¹³⁷. As no float but 0 is closer to a multiple of π/2 than 2⁻⁶², the rest has 75 bits or more.
    """
    name = "quarter_turns"
    if name in module.globals:
        return module.globals[name]
    double, wide, i64 = ir.DoubleType(), ir.IntType(192), ir.IntType(64)
    result = ir.LiteralStructType([double] * 3)
    function = ir.Function(module, ir.FunctionType(result, [double]), name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block())
    fraction, length = two_over_pi_bits(module)

    bits = builder.bitcast(function.args[0], i64)
    m = builder.or_(builder.and_(bits, i64((1 << 52) - 1)), i64(1 << 52))
    e = builder.sub(builder.lshr(bits, i64(52)), i64(1075))
    start = builder.sub(i64(length - 190), e)  # the place in 2/π of the lowest bit that matters
    address = builder.gep(fraction, [builder.lshr(start, i64(3))], source_etype=ir.IntType(8))
    window = builder.load(address, typ=ir.IntType(256), align=1)
    window = builder.lshr(window, builder.zext(builder.and_(start, i64(7)), ir.IntType(256)))
    product = builder.mul(builder.trunc(window, wide), builder.zext(m, wide))  # modulo 4, in units of 2⁻¹⁹⁰

    k = builder.lshr(builder.add(product, wide(1 << 189)), wide(190))
    rest = builder.sub(product, builder.shl(k, wide(190)))
    negative = builder.icmp_signed("<", rest, wide(0))
    size = builder.select(negative, builder.neg(rest), rest)
    zeros = builder.call(
        ir.Function(module, ir.FunctionType(wide, [wide, ir.IntType(1)]), "llvm.ctlz.i192"), [size, ir.IntType(1)(0)]
    )
    size = builder.shl(size, zeros)
    unit = builder.bitcast(builder.shl(builder.sub(i64(1023), builder.trunc(zeros, i64)), i64(52)), double)
    unit = builder.select(negative, builder.fneg(unit), unit)

    def part(shift: int, mask: int, scale: float) -> Code:
        word = builder.and_(builder.trunc(builder.lshr(size, wide(shift)), i64), i64(mask))
        return builder.fmul(builder.fmul(builder.uitofp(word, double), double(scale)), unit)

    parts = [part(139, -1, 2.0**-51), part(75, -1, 2.0**-115), builder.uitofp(builder.trunc(k, i64), double)]
    answer = ir.Constant(result, ir.Undefined)
    for i, value in enumerate(parts):
        answer = builder.insert_value(answer, value, i)
    builder.ret(answer)
    return function


def two_over_pi_bits(module: ir.Module) -> tuple[Code, int]:
    """Return the bits of 2/π below the point as bytes, the lowest first, with zeros behind; and how many they are."""
    length = 1168
    one = 1 << length + 64
    whole = (2 * one << length) // (16 * arctan_inverse(5, one) - 4 * arctan_inverse(239, one))  # Machin 1706
    content = bytearray(whole.to_bytes(length // 8, "little") + bytes(32))
    kind = ir.ArrayType(ir.IntType(8), len(content))
    constant = ir.GlobalVariable(module, kind, "two_over_pi")
    constant.linkage, constant.global_constant, constant.initializer = "internal", True, ir.Constant(kind, content)
    return constant, length


def arctan_inverse(n: int, one: int) -> int:
    """atan(1/n) in units of 1/one, by its power series."""
    total, term, k = 0, one // n, 1
    while term:
        total += term // k if k % 4 == 1 else -(term // k)
        term //= n * n
        k += 2
    return total


# Sine, cosine, tangent ------------------------------------------------------------------------------------------------


def sine_and_cosine(hi: Vector, lo: Vector) -> tuple[Vector, Vector]:
    """sin(hi + lo) and cos(hi + lo), within ±π/4."""
    square = hi * hi
    half = 0.5 * square
    sine = hi + multiply_add(hi * square, polynomial(square, SIN), lo * (1.0 - half))
    top = 1.0 - half
    return sine, top + (((1.0 - top) - half) + (square * square * polynomial(square, COS) - hi * lo))


def quarter(hi: Vector, lo: Vector, k: Bits) -> Vector:
    """sin(k π/2 + hi + lo)."""
    sine, cosine = sine_and_cosine(hi, lo)
    return flipped(choose(k.is_odd, cosine, sine), k >> 1)


def or_itself(x: Vector, z: Vector) -> Vector:
    """Return z, but x where x is so small that they are the same, which keeps −0 and the smallest floats."""
    return choose(abs(x) < 2.0**-30, x, z)


def sin(x: Vector) -> Vector:
    """sin x; NaN for an infinite x."""
    return or_itself(x, quarter(*reduced(x)))


def cos(x: Vector) -> Vector:
    """cos x; NaN for an infinite x."""
    hi, lo, k = reduced(x)
    return quarter(hi, lo, k + 1)


def tan(x: Vector) -> Vector:
    """tan x; NaN for an infinite x."""
    hi, lo, k = reduced(x)
    sine, cosine = sine_and_cosine(hi, lo)
    return or_itself(x, flipped(choose(k.is_odd, cosine, sine) / choose(k.is_odd, sine, cosine), k))


def sin_pi(x: Vector) -> Vector:
    """sin πx, exactly 0 at every whole number: whole turns come off exactly; NaN for an infinite x."""
    turn = choose(abs(x) < 2.0**53, x - 4.0 * nearest(0.25 * x), 0.0 * x)
    k = nearest(2.0 * turn)
    rest = turn - 0.5 * k
    hi, lo = two_product(rest, math.pi)
    return quarter(hi, lo + rest * (2.0 * HALF_PI_LO), whole_bits(k))


def sinc(x: Vector) -> Vector:
    """sin πx / πx, and 1 at 0."""
    return choose(abs(x) < 2.0**-30, 1.0, sin_pi(x) / (math.pi * x))


# Inverses -------------------------------------------------------------------------------------------------------------


def angle(y: Vector, x: Vector) -> Vector:
    """The angle of the point (x, y), 0 to π, for y ≥ 0: a polynomial in a slope of at most tan π/8.

    That is the smaller of |x| and y over the larger or, nearer to the diagonal, the slope to that.
    """
    a = abs(x)
    low, high = smaller(y, a), larger(y, a)
    scale = choose(high > 1e300, 0.25, choose(high < 1e-290, 2.0**200, 1.0))
    low, high = low * scale, high * scale
    same = low == high
    steep = (low > (math.sqrt(2.0) - 1.0) * high) | same & (high > 0.0)
    above = choose(same, 0.0, choose(steep, low - high, low))
    t = above / choose(same, 1.0, choose(steep, low + high, high))
    square = t * t
    t = multiply_add(t * square, polynomial(square, ATAN), t)
    eighths, up = choose(steep, 1.0, 0.0), y > a
    eighths = choose(up, 2.0 - eighths, eighths)
    left = copysign(x.lanes.number(1.0), x) < 0.0
    eighths = choose(left, 4.0 - eighths, eighths)
    z = eighths * EIGHTH + (choose(up ^ left, -t, t) + eighths * EIGHTH_LO)
    return choose(y.is_nan, y, z)


def atan(x: Vector) -> Vector:
    """The angle whose tangent is x."""
    return copysign(angle(abs(x), x.lanes.number(1.0)), x)


def atan2(y: Vector, x: Vector) -> Vector:
    """The angle of the point (x, y), −π to π."""
    return copysign(angle(abs(y), x), y)


def asin(x: Vector) -> Vector:
    """The angle whose sine is x; NaN for |x| > 1."""
    a = abs(x)
    return copysign(angle(a, sqrt((1.0 - a) * (1.0 + a))), x)


def acos(x: Vector) -> Vector:
    """The angle whose cosine is x; NaN for |x| > 1."""
    return angle(sqrt((1.0 - x) * (1.0 + x)), x)
