"""A `graphviz.Digraph` that a notebook shows as `save` writes it.

Labels are plain text, which both engines read. PNG and PDF, which have no style sheet and which only the system's `dot`
draws, take labels with DOT's own markup instead.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import graphviz

from viz.rendering.cells import HTML, PICTURE, image, picture, say_once
from viz.rendering.style import LIGHT, Palette, looks, palette_of
from viz.text.labels import label

if TYPE_CHECKING:
    from viz.graphs.boxes import Arrow, Box
    from viz.graphs.lettering import Lettering


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz ships no types
    """A `graphviz.Digraph` that a notebook shows styled, drawn by the same engine as `save`."""

    collapse: str | None = None  #: "neuron" or "layer", for which a network's box stands, or None for one Value
    lettering: Lettering  #: what each Value is called; only of a graph
    boxes: Sequence[Box] = ()  #: what is drawn
    arrows: Sequence[Arrow] = ()
    labelled: bool = True  #: whether the arrows carry their local derivatives

    def __init__(self, *arguments: Any, **keywords: Any) -> None:  # graphviz's own, which it does not type
        super().__init__(*arguments, **keywords)
        self.markup: dict[str, str] = {}  #: labels with DOT's markup, by the name of the node, for PNG and PDF
        self.points: list[tuple[str, str, str]] = []  #: between the halves of arrows: name, width of the arrow, colour
        self.palette: Palette = LIGHT  #: the colours in DOT

    @classmethod
    def in_theme(cls, theme: str, title: str, **graph: str) -> Drawing:
        """Return an empty drawing in a theme, "auto", "light" or "dark", with further attributes of the graph.

        Its title is the accessible name of the picture.
        """
        palette = palette_of(theme)
        look = looks(palette)
        names = {"name": html.escape(title), "filename": f"{cls.__name__}.gv"}
        drawing = cls(**names, graph_attr=look["graph"] | graph, node_attr=look["node"], edge_attr=look["edge"])
        drawing.palette = palette
        if theme != "auto":
            drawing.graph_attr["class"] = theme
        return drawing

    def __repr__(self) -> str:
        return f"<Drawing: {html.unescape(self.name or '')}>"

    def source_for(self, suffix: str) -> str:
        """Return the DOT source that a format is drawn from: for "png" and "pdf" with markup in the labels.

        In DOT, an attribute has the value that the last statement of a node gives it.
        """
        if suffix not in ("png", "pdf"):
            return str(self.source)
        copy = self.copy()
        for name, text in self.markup.items():
            copy.node(name, label=f"<{text}>")
        for name, thickness, colour in self.points:
            copy.node(name, label=f"<{_bridge(thickness, colour)}>", shape="box", style="", color="transparent")
        return str(copy.source)

    def shown(self) -> str | None:
        """Return the SVG for a notebook, at most as wide as its cell; where none can be drawn, say why once: None."""
        try:
            return self._repr_image_svg_xml()
        except (RuntimeError, TimeoutError) as error:
            say_once(f"handgrad: no picture is shown, because {error}")
            return None

    def _repr_image_svg_xml(self) -> str:
        return picture(self.source_for("svg"))

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        wanted = ({HTML, PICTURE} if include is None else set(include)) - set(exclude or ())
        bundle: dict[str, Any] = super()._repr_mimebundle_(include=wanted - {PICTURE})
        if not wanted.isdisjoint({HTML, PICTURE}):
            svg = self.shown()
            shown = {"text/plain": repr(self)} if svg is None else {HTML: image(svg), PICTURE: svg}
            bundle |= {kind: data for kind, data in shown.items() if kind in wanted or svg is None}
        return bundle


def _bridge(thickness: str, colour: str) -> str:
    """Return markup that joins the two halves of an arrow: dot ends each up to two points before the other."""
    look = f'border="0" cellspacing="0" fixedsize="true" width="6" height="{float(thickness):.0f}" bgcolor="{colour}"'
    return f'<table {look}><tr><td border="0" cellpadding="0"></td></tr></table>'


def bold(text: str) -> str:
    """Return text as markup in bold."""
    return f"<b>{label(text)}</b>" if text else ""  # DOT does not allow empty elements


def coloured(markup: str, colour: str) -> str:
    """Return markup in a colour."""
    return f'<font color="{colour}">{markup}</font>' if markup else ""


def lines_of(*markup: str) -> str:
    """Return lines of markup as one label."""
    return "<br/>".join(markup)
