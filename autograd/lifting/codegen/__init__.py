"""Code generation: from a plan to the NumPy source of its forward and backward pass."""
