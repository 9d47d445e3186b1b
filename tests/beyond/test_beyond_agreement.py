"""One network with every activation, wherever it can go: the table of docs/beyond.md."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from autograd import Value, vectorize
from autograd.lifting.program import Program
from nn import MLP

Array = NDArray[Any]
# fmt: off
ACTIVATIONS = [
    "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "log_sigmoid", "softsign",
    "hard_sigmoid", "identity",
]
# fmt: on
ROWS = np.random.default_rng(1).normal(scale=3.0, size=(20, 4))


def squares(outputs: Sequence[Value]) -> Value:
    first, *others = [y * y for y in outputs]
    return sum(others, first)


@pytest.fixture(scope="module")
def mlp() -> MLP:
    rng = np.random.default_rng(0)
    W = [rng.normal(size=(4, 4)) for _ in ACTIVATIONS]
    return MLP.from_weights(W, [rng.normal(size=4) for _ in ACTIVATIONS], ACTIVATIONS)


@pytest.fixture(scope="module")
def eager(mlp: MLP) -> tuple[Array, Array]:
    """The outputs of each row, and the gradient of the mean of their squares' sum."""
    outputs = [mlp.forward(row).output for row in ROWS]
    loss = Value(0.0)
    for row in outputs:
        loss = loss + squares(row) / len(ROWS)
    loss.backward()
    return np.array([[y.data for y in row] for row in outputs]), np.array([p.grad for p in mlp.parameters()])


def lifted(mlp: MLP, **options: Any) -> Program:
    x = [Value(0.0, f"x{k}") for k in range(4)]
    return vectorize(squares(mlp.forward(x).output), x, mlp.parameters(), **options)


def pytorch(mlp: MLP, path: Path) -> tuple[Array, Array]:
    torch = pytest.importorskip("torch")
    module = mlp.to_torch()
    y = module(torch.tensor(ROWS))
    (y**2).sum(dim=1).mean().backward()
    linears = [layer for layer in module if isinstance(layer, torch.nn.Linear)]
    rows = [torch.cat([linear.weight.grad, linear.bias.grad[:, None]], dim=1).flatten() for linear in linears]
    return y.detach().numpy(), torch.cat(rows).numpy()


def jax_function(mlp: MLP, path: Path) -> tuple[Array, Array]:
    jax = pytest.importorskip("jax")
    program = lifted(mlp)
    with jax.enable_x64(True):
        f = program.to_jax()
        loss = jax.value_and_grad(lambda p: f(p, ROWS).mean())
        return np.asarray(f(program.parameters, ROWS)), np.asarray(loss(program.parameters)[1])


def source(mlp: MLP, path: Path) -> tuple[Array, Array]:
    lifted(mlp, engine="numpy").to_source(path / "model.py")
    model = runpy.run_path(str(path / "model.py"))
    return model["values"](ROWS), model["gradient"](ROWS)[1]


def blocks(mlp: MLP, path: Path) -> tuple[Array, Array]:
    X = pytest.importorskip("dask.array").from_array(ROWS, chunks=(7, 4))
    return np.asarray(lifted(mlp).values(X)), lifted(mlp).gradient(X)[1]


def run(path: Path, dtype: Any) -> Array:
    session = pytest.importorskip("onnxruntime").InferenceSession(path)
    found: Array = session.run(["y"], {"x": ROWS.astype(dtype)})[0]
    return found


def network_file(mlp: MLP, path: Path) -> tuple[Array, None]:
    pytest.importorskip("onnx")
    mlp.to_onnx(path / "network.onnx", dtype=np.float32)
    return run(path / "network.onnx", np.float32), None


def program_file(mlp: MLP, path: Path) -> tuple[Array, None]:
    pytest.importorskip("onnx")
    lifted(mlp).to_onnx(path / "program.onnx")
    return run(path / "program.onnx", np.float64), None


# How far values and gradients are off, as a part of the largest. PyTorch's Hardsigmoid has the slope ⅙ as a float32.
DESTINATIONS: list[tuple[Callable[[MLP, Path], tuple[Array, Array | None]], float, float]] = [
    (pytorch, 1e-14, 1e-8),
    (network_file, 4e-6, 0.0),
    (program_file, 1e-14, 0.0),
    (jax_function, 1e-14, 1e-14),
    (source, 1e-14, 1e-14),
    (blocks, 1e-14, 1e-14),
]


@pytest.mark.parametrize(("destination", "value", "gradient"), DESTINATIONS)
def test_a_network_of_every_activation_computes_the_same_there(
    destination: Callable[[MLP, Path], tuple[Array, Array | None]],
    value: float,
    gradient: float,
    mlp: MLP,
    eager: tuple[Array, Array],
    tmp_path: Path,
) -> None:
    outputs, expected = eager
    found, gradients = destination(mlp, tmp_path)
    values = outputs if found.ndim == 2 else (outputs**2).sum(axis=1)
    np.testing.assert_allclose(found, values, rtol=0.0, atol=value * abs(values).max())
    if gradients is not None:
        np.testing.assert_allclose(gradients, expected, rtol=0.0, atol=gradient * abs(expected).max())
