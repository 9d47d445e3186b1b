"""A mutation study of the diagnosis: does `compare` name the mistake that was made, and nothing if none was made?

Networks are random: one to three hidden layers of two to five neurons, every activation, SSE, half SSE and
cross-entropy, softmax. A simulated learner (`simulated_learner.py`), who knows nothing of `nn.checking`, derives their
deltas with one mistake or two together; the study counts how often exactly these are named. Then come numbers that are
wrong in other ways, none of which may be diagnosed. The tables are Markdown.

    pip install -e . && python benchmarks/diagnosis.py

A mistake that changes no number at the digits given, alone or beside the other mistake, or that makes every delta of a
layer 0, is not counted but drawn again.
If two mistakes give the same numbers, naming either is right; the tables count that separately. A hint is not a
diagnosis: it says that one mistake gives the numbers, and that more digits are needed to be sure.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable
from itertools import combinations

import numpy as np
from simulated_learner import (
    NEEDED_ACTIVATIONS,
    NEEDED_LOSSES,
    Array,
    Rng,
    mutant,
    random_record,
    same,
    written,
)

from nn import Record, compare
from nn.checking import mistakes as known
from nn.checking.mistakes import MISTAKES, Mistake, compatible
from nn.console import use_utf8

DIGITS = {"all digits": 17, "7 digits": 7, "4 digits": 4, "3 digits": 3}
# fmt: off
SHORT = {
    known.SIGN: "sign", known.DOUBLE: "2", known.HALF: "½", known.MISSING: "no f′",
    known.CANCELLED: "f′ not cancelled", known.RAW_ERRORS: "a − y for δ", known.NET_INPUT: "f′ of z",
    known.OTHER_FUNCTION: "f′ of another f", known.TRANSPOSED: "transposed", known.UPDATED: "updated",
    known.SIBLINGS: "siblings", known.TWICE: "f′ twice", known.INVERTED_MASK: "mask inverted",
    known.INCOMPLETE: "f′ incomplete", known.OFF_DIAGONAL: "diagonal", known.NO_TARGET: "no −1",
    known.OTHER_CLASS: "−1 elsewhere", known.MEAN: "1/n", known.SUM: "n", known.ACTIVATION: "f′ of a",
    known.OTHER_LAYER: "f′ of another layer", known.IN_THE_SUM: "f′ in the sum",
    known.GRADIENT_MASK: "mask of the gradient", known.LEAKY: "leaky", known.FORGOTTEN_WEIGHT: "no weight",
    known.FORGOTTEN_TERM: "no term", known.SWAPPED: "δ exchanged", known.SWAPPED_WEIGHTS: "weights exchanged",
    known.REVERSED: "layers reversed",
}
# fmt: on


# Noise ----------------------------------------------------------------------------------------------------------------


def off(rng: Rng, layer: Array) -> Array:
    """Return each number off by its own fraction, of 1/10,000 or of up to a third."""
    return np.array(layer * (1.0 + 10.0 ** rng.uniform(-4.0, -0.5) * rng.normal(size=len(layer))))


def another(rng: Rng, layer: Array) -> Array:
    """Return numbers of this size."""
    return rng.normal(0.0, abs(layer).max(), len(layer))


def one_another(rng: Rng, layer: Array) -> Array:
    """Return the layer with one number of this size."""
    return np.where(np.arange(len(layer)) == rng.integers(len(layer)), 2.0 * another(rng, layer), layer)


def scaled(rng: Rng, layer: Array) -> Array:
    """Return the layer times any number."""
    return rng.normal(0.0, 2.0) * layer


def rotated(rng: Rng, layer: Array) -> Array:
    """Return the layer with three numbers in each other's places; with two the mistake would be a known one."""
    places = np.arange(len(layer))
    different = list({f"{x:.2g}": place for place, x in enumerate(layer) if x}.values())
    if len(different) > 2:
        chosen = rng.choice(different, 3, replace=False)
        places[chosen] = np.roll(chosen, 1)
    return layer[places]


def one_of_these(rng: Rng, W: Array) -> Array:
    """Return the weights with one of them another, as if it were misread."""
    W = W.copy()
    W[rng.integers(W.shape[0]), rng.integers(W.shape[1])] = rng.normal(0.0, 1.0)
    return W


