"""Training: batches, steps, epochs, and their history.

An engine has one flat array of parameters and computes the mean loss of a batch and its gradient. The optimizer updates
the array; so all gradients of a step are computed before any update. The numbers are copied to the network in the end,
and after every epoch where a schedule, a stopping rule or a checkpoint looks at it.

Letters: X inputs (n, inputs), y targets.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from autograd import Value
from autograd.arrays import MAX_DOT_LENGTH
from nn.losses import Loss
from nn.metrics import Reading
from nn.modules import assign
from nn.network import MLP, Rng
from nn.objective import Objective, reading
from nn.signatures import spelled_function
from nn.training.checkpoint import save
from nn.training.engines import ENGINES, Engine, RowIndices, finite_outputs
from nn.training.interrupts import Interrupts
from nn.training.optimizer import REMEDY, Optimizer
from nn.training.stopping import History, StoppingRule
from nn.validation import Floats, Targets, examples, generator, targets, whole

# What `train` of other libraries takes, and where it is given here.
ELSEWHERE = {
    **{s: f"optimizer=SGD(…, {s}=…)" for s in ("momentum", "nesterov", "weight_decay", "clip_norm", "clip_value")},
    "learning_rate": "optimizer=SGD(learning_rate=…)",
    "patience": "stopping=Patience(…)",
    "early_stopping": "stopping=Patience(…)",
    "tol": "stopping=Convergence(…)",
    "target": "y",
}


@spelled_function(ELSEWHERE)
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
    stopping: StoppingRule | Sequence[StoppingRule] = (),
    engine: str = "vectorized",
    dtype: DTypeLike = np.float64,
    history: History | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
    rng: Rng = None,
) -> History:
    """Train the network on examples, in place, and return the history.

    All gradients are 0.0 afterwards. Ctrl-C ends training early: the network keeps what it has learnt, and the history
    is returned. Accuracy follows one rule for all targets of the run, that of `MLP.score`. A target that the last layer
    cannot reach, such as 2 with a sigmoid, gives a warning.

    A loss of your own must be one formula. If a sample of the examples shows, before or after training, that it
    branches in Python on its numbers, a ValueError is raised; the scalar engine takes such a loss.

    Args:
        mlp: The network.
        X: (n, inputs).
        y: (n, outputs), or (n,) for one output; for the losses over classes, class indices (n,) or one-hot rows.
        loss: A name in `nn.LOSSES`, or a function of the outputs and the target of one example; the loss of a batch is
            the mean. `cross_entropy` after softmax and `binary_cross_entropy` after sigmoid are computed from the net
            inputs: the same function, without log 0.
        optimizer: A new one, or that of an earlier run, to continue it.
        epochs: How often every example is used, at most; in addition to earlier epochs, if a history is continued.
        batch_size: Examples per update, 1 … n; None takes all n. The last batch may be smaller.
        validation: (X, y) to measure after every epoch.
        stopping: One rule or several (`nn.training.stopping`).
        engine: "vectorized" lifts the graph of one example into a NumPy program over the batch; "scalar" walks the
            graph of every example, for inspection. Both give the same parameters, to 1e-9.
        dtype: np.float64, or np.float32 for the vectorised engine.
        history: That of an earlier run, to be continued; a quantity that only one of the runs measures is None for the
            other.
        checkpoint: A file to which the whole run is saved after every epoch; `load` returns what is needed to continue.
        progress: Whether to show a progress bar.
        rng: A seed or a NumPy Generator for the order of the examples.

    Raises:
        ValueError: For data or settings that do not fit, before anything is changed; the message names the place.
        FloatingPointError: If a loss, its gradient or a parameter is no longer finite. After this and any other error
            during training, also one in a schedule or a rule, the network is as before the step that failed.

    >>> from nn import SGD
    >>> mlp = MLP(2, [4, 1], rng=0)
    >>> history = train(mlp, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], loss="binary_cross_entropy",
    ...                 optimizer=SGD(2.0, momentum=0.9), epochs=200, progress=False)
    >>> history.accuracy[-1]
    1.0
    """
    if not isinstance(mlp, MLP):
        raise TypeError(f"train takes the network, X and y, in this order, not {mlp!r:.80}")
    objective = Objective.of(mlp, loss)
    inputs, answers = _checked(mlp, objective, X, y, "")
    if validation is not None and not (isinstance(validation, (tuple, list)) and len(validation) == 2):
        raise ValueError(f"validation is {validation!r:.80}; give a pair (X, y)")
    held_out = None if validation is None else _checked(mlp, objective, *validation, "validation ")
    if not isinstance(engine, str) or engine not in ENGINES:
        raise ValueError(f"engine is {engine!r}; choose one of {', '.join(ENGINES)}")
    n = len(inputs)
    size = n if batch_size is None else whole(batch_size, "batch_size", most=n)
    epochs = whole(epochs, "epochs")
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"optimizer is {optimizer!r}; give one such as SGD(0.1)")
    several = isinstance(stopping, Iterable) and not isinstance(stopping, str)
    rules = list(cast("Iterable[StoppingRule]", stopping) if several else [cast("StoppingRule", stopping)])
    for rule in rules:
        if not callable(rule) or isinstance(rule, type):
            raise ValueError(f"stopping is {rule!r}; give a rule such as Patience(10), or a list of rules")
    if beyond := objective.unreachable(mlp, answers):
        warnings.warn(f"y {beyond}", stacklevel=3)  # the caller of what `spelled_function` makes of this one
    if objective.own:
        objective.check(mlp.forward(inputs[0].tolist()), answers[0].tolist())
    driven = ENGINES[engine](mlp, objective, inputs, answers, size, dtype)
    theta = driven.parameters
    optimizer.check(theta)
    order = generator(rng)
    history = History() if history is None else history
    if not isinstance(history, History):
        raise ValueError(f"history is {history!r:.80}; give that of an earlier run, or None")
    history.check()
    if checkpoint is not None:  # saved now, so that an error in saving comes before the first epoch
        save(mlp, checkpoint, optimizer=optimizer, rng=order, history=history)

    values = mlp.parameters()
    looked_at = bool(rules) or checkpoint is not None or callable(optimizer.learning_rate)  # during the run
    layers = _pieces(mlp)
    read = reading(objective.name, mlp.last_activation, [answers] if held_out is None else [answers, held_out[1]])
    measured = partial(_measures, mlp, driven, read, (inputs, answers), held_out)
    bar = _bar(epochs) if progress else None
    history.stopped_by = ""
    with Interrupts() as interrupts:
        try:
            for _ in range(epochs):
                start = perf_counter()
                shuffled = order.permutation(n)
                batches = [shuffled[i : i + size] for i in range(0, n, size)]
                mean, norms = _epoch(driven, optimizer, batches, layers, interrupts)
                measures = interrupts.breakable(measured)
                history.append(loss=mean, gradient_norms=norms, seconds=perf_counter() - start, **measures)
                if looked_at:
                    assign(values, theta)
                if checkpoint is not None:
                    save(mlp, checkpoint, optimizer=optimizer, rng=order, history=history)
                if bar is not None:
                    bar.set_postfix_str(history.summary(), refresh=False)
                    bar.update()
                if reasons := [reason for rule in rules if (reason := interrupts.breakable(rule, history))]:
                    history.stopped_by = "; ".join(reasons)
                    break
            if not math.isfinite(loss_after := interrupts.breakable(driven.value, batches[-1])):
                raise FloatingPointError(f"the loss of the last batch is {loss_after} after the last step; {REMEDY}")
            assign(values, theta)
            interrupts.breakable(driven.check)
            history.stopped_by = history.stopped_by or "epochs"
        except KeyboardInterrupt:
            history.stopped_by = "interrupt"
        except BaseException as error:
            history.stopped_by = f"{type(error).__name__}: {error}"
            raise
        finally:
            assign(values, theta)
            mlp.zero_grad()
            if bar is not None:
                bar.close()
    if interrupts.pending:
        history.stopped_by = "interrupt"
    return history


def _epoch(
    engine: Engine, optimizer: Optimizer, batches: list[RowIndices], layers: list[list[slice]], interrupts: Interrupts
) -> tuple[float, list[float]]:
    """Take one step for each batch; return the mean loss of the examples and the gradient norm of each layer.

    Args:
        engine: Computes loss and gradient.
        optimizer: Updates the parameters.
        batches: The examples of each batch.
        layers: The slices of the parameters that belong to each layer.
        interrupts: Holds Ctrl-C back during an update.
    """
    total, every = 0.0, []
    pieces = [piece for layer in layers for piece in layer]
    seen, dots = None, list[partial[Any]]()  # the gradient, which mostly is one array
    with np.errstate(all="ignore"):  # reported by the error below
        for rows in batches:
            loss, gradient = interrupts.breakable(engine.step, rows)
            if gradient is not seen:
                seen, dots = gradient, [partial(gradient[piece].dot, gradient[piece]) for piece in pieces]
            squares = [float(dot()) for dot in dots]
            if not math.isfinite(loss + sum(squares)):
                loss, gradient = interrupts.breakable(engine.step, rows, True)
                seen, squares = None, [float(gradient[piece].dot(gradient[piece])) for piece in pieces]
                if not math.isfinite(loss + sum(squares)):
                    raise FloatingPointError(
                        f"the loss of a batch is {loss}, the length of its gradient {math.sqrt(sum(squares))}; {REMEDY}"
                    )
            optimizer.step(engine.parameters, gradient)
            total += loss * len(rows)
            every.append(squares)
    sums = map(sum, zip(*every, strict=True))
    means = [sum(islice(sums, len(layer))) / len(batches) for layer in layers]
    return total / sum(map(len, batches)), list(map(math.sqrt, means))


def _pieces(mlp: MLP) -> list[list[slice]]:
    """Return the slices of the parameters that belong to each layer, each short enough for BLAS to use one thread.

    A parameter that layers share belongs to the first of them.
    """
    layers, seen = [], dict[Value, None]()
    for layer in mlp.layers:
        first = len(seen)
        seen.update(dict.fromkeys(layer.parameters()))
        layers.append([slice(i, min(i + MAX_DOT_LENGTH, len(seen))) for i in range(first, len(seen), MAX_DOT_LENGTH)])
    return layers


def _measures(
    mlp: MLP,
    engine: Engine,
    read: Reading | None,
    data: tuple[Floats, Targets],
    held_out: tuple[Floats, Targets] | None,
) -> dict[str, float]:
    """Return the accuracy, and the loss and accuracy on the validation set, with the current parameters.

    Args:
        mlp: The network.
        engine: Has the current parameters.
        read: How outputs are read as classes; None if the targets are not classes.
        data: The training set.
        held_out: The validation set, or None.
    """
    measures = {}
    if read is not None:
        measures["accuracy"] = read.accuracy(finite_outputs(mlp, data[0], engine.parameters)[1], data[1])
    if held_out is not None:
        Z, A = finite_outputs(mlp, held_out[0], engine.parameters, "the validation X")
        loss = measures["validation_loss"] = engine.loss(Z, A, held_out[1])
        if not math.isfinite(loss):
            raise FloatingPointError(f"the validation loss is {loss}; {REMEDY}")
        if read is not None:
            measures["validation_accuracy"] = read.accuracy(A, held_out[1])
    return measures


def _checked(mlp: MLP, objective: Objective, X: ArrayLike, y: ArrayLike, prefix: str) -> tuple[Floats, Targets]:
    inputs = examples(X, mlp.sizes[0], f"{prefix}X")
    return inputs, targets(y, objective.name, len(inputs), mlp.sizes[-1], f"{prefix}y")


def _bar(epochs: int) -> Any:
    from tqdm import tqdm  # only if a bar is asked for

    return tqdm(total=epochs, unit="epoch")
