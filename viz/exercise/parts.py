"""The parts of the HTML pages: templates, and the hashes by which a page allows its own script and style sheet."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files


def part(name: str) -> str:
    """Return a file of the folder `template`, with line feeds at the ends of its lines, over which it is hashed."""
    return files("viz.exercise").joinpath("template", name).read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """Return the hash of a script or a style sheet for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
