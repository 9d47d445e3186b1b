#!/usr/bin/env bash
# One would expect a function of torch.special to have a gradient, or to raise an error in backward: i0 has one, and
# gammainc raises for its first operand. Seen in PyTorch 2.13.0: the Bessel functions, airy_ai and the orthogonal
# polynomials return a tensor that is cut off from the graph. Of x² + J₀(x) the gradient is 2x, without a word;
# special.i0 and special.modified_bessel_i0 are one function, and only the first has a derivative. It matters to whoever
# fits a sum in which one term is such a function (a waveguide, a Kaiser window, a Legendre series): the fit stops at a
# wrong point, and only a check of the gradient tells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
special = torch.special
silent = [
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0", "modified_bessel_i1",
    "modified_bessel_k0", "modified_bessel_k1", "spherical_bessel_j0",
]
for name in silent:
    (slope,) = torch.autograd.grad(x * x + getattr(special, name)(x), x)
    print(f"d/dx x² + {name}(x) at 2: seen {slope.item()}")
    assert slope.item() == 4.0, f"{name} has changed"
(slope,) = torch.autograd.grad(x * x + special.legendre_polynomial_p(x, torch.tensor(2)), x)
print(f"d/dx x² + P₂(x) at 2: expected 10, seen {slope.item()}")
assert slope.item() == 4.0
(slope,) = torch.autograd.grad(x * x + special.i0(x), x)
print(f"d/dx x² + i0(x) at 2: {slope.item():.6f}, right")
assert abs(slope.item() - 4.0 - special.modified_bessel_i1(x).item()) < 1e-12
PYTHON
