"""Pass 6, backward: from the table's partial derivatives, the statements that compute the gradient.

The blocks are visited in reverse. When all users of a block have contributed to its adjoint, the block propagates it to
its operands. The gradient of a layer's weights is written straight into the flat gradient.

Letters: g an adjoint, x an operand, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from autograd.lifting.codegen.adjoints import Adjoint
from autograd.lifting.codegen.layout import layers
from autograd.lifting.codegen.parameter_gradients import ParameterGradients
from autograd.lifting.codegen.partials import Partials
from autograd.lifting.names import plain
from autograd.lifting.plan import (
    Block,
    Carried,
    Elementwise,
    External,
    Layer,
    Linear,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rows,
    Total,
    computed,
)
from autograd.lifting.statements import Array, Operand, Statement, is_one_number, text
from autograd.row import Operation
from autograd.value import Value


class Accumulator(NamedTuple):
    """Where iterations write or accumulate the adjoint of a loop-carried or external block, and whose adjoint it is."""

    block: Block
    d: Array
    accumulates: bool
    sources: list[tuple[Rows, Array]]  # rows outside the loop, and the arrays of their adjoints


def emit_backward(plan: Plan, gradients: ParameterGradients, mean: bool) -> None:
    """Emit the statements that compute the gradient of a plan's only output, reduced over the batch."""
    adjoints, emit = gradients.adjoints, gradients.emit
    start = len(emit.statements)
    (output,) = plan.outputs
    if not isinstance(output, Rows):
        emit.write(None, "gradient.fill(0.0)")
        return
    seed = Adjoint(1.0, -1 if mean else 0, None)
    if not output.block.batched:  # one loss for all samples: its mean is itself, its sum n times itself
        seed = Adjoint(1.0, 0 if mean else 1, None)
    adjoints.contribute(output, seed, output.block.batched)
    Backward(gradients).run(plan)
    gradients.rest()
    if len(gradients.written) < plan.parameters.size:
        emit.statements.insert(start, Statement(None, "gradient.fill(0.0)", (), ()))


