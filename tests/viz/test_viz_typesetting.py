"""Formulas are right in the programs that people open them with, also after GitHub has read them as Markdown.

KaTeX, Temml, MathJax 3 and 4 come by `npm ci --prefix tests/formulas`, and run under Node.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest
from hostile import HOSTILE
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from matplotlib.mathtext import MathTextParser
from test_operations import ROWS, apply, operands
from test_viz_derivations import solved
from test_viz_names import FORMULAS, SYMBOLS, expression
from test_viz_reading_back import vega

from autograd import TABLE, Value, operation, topological_order
from autograd.checking.candidates import is_symbol
from nn.losses import LOSSES
from viz import derivation, explain, formula
from viz.solutions.local_derivatives import local_derivative
from viz.solutions.notations import CONVENTIONS
from viz.text.labels import cut, quoted

PACKAGES = Path(__file__).parents[1] / "formulas"
PROGRAMS = ("KaTeX", "Temml", "MathJax 3", "MathJax 4", "latex2mathml")
NAMES = list(dict.fromkeys(map(cut, [*FORMULAS, *SYMBOLS, *HOSTILE, "a_b_c", "50 % & more #1", "a--b ''c''", "`d`"])))
IN_CI = "CI" in os.environ
needs_packages = pytest.mark.skipif(
    not IN_CI and not (shutil.which("node") and (PACKAGES / "node_modules").exists()),
    reason="KaTeX, Temml and MathJax are not installed: npm ci --prefix tests/formulas",
)


# What is typeset ------------------------------------------------------------------------------------------------------


@cache
def of_the_table() -> list[str]:
    """The formulas of every operation and of its derivatives."""
    found = []
    for name in ROWS:
        leaves = [Value(x, f"x{k}") for k, x in enumerate(operands(name, 1), 1)]
        z = apply(name, leaves).named("z")
        found.append(formula(z * 2 + 1))
        for x in leaves:
            try:
                slope = z.derivative(x)
            except ZeroDivisionError:  # there is none
                continue
            found += [formula(slope), rf"\frac{{\partial z}}{{\partial x}} = {formula(local_derivative(z, x))}"]
    found += [explain(vega(), x).latex() for x in topological_order(vega())[:1]]
    found.append(formula(vega(), shared=True))
    own = operation("my_größe", lambda x: x**3, [lambda z, x: 3 * x * x])
    found.append(formula(own(Value(2.0, "x"))))
    del TABLE["my_größe"], Value.my_größe
    return found


@cache
def of_names() -> dict[str, str]:
    return {name: formula(Value(2.0, name) ** 2) for name in NAMES}


@cache
def pages(*, plain_names: bool) -> list[str]:
    """Worked solutions and explanations in Markdown: each loss in one of the conventions, in turn, and each name."""
    found = []
    for k, loss_name in enumerate(LOSSES):
        record, loss = solved(loss_name, hidden=(7,) if k == 0 else (2,))
        convention = list(CONVENTIONS)[k % len(CONVENTIONS)]
        found.append(derivation(record, loss=loss, learning_rate=0.1, convention=convention).markdown())
        found.append(explain(loss, record.mlp.parameters()[0], most=3).markdown())
    names = ["loss_of_all", "learning_rate", "alpha2"] if plain_names else NAMES
    for k in range(0, len(names), 3):
        x, y, z = [Value(2.0, name) for name in (names[k], names[k - 1], names[k - 2])]
        value = (x / y - z).named("C" if plain_names else f"{names[k]} ")
        found += [derivation(value).markdown(), explain(value, x).markdown()]
    return [*found, derivation(expression(["x", "loss", "α₂"])).markdown()]


def of_each_form(formulas: Iterable[str]) -> tuple[str, ...]:
    """One formula of each form: to a program that reads LaTeX, one digit is as good as another."""
    return tuple({re.sub(r"\d+(\.\d+)?", "0", latex): latex for latex in formulas}.values())


def formulas_of(page: str) -> list[str]:
    """The formulas of a page between dollar signs."""
    return [block or inline for block, inline in re.findall(r"\$\$\n(.*?)\n\$\$|\$([^$\n]+)\$", page, re.DOTALL)]


# What becomes of it ---------------------------------------------------------------------------------------------------


def as_github_gives_it(latex: str) -> str:
    r"""Two rules of GitHub: `\,` loses its backslash, and `\\[8pt]` one of its two."""
    return re.sub(r"\\([,;:!])", r"\1", latex.replace(r"\\[", r"\["))


def typeset(formulas: Sequence[str], program: str) -> list[dict[str, str]]:
    """What a program makes of formulas: for each its MathML, or an error."""
    if program == "latex2mathml":  # which knows `aligned` by another name, as docs/conf.py says
        return [{"mathml": convert(x.replace("{aligned}", "{split}"), display="block")} for x in formulas]
    command = ["node", "typeset.js", program]
    out = subprocess.run(command, cwd=PACKAGES, input=json.dumps(formulas), capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def seen(mathml: str) -> tuple[int, str]:
    """The number of rows, and the letters and signs in their order, without accents, which programs write apart."""
    root = ET.fromstring(re.search(r"<math.*</math>", mathml, re.DOTALL)[0])
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert "merror" not in tags, mathml
    assert not any(element.get("mathcolor") for element in root.iter()), mathml  # of what is not known
    return tags.count("mtr"), signs("".join(shown(root)))


def shown(element: ET.Element) -> list[str]:
    if element.tag.rpartition("}")[2] in ("annotation", "mphantom"):
        return []
    return [element.text or "", *[text for child in element for text in shown(child)]]


LOOK_ALIKE = str.maketrans("−∖∣’‘∗⋅∼∆", "-\\|'`*·~Δ")


def signs(text: str) -> str:
    """A text without spaces and accents; of signs that look alike, one."""
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(LOOK_ALIKE))
    return "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Sk", "Lm", "Cf", "Zs", "Cc") and c != "~")


@needs_packages
def test_every_formula_is_shown_alike_and_with_whole_names() -> None:
    """By all programs, the same signs in as many rows. One test, for each program takes a second to start."""
    names, solutions = of_names(), pages(plain_names=False)
    of_losses, with_names = solutions[: 2 * len(LOSSES)], solutions[2 * len(LOSSES) :]
    of_pages = [latex for page in [*of_losses, *with_names[::4]] for latex in formulas_of(page)]
    given = list(dict.fromkeys([*names.values(), *of_each_form([*of_the_table(), *of_pages])]))
    assert [as_github_gives_it(latex) for latex in given] == given
    alike = {}
    for program in PROGRAMS:
        for latex, result in zip(given, typeset(given, program), strict=True):
            assert "error" not in result, (program, latex, result["error"])
            rows_and_signs = seen(result["mathml"])
            assert alike.setdefault(latex, rows_and_signs) == rows_and_signs, (program, latex)
    for name, latex in names.items():
        if not is_symbol(name):
            assert signs(quoted(name)) in alike[latex][1], name


def test_mathtext_draws_every_formula_of_one_line() -> None:
    parser = MathTextParser("path")
    for latex in of_each_form([*of_the_table(), *of_names().values()]):
        if "aligned" not in latex and r"\&" not in latex and r"\#" not in latex:  # which mathtext cannot show
            parser.parse(f"${latex}$")


# Markdown -------------------------------------------------------------------------------------------------------------


def test_markdown_changes_nothing_in_a_formula() -> None:
    """By CommonMark, which GitHub follows; a formula there keeps both backslashes at the end of a line."""
    commonmark = MarkdownIt("commonmark").enable("table")
    for page in pages(plain_names=False):
        for token in commonmark.parse(page):
            if token.type == "inline":
                read = "".join("\n" if part.type == "softbreak" else part.content for part in token.children)
                assert re.sub(r"\\$", r"\\\\", read, flags=re.MULTILINE) == token.content


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
def test_pandoc_reads_every_formula() -> None:
    page = "\n\n".join(pages(plain_names=False))
    command = ["pandoc", "-f", "markdown", "-t", "html", "--mathml"]
    done = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    assert not done.stderr


PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath,array,booktabs,calc,hyperref,longtable}
\begin{document}
"""


@pytest.mark.skipif(not (shutil.which("pandoc") and shutil.which("pdflatex")), reason="pandoc or pdfLaTeX is missing")
def test_pdflatex_prints_worked_solutions(tmp_path: Path) -> None:
    page = "\n\n".join(pages(plain_names=True))
    command = ["pandoc", "-f", "markdown", "-t", "latex"]
    body = subprocess.run(command, input=page, capture_output=True, text=True, check=True).stdout
    (tmp_path / "page.tex").write_text(PREAMBLE + body + "\\end{document}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "page.tex"]
    log = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False).stdout
    assert not re.findall("^! .*", log, re.MULTILINE)
    assert (tmp_path / "page.pdf").exists()
