"""The interactive page: one HTML file with the graph, its replay and a program that computes it, without any request.

Python lays out each state of folding and writes every text (`narration.py`); the script in `template` fills in the
numbers (`places.py`), decides what is visible, and computes the graph anew where a number is changed. The page's
Content-Security-Policy allows that script and that style sheet, by their hashes, and nothing else.
"""

from __future__ import annotations

import html
import json
import math
import os
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from string import Template
from typing import TYPE_CHECKING, Any

from autograd import topological_order
from autograd.files import writable, write
from nn.validation import flag
from viz.graphs.boxes import partials, remainders
from viz.graphs.digraph import Drawing
from viz.graphs.drawing import MODES, Collapse, draw
from viz.graphs.legend import FROM_ELSEWHERE, OFF_PATHS, colours, neurons
from viz.graphs.lines import box_lines
from viz.pages.javascript import graph_model
from viz.pages.keywords import keywords
from viz.pages.live import ReplayError, Samples, live_model, rows_script
from viz.pages.narration import NAMELESS_ROOT, Narration
from viz.pages.parts import UNSAFE, dedented, part, shorter_script, shorter_sheet, source_hash
from viz.pages.places import Places
from viz.rendering import style
from viz.rendering.engines import render
from viz.rendering.svg import STYLE_SHEET, SVG
from viz.text.explanations import Explanation

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record

PACKAGE = "viz.pages"
MAX_BOXES_FOLDED = 1_500  #: of a folding besides the one that a page opens with
FOLDINGS: tuple[Collapse, ...] = (False, "neuron", "layer")
FOLDING_TITLES = {None: "Values", "neuron": "Neurons", "layer": "Layers"}
SCRIPTS = ("page", "formats", "numbers", "folding", "replay", "words", "pointing", "camera", "controls")
LIVE_SCRIPTS = ("graph", "live", "reader", "fields", "history", "learning", "practice", "checking")
LIVE_WIDTH = "1.1"  # inches of a box, in which any number has room
FOLDED_LEGEND = "<details><summary>How to read the graph</summary>{}</details>"
LIVE_KEYS = """        <dt>↑ ↓</dt><dd>in a field: a step up, a step down; with Shift, ten steps</dd>
        <dt>Ctrl+Z Ctrl+Y</dt><dd>undo, redo a change of a number</dd>
"""


def page(
    value: Value,
    path: str | os.PathLike[str],
    record: Record | None = None,
    *,
    collapse: Collapse = None,
    highlight: Explanation | None = None,
    convention: str = "gradient",
    theme: str = "auto",
    live: bool = True,
    data: Samples | None = None,
) -> None:
    """Write the graph of `value` as a page that replays its passes step by step, and computes it for other numbers.

    In the page, every leaf can be changed, and all numbers follow; it takes steps of gradient descent, asks for the
    numbers instead of showing them, and compares the gradients with finite differences. A page that cannot compute (for
    a user-defined operation without `javascript=`, for gradients that are not those of one backward pass from `value`,
    and with `highlight`) replays only, and says why. The file is written atomically, needs no other file and no
    network, and is the same for the same graph.

    Args:
        value: The root of the graph, such as the loss.
        path: Of the HTML file.
        record: Of the forward pass, so that neurons and layers can be folded and unfolded.
        collapse: "neuron", "layer" or False, the folding that the page opens with; None opens the finest that is
            legible in the window. Other foldings of up to 1,500 boxes can be chosen.
        highlight: What `explain(value, x)` returned: its listed paths stand out, as for `draw`.
        convention: With a record, whose letters and sign of δ, as for `draw`.
        theme: In which the page opens, "light" or "dark"; "auto" follows the reader's.
        live: Whether the page computes; False writes the replay alone.
        data: Samples (x, y), with a record: gradient descent goes down the mean of `value` over them. Each has a number
            for each input and each target.

    Raises:
        OSError: For a missing folder, and for a path that is not a file or is not writable, before anything is written.
        ValueError: For a graph that `draw` refuses, and for data that the graph has no leaves for, or with live=False,
            before anything is written.
        RuntimeError: If no engine can draw it; nothing is written.
        TimeoutError: If its layout takes too long; nothing is written.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from autograd import Value
    >>> x = Value(2.0, name="x")
    >>> y = (x * x).named("y")
    >>> y.backward()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page(y, Path(folder, "y.html"))
    ...     "∂y/∂x" in Path(folder, "y.html").read_text(encoding="utf-8")
    True
    """
    style.palette_of(theme)
    live = flag(live, "live")
    writable(path)
    drawings = _foldings(value, record, collapse, highlight, convention)
    index = {z: i for i, z in enumerate(topological_order(value))}
    if data is not None and not live:
        raise ValueError("data is for a page that computes: leave live=False out")
    leaves = live_model(index, record, drawings[0], data) if live else None
    rows, why = "", ""
    try:
        if live and highlight is not None:
            raise ReplayError("the highlighted paths are those of the numbers that Python computed")
        rows = rows_script(list(index), drawings) if live else ""
    except ReplayError as error:
        leaves, why = None, str(error)
    chosen = collapse is not None or highlight is not None  # else the window decides
    document = _document(value, record, drawings, chosen, highlight, theme, leaves, rows, why)
    write(path, document.encode())


