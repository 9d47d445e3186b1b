"""The float and array rules of operations that are longer than a line, by family.

elementary: activations, exponentials, sums, ties. powers: powers and distances. rounding: remainders, signs, choices.
normal, probabilities: the normal distribution, its tails and inverse. gamma: lgamma, digamma, polygamma.
"""
