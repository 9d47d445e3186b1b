#!/usr/bin/env bash
# One would expect log Γ(x) near its roots at 1 and 2 to have nearly all digits, as the rest of the function does: it is
# smooth there, with slope ψ(2) = 0.42. Seen in SciPy 1.17.1: gammaln(2 − 1.8e-15) is 3.5 % off, and in CPython 3.11
# math.lgamma 77 %. It matters to whoever takes the logarithm of a Beta or Gamma density with a parameter
# close to 1 or 2, and compares its slope by finite differences.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet scipy==1.17.1 mpmath==1.3.0
"$work/venv/bin/python" - <<'PYTHON'
import math
import sys
from importlib.metadata import version

import mpmath
from scipy.special import gammaln

mpmath.mp.dps = 50
x = 1.9999999999999982
true = float(mpmath.loggamma(mpmath.mpf(x)))
print("SciPy", version("scipy"), "and Python", sys.version.split()[0])
print(f"log Γ({x!r}) expected {true!r}")
print(f"scipy.special.gammaln: seen {gammaln(x)!r}, {abs(gammaln(x) / true - 1):.1%} off")
print(f"math.lgamma: seen {math.lgamma(x)!r}, {abs(math.lgamma(x) / true - 1):.1%} off")
assert 0.03 < abs(gammaln(x) / true - 1) < 0.04
assert abs(math.lgamma(x) / true - 1) > 0.5
PYTHON
