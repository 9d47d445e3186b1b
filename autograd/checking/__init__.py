"""Checks of gradients.

finite_differences: `check_gradients` compares the engine's derivatives with finite differences.
hand_derived: `assert_gradients` compares gradients with numbers derived by hand, at the digits given (digits), and
names the mistake that explains a difference (diagnosis).
"""
