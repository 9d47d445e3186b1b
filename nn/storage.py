"""Networks and runs as files: NumPy's .npz, holding arrays and a JSON header, and nothing that could be executed.

A file is written whole under another name and then renamed, so that a process killed in the middle of a save
leaves the file that was there before. A run that is loaded goes on bit for bit.
"""

from __future__ import annotations

import json
import os
import secrets
import zipfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nn.data import numbers
from nn.network import MLP
from nn.optimizers import SGD, Adam, AdamW, Optimizer, RMSProp
from nn.schedules import CosineDecay, ExponentialDecay, StepDecay
from nn.stopping import IN_SOME, History

Arrays = dict[str, NDArray[Any]]

FORMAT, VERSION = "handgrad network", 1
# Only what is listed here is ever made from a file.
OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__: kind for kind in (SGD, RMSProp, Adam, AdamW)}
SCHEDULES: dict[str, Any] = {kind.__name__: kind for kind in (StepDecay, ExponentialDecay, CosineDecay)}
GENERATORS: dict[str, Any] = {
    name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
}


@dataclass
class Checkpoint:
    """What `load` returns: the network, and what was saved with it."""

    mlp: MLP
    optimizer: Optimizer | None = None
    rng: np.random.Generator | None = None
    history: History | None = None


def save(
    mlp: MLP,
    path: str | os.PathLike[str],
    *,
    optimizer: Optimizer | None = None,
    rng: np.random.Generator | None = None,
    history: History | None = None,
) -> None:
    """Write a network to a file, with whatever a run needs to go on; `train(checkpoint=...)` does it by itself.

    NumPy alone can read the file: W1, b1, W2, … are its arrays.
    Raises ValueError for numbers that are not finite and for an optimiser, schedule or generator of your own, which
    a file cannot hold, and FileNotFoundError for a missing folder. The file that was there is then still there.

    >>> from tempfile import mkdtemp
    >>> path, mlp = Path(mkdtemp()) / "network.npz", MLP(2, [3, 1], rng=0)
    >>> save(mlp, path)
    >>> load(path).mlp.predict([[1.0, 2.0]]) == mlp.predict([[1.0, 2.0]])
    array([[ True]])
    """
    if not isinstance(mlp, MLP):
        raise TypeError(f"save takes a network and a path, in this order, not {mlp!r:.80}")
    if mlp.shares_weights:
        raise ValueError(
            "the network shares weights between places, which a file would not keep; save a network with weights of "
            "its own: MLP.from_weights(mlp.weights(), …)"
        )
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; create it first")
    arrays: Arrays = {f"W{i}": W for i, W in enumerate(mlp.weights(), 1)}
    arrays |= {f"b{i}": b for i, b in enumerate(mlp.biases(), 1)}
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "activations": [layer.activation for layer in mlp.layers],
        "bias": bool(mlp.biases()),
        "expanded": mlp.layers[0].neurons[0].expanded,
    }
    if optimizer is not None:
        header["optimizer"] = _described(optimizer)
        arrays |= {f"optimizer.{name}": array for name, array in optimizer.state.items()}
    if rng is not None:
        header["rng"] = rng.bit_generator.state
        if header["rng"]["bit_generator"] not in GENERATORS:
            raise ValueError(f"rng is {rng}; a file can hold {', '.join(GENERATORS)}")
    if history is not None:
        header["history"] = {"stopped_by": history.stopped_by}
        arrays |= {f"history.{name}": np.array(getattr(history, name), dtype=float) for name in _lists()}
    for name, array in arrays.items():
        _finite(array, name)
    text = np.array(json.dumps(header, ensure_ascii=False, default=lambda x: x.tolist()))  # NumPy's own numbers
    _write(path, arrays | {"header": text})


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a file of `save`.

    Nothing in the file is executed. Raises ValueError for a file that is damaged, incomplete or of another kind.

        run = load("run.npz")
        train(run.mlp, X, y, loss="mse", optimizer=run.optimizer, rng=run.rng, history=run.history)
    """
    with open(path, "rb") as file:
        try:
            return _read(file)
        except Exception as error:  # a foreign file can fail in any way
            raise ValueError(f"{path} is not a whole file of nn.save: {error}") from error


def _write(path: Path, arrays: Arrays) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(unfinished, "xb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # its stub takes these names for its options
            file.flush()
            os.fsync(file.fileno())  # a rename must not reach the disk before what it names
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(file: BinaryIO) -> Checkpoint:
    if not zipfile.is_zipfile(file):
        raise ValueError("it is no .npz")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in zipfile.ZipFile(file).infolist()):
        raise ValueError("it is compressed, and what it unpacks to may have any size")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if "header" not in arrays:
        raise ValueError("it has no header")
    header = json.loads(str(arrays.pop("header")))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("its header is another's")
    if header.get("version") != VERSION:
        raise ValueError(f"its version is {header.get('version')!r}, and this is version {VERSION}")

    def take(name: str, dimensions: int = 1) -> NDArray[Any]:
        if name not in arrays:
            raise ValueError(f"{name} is missing")
        array: NDArray[Any] = arrays.pop(name)
        if array.dtype.kind != "f" or (array.ndim != dimensions and array.size):
            raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}")
        _finite(array, name)
        return array

    layers = range(1, len(header["activations"]) + 1)
    run = Checkpoint(
        MLP.from_weights(
            [take(f"W{i}", 2) for i in layers],
            [take(f"b{i}") for i in layers] if header["bias"] else None,
            header["activations"],
            expanded=bool(header["expanded"]),
        )
    )
    if "optimizer" in header:
        run.optimizer = _made(header["optimizer"])
        run.optimizer.state = {name: take(f"optimizer.{name}") for name in header["optimizer"]["state"]}
        run.optimizer.check(np.array([value.data for value in run.mlp.parameters()]))
    if "rng" in header:
        bits = GENERATORS[header["rng"]["bit_generator"]]()
        bits.state = header["rng"]
        run.rng = np.random.Generator(bits)
    if "history" in header:
        run.history = History(stopped_by=str(header["history"]["stopped_by"]))
        for name in _lists():
            entries = take(f"history.{name}", 2 if name == "gradient_norms" else 1).tolist()
            setattr(run.history, name, [None if x != x else x for x in entries])  # NaN: not measured
    if arrays:
        raise ValueError(f"{', '.join(arrays)} is no part of it")
    return run


def _finite(array: NDArray[Any], name: str) -> None:
    """Raise ValueError for a number that is not finite; NaN stands for what a history has not measured."""
    gaps = name.removeprefix("history.") in IN_SOME and array.ndim == 1
    numbers(array[~np.isnan(array)] if gaps else array, name)


def _lists() -> list[str]:
    return [field.name for field in fields(History) if field.name != "stopped_by"]


def _described(optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimiser in words and numbers, without its arrays."""
    kind = type(optimizer).__name__
    if type(optimizer) is not OPTIMIZERS.get(kind):
        raise ValueError(f"the optimizer is {optimizer!r}; a file can hold {', '.join(OPTIMIZERS)}")
    settings = {field.name: getattr(optimizer, field.name) for field in fields(optimizer) if field.init}
    rate: Any = optimizer.learning_rate
    if callable(rate):
        schedule = type(rate).__name__
        if type(rate) is not SCHEDULES.get(schedule):
            raise ValueError(f"learning_rate is {rate!r}; a file can hold a number, {', '.join(SCHEDULES)}")
        settings["learning_rate"] = {"kind": schedule, "settings": asdict(rate)}
    return {"kind": kind, "settings": settings, "steps": optimizer.steps, "state": list(optimizer.state)}


def _made(described: dict[str, Any]) -> Optimizer:
    """Return the optimiser that was described."""
    rate = described["settings"]["learning_rate"]
    if isinstance(rate, dict):
        rate = SCHEDULES[rate["kind"]](**_numbers(rate["settings"]))
    else:
        numbers(rate, "learning_rate")
    others = {name: x for name, x in described["settings"].items() if name != "learning_rate"}
    optimizer = OPTIMIZERS[described["kind"]](rate, **_numbers(others))
    optimizer.steps = int(numbers(described["steps"], "steps"))
    return optimizer


def _numbers(settings: dict[str, Any]) -> dict[str, Any]:
    for name, number in settings.items():
        if number is not None:
            numbers(number, name)
    return settings
