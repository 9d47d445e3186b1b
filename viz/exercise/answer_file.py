"""Files of answers as students write them, read into entries with their places: JSON, CSV, or a column of numbers.

Read as they are meant are a trailing or a missing comma, typographic quotation marks, a number such as .5, and UTF-16.
Refused, with line, column and remedy, is whatever could be meant in two ways. Numbers stay text here, so that the last
zeros of 0.0990 count.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

MAX_BYTES = 1_000_000
MAX_DEPTH = 8  # of lists inside one another
OTHER_FORMATS = {  # by how they begin
    b"PK": "is a spreadsheet or a document, not text: save it as CSV",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet or a document, not text: save it as CSV",
    b"%PDF": "is a PDF: hand in the file that --template writes, filled in",
    b"{\\rtf": "is rich text: save it as plain text",
    b"<": "is a web page: if it is the form, press Save in it, and hand in the file that it saves",
}
MARKS = {
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
TOKEN = re.compile(
    r"(?P<sign>[{}\[\]:,])"
    r'|(?P<quoted>"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[“”„][^“”„"\n]*[“”])'
    r"|(?P<word>[^\s{}\[\]:,;\"'“”„]+)"
)
BLANKS = ("", "null", "None")


class Cell(NamedTuple):
    """A text in a file, and its place, counted from 1."""

    text: str
    line: int
    column: int

    @property
    def place(self) -> str:
        """The place as a message names it."""
        return f"line {self.line}, column {self.column}"


class Entries(NamedTuple):
    """A list in a file, and its place."""

    items: list[Cell | Entries]
    line: int
    column: int

    @property
    def place(self) -> str:
        """The place as a message names it."""
        return f"line {self.line}, column {self.column}"

    @property
    def cells(self) -> list[Cell]:
        """All texts in it, in order."""
        return [cell for item in self.items for cell in ([item] if isinstance(item, Cell) else item.cells)]


Entry = Cell | Entries


@dataclass(frozen=True)
class AnswerFile:
    """What a file says.

    Attributes:
        path: The file.
        entries: What it gives, by the keys that it uses; "" for a column without names.
        remarks: What a reader should know of it.
    """

    path: Path
    entries: dict[str, Entry]
    remarks: list[str]

    def text(self, key: str) -> str:
        """Return the text under a key, such as "name"; "" if there is none."""
        entry = next((entry for own, entry in self.entries.items() if own.strip().casefold() == key), None)
        return " ".join(entry.text.split()) if isinstance(entry, Cell) and entry.text not in BLANKS else ""


def read_file(path: Path) -> AnswerFile:
    """Return what a file of answers says.

    Args:
        path: The file.

    Raises:
        ValueError: For a file that is not there, not text or cannot be read to its end; it names place and remedy.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}; --template {path} writes one to fill in") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} has more than {MAX_BYTES:,} bytes: it is not a file of answers")
    text, remarks = _decoded(content, path)
    if not text.strip():
        raise ValueError(f"{path} is empty: --template writes a file to fill in")
    if text.lstrip()[0] in "{[":
        return AnswerFile(path, _Json(text, path).read(), remarks)
    return AnswerFile(path, _rows(text), remarks)


