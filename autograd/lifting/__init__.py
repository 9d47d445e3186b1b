"""The third gear: a recorded scalar graph lifted into a batched NumPy program whose source a person can read."""

from autograd.lifting.lift import vectorize
from autograd.lifting.program import Program

__all__ = ["Program", "vectorize"]
