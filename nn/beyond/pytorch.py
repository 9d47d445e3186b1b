"""PyTorch: `MLP.from_torch` and `MLP.to_torch`.

A Linear and the activation after it become one layer. A module is read only if what it computes is known: PyTorch's own
class, its own `forward`, no hooks, and settings with which both sides give the same numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nn.beyond.stack import Arguments, Stack, layers
from nn.validation import Floats, matrix, vector

try:
    import torch
    from torch import nn
except ModuleNotFoundError as error:
    raise ImportError('MLP.from_torch and to_torch need PyTorch: pip install "handgrad[torch]"') from error

if TYPE_CHECKING:
    from nn.network import MLP


# fmt: off
# The activation here, the class there, and the settings with which both agree: what a setting must be, and a test.
AGREEING: list[tuple[str, type[nn.Module], dict[str, tuple[str, Callable[[Any], bool]]]]] = [
    ("identity",     nn.Identity,    {}),
    ("sigmoid",      nn.Sigmoid,     {}),
    ("tanh",         nn.Tanh,        {}),
    ("relu",         nn.ReLU,        {}),
    ("leaky_relu",   nn.LeakyReLU,   {"negative_slope": ("0.01", lambda slope: slope == 0.01)}),
    ("elu",          nn.ELU,         {"alpha": ("1", lambda alpha: alpha == 1.0)}),
    ("selu",         nn.SELU,        {}),
    ("gelu",         nn.GELU,        {"approximate": ("'none'", lambda form: form == "none")}),
    ("silu",         nn.SiLU,        {}),
    ("softplus",     nn.Softplus,    {"beta": ("1", lambda beta: beta == 1.0),
                                      "threshold": ("at least 20", lambda threshold: threshold >= 20.0)}),
    ("softsign",     nn.Softsign,    {}),
    ("hard_sigmoid", nn.Hardsigmoid, {}),
    ("log_sigmoid",  nn.LogSigmoid,  {}),
    ("softmax",      nn.Softmax,     {"dim": ("-1", lambda dim: dim in (None, -1, 1))}),
]
# fmt: on
# Beyond its threshold Softplus is the identity: at 40 that is right to the last digit, in both kinds of floats.
MADE: dict[str, Callable[[], nn.Module]] = {name: kind for name, kind, _ in AGREEING}
MADE |= {"softplus": functools.partial(nn.Softplus, threshold=40.0), "softmax": functools.partial(nn.Softmax, dim=-1)}

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)

# Why others cannot be read, and the nearest way.
PART = "import the Linear layers after it, MLP.from_torch(module[k:]), and give what comes before them as inputs"
FUSE = "torch.nn.utils.fusion.fuse_linear_bn_eval(linear, batch_norm) puts it into the Linear before it, in eval"
REFUSED: list[tuple[type[nn.Module], str]] = [
    (nn.modules.batchnorm._BatchNorm, f"scales by what it saw in training; {FUSE}"),
    (nn.modules.conv._ConvNd, f"uses each weight at many places; {PART}"),
    (nn.modules.rnn.RNNBase, f"repeats its weights over time; {PART}"),
    (nn.LayerNorm, f"scales each example by its own mean and variance; {PART}"),
    (nn.RMSNorm, f"scales each example by its own root mean square; {PART}"),
    (nn.Embedding, f"looks up a row of its weights; {PART}"),
    (nn.MultiheadAttention, f"mixes the places of a sequence with weights that depend on them; {PART}"),
    (nn.PReLU, "learns its slope, and an activation here has no parameters"),
    (nn.LogSoftmax, "can be left out: softmax_cross_entropy of the outputs is then NLLLoss after it"),
]


def from_module(module: nn.Module) -> Arguments:
    """Return the arguments of `MLP.from_weights` for a module of PyTorch, as `MLP.from_torch` describes."""
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"from_torch takes a torch.nn.Module, not {module!r:.80}; parameters alone do not tell the activations: "
            "load them into the module, or give them to MLP.from_weights, transposed"
        )
    stack, parameters = Stack(), []
    for place, leaf in _leaves(module, "module"):
        if _is(leaf, nn.Linear):
            W = matrix(_array(leaf.weight, f"{place}.weight"), f"{place}.weight")
            b = None if leaf.bias is None else vector(_array(leaf.bias, f"{place}.bias"), f"{place}.bias", len(W))
            parameters += [(f"{place}.{name}", parameter) for name, parameter in leaf.named_parameters(recurse=False)]
            stack.add_layer(W.T, b, place)
        elif _is(leaf, nn.Flatten):
            if stack.weights or (leaf.start_dim, leaf.end_dim) != (1, -1):
                raise ValueError(f"{place} is {leaf}; only Flatten() before the first layer has a counterpart here")
        elif any(_is(leaf, kind) for kind in DROPOUTS):
            if leaf.training and leaf.p:
                raise ValueError(f"{place} is {leaf} in training, when outputs are random; call module.eval() first")
        elif (name := _activation(leaf, place)) != "identity":
            stack.add_activation(name, place)
    _refuse_shared(parameters)
    return stack.arguments(f"the module {type(module).__name__}")


def to_module(mlp: MLP) -> nn.Sequential:
    """Return the module for a network, as `MLP.to_torch` describes."""
    modules: list[nn.Module] = []
    for W, b, activation in layers(mlp, "PyTorch", MADE):
        # skip_init draws no random weights, and so leaves PyTorch's random numbers as they are.
        linear = nn.utils.skip_init(nn.Linear, *W.shape, bias=b is not None, device="cpu", dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(W.T, device="cpu"))
            if b is not None:
                linear.bias.copy_(torch.tensor(b, device="cpu"))
        modules += [linear] if activation == "identity" else [linear, MADE[activation]()]
    return nn.Sequential(*modules)


def _leaves(module: nn.Module, place: str) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules in the order of use, each with the expression that leads to it."""
    lazy = [name for name, parameter in module.named_parameters(recurse=False) if nn.parameter.is_lazy(parameter)]
    if lazy:
        raise ValueError(f"{place}.{lazy[0]} has no numbers yet; call the module once on an example, which makes them")
    if nn.utils.parametrize.is_parametrized(module):
        raise ValueError(
            f"{place} computes its {', '.join(module.parametrizations)} from other parameters; "
            f"torch.nn.utils.parametrize.remove_parametrizations({place}, …) keeps the numbers as they are now"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(
            f"{place} has forward hooks, which may change its numbers; remove them: handle.remove(), "
            "torch.nn.utils.remove_weight_norm, torch.nn.utils.prune.remove"
        )
    if not _is(module, nn.Sequential):
        yield place, module
        return
    for name, child in module._modules.items():
        yield from _leaves(child, f"{place}[{name}]" if name.isdecimal() else f"{place}.{name}")


def _is(module: nn.Module, kind: type[nn.Module]) -> bool:
    """Whether a module computes what PyTorch's own class computes."""
    return isinstance(module, kind) and type(module).forward is kind.forward and "forward" not in vars(module)


def _activation(module: nn.Module, place: str) -> str:
    """Return the name of an activation; raise ValueError with the nearest way for anything else."""
    for name, kind, settings in AGREEING:
        if _is(module, kind):
            for setting, (needed, agrees) in settings.items():
                if not agrees(getattr(module, setting)):
                    raise ValueError(
                        f"{place} is {module}; {name} here is that with {setting} = {needed}, and others give other "
                        "numbers. Make it so if you can; autograd.operation adds an activation of your own"
                    )
            return name
    for kind, reason in REFUSED:
        if isinstance(module, kind):
            raise ValueError(f"{place} is {type(module).__name__}: it {reason}")
    own = not type(module).__module__.startswith("torch.") or "forward" in vars(module)
    if own or next(module.children(), None) is not None:
        raise ValueError(
            f"{place} is {type(module).__name__}, whose forward may compute anything; put its layers, in the order of "
            "use, into one torch.nn.Sequential, which keeps their parameters: Sequential(net.fc1, ReLU(), net.fc2)"
        )
    classes = ", ".join(kind.__name__ for _, kind, _ in AGREEING)
    raise ValueError(
        f"{place} is {type(module).__name__}, which has no counterpart here; there are Linear, {classes}. If it is an "
        f"activation, autograd.operation adds one of your own; else {PART}"
    )


def _array(parameter: torch.Tensor, place: str) -> Floats:
    """Return the numbers of a parameter as 64-bit floats."""
    if parameter.is_meta:
        raise ValueError(f"{place} is on the device meta, where there are no numbers; load the module on the CPU")
    if parameter.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"{place} is {parameter.dtype}, in which PyTorch computes other numbers; call module.float() first"
        )
    array: Floats = parameter.detach().to("cpu", torch.float64).numpy()
    return array


def _refuse_shared(parameters: list[tuple[str, nn.Parameter]]) -> None:
    """Raise ValueError if two parameters lie in the same memory, as of a module that is used twice."""
    seen: list[tuple[str, torch.device, int, int]] = []
    for name, parameter in parameters:
        length = 1 + sum((n - 1) * stride for n, stride in zip(parameter.shape, parameter.stride(), strict=True))
        first = parameter.data_ptr()
        end = first + length * parameter.element_size()
        for other, device, other_first, other_end in seen:
            if device == parameter.device and first < other_end and other_first < end:
                raise ValueError(
                    f"{name} is also {other}: a module used twice, or tied parameters. Here they would become separate "
                    "ones and train apart; if that is meant, give the second place a copy, copy.deepcopy(layer)"
                )
        seen.append((name, parameter.device, first, end))
