"""The source of a program of one row: a function of its values, and one of its loss and gradient.

Backward, the variables are visited in reverse, each once all that read it have contributed to its adjoint: a variable
propagates its adjoint times its partial derivatives, which are the table's. A loop runs from the last iteration to the
first, over what the forward loop has kept for it.

Letters: g an adjoint, c a coefficient.
"""

from __future__ import annotations

import keyword
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from autograd.lifting.codegen.partials import Partials
from autograd.lifting.plan import Plan, is_moderate
from autograd.lifting.scalar.text import (
    LINE_LENGTH,
    Factors,
    Formulas,
    TextTerm,
    assigned,
    atom,
    listed,
    number,
    product,
    total,
    wrapped,
)
from autograd.lifting.scalar.variables import (
    Carry,
    Names,
    RowLoop,
    RowOperation,
    Variable,
    Variables,
    flat,
    used,
    variables_of,
)
from autograd.row import Operation

WORDS = ["row", "parameters", "values", "gradient", "zip", "range", "reversed", "loss", "inf", "nan", "v"]


def scalar_source(plan: Plan) -> tuple[str, dict[str, Operation]]:
    """Return the text of a plan's program of one row, and the names of the operations that it calls."""
    return _Source(plan).text()


class _Source:
    def __init__(self, plan: Plan) -> None:
        self.names = Names([*keyword.kwlist, *WORDS])
        self.variables: Variables = variables_of(plan, self.names)
        self.lines: list[str] = []
        self.indent = ""
        self.formulas = Formulas(self.names, self.write)
        self.rules = Partials()
        self.parts: dict[Variable, list[TextTerm]] = defaultdict(list)  # what has been contributed to an adjoint
        self.loop: RowLoop | None = None  # whose backward pass is being written
        self.outside: dict[Variable, list[TextTerm]] = {}  # what its iterations contribute to variables outside it
        self.kept: dict[RowLoop, dict[Variable, None]] = defaultdict(dict)  # what the backward pass of a loop reads
        self.keep = {x: self.names.name("kept") for x in self.variables.computed if isinstance(x, RowLoop)}
        self.queues: dict[Variable, list[str]] = {}
        self.places: dict[str, tuple[str, int]] = {}  # of the texts that are elements of lists

    def text(self) -> tuple[str, dict[str, Operation]]:
        outputs = self.variables.outputs
        given, forward = self.given(), self.written(lambda: self.forward(keeping=False))
        lines = ["def values(row, parameters):", *given, *forward]
        returned = ["[", *textwrap.wrap(", ".join(map(text_of, outputs)), LINE_LENGTH), "]"]
        lines += indented(
            [f"return {''.join(returned)}"] if len(returned) == 3 else ["return " + returned[0], *returned[1:]]
        )
        if len(outputs) == 1:
            backward = self.written(lambda: self.backward(outputs[0]))
            forward = self.written(lambda: self.forward(keeping=True))
            lines += ["", "", "def gradient(row, parameters):", *given, *forward, *backward]
        return "\n".join([*lines, ""]), self.formulas.functions

    # Writing ---------------------------------------------------------------------------------------------------------

    def write(self, line: str) -> None:
        self.lines.append(line)

    def written(self, write: Callable[[], None]) -> list[str]:
        """Return the lines that a function writes, indented."""
        before, self.lines = self.lines, []
        write()
        lines, self.lines = self.lines, before
        return indented(lines)

    def assign(self, target: str, terms: Sequence[TextTerm], operator: str = "=") -> None:
        self.lines += assigned(target, terms, operator)

    def expression(self, terms: Sequence[TextTerm]) -> str:
        """Return the text of a sum; of a long one a name, to which it is assigned."""
        pieces = total(terms)
        if len(pieces) == 1:
            return pieces[0]
        name = self.names.name("t")
        self.assign(name, terms)
        return name

    def given(self) -> list[str]:
        """Return the lines that name the inputs and the parameters that are read by name."""
        read = {x for variable in flat(self.variables.computed) for x in used(variable.rule)}
        read.update([x for x in self.variables.outputs if isinstance(x, Variable)])
        for loop in self.keep:
            read.update([x for carry in loop.carries for x in carry.first])
        lines = []
        for holder, variables in (("row", self.variables.inputs), ("parameters", self.variables.parameters)):
            by_place = sorted([x for x in variables if x in read], key=lambda x: x.place or ("", 0))
            if len(by_place) == len(variables) > 1:
                names = wrapped([x.name for x in by_place])
                lines += [f"{names if len(names) > LINE_LENGTH else names[1:-1]} = {holder}"]
            else:
                lines += [f"{x.name} = {holder}[{x.place[1]}]" for x in by_place if x.place]
        return indented(lines)

    # Forward ---------------------------------------------------------------------------------------------------------

    def forward(self, keeping: bool) -> None:
        for part in self.variables.computed:
            if isinstance(part, RowLoop):
                self.forward_loop(part, keeping)
            else:
                self.compute(part)

    def compute(self, x: Variable) -> None:
        """Write what computes a variable."""
        if isinstance(x.rule, RowOperation):
            operands = [y.name if isinstance(y, Variable) else number(y) for y in x.rule.operands]
            self.write(f"{x.name} = {self.formulas.call(x.rule.operation, operands)}")
        elif x.rule is not None:
            terms: list[TextTerm] = [(c, [y.name for y in factors]) for c, factors in x.rule.terms]
            constant: list[TextTerm] = [(x.rule.constant, [])] if x.rule.constant else []
            self.assign(x.name, [*terms, *constant])

    def forward_loop(self, loop: RowLoop, keeping: bool) -> None:
        kept = [x.name for x in self.kept[loop]] if keeping else []
        queues = [self.queue(carry) for carry in loop.carries]
        for queue, carry in zip(queues, loop.carries, strict=True):
            for name, first in zip(queue, carry.first, strict=True):
                self.write(f"{name} = {first.name}")
        for name in [*[self.keep[loop]] * bool(kept), *loop.listed.values()]:
            self.write(f"{name} = []")
        lists = [(x.name, listed(each)) for x, each in loop.varying]
        self.write(header([name for name, _ in lists], [each for _, each in lists], loop.iterations))

        def body() -> None:
            for x in loop.body:
                self.compute(x)
            if kept:
                self.write(f"{self.keep[loop]}.append({together(kept)})")
            for x, name in loop.listed.items():
                self.write(f"{name}.append({x.name})")
            sources = [[*queue[1:], carry.source.name] for queue, carry in zip(queues, loop.carries, strict=True)]
            self.update([name for queue in queues for name in queue], [x for each in sources for x in each])

        self.lines += self.written(body)
        for (x, _), element in loop.elements.items():
            if not element.place:
                self.write(f"{element.name} = {x.name}")

    def queue(self, carry: Carry) -> list[str]:
        """Return the names of what is carried: first what this iteration reads, then what the next ones will."""
        if carry.variable not in self.queues:
            names = [self.names.name(f"{carry.variable.name}_next") for _ in carry.first[1:]]
            self.queues[carry.variable] = [carry.variable.name, *names]
        return self.queues[carry.variable]

    def update(self, targets: Sequence[str], values: Sequence[str]) -> None:
        """Write the assignment of several numbers at once."""
        if targets:
            self.write(f"{', '.join(targets)} = {', '.join(values)}")

    # Backward --------------------------------------------------------------------------------------------------------

    def backward(self, output: Variable | float) -> None:
        if isinstance(output, Variable):
            self.contribute(output, 1.0, [])
        for part in reversed(self.variables.computed):
            if isinstance(part, RowLoop):
                self.backward_loop(part)
            else:
                self.visit(part)
        gradients = []
        for x in self.variables.parameters:
            terms = self.parts.pop(x, [(0.0, [])])
            text = atom(terms[0]) if len(terms) == 1 else None
            if text is None:
                self.assign(text := self.names.name(f"d{x.name}"), terms)
            gradients.append(self.entry(text))
        self.write(f"return {text_of(output)}, {listed(gradients)}")

    def entry(self, text: str) -> Variable:
        """Return an entry of a list, which may be an element of another list."""
        return Variable(text, True, place=self.places.get(text))

    def contribute(self, x: Variable, c: float, factors: Sequence[str]) -> None:
        """Add the product of a coefficient and factors to the adjoint of a variable."""
        if x.trained:
            parts = self.parts if self.loop is x.loop else self.outside
            parts.setdefault(x, []).append((c, factors))

    def read(self, x: Variable | float) -> None:
        """Note what the backward pass of a loop reads."""
        if isinstance(x, Variable) and x.loop:
            self.kept[x.loop][x] = None

    def visit(self, x: Variable) -> None:
        """Propagate the adjoint of a variable, if it has one, to what the variable was computed from."""
        terms = self.parts.pop(x, [])
        if not terms or x.rule is None:
            return
        c, g = terms[0]
        if len(terms) > 1 or len(g) > 1 or not is_moderate(c) or (g and g[0][0] == "/"):
            self.assign(name := self.names.name(f"d{x.name}"), terms)
            c, g = 1.0, [name]
        if isinstance(x.rule, RowOperation):
            self.propagate(x, x.rule, c, g)
            return
        for coefficient, factors in x.rule.terms:
            for place, y in enumerate(factors):
                if y.trained and factors.index(y) == place:
                    others = [*factors[:place], *factors[place + 1 :]]
                    for other in others:
                        self.read(other)
                    self.contribute(y, c * coefficient * factors.count(y), [*g, *[z.name for z in others]])

    def propagate(self, x: Variable, rule: RowOperation, c: float, g: Factors) -> None:
        """Propagate an adjoint, c times the factors g, through an operation."""
        operands, operation = rule.operands, rule.operation
        wanted = tuple([isinstance(y, Variable) and y.trained for y in operands])
        if operation.chooses:
            condition, chosen = text_of(operands[0]), product((1.0, g))
            self.read(operands[0])
            for y, sides in zip(operands[1:], ([chosen, "0.0"], ["0.0", chosen]), strict=True):
                if isinstance(y, Variable):
                    self.contribute(y, c, [self.formulas.call(operation, [condition, *sides])])
            return
        constants = tuple([None if isinstance(y, Variable) else repr(y) for y in operands])
        symbols, partials = self.rules.of(operation, constants, wanted)
        variables = [x, *operands]
        known = {symbol: text_of(y) for symbol, y in zip(symbols, variables, strict=True)}
        texts, uses = self.formulas.partials([formula for factor, formula in partials if factor], known)
        for symbol, y in zip(symbols, variables, strict=True):
            if symbol in uses:
                self.read(y)
        written = iter(texts)
        for y, (factor, _) in zip(operands, partials, strict=True):
            if factor:
                text = next(written)
                if isinstance(y, Variable):
                    self.contribute(y, c * factor, [*g, text] if text else g)

    def backward_loop(self, loop: RowLoop) -> None:
        """Propagate the adjoints through a loop, from the last iteration to the first."""
        seeds: dict[Variable, dict[int, list[TextTerm]]] = defaultdict(dict)
        for (x, iteration), element in loop.elements.items():
            if element in self.parts:
                seeds[x][iteration] = self.parts.pop(element)
        if not seeds:
            return
        carries = [carry for carry in loop.carries if carry.variable.trained]
        queues: list[list[str]] = []  # of adjoints: the last one is complete in this iteration
        for carry in carries:
            queues.append([self.names.name(f"d{carry.variable.name}") for _ in carry.first])
            for back, name in enumerate(reversed(queues[-1]), 1):
                self.assign(name, seeds[carry.source].pop(loop.iterations - back, [(0.0, [])]))
        seeding = [
            (x, self.names.name(f"d{x.name}_t"), self.seed_list(loop, by_iteration))
            for x, by_iteration in seeds.items()
            if by_iteration
        ]
        varying: list[tuple[list[Variable], str]] = []
        accumulators: dict[Variable, str] = {}

        def body() -> None:
            for queue, carry in zip(queues, carries, strict=True):
                self.contribute(carry.source, 1.0, [queue[-1]])
            for x, name, _ in seeding:
                self.contribute(x, 1.0, [name])
            for x in reversed(loop.body):
                self.visit(x)
            for x, terms in self.outside.items():
                accumulators[x] = self.names.name(f"d{x.name.split('[')[0]}_sum")
                self.assign(accumulators[x], terms, "+=")
            for x, each in loop.varying:
                if x in self.parts:
                    varying.append((each, self.names.name(f"d{x.name}_each")))
                    self.write(f"{varying[-1][1]}.append({self.expression(self.parts.pop(x))})")
            new = [
                [self.expression(self.parts.pop(x.variable, [(0.0, [])])), *queue[:-1]]
                for x, queue in zip(carries, queues, strict=True)
            ]
            self.update([name for queue in queues for name in queue], [text for each in new for text in each])

        self.loop, self.outside = loop, {}
        lines = self.written(body)
        self.loop = None
        for name in accumulators.values():
            self.write(f"{name} = 0.0")
        for _, name in varying:
            self.write(f"{name} = []")
        kept = [x.name for x in self.kept[loop]]
        targets = [together(kept)] if kept else []
        lists = [f"reversed({text})" for text in [*[self.keep[loop]] * bool(kept), *[text for _, _, text in seeding]]]
        self.write(header([*targets, *[name for _, name, _ in seeding]], lists, loop.iterations))
        self.lines += lines
        for x, name in accumulators.items():
            self.contribute(x, 1.0, [name])
        for queue, carry in zip(queues, carries, strict=True):
            for first, name in zip(carry.first, queue, strict=True):
                self.contribute(first, 1.0, [name])
        for each, name in varying:
            self.write(f"{name}.reverse()")
            for iteration, x in enumerate(each):
                self.places[f"{name}[{iteration}]"] = name, iteration
                self.contribute(x, 1.0, [f"{name}[{iteration}]"])

    def seed_list(self, loop: RowLoop, by_iteration: dict[int, list[TextTerm]]) -> str:
        """Return the text of the list of what is contributed to each iteration from outside the loop."""
        entries = []
        for iteration in range(loop.iterations):
            terms = by_iteration.get(iteration, [(0.0, [])])
            text = atom(terms[0]) if len(terms) == 1 else None
            if text is None:
                self.assign(text := self.names.name("t"), terms)
            entries.append(self.entry(text))
        return listed(entries)


def text_of(x: Variable | float) -> str:
    """Return the text of a variable or of a number."""
    return x.name if isinstance(x, Variable) else number(x)


def header(targets: Sequence[str], lists: Sequence[str], iterations: int) -> str:
    """Return the line that begins a loop over lists, or over nothing but its iterations."""
    if not targets:
        return f"for _ in range({iterations}):"
    return f"for {', '.join(targets)} in {lists[0] if len(lists) == 1 else f'zip{together(lists)}'}:"


def together(texts: Sequence[str]) -> str:
    """Return one text as it is, several as a tuple."""
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines, or several in one text, as those of a block."""
    return [f"    {line}" for text in lines for line in text.splitlines()]
