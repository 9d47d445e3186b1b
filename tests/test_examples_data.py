"""The examples on real data, and the three ways of one network, do what they say."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples import breast_cancer, digits, mnist, three_ways


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


# Bundled data ---------------------------------------------------------------------------------------------------------


def test_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digits.main(tmp_path / "new")
    out = capsys.readouterr().out
    assert number(r"test accuracy ([\d.]+)%", out) >= 97.0
    table = [line.split() for line in out.splitlines() if re.match(r" {4}\d ", line)]
    counts = np.array([[0 if cell == "·" else int(cell) for cell in row[1:]] for row in table])
    assert counts.shape == (10, 10)
    assert counts.sum() == 450
    assert counts.sum() - counts.trace() == number(r"(\d+) of 450 wrong", out)
    assert (tmp_path / "new" / "digits-wrong.png").read_bytes().startswith(b"\x89PNG")


def test_digits_without_matplotlib(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digits, "EPOCHS", 1)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    digits.main(tmp_path)
    assert "not drawn: that needs matplotlib" in capsys.readouterr().out


def test_breast_cancer(capsys: pytest.CaptureFixture[str]) -> None:
    breast_cancer.main()
    out = capsys.readouterr().out
    assert number(r"test accuracy ([\d.]+)%", out) >= 95.0
    rows = [list(map(float, cells)) for cells in re.findall(r"p = (0.\d) +(\d+) +(\d+)", out)]
    missed, alarms = ([row[i] for row in rows] for i in (1, 2))
    assert len(rows) == 5
    assert missed == sorted(missed)
    assert alarms == sorted(alarms, reverse=True)
    assert number(r"p − t = (\S+)", out) == pytest.approx(number(r"delta .* is (\S+)", out), abs=2e-6)


# Three ways -----------------------------------------------------------------------------------------------------------


def test_three_ways(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def once(work: Callable[[], object], runs: int) -> float:
        work()
        return 1.0

    monkeypatch.setattr(three_ways, "fastest", once)
    three_ways.main()
    out = capsys.readouterr().out
    expanded, fused, program = (float(apart) for apart in re.findall(r"× +(\de[+-]\d\d)", out))
    assert expanded == fused == 0.0
    assert program <= 1e-12
    assert "# z1 = W1 @ x + b1" in out


# MNIST ----------------------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
LABELS = {"train": RNG.integers(0, 10, 300), "t10k": RNG.integers(0, 10, 60)}


def images(labels: Any) -> Any:
    """Return an image for each label: a bar at the label's height, and noise."""
    pictures = RNG.integers(0, 60, (len(labels), 28, 28), dtype=np.uint8)
    for picture, label in zip(pictures, labels, strict=True):
        picture[2 * label + 4 : 2 * label + 6, 4:24] = 255
    return pictures


IMAGES = {part: images(labels) for part, labels in LABELS.items()}


def idx(array: Any) -> bytes:
    array = np.asarray(array, dtype=np.uint8)
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def plain(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def packed(path: Path, content: bytes) -> None:
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(content))


def write(folder: Path, writer: Callable[[Path, bytes], None] = plain) -> Path:
    for part in ("train", "t10k"):
        writer(folder / f"{part}-images-idx3-ubyte", idx(IMAGES[part]))
        writer(folder / f"{part}-labels-idx1-ubyte", idx(LABELS[part]))
    return folder


@pytest.mark.parametrize("writer", [plain, packed])
def test_idx_files_plain_and_packed(writer: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    write(tmp_path, writer)
    assert (mnist.read_idx(tmp_path / "t10k-images-idx3-ubyte", 3) == IMAGES["t10k"]).all()
    X, y = mnist.load(tmp_path, "train")
    assert X.shape == (300, 784)
    np.testing.assert_array_equal(X, IMAGES["train"].reshape(300, 784) / 255)
    np.testing.assert_array_equal(y, LABELS["train"])


def test_mnist_is_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mlp = mnist.main(write(tmp_path), epochs=4)
    assert repr(mlp) == "MLP(784 → 30 sigmoid → 10 sigmoid, 23860 parameters)"
    accuracy = [float(share) for share in re.findall(r"([\d.]+)%$", capsys.readouterr().out, re.MULTILINE)]
    assert len(accuracy) == 4
    assert accuracy[-1] > 50.0  # chance has 10


@pytest.mark.parametrize("writer", [plain, packed])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with ''"),
        (idx(np.ones((2, 2)))[:3], "begins with '00 00 08'"),
        (idx(np.ones((2, 2))), "begins with '00 00 08 02', not with '00 00 08 03'"),
        (b"\0\0\x0d\x03" + idx(IMAGES["t10k"])[4:], "begins with '00 00 0d 03'"),
        (idx(IMAGES["t10k"])[:9], "has 0 bytes after its header"),
        (idx(IMAGES["t10k"])[:-1], "has 47039 bytes after its header, which says 60 × 28 × 28"),
        (idx(IMAGES["t10k"]) + b"\0", "has more bytes after its header"),
        (idx(np.ones((0, 28, 28))), "has 0 bytes after its header, which says 0 × 28 × 28"),
        (idx(np.ones((60, 28, 27))), "the t10k images are 28 × 27, not 28 × 28"),
        (idx(np.ones((59, 28, 28))), "there are 59 t10k images, but 60 labels"),
    ],
)
def test_images_that_do_not_fit_are_refused(
    content: bytes, message: str, writer: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    write(tmp_path, writer)
    writer(tmp_path / "t10k-images-idx3-ubyte", content)
    with pytest.raises(ValueError, match=message):
        mnist.main(tmp_path)


def test_labels_that_are_no_digits_are_refused(tmp_path: Path) -> None:
    (write(tmp_path) / "train-labels-idx1-ubyte").write_bytes(idx([*LABELS["train"][:-1], 10]))
    with pytest.raises(ValueError, match="train label 299 is 10, not a digit"):
        mnist.main(tmp_path)


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, packed) / "train-images-idx3-ubyte.gz"
    content = file.read_bytes()
    for damaged in (content[:1000], content[:200] + b"damaged" + content[207:], b"not an archive"):
        file.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz is damaged"):
            mnist.load(tmp_path, "train")


def test_a_missing_file_is_named_with_both_its_names(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"neither .*train-images-idx3-ubyte nor .*ubyte\.gz"):
        mnist.main(tmp_path)
