"""When an explanation of wrong deltas is convincing: when chance would hardly reproduce the same numbers.

- A wrong number that is reproduced is worth its digits of evidence: log₁₀ of how far it is from what it would be
  without the slip, but at most of its own size, over twice its miss or half a unit of its last digit, whichever is
  more. So digits that were not given are worth nothing, and a number that the slip hardly moves is worth little. A zero
  is worth 3 at most, for it may stand for a number left out.
- One slip needs 3 digits in all, and 1 in the layers where it is made; 4 and 1.5 where it turns on one number, a fitted
  one or the sum over siblings. In some neurons of a layer alone it needs 6. Two slips need 6, and each of them 1.5 in
  its layers.
- One slip in a whole layer that lacks up to 1.5 digits of that is no diagnosis, but worth a hint.
- What changes a layer by one common factor is worth one number, however many show it: n or 1/n; and, less 1.5 digits,
  for there are many of them, two factors at once, and what else is changed in a sum over siblings but the derivative.
- What is fitted costs what it could explain: the n of 1/n log₁₀ n, or nothing where it is the number of outputs; a
  learning rate the best number of those that it moves, of which there must be two, or three beside another slip. Where
  it is round, two do, and it costs 2 digits (such as 0.1) or 3 (0.25).

So a wrong number of five digits is enough by itself, one of three is not, and two of three are. What no rule can
tell: a layer that is wrong by any odd factor, carried back rightly and given to three digits, passes for −1, 2, ½, n or
1/n about once in a thousand times (`benchmarks/diagnosis.py`). More digits settle it.

Letters: E expected numbers, n as in 1/n; otherwise as in `slips`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nn.checking.mistakes import MEAN, SIBLINGS, SLIPS, SUM, UPDATED, Array, Slip, Step

# Digits of evidence that are needed: in all, and in the layers where a slip is made.
NEEDED = {"one": (3.0, 1.0), "on one number": (4.0, 1.5), "in some neurons": (6.0, 6.0), "two": (6.0, 1.5)}
HINT = 1.5  # digits that may be missing where a slip is no diagnosis, but a hint
ONE_FACTOR = 1.5  # what two changes cost that amount to one factor
ROUND = {1: 2.0, 2: 3.0}  # the cost of a learning rate of so many digits
ZERO = 3.0
EXACT, TINY = 1e-13, 1e-300  # floats agree no better than to this fraction


@dataclass(frozen=True)
class Made:
    """A slip and where it was made.

    layer: from 0. repeated: in every layer from there back, not in that one only. carried: the layer before takes
    the wrong deltas; else it takes the right ones all the same. neurons: where not all of the layer, which, from 0.
    """

    slip: Slip
    layer: int
    repeated: bool = False
    carried: bool = True
    neurons: tuple[int, ...] = ()

    def acts(self, layer: int) -> bool:
        """Return whether it is made in that layer's step."""
        return layer == self.layer or (self.repeated and layer < self.layer)


@dataclass(frozen=True)
class Explanation:
    """The slips that reproduce all numbers from the first wrong layer back to some layer.

    handed_on: the deltas that the layer before takes. made: at most two. n, rate: as `Step.deltas` has them.
    """

    handed_on: Array
    made: tuple[Made, ...] = ()
    n: int = 1
    rate: float = 0.0

    @property
    def slips(self) -> list[Slip]:
        """The slips made so far."""
        return [made.slip for made in self.made]

    @property
    def carried(self) -> bool:
        """Whether wrong deltas are handed on."""
        return all(made.carried for made in self.made)

    def rank(self) -> tuple[int, bool, list[int]]:
        """Order explanations: those that fit less, in whole layers, of what is made more often come first."""
        fitted = sum(slip in (UPDATED, MEAN, SUM) for slip in self.slips)
        return fitted, any(made.neurons for made in self.made), [SLIPS.index(slip) for slip in self.slips]

    def needs(self, learning_rate: float | None) -> tuple[float, float]:
        """Return the digits of evidence that are needed, in all and in each slip's layers."""
        if len(self.made) > 1:
            return NEEDED["two"]
        if self.made[0].neurons:
            return NEEDED["in some neurons"]
        on_one = (MEAN, SUM, SIBLINGS) if learning_rate else (MEAN, SUM, SIBLINGS, UPDATED)
        return NEEDED["on one number" if self.made[0].slip in on_one else "one"]


