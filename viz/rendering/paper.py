"""The look of PNG and PDF, which have no style sheet: bold names and gradients in their colours, as DOT's own markup.

Only the system's `dot` draws these formats, and it reads markup in labels; the embedded one does not.
"""

from __future__ import annotations

import re

from viz.rendering.style import GAP, LIGHT, SIGNS

NODE = re.compile(r"(?m)^\t*\S+ \[.*\]$")
CLASS = re.compile(r'class="([^"]*)"')  # of a box with a sign; names hold no quotes: they are escaped
LABEL = re.compile(r'label="([^"]*)"')
END = r"(?<!\\)((?:\\\\)*)\\n"  # of a line: \n, where no backslash before escapes it


def printed(source: str) -> str:
    r"""Return DOT source in which each box with a sign has markup for a label.

    >>> print(printed('n0 [class="leaf positive" label="x\u2003leaf\\n2\\n+3"]'))
    n0 [class="leaf positive" label=<<b>x</b>\u2003<font color="#566270">leaf</font><br/>2<br/><font color="#0F4C7C"><b>+3</b></font>>]
    """  # noqa: E501  (one line of DOT)
    return NODE.sub(_marked_up, source)


def _marked_up(node: re.Match[str]) -> str:
    look, text = CLASS.search(node[0]), LABEL.search(node[0])
    classes = look[1].split() if look else []
    sign = next((sign for sign in SIGNS if sign in classes), "")
    if not text or not sign or "label" in classes:
        return node[0]
    lines = re.sub(END, r"\1\n", text[1]).split("\n")
    if "lines" not in classes:
        name, gap, kind = lines[0].partition(GAP)
        lines[0] = f"<b>{name}</b>" + (f'{gap}<font color="{LIGHT["muted"]}">{kind}</font>' if kind else "")
    if len(lines) > 2:
        lines[-1] = f'<font color="{LIGHT[f"{sign}-ink"]}"><b>{lines[-1]}</b></font>'
    start, end = text.span()
    return f"{node[0][:start]}label=<{'<br/>'.join(lines)}>{node[0][end:]}"
