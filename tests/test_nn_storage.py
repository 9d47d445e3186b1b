"""Files of networks and runs: what comes back is what was saved, and nothing else is ever believed or executed."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    CosineDecay,
    ExponentialDecay,
    History,
    Optimizer,
    Patience,
    RMSProp,
    StepDecay,
    load,
    save,
    train,
)

RNG = np.random.default_rng(3)
X = RNG.normal(size=(11, 3))
CLASSES = RNG.integers(0, 3, 11)

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": lambda: SGD(0.1),
    "momentum": lambda: SGD(StepDecay(0.05, every=7, factor=0.5), momentum=0.9, nesterov=True, weight_decay=0.01),
    "rmsprop": lambda: RMSProp(0.01, clip_value=0.3),
    "adam": lambda: Adam(ExponentialDecay(0.02, factor=0.99), clip_norm=1.0),
    "adamw": lambda: AdamW(CosineDecay(0.02, steps=30), weight_decay=0.05),
}
NETWORKS: dict[str, Callable[[], MLP]] = {
    "softmax": lambda: MLP(3, [4, 3], "relu", output="softmax", rng=1),
    "mixed": lambda: MLP(3, [2, 2, 3], [["tanh", "identity"], "leaky_relu"], output="sigmoid", rng=2),
    "no bias": lambda: MLP(3, [4, 3], "gelu", output="identity", bias=False, rng=3),
    "expanded": lambda: MLP(3, [2], expanded=True, rng=4),
}


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def fit(mlp: MLP, optimizer: Optimizer | None, epochs: int, **settings: Any) -> History:
    assert optimizer is not None
    chosen: dict[str, Any] = {"loss": "cross_entropy", "batch_size": 4, "progress": False}
    return train(mlp, X, CLASSES, optimizer=optimizer, epochs=epochs, **(chosen | settings))


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


# What comes back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_comes_back_bit_for_bit(network: str, tmp_path: Path) -> None:
    mlp = NETWORKS[network]()
    mlp.layers[0].neurons[0].weights[0].data = 5e-324
    save(mlp, tmp_path / "network.npz")
    run = load(tmp_path / "network.npz")
    assert (run.optimizer, run.rng, run.history) == (None, None, None)
    assert flat(run.mlp) == flat(mlp)
    assert repr(run.mlp) == repr(mlp)
    assert repr(run.mlp.layers) == repr(mlp.layers)
    assert (run.mlp.predict(X) == mlp.predict(X)).all()
    assert run.mlp.layers[0].neurons[0].expanded == mlp.layers[0].neurons[0].expanded


def test_numpy_alone_reads_the_file(tmp_path: Path) -> None:
    mlp = NETWORKS["softmax"]()
    save(mlp, tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as archive:
        assert archive.files == ["W1", "W2", "b1", "b2", "header"]
        assert (archive["W2"] == mlp.weights()[1]).all()
        assert json.loads(str(archive["header"])) == {
            "format": "handgrad network",
            "version": 1,
            "activations": ["relu", "softmax"],
            "bias": True,
            "expanded": False,
        }


def test_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(NETWORKS["mixed"](), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


# Going on -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["vectorized", "scalar"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_goes_on_bit_for_bit(optimizer: str, engine: str, tmp_path: Path) -> None:
    """Ten epochs are five, a file, and five more, the order of the examples included."""
    path = tmp_path / "run.npz"
    whole, first = NETWORKS["softmax"](), NETWORKS["softmax"]()
    history = fit(whole, OPTIMIZERS[optimizer](), 10, engine=engine, rng=5)
    fit(first, OPTIMIZERS[optimizer](), 5, engine=engine, rng=5, checkpoint=path)
    run = load(path)
    continued = fit(run.mlp, run.optimizer, 5, engine=engine, rng=run.rng, history=run.history, checkpoint=path)
    assert flat(run.mlp) == flat(whole) == flat(load(path).mlp)
    assert repr(run.optimizer) == repr(OPTIMIZERS[optimizer]())
    assert continued is run.history
    for numbers in ("loss", "gradient_norms", "accuracy"):
        assert getattr(continued, numbers) == getattr(history, numbers)
    assert len(continued.seconds) == 10


def test_a_run_in_float32_goes_on_bit_for_bit(tmp_path: Path) -> None:
    path, whole, first = tmp_path / "run.npz", NETWORKS["softmax"](), NETWORKS["softmax"]()
    fit(whole, Adam(0.01), 4, dtype=np.float32, rng=5)
    fit(first, Adam(0.01), 2, dtype=np.float32, rng=5, checkpoint=path)
    run = load(path)
    fit(run.mlp, run.optimizer, 2, dtype=np.float32, rng=run.rng)
    assert flat(run.mlp) == flat(whole)


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_generator_of_numpy_goes_on(bits: str, tmp_path: Path) -> None:
    rng = np.random.Generator(getattr(np.random, bits)(1))
    rng.integers(9, size=3, dtype=np.int32)
    save(NETWORKS["softmax"](), tmp_path / "run", rng=rng)
    restored = load(tmp_path / "run").rng
    assert restored is not None
    assert restored.permutation(50).tolist() == rng.permutation(50).tolist()
    assert restored.normal() == rng.normal()


def test_rules_remember_what_came_before_the_file(tmp_path: Path) -> None:
    mlp = NETWORKS["softmax"]()
    history = fit(mlp, SGD(0.1), 3, rng=0, checkpoint=tmp_path / "run", validation=(X, CLASSES))
    run = load(tmp_path / "run")
    assert run.history is not None
    assert run.history.validation_accuracy == history.validation_accuracy
    run.history.validation_loss[0] = 0.0
    fit(run.mlp, run.optimizer, 9, history=run.history, validation=(X, CLASSES), stopping=Patience(4))
    assert len(run.history.loss) == 5
    assert run.history.stopped_by.startswith("patience")


def test_an_interrupted_run_goes_on_from_its_last_whole_epoch(tmp_path: Path) -> None:
    class Interrupted(History):
        def append(self, **numbers: float | list[float]) -> None:
            if len(self.loss) == 3:
                raise KeyboardInterrupt
            super().append(**numbers)

    path, whole = tmp_path / "run.npz", NETWORKS["softmax"]()
    fit(whole, Adam(0.01), 6, rng=0)
    history = fit(NETWORKS["softmax"](), Adam(0.01), 6, rng=0, checkpoint=path, history=Interrupted())
    assert history.stopped_by == "interrupt"
    run = load(path)
    fit(run.mlp, run.optimizer, 3, rng=run.rng)
    assert flat(run.mlp) == flat(whole)


# Killed in the middle -------------------------------------------------------------------------------------------------

KILLED = """
import builtins, itertools, os, sys, warnings
import numpy as np
import nn.storage
from nn import MLP, load, save

