"""Deltas derived by hand, compared with the engine's, and the mistake that explains a difference.

deltas: `compare` and `assert_deltas`, the report, and its message.
mistakes: the known mistakes, and the backward pass with mistakes in it.
search: which mistakes reproduce the given deltas.
evidence: whether such an explanation is convincing, or could be chance.
"""
