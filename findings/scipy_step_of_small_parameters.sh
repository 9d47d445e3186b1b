#!/usr/bin/env bash
# One would expect central differences, jac="3-point", to fit at least as well as one-sided ones, and a finite difference
# to step by a small part of the parameter: least_squares says "the actual step is computed as x * diff_step". Seen in
# SciPy 1.17.1: unless diff_step is given, the step is never below 6e-6 for "3-point" and 1.5e-8 for "2-point", however
# small the parameter. The decay e^(-kt) with k near 1e-7 is then evaluated at k = -6e-6: "3-point" returns the start,
# 2e-7, and reports success. It matters to whoever fits in units of nature (rates per second, cubic coefficients):
# nothing warns, and the better scheme is the worse. diff_step=6e-6, which is the default in words, finds 1e-7.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
import scipy
from scipy.optimize import least_squares

print("SciPy", scipy.__version__)
t = np.linspace(0.0, 2e7, 50)
y = np.exp(-1e-7 * t)


def fitted(**options):
    asked = []

    def residuals(k):
        asked.append(float(k[0]))
        return np.exp(-k[0] * t) - y

    found = least_squares(residuals, [2e-7], **options)
    print(f"{options}: k = {found.x[0]:.6g}, success {found.success}; first asked at {asked[:3]}")
    return found, asked


assert "``x * diff_step``" in least_squares.__doc__
for jac in "2-point", "3-point":
    assert np.isclose(fitted(jac=jac, diff_step=6e-6)[0].x[0], 1e-7)
assert np.isclose(fitted(jac="2-point")[0].x[0], 1e-7)
found, asked = fitted(jac="3-point")
assert found.success
assert np.isclose(found.x[0], 2e-7)
assert np.isclose(abs(asked[1] - 2e-7), np.finfo(float).eps ** (1 / 3))
PYTHON
