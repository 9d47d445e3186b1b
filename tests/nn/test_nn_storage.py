"""Files of networks and runs: what comes back is what was saved, and a process killed in a save loses nothing."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
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
            "version": 2,
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
import itertools, os, sys, warnings
import autograd.files
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
        self.file, self.last = file, last
    def __getattr__(self, name):
        return getattr(self.file, name)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
    def write(self, content):
        for start in range(0, len(content), 100):
            dying(self.file.write, self.last)(content[start : start + 100])
            self.file.flush()

for last in itertools.count():
    save(old, path)
    assert os.listdir(os.path.dirname(path)) == ["run.npz"], last  # what a killed process left is gone
    child = os.fork()
    if not child:
        steps = {name: dying(getattr(os, name), last) for name in ("open", "chmod", "fsync", "replace")}
        opened = lambda *arguments: File(os.fdopen(*arguments), last)
        autograd.files.os = type("os", (), {**vars(os), **steps, "fdopen": opened})
        save(new, path)
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    found = data(load(path).mlp)
    assert found == data(old if died else new), last
    if not died:
        break
assert last > 20, last
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_killed_at_any_write_leaves_the_old_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "run.npz")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_alone(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, mlp = tmp_path / "run.npz", NETWORKS["softmax"]()
    save(mlp, path)

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match=r"No space left on device; it was not written, and what was there .*run.npz"):
        save(NETWORKS["mixed"](), path)
    assert flat(load(path).mlp) == flat(mlp)
    assert os.listdir(tmp_path) == ["run.npz"]


# What cannot be saved -------------------------------------------------------------------------------------------------


class OwnAdam(Adam):
    pass


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"optimizer": OwnAdam(0.1)}, "a file can contain SGD, RMSProp, Adam, AdamW"),
        ({"optimizer": SGD(lambda step: 0.1)}, "a file can contain a number, StepDecay"),
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


def test_what_cannot_be_saved_there_is_refused_in_words(tmp_path: Path) -> None:
    mlp: Any = MLP(2, [1], rng=0)
    with pytest.raises(TypeError, match="a network and a path, in this order"):
        save(str(tmp_path / "network.npz"), mlp)  # the other way round
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; create it first"):
        save(mlp, tmp_path / "nowhere" / "network.npz")
