"""Worked solutions of one training step, or of any expression: the forward pass line by line, then the chain rule.

Letters: z a node, x an operand, p a local derivative, g a gradient, u an intermediate result without a name.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import count as natural_numbers

from autograd import Value, topological_order
from autograd.choices import chosen
from nn.record import Record
from nn.validation import whole
from viz.size import larger_than
from viz.solutions.batch import BatchStep, check_batch
from viz.solutions.equations import Derivation, Equation, Formula, Section, Sheet, symbol_of, unevaluated
from viz.solutions.local_derivatives import local_derivative
from viz.solutions.notations import derivative
from viz.solutions.training_step import check_loss, training_step
from viz.text.formulas import fresh_names, result_name
from viz.text.labels import NAME_LENGTH

MAX_NODES_DERIVED = 100  #: of an expression that is derived; nobody reads the lines of more


def derivation(
    of: Record | Sequence[Record] | Value,
    *,
    loss: Value | None = None,
    learning_rate: float | None = None,
    convention: str = "gradient",
    digits: int = 4,
) -> Derivation:
    """Return the worked solution of one training step, or of a Value: print it, or show it in a notebook.

    Sums and layers of more than six terms are abbreviated. A name that is not a symbol, such as "w*x + b", stands in
    quotation marks, and so does "x (2)" for a second Value named x.

    Args:
        of: A record, after `backward()`, for the forward pass, the loss, the deltas, the gradients and the updates;
            2 to 6 records of one network, whose gradients are sums over these examples; or a Value, for its operations
            line by line and the chain rule from the result back.
        loss: With a record or records, the Value that `backward()` was called on; without it, the derivatives that it
            left are taken as given.
        learning_rate: With a record, that of the updates, which are left out without it.
        convention: With a record, whose letters, signs and order of factors: "gradient" (this project's), "handout"
            (Hansen 2021, 2022), "arnold", "misley" (2023) or "nielsen" (*Neural Networks and Deep Learning*, 2015).
        digits: Significant digits of the numbers shown; all are computed to full precision.

    Raises:
        ValueError: For a record that no gradient has reached or whose weights have changed since, for a loss of another
            pass, for an unknown convention, and for a Value of more than 100 nodes.
        TypeError: For anything that is neither a record nor a Value.

    >>> x, w = Value(3.0, "x"), Value(0.5, "w")
    >>> print(derivation((w * x - 1).named("y")))
    Worked solution of y
    ====================
    ...
    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5], [1.2], [-0.3]]]).forward([1, 3, 5])
    >>> loss = sse(record.output, [1])
    >>> loss.backward()
    >>> "δ_o = −∂C/∂ŷ·∂ŷ/∂net_o = 0.1383·0.06436 = 0.008899" in str(derivation(record, loss=loss, convention="handout"))
    True
    """
    digits = whole(digits, "digits", 17)
    if isinstance(of, Record):
        check_loss(of, loss)
        return training_step(of, loss, learning_rate, convention, digits).derivation()
    if isinstance(of, (list, tuple)) and of and all(isinstance(record, Record) for record in of):
        check_batch(of, loss)
        return BatchStep([training_step(one, None, learning_rate, convention, digits) for one in of], loss).derivation()
    if not isinstance(of, Value):
        raise TypeError(f"derivation takes a record, mlp.forward(…), a list of records, or a Value, not {of!r:.80}")
    if loss is not None or learning_rate is not None or convention != "gradient":
        raise TypeError("loss, learning_rate and convention are for a record; leave them out with a Value")
    if larger_than(MAX_NODES_DERIVED, of):
        raise ValueError(
            f"the Value has more than {MAX_NODES_DERIVED} nodes: derive a part of it; for a network, take "
            "derivation(record); for one gradient, explain(value, x)"
        )
    return ExpressionSolution(of, digits).derivation()


class ExpressionSolution:
    """The worked solution of a Value: each operation with its numbers, and the sums of the chain rule."""

    def __init__(self, root: Value, digits: int) -> None:
        self.root, self.nodes, self.sheet = root, topological_order(root), Sheet(digits)
        self.counting = chosen(self.nodes, [root], conditions=False)
        self.gradients, self.terms = self._sweep()
        self.symbols = self._symbols()
        self.sheet.symbols |= self.symbols

    def _sweep(self) -> tuple[dict[Value, float], dict[Value, list[tuple[Value, float]]]]:
        """Return ∂root/∂z of every node, and the terms of its sum: each node that uses z, and ∂node/∂z."""
        gradients: dict[Value, float] = defaultdict(float, {self.root: 1.0})
        terms: dict[Value, list[tuple[Value, float]]] = defaultdict(list)
        for z in reversed(self.counting):
            partials: dict[Value, list[float]] = defaultdict(list)
            for x, p in zip(z.operands, z.partials() if z.operands else (), strict=True):
                if not x.constant:
                    partials[x].append(p)
            for x, ps in partials.items():
                gradients[x] += math.fsum(ps) * gradients[z]
                terms[x].append((z, math.fsum(ps)))
        return gradients, terms

    def _symbols(self) -> dict[Value, Formula]:
        """Return a different symbol for each Value that is not a constant: its name, or u with a number."""
        taken = {z.name for z in self.nodes}
        names = fresh_names(taken)
        symbols: dict[Value, Formula] = {}
        for z in self.nodes:
            if z.constant:
                continue
            name = z.name or (result_name(taken) if z is self.root else None) or next(names)
            symbol, others = symbol_of(name), natural_numbers(2)
            while symbol in symbols.values():  # of another Value
                symbol = symbol_of(f"{name[: NAME_LENGTH - 6]} ({next(others)})")
            symbols[z] = symbol
        return symbols

    def derivation(self) -> Derivation:
        """Return the whole."""
        if self.root.constant:
            raise ValueError(f"{self.root.data!r} is computed from plain numbers alone: there is nothing to derive")
        given = [Equation(self.symbols[z], [self.sheet.numeral(z.data)]) for z in self._leaves()]
        made = [self._forward(z) for z in self.nodes if z in self.symbols and z.operation]
        sections = [Section("Given", [given] if given else ["Plain numbers only: there is nothing to differentiate."])]
        if made:
            sections.append(Section("1. Forward pass, operation by operation", [made]))
            local = [self._local(x, z) for z in self.counting for x in self._operands(z)]
            sections.append(Section("2. Local derivatives", [local]))
            back = [self._backward(x) for x in reversed(self.nodes) if x in self.symbols and self.terms[x]]
            start = Equation(self._total(self.root), [self.sheet.numeral(1.0)])
            meaning = (
                "$∂$ is the derivative of one operation, $d$ the total one: a sum over the operations that use a value."
            )
            sections.append(Section("3. Chain rule, from the result back", [meaning, [start, *back]]))
            answer = [self._gradient(x) for x in self._leaves()]
            sections.append(Section("Gradient", [answer]))
        return Derivation("Worked solution of", sections, self.symbols[self.root])

    def _leaves(self) -> list[Value]:
        return [z for z in self.nodes if z in self.symbols and not z.operation]

    def _operands(self, z: Value) -> list[Value]:
        """Return the operands of an operation that are not constants, each once."""
        return [x for x in dict.fromkeys(z.operands) if not x.constant]

    def _forward(self, z: Value) -> Equation:
        return self.sheet.equation(self.symbols[z], self._again(z), result=z.data)

    def _again(self, z: Value) -> Value:
        """Return the operation as it is written: a dot as a sum of products, and a long sum abbreviated."""
        assert z.operation  # noqa: S101  (for the type checker)
        operands = z.operands
        if z.operation.algebra == "scalar product":
            n = len(operands) // 2
            products = [unevaluated("mul", w, x) for w, x in zip(operands[:n], operands[n : 2 * n], strict=True)]
            return self.sheet.sum([*products, *operands[2 * n :]])
        if z.operation.algebra == "sum":
            return self.sheet.sum(operands)
        return unevaluated(z.operation, *operands)

    def _local(self, x: Value, z: Value) -> Equation:
        """Return ∂z/∂x in symbols and in numbers; x may be an operand of z more than once."""
        assert z.operation  # noqa: S101  (for the type checker)
        leaf = Value(x.data)
        again = z.operation.record(tuple(leaf if y is x else y for y in z.operands))
        self.sheet.symbols |= {leaf: self.symbols[x], again: self.symbols[z]}
        p = next(p for node, p in self.terms[x] if node is z)
        return self.sheet.equation(self._derivative(z, x), local_derivative(again, leaf), result=p)

    def _derivative(self, z: Value, x: Value) -> Formula:
        return derivative(self.symbols[z], self.symbols[x])

    def _total(self, x: Value) -> Formula:
        """Return the total derivative of the root, written with d."""
        (y_latex, y), (x_latex, word) = self.symbols[self.root], self.symbols[x]
        return Formula(rf"\frac{{d {y_latex}}}{{d {x_latex}}}", f"d{y}/d{word}")

    def _backward(self, x: Value) -> Equation:
        """Return the sum over the nodes that use x, the last one first, in the order of the reverse pass."""
        terms = []
        for z, p in self.terms[x]:
            factor = self.sheet.value(self._derivative(z, x), p)
            if z is self.root:
                terms.append(factor)
            else:
                g = self.sheet.value(self._total(z), self.gradients[z])
                terms.append(unevaluated("mul", g, factor))
        return self.sheet.equation(self._total(x), self.sheet.sum(terms), result=self.gradients[x])

    def _gradient(self, x: Value) -> Equation:
        return Equation(self._total(x), [self.sheet.numeral(self.gradients[x])])
