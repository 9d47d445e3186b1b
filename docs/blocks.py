"""Runs the Python blocks of a page, those with the prompt >>>, one after the other, and compares what they print."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
FENCE = re.compile(r"^```.*$", re.MULTILINE)  # would be read as printed; emptied, so that the lines keep their numbers


def run(page: Path) -> dict[str, Any]:
    """Run a page's blocks in the current folder, and return the names that they leave behind.

    Raises AssertionError where a block prints something else than the page says, after a report of it.
    """
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    failed, tried = doctest.DocTestRunner(optionflags=FLAGS).run(test, clear_globs=False)
    if failed:
        raise AssertionError(f"{failed} of the {tried} examples of {page.name} print something else than it says")
    return test.globs
