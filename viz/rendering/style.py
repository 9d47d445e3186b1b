"""The look: palette, fonts, and the style sheet inside each SVG, which follows the reader's theme.

DOT carries the light colours as attributes, for PNG, PDF and programs that ignore CSS. In SVG the style sheet overrides
them: it names each colour once, as a variable, and the dark theme gives the variables other values. What needs
variables stands inside `@supports`: a program that reads style sheets but no variables would paint everything black.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable

FONT = "Arial"
FONTS = 'Arial,"Liberation Sans",Arimo,Helvetica,sans-serif'  # equally wide, so text fits its box
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


def sheet(theme: str) -> str:
    """Return the style sheet of an SVG in a theme."""

    def variables(palette: Palette) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in palette.items())

    rules = {
        "text": f"font-family:{FONTS};fill:var(--ink)",
        ".page": "fill:var(--page)",
        ".legend": "fill:var(--muted)",
        ".cluster path": "fill:none;stroke:var(--frame)",
        ".cluster text": "fill:var(--muted);font-weight:600",
        ".node path": "fill:var(--box);stroke:var(--line)",
        ".node ellipse": "fill:var(--box);stroke:var(--line)",
        ".node text": "font-variant-numeric:tabular-nums",
        ".node text:nth-of-type(1)": "font-weight:600",
        ".node text:nth-of-type(3)": "font-weight:700;fill:var(--sign-ink)",
        ".edge path": "stroke:var(--sign)",
        ".edge polygon": "fill:var(--sign);stroke:var(--sign)",
        ".edge text": "fill:var(--ink);stroke:var(--page);stroke-width:3px;paint-order:stroke",
        ".kind": "font-weight:400;fill:var(--muted)",
        ".legend tspan": "fill:var(--sign-ink)",
        ".legend .kind": "fill:var(--muted)",
        ".node.lines text": "font-weight:400;fill:var(--ink)",
        ".node.neuron text:last-of-type": "font-weight:700;fill:var(--sign-ink,var(--ink))",
        ".label": "--box:var(--page);--line:none",
        ".label text": "fill:var(--sign-ink)",
    }
    rules |= {f".{box}": f"--box:var(--{box});--line:var(--{box}-line)" for box in BOXES}
    rules |= {".changed": "--line:var(--ink)"}
    rules |= {f".{sign}": f"--sign:var(--{sign});--sign-ink:var(--{sign}-ink)" for sign in SIGNS}
    for sign in SIGNS:
        rules[f".delta-{sign} text:nth-of-type(4)"] = f"font-weight:700;fill:var(--{sign}-ink)"
    for g, opacity in STRENGTHS.items():  # of stroke and fill: as layers, thousands of arrows are slow
        rules[f".edge.{g} :not(text)"] = f"stroke-opacity:{opacity};fill-opacity:{opacity}"
    plain = [".handgrad.transparent{background:none}"]
    scope = ".handgrad" if theme == "auto" else f".handgrad.{theme}"  # pictures of several themes may share a document
    coloured = [f"{scope}{{{variables(THEMES[theme])}}}", ".handgrad{background:var(--page)}"]
    for selector, rule in rules.items():
        declarations = rule.split(";")
        for lines, variable in ((plain, False), (coloured, True)):
            if chosen := ";".join(x for x in declarations if ("--" in x) == variable):
                lines.append(f".handgrad {selector}{{{chosen}}}")
    dark = [f"@media (prefers-color-scheme:dark){{.handgrad{{{variables(DARK)}}}}}"] if theme == "auto" else []
    return "\n".join([*plain, "@supports (fill:var(--ink)){", *coloured, *dark, "}"])


STYLE_SHEETS = {theme: sheet(theme) for theme in THEMES}
STYLE_SHEET = STYLE_SHEETS["auto"]

SVG = "{http://www.w3.org/2000/svg}"
LINK_TITLE = "{http://www.w3.org/1999/xlink}title"
ET.register_namespace("", SVG.strip("{}"))


def styled(svg: bytes) -> bytes:
    """Return Graphviz's SVG with the style sheet inside, without links, comments and document type.

    Graphviz puts a tooltip in a link around the shape; here it becomes the title of the node, edge or frame.
    """
    root = ET.fromstring(svg)  # noqa: S314  (Graphviz wrote it)
    theme, transparent = "auto", True
    for group in list(root.iter(f"{SVG}g")):
        kind, _, own = (group.get("class") or "").partition(" ")
        if kind == "graph":
            theme, transparent = own if own in THEMES else "auto", not _mark_page(group)
        else:
            _unlink(group)
    root.set("class", " ".join(["handgrad", *([theme] * (theme != "auto")), *(["transparent"] * transparent)]))
    _join_halves(root)
    for text in list(root.iter(f"{SVG}text")):
        _divide(text)
    for element in root.iter():
        _colour(element, THEMES[theme])
        for paint in ("fill", "stroke"):
            if element.get(paint) == "transparent":  # dot 2.43 writes it, and many programs paint it black
                element.set(paint, "none")
    rules = ET.Element(f"{SVG}style")
    rules.text = STYLE_SHEETS[theme]
    root.insert(0, rules)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _mark_page(graph: ET.Element) -> bool:
    """Give the background and the legend their classes, and remove the graph's title, a meaningless name.

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


def _colour(node: ET.Element, palette: Palette) -> None:
    """Give the gradient in a box the colour of its sign, for viewers that ignore CSS variables."""
    classes, lines = (node.get("class") or "").split(), node.findall(f"{SVG}text")
    sign = next((sign for sign in SIGNS if sign in classes), "")
    if "node" in classes and sign and len(lines) > 2:
        lines[-1 if "neuron" in classes else 2].set("fill", palette[f"{sign}-ink"])
    delta = next((sign for sign in SIGNS if f"delta-{sign}" in classes), "")
    if delta:
        lines[3].set("fill", palette[f"{delta}-ink"])


def _divide(text: ET.Element) -> None:
    """Make each part of a line a span: muted after a name in a box, in its own colour if a legend explains one."""
    parts = (text.text or "").split(GAP)
    if len(parts) == 1:
        return
    text.text = ""
    for k, part in enumerate(parts):
        span = ET.SubElement(text, f"{SVG}tspan")
        span.text = f" {part}" if k else part
        span.attrib |= {"dx": "0.72em"} if k else {}  # the gap is this and a space; not all viewers keep a wide space
        colour = COLOUR_NAMES.get(part.partition(":")[0]) if text.get("class") == "legend" else None
        span.set("class", colour or ("kind" if k else "name"))
