"""Error messages for classes called with arguments that they do not have, such as the names of other libraries."""

from __future__ import annotations

import difflib
import functools
import inspect
from typing import Any, TypeVar

T = TypeVar("T")

# Names in PyTorch, Keras, scikit-learn and micrograd, and the names here.
OTHER_NAMES = {
    "lr": "learning_rate", "eta": "learning_rate", "learning_rate_init": "learning_rate",
    "betas": "beta1", "beta_1": "beta1", "beta_2": "beta2", "eps": "epsilon", "rho": "decay", "alpha": "decay",
    "clipnorm": "clip_norm", "clipvalue": "clip_value", "max_norm": "clip_norm",
    "initial_learning_rate": "initial", "gamma": "factor", "decay_rate": "factor", "step_size": "every",
    "T_max": "steps", "decay_steps": "steps", "eta_min": "final",
    "patience": "epochs", "tol": "tolerance", "min_delta": "tolerance", "target": "loss",
    "nin": "inputs", "n_inputs": "inputs", "in_features": "inputs", "input_size": "inputs",
    "nouts": "sizes", "layers": "sizes", "hidden": "sizes", "hidden_layer_sizes": "sizes", "units": "sizes",
    "activations": "activation", "nonlin": "activation", "output_activation": "output", "use_bias": "bias",
    "kernel_initializer": "initializer", "init": "initializer", "seed": "rng", "random_state": "rng",
    "w": "weights", "b": "bias",
}  # fmt: skip


def spelled(cls: type[T]) -> type[T]:
    """Make a class, when called with wrong arguments, show its signature and the argument that may be meant."""
    init: Any = cls.__init__
    signature = inspect.signature(init)

    @functools.wraps(init)
    def explained(self: T, *arguments: Any, **settings: Any) -> None:
        try:
            init(self, *arguments, **settings)
        except TypeError:
            try:
                signature.bind(self, *arguments, **settings)
            except TypeError as error:
                raise TypeError(_explanation(cls.__name__, signature, settings, error)) from None
            raise

    cls.__init__ = explained  # type: ignore[method-assign, assignment]  # it takes the same arguments
    return cls


def _explanation(name: str, signature: inspect.Signature, settings: dict[str, Any], error: TypeError) -> str:
    own = [p.replace(annotation=p.empty) for p in signature.parameters.values()][1:]  # without self
    called = f"{name}{inspect.Signature(own)}"
    names = [parameter.name for parameter in own]
    for other in settings:
        if other in names:
            continue
        near = difflib.get_close_matches(other, names, 1)
        meant = OTHER_NAMES.get(other) if OTHER_NAMES.get(other) in names else near[0] if near else None
        return f"{name} has no argument {other}=" + (f"; it is {meant}= here" if meant else "") + f": {called}"
    return f"{error}: {called}"
