"""What a page needs to compute by itself: its rows of the table in JavaScript, its leaves, and samples to learn from.

A page that cannot compute stays a replay, and says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import Value
from nn.architecture import subscript
from viz.graphs.boxes import remainders
from viz.graphs.groups import roles
from viz.pages.javascript import UnwritableError, rows_text

if TYPE_CHECKING:
    from nn import Record
    from viz.graphs.digraph import Drawing

Samples = Iterable[tuple[Any, Any]]  # of numbers and arrays of numbers, which NumPy reads
OPEN = ("input", "target")  # the roles of constants whose fields show


class ReplayError(ValueError):
    """Why a page cannot compute, so that it stays a replay."""


def rows_script(nodes: Sequence[Value], drawings: Sequence[Drawing]) -> str:
    """Return the rows of the table that a graph needs, as JavaScript that declares `rows` and `Refused`.

    Raises:
        ReplayError: For a graph that a page cannot compute.
    """
    root = nodes[-1]
    if root.grad == 0.0:
        raise ReplayError("it has no gradients yet")
    if root.grad != 1.0 or any(remainders(drawing.boxes, drawing.arrows) for drawing in drawings):
        raise ReplayError("its gradients are not those of one backward pass from its root")
    try:
        text = rows_text(dict.fromkeys(z.operation for z in nodes if z.operation))
    except UnwritableError as error:
        raise ReplayError(str(error)) from None
    return f"const {{ rows, Refused }} = (() => {{\n{text}\nreturn {{ rows, Refused }};\n}})();\n"


def live_model(index: Mapping[Value, int], record: Record | None, drawing: Drawing, data: Samples | None) -> Any:
    """Return what the script knows of the leaves, for JSON.

    Args:
        index: Of each Value.
        record: Of the forward pass.
        drawing: Whose names of the leaves the fields take.
        data: Samples, each the numbers of the inputs and those of the targets.

    Raises:
        ValueError: For data that is not right, or that no leaf can take.
    """
    role = roles(record, index) if record else {}
    learning = {"weight", "bias"} if record else {""}
    in_order = [*record.inputs, *record.mlp.parameters()] if record else []
    ordered = dict.fromkeys([z for z in in_order if z in index] + list(index))

    def kind(z: Value) -> str:
        return role.get(z, "constant" if z.constant else "leaf")

    leaves = [
        [
            index[z],
            drawing.lettering.title(z) or kind(z) + subscript(index[z]),
            kind(z),
            not z.constant or role.get(z) in OPEN,
            not z.constant and role.get(z, "") in learning,
        ]
        for z in ordered
        if not z.operation
    ]
    return {"leaves": leaves, "data": None if data is None else _samples(index, record, data)}


def _samples(index: Mapping[Value, int], record: Record | None, data: Samples) -> Any:
    """Return the indices of the leaves that hold a sample, and the samples."""
    if record is None:
        raise ValueError("data needs record=mlp.forward(…), which tells the inputs from the weights")
    targets = _targets(index, record)
    held = [*record.inputs, *targets]
    if any(x.operation for x in held):
        raise ValueError("data needs inputs that are leaves; those of this network are computed")
    if len(set(held)) < len(held):
        raise ValueError("data needs a leaf of its own for each input and target; here one stands for several of them")
    samples = []
    for k, sample in enumerate(data):
        try:
            x, y = sample
        except (TypeError, ValueError):
            message = f"sample {k} of data is {sample!r:.80}; give (x, y), the inputs and the target"
            raise ValueError(message) from None
        xs, ys = _numbers(x, f"the inputs of sample {k}"), _numbers(y, f"the target of sample {k}")
        for name, given, leaves in (("inputs", xs, record.inputs), ("targets", ys, targets)):
            if len(given) != len(leaves):
                raise ValueError(f"sample {k} of data has {len(given)} {name}; the network has {len(leaves)}")
        samples.append([number for leaf, number in zip(held, xs + ys, strict=True) if leaf in index])
    if not samples:
        raise ValueError("data is empty; give a list of (x, y)")
    return {"inputs": [index[x] for x in held if x in index], "samples": samples}


def _targets(index: Mapping[Value, int], record: Record) -> list[Value]:
    """Return the leaves that hold the target: those that are taken off the outputs, else Values that meet an output.

    A plain number elsewhere in a loss is not the target itself, as 1 is not in 1 − p.
    """
    outputs = {p: k for k, p in enumerate(record.output)}
    known = {*record.inputs, *record.mlp.parameters()}
    taken_off: dict[int, Value] = {}
    meeting: dict[Value, None] = {}
    dependent = set(outputs)
    for z in index:
        if not dependent.isdisjoint(z.operands):
            dependent.add(z)
            for x in z.operands:
                if not (x.operation or x.constant or x in known):
                    meeting[x] = None
        if z.operation and z.operation.name == "sub" and z.operands[0] in outputs and not z.operands[1].operation:
            taken_off[outputs[z.operands[0]]] = z.operands[1]
    targets = [taken_off[k] for k in sorted(taken_off)] or list(meeting)
    if len(targets) != len(outputs):
        raise ValueError(
            f"data needs a leaf for each target: {len(outputs)} of them, and the loss has {len(targets)}. Give it the "
            'targets as Values, such as sse(record.output, [Value(1.0, "t")])'
        )
    return targets


def _numbers(given: Any, place: str) -> list[float]:
    """Return one number or an array of numbers as a list."""
    try:
        numbers = np.asarray(given, dtype=float).ravel()
    except (TypeError, ValueError):
        raise ValueError(f"{place} are {given!r:.80}; give numbers") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"{place} are {given!r:.80}; give finite numbers")
    return [float(x) for x in numbers]
