"""Plots by matplotlib.

curves: activations, deltas, losses, and training by epoch. planes: loss landscapes and decision boundaries.
canvas: axes and colours.
"""