@dataclass(frozen=True)
class Given:
    """What is to be explained, layer by layer.

    steps: of the backward pass. engine, expected: the deltas, ∂C/∂z. half_units: of the last digit of each expected
    number. tolerances: within which a number is reproduced. learning_rate: where it is known, else None.
    """

    steps: Sequence[Step]
    engine: Sequence[Array]
    expected: Sequence[Array]
    half_units: Sequence[Array]
    tolerances: Sequence[Array]
    learning_rate: float | None = None

    def receivers(self, layer: int) -> Array:
        """Return the engine's deltas of a layer's receivers."""
        return self.engine[layer + 1] if layer + 1 < len(self.engine) else np.zeros(0)

    def reproduces(self, layer: int, deltas: Array) -> Array:
        """Return which of a layer's expected numbers these deltas reproduce."""
        return np.asarray(abs(self.expected[layer] - deltas) <= self.tolerances[layer])

    def spare(self, explanation: Explanation, first: int) -> float:
        """Return the digits of evidence beyond those needed; first: the first wrong layer, from the output back."""
        total, moved, receivers = 0.0, 0, self.receivers(first)
        evidence: dict[Made, list[float]] = {made: [] for made in explanation.made}
        for layer in range(first, -1, -1):
            acting = [made for made in explanation.made if made.acts(layer)]
            slips = {made.slip for made in acting}
            shown = self.shown(layer, receivers, explanation, acting)
            total += float(self.digits(layer, shown, self.engine[layer]).sum())
            for made in acting:
                others = [other for other in acting if other is not made]
                digits = self.digits(layer, shown, self.shown(layer, receivers, explanation, others))
                moved += int((digits > 0.0).sum()) if made.slip is UPDATED else 0
                factors = len(acting) > 1 and all(slip.part == "factor" for slip in slips)
                summed = SIBLINGS in slips and made.slip is not SIBLINGS and made.slip.part != "derivative"
                if factors or summed:
                    evidence[made].append(float(digits.max()) - ONE_FACTOR)
                else:
                    evidence[made] += [float(digits.max())] if made.slip in (MEAN, SUM) else digits.tolist()
            receivers = shown if explanation.carried else self.shown(layer, receivers, explanation, [])
        if UPDATED in explanation.slips and self.learning_rate is None:
            is_round = math.isfinite(round_cost(explanation.rate))
            if moved < (2 if is_round else 1 + len(explanation.made)):
                return -math.inf
        in_all, in_its_layers = explanation.needs(self.learning_rate)
        costs = [self.cost(made.slip, explanation, max(digits)) for made, digits in evidence.items()]
        left = [sum(digits) - cost for digits, cost in zip(evidence.values(), costs, strict=True)]
        return min(total - sum(costs) - in_all, min(left) - in_its_layers)

    def shown(self, layer: int, receivers: Array, explanation: Explanation, acting: Sequence[Made]) -> Array:
        """Return a layer's deltas with some of an explanation's slips."""
        step = self.steps[layer]
        slips = [made.slip for made in acting if made.slip in step.slips()]
        deltas = step.deltas(receivers, slips, explanation.n, explanation.rate)
        if acting and acting[0].neurons:
            return np.where(np.isin(np.arange(len(deltas)), acting[0].neurons), deltas, step.deltas(receivers))
        return deltas

    def digits(self, layer: int, hypothesis: Array, alternative: Array) -> Array:
        """Return each number's digits of evidence for a hypothesis against its alternative."""
        E = self.expected[layer]
        distance = abs(E - alternative)
        scale = np.where(E == 0.0, distance, np.minimum(abs(E), distance))
        miss = np.maximum(abs(E - hypothesis), self.half_units[layer])
        miss = np.maximum(miss, np.maximum(EXACT * (abs(E) + abs(alternative)), TINY))
        digits = np.maximum(np.log10(scale / (2.0 * miss)), 0.0)
        return np.where(E == 0.0, np.minimum(digits, ZERO), digits)

    def cost(self, slip: Slip, explanation: Explanation, best: float) -> float:
        """Return the digits that a slip's fitted number could explain by itself; best: the most of one number."""
        if slip is UPDATED and self.learning_rate is None:
            return min(best, round_cost(explanation.rate))
        outputs = len(self.engine[-1])
        return math.log10(explanation.n) if slip in (MEAN, SUM) and explanation.n != outputs else 0.0


def round_cost(rate: float) -> float:
    """Return the cost of a round learning rate, infinite of another."""
    return next((cost for digits, cost in ROUND.items() if rate == float(f"{rate:.{digits}g}")), math.inf)
