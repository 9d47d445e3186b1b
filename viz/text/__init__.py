"""A graph as text: formulas, explanations of gradients, and numbers and names as they are printed."""
