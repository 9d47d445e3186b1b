"""Drawings as files: the suffix is the format, and a file is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from autograd import Value
from autograd.files import writable, write
from nn import Record
from viz.graphs.comparison import Against
from viz.graphs.digraph import Drawing
from viz.graphs.drawing import Collapse, draw
from viz.graphs.textbook_network import network
from viz.pages.page import page
from viz.rendering.engines import render
from viz.solutions.documents import DOCUMENTS
from viz.solutions.equations import Derivation
from viz.text.explanations import Explanation

DEFAULTS = ("gradient", "auto")  # convention and theme
SUFFIXES = ("svg", "html", "png", "pdf", "dot")


def save(
    value: Value | Record | Drawing | Derivation,
    path: str | os.PathLike[str],
    record: Record | None = None,
    *,
    collapse: Collapse = None,
    against: Against | None = None,
    highlight: Explanation | None = None,
    convention: str = "gradient",
    theme: str = "auto",
) -> None:
    """Write the drawing of `value`, or a worked solution, to a file, atomically.

    A file that is replaced keeps its permissions, and a symbolic link is written through.

    Args:
        value: A Value to draw; a record, for its `network`; a drawing, such as `draw` and `network` return; or what
            `derivation` returns.
        path: Ends in .svg, .html (see `page`), .png, .pdf or .dot; PNG and PDF need the system's Graphviz. That of a
            solution ends in .html (which needs the extra `mathml`), .md or .tex.
        record: As for `draw`, of a Value only, like the next three.
        collapse: As for `draw`.
        against: As for `draw`; not for a page, which shows no comparison.
        highlight: As for `draw`.
        convention: As for `draw` and `network`.
        theme: As for `draw` and `network`; "auto" is light in PNG and PDF.

    Raises:
        ValueError: For another suffix, before anything is written, and where `draw` raises it.
        OSError: For a missing folder, and for a path that is not a file (a folder, a pipe) or is not writable, before
            anything is written.
        TypeError: For options of a Value with a record or a drawing, and for a page of either, before anything is
            written.
        RuntimeError: If no engine can draw it, or the engine fails; the DOT source is then saved next to the path.
        TimeoutError: If the layout takes too long; the DOT source is saved as well.

    >>> from autograd import Value
    >>> save(Value(2.0) * 3, "product.jpg")
    Traceback (most recent call last):
    ...
    ValueError: product.jpg: the suffix picks the format; choose .svg, .html, .png, .pdf or .dot
    """
    path = Path(path)
    suffix = path.suffix.lower().removeprefix(".")
    options = {"record": record, "collapse": collapse, "against": against, "highlight": highlight}
    given = [name for name, option in options.items() if option is not None]
    if isinstance(value, Record) and given:
        raise TypeError(f"{given[0]} is an option of a Value, not of a record")
    given += [name for name, option in {"convention": convention, "theme": theme}.items() if option not in DEFAULTS]
    if isinstance(value, Derivation):
        if suffix not in DOCUMENTS:
            raise ValueError(f"{path}: the suffix picks the format of a solution; choose .html, .md or .tex")
        if given:
            raise TypeError(f"{' and '.join(given)} are for a Value; a solution has none")
        writable(path)
        write(path, DOCUMENTS[suffix](value).encode())
        return
    if suffix not in SUFFIXES:
        raise ValueError(f"{path}: the suffix picks the format; choose .svg, .html, .png, .pdf or .dot")
    writable(path)
    if isinstance(value, Drawing) and given:
        raise TypeError(f"a drawing is saved as it is: give {' and '.join(given)} to draw or network")
    if suffix == "html":
        if not isinstance(value, Value) or against is not None:
            raise TypeError(
                "a page replays one Value, such as the loss, with its record: save(loss, path, record); "
                "save a record, a drawing or a comparison as .svg"
            )
        page(value, path, record, collapse=collapse, highlight=highlight, convention=convention, theme=theme)
        return
    if isinstance(value, Record):
        value = network(value, convention=convention, theme=theme)
    if not isinstance(value, Drawing):
        value = draw(
            value,
            record,
            collapse=collapse,
            against=against,
            highlight=highlight,
            convention=convention,
            theme=theme,
        )
    if suffix == "dot":
        write(path, value.source.encode())
        return
    try:
        picture = render(value.source_for(suffix), suffix)
    except (RuntimeError, TimeoutError) as error:
        beside = path.with_suffix(".dot")
        write(beside, value.source.encode())
        raise type(error)(f"{path} was not drawn: {error}. Its DOT source is in {beside}") from None
    write(path, picture)
