"""A PyTorch model explained: one sample through the module and through its record here, every delta compared.

A hook on each Linear keeps its net inputs, so that PyTorch's own deltas can be read off: they and all gradients agree
with the engine's, and the record of the sample is drawn, paged and derived. Then one mistake that a user of PyTorch
makes easily, the mean of `MSELoss` for a sum, is found by the diagnosis.

    python examples/torch_model.py [folder for the pictures]

Letters: x the sample, t its target, z net inputs, δ = ∂C/∂z.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from autograd import assert_gradients
from nn import MLP, assert_deltas, compare, mse, sse
from nn.console import use_utf8
from viz import derivation, save

X, T = [0.5, -1.0, 2.0], [0.25, 0.0, 1.0]


def model() -> nn.Sequential:
    """Return a module as it may come from training, in single precision."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.2))
    return nn.Sequential(body, nn.Linear(4, 3))


def torch_pass(module: nn.Module, loss: nn.Module) -> tuple[list[list[float]], list[float]]:
    """Return PyTorch's deltas, layer by layer, and its gradients in the order of `MLP.parameters()`."""
    linears = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    net_inputs = []

    def keep(layer: nn.Module, inputs: Any, z: torch.Tensor) -> None:
        z.retain_grad()
        net_inputs.append(z)

    hooks = [layer.register_forward_hook(keep) for layer in linears]
    loss(module(torch.tensor(X).double()), torch.tensor(T).double()).backward()
    for hook in hooks:
        hook.remove()
    rows = [torch.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1) for layer in linears]
    return [z.grad.tolist() for z in net_inputs], [x for row in rows for x in row.flatten().tolist()]


def main(folder: Path = Path(__file__).parent / "output") -> None:
    """Compare, draw into the folder, and diagnose."""
    module = model().eval().double()  # without dropout, and in the floats of the engine
    deltas, gradients = torch_pass(module, nn.MSELoss())

    mlp = MLP.from_torch(module)
    record = mlp.forward(X)
    loss = mse(record.output, T).named("C")
    loss.backward()
    print(f"{module}\nis here {mlp}\n")
    print("layer  neuron  δ by PyTorch    δ by the engine")
    for i, (there, here) in enumerate(zip(deltas, record.deltas(), strict=True), 1):
        for j, numbers in enumerate(zip(there, here, strict=True), 1):
            print(f"{i:5}{j:8}" + "".join(f"{number:16.10f}" for number in numbers))
    assert_deltas(record, deltas, rtol=1e-12)
    assert_gradients(dict(zip(mlp.parameters(), gradients, strict=True)), rtol=1e-12)
    print(f"All {sum(map(len, deltas))} deltas and {len(gradients)} gradients agree to 12 digits.")

    folder.mkdir(parents=True, exist_ok=True)
    save(loss, folder / "torch_model.svg", record, collapse="neuron")
    save(loss, folder / "torch_model.html", record)
    save(derivation(record, loss=loss, learning_rate=0.1), folder / "torch_model.md")
    print(f"\nIn {folder}: torch_model.svg, its page torch_model.html, and the worked solution torch_model.md")

    print("\nThe same deltas beside sse, which is a sum:")
    record = mlp.forward(X)
    sse(record.output, T).backward()
    print(compare(record, deltas))


if __name__ == "__main__":
    use_utf8()
    main(*map(Path, sys.argv[1:2]))
