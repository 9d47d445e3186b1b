"""The four documents' numbers at full precision (data/golden.json), and their networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from autograd import Value
from nn import MLP, SGD, HandoutStep, Record, handout_step, sse, train

GOLDEN = json.loads((Path(__file__).parent / "data" / "golden.json").read_text(encoding="utf-8"))
CASES = GOLDEN["cases"]
HANDOUT, H1, ARNOLD, MISLEY = (
    CASES[name] for name in ("seed000_3-4-1", "handout_h1", "seed002_2-3-3", "seed003_3-3-5-2")
)
ETA = HANDOUT["inputs"]["eta"]


def agrees(actual: Any, expected: Any) -> bool:
    """Compare at the tolerance that the golden numbers state."""
    actual, expected = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-14)
    return True


def data(values: list[Value]) -> list[float]:
    return [value.data for value in values]


def gradients(values: list[Value]) -> list[float]:
    return [value.grad for value in values]


def handout_network() -> MLP:
    """Document 000's 3-4-1; it prints the weights into each receiver, so they are transposed here."""
    inputs = HANDOUT["inputs"]
    return MLP.from_weights([np.transpose(inputs["w_in"]), np.transpose([inputs["w_out"]])])


def h1_network() -> MLP:
    """The walk-through of h1 alone, with the output bias that makes the output the handout's 0.6."""
    return MLP.from_weights([[[0.5], [1.2], [-0.3]], [[0.8]]], [[0.0], [H1["pinned_bias_c"]]])


def arnold_network() -> MLP:
    x = ARNOLD["inputs"]
    return MLP.from_weights([x["W1"], x["W2"]], [x["b1"], x["b2"]], "relu", output="softmax")


def misley_network() -> MLP:
    x = MISLEY["inputs"]
    return MLP.from_weights([x["W1"], x["W2"], x["W3"]])


def backward(mlp: MLP, x: list[float], target: Any, loss: Any = sse) -> tuple[Record, Value]:
    record = mlp.forward(x)
    value = loss(record.output, target)
    value.backward()
    return record, value


def one_step(mlp: MLP, X: Any, y: Any, loss: str, eta: float) -> None:
    train(mlp, X, y, loss=loss, optimizer=SGD(eta), epochs=1, progress=False)


def h1_step() -> tuple[MLP, HandoutStep]:
    mlp = h1_network()
    return mlp, handout_step(mlp, [1, 3, 5], 1, ETA)


def slope(f: Any, x: float, h: float = 1e-5) -> float:
    """The central difference, with an error of the order of h²: it knows nothing of the engine's derivatives."""
    return float((f(x + h) - f(x - h)) / (2.0 * h))
