"""The worked solution of one training step, in the order in which a student writes it.

The forward pass, the loss, the deltas from the output back, the gradients, the updates. The expressions are written
anew with the symbols of a convention; every result is the record's own number.

Letters: n layer, i sender, j receiver, k output, all from 1; z net input, a activation, w weight, b bias, d a delta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from autograd import Value, topological_order
from nn.validation import real
from viz.solutions.equations import Derivation, Equation, Formula, Part, Section, Sheet, gap, places, unevaluated
from viz.solutions.notations import convention_of
from viz.solutions.output_deltas import OutputDeltas
from viz.solutions.step_numbers import StepNumbers, is_sum

if TYPE_CHECKING:
    from nn import Record


def training_step(
    record: Record, loss: Value | None, learning_rate: float | None, convention: str, digits: int
) -> TrainingStep:
    """Return the worked solution of a record's step; the arguments are those of `derivation`."""
    notation = convention_of(convention, record.mlp.sizes)
    if learning_rate is not None:
        learning_rate = real(learning_rate, "learning_rate", "a positive number")
    step = StepNumbers(record, notation, digits)
    solution = TrainingStep(step, OutputDeltas(step, loss), learning_rate)
    solution.check()
    return solution


def check_loss(record: Record, loss: Value | None) -> None:
    """Raise ValueError where no gradient has reached the record, or the loss belongs to another pass."""
    if loss is not None:
        if not isinstance(loss, Value):
            raise TypeError(f"loss is {loss!r:.80}; give the Value that backward() was called on")
        if set(topological_order(loss)).isdisjoint([*record.output, *record.net_inputs[-1]]):
            raise ValueError("the loss was not computed from this record's output; give that of the same forward pass")
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


