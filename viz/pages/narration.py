"""What each step of a replay says: how the value of a box is computed, and then its gradient.

Forward, the equations of the operations in the box. Backward, the chain rule: one term for each arrow that leaves the
box, in the order in which `backward` adds them, and their sum.

Letters: z a node, x an operand, p a local derivative, g an adjoint, C what is differentiated, usually the root.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from autograd import Operation, Value
from autograd.value import new_value
from nn.architecture import subscript
from viz.graphs.boxes import RTOL, remainders
from viz.graphs.legend import FROM_ELSEWHERE
from viz.text.formulas import composed
from viz.text.labels import NAME_LENGTH, exact, in_formula, number, signed, visible
from viz.text.symbols import ATOM, Piece

if TYPE_CHECKING:
    from viz.graphs.boxes import Arrow, Box
    from viz.graphs.dot import Drawing

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
    box's neuron, if it stands for one.
    """

    name: str
    kind: str
    results: list[Result]
    forward: list[list[str]]
    backward: GradientSum | None
    delta: list[str]


class Narration:
    """The texts for the boxes of a drawing; `flowing` tells whether `backward()` has computed gradients."""

    def __init__(self, drawing: Drawing, flowing: bool) -> None:
        boxes, arrows = drawing.boxes, drawing.arrows
        self.boxes, self.flowing, self.letters = boxes, flowing, drawing.lettering
        self.leaving: list[list[Arrow]] = [[] for _ in boxes]
        for arrow in arrows:
            self.leaving[arrow.tail].append(arrow)
        self.rest = remainders(boxes, arrows) if flowing else {}
        self.words, self.loose = _words(boxes, self.letters.symbols)
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
                exact(z.data),
                ("+" if z.grad > 0.0 else "") + exact(z.grad) if self.flowing and not z.constant else None,
            )
            for z in list(dict.fromkeys(own + box.results))[:MAX_RESULTS_LISTED]
        ]
        more = len(box.results) - MAX_RESULTS_LISTED
        return [*listed, Result(f"… {more:,} more", "", None)] if more > 0 else listed

    def _forward(self, box: Box) -> list[list[str]]:
        computed = [z for z in box.members if z.operation]
        if len(computed) <= MAX_EQUATIONS:
            return [self._equation(z) for z in computed]
        return [[self.words[z], number(z.data)] for z in box.results[:MAX_RESULTS_LISTED]]

    def _equation(self, z: Value) -> list[str]:
        numbers = {x: number(x.data) for x in z.operands}
        negative = {x for x in z.operands if x.data < 0.0}
        sides = _applied(z, self.words, self.loose), _applied(z, numbers, negative)
        return [side for side, _ in groupby([self.words[z], *sides, number(z.data)])]

    def _backward(self, i: int) -> GradientSum:
        box = self.boxes[i]
        x = box.results[-1]
        of = self._derivative(self.C, box)
        if i == len(self.boxes) - 1:
            if x.grad == 1.0:
                return GradientSum(of, "1", note="The backward pass starts here.")
            return GradientSum(of, signed(x.grad), note="Set by a backward pass from C, a Value outside this graph.")
        terms = self._terms(i)
        total = "  ".join(signed(z.grad) for z in box.results[:MAX_RESULTS_LISTED])
        if any(z in self.rest for z in box.results):
            product = signed(self.rest[x]) if len(box.results) == 1 else ""
            terms.append(GradientTerm(FROM_ELSEWHERE, "", product))
        return GradientSum(of, total + ("  …" if len(box.results) > MAX_RESULTS_LISTED else ""), terms)

    def _delta(self, box: Box) -> list[str]:
        """Return the delta of a neuron's box, by the chain rule through its activation where that gives it."""
        if not box.net_input:
            return []
        z, a, sign = box.net_input.value, box.results[-1], box.net_input.sign
        minus, word = "−" if sign < 0.0 else "", self.words[z]
        sides = [box.net_input.delta, f"{minus}∂{self.C}/∂{word}"]
        if len(box.results) == 1 and z in a.operands:
            slope = a.partials()[a.operands.index(z)]
            if math.isclose(slope * a.grad, z.grad, rel_tol=RTOL):
                factor = f"({number(slope)})" if slope < 0.0 else number(slope)
                sides.append(f"{minus}∂{self.C}/∂{self.words[a]} · ∂{self.words[a]}/∂{word}")
                sides.append(f"{number(sign * a.grad)} × {factor}")
        return [side for side, _ in groupby([*sides, signed(sign * z.grad)])]

    def _terms(self, i: int) -> list[GradientTerm]:
        """Return the term of each arrow: of the last operation first, and within one of its first operand first."""
        box, terms = self.boxes[i], []
        seen: Counter[int] = Counter()
        arrows = sorted(self.leaving[i], key=lambda arrow: -arrow.head)
        heads = Counter(arrow.head for arrow in arrows)
        for arrow in arrows:
            head = self.boxes[arrow.head]
            seen[arrow.head] += 1
            which = f" (operand {seen[arrow.head]})" if heads[arrow.head] > 1 else ""
            p, product = arrow.text.removeprefix("× "), signed(arrow.flows[0])
            if p.startswith("J"):
                symbols = f"{self._derivative(self.C, head)} · J"
                terms.append(GradientTerm(symbols, f"{p}: a Jacobian matrix", product if len(box.results) == 1 else ""))
            else:
                symbols = f"{self._derivative(self.C, head)} · {self._derivative(self._word(head), box)}{which}"
                factor = f"({p})" if p.startswith("−") else p
                terms.append(GradientTerm(symbols, f"{number(head.results[-1].grad)} × {factor}", product))
        return terms

    def _derivative(self, z: str, box: Box) -> str:
        return f"∂{z}/∂{self._word(box)}"

    def _word(self, box: Box) -> str:
        """Return the name of a box as it stands in a derivative: in parentheses if it is a formula."""
        if len(box.members) > 1:
            return self._name(box)
        word = self.words[box.results[-1]]
        return f"({word})" if box.results[-1] in self.loose else word


