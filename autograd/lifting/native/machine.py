"""The tape machine: one piece of compiled code that runs the tapes of every program.

Each instruction is a small function. It works on its slots, reads the number of the next instruction and jumps there,
so that the processor predicts each jump by itself (Bell 1973: threaded code). There are two instruction sets: `narrow`
has one lane, for the singles and for batches of up to three rows, `wide` the lanes of a block of rows, a few registers
to a slot, small enough that the slots at work stay in the first or second level of cache.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from autograd.lifting.native.call import field
from autograd.lifting.native.functions import FUNCTIONS
from autograd.lifting.native.record import OF_TWO
from autograd.lifting.native.tape import ARITHMETIC, LANES
from autograd.lifting.native.vectors import Lanes, Processor, Vector
from autograd.operations import TABLE

NAMES = (*ARITHMETIC, *[name for name in FUNCTIONS if TABLE[name].arity or name in OF_TWO.values()])
NUMBERS = {name: k for k, name in enumerate(NAMES)}

Code = Any  # what llvmlite, which has no types, makes of an instruction
POINTER, VOID, WORD, INDEX = ir.PointerType(), ir.VoidType(), ir.IntType(32), ir.IntType(64)
INSTRUCTION = ir.FunctionType(VOID, [POINTER] * 4)


def index(n: int) -> Code:
    """Return a constant index."""
    return ir.Constant(INDEX, n)


@contextmanager
def repeated(builder: ir.IRBuilder, count: Code, *totals: Code) -> Any:
    """Emit a loop: its body gets the iteration, and a list of totals, which it replaces by those of the next one."""
    before, body = builder.block, builder.append_basic_block("body")
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", index(0), count), body, after)
    builder.position_at_end(body)
    k = builder.phi(INDEX)
    k.add_incoming(index(0), before)
    phis = []
    for total in totals:
        phis.append(builder.phi(total.type))
        phis[-1].add_incoming(total, before)
    new = list(phis)
    yield k, new
    inside, following = builder.block, builder.add(k, index(1))
    builder.cbranch(builder.icmp_signed("<", following, count), body, after)
    k.add_incoming(following, inside)
    builder.position_at_end(after)
    for place, (phi, total) in enumerate(zip(phis, totals, strict=True)):
        phi.add_incoming(new[place], inside)
        merged = builder.phi(total.type)
        merged.add_incoming(total, before)
        merged.add_incoming(new[place], inside)
        new[place] = merged


class InstructionSet:
    """The instructions for one number of lanes: `handlers` has the function of each, and `table` their addresses."""

    def __init__(self, module: ir.Module, processor: Processor, element: str, name: str) -> None:
        self.module, self.element, self.name = module, element, name
        self.bytes = 8 if element == "float64" else 4
        self.fma = processor.fma
        self.full = processor.bytes // self.bytes  # numbers of a register
        self.lanes, self.width = (1, 1) if name == "narrow" else (LANES, self.full)
        self.registers = self.lanes // self.width
        self.number = ir.DoubleType() if element == "float64" else ir.FloatType()
        self.handlers = [ir.Function(module, INSTRUCTION, f"{name}.{each}") for each in NAMES]
        for handler in self.handlers:
            handler.linkage = "internal"
        table = ir.ArrayType(POINTER, len(NAMES))
        self.table = ir.GlobalVariable(module, table, f"{name}.table")
        self.table.linkage, self.table.global_constant = "internal", True
        self.table.initializer = ir.Constant(table, self.handlers)
        for name in NAMES:
            write(Instruction(self, name))

    def function(self, name: str) -> ir.Function:
        """Return the function of registers for a row of the table, which both instruction sets share."""
        known = self.module.globals.get(f"row.{name}")
        if known:
            return known
        rule = FUNCTIONS[name]
        vector = ir.VectorType(self.number, self.full)
        function = ir.Function(self.module, ir.FunctionType(vector, [vector] * operands_of(name)), f"row.{name}")
        function.linkage = "internal"
        builder = ir.IRBuilder(function.append_basic_block())
        lanes = Lanes(builder, self.element, self.full, self.fma)
        builder.ret(rule(*[Vector(lanes, x) for x in function.args]).code)
        return function


class Instruction:
    """An instruction being written: the words that follow its number, and what they stand for."""

    def __init__(self, instructions: InstructionSet, name: str) -> None:
        self.instructions, self.name = instructions, name
        self.code = instructions.handlers[NUMBERS[name]]
        self.words, self.slots, self.singles, self.arguments = self.code.args
        self.builder = ir.IRBuilder(self.code.append_basic_block())
        self.lanes = Lanes(self.builder, instructions.element, instructions.width, instructions.fma)

    def word(self, k: Code | int) -> Code:
        """Return a word, as an index."""
        where = self.builder.gep(self.words, [index(k) if isinstance(k, int) else k], source_etype=WORD)
        return self.builder.sext(self.builder.load(where, typ=WORD, align=4), INDEX)

    def slot(self, k: Code | int) -> Code:
        """Return the address of the slot that a word gives."""
        place = self.builder.mul(self.word(k), index(self.instructions.lanes))
        return self.builder.gep(self.slots, [place], source_etype=self.instructions.number)

    def loaded(self, address: Code, register: Code | int) -> Vector:
        """Return a register of a slot."""
        return Vector(self.lanes, self.builder.load(self.at(address, register), typ=self.lanes.type, align=self.align))

    def stored(self, x: Vector, address: Code, register: Code | int) -> None:
        """Write a register of a slot."""
        self.builder.store(x.code, self.at(address, register), align=self.align)

    def at(self, address: Code, register: Code | int) -> Code:
        """Return the address of a register of a slot."""
        place = index(register) if isinstance(register, int) else register
        return self.builder.gep(address, [place], source_etype=self.lanes.type)

    @property
    def align(self) -> int:
        """The bytes of a register."""
        return self.instructions.width * self.instructions.bytes

    def single(self, k: Code | int) -> Vector:
        """Return the single that a word gives, in all lanes."""
        where = self.builder.gep(self.singles, [self.word(k)], source_etype=self.instructions.number)
        return spread(self.lanes, self.builder.load(where, typ=self.instructions.number, align=self.instructions.bytes))

    def finish(self, length: Code | int) -> None:
        """Go on to the next instruction, so many words after this one's number."""
        length = index(length) if isinstance(length, int) else length
        number = self.builder.gep(self.words, [length], source_etype=WORD)
        operation = self.builder.sext(self.builder.load(number, typ=WORD, align=4), INDEX)
        where = self.builder.gep(
            self.instructions.table, [index(0), operation], source_etype=self.instructions.table.value_type
        )
        handler = self.builder.load(where, typ=INSTRUCTION.as_pointer(), align=8)
        words = self.builder.gep(number, [index(1)], source_etype=WORD)
        self.builder.call(handler, [words, self.slots, self.singles, self.arguments], tail="musttail")
        self.builder.ret_void()


