"""Pictures and formulas of Values: `draw` and `save` the graph with its gradients, `formula` as LaTeX, `network`, plots."""

from viz.formulas import formula
from viz.graph import Drawing, draw
from viz.networks import network
from viz.planes import plot_boundary, plot_landscape
from viz.plots import plot_activation, plot_delta, plot_history, plot_loss_derivative
from viz.saving import save

__all__ = [
    "Drawing",
    "draw",
    "formula",
    "network",
    "plot_activation",
    "plot_boundary",
    "plot_delta",
    "plot_history",
    "plot_landscape",
    "plot_loss_derivative",
    "save",
]
