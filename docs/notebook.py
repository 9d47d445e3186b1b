"""Writes docs/handout.ipynb: the handout's walk-through in cells of text and code, run, with what they show.

    python docs/notebook.py

Letters: x input, w weight, z net input, a activation, C the loss, δ = ∂C/∂z, η learning rate.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
from pathlib import Path
from typing import Any

from autograd import Value
from autograd.files import write
from nn import Record
from viz import Drawing
from viz.notebook import record_picture, value_picture
from viz.rendering.cells import HTML, PICTURE, image

CELLS = [  # text and code in turn
    """\
# Backpropagation, number by number

The walk-through of the handout *Neural Networks from Scratch* (documents 000 and 001), with the engine doing what the
handout does by hand. A box of a picture holds a value and its gradient, an arrow the local derivative.

## The hidden node h₁

Three inputs arrive with their weights. Their weighted sum is the net input z = 2.6; the sigmoid of it is the
activation a = 0.9308616.""",
    """\
from autograd import dot, sigmoid, Value
import viz  # from here on, Values and records show themselves as pictures

x = [Value(1, "x1"), Value(3, "x2"), Value(5, "x3")]
w = [Value(0.5, "w1"), Value(1.2, "w2"), Value(-0.3, "w3")]
z = dot(w, x).named("z")
a = sigmoid(z).named("a")
print(f"z = {z.data:.7g}, a = {a.data:.7g}")
a""",
    """\
## The whole network

Three inputs, four hidden nodes, one output. The weights into h₁ are the handout's; the others are to be chosen, "you
decide". `W[sender][receiver]`, one matrix per layer.""",
    """\
from nn import MLP

into_hidden = [[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]]
into_output = [[0.8], [-1.2], [0.5], [-0.3]]
mlp = MLP.from_weights([into_hidden, into_output])
record = mlp.forward([1, 3, 5])
record""",
    """\
## The loss and its gradients

C = Σ (y − a)² with the label 1. One `backward()` takes every derivative. The handout writes δ for −∂C/∂z, so that it
adds where others subtract; `convention="handout"` says so.""",
    """\
from nn import sse

loss = sse(record.output, [1]).named("C")
loss.backward()
for layer, deltas in enumerate(record.deltas(convention="handout"), 1):
    print(f"layer {layer}: δ =", ", ".join(f"{delta:.6f}" for delta in deltas))
viz.network(record, loss)""",
    """\
## Why a gradient is what it is

The blame of a weight is a sum over all paths from the loss to it, of the products of the local derivatives on them.
A weight into h₁ has one path: h₁ feeds one node. Document 001 sums over h₁ … h₄ instead, a mistake.""",
    """\
from viz.text.explanations import explain

print(explain(loss, mlp.layers[0].neurons[0].weights[0]))""",
    """\
## One step of gradient descent

Every gradient is taken first, with the old weights; then every weight moves by −η · ∂C/∂w, here with η = 0.5, large
enough to see. Both documents use the moved weight of the output node for δ of h₁, another mistake.
The second picture is the graph after the step, *against* the one before: `old → new`.""",
    """\
from copy import deepcopy

before = deepcopy(loss)
for parameter in mlp.parameters():
    parameter.data -= 0.5 * parameter.grad
    parameter.grad = 0.0
record = mlp.forward([1, 3, 5])
loss = sse(record.output, [1]).named("C")
loss.backward()
print(f"C = {before.data:.7g} → {loss.data:.7g}")
viz.draw(loss, record, collapse="neuron", against=before)""",
    """\
## Many steps

`train` repeats them.""",
    """\
from nn import SGD, train

history = train(mlp, [[1, 3, 5]], [1], loss="sse", optimizer=SGD(0.5), epochs=100, progress=False)
print(history)""",
]


def main(path: Path = Path(__file__).parent / "handout.ipynb") -> None:
    """Run the cells and write the notebook."""
    names: dict[str, Any] = {}
    cells: list[dict[str, Any]] = []
    for k, source in enumerate(CELLS):
        cell: dict[str, Any] = {"cell_type": "markdown", "id": f"cell-{k}", "metadata": {}}
        cell["source"] = source.splitlines(keepends=True)
        if k % 2:
            cell |= {"cell_type": "code", "execution_count": k // 2 + 1, "outputs": run(source, names, k // 2 + 1)}
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    write(path, (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode())


def run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Run a cell as a notebook does, and return what it prints and what its last expression shows."""
    *statements, last = ast.parse(source).body
    printed, shown = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(statements, []), "<cell>", "exec"), names)  # noqa: S102  (the cells above)
        if isinstance(last, ast.Expr):
            shown = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
        else:
            exec(compile(ast.Module([last], []), "<cell>", "exec"), names)  # noqa: S102
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        lines = printed.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines})
    if shown is not None:
        svg = picture(shown)
        data = {HTML: [image(svg)], PICTURE: svg.splitlines(keepends=True), "text/plain": [f"<{type(shown).__name__}>"]}
        outputs.append({"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"})
    return outputs


def picture(shown: Value | Record | Drawing) -> str:
    """Return the SVG that a notebook shows."""
    if isinstance(shown, Drawing):
        svg = shown.shown()
    else:
        svg = value_picture(shown) if isinstance(shown, Value) else record_picture(shown)
    if svg is None:
        raise RuntimeError(f"{shown!r} has no picture here; the system's Graphviz draws it")
    return svg


if __name__ == "__main__":
    main()
