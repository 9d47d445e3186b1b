"""Files to fill in: JSON, CSV for a spreadsheet, and an HTML form that saves the JSON file.

Numbers are text in all of them, for a number of JSON does not keep the last zeros of 0.0990.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

from viz.exercise.answers import flat, mapped, plain, walk
from viz.exercise.exercises import Exercise
from viz.exercise.parts import part, source_hash
from viz.exercise.sheet import PRECISION, data, instructions, senders_of

SUFFIXES = ("json", "csv", "html")
UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}  # in JSON inside HTML


def template(exercise: Exercise, suffix: str) -> str:
    """Return the text of a file to fill in.

    Args:
        exercise: The exercise.
        suffix: "json", "csv" or "html".
    """
    return {"json": json_template, "csv": csv_template, "html": form}[suffix](exercise)


def json_template(exercise: Exercise) -> str:
    """Return a JSON file with "" for every blank, a line for each layer."""
    layers = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"    {json.dumps(layer)}" for layer in _empty(numbers)) + "\n  ]"
        for name, numbers in exercise.names().items()
    )
    return f'{{\n  "exercise": {json.dumps(exercise.options)},\n  "name": "",\n{layers}\n}}\n'


def csv_template(exercise: Exercise) -> str:
    """Return a CSV file with a row for every blank, in characters that every spreadsheet keeps."""
    rows = [f"exercise {exercise.options};", "name;", "answer;number"]
    rows += [f"{plain(name)};" for name in flat(list(exercise.names().values()))]
    return "\n".join(rows) + "\n"


def form(exercise: Exercise) -> str:
    """Return an HTML page with the sheet and a field for every blank, which saves the JSON file.

    It needs no network: its Content-Security-Policy allows its own script and style sheet, by their hashes, and
    nothing else.
    """
    script, sheet = part("form.js"), part("form.css")
    names = exercise.names()
    first = data(exercise)
    title, given = first[0], first[first.index("") + 1 :]
    blank = {group: _empty(layers) for group, layers in names.items()}
    model = {"exercise": exercise.options, "name": "", **blank}
    return Template(part("form.html")).substitute(
        title=html.escape(title),
        options=html.escape(exercise.options),
        data=html.escape("\n".join(given)),
        precision=PRECISION,
        fields="\n".join(_fields(exercise)),
        count=len(flat(list(names.values()))),
        model=json.dumps(model).translate(UNSAFE),
        script=script,
        script_hash=source_hash(script),
        sheet=sheet,
        sheet_hash=source_hash(sheet),
    )


def _empty(numbers: Any) -> Any:
    return mapped(lambda name: "", numbers)


def _fields(exercise: Exercise) -> Iterator[str]:
    """Yield the questions with their fields, in the order of the sheet."""
    names = exercise.names()
    forward, backward, gradients, update = instructions(exercise)
    layers = range(len(names["z"]))
    yield _question(forward)
    for k in layers:
        yield from (_layer(names, group, k) for group in ("z", "a"))
    yield _question(backward)
    for k in reversed(layers):
        yield _layer(names, "deltas", k)
    yield _question(gradients)
    yield from (_matrix(exercise, "gradients", k) for k in layers)
    yield _question(update)
    yield from (_matrix(exercise, "updates", k) for k in layers)


def _question(text: str) -> str:
    first, *rest = text.splitlines()
    return f"<h2>{html.escape(first)}</h2>" + "".join(f"<p>{html.escape(line.strip())}</p>" for line in rest)


def _layer(names: dict[str, Any], group: str, k: int) -> str:
    cells = [
        f"<label>{html.escape(name)} {_field(name, group, k, *path)}</label>" for path, name in walk(names[group][k])
    ]
    return f'<p class="layer">{" ".join(cells)}</p>'


def _matrix(exercise: Exercise, group: str, k: int) -> str:
    """Return the table of gradients or updates of layer k: a row for each sender, a column for each receiver."""
    names = exercise.names()
    head = "".join(f'<th scope="col">to {html.escape(name)}</th>' for name in names["z"][k])
    rows = [
        f'<tr><th scope="row">from {html.escape(sender)}</th>'
        + "".join(f"<td>{_field(name, group, k, i, j)}</td>" for j, name in enumerate(row))
        + "</tr>"
        for i, (sender, row) in enumerate(zip(senders_of(exercise, k), names[group][k], strict=True))
    ]
    if "bias_gradients" in names and group == "gradients":
        biases = enumerate(names["bias_gradients"][k])
        fields = "".join(f"<td>{_field(name, 'bias_gradients', k, j)}</td>" for j, name in biases)
        rows.append(f'<tr><th scope="row">bias</th>{fields}</tr>')
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _field(name: str, *path: str | int) -> str:
    place = ".".join(map(str, path))
    return f'<input data-place="{place}" aria-label="{html.escape(name)}" inputmode="text" autocomplete="off" size="9">'


def suffix_of(path: Path) -> str:
    """Return the suffix of a file to fill in; raise ValueError if it is none of `SUFFIXES`."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: the suffix picks the format; choose .json, .csv or .html")
    return suffix
