"""Files to fill in: JSON, CSV for a spreadsheet, and a page that is the sheet on paper and a form in a browser.

Numbers are text in all of them, for a number of JSON does not keep the last zeros of 0.0990.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from typing import Any

from viz.exercise.answers import flat, mapped, plain, walk
from viz.exercise.exercises import Exercise
from viz.exercise.sheet import PRECISION, data, instructions, senders_of
from viz.graphs.textbook_network import network
from viz.pages.parts import UNSAFE, part, source_hash
from viz.rendering.engines import render

WriteField = Callable[..., str]  # from the name of an answer, its group and its indices
SUFFIXES = ("json", "csv", "html")


def template(exercise: Exercise, suffix: str, name: str = "") -> str:
    """Return the text of a file to fill in.

    Args:
        exercise: The exercise.
        suffix: "json", "csv" or "html".
        name: The student's, if it is known.
    """
    return {"json": json_template, "csv": csv_template, "html": form}[suffix](exercise, name)


def json_template(exercise: Exercise, name: str = "") -> str:
    """Return a JSON file with "" for every blank, a line for each layer."""
    layers = ",\n".join(
        f'  "{group}": [\n' + ",\n".join(f"    {json.dumps(layer)}" for layer in _empty(numbers)) + "\n  ]"
        for group, numbers in exercise.names().items()
    )
    head = f'  "exercise": {json.dumps(exercise.options)},\n  "name": {json.dumps(name, ensure_ascii=False)}'
    return f"{{\n{head},\n{layers}\n}}\n"


def csv_template(exercise: Exercise, name: str = "") -> str:
    """Return a CSV file with a row for every blank, in characters that every spreadsheet keeps."""
    rows = [f"exercise {exercise.options};", f"name;{name}", "answer;number"]
    rows += [f"{plain(answer)};" for answer in flat(list(exercise.names().values()))]
    return "\n".join(rows) + "\n"


def form(exercise: Exercise, name: str = "") -> str:
    """Return an HTML page with the sheet, a figure of the network and a field for every blank.

    In a browser it saves the JSON file; on paper, A4 or Letter, its fields are lines to write on. It makes no network
    requests: its Content-Security-Policy allows its own script, style sheet and figure, and nothing else.

    Raises:
        RuntimeError: If no Graphviz can draw the figure.
    """
    script, sheet = part("viz.exercise", "form.js"), part("viz.exercise", "form.css")
    names = exercise.names()
    first = data(exercise)
    title, given = first[0], first[first.index("") + 1 :]
    blank = {group: _empty(layers) for group, layers in names.items()}
    model = {"exercise": exercise.options, "name": name, **blank}
    return Template(part("viz.exercise", "form.html")).substitute(
        title=html.escape(title),
        options=html.escape(exercise.options),
        name=html.escape(name),
        data=html.escape("\n".join(given)),
        figure=figure(exercise),
        sizes=" – ".join(map(str, exercise.record.mlp.sizes)),
        precision=PRECISION,
        fields="\n".join(fields(exercise, _input)),
        count=len(flat(list(names.values()))),
        model=json.dumps(model).translate(UNSAFE),
        script=script,
        script_hash=source_hash(script),
        sheet=sheet,
        sheet_hash=source_hash(sheet),
    )


def figure(exercise: Exercise) -> str:
    """Return the network without its numbers, for the board: an SVG picture in base64."""
    drawing = network(exercise.record, exercise.C, numbers=False, convention=exercise.convention, theme="light")
    drawing.graph_attr["label"] = ""  # the sheet explains itself
    return base64.b64encode(render(drawing.source_for("svg"), "svg")).decode()


def _empty(numbers: Any) -> Any:
    return mapped(lambda name: "", numbers)


def fields(exercise: Exercise, field: WriteField) -> Iterator[str]:
    """Yield the questions as HTML, in the order of the sheet.

    Args:
        exercise: The exercise.
        field: Returns what stands at a blank, from the name of the answer and its place: its group and indices.
    """
    names = exercise.names()
    forward, backward, gradients, update = instructions(exercise)
    layers = range(len(names["z"]))
    yield _question(forward)
    for k in layers:
        yield from (_layer(names, group, k, field) for group in ("z", "a"))
    yield _question(backward)
    for k in reversed(layers):
        yield _layer(names, "deltas", k, field)
    yield _question(gradients)
    yield from (_matrix(exercise, "gradients", k, field) for k in layers)
    yield _question(update)
    yield from (_matrix(exercise, "updates", k, field) for k in layers)


def _question(text: str) -> str:
    first, *rest = text.splitlines()
    return f"<h2>{html.escape(first)}</h2>" + "".join(f"<p>{html.escape(line.strip())}</p>" for line in rest)


def _layer(names: dict[str, Any], group: str, k: int, field: WriteField) -> str:
    cells = [
        f"<label>{html.escape(name)} {field(name, group, k, *path)}</label>" for path, name in walk(names[group][k])
    ]
    return f'<p class="layer">{" ".join(cells)}</p>'


def _matrix(exercise: Exercise, group: str, k: int, field: WriteField) -> str:
    """Return the table of gradients or updates of layer k: a row for each sender, a column for each receiver."""
    names = exercise.names()
    head = "".join(f'<th scope="col">to {html.escape(name)}</th>' for name in names["z"][k])
    rows = [
        f'<tr><th scope="row">from {html.escape(sender)}</th>'
        + "".join(f"<td>{field(name, group, k, i, j)}</td>" for j, name in enumerate(row))
        + "</tr>"
        for i, (sender, row) in enumerate(zip(senders_of(exercise, k), names[group][k], strict=True))
    ]
    if "bias_gradients" in names and group == "gradients":
        cells = [f"<td>{field(name, 'bias_gradients', k, j)}</td>" for j, name in enumerate(names["bias_gradients"][k])]
        rows.append(f'<tr><th scope="row">bias</th>{"".join(cells)}</tr>')
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _input(name: str, *place: str | int) -> str:
    """Return a field of the form."""
    where = ".".join(map(str, place))
    return f'<input data-place="{where}" aria-label="{html.escape(name)}" autocomplete="off" size="9">'


def suffix_of(path: Path) -> str:
    """Return the suffix of a file to fill in; raise ValueError if it is none of `SUFFIXES`."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: the suffix picks the format; choose .json, .csv or .html")
    return suffix
