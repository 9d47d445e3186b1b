"""Every kind of drawing in every program that a person may open it with, compared with Chromium's picture.

    pip install -e '.[test]' -r benchmarks/programs.txt && python benchmarks/programs.py FOLDER

The pictures are left in the folder. Programs that are not installed are skipped; Debian has librsvg2-bin, inkscape and
libreoffice-draw. A picture is wrong where a colour of Chromium's is missing, where a frame is filled, or where a line
is beside its box.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from importlib import import_module, metadata
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from autograd import Value, parse
from nn import MLP, Record, sse
from viz import Drawing, draw, network
from viz.rendering.engines import render

SVG = "{http://www.w3.org/2000/svg}"
PIXELS = 4 / 3  # of a point
INK = 60  # darker than its surroundings, of 255
BORDER, STRIP = 4, 9  # pixels beside a box: where its border ends, and up to where all must stay as it is
SWITCHES = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"]


# What is drawn ----------------------------------------------------------------------------------------------


def passed(weights: list[Any], target: float) -> tuple[Value, Record]:
    """Return the loss and the record of a network for the input (1, 3, 5)."""
    record = MLP.from_weights(weights).forward([1, 3, 5])
    loss = sse(record.output, [target]).named("loss")
    loss.backward()
    return loss, record


def deep(weight: float = 0.5) -> tuple[Value, Record]:
    """Return the loss and the record of a 3-2-1 network."""
    return passed([[[weight, 0.1], [1.2, -0.4], [-0.3, 0.2]], [[0.8], [-1.2]]], 1.0)


def kinds() -> Iterator[tuple[str, Drawing]]:
    """Yield one drawing of each kind, under its name."""
    neuron, record = passed([[[0.5], [1.2], [-0.3]]], 0.0)
    yield "neuron", draw(neuron, record)
    loss, record = deep()
    yield "network", draw(loss, record)
    yield "neurons", draw(loss, record, collapse="neuron")
    yield "layers", draw(loss, record, collapse="layer")
    yield "against", draw(loss, record, against=deep(0.7)[0])
    yield "textbook", network(record, loss)
    density, _ = parse("exp(-((x - m) / s)**2 / 2) / s", x=1.5, m=1, s=2)
    density.named("density").backward()
    yield "expression", draw(density)


def pictures(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Write the drawings, or those of some names, and return their paths; "embedded" is by the embedded Graphviz."""
    drawings = dict(kinds())
    paths = []
    for name in names or [*drawings, "embedded"]:
        paths.append(folder / f"{name}.svg")
        embedded = mock.patch("shutil.which", return_value=None) if name == "embedded" else nullcontext()
        with embedded:
            paths[-1].write_bytes(render(drawings["neuron" if name == "embedded" else name].source, "svg"))
    return paths


# Programs ---------------------------------------------------------------------------------------------------


def cairosvg(path: Path) -> bytes:
    """CairoSVG."""
    return bytes(import_module("cairosvg").svg2png(url=str(path), background_color="white"))


def resvg(path: Path) -> bytes:
    """resvg."""  # which takes sizes in points for zero, unless it is told how large a point is
    return bytes(import_module("resvg_py").svg_to_bytes(svg_path=str(path), background="white", dpi=96))


def typst(path: Path) -> bytes:
    """Typst."""
    page = path.with_suffix(".typ")
    page.write_text(f'#set page(width: auto, height: auto, margin: 0pt)\n#image("{path.name}")', encoding="utf-8")
    return bytes(import_module("typst").compile(str(page), format="png", ppi=96))


def weasyprint(path: Path) -> bytes:
    """WeasyPrint."""
    width, height = size(path)
    look = f"<style>@page{{size:{width}px {height}px;margin:0}}body{{margin:0}}img{{display:block;width:100%}}</style>"
    html = import_module("weasyprint").HTML(string=f'{look}<img src="{path.name}">', base_url=f"{path.parent}/")
    return printed(html.write_pdf())


def svglib(path: Path) -> bytes:
    """svglib."""
    drawing = import_module("svglib.svglib").svg2rlg(str(path))
    return printed(import_module("reportlab.graphics.renderPDF").drawToString(drawing))


