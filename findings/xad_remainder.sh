#!/usr/bin/env bash
# One would expect remainder(a, x) = a − n·x to have the slope −n, as its value says. Seen in XAD 1.5.2 (automatic
# differentiation for finance): the slope is −(n mod 8), like the quotient of C's remquo, which promises no more than its
# last three bits. And Python's % on a negative number is right in its value and off by one in its slope. It matters to
# whoever differentiates what is periodic, such as dates and phases: it is right in every small example.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet xad==1.5.2
"$work/venv/bin/python" - <<'PYTHON'
import math
from importlib.metadata import version

import xad.adj_1st
import xad.fwd_1st
import xad.math


def reverse(f, x):
    with xad.adj_1st.Tape() as tape:
        x = xad.adj_1st.Real(x)
        tape.registerInput(x)
        tape.newRecording()
        y = f(x)
        tape.registerOutput(y)
        y.derivative = 1.0
        tape.computeAdjoints()
        return y.value, x.derivative


def forward(f, x):
    x = xad.fwd_1st.Real(x)
    x.derivative = 1.0
    y = f(x)
    return y.value, y.derivative


print("XAD", version("xad"))
h = 2.0**-20
for x in 3.0, 1.0, 0.6, 0.28125:
    expected = (math.remainder(7.25, x + h) - math.remainder(7.25, x - h)) / (2 * h)
    for sweep in reverse, forward:
        value, slope = sweep(lambda x: xad.math.remainder(7.25, x), x)
        print(f"remainder(7.25, {x}): slope expected {expected:.4f}, seen {slope} ({sweep.__name__})")
        assert value == math.remainder(7.25, x)
        assert slope == -(round(-expected) % 8)
for a, x in (7.25, 0.6), (-7.25, 0.6), (-7.25, 3.0):
    expected = (a % (x + h) - a % (x - h)) / (2 * h)
    value, slope = reverse(lambda x: a % x, x)
    print(f"{a} % {x}: value {value}, slope expected {expected:.4f}, seen {slope}")
    assert abs(value - a % x) < 1e-15
    assert slope == round(expected) + (a < 0)
PYTHON
