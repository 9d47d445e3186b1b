"""The middle of a worked solution: the loss, and from it the deltas of the output.

A loss of the package is written as in textbooks, and one of the caller's own as its graph says, where that is short.
Without a loss, its derivatives are those that `backward()` left in the record.

Letters: n layer, k output, from 1; z net input, a activation, p probability, s the mean that a softmax subtracts.
"""

from __future__ import annotations

import math

from autograd import Value, softmax
from viz.solutions.equations import LINE_WIDTH, Equation, Formula, Part, unevaluated
from viz.solutions.losses import KnownLoss, WrittenLoss, known_loss
from viz.solutions.step_numbers import StepNumbers

#: in characters; of a longer one, or of a longer derivative of it, only the number is shown
MAX_LENGTH_OF_OWN_LOSS = 90


class OutputDeltas:
    """The loss of a step, if it is given, and the deltas of the output.

    Args:
        step: The numbers of the step.
        loss: The Value that `backward()` was called on.
    """

    def __init__(self, step: StepNumbers, loss: Value | None) -> None:
        self.step, self.loss = step, loss
        self.record, self.convention, self.sheet = step.record, step.convention, step.sheet
        self.layers, self.sizes, self.depth = step.layers, step.sizes, step.depth
        self.known = known_loss(loss, step.record) if loss is not None else None

    def loss_parts(self) -> list[Part]:
        """Return the section on the loss."""
        if self.loss is None:
            return [
                "The loss was not given; its derivatives are those that backward() left. To show it, pass loss=loss."
            ]
        if self.known:
            written, C = self._written(self.known), self.convention.C
            equation = self.sheet.equation(C, written.whole(), result=self.loss.data)
            title = f"The loss is {self.known.title}."
            if self.known.of_class or max(len(side.text) for side in equation.sides) <= LINE_WIDTH:
                return [title, [equation]]
            return [title, *self._of_each_output(written, self.loss.data)]
        equation = self._own(self.convention.C, self.loss, self.loss.data)
        return [[equation], *(["Its formula is too long to show."] if len(equation.sides) == 1 else [])]

    def _of_each_output(self, written: WrittenLoss, result: float) -> list[Part]:
        """Return the loss of each output, and the whole as their sum or mean."""
        losses = written.each()
        symbols = [self.convention.loss(k) for k in range(1, len(losses) + 1)]
        whole = written.of_each([self.sheet.value(C_k, x) for C_k, (_, x) in zip(symbols, losses, strict=True)])

        def of_output(k: int) -> Equation:
            expression, number = losses[k - 1]
            return self.sheet.equation(symbols[k - 1], expression, result=number)

        return [self.step.each(len(losses), of_output), [self.sheet.equation(self.convention.C, whole, result=result)]]

    def output_deltas(self) -> list[Part]:
        """Return the derivatives with respect to the outputs, and the deltas."""
        n, count = self.depth, self.sizes[-1]
        of_softmax = self.layers[-1].softmax
        if self.known and self._is_of_softmax(self.known):
            return self._class_deltas(self.known)
        if self.known and self.known.of_net_inputs and not self.step.is_identity(n):
            written = self._written(self.known)
            deltas = self.step.each(count, lambda k: self._delta(k, written.slope(k - 1)))
            return [
                "The loss is a function of the net inputs, so its derivatives with respect to them are the deltas.",
                deltas,
            ]
        if not self.step.leads_to_deltas(n):
            direct = "The loss depends on the net inputs themselves; the deltas are those that backward() left."
            return [direct, self.step.each(count, self._delta)]
        gradients = self.step.each(count, self._output_gradient)
        return [gradients, *(self._through_softmax() if of_softmax else self.step.through_activations(n))]

    def _is_of_softmax(self, known: KnownLoss) -> bool:
        """Return whether a loss is the cross-entropy of the softmax of the net inputs."""
        if known.name == "cross_entropy":
            return self.layers[-1].softmax and not known.of_net_inputs
        return known.name == "softmax_cross_entropy" and (known.of_net_inputs or self.step.is_identity(self.depth))

    def _delta(self, k: int, *expressions: Value) -> Equation:
        n = self.depth
        return self.sheet.equation(self.convention.delta(n, k), *expressions, result=self.step.delta(n, k))

    def _output_gradient(self, k: int) -> Equation:
        """Return the derivative of the loss with respect to an output."""
        n = self.depth
        symbol, result = self.convention.activation_gradient(n, k), self.step.activation_gradient(n, k)
        if self.known and self.known.name != "softmax_cross_entropy":
            return self.sheet.equation(symbol, self._written(self.known).slope(k - 1), result=result)
        if self.known or self.loss is None:
            return self.sheet.equation(symbol, result=result)
        slope = self.loss.derivative(self.record.output[k - 1])
        return self._own(symbol, slope if self.convention.sign > 0.0 else unevaluated("neg", slope), result)

    def _written(self, known: KnownLoss) -> WrittenLoss:
        """Return the loss's formulas, of the outputs or of their net inputs."""
        c, n, outputs = self.convention, self.depth, range(1, self.sizes[-1] + 1)
        predictions = [(self.step.z if known.of_net_inputs else self.step.a)(n, k) for k in outputs]
        return WrittenLoss(known, c, self.sheet, predictions, self._targets(known))

    def _targets(self, known: KnownLoss) -> list[Value]:
        symbol = self.convention.in_class if known.of_class else self.convention.y
        return [self.sheet.value(symbol(k), t) for k, t in enumerate(known.targets, 1)]

    def _own(self, symbol: Formula, expression: Value, result: float) -> Equation:
        """Return an expression of the outputs that is the caller's own, or its number alone where it is too long."""
        outputs = zip(self.record.net_inputs[-1], self.record.output, strict=True)
        for k, (z, a) in enumerate(outputs, 1):
            self.sheet.symbols[z] = self.convention.z(self.depth, k)
            self.sheet.symbols[a] = self.convention.a(self.depth, k)
        number = self.sheet.equation(symbol, result=result)
        try:
            equation = self.sheet.equation(symbol, expression, result=result)
        except ValueError:  # of more characters than a formula may have
            return number
        return equation if max(len(side.text) for side in equation.sides) <= MAX_LENGTH_OF_OWN_LOSS else number

    def _class_deltas(self, known: KnownLoss) -> list[Part]:
        """Return the deltas of a softmax followed by cross-entropy: probabilities, less 1 for the right class."""
        c, n, count = self.convention, self.depth, self.sizes[-1]
        shares: list[float] = softmax([z.data for z in self.record.net_inputs[-1]])
        parts: list[Part] = [
            "For a softmax followed by cross-entropy, each delta is a difference: probability and target."
        ]
        is_output = self.layers[-1].softmax
        if not is_output:
            parts.append(self.step.each(count, lambda k: self.step.softmax_output(c.p(k), k, shares[k - 1])))
        symbols = [c.a(n, k) if is_output else c.p(k) for k in range(1, count + 1)]
        probabilities = [self.sheet.value(symbol, p) for symbol, p in zip(symbols, shares, strict=True)]
        written = WrittenLoss(known, c, self.sheet, probabilities, self._targets(known))
        return [*parts, self.step.each(count, lambda k: self._delta(k, written.difference(k - 1)))]

    def _through_softmax(self) -> list[Part]:
        """Return the deltas of a softmax: aₖ times the difference of ∂C/∂aₖ and the mean s = Σ a ∂C/∂a."""
        n, s = self.depth, Formula("s", "s")
        terms = [unevaluated("mul", self.step.a(n, k), self.step.g(n, k)) for k in range(1, self.sizes[-1] + 1)]
        mean = math.fsum(a.data * self.step.activation_gradient(n, k) for k, a in enumerate(self.record.output, 1))

        def delta(k: int) -> Equation:
            difference = unevaluated("sub", self.step.g(n, k), self.sheet.value(s, mean))
            return self._delta(k, unevaluated("mul", self.step.a(n, k), difference))

        return [
            "Each output of a softmax depends on all net inputs; $s$ is the mean derivative, weighted by the outputs.",
            [self.sheet.equation(s, self.sheet.sum(terms), result=mean)],
            self.step.each(self.sizes[-1], delta),
        ]
