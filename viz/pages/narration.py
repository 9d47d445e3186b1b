"""What each step of a replay says: how the value of a box is computed, and then its gradient.

Forward, the equations of the operations in the box. Backward, the chain rule: one term for each arrow that leaves the
box, in the order in which `backward` adds them, and their sum. Numbers are left open (`places.py`).

Letters: z a node, x an operand, p a local derivative, g an adjoint, C what is differentiated, usually the root.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from autograd import Operation, Value
from autograd.value import new_value
from nn.architecture import subscript
from viz.graphs.boxes import RTOL, remainders
from viz.graphs.legend import FROM_ELSEWHERE
from viz.graphs.lettering import of_layer
from viz.pages.places import Places
from viz.text.formulas import composed
from viz.text.labels import NAME_LENGTH, in_formula, signed, visible
from viz.text.symbols import ATOM, Piece

if TYPE_CHECKING:
    from viz.graphs.boxes import Arrow, Box
    from viz.graphs.digraph import Drawing

MAX_OPERANDS_WRITTEN = 9  #: of an operation whose equation is written out; of more, only their number is
MAX_EQUATIONS = 4  #: operations of a box whose equations are written; of a larger box, only its results are
MAX_RESULTS_LISTED = 16  #: of a box
NAMELESS_ROOT = "result"  #: what a root without a name is called
PYTHON_TO_NARRATION = ((" ** ", "^"), ("*", "×"), ("-", "−"))


class GradientTerm(NamedTuple):
    """The term of one arrow: the chain rule in symbols and in numbers, and the product; each empty if unknown."""

    symbols: str
    numbers: str
    product: str


class Result(NamedTuple):
    """A Value of a box in full: its name, its value, and its gradient if it has one."""

    name: str
    value: str
    gradient: str | None


@dataclass(slots=True)
class GradientSum:
    """The gradient of a box: its symbol, the terms and their sum; without terms, a note on where it comes from."""

    of: str
    sum: str
    terms: list[GradientTerm] = field(default_factory=list)
    note: str = ""


@dataclass(slots=True)
class ReplayStep:
    """The texts for a box; a constant, or a Value without a gradient, has no `backward`.

    An equation is a list: its left side, then everything that is equal to it. A leaf has none. `delta` is that of the
    box's neuron or, in a list, of its layer, if it stands for one.
    """

    name: str
    kind: str
    results: list[Result]
    forward: list[list[str]]
    backward: GradientSum | None
    delta: list[str]


class Narration:
    """The texts for the boxes of a drawing.

    `flowing` tells whether `backward()` has computed gradients, and `places` where a text takes its numbers from.
    """

    def __init__(self, drawing: Drawing, flowing: bool, places: Places) -> None:
        boxes, arrows = drawing.boxes, drawing.arrows
        self.boxes, self.flowing, self.letters, self.places = boxes, flowing, drawing.lettering, places
        self.leaving: list[list[tuple[int, Arrow]]] = [[] for _ in boxes]
        for k, arrow in enumerate(arrows):
            self.leaving[arrow.tail].append((k, arrow))
        self.rest = remainders(boxes, arrows) if flowing else {}
        self.words, self.guarded = _words(boxes, self.letters.symbols, places)
        self.uses = Counter(x for box in boxes for z in box.members for x in z.operands)
        root = boxes[-1].results[-1]
        self.C = "C" if flowing and root.grad != 1.0 else self.words[root]  # C is outside this graph

    def steps(self) -> list[ReplayStep]:
        """Return one step for each box."""
        return [self._step(i) for i in range(len(self.boxes))]

    def _step(self, i: int) -> ReplayStep:
        box = self.boxes[i]
        z = box.results[-1]
        in_name = not box.name and z.operation and not self.words[z].startswith(z.operation.name)
        kind = "" if in_name else box.kind
        backward = self._backward(i) if self.flowing and not z.constant else None
        delta = self._delta(box) if self.flowing else []
        return ReplayStep(self._name(box), kind, self._results(box), self._forward(box), backward, delta)

    def _name(self, box: Box) -> str:
        return box.name or self.words[box.results[-1]]

    def _results(self, box: Box) -> list[Result]:
        own = [box.net_input.value] if box.net_input else []
        listed = [
            Result(
                self.letters.symbols.get(z) or (visible(z.name) if z.name else self.words[z]),
                self.places.value(z, "x"),
                self.places.gradient(z, "g") if self.flowing and not z.constant else None,
            )
            for z in list(dict.fromkeys(own + box.results))[:MAX_RESULTS_LISTED]
        ]
        more = len(box.results) - MAX_RESULTS_LISTED
        return [*listed, Result(f"… {more:,} more", "", None)] if more > 0 else listed

    def _forward(self, box: Box) -> list[list[str]]:
        computed = [z for z in box.members if z.operation]
        if len(computed) <= MAX_EQUATIONS:
            return [self._equation(z) for z in computed]
        return [[self.words[z], self.places.value(z)] for z in box.results[:MAX_RESULTS_LISTED]]

    def _equation(self, z: Value) -> list[str]:
        numbers = {x: self.places.value(x) for x in z.operands}
        guarded = {x: self.places.value(x, "N") for x in z.operands}
        symbolic, numeric = _applied(z, self.words, self.guarded), _applied(z, numbers, guarded)
        return [self.words[z], symbolic, numeric, self.places.value(z)]

    def _backward(self, i: int) -> GradientSum:
        box = self.boxes[i]
        x = box.results[-1]
        of = self._derivative(self.C, box)
        if i == len(self.boxes) - 1:
            if x.grad == 1.0:
                return GradientSum(of, "1", note="The backward pass starts here.")
            return GradientSum(
                of, self.places.gradient(x), note="Set by a backward pass from C, a Value outside this graph."
            )
        terms = self._terms(i)
        total = "  ".join(self.places.gradient(z) for z in box.results[:MAX_RESULTS_LISTED])
        if any(z in self.rest for z in box.results):
            product = signed(self.rest[x]) if len(box.results) == 1 else ""
            terms.append(GradientTerm(FROM_ELSEWHERE, "", product))
        return GradientSum(of, total + ("  …" if len(box.results) > MAX_RESULTS_LISTED else ""), terms)

    def _delta(self, box: Box) -> list[str]:
        """Return the delta of a neuron's box, by the chain rule through its activation where that gives it.

        Of a layer's box, return the deltas of its neurons, by the definition alone.
        """
        if not box.net_inputs:
            return []
        if not box.net_input:
            symbol = of_layer(box.net_inputs[0].delta)
            deltas = "  ".join(
                [self.places.gradient(z.value, sign=z.sign) for z in box.net_inputs[:MAX_RESULTS_LISTED]]
            )
            return [symbol, deltas + ("  …" if len(box.net_inputs) > MAX_RESULTS_LISTED else "")]
        z, a, sign = box.net_input.value, box.results[-1], box.net_input.sign
        minus, word = "−" if sign < 0.0 else "", self.words[z]
        sides = [box.net_input.delta, f"{minus}∂{self.C}/∂{word}"]
        if len(box.results) == 1 and z in a.operands and self.uses[z] == 1:
            place = a.operands.index(z)
            if math.isclose(a.partials()[place] * a.grad, z.grad, rel_tol=RTOL):
                sides.append(f"{minus}∂{self.C}/∂{self.words[a]} · ∂{self.words[a]}/∂{word}")
                sides.append(f"{self.places.gradient(a, 'n', sign)} × {self.places.partial(a, place, 'N')}")
        return [*sides, self.places.gradient(z, sign=sign)]

    def _terms(self, i: int) -> list[GradientTerm]:
        """Return the term of each arrow: of the last operation first, and within one of its first operand first."""
        box, terms = self.boxes[i], []
        seen: Counter[int] = Counter()
        arrows = sorted(self.leaving[i], key=lambda numbered: -numbered[1].head)
        heads = Counter(arrow.head for _, arrow in arrows)
        for k, arrow in arrows:
            head, of_head = self.boxes[arrow.head], self._derivative(self.C, self.boxes[arrow.head])
            seen[arrow.head] += 1
            which = f" (operand {seen[arrow.head]})" if heads[arrow.head] > 1 else ""
            product = self.places.flow(k) if len(box.results) == 1 else ""
            if " J " in arrow.text:
                size = arrow.text.removeprefix("× ")
                terms.append(GradientTerm(f"{of_head} · J", f"{size}: a Jacobian matrix", product))
            else:
                symbols = f"{of_head} · {self._derivative(self._word(head), box)}{which}"
                numbers = f"{self.places.gradient(head.results[-1], 'n')} × {self.places.derivative(k, 'D')}"
                terms.append(GradientTerm(symbols, numbers, product))
        return terms

    def _derivative(self, z: str, box: Box) -> str:
        return f"∂{z}/∂{self._word(box)}"

    def _word(self, box: Box) -> str:
        """Return the name of a box as it stands in a derivative: in parentheses if it is a formula."""
        if len(box.members) > 1:
            return self._name(box)
        return self.guarded[box.results[-1]]


def _words(
    boxes: Sequence[Box], symbols: Mapping[Value, str], places: Places
) -> tuple[dict[Value, str], dict[Value, str]]:
    """Return what equations call each Value, alone and beside an operator, where some words need parentheses.

    It is called by its symbol in a convention; else by its name; else by its number, its short formula, or its
    operation with the number of its box.
    """
    named = {z: in_formula(z.name) for box in boxes for z in box.members if z.name} | dict(symbols)
    words, guarded = dict(named), dict(named)
    for i, box in enumerate(boxes):
        for z in box.members:
            if z in named:
                continue
            if not z.operation:
                words[z], guarded[z] = places.value(z), places.value(z, "N")
                continue
            words[z] = guarded[z] = _applied(z, words, guarded)
            if len(places.filled(words[z])) > NAME_LENGTH:
                words[z] = guarded[z] = z.operation.name + subscript(i)
            elif not words[z].startswith(f"{z.operation.name}("):
                guarded[z] = f"({words[z]})"
    root = boxes[-1].results[-1]
    if root not in named:
        words[root] = guarded[root] = NAMELESS_ROOT
    return words, guarded


def _applied(z: Value, words: Mapping[Value, str], guarded: Mapping[Value, str]) -> str:
    """Return the operation that made z, with words for its operands, and guarded ones beside an operator."""
    assert z.operation  # noqa: S101  (for the type checker)
    if len(z.operands) > MAX_OPERANDS_WRITTEN:
        return f"{z.operation.glyph} of {len(z.operands)} operands"
    template = _template(z.operation, len(z.operands))

    def written(place: re.Match[str]) -> str:
        x = z.operands[int(place[1])]
        alone = template[: place.start()].endswith(("(", ", ")) and template[place.end() :].startswith((")", ","))
        return words[x] if alone else guarded[x]

    return re.sub(r"⟦(\d+)⟧", written, template)


@lru_cache(maxsize=1024)
def _template(operation: Operation, count: int) -> str:
    """Return the operation as a formula, with numbered places for its operands."""
    places = tuple(Value(1.0) for _ in range(count))
    words = {place: Piece(f"⟦{k}⟧", ATOM) for k, place in enumerate(places)}
    template = composed(new_value(1.0, operation, places), words, "text").text
    for python, written in PYTHON_TO_NARRATION:
        template = template.replace(python, written)
    return template
