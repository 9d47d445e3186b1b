"""LaTeX as MathML, which browsers draw themselves: by latex2mathml, corrected where that makes mistakes."""

from __future__ import annotations

import re

# The converter writes every minus as one between two terms, and a function's name as an operator, with space around it.
SIGN = re.compile(r"((?<!&#x00029;)(?<!&#x0005D;)</mo>|<mrow>)<mo>&#x02212;</mo>")
FUNCTION = re.compile(r"<mo>((?!mod)[A-Za-z]{2,})</mo>")
UNDERSTOOD = {  # alike, and known to the converter
    "{aligned}": "{split}",
    r"\operatorname{mod}": r"\bmod",
    r"\operatorname{": r"\mathrm{",
}
NOT_UNDERSTOOD = re.compile(r"\\\w+|<mi>&</mi>")  # a command that stands in the MathML as text


def mathml(latex: str, *, block: bool) -> str:
    r"""Return LaTeX as MathML.

    Args:
        latex: A formula.
        block: Whether it stands on lines of its own, not in a sentence.

    Raises:
        ImportError: Without latex2mathml.

    >>> mathml("x", block=False)
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>x</mi></mrow></math>'
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise ImportError('formulas in HTML need latex2mathml: pip install "handgrad[mathml]"') from None
    for known, understood in UNDERSTOOD.items():
        latex = latex.replace(known, understood)
    text = convert(latex, display="block" if block else "inline")
    return FUNCTION.sub(r"<mi>\1</mi>", SIGN.sub(r'\1<mo form="prefix">&#x02212;</mo>', text))
