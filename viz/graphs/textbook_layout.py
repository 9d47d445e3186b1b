"""What a textbook picture of a network shows, in which letters, and in which columns.

Letters: z net input, a activation, δ = ∂C/∂z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from viz.graphs.lettering import without_layer
from viz.rendering import style
from viz.text.labels import number, signed

if TYPE_CHECKING:
    from autograd import Value
    from nn import Record
    from viz.graphs.lettering import Lettering
    from viz.graphs.paths import WeightPath
    from viz.solutions.notations import Convention

MAX_NEURONS_DRAWN = 6  #: of a layer that is drawn whole; of a wider one, the first three and the last are drawn
BLANK = "_____"  # in place of a number
RADIUS, GAP_BELOW = 50.0, 12.0  # the least radius of a neuron, and from one to the next below, in points
CHARACTER_WIDTH = 6.0  # in a label, in points


@dataclass(frozen=True)
class Figure:
    """What is drawn: a record, in some letters, with deltas if they flow, and with or without numbers."""

    record: Record
    letters: Lettering
    path: WeightPath | None
    flowing: bool
    numbers: bool

    @property
    def c(self) -> Convention:
        """The convention."""
        assert self.letters.convention  # noqa: S101  (for the type checker)
        return self.letters.convention

    @property
    def radius(self) -> float:
        """The radius of a neuron, in which its symbols have room."""
        sizes = enumerate(self.record.mlp.sizes[1:], 1)
        symbols = [f(n, m) for n, m in sizes for f in (self.c.z, self.c.a, self.c.delta)]
        longest = max(len(without_layer(symbol.text)) for symbol in symbols)
        return RADIUS + CHARACTER_WIDTH * 2 / 3 * max(longest - 3, 0)

    def written(self, x: float, write: Callable[[float], str] = number) -> str:
        """Return a number, or a blank."""
        return write(x) if self.numbers else BLANK

    def weight(self, k: int, i: int, j: int, w: Value) -> str:
        """Return the label of a weight: its number, or its symbol."""
        return signed(w.data) if self.numbers else without_layer(self.c.w(k + 1, i + 1, j + 1).text)

    def sign(self, x: float) -> str:
        """Return the class of a number, which a blank hides."""
        return style.sign_of([x]) if self.numbers else "zero"


@dataclass
class Column:
    """What is drawn of a layer, or of the inputs.

    Attributes:
        x: The position of the column.
        heights: The position of each neuron shown, by its number from 0.
        gaps: How many neurons are left out, by the position of the text that says so.
    """

    x: float
    heights: dict[int, float] = field(default_factory=dict)
    gaps: dict[float, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows the column has."""
        return len(self.heights) + len(self.gaps)


def columns_of(figure: Figure) -> list[Column]:
    """Return the columns from left to right, each as far from the one before as the labels need."""
    record, path = figure.record, figure.path
    longest = max(
        len(figure.weight(k, i, j, w))
        for k, layer in enumerate(record.mlp.layers)
        for j, neuron in enumerate(layer.neurons)
        for i, w in enumerate(neuron.weights)
    )
    room = figure.radius + 14.0 + CHARACTER_WIDTH / 2 * longest  # from the middle of a neuron to that of a label
    columns: list[Column] = []
    for k, size in enumerate(record.mlp.sizes):
        shown = set(range(size)) if size <= MAX_NEURONS_DRAWN else {0, 1, 2, size - 1}
        shown |= path.ends(k) if path else set()
        rows: list[tuple[int, int]] = []  # a neuron, and how many are left out to get to the next
        for neuron, following in pairwise([*sorted(shown), size]):
            rows.append((neuron, 0))
            if missing := following - neuron - 1:
                rows.append((neuron, missing))
        x = columns[-1].x + room * max(min(columns[-1].rows, len(rows)) + 1, 3) if columns else 0.0
        column = Column(x)
        for r, (neuron, missing) in enumerate(rows):
            y = ((len(rows) - 1) / 2 - r) * (2.0 * figure.radius + GAP_BELOW)
            if missing:
                column.gaps[y] = missing
            else:
                column.heights[neuron] = y
        columns.append(column)
    return columns
