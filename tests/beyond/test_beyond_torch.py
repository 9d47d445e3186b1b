"""To PyTorch and back: the same numbers, slopes, deltas and gradients; what does not fit is named."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
import pytest

from autograd import TABLE, Value, assert_gradients
from nn import LOSSES, MLP, assert_deltas, compare, sse

torch = pytest.importorskip("torch", reason='PyTorch: pip install "handgrad[torch]"')
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

from nn.beyond.pytorch import AGREEING, MADE  # noqa: E402

SINGLE = sorted(set(MADE) - {"identity", "softmax"})
KINKS = [0.0, -0.0, 3.0, -3.0]
TAILS = [sign * x for x in (1e-300, 1e-9, 0.5, 2.0, 9.0, 19.5, 20.5, 37.0, 41.0, 80.0, 800.0) for sign in (1.0, -1.0)]
DEEP = "tanh", "relu", "silu", "softplus", "gelu", "leaky_relu"  # smooth, and with kinks


def weights(module: Any) -> list[Any]:
    return [parameter.detach().numpy() for parameter in module.parameters()]


def torch_pass(module: Any, x: Any, loss: Any) -> tuple[list[list[float]], list[float]]:
    """Return the deltas of every Linear and the gradients in the order of `MLP.parameters()`."""
    linears = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    net_inputs: list[Any] = []

    def keep(layer: Any, inputs: Any, z: Any) -> None:
        z.retain_grad()
        net_inputs.append(z)

    handles = [layer.register_forward_hook(keep) for layer in linears]
    module.zero_grad()
    loss(module(x)).backward()
    for handle in handles:
        handle.remove()
    deltas = [z.grad.tolist() for z in net_inputs]
    gradients: list[float] = []
    for layer in linears:
        columns = [layer.weight.grad] + ([] if layer.bias is None else [layer.bias.grad[:, None]])
        gradients += torch.cat(columns, dim=1).flatten().tolist()
    return deltas, gradients


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("x", [*KINKS, *TAILS])
def test_an_activation_there_has_the_value_and_the_slope_of_that_here(name: str, x: float) -> None:
    there = torch.tensor([x], dtype=torch.float64, requires_grad=True)
    y = MLP.from_weights([[[1.0]]], activation=name).to_torch()(there)
    y.backward()
    here = Value(x)
    a = TABLE[name](here)
    a.backward()
    # PyTorch's gelu has an absolute error only, and the slope of its hard sigmoid is ⅙ in single precision.
    assert y.item() == pytest.approx(a.data, rel=1e-14, abs=1e-15 if name == "gelu" else 0.0)
    assert there.grad.item() == pytest.approx(here.grad, rel=1e-7 if name == "hard_sigmoid" else 1e-13, abs=1e-15)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", MADE)
def test_there_and_back_is_the_same_network_bit_for_bit(name: str, bias: bool) -> None:
    hidden = "tanh" if name == "softmax" else name
    mlp = MLP(3, [4, 2], hidden, output=name, bias=bias, rng=5)
    back = MLP.from_torch(mlp.to_torch())
    assert repr(back) == repr(mlp)
    assert [p.data for p in back.parameters()] == [p.data for p in mlp.parameters()]


@pytest.mark.parametrize("kind", [kind for _, kind, _ in AGREEING], ids=lambda kind: kind.__name__)
def test_a_module_with_pytorchs_own_settings_comes_over(kind: Any) -> None:
    torch.manual_seed(0)
    activation = kind(dim=1) if kind is nn.Softmax else kind()
    module = nn.Sequential(nn.Linear(4, 3), activation).double()
    X = torch.linspace(-9.0, 9.0, 28, dtype=torch.float64).reshape(7, 4)
    np.testing.assert_allclose(MLP.from_torch(module).predict(X), module(X).detach().numpy(), rtol=1e-9, atol=1e-14)


def test_sequentials_in_sequentials_flatten_dropout_and_identity_come_over() -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Linear(4, 5, bias=False), nn.ReLU(), nn.Dropout(0.5))
    module = nn.Sequential(
        nn.Flatten(), body, nn.Sequential(), nn.Sequential(nn.Identity(), nn.Linear(5, 5), nn.Tanh())
    )
    module.add_module("head", nn.Linear(5, 2))
    module.eval()
    mlp = MLP.from_torch(module)
    assert repr(mlp) == "MLP(4 → 5 relu → 5 tanh → 2 identity, 67 parameters)"
    assert mlp.biases()[0].tolist() == [0.0] * 5  # where other layers have a bias, this one's is 0
    X = torch.rand(6, 2, 2)
    np.testing.assert_allclose(mlp.predict(X.reshape(6, 4)), module(X).detach().numpy(), rtol=2e-6, atol=1e-7)


def test_one_linear_is_a_network_of_one_layer() -> None:
    assert repr(MLP.from_torch(nn.Linear(2, 3, bias=False))) == "MLP(2 → 3 identity, 6 parameters)"


def test_one_activation_may_be_used_in_many_places() -> None:
    relu = nn.ReLU()
    assert "3 relu → 3 relu" in repr(MLP.from_torch(nn.Sequential(nn.Linear(3, 3), relu, nn.Linear(3, 3), relu)))


def test_a_frozen_subclass_with_the_same_forward_comes_over() -> None:
    class Named(nn.Linear):
        pass

    class Net(nn.Sequential):
        pass

    assert repr(MLP.from_torch(Net(Named(2, 1)).requires_grad_(False))) == "MLP(2 → 1 identity, 3 parameters)"


def test_parameters_that_are_views_of_one_vector_come_over() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    vector = nn.utils.parameters_to_vector(module.parameters()).detach()
    nn.utils.vector_to_parameters(vector, module.parameters())
    assert len(MLP.from_torch(module).parameters()) == 16


def test_single_precision_comes_over_exactly_and_goes_as_64_bit_floats() -> None:
    module = nn.Sequential(nn.Linear(3, 2))
    back = MLP.from_torch(module).to_torch()
    assert {parameter.dtype for parameter in back.parameters()} == {torch.float64}
    assert all(torch.equal(a, b) for a, b in zip(module.parameters(), back.float().parameters(), strict=True))


def test_a_module_there_has_numbers_of_its_own() -> None:
    mlp = MLP(2, [1], rng=0)
    before, module = mlp.weights()[0], mlp.to_torch()
    other = MLP.from_torch(module)
    with torch.no_grad():
        module[0].weight.fill_(7.0)
    assert (mlp.weights()[0] == before).all()
    assert (other.weights()[0] == before).all()


def test_to_torch_leaves_random_numbers_and_defaults_alone() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    with torch.device("meta"):
        module = MLP(2, [3, 1], rng=0).to_torch()
    assert torch.equal(torch.get_rng_state(), state)
    assert {(p.device.type, p.dtype, p.requires_grad) for p in module.parameters()} == {("cpu", torch.float64, True)}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_module_on_a_gpu_comes_over() -> None:
    mlp = MLP(3, [4, 2], "tanh", rng=0)
    back = MLP.from_torch(mlp.to_torch().to("cuda"))
    assert [p.data for p in back.parameters()] == [p.data for p in mlp.parameters()]


# Deltas and gradients -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", DEEP)
def test_every_delta_and_gradient_is_pytorchs(activation: str, bias: bool) -> None:
    mlp = MLP(3, [5, 4, 2], activation, output="identity", bias=bias, rng=7)
    x, target = [0.3, -1.2, 2.0], [0.5, -0.25]
    there = torch.tensor(target, dtype=torch.float64)
    found = torch_pass(mlp.to_torch(), torch.tensor(x, dtype=torch.float64), lambda y: ((y - there) ** 2).sum())
    record = mlp.forward(x)
    sse(record.output, target).backward()
    assert_deltas(record, found[0], rtol=1e-11)
    assert_gradients(dict(zip(mlp.parameters(), found[1], strict=True)), rtol=1e-11)


LOSSES_THERE: dict[str, tuple[str, Any]] = {  # here: the last layer, and the same loss there
    "mse": ("identity", lambda y, t: nn.functional.mse_loss(y, t)),
    "mae": ("identity", lambda y, t: nn.functional.l1_loss(y, t)),
    "huber": ("identity", lambda y, t: nn.functional.huber_loss(y, t)),
    "softmax_cross_entropy": ("identity", lambda y, t: nn.functional.cross_entropy(y, t)),
    "cross_entropy": ("softmax", lambda y, t: -(t * y.log()).sum()),
    "binary_cross_entropy": ("sigmoid", lambda y, t: nn.functional.binary_cross_entropy(y, t)),
    "binary_cross_entropy_with_logits": (
        "identity",
        lambda y, t: nn.functional.binary_cross_entropy_with_logits(y, t),
    ),
}


@pytest.mark.parametrize("loss", LOSSES_THERE)
def test_a_loss_has_the_deltas_of_its_namesake(loss: str) -> None:
    output, there = LOSSES_THERE[loss]
    mlp = MLP(2, [4, 3], "tanh", output=output, rng=2)
    x, target = [0.7, -0.4], [0.0, 1.0, 0.0]
    t = torch.tensor(target, dtype=torch.float64)
    deltas, _ = torch_pass(mlp.to_torch(), torch.tensor(x, dtype=torch.float64), lambda y: there(y, t))
    record = mlp.forward(x)
    LOSSES[loss](record.output, target).backward()
    assert_deltas(record, deltas, rtol=1e-11)


@pytest.mark.parametrize(("outputs", "said"), [(2, "factor ½"), (3, "1/n (n = 3)"), (5, "1/n (n = 5)")])
def test_the_diagnosis_of_mseloss_beside_sse_is_one_over_the_outputs(outputs: int, said: str) -> None:
    mlp = MLP(2, [4, outputs], "tanh", output="identity", rng=2)
    x, target = [0.7, -0.4], [0.5] * outputs
    t = torch.tensor(target, dtype=torch.float64)
    deltas, _ = torch_pass(mlp.to_torch(), torch.tensor(x, dtype=torch.float64), lambda y: nn.MSELoss()(y, t))
    record = mlp.forward(x)
    sse(record.output, target).backward()
    assert said in str(compare(record, deltas).diagnosis)


# What cannot be carried over ------------------------------------------------------------------------------------------


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return x + self.fc(x)


class Doubled(nn.Linear):
    def forward(self, x: Any) -> Any:
        return 2.0 * super().forward(x)


class AlwaysDropout(nn.Dropout):
    def forward(self, x: Any) -> Any:
        return nn.functional.dropout(x, self.p, training=True)


def after(*modules: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 2), *modules)


def hooked() -> Any:
    module = after(nn.Tanh())
    module[1].register_forward_hook(lambda module, x, y: 2.0 * y)
    return module


def pruned() -> Any:
    module = after()
    prune.l1_unstructured(module[0], "weight", 0.5)
    return module


def parametrized() -> Any:
    return nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 2)))


def patched() -> Any:
    module = after()
    module[0].forward = lambda x: x
    return module


def not_finite() -> Any:
    module = after()
    with torch.no_grad():
        module[0].weight[1, 0] = np.nan
    return module


REFUSALS = {
    "gelu, tanh form": (lambda: after(nn.GELU("tanh")), r"module\[1\] is GELU\(.*approximate = 'none'"),
    "slope": (lambda: after(nn.LeakyReLU(0.2)), r"module\[1\] is LeakyReLU\(.*0\.2\).*negative_slope = 0\.01"),
    "elu": (lambda: after(nn.ELU(0.5)), r"alpha = 1,"),
    "softplus, beta": (lambda: after(nn.Softplus(beta=2.0)), r"beta = 1,"),
    "softplus, threshold": (lambda: after(nn.Softplus(threshold=5.0)), r"threshold = at least 20,"),
    "softmax over the batch": (lambda: after(nn.Softmax(dim=0)), r"dim = -1,"),
    "softmax in the middle": (
        lambda: after(nn.Softmax(dim=-1), nn.Linear(2, 1)),
        r"module\[2\] comes after a softmax; only the last layer",
    ),
    "log softmax": (lambda: after(nn.LogSoftmax(dim=-1)), r"softmax_cross_entropy of the outputs is then NLLLoss"),
    "two activations": (lambda: after(nn.ReLU(), nn.Tanh()), r"module\[2\] comes after the activation relu"),
    "activation first": (lambda: nn.Sequential(nn.Tanh(), nn.Linear(2, 2)), r"module\[0\] comes before the first"),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3)), r"module\[0\] is Conv2d: it uses each weight at many"),
    "batch norm": (lambda: after(nn.BatchNorm1d(2)).eval(), r"fuse_linear_bn_eval\(linear, batch_norm\)"),
    "layer norm": (lambda: after(nn.LayerNorm(2)), r"module\[1\] is LayerNorm: it scales each example"),
    "recurrent": (lambda: nn.Sequential(nn.LSTM(2, 2)), r"module\[0\] is LSTM: it repeats its weights"),
    "prelu": (lambda: after(nn.PReLU()), r"learns its slope"),
    "root mean square norm": (lambda: after(nn.RMSNorm(2)), r"RMSNorm: it scales .* MLP\.from_torch\(module\[k:\]\)"),
    "embedding": (lambda: nn.Sequential(nn.Embedding(3, 2)), r"Embedding: it looks up .*\(module\[k:\]"),
    "attention": (lambda: after(nn.MultiheadAttention(2, 1)), r"MultiheadAttention: it mixes the places of a sequence"),
    "mish": (lambda: after(nn.Mish()), r"\[1\] is Mish, which has no counterpart here; .* autograd\.operation adds"),
    "bilinear": (lambda: nn.Bilinear(2, 2, 1), r"module is Bilinear, which has no counterpart"),
    "own module": (Own, r"module is Own, whose forward may .*Sequential\(net\.fc1, ReLU\(\), net\.fc2\)"),
    "own module inside": (lambda: after(Own()), r"module\[1\] is Own"),
    "list": (lambda: nn.ModuleList([nn.Linear(2, 2)]), r"module is ModuleList, whose forward"),
    "own forward": (lambda: nn.Sequential(Doubled(2, 2)), r"module\[0\] is Doubled"),
    "forward of an instance": (patched, r"module\[0\] is Linear, whose forward may compute anything"),
    "dropout in eval too": (lambda: after(AlwaysDropout()).eval(), r"module\[1\] is AlwaysDropout, whose forward"),
    "flatten in the middle": (lambda: after(nn.Flatten()), r"only Flatten\(\) before the first layer"),
    "dropout": (lambda: after(nn.Dropout(0.5)), r"module\[1\] is Dropout\(p=0\.5.*call module\.eval\(\) first"),
    "hook": (hooked, r"module\[1\] has forward hooks.*handle\.remove\(\)"),
    "pruned": (pruned, r"module\[0\] has forward hooks.*prune\.remove"),
    "parametrized": (parametrized, r"module\[0\] computes its weight from other.*remove_parametrizations\(module\[0\]"),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(2)), r"module\[0\]\.weight has no numbers yet; call the module once"),
    "meta": (lambda: nn.Sequential(nn.Linear(2, 2, device="meta")), r"module\[0\]\.weight is on the device meta"),
    "half": (lambda: after().half(), r"module\[0\]\.weight is torch\.float16.*module\.float\(\)"),
    "bfloat16": (lambda: after().bfloat16(), r"torch\.bfloat16"),
    "complex": (lambda: nn.Sequential(nn.Linear(2, 2, dtype=torch.complex64)), r"torch\.complex64"),
    "not finite": (not_finite, r"module\[0\]\.weight\[1, 0\] is nan"),
    "sizes": (lambda: after(nn.Linear(3, 1)), r"module\[1\] takes 3 inputs, but the layer before it has 2"),
    "named": (lambda: nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Linear(3, 1)), r"module\[1\] takes 3"),
    "empty": (lambda: nn.Sequential(), r"the module Sequential has no layer with weights"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("what", REFUSALS)
def test_what_cannot_be_carried_over_is_refused_with_its_place_and_the_nearest_way(what: str) -> None:
    make, message = REFUSALS[what]
    with pytest.raises(ValueError, match=message):
        MLP.from_torch(make())


def test_a_batch_norm_fused_as_the_message_says_comes_over() -> None:
    linear, norm = nn.Linear(3, 2), nn.BatchNorm1d(2)
    norm(linear(torch.rand(50, 3)))
    module = nn.Sequential(linear, norm, nn.Tanh()).eval()
    fused = nn.Sequential(nn.utils.fusion.fuse_linear_bn_eval(linear, norm), module[2])
    X = torch.rand(5, 3)
    np.testing.assert_allclose(MLP.from_torch(fused).predict(X), module(X).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_dropout_that_drops_nothing_comes_over() -> None:
    assert MLP.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.0))).sizes == (2, 2)


def twice() -> Any:
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, nn.Tanh(), layer)


def tied() -> Any:
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    module[2].weight = module[0].weight
    return module


def tied_transposed() -> Any:
    module = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 3))
    module[2].weight = nn.Parameter(module[0].weight.detach().T)
    return module


@pytest.mark.parametrize("make", [twice, tied, tied_transposed])
def test_shared_parameters_are_refused_and_copies_come_over(make: Any) -> None:
    module = make()
    with pytest.raises(ValueError, match=r"module\[2\]\.weight is also module\[0\]\.weight: .*copy\.deepcopy\(layer\)"):
        MLP.from_torch(module)
    module[2] = copy.deepcopy(module[2])
    assert len(MLP.from_torch(module).layers) == 2


@pytest.mark.parametrize("other", [{"0.weight": [[1.0]]}, "model.pt", [nn.Linear(1, 1)], nn.Linear], ids=str)
def test_what_is_no_module_is_a_type_error(other: Any) -> None:
    with pytest.raises(TypeError, match=r"from_torch takes a torch\.nn\.Module, not .*" + re.escape(repr(other)[:20])):
        MLP.from_torch(other)


def test_a_network_that_pytorch_cannot_express_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"layer 1 is sin, which cannot be handed over to PyTorch; these can: identity, elu"
    ):
        MLP(2, [2, 1], "sin", output="identity").to_torch()
    with pytest.raises(ValueError, match=r"neurons of layer 1 have different activations \(relu, tanh\)"):
        MLP(2, [2, 1], [["relu", "tanh"], "identity"]).to_torch()
    mlp = MLP(1, [1, 1])
    mlp.layers[1].neurons[0].weights[0] = mlp.layers[0].neurons[0].weights[0]
    with pytest.raises(ValueError, match="the network has shared weights"):
        mlp.to_torch()
    assert [type(m) for m in MLP(2, [2], [["relu", "relu"]]).to_torch()] == [nn.Linear, nn.ReLU]
