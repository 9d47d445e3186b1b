"""A worked solution as a file: Markdown, LaTeX that compiles by itself, and a page of HTML without scripts."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hostile import HOSTILE
from test_viz_derivations import solved

from autograd import Value
from viz import derivation, save
from viz.solutions.notations import CONVENTIONS


def solution(convention="gradient"):
    record, loss = solved("mse", hidden=(3,))
    return derivation(record, loss=loss, learning_rate=0.1, convention=convention)


def saved(value, path):
    save(value, path)
    return path.read_text(encoding="utf-8")


def test_markdown_is_what_a_notebook_shows(tmp_path):
    assert saved(solution(), tmp_path / "solution.md") == solution().markdown() + "\n"


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_heading_and_block_stands_in_each_file(convention, tmp_path):
    whole = solution(convention)
    blocks = sum(not isinstance(part, str) for section in whole.sections for part in section.parts)
    latex, page = saved(whole, tmp_path / "solution.tex"), saved(whole, tmp_path / "solution.html")
    assert latex.count("\\begin{aligned}") == latex.count("\\[\n") == page.count('MathML" display="block"') == blocks
    assert latex.count("section*{") == len(re.findall("<h[1-3]>", page)) == 1 + len(whole.sections)
    assert "$" not in page


@pytest.mark.parametrize("name", [*HOSTILE[:12], *HOSTILE[13:], "w*x + b", "50 % & #1_a"])
def test_a_name_does_nothing_in_a_page(name, tmp_path):
    page = saved(derivation((Value(2.0, name) * 3).named("y")), tmp_path / "solution.html")
    tags = {
        element.tag.rpartition("}")[2]
        for element in ET.fromstring(page.partition("<main>")[2].join(["<main>", ""]).replace("</html>", "")).iter()
    }
    allowed = "main h1 h2 p math mrow mi mn mo mtext mfrac msub msup msubsup mtable mtr mtd mphantom mstyle mspace"
    assert tags <= set(allowed.split())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdfLaTeX is not installed")
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_pdflatex_prints_the_latex(convention, tmp_path):
    save(solution(convention), tmp_path / "solution.tex")
    compile_in(tmp_path)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdfLaTeX is not installed")
@pytest.mark.parametrize(
    "name", ["w*x + b", "50 % & #1_a", "{x}^~\\", "a_b_c", "δ", "é", "“q”", "a − b", "--``''", "$$"]
)
def test_pdflatex_prints_every_latin_or_greek_name(name, tmp_path):
    save(derivation((Value(2.0, name) * 3).named(name + " ")), tmp_path / "solution.tex")
    compile_in(tmp_path)


def compile_in(folder):
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "solution.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (folder / "solution.pdf").exists()


def test_what_a_solution_has_not_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"solution.svg: .* choose .html, .md or .tex"):
        save(solution(), tmp_path / "solution.svg")
    with pytest.raises(TypeError, match="a solution has none"):
        save(solution(), tmp_path / "solution.md", collapse="layer")
    with pytest.raises(ValueError, match=r"choose \.svg"):
        save(Value(1.0) * 2, tmp_path / "graph.md")
    assert not list(tmp_path.iterdir())


def test_without_the_extra_its_name_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(ImportError, match=r'pip install "handgrad\[mathml\]"'):
        save(solution(), tmp_path / "solution.html")
    assert not list(tmp_path.iterdir())
