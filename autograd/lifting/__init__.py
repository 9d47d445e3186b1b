"""Lifting: a recorded scalar graph becomes a batched NumPy program whose source a person can read.

lift, program: `vectorize`, and the program that it returns. explanation: why a row of a batch is not finite.
pipeline: the passes, in the order in which they run; passes holds them, codegen those that write code.
scalar: the program of few rows, which runs on floats. beyond: the program elsewhere, as JAX, source or dask's tasks.
plan, statements: what the passes read and write: blocks of rows, then statements on arrays. names: names in the source.
"""

from autograd.lifting.lift import vectorize
from autograd.lifting.program import Program

__all__ = ["Program", "vectorize"]
