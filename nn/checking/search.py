"""Which known mistakes explain wrong deltas: a search back through the layers, in the order of the derivation.

From the first wrong layer on, every step is repeated with each mistake, and each pair of mistakes, that can be made in
it. Hypotheses that do not reproduce the given numbers are dropped; the others are continued in the layer before. A
hypothesis that reaches the inputs reproduces every number, and is named if the evidence suffices
(`nn.checking.evidence`). A single mistake whose evidence falls a little short is a hint.

If several hypotheses are left, the one with fewer mistakes is named; among these the one chosen from fewer, as the
cost in `nn.checking.evidence` counts. Another single mistake that gives the same numbers is named beside it.

Letters: E expected numbers; u, v the columns and the numbers of a fit; n as in 1/n; otherwise as in
`nn.checking.steps`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from autograd.checking.candidates import MAX_LEARNING_RATE, MAX_N
from nn.checking import mistakes as known
from nn.checking.evidence import ERROR_RATE, HINT_ERROR_RATE, GivenDeltas, Hypothesis, Made, in_order
from nn.checking.mistakes import Mistake, compatible
from nn.checking.steps import Way
from nn.validation import Floats

MAX_MISTAKES = 2  # in one hypothesis
# Of a layer, not in others.
POSSIBLE_IN_SOME_NEURONS = (
    known.SIGN, known.DOUBLE, known.HALF, known.MISSING, known.NET_INPUT, known.ACTIVATION, known.TWICE,
)  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """The mistakes that reproduce the given deltas; its str is the line that names them.

    Attributes:
        made: One mistake or two, and where they were made.
        layers: How many layers the network has.
        n: The n of a mistake in 1/n.
        learning_rate: The learning rate of weights used after their update.
        others: Other mistakes that give the same numbers, the most common first.
        certain: Whether chance would hardly give these numbers; otherwise this is a hint.
    """

    made: tuple[Made, ...]
    layers: int
    n: int = 1
    learning_rate: float = 0.0
    others: tuple[Mistake, ...] = ()
    certain: bool = True

    def __str__(self) -> str:
        mistakes = [f"{made.mistake.name}{self._more(made.way)}" for made in self.made]
        places = [self._place(made) for made in self.made]
        if len(set(places)) == 1:
            named = f"{' and '.join(mistakes)}{places[0]}"
        else:
            named = ", and ".join(f"{mistake}{place}" for mistake, place in zip(mistakes, places, strict=True))
        other = f" ({self.others[0].name} would give the same numbers)" if self.others else ""
        if not self.certain:
            return f"This mistake would give these numbers: {named}{other}; but they may be chance: give more digits."
        remedies = "; ".join(dict.fromkeys(made.mistake.remedy for made in self.made))
        return f"Diagnosis: {named}{other}. To correct it: {remedies}."

    def _more(self, way: Way) -> str:
        """Return what stands in brackets after a mistake's name: the number that was fitted, or the way it was made."""
        fitted = f"learning rate {abs(self.learning_rate):.4g}" if way.mistake is known.UPDATED else way.detail
        more = f"n = {self.n}" if way.mistake in (known.MEAN, known.SUM) else fitted
        return f" ({more})" if more else ""

    def _place(self, made: Made) -> str:
        if made.mistake is known.REVERSED:
            return ""
        last, number = made.layer == self.layers - 1, made.layer + 1
        if made.repeated:
            every = "every layer" if last else "every hidden layer" if number == self.layers - 1 else ""
            place = f", in {every or f'layers {number} to 1'}"
        else:
            place = ", in the output layer" if last else f", in layer {number}"
        if made.neurons:
            place += f", neuron{'s' * (len(made.neurons) > 1)} {', '.join(str(j + 1) for j in made.neurons)}"
        return place if made.carried or not made.layer else f"{place}, but the layer before uses the right deltas"


def diagnose(given: GivenDeltas) -> Diagnosis | None:
    """Return the mistakes that explain the deltas, for certain or as a hint; None if none do."""
    wrong = [layer for layer, deltas in enumerate(given.engine) if not given.reproduces(layer, deltas).all()]
    if not wrong:
        return None
    with np.errstate(all="ignore"):  # numbers may overflow with a mistake in them
        if in_reverse_order(given):
            return Diagnosis((Made(Way(known.REVERSED), len(given.steps) - 1),), len(given.steps))
        left = [Hypothesis(given.receivers(wrong[-1]))]
        for layer in range(wrong[-1], -1, -1):
            left = [longer for hypothesis in left for longer in continued(given, hypothesis, layer)]
        fewest = min((len(hypothesis.made) for hypothesis in left), default=0)
        spare = [(e, given.spare(e, wrong[-1])) for e in left if len(e.made) == fewest]
        found = [e for e, digits in spare if digits >= 0.0]
        certain = bool(found)
        if not certain and fewest == 1:
            short = math.log10(ERROR_RATE / HINT_ERROR_RATE)
            found = [e for e, digits in spare if digits >= short and not e.made[0].neurons]
        if not found:
            return None
        best = min(found, key=given.rank)
        left = [e for e, _ in spare if fewest == 1 and not e.made[0].neurons and given.rank(e)[0] < math.inf]
        left.sort(key=given.rank)
    others = dict.fromkeys(e.mistakes[0] for e in left if e.mistakes != best.mistakes)
    return Diagnosis(best.made, len(given.steps), best.n, best.rate, tuple(others), certain)


