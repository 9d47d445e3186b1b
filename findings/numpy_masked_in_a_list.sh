#!/usr/bin/env bash
# One would expect a list of masked arrays to become a masked array, or to be refused. Seen in NumPy 2.4.6: np.array,
# np.asarray and np.stack take the numbers below the masks, -999 or whatever stands there, as measured ones, and say
# nothing; np.stack even returns a masked array, with nothing masked. np.ma.array and np.ma.stack keep the masks. It
# matters to whoever builds a batch from records with missing values: the mean is off, and the fit after it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy==2.4.6
"$work/venv/bin/python" -W error - <<'PYTHON'
import numpy as np

print("NumPy", np.__version__)
rows = [np.ma.masked_equal([1.0, -999.0], -999.0), np.ma.masked_equal([3.0, 4.0], -999.0)]
expected = np.ma.array(rows).mean()
for make in np.array, np.asarray, np.stack:
    seen = make(rows)
    print(f"mean of {make.__name__}: expected {expected:.4f}, seen {seen.mean()}; {type(seen).__name__}")
    assert np.ma.count_masked(seen) == 0
    assert seen[0, 1] == -999.0
assert np.ma.stack(rows).mean() == expected == 8 / 3
PYTHON
