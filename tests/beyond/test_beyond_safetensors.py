"""Parameters from a file of safetensors, named as in PyTorch; and every missing library says how to install it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn.beyond
from nn import MLP


def written(path: Path, arrays: dict[str, Any]) -> Path:
    numpy = pytest.importorskip("safetensors.numpy", reason='safetensors: pip install "handgrad[safetensors]"')
    numpy.save_file({name: np.array(array, order="C") for name, array in arrays.items()}, path)
    return path


def state(mlp: MLP, names: list[str], dtype: Any = float) -> dict[str, Any]:
    """Return what PyTorch's state_dict has, a row of weights for each receiver."""
    found = {f"{name}.weight": W.T.astype(dtype) for name, W in zip(names, mlp.weights(), strict=True)}
    return found | {f"{name}.bias": b.astype(dtype) for name, b in zip(names, mlp.biases(), strict=False)}


LAYERS = 12  # more than ten, so that an order by letters would be wrong


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("prefix", ["", "body.", "fc", "net.layers."])
def test_the_layers_are_in_the_order_of_their_numbers(prefix: str, bias: bool, tmp_path: Path) -> None:
    mlp = MLP(3, [3] * LAYERS, "tanh", output="identity", bias=bias, rng=0)
    names = [f"{prefix}{2 * i}" for i in range(LAYERS)]
    path = written(tmp_path / "m.safetensors", dict(sorted(state(mlp, names).items())))
    back = MLP.from_safetensors(path, "tanh", output="identity")
    assert repr(back) == repr(mlp)
    assert [p.data for p in back.parameters()] == [p.data for p in mlp.parameters()]


def test_single_precision_comes_over_exactly(tmp_path: Path) -> None:
    mlp = MLP(3, [4, 1], rng=0)
    back = MLP.from_safetensors(written(tmp_path / "m.safetensors", state(mlp, ["0", "2"], np.float32)))
    assert [p.data for p in back.parameters()] == [float(np.float32(p.data)) for p in mlp.parameters()]


def test_pytorchs_state_comes_over(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason='PyTorch: pip install "handgrad[torch]"')
    safetensors = pytest.importorskip("safetensors.torch", reason='safetensors: pip install "handgrad[safetensors]"')
    mlp = MLP(2, [3, 1], "relu", output="sigmoid", rng=0)
    safetensors.save_file(mlp.to_torch().state_dict(), tmp_path / "m.safetensors")
    back = MLP.from_safetensors(tmp_path / "m.safetensors", "relu", output="sigmoid")
    assert [p.data for p in back.parameters()] == [p.data for p in mlp.parameters()]
    module = MLP(2, [3, 1], "relu", output="sigmoid", rng=1).to_torch()
    module.load_state_dict(safetensors.load_file(tmp_path / "m.safetensors"))
    assert torch.equal(module[0].weight, mlp.to_torch()[0].weight)


W = np.ones((2, 3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"in.weight": W, "out.weight": W[:1, :2]},
            r"the layers of .* are in, out, and nothing .* order; fill a module",
        ),
        ({"0.weight": W, "0.running_mean": np.ones(2)}, "has '0.running_mean', which is neither a weight nor a bias"),
        ({"0.weight": np.ones((2, 3, 1))}, r"0\.weight has shape \(2, 3, 1\)"),
        ({"0.weight": W, "0.bias": np.ones(3)}, r"0\.bias has shape \(3,\)"),
        ({"0.bias": np.ones(3)}, "has a bias '0', but no weight"),
        ({"0.weight": W, "1.weight": W}, "layer '1' takes 3 inputs, but the layer before it has 2"),
        ({"0.weight": W.astype(np.float16)}, "'0.weight' of .* is F16; it must be F32 or F64"),
        ({"0.weight": W.astype(int)}, "is I64; it must be F32 or F64"),
        ({"0.weight": W * np.nan}, r"0\.weight\[0, 0\] is nan"),
        ({}, "has no layer with weights"),
    ],
)
def test_a_file_of_other_things_is_refused(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        MLP.from_safetensors(written(tmp_path / "m.safetensors", arrays))


@pytest.mark.parametrize("damage", [lambda content: content[:-8], lambda content: b"{}", lambda content: content[8:]])
def test_a_damaged_file_is_refused(damage: Any, tmp_path: Path) -> None:
    path = written(tmp_path / "m.safetensors", state(MLP(3, [4, 1], rng=0), ["0", "2"]))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"m\.safetensors is not a complete file of safetensors: "):
        MLP.from_safetensors(path)


@pytest.mark.parametrize(
    ("library", "module", "call", "extra"),
    [
        ("torch", "pytorch", lambda: MLP.from_torch(None), "torch"),
        ("torch", "pytorch", lambda: MLP(1, [1]).to_torch(), "torch"),
        ("sklearn", "scikit_learn", lambda: MLP.from_sklearn(None), "examples"),
        ("sklearn", "scikit_learn", lambda: MLP(1, [1]).to_sklearn(), "examples"),
        ("onnx", "onnx_file", lambda: MLP.from_onnx("a.onnx"), "onnx"),
        ("onnx", "onnx_file", lambda: MLP(1, [1]).to_onnx("a.onnx"), "onnx"),
        ("safetensors", "safetensors_file", lambda: MLP.from_safetensors("a.safetensors"), "safetensors"),
    ],
)
def test_a_missing_library_is_named_with_its_pip_line(
    library: str, module: str, call: Any, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, f"nn.beyond.{module}", raising=False)
    monkeypatch.delattr(nn.beyond, module, raising=False)
    for name in [name for name in sys.modules if name.startswith(f"{library}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf'pip install "handgrad\[{extra}\]"'):
        call()
