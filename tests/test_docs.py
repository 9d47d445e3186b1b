"""What the pages in docs/ show is what runs."""

import inspect
import io
import re
import xml.etree.ElementTree as ET
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import matplotlib
import pytest

import nn
import viz
from autograd import TABLE
from docs import blocks, calculus, tour_pictures, worked

DOCS = Path(__file__).parent.parent / "docs"
BEYOND = ("beyond", "cluster", "torch")  # need other libraries: tests/beyond runs them
EXAMPLES = [page for page in sorted(DOCS.rglob("*.md")) if ">>>" in page.read_text(encoding="utf-8")]
PAGES = [page for page in EXAMPLES if page.stem not in BEYOND]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_blocks_of_a_page_print_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    blocks.run(page)


def test_a_block_that_prints_something_else_is_found(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("```pycon\n>>> 1 + 1\n2\n```\n\n```pycon\n>>> 1 + 1\n3\n```\n")
    with pytest.raises(AssertionError, match=r"1 of the 2 examples of page\.md"):
        blocks.run(page)
    assert 'page.md", line 7' in capsys.readouterr().out


def test_the_pictures_show_the_values_of_their_pages(tmp_path):
    (tmp_path / "tour").mkdir()
    tour_pictures.graphs_of_pages(tmp_path)
    drawn = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.svg"))
    assert len(drawn) == 4
    for path in drawn:
        assert texts(tmp_path / path) == texts(DOCS / path), f"{path} is of another day: python docs/tour_pictures.py"


def texts(svg: Path) -> list[str]:
    """Return what is written in a picture; the positions are those of one Graphviz, and not compared."""
    return sorted("".join(text.itertext()) for text in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text"))


def test_the_page_of_operations_is_what_the_table_prints():
    assert (DOCS / "calculus.md").read_text(encoding="utf-8") == calculus.page(), "run python docs/calculus.py"


DOMAINS = {"acosh": (1.5, 7.0), "atanh": (-0.25, 0.3, 0.75), "logit": (0.1, 0.3, 0.75)}


@pytest.mark.parametrize("name", calculus.MEANINGS)
def test_a_name_stands_for_what_the_page_says(name):
    row = TABLE[name]
    for x in DOMAINS.get(name, (-2.0, -0.25, 0.3, 0.75, 1.5, 7.0)):
        operands = (x, 0.4)[: len(calculus.letters(row))]
        expected = pytest.approx(row.evaluate(operands), rel=1e-12, abs=1e-15)
        assert calculus.meaning(row, *operands).data == expected


def test_the_page_of_worked_solutions_is_what_its_script_writes():
    page = (DOCS / "worked.md").read_text(encoding="utf-8")
    assert page == worked.page(), "run python docs/worked.py"
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    with redirect_stdout(io.StringIO()) as printed:
        exec(example, {})  # noqa: S102  (the page's own code is what is tested)
    assert "δ_o = −∂C/∂ŷ·∂ŷ/∂net_o = 0.8082·0.2408 = 0.1946" in printed.getvalue()


def test_the_page_on_lifting_shows_the_program_that_runs():
    page = (DOCS / "lifting.md").read_text()
    example, source, recurrent, *loops, narrow, scalars = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    programs = []
    for text in (example, recurrent, narrow):
        names: dict[str, Any] = {}
        exec(text.replace("print(program", "(program"), names)  # noqa: S102  (the page's own code is what is tested)
        programs.append(names["program"].source)
    assert scalars == names["program"].source_for(1)
    assert source.strip() == programs[0].strip()
    assert f"{len(programs[1].splitlines())} lines in all" in page
    unindented = re.sub(r"(?m)^ +", "", programs[1])
    assert len(loops) == 3
    assert [part for part in loops if re.sub(r"(?m)^ +", "", part) not in unindented] == []
    calls = re.findall(r"`(\w+(?:\.\w+)?\([^`]*out=[^`]*\))`", page)
    assert len(calls) > 10
    assert [call for call in calls if f"    {call}\n" not in source] == []


def returned(package: Any) -> set[str]:
    """Return the classes of the project that a public function or method of the package is annotated to return."""
    found = set()
    for thing in (getattr(package, name) for name in package.__all__):
        members = [thing, *vars(thing).values()] if inspect.isclass(thing) else [thing]
        for f in filter(inspect.isfunction, members):
            result = f.__globals__.get(f.__annotations__.get("return", ""))
            if inspect.isclass(result) and result.__module__.startswith(f"{package.__name__}."):
                found.add(result.__name__)
    return found


@pytest.mark.parametrize("package", [nn, viz], ids=lambda package: package.__name__)
def test_the_reference_has_every_public_name_and_every_class_that_is_returned(package):
    page = (DOCS / "reference" / f"{package.__name__}.md").read_text(encoding="utf-8")
    described = {name.rpartition(".")[2] for name in re.findall(r"\.\. (?:auto\w+|py:data):: ([\w.]+)", page)}
    assert {*package.__all__, *returned(package)} <= described
    assert {"Record", "Explanation"} & returned(package)


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *(page.relative_to(DOCS.parent).as_posix() for page in sorted(DOCS.rglob("*.md"))),
    ],
)
def test_the_links_of_a_page_lead_to_files(page):
    path = DOCS.parent / page
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_one_page():
    assert len((DOCS.parent / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_the_gallery_shows_every_picture_and_no_other():
    docs = Path(__file__).parent.parent / "docs"
    shown = re.findall(r'(?:src|srcset)="([^"]*)"', (docs / "gallery.md").read_text(encoding="utf-8"))
    assert all((docs / name).is_file() for name in shown)
    assert {path.name for path in (docs / "gallery").iterdir()} <= {name.removeprefix("gallery/") for name in shown}
    assert all(name.replace("-light.", "-dark.") in shown for name in shown)
    assert sum((docs / name).stat().st_size for name in shown) < 1_600_000
