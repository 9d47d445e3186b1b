"""Mistakes in the last step of a derivation: from the gradient of a net input to those of its weights and biases.

A parameter w that is multiplied by x in a node z has the gradient Σ x · ∂C/∂z over its uses, one for each example of a
batch. A mistake takes another number in place of x or of ∂C/∂z, in all parameters that were given together, such as a
matrix; or it changes all their gradients alike. Only numbers are needed, so they may come from a graph, or be those
that a learner has found so far.

Letters: w a parameter, x what it is multiplied by, z the node that uses w, δ = ∂C/∂z, a = f(z), η learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from autograd.checking.candidates import (
    COMMON_FACTORS,
    ERROR_RATE,
    MAX_LEARNING_RATE,
    ROUND_RATES,
    Candidate,
    reproducing,
)

if TYPE_CHECKING:
    from autograd.checking.digits import GivenNumber
    from autograd.value import Value

FACTOR_NAMES = {name for _, name, _ in COMMON_FACTORS}
MAX_MISTAKES = 2  # in one explanation
MAX_EXAMPLES = 32  # of a batch, of which one alone may have been counted


class Use(NamedTuple):
    """One use of a parameter, with the numbers that its gradient, and the mistakes in it, are made of.

    Attributes:
        x: What it is multiplied by; 1.0 for a bias.
        delta: δ.
        w: The parameter itself.
        net_input: That of the neuron whose activation is x; x itself, if it is an input.
        activation: A of the node that uses it.
        slope: f′(z); None where f is not a function of z alone, or the identity.
        inputs: For a bias, what the weights beside it are multiplied by.
        multiplies: Whether it is multiplied by anything.
    """

    x: float
    delta: float
    w: float = math.nan
    net_input: float = math.nan
    activation: float = math.nan
    slope: float | None = None
    inputs: Sequence[float] = ()
    multiplies: bool = True


# fmt: off
PRODUCT = "∂C/∂w is δ times the sender's activation"
TERMS: list[tuple[str, str, Callable[[Use], float | None]]] = [  # name, remedy, and the term in place of x · δ
    ("missing activation of the sender", f"multiply by it: {PRODUCT}",
        lambda use: use.delta if use.multiplies else None),
    ("missing delta of the receiver", f"multiply by it: {PRODUCT}",
        lambda use: use.x),
    ("net input of the sender instead of its activation", "a weight multiplies a, not z",
        lambda use: use.net_input * use.delta if use.multiplies else None),
    ("activation of the receiver instead of the sender", "∂z/∂w is the sender's activation",
        lambda use: use.activation * use.delta if use.multiplies else None),
    ("weight in place of the activation", "∂z/∂w is what w is multiplied by, not w itself",
        lambda use: use.w * use.delta if use.multiplies else None),
    ("activation derivative a second time", "δ contains f′(z) already",
        lambda use: None if use.slope is None else use.x * use.delta * use.slope),
]
# fmt: on


@dataclass(frozen=True)
class LastStep:
    """The step to the gradients of some parameters that are given together, which can be repeated with a mistake in it.

    Attributes:
        name: What a message calls the parameters; "" for those that are given one by one.
        gradients: The right ones, row by row.
        uses: Those of each parameter, the last example first; none where it is not used in such a way.
        rows: The number of rows, if they are a matrix; otherwise 1.
        sign: −1.0 where −∂C/∂w is asked for and a step adds it, as in the handout; otherwise 1.0.
    """

    name: str
    gradients: Sequence[float]
    uses: Sequence[Sequence[Use]]
    rows: int = 1
    sign: float = 1.0

    @property
    def examples(self) -> int:
        """How many times each parameter is used; 0 if they differ."""
        counts = set(map(len, self.uses))
        return counts.pop() if len(counts) == 1 else 0

    def candidates(self, ratio: float) -> Iterator[Candidate]:
        """Yield every mistake, and each of them together with a common factor.

        Args:
            ratio: Of a given gradient and the right one, from which a learning rate is fitted.
        """
        single = [c for c in self.in_terms() if c.gradients != self.gradients]
        yield from self.factors(ratio)
        yield from single
        for factor, name, remedy in COMMON_FACTORS:
            for c in single:
                numbers = [factor * g for g in c.gradients]
                yield Candidate(f"{c.name} and {name}", f"{c.remedy}; {remedy}", numbers, cost=c.cost)

    def factors(self, ratio: float) -> Iterator[Candidate]:
        """Yield the factors by which all gradients may differ."""
        right = self.gradients
        for factor, name, remedy in COMMON_FACTORS:
            yield Candidate(name, remedy, [factor * g for g in right], one_unknown=True)
        n = self.examples
        if n > 2:
            batch = f"over the batch (n = {n})"
            yield Candidate(
                f"sum instead of the mean {batch}", f"divide by {n}", [n * g for g in right], one_unknown=True
            )
            remedy = f"do not divide by {n}"
            yield Candidate(f"mean instead of the sum {batch}", remedy, [g / n for g in right], one_unknown=True)
        for digits in (1, 2):
            factor = float(f"{ratio:.{digits}g}")
            if 0.0 < (rate := -self.sign * factor) <= MAX_LEARNING_RATE and factor not in (-1.0, 0.5, 2.0):
                numbers = [factor * g for g in right]
                name = f"the step −η · ∂C/∂w in place of the gradient (η = {rate:g})"
                remedy = "a gradient is given without η, by which the step multiplies it"
                yield Candidate(name, remedy, numbers, math.log10(ROUND_RATES[digits]), one_unknown=True)

    def in_terms(self) -> Iterator[Candidate]:
        """Yield the mistakes in a term, and in the order or number of terms."""
        if not all(self.uses):
            return
        for name, remedy, term in TERMS:
            if (numbers := self.sums(term)) is not None:
                yield Candidate(name, remedy, numbers)
        if 1 < self.rows < len(self.gradients):
            columns = len(self.gradients) // self.rows
            swapped = [self.gradients[i * columns + j] for j in range(columns) for i in range(self.rows)]
            yield Candidate("transposed matrix", "its rows and columns are exchanged", swapped)
        if 1 < self.examples <= MAX_EXAMPLES:
            for k in range(self.examples):
                alone = [uses[k].x * uses[k].delta for uses in self.uses]
                name = f"only example {self.examples - k} of {self.examples} counted"
                yield Candidate(name, "add up the terms of all examples", alone)
        for k in range(min(len(use.inputs) for uses in self.uses for use in uses)):
            if (numbers := self.sums(lambda use, k=k: use.inputs[k] * use.delta)) is not None:  # type: ignore[misc]
                name = f"value of input {k + 1} instead of 1"
                yield Candidate(name, "a bias is multiplied by 1: its gradient is δ itself", numbers)

    def sums(self, term: Callable[[Use], float | None]) -> list[float] | None:
        """Return the gradients with another term for each use; None if a use has no such term."""
        found = []
        for uses in self.uses:
            terms = [t for use in uses if (t := term(use)) is not None]
            if len(terms) < len(uses) or not all(map(math.isfinite, terms)):
                return None
            found.append(math.fsum(terms))
        return found


class Explained(NamedTuple):
    """A mistake, how to correct it, and the names of the parameters whose gradients it explains."""

    name: str
    remedy: str
    places: tuple[str, ...]


Found = Sequence[tuple[str, dict[str, tuple[Candidate, float]]]]  # of each step, by the name of a mistake


def explanation(steps: Sequence[tuple[LastStep, Sequence[GivenNumber]]]) -> list[Explained]:
    """Return the mistake, or the two, that explain all wrong gradients; nothing where chance could do so.

    Args:
        steps: Those to all parameters, with the gradients that are given.
    """
    found: list[tuple[str, dict[str, tuple[Candidate, float]]]] = []
    for step, given in steps:
        pairs = list(zip(step.gradients, given, strict=True))
        wrong = [(g, number) for g, number in pairs if not number.agrees(g)]
        if wrong:
            ratio = next((number.number / g for g, number in wrong if g), 0.0)
            candidates = reproducing(list(step.candidates(ratio)), pairs)
            found.append((step.name, {c.name: (c, digits) for c, digits in reversed(candidates)}))
    names = list(dict.fromkeys(name for _, of_step in found for name in reversed(of_step)))
    for count in range(1, MAX_MISTAKES + 1):
        for made in combinations(names, count):
            if all(of_step.keys() & set(made) for _, of_step in found) and (explained := convinced(made, found)):
                return explained
    return []


def convinced(made: Sequence[str], found: Found) -> list[Explained]:
    """Return what each mistake explains; nothing if the evidence for one of them does not suffice.

    Args:
        made: The names of the mistakes, of which the first that explains a step counts.
        found: The steps with wrong gradients, and the mistakes that reproduce these, with their digits of evidence.
    """
    explained, left = [], list(found)
    for name in made:
        by_this = [(place, of_step[name]) for place, of_step in left if name in of_step]
        left = [(place, of_step) for place, of_step in left if name not in of_step]
        if sum(digits for _, (_, digits) in by_this) < -math.log10(ERROR_RATE):
            return []
        explained.append(Explained(name, by_this[0][1][0].remedy, tuple(place for place, _ in by_this)))
    return explained


# From a graph ---------------------------------------------------------------------------------------------------------

Edges = Mapping["Value", Sequence[tuple["Value", int]]]  # those that lead to each node: a user of it, and which operand


@dataclass(frozen=True)
class Group:
    """Parameters whose gradients are given together.

    Attributes:
        name: What a message calls them; "" for those that are given one by one.
        values: The parameters, row by row.
        rows: The number of rows, if they are a matrix; otherwise 1.
    """

    name: str
    values: Sequence[Value]
    rows: int = 1

    def last_step(self, edges: Edges) -> LastStep:
        """Return the step to their gradients, after `backward()`."""
        uses = [[use_at(edges, z, i) for z, i in edges.get(w, ())] for w in self.values]
        return LastStep(self.name, [w.grad for w in self.values], uses, self.rows)


def edges_of(nodes: Sequence[Value]) -> Edges:
    """Return the edges that lead to each node of a graph, which is given in topological order."""
    edges: dict[Value, list[tuple[Value, int]]] = {}
    for z in reversed(nodes):
        for i, x in enumerate(z.operands):
            edges.setdefault(x, []).append((z, i))
    return edges


def use_at(edges: Edges, z: Value, i: int) -> Use:
    """Return the use of operand i in z: a product, a scalar product, or any other operation."""
    x, delta, w = z.partials()[i], z.grad, z.operands[i].data
    multiplier, inputs = factors_of(z, i)
    users = edges.get(z, ())
    activation, slope = z.data, None
    if len(users) == 1 and len(users[0][0].operands) in (1, 2):
        a, place = users[0]
        activation, slope = a.data, a.partials()[place]
    if multiplier is None:
        return Use(x, delta, w, slope=slope, inputs=inputs, multiplies=False)
    net_input = multiplier.operands[0] if len(multiplier.operands) in (1, 2) else multiplier
    return Use(x, delta, w, net_input.data, activation, slope)


def factors_of(z: Value, i: int) -> tuple[Value | None, Sequence[float]]:
    """Return what operand i of z is multiplied by, and, if it is a bias, what the weights beside it are."""
    name, half = z.operation.name if z.operation else "", len(z.operands) // 2
    if name == "mul":
        return z.operands[1 - i], ()
    if name == "dot" and i < half:
        return z.operands[i + half], ()
    is_bias = name == "dot" and len(z.operands) % 2 == 1 and i == len(z.operands) - 1
    return None, [x.data for x in z.operands[half:-1]] if is_bias else ()
