"""Pass 5, reverse: from the table's partial derivatives, the statements that compute the gradient.

The blocks are taken in reverse. A block's adjoint is the sum of what its users contribute; a contribution is a factor
c · nᵉ times an array that is there already, or that is written only where it is needed. So a factor such as the 2/n of
a mean squared error is one product, with the smallest array that it can be multiplied into, and an activation's adjoint
is one matrix product, straight into its place. The gradient of a layer's weights is written into the flat gradient.

Letters: g an adjoint, x an operand, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from autograd.lifting.forward import Forward, is_number, step, whole
from autograd.lifting.grouping import Block, Elementwise, Layer, Linear, Plan, Product, Reduction, Rows, Total
from autograd.lifting.writer import Array, Operand, Statement, text
from autograd.value import Constant, Operation, Value


class Adjoint(NamedTuple):
    """c · nᵉ times an array, or times ones."""

    c: float
    e: int
    array: Array | None


@dataclass
class Contribution:
    """A part of a block's adjoint, for some of its rows; `write` writes the array where there is none yet."""

    index: tuple[int, ...]
    c: float
    e: int
    array: Array | None
    write: Callable[[Array | None], Array] | None = None

    def made(self, out: Array | None = None) -> Array | None:
        """Return the array, written, into out if given, where it was not there yet."""
        return self.write(out) if self.write else self.array


