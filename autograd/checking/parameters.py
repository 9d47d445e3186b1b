"""Mistakes in the last step of a derivation: from the gradient of a net input to those of its weights and biases.

A parameter w that is multiplied by x in a node z has the gradient Σ x · ∂C/∂z over its uses, one for each example of a
batch. A mistake takes another number in place of x or of ∂C/∂z, in all parameters that were given together, such as a
matrix; or it changes all their gradients alike.

Letters: w a parameter, x what it is multiplied by, z the node that uses w, δ = ∂C/∂z, a = f(z), η learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from autograd.checking.candidates import COMMON_FACTORS, Candidate

if TYPE_CHECKING:
    from autograd.value import Value

Uses = Mapping["Value", Sequence[tuple["Value", int]]]  # the edges that lead to each node, the last example first
Term = Callable[[Uses, "Value", "Value", int], float | None]  # of w at operand i of z; None if there is no such term
MAX_EXAMPLES = 32  # of a batch, of which one alone may have been counted
GRADIENT_NOT_STEP = "a gradient is ∂C/∂w; the step −η · ∂C/∂w is subtracted from the weight afterwards"


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

    def candidates(self, uses: Uses, ratio: float) -> Iterator[Candidate]:
        """Yield every mistake; see `LastStep.candidates`.

        Args:
            uses: The edges that lead to each node of the graph.
            ratio: Of a given gradient and the engine's, from which a learning rate is fitted.
        """
        return LastStep(self.values, self.rows, uses).candidates(ratio)


@dataclass(frozen=True)
class LastStep:
    """The step to the gradients of some parameters, which can be repeated with a mistake in it.

    Attributes:
        values: The parameters, row by row.
        rows: The number of rows, if they are a matrix; otherwise 1.
        uses: The edges that lead to each node of the graph.
    """

    values: Sequence[Value]
    rows: int
    uses: Uses

    @cached_property
    def examples(self) -> int:
        """How many times each parameter is used; 0 if they differ."""
        counts = {len(self.uses.get(w, ())) for w in self.values}
        return counts.pop() if len(counts) == 1 else 0

    def gradients(self, term: Term) -> list[float] | None:
        """Return the parameters' gradients, with another term for each use; None if a use has no such term."""
        found = []
        for w in self.values:
            terms = [term(self.uses, w, z, i) for z, i in self.uses[w]]
            numbers = [t for t in terms if t is not None]
            if len(numbers) < len(terms):
                return None
            found.append(math.fsum(numbers))
        return found

    def candidates(self, ratio: float) -> Iterator[Candidate]:
        """Yield every mistake, and each of them together with a common factor.

        Args:
            ratio: Of a given gradient and the engine's, from which a learning rate is fitted.
        """
        right = [w.grad for w in self.values]
        single = [c for c in self.in_terms() if c.gradients != right]
        yield from self.factors(right, ratio)
        yield from single
        for factor, name, remedy in COMMON_FACTORS:
            for c in single:
                numbers = [factor * g for g in c.gradients]
                yield Candidate(f"{c.name} and {name}", f"{c.remedy}; {remedy}", numbers, cost=c.cost)

    def factors(self, right: Sequence[float], ratio: float) -> Iterator[Candidate]:
        """Yield the factors by which all gradients may differ."""
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
        for digits, cost in ((1, math.log10(45.0)), (2, math.log10(450.0))):
            if -10.0 <= (rate := float(f"{ratio:.{digits}g}")) < 0.0 and rate != -1.0:
                name = f"−η · ∂C/∂w given as ∂C/∂w (η = {-rate:g})"
                yield Candidate(name, GRADIENT_NOT_STEP, [rate * g for g in right], cost, one_unknown=True)

    def in_terms(self) -> Iterator[Candidate]:
        """Yield the mistakes in a term, and in the order or number of terms."""
        if not all(self.uses.get(w) for w in self.values):
            return
        for name, remedy, term in TERMS:
            if (numbers := self.gradients(term)) is not None:
                yield Candidate(name, remedy, numbers)
        if self.rows > 1 and len(self.values) > self.rows:
            columns = len(self.values) // self.rows
            swapped = [self.values[i * columns + j].grad for j in range(columns) for i in range(self.rows)]
            yield Candidate("transposed matrix", "its rows and columns are exchanged", swapped)
        if 1 < self.examples <= MAX_EXAMPLES:
            for k in range(self.examples):
                alone = [z.partials()[i] * z.grad for z, i in (self.uses[w][k] for w in self.values)]
                name = f"only example {self.examples - k} of {self.examples} counted"
                yield Candidate(name, "add up the terms of all examples", alone)
        senders = [inputs(z) for w in self.values for z, i in self.uses[w] if i == len(z.operands) - 1]
        for k in range(min(map(len, senders), default=0)):

            def value_of_input(uses: Uses, w: Value, z: Value, i: int, k: int = k) -> float | None:
                return z.grad * inputs(z)[k].data if inputs(z) and i == len(z.operands) - 1 else None

            if (numbers := self.gradients(value_of_input)) is not None:
                name = f"value of input {k + 1} instead of 1, in the gradient of a bias"
                yield Candidate(name, "a bias is multiplied by 1: its gradient is δ itself", numbers)


def inputs(z: Value) -> Sequence[Value]:
    """Return what a net input multiplies its weights by; nothing, if it is another operation or has no bias."""
    named = z.operation is not None and z.operation.name == "dot" and len(z.operands) % 2 == 1
    return z.operands[len(z.operands) // 2 : -1] if named else ()


def sender(z: Value, i: int) -> Value | None:
    """Return what operand i of a product, or of a scalar product, is multiplied by; None for another operation."""
    name, half = z.operation.name if z.operation else "", len(z.operands) // 2
    if name == "mul":
        return z.operands[1 - i]
    return z.operands[i + half] if name == "dot" and i < half else None


def without_sender(uses: Uses, w: Value, z: Value, i: int) -> float | None:
    """Return δ."""
    return z.grad if sender(z, i) is not None else None


def without_delta(uses: Uses, w: Value, z: Value, i: int) -> float | None:
    """Return x."""
    return z.partials()[i]


def net_input_of_sender(uses: Uses, w: Value, z: Value, i: int) -> float | None:
    """Return δ times the net input of x."""
    x = sender(z, i)
    return None if x is None else z.grad * (x.operands[0] if len(x.operands) in (1, 2) else x).data


def weight_for_sender(uses: Uses, w: Value, z: Value, i: int) -> float | None:
    """Return w · δ."""
    return w.data * z.grad if sender(z, i) is not None else None


def receiver_for_sender(uses: Uses, w: Value, z: Value, i: int) -> float | None:
    """Return a · δ, with a = z where f is the identity."""
    users = uses.get(z, ())
    a = users[0][0] if len(users) == 1 and len(users[0][0].operands) in (1, 2) else z
    return a.data * z.grad if sender(z, i) is not None else None


TERMS: list[tuple[str, str, Term]] = [
    ("missing activation of the sender", "multiply by it: ∂C/∂w is δ times the sender's activation", without_sender),
    ("missing delta of the receiver", "multiply by it: ∂C/∂w is δ times the sender's activation", without_delta),
    ("net input of the sender instead of its activation", "a weight multiplies a, not z", net_input_of_sender),
    ("activation of the receiver instead of the sender", "∂z/∂w is the sender's activation", receiver_for_sender),
    ("weight in place of the activation", "∂z/∂w is what w is multiplied by, not w itself", weight_for_sender),
]
