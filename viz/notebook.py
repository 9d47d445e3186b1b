"""Values and records as pictures in a notebook: `import viz` registers them with the notebook's shell.

The classes themselves do not know of it: the engine and the networks stay free of drawing. What is too large to read,
or cannot be drawn, is shown as its line of text.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autograd import Value
from viz.graphs.drawing import MAX_READABLE, draw
from viz.graphs.textbook_network import network
from viz.rendering.engines import render
from viz.size import larger_than

if TYPE_CHECKING:
    from nn import Record


def value_picture(value: Value) -> str | None:
    """Return the SVG of a Value's graph, or None if it has more than 300 nodes or no engine can draw it.

    >>> value_picture(Value(2.0) * 3)[:5]
    '<?xml'
    """
    return None if larger_than(MAX_READABLE.boxes, value) else _picture(draw(value).source)


def record_picture(record: Record) -> str | None:
    """Return the SVG of a record's network, wide layers shortened, or None if no engine can draw it."""
    return _picture(network(record).source)


def _picture(source: str) -> str | None:
    try:
        return render(source, "svg").decode()
    except (RuntimeError, TimeoutError):
        return None


def register(shell: Any) -> None:
    """Let an IPython shell show Values and records as pictures."""
    formatter = shell.display_formatter.formatters["image/svg+xml"]
    formatter.for_type(Value, value_picture)
    formatter.for_type_by_name("nn.record", "Record", record_picture)


def running_shell() -> Any:
    """Return the IPython shell that this runs in, or None."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
