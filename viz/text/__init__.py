"""A graph as text.

formulas: a Value in LaTeX, or as a line of Python. explanations: a gradient as a sum over paths.
labels: numbers and names as they are printed.
"""
