"""The look: palettes, fonts, and the attributes of graphs, nodes, edges and frames in DOT.

DOT carries the colours as attributes, for PNG, PDF and programs that ignore the style sheet of an SVG (`svg.py`).
"""

from __future__ import annotations

from collections.abc import Iterable

FONT = "Arial"
FONTS = 'Arial,"Liberation Sans",Arimo,Helvetica'  # equally wide, so text fits its box
SIGNS = ("positive", "negative", "zero", "mixed", "undefined")
BOXES = ("input", "weight", "bias", "target", "constant", "leaf", "operation", "group")

# A plain name is a colour for lines or boxes; with "-ink", the same for text; with "-line", the border of a box.
Palette = dict[str, str]
LIGHT = {
    "page": "#FFFFFF",
    "ink": "#17212B",
    "muted": "#566270",
    "frame": "#B9C3CE",
    "positive": "#1B6CA8",
    "positive-ink": "#0F4C7C",
    "negative": "#B4520A",
    "negative-ink": "#8A3B00",
    "zero": "#616C78",
    "zero-ink": "#4F5B67",
    "mixed": "#616C78",
    "mixed-ink": "#4F5B67",
    "undefined": "#A3268F",
    "undefined-ink": "#7D1A6D",
    "input": "#EEF4F9",
    "input-line": "#9DB4C9",
    "weight": "#FFF6DC",
    "weight-line": "#D3AE4A",
    "bias": "#FFF6DC",
    "bias-line": "#D3AE4A",
    "target": "#EAF5EC",
    "target-line": "#93BC9C",
    "constant": "#F1F2F4",
    "constant-line": "#B4BBC3",
    "leaf": "#EEF4F9",
    "leaf-line": "#9DB4C9",
    "operation": "#FFFFFF",
    "operation-line": "#8794A1",
    "group": "#F7F5FB",
    "group-line": "#9C90B8",
}
DARK = {
    "page": "#14181D",
    "ink": "#E8EDF2",
    "muted": "#A7B2BD",
    "frame": "#46525E",
    "positive": "#5FA8DC",
    "positive-ink": "#8CC6F0",
    "negative": "#D98546",
    "negative-ink": "#F0B07A",
    "zero": "#87929D",
    "zero-ink": "#AEB8C2",
    "mixed": "#87929D",
    "mixed-ink": "#AEB8C2",
    "undefined": "#D77BC8",
    "undefined-ink": "#ECA6E0",
    "input": "#1C2A37",
    "input-line": "#5B7690",
    "weight": "#3A3116",
    "weight-line": "#B08D2E",
    "bias": "#3A3116",
    "bias-line": "#B08D2E",
    "target": "#1B3023",
    "target-line": "#578A66",
    "constant": "#262A2F",
    "constant-line": "#636C75",
    "leaf": "#1C2A37",
    "leaf-line": "#5B7690",
    "operation": "#20262D",
    "operation-line": "#77838F",
    "group": "#28243A",
    "group-line": "#85799F",
}
THEMES = {"auto": LIGHT, "light": LIGHT, "dark": DARK}  #: the colours in DOT; "auto" follows the reader's in SVG
WIDTHS = {"g1": 1.0, "g2": 1.6, "g3": 2.3, "g4": 3.0}  # of an arrow, in points
STRENGTHS = {"g1": 0.75, "g2": 0.85, "g3": 0.95, "g4": 1.0}  # its opacity
CHANGED = "2.6"  # points of the border around what changed
WIDTH_RATIO = 5  # an arrow one width thinner passes back a term that is this many times smaller
GAP = "\u2003"  # between the parts of a line; `labels.visible` keeps it out of names
COLOUR_NAMES = {"Blue": "positive", "orange": "negative", "grey": "zero", "magenta": "undefined"}  # in legends

GRAPH = {
    "rankdir": "LR",
    "nslimit": "2",  # limits the straightening of edges: tangled graphs are laid out ten times as fast
    "nodesep": "0.15",
    "ranksep": "0.55",
    "pad": "0.25",
    "fontname": FONT,
    "fontsize": "10",
    "labelloc": "b",
    "labeljust": "l",
}
LARGE_GRAPH = {"splines": "line", "nslimit": "0.1", "mclimit": "0.1", "newrank": "true"}  # laid out ten times as fast
NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fontname": FONT,
    "fontsize": "12",
    "margin": "0.17,0.07",
    "penwidth": "1.2",
}
EDGE = {"fontname": FONT, "fontsize": "10.5", "arrowsize": "0.65"}
FRAME = {
    "style": "rounded",
    "bgcolor": "transparent",
    "fontsize": "10.5",
    "margin": "10",
    "labelloc": "t",
    "labeljust": "l",
}
SECOND_HALF = "-half"  # ends the id of an arrow's second half


def palette_of(theme: str) -> Palette:
    """Return the colours of a theme; raise ValueError if there is none of this name."""
    if theme not in THEMES:
        raise ValueError(f'theme is {theme!r}; choose "auto", which follows the reader\'s, "light" or "dark"')
    return THEMES[theme]


def looks(palette: Palette) -> dict[str, dict[str, str]]:
    """Return the attributes of a graph, its nodes, edges and frames, in the colours of a palette."""
    page, ink, muted = palette["page"], palette["ink"], palette["muted"]
    return {
        "graph": GRAPH | {"bgcolor": page, "fontcolor": muted},
        "node": NODE | {"fontcolor": ink},
        "edge": EDGE | {"fontcolor": ink},
        "frame": FRAME | {"color": palette["frame"], "fontcolor": muted},
    }


def sign_of(numbers: Iterable[float]) -> str:
    """Return the class of some numbers by their sign: positive, negative, zero, mixed or undefined.

    >>> sign_of([0.5, 0.0]), sign_of([0.5, -1.0]), sign_of([0.5, float("nan")])
    ('positive', 'mixed', 'undefined')
    """
    signs = {"undefined" if x != x else "positive" if x > 0.0 else "negative" for x in numbers if x != 0.0}
    if "undefined" in signs:
        return "undefined"
    return "mixed" if len(signs) > 1 else signs.pop() if signs else "zero"
