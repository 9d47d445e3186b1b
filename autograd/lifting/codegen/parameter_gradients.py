"""The gradient of the parameters, in one flat array.

The gradient of a layer's weights is written straight into its place there.

Letters: g an adjoint, x a layer's senders, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from autograd.lifting.codegen.adjoints import Adjoints, power
from autograd.lifting.codegen.block_arrays import Weights
from autograd.lifting.codegen.layout import layers, stride
from autograd.lifting.plan import Layer, Plan, Recurrence, computed, taken
from autograd.lifting.statements import Array, Operand, text


class ParameterGradients:
    """Emits the gradient of the parameters."""

    def __init__(self, plan: Plan, adjoints: Adjoints) -> None:
        self.plan, self.adjoints, self.arrays, self.emit = plan, adjoints, adjoints.arrays, adjoints.emit
        self.flat_gradient = Array("gradient", plan.parameters.size, False, "gradient")
        self.direct = self.parameters_used_once()
        self.written: set[int] = set()  # parameters whose gradient is written
        self.unchecked: set[int] = set()  # parameters whose gradients are finite where those of the others are

    def parameters_used_once(self) -> set[int]:
        """Return the parameters whose gradient is one number and not a sum: it is written, not added."""
        uses: Counter[int] = Counter()
        for x in self.plan.blocks:
            for rows in taken(x):
                if rows.block is self.plan.parameters:
                    uses.update(rows.index)
            for part in [part for block in computed(x) for part in layers(block.rule)]:
                tied = isinstance(x, Recurrence) and not part.iterations  # one use in every iteration
                uses.update(self.arrays.weights[id(part)].index.ravel().tolist() * (2 if tied else 1))
        return {k for k, count in uses.items() if count == 1}

    def weight_gradient(self, part: Layer, weights: Weights, x: Array, g: Array) -> None:
        """Write, or add, the gradient of a layer's weights."""
        flat = weights.index.ravel().tolist()
        neurons, columns = weights.index.shape[-2:]
        number = weights.number
        label = f"dW{number}_and_db{number}" if part.biases is not None else f"dW{number}"
        direct = weights.view and self.direct.issuperset(flat)
        if direct:
            target = self.gradient_of(weights, label)
            self.written.update(flat)
        else:
            target = self.emit.define(label, neurons, False, f"empty(({neurons}, {columns}), dtype)")
        if part.biases is not None:
            self.unchecked.update(self.direct.intersection(weights.index[..., 1:, :-1].ravel().tolist()))
        sums = f", db{number} = the sums of its rows" if part.biases is not None else ""
        self.emit.comment(f"d{weights.matrix.name} = {g.name} @ {x.name}.T{sums}")
        if weights.adds_biases or weights.biases is None:
            self.emit.matrix_product(
                None, "{}, {}.T", g, self.arrays.augmented[x] if weights.adds_biases else x, target
            )
        else:
            dW = self.emit.define(f"dW{number}", neurons, False, f"{target.name}[:, :-1]", target)
            db = self.emit.define(f"db{number}", neurons, False, f"{target.name}[:, -1]", target)
            dW.strided = True
            self.emit.matrix_product(None, "{}, {}.T", g, x, dW)
            self.emit.write(None, "add.reduce({}, axis=1, out={})", g, db)
        if direct:
            return
        if weights.view:
            place = self.gradient_of(weights, f"sum_of_{label}")
            self.emit.call("add", [place, target], place)
            return
        index = self.emit.constant(weights.index, int)
        if part.iterations:
            index = self.emit.variable(f"{index.name}_t", neurons, index.name, index)
        if len(set(flat)) == len(flat):
            self.emit.write(None, "gradient[{}] += {}", index, target)
        else:
            self.emit.write(None, "add_at(gradient, {}, {})", index, target)

    def gradient_of(self, weights: Weights, name: str) -> Array:
        """Return the place of weights in the flat gradient, in a loop that of each iteration."""
        first, size, neurons = weights.index.flat[0], weights.index.size, weights.index.shape[-2]
        definition = f"gradient[{first}:{first + size}].reshape{weights.index.shape}"
        place = self.emit.define(name, neurons, False, definition, self.flat_gradient)
        return self.emit.variable(f"{name}_t", neurons, place.name, place) if weights.index.ndim > 2 else place

    def rest(self) -> None:
        """Emit the gradients of parameters that are not the weights of a layer."""
        alike: dict[Any, list[Array | None]] = defaultdict(list)
        for part in self.adjoints.contributions[self.plan.parameters.number]:
            alike[part.index, part.c, part.e].append(part.made())
        for (index, c, e), arrays in alike.items():
            if None in arrays:
                self.parameter_gradient(index, power(c * arrays.count(None), e), None)
            if given := [array for array in arrays if array is not None]:
                total = given[0]
                if len(given) > 1:
                    total = self.emit.like(given, "t")
                    self.emit.call("add", given[:2], total)
                    for array in given[2:]:
                        self.emit.call("add", [total, array], total)
                self.parameter_gradient(index, power(c, e), total)

    def parameter_gradient(self, index: tuple[int, ...], factor: Operand, array: Array | None) -> None:
        """Write or add a factor times an array, or times ones, to the gradient of parameters."""
        every = stride(index)
        if every is not None:
            rows = self.gradient_rows(index, every)
            if self.direct.issuperset(index):
                self.written.update(index)
                if array is None:
                    self.emit.write(None, f"{{}}.fill({text(factor)})", rows)
                else:
                    self.emit.scale(array, factor, rows)
            elif array is None:
                self.emit.call("add", [rows, factor], rows)
            else:
                self.emit.accumulate(rows, array, factor, rows)
            return
        places = self.emit.constant(index, int)
        if array is None:
            self.emit.write(None, f"add_at(gradient, {{}}, {text(factor)})", places)
        else:
            self.emit.write(None, "add_at(gradient, {}, {}[:, 0])", places, self.emit.scaled(array, factor))

    def gradient_rows(self, index: tuple[int, ...], every: int) -> Array:
        """Return the gradient of parameters that lie evenly, as a column."""
        key = ("gradient", index)
        if key not in self.emit.known:
            chosen = f"{index[0]}:{index[-1] + 1}" + (f":{every}" if every > 1 else "")
            name = f"d{self.arrays.parameter_name(index)}"
            self.emit.known[key] = self.emit.define(
                name, len(index), False, f"gradient[{chosen}, None]", self.flat_gradient
            )
        return self.emit.known[key]
