"""Checking by hand: deltas compared with the engine's, and the known mistake that explains a difference."""
