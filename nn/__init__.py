"""Neural networks in which every number is a Value: networks, losses, optimizers and training.

modules, network, architecture, initializers, record: the network and its forward pass.
losses, objective, metrics: losses, what training minimises, and measures of quality.
validation: checks of what is passed in.
training: the training loop, its engines, optimizers, stopping rules and checkpoints; scikit-learn estimators.
checking: deltas derived by hand, compared with the engine's, and the mistake that explains a difference.
beyond: networks from and for PyTorch, scikit-learn, ONNX and safetensors.
exercise: exercise sheets for backpropagation by hand, and their marking.
"""

from typing import Any

import autograd

if not hasattr(autograd, "Value"):
    raise ImportError(
        f"nn needs handgrad's autograd, but {autograd.__file__ or list(autograd.__path__)} is another. If PyPI's "
        "(HIPS) was installed over it: run `pip uninstall autograd handgrad`, then `pip install handgrad`; keep the "
        "two in separate environments. If it is a file or folder of your own: rename it"
    )

from nn.checking.deltas import assert_deltas, compare
from nn.checking.gradients import assert_weight_gradients
from nn.initializers import INITIALIZERS
from nn.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    half_sse,
    hinge,
    huber,
    mae,
    mse,
    softmax_cross_entropy,
    sse,
)
from nn.modules import Layer, Module, Neuron
from nn.network import MLP
from nn.record import Record
from nn.training.checkpoint import Checkpoint, load, save
from nn.training.handout import HandoutStep, handout_step
from nn.training.loop import train
from nn.training.optimizer import Optimizer
from nn.training.optimizers import SGD, Adam, AdamW, RMSProp
from nn.training.schedules import CosineDecay, ExponentialDecay, StepDecay
from nn.training.stopping import Convergence, History, Patience, Threshold

__all__ = [
    "INITIALIZERS",
    "LOSSES",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Checkpoint",
    "Convergence",
    "CosineDecay",
    "ExponentialDecay",
    "HandoutStep",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Optimizer",
    "Patience",
    "RMSProp",
    "Record",
    "StepDecay",
    "Threshold",
    "assert_deltas",
    "assert_weight_gradients",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "compare",
    "cross_entropy",
    "half_sse",
    "handout_step",
    "hinge",
    "huber",
    "load",
    "mae",
    "mse",
    "save",
    "softmax_cross_entropy",
    "sse",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in ("MLPClassifier", "MLPRegressor"):
        try:
            from nn.training import estimators  # they alone need scikit-learn
        except ModuleNotFoundError as error:
            raise ImportError(f'{name} needs scikit-learn: pip install "handgrad[examples]"') from error
        return getattr(estimators, name)
    raise AttributeError(f"module 'nn' has no attribute {name!r}")
