#!/usr/bin/env bash
# One would expect the gradient of a determinant, a polynomial, to be the cofactors, also where the determinant is 0,
# and the same for backward() and for backward(create_graph=True). Seen in PyTorch 2.13.0: of a singular matrix
# backward() gives zeros, without a word, while create_graph=True and torch.func.grad give the cofactors; 1e-9 beside it
# all three are right, and JAX is everywhere. It matters to whoever moves a determinant away from 0 or towards it, as
# one does for controllability or rigidity: a singular start, such as all ones, passes for a stationary point.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$work/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
det = torch.linalg.det
for rows, cofactors in (
    ([[1.0, 1.0], [1.0, 1.0]], [[1.0, -1.0], [-1.0, 1.0]]),
    ([[1.0, 2.0], [2.0, 4.0]], [[4.0, -2.0], [-2.0, 1.0]]),
    ([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 6.0]]),
):
    A, expected = (torch.tensor(numbers, dtype=torch.float64) for numbers in (rows, cofactors))
    A.requires_grad_()
    assert det(A) == 0.0
    (plain,) = torch.autograd.grad(det(A), A)
    (kept,) = torch.autograd.grad(det(A), A, create_graph=True)
    print(f"{rows}: expected {cofactors}, seen {plain.tolist()}; with create_graph {kept.tolist()}")
    assert not plain.any()
    torch.testing.assert_close(kept.detach(), expected)
    torch.testing.assert_close(torch.func.grad(det)(A.detach()), expected)
    near = (A.detach() + 1e-9 * torch.eye(len(A), dtype=torch.float64)).requires_grad_()
    torch.testing.assert_close(torch.autograd.grad(det(near), near)[0], expected, rtol=1e-6, atol=1e-6)
PYTHON
