"""When an explanation of wrong deltas is convincing: when chance would hardly reproduce the same numbers.

- A wrong number that is reproduced counts as its digits of evidence: log₁₀ of a distance over a deviation. The distance
  is how far the number is from its value without the mistake, but at most the number itself. The deviation is twice the
  remaining difference, or twice half a unit of the last digit if that is larger. So digits that were not given count
  nothing, and a number that the mistake hardly changes counts little. A zero counts 3 digits at most, because a
  learner may write 0 for a number left out.
- One mistake needs 3 digits in all, and 1 in the layers where it is made; it needs 4 and 1.5 if all depends on one
  number, a fitted one or the sum over siblings, and 6 if it is made in some neurons of a layer only. Two mistakes need
  6 digits, and each of them 1.5 in its layers.
- One mistake in a whole layer that lacks at most 1.5 of these digits is not a diagnosis but a hint.
- A common factor of a layer counts as one number, however many numbers show it: the factors n and 1/n; and, less 1.5
  digits because there are many combinations, two factors together, and whatever else except the derivative is changed
  beside a sum over siblings.
- A fitted number costs the digits that it could explain: n costs log₁₀ n, or nothing if it is the number of outputs. A
  learning rate costs the digits of the best number that it changes; it must change two numbers, or three beside another
  mistake. A round learning rate must change two, and costs 2 digits (such as 0.1) or 3 (such as 0.25).

So one wrong number of five digits is enough, one of three digits is not, and two of three digits are. One case remains:
a layer that is wrong by an arbitrary factor, propagated correctly and given to three digits, is taken for −1, 2, ½, n
or 1/n about once in a thousand times (`benchmarks/diagnosis.py`). More digits settle it.

Letters: E expected numbers, n as in 1/n; otherwise as in `nn.checking.mistakes`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autograd.checking.diagnosis import FLOAT_PRECISION
from nn.checking.mistakes import MEAN, MISTAKES, SIBLINGS, SUM, UPDATED, LayerStep, Mistake
from nn.validation import Floats

# Digits of evidence that are needed: in all, and in the layers where a mistake is made.
DIGITS_NEEDED = {"one": (3.0, 1.0), "on one number": (4.0, 1.5), "in some neurons": (6.0, 6.0), "two": (6.0, 1.5)}
MAX_DIGITS_MISSING_FOR_HINT = 1.5
COMBINED_FACTOR_COST = 1.5  # digits, for two changes that act as one common factor
ROUND_RATE_COST = {1: 2.0, 2: 3.0}  # digits, for a learning rate with this many significant digits
MAX_DIGITS_OF_ZERO = 3.0
MIN_DEVIATION = 1e-300  # so that nothing is divided by 0


@dataclass(frozen=True)
class Made:
    """A mistake and where it was made.

    Attributes:
        mistake: Which it is.
        layer: Its layer, counted from 0.
        repeated: Whether it was also made in every layer before that.
        carried: Whether the layer before uses the wrong deltas; otherwise it uses the right ones.
        neurons: The neurons, counted from 0, if it was made in some neurons of the layer only; otherwise empty.
    """

    mistake: Mistake
    layer: int
    repeated: bool = False
    carried: bool = True
    neurons: tuple[int, ...] = ()

    @property
    def slip(self) -> Mistake:
        """The mistake, by the earlier name of this attribute."""
        return self.mistake

    def acts(self, layer: int) -> bool:
        """Return whether the mistake is made in this layer's step."""
        return layer == self.layer or (self.repeated and layer < self.layer)


@dataclass(frozen=True)
class Hypothesis:
    """Mistakes that reproduce all numbers from the first wrong layer back to some layer.

    Attributes:
        receivers: The deltas of that layer, from which those of the layer before are calculated.
        made: The mistakes, two at most.
        n: The n of a mistake in 1/n.
        rate: The learning rate of weights that are used after their update.
    """

    receivers: Floats
    made: tuple[Made, ...] = ()
    n: int = 1
    rate: float = 0.0

    @property
    def mistakes(self) -> list[Mistake]:
        """The mistakes made so far."""
        return [made.mistake for made in self.made]

    @property
    def carried(self) -> bool:
        """Whether wrong deltas are propagated."""
        return all(made.carried for made in self.made)

    def rank(self) -> tuple[int, bool, list[int]]:
        """Return a key that sorts hypotheses: first those with fewer fitted numbers, in whole layers, more common."""
        fitted = sum(mistake in (UPDATED, MEAN, SUM) for mistake in self.mistakes)
        return fitted, any(made.neurons for made in self.made), [MISTAKES.index(mistake) for mistake in self.mistakes]

    def needs(self, learning_rate: float | None) -> tuple[float, float]:
        """Return the digits of evidence that are needed: in all, and in the layers of each mistake."""
        if len(self.made) > 1:
            return DIGITS_NEEDED["two"]
        if self.made[0].neurons:
            return DIGITS_NEEDED["in some neurons"]
        on_one = (MEAN, SUM, SIBLINGS) if learning_rate else (MEAN, SUM, SIBLINGS, UPDATED)
        return DIGITS_NEEDED["on one number" if self.made[0].mistake in on_one else "one"]


