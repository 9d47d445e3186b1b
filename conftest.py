"""Modules that need an extra can be imported, and their examples run, only where its library is installed."""

from importlib.util import find_spec

NEEDS = {
    "jax": ["autograd/lifting/beyond/*jax*"],
    "llvmlite": ["autograd/lifting/native/*"],
    "onnx": ["autograd/lifting/beyond/*onnx*", "nn/beyond/onnx_file.py"],
    "safetensors": ["nn/beyond/safetensors_file.py"],
    "torch": ["nn/beyond/pytorch.py"],
}
collect_ignore_glob = [path for library, paths in NEEDS.items() if find_spec(library) is None for path in paths]
