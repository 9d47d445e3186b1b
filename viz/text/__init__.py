"""A graph as text: formulas, explanations of gradients, and labels (numbers and names as they are printed)."""
