"""Training: batches, steps, epochs, and the history of it all.

The trainer owns one flat array of parameters. An engine turns it and a batch into the batch's mean loss and
gradient, the optimiser moves it, and after every epoch the network holds it again. So all gradients come
first, then all updates.

Letters: X inputs (n, inputs), y targets, k outputs, Z net inputs and A activations of the last layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.data import CLASS_LOSSES, Targets, examples, targets, whole
from nn.losses import LOSSES, Loss
from nn.modules import MLP, Rng, assign
from nn.optimizers import Optimizer
from nn.stopping import History, Rule

Array = NDArray[np.float64]
Rows = NDArray[np.intp]  # which examples a batch holds
Step = Callable[[Array, Rows], tuple[float, Array]]  # parameters, rows -> mean loss, its gradient

# A loss of outputs that saturate, and the same function of their net inputs, which never meets log 0.
OF_NET_INPUTS = {
    ("cross_entropy", "softmax"): "softmax_cross_entropy",
    ("binary_cross_entropy", "sigmoid"): "binary_cross_entropy_with_logits",
}
# What a loss cannot take from the last layer, and what would do.
MISFITS = {
    ("cross_entropy", "identity"): "probabilities; use output='softmax', or loss='softmax_cross_entropy'",
    ("softmax_cross_entropy", "softmax"): "net inputs; use output='identity', or loss='cross_entropy'",
    ("softmax_cross_entropy", "sigmoid"): "net inputs; use output='identity'",
    ("binary_cross_entropy", "identity"): "probabilities; use output='sigmoid', or add _with_logits",
    ("binary_cross_entropy_with_logits", "sigmoid"): "net inputs; use output='identity'",
    ("binary_cross_entropy_with_logits", "softmax"): "net inputs; use output='identity'",
}


def train(
    mlp: MLP,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str | Loss,
    optimizer: Optimizer,
    epochs: int = 100,
    batch_size: int | None = None,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    stopping: Rule | Sequence[Rule] = (),
    engine: str = "scalar",
    progress: bool = True,
    rng: Rng = None,
) -> History:
    """Train the network on examples, in place, and return the history.

    X: (n, inputs).
    y: (n, outputs), or (n,) for one output; for the losses over classes, class indices (n,) or one-hot rows.
    loss: a name from `losses.py`, or a function of the outputs and the target of one example; a batch has the
    mean. `cross_entropy` after softmax and `binary_cross_entropy` after sigmoid are computed from the net
    inputs: the same function, but it never meets log 0.
    optimizer: a new one, or that of an earlier run to go on from there.
    epochs: how often every example is seen, at most.
    batch_size: examples per update, 1 … n; None takes all n. The last batch may be smaller.
    validation: (X, y) to measure after every epoch.
    stopping: one rule or several (`stopping.py`).
    engine: "scalar" walks the graph of every example.
    progress: show a bar.
    rng: a seed or a NumPy Generator for the order of the examples.

    The gradients are 0.0 afterwards. Ctrl-C ends training early: the network keeps what it has learnt, and
    the history is returned.
    Raises ValueError, naming the place, for data or settings that do not fit, before anything is changed, and
    FloatingPointError where the loss or its gradient is no longer finite; the network is as before that step.

    >>> from nn import SGD
    >>> mlp = MLP(2, [4, 1], rng=0)
    >>> history = train(mlp, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], loss="binary_cross_entropy",
    ...                 optimizer=SGD(2.0, momentum=0.9), epochs=200, progress=False)
    >>> history.accuracy[-1]
    1.0
    """
    objective = Objective.of(mlp, loss)
    inputs, answers = _checked(mlp, objective, X, y, "")
    held_out = None if validation is None else _checked(mlp, objective, *validation, "validation ")
    if engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}")
    n = len(inputs)
    size = n if batch_size is None else whole(batch_size, "batch_size", most=n)
    epochs = whole(epochs, "epochs")
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"optimizer is {optimizer!r}; give one such as SGD(0.1)")
    rules = [stopping] if callable(stopping) else list(stopping)

    theta = np.array([parameter.data for parameter in mlp.parameters()])
    optimizer.check(theta)
    step = ENGINES[engine](mlp, objective, inputs, answers)
    layers = np.cumsum([0] + [len(layer.parameters()) for layer in mlp.layers[:-1]])
    order = np.random.default_rng(rng)
    history = History()
    bar = _bar(epochs) if progress else None
    try:
        for _ in range(epochs):
            batches = np.split(order.permutation(n), range(size, n, size))
            mean, norms = _epoch(theta, batches, step, optimizer, layers)
            assign(mlp.parameters(), theta)
            history.append(
                loss=mean, gradient_norms=norms, **_measures(mlp, objective, inputs, answers, held_out)
            )
            if bar is not None:
                bar.set_postfix_str(history.summary(), refresh=False)
                bar.update()
            if reasons := [reason for rule in rules if (reason := rule(history))]:
                history.stopped_by = "; ".join(reasons)
                break
        else:
            history.stopped_by = "epochs"
    except KeyboardInterrupt:
        history.stopped_by = "interrupt"
    finally:
        assign(mlp.parameters(), theta)
        mlp.zero_grad()
        if bar is not None:
            bar.close()
    return history


@dataclass(frozen=True)
class Objective:
    """The loss of one example, of the last layer's net inputs or of its activations."""

    name: str
    function: Loss
    of_net_inputs: bool

    @classmethod
    def of(cls, mlp: MLP, loss: str | Loss) -> Objective:
        """Return the objective for this network; raise ValueError where loss and last layer do not fit."""
        if callable(loss):
            name, function = next((n for n, f in LOSSES.items() if f is loss), "this loss"), loss
        elif loss in LOSSES:
            name, function = loss, LOSSES[loss]
        else:
            raise ValueError(f"loss is {loss!r}; choose one of {', '.join(LOSSES)}, or give a function")
        kinds = {neuron.activation for neuron in mlp.layers[-1].neurons}
        last = "softmax" if mlp.layers[-1].softmax else kinds.pop() if len(kinds) == 1 else "mixed"
        if (name, last) in MISFITS:
            raise ValueError(f"the last layer is {last}, but {name} takes {MISFITS[name, last]}")
        if (name, last) in OF_NET_INPUTS:
            return cls(name, LOSSES[OF_NET_INPUTS[name, last]], True)
        return cls(name, function, False)

    def __call__(self, net_inputs: Sequence[Any], activations: Sequence[Any], target: Any) -> Any:
        """Return the loss of one example."""
        return self.function(net_inputs if self.of_net_inputs else activations, target)

    def accuracy(self, activations: Array, y: Targets) -> float | None:
        """Return the share of the examples that are right; None where the targets are not classes."""
        if self.name in CLASS_LOSSES:
            right = activations.argmax(axis=1) == y
        elif self.name == "hinge":
            right = ((activations > 0.0) == (y > 0.0)).all(axis=1)
        elif not np.isin(y, (0.0, 1.0)).all():
            return None
        elif y.shape[1] > 1 and (y.sum(axis=1) == 1.0).all():
            right = activations.argmax(axis=1) == y.argmax(axis=1)
        else:
            border = 0.0 if self.name == "binary_cross_entropy_with_logits" else 0.5
            right = ((activations > border) == (y > 0.5)).all(axis=1)
        return float(right.mean())


