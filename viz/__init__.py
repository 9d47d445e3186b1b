"""Pictures and formulas of Values: `draw` and `save` the graph with its gradients, `formula` as LaTeX."""

from viz.formulas import formula
from viz.graph import Drawing, draw
from viz.saving import save

__all__ = ["Drawing", "draw", "formula", "save"]
