"""Vectors of floats in code that LLVM compiles: the arithmetic is written as on floats, each operator emits it.

A Vector has one number in each lane, a Mask a truth value, Bits a whole number as wide as a float. `x * y + 1.0` emits
a multiplication and an addition. No instruction is marked as fast: each rounds once and treats −0, ∞ and NaN as
IEEE 754 says; nothing is fused but by `multiply_add`.

Letters: x, y, z vectors.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from llvmlite import binding, ir

Code = Any  # what llvmlite, which has no types, makes of an instruction
Number = Any  # a Vector, or a float for all lanes


class Processor(NamedTuple):
    """What decides how vectors are compiled: LLVM's name of the processor, what it has, the bytes of a register."""

    name: str
    features: str
    bytes: int
    fma: bool

    @classmethod
    def host(cls) -> Processor:
        """Return the processor that this Python runs on."""
        try:
            has = binding.get_host_cpu_features()
        except RuntimeError:  # LLVM cannot tell on every system
            has = binding.FeatureMap()
        size = 64 if has.get("avx512f") else 32 if has.get("avx2") else 16
        fma = has.get("fma") or platform.machine().lower() in ("arm64", "aarch64")
        return cls(binding.get_host_cpu_name(), has.flatten(), size, bool(fma))


@dataclass(frozen=True)
class Lanes:
    """Where instructions go, and the kind of their numbers: "float64" or "float32", so many side by side."""

    builder: ir.IRBuilder
    element: str
    width: int
    fma: bool

    @property
    def bits(self) -> int:
        """The bits of a number."""
        return 64 if self.element == "float64" else 32

    @property
    def type(self) -> Code:
        """LLVM's type of a Vector."""
        return ir.VectorType(ir.DoubleType() if self.bits == 64 else ir.FloatType(), self.width)

    @property
    def bits_type(self) -> Code:
        """LLVM's type of Bits."""
        return ir.VectorType(ir.IntType(self.bits), self.width)

    def number(self, x: Number) -> Vector:
        """Return x itself, or the vector that has the float x in every lane."""
        return x if isinstance(x, Vector) else Vector(self, ir.Constant(self.type, [float(x)] * self.width))

    def whole(self, n: Bits | int) -> Bits:
        """Return n itself, or the whole number n in every lane."""
        return n if isinstance(n, Bits) else Bits(self, ir.Constant(self.bits_type, [n] * self.width))

    def call(self, name: str, *xs: Number) -> Vector:
        """Return the result of one of LLVM's functions of floats, such as llvm.sqrt."""
        name = f"llvm.{name}.v{self.width}f{self.bits}"
        function = self.builder.module.globals.get(name) or ir.Function(
            self.builder.module, ir.FunctionType(self.type, [self.type] * len(xs)), name
        )
        return Vector(self, self.builder.call(function, [self.number(x).code for x in xs]))


