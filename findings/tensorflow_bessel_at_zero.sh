#!/usr/bin/env bash
# One would expect I₁(x) = x/2 + x³/16 + … to have the slope ½ at 0. Seen in TensorFlow 2.21.0: 1, and NaN for its
# second derivative; so I₀, whose slope I₁ is, has the second derivative 1 there instead of ½. Everywhere else they are
# right. It matters to whoever starts the concentration of a von Mises density at 0, or takes a Newton step there: the
# step is half as long as it should be.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import math

import tensorflow as tf


def derivatives(f, x):
    x = tf.constant(x, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    return float(first), float(outer.gradient(first, x))


print("TensorFlow", tf.__version__)
for name, expected, seen in ("bessel_i0", (0.0, 0.5), (0.0, 1.0)), ("bessel_i1", (0.5, 0.0), (1.0, math.nan)):
    f = getattr(tf.math, name)
    here, near = derivatives(f, 0.0), derivatives(f, 1e-3)
    print(f"{name} at 0: first and second derivative expected {expected}, seen {here}; at 0.001 {near}")
    assert repr(here) == repr(seen)
    assert all(abs(x - y) < 1e-3 for x, y in zip(near, expected))
PYTHON
