"""What other libraries answer at the corners of corners.toml: measured here, kept in corners.json.

    python docs/corner_peers.py JAX            # measure what is installed, and compare with what is kept
    python docs/corner_peers.py JAX --keep     # keep it instead

This file needs the library that it measures and nothing of this project: HIPS autograd has the same import name. For
each library there is a function that imports it and returns the names that corners.toml may use, spelled in that
library, and a function that differentiates. `findings/corners_peers.sh` runs it on all of them, in fresh environments.

Letters: f a function, x, y, z its operands, xs all of them, i the operand of a derivative.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
import tomllib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "corners.json"
Cell = list[list[str]] | None  # first and second derivatives, operand by operand; None where there is no such function
Names = dict[str, Any]
Derivative = Callable[[Callable[..., Any], list[float], int, int], Any]  # of f, at xs, to operand i, of order 1 or 2


def corners() -> list[dict[str, Any]]:
    """Return all corners."""
    groups = tomllib.loads((HERE / "corners.toml").read_text(encoding="utf-8"))["group"]
    return [corner for group in groups for corner in group["corners"]]


def name(corner: dict[str, Any]) -> str:
    """Return the name of a corner, such as "abs(x) at 0"."""
    return f"{corner['f']} at {', '.join(map(str, corner['at']))}"


def answer(corner: dict[str, Any], names: Names, derivative: Derivative) -> Cell:
    """Return the first derivative with respect to each operand and the second, in six digits or as the error raised."""
    xs = [float(x) for x in corner["at"]]
    f = eval(f"lambda {', '.join('xyz'[: len(xs)])}: {corner['f']}", dict(names))  # noqa: S307  (corners.toml is ours)
    if not names.keys() >= set(f.__code__.co_names):
        return None

    def number(i: int, order: int) -> str:
        try:
            return digits(float(derivative(f, xs, i, order)))
        except Exception as error:  # every library has its own way to refuse
            return type(error).__name__

    return [[number(i, order) for i in range(len(xs))] for order in (1, 2)]


def digits(number: float) -> str:
    """Return a number in six digits; −0 is 0."""
    return f"{float(number) + 0.0:.6g}"


def agree(one: Cell, other: Cell) -> bool:
    """Whether two cells say the same, up to the last of their digits."""
    if one is None or other is None:
        return one is other
    return all(map(alike, [x for row in one for x in row], [x for row in other for x in row]))


def alike(x: str, y: str) -> bool:
    """Whether two texts are the same number, up to the last digit, or the same error."""
    try:
        return x == y or math.isclose(float(x), float(y), rel_tol=2e-5)
    except ValueError:
        return False


def alike_named(module: Any, names: str) -> Names:
    """Return the functions that a library calls as this project does."""
    return {name: getattr(module, name) for name in names.split()}


# The libraries --------------------------------------------------------------------------------------------------------


def pytorch() -> tuple[Names, Derivative]:
    """Return PyTorch's functions, in double precision."""
    import torch
    from torch.nn import functional

    def number(x: Any) -> Any:
        return x if isinstance(x, torch.Tensor) and x.dtype != torch.bool else torch.tensor(x, dtype=torch.float64)

    def fold(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *xs: function(torch.stack([number(x) for x in xs]), 0)

    def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> Any:
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in at]
        y = f(*xs)
        for _ in range(order):
            slopes = torch.autograd.grad(y, xs[i], create_graph=True, allow_unused=True) if y.requires_grad else [None]
            y = number(0.0) if slopes[0] is None else slopes[0]
        return y

    same = "abs sign relu sqrt log log1p exp expm1 sinc sigmoid tanh erf asin acos acosh atanh floor ceil trunc round"
    names = alike_named(torch, same) | {
        "atan2": torch.atan2,
        "clip": torch.clamp,
        "copysign": torch.copysign,
        "digamma": torch.digamma,
        "elu": functional.elu,
        "erfc": torch.erfc,
        "erfinv": torch.erfinv,
        "fmod": torch.fmod,
        "gelu": functional.gelu,
        "hard_sigmoid": functional.hardsigmoid,
        "hypot": torch.hypot,
        "leaky_relu": functional.leaky_relu,
        "lgamma": torch.lgamma,
        "log_normal_cdf": torch.special.log_ndtr,
        "log_sigmoid": functional.logsigmoid,
        "logaddexp": torch.logaddexp,
        "logit": torch.logit,
        "logsumexp": lambda xs: torch.logsumexp(torch.stack(xs), 0),
        "maximum": fold(torch.amax),
        "minimum": fold(torch.amin),
        "norm": lambda xs: torch.linalg.vector_norm(torch.stack(xs)),
        "normal_cdf": torch.special.ndtr,
        "polygamma": torch.polygamma,
        "selu": functional.selu,
        "silu": functional.silu,
        "softmax": lambda xs: torch.softmax(torch.stack(xs), 0),
        "softplus": functional.softplus,
        "softsign": functional.softsign,
        "step": lambda x: torch.heaviside(x, torch.zeros_like(x)),
        "where": lambda condition, x, y: torch.where(condition, number(x), number(y)),
    }
    return names, derivative


