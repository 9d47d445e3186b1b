"""Which mistake explains wrong gradients, from the graph alone.

Every mistake that a person may make while going back through the graph is tried: a local derivative left out, its sign
reversed, an edge forgotten, …, at one edge or at every node of one operation. The reverse sweep is repeated with the
mistake, and a mistake that reproduces every given number is named, unless chance could easily have done so.

Letters: z a node, x an operand, p a local derivative, g a gradient; the edge (z, i) leads from z to its operand i.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.backward import topological_order
from autograd.choices import chosen

if TYPE_CHECKING:
    from autograd.checking.digits import GivenNumber
    from autograd.row import Operation
    from autograd.value import Value

MAX_EDGES_SEARCHED = 300
MAX_N = 1000  # the largest n of a factor n or 1/n
MIN_DIGITS_OF_EVIDENCE = 1.8  # beyond the digits that chance could explain, given how many mistakes are possible
FLOAT_PRECISION = 1e-13  # two floats are not expected to agree to a smaller fraction
MAX_NAME_LENGTH = 40  # of a Value in a message

PartialRule = Callable[["Value", int, float], float]  # gives the number used in place of p at the edge (z, i)


@dataclass(frozen=True)
class Candidate:
    """A possible mistake.

    Attributes:
        name: What the mistake is.
        remedy: How to correct it.
        gradients: The gradients that it leads to.
        cost: The digits of evidence that a number fitted to the given ones uses up.
    """

    name: str
    remedy: str
    gradients: list[float]
    cost: float = 0.0


WHICH_LOSS = "check which loss you derived: Σ(a − y)² has 2(a − y), ½Σ(a − y)² has a − y"
COMMON_FACTORS = (
    (-1.0, "opposite sign", "check which sign you derived: a gradient is ∂C/∂w, and gradient descent subtracts it"),
    (2.0, "factor 2", WHICH_LOSS),
    (0.5, "factor ½", WHICH_LOSS),
)
SYMBOL = r"[^\W\d][\w⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉,′]*"  # a name that needs no quotation marks in ∂a/∂b
SUM_OVER_USES = "a gradient is the sum over all uses of the Value: local derivative × gradient of the result"


def diagnose(values: Sequence[Value], given: Sequence[GivenNumber]) -> str:
    """Return one line that names the mistake behind wrong gradients.

    The search covers the graph below the Values.

    Args:
        values: The Values whose gradients are compared, after `backward()`.
        given: The gradient expected of each.

    Returns:
        The diagnosis, or what prevents one, or "" where no mistake explains the numbers.
    """
    pairs = list(zip(values, given, strict=True))
    if not all(math.isfinite(x.grad) and math.isfinite(number.number) for x, number in pairs):
        return ""
    nodes = topological_order(*values)
    used = {x for z in nodes for x in z.operands}
    wrong = {x for x, number in pairs if not number.agrees(x.grad)}
    roots = {x for x in values if x.operands and x not in used}  # whose own gradient is 1, and no evidence
    everywhere = all(x in wrong or x in roots or not x.grad for x in values)
    sweep = ReverseSweep(values, nodes) if sum(len(z.operands) for z in nodes) <= MAX_EDGES_SEARCHED else None
    if sweep and sweep.accumulated:
        return (
            "The gradients come from more than one backward(), which adds to a leaf's gradient: set the gradients to "
            "0.0 before each backward()."
        )
    groups = [list(common_factors(pairs, wrong, everywhere)), list(sweep.candidates()) if sweep else []]
    for candidates in groups if everywhere else reversed(groups):
        if found := convincing(candidates, pairs):
            other = f" ({found[1].name} would give the same numbers)" if found[1:] else ""
            return f"Diagnosis: {found[0].name}{other}. To correct it: {found[0].remedy}."
    if sweep and not sweep.starts_at_root:
        return "For a diagnosis along the graph, give the gradient of its root as well: {loss: 1, w: 0.19}."
    return ""


def convincing(candidates: Sequence[Candidate], pairs: Sequence[tuple[Value, GivenNumber]]) -> list[Candidate]:
    """Return the candidates that reproduce all numbers, if these have more digits than chance could explain.

    The more candidates leave the right numbers as they are, the likelier one of them fits the wrong ones by chance.
    """
    possible = [
        candidate
        for candidate in candidates
        if all(
            number.agrees(g) for (x, number), g in zip(pairs, candidate.gradients, strict=True) if number.agrees(x.grad)
        )
    ]
    digits = sum(evidence(x.grad, number) for x, number in pairs)
    return [
        candidate
        for candidate in possible
        if digits - math.log10(len(possible)) - candidate.cost >= MIN_DIGITS_OF_EVIDENCE
        and all(number.agrees(g) for (_, number), g in zip(pairs, candidate.gradients, strict=True))
    ]


def evidence(engine: float, given: GivenNumber) -> float:
    """Return how many digits of evidence for a mistake there are in a wrong number that the mistake reproduces."""
    if given.agrees(engine):
        return 0.0
    distance, size = abs(given.number - engine), abs(given.number)
    miss = max(given.half_unit, FLOAT_PRECISION * (size + abs(engine)))
    return max(math.log10(min(distance, size or distance) / (2.0 * miss)), 0.0)


def common_factors(
    pairs: Sequence[tuple[Value, GivenNumber]], wrong: Set[Value], everywhere: bool
) -> Iterator[Candidate]:
    """Yield the common factors by which the wrong gradients may differ; n and 1/n only where all gradients are wrong.

    Args:
        pairs: Each Value and the gradient expected of it.
        wrong: The Values whose gradients differ.
        everywhere: Whether all gradients are wrong, apart from zeros and the root's own.
    """
    some = "" if everywhere else f", in {', '.join(label(x) for x, _ in pairs if x in wrong)}"

    def times(factor: float) -> list[float]:
        return [factor * x.grad if x in wrong else x.grad for x, _ in pairs]

    for factor, name, remedy in COMMON_FACTORS:
        yield Candidate(name + some, remedy, times(factor))
    ratio = next((number.number / x.grad for x, number in pairs if x in wrong and x.grad), 0.0)
    n = round(max(ratio, 1.0 / ratio)) if ratio > 0.0 else 0
    if 2 < n <= MAX_N and everywhere:
        name, remedy = ("1/n missing", "a sum, and the engine's a mean")
        if ratio < 1.0:
            name, remedy = ("1/n", "a mean, and the engine's a sum")
        remedy = f"check which loss you derived: yours is {remedy}"
        yield Candidate(f"{name} (n = {n})", remedy, times(1.0 / n if ratio < 1.0 else n), math.log10(n))


class ReverseSweep:
    """The reverse sweep over the graph below some Values, which can be repeated with a mistake in it.

    Attributes:
        partials: The local derivatives of each node.
        users: The edges that lead to each node.
        outside: The part of each node's gradient that comes along none of these edges.
    """

    def __init__(self, values: Sequence[Value], nodes: Sequence[Value]) -> None:
        self.values, self.nodes = values, nodes
        used = {x for z in nodes for x in z.operands}
        counting = set(chosen(nodes, [z for z in nodes if z not in used], conditions=False))
        self.partials = {z: z.partials() if z in counting else (0.0,) * len(z.operands) for z in nodes}
        self.users: dict[Value, list[tuple[Value, int]]] = {z: [] for z in nodes}
        for z in reversed(nodes):
            for i, x in enumerate(z.operands):
                if not x.constant:
                    self.users[x].append((z, i))
        self.outside = {}
        for x, users in self.users.items():
            terms = [self.partials[z][i] * z.grad for z, i in users]
            rest = x.grad - math.fsum(terms)
            self.outside[x] = 0.0 if abs(rest) <= 1e-12 * max(map(abs, terms), default=0.0) else rest  # rounding

    @property
    def starts_at_root(self) -> bool:
        """Whether every gradient comes from a root in this graph, whose own gradient is 1."""
        return all(rest in (0.0, 1.0) for rest in self.outside.values())

    @property
    def accumulated(self) -> bool:
        """Whether a leaf's gradient holds more than the only root, whose own gradient is 1, contributes."""
        roots = [x for x, users in self.users.items() if not users and x.operands]
        if len(roots) != 1 or roots[0].grad != 1.0:
            return False
        return any(rest and not x.operands and self.users[x] for x, rest in self.outside.items())

    def gradients(self, partial: PartialRule) -> list[float]:
        """Return the gradients of the Values with other local derivatives."""
        adjoints: dict[Value, float] = {}
        for x in reversed(self.nodes):
            terms = [partial(z, i, self.partials[z][i]) * adjoints[z] for z, i in self.users[x]]
            adjoints[x] = self.outside[x] + math.fsum(terms)
        return [adjoints[x] for x in self.values]

    def candidates(self) -> Iterator[Candidate]:
        """Yield every mistake at one edge, beginning at the root, and at all nodes of one operation."""
        for z in reversed(self.nodes):
            for i, x in enumerate(z.operands):
                if not x.constant and z.grad and self.partials[z][i]:
                    yield from self.at_edge(z, i)
        operations = Counter(z.operation for z in reversed(self.nodes) if z.operation)
        for row, count in operations.items():
            if count > 1:
                yield from self.at_operation(row)

    def at_edge(self, z: Value, i: int) -> Iterator[Candidate]:
        """Yield the mistakes at the edge from z to its operand i."""
        x, p = z.operands[i], self.partials[z][i]
        partial = f"∂{symbol(z)}/∂{symbol(x)}"

        def with_partial(q: float) -> list[float]:
            return self.gradients(lambda node, j, own: q if node is z and j == i else own)

        if p != 1.0:
            remedy = f"multiply by it on the way from {label(z)} to {label(x)}"
            yield Candidate(f"missing local derivative {partial} = {p:.6g}", remedy, with_partial(1.0))
        if len(self.users[x]) > 1:
            remedy = f"{SUM_OVER_USES}; here {p:.6g} × {z.grad:.6g} = {p * z.grad:.6g} is missing"
            yield Candidate(f"forgotten path, the edge from {label(z)} to {label(x)}", remedy, with_partial(0.0))
        if (count := len(self.users[x])) > 2:
            others = {user for user in self.users[x] if user != (z, i)}
            alone = self.gradients(lambda node, j, own: 0.0 if (node, j) in others else own)
            yield Candidate(f"only {label(z)} counted among the {count} uses of {label(x)}", SUM_OVER_USES, alone)
        if len(z.operands) == 2 and not z.operands[1 - i].constant and self.partials[z][1 - i] != p:
            other, y = self.partials[z][1 - i], z.operands[1 - i]
            name = f"{partial} confused with ∂{symbol(z)}/∂{symbol(y)}"
            yield Candidate(
                name, f"{partial} is {p:.6g}; {other:.6g} is ∂{symbol(z)}/∂{symbol(y)}", with_partial(other)
            )
        for factor, name, _ in COMMON_FACTORS:
            yield Candidate(f"{name} in {partial}", f"it is {p:.6g}", with_partial(factor * p))

    def at_operation(self, row: Operation) -> Iterator[Candidate]:
        """Yield the mistakes made at every node of one operation."""

        def with_factor(factor: float | None) -> list[float]:
            def partial(z: Value, i: int, p: float) -> float:
                if z.operation is not row:
                    return p
                return 1.0 if factor is None else factor * p

            return self.gradients(partial)

        name = f"missing local derivative of every {row.name}"
        yield Candidate(name, "multiply by it at each of them", with_factor(None))
        for factor, name, _ in COMMON_FACTORS:
            name = f"{name} in the local derivative of every {row.name}"
            yield Candidate(name, "look it up in the table of operations", with_factor(factor))


def label(x: Value) -> str:
    r"""Return what a message calls a Value: its name on one line, or else its operation and number.

    >>> from autograd import Value
    >>> print(label(Value(1.0, "a\nb")), label(Value(1.0)), sep=", ")
    a\nb, unnamed leaf 1
    """
    if not x.name:
        return f"unnamed {x.operation.name if x.operation else 'leaf'} {x.data:.6g}"
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in x.name)
    return name if len(name) < MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…"


def symbol(x: Value) -> str:
    """Return how a Value is written in a derivative: its label, in quotation marks unless it reads as one symbol.

    >>> from autograd import Value
    >>> symbol(Value(1.0, "w⁽¹⁾₂₃")), symbol(Value(1.0, "p/q")), symbol(Value(1.0))
    ('w⁽¹⁾₂₃', '“p/q”', '(unnamed leaf 1)')
    """
    if not x.name:
        return f"({label(x)})"
    return label(x) if re.fullmatch(SYMBOL, x.name) else f"“{label(x)}”"
