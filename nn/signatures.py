"""Error messages for arguments and attributes that are not there, such as the names of other libraries."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

# Names in PyTorch, Keras, scikit-learn and micrograd, and the names here.
OTHER_NAMES = {
    "lr": "learning_rate", "eta": "learning_rate", "learning_rate_init": "learning_rate",
    "betas": "beta1", "beta_1": "beta1", "beta_2": "beta2", "eps": "epsilon", "rho": "decay", "alpha": "decay",
    "num_epochs": "epochs", "n_epochs": "epochs", "max_iter": "epochs", "validation_data": "validation",
    "verbose": "progress", "criterion": "loss", "callbacks": "stopping", "solver": "optimizer",
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
    cls.__init__ = _explained(cls.__init__, cls.__name__, {})  # type: ignore[method-assign]  # takes the same
    return cls


def spelled_function(elsewhere: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function, when called with wrong arguments, show its signature and the argument that may be meant.

    Args:
        elsewhere: What to write in place of arguments that the function does not have, by their names.
    """
    return lambda function: _explained(function, function.__name__, elsewhere)


def _explained(function: Callable[P, R], name: str, elsewhere: Mapping[str, str]) -> Callable[P, R]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def explained(*arguments: P.args, **settings: P.kwargs) -> R:
        try:
            return function(*arguments, **settings)
        except TypeError:
            try:
                signature.bind(*arguments, **settings)
            except TypeError as error:
                raise TypeError(_explanation(name, signature, settings, elsewhere, error)) from None
            raise

    return explained


def _explanation(
    name: str,
    signature: inspect.Signature,
    settings: Mapping[str, Any],
    elsewhere: Mapping[str, str],
    error: TypeError,
) -> str:
    own = [p.replace(annotation=p.empty) for p in signature.parameters.values() if p.name != "self"]
    called = f"{name}{inspect.Signature(own)}"
    names = [parameter.name for parameter in own]
    for other in settings:
        if other in names:
            continue
        near = difflib.get_close_matches(other, names, 1)
        known = OTHER_NAMES.get(other)
        instead = elsewhere.get(other) or elsewhere.get(known or "")
        argument = known if known in names else near[0] if near else None
        meant = instead or (argument and f"{argument}=")
        return f"{name} has no argument {other}=" + (f"; it is {meant} here" if meant else "") + f": {called}"
    return f"{error}: {called}"


def no_attribute(owner: object, name: str, elsewhere: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that an object does not have.

    Args:
        owner: The object.
        name: The attribute.
        elsewhere: What to write in place of attributes of other libraries, by their names.
    """
    hint = f"; it is {elsewhere[name]} here" if name in elsewhere else ""
    message = f"{type(owner).__name__!r} object has no attribute {name!r}{hint}"
    return AttributeError(message, name=name, obj=owner)
