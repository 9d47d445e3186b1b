"""A plan taken apart into variables: one number each, of one row, where a block has many rows and a column per sample.

A loop stays a loop. A variable of its body stands for one number in each iteration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard, cast

from autograd.lifting.names import identifier
from autograd.lifting.plan import (
    Block,
    Elementwise,
    Layer,
    Linear,
    Plan,
    Product,
    Recurrence,
    Reduction,
    Rows,
    Rule,
    layer_weights,
)
from autograd.row import Operation


@dataclass(eq=False, slots=True)
class Variable:
    """A number: how it is called, what computes it, and the loop that does so in each iteration.

    A given one has no rule: an input, a parameter, or what an iteration takes from elsewhere. `place` is where a list
    holds it. A trained one depends on parameters.
    """

    name: str
    trained: bool
    loop: RowLoop | None = None
    rule: RowRule | None = None
    place: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class RowSum:
    """A sum of products, each a coefficient and factors, and of a constant."""

    terms: tuple[tuple[float, tuple[Variable, ...]], ...]
    constant: float


@dataclass(frozen=True, slots=True)
class RowOperation:
    """Any other operation."""

    operation: Operation
    operands: tuple[Variable | float, ...]


RowRule = RowSum | RowOperation


@dataclass(eq=False, slots=True)
class Carry:
    """A variable that holds what another one was in an earlier iteration, at first the initial values."""

    variable: Variable
    source: Variable
    first: list[Variable]  # as many as the iterations that it reaches back


@dataclass(eq=False, slots=True)
class RowLoop:
    """A loop: the variables of its body, what is carried, and what differs from iteration to iteration.

    Read after it are elements, (variable, iteration), each a variable as well: those of the last iteration by a name
    of their own, those of others in a list, `listed`.
    """

    iterations: int
    body: list[Variable] = field(default_factory=list)
    carries: list[Carry] = field(default_factory=list)
    varying: list[tuple[Variable, list[Variable]]] = field(default_factory=list)
    elements: dict[tuple[Variable, int], Variable] = field(default_factory=dict)
    listed: dict[Variable, str] = field(default_factory=dict)


@dataclass
class Variables:
    """The variables of a program, in the order in which they are computed."""

    inputs: list[Variable]  # those that a plan uses
    parameters: list[Variable]
    computed: list[Variable | RowLoop]
    outputs: list[Variable | float]


class Names:
    """Gives out names, each once."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self.taken = set(reserved)
        self.counts: Counter[str] = Counter()

    def name(self, wanted: str) -> str:
        """Return an unused identifier like the wanted one; of nothing, v1, v2, …."""
        word = unique = identifier(wanted) if wanted else ""
        while not unique or unique in self.taken:
            self.counts[word] += 1
            unique = f"{word}_{self.counts[word] + 1}" if word else f"v{self.counts[word]}"
        self.taken.add(unique)
        return unique


def variables_of(plan: Plan, names: Names) -> Variables:
    """Return the variables of a plan."""
    return _Taken(plan, names).apart()