class Reverse(Forward):
    """Writes the statements of the forward pass, then those of the backward pass."""

    def __init__(self, plan: Plan, mean: bool) -> None:
        super().__init__(plan)
        self.split = len(self.statements)  # where the backward pass begins
        self.contributions: dict[int, list[Contribution]] = defaultdict(list)
        self.flat_gradient = Array("gradient", plan.parameters.size, False, "gradient")
        self.direct = self.parameters_used_once()
        self.written: set[int] = set()  # parameters whose gradient is written
        self.adjoint_of: dict[Array, Array] = {}  # the array of a block -> one that holds its adjoint and nothing else
        self.backward(mean)

    def parameters_used_once(self) -> set[int]:
        """Return the parameters whose gradient is one number and not a sum: it is written, not added."""
        uses: Counter[int] = Counter()
        for block in self.plan.blocks:
            for rows in operands(block):
                if rows.block is self.plan.parameters:
                    uses.update(rows.index)
            if isinstance(block.rule, Total):
                for part in block.rule.parts:
                    if isinstance(part, Layer):
                        uses.update([k for row in part.weights for k in row])
                        uses.update(part.biases or ())
        return {k for k, count in uses.items() if count == 1}

    def backward(self, mean: bool) -> None:
        (output,) = self.plan.outputs
        if not isinstance(output, Rows):
            self.statement("gradient.fill(0.0)")
            return
        seed = Adjoint(1.0, -1 if mean else 0, None)
        if not output.block.wide:  # one loss for all samples: its mean is itself, its sum n times as much
            seed = Adjoint(1.0, 0 if mean else 1, None)
        self.contribute(output, seed, output.block.wide)
        for block in reversed(self.plan.blocks):
            if self.contributions[block.number]:
                self.block_backward(block, self.adjoint(block))
        self.parameter_gradients()
        if len(self.written) < self.plan.parameters.size:
            self.statements.insert(self.split, Statement(None, "gradient.fill(0.0)", ()))

    # Adjoints --------------------------------------------------------------------------------------------------------

    def contribute(
        self, x: Rows, g: Adjoint, wide: bool, write: Callable[[Array | None], Array] | None = None
    ) -> None:
        """Add to the adjoint of some rows what a user hands on: g, or the factor of g times what is to be written.

        A row that serves many rows, or a column that serves all samples, gets the sum of theirs.
        """
        if not x.block.trained:
            return
        c, e, array = g
        index = x.index
        if wide and not x.block.wide:
            array, write = write(None) if write else array, None
            if array is None or not array.wide:
                e += 1
            else:
                array = self.summed(array, "add.reduce({}, axis=1, keepdims=True, out={})", array.rows, False)
        if len(index) > 1 and len(set(index)) == 1:
            array, write = write(None) if write else array, None
            if array is None or array.rows == 1:
                c *= len(index)
            else:
                array = self.summed(array, "add.reduce({}, axis=0, keepdims=True, out={})", 1, array.wide)
            index = index[:1]
        self.contributions[x.block.number].append(Contribution(index, c, e, array, write))

    def summed(self, array: Array, template: str, rows: int, wide: bool) -> Array:
        total = self.array("t", rows, wide)
        self.write(total, template.format(array.name, total.name), [array])
        return total

    def adjoint(self, block: Block) -> Adjoint:
        """Return the sum of a block's contributions; a single one as it is, without a statement."""
        z = self.values[block.number]
        full = tuple(range(block.size))
        parts = sorted(self.contributions[block.number], key=lambda part: (part.index != full, part.write is None))
        first = parts[0]
        if len(parts) == 1 and first.index == full:
            return Adjoint(first.c, first.e, first.made(self.own_adjoint(block) if first.write else None))
        self.comment(f"d{z.name}: what {z.name} hands on to the loss, summed over its {len(parts)} uses")
        c, e = abs(first.c), first.e
        if any([abs(part.c) != c or part.e != e for part in parts]):
            c, e = 1.0, 0
        d = self.own_adjoint(block)
        if first.index == full:
            parts = parts[1:]
            factor = power(first.c / c, first.e - e)
            made = first.made(d)
            second = parts[0]
            if made is None:
                self.write(d, f"{d.name}.fill({text(factor)})", [])
            elif made is not d and is_number(factor, 1.0) and second.index == full and second.array is not None:
                self.accumulate(d, [made, second.array], power(second.c / c, second.e - e))
                parts = parts[1:]
            elif made is not d:
                self.scale(made, factor, d)
            elif not is_number(factor, 1.0):
                self.call("multiply", [d, factor], d)
        else:
            self.write(d, f"{d.name}.fill(0.0)", [])
        for part in parts:
            self.add_part(d, part, power(part.c / c, part.e - e))
        return Adjoint(c, e, d)

    def own_adjoint(self, block: Block) -> Array:
        """Return a new array for a block's adjoint."""
        z = self.values[block.number]
        self.adjoint_of[z] = self.array(f"d{z.name}", block.size, block.wide)
        return self.adjoint_of[z]

    def scale(self, array: Array, factor: Operand, out: Array) -> None:
        """Write a factor times an array, which may have to be broadcast."""
        if is_number(factor, 1.0):
            self.write(out, f"copyto({out.name}, {array.name})", [array])
        else:
            self.call("negative" if is_number(factor, -1.0) else "multiply", [array, factor][: 1 if is_number(factor, -1.0) else 2], out)

    def accumulate(self, out: Array, pair: Sequence[Operand], factor: Operand) -> None:
        """Write pair[0] + factor · pair[1]."""
        a, b = pair
        if is_number(factor, 1.0) or is_number(factor, -1.0):
            self.call("add" if is_number(factor, 1.0) else "subtract", [a, b], out)
        else:
            self.call("add", [a, self.call("multiply", [b, factor])], out)

    def add_part(self, d: Array, part: Contribution, factor: Operand) -> None:
        """Add a contribution to the rows of d that it belongs to."""
        array = part.made()
        stride = step(part.index)
        if stride is not None:
            rows = d
            if part.index != tuple(range(d.rows)):
                rows = self.view(d, part.index[0], part.index[-1] + 1, stride)
            if array is None:
                self.call("add", [rows, factor], rows)
            else:
                self.accumulate(rows, [rows, array], factor)
            return
        index = np.array(part.index)
        if array is None:  # ones
            rows_of, counts = np.unique(index, return_counts=True)
            i, column = self.constant(rows_of, int), self.constant(counts)
            self.write(d, f"{d.name}[{i.name}] += {column.name} * ({text(factor)})", [d])
        elif len(set(part.index)) == len(index):
            array = self.times(array, factor)
            self.write(d, f"{d.name}[{self.constant(index, int).name}] += {array.name}", [d, array])
        else:  # rows that come more than once: sorted, so that one reduction adds up each row's
            array = self.expanded(self.times(array, factor), len(index), d.wide)
            rows_of, starts = np.unique(np.sort(index), return_index=True)
            order = self.constant(np.argsort(index, kind="stable"), int)
            i, begin = self.constant(rows_of, int), self.constant(starts, int)
            self.write(
                d,
                f"{d.name}[{i.name}] += add.reduceat({array.name}[{order.name}], {begin.name}, axis=0)",
                [d, array],
            )

    def times(self, array: Array, factor: Operand) -> Array:
        return array if is_number(factor, 1.0) else self.call("multiply", [array, factor])

    def expanded(self, array: Array, rows: int, wide: bool) -> Array:
        """Return an array in its full shape, where it stood for a larger one that it broadcasts to."""
        if (array.rows, array.wide) == (rows, wide):
            return array
        copy = self.array("t", rows, wide)
        self.write(copy, f"copyto({copy.name}, {array.name})", [array])
        return copy

    def scaled(self, g: Adjoint, z: Array) -> Array:
        """Return the adjoint of z as one array."""
        factor = power(g.c, g.e)
        if g.array is None:
            return self.define(f"d{z.name}", z.rows, z.wide, f"full(({z.rows}, n), {text(factor)}, dtype)")
        if is_number(factor, 1.0):
            return self.expanded(g.array, z.rows, z.wide)
        out = g.array if g.array is self.adjoint_of.get(z) else self.array(f"d{z.name}", z.rows, z.wide)
        self.scale(g.array, factor, out)
        return out

    # Blocks ----------------------------------------------------------------------------------------------------------

    def block_backward(self, block: Block, g: Adjoint) -> None:
        rule = block.rule
        z = self.values[block.number]
        if isinstance(rule, Elementwise):
            symbols = [Constant(x[0]) if isinstance(x, list) and len(set(x)) == 1 else Value(math.nan) for x in rule.operands]
            wanted = [isinstance(x, Rows) and x.block.trained for x in rule.operands]
            known = dict(zip(symbols, [self.operand(x) for x in rule.operands], strict=True))
            partials = self.partials(rule.operation, z, symbols, wanted, known)
            for x, (c, partial) in zip(rule.operands, partials, strict=True):
                if isinstance(x, Rows):
                    self.chain(block, x, g, c, partial, known)
        elif isinstance(rule, Reduction):
            symbol = Value(math.nan)
            known = {symbol: self.rows(rule.rows, each=True)}
            ((c, partial),) = self.partials(rule.operation, z, [symbol], [True], known)
            self.chain(block, rule.rows, g, c, partial, known)
        elif isinstance(rule, Product):
            self.product_backward(block, rule.factors, g)
        elif isinstance(rule, Total):
            layers = [part for part in rule.parts if isinstance(part, Layer)]
            if layers:
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
        self, operation: Operation, z: Array, symbols: list[Value], wanted: list[bool], known: dict[Value, Operand]
    ) -> list[tuple[float, Value | None]]:
        """Return the partial derivatives from the table, each a factor times an expression of symbols (1, if None).

        The rules are called on Values that hold no number, so that what they return is the formula, for any operands.
        """
        result = Value(math.nan)
        known[result] = z
        return [factored(p) for p in operation.local_derivatives(result, symbols, wanted)]

    def chain(
        self, block: Block, x: Rows, g: Adjoint, c: float, partial: Value | None, known: dict[Value, Operand]
    ) -> None:
        """Hand g times a partial derivative on to an operand."""
        g = g._replace(c=g.c * c)
        if not c:
            return
        down = isinstance(block.rule, Reduction)
        if partial is None:
            self.contribute(x, g, block.wide)
        elif g.array is None and isinstance(ready := known.get(partial), Array):
            self.contribute(x, g._replace(array=ready), block.wide)
        else:

            def write(out: Array | None) -> Array:
                if g.array is not None:
                    return self.call("multiply", [g.array, self.expression(partial, known, down)], out)
                array = self.expression(partial, known, down, out)
                assert isinstance(array, Array)
                return array

            self.contribute(x, g, block.wide, write)

    def expression(self, node: Value, known: dict[Value, Operand], down: bool, out: Array | None = None) -> Operand:
        """Write an expression of symbols; in that of a reduction, operations of many operands run down the rows."""
        if node.constant:
            return node.data
        if node not in known:
            assert node.operation is not None
            xs = [self.expression(x, known, down) for x in node.operands]
            if down and node.operation.arity is None and isinstance(xs[0], Array):
                known[node] = total = self.array("t", 1, xs[0].wide)
                self.own(self.line(total), node.operation, xs[0].name, xs)
            else:
                known[node] = self.apply(node.operation, xs, out)
        return known[node]

    def product_backward(self, block: Block, factors: Sequence[Rows], g: Adjoint) -> None:
        arrays = [self.rows(x) for x in factors]
        for k, x in enumerate(factors):
            if arrays.index(arrays[k]) < k:
                continue  # a factor that comes several times is handed on once, with their number
            others = arrays[:k] + arrays[k + 1 :]
            part = g._replace(c=g.c * arrays.count(arrays[k]))
            if g.array is None and len(others) == 1:
                self.contribute(x, part._replace(array=others[0]), block.wide)
            else:
                given = [] if g.array is None else [g.array]

                def write(out: Array | None, xs: list[Array] = [*others, *given]) -> Array:  # noqa: B006  (bound now)
                    return self.product(xs, out)

                self.contribute(x, part, block.wide, write)

    def linear_backward(self, block: Block, x: Rows, coefficients: Sequence[float], g: Adjoint) -> None:
        if len(set(coefficients)) == 1:
            self.contribute(x, g._replace(c=g.c * coefficients[0]), block.wide)
            return
        column = self.constant(coefficients)
        if g.array is None:
            self.contribute(x, g._replace(array=column), block.wide)
        else:
            array = g.array
            self.contribute(x, g, block.wide, lambda out: self.call("multiply", [array, column], out))

    def layer_backward(self, part: Layer, g: Array) -> None:
        """Hand g on to the senders, and write the gradient of the weights."""
        weights = self.weights[id(part)]
        x = self.rows(part.senders)

        def write(out: Array | None) -> Array:
            out = out or self.array(f"d{x.name}", x.rows, True)
            self.write(out, f"dot({weights.matrix.name}.T, {g.name}, out={out.name})", [weights.matrix, g])
            return out

        self.contribute(part.senders, Adjoint(1.0, 0, None), True, write)
        flat = [k for row in weights.index for k in row]
        neurons, columns = len(weights.index), len(weights.index[0])
        number = weights.number
        label = f"dW{number}_and_db{number}" if part.biases is not None else f"dW{number}"
        direct = weights.view and self.direct.issuperset(flat)
        if direct:
            shape = f"gradient[{flat[0]}:{flat[-1] + 1}].reshape({neurons}, {columns})"
            self.written.update(flat)
        else:
            shape = f"empty(({neurons}, {columns}), dtype)"
        target = self.define(label, neurons, False, shape)
        self.comment(f"d{weights.matrix.name} = {g.name} @ {x.name}.T" + (f", db{number} = its rows' sums" if part.biases is not None else ""))
        if weights.biases is None:
            senders = self.with_one[x] if part.biases is not None else x
            self.write(None, f"dot({g.name}, {senders.name}.T, out={target.name})", [g, senders, target])
        else:
            dW = self.define(f"dW{number}", neurons, False, f"{target.name}[:, :-1]", target)
            db = self.define(f"db{number}", neurons, False, f"{target.name}[:, -1]", target)
            self.write(None, f"matmul({g.name}, {x.name}.T, out={dW.name})", [g, x, dW])
            self.write(None, f"add.reduce({g.name}, axis=1, out={db.name})", [g, db])
        if not direct:
            index = self.constant(weights.index, int)
            if len(set(flat)) == len(flat):
                self.statement(f"gradient[{index.name}] += {target.name}", [target])
            else:
                self.statement(f"add_at(gradient, {index.name}, {target.name})", [target])

    def parameter_gradients(self) -> None:
        """Write or add the gradients of parameters that are no layer's weights."""
        for part in self.contributions[self.plan.parameters.number]:
            factor = power(part.c, part.e)
            array = part.made()
            stride = step(part.index)
            if stride is not None:
                chosen = f"{part.index[0]}:{part.index[-1] + 1}:{stride}"
                rows = self.define("dp", len(part.index), False, f"gradient[{chosen}, None]", self.flat_gradient)
                if self.direct.issuperset(part.index):
                    self.written.update(part.index)
                    if array is None:
                        self.statement(f"{rows.name}.fill({text(factor)})", [rows])
                    else:
                        self.scale(array, factor, rows)
                elif array is None:
                    self.call("add", [rows, factor], rows)
                else:
                    self.accumulate(rows, [rows, array], factor)
                continue
            index = self.constant(part.index, int)
            if array is None:
                self.statement(f"add_at(gradient, {index.name}, {text(factor)})")
            else:
                array = self.times(array, factor)
                self.statement(f"add_at(gradient, {index.name}, {array.name}[:, 0])", [array])

    def statement(self, line: str, reads: Sequence[Operand] = ()) -> None:
        self.write(None, line, reads)


