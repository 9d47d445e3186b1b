"""Places for numbers in the texts of a page, which its script fills: `template/numbers.js`.

A place is a form, a quantity and where to find it, between two characters for private use; `visible` keeps these out of
names. Forms: n `number`, s `signed`, x `exact`, g `exact` with a plus, d `number` of a derivative, which may be
undefined; N and D put a negative number in parentheses. Quantities: v the value of a Value, g its gradient, m minus its
gradient, p the local derivative of a Value with respect to its k-th operand; of an arrow, d its local derivative and
f what it passes back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from viz.text.labels import exact, number, signed

if TYPE_CHECKING:
    from autograd import Value
    from viz.graphs.boxes import Arrow

OPEN, CLOSE = "\ue000", "\ue001"
PLACE = re.compile(f"{OPEN}(.)(.)([^{CLOSE}]*){CLOSE}")


def written(x: float, form: str) -> str:
    """Return a number in a form.

    >>> written(-0.5, "n"), written(-0.5, "N"), written(0.5, "s"), written(float("nan"), "d")
    ('−0.5', '(−0.5)', '+0.5', 'undefined')
    """
    if form == "s":
        return signed(x)
    if form in "xg":
        return ("+" if form == "g" and x > 0.0 else "") + exact(x)
    text = "undefined" if form in "dD" and x != x else number(x)
    return f"({text})" if form.isupper() and x < 0.0 else text


class Places:
    """Writes the places for the numbers of a graph.

    Args:
        index: Of each Value.
        arrows: Of a drawing of it.
    """

    def __init__(self, index: Mapping[Value, int], arrows: Sequence[Arrow]) -> None:
        self.index, self.values, self.arrows = index, list(index), arrows

    def value(self, z: Value, form: str = "n") -> str:
        """Return the place for the value of z."""
        return _place(form, "v", self.index[z])

    def gradient(self, z: Value, form: str = "s", sign: float = 1.0) -> str:
        """Return the place for the gradient of z times a sign, 1 or −1."""
        return _place(form, "m" if sign < 0.0 else "g", self.index[z])

    def partial(self, z: Value, k: int, form: str = "n") -> str:
        """Return the place for the local derivative of z with respect to its k-th operand."""
        return _place(form, "p", self.index[z], k)

    def derivative(self, k: int, form: str = "d") -> str:
        """Return the place for the local derivative of the k-th arrow."""
        return _place(form, "d", k)

    def flow(self, k: int, form: str = "s") -> str:
        """Return the place for what the k-th arrow passes back."""
        return _place(form, "f", k)

    def filled(self, text: str) -> str:
        """Return a text with the numbers that the graph has now."""

        def fill(place: re.Match[str]) -> str:
            form, quantity, [i, *k] = place[1], place[2], map(int, place[3].split(","))
            return written(self._number(quantity, i, *k), form)

        return PLACE.sub(fill, text)

    def _number(self, quantity: str, i: int, k: int = 0) -> float:
        if quantity in "df":
            return self.arrows[i].partial if quantity == "d" else self.arrows[i].flows[0]
        z = self.values[i]
        if quantity == "p":
            return z.partials()[k]
        return z.data if quantity == "v" else z.grad if quantity == "g" else -z.grad


def _place(form: str, quantity: str, *where: int) -> str:
    return f"{OPEN}{form}{quantity}{','.join(map(str, where))}{CLOSE}"
