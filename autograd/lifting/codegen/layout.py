"""How the rows of blocks are laid out, what kind of block one is, and what its nodes are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from autograd.lifting.plan import Block, Elementwise, Layer, Product, Rows, Rule, Total

MAX_ROWS_ONE_BY_ONE = 4  # of a larger block the operands are always gathered


def layers(rule: Rule | None) -> list[Layer]:
    """Return the matrix products among the parts of a sum."""
    return [part for part in rule.parts if isinstance(part, Layer)] if isinstance(rule, Total) else []


def is_layered(block: Block) -> bool:
    """Whether a block holds net inputs: sums with a matrix product among their parts."""
    return bool(layers(block.rule))


def is_activation(block: Block) -> bool:
    """Whether a block is a function of net inputs alone."""
    operands = block.rule.operands if isinstance(block.rule, Elementwise) else []
    return len(operands) == 1 and isinstance(operands[0], Rows) and is_layered(operands[0].block)


def whole(x: Rows) -> bool:
    """Whether rows are all those of their block, in order."""
    return len(x.index) == x.block.size and (x.block.size == 1 or x.index == tuple(range(x.block.size)))


def stride(index: Sequence[int]) -> int | None:
    """Return the stride of evenly spaced rows, 1 if they are one and the same, None of any others."""
    if len(index) == 1 or len(set(index)) == 1:
        return 1
    first = index[1] - index[0]
    return first if first > 0 and all([b - a == first for a, b in pairwise(index)]) else None


def one_by_one(block: Block) -> list[Rule]:
    """Return the rules of a block's rows, one by one if gathering operands would take as many statements; else its own.

    Where a derivative will be taken, the gathered operands serve that too.
    """
    rule = cast("Rule", block.rule)
    if block.trained or not 1 < block.size <= MAX_ROWS_ONE_BY_ONE or not isinstance(rule, (Product, Elementwise)):
        return [rule]
    operands = rule.factors if isinstance(rule, Product) else rule.operands
    uneven = {(x.block.number, x.index) for x in operands if isinstance(x, Rows) and stride(x.index) is None}
    if block.size > 1 + len(uneven):
        return [rule]
    rules: list[Rule] = []
    for k in range(block.size):
        if isinstance(rule, Product):
            rules.append(Product([Rows(x.block, (x.index[k],)) for x in rule.factors]))
        else:
            row = [Rows(x.block, (x.index[k],)) if isinstance(x, Rows) else [x[k]] for x in rule.operands]
            rules.append(Elementwise(rule.operation, row))
    return rules


def prefix(block: Block) -> str:
    """Return what the names of a block's nodes begin with, up to their numbers."""
    return common_prefix(block.names)


def common_prefix(names: Sequence[str]) -> str:
    """Return what plain names begin with, up to their numbers: w for w1 and w2; nothing if one has no name.

    >>> common_prefix(["w11", "w12"])
    'w'
    """
    if "" in names:
        return ""
    letters = {re.sub(r"[\d_].*", "", name) for name in names}
    return letters.pop() if len(letters) == 1 else ""
