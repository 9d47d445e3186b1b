"""The look: palette, fonts, and the style sheet inside each SVG, which follows the reader's theme.

DOT carries the light colours as attributes, for PNG, PDF and programs that ignore CSS. In SVG the style sheet overrides
them: it names each colour once, as a variable, and the dark theme gives the variables other values. What needs
variables stands inside `@supports`: a program that reads style sheets but no variables would paint everything black.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from viz.rendering.widths import room, width

FONT = "Arial"
FONTS = 'Arial,"Liberation Sans",Arimo,Helvetica,sans-serif'  # equally wide, so text fits its box
SIGNS = ("positive", "negative", "zero", "mixed", "undefined")
BOXES = ("input", "weight", "bias", "target", "constant", "leaf", "operation", "group")

# A plain name is a colour for lines or boxes; with "-ink", the same for text; with "-line", the border of a box.
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
    "bgcolor": LIGHT["page"],
    "fontname": FONT,
    "fontsize": "10",
    "fontcolor": LIGHT["muted"],
    "labelloc": "b",
    "labeljust": "l",
}
LARGE_GRAPH = {"splines": "line", "nslimit": "0.1", "mclimit": "0.1", "newrank": "true"}  # laid out ten times as fast
NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fontname": FONT,
    "fontsize": "12",
    "fontcolor": LIGHT["ink"],
    "margin": "0.17,0.07",
    "penwidth": "1.2",
}
EDGE = {"fontname": FONT, "fontsize": "10.5", "fontcolor": LIGHT["ink"], "arrowsize": "0.65"}
FRAME = {
    "style": "rounded",
    "bgcolor": "transparent",
    "color": LIGHT["frame"],
    "fontcolor": LIGHT["muted"],
    "fontsize": "10.5",
    "margin": "10",
    "labelloc": "t",
    "labeljust": "l",
}
SECOND_HALF = "-half"  # ends the id of an arrow's second half


def sign_of(numbers: Iterable[float]) -> str:
    """Return the class of some numbers by their sign: positive, negative, zero, mixed or undefined.

    >>> sign_of([0.5, 0.0]), sign_of([0.5, -1.0]), sign_of([0.5, float("nan")])
    ('positive', 'mixed', 'undefined')
    """
    signs = {"undefined" if x != x else "positive" if x > 0.0 else "negative" for x in numbers if x != 0.0}
    if "undefined" in signs:
        return "undefined"
    return "mixed" if len(signs) > 1 else signs.pop() if signs else "zero"


def _sheet() -> str:
    def variables(palette: dict[str, str]) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in palette.items())

    def sheet(rules: dict[str, str]) -> list[str]:
        return [f".handgrad {selector}{{{declarations}}}" for selector, declarations in rules.items()]

    plain = {
        "text": f"font-family:{FONTS}",
        ".cluster path": "fill:none",
        ".cluster text": "font-weight:600",
        ".node text": "font-variant-numeric:tabular-nums",
        ".node text:nth-of-type(1)": "font-weight:600",
        ".node text:nth-of-type(3)": "font-weight:700",
        ".edge text": "stroke-width:3px;paint-order:stroke",
        ".kind": "font-weight:400",
        ".node.lines text": "font-weight:400",
        ".node.neuron text:last-of-type": "font-weight:700",
    }
    for g, opacity in STRENGTHS.items():  # of stroke and fill: as layers, thousands of arrows are slow
        plain[f".edge.{g} :not(text)"] = f"stroke-opacity:{opacity};fill-opacity:{opacity}"
    coloured = {
        "text": "fill:var(--ink)",
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
    coloured |= {f".{box}": f"--box:var(--{box});--line:var(--{box}-line)" for box in BOXES}
    coloured |= {".changed": "--line:var(--ink)"}
    coloured |= {f".{sign}": f"--sign:var(--{sign});--sign-ink:var(--{sign}-ink)" for sign in SIGNS}
    return "\n".join(
        [
            *sheet(plain),
            "@supports (fill:var(--ink)){",
            f".handgrad{{{variables(LIGHT)}background:var(--page)}}",
            *sheet(coloured),
            f"@media (prefers-color-scheme:dark){{.handgrad{{{variables(DARK)}}}}}",
            "}",
        ]
    )


STYLE_SHEET = _sheet()

SVG = "{http://www.w3.org/2000/svg}"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
LINK_TITLE = "{http://www.w3.org/1999/xlink}title"
ET.register_namespace("", SVG.strip("{}"))


def styled(svg: bytes) -> bytes:
    """Return Graphviz's SVG with the style sheet inside, without links, comments and document type.

    The name of the graph becomes the accessible name of the picture. Graphviz puts a tooltip in a link around the
    shape; here it becomes the title of the node, edge or frame.
    """
    root = ET.fromstring(svg)  # noqa: S314  (Graphviz wrote it)
    name = root.findtext(f"{SVG}g/{SVG}title") or ""
    name = "Graph" if name.startswith("%") else name  # Graphviz's own name for a graph that has none
    root.attrib |= {"class": "handgrad", "role": "img", "aria-label": name}
    for group in list(root.iter(f"{SVG}g")):
        if group.get("class") == "graph":
            _mark_page(group)
            _make_room(root, group)
        else:
            _unlink(group)
    _join_halves(root)
    for text in list(root.iter(f"{SVG}text")):
        _divide(text)
    for element in root.iter():
        _emphasise(element)
        for paint in ("fill", "stroke"):
            if element.get(paint) == "transparent":  # dot 2.43 writes it, and many programs paint it black
                element.set(paint, "none")
    title, sheet = ET.Element(f"{SVG}title"), ET.Element(f"{SVG}style")
    title.text, sheet.text = name, STYLE_SHEET
    root[:0] = [title, sheet]
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _mark_page(graph: ET.Element) -> None:
    """Give the background and the legend their classes, and remove the graph's title, which the picture takes."""
    for shape in list(graph):
        if shape.tag == f"{SVG}title":
            graph.remove(shape)
        elif shape.tag == f"{SVG}polygon":
            shape.set("class", "page")
        elif shape.tag == f"{SVG}text":
            shape.set("class", "legend")