class Backward:
    """Visits the blocks in reverse, each once its adjoint is complete."""

    def __init__(self, gradients: ParameterGradients) -> None:
        self.gradients, self.adjoints = gradients, gradients.adjoints
        self.arrays, self.emit = gradients.arrays, gradients.emit
        self.partials = Partials()
        self.chooses = False  # whether the program has a `where`, of which a side may be infinite or NaN

    def run(self, plan: Plan) -> None:
        """Emit the propagation of all adjoints."""
        rules = [block.rule for x in plan.blocks for block in computed(x)]
        self.chooses = any([isinstance(rule, Elementwise) and rule.operation.chooses for rule in rules])
        for x in reversed(plan.blocks):
            if isinstance(x, Recurrence):
                if any([self.adjoints.contributions[stack.number] for stack in x.stacks]):
                    self.recurrence_backward(x)
            elif self.adjoints.contributions[x.number]:
                self.block_backward(x, self.adjoints.adjoint(x))

    def recurrence_backward(self, loop: Recurrence) -> None:
        """Propagate the adjoints through a recurrence, from the last iteration to the first."""
        carried = [x for x in loop.carried if x.block.trained]
        accumulators = {x.stack: self.adjoints.own_adjoint(x.stack) for x in carried}
        adding = self.accumulated(loop)
        for stack, d in accumulators.items():
            self.adjoints.write_adjoint(stack, d)
        targets = [
            self.to_earlier_iteration(x, accumulators[x.stack], loop.iterations, x.stack in adding) for x in carried
        ]
        targets += [self.to_external(x, loop.iterations) for x in loop.external if x.block.trained]
        for block, stack in zip(loop.body, loop.stacks, strict=True):
            if stack in accumulators:
                self.adjoints.propagate(
                    block, Adjoint(1.0, 0, self.arrays.per_iteration(accumulators[stack], loop.iterations))
                )
            elif self.adjoints.contributions[stack.number]:
                g = self.adjoints.adjoint(stack)
                if g.array and g.array.rows > 1:
                    g = g._replace(array=self.arrays.per_iteration(g.array, loop.iterations))
                self.adjoints.propagate(block, g)
        with self.emit.loop(loop.iterations, backwards=True):
            for block in reversed(loop.body):
                if self.adjoints.contributions[block.number]:
                    self.block_backward(block, self.adjoints.adjoint(block))
            for target in targets:
                self.adjoints.write_adjoint(target.block, target.d, target.accumulates)
        for rows, d in [source for target in targets for source in target.sources]:
            self.adjoints.contribute(rows, Adjoint(1.0, 0, d), rows.block.batched)

    def accumulated(self, loop: Recurrence) -> set[Block]:
        """Return the stacks whose adjoints the iterations accumulate.

        Those of the others are written: a single iteration contributes to each of their rows, and nothing else does.
        """
        lags = Counter([x.stack for x in loop.carried])
        found = {stack for stack, count in lags.items() if count > 1}
        for carried in loop.carried:
            written = carried.stack.size - carried.block.size * len(carried.first)  # so many rows, from the first
            if any([min(part.index) < written for part in self.adjoints.contributions[carried.stack.number]]):
                found.add(carried.stack)
        return found

    def to_earlier_iteration(self, carried: Carried, d: Array, iterations: int, accumulates: bool) -> Accumulator:
        """Return where the adjoint of a loop-carried block goes: to an earlier iteration, or to its initial value."""
        first = [self.zeros(self.arrays.rows(x), accumulates) for x in carried.first]
        sources = list(zip(carried.first, first, strict=True))
        return Accumulator(carried.block, self.arrays.carried(d, first, iterations), accumulates, sources)

    def to_external(self, external: External, iterations: int) -> Accumulator:
        """Return where the adjoint of an external block goes: to each iteration's rows, or accumulated over all."""
        d = self.zeros(self.arrays.rows(external.rows, each=True), not external.varies)
        sources = [(external.rows, d)]
        if external.varies:
            d = self.arrays.per_iteration(
                d, iterations, external.backwards, f"d{self.arrays.source_name(external.rows)}"
            )
        return Accumulator(external.block, d, not external.varies, sources)

    def zeros(self, like: Array, filled: bool) -> Array:
        """Return an array for the adjoint of another, filled with zeros if it is an accumulator."""
        d = self.emit.array(f"d{like.name}", like.rows, like.batched)
        if filled:
            self.emit.fill(d, 0.0)
        return d

    def block_backward(self, block: Block, g: Adjoint) -> None:
        """Propagate a block's adjoint to its operands."""
        rule = block.rule
        z = self.arrays.values[block.number]
        if isinstance(rule, Elementwise) and rule.operation.chooses:
            self.choice_backward(block, rule, g)
        elif isinstance(rule, Elementwise):
            constants = tuple([repr(x[0]) if isinstance(x, list) and is_one_number(x) else None for x in rule.operands])
            wanted = tuple([isinstance(x, Rows) and x.block.trained for x in rule.operands])
            symbols, partials = self.partials.of(rule.operation, constants, wanted)
            known = dict(zip(symbols, [z, *map(self.arrays.operand, rule.operands)], strict=True))
            for x, (c, partial) in zip(rule.operands, partials, strict=True):
                if isinstance(x, Rows):
                    self.chain_rule(block, x, g, c, partial, known)
        elif isinstance(rule, Reduction):
            symbols, ((c, partial),) = self.partials.of(rule.operation, (None,), (True,))
            known = dict(zip(symbols, [z, self.arrays.rows(rule.rows, each=True)], strict=True))
            self.chain_rule(block, rule.rows, g, c, partial, known)
        elif isinstance(rule, Product):
            self.product_backward(block, rule.factors, g)
        elif isinstance(rule, Total):
            if layers(rule):
                dz = self.adjoints.scaled(g, z)
                g = Adjoint(1.0, 0, dz)
            for part in rule.parts:
                if isinstance(part, Layer):
                    self.layer_backward(part, dz)
                elif isinstance(part, Linear) or z.rows == 1:
                    coefficients = part.coefficients if isinstance(part, Linear) else [c for (c,) in part.coefficients]
                    self.linear_backward(block, part.rows, coefficients, g)
                else:
                    for k, column in enumerate(part.coefficients):
                        rows = Rows(part.rows.block, part.rows.index[k * z.rows : (k + 1) * z.rows])
                        self.linear_backward(block, rows, column, g)

    def chain_rule(
        self, block: Block, x: Rows, g: Adjoint, c: float, partial: Value | None, known: dict[Value, Operand]
    ) -> None:
        """Propagate g times a partial derivative to an operand."""
        g = Adjoint(g.c * c, g.e, g.array)
        if not c:
            return
        down = isinstance(block.rule, Reduction)
        if partial is None:
            self.adjoints.contribute(x, g, block.batched)
        elif g.array is None and isinstance(ready := known.get(partial), Array):
            self.adjoints.contribute(x, Adjoint(g.c, g.e, ready), block.batched)
        else:

            def write(out: Array | None) -> Array:
                self.emit.comment(self.chain_rule_comment(block, x, g))
                if g.array is not None:
                    return self.propagated(g.array, [g.array, self.expression(partial, known, down)], out)
                return cast("Array", self.expression(partial, known, down, out))  # it has symbols, so it is an array

            self.adjoints.contribute(x, g, block.batched, write)

    def choice_backward(self, block: Block, rule: Elementwise, g: Adjoint) -> None:
        """Propagate g to the sides of a `where`, each where it is chosen."""
        condition, *sides = rule.operands
        for place, x in enumerate(sides):
            if isinstance(x, Rows):

                def write(out: Array | None, x: Rows = x, first: bool = place == 0) -> Array:
                    dz: Operand = 1.0 if g.array is None else g.array
                    self.emit.comment(f"d{self.arrays.source_name(x)} = {text(dz)} where it is chosen")
                    operands = [self.arrays.operand(condition), *((dz, 0.0) if first else (0.0, dz))]
                    return self.zero_kept(self.emit.apply(rule.operation, operands, out), g.array)

                self.adjoints.contribute(x, g, block.batched, write)

    def propagated(self, g: Array | None, factors: Sequence[Any], out: Array | None) -> Array:
        """Write g times other factors; where a program chooses, 0 for g = 0, as of an unchosen side.

        There a factor may be infinite or NaN, as may the condition of a choice within the side.
        """
        if not self.chooses or g is None:
            return self.emit.product(factors, out)
        return self.zero_kept(self.emit.product(factors, out or self.emit.like(factors, "t")), g)

    def zero_kept(self, x: Array, g: Array | None) -> Array:
        """Write 0 where g is 0, and return the array."""
        if g is not None:
            self.emit.write(x, "copyto({}, 0.0, where={} == 0.0)", x, g, changes=True)
        return x

    def chain_rule_comment(self, block: Block, x: Rows, g: Adjoint) -> str:
        """Return the comment on an operand's adjoint, up to the factor that is carried along."""
        rule, operand = cast("Elementwise | Reduction", block.rule), self.arrays.source_name(x)
        one = isinstance(rule, Elementwise) and len(rule.operands) == 1
        name = plain(rule.operation.name)
        slope = f"{name}'({operand})" if one else f"∂{name}/∂{operand}"
        return f"d{operand} = " + (f"{g.array.name} * " if g.array else "") + slope

    def expression(self, node: Value, known: dict[Value, Operand], down: bool, out: Array | None = None) -> Operand:
        """Write an expression of symbols; in that of a reduction, operations of many operands run down the rows."""
        if node.constant:
            return node.data
        if node not in known:
            operation = cast("Operation", node.operation)
            xs = [self.expression(x, known, down) for x in node.operands]
            if down and operation.arity is None and isinstance(xs[0], Array):
                known[node] = total = self.emit.array("t", 1, xs[0].batched)
                self.emit.own(self.arrays.line(total), operation, "{}", [xs[0]])
            elif (
                out is not None
            ):  # an adjoint, which may be changed later: it is not kept as the value of this expression
                return self.emit.apply(operation, xs, out)
            else:
                known[node] = self.emit.apply(operation, xs)
        return known[node]

    def product_backward(self, block: Block, factors: Sequence[Rows], g: Adjoint) -> None:
        """Propagate g times the other factors to each factor."""
        arrays = [self.arrays.rows(x) for x in factors]
        for k, x in enumerate(factors):
            if arrays.index(arrays[k]) < k:
                continue  # a repeated factor gets one contribution, times the number of repetitions
            others = arrays[:k] + arrays[k + 1 :]
            c = g.c * arrays.count(arrays[k])
            if g.array is None and len(others) == 1:
                self.adjoints.contribute(x, Adjoint(c, g.e, others[0]), block.batched)
            else:
                given = [] if g.array is None else [g.array]

                def write(out: Array | None, x: Rows = x, xs: list[Array] = [*given, *others]) -> Array:  # noqa: B006  (bound now)
                    self.emit.comment(f"d{self.arrays.source_name(x)} = {' * '.join(array.name for array in xs)}")
                    return self.propagated(g.array, xs, out)

                self.adjoints.contribute(x, Adjoint(c, g.e, g.array), block.batched, write)

    def linear_backward(self, block: Block, x: Rows, coefficients: Sequence[float], g: Adjoint) -> None:
        """Propagate g times a term's coefficients to its rows."""
        if len(set(coefficients)) == 1:
            self.adjoints.contribute(x, Adjoint(g.c * coefficients[0], g.e, g.array), block.batched)
            return
        column = self.emit.constant(coefficients)
        if g.array is None:
            self.adjoints.contribute(x, Adjoint(g.c, g.e, column), block.batched)
        else:
            array = g.array
            self.adjoints.contribute(x, g, block.batched, lambda out: self.emit.call("multiply", [array, column], out))

    def layer_backward(self, part: Layer, g: Array) -> None:
        """Propagate g to the senders, and write the gradient of the weights."""
        weights = self.arrays.weights[id(part)]
        x = self.arrays.rows(part.senders)

        def write(out: Array | None) -> Array:
            out = out or self.emit.array(f"d{x.name}", x.rows, True)
            self.emit.comment(f"{out.name} = {weights.matrix.name}.T @ {g.name}")
            matrix, target = weights.matrix, out
            if weights.adds_biases and out in self.arrays.augmented:  # the whole matrix, which is contiguous
                matrix, target = weights.augmented, self.arrays.augmented[out]
            self.emit.matrix_product(target, "{}.T, {}", matrix, g, target)
            return out

        self.adjoints.contribute(part.senders, Adjoint(1.0, 0, None), True, write)
        used = self.used_samples(x, g, weights.adds_biases) if self.chooses else x
        self.gradients.weight_gradient(part, weights, used, g)

    def used_samples(self, x: Array, g: Array, augmented: bool) -> Array:
        """Return senders, 0 for the samples to which nothing is propagated: on an unchosen side they may be NaN."""
        senders = self.arrays.augmented[x] if augmented else x
        copy = self.emit.array(f"{x.name}_used", senders.rows, senders.batched)
        self.emit.write(copy, "copyto({}, {})", copy, senders)
        self.emit.write(copy, "copyto({}, 0.0, where=~{}.any(axis=0))", copy, g, changes=True)
        if augmented:
            self.arrays.augmented[copy] = copy
        return copy
