"""Networks and runs as files: NumPy's .npz with arrays and a JSON header, and nothing that could be executed.

A file ends with the SHA-256 of all bytes before it, in the comment of the zip archive, so every change is detected. A
process killed during a save leaves the previous file. A run continues from a file with the same numbers, bit for bit.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.files import writable, write
from nn.network import MLP
from nn.training.generators import GENERATORS, generator
from nn.training.optimizer import Optimizer
from nn.training.optimizers import SGD, Adam, AdamW, RMSProp
from nn.training.schedules import CosineDecay, ExponentialDecay, StepDecay
from nn.training.stopping import SOMETIMES_MEASURED, History
from nn.validation import numbers

Arrays = dict[str, NDArray[Any]]

FORMAT, VERSION = "handgrad network", 2  # version 1 had no checksum
CHECKSUM = b"sha256:"
# Only these are ever created from a file.
OPTIMIZERS: dict[str, type[Optimizer]] = {kind.__name__: kind for kind in (SGD, RMSProp, Adam, AdamW)}
SCHEDULES: dict[str, Any] = {kind.__name__: kind for kind in (StepDecay, ExponentialDecay, CosineDecay)}


@dataclass
class Checkpoint:
    """What `load` returns.

    Attributes:
        mlp: The network.
        optimizer: The optimizer with its state, if it was saved.
        rng: The generator for the order of the examples, if it was saved.
        history: The history, if it was saved.
    """

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
    """Write a network to a file, with what is needed to continue a run; `train(checkpoint=...)` calls this.

    NumPy alone can read the file: its arrays are W1, b1, W2, … A file that is replaced keeps its permissions, and a
    symbolic link stays a link.

    Args:
        mlp: The network.
        path: The file; its suffix is usually .npz.
        optimizer: The optimizer of the run.
        rng: The generator for the order of the examples.
        history: The history of the run.

    Raises:
        ValueError: For numbers that are not finite, and for an optimizer, schedule or generator of your own, which a
            file cannot hold.
        FileExistsError: For another kind of file at this path.
        OSError: For a missing folder, a path that is not a file or is not writable, and a full disk. After any error
            the previous file is unchanged.

    >>> from tempfile import mkdtemp
    >>> path, mlp = Path(mkdtemp()) / "network.npz", MLP(2, [3, 1], rng=0)
    >>> save(mlp, path)
    >>> load(path).mlp.predict([[1.0, 2.0]]) == mlp.predict([[1.0, 2.0]])
    array([[ True]])
    """
    if not isinstance(mlp, MLP):
        raise TypeError(f"save takes a network and a path, in this order, not {mlp!r:.80}")
    there = writable(path)
    if there.is_file() and not _is_ours(there):
        raise FileExistsError(
            f"{path} is not a complete file of nn.save, so it is not replaced: remove it, or choose another path"
        )
    if mlp.shares_weights:
        raise ValueError(
            "the network has shared weights, which a file would not keep; save a network without: "
            "MLP.from_weights(mlp.weights(), …)"
        )
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
            raise ValueError(f"rng is {rng}; a file can contain {', '.join(GENERATORS)}")
    if history is not None:
        header["history"] = {"stopped_by": history.stopped_by}
        arrays |= {f"history.{name}": np.array(getattr(history, name), dtype=float) for name in _lists()}
    for name, array in arrays.items():
        _finite(array, name)
    text = np.array(json.dumps(header, ensure_ascii=False, default=lambda x: x.tolist()))  # NumPy's own numbers
    archive = io.BytesIO()
    np.savez(archive, **arrays, header=text)  # type: ignore[arg-type]  # its stub takes these names for its options
    write(path, _sealed(archive))


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a file of `save`.

    Nothing in the file is executed. Raises ValueError for a file that is damaged, incomplete or of another kind.

        run = load("run.npz")
        train(run.mlp, X, y, loss="mse", optimizer=run.optimizer, rng=run.rng, history=run.history)
    """
    content = Path(path).read_bytes()
    try:
        return _read(content)
    except Exception as error:  # any error is possible in another program's file
        raise ValueError(f"{path} is not a complete file of nn.save: {error}") from error


def _sealed(archive: io.BytesIO) -> bytes:
    """Return an archive with its checksum at the end."""
    with zipfile.ZipFile(archive, "a") as file:
        file.comment = CHECKSUM + b"0" * 64
    content = archive.getvalue()[:-64]
    return content + hashlib.sha256(content).hexdigest().encode()


def _is_ours(path: Path) -> bool:
    """Return whether a file was written by `save`, or is empty, so that it may be replaced."""
    try:
        if not path.stat().st_size:
            return True
        with zipfile.ZipFile(path) as archive:
            header = np.lib.format.read_array(io.BytesIO(archive.read("header.npy")), allow_pickle=False)
        return bool(json.loads(str(header))["format"] == FORMAT)
    except Exception:  # any error is possible in another program's file
        return False


