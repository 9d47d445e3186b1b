#!/usr/bin/env bash
# One would expect 0ˣ, which is 0 for every x > 0, to have the slope 0. Seen in CasADi 3.8.2: NaN, and so for x^y at
# x = 0 with a variable exponent y, for the rule is x^y·log x as it stands, 0·(−∞); PyTorch, JAX, HIPS autograd and
# TensorFlow give 0. It matters to whoever optimises an exponent, as of a Hill curve or a Freundlich isotherm, with a
# sample at concentration 0: the value there is right, the gradient of the whole sum NaN.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet casadi==3.8.2
"$work/venv/bin/python" - <<'PYTHON'
import math
from importlib.metadata import version

import casadi

print("CasADi", version("casadi"))
for kind in casadi.SX, casadi.MX:
    x, y = kind.sym("x"), kind.sym("y")
    f = x**y
    derivatives = casadi.Function("f", [x, y], [f, casadi.gradient(f, x), casadi.gradient(f, y)])
    value, to_x, to_y = map(float, derivatives(0.0, 1.5))
    print(f"{kind.__name__}: 0 ** 1.5 = {value}, slope to the exponent expected 0.0, seen {to_y}")
    assert (value, to_x) == (0.0, 0.0)
    assert math.isnan(to_y)
    dose = casadi.DM([0.0, 1.0, 4.0])
    n = kind.sym("n")
    hill = casadi.sum1(dose**n / (1 + dose**n))
    slope = float(casadi.Function("hill", [n], [casadi.gradient(hill, n)])(2.0))
    print(f"{kind.__name__}: slope of a sum of Hill curves at doses 0, 1, 4 to the exponent: seen {slope}")
    assert math.isnan(slope)
PYTHON
