"""Names in a program's source: the one rule for text that is not the project's own.

The name of a Value, of an operation, of a NumPy function may hold anything: line breaks, quotes, braces, code. So no
text of a name reaches the source but through `plain`: the names of a graph where it becomes canonical, those of
operations and functions where a statement or a comment says them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MAX_LENGTH_READ = 40  # characters of a name that are looked at
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")  # what is left out
NOT_IN_LINES = re.compile(r"[^A-Za-z0-9_\n]+")  # the same of several names, a line each


def plain(name: str) -> str:
    """Return the ASCII letters, digits and underscores of a name's beginning, subscripts and accents made plain.

    >>> plain("w₁₂"), plain("é\\nimport os  # {0}"), plain("变量")
    ('w12', 'eimportos0', '')
    """
    if len(name) <= MAX_LENGTH_READ and name.isascii() and name.isalnum():
        return name
    return NOT_IN_NAMES.sub("", unicodedata.normalize("NFKD", name[:MAX_LENGTH_READ]))[:MAX_LENGTH_READ]


def all_plain(names: Sequence[str]) -> list[str]:
    """Return what `plain` makes of each name, all at once, in a tenth of the time.

    >>> all_plain(["w₁₂", "", "é"])
    ['w12', '', 'e']
    """
    starts = [name[:MAX_LENGTH_READ] for name in names]
    text = "\n".join(starts)
    if text.count("\n") != len(names) - 1:  # a name has more than one line, or there is none
        return [*map(plain, names)]
    lines = NOT_IN_LINES.sub("", unicodedata.normalize("NFKD", text)).split("\n")
    return [line[:MAX_LENGTH_READ] for line in lines]


def identifier(name: str) -> str:
    """Return a name as Python can have it: plain, and a letter first.

    >>> identifier("w₁₂"), identifier("2nd"), identifier("__class__"), identifier("")
    ('w12', 'v2nd', 'class__', 'v')
    """
    word = plain(name).lstrip("_")
    return word if word and not word[0].isdigit() else f"v{word}"
