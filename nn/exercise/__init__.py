"""Exercise sheets for backpropagation by hand.

sheet: makes an exercise, and prints it with blanks or with its solution.
marking: reads the answers from a file and marks them.
__main__: the command line, `python -m nn.exercise`.
"""
