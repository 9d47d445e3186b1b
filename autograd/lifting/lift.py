"""From a Value, or a function that builds one, to a program.

A trace sees one run, and freezes what that run did: a function is traced on several examples, and the traces compared.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.arrays import as_array
from autograd.batches import column_names, table
from autograd.conversion import shown
from autograd.lifting.engines import EngineName
from autograd.lifting.passes.canonicalize import Apply, Graph, canonicalize
from autograd.lifting.passes.trace import Trace, trace
from autograd.lifting.pipeline import collector_paused
from autograd.lifting.program import Program, ReductionName
from autograd.value import Value

MAX_TERMS_SHOWN = 6  # terms of a sum in an error


def vectorize(
    loss: Value | Sequence[Value] | Callable[..., Any],
    inputs: Sequence[Value] | ArrayLike,
    parameters: Sequence[Value] = (),
    reduction: ReductionName = "mean",
    dtype: Any = np.float64,
    engine: EngineName = "auto",
) -> Program:
    """Lift a recorded scalar graph into a program over a batch.

    A trace sees one run: a Python branch (`if x > 0`) is frozen as it went, and so is a number taken out of a Value
    (`x.data`). To have both found, give a function of the inputs that builds the loss, and for `inputs` an array of
    examples, two rows or more: the function is traced on each, and where two rows differ the difference is named. The
    inputs are named after its parameters. `where(step(x), a, b)` is the branch that lifts.
    `Program.check` compares a program with the eager graph, row by row.

    A program checks its inputs and its results, not what lies between: 1 / (1 + exp(1000)) is 0 here, where the
    eager engine refuses exp(1000).

    Args:
        loss: The Value that the graph ends in, or several outputs, or a function that builds them.
        inputs: The leaves that a row of the batch gives, in its order; one that the graph does not use is allowed. For
            a function, an array of examples.
        parameters: The leaves that all rows share; the gradient is in their order.
        reduction: "mean" or "sum" of the rows. A term without inputs, as a weight penalty, is part of every row's loss.
        dtype: np.float64 or np.float32.
        engine: "auto" chooses by what was measured: "native", compiled code, where `pip install 'handgrad[native]'` has
            brought it, else "scalar", Python on floats, for few rows, and "numpy" for all others. Each of the three by
            name runs all rows, if it can.

    Raises:
        ValueError: For a leaf that is not declared, for a function whose graph depends on the data, and for an engine
            that is not installed or lacks an operation.

    >>> w = Value(3.0, "w")
    >>> vectorize(lambda x: (w * x).relu(), inputs=[[1.0], [-1.0]], parameters=[w]).values([[2.0], [-2.0]])
    array([6., 0.])
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is {reduction!r}; choose 'mean' or 'sum'")
    if engine not in get_args(EngineName):
        raise ValueError(f"engine is {engine!r}; choose 'auto', 'numpy', 'scalar' or 'native'")
    leaves: Any = inputs
    with collector_paused():
        if callable(loss):
            traced = _trace_function(loss, inputs, parameters)
        else:
            traced = trace(_outputs(loss), leaves, parameters)
        return Program(traced, reduction, dtype, [p.data for p in parameters], engine)


def _outputs(loss: Any) -> list[Value]:
    """Return one output, or several, as a list."""
    outputs = list(loss) if isinstance(loss, (list, tuple)) else [loss]
    for output in outputs or [loss]:
        if not isinstance(output, Value):
            raise TypeError(f"vectorize takes the Value that a graph ends in, or a list of several, not {output!r}")
    return outputs


def _trace_function(loss: Callable[..., Any], examples: Any, parameters: Sequence[Value]) -> Trace:
    """Trace a function on each example; raise ValueError where two traces differ."""
    rows, names = _table(examples, loss)
    traces = []
    for row in rows.tolist():
        variables = [Value(x, name) for x, name in zip(row, names, strict=True)]
        traces.append(trace(_outputs(loss(*variables)), variables, parameters))
    leaves = [*traces[0].inputs, *traces[0].parameters]
    first, *others = map(canonicalize, traces)
    for place, other in enumerate(others, 1):
        if difference := _difference(first, other, leaves):
            raise ValueError(
                f"the loss computes something else for example 0 than for example {place}: {difference}. A trace "
                "freezes a Python branch, and a number taken out of a Value (x.data, float(label)): use where, relu, "
                "maximum … for the branch, and make the number an input"
            )
    return traces[0]


def _table(examples: Any, loss: Callable[..., Any]) -> tuple[NDArray[np.float64], Sequence[str]]:
    """Return examples as a table of numbers, and names of its columns: the parameters of the function, if it has some.

    Raises ValueError where they are not numbers, or fewer than two.
    """
    array = as_array(examples, "the table of examples")
    if array.ndim != 2 or len(array) < 2:
        wanted = "a table of at least two examples, rows of equal length"
        raise ValueError(f"for a function, inputs is {wanted}, not {shown(examples)}")
    known = _parameter_names(loss, array.shape[1]) or column_names(examples)
    names = known or [""] * array.shape[1]
    rows = table(examples, names, known is not None, np.dtype(float), "the table of examples")
    for row, column in np.argwhere(~np.isfinite(rows)).tolist():
        raise ValueError(f"row {row}, column {column} of the examples is {rows[row, column]}: give a finite number")
    return rows, names


def _parameter_names(function: Callable[..., Any], count: int) -> list[str] | None:
    """Return the names of a function's first parameters, if it has at least `count`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # of a function that is not Python's
        return None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names[:count] if len(names) >= count else None


def _difference(a: Graph, b: Graph, names: Sequence[str]) -> str:
    """Return in words where two canonical graphs part; nothing if they do not."""
    for x, y in zip_longest(a.nodes, b.nodes):
        if x != y:
            return f"{_in_words(x, names)} against {_in_words(y, names)}"
    if a.outputs != b.outputs:
        return f"the end is {_operands(a.outputs, names)} against {_operands(b.outputs, names)}"
    return ""


def _in_words(node: Any, names: Sequence[str]) -> str:
    if node is None:
        return "nothing more"
    if isinstance(node, Apply):
        return f"{node.operation.name}({_operands(node.operands, names)})"
    terms = []
    for c, factors in node.terms[:MAX_TERMS_SHOWN]:
        said = [_operands([x], names) for x in factors]
        terms.append(" · ".join(said if said and c == 1.0 else [repr(c), *said]))
    return " + ".join([*terms, *["…"] * (len(node.terms) > MAX_TERMS_SHOWN)])


def _operands(operands: Sequence[int | float], names: Sequence[str]) -> str:
    """Return operands by their names, numbers as they are, and … for what is computed."""
    return ", ".join([repr(x) if isinstance(x, float) else names[x] if x < len(names) else "…" for x in operands])
