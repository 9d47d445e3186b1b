#!/usr/bin/env bash
# One would expect the variance to have one second derivative, however it is computed: 2/n (δᵢⱼ − 1/n). Seen in
# TensorFlow 2.21.0: that of tf.nn.moments is 2/n δᵢⱼ, for the mean inside counts as a constant; this leaves the first
# derivative right, and not the second. tf.math.reduce_variance is right. Keras 3.15.1 normalises by tf.nn.moments: the
# Hessians of its BatchNormalization, LayerNormalization and GroupNormalization on TensorFlow are wrong, their gradients
# right. It matters to whoever trains on a gradient penalty, where layer normalisation is the one recommended (Gulrajani
# et al., 2017), or takes Hessian-vector products: a check of the gradient finds nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0 keras==3.15.1 numpy==2.4.6
export TF_CPP_MIN_LOG_LEVEL=3 KERAS_BACKEND=tensorflow
"$work/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

tf.get_logger().setLevel("ERROR")  # retracing, which does not matter here
print("TensorFlow", tf.__version__, "Keras", keras.__version__)
POINT = (1.0, 2.0, 4.0)


def derivatives(f):
    x = tf.constant(POINT, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        gradient = inner.gradient(y, x)
    return gradient.numpy(), outer.jacobian(gradient, x).numpy()


gradient, hessian = derivatives(lambda x: tf.nn.moments(x, 0)[1])
right, truth = derivatives(tf.math.reduce_variance)
print(f"variance: gradients {gradient} and {right}\nHessian expected\n{truth}\nseen\n{hessian}")
np.testing.assert_allclose(gradient, right)
np.testing.assert_allclose(truth, 2 / 3 * (np.eye(3) - 1 / 3))
np.testing.assert_allclose(hessian, 2 / 3 * np.eye(3))


def by_hand(x):
    return (x - tf.reduce_mean(x)) / tf.sqrt(tf.math.reduce_variance(x) + 1e-3)


def third(normalised):
    return tf.reshape(normalised, [-1])[2]


right, truth = derivatives(lambda x: third(by_hand(x)))
for name, shape, options in (
    ("BatchNormalization", (3, 1), {}),
    ("LayerNormalization", (1, 3), {}),
    ("GroupNormalization", (1, 3), {"groups": 1}),
):
    layer = getattr(keras.layers, name)(dtype="float64", epsilon=1e-3, **options)
    gradient, hessian = derivatives(lambda x: third(layer(tf.reshape(x, shape), training=True)))
    print(f"{name}: gradient off by {abs(gradient - right).max():.0e}, Hessian by {abs(hessian - truth).max():.2f}")
    np.testing.assert_allclose(gradient, right)
    assert abs(hessian - truth).max() > 0.02
PYTHON
