"""When an explanation of wrong deltas is printed: one formula, a likelihood ratio against chance.

An explanation is one mistake or two. It is printed if

    digits(T)  ≥  log₁₀(1 / ERROR_RATE) + Σ_{t in T} cost(t)

for all its mistakes together, T, and likewise, with PART_ERROR_RATE, for each of two.

- digits(T) is the likelihood ratio, as a power of ten, of two accounts of the given numbers: T was made, or an unknown
  mistake in its place, everything else being the same. The unknown one changes a number by up to as much as it was
  changed, d, so it hits the number to its precision ±p with the chance p / d. Independent numbers multiply, so their
  digits log₁₀(d / p) are added. Only the layers in which T acts count: what follows rightly from wrong numbers would
  follow from any. Right numbers never count, even where T, made twice, leads to them. If T multiplies a layer by a
  factor, or changes one number of it, that is one unknown only; its precision is that of the interval that agrees with
  all numbers that follow from it. A number that is 0 counts at most MAX_DIGITS_OF_ZERO, because a learner may write 0
  for one left out.
- cost(t) = log₁₀(1 / share(t)) corrects for the number of hypotheses tried. The shares of all ways to make a mistake in
  a step add up to 1 (Zipf's law, `LayerStep.share`): the k-th in `MISTAKES` has a share in proportion to 1/k, divided
  equally if there are several ways to make it. A number that is fitted to the given ones has as many hypotheses as
  there are such numbers: n, from 3 to 1000, again by Zipf's law; a learning rate of s digits one in 45 · 10^(s − 1),
  between 10⁻⁴ and 10, or else as many as its best number can tell apart. A given learning rate points at its mistake,
  which then costs nothing. A choice of some of m neurons is one in 2^m.

So a derivation that is wrong in one step, in a way that is not in the list, is given the name of a single mistake with
a probability of at most ERROR_RATE, because the shares add up to 1, and that of two with at most half of it, because
the shares of pairs add up to less than ½; `benchmarks/diagnosis.py` counts. To be stricter or less strict, change
ERROR_RATE; to know another mistake, add it to `MISTAKES` at its place, and its ways to `nn.checking.ways`.

What falls short as a diagnosis is a hint if it is a single mistake in a whole layer, by the same formula with
HINT_ERROR_RATE.

Letters: E expected numbers, r the numbers without T, d distance, p precision, t from 0 without T to 1 with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from autograd.checking.candidates import FLOAT_PRECISION, MAX_N, ROUND_RATES
from nn.checking.mistakes import MEAN, MISTAKES, SUM, UPDATED, Mistake
from nn.checking.steps import LayerStep, Way
from nn.validation import Floats

ERROR_RATE = 5e-4  # of a diagnosis
PART_ERROR_RATE = 2e-2  # of one of two mistakes, where the other is right
HINT_ERROR_RATE = 5e-2
MAX_DIGITS_OF_ZERO = 5.0  # a learner may write 0 for a number left out
MIN_PRECISION = 1e-300  # so that nothing is divided by 0


@dataclass(frozen=True)
class Made:
    """A mistake and where it was made.

    Attributes:
        way: The mistake, and the way in which it was made.
        layer: Its layer, counted from 0.
        repeated: Whether it was also made in every layer before that.
        carried: Whether the layer before uses the wrong deltas; otherwise it uses the right ones.
        neurons: The neurons, counted from 0, if it was made in some neurons of the layer only; otherwise empty.
    """

    way: Way
    layer: int
    repeated: bool = False
    carried: bool = True
    neurons: tuple[int, ...] = ()

    @property
    def mistake(self) -> Mistake:
        """The mistake."""
        return self.way.mistake

    def acts(self, layer: int) -> bool:
        """Return whether the mistake is made in this layer's step."""
        return layer == self.layer or (self.repeated and layer < self.layer)

    def in_step(self, step: LayerStep) -> Way | None:
        """Return the way to make the same mistake in a step; None if it cannot be made there."""
        if self.way in step.ways:
            return self.way
        same = [way for way in step.ways if way.mistake is self.mistake]
        wrong = self.way.detail.partition(" instead")[0]  # what is used; in place of what may differ by layer
        return next((way for way in same if way.detail.partition(" instead")[0] == wrong), None)


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