def pymupdf(path: Path) -> bytes:
    """MuPDF."""
    return bytes(import_module("pymupdf").open(str(path))[0].get_pixmap(dpi=96).tobytes("png"))


def vl_convert(path: Path) -> bytes:
    """vl-convert."""
    return bytes(import_module("vl_convert").svg_to_png(path.read_text(encoding="utf-8"), ppi=96))


def pyside6(path: Path) -> bytes:
    """Qt SVG."""  # in a process of its own, for Qt ends the process where it finds no screen
    script = (
        "import sys; from PySide6.QtGui import QGuiApplication, QImage, QPainter\n"
        "from PySide6.QtSvg import QSvgRenderer\n"
        "app = QGuiApplication([]); svg = QSvgRenderer(sys.argv[1])\n"
        "image = QImage(svg.defaultSize(), QImage.Format.Format_ARGB32); image.fill(0xFFFFFFFF)\n"
        "painter = QPainter(image); svg.render(painter); painter.end(); image.save(sys.argv[2])"
    )
    to = path.with_suffix(".qt.png")
    quiet = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    subprocess.run([sys.executable, "-c", script, str(path), str(to)], check=True, env=quiet)  # noqa: S603
    return to.read_bytes()


def rsvg(path: Path) -> bytes:
    """librsvg."""
    command = ["rsvg-convert", "--background-color=white", str(path)]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603


def inkscape(path: Path) -> bytes:
    """Inkscape."""
    to = path.with_suffix(".inkscape.png")
    command = ["inkscape", str(path), "--export-background=white", f"--export-filename={to}"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    return to.read_bytes()


def soffice(path: Path) -> bytes:
    """LibreOffice."""
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{tempfile.gettempdir()}/handgrad-soffice"
        command = ["soffice", "--headless", profile, "--convert-to", "png", "--outdir", folder, str(path)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return Path(folder, f"{path.stem}.png").read_bytes()


PACKAGES: dict[str, Callable[[Path], bytes]] = {
    "cairosvg": cairosvg,
    "resvg_py": resvg,
    "typst": typst,
    "weasyprint": weasyprint,
    "svglib": svglib,
    "pymupdf": pymupdf,
    "vl-convert-python": vl_convert,
    "PySide6_Essentials": pyside6,
}
COMMANDS: dict[str, Callable[[Path], bytes]] = {"rsvg-convert": rsvg, "inkscape": inkscape, "soffice": soffice}


def versions() -> dict[Callable[[Path], bytes], str]:
    """Return the version of every program that is installed."""
    found = {}
    for package, program in PACKAGES.items():
        try:
            found[program] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    for command, program in COMMANDS.items():
        if shutil.which(command):
            said = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)  # noqa: S603
            number = re.search(r"\d+(\.\d+)+", said.stdout)
            found[program] = number[0] if number else "?"
    return found


def printed(pdf: bytes) -> bytes:
    """Return the first page of a PDF file as a PNG file."""
    return bytes(import_module("pymupdf").open("pdf", pdf)[0].get_pixmap(dpi=96).tobytes("png"))


# Comparison -------------------------------------------------------------------------------------------------


def size(path: Path) -> tuple[int, int]:
    """Return the width and height of an SVG in pixels."""
    root = ET.parse(path).getroot()  # noqa: S314  (our own)
    width, height = (round(float(root.get(x, "0pt").removesuffix("pt")) * PIXELS) for x in ("width", "height"))
    return width, height


def boxes(path: Path) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and bottom of each box of an SVG that holds text, in pixels."""
    root = ET.parse(path).getroot()  # noqa: S314
    [graph] = root.findall(f"{SVG}g")
    x0, y0 = map(float, re.findall(r"translate\(([-\d.]+)[ ,]+([-\d.]+)\)", graph.get("transform", ""))[0])
    found = []
    for node in graph.findall(f"{SVG}g"):
        border, look = node.find(f"{SVG}path"), node.get("class", "").split()
        if border is not None and "node" in look and "label" not in look:
            pairs = re.findall(r"([-\d.]+),([-\d.]+)", border.get("d", ""))
            xs, ys = (
                [(float(x) + offset) * PIXELS for x in numbers]
                for numbers, offset in zip(zip(*pairs, strict=True), (x0, y0), strict=True)
            )
            found.append((min(xs), min(ys), max(xs), max(ys)))
    return found


def opened(png: bytes, like: tuple[int, int]) -> Image.Image:
    """Return a picture on white, in a size."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB").resize(like, Image.Resampling.LANCZOS)


