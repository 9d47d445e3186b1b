"""Which of the package's losses a Value is, and how a worked solution writes it and its derivative.

A record does not know its loss, but the loss knows how it was made: it is rebuilt with the targets that it holds, and
is that loss where the two graphs are the same.

Letters: p prediction, t target, e error, k number of outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import TYPE_CHECKING

from autograd import Value
from nn.losses import LOSSES
from nn.validation import CLASS_LOSSES
from viz.solutions.equations import Sheet, Symbol, unevaluated
from viz.solutions.notations import Convention

if TYPE_CHECKING:
    from nn import Record

TITLES = {
    "sse": "sum of squared errors",
    "half_sse": "half sum of squared errors",
    "mse": "mean squared error over the outputs",
    "mae": "mean absolute error over the outputs",
    "huber": "Huber loss, quadratic up to an error of 1, the mean over the outputs",
    "hinge": "hinge loss, the mean over the outputs",
    "binary_cross_entropy_with_logits": "binary cross entropy of the sigmoid of the net inputs",
    "softmax_cross_entropy": "cross entropy of the softmax of the net inputs",
}
Uses = dict[Value, list[Value]]


@dataclass(frozen=True)
class KnownLoss:
    """A loss of the package, by name.

    of_net_inputs: whether it takes the last layer's net inputs. targets: one for each output, one-hot for a class.
    parts: what the whole was divided by, such as the examples of a batch.
    """

    name: str
    of_net_inputs: bool
    targets: list[float]
    parts: float = 1.0

    @property
    def title(self) -> str:
        """What the loss is called."""
        title = TITLES.get(self.name, self.name.replace("_", " "))
        if self.name == "softmax_cross_entropy" or self.of_net_inputs == self.name.endswith("_with_logits"):
            return title
        return f"{title}, of the net inputs"

    @property
    def of_class(self) -> bool:
        """Whether its target is a class."""
        return self.name in CLASS_LOSSES


def known_loss(loss: Value, record: Record) -> KnownLoss | None:
    """Return which loss of the record's output it is, or of its net inputs; None for one of the caller's own."""
    parts = 1.0
    while True:
        for of_net_inputs, predictions in ((False, record.output), (True, record.net_inputs[-1])):
            uses = uses_of(predictions, loss)
            for name in LOSSES if uses else ():
                found = _rebuilt(name, of_net_inputs, predictions, uses, loss, parts)
                if found:
                    return found
        # A batch's share: the loss over a number of examples, or times its reciprocal.
        factor = next((x for x in loss.operands if x.constant and x.data), None)
        if factor is None or loss.operation is None or loss.operation.algebra not in ("product", "quotient"):
            return None
        parts *= factor.data if loss.operation.algebra == "quotient" else 1.0 / factor.data
        loss = next(x for x in loss.operands if x is not factor)


def uses_of(predictions: Sequence[Value], loss: Value) -> Uses:
    """Return, for what lies between the predictions and the loss, the nodes that use it; empty where nothing does."""
    uses: Uses = {}
    seen, stack = {loss, *predictions}, [loss]
    while stack:
        z = stack.pop()
        for x in z.operands:
            uses.setdefault(x, []).append(z)
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return uses if any(p in uses for p in predictions) else {}


def _rebuilt(
    name: str, of_net_inputs: bool, predictions: Sequence[Value], uses: Uses, loss: Value, parts: float
) -> KnownLoss | None:
    targets = [_target(p, uses) for p in predictions]
    given: list[object] = [targets]
    if name in CLASS_LOSSES:
        chosen = [k for k, p in enumerate(predictions) if _is_chosen(p, uses)]
        if len(chosen) != 1 or len(predictions) < 2:
            return None
        targets = [float(k == chosen[0]) for k in range(len(predictions))]
        given = [chosen[0], targets]  # a class is given by its index, or one-hot
    for target in given:
        try:
            other = LOSSES[name](list(predictions), target)
        except (ArithmeticError, ValueError):  # what it would refuse it is not
            continue
        if _same(loss, other):
            return KnownLoss(name, of_net_inputs, targets, parts)
    return None


def _target(p: Value, uses: Uses) -> float:
    """Return the target that a prediction is held against, as each loss holds it."""
    used = {z.operation.name: z for z in uses.get(p, ()) if z.operation}
    if "sub" in used:
        return used["sub"].operands[-1].data
    if "mul" in used:
        return used["mul"].operands[0].data
    if "log" in used:
        weights = [z.operands[0].data for z in uses[used["log"]] if z.operation and z.operation.algebra == "product"]
        return weights[0] if weights else 1.0
    return 0.0


def _is_chosen(p: Value, uses: Uses) -> bool:
    """Return whether a prediction is the right class's: under the logarithm, subtracted, or with the weight 1."""
    for z in uses.get(p, ()):
        name = z.operation.name if z.operation else ""
        if name == "log" or (name == "sub" and z.operands[-1] is p):
            return True
        if name == "dot" and z.operands[z.operands.index(p) - len(z.operands) // 2].data == 1.0:
            return True
    return False


def _same(loss: Value, other: Value) -> bool:
    """Tell whether two graphs are the same down to the Values that they share."""
    stack, seen = [(loss, other)], set()
    while stack:
        z, y = stack.pop()
        if z is y or (id(z), id(y)) in seen:
            continue
        seen.add((id(z), id(y)))
        if not isinstance(y, Value) or z.operation is not y.operation or len(z.operands) != len(y.operands):
            return False
        if z.operation is None and z.data != y.data:
            return False
        stack += zip(z.operands, y.operands, strict=True)
    return True


class WrittenLoss:
    """The formulas of a known loss: of the whole, and of its derivative to each prediction, with a delta's sign.

    predictions, targets: leaves of the sheet, with a symbol each.
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
        term = getattr(self, f"_{self.loss.name}")
        terms = self.sheet.sum([term(p, t) for p, t in zip(self.predictions, self.targets, strict=True)])
        if self.loss.name == "half_sse":
            terms = unevaluated("mul", self._half(), terms)
        return self._over(self._mean(terms))

    def each(self) -> list[tuple[Value, float]]:
        """Return the loss of each output by itself, and its number."""
        loss = replace(self.loss, parts=1.0)
        return [
            (WrittenLoss(loss, self.convention, self.sheet, [p], [t]).whole(), LOSSES[loss.name](p.data, t.data))
            for p, t in zip(self.predictions, self.targets, strict=True)
        ]

    def of_each(self, losses: Sequence[Value]) -> Value:
        """Return the loss as it comes from the losses of all outputs."""
        return self._over(self._mean(self.sheet.sum(losses)))

    def slope(self, k: int) -> Value:
        """Return the derivative of the loss to a prediction."""
        p, t = self.predictions[k], self.targets[k]
        if self.loss.name == "cross_entropy":
            return self._over(unevaluated("div", Value(-self.convention.sign), p) if t.data else Value(0.0))
        return self._over(self._mean(getattr(self, f"_{self.loss.name}_slope")(p, t)))

    def difference(self, k: int) -> Value:
        """Return the derivative of a class's loss to a net input of the softmax, whose outputs are the predictions."""
        return self._over(self._difference(self.predictions[k], self.targets[k]))

    def _difference(self, p: Value, t: Value) -> Value:
        """Return p − t, or t − p where a delta has the opposite sign."""
        return unevaluated("sub", p, t) if self.convention.sign > 0.0 else unevaluated("sub", t, p)

    def _error(self, p: Value, t: Value) -> Value:
        return unevaluated("sub", t, p) if self.convention.target_first else unevaluated("sub", p, t)

    def _half(self) -> Value:
        return self.sheet.value(Symbol(r"\frac{1}{2}", "½"), 0.5)

    def _mean(self, x: Value) -> Value:
        return _divided(x, self.count) if self.count is not None and self.count.data > 1.0 else x

    def _over(self, x: Value) -> Value:
        return x if self.loss.parts == 1.0 else _divided(x, Value(self.loss.parts))

    def _sse(self, p: Value, t: Value) -> Value:
        return unevaluated("pow", self._error(p, t), Value(2.0))

    _half_sse = _mse = _sse

    def _sse_slope(self, p: Value, t: Value) -> Value:
        return unevaluated("mul", Value(2.0), self._difference(p, t))

    _mse_slope = _sse_slope

    def _half_sse_slope(self, p: Value, t: Value) -> Value:
        return self._difference(p, t)

    def _mae(self, p: Value, t: Value) -> Value:
        return unevaluated("abs", self._error(p, t))

    def _mae_slope(self, p: Value, t: Value) -> Value:
        return unevaluated("sign", self._difference(p, t))

    def _huber(self, p: Value, t: Value) -> Value:
        if abs(p.data - t.data) <= 1.0:
            return unevaluated("mul", self._half(), self._sse(p, t))
        return unevaluated("sub", self._mae(p, t), self._half())

    def _huber_slope(self, p: Value, t: Value) -> Value:
        return self._difference(p, t) if abs(p.data - t.data) <= 1.0 else self._mae_slope(p, t)

    def _hinge(self, p: Value, t: Value) -> Value:
        return unevaluated("maximum", Value(0.0), self._margin(p, t))

    def _hinge_slope(self, p: Value, t: Value) -> Value:
        slope = unevaluated("mul", t, unevaluated("step", self._margin(p, t)))
        return unevaluated("neg", slope) if self.convention.sign > 0.0 else slope

    def _margin(self, p: Value, t: Value) -> Value:
        return unevaluated("sub", Value(1.0), unevaluated("mul", t, p))

    def _binary_cross_entropy(self, p: Value, t: Value) -> Value:
        def part(t: Value, p: Value) -> Value:
            return unevaluated("mul", t, unevaluated("log", p))

        return unevaluated("neg", unevaluated("add", part(t, p), part(_rest(t), _rest(p))))

    def _binary_cross_entropy_slope(self, p: Value, t: Value) -> Value:
        return unevaluated("div", self._difference(p, t), unevaluated("mul", p, _rest(p)))

    def _binary_cross_entropy_with_logits(self, p: Value, t: Value) -> Value:
        return unevaluated("sub", unevaluated("softplus", p), unevaluated("mul", t, p))

    def _binary_cross_entropy_with_logits_slope(self, p: Value, t: Value) -> Value:
        return self._difference(unevaluated("sigmoid", p), t)


def _divided(x: Value, by: Value) -> Value:
    """Return a quotient; of a quotient, one with both divisors below the line."""
    if x.operation and x.operation.algebra == "quotient":
        above, below = x.operands
        factors = below.operands if below.operation and below.operation.algebra == "product" else (below,)
        return unevaluated("div", above, reduce(partial(unevaluated, "mul"), factors, by))
    return unevaluated("div", x, by)


def _rest(x: Value) -> Value:
    return unevaluated("sub", Value(1.0), x)