@dataclass(frozen=True)
class GivenDeltas:
    """The wrong deltas to be explained, layer by layer.

    Attributes:
        steps: The steps of the backward pass.
        engine: The engine's deltas, ∂C/∂z.
        expected: The deltas derived by hand, with the same sign convention.
        half_units: Half a unit of the last digit of each expected number.
        tolerances: The largest difference at which each expected number counts as reproduced.
        learning_rate: The learner's, if it is known; otherwise None.
    """

    steps: Sequence[LayerStep]
    engine: Sequence[Floats]
    expected: Sequence[Floats]
    half_units: Sequence[Floats]
    tolerances: Sequence[Floats]
    learning_rate: float | None = None

    def receivers(self, layer: int) -> Floats:
        """Return the engine's deltas of the layer that this one feeds; none for the output."""
        return self.engine[layer + 1] if layer + 1 < len(self.engine) else np.zeros(0)

    def reproduces(self, layer: int, deltas: Floats) -> Floats:
        """Return which of a layer's expected numbers these deltas reproduce."""
        return np.asarray(abs(self.expected[layer] - deltas) <= self.tolerances[layer])

    def spare(self, hypothesis: Hypothesis, first: int) -> float:
        """Return the digits of evidence beyond those needed.

        Args:
            hypothesis: What is judged.
            first: The first wrong layer, from the output back.
        """
        total, moved, receivers = 0.0, 0, self.receivers(first)
        evidence: dict[Made, list[float]] = {made: [] for made in hypothesis.made}
        for layer in range(first, -1, -1):
            acting = [made for made in hypothesis.made if made.acts(layer)]
            mistakes = {made.mistake for made in acting}
            shown = self.shown(layer, receivers, hypothesis, acting)
            total += float(self.digits(layer, shown, self.engine[layer]).sum())
            for made in acting:
                others = [other for other in acting if other is not made]
                digits = self.digits(layer, shown, self.shown(layer, receivers, hypothesis, others))
                moved += int((digits > 0.0).sum()) if made.mistake is UPDATED else 0
                factors = len(acting) > 1 and all(mistake.part == "factor" for mistake in mistakes)
                summed = SIBLINGS in mistakes and made.mistake is not SIBLINGS and made.mistake.part != "derivative"
                if factors or summed:
                    evidence[made].append(float(digits.max()) - COMBINED_FACTOR_COST)
                else:
                    evidence[made] += [float(digits.max())] if made.mistake in (MEAN, SUM) else digits.tolist()
            receivers = shown if hypothesis.carried else self.shown(layer, receivers, hypothesis, [])
        if UPDATED in hypothesis.mistakes and self.learning_rate is None:
            is_round = math.isfinite(round_cost(hypothesis.rate))
            if moved < (2 if is_round else 1 + len(hypothesis.made)):
                return -math.inf
        in_all, in_its_layers = hypothesis.needs(self.learning_rate)
        costs = [self.cost(made.mistake, hypothesis, max(digits)) for made, digits in evidence.items()]
        left = [sum(digits) - cost for digits, cost in zip(evidence.values(), costs, strict=True)]
        return min(total - sum(costs) - in_all, min(left) - in_its_layers)

    def shown(self, layer: int, receivers: Floats, hypothesis: Hypothesis, acting: Sequence[Made]) -> Floats:
        """Return a layer's deltas with some of a hypothesis's mistakes."""
        step = self.steps[layer]
        mistakes = [made.mistake for made in acting if made.mistake in step.mistakes()]
        deltas = step.deltas(receivers, mistakes, hypothesis.n, hypothesis.rate)
        if acting and acting[0].neurons:
            return np.where(np.isin(np.arange(len(deltas)), acting[0].neurons), deltas, step.deltas(receivers))
        return deltas

    def digits(self, layer: int, reproduced: Floats, alternative: Floats) -> Floats:
        """Return each number's digits of evidence for the reproduced numbers against the alternative."""
        E = self.expected[layer]
        distance = abs(E - alternative)
        scale = np.where(E == 0.0, distance, np.minimum(abs(E), distance))
        deviation = np.maximum(abs(E - reproduced), self.half_units[layer])
        deviation = np.maximum(deviation, np.maximum(FLOAT_PRECISION * (abs(E) + abs(alternative)), MIN_DEVIATION))
        digits = np.maximum(np.log10(scale / (2.0 * deviation)), 0.0)
        return np.where(E == 0.0, np.minimum(digits, MAX_DIGITS_OF_ZERO), digits)

    def cost(self, mistake: Mistake, hypothesis: Hypothesis, best: float) -> float:
        """Return the digits that a mistake's fitted number could explain by itself.

        Args:
            mistake: One mistake of the hypothesis.
            hypothesis: Holds the fitted numbers.
            best: The digits of evidence in the number with the most.
        """
        if mistake is UPDATED and self.learning_rate is None:
            return min(best, round_cost(hypothesis.rate))
        outputs = len(self.engine[-1])
        return math.log10(hypothesis.n) if mistake in (MEAN, SUM) and hypothesis.n != outputs else 0.0


def round_cost(rate: float) -> float:
    """Return the digits that a round learning rate costs; infinity for another rate."""
    return next((cost for digits, cost in ROUND_RATE_COST.items() if rate == float(f"{rate:.{digits}g}")), math.inf)
