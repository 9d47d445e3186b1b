"""Pass 5, forward: the statements that compute the blocks.

Letters: z a block's result, x its operands, W weights, b biases, c coefficients, n the size of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from autograd.lifting.arrays import Arrays
from autograd.lifting.lines import Array, Loop, Operand, is_number, product_text, text
from autograd.lifting.names import plain
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
    Rule,
    Total,
)
from autograd.lifting.reading import layers, one_by_one

MANY = 6  # a comment names so many terms of a longer sum, and its last


class Forward(Arrays):
    """Writes the statements that compute the blocks."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        for block, columns in plan.inputs:
            self.input(block, columns)
        for part in plan.blocks:
            if isinstance(part, Recurrence):
                self.recurrence(part)
            else:
                self.values[part.number] = self.buffer(part, self.block_name(part))
                self.block(part, self.values[part.number])
        self.split = len(self.statements)  # where a backward pass begins
        self.kept: list[Array] = []  # what outlasts the call, beside the outputs
        self.vouched: set[int] = set()  # weights of whose gradients others tell whether they are finite

    # Loops -----------------------------------------------------------------------------------------------------------

    def recurrence(self, loop: Recurrence) -> None:
        """Write what computes a recurrence."""
        for outer in loop.outer:
            array = self.rows(outer.rows, each=True)
            if outer.varies:
                array = self.of_turn(array, loop.turns, outer.backwards, self.shown(outer.rows))
            self.values[outer.block.number] = array
        for block, family in zip(loop.body, loop.families, strict=True):
            name = self.block_name(family)
            if block.number in self.biased and family not in self.outside:
                self.values[block.number] = self.with_one_of_turn(name, block, loop.turns)
            else:
                self.values[family.number] = self.buffer(family, name)
                self.values[block.number] = self.of_turn(self.values[family.number], loop.turns)
        for carried in loop.carried:
            first = [self.rows(x) for x in carried.first]
            self.values[carried.block.number] = self.carried(self.values[carried.family.number], first, loop.turns)
        for block in loop.body:
            for part in layers(block.rule):
                self.layer(part)
        with self.loop(loop.turns):
            for block in loop.body:
                self.block(block, self.values[block.number])

    @contextmanager
    def loop(self, turns: int, backwards: bool = False) -> Iterator[None]:
        """Have what is written meanwhile be the body of a loop; what it computes is known within it alone."""
        before, known, self.statements = self.statements, set(self.known), []
        yield
        before.append(Loop(turns, self.statements, backwards))
        self.statements = before
        self.known = {key: array for key, array in self.known.items() if key in known or array.definition}

    # Statements ------------------------------------------------------------------------------------------------------

    def block(self, block: Block, z: Array) -> None:
        """Write what computes a block: at once, or its rows one by one."""
        rules = one_by_one(block)
        for k, rule in enumerate(rules):
            self.compute(rule, z if len(rules) == 1 else self.view(z, k, k + 1))

    def compute(self, rule: Rule, z: Array) -> None:
        """Write what computes some rows."""
        if isinstance(rule, Elementwise):
            operands = [self.operand(x) for x in rule.operands]
            self.comment(f"{z.name} = {plain(rule.operation.name)}({', '.join(text(x) for x in operands)})")
            self.apply(rule.operation, operands, z)
        elif isinstance(rule, Reduction):
            x = self.rows(rule.rows, each=True)
            self.comment(f"{z.name} = {plain(rule.operation.name)} of the rows of {x.name}")
            self.own(self.line(z), rule.operation, "{}", [x])
        elif isinstance(rule, Product):
            xs = [self.rows(x) for x in rule.factors]
            self.comment(f"{z.name} = {' * '.join(x.name for x in xs)}")
            self.product(xs, z)
        else:
            self.total(rule, z)

    def product(self, xs: Sequence[Array], out: Array | None = None) -> Array:
        """Write the product of arrays."""
        if len(xs) == 1:
            return xs[0]
        if len(xs) == 2:
            return self.call("square", xs[:1], out) if xs[0] is xs[1] else self.call("multiply", xs, out)
        return self.call("multiply", [self.product(xs[:-1]), xs[-1]], out)

    def total(self, rule: Total, z: Array) -> None:
        """Write a sum: the first layer straight into z, everything else added to it."""
        place = len(self.statements)
        terms: list[tuple[float | Array, Array]] = []  # coefficient, array
        said = []
        started = False
        for part in rule.parts:
            if isinstance(part, Layer):
                out = self.array("t", z.rows, True) if started else z
                said.append(self.layer_forward(part, out))
                if started:
                    terms.append((1.0, out))
                started = True
            elif isinstance(part, Linear):
                terms.append(self.linear(part))
                said.append(product_text(*terms[-1]))
            else:
                straight = not started and part.rows.block.wide == z.wide
                out = z if straight else self.array("t", z.rows, part.rows.block.wide)
                said.append(f"the sum of the rows of {self.gathered(part, z.rows, out)}")
                if not straight:
                    terms.append((1.0, out))
                started = started or straight
        constant: Operand = rule.constants[0] if len(set(rule.constants)) == 1 else self.constant(rule.constants)
        if constant != 0.0:
            said.append(text(constant))
        said.sort(key=lambda term: term.startswith("-"))
        if len(said) > 2 * MANY:
            said[MANY:-1] = [f"… ({len(said)} terms)"]
        sum_of = " + ".join(said).replace("+ -1.0 * ", "- ").replace("+ -", "- ")
        self.statements.insert(place, f"{z.name} = {sum_of}")
        self.add_up(terms, constant, z, started)

    def layer_forward(self, part: Layer, out: Array) -> str:
        """Write W @ x + b; return how to say so."""
        x = self.rows(part.senders)
        weights = self.layer(part)
        if weights.joint:
            self.matrix_product(out, "{}, {}", weights.whole, self.with_one[x], out)
        else:
            self.matrix_product(out, "{}, {}", weights.matrix, x, out)
            if weights.biases is not None:
                self.call("add", [out, weights.biases], out)
        return f"{weights.matrix.name} @ {x.name}" + (f" + b{weights.number}" if weights.biases is not None else "")

    def linear(self, part: Linear) -> tuple[float | Array, Array]:
        """Return a term's coefficient, or the column of them, and its rows."""
        same = len(set(part.coefficients)) == 1
        return part.coefficients[0] if same else self.constant(part.coefficients), self.rows(part.rows)

    def gathered(self, part: Gathered, size: int, total: Array) -> str:
        """Write the sum of many rows times their coefficients; return how to say what is added up."""
        x = self.rows(part.rows, each=True)
        coefficients = [c for column in part.coefficients for c in column]
        same = len(set(coefficients)) == 1
        if size == 1:  # as a product with a row, which takes BLAS half the time of add.reduce
            row = self.ones(len(coefficients)) if set(coefficients) == {1.0} else self.constant([coefficients])
            self.matrix_product(total, "{}, {}", row, x, total)
        else:
            if not same or coefficients[0] != 1.0:
                x = self.call("multiply", [x, coefficients[0] if same else self.constant(coefficients)])
            stacked = f"{{}}.reshape({len(part.coefficients)}, {size}, -1)"
            self.write(total, f"add.reduce({stacked}, axis=0, out={{}})", x, total)
        return product_text(coefficients[0], x) if size == 1 and same else x.name

    def add_up(self, terms: list[tuple[float | Array, Array]], constant: Operand, z: Array, started: bool) -> None:
        """Write z (+)= the sum of coefficient times array, plus a constant, in as few statements as may be."""
        terms = sorted(terms, key=lambda term: (not is_number(term[0], 1.0), not is_number(term[0], -1.0)))
        if not started:
            (c, x), terms = terms[0], terms[1:]
            if not terms and not is_number(constant, 0.0) and is_number(c, -1.0):
                self.call("subtract", [constant, x], z)
                return
            if is_number(c, 1.0):
                if terms:
                    (d, y), terms = terms[0], terms[1:]
                    if is_number(d, 1.0) or is_number(d, -1.0):
                        self.call("add" if is_number(d, 1.0) else "subtract", [x, y], z)
                    else:
                        self.call("add", [x, self.call("multiply", [y, d])], z)
                elif not is_number(constant, 0.0):
                    self.call("add", [x, constant], z)
                    return
                else:
                    self.write(z, "copyto({}, {})", z, x)
            else:
                self.call("negative", [x], z) if is_number(c, -1.0) else self.call("multiply", [x, c], z)
        for c, x in terms:
            if is_number(c, 1.0) or is_number(c, -1.0):
                self.call("add" if is_number(c, 1.0) else "subtract", [z, x], z)
            else:
                self.call("add", [z, self.call("multiply", [x, c])], z)
        if not is_number(constant, 0.0):
            self.call("add", [z, constant], z)
