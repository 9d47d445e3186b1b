"""Values and records as pictures in a notebook: `import viz` registers them with IPython's shell and for marimo.

The classes themselves do not know of it: the engine and the networks stay free of drawing. What is too large to read,
or cannot be drawn, is shown as its line of text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from autograd import Value
from nn import Record
from viz.graphs.drawing import MAX_READABLE, draw
from viz.graphs.textbook_network import network
from viz.rendering.cells import HTML, PICTURE, image
from viz.size import larger_than

MARIMO = "_mime_"  # the method of marimo's display protocol: https://docs.marimo.io, "Displaying objects"


def value_picture(value: Value) -> str | None:
    """Return the SVG of a Value's graph, or None if it has more than 300 nodes or no engine can draw it.

    >>> value_picture(Value(2.0) * 3)[:5]
    '<?xml'
    """
    return None if larger_than(MAX_READABLE.boxes, value) else draw(value).shown()


def record_picture(record: Record) -> str | None:
    """Return the SVG of a record's network, wide layers shortened, or None if no engine can draw it."""
    return network(record).shown()


Picture = Callable[[Any], str | None]
PICTURES: dict[type, Picture] = {Value: value_picture, Record: record_picture}


def register(shell: Any) -> None:
    """Let an IPython shell show Values and records as pictures; a terminal's does not ask for them."""
    for kind, picture in PICTURES.items():
        shell.display_formatter.formatters[PICTURE].for_type(kind, picture)
        shell.display_formatter.formatters[HTML].for_type(kind, _html(picture))


def register_for_marimo() -> None:
    """Let marimo show Values and records as pictures."""
    for kind, picture in PICTURES.items():
        setattr(kind, MARIMO, _mime(picture))


def _html(picture: Picture) -> Picture:
    def html(shown: Any) -> str | None:
        svg = picture(shown)
        return None if svg is None else image(svg)

    return html


def _mime(picture: Picture) -> Callable[[Any], tuple[str, str]]:
    def mime(shown: Any) -> tuple[str, str]:
        svg = picture(shown)
        return ("text/plain", repr(shown)) if svg is None else (HTML, image(svg))

    return mime


def running_shell() -> Any:
    """Return the IPython shell that this runs in, or None."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
