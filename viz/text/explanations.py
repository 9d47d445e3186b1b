"""A gradient explained: the sum over all paths from the loss of the products of the local derivatives along them.

The paths are counted without listing them, for there may be 10³⁰. The largest are found by best-first search: the
largest product from each node to x is known, so the search follows no path that is not listed.

Letters: x the node whose gradient is explained, p a local derivative, g the product of those so far.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

from autograd import Value, topological_order
from autograd.choices import chosen
from viz.text.labels import called, cut, number, signed
from viz.text.symbols import aligned, in_markdown, named, numeral


@dataclass(frozen=True)
class Path:
    """A path from the loss to x: its nodes, the local derivatives between them, and the product of these."""

    nodes: tuple[Value, ...]
    partials: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Explanation:
    """A gradient as a sum over paths.

    Args:
        loss: The Value that is differentiated.
        x: The Value with respect to which.
        gradient: ∂loss/∂x.
        paths: Those listed, the largest products first.
        count: The number of all paths.
        rest: The sum of the products of the paths not listed.
    """

    loss: Value
    x: Value
    gradient: float
    paths: list[Path]
    count: int
    rest: float

    def __str__(self) -> str:
        """Return the sum as a table for a terminal."""
        lines = [f"∂{called(self.loss)}/∂{called(self.x)} = {signed(self.gradient)}: {self._summary()}"]
        products = [signed(path.product) for path in self.paths]
        width = max(map(len, [*products, signed(self.rest)]), default=0)
        for path, product in zip(self.paths, products, strict=True):
            lines.append(f"  {product:>{width}}  = {_factors(path)}    {_chain(path)}")
        if self.count > len(self.paths):
            lines.append(f"  {signed(self.rest):>{width}}  the other {self._others()}")
        return "\n".join(lines)

    def markdown(self) -> str:
        """Return the sum as a Markdown table, its formulas in LaTeX, also for GitHub and pandoc."""
        total = rf"\frac{{\partial {_symbol(self.loss)}}}{{\partial {_symbol(self.x)}}} = {_with_sign(self.gradient)}"
        lines = [f"{_math(total)}: {self._summary()}", "", "| product | local derivatives | path |", "|---:|---|---|"]
        for path in self.paths:
            chain = r" \to ".join(map(_symbol, path.nodes))
            lines.append(f"| {_math(_with_sign(path.product))} | {_math(_product(path))} | {_math(chain)} |")
        if self.count > len(self.paths):
            lines.append(f"| {_math(_with_sign(self.rest))} | | the other {self._others()} |")
        return "\n".join(lines)

    def steps(self) -> set[tuple[Value, Value]]:
        """Return the edges of the listed paths, each from a node to its operand."""
        return {step for path in self.paths for step in pairwise(path.nodes)}

    def legend(self, called: Callable[[Value], str] = called) -> str:
        """Return the sentence for the legend of a drawing that highlights the listed paths.

        Args:
            called: Returns what the drawing calls a Value.
        """
        total = signed(math.fsum(path.product for path in self.paths))
        listed = self._summary() if self.count == len(self.paths) else f"{len(self.paths)} of {_many(self.count)} paths"
        of = f"∂{called(self.loss)}/∂{called(self.x)}"
        ends = f"from {called(self.loss)} to {called(self.x)}"
        return f"Thick border: {listed} {ends}, contributing {total} to {of} = {signed(self.gradient)}."

    def _repr_markdown_(self) -> str:
        return self.markdown()  # in a notebook

    def latex(self) -> str:
        """Return the sum in LaTeX, one line for each path: an `aligned` block for math mode."""
        loss, x = [_symbol(node) for node in (self.loss, self.x)]
        terms = [_product(path) for path in self.paths]
        if self.count > len(self.paths):
            terms.append(rf"\underbrace{{{_in_product(self.rest)}}}_{{\text{{the other {self._others()}}}}}")
        lines = [rf"\frac{{\partial {loss}}}{{\partial {x}}} &= {terms[0] if terms else 0}"]
        lines += [f"&\\quad + {term}" for term in terms[1:]]
        lines.append(f"&= {_plain(self.gradient)}")
        return aligned(lines)

    def _summary(self) -> str:
        paths = "no path" if not self.count else "one path" if self.count == 1 else f"{_many(self.count)} paths"
        largest = "largest" if len(self.paths) == 1 else f"{len(self.paths)} largest"
        return paths + (f", the {largest} listed" if self.count > len(self.paths) else "")

    def _others(self) -> str:
        others = self.count - len(self.paths)
        return "path" if others == 1 else f"{_many(others)} paths"


def explain(loss: Value, x: Value, most: int = 10) -> Explanation:
    """Return ∂loss/∂x as a sum over paths: the largest by magnitude, and the sum of the others.

    All paths are counted and summed exactly. No gradient is read or changed.

    Args:
        loss: The Value that is differentiated.
        x: The Value with respect to which.
        most: The number of paths to list.

    Raises:
        TypeError: For anything but Values.
        ValueError: For a `most` that is negative or not a whole number.
        ZeroDivisionError: Where a local derivative is infinite.

    >>> x = Value(3.0, "x")
    >>> y = (x * x + 2 * x).named("y")
    >>> print(explain(y, x))
    ∂y/∂x = +8: 3 paths
      +3  = 1 × 3    y → mul → x
      +3  = 1 × 3    y → mul → x
      +2  = 1 × 2    y → mul → x
    """
    if not isinstance(loss, Value) or not isinstance(x, Value):
        raise TypeError(f"explain takes two Values, not {loss!r} and {x!r}")
    if not isinstance(most, Integral) or isinstance(most, bool) or most < 0:
        raise ValueError(f"most is {most!r:.80}; give the number of paths to list, a whole number from 0")
    order = chosen(topological_order(loss), [loss], conditions=False)
    edges = _edges(order, x)
    count, gradient = _totals(order, edges, loss, x)
    paths: list[Path] = []
    for path in _largest_first(order, edges, loss, x):
        if len(paths) == most:
            break
        paths.append(path)
    rest = math.fsum([gradient, *[-path.product for path in paths]]) if len(paths) < count else 0.0
    return Explanation(loss, x, gradient, paths, count, rest)


# Node -> local derivative and operand, for the operands that lead to x.
LocalDerivatives = dict[Value, list[tuple[float, Value]]]


def _edges(order: list[Value], x: Value) -> LocalDerivatives:
    """Return the edges of each node that leads to x."""
    edges: LocalDerivatives = {x: []}
    for node in order:
        if node is not x and any(operand in edges for operand in node.operands):
            partials = zip(node.partials(), node.operands, strict=True)
            edges[node] = [(p, operand) for p, operand in partials if operand in edges]
    return edges


def _totals(order: list[Value], edges: LocalDerivatives, loss: Value, x: Value) -> tuple[int, float]:
    """Return the number of paths and the sum of their products, by the chain rule from x up to the loss."""
    counts, gradients = {x: 1}, {x: 1.0}
    for node in order:
        if node is not x and node in edges:
            counts[node] = sum(counts[operand] for _, operand in edges[node])
            gradients[node] = math.fsum(p * gradients[operand] for p, operand in edges[node])
    return counts.get(loss, 0), gradients.get(loss, 0.0)


def _largest_first(order: list[Value], edges: LocalDerivatives, loss: Value, x: Value) -> Iterator[Path]:
    """Yield all paths from the loss to x, in order of decreasing magnitude.

    A state is a node reached and one of its edges; the edges are sorted by the largest product that they lead to. So a
    state has two successors: the operand at the end of the edge, with the same product, and the node's next best edge.
    """
    if loss not in edges:
        return
    reach = {x: 1.0}  # node -> magnitude of the largest product from there to x
    best: LocalDerivatives = {x: []}
    for node in order:
        if node is not x and node in edges:
            best[node] = sorted(edges[node], key=lambda edge: -abs(edge[0]) * reach[edge[1]])
            p, operand = best[node][0]
            reach[node] = abs(p) * reach[operand]
    newest = 0  # among equals the newest first, so that the search goes on to x before it looks at the next tie
    heap: list[Any] = [(-reach[loss], newest, 1.0, loss, 0, None)]
    while heap:
        size, _, g, node, rank, trail = heapq.heappop(heap)
        if node is x:
            yield _path(trail, x)
            continue
        p, operand = best[node][rank]
        if rank + 1 < len(best[node]):
            q, other = best[node][rank + 1]
            here = abs(p) * reach[operand]
            next_size = size * (abs(q) * reach[other] / here) if here else 0.0
            newest -= 1
            heapq.heappush(heap, (next_size, newest, g, node, rank + 1, trail))
        newest -= 1
        heapq.heappush(heap, (size, newest, g * p, operand, 0, (trail, node, p)))


def _path(trail: Any, x: Value) -> Path:
    """Return the path that a linked list of edges describes."""
    nodes, partials = [x], []
    while trail is not None:
        trail, node, p = trail
        nodes.append(node)
        partials.append(p)
    partials.reverse()
    return Path(tuple(reversed(nodes)), tuple(partials), math.prod(partials))


def _chain(path: Path) -> str:
    return " → ".join(called(node) for node in path.nodes)


def _symbol(node: Value) -> str:
    """Return the name of a node in LaTeX, as `called` does in text."""
    if not node.name and not node.operation:
        return _plain(node.data)
    return named(cut(node.name or node.operation.name)).text  # type: ignore[union-attr]  # one of them is there


def _factors(path: Path) -> str:
    return " × ".join(number(p) for p in path.partials) or "1"


def _many(count: int) -> str:
    """Return a number of paths, rounded where it is huge.

    >>> _many(1234), _many(10**30)
    ('1,234', 'about 1e30')
    """
    if count < 10**9:
        return f"{count:,}"
    power = len(str(count)) - 1
    return f"about {count // 10 ** (power - 2) / 100:.3g}e{power}"


def _in_product(p: float) -> str:
    return _plain(p) if p >= 0.0 else f"({_plain(p)})"


def _product(path: Path) -> str:
    return r" \cdot ".join(map(_in_product, path.partials)) or "1"


def _math(latex: str) -> str:
    return f"${in_markdown(latex)}$"


def _with_sign(x: float) -> str:
    return f"+{_plain(x)}" if x > 0.0 else _plain(x)


def _plain(x: float) -> str:
    return numeral(x, digits=4).text
