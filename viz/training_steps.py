"""The worked solution of one training step, in the order in which a student writes it.

Forward sums and activations, the loss, the deltas from the output back, the gradients, the updates. The expressions
are written anew with the symbols of a convention; every result is the record's own number.

Letters: l layer, i sender, j receiver, k output, all from 1; z net input, a activation, w weight, b bias, d a delta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from autograd import Value
from nn.slips import steps_of
from viz.conventions import CONVENTIONS, Convention
from viz.equations import Derivation, Equation, Section, Sheet, Symbol, listed, places, unevaluated
from viz.known_losses import KnownLoss, WrittenLoss, known_loss, uses_of

if TYPE_CHECKING:
    from nn import Record

LONGEST = 90  # characters of the caller's own loss, or of its derivative, that are written out

# What a student writes where the table of operations, which is as exact as can be, has another formula.
SLOPES: dict[str, Callable[[Value, Value], Value]] = {
    "relu": lambda z, a: unevaluated("step", z),
    "tanh": lambda z, a: unevaluated("sub", Value(1.0), unevaluated("pow", a, Value(2.0))),
}


def training_step(
    record: Record, loss: Value | None, learning_rate: float | None, convention: str, digits: int
) -> Derivation:
    """Return the worked solution of the record's step; the arguments are those of `derivation`."""
    if convention not in CONVENTIONS:
        raise ValueError(f"convention is {convention!r}; choose one of {', '.join(CONVENTIONS)}")
    if learning_rate is not None and not 0.0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate is {learning_rate!r}; give a positive number, or None for no updates")
    _check(record, loss)
    return _Solution(record, loss, learning_rate, CONVENTIONS[convention](record.mlp.sizes), digits).derivation()


def _check(record: Record, loss: Value | None) -> None:
    """Raise ValueError where the record, or its loss, has not what a solution needs."""
    if loss is not None:
        if not isinstance(loss, Value):
            raise TypeError(f"loss is {loss!r:.80}; give the Value that backward() was called on")
        if not uses_of([*record.output, *record.net_inputs[-1]], loss) and loss not in record.output:
            raise ValueError("the loss was not made of this record's output; give the one of the same forward pass")
        if loss.grad != 1.0:
            raise ValueError(
                f"the loss has the gradient {loss.grad!r}, not 1: "
                + ("call loss.backward() first" if not loss.grad else "give the Value that backward() was called on")
            )
    elif not any(delta for layer in record.deltas() for delta in layer):
        raise ValueError(
            "no gradient has reached the record: call backward() on the loss first; "
            "if the loss is at its minimum, give loss=loss"
        )
    if not _is_current(record) or steps_of(record) is None:
        raise ValueError(
            "the record does not lead to its own deltas: either the weights have changed since the forward pass, so "
            "take the derivation before the update; or the loss reads more than record.output, so derive the loss "
            "itself with derivation(loss)"
        )


def _is_current(record: Record) -> bool:
    """Return whether the weights still give the net inputs."""
    for layer, senders, zs in zip(
        record.mlp.layers, [record.inputs, *record.activations], record.net_inputs, strict=False
    ):
        for neuron, z in zip(layer.neurons, zs, strict=True):
            terms = [w.data * x.data for w, x in zip(neuron.weights, senders, strict=True)]
            terms.append(neuron.bias.data if neuron.bias is not None else 0.0)
            if not math.isclose(math.fsum(terms), z.data, rel_tol=1e-9, abs_tol=1e-12 * max(map(abs, terms))):
                return False
    return True


