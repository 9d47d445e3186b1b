"""The objective that training minimises: a loss, combined with the last layer.

Letters: n examples, k outputs, Z net inputs and A activations of the last layer, t targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import TABLE, Value
from nn.losses import LOSSES, Loss
from nn.metrics import Reading
from nn.record import Record
from nn.validation import CLASS_LOSSES, PROBABILITY_LOSSES, Floats, Targets

if TYPE_CHECKING:
    from nn.network import MLP

# A loss of saturating outputs, and the same function of their net inputs, which avoids log 0.
OF_NET_INPUTS = {
    ("cross_entropy", "softmax"): "softmax_cross_entropy",
    ("binary_cross_entropy", "sigmoid"): "binary_cross_entropy_with_logits",
}
# Last layers that do not fit a loss: what the loss needs, and the remedy.
MISFITS = {
    ("softmax_cross_entropy", "softmax"): "net inputs; use output='identity', or loss='cross_entropy'",
    ("softmax_cross_entropy", "sigmoid"): "net inputs; use output='identity'",
    ("binary_cross_entropy", "identity"): "probabilities; use output='sigmoid', or add _with_logits",
    ("binary_cross_entropy_with_logits", "sigmoid"): "net inputs; use output='identity'",
    ("binary_cross_entropy_with_logits", "softmax"): "net inputs; use output='identity'",
}

REGRESSION_LOSSES = ("sse", "half_sse", "mse", "mae", "huber")  # the outputs should reach the targets


@dataclass(frozen=True)
class Objective:
    """The loss of one example, of the last layer's net inputs or of its activations.

    Attributes:
        name: The name of the loss, or "this loss" for a function of the caller's own.
        function: The loss.
        of_net_inputs: Whether it takes the net inputs.
    """

    name: str
    function: Loss
    of_net_inputs: bool

    @classmethod
    def of(cls, mlp: MLP, loss: str | Loss) -> Objective:
        """Return the objective for this network; raise ValueError if loss and last layer do not fit."""
        if callable(loss):
            name, function = next((n for n, f in LOSSES.items() if f is loss), "this loss"), loss
        elif isinstance(loss, str) and loss in LOSSES:
            name, function = loss, LOSSES[loss]
        else:
            raise ValueError(f"loss is {loss!r}; choose one of {', '.join(LOSSES)}, or give a function")
        last = mlp.last_activation
        if name == "cross_entropy" and last != "softmax":
            others = {"identity": "loss='softmax_cross_entropy'", "sigmoid": "loss='binary_cross_entropy', one each"}
            raise ValueError(
                f"the last layer is {last}, but cross_entropy takes probabilities that add up to 1; "
                "use output='softmax'" + (f", or {others[last]}" if last in others else "")
            )
        if (name, last) in MISFITS:
            raise ValueError(f"the last layer is {last}, but {name} takes {MISFITS[name, last]}")
        if (name, last) in OF_NET_INPUTS:
            return cls(name, LOSSES[OF_NET_INPUTS[name, last]], True)
        return cls(name, function, False)

    def __call__(self, net_inputs: Sequence[Any], activations: Sequence[Any], target: Any) -> Any:
        """Return the loss of one example."""
        return self.function(net_inputs if self.of_net_inputs else activations, target)

    def unreachable(self, mlp: MLP, t: Targets) -> str:
        """Return in words which target is beyond the bounds of its output's activation; "" if there is none."""
        if self.name not in REGRESSION_LOSSES:
            return ""
        last = mlp.last_activation
        outputs = [("", "last layer", last, t)]
        if last == "mixed":
            neurons = mlp.layers[-1].neurons
            outputs = [(f" in column {j}", "output there", x.activation, t[:, j]) for j, x in enumerate(neurons)]
        for where, what, name, column in outputs:
            low, high = (0.0, 1.0) if name == "softmax" else TABLE[name].bounds
            top, bottom = column.max(), column.min()
            for extreme, end, beyond in ((top, high, top > high), (bottom, low, bottom < low)):
                if beyond:
                    ends = f"the {what} is {name} and ends at {end:g}"
                    return f"reaches {extreme:g}{where}, but {ends}; use output='identity'"
        return ""

    def check(self, record: Record, target: Any) -> None:
        """Raise ValueError if the loss of an example is not one Value."""
        loss = self(record.net_inputs[-1], record.output, target)
        if not isinstance(loss, Value):
            raise ValueError(f"the loss of the first example is {loss!r}; it must be a Value computed from the outputs")

    @property
    def own(self) -> bool:
        """Whether the loss is a function of the caller's own."""
        return self.name not in LOSSES

    def columns(self, t: Targets, k: int) -> Floats:
        """Return the targets as columns of numbers, (n, k): class indices become one-hot rows."""
        columns: NDArray[Any] = np.eye(k)[t] if self.name in CLASS_LOSSES else t
        return columns


def reading(loss: str | None, last: str, targets: Sequence[Targets]) -> Reading | None:
    """Return how the outputs of a run are read as classes; None if the targets are not classes.

    One rule holds for all targets of a run; `MLP.score` describes it.

    Args:
        loss: The name of a loss, or None.
        last: The last layer's activation.
        targets: Those for training and for validation.
    """
    if loss in CLASS_LOSSES:
        return Reading(largest=True)
    if loss == "hinge":
        return Reading(largest=False, threshold=0.0)
    if not all(bool(np.isin(t, (0.0, 1.0)).all()) for t in targets):
        return None
    if last == "softmax":
        return Reading(largest=True) if all((t.sum(axis=1) == 1.0).all() for t in targets) else None
    if loss in PROBABILITY_LOSSES or last == "sigmoid":
        return Reading(largest=False, threshold=0.0 if loss == "binary_cross_entropy_with_logits" else 0.5)
    return None