class Vector:
    """A float in each lane. A comparison with NaN is false, but that of `!=` true."""

    __slots__ = ("code", "lanes")
    __hash__ = None  # type: ignore[assignment]  # == makes a Mask

    def __init__(self, lanes: Lanes, code: Code) -> None:
        self.lanes, self.code = lanes, code

    def emit(self, instruction: str, *ys: Number) -> Vector:
        """Return the result of an instruction."""
        operands = [self.lanes.number(y).code for y in ys]
        return Vector(self.lanes, getattr(self.lanes.builder, instruction)(*operands))

    def compare(self, sign: str, y: Number) -> Mask:
        """Return where the comparison holds."""
        builder = self.lanes.builder
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return Mask(self.lanes, compare(sign, self.code, self.lanes.number(y).code))

    def __add__(self, y: Number) -> Vector:
        return self.emit("fadd", self, y)

    def __radd__(self, x: Number) -> Vector:
        return self.emit("fadd", x, self)

    def __sub__(self, y: Number) -> Vector:
        return self.emit("fsub", self, y)

    def __rsub__(self, x: Number) -> Vector:
        return self.emit("fsub", x, self)

    def __mul__(self, y: Number) -> Vector:
        return self.emit("fmul", self, y)

    def __rmul__(self, x: Number) -> Vector:
        return self.emit("fmul", x, self)

    def __truediv__(self, y: Number) -> Vector:
        return self.emit("fdiv", self, y)

    def __rtruediv__(self, x: Number) -> Vector:
        return self.emit("fdiv", x, self)

    def __neg__(self) -> Vector:
        return self.emit("fneg", self)

    def __abs__(self) -> Vector:
        return self.lanes.call("fabs", self)

    def __lt__(self, y: Number) -> Mask:
        return self.compare("<", y)

    def __le__(self, y: Number) -> Mask:
        return self.compare("<=", y)

    def __gt__(self, y: Number) -> Mask:
        return self.compare(">", y)

    def __ge__(self, y: Number) -> Mask:
        return self.compare(">=", y)

    def __eq__(self, y: Number) -> Mask:  # type: ignore[override]
        return self.compare("==", y)

    def __ne__(self, y: Number) -> Mask:  # type: ignore[override]
        return self.compare("!=", y)

    @property
    def is_nan(self) -> Mask:
        """Where the number is not one."""
        return self != self

    @property
    def bits(self) -> Bits:
        """The same bits, as whole numbers."""
        return Bits(self.lanes, self.lanes.builder.bitcast(self.code, self.lanes.bits_type))

    def widened(self) -> Vector:
        """Return the numbers in double precision."""
        lanes = replace(self.lanes, element="float64")
        return Vector(lanes, self.lanes.builder.fpext(self.code, lanes.type))

    def narrowed(self) -> Vector:
        """Return the numbers rounded to single precision."""
        lanes = replace(self.lanes, element="float32")
        return Vector(lanes, self.lanes.builder.fptrunc(self.code, lanes.type))


class Mask:
    """A truth value in each lane."""

    __slots__ = ("code", "lanes")

    def __init__(self, lanes: Lanes, code: Code) -> None:
        self.lanes, self.code = lanes, code

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.lanes, self.lanes.builder.and_(self.code, other.code))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.lanes, self.lanes.builder.or_(self.code, other.code))

    def __xor__(self, other: Mask) -> Mask:
        return Mask(self.lanes, self.lanes.builder.xor(self.code, other.code))

    def __invert__(self) -> Mask:
        return Mask(self.lanes, self.lanes.builder.not_(self.code))

    def any(self) -> Code:
        """Return one truth value, whether it is true in a lane."""
        together = ir.IntType(self.lanes.width)
        return self.lanes.builder.icmp_unsigned(
            "!=", self.lanes.builder.bitcast(self.code, together), ir.Constant(together, 0)
        )


class Bits:
    """A whole number in each lane, as many bits as a float has."""

    __slots__ = ("code", "lanes")

    def __init__(self, lanes: Lanes, code: Code) -> None:
        self.lanes, self.code = lanes, code

    def emit(self, instruction: str, other: Bits | int) -> Bits:
        """Return the result of an instruction."""
        return Bits(self.lanes, getattr(self.lanes.builder, instruction)(self.code, self.lanes.whole(other).code))

    def __add__(self, other: Bits | int) -> Bits:
        return self.emit("add", other)

    def __sub__(self, other: Bits | int) -> Bits:
        return self.emit("sub", other)

    def __and__(self, other: Bits | int) -> Bits:
        return self.emit("and_", other)

    def __or__(self, other: Bits | int) -> Bits:
        return self.emit("or_", other)

    def __xor__(self, other: Bits | int) -> Bits:
        return self.emit("xor", other)

    def __lshift__(self, count: int) -> Bits:
        return self.emit("shl", count)

    def __rshift__(self, count: int) -> Bits:
        return self.emit("lshr", count)

    @property
    def is_odd(self) -> Mask:
        """Where the lowest bit is 1."""
        builder = self.lanes.builder
        return Mask(self.lanes, builder.icmp_unsigned("!=", (self & 1).code, self.lanes.whole(0).code))

    @property
    def float(self) -> Vector:
        """The same bits, as floats."""
        return Vector(self.lanes, self.lanes.builder.bitcast(self.code, self.lanes.type))


