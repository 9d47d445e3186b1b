"""Numbers and names as they stand in a picture.

Numbers have four significant digits and a true minus sign, and gradients always show their sign. Names are data:
every character is shown, and none acts as markup, as an escape or as a change of the direction of text. In a
formula, a name that does not read as one symbol stands in quotation marks.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from typing import TYPE_CHECKING

from autograd.checking.candidates import is_symbol
from nn.architecture import SUBSCRIPTS

if TYPE_CHECKING:
    from autograd import Value

NAME_LENGTH = 24  #: of a name in a box, in characters; its tooltip shows all of it
TOOLTIP_BYTES = 15_000  #: of escaped text: dot before version 3 reads strings of at most 16,384 bytes


def number(x: float, digits: int = 4) -> str:
    """Return x with a number of significant digits; whole numbers below a million stand in full.

    >>> number(-0.0643612), number(30000.0), number(1.23456e-7)
    ('−0.06436', '30000', '1.235e−7')
    """
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    x = float(x)  # a product of no factors is an int
    text = str(int(x)) if x.is_integer() and abs(x) < 1e6 else f"{x:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−")


def signed(x: float, digits: int = 4) -> str:
    """Return a number with its sign, + or −; zero has none.

    >>> signed(0.11981), signed(-1.0), signed(0.0)
    ('+0.1198', '−1', '0')
    """
    return f"+{number(x, digits)}" if x > 0 else number(x, digits)


def exact(x: float) -> str:
    """Return x with every digit that it has.

    >>> exact(-0.1)
    '−0.1'
    """
    return repr(x).replace("-", "−")


def visible(text: str) -> str:
    r"""Return text in which each character is visible and none acts; unprintable ones are escaped as in Python.

    >>> print(visible("a\nb"))
    a\nb
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in shown):
        return f"\u2068{shown}\u2069"  # isolated, so that right-to-left text does not reorder what stands beside it
    return shown


def markdown(text: str) -> str:
    r"""Return text for Markdown, with every character that could be markup escaped.

    >>> print(markdown("a_b*c"))
    a\_b\*c
    """
    return re.sub(r"[\\`*_{}\[\]<>#$|~]", r"\\\g<0>", text)


def short(name: str) -> str:
    """Return a name as a box shows it: at most `NAME_LENGTH` characters, and the number in `x1` as a subscript.

    >>> short("x1"), short("a long name that goes on and on")
    ('x₁', 'a long name that goes o…')
    """
    if re.fullmatch(r"[^\W\d_]\d{1,4}", name, re.ASCII) or re.fullmatch(r"[α-ωΑ-Ω]\d{1,4}", name):
        return name[0] + name[1:].translate(SUBSCRIPTS)
    return visible(cut(name))


def cut(name: str) -> str:
    """Return the first `NAME_LENGTH` characters of a name, the last of them `…` where there are more."""
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def quoted(name: str) -> str:
    r"""Return a name in quotation marks; its own curly ones are escaped.

    >>> print(quoted("w*x + b"), quoted("a”b"))
    “w*x + b” “a\u201db”
    """
    escaped = visible(name).replace("“", r"\u201c").replace("”", r"\u201d")
    return f"“{escaped}”"


def in_formula(name: str) -> str:
    """Return a name as it stands in a formula: as a box shows it, in quotation marks unless it reads as one symbol.

    >>> in_formula("x1"), in_formula("w*x + b"), in_formula("2")
    ('x₁', '“w*x + b”', '“2”')
    """
    return short(name) if is_symbol(name) else quoted(cut(name))


def called(x: Value) -> str:
    """Return what a text calls a Value: its name as in a formula, else its operation, else its number.

    >>> from autograd import Value
    >>> called(Value(2.0, "x1")), called(Value(2.0) * 3), called(Value(2.0))
    ('x₁', 'mul', '2')
    """
    if x.name:
        return in_formula(x.name)
    return x.operation.name if x.operation else number(x.data)


def label(*lines: str, end: str = r"\n") -> str:
    r"""Return lines as a DOT label; `end` ends each line, `\n` or `\l` for left-justified, and all else is literal.

    >>> label(r"\N", "<b>")
    '\\\\N\\n&lt;b&gt;'
    """
    return end.join(html.escape(line).replace("\\", r"\\") for line in lines) + (end if end != r"\n" else "")


def tooltip(text: str) -> str:
    """Return text as a DOT tooltip, which Graphviz unescapes twice, cut after `TOOLTIP_BYTES`."""
    escaped, size = [], 0
    for c in text:
        escaped.append(html.escape(c).replace("\\", r"\\\\"))
        size += len(escaped[-1].encode())
        if size > TOOLTIP_BYTES:
            return "".join(escaped[:-1]) + "…"
    return "".join(escaped)
