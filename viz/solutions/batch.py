"""The worked solution of one training step on a few examples: each example's passes, then sums over the examples.

Letters: n layer, i sender, j receiver, from 1; m examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autograd import Value, topological_order
from viz.solutions.equations import Derivation, Equation, Formula, Part, Section, unevaluated
from viz.solutions.training_step import TrainingStep, moved_from

if TYPE_CHECKING:
    from nn import Record

MAX_EXAMPLES_DERIVED = 6  #: of a batch; nobody reads the lines of more


class BatchStep:
    """The worked solution of a training step on several examples.

    Args:
        steps: The solution of each example, whose deltas are derivatives of the loss of the whole batch.
        loss: That loss, or None.
    """

    def __init__(self, steps: Sequence[TrainingStep], loss: Value | None) -> None:
        self.steps, self.loss, self.first = steps, loss, steps[0]
        self.sheet, self.convention, self.rate = self.first.sheet, self.first.convention, self.first.rate

    def derivation(self) -> Derivation:
        """Return the whole."""
        m, depth = len(self.steps), self.first.depth
        sizes = " – ".join(map(str, self.first.sizes))
        sections = [Section("Given", [self.convention.reading, *self._loss()])]
        for number, step in enumerate(self.steps, 1):
            sections.append(Section(f"Example {number}: forward pass", [*step.given_inputs()]))
            sections += [step.forward(n) for n in range(1, depth + 1)]
            sections.append(Section(f"Example {number}: deltas, from the output back"))
            sections += [step.deltas(n) for n in range(depth, 0, -1)]
        sections.append(Section(f"Gradients: sums over the {m} examples of delta times the sender's output"))
        sections += [self._of_layer(n, self._gradient) for n in range(depth, 0, -1)]
        if self.rate is not None:
            rule = "subtracted" if self.convention.sign > 0.0 else "added"
            sections.append(Section("Updates, once all gradients are known", [f"η times each sum is {rule}."]))
            sections += [self._of_layer(n, self._update) for n in range(depth, 0, -1)]
        return Derivation(f"One training step of a {sizes} network on {m} examples", sections)

    def _loss(self) -> list[Part]:
        parts: list[Part] = [
            "Every δ is a derivative of the loss C of the whole batch: if C is a mean, its 1/n is in δ already."
        ]
        if self.loss is not None:
            parts.append([Equation(self.convention.C, [self.sheet.numeral(self.loss.data)])])
        return parts

    def _of_layer(self, n: int, equation: Callable[[int, int | None, int], Equation]) -> Section:
        return Section(self.first.step.title(n), [self.first.parameters(n, lambda i, j: equation(n, i, j))], 3)

    def _terms(self, n: int, i: int | None, j: int) -> list[Value]:
        """Return the term of each example."""
        terms = []
        for step in self.steps:
            terms.append(step.times_sent(step.step.d(n, j), n, i))
            self.sheet.symbols |= step.sheet.symbols
        return terms

    def total(self, n: int, i: int | None, j: int) -> float:
        """Return the gradient of a weight, or of a bias where there is no sender, with the sign of a delta."""
        return math.fsum(step.step.gradient(n, i, j) for step in self.steps)

    def _gradient(self, n: int, i: int | None, j: int) -> Equation:
        terms = self._terms(n, i, j)
        latex, text = self.sheet.written(terms[0])
        numbers = self.sheet.in_numbers(self.sheet.sum(terms))
        symbol = self.first.symbol(n, i, j)
        return Equation(
            symbol, [Formula(rf"\sum {latex}", f"Σ {text}"), numbers, self.sheet.numeral(self.total(n, i, j))]
        )

    def _update(self, n: int, i: int | None, j: int) -> Equation:
        c, g, rate = self.convention, self.total(n, i, j), self.rate or 0.0
        w = self.first.step.parameter(n, i, j)
        step = unevaluated("mul", self.sheet.value(c.eta, rate), self.sheet.value(self.first.symbol(n, i, j), g))
        moved = unevaluated("sub" if c.sign > 0.0 else "add", w, step)
        name, (latex, text) = self.sheet.symbols[w], self.sheet.written(moved)
        left = Formula(rf"{name.latex} \leftarrow {latex}", f"{name.text} ← {text}")
        return Equation(left, [self.sheet.in_numbers(moved), moved_from(self.sheet, w.data, -c.sign * rate * g)])


def check_batch(records: Sequence[Record], loss: Value | None) -> None:
    """Raise ValueError for records that are not a small batch of one network, after `backward()` on its loss."""
    if not 1 < len(records) <= MAX_EXAMPLES_DERIVED:
        raise ValueError(f"{len(records)} records; give 2 to {MAX_EXAMPLES_DERIVED}, or one record alone")
    if len({id(record.mlp) for record in records}) > 1:
        raise ValueError("the records are of different networks; give several passes of one network")
    for number, record in enumerate(records, 1):
        if not any(delta for layer in record.deltas() for delta in layer):
            raise ValueError(f"no gradient has reached record {number}: call backward() on the loss of all of them")
    if loss is not None and loss.grad != 1.0:
        raise ValueError(
            f"the loss has the gradient {loss.grad!r}, not 1: give the Value that backward() was called on"
        )
    if loss is not None:
        below = set(topological_order(loss))
        for number, record in enumerate(records, 1):
            if below.isdisjoint([*record.output, *record.net_inputs[-1]]):
                raise ValueError(f"the loss was not computed from record {number}: give the loss of the whole batch")
