"""The look of PNG and PDF, which have no style sheet: bold names and gradients in their colours, as DOT's own markup.

Only the system's `dot` draws these formats, and it reads markup in labels; the embedded one does not.
"""

from __future__ import annotations

import re

from viz.style import GAP, LIGHT, SIGNS

BOX = re.compile(r'(?m)^(\t*\S+ \[class="([^"]*)".*?) label="([^"]*)"')  # names hold no quotes: they are escaped
END = r"(?<!\\)((?:\\\\)*)\\n"  # of a line: \n, where no backslash before escapes it


def printed(source: str) -> str:
    r"""Return DOT source in which each box with a gradient has markup for a label.

    >>> print(printed('n0 [class="leaf positive" label="x\u2003leaf\\n2\\n+3"]'))
    n0 [class="leaf positive" label=<<b>x</b>\u2003<font color="#566270">leaf</font><br/>2<br/><font color="#0F4C7C"><b>+3</b></font>>]
    """
    return BOX.sub(_marked_up, source)


def _marked_up(box: re.Match[str]) -> str:
    before, classes, text = box.groups()
    sign = next((sign for sign in SIGNS if sign in classes.split()), "")
    first, *middle, last = re.sub(END, r"\1\n", text).split("\n")
    if not sign or not middle:
        return box[0]
    if "lines" not in classes.split():
        name, gap, kind = first.partition(GAP)
        first = f"<b>{name}</b>" + (f'{gap}<font color="{LIGHT["muted"]}">{kind}</font>' if kind else "")
    last = f'<font color="{LIGHT[f"{sign}-ink"]}"><b>{last}</b></font>'
    return f"{before} label=<{'<br/>'.join([first, *middle, last])}>"
