"""Pass 6, reverse: from the table's partial derivatives, the statements that compute the gradient.

The blocks are taken in reverse, each with the adjoint that its users have handed on to it, and hands its own on to its
operands. The gradient of a layer's weights is written straight into the flat gradient.

Letters: g an adjoint, x an operand, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from autograd.lifting.adjoints import Adjoint
from autograd.lifting.gradients import Gradients
from autograd.lifting.lines import Array, Operand, Statement, is_one_number, text
from autograd.lifting.partials import check_rules, factored
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
    computed,
)
from autograd.lifting.reading import layers
from autograd.operations import OWN, where
from autograd.row import Operation
from autograd.value import Constant, Value


class Target(NamedTuple):
    """Where a turn of a loop hands on to: a block of the body, its adjoint, and the adjoints outside that it is of."""

    block: Block
    d: Array
    adds: bool
    ends: list[tuple[Rows, Array]]


class Reverse(Gradients):
    """Writes the statements of the forward pass, then those of the backward pass."""

    def __init__(self, plan: Plan, mean: bool) -> None:
        super().__init__(plan)
        self.formulas: dict[Any, tuple[list[Value], list[tuple[float, Value | None]]]] = {}  # so that each is made once
        rules = [block.rule for x in plan.blocks for block in computed(x)]
        self.chooses = any([isinstance(rule, Elementwise) and rule.operation is where for rule in rules])
        self.backward(mean)

    def backward(self, mean: bool) -> None:
        """Write the backward pass."""
        (output,) = self.plan.outputs
        if not isinstance(output, Rows):
            self.write(None, "gradient.fill(0.0)")
            return
        seed = Adjoint(1.0, -1 if mean else 0, None)
        if not output.block.wide:  # one loss for all samples: its mean is itself, its sum n times as much
            seed = Adjoint(1.0, 0 if mean else 1, None)
        self.contribute(output, seed, output.block.wide)
        for x in reversed(self.plan.blocks):
            if isinstance(x, Recurrence):
                if any([self.contributions[family.number] for family in x.families]):
                    self.recurrence_backward(x)
            elif self.contributions[x.number]:
                self.block_backward(x, self.adjoint(x))
        self.parameter_gradients()
        if len(self.written) < self.plan.parameters.size:
            self.statements.insert(self.split, Statement(None, "gradient.fill(0.0)", (), ()))

    def recurrence_backward(self, loop: Recurrence) -> None:
        """Hand the adjoints of a recurrence on, from the last turn to the first."""
        carried = [x for x in loop.carried if x.block.trained]
        standing = {x.family: self.own_adjoint(x.family) for x in carried}  # of all turns, to which later ones hand on
        adding = self.added_up(loop)
        for family, d in standing.items():
            self.write_adjoint(family, d)
        targets = [self.to_turn_before(x, standing[x.family], loop.turns, x.family in adding) for x in carried]
        targets += [self.to_outside(x, loop.turns) for x in loop.outer if x.block.trained]
        for block, family in zip(loop.body, loop.families, strict=True):
            if family in standing:
                self.hand_on(block, Adjoint(1.0, 0, self.of_turn(standing[family], loop.turns)))
            elif self.contributions[family.number]:
                g = self.adjoint(family)
                if g.array and g.array.rows > 1:
                    g = g._replace(array=self.of_turn(g.array, loop.turns))
                self.hand_on(block, g)
        with self.loop(loop.turns, backwards=True):
            for block in reversed(loop.body):
                if self.contributions[block.number]:
                    self.block_backward(block, self.adjoint(block))
            for target in targets:
                self.write_adjoint(target.block, target.d, target.adds)
        for rows, d in [end for target in targets for end in target.ends]:
            self.contribute(rows, Adjoint(1.0, 0, d), rows.block.wide)

    def added_up(self, loop: Recurrence) -> set[Block]:
        """Return the families to whose adjoints turns have to add.

        The others may be written over: a single turn hands on to each of their rows, and nothing else does.
        """
        lags = Counter([x.family for x in loop.carried])
        found = {family for family, count in lags.items() if count > 1}
        for carried in loop.carried:
            handed_on = carried.family.size - carried.block.size * len(carried.first)  # so many rows, from the first
            if any([min(part.index) < handed_on for part in self.contributions[carried.family.number]]):
                found.add(carried.family)
        return found

    def to_turn_before(self, carried: Carried, d: Array, turns: int, adds: bool) -> Target:
        """Return where a turn hands on to an earlier one, or to what was there before the first."""
        first = [self.zeros(self.rows(x), adds) for x in carried.first]
        ends = list(zip(carried.first, first, strict=True))
        return Target(carried.block, self.carried(d, first, turns), adds, ends)

    def to_outside(self, outer: Outer, turns: int) -> Target:
        """Return where a turn hands on to what is outside: to rows of its own, or adding to those of all turns."""
        d = self.zeros(self.rows(outer.rows, each=True), not outer.varies)
        ends = [(outer.rows, d)]
        if outer.varies:
            d = self.of_turn(d, turns, outer.backwards, f"d{self.shown(outer.rows)}")
        return Target(outer.block, d, not outer.varies, ends)

    def zeros(self, like: Array, filled: bool) -> Array:
        """Return an array for the adjoint of another, filled with zeros if it is to add something up."""
        d = self.array(f"d{like.name}", like.rows, like.wide)
        if filled:
            self.fill(d, 0.0)
        return d

    def block_backward(self, block: Block, g: Adjoint) -> None:
        """Hand a block's adjoint on to its operands."""
        rule = block.rule
        z = self.values[block.number]
        if isinstance(rule, Elementwise) and rule.operation is where:
            self.where_backward(block, rule, g)
        elif isinstance(rule, Elementwise):
            constants = tuple([repr(x[0]) if isinstance(x, list) and is_one_number(x) else None for x in rule.operands])
            wanted = tuple([isinstance(x, Rows) and x.block.trained for x in rule.operands])
            symbols, partials = self.partials(rule.operation, constants, wanted)
            known = dict(zip(symbols, [z, *map(self.operand, rule.operands)], strict=True))
            for x, (c, partial) in zip(rule.operands, partials, strict=True):
                if isinstance(x, Rows):
                    self.chain(block, x, g, c, partial, known)
        elif isinstance(rule, Reduction):
            symbols, ((c, partial),) = self.partials(rule.operation, (None,), (True,))
            known = dict(zip(symbols, [z, self.rows(rule.rows, each=True)], strict=True))
            self.chain(block, rule.rows, g, c, partial, known)
        elif isinstance(rule, Product):
            self.product_backward(block, rule.factors, g)
        elif isinstance(rule, Total):
            if layers(rule):
                dz = self.scaled(g, z)
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

    def partials(
        self, operation: Operation, constants: tuple[str | None, ...], wanted: tuple[bool, ...]
    ) -> tuple[list[Value], list[tuple[float, Value | None]]]:
        """Return symbols for the result and the operands, and the partial derivatives from the table.

        Each is a factor times an expression of the symbols (1, if None). The rules are called on Values that hold no
        number, or that of a constant, so that what they return is the formula, for all blocks of the kind.
        """
        key = (operation, constants, wanted)
        if key not in self.formulas:
            if operation.name not in OWN:
                check_rules(operation)
            result, *xs = [Value(math.nan) if c is None else Constant(float(c)) for c in (None, *constants)]
            self.formulas[key] = [result, *xs], [factored(p) for p in operation.local_derivatives(result, xs, wanted)]
        return self.formulas[key]

    def chain(
        self, block: Block, x: Rows, g: Adjoint, c: float, partial: Value | None, known: dict[Value, Operand]
    ) -> None:
        """Hand g times a partial derivative on to an operand."""
        g = Adjoint(g.c * c, g.e, g.array)
        if not c:
            return
        down = isinstance(block.rule, Reduction)
        if partial is None:
            self.contribute(x, g, block.wide)
        elif g.array is None and isinstance(ready := known.get(partial), Array):
            self.contribute(x, Adjoint(g.c, g.e, ready), block.wide)
        else:

            def write(out: Array | None) -> Array:
                self.comment(self.chain_rule(block, x, g))
                if g.array is not None:
                    return self.handed_on(g.array, [g.array, self.expression(partial, known, down)], out)
                return cast("Array", self.expression(partial, known, down, out))  # of symbols, so not a number

            self.contribute(x, g, block.wide, write)

    def where_backward(self, block: Block, rule: Elementwise, g: Adjoint) -> None:
        """Hand g on to the sides, each where it is chosen."""
        condition, *sides = rule.operands
        for place, x in enumerate(sides):
            if isinstance(x, Rows):

                def write(out: Array | None, x: Rows = x, first: bool = place == 0) -> Array:
                    dz: Operand = 1.0 if g.array is None else g.array
                    self.comment(f"d{self.shown(x)} = {text(dz)} where it is chosen")
                    sides = (dz, 0.0) if first else (0.0, dz)
                    return self.zero_kept(self.apply(where, [self.operand(condition), *sides], out), g.array)

                self.contribute(x, g, block.wide, write)

    def handed_on(self, g: Array | None, factors: list[Any], out: Array | None) -> Array:
        """Write g times other factors; where a program chooses between sides, 0 for g = 0, as for a side not chosen.

        There a factor may be infinite or NaN, as may the condition of a choice within the side.
        """
        if not self.chooses or g is None:
            return self.product(factors, out)
        return self.zero_kept(self.product(factors, out or self.like(factors, "t")), g)

    def zero_kept(self, x: Array, g: Array | None) -> Array:
        """Write 0 where g is 0, and return the array."""
        if g is not None:
            self.write(x, "copyto({}, 0.0, where={} == 0.0)", x, g, changes=True)
        return x

    def chain_rule(self, block: Block, x: Rows, g: Adjoint) -> str:
        """Say what an operation hands on to an operand, up to the factor that is carried along."""
        rule, operand = cast("Elementwise | Reduction", block.rule), self.shown(x)
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
                known[node] = total = self.array("t", 1, xs[0].wide)
                self.own(self.line(total), operation, "{}", [xs[0]])
            elif out is not None:  # an adjoint, which may change: nobody else may read it as this expression
                return self.apply(operation, xs, out)
            else:
                known[node] = self.apply(operation, xs)
        return known[node]

    def product_backward(self, block: Block, factors: Sequence[Rows], g: Adjoint) -> None:
        """Hand g times the other factors on to each factor."""
        arrays = [self.rows(x) for x in factors]
        for k, x in enumerate(factors):
            if arrays.index(arrays[k]) < k:
                continue  # a factor that comes several times is handed on once, with their number
            others = arrays[:k] + arrays[k + 1 :]
            c = g.c * arrays.count(arrays[k])
            if g.array is None and len(others) == 1:
                self.contribute(x, Adjoint(c, g.e, others[0]), block.wide)
            else:
                given = [] if g.array is None else [g.array]

                def write(out: Array | None, x: Rows = x, xs: list[Array] = [*given, *others]) -> Array:  # noqa: B006  (bound now)
                    self.comment(f"d{self.shown(x)} = {' * '.join(array.name for array in xs)}")
                    return self.handed_on(g.array, xs, out)

                self.contribute(x, Adjoint(c, g.e, g.array), block.wide, write)

    def linear_backward(self, block: Block, x: Rows, coefficients: Sequence[float], g: Adjoint) -> None:
        """Hand g times a term's coefficients on to its rows."""
        if len(set(coefficients)) == 1:
            self.contribute(x, Adjoint(g.c * coefficients[0], g.e, g.array), block.wide)
            return
        column = self.constant(coefficients)
        if g.array is None:
            self.contribute(x, Adjoint(g.c, g.e, column), block.wide)
        else:
            array = g.array
            self.contribute(x, g, block.wide, lambda out: self.call("multiply", [array, column], out))

    def layer_backward(self, part: Layer, g: Array) -> None:
        """Hand g on to the senders, and write the gradient of the weights."""
        weights = self.weights[id(part)]
        x = self.rows(part.senders)

        def write(out: Array | None) -> Array:
            out = out or self.array(f"d{x.name}", x.rows, True)
            self.comment(f"{out.name} = {weights.matrix.name}.T @ {g.name}")
            matrix, target = weights.matrix, out
            if weights.joint and out in self.with_one:  # the whole matrix, for its rows lie one after the other
                matrix, target = weights.whole, self.with_one[out]
            self.matrix_product(target, "{}.T, {}", matrix, g, target)
            return out

        self.contribute(part.senders, Adjoint(1.0, 0, None), True, write)
        self.weight_gradient(part, weights, self.counting(x, g, weights.joint) if self.chooses else x, g)

    def counting(self, x: Array, g: Array, joint: bool) -> Array:
        """Return senders, 0 for the samples to which nothing is handed on: on a side not chosen they may be NaN."""
        whole = self.with_one[x] if joint else x
        copy = self.array(f"{x.name}_used", whole.rows, whole.wide)
        self.write(copy, "copyto({}, {})", copy, whole)
        self.write(copy, "copyto({}, 0.0, where=~{}.any(axis=0))", copy, g, changes=True)
        if joint:
            self.with_one[copy] = copy
        return copy
