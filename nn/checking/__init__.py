"""Deltas and gradients derived by hand, compared with the engine's, and the mistake that explains a difference.

deltas: `compare` and `assert_deltas`, the report, and its message.
gradients: `assert_weight_gradients`, for weights and biases, also of a batch.
mistakes: the known mistakes.
steps, ways: the backward pass with mistakes in it, and the ways to make them.
search: which mistakes reproduce the given deltas.
evidence: whether such an explanation is convincing, or could be chance: one formula.
"""
