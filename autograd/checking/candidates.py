"""Possible mistakes, the numbers that each leads to, and when one of them is convincing; how messages name a Value.

A mistake is named if it reproduces every given number, at the digits given, and

    digits  ≥  log₁₀(1 / ERROR_RATE) + log₁₀(number of mistakes that are possible) + cost,

where the digits are those of a likelihood ratio against chance: a wrong number that lies d from the engine's, and is
known to ±p (half a unit of its last digit, or its deviation), is hit by chance with the probability p / d, so it counts
log₁₀(d / p). `nn.checking.evidence` has the same rule for deltas, with more to say on it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.checking.digits import GivenNumber
    from autograd.value import Value

ERROR_RATE = 1e-2  # how often an unknown mistake in a graph may be given the name of a known one
FLOAT_PRECISION = 1e-13  # two floats are not expected to agree to a smaller fraction
MAX_LEARNING_RATE = 10.0  # of one that is fitted
ROUND_RATES = {1: 45.0, 2: 450.0, 3: 4500.0}  # how many learning rates with so many digits lie between 10⁻⁴ and 10
MAX_N = 1000  # the largest n of a factor n or 1/n
MAX_NAME_LENGTH = 40  # of a Value in a message
INDICES = "₀₁₂₃₄₅₆₇₈₉"
SYMBOL = re.compile(rf"([^\W\d][\w\u0300-\u036f]*?)(⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾)?([{INDICES}]+(,[{INDICES}]+)*)?")


@dataclass(frozen=True)
class Candidate:
    """A possible mistake.

    Attributes:
        name: What the mistake is.
        remedy: How to correct it.
        gradients: The gradients that it leads to.
        cost: The digits of evidence that a number fitted to the given ones uses up.
        one_unknown: Whether all gradients differ by the same factor, so that they tell no more than one of them.
    """

    name: str
    remedy: str
    gradients: list[float]
    cost: float = 0.0
    one_unknown: bool = False


WHICH_LOSS = "check which loss you derived: Σ(a − y)² has 2(a − y), ½Σ(a − y)² has a − y"
COMMON_FACTORS = (
    (-1.0, "opposite sign", "check which sign you derived: a gradient is ∂C/∂w, and gradient descent subtracts it"),
    (2.0, "factor 2", WHICH_LOSS),
    (0.5, "factor ½", WHICH_LOSS),
)


def convincing(candidates: Sequence[Candidate], pairs: Sequence[tuple[float, GivenNumber]]) -> list[Candidate]:
    """Return the candidates that reproduce all numbers, if these have more digits than chance could explain."""
    return [candidate for candidate, spare in reproducing(candidates, pairs) if spare >= -math.log10(ERROR_RATE)]


def reproducing(
    candidates: Sequence[Candidate], pairs: Sequence[tuple[float, GivenNumber]]
) -> list[tuple[Candidate, float]]:
    """Return the candidates that reproduce all numbers, each with its digits of evidence, less those it uses up.

    The more candidates leave the right numbers as they are, the likelier one of them fits the wrong ones by chance.

    Args:
        candidates: The possible mistakes.
        pairs: The right gradients, and those that are given.
    """
    triples = [[(right, number, g) for (right, number), g in zip(pairs, c.gradients, strict=True)] for c in candidates]
    possible = [
        (candidate, numbers)
        for candidate, numbers in zip(candidates, triples, strict=True)
        if all(number.agrees(g) for right, number, g in numbers if number.agrees(right))
    ]
    found = []
    for candidate, numbers in possible:
        if all(number.agrees(g) for _, number, g in numbers):
            digits = [evidence(*x) for x in numbers]
            total = max(digits) if candidate.one_unknown else sum(digits)
            found.append((candidate, total - candidate.cost - math.log10(len(possible))))
    return found


def evidence(right: float, given: GivenNumber, reproduced: float) -> float:
    """Return how many digits of evidence for a mistake there are in a wrong number that the mistake reproduces."""
    if given.agrees(right):
        return 0.0
    rounding = FLOAT_PRECISION * (abs(given.number) + abs(right))
    precision = max(given.half_unit, abs(given.number - reproduced), rounding)
    return max(math.log10(abs(given.number - right) / precision), 0.0)


def label(x: Value) -> str:
    r"""Return what a message calls a Value: its name on one line, or else its operation and number.

    >>> from autograd import Value
    >>> print(label(Value(1.0, "a\nb")), label(Value(1.0)), sep=", ")
    a\nb, unnamed leaf 1
    """
    if not x.name:
        return f"unnamed {x.operation.name if x.operation else 'leaf'} {x.data:.6g}"
    name = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in x.name)
    return name if len(name) < MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…"


def is_symbol(name: str) -> bool:
    """Tell whether a name reads as one symbol in a formula: an identifier, or one with indices, as networks have.

    >>> is_symbol("x1"), is_symbol("w⁽¹⁾₂₃"), is_symbol("w*x + b"), is_symbol("2"), is_symbol("x²")
    (True, True, False, False, False)
    """
    match = SYMBOL.fullmatch(name)
    return match is not None and match[1].isidentifier()


def symbol(x: Value) -> str:
    """Return how a Value is written in a derivative: its label, in quotation marks unless it reads as one symbol.

    >>> from autograd import Value
    >>> symbol(Value(1.0, "w⁽¹⁾₂₃")), symbol(Value(1.0, "p/q")), symbol(Value(1.0))
    ('w⁽¹⁾₂₃', '“p/q”', '(unnamed leaf 1)')
    """
    if not x.name:
        return f"({label(x)})"
    return label(x) if is_symbol(x.name) else f"“{label(x)}”"
