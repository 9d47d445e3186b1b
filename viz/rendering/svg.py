"""What Graphviz draws, as an SVG that is right in browsers and in programs that know less of CSS than they do.

A style sheet overrides the colours that DOT gave: it names each once, as a variable, and the dark theme gives the
variables other values. What needs variables stands inside `@supports`: a program that reads style sheets but no
variables would paint everything black. What is bold or muted is so in the sheet and by attributes, for programs that
ignore it.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

from viz.rendering.style import (
    BOXES,
    COLOUR_NAMES,
    DARK,
    FONTS,
    GAP,
    SECOND_HALF,
    SIGNS,
    STRENGTHS,
    THEMES,
    Palette,
)
from viz.rendering.widths import room, width

SVG = "{http://www.w3.org/2000/svg}"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
LINK_TITLE = "{http://www.w3.org/1999/xlink}title"
ET.register_namespace("", SVG.strip("{}"))

PLAIN = {
    "text": f'font-family:{FONTS},"DejaVu Sans",sans-serif',  # resvg takes no font that is not named
    ".cluster path": "fill:none",
    ".cluster text": "font-weight:bold",
    ".node text": "font-variant-numeric:tabular-nums",
    ".node text:nth-of-type(1)": "font-weight:bold",
    ".node text:nth-of-type(3)": "font-weight:bold",
    ".edge text": "stroke-width:3px;paint-order:stroke",
    ".kind": "font-weight:normal",
    ".node.lines text": "font-weight:normal",
    ".node.neuron text:last-of-type": "font-weight:bold",
}
PLAIN |= {f".delta-{sign} text:nth-of-type(4)": "font-weight:bold" for sign in SIGNS}
PLAIN |= {  # of stroke and fill: as layers, thousands of arrows are slow
    f".edge.{g} :not(text)": f"stroke-opacity:{opacity};fill-opacity:{opacity}" for g, opacity in STRENGTHS.items()
}
COLOURED = {
    "text": f"font-family:{FONTS},sans-serif;fill:var(--ink)",  # browsers find a font for each character themselves
    ".page": "fill:var(--page)",
    ".legend": "fill:var(--muted)",
    ".cluster path": "stroke:var(--frame)",
    ".cluster text": "fill:var(--muted)",
    ".node path": "fill:var(--box);stroke:var(--line)",
    ".node ellipse": "fill:var(--box);stroke:var(--line)",
    ".node text:nth-of-type(3)": "fill:var(--sign-ink)",
    ".edge path": "stroke:var(--sign)",
    ".edge polygon": "fill:var(--sign);stroke:var(--sign)",
    ".edge text": "fill:var(--ink);stroke:var(--page)",
    ".kind": "fill:var(--muted)",
    ".legend tspan": "fill:var(--sign-ink)",
    ".legend .kind": "fill:var(--muted)",
    ".centred": "text-anchor:middle;transform:none",
    ".node.lines text": "fill:var(--ink)",
    ".node.neuron text:last-of-type": "fill:var(--sign-ink,var(--ink))",
    ".label": "--box:var(--page);--line:none",
    ".label text": "fill:var(--sign-ink)",
}
COLOURED |= {f".{box}": f"--box:var(--{box});--line:var(--{box}-line)" for box in BOXES}
COLOURED |= {".changed": "--line:var(--ink)"}
COLOURED |= {f".{sign}": f"--sign:var(--{sign});--sign-ink:var(--{sign}-ink)" for sign in SIGNS}
COLOURED |= {f".delta-{sign} text:nth-of-type(4)": f"fill:var(--{sign}-ink)" for sign in SIGNS}


def sheet(theme: str) -> str:
    """Return the style sheet of an SVG in a theme."""

    def variables(palette: Palette) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in palette.items())

    def written(rules: dict[str, str]) -> list[str]:
        return [f".handgrad {selector}{{{declarations}}}" for selector, declarations in rules.items()]

    scope = ".handgrad" if theme == "auto" else f".handgrad.{theme}"  # pictures of several themes may share a document
    dark = [f"@media (prefers-color-scheme:dark){{.handgrad{{{variables(DARK)}}}}}"] if theme == "auto" else []
    return "\n".join(
        [
            *written(PLAIN),
            ".handgrad.transparent{background:none}",
            "@supports (fill:var(--ink)){",
            f"{scope}{{{variables(THEMES[theme])}}}",
            ".handgrad{background:var(--page)}",
            *written(COLOURED),
            *dark,
            "}",
        ]
    )


STYLE_SHEETS = {theme: sheet(theme) for theme in THEMES}
STYLE_SHEET = STYLE_SHEETS["auto"]


def styled(svg: bytes) -> bytes:
    """Return Graphviz's SVG with the style sheet inside, without links, comments and document type.

    The name of the graph becomes the accessible name of the picture. Graphviz puts a tooltip in a link around the
    shape; here it becomes the title of the node, edge or frame.
    """
    root = ET.fromstring(svg)  # noqa: S314  (Graphviz wrote it)
    theme, transparent = "auto", True
    name = root.findtext(f"{SVG}g/{SVG}title") or ""
    name = "Graph" if name.startswith("%") else name  # Graphviz's own name for a graph that has none
    for group in list(root.iter(f"{SVG}g")):
        kind, _, own = (group.get("class") or "").partition(" ")
        if kind == "graph":
            theme, transparent = own if own in THEMES else "auto", not _mark_page(group)
            _make_room(root, group)
        else:
            _unlink(group)
    look = " ".join(["handgrad", *([theme] * (theme != "auto")), *(["transparent"] * transparent)])
    root.attrib |= {"class": look, "role": "img", "aria-label": name}
    _join_halves(root)
    palette = THEMES[theme]
    for text in list(root.iter(f"{SVG}text")):
        _divide(text, palette)
    for element in root.iter():
        _emphasise(element, palette)
        for paint in ("fill", "stroke"):
            if element.get(paint) == "transparent":  # dot 2.43 writes it, and many programs paint it black
                element.set(paint, "none")
    title, rules = ET.Element(f"{SVG}title"), ET.Element(f"{SVG}style")
    title.text, rules.text = name, STYLE_SHEETS[theme]
    root[:0] = [title, rules]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _mark_page(graph: ET.Element) -> bool:
    """Give the background and the legend their classes, and remove the graph's title, which the picture takes.

    Return whether there is a background: for a transparent one, Graphviz draws nothing or an empty shape.
    """
    there = False
    for shape in list(graph):
        clear = shape.tag == f"{SVG}polygon" and shape.get("fill") in ("none", "transparent")
        if shape.tag == f"{SVG}title" or clear:
            graph.remove(shape)
        elif shape.tag == f"{SVG}polygon":
            shape.set("class", "page")
            there = True
        elif shape.tag == f"{SVG}text":
            shape.set("class", "legend")
    return there


def _make_room(root: ET.Element, graph: ET.Element) -> None:
    """Widen the page so that the legend fits in it, also in a font that stands in for Arial."""
    left, top, across, down = map(float, root.get("viewBox", "0 0 0 0").split())
    moved = re.search(r"translate\(([-\d.]+)", graph.get("transform", ""))
    end = left + across - (float(moved[1]) if moved else 0.0)
    lines = [line for line in graph.findall(f"{SVG}text") if line.get("text-anchor") == "start"]
    ends = [float(x.get("x", "0")) + room(x.text or "", float(x.get("font-size", "10"))) for x in lines]
    more = 3 * math.ceil((max(ends, default=end) - end) / 3)  # three points are four pixels
    if more > 0:
        root.set("viewBox", f"{left:.2f} {top:.2f} {across + more:.2f} {down:.2f}")
        root.set("width", f"{float(root.get('width', '0pt').removesuffix('pt')) + more:g}pt")
        for page in graph.findall(f"{SVG}polygon"):
            corners = [[float(x) for x in point.split(",")] for point in page.get("points", "").split()]
            right = max(x for x, _ in corners)
            page.set("points", " ".join(f"{x + more if x == right else x:g},{y:g}" for x, y in corners))


def _unlink(group: ET.Element) -> None:
    """Replace each `g > a` by the shapes inside it, and move the tooltip of the `a` to the group's title."""
    for wrapper in group.findall(f"{SVG}g"):
        for link in wrapper.findall(f"{SVG}a"):
            for title in group.findall(f"{SVG}title"):
                title.text = link.get(LINK_TITLE)
            place = list(group).index(wrapper)
            group[place : place + 1] = list(link)


