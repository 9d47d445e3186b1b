"""Exercise sheets for backpropagation by hand.

sheet, templates: make an exercise, print it with blanks or its solution, and write the files to fill in.
answer_file, answers: read the files that come back, and bring them into the exercise's shape.
marking, own_numbers, diagnoses: what is right, what follows from the student's own numbers, and which mistake it is.
__main__: the command line, `handgrad exercise`.
"""
