"""The site that Sphinx builds from docs/: without a warning, and without markup that a reader would see as text."""

import html
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PACKAGES = ("sphinx", "myst_parser", "furo", "latex2mathml")
MARKUP = re.compile(r"\{\.[\w-]|!\[|\]\(|\{(?:ref|doc|math)\}`")  # of MyST: attributes, images, links, roles


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages of the site: their HTML, by their names."""
    if not all(importlib.util.find_spec(package) for package in PACKAGES):
        pytest.skip("the extra docs is not installed")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going", str(DOCS), str(folder)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(DOCS.parent), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return {page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8") for page in folder.rglob("*.html")}


def shown(page):
    """Return the text that a page shows, without its code."""
    body = re.search(r"<article.*?</article>", page, re.DOTALL)
    text = re.sub(r"<(pre|code|style|script|math)\b.*?</\1>", "", body[0] if body else "", flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", text))


def test_no_page_shows_markup_as_text(site):
    assert len(site) > 10
    assert {name: MARKUP.findall(shown(page)) for name, page in site.items() if MARKUP.search(shown(page))} == {}


def test_markup_that_is_shown_is_found():
    page = "<article><p>![alt](x.svg){.only-light}</p><pre>![code](x)</pre></article>"
    assert MARKUP.findall(shown(page)) == ["![", "](", "{.o"]


def test_the_gallery_shows_each_picture_in_one_theme_at_a_time(site):
    gallery = site["gallery.html"]
    for theme in ("light", "dark"):
        pictures = re.findall(rf'<img [^>]*class="only-{theme}"[^>]*src="([^"]*)"', gallery)
        assert len(pictures) == (DOCS / "gallery.md").read_text(encoding="utf-8").count("<picture>")
        assert all(picture.rpartition(".")[0].endswith(f"-{theme}") for picture in pictures)
