"""Pass 4b, backward: from the table's partial derivatives, the statements that compute the gradient.

The blocks are taken in reverse, each with the adjoint that its users have handed on to it, and hands its own on to its
operands. The gradient of a layer's weights is written straight into the flat gradient.

Letters: g an adjoint, x an operand, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, cast

from autograd.lifting.codegen.adjoints import Adjoint
from autograd.lifting.codegen.layout import layers
from autograd.lifting.codegen.parameter_gradients import ParameterGradients
from autograd.lifting.codegen.partials import Partials
from autograd.lifting.plan import (
    Block,
    Carried,
    Elementwise,
    Layer,
    Linear,
    Outer,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rows,
    Total,
)
from autograd.lifting.statements import Array, Operand, Statement, is_one_number
from autograd.row import Operation
from autograd.value import Value


class Target(NamedTuple):
    """Where a turn of a loop hands on to: a block of the body, its adjoint, and the adjoints outside that it is of."""

    block: Block
    d: Array
    adds: bool
    ends: list[tuple[Rows, Array]]


def emit_backward(plan: Plan, gradients: ParameterGradients, mean: bool) -> None:
    """Emit the statements that compute the gradient of a plan's only output, reduced over the batch."""
    adjoints, emit = gradients.adjoints, gradients.emit
    start = len(emit.statements)
    (output,) = plan.outputs
    if not isinstance(output, Rows):
        emit.write(None, "gradient.fill(0.0)")
        return
    seed = Adjoint(1.0, -1 if mean else 0, None)
    if not output.block.wide:  # one loss for all samples: its mean is itself, its sum n times as much
        seed = Adjoint(1.0, 0 if mean else 1, None)
    adjoints.contribute(output, seed, output.block.wide)
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

    def run(self, plan: Plan) -> None:
        """Emit the propagation of all adjoints."""
        for x in reversed(plan.blocks):
            if isinstance(x, Recurrence):
                if any([self.adjoints.contributions[family.number] for family in x.families]):
                    self.recurrence_backward(x)
            elif self.adjoints.contributions[x.number]:
                self.block_backward(x, self.adjoints.adjoint(x))

    def recurrence_backward(self, loop: Recurrence) -> None:
        """Hand the adjoints of a recurrence on, from the last turn to the first."""
        carried = [x for x in loop.carried if x.block.trained]
        standing = {
            x.family: self.adjoints.own_adjoint(x.family) for x in carried
        }  # of all turns, to which later ones hand on
        adding = self.added_up(loop)
        for family, d in standing.items():
            self.adjoints.write_adjoint(family, d)
        targets = [self.to_turn_before(x, standing[x.family], loop.turns, x.family in adding) for x in carried]
        targets += [self.to_outside(x, loop.turns) for x in loop.outer if x.block.trained]
        for block, family in zip(loop.body, loop.families, strict=True):
            if family in standing:
                self.adjoints.hand_on(block, Adjoint(1.0, 0, self.arrays.of_turn(standing[family], loop.turns)))
            elif self.adjoints.contributions[family.number]:
                g = self.adjoints.adjoint(family)
                if g.array and g.array.rows > 1:
                    g = g._replace(array=self.arrays.of_turn(g.array, loop.turns))
                self.adjoints.hand_on(block, g)
        with self.emit.loop(loop.turns, backwards=True):
            for block in reversed(loop.body):
                if self.adjoints.contributions[block.number]:
                    self.block_backward(block, self.adjoints.adjoint(block))
            for target in targets:
                self.adjoints.write_adjoint(target.block, target.d, target.adds)
        for rows, d in [end for target in targets for end in target.ends]:
            self.adjoints.contribute(rows, Adjoint(1.0, 0, d), rows.block.wide)

    def added_up(self, loop: Recurrence) -> set[Block]:
        """Return the families to whose adjoints turns have to add.

        The others may be written over: a single turn hands on to each of their rows, and nothing else does.
        """
        lags = Counter([x.family for x in loop.carried])
        found = {family for family, count in lags.items() if count > 1}
        for carried in loop.carried:
            handed_on = carried.family.size - carried.block.size * len(carried.first)  # so many rows, from the first
            if any([min(part.index) < handed_on for part in self.adjoints.contributions[carried.family.number]]):
                found.add(carried.family)
        return found

    def to_turn_before(self, carried: Carried, d: Array, turns: int, adds: bool) -> Target:
        """Return where a turn hands on to an earlier one, or to what was there before the first."""
        first = [self.zeros(self.arrays.rows(x), adds) for x in carried.first]
        ends = list(zip(carried.first, first, strict=True))
        return Target(carried.block, self.arrays.carried(d, first, turns), adds, ends)

    def to_outside(self, outer: Outer, turns: int) -> Target:
        """Return where a turn hands on to what is outside: to rows of its own, or adding to those of all turns."""
        d = self.zeros(self.arrays.rows(outer.rows, each=True), not outer.varies)
        ends = [(outer.rows, d)]
        if outer.varies:
            d = self.arrays.of_turn(d, turns, outer.backwards, f"d{self.arrays.shown(outer.rows)}")
        return Target(outer.block, d, not outer.varies, ends)

    def zeros(self, like: Array, filled: bool) -> Array:
        """Return an array for the adjoint of another, filled with zeros if it is to add something up."""
        d = self.emit.array(f"d{like.name}", like.rows, like.wide)
        if filled:
            self.emit.fill(d, 0.0)
        return d

    def block_backward(self, block: Block, g: Adjoint) -> None:
        """Hand a block's adjoint on to its operands."""
        rule = block.rule
        z = self.arrays.values[block.number]
        if isinstance(rule, Elementwise):
            constants = tuple([repr(x[0]) if isinstance(x, list) and is_one_number(x) else None for x in rule.operands])
            wanted = tuple([isinstance(x, Rows) and x.block.trained for x in rule.operands])
            symbols, partials = self.partials.of(rule.operation, constants, wanted)
            known = dict(zip(symbols, [z, *map(self.arrays.operand, rule.operands)], strict=True))
            for x, (c, partial) in zip(rule.operands, partials, strict=True):
                if isinstance(x, Rows):
                    self.chain(block, x, g, c, partial, known)
        elif isinstance(rule, Reduction):
            symbols, ((c, partial),) = self.partials.of(rule.operation, (None,), (True,))
            known = dict(zip(symbols, [z, self.arrays.rows(rule.rows, each=True)], strict=True))
            self.chain(block, rule.rows, g, c, partial, known)
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

    def chain(
        self, block: Block, x: Rows, g: Adjoint, c: float, partial: Value | None, known: dict[Value, Operand]
    ) -> None:
        """Hand g times a partial derivative on to an operand."""
        g = Adjoint(g.c * c, g.e, g.array)
        if not c:
            return
        down = isinstance(block.rule, Reduction)
        if partial is None:
            self.adjoints.contribute(x, g, block.wide)
        elif g.array is None and isinstance(ready := known.get(partial), Array):
            self.adjoints.contribute(x, Adjoint(g.c, g.e, ready), block.wide)
        else:

            def write(out: Array | None) -> Array:
                self.emit.comment(self.chain_rule(block, x, g))
                if g.array is not None:
                    return self.emit.call("multiply", [g.array, self.expression(partial, known, down)], out)
                return cast("Array", self.expression(partial, known, down, out))  # of symbols, so not a number

            self.adjoints.contribute(x, g, block.wide, write)

    def chain_rule(self, block: Block, x: Rows, g: Adjoint) -> str:
        """Say what an operation hands on to an operand, up to the factor that is carried along."""
        rule, operand = cast("Elementwise | Reduction", block.rule), self.arrays.shown(x)
        one = isinstance(rule, Elementwise) and len(rule.operands) == 1
        slope = f"{rule.operation.name}'({operand})" if one else f"∂{rule.operation.name}/∂{operand}"
        return f"d{operand} = " + (f"{g.array.name} * " if g.array else "") + slope

    def expression(self, node: Value, known: dict[Value, Operand], down: bool, out: Array | None = None) -> Operand:
        """Write an expression of symbols; in that of a reduction, operations of many operands run down the rows."""
        if node.constant:
            return node.data
        if node not in known:
            operation = cast("Operation", node.operation)
            xs = [self.expression(x, known, down) for x in node.operands]
            if down and operation.arity is None and isinstance(xs[0], Array):
                known[node] = total = self.emit.array("t", 1, xs[0].wide)
                self.emit.own(self.arrays.line(total), operation, "{}", [xs[0]])
            elif out is not None:  # an adjoint, which may change: nobody else may read it as this expression
                return self.emit.apply(operation, xs, out)
            else:
                known[node] = self.emit.apply(operation, xs)
        return known[node]

    def product_backward(self, block: Block, factors: Sequence[Rows], g: Adjoint) -> None:
        """Hand g times the other factors on to each factor."""
        arrays = [self.arrays.rows(x) for x in factors]
        for k, x in enumerate(factors):
            if arrays.index(arrays[k]) < k:
                continue  # a factor that comes several times is handed on once, with their number
            others = arrays[:k] + arrays[k + 1 :]
            c = g.c * arrays.count(arrays[k])
            if g.array is None and len(others) == 1:
                self.adjoints.contribute(x, Adjoint(c, g.e, others[0]), block.wide)
            else:
                given = [] if g.array is None else [g.array]

                def write(out: Array | None, x: Rows = x, xs: list[Array] = [*given, *others]) -> Array:  # noqa: B006  (bound now)
                    self.emit.comment(f"d{self.arrays.shown(x)} = {' * '.join(array.name for array in xs)}")
                    return self.emit.product(xs, out)

                self.adjoints.contribute(x, Adjoint(c, g.e, g.array), block.wide, write)

    def linear_backward(self, block: Block, x: Rows, coefficients: Sequence[float], g: Adjoint) -> None:
        """Hand g times a term's coefficients on to its rows."""
        if len(set(coefficients)) == 1:
            self.adjoints.contribute(x, Adjoint(g.c * coefficients[0], g.e, g.array), block.wide)
            return
        column = self.emit.constant(coefficients)
        if g.array is None:
            self.adjoints.contribute(x, Adjoint(g.c, g.e, column), block.wide)
        else:
            array = g.array
            self.adjoints.contribute(x, g, block.wide, lambda out: self.emit.call("multiply", [array, column], out))

    def layer_backward(self, part: Layer, g: Array) -> None:
        """Hand g on to the senders, and write the gradient of the weights."""
        weights = self.arrays.weights[id(part)]
        x = self.arrays.rows(part.senders)

        def write(out: Array | None) -> Array:
            out = out or self.emit.array(f"d{x.name}", x.rows, True)
            self.emit.comment(f"{out.name} = {weights.matrix.name}.T @ {g.name}")
            matrix, target = weights.matrix, out
            if weights.joint and out in self.arrays.with_one:  # the whole matrix, for its rows lie one after the other
                matrix, target = weights.whole, self.arrays.with_one[out]
            self.emit.matrix_product(target, "{}.T, {}", matrix, g, target)
            return out

        self.adjoints.contribute(part.senders, Adjoint(1.0, 0, None), True, write)
        self.gradients.weight_gradient(part, weights, x, g)
