"""The HTML form of an exercise in a real browser: filled in, saved, and marked; nothing is asked of a network."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from browser import CSS, PATIENCE, Keys, WebDriverWait

from viz.exercise.__main__ import main
from viz.exercise.answers import flat, walk
from viz.exercise.exercises import Exercise, make_exercise

OPTIONS = ["--sizes", "2,3,2", "--seed", "5", "--loss", "cross_entropy", "--bias", "--convention", "handout"]


def exercise() -> Exercise:
    return make_exercise([2, 3, 2], 5, loss="cross_entropy", bias=True, convention="handout")


@pytest.fixture
def form(reader: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """A person before the form, whose browser saves into a folder."""
    reader.path = tmp_path / "answers.html"
    assert main([*OPTIONS, "--template", str(reader.path)]) == 0
    saved = tmp_path / "saved"
    saved.mkdir()
    where = {"behavior": "allow", "downloadPath": str(saved)}
    reader.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    reader.sits_before(1000, 900)
    reader.driver.get(reader.path.as_uri())
    reader.waits()
    yield reader
    reader.driver.execute_script("for (const x of document.querySelectorAll('input')) x.value = ''; saved = true")
    reader.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})


def answers() -> dict[str, str]:
    """The right answers by the place of their field, with decimal commas and true minus signs among them."""
    found = {}
    for group, numbers in exercise().answers().items():
        for i, (path, x) in enumerate(walk(numbers)):
            text = f"{x:#.4g}"
            found[".".join(map(str, (group, *path)))] = [text, text.replace(".", ","), text.replace("-", "−")][i % 3]
    return found


def test_what_is_filled_in_is_saved_and_marked(form, tmp_path, capsys):
    fields = form.driver.find_elements(CSS, "[data-place]")
    assert [field.get_attribute("aria-label") for field in fields[:2]] == ["net_h₁", "net_h₂"]
    assert len(fields) == len(answers()) == len(flat(list(exercise().names().values())))
    form.finds("#name").send_keys("Kurt Gödel, 2b")
    for field in fields:
        field.send_keys(answers()[field.get_attribute("data-place")])
    assert form.reads("#status") == f"{len(fields)} of {len(fields)} filled in."
    form.clicks("#save")
    path = tmp_path / "saved" / "answers-Kurt-Gödel-2b.json"
    WebDriverWait(form.driver, PATIENCE).until(lambda _: path.exists() and path.stat().st_size)
    capsys.readouterr()
    assert main(["--check", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"Exercise {exercise().options}, answers of Kurt Gödel, 2b\n")


def test_a_field_that_is_no_number_is_told_at_once(form):
    field = form.driver.find_elements(CSS, "[data-place]")[0]
    for text, wrong in [("1/2", True), ("0,5", False), ("−.5", False), ("1e-3", False), ("four", True), ("", False)]:
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text or Keys.BACK_SPACE)
        assert (text, field.get_attribute("aria-invalid")) == (text, str(wrong).lower())
        assert ("1 is not a number." in form.reads("#status")) == wrong


def test_the_form_has_the_sheet_and_fits_its_window(form):
    text = form.driver.execute_script("return document.body.innerText")
    assert "from x₁" in text
    assert "Targets     y₁" in text
    assert "Here δ =" in text
    for width in (1000, 360):
        form.sits_before(width, 800)
        form.waits()
        assert form.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "height"), [(21.0, 29.7), (21.59, 27.94)], ids=["A4", "Letter"])
def test_the_form_is_two_pages_on_paper(form, width, height):
    paper = {"paperWidth": width / 2.54, "paperHeight": height / 2.54}
    pdf = base64.b64decode(form.driver.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
