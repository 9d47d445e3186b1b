#!/usr/bin/env bash
# One would expect the modified Bessel function I₀, which is even and smooth, to have the slope 0 at 0 and the second
# derivative ½. Seen in JAX 0.10.2: 1 and 1.5, and 1 instead of 0 for the second derivative of I₁. i0 is e^|x| times
# i0e, and the slope of |x| at 0 counts as 1 in one factor and 0 in the other; from 1e-6 on all is right. It matters to
# whoever fits a Kaiser window, a Rice or a von Mises density from the natural start κ = 0: a smooth minimum does not
# look like one, and a check at random points finds nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "jax[cpu]==0.10.2"
"$work/venv/bin/python" - <<'PYTHON'
import jax
from jax.scipy.special import i0, i1

jax.config.update("jax_enable_x64", True)
print("JAX", jax.__version__)
second = jax.grad(jax.grad(i0)), jax.grad(jax.grad(i1))
for label, derivative, expected, seen in (
    ("slope of i0", jax.grad(i0), 0.0, 1.0),
    ("second derivative of i0", second[0], 0.5, 1.5),
    ("second derivative of i1", second[1], 0.0, 1.0),
):
    here, near = float(derivative(0.0)), float(derivative(1e-3))
    print(f"{label} at 0: expected {expected}, seen {here}; at 0.001 {near:.6f}")
    assert here == seen
    assert abs(near - expected) < 1e-3
PYTHON
