#!/usr/bin/env bash
# One would expect MLPRegressor((8,)) to have one hidden layer of 8, as MLPClassifier((8,)) has and MLPRegressor had.
# Seen in scikit-learn 1.9.1: the first parameter of MLPRegressor is `loss` since 1.7, so the sizes are taken for a loss,
# and the first `fit` refuses them; in 1.6.1 it runs. It matters to whoever has code or a book from before, or changes a
# classifier into a regressor: name it, MLPRegressor(hidden_layer_sizes=(8,)).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 1.6.1 1.9.1; do
    python3 -m venv --clear "$work/venv"
    "$work/venv/bin/pip" install --quiet scikit-learn==$version
    "$work/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

X, y = np.zeros((4, 1)), np.array([0, 1, 0, 1])
assert MLPClassifier((8,), max_iter=1).fit(X, y).coefs_[0].shape == (1, 8)
try:
    seen = MLPRegressor((8,), max_iter=1).fit(X, y).coefs_[0].shape
except ValueError as error:
    seen = str(error)
print(f"scikit-learn {sklearn.__version__}: expected (1, 8), seen {seen}")
if sklearn.__version__ == "1.6.1":
    assert seen == (1, 8)
else:
    assert seen.startswith("The 'loss' parameter of MLPRegressor must be a str")
PYTHON
done