def operands_of(name: str) -> int:
    """Return how many operands an instruction for a row of the table has: two of any number of them."""
    return TABLE[name].arity or 2


def spread(lanes: Lanes, number: Code) -> Vector:
    """Return a number in all lanes."""
    undefined = ir.Constant(lanes.type, ir.Undefined)
    vector = lanes.builder.insert_element(undefined, number, ir.Constant(WORD, 0))
    if lanes.width > 1:
        same = ir.Constant(ir.VectorType(WORD, lanes.width), [0] * lanes.width)
        vector = lanes.builder.shuffle_vector(vector, undefined, same)
    return Vector(lanes, vector)


def write(this: Instruction) -> None:
    """Write the code of an instruction."""
    name, builder = this.name, this.builder
    if name == "end":
        builder.ret_void()
    elif name in SPECIAL:
        SPECIAL[name](this)
    elif name in ARITHMETIC:
        write_arithmetic(this)
    else:
        write_function(this)


def write_arithmetic(this: Instruction) -> None:
    """An operation of one or two instructions on registers; its operands are of the kinds that its name says."""
    operation, *parts = this.name.split()
    signs, kinds = [part[0] == "-" for part in parts], "".join(parts).replace("-", "")
    operands = [this.slot(k) if kind == "v" else this.single(k) for k, kind in enumerate(kinds, 1)]
    z = this.slot(0)
    for register in range(this.instructions.registers):
        xs = [x if isinstance(x, Vector) else this.loaded(x, register) for x in operands]
        this.stored(RULES[operation](signs, *xs), z, register)
    this.finish(1 + len(kinds))


RULES: dict[str, Callable[..., Vector]] = {
    "add": lambda signs, x, y: y - x if signs[0] else x - y if signs[1] else x + y,
    "mul": lambda signs, x, y: x * y,
    "div": lambda signs, x, y: x / y,
    "neg": lambda signs, x: -x,
    "fused": lambda signs, x, y, w: w - x * y if signs[0] else x * y - w if signs[1] else x * y + w,
}