def _foldings(
    value: Value, record: Record | None, collapse: Collapse, highlight: Explanation | None, convention: str
) -> list[Drawing]:
    """Return the drawing that the page opens with, then every other state of folding that can be drawn."""
    opening = draw(value, record, collapse=collapse, highlight=highlight, convention=convention)
    drawings = {opening.collapse: opening}
    for mode in FOLDINGS if record else ():
        with suppress(ValueError):  # too large
            drawing = draw(value, record, collapse=mode, highlight=highlight, convention=convention)
            if len(drawing.boxes) <= MAX_BOXES_FOLDED:
                drawings.setdefault(drawing.collapse, drawing)
    return list(drawings.values())


def _document(
    value: Value,
    record: Record | None,
    drawings: list[Drawing],
    chosen: bool,
    highlight: Explanation | None,
    theme: str,
    leaves: dict[str, Any] | None,
    rows: str,
    why: str,
) -> str:
    """Return the page; `rows` is the table in JavaScript, if it computes, and `why` says why it does not."""
    pictures: dict[str | None, str] = {}
    for drawing in drawings:
        drawing.graph_attr["label"] = ""  # the page explains itself
        if leaves:
            drawing.node_attr["width"] = LIVE_WIDTH
        try:
            pictures[drawing.collapse] = _inline(render(drawing.source, "svg"), len(drawing.boxes))
        except TimeoutError:
            if not pictures:
                raise
    drawn = sorted((x for x in drawings if x.collapse in pictures), key=lambda x: MODES.index(x.collapse))
    nodes = topological_order(value)
    index = {z: i for i, z in enumerate(nodes)}
    flowing = value.grad != 0.0
    states = [_state(drawing, index, flowing) for drawing in drawn]
    name = drawn[0].boxes[-1].name or NAMELESS_ROOT
    graph = graph_model(value)
    del graph["data"]  # among the values
    model = graph | {
        "opening": drawn.index(drawings[0]) if chosen else None,
        "keywords": keywords(nodes, record),
        "states": states,
        "operands": [operands for _, *operands in [node or [0] for node in graph["nodes"]]],
        "values": _encoded([z.data for z in nodes]),
        "gradients": _encoded([z.grad for z in nodes]),
        "partials": [_encoded(partials(z)) for z in nodes],
        "live": leaves and leaves | {"root": name},
        "look": {"widths": style.WIDTHS, "ratio": style.WIDTH_RATIO},
    }
    live_sheet = [shorter_sheet(part(PACKAGE, "live.css"))] if leaves else []
    sheet = "\n".join([_colours(), STYLE_SHEET, part(PACKAGE, "page.css"), *live_sheet])
    parts = [*map(_script, SCRIPTS), *([rows, *map(_script, LIVE_SCRIPTS)] if leaves else []), _script("start")]
    script = '"use strict";\n' + "\n".join(parts)
    title = html.escape(name)
    legend = _legend(name, value.grad, drawn, highlight, live=bool(leaves))
    return Template(part(PACKAGE, "page.html")).substitute(
        name=title,
        why=html.escape(why),
        why_hidden="" if why else " hidden",
        live=dedented(part(PACKAGE, "live.html")).replace("$name", title) if leaves else "",
        keys=LIVE_KEYS if leaves else "",
        theme="" if theme == "auto" else f' data-theme="{theme}"',
        legend=FOLDED_LEGEND.format(legend) if leaves else legend,
        count=f"{len(nodes):,}",
        foldings="".join(f'<button type="button">{FOLDING_TITLES[drawing.collapse]}</button>' for drawing in drawn),
        script=script,
        script_hash=source_hash(script),
        sheet=sheet,
        sheet_hash=source_hash(sheet),
        model=json.dumps(model, ensure_ascii=False, separators=(",", ":")).translate(UNSAFE),
        pictures="\n".join(f'<template id="state-{k}">{pictures[x.collapse]}</template>' for k, x in enumerate(drawn)),
    )


