"""Draws the pictures of the README and of gallery.md, each for a light page and for a dark one.

    python docs/pictures.py

It needs the `test` extra, Graphviz, Chromium with its driver, and a font as wide as Arial, such as Liberation Sans.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image
from selenium import webdriver

import viz
from autograd import Value, mean, parse
from autograd.files import write
from nn import MLP, SGD, Adam, Record, softmax_cross_entropy, sse, train
from viz.rendering.style import DARK, LIGHT

FOLDER = Path(__file__).parent
PALETTES = {"light": LIGHT, "dark": DARK}
SHEET, MARGINS = (
    (12.8, 16.8),
    {"w_pad": 0.15, "h_pad": 0.15},
)  # in inches; no coordinate is rounded at a tie
SWITCHES = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]
NEURON = [[[0.5], [1.2], [-0.3]]]  # h₁ of document 000, and the whole network
NETWORK = [[[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]], [[0.8], [-1.2], [0.5], [-0.3]]]
STEP = """
const slider = document.querySelector("#slider");
slider.value = 15;  // the gradient of x₁, a sum of four terms
slider.dispatchEvent(new Event("input"));
"""
XOR, ANSWERS = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]


def main(folder: Path = FOLDER) -> None:
    """Write neuron-light.svg, neuron-dark.svg and all that gallery.md shows."""
    gallery = folder / "gallery"
    gallery.mkdir(exist_ok=True)
    neuron, record = of(NEURON, 0)
    draw(folder / "neuron", viz.draw, neuron, record)
    loss, record = of(NETWORK, 1)
    draw(gallery / "network", viz.network, record, loss, weight=record.mlp.layers[0].neurons[0].weights[0])
    draw(gallery / "handout", viz.network, record, loss, convention="handout")
    draw(gallery / "blank", viz.network, record, loss, convention="handout", numbers=False)
    draw(gallery / "unfolded", viz.draw, loss, record)
    draw(gallery / "folded", viz.draw, loss, record, collapse="neuron")
    show(loss, record, gallery)
    loss, record = classifier()
    draw(gallery / "layers", viz.draw, loss, record)
    draw(gallery / "wide", viz.network, record, loss)
    density, _ = parse("exp(-((x - m) / s)**2 / 2) / (s * 2.5066)", x=1.5, m=1, s=2)
    density.named("density").backward()
    draw(gallery / "expression", viz.draw, density)
    plot(gallery)


def of(weights: list[Any], target: float) -> tuple[Value, Record]:
    """Return the loss and the record of a network for the input (1, 3, 5)."""
    record = MLP.from_weights(weights).forward([1, 3, 5])
    loss = sse(record.output, [target]).named("loss")
    loss.backward()
    return loss, record


def classifier() -> tuple[Value, Record]:
    """Return the loss and the record of a 64-32-10 classifier."""
    record = MLP(64, [32, 10], activation="relu", output="identity", rng=0).forward([i % 9 / 8 for i in range(64)])
    loss = softmax_cross_entropy(record.output, 3).named("loss")
    loss.backward()
    return loss, record


def draw(path: Path, make: Callable[..., viz.Drawing], *values: Any, **options: Any) -> None:
    """Write a drawing in both themes."""
    for theme in PALETTES:
        viz.save(make(*values, **options, theme=theme), path.with_name(f"{path.name}-{theme}.svg"))


def plot(gallery: Path) -> None:
    """Write all plots, in both themes, on a sheet."""
    xor = MLP(2, [4, 1], output="sigmoid", rng=0)
    options: dict[str, Any] = {"engine": "scalar", "progress": False}  # the last digits of NumPy depend on the process
    learning = train(xor, XOR, ANSWERS, loss="binary_cross_entropy", optimizer=Adam(0.1), epochs=150, **options)
    deep = MLP(2, [4, 4, 4, 4, 1], rng=0)
    vanishing = train(deep, XOR, ANSWERS, loss="sse", optimizer=SGD(0.1), epochs=100, **options)
    valley, w1, w2, path = descent()
    plots: list[Callable[[Any], Any]] = [
        lambda ax: viz.plot_activation("sigmoid", ax),
        lambda ax: viz.plot_delta(1, ax),
        lambda ax: viz.plot_loss_derivative("sse", ax=ax),
        lambda ax: viz.plot_history(learning, ax=ax),
        lambda ax: viz.plot_history(vanishing, "gradient_norms", ax),
        lambda ax: viz.plot_boundary(xor, XOR, ANSWERS, ax),
        lambda ax: viz.plot_landscape(valley, w1, w2, path, ax),
        lambda ax: viz.plot_landscape(valley, w1, w2, path, ax, surface=True),
    ]
    for theme, style in {"light": "default", "dark": "dark_background"}.items():
        palette = PALETTES[theme]
        colours = {"axes.facecolor": palette["page"], "grid.color": palette["frame"]}
        with plt.style.context([style, colours, {"svg.hashsalt": "handgrad"}]):
            sheet = plt.figure(figsize=SHEET, layout=ConstrainedLayoutEngine(**MARGINS), facecolor=palette["page"])
            for k, (plotted, tile) in enumerate(zip(plots, sheet.subfigures(len(plots) // 2, 2).flat, strict=True), 1):
                plotted(tile.add_subplot(projection="3d" if k == len(plots) else None))
            file = io.BytesIO()
            sheet.savefig(file, format="svg", metadata={"Date": None, "Title": "The eight plots of viz"})
            plt.close(sheet)
        write(gallery / f"plots-{theme}.svg", file.getvalue())


def descent() -> tuple[Value, Value, Value, list[tuple[float, float]]]:
    """Return a loss over three examples, two of its weights, and the path of 30 steps of gradient descent."""
    mlp = MLP.from_weights([[[0.5], [1.0]]])
    w1, w2 = mlp.layers[0].neurons[0].weights
    outputs = [mlp.forward(x).output for x in ([1, 2], [2, -1], [-1, 1])]
    loss = mean([sse(a, [t]) for a, t in zip(outputs, (1, 0, 1), strict=True)]).named("C")
    path = []
    for _ in range(30):
        path.append((w1.data, w2.data))
        slope1, slope2 = (g.data for g in loss.derivatives([w1, w2]))
        w1.data, w2.data = w1.data - 2.0 * slope1, w2.data - 2.0 * slope2
        loss.refresh()
    return loss, w1, w2, path


def show(loss: Value, record: Record, gallery: Path) -> None:
    """Write the interactive page as a wide window and a telephone show it, at a step of the backward pass."""
    driver = browser()
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "page.html")
            viz.page(loss, path, record, collapse="neuron")
            for theme in PALETTES:
                for name, (width, height) in {"page": (1280, 720), "phone": (360, 720)}.items():
                    opened(driver, path, theme, width, height)
                    driver.execute_script(STEP)
                    bitmap(taken(driver), gallery / f"{name}-{theme}.png")
    finally:
        driver.quit()


def browser() -> webdriver.Chrome:
    """Start Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in SWITCHES + (["--no-sandbox"] if os.geteuid() == 0 else []):
        options.add_argument(switch)
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def opened(driver: webdriver.Chrome, path: Path, theme: str, width: int, height: int) -> None:
    """Open a page in a window of a size, for a reader of a theme who wants reduced motion."""
    wishes = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
    features = [{"name": wish, "value": value} for wish, value in wishes.items()]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    window = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    driver.get(path.as_uri())


def taken(driver: webdriver.Chrome) -> Image.Image:
    """Return what the window shows."""
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return Image.open(io.BytesIO(base64.b64decode(shot["data"])))


def bitmap(picture: Image.Image, path: Path) -> None:
    """Write a bitmap of its 256 most frequent colours, in a third of the bytes: every plain surface keeps its own."""
    whole = picture.convert("RGB")
    counted: Any = sorted(whole.getcolors(1 << 24) or [], reverse=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for _, colour in counted[:256] for channel in colour])
    file = io.BytesIO()
    whole.quantize(palette=palette, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    write(path, file.getvalue())


if __name__ == "__main__":
    main()
