"""Checks of gradients: by finite differences, and against gradients derived by hand."""
