"""The parts of HTML pages: the files that they are made of, shortened, and the hashes of scripts and style sheets.

A page contains its script and its style sheet, and allows no other, by their hashes in a Content-Security-Policy.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}  # in JSON inside HTML


def part(package: str, name: str) -> str:
    r"""Return a file of a package's folder `template`; all lines end in \n, so its hash is the same on every system.

    Args:
        package: Such as "viz.pages".
        name: That of the file.
    """
    return files(package).joinpath("template", name).read_text(encoding="utf-8")


def dedented(text: str) -> str:
    """Return a text without its indents, where no line keeps its spaces."""
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)


def shorter_sheet(text: str) -> str:
    """Return a style sheet without the spaces that mean nothing in it: after : ; { and before { }.

    >>> shorter_sheet("a { color: red; }")
    'a{color:red;}'
    """
    return re.sub(r"(?<=[:;{]) +| +(?=[{}])", "", dedented(text))


def shorter_script(text: str) -> str:
    r"""Return a script without comments, indents, and line breaks and spaces that mean nothing in it.

    >>> shorter_script("const f = (x) => {  // twice\n  return 2 * x;\n};\n").strip()
    'const f = (x)=>{return 2 * x};'
    """
    lines = re.sub(r"( *// .*| *//)?\n+", "\n", dedented(text)).lstrip()
    return re.sub(r"(?<=\{)\n|;?\n(?=\})| (?==>)|(?<==>) ", "", lines)


def source_hash(text: str) -> str:
    """Return the hash of a script or a style sheet for a Content-Security-Policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
