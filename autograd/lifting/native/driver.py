"""What runs around the tapes: the singles first, then block after block, or row after row; and how Python calls it."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir

from autograd.lifting.native.call import ADDRESSES, FUNCTION, METHOD, PYTHON, field
from autograd.lifting.native.machine import (
    INDEX,
    INSTRUCTION,
    POINTER,
    WORD,
    Code,
    InstructionSet,
    index,
    repeated,
    spread,
)
from autograd.lifting.native.vectors import Lanes, Processor


def written(processor: Processor, element: str) -> ir.Module:
    """Return the machine's code for numbers of a kind, "float64" or "float32"."""
    module = ir.Module(name=f"handgrad.{element}")
    narrow, wide = [InstructionSet(module, processor, element, name) for name in ("narrow", "wide")]
    driver = _Driver(module, narrow, wide)
    driver.write()
    write_method(module, driver.function)
    return module


def write_method(module: ir.Module, run: ir.Function) -> None:
    """Write the machine as a method of an int, the address of Arguments, that takes the batch as bytes, for CPython."""
    pointer = ir.FunctionType(POINTER, [POINTER])
    kinds = pointer, pointer, ir.FunctionType(POINTER, [ir.DoubleType()])
    address, numbers, as_float = [ir.Function(module, kind, name) for kind, name in zip(kinds, PYTHON, strict=True)]
    method = ir.Function(module, ir.FunctionType(POINTER, [POINTER, POINTER]), METHOD)
    b = ir.IRBuilder(method.append_basic_block())
    first = b.call(run, [b.call(address, [method.args[0]]), b.call(numbers, [method.args[1]])])
    b.ret(b.call(as_float, [first if first.type == ir.DoubleType() else b.fpext(first, ir.DoubleType())]))