class _Taken:
    def __init__(self, plan: Plan, names: Names) -> None:
        self.plan, self.names = plan, names
        self.known: dict[tuple[Block, int], Variable] = {}  # of the rows of blocks
        self.stacks: dict[Block, tuple[Block, RowLoop]] = {}  # the block of a body that a stack has the rows of

    def apart(self) -> Variables:
        inputs = [
            self.give(block, row, "row", column)
            for block, columns in self.plan.inputs
            for row, column in enumerate(columns)
        ]
        block = self.plan.parameters
        parameters = [self.give(block, row, "parameters", row) for row in range(block.size)]
        computed: list[Variable | RowLoop] = []
        for part in self.plan.blocks:
            if isinstance(part, Recurrence):
                computed.append(self.loop(part))
            else:
                computed += self.compute(part, None)
        outputs = [x if isinstance(x, float) else self.at(x.block, x.index[0]) for x in self.plan.outputs]
        return Variables(inputs, parameters, without_products(computed, outputs), outputs)

    def give(self, block: Block, row: int, holder: str, place: int) -> Variable:
        """Return the variable of an input or a parameter."""
        name = self.names.name(block.names[row] if row < len(block.names) else "")
        self.known[block, row] = variable = Variable(name, block.trained, place=(holder, place))
        return variable

    def at(self, block: Block, row: int) -> Variable:
        """Return the variable of a row."""
        if block not in self.stacks:
            return self.known[block, row]
        body, loop = self.stacks[block]
        iteration, row = divmod(row, body.size)
        variable = self.known[body, row]
        key = variable, iteration
        if key not in loop.elements:
            if iteration == loop.iterations - 1:
                element = Variable(self.names.name(f"{variable.name}_last"), variable.trained)
            else:
                if variable not in loop.listed:
                    loop.listed[variable] = self.names.name(f"{variable.name}_each")
                listed = loop.listed[variable]
                element = Variable(f"{listed}[{iteration}]", variable.trained, place=(listed, iteration))
            loop.elements[key] = element
        return loop.elements[key]

    def compute(self, block: Block, loop: RowLoop | None, layers: Sequence[Sequence[Variable]] = ()) -> list[Variable]:
        """Return the variables of a block's rows. `layers` has the weights of those layers where they vary."""
        found = []
        for row in range(block.size):
            name = self.names.name(block.names[row] if row < len(block.names) else "")
            variable = Variable(name, block.trained, loop, self.rule(block, row, layers))
            self.known[block, row] = variable
            found.append(variable)
        return found

    def rule(self, block: Block, row: int, layers: Sequence[Sequence[Variable]]) -> RowRule:
        """Return what computes a row of a block."""
        rule = cast("Rule", block.rule)  # a block that is computed has one
        if isinstance(rule, Elementwise):
            operands = [self.at(x.block, x.index[row]) if isinstance(x, Rows) else x[row] for x in rule.operands]
            return RowOperation(rule.operation, tuple(operands))
        if isinstance(rule, Reduction):
            return RowOperation(rule.operation, tuple([self.at(rule.rows.block, k) for k in rule.rows.index]))
        if isinstance(rule, Product):
            return RowSum(((1.0, tuple([self.at(x.block, x.index[row]) for x in rule.factors])),), 0.0)
        terms: list[tuple[float, tuple[Variable, ...]]] = []
        varying = iter(layers)
        for part in rule.parts:
            rows = part.senders if isinstance(part, Layer) else part.rows
            if isinstance(part, Layer):
                width, biased = len(rows.index), part.biases is not None
                if part.iterations:
                    each = next(varying)[row * (width + biased) :][: width + biased]
                else:
                    each = [self.at(self.plan.parameters, k) for k in layer_weights(part.weights, part.biases, row)]
                terms += [(1.0, (w, self.at(rows.block, k))) for w, k in zip(each, rows.index, strict=False)]
                terms += [(1.0, (each[-1],))] * biased
            elif isinstance(part, Linear):
                terms.append((part.coefficients[row], (self.at(rows.block, rows.index[row]),)))
            else:
                columns = enumerate(part.coefficients)
                terms += [(c[row], (self.at(rows.block, rows.index[k * block.size + row]),)) for k, c in columns]
        return RowSum(tuple(terms), rule.constants[row])

    def loop(self, recurrence: Recurrence) -> RowLoop:
        """Return a recurrence as a loop over single numbers."""
        loop = RowLoop(recurrence.iterations)
        for external in recurrence.external:
            size, rows = external.block.size, external.rows
            if external.varies:
                starts = range(0, len(rows.index), size)
                for row in range(size):
                    each = [self.at(rows.block, rows.index[k + row]) for k in starts]
                    self.known[external.block, row] = self.vary(loop, each[::-1] if external.backwards else each)
            else:
                for row, k in enumerate(rows.index):
                    self.known[external.block, row] = self.at(rows.block, k)
        for carried in recurrence.carried:
            for row in range(carried.block.size):
                first = [self.at(x.block, x.index[row]) for x in carried.first]
                name = self.names.name(f"{first[0].name.split('[')[0]}_before")
                variable = Variable(name, carried.block.trained, loop)
                self.known[carried.block, row] = variable
                loop.carries.append(Carry(variable, variable, first))
        for block in recurrence.body:
            loop.body += self.compute(block, loop, self.varying_weights(loop, block))
        body_of = dict(zip(recurrence.stacks, recurrence.body, strict=True))
        sources = [self.known[body_of[x.stack], row] for x in recurrence.carried for row in range(x.block.size)]
        for carry, source in zip(loop.carries, sources, strict=True):
            carry.source = source
        self.stacks |= {stack: (block, loop) for stack, block in body_of.items()}
        return loop

    def vary(self, loop: RowLoop, each: list[Variable]) -> Variable:
        """Return a variable that is another one in each iteration."""
        name = self.names.name(f"{each[0].name.split('[')[0]}_t")
        variable = Variable(name, any([x.trained for x in each]), loop)
        loop.varying.append((variable, each))
        return variable

    def varying_weights(self, loop: RowLoop, block: Block) -> list[list[Variable]]:
        """Return the weights of those layers of a block that have others in each iteration, and the biases."""
        found = []
        for part in getattr(block.rule, "parts", ()):
            if isinstance(part, Layer) and part.iterations:
                flat = [
                    [k for row in range(len(weights)) for k in layer_weights(weights, biases, row)]
                    for weights, biases in part.iterations
                ]
                columns = zip(*flat, strict=True)
                found.append([self.vary(loop, [self.at(self.plan.parameters, k) for k in ks]) for ks in columns])
        return found


