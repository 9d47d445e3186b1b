#!/usr/bin/env bash
# One would expect x⁰ = 1 to have the slope 0 at 0, as in PyTorch, JAX, HIPS autograd and CasADi, and x¹ the second
# derivative 0. Seen in TensorFlow 2.21.0: NaN for both, with a plain Python integer as the exponent too, because the
# rule is y·x^(y − 1) as it stands, 0·∞. It matters to whoever writes a polynomial or a feature map as
# sum(c[k] * x**k): at x = 0, which padding and centred data are full of, the whole gradient is NaN.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import math

import tensorflow as tf


def derivatives(f):
    x = tf.constant(0.0, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    return float(first), float(outer.gradient(first, x, unconnected_gradients=tf.UnconnectedGradients.ZERO))


print("TensorFlow", tf.__version__)
for label, f, expected in (
    ("x ** 0", lambda x: x**0, (0.0, 0.0)),
    ("x ** 1", lambda x: x**1, (1.0, 0.0)),
    ("2·x⁰ + 3·x¹ + 5·x²", lambda x: sum(c * x**k for k, c in enumerate((2.0, 3.0, 5.0))), (3.0, 10.0)),
):
    seen = derivatives(f)
    print(f"{label} at 0: first and second derivative expected {expected}, seen {seen}")
    assert math.isnan(seen[1])
    assert math.isnan(seen[0]) == (label != "x ** 1")
PYTHON