class _Driver:
    def __init__(self, module: ir.Module, narrow: InstructionSet, wide: InstructionSet) -> None:
        self.module, self.narrow, self.wide = module, narrow, wide
        self.number, self.bytes = narrow.number, narrow.bytes
        self.register = ir.VectorType(self.number, wide.width)
        self.function = ir.Function(module, ir.FunctionType(self.number, [POINTER, POINTER]), FUNCTION)
        self.arguments, self.batch = self.function.args
        self.builder = ir.IRBuilder(self.function.append_basic_block())

    def write(self) -> None:
        b = self.builder
        names = [*ADDRESSES, "parameter_count", "rows", "column_count", "outputs", "row_bytes", "column_bytes"]
        names += ["same_count", "reduced", "mean", "wide", "stride"]
        given = {name: self.field(name) for name in names}
        is_wide, reduced = [b.icmp_signed("!=", given[name], index(0)) for name in ("wide", "reduced")]
        full = index(self.wide.width)
        registers = b.sdiv(b.add(given["outputs"], b.sub(full, index(1))), full)  # of the results
        self.store(ir.Constant(self.register, None), given["unfinite"], index(0))
        with b.if_then(reduced):
            self.clear(given["results"], registers)
        with b.if_then(b.and_(reduced, is_wide)):
            self.clear(given["totals"], given["outputs"])
        self.copy(given["parameters"], given["singles"], given["parameter_count"])
        self.run(self.narrow, given["once"], given["singles"], given["singles"])
        with b.if_else(is_wide) as (blocks, rows):
            with blocks:
                self.blocks(given)
            with rows:
                self.rows(given)
        with b.if_then(b.and_(reduced, is_wide)):
            self.add_up(given)
        with b.if_then(b.not_(b.and_(reduced, b.icmp_signed("==", given["rows"], index(1))))):
            self.same(given, reduced)
        noted = self.load(given["unfinite"], index(0), self.register)
        with repeated(b, b.select(reduced, registers, index(0)), noted) as (k, totals):
            totals[0] = self.noted(totals[0], self.load(given["results"], k, self.register))
        zeros = b.fcmp_ordered("==", totals[0], ir.Constant(self.register, None))
        several = b.icmp_signed("<", index(1), given["rows"])
        with b.if_then(b.and_(several, b.icmp_signed("!=", given["mean"], index(0)))):
            self.divide(given, registers)
        finite = b.icmp_signed("==", b.bitcast(zeros, ir.IntType(self.wide.width)), ir.IntType(self.wide.width)(-1))
        b.ret(b.select(finite, self.load(given["results"], index(0)), ir.Constant(self.number, math.nan)))

    def clear(self, array: Code, registers: Code) -> None:
        with repeated(self.builder, registers) as (k, _):
            self.store(ir.Constant(self.register, None), array, k)

    def copy(self, source: Code, target: Code, count: Code) -> None:
        """Copy numbers: whole registers, and the rest one by one."""
        b, full = self.builder, index(self.wide.width)
        registers = b.sdiv(count, full)
        with repeated(b, registers) as (k, _):
            self.store(self.load(source, k, self.register), target, k)
        done = b.mul(registers, full)
        with repeated(b, b.sub(count, done)) as (k, _):
            self.store(self.load(source, b.add(done, k)), target, b.add(done, k))

    def noted(self, total: Code, x: Code) -> Code:
        """Return a total that is 0 unless something is not finite: 0 times that is not 0."""
        return self.builder.fadd(total, self.builder.fmul(x, ir.Constant(self.register, None)))

    def divide(self, given: dict[str, Code], registers: Code) -> None:
        """Divide the results by the number of rows."""
        b, wide = self.builder, self.wide
        rows = spread(Lanes(b, wide.element, wide.width, wide.fma), b.sitofp(given["rows"], self.number)).code
        with repeated(b, registers) as (k, _):
            self.store(b.fdiv(self.load(given["results"], k, self.register), rows), given["results"], k)

    def add_up(self, given: dict[str, Code]) -> None:
        """Add the sum of the lanes of each total to its result."""
        b = self.builder
        with repeated(b, given["outputs"]) as (k, _):
            register, result = self.load(given["totals"], k, self.register), self.load(given["results"], k)
            half = self.wide.width
            while half > 1:
                half //= 2
                kept = [ir.Constant(ir.VectorType(WORD, half), [*range(x, x + half)]) for x in (0, half)]
                register = b.fadd(*[b.shuffle_vector(register, register, places) for places in kept])
            total = b.extract_element(register, ir.Constant(WORD, 0))
            self.store(b.fadd(result, total), given["results"], k)

    def same(self, given: dict[str, Code], reduced: Code) -> None:
        """Write the outputs that are singles: for each row, or as often as there are rows."""
        b = self.builder
        rows = b.sitofp(given["rows"], self.number)
        with repeated(b, given["same_count"]) as (k, _):
            output, single = [self.word(given["same"], b.add(b.add(k, k), index(place))) for place in (0, 1)]
            number = self.load(given["singles"], single)
            with b.if_else(reduced) as (once, each):
                with once:
                    self.store(b.fmul(rows, number), given["results"], output)
                with each, repeated(b, given["rows"]) as (row, _):
                    self.store(number, given["results"], b.add(b.mul(output, given["stride"]), row))
            lane = b.insert_element(ir.Constant(self.register, None), number, ir.Constant(WORD, 0))
            noted = self.load(given["unfinite"], index(0), self.register)
            self.store(self.noted(noted, lane), given["unfinite"], index(0))

    def word(self, array: Code, k: Code) -> Code:
        return self.builder.sext(self.builder.load(self.at(array, k, WORD), typ=WORD, align=4), INDEX)

    def field(self, name: str) -> Code:
        kind = POINTER if name in ADDRESSES else INDEX
        return self.builder.load(field(self.builder, self.arguments, name), typ=kind, align=8)

    def at(self, array: Code, k: Code, kind: Any = None) -> Code:
        return self.builder.gep(array, [k], source_etype=kind or self.number)

    def load(self, array: Code, k: Code, kind: Any = None) -> Code:
        kind = kind or self.number
        return self.builder.load(self.at(array, k, kind), typ=kind, align=self.bytes)

    def store(self, x: Code, array: Code, k: Code) -> None:
        self.builder.store(x, self.at(array, k, x.type), align=self.bytes)

    def run(self, instructions: InstructionSet, tape: Code, slots: Code, singles: Code) -> None:
        """Run a tape, from its first instruction to its end."""
        b = self.builder
        operation = self.word(tape, index(0))
        where = b.gep(instructions.table, [index(0), operation], source_etype=instructions.table.value_type)
        handler = b.load(where, typ=INSTRUCTION.as_pointer(), align=8)
        b.call(handler, [self.at(tape, index(1), WORD), slots, singles, self.arguments])

    def column(self, given: dict[str, Code], k: Code, row: Code) -> Code:
        """Return where the batch has a row of the k-th column that is read."""
        b = self.builder
        offset = b.add(b.mul(self.word(given["columns"], k), given["column_bytes"]), b.mul(row, given["row_bytes"]))
        return self.at(self.batch, offset, ir.IntType(8))

    def rows(self, given: dict[str, Code]) -> None:
        """Row after row: the results of each have a place of their own."""
        b = self.builder
        with repeated(b, given["rows"]) as (row, _):
            with repeated(b, given["column_count"]) as (k, _):
                number = b.load(self.column(given, k, row), typ=self.number, align=self.bytes)
                self.store(number, given["slots"], b.add(k, index(1)))
            b.store(self.at(given["results"], row), field(b, self.arguments, "results"), align=8)
            self.run(self.narrow, given["each"], given["slots"], given["singles"])
        b.store(given["results"], field(b, self.arguments, "results"), align=8)

    def blocks(self, given: dict[str, Code]) -> None:
        """Block after block. The lanes beyond the last row have its numbers too, and a mask of 0."""
        b, size = self.builder, index(self.wide.lanes)
        count = b.sdiv(b.add(given["rows"], b.sub(size, index(1))), size)
        with repeated(b, count) as (block, _):
            first = b.mul(block, size)
            left = b.sub(given["rows"], first)
            short = b.icmp_signed("<", left, size)
            here = b.select(short, left, size)
            with repeated(b, size) as (lane, _):
                one, zero = ir.Constant(self.number, 1.0), ir.Constant(self.number, 0.0)
                self.store(b.select(b.icmp_signed("<", lane, here), one, zero), given["slots"], lane)
            with repeated(b, given["column_count"]) as (k, _):
                slot = self.at(given["slots"], b.mul(b.add(k, index(1)), size))
                start = self.column(given, k, first)
                with repeated(b, here) as (lane, _):
                    where = self.at(start, b.mul(lane, given["row_bytes"]), ir.IntType(8))
                    self.store(b.load(where, typ=self.number, align=self.bytes), slot, lane)
                last = self.load(slot, b.sub(here, index(1)))
                with repeated(b, b.sub(size, here)) as (lane, _):
                    self.store(last, slot, b.add(here, lane))
            results = b.select(short, given["last"], self.at(given["results"], first))
            b.store(results, field(b, self.arguments, "results"), align=8)
            b.store(b.select(short, size, given["stride"]), field(b, self.arguments, "stride"), align=8)
            self.run(self.wide, given["each"], given["slots"], given["singles"])
            stored = b.and_(short, b.icmp_signed("==", given["reduced"], index(0)))
            with b.if_then(stored), repeated(b, given["outputs"]) as (k, _):
                source = self.at(given["last"], b.mul(k, size))
                target = self.at(given["results"], b.add(b.mul(k, given["stride"]), first))
                with repeated(b, left) as (lane, _):
                    self.store(self.load(source, lane), target, lane)
        b.store(given["results"], field(b, self.arguments, "results"), align=8)
        b.store(given["stride"], field(b, self.arguments, "stride"), align=8)