def used(rule: RowRule | None) -> Iterator[Variable]:
    """Yield the variables that a rule reads, as often as it does."""
    if isinstance(rule, RowOperation):
        yield from [x for x in rule.operands if isinstance(x, Variable)]
    elif rule is not None:
        for _, factors in rule.terms:
            yield from factors


def flat(computed: Sequence[Variable | RowLoop]) -> list[Variable]:
    """Return the variables that are computed, those of loops among them."""
    return [x for part in computed for x in (part.body if isinstance(part, RowLoop) else [part])]


def is_product(rule: RowRule | None) -> TypeGuard[RowSum]:
    """Whether a rule is a product with no number ahead."""
    if not isinstance(rule, RowSum) or rule.constant or len(rule.terms) > 1:
        return False
    ((c, factors),) = rule.terms
    return c == 1.0 and len(factors) > 1


def without_products(
    computed: list[Variable | RowLoop], outputs: Sequence[Variable | float]
) -> list[Variable | RowLoop]:
    """Return what is computed without the products that are read once, as a term of a sum: those are written there."""
    uses: Counter[Variable] = Counter([x for variable in flat(computed) for x in used(variable.rule)])
    kept = {x for x in outputs if isinstance(x, Variable)}
    for loop in computed:
        if isinstance(loop, RowLoop):
            kept.update([x for carry in loop.carries for x in (carry.source, *carry.first)])
            kept.update([x for _, each in loop.varying for x in each])
            kept.update([variable for variable, _ in loop.elements])
    merged: set[Variable] = set()

    def merge(user: Variable) -> None:
        if not isinstance(user.rule, RowSum):
            return
        terms = []
        for c, factors in user.rule.terms:
            x = factors[0]
            if len(factors) == 1 == uses[x] and x not in kept and x.loop is user.loop and is_product(x.rule):
                merged.add(x)
                ((_, factors),) = x.rule.terms
            terms.append((c, factors))
        user.rule = RowSum(tuple(terms), user.rule.constant)

    for variable in flat(computed):
        merge(variable)
    for loop in computed:
        if isinstance(loop, RowLoop):
            loop.body = [x for x in loop.body if x not in merged]
    return [x for x in computed if x not in merged]
