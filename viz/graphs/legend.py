"""The legend below a picture: how to read it, in sentences that are true of what is drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from viz.rendering.style import GAP, WIDTH_RATIO

if TYPE_CHECKING:
    from autograd import Value
    from viz.graphs.lettering import Lettering

WIDTH = 120  # of a line, in characters
OFF_PATHS = "not on a highlighted path"
COLLAPSED = "{count:,} Values are too many to show one by one, so each {unit} is one box."
UNLABELLED = "There are too many arrows to label: hover over one to see its local derivative."
WRONG_FIRST_LEGEND = (
    "First wrong step: the first in the backward pass. Later gradients may be wrong only because of it."
)
FROM_ELSEWHERE = "from outside this graph, or from an earlier backward pass"
JACOBIAN = "× J m × n: the m × n Jacobian matrix, the local derivatives of m values with respect to n others."


def colours(signs: Collection[str], dimmed: str = "") -> dict[str, str]:
    """Return what each colour means, by its name.

    Args:
        signs: Those that occur, of which "mixed" and "undefined" are explained only then.
        dimmed: What else is grey, such as `OFF_PATHS`.

    >>> colours({"positive", "mixed"})
    {'Blue': 'positive', 'orange': 'negative', 'grey': 'zero or of both signs'}
    """
    grey = ["zero", *(["of both signs"] if "mixed" in signs else []), *([dimmed] if dimmed else [])]
    meanings = {"Blue": "positive", "orange": "negative", "grey": _either(grey)}
    return meanings | ({"magenta": "undefined"} if "undefined" in signs else {})


def colour_line(signs: Collection[str], dimmed: str = "", *more: str) -> str:
    """Return the line that explains the colours, and whatever else stands in it."""
    return GAP.join([*(f"{colour}: {meaning}" for colour, meaning in colours(signs, dimmed).items()), *more])


def reading(root: Value, name: str, signs: Collection[str], dimmed: str = "", *, rest: bool = False) -> list[str]:
    """Return how to read the boxes and arrows of a graph whose gradients have been computed.

    Args:
        root: Of the graph.
        name: What it is called.
        signs: Those that occur.
        dimmed: What else is grey.
        rest: Whether some gradients are not what their arrows add up to.
    """
    gradient = f"derivative of {name} with respect to it" if root.grad == 1.0 and not rest else "gradient"
    elsewhere = [f"To this is added what a box says is from elsewhere: {FROM_ELSEWHERE}."] if rest else []
    return [
        f"In each box: name and operation, value, {gradient}.   On each arrow: × local derivative.",
        "A gradient is the sum, over the arrows leaving its box, of local derivative × gradient at the arrow's head.",
        *elsewhere,
        colour_line(
            signs, dimmed, f"arrows: sign and size of this product, each step in width a factor of {WIDTH_RATIO}"
        ),
    ]


def reading_without_gradients(name: str) -> list[str]:
    """Return how to read the boxes and arrows of a graph before `backward()`; name: of its root."""
    return [
        "In each box: name and operation, value.   On each arrow: × local derivative.",
        f"There are no gradients yet: call backward() on {name} and draw again.",
    ]


def neurons(lettering: Lettering, name: str, unit: str | None) -> list[str]:
    """Return what the letters of a network mean: δ, if it is shown, and those of a convention.

    Args:
        lettering: Of the graph.
        name: What its root is called.
        unit: "neuron" or "layer", whose boxes show δ; None if none does.
    """
    if lettering.symbols:
        return convention_lines(lettering)
    meaning = f"δ = ∂{lettering.C}/∂z" + (f", where C is {name}" if name != lettering.C else "")
    values = "net input z, activation a" if unit == "neuron" else "the activations a, their gradients"
    return [f"In a {unit}: {values}, and {meaning}."] if unit else []


def convention_lines(lettering: Lettering) -> list[str]:
    """Return what the letters of a convention mean; nothing for the project's own."""
    reading = lettering.convention.reading if lettering.symbols and lettering.convention else ""
    return wrap(f"Letters: {reading.replace('$', '')}", WIDTH) if reading else []


def differences(changed: int, wrong_first: int, *, by_hand: bool) -> list[str]:
    """Return what a comparison found: how many Values differ, and how many of these may be mistakes of their own."""
    names = "derived by hand → computed" if by_hand else "old → new"
    tolerance = "at the digits given" if by_hand else "by more than one part in a million"
    lines = [f"Thick border: {names}. {changed:,} {'Value differs' if changed == 1 else 'Values differ'} {tolerance}."]
    if 0 < wrong_first < changed:
        lines.append(WRONG_FIRST_LEGEND)
    return lines


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
