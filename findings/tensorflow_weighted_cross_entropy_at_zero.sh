#!/usr/bin/env bash
# One would expect the weighted cross-entropy of a logit 0, a smooth function, to have the slope σ(0) = ½ for a negative
# example and −½ times its weight for a positive one. Seen in TensorFlow 2.21.0: 1 and 0. The loss is put together from
# |x| and max(−x, 0), whose kinks at 0 cancel in the value and not in the slopes; next to 0 all is right, and so is
# sigmoid_cross_entropy_with_logits at 0. It matters to whoever starts a classifier of rare events from zeros, as one
# does: in the first step the positive examples, for which the weight is there, count for nothing, and a bias that
# should stay moves to the side of the negative ones.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0
TF_CPP_MIN_LOG_LEVEL=3 "$work/venv/bin/python" - <<'PYTHON'
import tensorflow as tf

print("TensorFlow", tf.__version__)
WEIGHT = 3.0


def slope(loss, label, x):
    x, labels = tf.constant(x, tf.float64), tf.constant(label, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(loss(labels, tf.broadcast_to(x, labels.shape)))
    return float(tape.gradient(y, x))


def weighted(label, x):
    return tf.nn.weighted_cross_entropy_with_logits(label, x, WEIGHT)


for label, expected, seen in (0.0, 0.5, 1.0), (1.0, -0.5 * WEIGHT, 0.0):
    here, near = slope(weighted, label, 0.0), slope(weighted, label, 1e-9)
    print(f"label {label}, weight {WEIGHT}: slope at logit 0 expected {expected}, seen {here}; at 1e-9 {near:.6f}")
    assert here == seen
    assert abs(near - expected) < 1e-6
    assert slope(tf.nn.sigmoid_cross_entropy_with_logits, label, 0.0) == 0.5 - label
bias = slope(weighted, [1.0, 0.0, 0.0, 0.0], 0.0)
print(f"bias of one positive example of weight 3 and three negative ones: slope expected 0.0, seen {bias}")
assert bias == 3.0
PYTHON
