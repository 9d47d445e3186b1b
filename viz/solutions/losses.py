"""Which of the package's losses a Value is, and how a worked solution writes it and its derivatives.

A loss is known by its own graph, so nothing has to be kept beside it. Its form for one output is recorded once, with
placeholders for the prediction and the target; a loss of several outputs is a sum of terms of that form.

Letters: p prediction, t target, q = 1 − p, u = 1 − t; f a node of a form, z the node that is compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial, reduce
from typing import TYPE_CHECKING

from autograd import TABLE, Operation, Value, dot
from nn.losses import LOSSES
from nn.validation import CLASS_LOSSES
from viz.solutions.equations import Formula, Sheet, unevaluated
from viz.solutions.notations import Convention

if TYPE_CHECKING:
    from nn import Record

LOSS_TITLES = {
    "sse": "the sum of squared errors",
    "half_sse": "half the sum of squared errors",
    "mse": "the mean squared error over the outputs",
    "mae": "the mean absolute error over the outputs",
    "huber": "the Huber loss, quadratic up to an error of 1, averaged over the outputs",
    "hinge": "the hinge loss, averaged over the outputs",
    "binary_cross_entropy": "the binary cross-entropy",
    "binary_cross_entropy_with_logits": "the binary cross-entropy of the sigmoid of the net inputs",
    "cross_entropy": "the cross-entropy",
    "softmax_cross_entropy": "the cross-entropy of the softmax of the net inputs",
}
P, T = Value(0.5, "prediction"), Value(1.0, "target")  # placeholders, with numbers that every loss accepts


@dataclass(frozen=True)
class KnownLoss:
    """A loss of the package.

    Args:
        name: Of the loss function.
        of_net_inputs: Whether it takes the last layer's net inputs.
        targets: One for each output, one-hot for a class.
        divisor: What the whole is divided by, such as the number of examples in a batch.
    """

    name: str
    of_net_inputs: bool
    targets: list[float]
    divisor: float = 1.0

    @property
    def title(self) -> str:
        """What the loss is called."""
        title = LOSS_TITLES[self.name]
        if self.name == "softmax_cross_entropy" or self.of_net_inputs == self.name.endswith("_with_logits"):
            return title
        return f"{title}, applied to the net inputs"

    @property
    def of_class(self) -> bool:
        """Whether its target is a class."""
        return self.name in CLASS_LOSSES


Factor = tuple[Operation, float]  # a constant that divides or multiplies, and which of the two
RecognizedLoss = tuple[str, list[float], list[Factor]]  # a loss's name, its targets, and the factors that belong to it


def known_loss(loss: Value, record: Record) -> KnownLoss | None:
    """Return which loss of the record's output, or of its net inputs, a Value is; None for one of the caller's own."""
    loss, factors = _without_factors(loss)
    for of_net_inputs, predictions in ((False, record.output), (True, record.net_inputs[-1])):
        readings = [*_class_losses(loss, predictions), *_sums_of_terms(loss, predictions)]
        for name, targets, own in sorted(readings, key=lambda reading: -len(reading[2])):
            others = factors[: len(factors) - len(own)]
            if factors == others + own:
                divisor = math.prod(c if operation is TABLE["div"] else 1.0 / c for operation, c in others)
                return KnownLoss(name, of_net_inputs, targets, divisor)
    return None


def _without_factors(z: Value) -> tuple[Value, list[Factor]]:
    """Return what constants multiply or divide in a node, and these factors, the outermost first."""
    factors = []
    while len(constants := [x for x in z.operands if x.constant and x.data]) == 1 and z.operation:
        constant = constants[0]
        if z.operation is not TABLE["mul"] and (z.operation is not TABLE["div"] or z.operands[0] is constant):
            break
        factors.append((z.operation, constant.data))
        z = next(x for x in z.operands if x is not constant)
    return z, factors


def _sums_of_terms(total: Value, predictions: Sequence[Value]) -> list[RecognizedLoss]:
    """Return the losses that have the terms of a sum, one for each prediction; they differ in their factors."""
    k = len(predictions)
    terms = total.operands if k > 1 and total.operation is TABLE["sum"] else (total,)
    readings: list[RecognizedLoss] = []
    for name in LOSSES if len(terms) == k else ():
        targets = [_target(name, p, term) for p, term in zip(predictions, terms, strict=True)]
        known = [t for t in targets if t is not None]
        if len(known) == k:
            readings.append((name, known, _without_factors(LOSSES[name]([P] * k, [T] * k))[1]))
    return readings


def _target(name: str, p: Value, term: Value) -> float | None:
    """Return the target with which a term is the loss of a prediction; None where it is another expression."""
    for form, target in _forms(name):
        found = _targets_in(term, form, p)
        if found is not None:
            return found.pop() if target is None else target
    return None


@cache
def _forms(name: str) -> list[tuple[Value, float | None]]:
    """Return the graph of a term with the placeholders P and T, and those with 0 or 1 for T, where some are shorter."""
    forms = []
    for target in (None, 0.0, 1.0) if name not in CLASS_LOSSES else ():
        with suppress(ValueError):  # hinge refuses 0
            forms.append((_without_factors(LOSSES[name](P, T if target is None else target))[0], target))
    return forms


def _class_losses(loss: Value, predictions: Sequence[Value]) -> list[RecognizedLoss]:
    """Return the losses of a class that a node is; it takes the prediction of the class last, or a dot with one-hot."""
    k, places = len(predictions), {p: i for i, p in enumerate(predictions)}
    right = loss
    while right.operands and right not in places and right.operation is not dot:
        right = right.operands[-1]
    target: int | list[float] | None = places.get(right)
    if target is None and right.operation is dot:
        target = [w.data for w in right.operands[:k]]
    readings: list[RecognizedLoss] = []
    for name in CLASS_LOSSES if target is not None else ():
        with suppress(ValueError):  # a target or probabilities that this loss refuses
            if _targets_in(loss, LOSSES[name](list(predictions), target)) is not None:
                one_hot = target if isinstance(target, list) else [float(i == target) for i in range(k)]
                readings.append((name, one_hot, []))
    return readings


def _targets_in(z: Value, form: Value, p: Value = P) -> set[float] | None:
    """Return the numbers that stand where a form has T, at most one; None where z is another expression than the form.

    Args:
        z: The node that is compared with the form.
        form: A graph of P and T, or of Values that z shares.
        p: What stands where the form has P.
    """
    targets: set[float] = set()
    complements: set[float] = set()
    stack = [(form, z)]
    while stack:
        f, z = stack.pop()
        if f is z or (f is P and z is p):
            continue
        if f.operation and f.operation is z.operation and len(f.operands) == len(z.operands):
            stack += zip(f.operands, z.operands, strict=True)
        elif f is P or z.operation:
            return None
        elif f is T:
            targets.add(z.data)
        elif f.operation is TABLE["sub"] and f.operands[0].constant and f.operands[1] is T:
            complements.add(z.data)  # of a plain number t, 1 − t is one constant
        elif f.operation or f.data != z.data:
            return None
    return targets if len(targets) <= 1 and complements <= {1.0 - t for t in targets} else None


class WrittenLoss:
    """The formulas of a known loss: of the whole, and of its derivatives, with the sign of a delta.

    Args:
        loss: Which one.
        convention: For the order of differences, and the sign of a delta.
        sheet: Which holds the symbols.
        predictions: Leaves with a symbol in the sheet.
        targets: Leaves with a symbol in the sheet.
    """

    def __init__(
        self, loss: KnownLoss, convention: Convention, sheet: Sheet, predictions: list[Value], targets: list[Value]
    ) -> None:
        self.loss, self.convention, self.sheet = loss, convention, sheet
        self.predictions, self.targets = predictions, targets
        self.count = Value(float(len(predictions))) if loss.name not in ("sse", "half_sse") else None

    def whole(self) -> Value:
        """Return the loss."""
        if self.loss.of_class:
            right = self.predictions[self.loss.targets.index(1.0)]
            if self.loss.name == "cross_entropy":
                return self._over(unevaluated("neg", unevaluated("log", right)))
            powers = [unevaluated("exp", z) for z in self.predictions]
            return self._over(unevaluated("sub", unevaluated("log", self.sheet.sum(powers)), right))
        terms = self.sheet.sum([self._of_one(p, t)[0] for p, t in zip(self.predictions, self.targets, strict=True)])
        if self.loss.name == "half_sse":
            terms = unevaluated("mul", self._half(), terms)
        return self._over(self._mean(terms))

    def each(self) -> list[tuple[Value, float]]:
        """Return the loss of each output by itself, as an expression and as a number."""
        loss = replace(self.loss, divisor=1.0)
        return [
            (WrittenLoss(loss, self.convention, self.sheet, [p], [t]).whole(), LOSSES[loss.name](p.data, t.data))
            for p, t in zip(self.predictions, self.targets, strict=True)
        ]

    def of_each(self, losses: Sequence[Value]) -> Value:
        """Return the loss of all outputs as an expression of the losses of each."""
        return self._over(self._mean(self.sheet.sum(losses)))

    def slope(self, k: int) -> Value:
        """Return the derivative of the loss with respect to a prediction."""
        p, t = self.predictions[k], self.targets[k]
        if self.loss.name == "cross_entropy":
            return self._over(unevaluated("div", Value(-self.convention.sign), p) if t.data else Value(0.0))
        return self._over(self._mean(self._of_one(p, t)[1]))

    def difference(self, k: int) -> Value:
        """Return the derivative of a class's loss with respect to net input k, where the predictions are a softmax."""
        return self._over(self._difference(self.predictions[k], self.targets[k]))

    def _difference(self, p: Value, t: Value) -> Value:
        """Return p − t, or t − p where a delta has the opposite sign."""
        return unevaluated("sub", p, t) if self.convention.sign > 0.0 else unevaluated("sub", t, p)

    def _error(self, p: Value, t: Value) -> Value:
        return unevaluated("sub", t, p) if self.convention.target_first else unevaluated("sub", p, t)

    def _half(self) -> Value:
        return self.sheet.value(Formula(r"\frac{1}{2}", "½"), 0.5)

    def _mean(self, x: Value) -> Value:
        return _divided(x, self.count) if self.count is not None and self.count.data > 1.0 else x

    def _over(self, x: Value) -> Value:
        return x if self.loss.divisor == 1.0 else _divided(x, Value(self.loss.divisor))

    def _of_one(self, p: Value, t: Value) -> tuple[Value, Value]:
        """Return the term of one prediction, and its derivative with the sign of a delta."""
        op, error, difference = unevaluated, self._error(p, t), self._difference(p, t)
        square, magnitude = op("pow", error, Value(2.0)), op("abs", error)
        match self.loss.name:
            case "sse" | "mse":
                return square, op("mul", Value(2.0), difference)
            case "half_sse":
                return square, difference
            case "huber" if abs(p.data - t.data) <= 1.0:
                return op("mul", self._half(), square), difference
            case "huber":
                return op("sub", magnitude, self._half()), op("sign", difference)
            case "mae":
                return magnitude, op("sign", difference)
            case "hinge":
                margin = op("sub", Value(1.0), op("mul", t, p))
                slope = op("mul", t, op("step", margin))
                return op("maximum", Value(0.0), margin), op("neg", slope) if self.convention.sign > 0.0 else slope
            case "binary_cross_entropy":
                q, u = op("sub", Value(1.0), p), op("sub", Value(1.0), t)
                logarithms = op("add", op("mul", t, op("log", p)), op("mul", u, op("log", q)))
                return op("neg", logarithms), op("div", difference, op("mul", p, q))
            case _:  # binary_cross_entropy_with_logits
                return op("sub", op("softplus", p), op("mul", t, p)), self._difference(op("sigmoid", p), t)


def _divided(x: Value, by: Value) -> Value:
    """Return a quotient; where x is one already, both divisors go into the denominator."""
    if x.operation and x.operation.algebra == "quotient":
        above, below = x.operands
        factors = below.operands if below.operation and below.operation.algebra == "product" else (below,)
        return unevaluated("div", above, reduce(partial(unevaluated, "mul"), factors, by))
    return unevaluated("div", x, by)
