"""What can be read off blocks and their rows: how rows lie, what a block is, what its nodes are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from autograd.lifting.grouping import Block, Elementwise, Layer, Rows, Total


def is_layered(block: Block) -> bool:
    """Whether a block holds net inputs: sums with a matrix product among their parts."""
    return isinstance(block.rule, Total) and any(isinstance(part, Layer) for part in block.rule.parts)


def is_activation(block: Block) -> bool:
    """Whether a block is a function of net inputs alone."""
    operands = block.rule.operands if isinstance(block.rule, Elementwise) else []
    return len(operands) == 1 and isinstance(operands[0], Rows) and is_layered(operands[0].block)


def whole(x: Rows) -> bool:
    """Whether rows are all those of their block, in order."""
    return len(x.index) == x.block.size and (x.block.size == 1 or x.index == tuple(range(x.block.size)))


def prefix(block: Block) -> str:
    """Return what the names of a block's nodes begin with, up to their numbers."""
    return common_prefix(block.names)


def common_prefix(names: Sequence[str]) -> str:
    """Return what names begin with, up to their numbers: w for w₁ and w₂; nothing if one has no name.

    >>> common_prefix(["w₁₁", "w₁₂"])
    'w'
    """
    if "" in names:
        return ""
    letters = {re.sub(r"[\W\d_].*", "", unicodedata.normalize("NFKD", name)) for name in names}
    return letters.pop() if len(letters) == 1 else ""
