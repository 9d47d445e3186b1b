"""Files that are tampered with or of another kind: refused, not replaced, and nothing in them is executed."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_files import assert_refused, flat, rewritten, run_file

from nn import MLP, SGD, load, save, train
from nn.training.checkpoint import _sealed


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return run_file(tmp_path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "run.npz")


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["BOMB"],)


@pytest.mark.parametrize("where", ["W1", "header", "extra", "file"])
def test_nothing_in_a_file_is_executed(
    where: str, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOMB", str(tmp_path / "executed"))
    array = np.array([Bomb()], dtype=object)
    if where == "file":
        saved.write_bytes(pickle.dumps(Bomb()))
    elif where == "header":
        np.savez(saved, header=array)
    else:
        rewritten(saved, **{where: array})
    assert_refused(saved)
    assert not (tmp_path / "executed").exists()


NO_RATE: dict[str, Any] = {"kind": "Adam", "settings": {}, "steps": 1, "state": []}
TAMPERED: list[tuple[dict[str, Any], str]] = [
    ({"W1": None}, "W1 is missing"),
    ({"b2": None}, "b2 is missing"),
    ({"W3": np.ones((3, 3))}, "W3 does not belong in it"),
    ({"W1": np.ones((3, 5))}, r"weights\[1\] has 4 rows"),
    ({"W1": np.ones(12)}, r"W1 has shape \(12,\)"),
    ({"W1": np.full((3, 4), np.nan)}, r"W1\[0, 0\] is nan"),
    ({"W1": np.full((3, 4), "0.5")}, "W1 has shape .* type <U3"),
    ({"b1": np.ones(3)}, "biases"),
    ({"format": "another"}, "its header was not written by nn.save"),
    ({"version": 3}, "its version is 3, and this is version 2"),
    ({"bias": "no"}, "bias is 'no'; it must be true or false"),
    ({"expanded": 1}, "expanded is 1; it must be true or false"),
    ({"activations": ["relu", "os.system"]}, "'os.system' is not an activation"),
    ({"activations": ["relu", "relu", "softmax"]}, "W3 is missing"),
    ({"activations": 7}, ""),
    ({"optimizer": NO_RATE}, "learning_rate"),
    ({"optimizer": NO_RATE | {"kind": "Popen"}}, ""),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": {"kind": "eval", "settings": {}}}}}, "eval"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": -1}}}, "learning_rate is -1"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": "1"}}}, "learning_rate is '1', not a number"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": 1, "beta1": [0]}}}, ""),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": 1}, "steps": -1}}, "optimizer.steps is -1"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": 1}, "steps": 1.5}}, "optimizer.steps is 1.5"),
    ({"optimizer.mean": np.ones(3)}, "has updated parameters of shape"),
    ({"optimizer.mean": None}, "optimizer.mean is missing"),
    ({"rng": {"bit_generator": "default_rng"}}, "rng.bit_generator is 'default_rng'; it must be one of PCG64"),
    ({"rng": {"bit_generator": ["PCG64"]}}, "rng.bit_generator is"),
    ({"rng": [1]}, "rng.bit_generator is None"),
    ({"rng": {"bit_generator": "PCG64", "state": 1}}, "rng holds .*; it must hold state, has_uint32, uinteger"),
    ({"history.loss": None}, "history.loss is missing"),
    ({"history.loss": np.ones((2, 2))}, r"history.loss has shape \(2, 2\)"),
    ({"history": 1}, ""),
]


@pytest.mark.parametrize(("changes", "message"), TAMPERED)
def test_a_tampered_file_is_refused(changes: dict[str, Any], message: str, saved: Path) -> None:
    assert_refused(rewritten(saved, **changes), message)


def npy(shape: tuple[int, ...]) -> bytes:
    """Return the beginning of an array's file, which promises that shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


FOREIGN: dict[str, Callable[[Path], Any]] = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("import os"),
    "array": lambda path: path.write_bytes(npy((0,))),
    "other npz": lambda path: np.savez(path, weights=np.ones(3)),
    "nested header": lambda path: np.savez(path, header=np.array("[" * 100_000)),
    "header of a list": lambda path: np.savez(path, header=np.array("[]")),
    "header of numbers": lambda path: np.savez(path, header=np.ones(3)),
    "compressed": lambda path: np.savez_compressed(path, header=np.array("{}")),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    FOREIGN[kind](path)
    assert_refused(path)


@pytest.mark.parametrize("kind", [*FOREIGN, "damaged"])
def test_a_file_of_another_kind_is_not_replaced(kind: str, tmp_path: Path) -> None:
    path, mlp = tmp_path / "run.npz", MLP(2, [1], rng=0)
    save(mlp, path)
    FOREIGN.get(kind, lambda path: path.write_bytes(path.read_bytes()[:-100]))(path)
    before = path.read_bytes()
    if kind == "empty":  # as tempfile makes it
        save(mlp, path)
        assert flat(load(path).mlp) == flat(mlp)
        return
    with pytest.raises(
        FileExistsError, match=r"run.npz is not a complete file of nn.save, so it is not replaced: remove it"
    ):
        save(mlp, path)
    with pytest.raises(FileExistsError):
        train(mlp, [[1.0, 2.0]], [[1.0]], loss="mse", optimizer=SGD(0.1), epochs=1, checkpoint=path, progress=False)
    assert path.read_bytes() == before


def test_an_array_that_promises_terabytes_is_refused(saved: Path) -> None:
    rewritten(saved, W1=None)
    archive = io.BytesIO(saved.read_bytes())
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("W1.npy", npy((10**7, 10**6)))
    saved.write_bytes(_sealed(archive))
    assert_refused(saved)
