#!/usr/bin/env bash
# One would expect the gradient of a product to be the product of the other factors. Seen in HIPS autograd 1.9.1: a
# factor 0 makes its own entry NaN, for the rule is prod / x. And np.sinc has no slope at its middle: NaN at 0, where
# the value is 1 and the slope 0. PyTorch and JAX answer both. It matters to whoever differentiates a likelihood or a
# determinant of a triangle by np.prod, or a filter by np.sinc; NumPy's warnings are the only sign.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet autograd==1.9.1 numpy==2.4.6
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import math
from importlib.metadata import version

import autograd.numpy as np
from autograd import grad

print("HIPS autograd", version("autograd"))
seen = grad(np.prod)(np.array([0.0, 2.0, 3.0]))
print(f"gradient of the product of 0, 2, 3: expected [6. 0. 0.], seen {seen}")
assert math.isnan(seen[0])
assert list(seen[1:]) == [0.0, 0.0]
seen = grad(np.sinc)(0.0)
print(f"slope of sinc at 0: expected 0.0, seen {seen}")
assert np.sinc(0.0) == 1.0
assert math.isnan(seen)
PYTHON
