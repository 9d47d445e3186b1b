"""The plan of a program: blocks, each of so many rows that are computed together, and the rules that compute them."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.row import Operation


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of a block, in the order in which another block uses them."""

    block: Block
    index: tuple[int, ...]


@dataclass
class Product:
    """The product of its factors."""

    factors: list[Rows]


@dataclass
class Elementwise:
    """An operation on rows and constants."""

    operation: Operation
    operands: list[Rows | list[float]]


@dataclass
class Reduction:
    """An operation of many operands, on all the rows: a block of one row."""

    operation: Operation
    rows: Rows


@dataclass
class Layer:
    """The matrix product of weights (a row of parameter numbers per neuron) with senders, plus, often, biases."""

    weights: list[list[int]]
    senders: Rows
    biases: list[int] | None


@dataclass
class Linear:
    """Coefficient times row, for each of the sum's rows."""

    coefficients: list[float]
    rows: Rows


@dataclass
class Gathered:
    """Many terms of one block: for each of the sum's rows, so many coefficients times so many rows, added up."""

    coefficients: list[list[float]]
    rows: Rows  # those of the first term of each row of the sum, then of the second, …


@dataclass
class Total:
    """A sum of parts."""

    parts: list[Layer | Linear | Gathered]
    constants: list[float]


Rule = Product | Elementwise | Reduction | Total


@dataclass(eq=False, slots=True)
class Block:
    """So many rows that are computed together; `rule` is None for the inputs and the parameters.

    A wide block has one column for each sample, the others one column for all. A trained one depends on parameters.
    """

    number: int
    size: int
    wide: bool
    trained: bool
    rule: Rule | None
    names: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """The blocks, each after those it uses, and the places of the outputs: a row, or a constant."""

    inputs: list[tuple[Block, tuple[int, ...]]]  # blocks of inputs, and which columns of a batch they are
    parameters: Block
    blocks: list[Block]
    outputs: list[Rows | float]
