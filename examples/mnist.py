"""MNIST in the manner of Nielsen: 784-30-10, sigmoids, N(0, 1) weights and biases, ½ Σ e², steps of η / len(batch).

The settings are those of chapter 1 of his "Neural Networks and Deep Learning": η = 3, batches of 10, 30 epochs, the
test set read after every one. The four files (train-images-idx3-ubyte and so on, as they are or with .gz) are yours.

    python examples/mnist.py folder-of-the-four-files [epochs]
"""

from __future__ import annotations

import gzip
import math
import sys
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nn import MLP, SGD, train
from nn.console import use_utf8

Bytes = NDArray[np.uint8]


def read_idx(path: Path, dimensions: int) -> Bytes:
    """Read an IDX file of bytes: two zeros, 8 for bytes, the number of dimensions, each size, and the bytes.

    path: the file; where it is missing, the same with .gz. Sizes are big-endian, of four bytes each.
    Raises FileNotFoundError, and ValueError for a file of another kind, cut off, or too long.
    """
    packed = path.with_name(path.name + ".gz")
    if not path.exists():
        if not packed.exists():
            raise FileNotFoundError(f"there is neither {path} nor {packed.name}")
        path = packed
    try:
        with gzip.open(path) if path == packed else path.open("rb") as file:
            magic = file.read(4)
            if magic != bytes([0, 0, 8, dimensions]):
                raise ValueError(f"{path} begins with {magic.hex(' ')!r}, not with '00 00 08 0{dimensions}'")
            sizes = np.frombuffer(file.read(4 * dimensions).ljust(4 * dimensions, b"\0"), ">u4").tolist()
            expected = math.prod(sizes)
            content = file.read(expected + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if len(content) != expected or not expected:
        found = f"{len(content)} bytes" if len(content) <= expected else "more bytes"
        raise ValueError(f"{path} has {found} after its header, which says {' × '.join(map(str, sizes))}")
    return np.frombuffer(content, np.uint8).reshape(sizes)


def load(folder: Path, part: str) -> tuple[NDArray[np.float64], Bytes]:
    """Return images as rows of 784 numbers from 0 to 1, and their labels; part is "train" or "t10k"."""
    images = read_idx(folder / f"{part}-images-idx3-ubyte", 3)
    labels = read_idx(folder / f"{part}-labels-idx1-ubyte", 1)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"the {part} images are {images.shape[1]} × {images.shape[2]}, not 28 × 28")
    if len(images) != len(labels):
        raise ValueError(f"there are {len(images)} {part} images, but {len(labels)} labels")
    if labels.max() > 9:
        raise ValueError(f"{part} label {labels.argmax()} is {labels.max()}, not a digit")
    return images.reshape(len(images), 784) / 255.0, labels


def main(folder: Path, epochs: int = 30) -> MLP:
    """Train on the folder's images, print the test accuracy of every epoch, and return the network."""
    (X, y), (X_test, y_test) = load(folder, "train"), load(folder, "t10k")
    rng = np.random.default_rng(0)
    sizes = [(784, 30), (30, 10)]
    mlp = MLP.from_weights([rng.normal(size=size) for size in sizes], [rng.normal(size=m) for _, m in sizes])
    one_hot = np.eye(10)
    history = train(
        mlp,
        X,
        one_hot[y],
        loss="half_sse",
        optimizer=SGD(3.0),
        epochs=epochs,
        batch_size=10,
        validation=(X_test, one_hot[y_test]),
        rng=rng,
    )
    print(f"\n{mlp}, trained on {len(X)} images\n\nepoch    seconds        loss    test accuracy")
    for epoch, numbers in enumerate(zip(history.seconds, history.loss, history.validation_accuracy, strict=True), 1):
        print("{:5}{:11.2f}{:12.4f}{:17.2%}".format(epoch, *numbers))
    return mlp


if __name__ == "__main__":
    use_utf8()
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
