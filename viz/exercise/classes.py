"""The marks of a class: a line for each file, and how often each mistake was made, as text, CSV and an HTML page."""

from __future__ import annotations

import csv
import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from viz.exercise.answer_file import AnswerFile
from viz.exercise.answers import Submission, submission
from viz.exercise.diagnoses import Finding, diagnoses
from viz.exercise.exercises import Exercise
from viz.exercise.marking import Mark, marks_of, summary
from viz.pages.parts import part, source_hash

VERDICTS = ("right", "short", "misplaced", "follows", "wrong", "blank")
ORDER = {"z": 0, "a": 0, "deltas": 1, "gradients": 2, "bias_gradients": 2, "updates": 3}  # of the work
BAR_WIDTH, BAR_HEIGHT, CHARACTER_WIDTH = 360, 22, 8.5  # pixels, of the tally and its letters


@dataclass(frozen=True)
class Marked:
    """One file and its marks.

    Attributes:
        path: The file.
        exercise: The one that was marked.
        found: The answers.
        marks: Of every answer, in the order of the sheet.
        findings: What the wrong answers show.
    """

    path: Path
    exercise: Exercise
    found: Submission
    marks: list[Mark]
    findings: list[Finding]

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(mark.verdict == "right" for mark in self.marks)

    @property
    def all_right(self) -> bool:
        """Whether all answers are right."""
        return self.right == len(self.marks)

    @property
    def first_wrong(self) -> str:
        """The name of the first wrong answer in the order of the work, or ""."""
        wrong = [mark for mark in self.marks if mark.verdict in ("wrong", "misplaced")]
        return min(wrong, key=_place_in_work).name if wrong else ""

    @property
    def mistakes(self) -> list[str]:
        """The names of the mistakes that explain the answers, each once."""
        found = [mistake for finding in self.findings for mistake in finding.mistakes]
        found += ["layers in reverse order"] * bool(self.found.reversed)
        found += [f"transposed matrix, in {group}" for group, _ in sorted(self.found.transposed)]
        return list(dict.fromkeys(found))

    def __str__(self) -> str:
        lines = [*summary(self.exercise, self.found, self.marks), *(finding.line for finding in self.findings)]
        return "\n".join(lines)


def marked(file: AnswerFile, exercise: Exercise) -> Marked:
    """Return the marks of a file of answers.

    Raises:
        ValueError: As `submission` does.
    """
    found = submission(file, exercise)
    marks = marks_of(exercise, found)
    return Marked(file.path, exercise, found, marks, diagnoses(exercise, found, marks))


def _place_in_work(mark: Mark) -> tuple[int, int]:
    """Return when an answer is due: forward layer by layer, deltas from the output back, then the gradients."""
    order = ORDER[mark.group]
    return order, -mark.layer if order == 1 else mark.layer


def tally(results: Sequence[Marked]) -> list[tuple[str, int]]:
    """Return the mistakes of a class and in how many files each was found, the most frequent first."""
    counts = Counter(mistake for result in results for mistake in result.mistakes)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def class_text(results: Sequence[Marked], unread: Sequence[str]) -> str:
    """Return a line for each file, and the tally; `unread` are the messages about files that could not be read."""
    rows = [("name", "right", "of", "first wrong step", "mistake")]
    rows += [(_name(x), str(x.right), str(len(x.marks)), x.first_wrong, "; ".join(x.mistakes)) for x in results]
    lines = [verdict(results, unread), _left(rows)]
    if counts := tally(results):
        lines += ["", "Mistakes, and in how many files", _left([(mistake, str(count)) for mistake, count in counts])]
    return "\n".join(lines)


def verdict(results: Sequence[Marked], unread: Sequence[str]) -> str:
    """Return how many files are all right, and how many could not be read."""
    right = f"{sum(x.all_right for x in results)} of {len(results)} files are all right"
    return f"{right}, and {len(unread)} could not be read." if unread else f"{right}."


def _name(result: Marked) -> str:
    return result.found.name or result.path.name


def _left(rows: Sequence[tuple[str, ...]]) -> str:
    """Return a table whose columns begin on the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def class_csv(results: Sequence[Marked]) -> str:
    """Return the marks as CSV, a row for each file; no cell is a formula to a spreadsheet."""
    text = io.StringIO("\ufeff", newline="")  # by its mark spreadsheets know that it is UTF-8
    text.seek(1)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "name", "exercise", *VERDICTS, "answers", "first wrong step", "mistakes"])
    for x in results:
        counts = Counter(mark.verdict for mark in x.marks)
        numbers = [counts[verdict] for verdict in VERDICTS]
        cells = [x.path.name, x.found.name, x.exercise.options.replace("--", "")]
        last = [x.first_wrong, "; ".join(x.mistakes)]
        writer.writerow([*map(_harmless, cells), *numbers, len(x.marks), *map(_harmless, last)])
    return text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def class_page(results: Sequence[Marked], unread: Sequence[str]) -> str:
    """Return an HTML page with the tally as a picture, a table, and every file's marks; it needs no other file."""
    sheet = part("viz.exercise", "class.css")
    rows = "".join(
        f"<tr><td>{html.escape(_name(x))}</td><td>{x.right} of {len(x.marks)}</td>"
        f"<td>{html.escape(x.first_wrong)}</td><td>{html.escape('; '.join(x.mistakes))}</td></tr>"
        for x in results
    )
    details = "\n".join(
        f"<details><summary>{html.escape(_name(x))}: {x.right} of {len(x.marks)}</summary>"
        f"<pre>{html.escape(str(x))}</pre></details>"
        for x in results
    )
    return Template(part("viz.exercise", "class.html")).substitute(
        sheet=sheet,
        sheet_hash=source_hash(sheet),
        count=len(results),
        verdict=verdict(results, unread),
        unread="".join(f"<p>{html.escape(message)}</p>" for message in unread),
        picture=bars(tally(results)),
        rows=rows,
        details=details,
    )


def bars(counts: Sequence[tuple[str, int]]) -> str:
    """Return the tally as an SVG picture: a bar for each mistake."""
    if not counts:
        return "<p>No mistake was named.</p>"
    most = max(count for _, count in counts)
    label_width = 8 + round(CHARACTER_WIDTH * max(len(mistake) for mistake, _ in counts))
    width, height = label_width + BAR_WIDTH + 50, len(counts) * (BAR_HEIGHT + 8)
    parts = []
    for i, (mistake, count) in enumerate(counts):
        y, length = i * (BAR_HEIGHT + 8) + 4, BAR_WIDTH * count / most
        middle = y + 0.5 * BAR_HEIGHT
        name = f'<text class="name" x="{label_width - 8}" y="{middle:g}">{html.escape(mistake)}</text>'
        bar = f'<rect x="{label_width}" y="{y}" width="{length:.1f}" height="{BAR_HEIGHT}" rx="3"/>'
        parts.append(f'{name}{bar}<text x="{label_width + length + 8:.1f}" y="{middle:g}">{count}</text>')
    told = "; ".join(f"{mistake}: {count}" for mistake, count in counts)
    label = html.escape(f"Mistakes, and in how many files: {told}")
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}">{"".join(parts)}</svg>'