# What is wrong; where; and whether what follows is right after it.
NOISE: list[tuple[str, Callable[..., Array], str]] = [
    ("every number off", off, "every layer"),
    ("every number another", another, "every layer"),
    ("a layer's numbers off", off, "one layer"),
    ("a layer's numbers another", another, "one layer"),
    ("one number another", one_another, "one layer"),
    ("three numbers exchanged", rotated, "one layer"),
    ("one number another, carried back", one_another, "carried back"),
    ("three numbers exchanged, carried back", rotated, "carried back"),
    ("a layer times any number, carried back", scaled, "carried back"),
    ("one weight another, carried back", one_of_these, "weights"),
    ("a layer's weights squared, carried back", lambda _, W: np.square(W), "weights"),
]


def noise(rng: Rng, record: Record, change: Callable[..., Array], where: str) -> list[Array]:
    """Return wrong deltas that come from no known mistake."""
    deltas = [np.array(layer) for layer in record.deltas()]
    if where == "every layer":
        return [change(rng, layer) for layer in deltas]
    i = int(rng.integers(len(deltas) - (where == "weights")))
    if where != "weights":
        deltas[i] = change(rng, deltas[i])
    if where != "one layer":
        for layer in reversed(range(i + (where == "weights"))):
            W = record.mlp.layers[layer + 1].weights()
            pairs = zip(record.net_inputs[layer], record.activations[layer], strict=True)
            slopes = np.array([1.0 if a is z else a.partials()[0] for z, a in pairs])
            deltas[layer] = slopes * ((change(rng, W) if layer == i else W) @ deltas[layer + 1])
    return deltas


OUTCOMES = ("named", "same numbers", "hint", "none")


# The tables -----------------------------------------------------------------------------------------------------------


def named(record: Record, deltas: list[Array], digits: int) -> tuple[Mistake, ...]:
    """Return the mistakes that the diagnosis names."""
    diagnosis = compare(record, written(deltas, digits)).diagnosis
    return tuple(made.mistake for made in diagnosis.made) if diagnosis else ()


def verdict(record: Record, deltas: list[Array], digits: int, made: tuple[Mistake, ...]) -> str:
    """Return what the diagnosis says of the mistakes that were made: "named", or what it says instead.

    "same numbers": another mistake is named, which reproduces the numbers as well, as the diagnosis itself says.
    """
    report = compare(record, written(deltas, digits))
    if report.diagnosis is None:
        return "hint" if "This mistake would give these numbers" in report.advice else "none"
    found = {mistake.mistake for mistake in report.diagnosis.made}
    if found == set(made):
        return "named"
    if len(made) == 1 and made[0] in report.diagnosis.others:
        return "same numbers"
    return SHORT[found.pop()] if len(found) == 1 else "two"


def show_confusion(rng: Rng, trials: int) -> None:
    """Print what the diagnosis says of each mistake, at each number of digits."""
    print(
        f"\nOne mistake, {trials} trials in each cell: how often it is named, or another that gives the same numbers;"
    )
    print("how often it is a hint; and, in brackets, what else is named\n")
    print(f"| made | {' | '.join(DIGITS)} |\n|---|{'--:|' * len(DIGITS)}")
    totals: dict[str, Counter[str]] = {title: Counter() for title in DIGITS}
    for mistake in SHORT:
        cells = []
        for title, digits in DIGITS.items():
            mutants = [mutant(rng, (mistake,), digits) for _ in range(trials)]
            counts = Counter(verdict(made.record, made.deltas(), digits, (mistake,)) for made in mutants)
            totals[title] += counts
            cells.append(cell(counts))
        print(f"| {SHORT[mistake]} | {' | '.join(cells)} |", flush=True)
    for name, said in (("named", ("named", "same numbers")), ("a hint", ("hint",)), ("nothing", ("none",))):
        shares = [sum(count[x] for x in said) / count.total() for count in totals.values()]
        print(f"| **all: {name}** | {' | '.join(f'{share:.1%}' for share in shares)} |")
    wrong = [1.0 - sum(count[x] for x in OUTCOMES) / count.total() for count in totals.values()]
    print(f"| **all: another** | {' | '.join(f'{share:.1%}' for share in wrong)} |")


