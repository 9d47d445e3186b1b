"""Files that are truncated, damaged, tampered with or of another kind: refused, and nothing in them is executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, Adam, load, train


def rewritten(path: Path, **changes: Any) -> Path:
    """Write the file again with other arrays, None for one that goes, and other entries of the header."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header")))
    for name, change in changes.items():
        if name in header:
            header[name] = change
        elif change is None:
            del arrays[name]
        else:
            arrays[name] = change
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    return path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return the file of a run with everything in it."""
    rng, path = np.random.default_rng(3), tmp_path / "run.npz"
    X, y = rng.normal(size=(11, 3)), rng.integers(0, 3, 11)
    mlp = MLP(3, [4, 3], "relu", output="softmax", rng=1)
    train(mlp, X, y, loss="cross_entropy", optimizer=Adam(0.01), epochs=2, checkpoint=path, progress=False, rng=0)
    return path


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def assert_refused(path: Path, message: str = "") -> None:
    with pytest.raises(ValueError, match=f"run.npz is not a whole file of nn.save: .*{message}"):
        load(path)


def test_a_missing_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "run.npz")


def test_a_truncated_file_is_refused_wherever_it_ends(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 37):
        saved.write_bytes(content[:length])
        assert_refused(saved)


def test_no_damaged_byte_gives_other_numbers(saved: Path) -> None:
    content, right = saved.read_bytes(), flat(load(saved).mlp)
    for place in range(0, len(content), 23):
        saved.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            assert flat(load(saved).mlp) == right  # a byte that means nothing, such as a date's
        except ValueError:
            assert_refused(saved)


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
    ({"W3": np.ones((3, 3))}, "W3 is no part of it"),
    ({"W1": np.ones((3, 5))}, r"weights\[1\] has 4 rows"),
    ({"W1": np.ones(12)}, r"W1 has shape \(12,\)"),
    ({"W1": np.full((3, 4), np.nan)}, r"W1\[0, 0\] is nan"),
    ({"W1": np.full((3, 4), "0.5")}, "W1 has shape .* type <U3"),
    ({"b1": np.ones(3)}, "biases"),
    ({"format": "another"}, "its header is another's"),
    ({"version": 2}, "its version is 2, and this is version 1"),
    ({"activations": ["relu", "os.system"]}, "'os.system' is not an activation"),
    ({"activations": ["relu", "relu", "softmax"]}, "W3 is missing"),
    ({"activations": 7}, ""),
    ({"optimizer": NO_RATE}, "learning_rate"),
    ({"optimizer": NO_RATE | {"kind": "Popen"}}, ""),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": {"kind": "eval", "settings": {}}}}}, "eval"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": -1}}}, "learning_rate is -1"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": "1"}}}, "learning_rate is '1', not a number"),
    ({"optimizer": NO_RATE | {"settings": {"learning_rate": 1, "beta1": [0]}}}, ""),
    ({"optimizer.mean": np.ones(3)}, "has moved parameters of shape"),
    ({"optimizer.mean": None}, "optimizer.mean is missing"),
    ({"rng": {"bit_generator": "default_rng"}}, "default_rng"),
    ({"rng": {"bit_generator": "PCG64", "state": 1}}, ""),
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


def test_an_array_that_promises_terabytes_is_refused(saved: Path) -> None:
    rewritten(saved, W1=None)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("W1.npy", npy((10**7, 10**6)))
    assert_refused(saved)
