"""Worked solutions of a training step or an expression, in the notation of a course.

derivations (the function `derivation`, and solutions of expressions), training_step (solutions of a record) with its
parts step_numbers, losses and output_deltas, batch (solutions of several records), notations (the letters and signs of
five courses), local_derivatives (as written by hand), equations and sentences (LaTeX and text), documents and mathml
(files of a solution).
"""
