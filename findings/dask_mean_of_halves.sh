#!/usr/bin/env bash
# One would expect the mean of a dask array to be NumPy's, but for the last digit. Seen in dask 2026.8.0: of half-precision
# numbers it is inf once their sum is beyond 65,504, as of a thousand times 100, in one block too, and NaN once their
# number is, as of 70,000 ones. NumPy 2.4.6 adds halves up in single precision, and says 100 and 1. It matters to whoever
# stores activations or images as halves and standardises them, or averages losses, over blocks: small samples are right,
# and the whole is inf or NaN, with a warning of an overflow on the way. mean(dtype="float32") is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "dask[array]==2026.8.0" numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import warnings

import dask
import dask.array as da
import numpy as np

print("dask", dask.__version__, "NumPy", np.__version__)


def means(number, count, blocks):
    halves = np.full(count, number, np.float16)
    lazy = da.from_array(halves, chunks=count // blocks)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = float(lazy.mean().compute())
    said = sorted({str(warning.message) for warning in caught})
    print(f"{count:,} times {number} in {blocks} blocks: expected {halves.mean()}, seen {seen}, warnings {said}")
    assert float(halves.mean()) == float(lazy.mean(dtype="float32").compute()) == number
    return seen


for blocks in 1, 10:
    assert means(100.0, 600, blocks) == 100.0
    assert np.isposinf(means(100.0, 1_000, blocks))
    assert np.isnan(means(1.0, 70_000, blocks))
PYTHON
