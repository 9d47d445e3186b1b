"""Pass 2, canonical form: equal computations become one, however they were written down.

Chains of `+`, `−` and products are flattened into sums of products, so that an expanded neuron and a fused one are the
same sum. Nothing is distributed. Constants fold, equal nodes merge, dead ones go.

A node here is `Sum(terms)`, a term being (coefficient, factors), or `Apply(operation, operands)`. Factors and operands
are numbers of nodes; an operand that is a float is a constant. A form is what stands for a traced node: a number, a
constant, or a sum under way. A sum under way is not a node yet: if it has a single user, it is merged into that user
without a copy, which keeps this pass linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from autograd import operations as table
from autograd.conversion import Refusal
from autograd.lifting.names import all_plain
from autograd.lifting.passes.trace import Trace
from autograd.lifting.plan import is_moderate
from autograd.row import Operation

Term = tuple[float, tuple[int, ...]]  # coefficient, factors; without factors, a constant
FACTORS = itemgetter(1)
MAX_FACTORS = 2  # a product of more is one factor of a larger product, so that a long chain of them stays linear


class Sum(NamedTuple):
    """A sum of products, its terms in the order of their factors."""

    terms: tuple[Term, ...]


class Apply(NamedTuple):
    """Any other operation."""

    operation: Operation
    operands: tuple[int | float, ...]


@dataclass(slots=True)
class _Draft:
    """A sum under way: scale times terms. It weighs if one of them is a product with a parameter, as in a neuron."""

    scale: float = 1.0
    terms: list[Term] = field(default_factory=list)
    weighs: bool = False


Form = int | float | _Draft


@dataclass
class Graph:
    """The canonical graph: node k is an input, a parameter or `nodes[k − inputs − parameters]`. Names are plain."""

    inputs: list[str]
    parameters: list[str]
    nodes: list[Sum | Apply]
    outputs: list[int | float]
    names: dict[int, str]


def canonicalize(trace: Trace) -> Graph:
    """Return the canonical form of a traced graph."""
    return _Canonical(trace).graph()


class _Canonical:
    def __init__(self, trace: Trace) -> None:
        self.trace, self.traced_names = trace, trace.names
        self.first_parameter, self.leaves = len(trace.inputs), len(trace.inputs) + len(trace.parameters)
        self.uses = uses = [0] * (self.leaves + len(trace.nodes))
        for node in trace.nodes:
            if node.__class__ is tuple:
                for operand in node[1]:
                    uses[operand] += 1
        for output in trace.outputs:
            uses[output] += 2  # never merged into a user
        self.nodes: list[Sum | Apply] = []
        self.numbers: dict[Any, int] = {}  # node -> its number, so that equal nodes are one
        self.names: dict[int, str] = {}
        self.forms: list[Form] = list(range(self.leaves))  # of each traced node

    def graph(self) -> Graph:
        for node in self.trace.nodes:
            self.forms.append(node if isinstance(node, float) else self.form(*node))
        outputs = [self.settled(output) for output in self.trace.outputs]
        names = dict(zip(self.names, all_plain([*self.names.values()]), strict=True))
        inputs, parameters = all_plain(self.trace.inputs), all_plain(self.trace.parameters)
        return Graph(inputs, parameters, self.nodes, outputs, names)

    def form(self, operation: Operation, operands: Sequence[int]) -> Form:
        rewrite = REWRITES.get(operation.algebra)
        form = rewrite(self, operands) if rewrite else self.choice(operands) if operation.chooses else None
        return self.applied(operation, [self.settled(operand) for operand in operands]) if form is None else form

    def sum(self, operands: Sequence[int]) -> Form:
        total = self.terms(operands[0]) if operands else _Draft()
        for operand in operands[1:]:
            total = self.added(total, self.terms(operand))
        return total

    def scalar_product(self, operands: Sequence[int]) -> Form:
        n = len(operands) // 2
        total = self.terms(operands[-1]) if len(operands) % 2 else _Draft()
        forms: list[Any] = [self.forms[k] for k in operands[: 2 * n]]
        if {*map(type, forms)} == {int}:  # nodes: at once, which halves the time of a network
            pairs = zip(forms[:n], forms[n:], strict=True)
            terms: list[Term] = [(1.0, (x, y) if x <= y else (y, x)) for x, y in pairs]
            return self.added(total, _Draft(1.0, terms, self.has_parameter(forms)))
        for pair in zip(operands[:n], operands[n : 2 * n], strict=True):
            total = self.added(total, self.multiplied(pair))
        return total

    def power(self, x: int, y: int) -> Form | None:
        """Return a small whole power as a product."""
        n = self.small_exponent(y)
        return self.multiplied([x] * n) if n else None

    def slope_of_power(self, c: int, x: int, y: int) -> Form | None:
        """Return c · xʸ⁻¹, the derivative of the same."""
        n = self.small_exponent(y)
        return self.multiplied([c, *[x] * (n - 1)]) if n else None

    def small_exponent(self, k: int) -> int:
        """Return the exponent that traced node k is, if it is 1, 2, 3 or 4, else 0."""
        exponent = self.forms[k]
        return int(exponent) if isinstance(exponent, float) and exponent in (1.0, 2.0, 3.0, 4.0) else 0

    def quotient(self, x: int, y: int) -> Form:
        divisor = self.forms[y]
        if isinstance(divisor, float) and is_moderate(divisor):
            return self.scaled(x, 1.0 / divisor)
        return self.divided(x, y)

    def choice(self, operands: Sequence[int]) -> Form | None:
        """Return the chosen side where the condition is a number."""
        condition, a, b = operands
        c = self.forms[condition]
        if not isinstance(c, float):
            return None
        return self.terms(a if c else b) if c == c else c

    def gelu(self, operand: int) -> int | float | None:
        """Return x · Φ(x): written out, its derivative finds Φ(x) there."""
        x = self.settled(operand)
        if isinstance(x, float):
            return None
        phi = self.applied(table.normal_cdf, [x])
        return self.node(_Draft(1.0, [(1.0, tuple(sorted([x, int(phi)])))]))

    def divided(self, x: int, y: int) -> Form:
        """Return node x divided by node y, the coefficient of a single term ahead of the quotient."""
        c, dividend = self.parted(x)
        quotient = self.applied(table.div, [dividend, self.settled(y)])
        return quotient if c == 1.0 else _Draft(c, one(quotient))

    def parted(self, k: int) -> tuple[float, int | float]:
        """Return traced node k as a coefficient times what stands for the rest."""
        form = self.forms[k]
        if isinstance(form, _Draft) and len(form.terms) == 1:
            ((c, factors),) = form.terms
            if factors and form.scale * c != 1.0 and is_moderate(form.scale * c):
                return form.scale * c, self.node(_Draft(1.0, [(1.0, factors)], form.weighs))
        return 1.0, self.settled(k)

    def logsumexp(self, traced: Sequence[int]) -> _Draft | None:
        """Return top + log Σ exp(x − top): written out, its derivative finds the exponentials and their sum there."""
        if len(traced) == 1:
            return None
        operands = [self.settled(operand) for operand in traced]
        top = self.applied(table.peak, operands)
        shifted = [self.node(self.added(_Draft(1.0, one(x)), _Draft(-1.0, one(top)))) for x in operands]
        total = _Draft()
        for x in shifted:
            total = self.added(total, _Draft(1.0, one(self.applied(table.exp, [x]))))
        logarithm = self.applied(table.log, [self.node(total)])
        return self.added(_Draft(1.0, one(logarithm)), _Draft(1.0, one(top)))

    def applied(self, operation: Operation, operands: Sequence[int | float]) -> int | float:
        if all([isinstance(operand, float) for operand in operands]):
            try:
                return float(operation.evaluate(operands))
            except Refusal:  # it may be on a side that no row chooses; where it is needed, the NaN is explained
                return math.nan
        # A number by its text: node 1 is not the number 1.0, nor 0.0 the number −0.0.
        marked = [repr(x) if isinstance(x, float) else x for x in operands]
        return self.number((operation, tuple(marked)), Apply(operation, tuple(operands)))

    def terms(self, k: int) -> _Draft:
        """Return traced node k as a sum under way, which the caller may consume.

        A single term goes to all its users: a factor of −1, say, need not be a node that is computed.
        """
        form = self.forms[k]
        if isinstance(form, _Draft):
            if self.uses[k] == 1:
                return form
            if len(form.terms) == 1 and is_moderate(form.scale):
                return _Draft(form.scale, list(form.terms), form.weighs)
        return _Draft(1.0, one(self.settled(k)))

    def added(self, a: _Draft, b: _Draft) -> _Draft:
        if len(a.terms) < len(b.terms):  # the shorter into the longer: a long chain stays cheap from either end
            a, b = b, a
        if a.scale == b.scale:
            a.terms.extend(b.terms)
        elif b.terms and b.scale:
            ratio = b.scale / a.scale
            a.terms.extend([(c * ratio, factors) for c, factors in b.terms])
        a.weighs = a.weighs or b.weighs
        return a

    def scaled(self, k: int, scale: float) -> _Draft:
        """Return scale times node k; a neuron's sum stays as it is, and the factor before it."""
        form = self.terms(k)
        if (form.weighs and len(form.terms) > 1) or not is_moderate(form.scale):
            form = _Draft(1.0, one(self.node(form)))
        return _Draft(form.scale * scale, form.terms, form.weighs)

    def has_parameter(self, forms: Sequence[Form]) -> bool:
        """Whether one of several forms is a parameter."""
        first, leaves = self.first_parameter, self.leaves
        for form in forms:  # noqa: SIM110  (a third of the time that any() of a generator takes)
            if isinstance(form, int) and first <= form < leaves:
                return True
        return False

    def multiplied(self, operands: Sequence[int]) -> _Draft:
        """Return a product; numbers go ahead of it, but for those that scale what a parameter weighs, as in a layer."""
        if len(operands) == 2:  # mostly of two nodes: at once, which halves the time of an expanded network
            x, y = self.forms[operands[0]], self.forms[operands[1]]
            if x.__class__ is _Draft:
                x = self.whole(operands[0])
            if y.__class__ is _Draft:
                y = self.whole(operands[1])
            if x.__class__ is int and y.__class__ is int:
                weighs = self.first_parameter <= x < self.leaves or self.first_parameter <= y < self.leaves
                return _Draft(1.0, [(1.0, (x, y) if x <= y else (y, x))], weighs)
        weighed = self.has_parameter([self.forms[k] for k in operands])
        coefficient = 1.0
        factors: list[int] = []
        for k in operands:
            form = self.forms[k]
            if isinstance(form, _Draft):
                if len(form.terms) == 1:
                    ((c, more),) = form.terms
                    c *= form.scale
                    alone = self.uses[k] == 1 or len(more) == 1
                    if alone and len(more) <= MAX_FACTORS and is_moderate(c) and (c == 1.0 or not weighed):
                        coefficient *= c
                        factors += more
                        continue
                c, form = (1.0, self.settled(k)) if weighed else self.parted(k)
                coefficient *= c
            if isinstance(form, float):
                coefficient *= form
            else:
                factors.append(form)
        weighs = len(factors) > 1 and self.has_parameter(factors)
        return _Draft(1.0, [(coefficient, tuple(sorted(factors)))], weighs)

    def whole(self, k: int) -> Form:
        """Return the draft of traced node k, settled if it is a sum of several terms, which no product takes apart."""
        form = self.forms[k]
        return self.settled(k) if isinstance(form, _Draft) and len(form.terms) != 1 else form

    def settled(self, k: int) -> int | float:
        """Return what stands for traced node k, made a node of its own if it was a sum under way."""
        form = self.forms[k]
        if isinstance(form, _Draft):
            form = self.forms[k] = self.node(form)
        if k in self.traced_names and isinstance(form, int):
            self.names.setdefault(form, self.traced_names[k])
        return form

    def node(self, draft: _Draft) -> int | float:
        """Return the node of a sum under way: like terms merged, and in the order of their factors."""
        scale, terms = draft.scale, draft.terms
        if len(terms) == 2 and terms[0][1] != terms[1][1]:
            if terms[1][1] < terms[0][1]:
                terms = terms[::-1]
        elif len(terms) > 1:
            terms = sorted(terms, key=FACTORS)
            if len({*map(FACTORS, terms)}) < len(terms):
                merged: dict[tuple[int, ...], float] = {}
                for c, factors in terms:
                    merged[factors] = merged.get(factors, 0.0) + c
                terms = [(c, factors) for factors, c in merged.items()]
        for c, _ in terms:
            if not c:
                terms = [(c, factors) for c, factors in terms if c]
                break
        if not terms or not scale:
            return 0.0
        if scale != 1.0:
            if draft.weighs and len(terms) > 1:
                terms = one(self.node(_Draft(1.0, terms, weighs=True)))
            terms = [(c * scale, factors) for c, factors in terms]
        if len(terms) == 1:
            ((c, factors),) = terms
            if not factors:
                return float(c)
            if c == 1.0 and len(factors) == 1:
                return int(factors[0])
        total = Sum(tuple(terms))
        return self.number(total, total)

    def number(self, key: Any, node: Sum | Apply) -> int:
        number = self.numbers.setdefault(key, self.leaves + len(self.nodes))
        if number == self.leaves + len(self.nodes):
            self.nodes.append(node)
        return number


def one(form: int | float) -> list[Term]:
    """Return a node, or a constant, as the only term of a sum."""
    return [(form, ()) if isinstance(form, float) else (1.0, (form,))]


# What becomes of the rows that are simplified as algebra does it, or written out; None leaves an operation as it is.
REWRITES: dict[str, Callable[[_Canonical, Sequence[int]], Form | None]] = {
    "sum": _Canonical.sum,
    "difference": lambda self, xs: self.added(self.terms(xs[0]), self.scaled(xs[1], -1.0)),
    "negative": lambda self, xs: self.scaled(xs[0], -1.0),
    "identity": lambda self, xs: self.terms(xs[0]),
    "product": _Canonical.multiplied,
    "square": lambda self, xs: self.multiplied([*xs, *xs]),
    "scalar product": _Canonical.scalar_product,
    "quotient": lambda self, xs: self.quotient(*xs),
    "power": lambda self, xs: self.power(*xs),
    "slope of a power": lambda self, xs: self.slope_of_power(*xs),
    "product with Φ": lambda self, xs: self.gelu(*xs),
    "log of a sum of exponentials": _Canonical.logsumexp,
}
