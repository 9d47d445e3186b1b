"""Which slip explains wrong gradients, from the graph alone.

Each slip that a person may make on the way back along the arrows is made on purpose: a local derivative left out, its
sign turned, an arrow forgotten, …, at one arrow or at every node of one operation. The sweep is taken again with it,
and what then reproduces every number given is named, if chance would hardly reproduce as much.

Letters: C the root, z a node, x an operand, p a local derivative, g an adjoint; an arrow (z, i) leads from z to its
operand i.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograd.backward import topological_order
from autograd.choices import chosen

if TYPE_CHECKING:
    from autograd.checking.digits import Given
    from autograd.row import Operation
    from autograd.value import Value

MOST_ARROWS = 300  # of a graph that is searched
LARGEST_N = 1000
NEEDED = 1.8  # digits of evidence, beyond those that so many slips as leave the right numbers alone could explain
EXACT = 1e-13  # floats agree no better than to this fraction

Change = Callable[["Value", int, float], float]  # what is taken for the local derivative p of an arrow (z, i)


@dataclass(frozen=True)
class Slip:
    """A slip: its name, how to mend it, the gradients that it gives, and the digits that its fitted number costs."""

    name: str
    remedy: str
    gradients: list[float]
    cost: float = 0.0


LOSSES = "look which loss you derived: (a − y)² has 2(a − y), ½(a − y)² has a − y"
FACTORS = (
    (-1.0, "opposite sign", "look which sign you derived: a gradient is ∂C/∂w, and a step of descent subtracts it"),
    (2.0, "factor 2", LOSSES),
    (0.5, "factor ½", LOSSES),
)
SUM = "a gradient is the sum over all arrows that leave its box: local derivative × gradient at the head"


def diagnose(values: Sequence[Value], given: Sequence[Given]) -> str:
    """Return the line that names the slip behind wrong gradients, or what keeps it from being found, or "".

    values: after `backward()`. given: their expected gradients. The graph that is searched is the one below them.
    """
    pairs = list(zip(values, given, strict=True))
    if not all(math.isfinite(x.grad) and math.isfinite(number.number) for x, number in pairs):
        return ""
    nodes = topological_order(*values)
    used = {x for z in nodes for x in z.operands}
    wrong = {x for x, number in pairs if not number.agrees(x.grad)}
    roots = {x for x in values if x.operands and x not in used}  # whose own gradient is 1, and no evidence
    everywhere = all(x in wrong or x in roots or not x.grad for x in values)
    graph = Graph(values, nodes) if sum(len(z.operands) for z in nodes) <= MOST_ARROWS else None
    if graph and graph.added_up:
        return "The gradients are not those of one backward() alone: they add up in a leaf; set them to 0.0 before."
    groups = [list(factors(pairs, wrong, everywhere)), list(graph.slips()) if graph else []]
    for slips in groups if everywhere else reversed(groups):
        if found := convincing(slips, pairs):
            other = f" ({found[1].name} would give the same numbers)" if found[1:] else ""
            return f"Diagnosis: {found[0].name}{other}. To mend it: {found[0].remedy}."
    if graph and not graph.whole:
        return "For a diagnosis along the graph give the gradient of its root as well: {loss: 1, w: 0.19}."
    return ""


def convincing(slips: Sequence[Slip], pairs: Sequence[tuple[Value, Given]]) -> list[Slip]:
    """Return the slips that reproduce all numbers, where these say more than so many slips could explain by chance."""
    possible = [
        slip
        for slip in slips
        if all(number.agrees(g) for (x, number), g in zip(pairs, slip.gradients, strict=True) if number.agrees(x.grad))
    ]
    digits = sum(evidence(x.grad, number) for x, number in pairs)
    return [
        slip
        for slip in possible
        if digits - math.log10(len(possible)) - slip.cost >= NEEDED
        and all(number.agrees(g) for (_, number), g in zip(pairs, slip.gradients, strict=True))
    ]


def evidence(engine: float, given: Given) -> float:
    """Return the digits by which a wrong number, once reproduced, speaks for a slip."""
    if given.agrees(engine):
        return 0.0
    distance, size = abs(given.number - engine), abs(given.number)
    miss = max(given.half_unit, EXACT * (size + abs(engine)))
    return max(math.log10(min(distance, size or distance) / (2.0 * miss)), 0.0)


def factors(pairs: Sequence[tuple[Value, Given]], wrong: Set[Value], everywhere: bool) -> Iterator[Slip]:
    """Yield the common factors by which the wrong gradients may differ; n and 1/n of all of them only."""
    some = "" if everywhere else f", of {', '.join(label(x) for x, _ in pairs if x in wrong)}"

    def times(factor: float) -> list[float]:
        return [factor * x.grad if x in wrong else x.grad for x, _ in pairs]

    for factor, name, remedy in FACTORS:
        yield Slip(name + some, remedy, times(factor))
    ratio = next((number.number / x.grad for x, number in pairs if x in wrong and x.grad), 0.0)
    n = round(max(ratio, 1.0 / ratio)) if ratio > 0.0 else 0
    if 2 < n <= LARGEST_N and everywhere:
        name, remedy = ("1/n missing", "a sum, and the engine's a mean")
        if ratio < 1.0:
            name, remedy = ("1/n", "a mean, and the engine's a sum")
        remedy = f"look which loss you derived: yours is {remedy}"
        yield Slip(f"{name} (n = {n})", remedy, times(1.0 / n if ratio < 1.0 else n), math.log10(n))


class Graph:
    """The graph below some Values, swept again with slips.

    partials: of each node. users: the arrows that lead to it. outside: what of its adjoint arrives along none of these.
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
    def whole(self) -> bool:
        """Whether all that arrives comes from a root in sight, whose gradient is 1."""
        return all(rest in (0.0, 1.0) for rest in self.outside.values())

    @property
    def added_up(self) -> bool:
        """Whether a leaf holds more than what the only root in sight, whose gradient is 1, has sent."""
        roots = [x for x, users in self.users.items() if not users and x.operands]
        if len(roots) != 1 or roots[0].grad != 1.0:
            return False
        return any(rest and not x.operands and self.users[x] for x, rest in self.outside.items())

    def swept(self, change: Change) -> list[float]:
        """Return the gradients of the Values with other local derivatives."""
        adjoints: dict[Value, float] = {}
        for x in reversed(self.nodes):
            arriving = [change(z, i, self.partials[z][i]) * adjoints[z] for z, i in self.users[x]]
            adjoints[x] = self.outside[x] + math.fsum(arriving)
        return [adjoints[x] for x in self.values]

    def slips(self) -> Iterator[Slip]:
        """Yield every slip at one arrow, the root's first, and at all nodes of one operation."""
        for z in reversed(self.nodes):
            for i, x in enumerate(z.operands):
                if not x.constant and z.grad and self.partials[z][i]:
                    yield from self.at_arrow(z, i)
        operations = Counter(z.operation for z in reversed(self.nodes) if z.operation)
        for row, count in operations.items():
            if count > 1:
                yield from self.at_operation(row)

    def at_arrow(self, z: Value, i: int) -> Iterator[Slip]:
        """Yield the slips at the arrow from z to its operand i."""
        x, p = z.operands[i], self.partials[z][i]
        from_z_to_x = f"∂{label(z)}/∂{label(x)}"

        def taken(q: float) -> list[float]:
            return self.swept(lambda node, j, partial: q if node is z and j == i else partial)

        if p != 1.0:
            remedy = f"multiply by it on the way from {label(z)} to {label(x)}"
            yield Slip(f"missing local derivative {from_z_to_x} = {p:.6g}", remedy, taken(1.0))
        if len(self.users[x]) > 1:
            name = f"forgotten path, the arrow from {label(z)} to {label(x)}"
            yield Slip(name, f"{SUM}; here {p:.6g} × {z.grad:.6g} = {p * z.grad:.6g} is missing", taken(0.0))
        if (count := len(self.users[x])) > 2:
            others = {user for user in self.users[x] if user != (z, i)}
            alone = self.swept(lambda node, j, partial: 0.0 if (node, j) in others else partial)
            yield Slip(f"of the {count} arrows from {label(x)} only the one to {label(z)} taken", SUM, alone)
        if len(z.operands) == 2 and not z.operands[1 - i].constant and self.partials[z][1 - i] != p:
            remedy = f"it is {p:.6g}; {self.partials[z][1 - i]:.6g} is ∂{label(z)}/∂{label(z.operands[1 - i])}"
            yield Slip(f"{from_z_to_x} taken to the other operand", remedy, taken(self.partials[z][1 - i]))
        for factor, name, _ in FACTORS:
            yield Slip(f"{name} in {from_z_to_x}", f"it is {p:.6g}", taken(factor * p))

    def at_operation(self, row: Operation) -> Iterator[Slip]:
        """Yield the slips at every node of one operation."""

        def taken(factor: float | None) -> list[float]:
            return self.swept(lambda z, i, p: p if z.operation is not row else 1.0 if factor is None else factor * p)

        yield Slip(f"missing local derivative of every {row.name}", "multiply by it at each of them", taken(None))
        for factor, name, _ in FACTORS:
            yield Slip(f"{name} in the local derivative of every {row.name}", "look it up in the table", taken(factor))


def label(x: Value) -> str:
    """Return a Value's name on one line, or, of one without a name, what it is."""
    if not x.name:
        return f"unnamed {x.operation.name if x.operation else 'leaf'} {x.data:.6g}"
    name = "".join(c if c.isprintable() else " " for c in x.name)
    return name if len(name) < 40 else f"{name[:39]}…"
