#!/usr/bin/env bash
# One would expect a gradient of 64-bit numbers in 64 bits, above all where it is a constant. Seen in PyTorch 2.13.0: the
# slope of Hardsigmoid, 1/6, is the ⅙ of single precision, 3e-8 off, while its value is right to the last digit, and
# Hardswish beside it has all digits of both. gradcheck, at its own tolerance of 1e-5, passes it. It matters to whoever
# compares deltas across libraries, or takes finite differences in 64 bits: the eighth digit of every gradient behind
# one such unit is wrong, which looks like a mistake of one's own.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
for module, slope, exact in (torch.nn.Hardsigmoid(), 1 / 6, False), (torch.nn.Hardswish(), 1 / 3 + 1 / 2, True):
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    y = module(x)
    y.backward()
    seen = x.grad.item()
    print(f"{module} at 1: value {y.item()}, slope expected {slope}, seen {seen}, off by {abs(seen / slope - 1):.0e}")
    assert abs(y.item() - 2 / 3) < 1e-15
    assert (abs(seen / slope - 1) < 1e-15) == exact
    assert torch.autograd.gradcheck(module, x)
assert x.dtype == torch.float64
PYTHON