def in_reverse_order(given: GivenDeltas) -> bool:
    """Return whether the layers were given in reverse order, beyond doubt."""
    if [len(layer) for layer in given.engine] != [len(layer) for layer in reversed(given.engine)]:
        return False
    engine = given.engine[::-1]
    if not all(given.reproduces(layer, deltas).all() for layer, deltas in enumerate(engine)):
        return False
    digits = sum(given.of_each(i, deltas, given.engine[i]).sum() for i, deltas in enumerate(engine))
    return bool(digits >= -math.log10(ERROR_RATE))


def continued(given: GivenDeltas, hypothesis: Hypothesis, layer: int) -> Iterator[Hypothesis]:
    """Yield the hypotheses that continue this one by a layer, with no, one or two more mistakes in its step."""
    step, receivers, before = given.steps[layer], hypothesis.receivers, hypothesis.made
    right = step.deltas(receivers)
    repeated = [way for made in before if made.repeated and (way := made.in_step(step))]
    for count, choices in enumerate(step.choices[: MAX_MISTAKES + 1 - len(before) if hypothesis.carried else 1]):
        for new in choices:
            ways = in_order([*repeated, *new]) if repeated else new
            if repeated and not compatible([way.mistake for way in ways]):
                continue
            if (fit := fitted(given, hypothesis, layer, ways)) is None:
                continue
            deltas, n, rate = fit
            same = given.reproduces(layer, deltas)
            if not same.all():
                if count == 1 and not before and same.any() and new[0].mistake in POSSIBLE_IN_SOME_NEURONS:
                    yield from in_some_neurons(given, layer, new[0], np.where(same, deltas, right), right)
                continue
            fewer = [step.deltas(receivers, [w for w in ways if w is not way], n, rate) for way in new]
            if any(given.reproduces(layer, without).all() for without in fewer):
                continue  # one of the mistakes is not needed here
            for again in product((False, True) if layer else (False,), repeat=count):
                made = [Made(way, layer, repeated) for way, repeated in zip(new, again, strict=True)]
                yield Hypothesis(deltas if hypothesis.carried else right, (*before, *made), n, rate)
                # A factor that is repeated but not carried gives the same numbers as one that is carried.
                if count == 1 and not before and layer and not (made[0].repeated and new[0].mistake.part == "factor"):
                    yield Hypothesis(right, (replace(made[0], carried=False),), n, rate)


def in_some_neurons(given: GivenDeltas, layer: int, way: Way, mixed: Floats, right: Floats) -> Iterator[Hypothesis]:
    """Yield the hypotheses that a mistake was made in some neurons of a layer only."""
    if given.reproduces(layer, mixed).all():
        made = Made(way, layer, neurons=tuple(np.flatnonzero(mixed != right).tolist()))
        yield Hypothesis(mixed, (made,))
        if layer:
            yield Hypothesis(right, (replace(made, carried=False),))


def fitted(
    given: GivenDeltas, hypothesis: Hypothesis, layer: int, ways: Sequence[Way]
) -> tuple[Floats, int, float] | None:
    """Return a layer's deltas with mistakes, their n and their learning rate; None if no n or learning rate fits."""
    step, n, rate = given.steps[layer], hypothesis.n, hypothesis.rate
    deltas = step.deltas(hypothesis.receivers, ways, n, rate)
    mistakes = {way.mistake for way in ways}
    if not mistakes & {known.MEAN, known.SUM, known.UPDATED}:
        return deltas, n, rate
    E, units = given.expected[layer], given.tolerances[layer]
    unknown_rate = known.UPDATED in mistakes and not rate
    moved = step.deltas(hypothesis.receivers, ways, n, 1.0) - deltas if unknown_rate else np.zeros(len(E))
    if n == 1 and (known.MEAN in mistakes or known.SUM in mistakes):
        factor = least_squares([deltas, moved] if unknown_rate else [deltas], E, units)
        ratio = 1.0 / factor if known.MEAN in mistakes and factor else factor
        if not 2.5 < ratio < MAX_N + 0.5:
            return None
        n = round(ratio)
        factor = 1.0 / n if known.MEAN in mistakes else float(n)
        deltas, moved = factor * deltas, factor * moved
    if not unknown_rate:
        return deltas, n, rate
    rate = least_squares([moved], E - deltas, units)
    if given.learning_rate is not None:
        rate = math.copysign(given.learning_rate, rate)
    # With the opposite sign, the learner adds what the engine subtracts.
    if not 0.0 < (abs(rate) if known.SIGN in (*hypothesis.mistakes, *mistakes) else rate) <= MAX_LEARNING_RATE:
        return None
    rounder = [float(f"{rate:.{digits}g}") for digits in (1, 2, 3)] if given.learning_rate is None else []
    rate = next((r for r in rounder if given.reproduces(layer, deltas + r * moved).all()), rate)
    return deltas + rate * moved, n, rate


def least_squares(columns: Sequence[Floats], numbers: Floats, units: Floats) -> float:
    """Return the first coefficient of the linear combination of columns that fits the numbers best.

    Args:
        columns: One or two vectors.
        numbers: What they are fitted to.
        units: The weight of each residual is 1 / its unit.

    Returns:
        The coefficient of the first column; NaN if some number is not finite.
    """
    u, v = np.array(columns) / units, numbers / units
    if not (np.isfinite(u).all() and np.isfinite(v).all()):
        return math.nan
    if len(columns) == 1:
        return float(u[0] @ v / (u[0] @ u[0]))
    return float(np.linalg.lstsq(u.T, v, rcond=None)[0][0])
