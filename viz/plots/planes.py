"""Plots over a plane: a loss over two weights, and the classes that a network assigns over two inputs.

Letters: w weight, C the loss, X inputs (n, 2), y classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Program, Value, topological_order, vectorize
from nn.validation import numbers, real
from viz.plots.canvas import COLOURS, canvas, keyed, titled
from viz.rendering.style import Palette
from viz.text.labels import short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from nn import MLP

LANDSCAPE_POINTS = 121  # along each side
BOUNDARY_POINTS = 241  # along each side
MAX_BANDS = 14  # of a landscape
MARKERS = ("o", "^", "s", "D", "v", "P")


def plot_landscape(
    loss: Value,
    w1: Value,
    w2: Value,
    path: ArrayLike | None = None,
    ax: Axes | None = None,
    *,
    margin: float = 2.0,
    surface: bool = False,
    theme: str = "auto",
) -> Axes:
    """Plot a loss over two of its weights, with everything else fixed, and the path that training took.

    A point where the gradient is 0 need not be the lowest: it may be a local minimum, a saddle point or a plateau.
    After Hansen (2022), figure 3.

    Args:
        loss: Such as the mean over some examples.
        w1: A leaf of its graph.
        w2: Another leaf of its graph.
        path: Pairs (w1, w2), from first to last.
        ax: To draw on; None makes new axes.
        margin: How far the plot extends beyond the path and the current weights, in the units of the weights.
        surface: Draw in three dimensions; `ax`, if given, must have them (`add_subplot(projection="3d")`).
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: For a path, a margin, a weight or a theme that does not fit.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> w1, w2 = Value(1.0, "w1"), Value(2.0, "w2")
    >>> ax = plot_landscape((w1 * w2 - 1) ** 2, w1, w2, ax=Figure().subplots(), margin=1)
    >>> ax.get_xlabel(), [float(x) for x in ax.get_xlim()]
    ('w₁', [0.0, 2.0])
    """
    steps = numbers([[w1.data, w2.data]] if path is None else path, "path")
    if steps.ndim != 2 or steps.shape[1] != 2:
        raise ValueError(f"path has shape {steps.shape}; give a list of pairs (w1, w2)")
    margin = real(margin, "margin", "a positive number")
    program = _over(loss, w1, w2)
    ax, palette = canvas(ax, theme, surface=surface)
    reached = np.vstack([steps, [w1.data, w2.data]])
    low, high = reached.min(axis=0) - margin, reached.max(axis=0) + margin
    x, y = np.meshgrid(np.linspace(low[0], high[0], LANDSCAPE_POINTS), np.linspace(low[1], high[1], LANDSCAPE_POINTS))
    rows = zip(x, y, strict=True)  # one at a time, because a large graph needs much memory for each point
    C = np.array([program.values(np.column_stack(row)) for row in rows])
    shades = _shades(palette["input"], palette["positive"])
    names = [short(v.name or letter) for v, letter in ((w1, "w1"), (w2, "w2"), (loss, "C"))]
    way = [*steps.T]
    if surface:
        space: Any = ax  # matplotlib's types know axes of two dimensions only
        way.append(program.values(steps))
        _draw_surface(space, palette, x, y, C, shades)
        space.set_zlabel(names[2], color=palette["ink"], parse_math=False)
    else:
        bands = ax.contourf(x, y, C, MAX_BANDS, cmap=shades)
        ax.contour(bands, colors=palette["page"], linewidths=0.5)
        bar = ax.figure.colorbar(bands)
        bar.set_label(names[2], color=palette["ink"], parse_math=False)
        bar.ax.tick_params(colors=palette["muted"])
        bar.outline.set_visible(False)
    look: dict[str, Any] = {"color": palette["negative"], "markersize": 7.0, "zorder": 10}  # before a surface
    ax.plot(*way, "-", linewidth=2.0, **look)
    if path is not None:
        ax.plot(*(xs[:1] for xs in way), "o", markerfacecolor=palette["page"], label="start", **look)
    ax.plot(*(xs[-1:] for xs in way), "o", label="current weights" if path is None else "end", **look)
    keyed(ax, palette)
    titled(ax, palette, names[0], names[1], f"{names[2]} over two weights")
    return ax


def _over(loss: Value, w1: Value, w2: Value) -> Program:
    """Return the loss as a program of two weights; everything else it depends on keeps its value."""
    leaves = {x: None for x in topological_order(loss) if x.operation is None and not x.constant}
    for w in (w1, w2):
        if w not in leaves:
            raise ValueError(f"{w!r:.80} is not a leaf of the graph below the loss")
    return vectorize(loss, inputs=[w1, w2], parameters=[x for x in leaves if x is not w1 and x is not w2])


def _shades(*colours: str) -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("handgrad", colours)


def _draw_surface(
    ax: Any,
    palette: Palette,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    C: NDArray[np.float64],
    shades: Colormap,
) -> None:
    ax.computed_zorder = False
    tiles = LANDSCAPE_POINTS // 2 + 1
    surface = ax.plot_surface(x, y, C, cmap=shades, rcount=tiles, ccount=tiles, linewidth=0.0, alpha=0.9)
    surface.set(antialiased=False, rasterized=True)  # vector tiles would show seams and take megabytes
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_pane_color(palette["page"])
        axis.line.set_color(palette["frame"])


def plot_boundary(
    mlp: MLP, X: ArrayLike, y: ArrayLike, ax: Axes | None = None, *, level: float = 0.5, theme: str = "auto"
) -> Axes:
    """Plot the classes that a network with two inputs assigns to points of the plane, and the examples.

    Args:
        mlp: A network with two inputs.
        X: The examples, of shape (n, 2).
        y: Class indices, or the two labels of a single output, of shape (n,) or (n, 1); or one-hot rows.
        ax: To draw on; None makes new axes.
        level: The threshold between the two classes of a single output; 0 for net inputs and for labels −1 and 1.
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: For another network or theme, and for data that do not fit.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> from nn import MLP
    >>> ax = plot_boundary(MLP(2, [1], rng=0), [[0, 0], [1, 1]], [0, 1], Figure().subplots())
    >>> ax.get_legend_handles_labels()[1]
    ['class 0', 'class 1']
    """
    if mlp.sizes[0] != 2:
        raise ValueError(f"the network has {mlp.sizes[0]} inputs; a boundary can be plotted over exactly two")
    outputs = mlp.sizes[-1]
    points, classes = np.asarray(X, dtype=float), np.asarray(y)
    mlp.predict(points)  # raises for data that do not fit
    classes = classes.argmax(axis=1) if classes.ndim == 2 and classes.shape[1] > 1 else classes.ravel()
    if len(classes) != len(points):
        raise ValueError(f"y has shape {np.shape(y)}, but X has {len(points)} examples; give each a class")
    ax, palette = canvas(ax, theme)
    low, high = points.min(axis=0), points.max(axis=0)
    edge = 0.12 * np.where(high > low, high - low, 1.0)
    xs, ys = (np.linspace(low[i] - edge[i], high[i] + edge[i], BOUNDARY_POINTS) for i in (0, 1))
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(xs, ys)])
    predicted = mlp.predict(grid).T.reshape(outputs, BOUNDARY_POINTS, BOUNDARY_POINTS)
    scores = predicted if outputs > 1 else np.concatenate([level - predicted, predicted - level])
    for k, score in enumerate(scores):
        lead = score - np.delete(scores, k, axis=0).max(axis=0)
        colour = palette[COLOURS[k % len(COLOURS)]]
        ax.contourf(xs, ys, lead, [0.0, np.inf], colors=[colour], alpha=0.2)
        ax.contour(xs, ys, lead, [0.0], colors=[palette["ink"]], linewidths=1.2)
    for k, name in enumerate(np.unique(classes)):
        own = points[classes == name]
        ax.scatter(
            own[:, 0], own[:, 1], s=34.0, marker=MARKERS[k % len(MARKERS)], label=f"class {name:g}",
            color=palette[COLOURS[k % len(COLOURS)]], edgecolors=palette["page"], linewidths=0.7, zorder=3,
        )  # fmt: skip
    keyed(ax, palette)
    titled(ax, palette, mlp.input_names[0], mlp.input_names[1], "classes assigned by the network, and the examples")
    return ax
