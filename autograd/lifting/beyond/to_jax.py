"""A plan as a pure function of JAX: one row of the batch, to which `jax.vmap` gives all of them.

A block is an array of its rows, a layer is a matrix product, and a recurrence is a `lax.scan`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from autograd.lifting.beyond.jax_rules import JaxArray, applied, check_known, check_whole, reduced
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Gathered,
    Layer,
    Linear,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rows,
    computed,
    taken,
)
from autograd.lifting.statements import is_one_number


def jax_function(plan: Plan, inputs: int, dtype: np.dtype[Any]) -> Callable[[JaxArray, JaxArray], JaxArray]:
    """Return a function of (parameters, batch) that computes the outputs of each row.

    Raises:
        ValueError: Where JAX has been told to compute in single precision, and the program is in double.
        NotImplementedError: For a user-defined operation, and for round to decimals.
    """
    if dtype == np.float64 and not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "the program computes in float64, and JAX in float32: call jax.config.update('jax_enable_x64', True) "
            "first, or lift with dtype=np.float32"
        )
    for part in plan.blocks:
        for block in computed(part):
            if isinstance(block.rule, (Elementwise, Reduction)):
                check_known(block.rule.operation)
            if isinstance(block.rule, Elementwise) and block.rule.operation.name == "round":
                check_whole(block.rule.operands[1])
    choosing = any(_chooses(part) for part in plan.blocks)

    def of_row(parameters: JaxArray, row: JaxArray) -> JaxArray:
        computed_once = _Row(plan, parameters, row, dtype)
        return (_Row(plan, parameters, row, dtype, computed_once.counting()) if choosing else computed_once).outputs()

    def values(parameters: JaxArray, batch: JaxArray) -> JaxArray:
        parameters, batch = jnp.asarray(parameters, dtype), jnp.asarray(batch, dtype)
        if parameters.shape != (plan.parameters.size,) or batch.shape[1:] != (inputs,):
            raise ValueError(
                f"the function takes parameters of shape ({plan.parameters.size},) and a batch of shape (n, {inputs}), "
                f"not {parameters.shape} and {batch.shape}"
            )
        rows = jax.vmap(of_row, in_axes=(None, 0))(parameters, batch)
        return rows[:, 0] if len(plan.outputs) == 1 else rows

    return values


def _taken(x: JaxArray, index: Any) -> JaxArray:
    """Return the elements of a flat array at an index of any shape: slices where it is evenly spaced, else gathered.

    Each row of a layer's weights is followed by its bias, so the rows begin evenly spaced.
    """
    places = np.array(index, int)
    flat, first = places.ravel(), int(places.flat[0])
    step = int(flat[1]) - first if len(flat) > 1 else 1
    if step > 0 and np.array_equal(flat, first + step * np.arange(len(flat))):
        return x[first : flat[-1] + 1 : step].reshape(places.shape)
    if places.ndim == 2 and len(places) > 1:
        (count, width), apart = places.shape, int(places[1, 0]) - first
        end = first + count * apart
        evenly = first + apart * np.arange(count)[:, None] + np.arange(width)
        if apart >= width and end <= len(x) and np.array_equal(places, evenly):
            return x[first:end].reshape(count, apart)[:, :width]
    return x[places]


def _chooses(part: Block | Recurrence) -> bool:
    return isinstance(part, Block) and isinstance(part.rule, Elementwise) and part.rule.operation.chooses


class _Row:
    """The blocks of a plan for one row of a batch, computed in their order.

    `counts` is where each block is used by the outputs: not where only an unchosen side of a `where` uses it.
    """

    def __init__(
        self,
        plan: Plan,
        parameters: JaxArray,
        row: JaxArray,
        dtype: np.dtype[Any],
        counts: dict[Block, JaxArray] | None = None,
    ) -> None:
        self.plan, self.dtype, self.counts = plan, dtype, counts or {}
        self.parameters = parameters
        self.values: dict[Block, JaxArray] = {plan.parameters: parameters}
        for block, columns in plan.inputs:
            self.values[block] = _taken(row, columns)
        for part in plan.blocks:
            if isinstance(part, Recurrence):
                self.loop(part)
            else:
                z = self.compute(part, [])
                self.values[part] = jnp.where(self.counts[part], z, 0.0) if part in self.counts else z

    def outputs(self) -> JaxArray:
        """Return the outputs as one array."""
        found = [self.rows(x)[0] if isinstance(x, Rows) else x for x in self.plan.outputs]
        arrays = [jnp.asarray(x, self.dtype) for x in found]
        if len(arrays) > 1:  # else XLA would compute what outputs share once for each of them, on a GPU
            arrays = jax.lax.optimization_barrier(arrays)
        return jnp.stack(arrays)

    def rows(self, rows: Rows) -> JaxArray:
        """Return rows of a block, in their order."""
        return _taken(self.values[rows.block], rows.index)

    def constant(self, numbers: Any) -> JaxArray:
        return jnp.asarray(np.array(numbers, self.dtype))

    def compute(self, block: Block, weights: list[JaxArray]) -> JaxArray:
        """Return a block; `weights` are those of its layers, with their biases, that are others in each iteration."""
        rule = block.rule
        if isinstance(rule, Elementwise):
            operands: list[Any] = []
            for x in rule.operands:
                if isinstance(x, Rows):
                    operands.append(self.rows(x))
                else:
                    operands.append(x[0] if is_one_number(x) else self.constant(x))
            counts = self.counts.get(block)
            return jnp.broadcast_to(applied(rule.operation, operands, counts), (block.size,))
        if isinstance(rule, Reduction):
            return reduced(rule.operation, self.rows(rule.rows), self.counts.get(block))[None]
        if isinstance(rule, Product):
            first, *others = map(self.rows, rule.factors)
            for x in others:
                first = first * x
            return first
        assert rule is not None  # noqa: S101  (for the type checker: inputs and parameters are not computed)
        total, varying = self.constant(rule.constants), iter(weights)
        for part in rule.parts:
            if isinstance(part, Layer):
                x = self.rows(part.senders)
                W = next(varying) if part.iterations else _taken(self.parameters, part.weights)
                total = total + jnp.matmul(W, x, precision="highest")
                if part.biases is not None:
                    total = total + (next(varying) if part.iterations else _taken(self.parameters, part.biases))
            elif isinstance(part, Linear):
                total = total + self.constant(part.coefficients) * self.rows(part.rows)
            else:
                total = total + self.gathered(part, block.size)
        return total

    def gathered(self, part: Gathered, size: int) -> JaxArray:
        terms = self.rows(part.rows).reshape(len(part.coefficients), size)
        return jnp.sum(self.constant(part.coefficients) * terms, axis=0)

    def counting(self) -> dict[Block, JaxArray]:
        """Return where each block outside loops is used by the outputs; what a loop takes is used everywhere."""
        blocks = [part for part in self.plan.blocks if not isinstance(part, Recurrence)]
        counts = {block: jnp.zeros(block.size, bool) for block in blocks}

        def use(rows: Rows, where: JaxArray | bool) -> None:
            if rows.block in counts:
                counts[rows.block] = counts[rows.block].at[np.array(rows.index, int)].max(where)

        for output in self.plan.outputs:
            if isinstance(output, Rows):
                use(output, True)
        for part in reversed(self.plan.blocks):
            for place, rows in enumerate(taken(part)):
                if isinstance(part, Recurrence):
                    use(rows, True)
                elif len(rows.index) != part.size:  # of a layer, or of many terms
                    use(rows, jnp.any(counts[part]))
                else:
                    use(rows, counts[part] & self.chosen(part, place))
        return counts

    def chosen(self, block: Block, place: int) -> JaxArray | bool:
        """Return where a block reads one of its operands: everywhere, but a side of a `where` only where it is chosen.

        `place` counts the operands that are rows.
        """
        if not _chooses(block) or not isinstance(block.rule, Elementwise):
            return True
        condition = block.rule.operands[0]
        c = self.rows(condition) if isinstance(condition, Rows) else self.constant(condition)
        places = [k for k, x in enumerate(block.rule.operands) if isinstance(x, Rows)]
        return [True, jnp.isnan(c) | (c != 0.0), jnp.isnan(c) | (c == 0.0)][places[place]]

    def loop(self, loop: Recurrence) -> None:
        """Compute a recurrence, and the stacks of all its iterations."""
        each, fixed = [], []
        for external in loop.external:
            x = self.rows(external.rows)
            if external.varies:
                x = x.reshape(loop.iterations, external.block.size)
                each.append((external.block, x[::-1] if external.backwards else x))
            else:
                fixed.append((external.block, x))
        weights = [[self.varying(part) for part in getattr(block.rule, "parts", ())] for block in loop.body]
        first = [tuple(map(self.rows, carried.first)) for carried in loop.carried]
        source = dict(zip(loop.stacks, loop.body, strict=True))

        def iterate(queues: list[tuple[JaxArray, ...]], given: Any) -> tuple[Any, list[JaxArray]]:
            rows, matrices = given
            self.values |= dict(fixed) | dict(zip([block for block, _ in each], rows, strict=True))
            self.values |= {carried.block: queue[0] for carried, queue in zip(loop.carried, queues, strict=True)}
            for block, varying in zip(loop.body, matrices, strict=True):
                self.values[block] = self.compute(block, [x for parts in varying for x in parts])
            after = [
                (*queue[1:], self.values[source[carried.stack]])
                for carried, queue in zip(loop.carried, queues, strict=True)
            ]
            return after, [self.values[block] for block in loop.body]

        _, stacks = jax.lax.scan(iterate, first, ([x for _, x in each], weights), length=loop.iterations)
        for stack, x in zip(loop.stacks, stacks, strict=True):
            self.values[stack] = x.reshape(-1)

    def varying(self, part: Any) -> list[JaxArray]:
        """Return the weights and the biases of a layer in every iteration, where they vary."""
        if not isinstance(part, Layer) or not part.iterations:
            return []
        found = [_taken(self.parameters, [weights for weights, _ in part.iterations])]
        if part.biases is not None:
            found.append(_taken(self.parameters, [biases for _, biases in part.iterations]))
        return found
