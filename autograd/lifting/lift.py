"""From a Value, or a function that builds one, to a program.

A trace sees one run, and freezes what that run did: a function is traced on several examples, and the traces compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd.lifting.canonical import Apply, Graph, canonical
from autograd.lifting.program import Program, Reduction
from autograd.lifting.trace import Trace, trace
from autograd.value import Value


def vectorize(
    loss: Value | Sequence[Value] | Callable[..., Any],
    inputs: Sequence[Value] | ArrayLike,
    parameters: Sequence[Value] = (),
    reduction: Reduction = "mean",
    dtype: Any = np.float64,
) -> Program:
    """Lift a recorded scalar graph into a program over a batch.

    loss: the Value that the graph ends in, or several outputs.
    inputs: the leaves that a row of the batch gives, in its order; one that the graph does not use is allowed.
    parameters: the leaves that all rows share; the gradient is in their order.
    reduction: "mean" or "sum" of the rows. A term without inputs, as a weight penalty, is part of every row's loss.
    dtype: np.float64 or np.float32.

    A trace sees one run: a Python branch (`if x > 0`) is frozen as it went, and so is a number taken out of a Value
    (`x.data`). To have both found, give a function of the inputs that builds the loss, and for `inputs` an array of
    examples, two rows or more: the function is traced on each, and where two rows differ the difference is named.
    `Program.check` compares a program with the eager graph, row by row.

    A program checks what goes in and what comes out, not what is between: 1 / (1 + exp(1000)) is 0 here, where the
    eager engine refuses exp(1000).

    Raises ValueError for a leaf that is not declared, and for a function whose graph depends on the data.

    >>> w = Value(3.0, "w")
    >>> vectorize(lambda x: (w * x).relu(), inputs=[[1.0], [-1.0]], parameters=[w]).values([[2.0], [-2.0]])
    array([6., 0.])
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}; choose 'mean' or 'sum'")
    if callable(loss):
        return Program(_trace_function(loss, inputs, parameters), reduction, dtype, [p.data for p in parameters])
    leaves: Any = inputs
    return Program(trace(_outputs(loss), leaves, parameters), reduction, dtype, [p.data for p in parameters])


def _outputs(loss: Any) -> list[Value]:
    """Return one output, or several, as a list."""
    outputs = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    for output in outputs or [loss]:
        if not isinstance(output, Value):
            raise TypeError(f"vectorize takes the Value that a graph ends in, or a list of several, not {output!r}")
    return outputs


def _trace_function(loss: Callable[..., Any], examples: Any, parameters: Sequence[Value]) -> Trace:
    """Trace a function on each example; raise ValueError where two traces differ."""
    try:
        rows = np.asarray(examples, dtype=float)
    except (TypeError, ValueError):
        rows = np.empty(0)
    if rows.ndim != 2 or len(rows) < 2:
        raise ValueError(f"for a function, inputs is a table of at least two examples, not {repr(examples)[:80]}")
    traces = []
    for row in rows.tolist():
        variables = [Value(x, f"x{i}") for i, x in enumerate(row, 1)]
        traces.append(trace(_outputs(loss(*variables)), variables, parameters))
    first, *others = map(canonical, traces)
    for place, other in enumerate(others, 1):
        if difference := _difference(first, other):
            raise ValueError(
                f"the loss computes something else for example {place} than for example 0: {difference}. A trace "
                "freezes a Python branch, and a number taken out of a Value (x.data, float(label)): use relu, step, "
                "maximum … for the branch, and make the number an input"
            )
    return traces[0]


def _difference(a: Graph, b: Graph) -> str:
    """Return in words where two canonical graphs part; nothing if they do not."""
    for x, y in zip(a.nodes, b.nodes, strict=False):
        if x != y:
            return f"{_in_words(x)} against {_in_words(y)}"
    if (len(a.nodes), a.outputs) != (len(b.nodes), b.outputs):
        return f"{len(a.nodes)} operations that end in {a.outputs} against {len(b.nodes)} that end in {b.outputs}"
    return ""


def _in_words(node: Any) -> str:
    if isinstance(node, Apply):
        return f"{node.operation.name}({', '.join(str(x) if isinstance(x, float) else '…' for x in node.operands)})"
    return "a sum with the coefficients " + ", ".join(f"{c:g}" for c, _ in node.terms[:6])
