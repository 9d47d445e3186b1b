"""Modules that need an extra can be imported, and their examples run, only where its library is installed."""

from importlib.util import find_spec

NEEDS = {
    "jax": "autograd/lifting/beyond/*jax*.py",
    "llvmlite": "autograd/lifting/native/*",
    "onnx": "nn/beyond/onnx_file.py",
    "safetensors": "nn/beyond/safetensors_file.py",
    "torch": "nn/beyond/pytorch.py",
}
collect_ignore_glob = [files for library, files in NEEDS.items() if find_spec(library) is None]
