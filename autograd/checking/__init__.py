"""Checks of gradients.

finite_differences: `check_gradients` compares the engine's derivatives with finite differences.
hand_derived: `assert_gradients` compares gradients with numbers derived by hand, at the digits given (digits).
diagnosis, parameters: the mistake that explains a difference, along the graph, or in the step to the parameters.
candidates: possible mistakes, and when one of them is convincing.
"""