warnings.simplefilter("ignore", DeprecationWarning)  # fork beside NumPy's idle threads
path = sys.argv[1]
old, new = MLP(3, [4, 2], rng=0), MLP(3, [4, 2], rng=1)
data = lambda mlp: [p.data for p in mlp.parameters()]
calls = itertools.count()

def dying(function, last):
    def call(*arguments, **settings):
        if next(calls) == last:
            os._exit(9)
        return function(*arguments, **settings)
    return call

class File:
    def __init__(self, file, last):
        self.file, self.write = file, dying(file.write, last)
    def __getattr__(self, name):
        return getattr(self.file, name)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()

for last in itertools.count():
    save(old, path)
    child = os.fork()
    if not child:
        nn.storage.open = lambda *a: File(builtins.open(*a, buffering=0), last)
        nn.storage.os = type("os", (), {**vars(os), "fsync": dying(os.fsync, last), "replace": dying(os.replace, last)})
        save(new, path)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = data(load(path).mlp)
    assert found == data(old if died else new), last
    if not died:
        break
assert last > 20, last
print(last)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_killed_at_any_write_leaves_the_old_file(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603  (the text above)
        [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_alone(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mlp = tmp_path / "run.npz", NETWORKS["softmax"]()
    save(mlp, path)

    def full(*arguments: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        save(NETWORKS["mixed"](), path)
    assert flat(load(path).mlp) == flat(mlp)
    assert os.listdir(tmp_path) == ["run.npz"]


# What cannot be saved -------------------------------------------------------------------------------------------------


class OwnAdam(Adam):
    pass


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"optimizer": OwnAdam(0.1)}, "a file can hold SGD, RMSProp, Adam, AdamW"),
        ({"optimizer": SGD(lambda step: 0.1)}, "a file can hold a number, StepDecay"),
        ({"history": History(loss=[float("nan")])}, r"history.loss\[0\] is nan"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(what: dict[str, Any], message: str, tmp_path: Path) -> None:
    path, mlp = tmp_path / "run.npz", NETWORKS["softmax"]()
    save(mlp, path)
    with pytest.raises(ValueError, match=message):
        save(NETWORKS["mixed"](), path, **what)
    assert flat(load(path).mlp) == flat(mlp)


def test_a_run_that_cannot_be_saved_does_not_begin(tmp_path: Path) -> None:
    mlp = NETWORKS["softmax"]()
    before = flat(mlp)
    with pytest.raises(ValueError, match="learning_rate is"):
        fit(mlp, SGD(lambda step: 0.1), 3, checkpoint=tmp_path / "run.npz")
    with pytest.raises(FileNotFoundError):
        fit(mlp, SGD(0.1), 3, checkpoint=tmp_path / "nowhere" / "run.npz")
    assert flat(mlp) == before
    assert not os.listdir(tmp_path)


def test_a_weight_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    mlp = NETWORKS["softmax"]()
    mlp.layers[1].neurons[2].weights[3].data = float("inf")
    with pytest.raises(ValueError, match=r"W2\[3, 2\] is inf"):
        save(mlp, tmp_path / "network.npz")


# What is not believed -------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return the file of a run with everything in it."""
    fit(NETWORKS["softmax"](), Adam(0.01), 2, rng=0, checkpoint=tmp_path / "run.npz")
    return tmp_path / "run.npz"


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