@dataclass(frozen=True)
class GivenDeltas:
    """The wrong deltas to be explained, layer by layer.

    Attributes:
        steps: The steps of the backward pass.
        engine: The engine's deltas, ∂C/∂z.
        expected: The deltas derived by hand, with the same sign convention.
        half_units: Half a unit of the last digit of each expected number; a short float may have lost zeros.
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
        """Return how many digits of evidence there are beyond those that the formula asks for.

        Args:
            hypothesis: What is judged.
            first: The first wrong layer, from the output back.
        """
        spare = math.inf
        for count in range(1, len(hypothesis.made) + 1):
            for part in combinations(hypothesis.made, count):
                digits, best = self.digits(hypothesis, part, first)
                costs = sum(self.cost(made, hypothesis, best) for made in part)
                rate = ERROR_RATE if count == len(hypothesis.made) else PART_ERROR_RATE
                spare = min(spare, digits - costs + math.log10(rate))
        return spare

    def digits(self, hypothesis: Hypothesis, part: Sequence[Made], first: int) -> tuple[float, float]:
        """Return the digits of evidence for a part of a hypothesis, and those of the number that has the most."""
        total, best = 0.0, 0.0
        others = [made for made in hypothesis.made if made not in part]
        receivers = self.receivers(first)
        for layer in range(first, -1, -1):
            shown = self.shown(layer, receivers, hypothesis, hypothesis.made)
            if any(made.acts(layer) for made in part) and not self.reproduces(layer, self.engine[layer]).all():
                without = self.shown(layer, receivers, hypothesis, others)
                digits = self.of_each(layer, shown, without)
                on_line = is_multiple(shown, without) or np.count_nonzero(shown != without) == 1
                total += self.of_line(hypothesis, part, layer, receivers) if on_line else digits.sum()
                best = max(best, float(digits.max()))
            receivers = shown if hypothesis.carried else self.shown(layer, receivers, hypothesis, ())
        return float(total), best

    def of_each(self, layer: int, shown: Floats, without: Floats) -> Floats:
        """Return each number's digits of evidence for what is shown, against the numbers without a mistake."""
        E = self.expected[layer]
        digits = np.maximum(np.log10(abs(E - without) / self.precision(layer, shown, without)), 0.0)
        digits = np.where(self.reproduces(layer, self.engine[layer]), 0.0, digits)
        return np.where(E == 0.0, np.minimum(digits, MAX_DIGITS_OF_ZERO), digits)

    def precision(self, layer: int, shown: Floats, without: Floats) -> Floats:
        """Return how precisely each number is known: half a unit of its last digit, or its deviation."""
        E = self.expected[layer]
        rounding = np.maximum(FLOAT_PRECISION * (abs(E) + abs(without)), MIN_PRECISION)
        return np.maximum(np.maximum(abs(E - shown), self.half_units[layer]), rounding)

    def of_line(self, hypothesis: Hypothesis, part: Sequence[Made], layer: int, receivers: Floats) -> float:
        """Return the digits of evidence for one number t = 1, from all numbers that follow from it.

        They are r + t · (the numbers shown − r), and t = 0 without the mistakes.
        """
        others = [made for made in hypothesis.made if made not in part]
        low, high = -math.inf, math.inf
        shown = without = receivers
        for i in range(layer, -1, -1):
            if i < layer and (not hypothesis.carried or any(made.acts(i) for made in hypothesis.made)):
                break
            shown = self.shown(i, shown, hypothesis, hypothesis.made)
            without = self.shown(i, without, hypothesis, others)
            moved = (abs(shown - without) > 1e-9 * abs(shown)) & (self.expected[i] != 0.0)
            if moved.any():
                change = (shown - without)[moved]
                middle = (self.expected[i] - without)[moved] / change
                width = self.precision(i, shown, without)[moved] / abs(change)
                low, high = max(low, float((middle - width).max())), min(high, float((middle + width).min()))
        half = max(0.5 * (high - low), FLOAT_PRECISION)
        if not math.isfinite(half):  # the numbers that are moved are 0
            return float(self.of_each(layer, shown, without).max()) if i == layer else 0.0
        return math.log10(max(1.0 / half, 1.0))

    def shown(self, layer: int, receivers: Floats, hypothesis: Hypothesis, made: Sequence[Made]) -> Floats:
        """Return a layer's deltas with some of a hypothesis's mistakes."""
        step = self.steps[layer]
        acting = [one for one in made if one.acts(layer)]
        ways = in_order(way for one in acting if (way := one.in_step(step)) is not None)
        deltas = step.deltas(receivers, ways, hypothesis.n, hypothesis.rate)
        if acting and acting[0].neurons:
            return np.where(np.isin(np.arange(len(deltas)), acting[0].neurons), deltas, step.deltas(receivers))
        return deltas

    def cost(self, made: Made, hypothesis: Hypothesis, best: float) -> float:
        """Return log₁₀ of the number of hypotheses that a mistake is chosen from.

        Args:
            made: One mistake of the hypothesis.
            hypothesis: Holds the fitted numbers.
            best: The digits of evidence in the number with the most.
        """
        if made.mistake is UPDATED and self.learning_rate is not None:
            return 0.0
        step = self.steps[made.layer]
        cost = -math.log10(step.share[made.way]) + (len(step.activations) * math.log10(2.0) if made.neurons else 0.0)
        if made.mistake is UPDATED:
            return cost + min(best, round_cost(hypothesis.rate))
        if made.mistake in (MEAN, SUM) and hypothesis.n != len(self.engine[-1]):
            return cost + math.log10(hypothesis.n * sum(1.0 / n for n in range(3, MAX_N + 1)))
        return cost

    def rank(self, hypothesis: Hypothesis) -> tuple[float, list[int]]:
        """Return a key that sorts hypotheses: first those that are chosen from fewer, then the more common mistakes."""
        places = [MISTAKES.index(mistake) for mistake in hypothesis.mistakes]
        return sum(self.cost(made, hypothesis, math.inf) for made in hypothesis.made), places


def in_order(ways: Iterable[Way]) -> list[Way]:
    """Return ways in the order of `MISTAKES`, in which a step takes them."""
    return sorted(ways, key=lambda way: MISTAKES.index(way.mistake))


def is_multiple(numbers: Floats, others: Floats) -> bool:
    """Return whether all numbers differ from others by a common factor."""
    place = int(np.argmax(abs(others)))
    if not others[place]:
        return False
    return bool((abs(numbers - numbers[place] / others[place] * others) <= 1e-9 * abs(numbers)).all())


def round_cost(rate: float) -> float:
    """Return log₁₀ of how many learning rates are as round as this; infinity if it is not round."""
    costs = (math.log10(count) for digits, count in ROUND_RATES.items() if rate == float(f"{rate:.{digits}g}"))
    return next(costs, math.inf)