def _state(drawing: Drawing, index: dict[Value, int], flowing: bool) -> dict[str, Any]:
    """Return a state of folding for the script; members tell which boxes of different states correspond."""
    places = Places(index, drawing.arrows)
    steps = Narration(drawing, flowing, places).steps()
    boxes = [
        asdict(step)
        | {
            "members": [index[z] for z in box.members],
            "outputs": [index[z] for z in box.results],
            "lines": box_lines(
                box, drawing.lettering, flowing, places.value, lambda z, sign: places.gradient(z, sign=sign)
            ),
        }
        for step, box in zip(steps, drawing.boxes, strict=True)
    ]
    arrows = [
        [arrow.tail, arrow.head] if arrow.operand is None else [arrow.tail, arrow.head, arrow.operand]
        for arrow in drawing.arrows
    ]
    return {"boxes": boxes, "arrows": arrows}


def _encoded(numbers: Sequence[float]) -> list[float | str]:
    """Return numbers for JSON: NaN and the infinities, which it lacks, as texts that JavaScript reads as numbers."""
    return [x if math.isfinite(x) else "NaN" if x != x else "Infinity" if x > 0.0 else "-Infinity" for x in numbers]


def _inline(svg: bytes, boxes: int) -> str:
    """Return a picture for the page: its nodes are buttons, and no tooltip reveals a number before its step."""
    root = ET.fromstring(svg)  # noqa: S314  (Graphviz wrote it)
    for element in (*root.findall(f"{SVG}style"), *root.findall(f"{SVG}title")):
        root.remove(element)
    del root.attrib["width"], root.attrib["height"]
    root.attrib |= {
        "role": "group",
        "aria-label": f"{boxes} nodes: press the up or down arrow key to move between them",
    }
    for group in root.iter(f"{SVG}g"):
        for title in group.findall(f"{SVG}title"):
            group.remove(title)
        look = group.get("class", "").partition(" ")[0]
        if look == "node":
            first = group.get("id") == f"n-{boxes - 1}"  # the one that Tab reaches
            group.attrib |= {"role": "button", "aria-pressed": "false", "tabindex": "0" if first else "-1"}
        elif look == "edge":
            group.set("aria-hidden", "true")
    return ET.tostring(root, encoding="unicode")


def _colours() -> str:
    """Return the palette, each colour in a light and a dark variant, between which `color-scheme` chooses."""
    both = "".join(f"--{name}:light-dark({style.LIGHT[name]},{style.DARK[name]});" for name in style.LIGHT)
    return f"body.handgrad,body .handgrad{{{both}}}"


def _legend(name: str, gradient: float, drawings: list[Drawing], highlight: Explanation | None, *, live: bool) -> str:
    """Return, as paragraphs, how to read the picture."""
    showing = [x.collapse for x in drawings if gradient != 0.0 and any(box.net_inputs for box in x.boxes)]
    lettering = drawings[0].lettering
    letters = " ".join(dict.fromkeys(line for unit in showing or [None] for line in neurons(lettering, name, unit)))
    name = html.escape(name)
    more = f"<p>{html.escape(letters)}</p>" if letters else ""
    if not all(drawing.labelled for drawing in drawings):
        more += "<p>Where there are too many arrows to label, click a node to see its numbers beside the graph.</p>"
    if any(" J " in arrow.text for drawing in drawings for arrow in drawing.arrows):
        more += "<p>J is a Jacobian matrix: the local derivatives of several values with respect to several others.</p>"
    if gradient == 0.0:
        return (
            "<p>Each box shows its name and operation, and its value; each arrow the local derivative.</p>"
            f"<p>There are no gradients yet: call <code>backward()</code> on {name} and write the page again.</p>{more}"
        )
    if highlight is not None:
        more = f"<p>{html.escape(highlight.legend(lettering.called))}</p>" + more
    signs = {style.sign_of(arrow.flows) for drawing in drawings for arrow in drawing.arrows}
    signs |= {"undefined"} if live else set()  # other numbers, other signs
    meanings = colours(signs, OFF_PATHS if highlight else "")
    key = ", ".join(
        f'<span class="{style.COLOUR_NAMES[colour]}">{colour}</span> {meaning}' for colour, meaning in meanings.items()
    )
    rest = any(remainders(drawing.boxes, drawing.arrows) for drawing in drawings)
    meaning = f", the derivative of {name} with respect to it" if gradient == 1.0 and not rest else ""
    also = f", and what comes {FROM_ELSEWHERE}" if rest else ""
    return (
        f"<p>Each box shows its name and operation, its value, and its gradient{meaning}. "
        "Each arrow shows the local derivative.</p>"
        "<p>A gradient is the sum, over the arrows leaving its box, of local derivative × gradient at the arrow’s "
        f"head{also}.</p><p>{key}. Arrows show the sign and the size of this product: each step in width is a factor "
        f"of {style.WIDTH_RATIO}.</p>{more}"
    )


def _script(name: str) -> str:
    return shorter_script(part(PACKAGE, f"{name}.js"))
