"""safetensors: `MLP.from_safetensors`, parameters by name as in PyTorch's state_dict, a row of weights per receiver."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np

from nn.beyond.stack import Stack
from nn.validation import Floats, matrix, vector

try:
    from safetensors import SafetensorError, safe_open
except ModuleNotFoundError as error:
    raise ImportError('MLP.from_safetensors needs safetensors: pip install "handgrad[safetensors]"') from error

MODULE = (
    "fill a module with the file, module.load_state_dict(safetensors.torch.load_file(path)): MLP.from_torch(module)"
)


def read(path: str | os.PathLike[str]) -> tuple[list[Floats], list[Floats] | None]:
    """Return weights and biases of the layers in a file, as `MLP.from_safetensors` describes."""
    arrays = _arrays(os.fspath(path))
    layers: dict[str, dict[str, Floats]] = {}
    for name, array in arrays.items():
        layer, _, kind = name.rpartition(".")
        if kind not in ("weight", "bias"):
            raise ValueError(f"{path} has {name!r:.80}, which is neither a weight nor a bias of a Linear; {MODULE}")
        layers.setdefault(layer, {})[kind] = array
    if len({re.sub(r"\d+", "#", layer) for layer in layers}) > 1:
        raise ValueError(
            f"the layers of {path} are {', '.join(sorted(layers))}, and nothing in the file tells their order; {MODULE}"
        )
    stack = Stack()
    for layer in sorted(layers, key=lambda layer: [int(digits) for digits in re.findall(r"\d+", layer)]):
        if "weight" not in layers[layer]:
            raise ValueError(f"{path} has a bias {layer!r:.80}, but no weight of this name")
        W = matrix(layers[layer]["weight"], f"{layer}.weight")
        b = layers[layer].get("bias")
        stack.add_layer(W.T, None if b is None else vector(b, f"{layer}.bias", len(W)), f"layer {layer!r:.80}")
    weights, biases, _ = stack.arguments(str(path))
    return weights, biases


def _arrays(path: str) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118  (it is not a dictionary)
                kind = file.get_slice(name).get_dtype()
                if kind not in ("F32", "F64"):
                    raise ValueError(f"{name!r:.80} of {path} is {kind}; it must be F32 or F64")
                arrays[name] = np.asarray(file.get_tensor(name), dtype=float)
    except SafetensorError as error:
        raise ValueError(f"{path} is not a complete file of safetensors: {error}") from error
    return arrays
