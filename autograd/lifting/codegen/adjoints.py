"""The map from blocks to their adjoints: what the users of a block propagate to it, summed where it is needed.

A contribution is a factor c · nᵉ times an array that exists already, or that is written only where it is needed. So a
factor such as the 2/n of a mean squared error is one product, with the smallest array that it can be multiplied into,
and the adjoint of an activation is one matrix product, straight into its place.

Letters: g an adjoint, x an operand, c and e a factor c · nᵉ with n the size of the batch, d an adjoint's array.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np

from autograd.lifting.codegen.block_arrays import BlockArrays
from autograd.lifting.codegen.layout import stride
from autograd.lifting.plan import Block, Rows, is_moderate
from autograd.lifting.statements import Array, Operand, is_number, text


class Adjoint(NamedTuple):
    """c · nᵉ times an array, or times ones."""

    c: float
    e: int
    array: Array | None


@dataclass(slots=True)
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


class Adjoints:
    """Collects contributions, and emits their sums."""

    def __init__(self, arrays: BlockArrays) -> None:
        self.arrays, self.emit = arrays, arrays.emit
        self.contributions: dict[int, list[Contribution]] = defaultdict(list)
        self.adjoint_of: dict[Array, Array] = {}  # the array of a block -> its adjoint's own array
        self.destination: dict[int, Array] = {}  # block number -> the array that its adjoint must be written to

    def contribute(
        self, x: Rows, g: Adjoint, batched: bool, write: Callable[[Array | None], Array] | None = None
    ) -> None:
        """Add a contribution to the adjoint of some rows: g, or the factor of g times what `write` will write.

        A row that was broadcast over many rows, or over the batch, gets the sum over them.
        """
        if not x.block.trained:
            return
        c, e, array = g
        index = x.index
        if (array or write) and not is_moderate(c):  # carried along, it might overflow or underflow
            made = write(None) if write else array
            array, write, c = self.emit.scaled(cast("Array", made), c), None, 1.0
        if batched and not x.block.batched:
            array, write = write(None) if write else array, None
            if array is None or not array.batched:
                e += 1
            else:
                total = self.emit.array("t", array.rows, False)
                self.emit.write(total, "add.reduce({}, axis=1, keepdims=True, out={})", array, total)
                array = total
        if len(index) > 1 and len(set(index)) == 1:
            array, write = write(None) if write else array, None
            if array is None or array.rows == 1:
                c *= len(index)
            else:
                total = self.emit.array("t", 1, array.batched)
                self.emit.matrix_product(total, "{}, {}", self.emit.ones(array.rows), array, total)
                array = total
            index = index[:1]
        self.contributions[x.block.number].append(Contribution(index, c, e, array, write))

    def adjoint(self, block: Block) -> Adjoint:
        """Return the sum of a block's contributions; a single one needs no statement."""
        z = self.arrays.values[block.number]
        full = tuple(range(block.size))
        parts = self.contributions[block.number]
        if len(parts) > 1:
            parts = sorted(parts, key=lambda part: (part.index != full, part.write is None))
        first = parts[0]
        if len(parts) == 1 and first.index == full:
            return Adjoint(first.c, first.e, first.made(self.own_adjoint(block) if first.write else None))
        uses = f", summed over its {len(parts)} uses" if len(parts) > 1 else ""
        self.emit.comment(f"d{z.name} = ∂loss/∂{z.name}{uses}")
        c, e = abs(first.c), first.e
        alike = all([abs(part.c) == c and part.e == e for part in parts])
        if not alike or not is_moderate(c) or block.number in self.destination:
            c, e = (
                1.0,
                0,
            )  # into the array: the factors differ, or it could underflow, or the array must hold the whole adjoint
        d = self.own_adjoint(block)
        written = 0
        if first.index == full:
            written = self.begin(d, parts, [power(part.c / c, part.e - e) for part in parts[:2]])
        else:
            self.emit.fill(d, 0.0)
        for part in parts[written:]:
            self.add_part(d, part, power(part.c / c, part.e - e))
        return Adjoint(c, e, d)

    def begin(self, d: Array, parts: Sequence[Contribution], factors: Sequence[Operand]) -> int:
        """Write the first contribution, and the second where one statement does both; return how many were written."""
        made = parts[0].made(d)
        if made is None:
            self.emit.fill(d, factors[0])
        elif made is d:
            if not is_number(factors[0], 1.0):
                self.emit.call("multiply", [d, factors[0]], d)
        elif is_number(factors[0], 1.0) and len(parts) > 1 and parts[1].index == parts[0].index and parts[1].array:
            self.emit.accumulate(made, parts[1].array, factors[1], d)
            return 2
        else:
            self.emit.scale(made, factors[0], d)
        return 1

    def own_adjoint(self, block: Block) -> Array:
        """Return a new array for a block's adjoint, with a row for the adjoint of the row of ones, if there is one."""
        z = self.arrays.values[block.number]
        name = f"d{z.name}"
        if block.number in self.destination:
            self.adjoint_of[z] = self.destination[block.number]
        elif z in self.arrays.augmented:
            self.adjoint_of[z] = self.arrays.without_last_row(
                name, self.emit.array(f"{name}_and_1", block.size + 1, block.batched)
            )
        else:
            self.adjoint_of[z] = self.emit.array(name, block.size, block.batched)
        return self.adjoint_of[z]

    def write_adjoint(self, block: Block, d: Array, accumulates: bool = False) -> None:
        """Write the adjoint of a block into an array, or add it to what the array holds."""
        if not self.contributions[block.number]:
            if not accumulates:
                self.emit.fill(d, 0.0)
            return
        if not accumulates:
            self.destination[block.number] = d
        g = self.adjoint(block)
        factor = power(g.c, g.e)
        if accumulates:
            self.emit.comment(f"{d.name} accumulates over the iterations")
        if g.array is None and accumulates:
            self.emit.call("add", [d, factor], d)
        elif g.array is None:
            self.emit.fill(d, factor)
        elif accumulates:
            self.emit.accumulate(d, g.array, factor, d)
        elif g.array is not d:
            self.emit.scale(g.array, factor, d)
        elif not is_number(factor, 1.0):
            self.emit.call("multiply", [d, factor], d)

    def propagate(self, block: Block, g: Adjoint) -> None:
        """Add to the adjoint of all rows of a block."""
        self.contributions[block.number].append(Contribution(tuple(range(block.size)), *g))

    def add_part(self, d: Array, part: Contribution, factor: Operand) -> None:
        """Add a contribution to its rows of d."""
        array = part.made()
        every = stride(part.index)
        if every is not None:
            rows = d
            if part.index != tuple(range(d.rows)):
                rows = self.emit.view(d, part.index[0], part.index[-1] + 1, every)
            if array is None:
                self.emit.call("add", [rows, factor], rows)
            else:
                self.emit.accumulate(rows, array, factor, rows)
            return
        index = np.array(part.index)
        if array is None:  # ones
            rows_of, counts = np.unique(index, return_counts=True)
            i, column = self.emit.constant(rows_of, int), self.emit.constant(counts)
            self.emit.write(d, f"{{}}[{{}}] += {{}} * ({text(factor)})", d, i, column, changes=True)
        elif len(set(part.index)) == len(index):
            array = self.emit.scaled(array, factor)
            self.emit.write(d, "{}[{}] += {}", d, self.emit.constant(index, int), array, changes=True)
        else:  # repeated rows: sorted, so that one reduction sums the contributions to each
            array = self.emit.expanded(self.emit.scaled(array, factor), len(index), d.batched)
            rows_of, starts = np.unique(np.sort(index), return_index=True)
            order = self.emit.constant(np.argsort(index, kind="stable"), int)
            i, first = self.emit.constant(rows_of, int), self.emit.constant(starts, int)
            form = "{}[{}] += add.reduceat({}[{}], {}, axis=0)"
            self.emit.write(d, form, d, i, array, order, first, changes=True)

    def scaled(self, g: Adjoint, z: Array) -> Array:
        """Return the adjoint of z as one array."""
        factor = power(g.c, g.e)
        if g.array is None:
            return self.emit.define(f"d{z.name}", z.rows, z.batched, f"full(({z.rows}, n), {text(factor)}, dtype)")
        if is_number(factor, 1.0):
            return self.emit.expanded(g.array, z.rows, z.batched)
        out = g.array if g.array is self.adjoint_of.get(z) else self.emit.array(f"d{z.name}", z.rows, z.batched)
        self.emit.scale(g.array, factor, out)
        return out


def power(c: float, e: int) -> Operand:
    """Return the factor c · nᵉ as an operand."""
    return c if e == 0 else f"{c!r} / n" if e == -1 else f"{c!r} * n" if e == 1 else f"{c!r} * n ** {e}"
