"""The numbers of a training step, each with its symbol, as leaves of the expressions of a worked solution.

Letters: n layer, i sender, j receiver, k output, all from 1; z net input, a activation, w weight, b bias, d a delta,
g the derivative of the loss with respect to an activation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autograd import Value
from viz.solutions.equations import Equation, Formula, Part, Sheet, gap, places, unevaluated
from viz.solutions.local_derivatives import local_derivative
from viz.solutions.notations import Convention

if TYPE_CHECKING:
    from nn import Record


class StepNumbers:
    """The numbers of a record in the symbols of a convention; each call of a one-letter method returns a new leaf.

    Args:
        record: Of the forward pass, after `backward()`.
        convention: Whose symbols and signs.
        digits: That numbers are shown with.
    """

    def __init__(self, record: Record, convention: Convention, digits: int) -> None:
        self.record, self.convention, self.sheet = record, convention, Sheet(digits)
        self.layers, self.sizes, self.depth = record.mlp.layers, record.mlp.sizes, len(record.mlp.layers)

    def z(self, n: int, j: int) -> Value:
        """Return a net input."""
        return self.sheet.value(self.convention.z(n, j), self.record.net_inputs[n - 1][j - 1].data)

    def a(self, n: int, j: int) -> Value:
        """Return an activation."""
        return self.sheet.value(self.convention.a(n, j), self.record.activations[n - 1][j - 1].data)

    def sent(self, n: int, i: int) -> Value:
        """Return the output of a sender, which a layer receives."""
        return self.sheet.value(self.convention.sent(n, i), self.senders(n)[i - 1].data)

    def senders(self, n: int) -> list[Value]:
        """Return the Values of the record that a layer receives."""
        return self.record.activations[n - 2] if n > 1 else self.record.inputs

    def parameter(self, n: int, i: int | None, j: int) -> Value:
        """Return a weight; without a sender, a bias."""
        neuron = self.layers[n - 1].neurons[j - 1]
        if i is not None:
            return self.sheet.value(self.convention.w(n, i, j), neuron.weights[i - 1].data)
        return self.sheet.value(self.convention.b(n, j), neuron.bias.data if neuron.bias is not None else 0.0)

    def d(self, n: int, j: int) -> Value:
        """Return a delta."""
        return self.sheet.value(self.convention.delta(n, j), self.delta(n, j))

    def delta(self, n: int, j: int) -> float:
        """Return a delta's number."""
        return self.convention.sign * self.record.net_inputs[n - 1][j - 1].grad + 0.0  # + 0.0: no delta reads −0.0

    def activation_gradient(self, n: int, j: int) -> float:
        """Return the derivative with respect to an activation, with the sign of a delta."""
        return self.convention.sign * self.record.activations[n - 1][j - 1].grad + 0.0

    def g(self, n: int, j: int) -> Value:
        """Return the derivative with respect to an activation as a leaf."""
        return self.sheet.value(self.convention.activation_gradient(n, j), self.activation_gradient(n, j))

    def gradient(self, n: int, i: int | None, j: int) -> float:
        """Return the derivative with respect to a weight or bias, with the sign of a delta."""
        return self.delta(n, j) * (1.0 if i is None else self.senders(n)[i - 1].data)

    def is_identity(self, n: int) -> bool:
        """Return whether a layer's net inputs are its activations."""
        pairs = zip(self.record.activations[n - 1], self.record.net_inputs[n - 1], strict=True)
        return all(a is z for a, z in pairs)

    def leads_to_deltas(self, n: int) -> bool:
        """Return whether a layer's deltas follow from the derivatives with respect to its activations alone."""
        places = range(1, self.sizes[n] + 1)
        if not self.layers[n - 1].softmax:
            return all(is_sum([self.activation_gradient(n, j) * self.slope(n, j)], self.delta(n, j)) for j in places)
        pairs = [(a.data, self.activation_gradient(n, k)) for k, a in enumerate(self.record.activations[n - 1], 1)]
        return all(
            is_sum([a * g, *(-a * other * its_g for other, its_g in pairs)], self.delta(n, k))
            for k, (a, g) in enumerate(pairs, 1)
        )

    def each(self, count: int, equation: Callable[[int], Equation]) -> list[Equation]:
        """Return an equation for each place from 1, without the middle ones where there are many."""
        return [gap(count) if k is None else equation(k + 1) for k in places(count)]

    def title(self, n: int) -> str:
        """Return a layer's heading."""
        activation = self.layers[n - 1].activation
        names = activation if isinstance(activation, str) else ", ".join(dict.fromkeys(activation))
        return f"Layer {n - 1 + self.convention.first}{', the output' if n == self.depth else ''} ({names})"

    def softmax_output(self, symbol: Formula, k: int, result: float) -> Equation:
        """Return the equation of a softmax's output: its exponential divided by the sum of all."""
        powers = [unevaluated("exp", self.z(self.depth, i + 1)) for i in range(self.sizes[-1])]
        quotient = unevaluated("div", unevaluated("exp", self.z(self.depth, k)), self.sheet.sum(powers))
        return self.sheet.equation(symbol, quotient, result=result)

    def through_activations(self, n: int) -> list[Part]:
        """Return the slopes of a layer's activations, and the deltas: ∂C/∂a times the slope."""
        c, sheet = self.convention, self.sheet

        def delta(j: int) -> Equation:
            product = self.g(n, j)
            if not self.is_identity(n):
                product = unevaluated("mul", product, sheet.value(c.slope(n, j), self.slope(n, j)))
            return sheet.equation(c.delta(n, j), product, result=self.delta(n, j))

        slopes: list[Part] = [] if self.is_identity(n) else [self.each(self.sizes[n], lambda j: self._slope(n, j))]
        return [*slopes, self.each(self.sizes[n], delta)]

    def slope(self, n: int, j: int) -> float:
        """Return an activation's derivative."""
        a, z = self.record.activations[n - 1][j - 1], self.record.net_inputs[n - 1][j - 1]
        return 1.0 if a is z else a.partials()[0]

    def _slope(self, n: int, j: int) -> Equation:
        a, z = self.record.activations[n - 1][j - 1], self.z(n, j)
        symbol, result = self.convention.slope(n, j), self.slope(n, j)
        if a is self.record.net_inputs[n - 1][j - 1] or a.operation is None:
            return self.sheet.equation(symbol, result=result)
        again = a.operation.record((z, *a.operands[1:]))
        self.sheet.symbols[again] = self.convention.a(n, j)
        return self.sheet.equation(symbol, local_derivative(again, z), result=result)


def is_sum(terms: Sequence[float], total: float) -> bool:
    """Tell whether a number is the sum of terms, up to rounding."""
    return abs(sum(terms) - total) <= 1e-9 * sum(map(abs, [total, *terms]))