# Choice and order -----------------------------------------------------------------------------------------------------


def choose(mask: Mask, x: Number, y: Number) -> Vector:
    """Return x where the mask is true, else y."""
    lanes = mask.lanes
    return Vector(lanes, lanes.builder.select(mask.code, lanes.number(x).code, lanes.number(y).code))


def larger(x: Vector, y: Number) -> Vector:
    """Return the larger, y where neither is, and so a y that is NaN, but not an x."""
    return choose(x > y, x, y)


def smaller(x: Vector, y: Number) -> Vector:
    """Return the smaller, y where neither is, and so a y that is NaN, but not an x."""
    return choose(x < y, x, y)


def only_where(mask: Mask, rare: Callable[[], tuple[Vector, ...]], usual: tuple[Vector, ...]) -> tuple[Vector, ...]:
    """Return what `rare` computes in the lanes of the mask, else `usual`; its code is jumped over if there is none.

    The instructions that follow are in a new block of the function.
    """
    lanes, builder = mask.lanes, mask.lanes.builder
    before = builder.block
    with builder.if_then(mask.any(), likely=False):
        chosen = [choose(mask, z, y) for z, y in zip(rare(), usual, strict=True)]
        inside = builder.block
    merged = []
    for z, y in zip(chosen, usual, strict=True):
        phi = builder.phi(lanes.type)
        phi.add_incoming(y.code, before)
        phi.add_incoming(z.code, inside)
        merged.append(Vector(lanes, phi))
    return tuple(merged)


def repeat_while(
    needed: Callable[..., Mask], step: Callable[..., tuple[Vector, ...]], start: tuple[Vector, ...]
) -> tuple[Vector, ...]:
    """Return what one or more steps make of the start, as many as are needed until it is true in no lane.

    The instructions that follow are in a new block of the function.
    """
    lanes, builder = start[0].lanes, start[0].lanes.builder
    before, loop, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    phis = [builder.phi(lanes.type) for _ in start]
    after_step = step(*[Vector(lanes, phi) for phi in phis])
    for phi, x, y in zip(phis, start, after_step, strict=True):
        phi.add_incoming(x.code, before)
        phi.add_incoming(y.code, builder.block)
    builder.cbranch(needed(*after_step).any(), loop, after)
    builder.position_at_end(after)
    return after_step


# Functions that are one instruction or a few --------------------------------------------------------------------------


def sqrt(x: Vector) -> Vector:
    """√x."""
    return x.lanes.call("sqrt", x)


def copysign(x: Vector, y: Number) -> Vector:
    """|x| with the sign of y."""
    return x.lanes.call("copysign", x, y)


def multiply_add(x: Vector, y: Number, z: Number) -> Vector:
    """x · y + z: one rounding where the processor has such an instruction, else two."""
    return x.lanes.call("fma", x, y, z) if x.lanes.fma else x * y + z


def maximum(x: Vector, y: Number) -> Vector:
    """The larger, y at a tie, NaN beside a NaN: as NumPy's maximum."""
    return choose(x.is_nan, x, larger(x, y))


def minimum(x: Vector, y: Number) -> Vector:
    """The smaller, y at a tie, NaN beside a NaN: as NumPy's minimum."""
    return choose(x.is_nan, x, smaller(x, y))


def flipped(x: Vector, bit: Bits) -> Vector:
    """Return x, or −x where the lowest of the bits is 1."""
    return (x.bits ^ (bit << (x.lanes.bits - 1))).float
