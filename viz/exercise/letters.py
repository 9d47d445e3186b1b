"""The letters of each course without indices, and what a sheet says in them of activations and losses."""

from __future__ import annotations

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
