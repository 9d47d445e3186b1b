"""The answers in a file, brought into the shape of an exercise: what is missing is blank, what is mixed up is noted.

Layers in reverse order and transposed matrices are put right and noted, names of answers are taken as they are
recognised, and an answer that cannot be read is a fault with its place and remedy; the rest is marked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nn.architecture import superscript
from viz.exercise.answer_file import BLANKS, AnswerFile, Cell, Entries, Entry
from viz.exercise.letters import labels

if TYPE_CHECKING:
    from viz.exercise.exercises import Exercise

# "z", "a", "deltas", "bias_gradients": [layer][neuron]; "gradients": [layer][sender][receiver]
Answers = dict[str, Any]

GROUP_NAMES = {
    "z": "z", "a": "a", "deltas": "deltas", "delta": "deltas", "gradients": "gradients", "gradient": "gradients",
    "dc/dw": "gradients", "bias_gradients": "bias_gradients", "bias_gradient": "bias_gradients",
    "dc/db": "bias_gradients", "updates": "updates", "update": "updates", "deltaw": "updates",
}  # fmt: skip
MATRICES = ("gradients", "updates")
# Without a minus, for a cell that begins with one would be a formula to a spreadsheet.
PLAIN_LETTERS = str.maketrans({"∂": "d", "δ": "delta", "Δ": "delta", "ŷ": "yhat", "−": ""})
NOT_ANSWERS = ("exercise", "name", "answer")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
MAX_SIZE = 1e100
MAX_NAME = 60  # characters of a student's name in a message


@dataclass
class Submission:
    """The answers of a student.

    Attributes:
        name: The student's name, or "".
        answers: In the shape of the exercise: the text of a number, or None for a blank.
        faults: What could not be read, each with its place and remedy.
        remarks: What else a reader should know.
        reversed: The groups whose layers stand in reverse order.
        transposed: The matrices that are transposed: their group and layer, counted from 0.
    """

    name: str
    answers: Answers
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    reversed: set[str] = field(default_factory=set)
    transposed: set[tuple[str, int]] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """Whether there is no answer that could be read."""
        return all(text is None for text in flat(list(self.answers.values())))


def submission(file: AnswerFile, exercise: Exercise) -> Submission:
    """Return the answers in a file, in the shape of an exercise.

    Raises:
        ValueError: If nothing in the file is an answer, and for the first fault if no answer can be read.
    """
    names, recognised = exercise.names(), False
    found = Submission(shown_name(file.text("name")), blanks(names), remarks=list(file.remarks))
    places = {plain(name): (group, path) for group in names for path, name in walk(names[group])}
    for key, entry in file.entries.items():
        group = GROUP_NAMES.get(plain(key), "")
        recognised |= key == "" or group in names or plain(key) in places
        if key == "":
            _column(found, names, entry)
        elif group in names:
            _Group(found, group, labels(exercise.convention)[group], names[group]).take(entry)
        elif plain(key) in places and isinstance(entry, Cell):
            group, path = places[plain(key)]
            put(found.answers[group], path, _number(found, entry, key.strip()))
        elif plain(key) not in NOT_ANSWERS:
            found.remarks.append(f"{entry.place}: {shown_name(key)} is not asked for; it was left out.")
    if not recognised:
        raise ValueError(f"{file.path} has none of the answers that are asked for; --template writes their names")
    if found.faults and found.empty:
        raise ValueError(f"{file.path}, {found.faults[0]}")
    return found


def _column(found: Submission, names: Answers, entry: Entry) -> None:
    """Take the numbers of a column without names, in the order of the sheet."""
    cells = entry.cells if isinstance(entry, Entries) else [entry]
    places = [(group, path, name) for group in names for path, name in walk(names[group])]
    if len(cells) != len(places):
        found.faults.append(
            f"{entry.place}: the column has {len(cells)} numbers, but the sheet asks for {len(places)}; give the name "
            "of each, as --template answers.csv does"
        )
        return
    for cell, (group, path, name) in zip(cells, places, strict=True):
        put(found.answers[group], path, _number(found, cell, name))


def _number(found: Submission, cell: Cell, name: str) -> str | None:
    """Return the number in a cell; where there is none, note the fault."""
    try:
        return number(cell.text)
    except ValueError as error:
        found.faults.append(f"{cell.place}: {name} is {cell.text[:40]}; {error}")
        return None


@dataclass
class _Group:
    """One group of answers, which takes an entry of the file apart."""

    found: Submission
    group: str
    label: str
    names: list[Any]  # [layer][neuron], or [layer][sender][receiver]

    def take(self, entry: Entry) -> None:
        """Fill in what the entry gives."""
        label, counts = self.label, [len(flat(layer)) for layer in self.names]
        if isinstance(entry, Cell):
            if entry.text not in BLANKS and sum(counts) > 1:
                self._fault(entry, f"{label} is {entry.text[:40]}; give a list for each layer, as --template does")
                return
            entry = Entries([entry] * (entry.text not in BLANKS), entry.line, entry.column)
        layers = entry.items
        given = [len(layer.cells) if isinstance(layer, Entries) else 1 for layer in layers]
        if given != counts and given == counts[::-1]:
            self.found.reversed.add(self.group)
            layers = layers[::-1]
        elif len(layers) == sum(counts) and all(isinstance(layer, Cell) for layer in layers):
            self._fill(list(walk(self.names)), entry.cells)  # one list for all layers
            return
        elif layers and len(layers) != len(counts):
            comma = decimal_comma(entry)
            remedy = comma or f"{label} has {len(layers)} lists, but {len(counts)} layers; give one list for each"
            self._fault(entry, remedy)
            return
        for k, layer in enumerate(layers):
            self._take_layer(k, layer)

    def _take_layer(self, k: int, layer: Entry) -> None:
        places = [((k, *path), name) for path, name in walk(self.names[k])]
        label = f"{self.label}{superscript(k + 1)}"
        cells = [layer] if isinstance(layer, Cell) else layer.cells
        if not cells or (len(places) > 1 and len(cells) == 1 and cells[0].text in BLANKS):
            return
        if len(cells) != len(places):
            few = f'{label} has {len(cells)} numbers, but the sheet asks for {len(places)}; give "" for a blank'
            self._fault(layer, (isinstance(layer, Entries) and decimal_comma(layer)) or few)
            return
        rows = [len(x.cells) for x in layer.items if isinstance(x, Entries)] if isinstance(layer, Entries) else []
        senders = self.names[k]
        if self.group in MATRICES and len(senders) > 1 and len(senders[0]) > 1 and rows:
            if rows == [len(senders)] * len(senders[0]) != [len(senders[0])] * len(senders):
                self.found.transposed.add((self.group, k))
                cells = [cells[j * len(senders) + i] for i in range(len(senders)) for j in range(len(senders[0]))]
            elif rows != [len(senders[0])] * len(senders):
                shape = f"{len(senders)} rows of {len(senders[0])}"
                self._fault(layer, f"{label} has rows of {', '.join(map(str, rows))} numbers; give {shape}")
                return
        self._fill(places, cells)

    def _fill(self, places: Sequence[tuple[tuple[int, ...], str]], cells: Sequence[Cell]) -> None:
        for (path, name), cell in zip(places, cells, strict=True):
            put(self.found.answers[self.group], path, _number(self.found, cell, name))

    def _fault(self, entry: Entry, remedy: str) -> None:
        self.found.faults.append(remedy if remedy.startswith("line ") else f"{entry.place}: {remedy}")


# Numbers --------------------------------------------------------------------------------------------------------------


def number(text: str) -> str | None:
    """Return the text of a number as Python reads it, or None for a blank.

    A true minus is read, and a comma that can only be a decimal comma, because the text holds one number.

    Raises:
        ValueError: For any other text; it says how to write the number.

    >>> number("−0.0990"), number("0,5"), number(".5"), number("")
    ('-0.0990', '0.5', '.5', None)
    >>> number("1/2")
    Traceback (most recent call last):
    ValueError: write it as a decimal number, such as 0.5
    """
    text = "".join(text.split())
    if text in BLANKS:
        return None
    digits = text.replace("−", "-")
    if digits.count(",") == 1 and "." not in digits:
        digits = digits.replace(",", ".")
    if NUMBER.fullmatch(digits):
        if abs(float(digits)) < MAX_SIZE:
            return digits
        raise ValueError("give a number below 1e100")
    if re.fullmatch(r"[+-]?[0-9.]+/[0-9.]+", digits):
        raise ValueError("write it as a decimal number, such as 0.5")
    if re.match(r"[–—‐‑‒]", text):
        raise ValueError("this is a dash: write a minus, -")
    if "," in text:
        raise ValueError("write a decimal point, and nothing between the thousands")
    if re.search(r"[·×*^]", text):
        raise ValueError("write a power of ten as in 1.5e-3")
    if "=" in text:
        raise ValueError("write the number alone")
    raise ValueError('write a number such as -0.0123, or "" for a blank')


def decimal_comma(entry: Entries) -> str:
    """Return the fault where a list seems to have decimal commas, or ""."""
    cells = entry.cells
    for left, right in pairwise(cells):
        adjacent = right.line == left.line and right.column == left.column + len(left.text) + 1
        if adjacent and re.fullmatch(r"[+-−]?[0-9]+", left.text) and re.match(r"[0-9]", right.text):
            both = f"{left.text},{right.text}"
            return f"{left.place}: is {both} one number? Write a decimal point, {both.replace(',', '.')}"
    return ""


# Nested lists ---------------------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    """Return a name as a keyboard writes it, by which it is recognised.

    >>> plain("∂C/∂w⁽¹⁾₁₂"), plain(" Z "), plain("δ⁽²⁾₁")
    ('dc/dw(1)12', 'z', 'delta(2)1')
    """
    text = unicodedata.normalize("NFKC", name).translate(PLAIN_LETTERS)
    return "".join(text.split()).casefold()


def shown_name(name: str) -> str:
    """Return a text of a file as a message shows it: short, on one line, without characters that act."""
    visible = "".join(c if c.isprintable() else " " for c in name).strip()
    return visible if len(visible) <= MAX_NAME else f"{visible[: MAX_NAME - 1]}…"


def walk(numbers: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield the entries of nested lists with their indices, in order."""
    if isinstance(numbers, list):
        for i, entry in enumerate(numbers):
            yield from walk(entry, (*path, i))
    else:
        yield path, numbers


def flat(numbers: Any) -> list[Any]:
    """Return the entries of nested lists and arrays, in order."""
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    nested = isinstance(numbers, (list, tuple))
    return [x for entry in numbers for x in flat(entry)] if nested else [numbers]


def mapped(function: Callable[[Any], Any], numbers: Any) -> Any:
    """Return nested lists with a function applied to every entry."""
    return [mapped(function, entry) for entry in numbers] if isinstance(numbers, list) else function(numbers)


def put(numbers: list[Any], path: tuple[int, ...], entry: Any) -> None:
    """Set the entry of nested lists at these indices."""
    for i in path[:-1]:
        numbers = numbers[i]
    numbers[path[-1]] = entry


def blanks(names: Answers) -> Answers:
    """Return the answers in the shape of their names, all of them blank."""
    return {group: mapped(lambda name: None, layers) for group, layers in names.items()}
