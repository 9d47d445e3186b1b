"""Worked solutions of a training step or an expression, in the notation of a course."""
