"""The sentences of a worked solution: their formulas stand between dollar signs, written as text.

In a terminal the dollar signs go. In Markdown the formulas become LaTeX, for pdfLaTeX knows no δ outside of formulas.
"""

from __future__ import annotations

import re
import unicodedata

from viz.text.symbols import GREEK

RAISED, LOWERED = "⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹ˡ", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ"
SIGNS_IN_LATEX = {"∂": r"\partial ", "·": r"\cdot", "−": "-", "ŷ": r"\hat{y}"}


def typeset(sentence: str) -> str:
    r"""Return a sentence with its formulas, between dollar signs, in LaTeX.

    >>> print(typeset("The delta is $δ = ∂C/∂w⁽ˡ⁾ᵢⱼ$, not $−net$."))
    The delta is $\delta = \partial C/\partial w_{ij}^{(l)}$, not $-\mathrm{net}$.
    """
    return re.sub(r"\$(.+?)\$", lambda formula: f"${_in_latex(formula[1])}$", sentence)


def _in_latex(text: str) -> str:
    """Return a formula, written as text, in LaTeX."""

    def indexed(match: re.Match[str]) -> str:
        above, below = [unicodedata.normalize("NFKC", part or "") for part in match.groups()]
        return (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")

    latex = re.sub("[A-Za-z]{2,}", lambda word: rf"\mathrm{{{word[0]}}}", text)
    latex = re.sub(f"([{RAISED}]+)?([{LOWERED}]+)?", indexed, latex)
    latex = re.sub("|".join(SIGNS_IN_LATEX), lambda sign: SIGNS_IN_LATEX[sign[0]], latex)
    return re.sub("|".join(GREEK), lambda letter: rf"\{GREEK[letter[0]]}", latex).rstrip()  # pandoc wants no space