def power(c: float, e: int) -> Operand:
    """Return the factor c · nᵉ as an operand."""
    return c if e == 0 else f"{c!r} / n" if e == -1 else f"{c!r} * n" if e == 1 else f"{c!r} * n ** {e}"


def factored(partial: Any) -> tuple[float, Value | None]:
    """Return a partial derivative as a number times the rest, None if there is no rest.

    >>> factored(-(2.0 * Value(math.nan)))[0]
    -2.0
    """
    c = 1.0
    while isinstance(partial, Value) and partial.operands:
        name = partial.operation.name if partial.operation else ""
        x, *rest = partial.operands
        if name == "neg":
            c, partial = -c, x
        elif name == "mul" and x.constant:
            c, partial = c * x.data, rest[0]
        elif name in ("mul", "div") and rest[0].constant:
            c, partial = c * rest[0].data if name == "mul" else c / rest[0].data, x
        else:
            break
    if isinstance(partial, Value) and not partial.constant:
        return c, partial
    return c * (partial.data if isinstance(partial, Value) else float(partial)), None


def operands(block: Block) -> list[Rows]:
    """Return the rows that a block uses, but for the weights of layers."""
    rule = block.rule
    if isinstance(rule, Elementwise):
        return [x for x in rule.operands if isinstance(x, Rows)]
    if isinstance(rule, Product):
        return rule.factors
    if isinstance(rule, Reduction):
        return [rule.rows]
    if isinstance(rule, Total):
        return [part.senders if isinstance(part, Layer) else part.rows for part in rule.parts]
    return []