class _Solution:
    """A solution as it is written; l, i, j and k count from 1, as the symbols do."""

    def __init__(
        self, record: Record, loss: Value | None, learning_rate: float | None, convention: Convention, digits: int
    ) -> None:
        self.record, self.loss, self.rate, self.convention = record, loss, learning_rate, convention
        self.layers, self.sizes = record.mlp.layers, record.mlp.sizes
        self.depth = len(self.layers)
        self.known = known_loss(loss, record) if loss is not None else None
        self.sheet = Sheet(digits)

    def derivation(self) -> Derivation:
        """Return the whole."""
        sizes = " – ".join(map(str, self.sizes))
        sections = [Section("Given", [self.convention.reading, *self._given()])]
        sections.append(Section("1. Forward pass"))
        sections += [self._forward(l) for l in range(1, self.depth + 1)]
        sections.append(Section("2. Loss", self._loss()))
        sections.append(Section("3. Deltas, from the output back"))
        sections += [self._deltas(l) for l in range(self.depth, 0, -1)]
        sections.append(Section("4. Gradients: the receiver's delta times what the sender sends", self._remark()))
        sections += [Section(self._title(l), [self._gradients(l)], 3) for l in range(self.depth, 0, -1)]
        if self.rate is not None:
            sections.append(Section("5. Updates, after all gradients are taken", [self.convention.rule]))
            sections += [Section(self._title(l), self._updates(l, self.rate), 3) for l in range(self.depth, 0, -1)]
        return Derivation(f"One training step of a {sizes} network", sections)

    # Leaves: each call gives a new one.

    def z(self, l: int, j: int) -> Value:
        return self.sheet.value(self.convention.z(l, j), self.record.net_inputs[l - 1][j - 1].data)

    def a(self, l: int, j: int) -> Value:
        return self.sheet.value(self.convention.a(l, j), self.record.activations[l - 1][j - 1].data)

    def sent(self, l: int, i: int) -> Value:
        senders = self.record.activations[l - 2] if l > 1 else self.record.inputs
        return self.sheet.value(self.convention.sent(l, i), senders[i - 1].data)

    def w(self, l: int, i: int, j: int) -> Value:
        weight = self.layers[l - 1].neurons[j - 1].weights[i - 1]
        return self.sheet.value(self.convention.w(l, i, j), weight.data)

    def b(self, l: int, j: int) -> Value:
        bias = self.layers[l - 1].neurons[j - 1].bias
        return self.sheet.value(self.convention.b(l, j), bias.data if bias is not None else 0.0)

    def d(self, l: int, j: int) -> Value:
        return self.sheet.value(self.convention.delta(l, j), self._delta(l, j))

    def _delta(self, l: int, j: int) -> float:
        return self.convention.sign * self.record.net_inputs[l - 1][j - 1].grad + 0.0

    # The sections.

    def _title(self, l: int) -> str:
        activation = self.layers[l - 1].activation
        kind = activation if isinstance(activation, str) else ", ".join(activation[:6])
        return f"Layer {l}{', the output' if l == self.depth else ''} ({kind})"

    def _each(self, count: int, equation: Callable[[int], Equation]) -> list[Equation]:
        """Return an equation for each place from 1, the middle ones left out where they are many."""
        shown = [k + 1 for k in places(count) if k is not None]
        return listed(map(equation, shown), count - len(shown))

    def _given(self) -> list[str | list[Equation]]:
        c, sheet = self.convention, self.sheet
        block = [self._tuple([c.x(i + 1) for i in range(self.sizes[0])], [x.data for x in self.record.inputs])]
        if self.known:
            of_class = self.known.of_class
            symbols = [(c.in_class if of_class else c.y)(k + 1) for k in range(self.sizes[-1])]
            block.append(self._tuple(symbols, self.known.targets))
        if self.rate is not None:
            block.append(Equation(c.eta, [sheet.numeral(self.rate)]))
        return [block, f"Numbers are written with {sheet.digits} digits, and computed with all."]

    def _tuple(self, symbols: list[Symbol], numbers: list[float]) -> Equation:
        def row(items: list[Symbol]) -> Symbol:
            shown = [Symbol(r"\dots", "…") if i is None else items[i] for i in places(len(items))]
            latex, text = ", ".join(x.latex for x in shown), ", ".join(x.text for x in shown)
            return Symbol(rf"({latex})", f"({text})") if len(items) > 1 else shown[0]

        return Equation(row(symbols), [row([self.sheet.numeral(x) for x in numbers])])

    def _forward(self, l: int) -> Section:
        count = self.sizes[l]
        sums = self._each(count, lambda j: self._net_input(l, j))
        return Section(self._title(l), [sums, self._each(count, lambda j: self._activation(l, j))], 3)

    def _net_input(self, l: int, j: int) -> Equation:
        c = self.convention
        senders = range(1, self.sizes[l - 1] + 1)
        terms = self.sheet.sum([c.net_term(self.w(l, i, j), self.sent(l, i)) for i in senders])
        if self.layers[l - 1].neurons[j - 1].bias is not None:
            terms = unevaluated("add", terms, self.b(l, j))
        return self.sheet.equation(c.z(l, j), terms, result=self.record.net_inputs[l - 1][j - 1].data)

    def _activation(self, l: int, j: int) -> Equation:
        a, z = self.record.activations[l - 1][j - 1], self.record.net_inputs[l - 1][j - 1]
        symbol, leaf, numbers = self.convention.a(l, j), self.z(l, j), None
        if self.layers[l - 1].softmax:
            return self._share(symbol, l, j, a.data)
        if a is z or a.operation is None:
            return self.sheet.equation(symbol, leaf, result=a.data)
        if a.operation.name == "sigmoid":
            power = unevaluated("exp", Value(-z.data))
            numbers = unevaluated("div", Value(1.0), unevaluated("add", Value(1.0), power))
        return self.sheet.equation(
            symbol, unevaluated(a.operation, leaf, *a.operands[1:]), numbers=numbers, result=a.data
        )

    def _share(self, symbol: Symbol, l: int, k: int, result: float) -> Equation:
        """Return a softmax's output."""
        powers = self.sheet.sum([unevaluated("exp", self.z(l, i + 1)) for i in range(self.sizes[l])])
        return self.sheet.equation(
            symbol, unevaluated("div", unevaluated("exp", self.z(l, k)), powers), result=result
        )

    # The loss and the output's deltas.

    def _loss(self) -> list[str | list[Equation]]:
        if self.loss is None:
            return [
                "The record does not know its loss, only the derivatives that backward() left. "
                "Give loss=loss, and it is derived too."
            ]
        symbol = self.convention.C
        parts: list[str | list[Equation]] = []
        if self.known:
            parts.append(f"It is the {self.known.title}.")
            expression = self._written_loss(self.known).whole()
        else:
            expression = self._own(self.loss)
        parts.append([self._equation_of_own(symbol, expression, self.loss.data)])
        return parts

    def _equation_of_own(self, symbol: Symbol, expression: Value, result: float) -> Equation:
        """Return an equation, without the expression where that is too long to read."""
        try:
            equation = self.sheet.equation(symbol, expression, result=result)
        except ValueError:  # too long even to write
            return Equation(symbol, [self.sheet.numeral(result)])
        fits = self.known or max(len(side.text) for side in equation.sides) <= LONGEST
        return equation if fits else Equation(symbol, [self.sheet.numeral(result)])

    def _own(self, expression: Value) -> Value:
        """Return an expression of the caller's own, in which the outputs have their symbols."""
        for k in range(1, self.sizes[-1] + 1):
            l = self.depth
            self.sheet.symbols[self.record.net_inputs[-1][k - 1]] = self.convention.z(l, k)
            self.sheet.symbols[self.record.output[k - 1]] = self.convention.a(l, k)
        return expression

    def _written_loss(self, known: KnownLoss) -> WrittenLoss:
        c, l, outputs = self.convention, self.depth, range(1, self.sizes[-1] + 1)
        target = c.in_class if known.of_class else c.y
        predictions = [(self.z if known.of_net_inputs else self.a)(l, k) for k in outputs]
        targets = [self.sheet.value(target(k), known.targets[k - 1]) for k in outputs]
        return WrittenLoss(known, c, self.sheet, predictions, targets)

    def _deltas(self, l: int) -> Section:
        count, c = self.sizes[l], self.convention
        parts: list[str | list[Equation]] = []
        if l == self.depth:
            parts = self._output_deltas()
        else:
            parts.append(self._each(count, lambda j: self._blame(l, j)))
            parts += self._through_activations(l)
        return Section(self._title(l), parts, 3)

    def _blame(self, l: int, j: int) -> Equation:
        """Return the sum over the receivers of a hidden neuron."""
        c, receivers = self.convention, range(1, self.sizes[l + 1] + 1)
        terms = self.sheet.sum([c.blame_term(self.w(l + 1, j, k), self.d(l + 1, k)) for k in receivers])
        return self.sheet.equation(c.blame(l, j), terms, result=self._blamed(l, j))

    def _blamed(self, l: int, j: int) -> float:
        return self.convention.sign * self.record.activations[l - 1][j - 1].grad + 0.0

    def _output_deltas(self) -> list[str | list[Equation]]:
        l, count, c = self.depth, self.sizes[-1], self.convention
        softmax = self.layers[-1].softmax
        blames = any(a.grad for a in self.record.output)
        if self.known and self.known.of_class and (softmax or self.known.of_net_inputs):
            return self._class_deltas(self.known, softmax)
        if self.known and self.known.of_net_inputs and not self._is_identity(l):
            written = self._written_loss(self.known)
            block = self._each(
                count, lambda k: self.sheet.equation(c.delta(l, k), written.slope(k - 1), result=self._delta(l, k))
            )
            return ["The loss takes the net inputs, so its derivative is the delta.", block]
        if not blames and any(z.grad for z in self.record.net_inputs[-1]):
            left = self._each(count, lambda k: Equation(c.delta(l, k), [self.sheet.numeral(self._delta(l, k))]))
            return ["The loss reads the net inputs; its derivatives are what backward() left there.", left]
        parts: list[str | list[Equation]] = [self._each(count, self._output_blame)]
        if softmax:
            terms = [unevaluated("mul", self.a(l, k), self._blame_leaf(l, k)) for k in range(1, count + 1)]
            mean = math.fsum(a.data * self._blamed(l, k) for k, a in enumerate(self.record.output, 1))
            s = Symbol("s", "s")
            parts.append("Every output depends on every net input; the mean of the derivatives, weighted by the shares:")
            parts.append([self.sheet.equation(s, self.sheet.sum(terms), result=mean)])

            def delta(k: int) -> Equation:
                difference = unevaluated("sub", self._blame_leaf(l, k), self.sheet.value(s, mean))
                product = unevaluated("mul", self.a(l, k), difference)
                return self.sheet.equation(c.delta(l, k), product, result=self._delta(l, k))

            parts.append(self._each(count, delta))
            return parts
        return parts + self._through_activations(l)

    def _output_blame(self, k: int) -> Equation:
        """Return the derivative of the loss to an output."""
        symbol, result = self.convention.blame(self.depth, k), self._blamed(self.depth, k)
        if self.known and not self.known.of_class:
            return self.sheet.equation(symbol, self._written_loss(self.known).slope(k - 1), result=result)
        if self.known:  # the cross entropy of probabilities that no softmax made
            return Equation(symbol, [self.sheet.numeral(result)])
        if self.loss is None:
            return Equation(symbol, [self.sheet.numeral(result)])
        slope = self._own(self.loss.derivative(self.record.output[k - 1]))
        if self.convention.sign < 0.0:
            slope = unevaluated("neg", slope)
        return self._equation_of_own(symbol, slope, result)

    def _class_deltas(self, known: KnownLoss, softmax: bool) -> list[str | list[Equation]]:
        """Return the deltas of softmax and cross entropy together: the share less 1 for the right class."""
        c, l, count = self.convention, self.depth, self.sizes[-1]
        parts: list[str | list[Equation]] = ["Softmax and cross entropy together leave a difference."]
        highest = max(z.data for z in self.record.net_inputs[-1])
        powers = [math.exp(z.data - highest) for z in self.record.net_inputs[-1]]
        shares = [power / math.fsum(powers) for power in powers]
        if not softmax:
            parts.append(self._each(count, lambda k: self._share(c.p(k), l, k, shares[k - 1])))
        symbols = [c.a(l, k) if softmax else c.p(k) for k in range(1, count + 1)]
        predictions = [self.sheet.value(symbol, p) for symbol, p in zip(symbols, shares, strict=True)]
        targets = [self.sheet.value(c.in_class(k + 1), t) for k, t in enumerate(known.targets)]
        written = WrittenLoss(known, c, self.sheet, predictions, targets)
        parts.append(
            self._each(
                count, lambda k: self.sheet.equation(c.delta(l, k), written.slope(k - 1), result=self._delta(l, k))
            )
        )
        return parts

    # From a derivative to an activation to a delta.

    def _is_identity(self, l: int) -> bool:
        pairs = zip(self.record.activations[l - 1], self.record.net_inputs[l - 1], strict=True)
        return all(a is z for a, z in pairs) and not self.layers[l - 1].softmax

    def _blame_leaf(self, l: int, j: int) -> Value:
        return self.sheet.value(self.convention.blame(l, j), self._blamed(l, j))

    def _through_activations(self, l: int) -> list[str | list[Equation]]:
        count, c = self.sizes[l], self.convention
        if self._is_identity(l):
            return [
                self._each(
                    count, lambda j: self.sheet.equation(c.delta(l, j), self._blame_leaf(l, j), result=self._delta(l, j))
                )
            ]

        def delta(j: int) -> Equation:
            slope = self.sheet.value(c.slope(l, j), self._slope(l, j))
            product = unevaluated("mul", self._blame_leaf(l, j), slope)
            return self.sheet.equation(c.delta(l, j), product, result=self._delta(l, j))

        return [self._each(count, lambda j: self._slope_equation(l, j)), self._each(count, delta)]

    def _slope(self, l: int, j: int) -> float:
        a, z = self.record.activations[l - 1][j - 1], self.record.net_inputs[l - 1][j - 1]
        return 1.0 if a is z or a.operation is None else a.partials()[0]

    def _slope_equation(self, l: int, j: int) -> Equation:
        a = self.record.activations[l - 1][j - 1]
        symbol, result, z = self.convention.slope(l, j), self._slope(l, j), self.z(l, j)
        if a is self.record.net_inputs[l - 1][j - 1] or a.operation is None:
            return Equation(symbol, [self.sheet.numeral(1.0)])
        if a.operation.name in SLOPES:
            return self.sheet.equation(symbol, SLOPES[a.operation.name](z, self.a(l, j)), result=result)
        again = a.operation.record((z, *a.operands[1:]))
        self.sheet.symbols[again] = self.convention.a(l, j)
        return self.sheet.equation(symbol, again.derivative(z), result=result)

    # Gradients and updates.

    def _remark(self) -> list[str | list[Equation]]:
        """Say where the weights' gradients hold more than this record's share."""
        for l, (layer, zs) in enumerate(zip(self.layers, self.record.net_inputs, strict=True), 1):
            senders = self.record.activations[l - 2] if l > 1 else self.record.inputs
            for neuron, z in zip(layer.neurons, zs, strict=True):
                for w, x in zip(neuron.weights, senders, strict=True):
                    if not math.isclose(w.grad, z.grad * x.data, rel_tol=1e-9, abs_tol=1e-15):
                        return [
                            "The weights hold other gradients than this example's, which are written here: earlier "
                            "calls of backward() were added, zero_grad() has been called, or the loss reads the weights."
                        ]
        return []

    def _per_weight(
        self, l: int, of_weight: Callable[[int, int], list[Equation]], of_bias: Callable[[int], list[Equation]]
    ) -> list[Equation]:
        """Return the equations of a layer's parameters, receiver by receiver."""
        block: list[Equation] = []
        columns, rows = places(self.sizes[l]), places(self.sizes[l - 1])
        for j in columns:
            if j is None:
                block.append(Equation(Symbol(r"\vdots", f"… {self.sizes[l] - 4} more receivers")))
                continue
            for i in rows:
                if i is None:
                    block.append(Equation(Symbol(r"\vdots", f"… {self.sizes[l - 1] - 4} more")))
                else:
                    block += of_weight(i + 1, j + 1)
            if self.layers[l - 1].neurons[j].bias is not None:
                block += of_bias(j + 1)
        return block

    def _gradient(self, l: int, i: int, j: int) -> float:
        senders = self.record.activations[l - 2] if l > 1 else self.record.inputs
        return self._delta(l, j) * senders[i - 1].data

    def _gradients(self, l: int) -> list[Equation]:
        c, sheet = self.convention, self.sheet

        def weight(i: int, j: int) -> list[Equation]:
            product = c.gradient(self.d(l, j), self.sent(l, i))
            return [sheet.equation(c.weight_gradient(l, i, j), product, result=self._gradient(l, i, j))]

        def bias(j: int) -> list[Equation]:
            return [sheet.equation(c.bias_gradient(l, j), self.d(l, j), result=self._delta(l, j))]

        return self._per_weight(l, weight, bias)

    def _updates(self, l: int, rate: float) -> list[str | list[Equation]]:
        """Return the updates of a layer; where a delta is −∂C/∂z, the changes first, which are then added."""
        c, sheet = self.convention, self.sheet

        def eta() -> Value:
            return sheet.value(c.eta, rate)

        def updated(w: Value, symbol: Symbol, g: float) -> list[Equation]:
            if c.sign > 0.0:
                factor = unevaluated("div", eta(), sheet.value(c.examples, 1.0)) if c.examples else eta()
                moved = unevaluated("sub", w, unevaluated("mul", factor, sheet.value(symbol, g)))
            else:
                moved = unevaluated("add", w, sheet.value(_change(sheet.symbols[w]), rate * g))
            (latex, text), name = sheet.written(moved), sheet.symbols[w]
            left = Symbol(rf"{name.latex} \leftarrow {latex}", f"{name.text} ← {text}")
            return [Equation(left, [sheet.in_numbers(moved), sheet.numeral(w.data - c.sign * rate * g)])]

        moves = self._per_weight(
            l,
            lambda i, j: updated(self.w(l, i, j), c.weight_gradient(l, i, j), self._gradient(l, i, j)),
            lambda j: updated(self.b(l, j), c.bias_gradient(l, j), self._delta(l, j)),
        )
        if c.sign > 0.0:
            return [moves]

        def change(w: Value, product: Value, g: float) -> list[Equation]:
            return [sheet.equation(_change(sheet.symbols[w]), product, result=rate * g)]

        def part(l: int, j: int) -> Value:
            return unevaluated("mul", eta(), self.d(l, j))

        changes = self._per_weight(
            l,
            lambda i, j: change(
                self.w(l, i, j), unevaluated("mul", part(l, j), self.sent(l, i)), self._gradient(l, i, j)
            ),
            lambda j: change(self.b(l, j), part(l, j), self._delta(l, j)),
        )
        return [changes, moves]


def _change(w: Symbol) -> Symbol:
    return Symbol(rf"\Delta {w.latex}", f"Δ{w.text}")