def scalar_engine(mlp: MLP, objective: Objective, X: Array, y: Targets) -> Step:
    """Return the step that walks the graph of every example of the batch, one after the other."""
    parameters, rows_of_X, rows_of_y = mlp.parameters(), X.tolist(), y.tolist()

    def step(theta: Array, rows: Rows) -> tuple[float, Array]:
        assign(parameters, theta)
        mlp.zero_grad()
        total = 0.0
        for row in rows.tolist():
            record = mlp.forward(rows_of_X[row])
            loss = objective(record.net_inputs[-1], record.output, rows_of_y[row])
            loss.backward()
            total += loss.data
        return total / len(rows), np.array([parameter.grad for parameter in parameters]) / len(rows)

    return step


ENGINES: dict[str, Callable[[MLP, Objective, Array, Targets], Step]] = {"scalar": scalar_engine}


def _epoch(
    theta: Array, batches: list[Rows], step: Step, optimizer: Optimizer, layers: NDArray[np.intp]
) -> tuple[float, list[float]]:
    """Take one step for each batch; return the mean loss of the examples and the gradient norm of each layer.

    layers: where each layer begins in theta.
    """
    total, squares = 0.0, np.zeros(len(layers))
    for rows in batches:
        loss, gradient = step(theta, rows)
        with np.errstate(over="ignore"):
            square = np.add.reduceat(gradient * gradient, layers)
        if not (math.isfinite(loss) and np.isfinite(square).all()):
            raise FloatingPointError(
                f"the loss of a batch is {loss}, the length of its gradient {math.sqrt(square.sum())}; "
                "a smaller learning rate or clip_norm may help"
            )
        optimizer.step(theta, gradient)
        total += loss * len(rows)
        squares += square
    return total / sum(map(len, batches)), np.sqrt(squares / len(batches)).tolist()


def _measures(
    mlp: MLP, objective: Objective, X: Array, y: Targets, held_out: tuple[Array, Targets] | None
) -> dict[str, float]:
    """Return the accuracy, and on the validation set loss and accuracy, of the network as it is now."""
    measures = {"accuracy": objective.accuracy(mlp.forward_arrays(X)[1], y)}
    if held_out is not None:
        net_inputs, activations = mlp.forward_arrays(held_out[0])
        losses = map(objective, net_inputs.tolist(), activations.tolist(), held_out[1].tolist())
        measures["validation_loss"] = math.fsum(losses) / len(activations)
        measures["validation_accuracy"] = objective.accuracy(activations, held_out[1])
    return {name: number for name, number in measures.items() if number is not None}


def _checked(
    mlp: MLP, objective: Objective, X: ArrayLike, y: ArrayLike, prefix: str
) -> tuple[Array, Targets]:
    inputs = examples(X, mlp.sizes[0], f"{prefix}X")
    return inputs, targets(y, objective.name, len(inputs), mlp.sizes[-1], f"{prefix}y")


def _bar(epochs: int) -> Any:
    from tqdm import tqdm  # only where a bar is asked for

    return tqdm(total=epochs, unit="epoch")