def jax() -> tuple[Names, Derivative]:
    """Return JAX's functions, in double precision."""
    import jax
    import jax.numpy as jnp
    import jax.scipy.special as special

    jax.config.update("jax_enable_x64", True)

    def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> Any:
        return (jax.grad(f, i) if order == 1 else jax.grad(jax.grad(f, i), i))(*at)

    same = "abs sign sqrt cbrt log log1p exp expm1 sinc tanh floor ceil trunc round hypot fmod copysign logaddexp where"
    nn = "relu leaky_relu elu selu silu softplus log_sigmoid hard_sigmoid sigmoid"
    names = alike_named(jnp, same) | alike_named(jax.nn, nn)
    names |= alike_named(special, "digamma erf erfc erfinv logit polygamma")
    names |= {
        "acos": jnp.arccos,
        "acosh": jnp.arccosh,
        "asin": jnp.arcsin,
        "atan2": jnp.arctan2,
        "atanh": jnp.arctanh,
        "clip": jnp.clip,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "lgamma": special.gammaln,
        "log_normal_cdf": special.log_ndtr,
        "logsumexp": lambda xs: special.logsumexp(jnp.stack(xs)),
        "maximum": lambda *xs: jnp.max(jnp.stack(xs)) if len(xs) > 2 else jnp.maximum(*xs),
        "minimum": lambda *xs: jnp.min(jnp.stack(xs)) if len(xs) > 2 else jnp.minimum(*xs),
        "norm": lambda xs: jnp.linalg.norm(jnp.stack(xs)),
        "normal_cdf": special.ndtr,
        "softmax": lambda xs: jax.nn.softmax(jnp.stack(xs)),
        "softsign": jax.nn.soft_sign,
        "step": lambda x: jnp.heaviside(x, 0.0),
    }
    return names, derivative


def hips() -> tuple[Names, Derivative]:
    """Return HIPS autograd's functions, which are NumPy's and SciPy's."""
    import autograd.numpy as anp
    import autograd.scipy.special as special
    import autograd.scipy.stats.norm as normal

    from autograd import grad

    def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> Any:
        return (grad(f, i) if order == 1 else grad(grad(f, i), i))(*at)

    names = alike_named(anp, "abs sign sqrt log log1p exp expm1 sinc tanh floor ceil trunc round logaddexp clip where")
    names |= alike_named(special, "erf erfc erfinv logit polygamma")
    names |= {
        "acos": anp.arccos,
        "acosh": anp.arccosh,
        "asin": anp.arcsin,
        "atan2": anp.arctan2,
        "atanh": anp.arctanh,
        "digamma": special.psi,
        "lgamma": special.gammaln,
        "log_normal_cdf": normal.logcdf,
        "logsumexp": lambda xs: special.logsumexp(anp.array(xs)),
        "maximum": lambda *xs: anp.max(anp.array(xs)) if len(xs) > 2 else anp.maximum(*xs),
        "minimum": lambda *xs: anp.min(anp.array(xs)) if len(xs) > 2 else anp.minimum(*xs),
        "norm": lambda xs: anp.linalg.norm(anp.array(xs)),
        "normal_cdf": normal.cdf,
        "sigmoid": special.expit,
    }
    return names, derivative


def casadi() -> tuple[Names, Derivative]:
    """Return CasADi's functions, on its SX graphs."""
    import casadi

    def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> Any:
        xs = [casadi.SX.sym(name) for name in "xyz"[: len(at)]]
        y = f(*xs)
        for _ in range(order):
            y = casadi.gradient(y, xs[i])
        return casadi.Function("derivative", xs, [y]).call(at)[0]

    same = "sign sqrt log log1p exp expm1 tanh erf erfinv asin acos acosh atanh atan2 floor ceil hypot copysign fmod"
    names = alike_named(casadi, same) | {
        "abs": casadi.fabs,
        "logsumexp": lambda xs: casadi.logsumexp(casadi.vertcat(*xs)),
        "maximum": lambda *xs: casadi.mmax(casadi.vertcat(*xs)) if len(xs) > 2 else casadi.fmax(*xs),
        "minimum": lambda *xs: casadi.mmin(casadi.vertcat(*xs)) if len(xs) > 2 else casadi.fmin(*xs),
        "norm": lambda xs: casadi.norm_2(casadi.vertcat(*xs)),
        "where": casadi.if_else,
    }
    return names, derivative


