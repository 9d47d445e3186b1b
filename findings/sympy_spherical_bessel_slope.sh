#!/usr/bin/env bash
# One would expect the derivative of the spherical Bessel function j₀(x) = sin x / x, turned into SciPy by lambdify, to
# be a number. Seen in SymPy 1.14.0 with SciPy 1.17.1: NaN for every x, and so for y₀. SymPy differentiates by lowering
# the order, j₋₁(x) − j₀(x)/x, which is right, and SciPy's spherical_jn answers NaN below order 0; each is as
# documented, and the two together are silent. From order 1 on all is well, and SymPy's own numbers are right. It
# matters to whoever fits a form factor or a partial wave, where order 0 is the leading one: the gradient is NaN and the
# value is not. expand_func before diff is the way out.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet sympy==1.14.0 scipy==1.17.1 numpy==2.4.6
"$work/venv/bin/python" -W error - <<'PYTHON'
import math

import scipy
import sympy
from scipy.special import spherical_jn, spherical_yn

print("SymPy", sympy.__version__, "SciPy", scipy.__version__)
x = sympy.symbols("x")
for function, by_scipy in (sympy.jn, spherical_jn), (sympy.yn, spherical_yn):
    for order in 0, 1, 2:
        f = function(order, x)
        slope = sympy.diff(f, x)
        value, seen = sympy.lambdify(x, [f, slope], "scipy")(1.5)
        expected = by_scipy(order, 1.5, derivative=True)
        print(f"slope of {f} at 1.5: expected {expected:.6f}, seen {seen:.6f}, from {slope}")
        assert math.isclose(value, by_scipy(order, 1.5))
        assert math.isclose(slope.subs(x, 1.5).evalf(), expected)
        assert math.isnan(seen) if order == 0 else math.isclose(seen, expected)
    expanded = sympy.diff(sympy.expand_func(function(0, x)), x)
    assert math.isclose(sympy.lambdify(x, expanded, "scipy")(1.5), by_scipy(0, 1.5, derivative=True))
PYTHON
