"""Files of runs for tests: one with everything in it, the same with other contents, and what a refusal says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import MLP, Adam, load, train
from nn.training.checkpoint import _sealed


def rewritten(path: Path, **changes: Any) -> Path:
    """Write the file again with other arrays, None for one that goes, and other entries of the header.

    Its checksum is right, as a forger would make it.
    """
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
    archive = io.BytesIO()
    np.savez(archive, header=np.array(json.dumps(header)), **arrays)
    path.write_bytes(_sealed(archive))
    return path


def run_file(folder: Path) -> Path:
    """Write the file of a run with everything in it."""
    rng, path = np.random.default_rng(3), folder / "run.npz"
    X, y = rng.normal(size=(11, 3)), rng.integers(0, 3, 11)
    mlp = MLP(3, [4, 3], "relu", output="softmax", rng=1)
    train(mlp, X, y, loss="cross_entropy", optimizer=Adam(0.01), epochs=2, checkpoint=path, progress=False, rng=0)
    return path


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def assert_refused(path: Path, message: str = "") -> None:
    with pytest.raises(ValueError, match=f"run.npz is not a complete file of nn.save: .*{message}"):
        load(path)
