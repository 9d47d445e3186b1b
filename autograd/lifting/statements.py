"""The statements of a program, the arrays that they read and write, and loops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Array:
    """An array of the program: its name, its rows, and whether it has a column for each sample or one for all.

    `definition` is the expression that makes it before the first call; without one it is written by a statement. The
    variable of a loop stands for one array in each iteration: its definition makes all of them.
    """

    name: str
    rows: int
    batched: bool
    definition: str = ""
    owner: Array | None = None  # whose memory a view shows
    per_batch: bool = False  # a view of the batch, so it is made anew in every call
    strided: bool = False  # not contiguous
    constant: bool = False
    part: tuple[int, int] | None = None  # of its owner's rows, if they are consecutive
    varies: bool = False  # the variable of a loop, or a part of one
    first: tuple[Array, ...] = ()  # the initial values of a loop variable, ahead of its owner's rows
    root: Array = field(init=False)  # which owns the memory

    def __post_init__(self) -> None:
        """Find the root."""
        self.root = self if self.owner is None else self.owner.root


@dataclass(slots=True)
class Statement:
    """One line: what it writes, its text with a gap for each array, those arrays, and what it reads.

    `comment` says what it, and those after it up to the next comment, compute.
    """

    target: Array | None
    form: str
    arrays: tuple[Array, ...]
    reads: tuple[Array, ...]
    comment: str = field(default="", kw_only=True)


Operand = Array | float | str  # a string is an expression of a number, such as 2 / n


@dataclass(slots=True)
class Call(Statement):
    """The call of one of NumPy's elementwise functions, which may write over what it reads."""

    function: str
    operands: tuple[Operand, ...]


@dataclass(slots=True)
class Loop:
    """A loop; backwards if its variables go from the last iteration to the first."""

    iterations: int
    body: list[Line]
    backwards: bool = False

    def variables(self) -> list[Array]:
        """Return the variables, each once."""
        return [*dict.fromkeys([array for x in flat(self.body) for array in x.arrays if array.varies])]


Line = Statement | Loop


def flat(lines: Iterable[Line]) -> Iterator[Statement]:
    """Yield the statements, those in the body of a loop once."""
    for x in lines:
        if isinstance(x, Loop):
            yield from flat(x.body)
        else:
            yield x


def fills(statement: Statement) -> bool:
    """Whether a statement writes one number into all of an array."""
    return statement.form.startswith("{}.fill(")


def elementwise(function: str, operands: Sequence[Operand], out: Array, comment: str = "") -> Call:
    """Return the call of a function on operands."""
    form = f"{function}({', '.join(map(gap, operands))}, out={{}})"
    reads = tuple([x for x in operands if isinstance(x, Array)])
    return Call(out, form, (*reads, out), reads, function, tuple(operands), comment=comment)


def roots(array: Array) -> list[Array]:
    """Return the arrays whose memory an array is a view of: several for a loop variable."""
    return [array.root, *[other.root for other in array.first]]


def by_iteration(array: Array, iterations: int, kept: int, first: Sequence[Array] = ()) -> str:
    """Return the expression for each iteration's rows of a stacked array that keeps some iterations in rotation.

    The initial values stand ahead.

    >>> by_iteration(Array("z", 4, True), 9, 2, [Array("x", 2, True)])
    '[x, *[*z.reshape(2, 2, -1)] * 5][:9]'
    """
    rows = f"{array.name}.reshape({kept}, {array.rows // kept}, -1)"
    if kept < iterations:
        rows = f"[*{rows}] * {-(-iterations // kept)}"
    if first:
        rows = f"[{', '.join([x.name for x in first])}, *{rows}]"
    elif kept < iterations:
        rows = f"({rows})"
    return rows if kept == iterations and not first else f"{rows}[:{iterations}]"


def text(x: Operand) -> str:
    """Return the text of an operand."""
    return x.name if isinstance(x, Array) else x if isinstance(x, str) else repr(x)


def gap(x: Operand) -> str:
    """Return the text of an operand in the form of a statement, where an array is a gap."""
    return "{}" if isinstance(x, Array) else text(x)


def product_text(c: Operand, x: Array) -> str:
    """Return the text of c · x."""
    return x.name if is_number(c, 1.0) else f"{text(c)} * {x.name}"


def is_number(x: Operand, number: float) -> bool:
    """Whether an operand is that number, and not an array."""
    return isinstance(x, float) and x == number


def is_one_number(xs: Sequence[float]) -> bool:
    """Whether all constants are the same number; 0.0 and −0.0 differ, NaN equals NaN."""
    return len({repr(x) for x in xs}) == 1
