"""Files that were truncated, of which a bit has changed, or that were packed anew: none gives other numbers."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
from run_files import assert_refused, flat, run_file

from nn.training.checkpoint import _read


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return run_file(tmp_path)


def test_a_truncated_file_is_refused_wherever_it_ends(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 37):
        saved.write_bytes(content[:length])
        assert_refused(saved)


@pytest.fixture
def old(saved: Path) -> Path:
    """Return the same file as version 1 wrote it: an archive without a checksum of the whole."""
    with np.load(saved) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays.pop("header"))) | {"version": 1}
    np.savez(saved, header=np.array(json.dumps(header)), **arrays)
    return saved


def flipped(content: bytes, bit: int) -> bytes:
    return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]


def structure(content: bytes) -> list[int]:
    """Return the places of all bytes of a file but the members' data: zip's headers, and those of the arrays."""
    data: set[int] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            array = np.load(io.BytesIO(archive.read(entry)))
            start = content.index(archive.read(entry))
            data |= set(range(start + entry.file_size - array.nbytes, start + entry.file_size))
    return [place for place in range(len(content)) if place not in data]


def told(content: bytes) -> str:
    """Return all that a file says, as `load` reads it; '' where it refuses."""
    try:
        run = _read(content)
    except Exception:  # load makes one error of any
        return ""
    assert run.optimizer is not None
    assert run.rng is not None
    state = {name: array.tolist() for name, array in run.optimizer.state.items()}
    layers = [layer.activation for layer in run.mlp.layers]
    parts = [run.mlp, layers, flat(run.mlp), vars(run.optimizer) | {"state": state}, run.rng.bit_generator.state]
    return f"{parts} {vars(run.history)}"


def test_a_file_of_which_a_bit_has_changed_is_refused(saved: Path) -> None:
    """One bit of every byte of the headers, and a sample of all bits."""
    content, random = saved.read_bytes(), Random(11)
    bits = [8 * place + random.randrange(8) for place in structure(content)]
    for bit in bits + random.sample(range(8 * len(content)), 3000):
        assert not told(flipped(content, bit)), bit
    for bit in random.sample(bits, 50):
        saved.write_bytes(flipped(content, bit))
        assert_refused(saved)


def test_an_old_file_of_which_a_bit_has_changed_is_refused_or_gives_the_same_run(old: Path) -> None:
    content, random = old.read_bytes(), Random(12)
    right = told(content)
    assert right
    bits = [8 * place + random.randrange(8) for place in structure(content)]
    for bit in random.sample(bits, 700) + random.sample(range(8 * len(content)), 300):
        assert told(flipped(content, bit)) in ("", right), bit  # some mean nothing, such as a date's


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def zipped(entries: list[tuple[str, bytes]]) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # of a name that stands twice
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def swapped(content: bytes) -> bytes:
    found = members(content)
    found["b1.npy"], found["b2.npy"] = found["b2.npy"], found["b1.npy"]
    return zipped(list(found.items()))


CHANGED: dict[str, Callable[[bytes], bytes]] = {
    "bytes appended": lambda content: content + b"!",
    "bytes before it": lambda content: b"!" + content,
    "a member more": lambda content: zipped([*members(content).items(), ("b3.npy", members(content)["b2.npy"])]),
    "a member twice": lambda content: zipped([*members(content).items(), ("b2.npy", members(content)["b2.npy"])]),
    "members swapped": swapped,
    "packed anew": lambda content: zipped(list(members(content).items())),
    "a file after it": lambda content: content + content,
}


@pytest.mark.parametrize("how", CHANGED)
def test_a_file_that_was_changed_as_a_whole_is_refused(how: str, saved: Path) -> None:
    saved.write_bytes(CHANGED[how](saved.read_bytes()))
    assert_refused(saved)


def test_a_member_that_stands_twice_or_is_too_long_is_refused_in_an_old_file_too(old: Path) -> None:
    content = old.read_bytes()
    old.write_bytes(CHANGED["a member twice"](content))
    assert_refused(old, "it contains b2 twice")
    longer = {name: array + b"!" * (name == "b1.npy") for name, array in members(content).items()}
    old.write_bytes(zipped(list(longer.items())))
    assert_refused(old, "b1 is longer than its shape")
