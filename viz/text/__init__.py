"""A graph as text.

formulas: a Value in LaTeX, or as a line of Python, with templates (an operation written on formulas) and symbols (names
and numbers in LaTeX). explanations: a gradient as a sum over paths. labels: numbers and names as they are printed.
"""