class TrainingStep:
    """The worked solution of a training step.

    Args:
        step: The numbers of the step.
        output: Its loss and the deltas of the output.
        rate: The learning rate of the updates; without it there are none.
    """

    def __init__(self, step: StepNumbers, output: OutputDeltas, rate: float | None) -> None:
        self.step, self.output, self.rate = step, output, rate
        self.record, self.convention, self.sheet = step.record, step.convention, step.sheet
        self.layers, self.sizes, self.depth = step.layers, step.sizes, step.depth

    def derivation(self) -> Derivation:
        """Return the whole."""
        sizes = " – ".join(map(str, self.sizes))
        sections = [Section("Given", [self.convention.reading, *self._given()])]
        sections.append(Section("1. Forward pass"))
        sections += [self.forward(n) for n in range(1, self.depth + 1)]
        sections.append(Section("2. Loss", self.output.loss_parts()))
        sections.append(Section("3. Deltas, from the output back"))
        sections += [self.deltas(n) for n in range(self.depth, 0, -1)]
        sections.append(Section("4. Gradients: the receiver's delta times the sender's output", self._remark()))
        sections += [Section(self.step.title(n), [self._gradients(n)], 3) for n in range(self.depth, 0, -1)]
        if self.rate is not None:
            sections.append(Section("5. Updates, once all gradients are known", [self.convention.rule]))
            sections += [Section(self.step.title(n), self._updates(n, self.rate), 3) for n in range(self.depth, 0, -1)]
        return Derivation(f"One training step of a {sizes} network", sections)

    def check(self) -> None:
        """Raise ValueError where the deltas do not follow from the weights and activations."""
        for n in range(1, self.depth + 1):
            right = all(self._is_sum_of_senders(n, j) for j in range(1, self.sizes[n] + 1))
            if n < self.depth:
                right = right and self.step.leads_to_deltas(n)
                right = right and all(self._is_sum_of_receivers(n, j) for j in range(1, self.sizes[n] + 1))
            if not right:
                raise ValueError(
                    "the record's deltas do not follow from its weights and activations: either the weights have "
                    "changed since the forward pass, so take the derivation before the update; or the loss depends on "
                    "more than record.output, so derive the loss itself with derivation(loss)"
                )

    def _is_sum_of_senders(self, n: int, j: int) -> bool:
        neuron = self.layers[n - 1].neurons[j - 1]
        terms = [w.data * x.data for w, x in zip(neuron.weights, self.step.senders(n), strict=True)]
        bias = 0.0 if neuron.bias is None else neuron.bias.data
        return is_sum([*terms, bias], self.record.net_inputs[n - 1][j - 1].data)

    def _is_sum_of_receivers(self, n: int, j: int) -> bool:
        receivers = zip(self.layers[n].neurons, self.record.net_inputs[n], strict=True)
        terms = [neuron.weights[j - 1].data * z.grad for neuron, z in receivers]
        return is_sum(terms, self.record.activations[n - 1][j - 1].grad)

    def _given(self) -> list[Part]:
        c, sheet = self.convention, self.sheet
        [block] = self.given_inputs()
        if self.output.known and self.output.known.of_class and c.label:
            block.append(Equation(c.label, [sheet.numeral(self.output.known.targets.index(1.0) + 1.0)]))
        elif self.output.known:
            of_class = self.output.known.of_class
            symbols = [(c.in_class if of_class else c.y)(k + 1) for k in range(self.sizes[-1])]
            block.append(self._tuple(symbols, self.output.known.targets))
        if self.rate is not None:
            block.append(Equation(c.eta, [sheet.numeral(self.rate)]))
        return [block, f"Numbers are shown to {sheet.digits} significant digits and computed to full precision."]

    def _tuple(self, symbols: list[Formula], numbers: list[float]) -> Equation:
        def row(items: list[Formula]) -> Formula:
            shown = [Formula(r"\dots", "…") if i is None else items[i] for i in places(len(items))]
            latex, text = ", ".join(x.latex for x in shown), ", ".join(x.text for x in shown)
            return Formula(rf"({latex})", f"({text})") if len(items) > 1 else shown[0]

        return Equation(row(symbols), [row([self.sheet.numeral(x) for x in numbers])])

    def given_inputs(self) -> list[list[Equation]]:
        """Return the inputs."""
        return [
            [
                self._tuple(
                    [self.convention.x(i + 1) for i in range(self.sizes[0])], [x.data for x in self.record.inputs]
                )
            ]
        ]

    def forward(self, n: int) -> Section:
        """Return the forward pass of a layer."""
        count = self.sizes[n]
        sums = self.step.each(count, lambda j: self._net_input(n, j))
        return Section(self.step.title(n), [sums, self.step.each(count, lambda j: self._activation(n, j))], 3)

    def _net_input(self, n: int, j: int) -> Equation:
        c = self.convention
        senders = range(1, self.sizes[n - 1] + 1)
        terms = self.sheet.sum([c.forward_term(self.step.parameter(n, i, j), self.step.sent(n, i)) for i in senders])
        if self.layers[n - 1].neurons[j - 1].bias is not None:
            terms = unevaluated("add", terms, self.step.parameter(n, None, j))
        return self.sheet.equation(c.z(n, j), terms, result=self.record.net_inputs[n - 1][j - 1].data)

    def _activation(self, n: int, j: int) -> Equation:
        a, z = self.record.activations[n - 1][j - 1], self.record.net_inputs[n - 1][j - 1]
        symbol, leaf, numbers = self.convention.a(n, j), self.step.z(n, j), None
        if self.layers[n - 1].softmax:
            return self.step.softmax_output(symbol, j, a.data)
        if a is z or a.operation is None:
            return self.sheet.equation(symbol, leaf, result=a.data)
        if a.operation.name == "sigmoid":
            power = unevaluated("exp", Value(-z.data))
            numbers = unevaluated("div", Value(1.0), unevaluated("add", Value(1.0), power))
        again = unevaluated(a.operation, leaf, *a.operands[1:])
        return self.sheet.equation(symbol, again, numbers=numbers, result=a.data)

    def deltas(self, n: int) -> Section:
        """Return the deltas of a layer."""
        if n == self.depth:
            return Section(self.step.title(n), self.output.output_deltas(), 3)
        sums = self.step.each(self.sizes[n], lambda j: self._sum(n, j))
        return Section(self.step.title(n), [sums, *self.step.through_activations(n)], 3)

    def _sum(self, n: int, j: int) -> Equation:
        """Return the derivative with respect to a hidden activation, the sum over its receivers."""
        c, receivers = self.convention, range(1, self.sizes[n + 1] + 1)
        terms = [c.backward_term(self.step.parameter(n + 1, j, k), self.step.d(n + 1, k)) for k in receivers]
        result = self.step.activation_gradient(n, j)
        return self.sheet.equation(c.activation_gradient(n, j), self.sheet.sum(terms), result=result)

    def _remark(self) -> list[Part]:
        """Return a remark where the weights' grad is not the gradient of this record alone."""
        for n, (layer, zs) in enumerate(zip(self.layers, self.record.net_inputs, strict=True), 1):
            for neuron, z in zip(layer.neurons, zs, strict=True):
                for w, x in zip(neuron.weights, self.step.senders(n), strict=True):
                    if not math.isclose(w.grad, z.grad * x.data, rel_tol=1e-9, abs_tol=1e-15):
                        which = "gradients and updates" if self.rate is not None else "gradients"
                        why = (
                            "backward() was called before, zero_grad() since, or the loss depends on the weights itself"
                        )
                        return [f"These {which} are of this example alone. The grad of the weights differs: {why}."]
        return []

    def parameters(self, n: int, equation: Callable[[int | None, int], Equation]) -> list[Equation]:
        """Return an equation for each weight (i, j) and bias (None, j) of a layer, receiver by receiver."""
        block: list[Equation] = []
        inputs, neurons = self.sizes[n - 1], self.sizes[n]
        for j in places(neurons):
            if j is None:
                block.append(gap(neurons, "receivers"))
                continue
            block += [gap(inputs) if i is None else equation(i + 1, j + 1) for i in places(inputs)]
            if self.layers[n - 1].neurons[j].bias is not None:
                block.append(equation(None, j + 1))
        return block

    def _gradients(self, n: int) -> list[Equation]:
        def gradient(i: int | None, j: int) -> Equation:
            product = self.times_sent(self.step.d(n, j), n, i)
            return self.sheet.equation(self.symbol(n, i, j), product, result=self.step.gradient(n, i, j))

        return self.parameters(n, gradient)

    def symbol(self, n: int, i: int | None, j: int) -> Formula:
        """Return the symbol of a weight's gradient, or a bias's where there is no sender."""
        c = self.convention
        return c.bias_gradient(n, j) if i is None else c.weight_gradient(n, i, j)

    def times_sent(self, d: Value, n: int, i: int | None) -> Value:
        """Return a delta times the output of a sender; alone for a bias."""
        return d if i is None else self.convention.gradient(d, self.step.sent(n, i))

    def _updates(self, n: int, rate: float) -> list[Part]:
        """Return the updates of a layer; where δ is −∂C/∂z, first the changes, which are then added."""
        c, sheet = self.convention, self.sheet

        def change(i: int | None, j: int) -> Equation:
            eta_delta = unevaluated("mul", sheet.value(c.rate, rate), self.step.d(n, j))
            symbol = _change(sheet.symbols[self.step.parameter(n, i, j)])
            return sheet.equation(symbol, self.times_sent(eta_delta, n, i), result=rate * self.step.gradient(n, i, j))

        def update(i: int | None, j: int) -> Equation:
            w, g = self.step.parameter(n, i, j), self.step.gradient(n, i, j)
            name = sheet.symbols[w]
            if c.sign > 0.0:
                step = unevaluated("mul", sheet.value(c.rate, rate), sheet.value(self.symbol(n, i, j), g))
                moved = unevaluated("sub", w, step)
            else:
                moved = unevaluated("add", w, sheet.value(_change(name), rate * g))
            latex, text = sheet.written(moved)
            left = Formula(rf"{name.latex} \leftarrow {latex}", f"{name.text} ← {text}")
            return Equation(left, [sheet.in_numbers(moved), moved_from(sheet, w.data, -c.sign * rate * g)])

        updates: list[Part] = [self.parameters(n, update)]
        return updates if c.sign > 0.0 else [self.parameters(n, change), *updates]


def moved_from(sheet: Sheet, w: float, change: float) -> Formula:
    """Return a parameter after its update, with enough digits to show the change."""
    more = math.log10(abs(w / change)) if w and change else 0.0
    return sheet.numeral(w + change, min(max(0, math.ceil(more)), 4))


def _change(w: Formula) -> Formula:
    return Formula(rf"\Delta {w.latex}", f"Δ{w.text}")
