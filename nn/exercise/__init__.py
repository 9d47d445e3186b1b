"""Exercise sheets for backpropagation by hand, and the marking of their answers."""