def faults(picture: Image.Image, reference: Image.Image, path: Path) -> list[str]:
    """Return what is wrong with a program's picture of an SVG, of which the reference is Chromium's."""
    found = []
    mine, theirs = (np.asarray(x.convert("RGB")).astype(np.int16) for x in (picture, reference))
    for kind, attribute, near, least in (("node", "fill", 12, 0.6), ("edge", "stroke", 60, 0.25)):
        for colour in paints(path, kind, attribute):
            there, here = (int((abs(x - colour).max(axis=2) <= near).sum()) for x in (theirs, mine))
            if there > 500 and here < least * there:
                found.append(f"{kind}s of #{bytes(colour).hex()} cover {here} pixels, not {there}")
    dark = [np.asarray(x.convert("L")).astype(np.int16) for x in (picture, reference)]
    if dark[0].mean() < dark[1].mean() - 6:
        found.append(f"too dark: {dark[0].mean():.0f}, not {dark[1].mean():.0f}")
    for left, top, right, bottom in boxes(path):
        rows = slice(round(top) + 3, round(bottom) - 2)
        before = slice(round(left) - STRIP, round(left) - BORDER)
        after = slice(round(right) + BORDER + 1, round(right) + STRIP + 1)
        for beside in (before, after):
            ink = [int((x[rows, beside] < 255 - INK).sum()) for x in dark]
            if ink[0] > 1.2 * ink[1] + 12:  # an arrow that ends there may be a little wider
                found.append(f"a line leaves the box at {left:.0f}, {top:.0f}")
    return found


def paints(path: Path, kind: str, attribute: str) -> set[tuple[int, ...]]:
    """Return the colours that the nodes of an SVG are filled with, or its edges drawn with."""
    root = ET.parse(path).getroot()  # noqa: S314
    groups = [group for group in root.iter(f"{SVG}g") if kind in group.get("class", "").split()]
    found = {shape.get(attribute, "") for group in groups for shape in group.iter(f"{SVG}path")}
    return {tuple(bytes.fromhex(colour[1:])) for colour in found if colour.startswith("#")}


# In Chromium ------------------------------------------------------------------------------------------------


def photograph(driver: Any, path: Path) -> bytes:
    """Return what Chromium shows of an SVG, as a PNG file."""
    width, height = size(path)
    screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    driver.get(path.as_uri())
    return base64.b64decode(driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"])


def browser() -> Any:
    """Start Chromium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in SWITCHES + (["--no-sandbox"] if os.geteuid() == 0 else []):
        options.add_argument(switch)
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


def main(folder: Path) -> None:
    """Print the matrix, and what is wrong, and leave the pictures in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path.resolve() for path in pictures(folder)]
    driver = browser()
    try:
        references = {path: opened(photograph(driver, path), size(path)) for path in paths}
    finally:
        driver.quit()
    print(f"| | {' | '.join(path.stem for path in paths)} |\n|---|{'---|' * len(paths)}")
    wrong = []
    for program, version in versions().items():
        name, row = (program.__doc__ or "").removesuffix("."), []
        for path in paths:
            png = program(path)
            path.with_suffix(f".{program.__name__}.png").write_bytes(png)
            found = faults(opened(png, size(path)), references[path], path)
            wrong += [f"{name}, {path.stem}: {fault}" for fault in found]
            row.append("no" if found else "yes")
        print(f"| {name} {version} | {' | '.join(row)} |", flush=True)
    print("\n".join(wrong))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/programs"))
