"""What all plots share: axes in the colours of the palette, light or dark to match the background.

`theme="dark"` gives the dark ones; so does `with plt.style.context("dark_background")`, with "auto". Lines also differ
in their dashes and points in their shapes, never in colour alone. matplotlib is imported when the first plot is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from viz.rendering.style import DARK, LIGHT, Palette, palette_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("positive", "negative", "undefined", "zero", "bias-line", "target-line")  # of lines and classes
DASHES = ("-", "--", "-.", ":")


def canvas(ax: Axes | None, theme: str, *, surface: bool = False) -> tuple[Axes, Palette]:
    """Return axes, new ones for None, and their palette.

    Args:
        ax: To draw on.
        theme: "light" or "dark" paints the axes and their figure so; "auto" matches the background that is there.
        surface: Whether the axes have three dimensions.

    Raises:
        ValueError: For an unknown theme, and for axes without the third dimension.
        ImportError: Without matplotlib.
    """
    palette = palette_of(theme)
    try:
        import matplotlib.pyplot as plt
        from matplotlib.colors import to_rgb
    except ImportError:
        raise ImportError('plots need matplotlib: pip install "handgrad[plot]"') from None
    background = plt.rcParams["axes.facecolor"] if ax is None else ax.get_facecolor()
    if theme == "auto":
        palette = LIGHT if sum(to_rgb(background)) > 1.5 else DARK
    elif ax is not None:
        ax.set_facecolor(palette["page"])
        ax.figure.set_facecolor(palette["page"])
    if ax is None:
        figure = plt.figure(figsize=(6.4, 4.8 if surface else 4.2), layout="constrained", facecolor=palette["page"])
        with plt.rc_context({"grid.color": palette["frame"]}):  # three-dimensional axes take it from here only
            ax = figure.add_subplot(projection="3d" if surface else None, facecolor=palette["page"])
    elif surface and ax.name != "3d":
        raise ValueError('a surface needs three-dimensional axes: figure.add_subplot(projection="3d")')
    ax.grid(color=palette["frame"], linewidth=0.6, alpha=0.5)
    ax.set_axisbelow(True)
    ax.tick_params(colors=palette["muted"], length=3.0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(palette["frame"])
    return ax, palette


def line(ax: Axes, palette: Palette, k: int, x: ArrayLike, y: ArrayLike, name: str) -> None:
    """Draw the k-th line, with its own colour and dashes."""
    colour, dashes = palette[COLOURS[k % len(COLOURS)]], DASHES[k % len(DASHES)]
    ax.plot(x, y, dashes, color=colour, linewidth=2.0, label=name)


def titled(ax: Axes, palette: Palette, x: str, y: str, title: str) -> None:
    """Write the axis labels and the title, in which a dollar sign does not begin a formula."""
    look: dict[str, Any] = {"color": palette["ink"], "parse_math": False}
    ax.set_xlabel(x, **look)
    ax.set_ylabel(y, **look)
    ax.set_title(title, fontsize="medium", loc="left", **look)


def keyed(ax: Axes, palette: Palette, *, beside: bool = False) -> None:
    """Add the legend of the lines or points, where there is room or, if `beside`, to the right of the axes."""
    where: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if beside else {"loc": "best"}
    page, ink = palette["page"], palette["ink"]
    key = ax.legend(labelcolor=ink, facecolor=page, edgecolor="none", framealpha=0.8, reverse=beside, **where)
    for name in key.get_texts():
        name.set_parse_math(False)
