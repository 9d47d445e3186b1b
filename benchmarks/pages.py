"""Large graphs: how long layout and page take to write, the page to open, and a step or a new number until it shows.

The graph is a simulation of coupled oscillators, whose nodes go on using one another's results. It is laid out by the
system's `dot`, and the page driven in headless Chromium. A step is timed from the slider's event to the end of the
frame that shows it, the median of some steps all along the replay. A change of a number is what it takes of the time of
the browser's main thread, in which scripts, layout and painting take turns: so also on a machine that does much else.

    pip install -e '.[test]' && python benchmarks/pages.py

Letters: x places, v speeds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver

from autograd import Value, topological_order
from viz import draw, page
from viz.rendering.engines import render

SIZES = [100, 300, 1_000, 1_500, 3_000]
OSCILLATORS = 6
SWITCHES = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=1600,900"]
STEPS = """
const [count, done] = arguments;
const slider = document.querySelector("#slider");
const times = [];
function next() {
  const start = performance.now();
  slider.value = Math.round(((times.length + 1) / (count + 1)) * slider.max);
  slider.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => {
    times.push(performance.now() - start);
    if (times.length < count) next();
    else done(times.sort((a, b) => a - b)[count >> 1]);
  }));
}
requestAnimationFrame(next);
"""
CHANGES = """
const [count, done] = arguments;
const field = document.querySelector("#fields input");
let k = 0;
function next() {
  field.value = String(0.001 * k + 0.1);
  field.dispatchEvent(new Event("input"));
  k += 1;
  requestAnimationFrame(() => setTimeout(k < count ? next : done));
}
requestAnimationFrame(next);
"""


def graph(size: int) -> Value:
    """Return a graph of at least `size` nodes, differentiated."""
    x = [Value(i / 10, f"x{i}") for i in range(OSCILLATORS)]
    v = [Value(0.0, f"v{i}") for i in range(OSCILLATORS)]
    energy = x[0] * x[0]
    while len(topological_order(energy)) < size:
        v = [v[i] + 0.1 * (x[i - 1] - x[i]) for i in range(OSCILLATORS)]
        x = [x[i] + 0.1 * v[i] for i in range(OSCILLATORS)]
        energy = x[0] * x[0]
        for y in x[1:]:
            energy = energy + y * y
    energy.named("energy").backward()
    return energy


def seconds(action: Callable[[], Any]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def browser() -> webdriver.Chrome:
    """Start Chromium, which the system has installed, for one that wants reduced motion: so no step glides."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in SWITCHES + (["--no-sandbox"] if os.geteuid() == 0 else []):
        options.add_argument(switch)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(300)
    calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": calm})
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    return driver


def busy(driver: webdriver.Chrome) -> tuple[float, float]:
    """Return how long the main thread has run scripts, and anything at all, in milliseconds."""
    found = {x["name"]: x["value"] for x in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    return 1000 * found["ScriptDuration"], 1000 * found["TaskDuration"]


def row(size: int, driver: webdriver.Chrome, path: Path) -> str:
    """Measure one graph, and return its row of the table."""
    energy = graph(size)
    drawing = draw(energy)
    layout = seconds(lambda: render(drawing.source, "svg"))
    written = seconds(lambda: page(energy, path))
    driver.get(path.as_uri())
    opened = driver.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
    step = driver.execute_async_script(STEPS, 31)
    driver.execute_script("document.querySelector('#last').click()")
    driver.execute_async_script(CHANGES, 31)  # compiles the script
    before = busy(driver)
    driver.execute_async_script(CHANGES, 31)
    script, whole = [(after - start) / 31 for start, after in zip(before, busy(driver), strict=True)]
    return (
        f"| {len(drawing.boxes):,} | {len(drawing.arrows):,} | {layout:.2f} s | {written:.2f} s "
        f"| {path.stat().st_size / 1e6:.1f} MB | {opened:,.0f} ms | {step:,.0f} ms "
        f"| {script:,.1f} ms | {whole:,.0f} ms |"
    )


def main() -> None:
    """Print the table."""
    driver = browser()
    try:
        print(
            "| nodes | arrows | layout | page written | its size | opens in | a step shows after "
            "| a change: script | with layout and painting |"
        )
        print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
        with tempfile.TemporaryDirectory() as folder:
            for size in SIZES:
                print(row(size, driver, Path(folder, "page.html")), flush=True)
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
