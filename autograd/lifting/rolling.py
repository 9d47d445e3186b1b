"""Pass 9, rolling: lines that come again and again, each time with other arrays, become a loop.

A recurrence, or a method of so many steps, is recorded step by step, and its statements are as many. Written once, in a
loop over the arrays of each step, they can be read, and need not be compiled one by one.

A unit is a statement and the comments before it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.lifting.writer import Array, Statement

SHORT = 200  # so few statements are written out
TIMES = 4  # so often, at least, a loop runs
CANDIDATES = 64  # so many places where the next turn might begin are tried
WORD = re.compile(r"\w+")


@dataclass
class Loop:
    """A loop: its lines, its variables, and for each turn the arrays that they stand for."""

    lines: list[str]
    variables: list[str]
    turns: list[tuple[Array, ...]]


@dataclass(slots=True)
class _Unit:
    comments: list[str]
    form: str
    arrays: tuple[Array, ...]
    number: int  # of the form


def roll(statements: Sequence[Statement | str], name: Callable[[str], str]) -> list[str | Loop]:
    """Return statements as lines, comments before what they describe, and loops; `name` makes a name unique."""
    units = _units(statements)
    forms = np.array([unit.number for unit in units])
    rolled: list[str | Loop] = []
    done = 0
    for start, period, times in _repeats(forms, 0, len(forms)):
        rolled += _written_out(units[done:start])
        done = start + period * times
        rolled.append(_loop([units[k : k + period] for k in range(start, done, period)], name))
    return rolled + _written_out(units[done:])


def _units(statements: Sequence[Statement | str]) -> list[_Unit]:
    forms: dict[str, int] = {}
    units: list[_Unit] = []
    comments: list[str] = []
    for x in statements:
        if isinstance(x, str):
            comments.append(x)
            continue
        form, arrays = x.form, x.arrays
        if any([array.per_batch for array in arrays]):  # made anew in every call, so in no table
            form = form.format(*[array.name if array.per_batch else "{}" for array in arrays])
            arrays = tuple([array for array in arrays if not array.per_batch])
        units.append(_Unit(comments, form, arrays, forms.setdefault(form, len(forms))))
        comments = []
    return units


def _repeats(forms: NDArray[np.int_], start: int, stop: int) -> list[tuple[int, int, int]]:
    """Return what repeats between start and stop, in order: where, the length of a turn, and how many turns.

    Looked for is the repetition that the middle is a part of, then those on either side of it.
    """
    if stop - start <= SHORT:
        return []
    middle = (start + stop) // 2
    found, saved = None, SHORT // 2
    for distance in (np.flatnonzero(forms[middle + 1 : stop] == forms[middle])[:CANDIDATES] + 1).tolist():
        different = np.flatnonzero(forms[start : stop - distance] != forms[start + distance : stop]) + start
        place = int(np.searchsorted(different, middle))
        first = int(different[place - 1]) + 1 if place else start
        last = int(different[place]) if place < len(different) else stop - distance
        times = (last - first) // distance + 1
        if times >= TIMES and (times - 1) * distance > saved:
            found, saved = (first, distance, times), (times - 1) * distance
    if found is None:
        return _repeats(forms, start, middle) + _repeats(forms, middle, stop)
    first, distance, times = found
    return [*_repeats(forms, start, first), found, *_repeats(forms, first + distance * times, stop)]


def _loop(turns: Sequence[Sequence[_Unit]], name: Callable[[str], str]) -> Loop:
    """Return a loop of so many turns: an array that is not the same in all of them is a variable."""
    columns = list(zip(*[[array for unit in turn for array in unit.arrays] for turn in turns], strict=True))
    variables: dict[tuple[Array, ...], str] = {}
    for column in columns:
        if len(set(column)) > 1 and column not in variables:
            variables[column] = name(f"{column[0].name}_i")
    names = iter([variables.get(column, column[0].name) for column in columns])
    spoken = [{column[k].name: variable for column, variable in variables.items()} for k in range(2)]
    lines = []
    for unit, second in zip(*turns[:2], strict=True):
        said, again = (
            [_renamed(text, words) for text in x.comments] for x, words in zip((unit, second), spoken, strict=True)
        )
        lines += [f"# {text}" for text in said] if said == again else []
        lines.append(unit.form.format(*[next(names) for _ in unit.arrays]))
    return Loop(lines, list(variables.values()), list(zip(*variables, strict=True)) or [()] * len(turns))


def _renamed(text: str, words: dict[str, str]) -> str:
    return WORD.sub(lambda word: words.get(word[0], word[0]), text)


def _written_out(units: Sequence[_Unit]) -> list[str | Loop]:
    lines: list[str | Loop] = []
    for unit in units:
        lines += [f"# {text}" for text in unit.comments]
        lines.append(unit.form.format(*[array.name for array in unit.arrays]))
    return lines


def header(loop: Loop, steps: str) -> list[str]:
    """Return the lines that begin a loop over the list of its turns."""
    times = f"# {len(loop.turns):,} times:"
    if not loop.variables:
        return [times, f"for _ in range({len(loop.turns)}):"]
    line = f"for {', '.join(loop.variables)}{',' * (len(loop.variables) == 1)} in {steps}:"
    if len(line) <= 112:
        return [times, line]
    listed = textwrap.wrap(", ".join(loop.variables), 108, initial_indent="    ", subsequent_indent="    ")
    return [times, "for (", *listed, f") in {steps}:"]