def tensorflow() -> tuple[Names, Derivative]:
    """Return TensorFlow's functions, in double precision."""
    import tensorflow as tf

    def number(x: Any) -> Any:
        return x if tf.is_tensor(x) else tf.constant(x, tf.float64)

    def derivative(f: Callable[..., Any], at: list[float], i: int, order: int) -> Any:
        if order == 0:
            return f(*at)
        xs = [tf.convert_to_tensor(x, tf.float64) for x in at]
        with tf.GradientTape() as tape:
            tape.watch(xs[i])
            y = derivative(f, xs, i, order - 1)
        return tape.gradient(y, xs[i], unconnected_gradients=tf.UnconnectedGradients.ZERO)

    same = "abs sign sqrt log log1p exp expm1 sigmoid tanh erf erfc erfinv asin acos acosh atanh atan2 floor ceil round"
    names = alike_named(tf.math, f"{same} digamma lgamma log_sigmoid softplus")
    names |= alike_named(tf.nn, "relu elu selu silu softsign gelu") | {
        "clip": lambda x, low, high: tf.clip_by_value(x, number(low), number(high)),
        "hard_sigmoid": tf.keras.activations.hard_sigmoid,
        "leaky_relu": lambda x: tf.nn.leaky_relu(x, 0.01),
        "logsumexp": lambda xs: tf.reduce_logsumexp(tf.stack(xs)),
        "maximum": lambda *xs: tf.reduce_max(tf.stack(xs)) if len(xs) > 2 else tf.maximum(*map(number, xs)),
        "minimum": lambda *xs: tf.reduce_min(tf.stack(xs)) if len(xs) > 2 else tf.minimum(*map(number, xs)),
        "norm": lambda xs: tf.norm(tf.stack(xs)),
        "polygamma": lambda n, x: tf.math.polygamma(number(n), x),
        "softmax": lambda xs: tf.nn.softmax(tf.stack(xs)),
        "where": lambda condition, x, y: tf.where(condition, number(x), number(y)),
    }
    return names, derivative


LIBRARIES = {  # the name in the table -> the distribution, and how it is asked
    "PyTorch": ("torch", pytorch),
    "JAX": ("jax", jax),
    "HIPS autograd": ("autograd", hips),
    "CasADi": ("casadi", casadi),
    "TensorFlow": ("tensorflow-cpu", tensorflow),
}


def column(library: str) -> dict[str, Any]:
    """Return the version and the cells of an installed library."""
    distribution, of_library = LIBRARIES[library]
    names, derivative = of_library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # divisions by zero are what is looked for
        cells = {name(corner): answer(corner, names, derivative) for corner in corners()}
    return {"version": version(distribution), "cells": cells}


def version(distribution: str) -> str:
    """Return the installed version, without the mark of a build."""
    return importlib.metadata.version(distribution).partition("+")[0]


def kept() -> dict[str, Any]:
    """Return the columns in corners.json."""
    return dict(json.loads(KEPT.read_text(encoding="utf-8"))) if KEPT.exists() else {}


def keep(columns: dict[str, Any]) -> None:
    """Write the columns to corners.json, one cell in a line."""
    texts = []
    for library in [name for name in LIBRARIES if name in columns]:
        cells = [f"{json.dumps(at)}: {json.dumps(cell)}" for at, cell in columns[library]["cells"].items()]
        lines = ",\n".join(cells)
        texts.append(f'"{library}": {{"version": "{columns[library]["version"]}", "cells": {{\n{lines}}}}}')
    KEPT.write_text("{{{}}}\n".format(",\n".join(texts)), encoding="utf-8")


def changes(library: str) -> list[str]:
    """Return a line for each cell in which an installed library answers otherwise than what is kept."""
    now, then = column(library), kept()[library]
    lines = [f"version {now['version']}, not {then['version']}"] if now["version"] != then["version"] else []
    for at, cell in now["cells"].items():
        if not agree(cell, then["cells"].get(at)):
            lines.append(f"{at}: {cell}, not {then['cells'].get(at)}")
    return lines


def main(library: str, *options: str) -> None:
    """Print a library's column; exit with 1 where it is not the one kept."""
    if options == ("--keep",):
        keep(kept() | {library: column(library)})
    else:
        found = column(library)
        print(library, found["version"])
        for at, cell in found["cells"].items():
            print(f"    {at:40} {'   '.join(map(', '.join, cell or ['–']))}")
        if lines := changes(library):
            sys.exit("\n".join([f"{library} answers otherwise than corners.json says:", *lines]))


if __name__ == "__main__":
    main(*sys.argv[1:])
