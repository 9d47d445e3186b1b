"""Plots by matplotlib: curves, landscapes and decision boundaries."""
