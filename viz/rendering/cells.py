"""Pictures in the cells of a notebook: as wide as the cell at most, and in the notebook's theme where it tells it."""

from __future__ import annotations

import base64
import re
import sys
from functools import cache, lru_cache

from viz.rendering.engines import render

HTML, PICTURE = "text/html", "image/svg+xml"
IN_CELL = "max-width:100%;height:auto"
# How JupyterLab and nbconvert, VS Code, Colab and Sphinx's themes say whether they are dark; marimo says it in CSS.
SCHEMES = "".join(
    f"[data-jp-theme-light={lab}] .handgrad-picture,.vscode-{theme} .handgrad-picture,"
    f"html[theme={theme}] .handgrad-picture,[data-theme={theme}] .handgrad-picture{{color-scheme:{theme}}}"
    for theme, lab in (("light", "true"), ("dark", "false"))
)


@lru_cache(maxsize=1)  # a notebook asks for it twice: as SVG and as HTML
def picture(source: str) -> str:
    """Return DOT source as an SVG that is scaled to its cell, and raise what `render` raises."""
    return render(source, "svg").decode().replace("<svg ", f'<svg style="{IN_CELL}" ', 1)


def image(svg: str) -> str:
    """Return a picture as an HTML image, with the SVG's accessible name as its alternative text.

    JupyterLab and nbconvert do not scale bare SVG to the cell. And in an image, "auto" follows the notebook's theme
    before the system's.
    """
    name = re.search(r' aria-label="([^"]*)"', svg)
    data = base64.b64encode(svg.encode()).decode()
    return (
        f"<style>{SCHEMES}</style>"
        f'<img class="handgrad-picture" alt="{name[1] if name else ""}" style="{IN_CELL}" '
        f'src="data:{PICTURE};base64,{data}">'
    )


@cache
def say_once(message: str) -> None:
    """Write a message among the errors, but the same one never again in this process."""
    print(message, file=sys.stderr)
