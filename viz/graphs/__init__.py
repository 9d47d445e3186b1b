"""Computation graphs as pictures: boxes and arrows, groups, DOT, comparisons, and the textbook network."""
