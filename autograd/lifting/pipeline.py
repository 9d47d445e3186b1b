"""The pipeline: from a traced graph to the code of a program, pass by pass.

A traced graph becomes a canonical one, then a plan of blocks, whose rows are computed together, then statements, and in
the end the text of a NumPy program. Each pass is a small file in `passes/` or `codegen/`.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from autograd.lifting.codegen.adjoints import Adjoints
from autograd.lifting.codegen.backward import emit_backward
from autograd.lifting.codegen.block_arrays import BlockArrays
from autograd.lifting.codegen.code import Code
from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.codegen.forward import emit_forward
from autograd.lifting.codegen.functions import NAMESPACE
from autograd.lifting.codegen.layout import layers
from autograd.lifting.codegen.parameter_gradients import ParameterGradients
from autograd.lifting.codegen.source import write_source
from autograd.lifting.passes.allocate_buffers import allocate_buffers
from autograd.lifting.passes.canonicalize import canonicalize
from autograd.lifting.passes.contract_arrays import contract_arrays
from autograd.lifting.passes.eliminate_dead_code import eliminate_dead_code
from autograd.lifting.passes.fuse_division import fuse_division
from autograd.lifting.passes.materialize_broadcasts import materialize_broadcasts
from autograd.lifting.passes.pack import pack
from autograd.lifting.passes.reroll_loops import reroll_loops
from autograd.lifting.passes.trace import Trace
from autograd.lifting.plan import Plan, Rows, computed, runs
from autograd.lifting.statements import Loop

MAX_NODES_KEPT = 50_000  # of a graph whose plan is kept for the next time

STATEMENT_PASSES: list[Callable[[Code], None]] = [
    fuse_division,  # a · (1 / b) is a / b
    materialize_broadcasts,  # what NumPy would broadcast into memory of its own is copied into a buffer
    eliminate_dead_code,  # what nobody reads is not computed
    contract_arrays,  # a loop keeps only the iterations that are read again
    allocate_buffers,  # arrays share memory
]


@dataclass
class Source:
    """The text of a program, the names that it uses, its larger constants, and where to look for an error.

    `checked` are the parameters whose gradients are tested for being finite. Most weights of a layer with biases are
    not among them: the gradient of a bias is the sum of its neuron's deltas, so it is finite only if each of them is,
    and the gradients of one neuron's weights are finite only if all senders are. Where deltas and senders are finite,
    their products can still overflow, which Python does not treat as an error either.
    """

    text: str
    namespace: dict[str, Any]
    constants: list[np.ndarray[Any, Any]]
    checked: list[int]
    calls: int  # of NumPy, for the loss and its gradient, or for the values of several outputs
    columns: int  # numbers that its arrays hold for each row of the batch
    product: int  # multiplications in the largest matrix product, for each row of the batch


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's garbage collector: it would walk the growing plan again and again, 40 % of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def compiled(traced: Trace, mean: bool) -> tuple[Plan, Source, CodeType]:
    """Return the plan of a traced graph, its source, and that compiled; of the same graph, those of the last time.

    So a network that is trained again, and a program that is read from a pickle again, are lifted once. Large graphs
    are lifted anew, for they would fill the memory.
    """
    content = _Content(traced.content(), traced)
    small = len(traced.nodes) + len(traced.parameters) + len(traced.inputs) <= MAX_NODES_KEPT
    return _compiled(content, mean) if small else _compiled.__wrapped__(content, mean)


@dataclass(frozen=True)
class _Content:
    """A traced graph, which is equal to another that says the same."""

    key: tuple[Any, ...]
    traced: Trace = field(compare=False)


@functools.lru_cache(maxsize=8)
def _compiled(content: _Content, mean: bool) -> tuple[Plan, Source, CodeType]:
    with collector_paused():
        plan = plan_of(content.traced)
        source = source_of(plan, mean)
        return plan, source, compile(source.text, "<program>", "exec")


def plan_of(traced: Trace) -> Plan:
    """Return the plan of a traced graph."""
    return reroll_loops(pack(canonicalize(traced)))


def source_of(plan: Plan, mean: bool) -> Source:
    """Return the source of a plan: its forward pass, and, where there is one output, its backward pass."""
    emit = Emitter()
    arrays = BlockArrays(plan, emit)
    emit_forward(plan, arrays)
    split, gradient, unchecked = len(emit.statements), [], set[int]()
    if len(plan.outputs) == 1:
        gradients = ParameterGradients(plan, Adjoints(arrays))
        emit_backward(plan, gradients, mean)
        gradient, unchecked = [gradients.flat_gradient], gradients.unchecked
    outputs = [arrays.rows(x, each=True) for x in runs(plan.outputs) if isinstance(x, Rows)]
    code = Code(emit, emit.statements[:split], emit.statements[split:], outputs, gradient)
    for improve in STATEMENT_PASSES:
        improve(code)
    checked = [k for k in range(plan.parameters.size) if k not in unchecked]
    calls = sum([len(x.body) * x.iterations if isinstance(x, Loop) else 1 for x in [*code.forward, *code.backward]])
    owners = [*code.memory.values(), *[x for x in emit.definitions if x.owner is None and not x.per_batch]]
    columns = sum([array.rows for array in dict.fromkeys(owners) if array.batched])
    sizes = [len(x.weights) * len(x.weights[0]) for y in plan.blocks for z in computed(y) for x in layers(z.rule)]
    namespace = {**NAMESPACE, **emit.functions}
    product = max(sizes, default=0)
    return Source(write_source(code), namespace, emit.constants, checked, calls, columns, product)
