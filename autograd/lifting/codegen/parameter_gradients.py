"""Gradients: what is handed on to parameters, in the flat gradient.

The gradient of a layer's weights is written straight into its place there.

Letters: g an adjoint, x a layer's senders, c and e a factor c · nᵉ with n the size of the batch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from autograd.lifting.codegen.adjoints import Adjoints, power
from autograd.lifting.codegen.block_arrays import Weights
from autograd.lifting.codegen.layout import layers, stride
from autograd.lifting.codegen.statements import Array, Operand, text
from autograd.lifting.plan import Layer, Plan, Recurrence, computed, taken


class Gradients(Adjoints):
    """Writes the gradient of the parameters."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.flat_gradient = Array("gradient", plan.parameters.size, False, "gradient")
        self.kept = [self.flat_gradient]
        self.direct = self.parameters_used_once()
        self.written: set[int] = set()  # parameters whose gradient is written

    def parameters_used_once(self) -> set[int]:
        """Return the parameters whose gradient is one number and not a sum: it is written, not added."""
        uses: Counter[int] = Counter()
        for x in self.plan.blocks:
            for rows in taken(x):
                if rows.block is self.plan.parameters:
                    uses.update(rows.index)
            for part in [part for block in computed(x) for part in layers(block.rule)]:
                tied = isinstance(x, Recurrence) and not part.turns  # one use in every turn
                uses.update(self.weights[id(part)].index.ravel().tolist() * (2 if tied else 1))
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
            target = self.define(label, neurons, False, f"empty(({neurons}, {columns}), dtype)")
        if part.biases is not None:
            told = weights.index[..., :-1] if part.senders.block.rule is None else weights.index[..., 1:, :-1]
            self.vouched.update(self.direct.intersection(told.ravel().tolist()))
        sums = f", db{number} = the sums of its rows" if part.biases is not None else ""
        self.comment(f"d{weights.matrix.name} = {g.name} @ {x.name}.T{sums}")
        if weights.joint or weights.biases is None:
            self.matrix_product(None, "{}, {}.T", g, self.with_one[x] if weights.joint else x, target)
        else:
            dW = self.define(f"dW{number}", neurons, False, f"{target.name}[:, :-1]", target)
            db = self.define(f"db{number}", neurons, False, f"{target.name}[:, -1]", target)
            dW.apart = True
            self.matrix_product(None, "{}, {}.T", g, x, dW)
            self.write(None, "add.reduce({}, axis=1, out={})", g, db)
        if direct:
            return
        if weights.view:
            place = self.gradient_of(weights, f"sum_of_{label}")
            self.call("add", [place, target], place)
            return
        index = self.constant(weights.index, int)
        if part.turns:
            index = self.variable(f"{index.name}_t", neurons, index.name, index)
        if len(set(flat)) == len(flat):
            self.write(None, "gradient[{}] += {}", index, target)
        else:
            self.write(None, "add_at(gradient, {}, {})", index, target)

    def gradient_of(self, weights: Weights, name: str) -> Array:
        """Return the place of weights in the flat gradient, in a loop that of each turn."""
        first, size, neurons = weights.index.flat[0], weights.index.size, weights.index.shape[-2]
        definition = f"gradient[{first}:{first + size}].reshape{weights.index.shape}"
        place = self.define(name, neurons, False, definition, self.flat_gradient)
        return self.variable(f"{name}_t", neurons, place.name, place) if weights.index.ndim > 2 else place

    def parameter_gradients(self) -> None:
        """Write or add the gradients of parameters that are no layer's weights."""
        alike: dict[Any, list[Array | None]] = defaultdict(list)
        for part in self.contributions[self.plan.parameters.number]:
            alike[part.index, part.c, part.e].append(part.made())
        for (index, c, e), arrays in alike.items():
            if None in arrays:
                self.parameter_gradient(index, power(c * arrays.count(None), e), None)
            if given := [array for array in arrays if array is not None]:
                total = given[0]
                if len(given) > 1:
                    total = self.like(given, "t")
                    self.call("add", given[:2], total)
                    for array in given[2:]:
                        self.call("add", [total, array], total)
                self.parameter_gradient(index, power(c, e), total)

    def parameter_gradient(self, index: tuple[int, ...], factor: Operand, array: Array | None) -> None:
        """Write or add a factor times an array, or times ones, to the gradient of parameters."""
        every = stride(index)
        if every is not None:
            rows = self.gradient_rows(index, every)
            if self.direct.issuperset(index):
                self.written.update(index)
                if array is None:
                    self.write(None, f"{{}}.fill({text(factor)})", rows)
                else:
                    self.scale(array, factor, rows)
            elif array is None:
                self.call("add", [rows, factor], rows)
            else:
                self.accumulate(rows, array, factor, rows)
            return
        places = self.constant(index, int)
        if array is None:
            self.write(None, f"add_at(gradient, {{}}, {text(factor)})", places)
        else:
            self.write(None, "add_at(gradient, {}, {}[:, 0])", places, self.times(array, factor))

    def gradient_rows(self, index: tuple[int, ...], every: int) -> Array:
        """Return the gradient of parameters that lie evenly, as a column."""
        key = ("gradient", index)
        if key not in self.known:
            chosen = f"{index[0]}:{index[-1] + 1}" + (f":{every}" if every > 1 else "")
            name = f"d{self.parameter_name(index)}"
            self.known[key] = self.define(name, len(index), False, f"gradient[{chosen}, None]", self.flat_gradient)
        return self.known[key]
