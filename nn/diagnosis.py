"""Which known slip explains wrong deltas: a search back through the layers, the way the derivation went.

From the first wrong layer on, each step is taken again with every slip, and every two, that can be made in it. What
does not reproduce the given numbers is dropped; the rest goes on to the layer before. What arrives at the inputs
reproduces every number. It is named if chance would hardly do the same, by this rule:

- Each wrong number that is reproduced is worth its digits of evidence: log₁₀ of how far it is from the number without
  the slip, but at most of its own size, over twice its miss or half a unit of its last digit, whichever is more. So
  digits that were not given are worth nothing, and a number that the slip hardly moves is worth little. A zero is
  worth 2.5 at most, for it may stand for a number left out.
- One slip needs 5 digits in all, and 1.5 of them in the layers where it is made; opposite sign, 2 and ½ need only 4,
  because they are so common. Two slips need 7, and each 2.5 in its layers against the other one alone.
- What is fitted costs what it could explain. The n of 1/n, from 3 to 1000, costs log₁₀ n, or nothing where it is the
  number of outputs, and is worth one number however many show it. A learning rate needs two neurons that it moves, and
  costs the best of them, or 2.5 where it is round (two digits); in a sum over siblings the layer is one number again.

So a wrong number of six digits is enough by itself, one of three is not, and three of three are. Among explanations
the one with fewer slips is named, then the one that fits less, then the one in whole layers, then what is made more
often, by the order of `SLIPS`; another single slip with the same numbers is named beside it.

Letters: E expected numbers; u, v a fit's moves and gaps; otherwise as in `slips`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from nn.slips import (
    ACTIVATION,
    DOUBLE,
    HALF,
    MEAN,
    MISSING,
    NET_INPUT,
    SIBLINGS,
    SIGN,
    SLIPS,
    SUM,
    UPDATED,
    Array,
    Slip,
    Step,
    compatible,
)

LARGEST_N, LARGEST_RATE = 1000, 10.0
COMMON = (SIGN, DOUBLE, HALF)
IN_SOME_NEURONS = (*COMMON, MISSING, NET_INPUT, ACTIVATION)  # the slips that may be made in some neurons of a layer
NEEDED = {"common": (4.0, 1.5), "one": (5.0, 2.0), "in some neurons": (6.0, 6.0), "two": (7.0, 3.0)}  # in all, in its layers
ROUND = {1: 2.0, 2: 3.0}  # what a learning rate of so many digits costs
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
class Diagnosis:
    """The slips that reproduce the given deltas; its str is the line that names them.

    made: one or two. layers: of the network. n: of a slip in 1/n. learning_rate: of weights used after their update.
    other: another slip that gives the same numbers.
    """

    made: tuple[Made, ...]
    layers: int
    n: int = 1
    learning_rate: float = 0.0
    other: Slip | None = None

    def __str__(self) -> str:
        slips = [f"{made.slip.name}{self._fitted(made.slip)}" for made in self.made]
        places = [self._place(made) for made in self.made]
        if len(set(places)) == 1:
            named = f"{' and '.join(slips)}, {places[0]}"
        else:
            named = ", and ".join(f"{slip}, {place}" for slip, place in zip(slips, places, strict=True))
        other = f" ({self.other.name} would give the same numbers)" if self.other else ""
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


@dataclass(frozen=True)
class State:
    """An explanation on its way back: what it has reproduced so far, and the deltas that it hands on."""

    receivers: Array
    made: tuple[Made, ...] = ()
    n: int = 1
    rate: float = 0.0

    @property
    def slips(self) -> list[Slip]:
        """The slips made so far."""
        return [made.slip for made in self.made]

    @property
    def carried(self) -> bool:
        """Whether the wrong deltas are handed on."""
        return all(made.carried for made in self.made)

    def rank(self) -> tuple[int, bool, list[int]]:
        """Order explanations: few fitted numbers, whole layers, and what is made most often come first."""
        fitted = sum(slip in (UPDATED, MEAN, SUM) for slip in self.slips)
        return fitted, any(made.neurons for made in self.made), [SLIPS.index(slip) for slip in self.slips]


@dataclass(frozen=True)
class Search:
    """The search for what explains the given deltas.

    steps: of every layer. engine, expected: the deltas, ∂C/∂z. half_units: of the last digit of each expected
    number. tolerances: within which a number is reproduced. learning_rate: where it is known, else None.
    """

    steps: Sequence[Step]
    engine: Sequence[Array]
    expected: Sequence[Array]
    half_units: Sequence[Array]
    tolerances: Sequence[Array]
    learning_rate: float | None = None

    def diagnosis(self) -> Diagnosis | None:
        """Return what explains the numbers, None where nothing does so convincingly."""
        wrong = [layer for layer, deltas in enumerate(self.engine) if not self.reproduces(layer, deltas).all()]
        if not wrong:
            return None
        with np.errstate(all="ignore"):  # a slip may well overflow
            states = [State(self.receivers(wrong[-1]))]
            for layer in range(wrong[-1], -1, -1):
                states = [after for state in states for after in self.back(state, layer)]
            fewest = min((len(state.made) for state in states), default=0)
            found = [s for s in states if len(s.made) == fewest and self.convinces(s, wrong[-1])]
        if not found:
            return None
        found.sort(key=State.rank)
        best = found[0]
        others = [s.slips[0] for s in found if s.slips != best.slips and fewest == 1]
        return Diagnosis(best.made, len(self.steps), best.n, best.rate, others[0] if others else None)

    def receivers(self, layer: int) -> Array:
        """Return the engine's deltas of a layer's receivers."""
        return self.engine[layer + 1] if layer + 1 < len(self.engine) else np.zeros(0)

    def reproduces(self, layer: int, deltas: Array) -> Array:
        """Return which of a layer's expected numbers these deltas reproduce."""
        return np.asarray(abs(self.expected[layer] - deltas) <= self.tolerances[layer])

    # One step back -------------------------------------------------------------------------------------------------

    def back(self, state: State, layer: int) -> Iterator[State]:
        """Yield the states that reproduce one layer more."""
        step, receivers = self.steps[layer], state.receivers
        right, possible = step.deltas(receivers), step.slips()
        repeated = [made.slip for made in state.made if made.repeated and made.slip in possible]
        room = 2 - len(state.made) if state.carried else 0
        for count in range(room + 1):
            for new in combinations(possible, count):
                slips = [*repeated, *new]
                if not compatible(slips) or (fitted := self.fitted(state, layer, slips)) is None:
                    continue
                deltas, n, rate = fitted
                same = self.reproduces(layer, deltas)
                if not same.all():
                    if count == 1 and not state.made and same.any() and new[0] in IN_SOME_NEURONS:
                        yield from self.in_some_neurons(layer, new[0], np.where(same, deltas, right), right)
                    continue
                if any(self.reproduces(layer, self.without(state, layer, slips, s, n, rate)).all() for s in new):
                    continue  # one of them is not needed here
                for again in product((False, True) if layer else (False,), repeat=count):
                    made = [Made(slip, layer, repeated) for slip, repeated in zip(new, again, strict=True)]
                    yield State(deltas if state.carried else right, (*state.made, *made), n, rate)
                    # A factor repeated but not carried is the same as a factor carried.
                    if count == 1 and layer and not state.made and not (made[0].repeated and new[0].part == "factor"):
                        yield State(right, (replace(made[0], carried=False),), n, rate)

    def in_some_neurons(self, layer: int, slip: Slip, mixed: Array, right: Array) -> Iterator[State]:
        """Yield the states where the slip is made in some neurons of a layer only."""
        if self.reproduces(layer, mixed).all():
            made = Made(slip, layer, neurons=tuple(np.flatnonzero(mixed != right).tolist()))
            yield State(mixed, (made,))
            if layer:
                yield State(right, (replace(made, carried=False),))

    def without(self, state: State, layer: int, slips: Sequence[Slip], left_out: Slip, n: int, rate: float) -> Array:
        """Return a layer's deltas with one of the slips left out."""
        return self.steps[layer].deltas(state.receivers, [s for s in slips if s is not left_out], n, rate)

    def fitted(self, state: State, layer: int, slips: Sequence[Slip]) -> tuple[Array, int, float] | None:
        """Return a layer's deltas with slips, and their n and learning rate; None where no such number fits."""
        step, expected, n, rate = self.steps[layer], self.expected[layer], state.n, state.rate
        if n == 1 and (MEAN in slips or SUM in slips):
            largest = int(np.argmax(abs(expected)))
            ratio = step.deltas(state.receivers, slips)[largest] / expected[largest]
            ratio = float(ratio if MEAN in slips else 1.0 / ratio)
            if not 2.5 < ratio < LARGEST_N + 0.5:
                return None
            n = round(ratio)
        if UPDATED in slips and not rate:
            at_0, at_1 = (step.deltas(state.receivers, slips, n, rate) for rate in (0.0, 1.0))
            moved = at_1 - at_0
            u, v = moved / self.tolerances[layer], (expected - at_0) / self.tolerances[layer]
            rate = float(u @ v / (u @ u))  # least squares, in units of what is tolerated
            if not math.isfinite(rate):
                return None
            if self.learning_rate is not None:
                rate = math.copysign(self.learning_rate, rate)
            elif sum(abs(rate * moved) > self.tolerances[layer]) < 2:  # two neurons must agree on it
                return None
            else:
                rate = self.rounded(layer, at_0, moved, rate)
            # With the opposite sign a learner adds where the engine subtracts.
            if not 0.0 < (abs(rate) if SIGN in (*state.slips, *slips) else rate) <= LARGEST_RATE:
                return None
        return step.deltas(state.receivers, slips, n, rate), n, rate

    def rounded(self, layer: int, at_0: Array, moved: Array, rate: float) -> float:
        """Return the roundest learning rate that reproduces what this one does."""
        for digits in (1, 2, 3):
            round_rate = float(f"{rate:.{digits}g}")
            if self.reproduces(layer, at_0 + round_rate * moved).all():
                return round_rate
        return rate

    # Evidence ------------------------------------------------------------------------------------------------------

    def convinces(self, state: State, first: int) -> bool:
        """Return whether the evidence is enough, for all slips together and for each in its own layers."""
        total = 0.0
        evidence: dict[Made, list[float]] = {made: [] for made in state.made}
        receivers = self.receivers(first)
        for layer in range(first, -1, -1):
            acting = [made for made in state.made if made.acts(layer)]
            shown = self.shown(state, layer, receivers, acting)
            total += float(self.digits(layer, shown, self.engine[layer]).sum())
            for made in acting:
                without = self.shown(state, layer, receivers, [other for other in acting if other is not made])
                digits = self.digits(layer, shown, without)
                # However many neurons show it, one factor of all of them is one number.
                one = made.slip in (MEAN, SUM) or {SIBLINGS, UPDATED} <= {m.slip for m in acting}
                one = one or (len(acting) > 1 and all(m.slip.part == "factor" for m in acting))
                evidence[made] += [float(digits.max())] if one else digits.tolist()
            receivers = shown if state.carried else self.shown(state, layer, receivers, [])
        common = state.slips[0] in COMMON or (state.slips[0] is UPDATED and self.learning_rate is not None)
        kind = "two" if len(state.made) > 1 else "in some neurons" if state.made[0].neurons else "common" if common else "one"
        in_all, in_its_layers = NEEDED[kind]
        costs = [self.cost(made.slip, state, max(digits)) for made, digits in evidence.items()]
        return total - sum(costs) >= in_all and all(
            sum(digits) - cost >= in_its_layers for digits, cost in zip(evidence.values(), costs, strict=True)
        )

    def shown(self, state: State, layer: int, receivers: Array, acting: Sequence[Made]) -> Array:
        """Return a layer's deltas with these of the slips made."""
        step = self.steps[layer]
        deltas = step.deltas(receivers, [m.slip for m in acting if m.slip in step.slips()], state.n, state.rate)
        if acting and acting[0].neurons:
            return np.where(np.isin(np.arange(len(deltas)), acting[0].neurons), deltas, step.deltas(receivers))
        return deltas

    def cost(self, slip: Slip, state: State, best: float) -> float:
        """Return the digits that a slip's fitted number could explain by itself; best: the most of one number."""
        if slip is UPDATED and self.learning_rate is None:
            round_costs = [cost for digits, cost in ROUND.items() if state.rate == float(f"{state.rate:.{digits}g}")]
            return min([best, *round_costs])
        return math.log10(state.n) if slip in (MEAN, SUM) and state.n != len(self.engine[-1]) else 0.0

    def digits(self, layer: int, hypothesis: Array, alternative: Array) -> Array:
        """Return each number's digits of evidence for a hypothesis against its alternative."""
        E = self.expected[layer]
        distance = abs(E - alternative)
        scale = np.where(E == 0.0, distance, np.minimum(abs(E), distance))
        miss = np.maximum(abs(E - hypothesis), self.half_units[layer])
        miss = np.maximum(miss, np.maximum(EXACT * (abs(E) + abs(alternative)), TINY))
        digits = np.maximum(np.log10(scale / (2.0 * miss)), 0.0)
        return np.where(E == 0.0, np.minimum(digits, ZERO), digits)
