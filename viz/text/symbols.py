r"""Names and numbers in LaTeX, as parts of a formula.

Programs read `\text` in different ways: MathJax 3 shows a backslash in it, MathJax 4 and KaTeX take `_` and `^` for
commands there. So what is special in LaTeX stands outside of it, as a command of math mode, which all of them know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from autograd.checking.candidates import is_symbol
from viz.text.labels import number, quoted, visible

LOOSE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)  #: the precedence of a formula
# fmt: off
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
    "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}
# fmt: on
INDEXED = re.compile(r"([^\W\d_₀₁₂₃₄₅₆₇₈₉]+)([⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹]*)([₀₁₂₃₄₅₆₇₈₉,]*|\d*|_\w+)")  # of a symbol
UNRAISED = str.maketrans("⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "()01234567890123456789")
COMMANDS = {c: rf"\{c}" for c in "$&#%_"} | {
    "{": r"\lbrace", "}": r"\rbrace", "\\": r"\backslash", "^": r"\text{ˆ}", "~": r"\text{˜}", "−": "{-}",
    "∂": r"\partial", **{letter: rf"\{name}" for letter, name in GREEK.items()},
}  # fmt: skip
# What KaTeX or pdfLaTeX refuses in `\text`; the ranges are signs of mathematics.
NO_LETTER = re.compile("([" + re.escape("".join(COMMANDS)) + "<>‼↤℀-⅏∀-⏿⟀-⟯⦀-⫿]+)")
LIGATURE = re.compile(r"([-'`])(?=\1)")  # of two signs LaTeX makes one: a dash, or a quotation mark
TEXT = re.compile(r"\\text\{([^{}]*)\}")
# Markdown acts on these inside a formula too, and takes the backslash from `\_`: commands of letters, and look-alikes.
FOR_MARKDOWN = {"*": r"\ast", "[": r"\lbrack", "]": r"\rbrack", "|": r"\vert", "`": r"\text{‘}"}
MARKUP = re.compile("([" + re.escape("".join(FOR_MARKDOWN)) + "]+)")
LOOK_ALIKES = {rf"\{c}": rf"\text{{{chr(ord(c) + 0xFEE0)}}}" for c in "$&#%_"}


class Piece(NamedTuple):
    """A formula and its precedence."""

    text: str
    level: int


def numeral(x: float, notation: str = "latex", digits: int | None = None) -> Piece:
    r"""Return a number with the given significant digits, or in the shortest form that gives it exactly.

    >>> numeral(-1.5e-7).text, numeral(0.0643612, digits=4).text
    ('-1.5 \\cdot 10^{-7}', '0.06436')
    """
    latex = notation == "latex"
    shortest = repr(x).removesuffix(".0") if digits is None else number(x, digits).replace("−", "-")
    level = PRODUCT if shortest.startswith("-") and latex else SIGN if shortest.startswith("-") else ATOM
    if not latex:
        return Piece(shortest, level)
    if not math.isfinite(x):
        return Piece(r"\mathrm{nan}" if math.isnan(x) else repr(x).replace("inf", r"\infty"), level)
    mantissa, e, exponent = shortest.partition("e")
    if not e:
        return Piece(shortest, level)
    power = f"10^{{{int(exponent)}}}"
    return Piece(power, POWER) if mantissa == "1" else Piece(rf"{mantissa} \cdot {power}", PRODUCT)


def named(name: str) -> Piece:
    r"""Return a name in LaTeX: x1 as x₁, alpha as α, w⁽¹⁾₂₃ with its indices, and what is not a symbol in quotes.

    >>> named("alpha2").text, named("w*x + b").text
    ('\\alpha_{2}', '\\text{“w*x + b”}')
    """
    symbol = is_symbol(name)
    match = INDEXED.fullmatch(name) if symbol else None
    base, above, below = match.groups() if match else (name, "", "")
    if base in GREEK or base in GREEK.values():
        latex = "\\" + GREEK.get(base, base)
    elif match and base.isascii():
        latex = base if len(base) == 1 else rf"\mathrm{{{base}}}"
    else:
        return Piece(written(visible(name) if symbol else quoted(name)), ATOM)
    if below:
        below = below.translate(UNRAISED).removeprefix("_").replace("_", ",")
        latex += f"_{{{below}}}" if re.fullmatch("[0-9,]+", below) else rf"_{{\mathrm{{{below}}}}}"
    if above:
        latex += f"^{{{above.translate(UNRAISED)}}}"
    return Piece(latex, POWER if above else ATOM)


def written(text: str) -> str:
    r"""Return a text in LaTeX: letters in `\text`, and what acts there as commands beside it.

    >>> print(written("50% off"))
    \text{50}\%\text{ off}
    """
    return _apart(text, NO_LETTER, COMMANDS)


def _apart(text: str, apart: re.Pattern[str], commands: dict[str, str]) -> str:
    r"""Return a text in `\text`, but for some characters, which stand beside it as commands or as they are."""
    latex = ""
    for piece in filter(None, apart.split(text)):
        if apart.match(piece):
            latex += "".join([commands.get(c, f"{{{c}}}") for c in piece])
        else:
            latex += r"\text{" + LIGATURE.sub(r"\1}\\text{", piece) + "}"
    return latex


def in_markdown(latex: str) -> str:
    r"""Return LaTeX, of this package's making, as it may stand between dollar signs in Markdown.

    GitHub reads a formula as Markdown first (CommonMark 0.31, 2.4 and 6.2): a backslash before a punctuation mark goes,
    `*` and `_` may begin emphasis, brackets a link.

    >>> print(in_markdown(r"\mathrm{rate}_{1} + \text{a*b}\_\text{c}"))
    \mathrm{rate}_ {1} + \text{a}\ast\text{b}\text{＿}\text{c}
    """
    latex = TEXT.sub(lambda text: _apart(text[1], MARKUP, FOR_MARKDOWN), latex).replace("}_{", "}_ {")
    return re.sub(r"\\[$&#%_]", lambda sign: LOOK_ALIKES[sign[0]], latex)


def aligned(rows: Sequence[str]) -> str:
    r"""Return rows of LaTeX below one another, aligned at their `&`; those with a fraction have room below."""
    spaced = [rf"{row} \phantom{{\Bigg|}}" if r"\frac" in row else row for row in rows[:-1]]
    return "\\begin{aligned}\n" + " \\\\\n".join([*spaced, *rows[-1:]]) + "\n\\end{aligned}"
