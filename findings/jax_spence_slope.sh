#!/usr/bin/env bash
# One would expect the slope of Spence's function, log z / (1 − z), wherever its value is right: for all z > 0. Seen in
# JAX 0.10.2: NaN from just above 1 up to 2, in both precisions, and 0 instead of −1 at 1 itself. The values are right
# there, and so are the slopes below 1 and above 2. It matters to whoever fits by a dilogarithm, Li₂(x) = spence(1 − x):
# all x from −1 to 0 are lost, and −e^μ, the argument in a Fermi–Dirac integral, lies there for every μ up to 0.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "jax[cpu]==0.10.2" scipy==1.17.1 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import math

import jax
import jax.numpy as jnp
import scipy.special
from jax.scipy.special import spence

jax.config.update("jax_enable_x64", True)
print("JAX", jax.__version__)
for z, right in (0.5, True), (1.0, False), (1.001, False), (1.5, False), (2.0, False), (2.001, True), (10.0, True):
    expected = math.log(z) / (1 - z) if z != 1.0 else -1.0
    seen = float(jax.grad(spence)(z))
    print(f"slope at {z}: expected {expected:.6f}, seen {seen}")
    assert math.isclose(spence(z), scipy.special.spence(z), rel_tol=1e-13)
    assert math.isclose(seen, expected, rel_tol=1e-10) == right
    assert math.isnan(seen) == math.isnan(jax.grad(spence)(jnp.float32(z))) == (not right and z != 1.0)
assert jax.grad(spence)(1.0) == 0.0
PYTHON