def write_function(this: Instruction) -> None:
    """A row of the table: its function of registers, called for each."""
    builder, instructions = this.builder, this.instructions
    count = operands_of(this.name)
    function = instructions.function(this.name)
    z, *operands = [this.slot(k) for k in range(1 + count)]
    if instructions.registers == 1:  # one lane, of a register that is full of it
        full = Lanes(builder, instructions.element, instructions.full, instructions.fma)
        first = ir.Constant(WORD, 0)
        xs = [spread(full, builder.load(x, typ=instructions.number, align=instructions.bytes)).code for x in operands]
        builder.store(builder.extract_element(builder.call(function, xs), first), z, align=instructions.bytes)
    else:
        with repeated(builder, index(instructions.registers)) as (register, _):
            xs = [this.loaded(x, register).code for x in operands]
            this.stored(Vector(this.lanes, builder.call(function, xs)), z, register)
    this.finish(1 + count)


def write_dot(this: Instruction) -> None:
    """A single, plus products of slots with singles, plus and minus products of slots: two words for each."""
    builder, instructions = this.builder, this.instructions
    z, base, where = this.slot(0), this.single(1), index(5)
    totals = [base.code] * instructions.registers
    for kind, count in enumerate([this.word(k) for k in (2, 3, 4)]):
        with repeated(builder, count, *totals) as (k, totals):
            place = builder.add(where, builder.add(k, k))
            x, second = this.slot(place), builder.add(place, index(1))
            y = this.single(second) if kind == 0 else this.slot(second)
            for register in range(instructions.registers):
                left = this.loaded(x, register)
                right = y if isinstance(y, Vector) else this.loaded(y, register)
                total = Vector(this.lanes, totals[register])
                totals[register] = (total - left * right if kind == 2 else total + left * right).code
        where = builder.add(where, builder.add(count, count))
    for register, total in enumerate(totals):
        this.stored(Vector(this.lanes, total), z, register)
    this.finish(where)


def write_spread(this: Instruction) -> None:
    """A single in all lanes of a slot."""
    z, x = this.slot(0), this.single(1)
    for register in range(this.instructions.registers):
        this.stored(x, z, register)
    this.finish(2)


def write_reduce(this: Instruction) -> None:
    """Add a slot, or the product of two, to a total, lane by lane, where a lane stands for a row."""
    builder, instructions = this.builder, this.instructions
    totals = builder.load(field(builder, this.arguments, "totals"), typ=POINTER, align=8)
    where = this.at(totals, this.word(0))
    mask = this.slots  # the slot of the mask is the first
    x = this.slot(1)
    y = this.slot(2) if this.name == "reduce vv" else None
    total = Vector(this.lanes, builder.load(where, typ=this.lanes.type, align=this.align))
    for register in range(instructions.registers):
        product = this.loaded(x, register)
        if instructions.lanes > 1:
            product *= this.loaded(mask, register)
        total += product if y is None else product * this.loaded(y, register)
    builder.store(total.code, where, align=this.align)
    this.finish(2 if y is None else 3)


def write_store(this: Instruction) -> None:
    """Write a slot to the results, and note what is not finite: 0 times it is not 0."""
    builder, instructions = this.builder, this.instructions
    results = builder.load(field(builder, this.arguments, "results"), typ=POINTER, align=8)
    stride = builder.load(field(builder, this.arguments, "stride"), typ=INDEX, align=8)
    where = builder.gep(results, [builder.mul(this.word(0), stride)], source_etype=instructions.number)
    unfinite = builder.load(field(builder, this.arguments, "unfinite"), typ=POINTER, align=8)
    total = Vector(this.lanes, builder.load(unfinite, typ=this.lanes.type, align=this.align))
    x = this.slot(1)
    for register in range(instructions.registers):
        value = this.loaded(x, register)
        total += value * 0.0
        builder.store(value.code, this.at(where, register), align=instructions.bytes)
    builder.store(total.code, unfinite, align=this.align)
    this.finish(2)


SPECIAL: dict[str, Callable[[Instruction], None]] = {
    "dot": write_dot,
    "spread": write_spread,
    "store": write_store,
    "reduce v": write_reduce,
    "reduce vv": write_reduce,
}