def _decoded(content: bytes, path: Path) -> tuple[str, list[str]]:
    """Return the text of a file, and remarks."""
    for beginning, what in OTHER_FORMATS.items():
        if content.lstrip().startswith(beginning):
            raise ValueError(f"{path} {what}")
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "")
    if not encoding and content[:2].count(0) == 1:  # UTF-16 without its mark
        encoding = "utf-16-le" if content[1] == 0 else "utf-16-be"
    remarks = []
    try:
        text = content.decode(encoding or "utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        if encoding:
            raise ValueError(f"{path} is broken from byte {error.start} on: save it as UTF-8") from None
        text = content.decode("cp1252", "replace")
        remarks = ["The file is not UTF-8; it was read as Windows-1252, which matters for names only."]
    if "\0" in text:
        raise ValueError(f"{path} is not text: --template writes a file to fill in")
    return text.replace("\r\n", "\n").replace("\r", "\n"), remarks


# JSON -----------------------------------------------------------------------------------------------------------------


class _Json:
    """One reading of a JSON file whose commas may be missing."""

    def __init__(self, text: str, path: Path) -> None:
        self.text, self.path, self.position = text, path, 0

    def read(self) -> dict[str, Entry]:
        """Return the entries of the object that the file is."""
        opening = self._next()
        if opening.text != "{":
            raise self._fault(opening, 'a file of answers begins with {, such as {"z": [[…]]}; --template writes one')
        entries = self._members(opening)
        if (rest := self._next()).text:
            raise self._fault(rest, f"{rest.text:.20} stands after the last }}: remove it")
        return entries

    def _members(self, opening: Cell) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        while (key := self._next()).text != "}":
            if key.text == ",":
                continue
            if not key.text or key.text in "[]{:":
                raise self._unclosed(opening, "}", key)
            if self._peek().text != ":":
                raise self._fault(self._peek(), f"a : is missing after {key.text:.20}")
            self._next()
            name = _unquoted(key.text)
            if name in entries:
                raise self._fault(key, f"{name:.40} is given twice: remove one of the two")
            following = self._peek().text
            entries[name] = Cell("", key.line, key.column) if following in (",", "}") else self._value(1)
        return entries

    def _value(self, depth: int) -> Entry:
        token = self._next()
        if token.text == "[":
            return self._items(token, depth)
        if not token.text or token.text in "{}]:,":
            raise self._fault(token, f"a number or a list is expected, not {token.text or 'the end of the file'}")
        return token._replace(text=_unquoted(token.text))

    def _items(self, opening: Cell, depth: int) -> Entries:
        if depth > MAX_DEPTH:
            raise self._fault(opening, "lists are nested too deeply; --template writes the right shape")
        items: list[Entry] = []
        after_comma = True
        while (token := self._peek()).text != "]":
            if token.text == ",":
                if after_comma:  # nothing between two commas
                    items.append(Cell("", token.line, token.column))
                after_comma = True
                self._next()
                continue
            if not token.text or token.text in "}:":
                raise self._unclosed(opening, "]", token)
            items.append(self._value(depth + 1))
            after_comma = False
        self._next()
        return Entries(items, opening.line, opening.column)

    def _unclosed(self, opening: Cell, closing: str, found: Cell) -> ValueError:
        where = f"{found.text:.20}" if found.text else "the end of the file"
        remedy = f"the {opening.text} of {opening.place} is not closed before {where}: add {closing}"
        return self._fault(found, remedy)

    def _peek(self) -> Cell:
        position = self.position
        token = self._next()
        self.position = position
        return token

    def _next(self) -> Cell:
        """Return the next sign, word or quoted text, as it is written; "" at the end."""
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1
        start = self.position
        line = self.text.count("\n", 0, start) + 1
        place = Cell("", line, start - self.text.rfind("\n", 0, start))
        if start == len(self.text):
            return place
        match = TOKEN.match(self.text, start)
        if match is None:
            sign = self.text[start]
            remedy = (
                "separate numbers by commas, and write a decimal point"
                if sign == ";"
                else f"a second {sign} is missing"
            )
            raise self._fault(place, remedy)
        self.position = match.end()
        return place._replace(text=match[0])

    def _fault(self, cell: Cell, remedy: str) -> ValueError:
        return ValueError(f"{self.path}, {cell.place}: {remedy}")


def _unquoted(text: str) -> str:
    """Return a text without its quotation marks."""
    if text[0] == '"':
        try:
            return str(json.loads(text))
        except ValueError:  # an escape that JSON does not have
            return text[1:-1]
    return text[1:-1] if text[0] in "'“”„" else text


# Rows -----------------------------------------------------------------------------------------------------------------


def _rows(text: str) -> dict[str, Entry]:
    """Return the entries of a CSV file, a name and a number in each row, or of a column of numbers."""
    delimiter = next((sign for sign in ";\t" if sign in text), ",")
    entries: dict[str, Entry] = {}
    column = Entries([], 1, 1)
    for number, line in enumerate(text.split("\n"), 1):
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if re.search("[0-9]", cells[0]) and not any(c.isalpha() for c in cells[0].replace("e", "")):  # a number
            column.items.append(Cell(delimiter.join(cells), number, 1))
            continue
        key, value = cells[0], delimiter.join(cells[1:])
        if key.casefold().startswith("exercise"):
            key, value = "exercise", delimiter.join(cells)[len("exercise") :].strip(f"{delimiter} ")
        place = line.find(cells[1]) + 1 if cells[1:] and cells[1] else len(line) + 1
        entries[key] = Cell(value, number, place)
    return entries | ({"": column} if column.items else {})
