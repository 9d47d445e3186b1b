"""Sheets as questions for a learning platform: Moodle XML, a question with embedded answers for each sheet.

Moodle takes the tolerance of a numerical answer as absolute and inclusive, so each answer has its own, from its size:
the error of calculating by hand that the marks allow too. It reads 0,5 as 0.5, and refuses a true minus.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from viz.exercise.answers import flat
from viz.exercise.exercises import Exercise
from viz.exercise.marking import HAND_RTOL
from viz.exercise.sheet import PRECISION, data
from viz.exercise.templates import fields, figure

FIGURE = "network.svg"


def moodle_xml(exercises: Sequence[Exercise]) -> bytes:
    """Return the questions of some exercises, as a file that Moodle imports.

    Raises:
        RuntimeError: If no Graphviz can draw the figures.
    """
    quiz = ET.Element("quiz")
    for exercise in exercises:
        question = ET.SubElement(quiz, "question", type="cloze")
        _text(ET.SubElement(question, "name"), data(exercise)[0] + f" ({exercise.options})")
        text = ET.SubElement(question, "questiontext", format="html")
        _text(text, question_html(exercise))
        file = ET.SubElement(text, "file", name=FIGURE, path="/", encoding="base64")
        file.text = figure(exercise)
        _text(ET.SubElement(question, "generalfeedback", format="html"), "")
        for name, number in (("penalty", "0"), ("hidden", "0")):
            ET.SubElement(question, name).text = number
    ET.indent(quiz, "  ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(quiz, encoding="unicode")}\n'.encode()


def question_html(exercise: Exercise) -> str:
    """Return the text of a question, with an answer in braces for every blank."""
    numbers = dict(zip(flat(list(exercise.names().values())), flat(list(exercise.answers().values())), strict=True))
    first = data(exercise)
    given = html.escape("\n".join(first[first.index("") + 1 :]))
    alternative = (
        f"The network, {' – '.join(map(str, exercise.record.mlp.sizes))} neurons, with a blank for each number"
    )
    figure_html = f'<p><img src="@@PLUGINFILE@@/{FIGURE}" alt="{alternative}"></p>'
    questions = fields(exercise, lambda name, *place: embedded(numbers[name]))
    return f"<pre>{given}</pre><p>{PRECISION} Write a plain minus, -.</p>{figure_html}{''.join(questions)}"


def embedded(number: float) -> str:
    """Return a numerical answer as Moodle embeds it in a text, with its absolute tolerance.

    >>> embedded(-0.19107)
    '{1:NUMERICAL:=-0.19107:0.000382}'
    """
    return f"{{1:NUMERICAL:={number:.6g}:{HAND_RTOL * abs(number):.3g}}}"


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(parent, "text").text = text
