"""Draws the pictures of the tour and of the page on operations, which show the Values that the pages' blocks make."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np

from docs.blocks import run
from viz import draw, network, plot_history, save

FOLDER = Path(__file__).parent


def graphs_of_pages(folder: Path = FOLDER) -> None:
    """Write the graphs of the tour, and of the page on operations, into the folder and its folder tour."""
    with contextlib.chdir(tempfile.mkdtemp()):  # the pages write files of their own
        value, neuron, steps = (run(FOLDER / "tour" / f"{page}.md") for page in ("1-value", "2-neuron", "3-pictures"))
        kepler = run(FOLDER / "operations.md")
    save(draw(value["y"]), folder / "tour" / "1-value.svg")
    save(network(neuron["record"], neuron["C"]), folder / "tour" / "2-network.svg")
    step = draw(steps["C"], steps["record"], collapse="neuron", against=steps["before"])
    save(step, folder / "tour" / "3-step.svg")
    save(draw(kepler["r"]), folder / "kepler.svg")


def plots_of_pages() -> None:
    """Write the digits of the tour's last page, and how well they are read, for a light page and for a dark one."""
    import matplotlib.pyplot as plt

    with contextlib.chdir(tempfile.mkdtemp()):
        training = run(FOLDER / "tour" / "4-training.md")
    row = np.hstack([training["images"][training["labels"] == digit][0] for digit in range(10)])
    pixels = np.kron(row, np.ones((3, 3)))
    with plt.rc_context({"svg.hashsalt": "handgrad"}):
        figure = plt.figure(figsize=(pixels.shape[1] / 100, pixels.shape[0] / 100), dpi=100)
        figure.figimage(pixels, cmap="gray")
        figure.savefig(FOLDER / "tour" / "4-digits.svg", metadata={"Date": None, "Title": "Ten handwritten digits"})
        plt.close(figure)
    for theme, style in {"light": "default", "dark": "dark_background"}.items():
        with plt.style.context(style), plt.rc_context({"svg.hashsalt": "handgrad"}):
            title = plot_history(training["history"], "accuracy").get_title(loc="left")
            plt.savefig(FOLDER / "tour" / f"4-accuracy-{theme}.svg", metadata={"Date": None, "Title": title})
            plt.close()


if __name__ == "__main__":
    graphs_of_pages()
    plots_of_pages()
