"""Films the live page for the README, once for a light page and once for a dark one.

    python docs/film.py

A number is dragged, twenty steps of descent are taken, and the backward pass is played. It needs what pictures.py does.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pictures import FOLDER, PALETTES, browser, opened, taken
from PIL import Image
from selenium import webdriver

import viz
from autograd import parse
from autograd.files import write

WIDTH, HEIGHT = 960, 500
COLOURS = 96
LOSS = "square(sigmoid(w*x + b) - 0.25)"
DRAGGED = [0.5 - 0.1 * k for k in range(18)]
SOON, LATER = 150, 1500  # milliseconds that a frame stays

Frame = tuple[Image.Image, int]


def film(driver: webdriver.Chrome) -> Iterator[Frame]:
    """Yield the frames of the page that is open, and how long each stays."""
    yield taken(driver), LATER
    driver.execute_script("document.querySelector('#root').scrollIntoView(); document.querySelector('#f-0').focus()")
    for x in DRAGGED:
        driver.execute_script("handgrad.set('w', arguments[0])", round(x, 2))
        yield taken(driver), SOON
    yield taken(driver), LATER
    driver.execute_script("handgrad.reset(); document.activeElement.blur()")
    driver.execute_script("document.querySelector('#learning summary').click()")
    driver.execute_script("document.querySelector('[aria-label=\"x learns\"]').click()")
    driver.execute_script(
        "document.querySelector('#fields').scrollIntoView(); document.querySelector('#rate').value = '0.5'"
    )
    for _ in range(20):
        driver.execute_script("handgrad.step(0.5)")
        yield taken(driver), SOON
    yield taken(driver), LATER
    driver.execute_script("document.querySelector('#learning summary').click()")
    driver.execute_script("document.querySelector('aside').scrollTop = 0; document.querySelector('#first').click()")
    last = int(driver.execute_script("return document.querySelector('#slider').max"))
    for _ in range(last):
        driver.execute_script("document.querySelector('#next').click()")
        yield taken(driver), LATER // 2
    yield taken(driver), LATER


def main() -> None:
    """Write both films."""
    loss, _ = parse(LOSS, w=0.5, x=2, b=1)
    loss.named("loss").backward()
    driver = browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "page.html")
            viz.page(loss, path)
            for theme in PALETTES:
                opened(driver, path, theme, WIDTH, HEIGHT)
                pictures, times = zip(*film(driver), strict=True)
                write(FOLDER / f"live-{theme}.gif", encoded(pictures, times))
    finally:
        driver.quit()


def encoded(pictures: tuple[Image.Image, ...], times: tuple[int, ...]) -> bytes:
    """Return a GIF that is repeated forever, all its frames in the colours of three of them."""
    together = Image.new("RGB", (WIDTH, HEIGHT * 3))
    for k, picture in enumerate((pictures[0], pictures[len(pictures) // 3], pictures[-4])):
        together.paste(picture.convert("RGB"), (0, k * HEIGHT))
    colours = together.quantize(COLOURS)
    first, *rest = [x.convert("RGB").quantize(palette=colours, dither=Image.Dither.NONE) for x in pictures]
    file = io.BytesIO()
    first.save(file, "gif", save_all=True, append_images=rest, duration=list(times), loop=0, optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main()
