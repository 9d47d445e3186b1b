"""The letters of each course without indices, and what a sheet says in them of activations and losses."""

from __future__ import annotations

import re
from typing import NamedTuple


class Letters(NamedTuple):
    """The letters of a course, without indices: net input, activation, output, target, delta, loss, gradients."""

    z: str
    a: str
    out: str
    y: str
    delta: str
    C: str
    gradient: str
    bias_gradient: str


# fmt: off
LETTERS = {
    "gradient": Letters("z",   "a", "a", "y", "δ",     "C", "∂C/∂w",  "∂C/∂b"),
    "handout":  Letters("net", "h", "ŷ", "y", "δ",     "C", "−∂C/∂w", "−∂C/∂b"),
    "arnold":   Letters("r",   "h", "y", "ŷ", "dr",    "L", "dW",     "db"),
    "misley":   Letters("h",   "a", "a", "y", "∂E/∂h", "E", "∂E/∂w",  "∂E/∂b"),
    "nielsen":  Letters("z",   "a", "a", "y", "δ",     "C", "∂C/∂w",  "∂C/∂b"),
}
ACTIVATION_TEXTS = {
    "sigmoid": "f({z}) = 1 / (1 + exp(−{z})); with {a} = f({z}), f′({z}) = {a}(1 − {a})",
    "tanh":    "f({z}) = tanh {z}; with {a} = f({z}), f′({z}) = 1 − {a}²",
    "relu":    "f({z}) = max(0, {z}), and f′({z}) = 1 where {z} > 0, else 0",
}
LOSS_TEXTS = {
    "sse":           "{C} = Σ ({out} − {y})², over the outputs",
    "half_sse":      "{C} = ½ Σ ({out} − {y})², over the outputs",
    "cross_entropy": "{C} = −log {out} of the right class; the last layer is softmax: {out} of class i is "
                     "exp({z}ᵢ) / Σ exp({z}ₖ)",
}
# fmt: on

# z, a, y, δ or C as a letter of its own, not the article: nothing but a space and a word may follow that.
LETTER = re.compile(r"(?<![A-Za-z])(?:(?P<out>a)(?= − y)|a(?! [a-z])|[zyδC])(?![A-Za-z])")


def in_letters(text: str, convention: str) -> str:
    """Return a text about z, a, y, δ and C in the letters of a convention.

    >>> in_letters("a formula takes a, not z; δ = a − y", "handout")
    'a formula takes h, not net; δ = ŷ − y'
    """
    letters = LETTERS[convention]
    own = {"z": letters.z, "a": letters.a, "y": letters.y, "δ": letters.delta, "C": letters.C}
    return LETTER.sub(lambda match: letters.out if match["out"] else own[match[0]], text)


def labels(convention: str) -> dict[str, str]:
    """Return what a sheet calls each group of answers.

    >>> labels("handout")["z"], labels("arnold")["gradients"]
    ('net', 'dW')
    """
    letters = LETTERS[convention]
    return {
        "z": letters.z,
        "a": letters.a,
        "deltas": letters.delta,
        "gradients": letters.gradient,
        "bias_gradients": letters.bias_gradient,
        "updates": "Δw",
    }
