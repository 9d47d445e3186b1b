#!/usr/bin/env bash
# One would expect the distribution function of the normal to be right to its last digits as far out as a float reaches,
# which is what one has it for. Seen in SciPy 1.17.1: ndtr is off by 1.1e-13 at -26, 650 units in the last place, and
# from -38 on it is 0, where the number is 2.885e-316 and exp(log_ndtr(x)) has it. It matters to whoever divides by it,
# as the mean of a truncated normal and the gradient of a probit model do: pdf / cdf at -38 is inf instead of 38.03. In
# logarithms, exp(logpdf - logcdf), it is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6 mpmath==1.3.0
"$work/venv/bin/python" - <<'PYTHON'
import math

import numpy as np
import scipy
from mpmath import mp
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

mp.dps = 50
print("SciPy", scipy.__version__)


def truth(x):
    return mp.erfc(-mp.mpf(x) / mp.sqrt(2)) / 2


for x, least in (-1.0, 0.0), (-20.0, 1e-14), (-26.0, 1e-13), (-30.0, 1e-14), (-38.0, 1.0):
    seen = float(ndtr(x))
    error = float(abs(seen / truth(x) - 1))
    print(f"ndtr({x}): expected {float(truth(x))}, seen {seen}, relative error {error:.1e}")
    assert least <= error <= (12 * least or 1e-15)
assert math.isclose(math.exp(log_ndtr(-38.0)), float(truth(-38)), rel_tol=1e-7)
with np.errstate(divide="ignore"):
    ratio = norm.pdf(-38.0) / norm.cdf(-38.0)
right = np.exp(norm.logpdf(-38.0) - norm.logcdf(-38.0))
print(f"pdf / cdf at -38: seen {ratio}, in logarithms {right:.4f}")
assert np.isinf(ratio)
assert math.isclose(right, 38.0263, abs_tol=1e-3)
PYTHON
