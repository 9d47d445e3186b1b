"""A plan as an ONNX graph over the rows of a batch.

A block is an array of shape (batch, size), a layer is a Gemm, and a recurrence is a Loop: a Scan
needs something to go through, and takes no batch of 0 rows in onnxruntime 1.32. Parameters are initializers,
as they are when the file is written.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.files import write as write_file
from autograd.lifting.beyond.onnx_graph import OnnxGraph, Tensor, helper, run
from autograd.lifting.beyond.onnx_rules import applied, reduced
from autograd.lifting.codegen.layout import common_prefix
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Gathered,
    Layer,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rows,
    runs,
    taken,
)
from autograd.lifting.statements import is_one_number

ROWS_COMPARED = 64
RTOL = {"float64": 1e-9, "float32": 1e-3}


def write_onnx(
    path: str | os.PathLike[str],
    plan: Plan,
    inputs: Sequence[str],
    parameters: NDArray[Any],
    values: Callable[[NDArray[Any]], NDArray[Any]],
) -> None:
    """Write a plan to an ONNX file, as `Program.to_onnx` describes; `values` gives what the file must compute."""
    content = _Walk(plan, parameters).model(inputs).SerializeToString()
    _compare(
        content, np.random.default_rng(0).normal(size=(ROWS_COMPARED, len(inputs))).astype(parameters.dtype), values
    )
    write_file(path, content)


def _compare(content: bytes, batch: NDArray[Any], values: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    """Raise RuntimeError where onnxruntime, if it is installed, computes other numbers than the program."""
    theirs = run(content, batch)
    if theirs is None:
        return
    ours = values(batch)
    known = np.isfinite(ours)
    size = np.abs(ours[known]).max(initial=0.0)
    with np.errstate(all="ignore"):
        wrong = known & ~(np.abs(theirs - ours) <= RTOL[batch.dtype.name] * (np.abs(ours) + size))
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        raise RuntimeError(
            f"onnxruntime gives {theirs[place]} for the inputs {batch[place[0]].tolist()}, the program {ours[place]}: "
            "nothing was written"
        )


class _Walk:
    """The blocks of a plan as arrays of a graph, in their order."""

    def __init__(self, plan: Plan, parameters: NDArray[Any]) -> None:
        self.plan, self.parameters = plan, parameters
        self.graph = OnnxGraph(parameters.dtype)
        self.batch = Tensor(self.graph, self.graph.named("x"))
        self.graph.named("y")
        self.values: dict[Block, Tensor] = {}
        self.last: dict[Block, tuple[int, Tensor]] = {}  # of a stack, from which row on, and the rows of that iteration
        read = [*[rows for part in plan.blocks for rows in taken(part)], *plan.outputs]
        self.read: dict[Block, int] = {}  # the first row of each block that is read
        for x in read:
            if isinstance(x, Rows):
                self.read[x.block] = min([*x.index, self.read.get(x.block, x.index[0])])

    def model(self, inputs: Sequence[str]) -> Any:
        """Return the model, checked."""
        graph = self.graph
        for block, columns in self.plan.inputs:
            every = list(columns) == list(range(len(inputs)))
            self.values[block] = self.batch if every else self.named(graph.columns(self.batch, columns), block)
        for part in self.plan.blocks:
            if isinstance(part, Recurrence):
                self.loop(part)
            else:
                self.values[part] = self.compute(part, [])
        parts = [self.output(x) for x in runs(self.plan.outputs)]
        outputs = len(self.plan.outputs)
        y = parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=1)
        graph.finish(graph.reshaped(y, -1) if outputs == 1 else y, "y")
        text = f"The columns of x are {', '.join(inputs)}."
        shape: list[int | str] = ["batch"] if outputs == 1 else ["batch", outputs]
        return graph.model(graph.value("x", ["batch", len(inputs)]), graph.value("y", shape), text)

    def output(self, x: Rows | list[float]) -> Tensor:
        """Return outputs as columns, with a row for each of the batch."""
        if isinstance(x, Rows):
            found = self.rows(x)
            return found if x.block.batched else self.graph.repeated(found, self.batch)
        return self.graph.repeated(self.constant("c", [x]), self.batch)

    def constant(self, name: str, numbers: Any) -> Tensor:
        return self.graph.constant(name, np.array(numbers, float))

    def rows(self, rows: Rows) -> Tensor:
        """Return rows of a block, which are columns, in their order."""
        if rows.block is self.plan.parameters:
            name = common_prefix([rows.block.names[k] for k in rows.index]) if rows.block.names else ""
            return self.parameter(name or "p", np.array([rows.index]))
        start, last = self.last.get(rows.block, (0, None))
        if last is not None and min(rows.index) >= start:
            index = tuple([k - start for k in rows.index])
            return last if index == tuple(range(rows.block.size - start)) else self.graph.columns(last, index)
        x = self.values[rows.block]
        return x if rows.index == tuple(range(rows.block.size)) else self.graph.columns(x, rows.index)

    def compute(self, block: Block, weights: list[tuple[Tensor, Tensor | None]]) -> Tensor:
        """Return a block; `weights` are those of its layers, with their biases, that are others in each iteration."""
        return self.named(self.computed(block, weights), block)

    def named(self, x: Tensor, block: Block) -> Tensor:
        """Return an array under the name that the block's nodes have in common, if any."""
        return self.graph.renamed(x, common_prefix(block.names)) if block.names else x

    def parameter(self, name: str, index: NDArray[Any]) -> Tensor:
        """Return parameters by their numbers; their own, even where others are equal."""
        return self.graph.constant(name, self.parameters[index], key=index)

    def computed(self, block: Block, weights: list[tuple[Tensor, Tensor | None]]) -> Tensor:
        rule = block.rule
        if isinstance(rule, Elementwise):
            operands: list[Tensor | float] = []
            for x in rule.operands:
                if isinstance(x, Rows):
                    operands.append(self.rows(x))
                else:
                    operands.append(x[0] if is_one_number(x) else self.constant("c", [x]))
            return applied(self.graph, rule.operation, operands)
        if isinstance(rule, Reduction):
            return reduced(rule.operation, self.rows(rule.rows))
        if isinstance(rule, Product):
            return functools.reduce(Tensor.__mul__, map(self.rows, rule.factors))
        assert rule is not None  # noqa: S101  (for the type checker: inputs and parameters are not computed)
        varying, terms = iter(weights), []
        for part in rule.parts:
            if isinstance(part, Layer):
                terms.append(self.layer(part, *(next(varying) if part.iterations else self.weights(part))))
            elif isinstance(part, Gathered):
                terms.append(self.gathered(part, block.size))
            else:
                terms.append(self.scaled(part.coefficients, self.rows(part.rows)))
        if any(rule.constants) or not terms:
            terms.append(self.constant("c", [rule.constants]))
        return functools.reduce(Tensor.__add__, terms)

    def weights(self, part: Layer) -> tuple[Tensor, Tensor | None]:
        """Return the weights of a layer, W[sender, receiver], and its biases."""
        W = self.parameter("W", np.array(part.weights).T)
        return W, None if part.biases is None else self.parameter("b", np.array(part.biases))

    def layer(self, part: Layer, W: Tensor, b: Tensor | None) -> Tensor:
        x = self.rows(part.senders)
        return self.graph.node("MatMul", x, W) if b is None else self.graph.node("Gemm", x, W, b)

    def scaled(self, coefficients: Any, x: Tensor) -> Tensor:
        numbers = np.array(coefficients)
        if (numbers == 1.0).all():
            return x
        return -x if (numbers == -1.0).all() else x * self.constant("c", numbers if numbers.ndim > 1 else [numbers])

    def gathered(self, part: Gathered, size: int) -> Tensor:
        """Return sums of many terms: of the coefficients and the rows of the first terms, of the second, …."""
        x = self.rows(part.rows)
        if size == 1:
            return self.graph.node("MatMul", x, self.constant("c", part.coefficients))
        terms = self.scaled(part.coefficients, self.graph.reshaped(x, 0, len(part.coefficients), size))
        return self.graph.node("ReduceSum", terms, self.graph.constant("one", np.array([1])), keepdims=0)

    # Loops ------------------------------------------------------------------------------------------------------------

    def loop(self, loop: Recurrence) -> None:
        """Compute a recurrence, and the stacks of all its iterations."""
        graph, values = self.graph, self.values
        source = dict(zip(loop.stacks, loop.body, strict=True))
        starts = {stack: (loop.iterations - 1) * block.size for stack, block in source.items()}
        at_hand = {carried.stack for carried in loop.carried}  # after the loop, of its last iteration
        kept = [x for x in loop.stacks if x in self.read and (x not in at_hand or self.read[x] < starts[x])]
        whole: dict[Block, Tensor] = {}
        for external in loop.external:
            x = self.rows(external.rows)
            if external.varies:
                x = graph.reshaped(x, 0, loop.iterations, external.block.size)
                whole[external.block] = graph.node("Transpose", x, perm=[1, 0, 2])
            else:
                values[external.block] = x
        first: list[Tensor] = []  # of the queues of what is carried, one after the other
        queues: list[list[Tensor]] = []
        for carried in loop.carried:
            batched = source[carried.stack].batched
            for rows in carried.first:
                x = self.rows(rows)
                first.append(graph.repeated(x, self.batch) if batched and not rows.block.batched else x)
            queues.append([Tensor(graph, graph.named("before")) for _ in carried.first])
            values[carried.block] = queues[-1][0]
        iteration, go_on = graph.named("iteration"), graph.named("go_on")
        with graph.body() as nodes:
            for external in loop.external:
                if external.varies:
                    values[external.block] = self.of_iteration(
                        whole[external.block], iteration, external.backwards, loop
                    )
            for block in loop.body:
                parts = getattr(block.rule, "parts", ())
                weights = [self.varying(x, loop, iteration) for x in parts if isinstance(x, Layer) and x.iterations]
                values[block] = self.compute(block, weights)
            after = [
                x
                for carried, queue in zip(loop.carried, queues, strict=True)
                for x in (*queue[1:], values[source[carried.stack]])
            ]
            results = [Tensor(graph, go_on), *after, *[values[source[stack]] for stack in kept]]
            names = [graph.named("after") for _ in results]
            for x, name in zip(results, names, strict=True):
                nodes.append(helper.make_node("Identity", [x.name], [name]))
        before = [x.name for queue in queues for x in queue]
        body = graph.loop_body(nodes, iteration, go_on, before, names)
        stacks = [graph.named("stack") for _ in kept]
        last = [graph.named("last") for _ in first]
        times = self.graph.constant("iterations", np.array(loop.iterations))
        graph.nodes.append(
            helper.make_node("Loop", [times.name, "", *[x.name for x in first]], [*last, *stacks], body=body)
        )
        for carried in loop.carried:
            last_of_queue, last = last[len(carried.first) - 1], last[len(carried.first) :]
            self.last[carried.stack] = starts[carried.stack], Tensor(graph, last_of_queue)
        for stack, name in zip(kept, stacks, strict=True):
            stacked = graph.node("Transpose", Tensor(graph, name), perm=[1, 0, 2])
            values[stack] = graph.reshaped(stacked, 0, loop.iterations * source[stack].size)

    def of_iteration(self, whole: Tensor, iteration: str, backwards: bool, loop: Recurrence) -> Tensor:
        """Return what one iteration takes of an array whose first axis is that of iterations."""
        k = Tensor(self.graph, iteration)
        if backwards:
            k = self.graph.node("Sub", self.graph.constant("iterations", np.array(loop.iterations - 1)), k)
        return self.graph.node("Gather", whole, k, axis=0)

    def varying(self, part: Layer, loop: Recurrence, iteration: str) -> tuple[Tensor, Tensor | None]:
        """Return the weights and the biases of a layer in an iteration, where they vary."""
        W = self.parameter("W", np.array([x for x, _ in part.iterations]).swapaxes(1, 2))
        W = self.of_iteration(W, iteration, False, loop)
        if part.biases is None:
            return W, None
        b = self.parameter("b", np.array([x for _, x in part.iterations]))
        return W, self.of_iteration(b, iteration, False, loop)
