"""The plan of a program: blocks, whose rows are computed together, and the rules that compute them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from autograd.row import Operation

MAX_TERMS_UNROLLED = 8  # one statement each; more are gathered and reduced at once


@dataclass(eq=False, slots=True)
class Rows:
    """Rows of a block, in the order in which another block reads them."""

    block: Block
    index: tuple[int, ...]


@dataclass(slots=True)
class Product:
    """The product of its factors."""

    factors: list[Rows]


@dataclass(slots=True)
class Elementwise:
    """An operation on rows and constants."""

    operation: Operation
    operands: list[Rows | list[float]]


@dataclass(slots=True)
class Reduction:
    """An operation of many operands, on all the rows: a block of one row."""

    operation: Operation
    rows: Rows


@dataclass(slots=True)
class Layer:
    """The matrix product of weights (a row of parameter numbers per neuron) with senders, plus, often, biases."""

    weights: list[list[int]]
    senders: Rows
    biases: list[int] | None
    # The weights and biases of each iteration of a loop, where they vary.
    iterations: list[tuple[list[list[int]], list[int] | None]] = field(default_factory=list)


@dataclass(slots=True)
class Linear:
    """Coefficient times row, for each of the sum's rows."""

    coefficients: list[float]
    rows: Rows


@dataclass(slots=True)
class Gathered:
    """Many terms of one block: each row of the sum adds up the products of several coefficients and rows."""

    coefficients: list[list[float]]
    rows: Rows  # those of the first term of each row of the sum, then of the second, …


@dataclass(slots=True)
class Total:
    """A sum of parts."""

    parts: list[Layer | Linear | Gathered]
    constants: list[float]


Rule = Product | Elementwise | Reduction | Total


@dataclass(eq=False, slots=True)
class Block:
    """Rows that are computed together; `rule` is None for the inputs and the parameters.

    A loop-carried or external block has the rule of what it stands for, which gives it its name.
    A batched block has one column for each sample, the others one column for all. A trained one depends on parameters.
    """

    number: int
    size: int
    batched: bool
    trained: bool
    rule: Rule | None
    names: list[str] = field(default_factory=list)


@dataclass
class Carried:
    """A loop-carried block: its block in the body, the stack that it is taken from, and the initial values."""

    block: Block
    stack: Block
    first: list[Rows]  # as many as the iterations that it reaches back


@dataclass
class External:
    """What an iteration takes from outside the loop: its block in the body, and the rows, iteration by iteration."""

    block: Block
    rows: Rows  # or those of one iteration, if all take the same
    backwards: bool = False  # whether the rows of the last iteration come first

    @property
    def varies(self) -> bool:
        """Whether each iteration takes rows of its own."""
        return len(self.rows.index) > self.block.size


@dataclass
class Recurrence:
    """A loop: the blocks of one iteration, and for each of them a stack, the block of the rows of all iterations.

    The blocks of the body use each other, what is carried, and what is external.
    """

    iterations: int
    body: list[Block]
    stacks: list[Block]
    carried: list[Carried]
    external: list[External]


@dataclass
class Plan:
    """The blocks, each after those it uses, and the places of the outputs: a row, or a constant."""

    inputs: list[tuple[Block, tuple[int, ...]]]  # blocks of inputs, and which columns of a batch they are
    parameters: Block
    blocks: Sequence[Block | Recurrence]
    outputs: list[Rows | float]


def runs(outputs: Sequence[Rows | float]) -> list[Rows | list[float]]:
    """Return outputs, joining consecutive rows of one block, and consecutive constants."""
    found: list[list[Any]] = []  # a block and its rows, or None and constants
    for x in outputs:
        block, value = (x.block, x.index[0]) if isinstance(x, Rows) else (None, x)
        if found and found[-1][0] is block and (block is None or value == found[-1][-1] + 1):
            found[-1].append(value)
        else:
            found.append([block, value])
    return [values if block is None else Rows(block, tuple(values)) for block, *values in found]


def computed(x: Block | Recurrence) -> list[Block]:
    """Return the blocks that are computed: a block itself, or those of an iteration."""
    return x.body if isinstance(x, Recurrence) else [x]


def taken(x: Block | Recurrence) -> list[Rows]:
    """Return the rows that a block reads, or that a loop takes from outside."""
    if isinstance(x, Recurrence):
        return [*[external.rows for external in x.external], *[rows for carried in x.carried for rows in carried.first]]
    return operands(x.rule)


def operands(rule: Rule | None) -> list[Rows]:
    """Return the rows that a rule reads, without the weights of layers."""
    if isinstance(rule, Product):
        return rule.factors
    if isinstance(rule, Total):
        return [part.senders if isinstance(part, Layer) else part.rows for part in rule.parts]
    if isinstance(rule, Elementwise):
        return [x for x in rule.operands if isinstance(x, Rows)]
    return [rule.rows] if isinstance(rule, Reduction) else []


def with_operands(rule: Rule, rows: Iterator[Rows]) -> Rule:
    """Return a rule with other rows, in the order of `operands`."""
    if isinstance(rule, Elementwise):
        return Elementwise(rule.operation, [next(rows) if isinstance(x, Rows) else x for x in rule.operands])
    if isinstance(rule, Product):
        return Product(list(rows))
    if isinstance(rule, Reduction):
        return Reduction(rule.operation, next(rows))
    parts = [
        replace(part, senders=x) if isinstance(part, Layer) else replace(part, rows=x)
        for part, x in zip(rule.parts, rows, strict=True)
    ]
    return Total(parts, rule.constants)


def gathered(parts: Sequence[Layer | Linear | Gathered], size: int) -> list[Layer | Linear | Gathered]:
    """Return the parts of a sum of `size` rows, with many terms of one block as one part."""
    found: list[Layer | Linear | Gathered] = [part for part in parts if not isinstance(part, Linear)]
    by_block: dict[Block, list[Linear]] = defaultdict(list)
    for part in parts:
        if isinstance(part, Linear):
            by_block[part.rows.block].append(part)
    for block, terms in by_block.items():
        if len(terms) > most_terms(size):
            index = tuple([row for term in terms for row in term.rows.index])
            found.append(Gathered([term.coefficients for term in terms], Rows(block, index)))
        else:
            found += terms
    return found


def most_terms(size: int) -> int:
    """Return how many terms of one block a sum of `size` rows adds one by one."""
    return 2 if size == 1 else MAX_TERMS_UNROLLED


def layer_weights(weights: list[list[int]], biases: list[int] | None, neuron: int) -> list[int]:
    """Return the parameters of one neuron of a layer: its weights, then its bias."""
    return weights[neuron] if biases is None else [*weights[neuron], biases[neuron]]


def is_moderate(c: float) -> bool:
    """Whether a factor is far enough from overflow and underflow to be multiplied ahead of the data."""
    return 1e-8 < abs(c) < 1e8