def _members(content: bytes) -> Arrays:
    """Return the arrays of an archive, each read to its end and verified by its checksum."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise ValueError("it is not an .npz file")
    arrays: Arrays = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            name = entry.filename.removesuffix(".npy")
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError("it is compressed, and could unpack to any size")
            if name in arrays:
                raise ValueError(f"it contains {name} twice")
            member = io.BytesIO(archive.read(entry))  # to its end, where zipfile compares the checksum
            arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):
                raise ValueError(f"{name} is longer than its shape {arrays[name].shape}")
    return arrays


def _read(content: bytes) -> Checkpoint:
    whole, checksum = content[:-64], content[-64:]
    sealed = whole.endswith(CHECKSUM)
    if sealed and checksum != hashlib.sha256(whole).hexdigest().encode():
        raise ValueError("its bytes have changed since it was saved: its checksum differs")
    arrays = _members(content)
    if "header" not in arrays:
        raise ValueError("it has no header")
    header = json.loads(str(arrays.pop("header")))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError("its header was not written by nn.save")
    if header.get("version") not in (1, VERSION):
        raise ValueError(f"its version is {header.get('version')!r}, and this is version {VERSION}")
    if header["version"] == VERSION and not sealed:
        raise ValueError("its bytes have changed since it was saved: its checksum is missing")
    for name in ("bias", "expanded"):
        if not isinstance(header[name], bool):
            raise ValueError(f"{name} is {header[name]!r}; it must be true or false")

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
            expanded=header["expanded"],
        )
    )
    if "optimizer" in header:
        run.optimizer = _made(header["optimizer"])
        run.optimizer.state = {name: take(f"optimizer.{name}") for name in header["optimizer"]["state"]}
        run.optimizer.check(np.array([value.data for value in run.mlp.parameters()]))
    if "rng" in header:
        run.rng = generator(header["rng"], "rng")
    if "history" in header:
        run.history = History(stopped_by=str(header["history"]["stopped_by"]))
        for name in _lists():
            entries = take(f"history.{name}", 2 if name == "gradient_norms" else 1).tolist()
            setattr(run.history, name, [None if x != x else x for x in entries])  # NaN: not measured
    if arrays:
        raise ValueError(f"{', '.join(arrays)} does not belong in it")
    return run


def _finite(array: NDArray[Any], name: str) -> None:
    """Raise ValueError for a number that is not finite; NaN means not measured in a history."""
    gaps = name.removeprefix("history.") in SOMETIMES_MEASURED and array.ndim == 1
    numbers(array[~np.isnan(array)] if gaps else array, name)


def _lists() -> list[str]:
    return [field.name for field in fields(History) if field.name != "stopped_by"]


def _described(optimizer: Optimizer) -> dict[str, Any]:
    """Return an optimizer as JSON, without its arrays."""
    kind = type(optimizer).__name__
    if type(optimizer) is not OPTIMIZERS.get(kind):
        raise ValueError(f"the optimizer is {optimizer!r}; a file can contain {', '.join(OPTIMIZERS)}")
    settings = {field.name: getattr(optimizer, field.name) for field in fields(optimizer) if field.init}
    rate: Any = optimizer.learning_rate
    if callable(rate):
        schedule = type(rate).__name__
        if type(rate) is not SCHEDULES.get(schedule):
            raise ValueError(f"learning_rate is {rate!r}; a file can contain a number, {', '.join(SCHEDULES)}")
        settings["learning_rate"] = {"kind": schedule, "settings": asdict(rate)}
    return {"kind": kind, "settings": settings, "steps": optimizer.steps, "state": list(optimizer.state)}


def _made(described: dict[str, Any]) -> Optimizer:
    """Return the optimizer that was described."""
    rate = described["settings"]["learning_rate"]
    if isinstance(rate, dict):
        rate = SCHEDULES[rate["kind"]](**_numbers(rate["settings"]))
    else:
        numbers(rate, "learning_rate")
    others = {name: x for name, x in described["settings"].items() if name != "learning_rate"}
    optimizer = OPTIMIZERS[described["kind"]](rate, **_numbers(others))
    if type(described["steps"]) is not int or described["steps"] < 0:
        raise ValueError(f"optimizer.steps is {described['steps']!r}; it must be a whole number, 0 or more")
    optimizer.steps = described["steps"]
    return optimizer


def _numbers(settings: dict[str, Any]) -> dict[str, Any]:
    for name, number in settings.items():
        if number is not None:
            numbers(number, name)
    return settings