def _join_halves(root: ET.Element) -> None:
    """Join the two halves of an arrow into one edge, and remove the point between them."""
    for graph in root.findall(f"{SVG}g"):
        edges = {group.get("id"): group for group in graph}
        for group in list(graph):
            kinds = (group.get("class") or "").split()
            if "half" in kinds:
                first = edges[group.get("id", "").removesuffix(SECOND_HALF)]
                for line, rest in zip(first.findall(f"{SVG}path"), group.findall(f"{SVG}path"), strict=True):
                    line.set("d", f"{line.get('d')}L{rest.get('d', '')[1:]}")
                first[2:2] = group.findall(f"{SVG}polygon")
            if "half" in kinds or "via" in kinds:
                graph.remove(group)


def _emphasise(group: ET.Element, palette: Palette) -> None:
    """Make names and gradients bold, and colour gradients by sign, for programs that ignore style sheets."""
    classes, lines = (group.get("class") or "").split(), group.findall(f"{SVG}text")
    if "cluster" in classes:
        bold = lines
    elif "node" not in classes or "lines" in classes:
        bold = lines[-1:] if "neuron" in classes else []
    else:
        bold = lines[:3:2]
    if "node" in classes:
        sign = next((sign for sign in SIGNS if sign in classes), "")
        if sign and len(lines) > 2:
            lines[-1 if "neuron" in classes else 2].set("fill", palette[f"{sign}-ink"])
        delta = next((sign for sign in SIGNS if f"delta-{sign}" in classes), "")
        if delta:
            bold.append(lines[3])
            lines[3].set("fill", palette[f"{delta}-ink"])
    for line in bold:
        next(iter(line), line).set("font-weight", "bold")


def _divide(text: ET.Element, palette: Palette) -> None:
    """Make each part of a line a span: muted after a name in a box, in its own colour if a legend explains one.

    A program that ignores `dx` still sees the space. Many centre each span of a line on its own: for these, the line
    begins where it would in Arial, if it were centred; the style sheet lets browsers centre the whole line.
    """
    parts = (text.text or "").split(GAP)
    if len(parts) == 1:
        return
    text.text = ""
    text.set(SPACE, "preserve")
    for k, part in enumerate(parts):
        span = ET.SubElement(text, f"{SVG}tspan")
        span.text = f" {part}" if k else part
        span.attrib |= {"dx": "0.72em"} if k else {}  # with the space, 1 em; not all programs keep a wide space
        colour = COLOUR_NAMES.get(part.partition(":")[0]) if text.get("class") == "legend" else None
        span.set("class", colour or ("kind" if k else "name"))
        span.attrib |= {"fill": palette[f"{colour}-ink" if colour else "muted"]} if colour or k else {}
    if text.get("text-anchor") == "middle":
        half = round(width(GAP.join(parts), float(text.get("font-size", "12"))) / 2)
        text.attrib |= {"text-anchor": "start", "transform": f"translate(-{half})", "class": "centred"}
