"""Neural networks whose every number is a Value: networks, losses, optimisers and training."""

from nn.handout import HandoutStep, handout_step
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
from nn.modules import MLP, Layer, Module, Neuron
from nn.optimizers import SGD, Adam, AdamW, CosineDecay, ExponentialDecay, Optimizer, RMSProp, StepDecay
from nn.record import Record
from nn.stopping import Convergence, History, Patience, Threshold
from nn.training import train

__all__ = [
    "INITIALIZERS",
    "LOSSES",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
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
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "half_sse",
    "handout_step",
    "hinge",
    "huber",
    "mae",
    "mse",
    "softmax_cross_entropy",
    "sse",
    "train",
]
