"""Rows that are not finite: the eager engine computes them again, and raises its error, or returns Python's numbers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd.conversion import Refusal, same_class
from autograd.lifting.passes.trace import Leaves, Trace


def recompute(
    traced: Trace,
    parameters: NDArray[Any],
    batch: NDArray[Any],
    rows: NDArray[np.bool_],
    wrt: Leaves | Literal["gradient"] | None,
    first: int = 0,
) -> dict[int, list[float]]:
    """Raise an error that names what made a row infinite or NaN; where Python raises none, return the row's results.

    Those are the right ones: a program that adds in another order may have met ∞ − ∞. They are the outputs, and their
    derivatives, output by output; or the gradient of the one output.

    Args:
        traced: The graph.
        parameters: The numbers of the parameters.
        batch: The inputs, a row each.
        rows: Which of them are recomputed.
        wrt: What the derivatives are taken with respect to; None for none, "gradient" for the gradient.
        first: The number of the first row, in messages.
    """
    refuse_infinite(traced, parameters, batch, first)
    passed: dict[int, list[float]] = {}
    for row in np.flatnonzero(rows).tolist():
        try:
            leaves, outputs = traced.record([*batch[row].tolist(), *parameters.tolist()])
            if wrt == "gradient":
                outputs[0].backward()
                passed[row] = [leaf.grad for leaf in leaves[traced.part("parameters")]]
                continue
            derivatives = [d for output in outputs for d in output.derivatives(leaves[traced.part(wrt)])] if wrt else []
        except Refusal as error:
            raise same_class(error, f"row {first + row}: {error}") from None
        passed[row] = [x.data for x in (*outputs, *derivatives)]
    return passed


def refuse_infinite(traced: Trace, parameters: NDArray[Any], batch: NDArray[Any], first: int = 0) -> None:
    """Raise ValueError for an input or a parameter that is not finite."""
    for kind, numbers, names in (
        ("input", batch, traced.inputs),
        ("parameter", parameters[None, :], traced.parameters),
    ):
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            row, column = bad[0].tolist()
            place = f"row {first + row}, " if kind == "input" else ""
            raise ValueError(f"{place}{kind} {names[column]} is {numbers[row, column]}: give a finite number")
