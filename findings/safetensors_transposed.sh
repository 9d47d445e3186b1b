#!/usr/bin/env bash
# One would expect a file of safetensors to hold the array that was saved, or the transposed array to be refused, as the
# writer for PyTorch does. Seen in safetensors 0.8.0: the NumPy writer keeps the shape of W.T and the numbers in the order
# in which W lies in memory, so that another matrix is read back, and nothing is said. It matters to whoever turns
# weights into the layout of another library, where W.T is all there is to do: the shapes fit, and the network computes
# something else. np.ascontiguousarray(W.T) is saved rightly.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
"$work/venv/bin/python" -W error - "$work" <<'PYTHON'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

print("safetensors", safetensors.__version__)
path = f"{sys.argv[1]}/model.safetensors"
W = np.arange(6.0).reshape(2, 3)


def read_back(array):
    save_file({"weight": array}, path)
    return load_file(path)["weight"]


seen = read_back(W.T)
print(f"expected {W.T.tolist()}, seen {seen.tolist()}")
assert seen.shape == W.T.shape
assert seen.tolist() == [[0, 1], [2, 3], [4, 5]] != W.T.tolist()
assert (read_back(np.ascontiguousarray(W.T)) == W.T).all()
PYTHON
