#!/usr/bin/env bash
# One would expect hypot(x, y), which is smooth but for its tip, to have the Hessian of √(x² + y²) wherever x = ±y. Seen
# in JAX 0.10.2: zeros, for the larger and the smaller of |x| and |y| tie there, and what is smooth is put together from
# max and min; the gradient is right, and so is every point beside the diagonal. Likewise betaln(a, b) at a = b, and
# with it the Hessian of a Beta density: at a = b = 1 it is [[0.18, 0.18], [0.18, 0.18]] instead of [[1, −0.64], [−0.64,
# 1]]. It matters to whoever takes Newton's step or a Fisher information from an even start: the matrix is singular, and
# a check at random points finds nothing. jnp.sqrt(x * x + y * y) is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "jax[cpu]==0.10.2" numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betaln, polygamma

jax.config.update("jax_enable_x64", True)
print("JAX", jax.__version__)


def derivatives(f, x, y):
    def point(v):
        return f(v[0], v[1])

    v = jnp.array([x, y])
    return np.asarray(jax.grad(point)(v)), np.asarray(jax.hessian(point)(v))


for x, y in (1.0, 1.0), (1.0, -1.0), (0.5, 0.5):
    gradient, hessian = derivatives(jnp.hypot, x, y)
    right, truth = derivatives(lambda x, y: jnp.sqrt(x * x + y * y), x, y)
    print(f"Hessian of hypot at {x}, {y}: expected {truth.tolist()}, seen {hessian.tolist()}")
    np.testing.assert_allclose(gradient, right, rtol=1e-14)
    assert not hessian.any()
    beside = derivatives(jnp.hypot, x * (1 + 1e-9), y)[1]
    np.testing.assert_allclose(beside, truth, rtol=1e-6)
for a in 1.0, 2.0:
    joint = polygamma(1, 2 * a)
    truth = polygamma(1, a) * np.eye(2) - joint
    hessian = derivatives(betaln, a, a)[1]
    print(f"Hessian of betaln at {a}, {a}: expected {truth.tolist()}, seen {hessian.tolist()}")
    np.testing.assert_allclose(hessian, polygamma(1, a) / 2 - joint)
    np.testing.assert_allclose(derivatives(betaln, a * (1 + 1e-6), a)[1], truth, rtol=1e-4)
PYTHON
