"""Pictures and formulas of Values: graphs with their gradients, networks, plots, explanations, LaTeX.

text: formulas, explanations of gradients, names and numbers as text.
graphs: computation graphs and networks as drawings, and comparisons of graphs.
rendering: the style, and the engines that lay drawings out.
pages: HTML pages that replay a graph step by step, and compute it for other numbers.
solutions: worked solutions, in the notation of a textbook or document.
plots: curves, loss landscapes and decision boundaries.
"""

import nn

if not hasattr(nn, "Record"):
    raise ImportError(
        f"viz needs handgrad's nn, but {nn.__file__ or list(nn.__path__)} is another. If it is a file or folder of "
        "your own: rename it; else keep the two packages in separate environments"
    )

from viz.graphs.digraph import Drawing
from viz.graphs.drawing import draw
from viz.graphs.textbook_network import network
from viz.notebook import register, register_for_marimo, running_shell
from viz.pages.page import page
from viz.plots.curves import plot_activation, plot_delta, plot_history, plot_loss_derivative
from viz.plots.planes import plot_boundary, plot_landscape
from viz.saving import save
from viz.solutions.derivations import derivation
from viz.text.explanations import explain
from viz.text.formulas import formula

__all__ = [
    "Drawing",
    "derivation",
    "draw",
    "explain",
    "formula",
    "network",
    "page",
    "plot_activation",
    "plot_boundary",
    "plot_delta",
    "plot_history",
    "plot_landscape",
    "plot_loss_derivative",
    "save",
]

register_for_marimo()
if shell := running_shell():
    register(shell)
