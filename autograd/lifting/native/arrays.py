"""A function of vectors as one of arrays: compiled into a loop, alone, to be tested and measured."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from llvmlite import binding, ir

from autograd.lifting.native.vectors import Lanes, Processor, Vector

binding.initialize_native_target()
binding.initialize_native_asmprinter()

Array = np.ndarray[Any, Any]


def loop(
    function: Callable[..., Vector],
    arity: int,
    processor: Processor,
    element: str = "float64",
    width: int = 0,
    triple: str = "",
) -> ir.Module:
    """Return the code that applies a function of vectors to all elements of arrays, of so many as the width divides.

    The element is "float64" or "float32"; a width of 0 is that of the processor's registers, no triple this system.
    """
    size, scalar = (8, ir.DoubleType()) if element == "float64" else (4, ir.FloatType())
    i64, pointer = ir.IntType(64), ir.PointerType()
    module = ir.Module()
    module.triple = triple or binding.get_process_triple()
    kernel = ir.Function(module, ir.FunctionType(ir.VoidType(), [i64, *[pointer] * (arity + 1)]), "kernel")
    count, *operands, result = kernel.args
    builder = ir.IRBuilder(kernel.append_basic_block())
    start, again, done = builder.block, kernel.append_basic_block(), kernel.append_basic_block()
    builder.branch(again)
    builder.position_at_end(again)
    index = builder.phi(i64)
    index.add_incoming(i64(0), start)
    lanes = Lanes(builder, element, width or processor.bytes // size, processor.fma)
    addresses = [builder.gep(p, [index], source_etype=scalar) for p in (*operands, result)]
    xs = [Vector(lanes, builder.load(p, typ=lanes.type, align=size)) for p in addresses[:-1]]
    builder.store(function(*xs).code, addresses[-1], align=size)
    after = builder.add(index, i64(lanes.width))
    index.add_incoming(after, builder.block)
    builder.cbranch(builder.icmp_signed("<", after, count), again, done)
    builder.position_at_end(done)
    builder.ret_void()
    return module


def compiler(processor: Processor, triple: str) -> Any:
    """Return LLVM's compiler for a processor of a system."""
    target = binding.Target.from_triple(triple)
    return target.create_target_machine(cpu=processor.name, features=processor.features, opt=2)


@contextlib.contextmanager
def elementwise(
    function: Callable[..., Vector], arity: int, processor: Processor, element: str = "float64", width: int = 0
) -> Iterator[Callable[..., Array]]:
    """Give a function that applies one of vectors to all elements of arrays of one length, until the block ends.

    The element and the width are as in `loop`.

    >>> from autograd.lifting.native.functions import FUNCTIONS
    >>> with elementwise(FUNCTIONS["hypot"], 2, Processor.host()) as hypot:
    ...     hypot([3.0, 5.0], [4.0, 12.0]).tolist()
    [5.0, 13.0]
    """
    module = loop(function, arity, processor, element, width)
    multiple = width or processor.bytes // (8 if element == "float64" else 4)
    parsed = binding.parse_assembly(str(module))
    with binding.create_mcjit_compiler(parsed, compiler(processor, module.triple)) as engine:
        engine.finalize_object()
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (arity + 1))
        run = prototype(engine.get_function_address("kernel"))

        def call(*columns: Any) -> Array:
            n = len(columns[0])
            padded = [np.ascontiguousarray(x, element) for x in columns]
            if n % multiple:
                padded = [np.resize(x, n + -n % multiple) for x in padded]
            z = np.empty_like(padded[0])
            run(len(z), *[x.ctypes.data for x in padded], z.ctypes.data)
            return z[:n]

        yield call