def cell(counts: Counter[str]) -> str:
    """Return what the table says of one mistake at one number of digits."""
    text = str(counts["named"] + counts["same numbers"])
    if hints := counts["hint"]:
        text += f" + {hints} hint{'s' * (hints > 1)}"
    others = ", ".join(f"{count} {said}" for said, count in counts.most_common() if said not in OUTCOMES)
    return text + (f" ({others})" if others else "")


def possible_pairs() -> list[tuple[Mistake, ...]]:
    """Return the pairs of mistakes that a network and its loss allow."""
    return [pair for pair in combinations(MISTAKES, 2) if compatible(pair) and not rare(set(pair))]


def rare(mistakes: set[Mistake]) -> bool:
    """Return whether two mistakes need different losses, or a coincidence of widths."""
    both = mistakes <= NEEDED_LOSSES.keys() | {known.OFF_DIAGONAL}
    return both or known.REVERSED in mistakes or mistakes <= NEEDED_ACTIVATIONS.keys()


def show_pairs(rng: Rng, trials: int) -> None:
    """Print how often two mistakes at once are named, by the digits given."""
    pairs = possible_pairs()
    each = math.ceil(trials / len(pairs))
    print(f"\nTwo mistakes at once, {each * len(pairs)} trials for each row\n")
    print("| given | named | another explanation | none |\n|---|--:|--:|--:|")
    for title, digits in DIGITS.items():
        counts: Counter[str] = Counter()
        for mistakes in each * pairs:
            made = mutant(rng, mistakes, digits)
            said = verdict(made.record, made.deltas(), digits, mistakes)
            counts[{"named": said, "hint": "none"}.get(said, "none" if said == "none" else "another")] += 1
        shares = [f"{counts[said] / (each * len(pairs)):.2%}" for said in ("named", "another", "none")]
        print(f"| {title} | {' | '.join(shares)} |", flush=True)


def show_noise(rng: Rng, trials: int) -> None:
    """Print how often noise is diagnosed."""
    each = math.ceil(trials / len(NOISE) / len(DIGITS))
    print(
        f"\nNoise, {each * len(NOISE) * len(DIGITS)} trials: how many of {each} in each cell are diagnosed, wrongly\n"
    )
    print(f"| wrong | {' | '.join(DIGITS)} |\n|---|{'--:|' * len(DIGITS)}")
    for title, change, where in NOISE:
        false = [sum(diagnosed(rng, change, where, digits) for _ in range(each)) for digits in DIGITS.values()]
        print(f"| {title} | {' | '.join(map(str, false))} |", flush=True)


def diagnosed(rng: Rng, change: Callable[..., Array], where: str, digits: int) -> bool:
    """Return whether noise that is visible at this number of digits is diagnosed."""
    while True:
        record = random_record(rng)
        deltas = noise(rng, record, change, where)
        right = [np.array(layer) for layer in record.deltas()]
        if not same(deltas, right, digits) and not (change is rotated and are_two(deltas, right, digits)):
            return bool(named(record, deltas, digits))


def are_two(deltas: list[Array], right: list[Array], digits: int) -> bool:
    """Return whether only two numbers of a layer were exchanged, as they are written: a known mistake.

    So are three of which two are the same at this number of digits.
    """
    changed = [
        sum(x != y for x, y in zip(*pair, strict=True))
        for pair in zip(written(deltas, digits), written(right, digits), strict=True)
    ]
    return next((count for count in reversed(changed) if count), 0) == 2


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="A mutation study of the diagnosis of wrong deltas.")
    parser.add_argument(
        "--trials", type=int, default=2000, help="with one mistake and with two, at each number of digits"
    )
    parser.add_argument("--noise", type=int, default=10_000, help="with noise, in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, start = np.random.default_rng(options.seed), time.process_time()
    if options.trials:
        show_confusion(rng, math.ceil(options.trials / len(MISTAKES)))
        show_pairs(rng, options.trials)
    show_noise(rng, options.noise)
    print(f"\nSeed {options.seed}, {time.process_time() - start:.0f} s on one core.")


if __name__ == "__main__":
    use_utf8()
    main()