def _words(boxes: Sequence[Box], symbols: Mapping[Value, str]) -> tuple[dict[Value, str], set[Value]]:
    """Return what equations call each Value, and the Values whose words need parentheses beside an operator.

    It is called by its symbol in a convention; else by its name; else by its number, its short formula, or its
    operation with the number of its box.
    """
    named = {z: in_formula(z.name) for box in boxes for z in box.members if z.name} | dict(symbols)
    words = {z: named.get(z) or number(z.data) for box in boxes for z in box.members}
    loose = {z for z in words if z not in named and not z.operation and z.data < 0.0}
    for i, box in enumerate(boxes):
        for z in box.members:
            if z.operation and z not in named:
                words[z] = _applied(z, words, loose)
                if len(words[z]) > NAME_LENGTH:
                    words[z] = z.operation.name + subscript(i)
                elif not words[z].startswith(f"{z.operation.name}("):
                    loose.add(z)
    root = boxes[-1].results[-1]
    if root not in named:
        words[root] = NAMELESS_ROOT
        loose.discard(root)
    return words, loose


def _applied(z: Value, words: Mapping[Value, str], loose: Collection[Value]) -> str:
    """Return the operation that made z, with words for its operands, those in `loose` in parentheses."""
    assert z.operation  # noqa: S101  (for the type checker)
    if len(z.operands) > MAX_OPERANDS_WRITTEN:
        return f"{z.operation.glyph} of {len(z.operands)} operands"
    template = _template(z.operation, len(z.operands))

    def written(place: re.Match[str]) -> str:
        x = z.operands[int(place[1])]
        alone = template[: place.start()].endswith(("(", ", ")) and template[place.end() :].startswith((")", ","))
        return f"({words[x]})" if x in loose and not alone else words[x]

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
