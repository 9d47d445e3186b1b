"""Pictures as a notebook's browser paints them: no wider than the cell, and in the notebook's theme."""

import io

import pytest
from browser import CSS, neuron  # before viz: it skips the module where there is no browser
from PIL import Image

from viz import draw
from viz.rendering.style import DARK, LIGHT

NOTEBOOKS = {
    "JupyterLab": ("html", {"light": 'data-jp-theme-light="true"', "dark": 'data-jp-theme-light="false"'}),
    "VS Code": ("body", {"light": 'class="vscode-light"', "dark": 'class="vscode-dark"'}),
    "Colab": ("html", {"light": 'theme="light"', "dark": 'theme="dark"'}),
    "marimo": ("body", {"light": 'style="color-scheme:light"', "dark": 'style="color-scheme:dark"'}),
    "another": ("body", {"light": "", "dark": ""}),
}


def shows(reader, drawing, element, attribute, system):
    """Open a page that shows a drawing in a cell of 500 pixels; return the picture's width and background."""
    attributes = {"html": "", "body": ""} | {element: f" {attribute}"}
    cell = f'<div style="width:500px;overflow:auto">{drawing._repr_mimebundle_()["text/html"]}</div>'
    text = f"<!doctype html><html{attributes['html']}><meta charset=utf-8><body{attributes['body']}>{cell}"
    reader.path.write_text(text, encoding="utf-8")
    reader.sits_before(800, 600)
    reader.wants({"prefers-color-scheme": system})
    reader.driver.get(reader.path.as_uri())
    reader.waits()
    picture = reader.driver.find_element(CSS, "img")
    pixels = Image.open(io.BytesIO(picture.screenshot_as_png)).convert("RGB")
    return picture.size["width"], "#{:02X}{:02X}{:02X}".format(*pixels.getpixel((3, 3)))


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_picture_fits_its_cell_and_has_the_theme_of_the_notebook(reader, notebook, system):
    element, attributes = NOTEBOOKS[notebook]
    drawing = draw(*neuron())
    for theme, attribute in attributes.items():
        expected = system if notebook == "another" else theme
        width, background = shows(reader, drawing, element, attribute, system)
        assert width == 500
        assert background == {"light": LIGHT, "dark": DARK}[expected]["page"].upper()


def test_a_theme_that_was_asked_for_holds_everywhere(reader):
    for theme, palette in (("light", LIGHT), ("dark", DARK)):
        drawing = draw(*neuron(), theme=theme)
        for system in ("light", "dark"):
            _, background = shows(reader, drawing, "body", 'data-jp-theme-light="true"', system)
            assert background == palette["page"].upper()
