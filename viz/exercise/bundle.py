"""The files for a class: a sheet of its own for every student, and their solutions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from autograd.files import write
from viz.exercise.exercises import Exercise
from viz.exercise.moodle import moodle_xml
from viz.exercise.sheet import sheet
from viz.exercise.templates import csv_template, form, json_template
from viz.solutions.derivations import derivation

MAX_SHEETS = 1000


def students(text: str, seed: int) -> list[tuple[str, int]]:
    """Return a name and a seed for each student; a name is "" where none is known.

    Args:
        text: The number of students, or the path of a file with a name in each line.
        seed: That of the first.

    Raises:
        ValueError: For no student, too many, and a name that is there twice.
        OSError: If there is no such file.
    """
    if text.isdecimal():
        names = [""] * int(text)
    else:
        lines = Path(text).read_text(encoding="utf-8-sig").splitlines()
        names = [name for line in lines if (name := " ".join(line.split(";")[0].split()))]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"{text} has {min(twice)} twice: tell them apart")
    if not 1 <= len(names) <= MAX_SHEETS:
        raise ValueError(f"{text} makes {len(names)} sheets: ask for 1 to {MAX_SHEETS}")
    return [(name, seed + i) for i, name in enumerate(names)]


def write_bundle(folder: Path, given: Sequence[tuple[str, int]], make: Callable[[int], Exercise]) -> str:
    """Write the sheets, the files to fill in and the solutions of a class into a new folder; return what is there.

    Args:
        folder: It must not exist yet.
        given: A name and a seed for each student.
        make: Returns the exercise with a seed.

    Raises:
        FileExistsError: If the folder exists.
        OSError: If it cannot be written.
        RuntimeError: If no Graphviz can draw the figures.
    """
    exercises = [(stem(name, seed), name, make(seed)) for name, seed in given]  # all, before anything is written
    folder.mkdir(parents=True)
    for part in ("sheets", "answers", "solutions"):
        (folder / part).mkdir()
    for file, name, exercise in exercises:
        solution = derivation(
            exercise.record,
            loss=exercise.C,
            learning_rate=exercise.learning_rate,
            convention=exercise.convention,
        )
        for place, text in {
            f"sheets/{file}.html": form(exercise, name),
            f"sheets/{file}.txt": f"{sheet(exercise, name=name)}\n",
            f"answers/{file}.json": json_template(exercise, name),
            f"answers/{file}.csv": csv_template(exercise, name),
            f"solutions/{file}.txt": f"{sheet(exercise, solution=True, name=name)}\n",
            f"solutions/{file}.md": f"{solution.markdown()}\n",
        }.items():
            write(folder / place, text.encode())
    write(folder / "moodle.xml", moodle_xml([exercise for *_, exercise in exercises]))
    rows = "".join(f"{name};{seed}\n" for name, seed in given if name)
    if rows:
        write(folder / "class.csv", f"name;seed\n{rows}".encode("utf-8-sig"))
    count = f"{len(exercises)} sheet{'s' * (len(exercises) > 1)}"
    more = "; class.csv with the seeds, for --seeds" * bool(rows)
    return (
        f"{count} in {folder}: sheets/ to print, or to fill in in a browser; answers/ to fill in as a file; "
        f"solutions/, worked out in .md; moodle.xml for a question bank{more}."
    )


def stem(name: str, seed: int) -> str:
    """Return the name of a student's files.

    >>> stem("Kurt Gödel", 101), stem("", 7)
    ('Kurt-Gödel-101', '7')
    """
    return "-".join([*re.findall(r"\w+", name), str(seed)])