def _make_room(root: ET.Element, graph: ET.Element) -> None:
    """Widen the page so that the legend fits in it in any font that stands in for Arial."""
    page = graph.find(f"{SVG}polygon")
    lines = [line for line in graph.findall(f"{SVG}text") if line.get("text-anchor") == "start"]
    if page is None or not lines:
        return
    corners = [point.split(",") for point in page.get("points", "").split()]
    right = max(float(x) for x, _ in corners)
    needed = [float(x.get("x", "0")) + room(x.text or "", float(x.get("font-size", "10"))) for x in lines]
    more = 3 * math.ceil((max(needed) - right) / 3)  # three points are four pixels: nothing moves by a part of one
    if more > 0:
        points = [f"{float(x) + more:g},{y}" if float(x) == right else f"{x},{y}" for x, y in corners]
        page.set("points", " ".join(points))
        left, top, across, down = root.get("viewBox", "").split()
        root.set("viewBox", f"{left} {top} {float(across) + more:.2f} {down}")
        root.set("width", f"{float(root.get('width', '0pt').removesuffix('pt')) + more:g}pt")


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


def _emphasise(group: ET.Element) -> None:
    """Make names and gradients bold, and colour gradients by sign, for programs that ignore style sheets."""
    classes, lines = (group.get("class") or "").split(), group.findall(f"{SVG}text")
    if "node" in classes:
        bold = lines[-1:] if "neuron" in classes else [] if "lines" in classes else lines[:3:2]
        sign = next((sign for sign in SIGNS if sign in classes), "")
        if sign and len(lines) > 2:
            bold[-1].set("fill", LIGHT[f"{sign}-ink"])
    else:
        bold = lines if "cluster" in classes else []
    for line in bold:
        next(iter(line), line).set("font-weight", "bold")


def _divide(text: ET.Element) -> None:
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
        span.attrib |= {"fill": LIGHT[f"{colour}-ink" if colour else "muted"]} if colour or k else {}
    if text.get("text-anchor") == "middle":
        half = round(width(GAP.join(parts), float(text.get("font-size", "12"))) / 2)
        text.attrib |= {"text-anchor": "start", "transform": f"translate(-{half})", "class": "centred"}
