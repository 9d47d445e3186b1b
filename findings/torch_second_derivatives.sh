#!/usr/bin/env bash
# One would expect the second derivative of a smooth function to be as good as the first. Seen in PyTorch 2.13.0:
# torch.sinc has a slope at 0 by a special case, which its second derivative lacks: it is NaN there (−π²/3), and −5.2
# at 1e-8. F.mish has 0 as its second derivative where e^x overflows, and PyTorch NaN, in single precision from
# x = 89 on. It matters to whoever takes Hessians or Hessian-vector products: one active unit, or the middle sample of
# a filter, and all of the product is NaN, while the gradient looks right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import math

import torch


def derivatives(f, x, dtype=torch.float64):
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    (first,) = torch.autograd.grad(f(x), x, create_graph=True)
    return first.item(), torch.autograd.grad(first, x)[0].item()


print("PyTorch", torch.__version__)
truth = -math.pi**2 / 3
for x, expected in (0.0, math.nan), (1e-8, -5.2):
    first, second = derivatives(torch.sinc, x)
    print(f"sinc at {x}: slope {first}, second derivative expected {truth:.4f}, seen {second:.4f}")
    assert math.isnan(second) if math.isnan(expected) else abs(second - expected) < 0.5
for dtype, x in (torch.float32, 88.0), (torch.float32, 89.0), (torch.float64, 710.0):
    first, second = derivatives(torch.nn.functional.mish, x, dtype)
    print(f"mish at {x}, {dtype}: slope {first}, second derivative expected 0, seen {second}")
    assert first == 1.0
    assert math.isnan(second) == (x > 88.0)
PYTHON
