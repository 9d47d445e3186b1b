"""Which known slip explains wrong deltas: a search back through the layers, the way the derivation went.

From the first wrong layer on, each step is taken again with every slip, and every two, that can be made in it. What
does not reproduce the given numbers is dropped; the rest goes on to the layer before. What arrives at the inputs
reproduces every number, and is named if the evidence is enough (`nn.evidence`); one slip for which it falls a little
short is a hint.

Where several explanations are left, the one with fewer slips is named, then the one that fits less, then the one in
whole layers, then what is made more often, by the order of `SLIPS`. Another single slip that gives the same numbers
is named beside it.

Letters: E expected numbers; u, v the columns and the numbers of a fit; n as in 1/n; otherwise as in `slips`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from nn.checking.evidence import HINT, Explanation, Given, Made
from nn.checking.mistakes import (
    ACTIVATION,
    DOUBLE,
    HALF,
    MEAN,
    MISSING,
    NET_INPUT,
    SIGN,
    SUM,
    UPDATED,
    Array,
    Slip,
    compatible,
)

LARGEST_N, LARGEST_RATE = 1000, 10.0
IN_SOME_NEURONS = (SIGN, DOUBLE, HALF, MISSING, NET_INPUT, ACTIVATION)  # may be made in some neurons of a layer


@dataclass(frozen=True)
class Diagnosis:
    """The slips that reproduce the given deltas; its str is the line that names them.

    made: one or two. layers: of the network. n: of a slip in 1/n. learning_rate: of weights used after their update.
    other: another slip that gives the same numbers. certain: whether chance would hardly give them; else it is a hint.
    """

    made: tuple[Made, ...]
    layers: int
    n: int = 1
    learning_rate: float = 0.0
    other: Slip | None = None
    certain: bool = True

    def __str__(self) -> str:
        slips = [f"{made.slip.name}{self._fitted(made.slip)}" for made in self.made]
        places = [self._place(made) for made in self.made]
        if len(set(places)) == 1:
            named = f"{' and '.join(slips)}, {places[0]}"
        else:
            named = ", and ".join(f"{slip}, {place}" for slip, place in zip(slips, places, strict=True))
        other = f" ({self.other.name} would give the same numbers)" if self.other else ""
        if not self.certain:
            return f"These numbers would come from this slip, {named}{other}, but also by chance: give more digits."
        remedies = "; ".join(dict.fromkeys(made.slip.remedy for made in self.made))
        return f"Diagnosis: {named}{other}. To mend it: {remedies}."

    def _fitted(self, slip: Slip) -> str:
        if slip in (MEAN, SUM):
            return f" (n = {self.n})"
        return f" (learning rate {abs(self.learning_rate):.4g})" if slip is UPDATED else ""

    def _place(self, made: Made) -> str:
        last, number = made.layer == self.layers - 1, made.layer + 1
        if made.repeated:
            every = "every layer" if last else "every hidden layer" if number == self.layers - 1 else ""
            place = f"in {every or f'layers {number} to 1'}"
        else:
            place = "in the output layer" if last else f"in layer {number}"
        if made.neurons:
            place += f", neuron{'s' * (len(made.neurons) > 1)} {', '.join(str(j + 1) for j in made.neurons)}"
        return place if made.carried or not made.layer else f"{place}, not carried back"


def diagnose(given: Given) -> Diagnosis | None:
    """Return what explains the numbers, for certain or as a hint; None where nothing does."""
    wrong = [layer for layer, deltas in enumerate(given.engine) if not given.reproduces(layer, deltas).all()]
    if not wrong:
        return None
    with np.errstate(all="ignore"):  # a slip may well overflow
        left = [Explanation(given.receivers(wrong[-1]))]
        for layer in range(wrong[-1], -1, -1):
            left = [longer for explanation in left for longer in back(given, explanation, layer)]
        fewest = min((len(explanation.made) for explanation in left), default=0)
        spare = [(e, given.spare(e, wrong[-1])) for e in left if len(e.made) == fewest]
    found = [e for e, digits in spare if digits >= 0.0]
    certain = bool(found)
    if not certain and fewest == 1:
        found = [e for e, digits in spare if digits >= -HINT and not e.made[0].neurons]
    if not found:
        return None
    found.sort(key=Explanation.rank)
    best = found[0]
    others = [e.slips[0] for e in found if fewest == 1 and e.slips != best.slips]
    return Diagnosis(best.made, len(given.steps), best.n, best.rate, others[0] if others else None, certain)


def back(given: Given, explanation: Explanation, layer: int) -> Iterator[Explanation]:
    """Yield the explanations that go on with this one, one layer back, with as many slips more as there may be."""
    step, receivers, before = given.steps[layer], explanation.handed_on, explanation.made
    right, possible = step.deltas(receivers), step.slips()
    repeated = [made.slip for made in before if made.repeated and made.slip in possible]
    for count in range(3 - len(before) if explanation.carried else 1):
        for new in combinations(possible, count):
            slips = [*repeated, *new]
            if not compatible(slips) or (fit := fitted(given, explanation, layer, slips)) is None:
                continue
            deltas, n, rate = fit
            same = given.reproduces(layer, deltas)
            if not same.all():
                if count == 1 and not before and same.any() and new[0] in IN_SOME_NEURONS:
                    yield from in_some_neurons(given, layer, new[0], np.where(same, deltas, right), right)
                continue
            fewer = [step.deltas(receivers, [s for s in slips if s is not slip], n, rate) for slip in new]
            if any(given.reproduces(layer, without).all() for without in fewer):
                continue  # one of them is not needed here
            for again in product((False, True) if layer else (False,), repeat=count):
                made = [Made(slip, layer, repeated) for slip, repeated in zip(new, again, strict=True)]
                yield Explanation(deltas if explanation.carried else right, (*before, *made), n, rate)
                # A factor repeated but not carried is the same as a factor carried.
                if count == 1 and not before and layer and not (made[0].repeated and new[0].part == "factor"):
                    yield Explanation(right, (replace(made[0], carried=False),), n, rate)


def in_some_neurons(given: Given, layer: int, slip: Slip, mixed: Array, right: Array) -> Iterator[Explanation]:
    """Yield the explanations where a slip is made in some neurons of a layer only."""
    if given.reproduces(layer, mixed).all():
        made = Made(slip, layer, neurons=tuple(np.flatnonzero(mixed != right).tolist()))
        yield Explanation(mixed, (made,))
        if layer:
            yield Explanation(right, (replace(made, carried=False),))


def fitted(
    given: Given, explanation: Explanation, layer: int, slips: Sequence[Slip]
) -> tuple[Array, int, float] | None:
    """Return a layer's deltas with slips, and their n and learning rate; None where no such number fits."""
    step, n, rate = given.steps[layer], explanation.n, explanation.rate
    E, units = given.expected[layer], given.tolerances[layer]
    deltas = step.deltas(explanation.handed_on, slips, n, rate)
    unknown_rate = UPDATED in slips and not rate
    moved = step.deltas(explanation.handed_on, slips, n, 1.0) - deltas if unknown_rate else np.zeros(len(E))
    if n == 1 and (MEAN in slips or SUM in slips):
        factor = least_squares([deltas, moved] if unknown_rate else [deltas], E, units)
        ratio = 1.0 / factor if MEAN in slips and factor else factor
        if not 2.5 < ratio < LARGEST_N + 0.5:
            return None
        n = round(ratio)
        factor = 1.0 / n if MEAN in slips else float(n)
        deltas, moved = factor * deltas, factor * moved
    if not unknown_rate:
        return deltas, n, rate
    rate = least_squares([moved], E - deltas, units)
    if given.learning_rate is not None:
        rate = math.copysign(given.learning_rate, rate)
    # With the opposite sign a learner adds where the engine subtracts.
    if not 0.0 < (abs(rate) if SIGN in (*explanation.slips, *slips) else rate) <= LARGEST_RATE:
        return None
    rounder = [float(f"{rate:.{digits}g}") for digits in (1, 2, 3)] if given.learning_rate is None else []
    rate = next((r for r in rounder if given.reproduces(layer, deltas + r * moved).all()), rate)
    return deltas + rate * moved, n, rate


def least_squares(columns: Sequence[Array], numbers: Array, units: Array) -> float:
    """Return the first coefficient of the sum of columns that comes nearest to the numbers, in these units; or NaN."""
    u, v = np.array(columns) / units, numbers / units
    if not (np.isfinite(u).all() and np.isfinite(v).all()):
        return math.nan
    if len(columns) == 1:
        return float(u[0] @ v / (u[0] @ u[0]))
    return float(np.linalg.lstsq(u.T, v, rcond=None)[0][0])
