"""The known mistakes in deltas derived by hand, the most common first.

A mistake changes one part of a step of the backward pass, δⱼ = f′(zⱼ) · Σₖ W[j, k] δₖ. In `nn.checking.ways` each is
made in one or more ways, for example one for each pair of neurons that can be exchanged.

Letters: z net input, a activation, f activation function, y target, C the loss, δ = ∂C/∂z,
W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from autograd.checking.candidates import WHICH_LOSS


@dataclass(frozen=True, eq=False)
class Mistake:
    """A known mistake.

    Attributes:
        name: What the mistake is.
        part: The part of a step that it changes: "weights", "receivers" (their deltas), "sum" (∂C/∂a), "derivative",
            "order" (of the finished deltas), "factor", or "layers".
        remedy: How to correct it.
    """

    name: str
    part: str
    remedy: str

    def __repr__(self) -> str:
        return f"<mistake: {self.name}>"


# fmt: off
SIGN             = Mistake("opposite sign", "factor",
                           'check which sign you derived: the convention "gradient" is ∂C/∂z, "handout" is −∂C/∂z')
DOUBLE           = Mistake("factor 2", "factor",
                           f"{WHICH_LOSS}; or the 1/n of a mean over n = 2 is missing")
HALF             = Mistake("factor ½", "factor",
                           f"{WHICH_LOSS}; or a mean over n = 2 was taken instead of a sum")
MISSING          = Mistake("missing activation derivative", "derivative",
                           "multiply by f′(z)")
CANCELLED        = Mistake("activation derivative where cross-entropy cancels it", "derivative",
                           "cross-entropy after sigmoid or softmax gives δ = a − y, without f′(z)")
NO_TARGET        = Mistake("−1 of the right class forgotten", "derivative",
                           "after softmax with cross-entropy δ = p − 1 for the right class, and p for the others")
RAW_ERRORS       = Mistake("raw errors a − y in place of the output's deltas", "receivers",
                           "sum W·δ with the output's deltas, which contain f′(z) and the factor of the loss")
NET_INPUT        = Mistake("derivative taken of the net input instead of the activation", "derivative",
                           "a formula in terms of the activation, such as a(1 − a), takes a, not z")
OTHER_FUNCTION   = Mistake("derivative of another activation function", "derivative",
                           "take f′ of this layer's own activation function")
TRANSPOSED       = Mistake("transposed weights", "weights",
                           "W[j][k] leads from sender j to receiver k: take neuron j's own row")
UPDATED          = Mistake("weights used after their update", "weights",
                           "calculate every delta with the weights from before the step, and update them afterwards")
SIBLINGS         = Mistake("sum taken over a node's siblings instead of its receivers", "sum",
                           "sum only over the weights that lead from the node, one for each node that it feeds")
TWICE            = Mistake("activation derivative twice", "derivative",
                           "multiply by f′(z) once; after sigmoid or softmax, cross-entropy cancels it")
INVERTED_MASK    = Mistake("ReLU's mask inverted", "derivative",
                           "f′(z) is 1 where z > 0, and 0 (the slope, in a leaky ReLU) elsewhere")
INCOMPLETE       = Mistake("derivative incomplete", "derivative",
                           "the sigmoid's derivative is a(1 − a), that of tanh is 1 − a²")
OFF_DIAGONAL     = Mistake("softmax Jacobian's off-diagonal forgotten", "derivative",
                           "every output depends on every net input: ∂aᵢ/∂zₖ = −aᵢaₖ for i ≠ k; sum over all outputs")
OTHER_CLASS      = Mistake("−1 taken at another class", "derivative",
                           "after softmax with cross-entropy δ = p − 1 for the right class, and p for the others")
MEAN             = Mistake("1/n", "factor",
                           "check which loss you derived: yours is a mean, the engine's is a sum")
SUM              = Mistake("1/n missing", "factor",
                           "check which loss you derived: yours is a sum, the engine's is a mean")
ACTIVATION       = Mistake("derivative taken of the activation instead of the net input", "derivative",
                           "f′ takes the net input z, not the activation a = f(z)")
OTHER_LAYER      = Mistake("activation derivative of another layer", "derivative",
                           "multiply by f′(z) of the neuron whose delta it is")
IN_THE_SUM       = Mistake("activation derivative of the layer after, inside the sum", "receivers",
                           "the receivers' deltas contain theirs: sum W·δ, then multiply by f′(z) of this layer")
GRADIENT_MASK    = Mistake("ReLU's mask taken of the gradient instead of the net input", "derivative",
                           "f′(z) is 1 where z > 0, whatever the sign of ∂C/∂a")
LEAKY            = Mistake("leaky slope in a plain ReLU", "derivative",
                           "f′(z) is 0 where z ≤ 0")
FORGOTTEN_WEIGHT = Mistake("weight forgotten in the sum", "weights",
                           "multiply each receiver's delta by the weight that leads to it")
FORGOTTEN_TERM   = Mistake("term of the sum forgotten", "weights",
                           "sum over every node that the neuron feeds")
SWAPPED          = Mistake("deltas of two neurons exchanged", "order",
                           "give each neuron its own delta")
SWAPPED_WEIGHTS  = Mistake("weights of two neurons exchanged", "weights",
                           "W[j][k] leads from sender j to receiver k")
REVERSED         = Mistake("layers in reverse order", "layers",
                           "give the deltas of the first layer first, and those of the output last")
# fmt: on
MISTAKES = tuple([x for x in list(globals().values()) if isinstance(x, Mistake)])
"""All of them, the most common first: a later one needs more evidence (`nn.checking.evidence`)."""

NEVER_BOTH = [{DOUBLE, HALF}, {MEAN, SUM}, {DOUBLE, SUM}, {HALF, MEAN}]  # together they cancel, or are 1/n again
ALONE = {SWAPPED, SWAPPED_WEIGHTS, FORGOTTEN_TERM, OTHER_CLASS, REVERSED}  # not sought with another in one step


def compatible(mistakes: Collection[Mistake]) -> bool:
    """Return whether these mistakes can be made, and are sought, together in one step."""
    made = set(mistakes)
    derivatives = sum(mistake.part == "derivative" or mistake is IN_THE_SUM for mistake in mistakes)
    alone = len(made) > 1 and made & ALONE
    return len(made) == len(mistakes) and derivatives < 2 and not alone and not any(pair <= made for pair in NEVER_BOTH)
