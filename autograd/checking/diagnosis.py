"""Which mistake explains wrong gradients, from the graph alone.

Every mistake that a person may make while going back through the graph is tried: a local derivative left out, its sign
reversed, an edge forgotten, …, at one edge or at every node of one operation. The reverse sweep is repeated with the
mistake, and a mistake that reproduces every given number is named, unless chance could easily have done so.

Letters: z a node, x an operand, p a local derivative, g a gradient; the edge (z, i) leads from z to its operand i.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from autograd.backward import topological_order
from autograd.checking.candidates import (
    COMMON_FACTORS,
    MAX_N,
    Candidate,
    convincing,
    label,
    symbol,
)
from autograd.checking.parameters import FACTOR_NAMES, Group, edges_of, explanation
from autograd.choices import chosen

if TYPE_CHECKING:
    from autograd.checking.digits import GivenNumber
    from autograd.row import Operation
    from autograd.value import Value

MAX_EDGES_SEARCHED = 300

PartialRule = Callable[["Value", int, float], float]  # gives the number used in place of p at the edge (z, i)

WHICH_FACTOR = (
    "other gradients are right, so the loss is, and the factor came in on the way to these; a weight's gradient is δ "
    "times the sender's activation, a bias's is δ"
)
SUM_OVER_USES = "a gradient is the sum over all uses of the Value: local derivative × gradient of the result"


def diagnose(
    values: Sequence[Value],
    given: Sequence[GivenNumber],
    groups: Sequence[Group] = (),
    within: Sequence[Value] = (),
) -> str:
    """Return one line that names the mistake, or two, behind wrong gradients.

    Args:
        values: The Values whose gradients are compared, after `backward()`.
        given: The gradient expected of each.
        groups: Which of them are a matrix or a vector of parameters.
        within: More Values, whose graph is searched as well as that below the others.

    Returns:
        The diagnosis, or what prevents one, or "" where no mistake explains the numbers.
    """
    pairs = list(zip(values, given, strict=True))
    if not all(math.isfinite(x.grad) and math.isfinite(number.number) for x, number in pairs):
        return ""
    nodes = topological_order(*values, *within)
    used = {x for z in nodes for x in z.operands}
    wrong = {x for x, number in pairs if not number.agrees(x.grad)}
    roots = {x for x in values if x.operands and x not in used}  # whose own gradient is 1, and no evidence
    everywhere = all(x in wrong or x in roots or not x.grad for x in values)
    sweep = ReverseSweep.over(values, nodes) if sum(len(z.operands) for z in nodes) <= MAX_EDGES_SEARCHED else None
    if sweep and sweep.accumulated:
        return (
            "The gradients come from more than one backward(), which adds to a leaf's gradient: set the gradients to "
            "0.0 before each backward()."
        )
    some_right = any(x.grad and x not in wrong and x not in roots for x in values)
    instead = WHICH_FACTOR if some_right else ""
    deltas_given = any(x.operands and x not in roots for x in values)
    factors = [] if groups and not everywhere else list(common_factors(pairs, wrong, everywhere, instead))
    if not deltas_given and not instead:
        factors = [replace(c, remedy=f"{c.remedy}; if the deltas are right, it came in after them") for c in factors]
    searched = [factors, list(sweep.candidates()) if sweep else []]
    for candidates in searched if everywhere else reversed(searched):
        if found := convincing(candidates, [(x.grad, number) for x, number in pairs]):
            other = f" ({found[1].name} would give the same numbers)" if found[1:] else ""
            return f"Diagnosis: {found[0].name}{other}. To correct it: {found[0].remedy}."
    if line := in_groups(dict(pairs), groups or [leaves(values)], nodes, instead):
        return line
    if sweep and not within and not sweep.starts_at_root:
        return "For a diagnosis along the graph, give the gradient of its root as well: {loss: 1, w: 0.19}."
    return ""


def leaves(values: Sequence[Value]) -> Group:
    """Return the leaves among some Values as one group."""
    return Group("", [x for x in values if not x.operands])


def in_groups(given: Mapping[Value, GivenNumber], groups: Sequence[Group], nodes: Sequence[Value], instead: str) -> str:
    """Return the line that names one mistake, or two, in the gradients of parameters given together; "" if none.

    Args:
        given: The gradient expected of each Value.
        groups: The parameters.
        nodes: The graph, in topological order.
        instead: As for `common_factors`.
    """
    edges, lines, remedies = edges_of(nodes), [], []
    for made in explanation([(group.last_step(edges), [given[x] for x in group.values]) for group in groups]):
        names = [name for name in made.places if name]
        place = f", in {', '.join(names[:-1])}{' and ' * (len(names) > 1)}{names[-1]}" if names else ""
        everywhere = len(made.places) == sum(bool(group.values) for group in groups) > 1
        lines.append(made.name + (", everywhere" if everywhere else place))
        remedies.append(instead if instead and made.name in FACTOR_NAMES else made.remedy)
    return f"Diagnosis: {', and '.join(lines)}. To correct it: {'; '.join(dict.fromkeys(remedies))}." if lines else ""


def common_factors(
    pairs: Sequence[tuple[Value, GivenNumber]], wrong: Set[Value], everywhere: bool, instead: str = ""
) -> Iterator[Candidate]:
    """Yield the common factors by which the wrong gradients may differ; n and 1/n only where all gradients are wrong.

    Args:
        pairs: Each Value and the gradient expected of it.
        wrong: The Values whose gradients differ.
        everywhere: Whether all gradients are wrong, apart from zeros and the root's own.
        instead: A remedy in place of the one that asks which loss was derived.
    """
    some = "" if everywhere else f", in {', '.join(label(x) for x, _ in pairs if x in wrong)}"

    def times(factor: float) -> list[float]:
        return [factor * x.grad if x in wrong else x.grad for x, _ in pairs]

    for factor, name, remedy in COMMON_FACTORS:
        yield Candidate(name + some, instead or remedy, times(factor), one_unknown=True)
    ratio = next((number.number / x.grad for x, number in pairs if x in wrong and x.grad), 0.0)
    n = round(max(ratio, 1.0 / ratio)) if ratio > 0.0 else 0
    if 2 < n <= MAX_N and everywhere:
        name, remedy = ("1/n missing", "a sum, and the engine's a mean")
        if ratio < 1.0:
            name, remedy = ("1/n", "a mean, and the engine's a sum")
        remedy = f"check which loss you derived: yours is {remedy}"
        yield Candidate(
            f"{name} (n = {n})", remedy, times(1.0 / n if ratio < 1.0 else n), math.log10(n), one_unknown=True
        )


@dataclass(frozen=True)
class ReverseSweep:
    """The reverse sweep over the graph below some Values, which can be repeated with a mistake in it.

    Attributes:
        values: The Values.
        nodes: The graph, in topological order.
        partials: The local derivatives of each node.
        users: The edges that lead to each node.
        outside: The part of each node's gradient that comes along none of these edges.
    """

    values: Sequence[Value]
    nodes: Sequence[Value]
    partials: dict[Value, tuple[float, ...]]
    users: dict[Value, list[tuple[Value, int]]]
    outside: dict[Value, float]

    @classmethod
    def over(cls, values: Sequence[Value], nodes: Sequence[Value]) -> ReverseSweep:
        """Return the sweep over a graph, after `backward()`."""
        used = {x for z in nodes for x in z.operands}
        counting = set(chosen(nodes, [z for z in nodes if z not in used], conditions=False))
        partials = {z: z.partials() if z in counting else (0.0,) * len(z.operands) for z in nodes}
        users: dict[Value, list[tuple[Value, int]]] = {z: [] for z in nodes}
        for z in reversed(nodes):
            for i, x in enumerate(z.operands):
                if not x.constant:
                    users[x].append((z, i))
        outside = {}
        for x, edges in users.items():
            terms = [partials[z][i] * z.grad for z, i in edges]
            rest = x.grad - math.fsum(terms)
            outside[x] = 0.0 if abs(rest) <= 1e-12 * max(map(abs, terms), default=0.0) else rest  # rounding
        return cls(values, nodes, partials, users, outside)

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
