"""Curves: activations, deltas, derivatives of losses, and training, epoch by epoch.

Letters: z net input, a activation, y label, C the loss, δ = ∂C/∂z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import TABLE, grad
from nn.record import sign_of_delta
from viz.plots.canvas import canvas, keyed, line, titled
from viz.rendering.style import Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn import History

POINTS_OVER_ACTIVATION = 50  # of a curve, as in Hansen (2022)
POINTS_OVER_NET_INPUT = 401  # of a curve


def plot_activation(name: str, ax: Axes | None = None, *, against: str = "z", theme: str = "auto") -> Axes:
    """Plot an activation function and its derivative.

    Args:
        name: An operation of one operand, such as "sigmoid".
        ax: To draw on; None makes new axes.
        against: "z" plots both over the net input; "a" plots the derivative over the activation (Hansen 2022, figure 5,
            left).
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: For another name, axis or theme.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> [line.get_label() for line in plot_activation("tanh", Figure().subplots()).lines]
    ['a = tanh(z)', '∂a/∂z']
    """
    function = TABLE.get(name)
    if function is None or (function.arity != 1 and name != "leaky_relu"):
        raise ValueError(f"{name!r} is not an operation of one operand; try 'sigmoid', 'relu' or 'tanh'")
    if against not in ("z", "a"):
        raise ValueError(f"against is {against!r}; choose 'z', the net input, or 'a', the activation")
    ax, palette = canvas(ax, theme)
    reach, points = (5.0, POINTS_OVER_NET_INPUT) if against == "z" else (20.0, 8 * POINTS_OVER_NET_INPUT)
    z = np.linspace(-reach, reach, points)
    a, slope = _curve(function, z), _curve(grad(function), z)
    if against == "z":
        line(ax, palette, 0, z, a, f"a = {name}(z)")
        line(ax, palette, 1, z, slope, "∂a/∂z")
        keyed(ax, palette)
        titled(ax, palette, "net input z", "", f"{name} and its derivative")
    else:
        line(ax, palette, 0, a, slope, "∂a/∂z")
        titled(ax, palette, "activation a", "∂a/∂z", f"derivative of {name}")
    return ax


def plot_delta(label: int = 1, ax: Axes | None = None, *, convention: str = "gradient", theme: str = "auto") -> Axes:
    """Plot δ of a sigmoid output, with the loss C = (y − a)², over its activation, with the extremum marked.

    δ is 0 at both ends: where the output is right, and where it is as wrong as possible (Hansen 2022, the plot after
    figure 4).

    Args:
        label: y, 1 or 0.
        ax: To draw on; None makes new axes.
        convention: "gradient" is δ = ∂C/∂z; "handout" is −∂C/∂z, as in Hansen (2022).
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: For another label, convention or theme.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> marked = plot_delta(1, Figure().subplots(), convention="handout").lines[1]
    >>> [round(float(x[0]), 6) for x in marked.get_data()]  # 8/27 at 1/3
    [0.333333, 0.296296]
    """
    if label not in (0, 1):
        raise ValueError(f"label is {label!r}; choose 1 or 0")
    sign = sign_of_delta(convention)
    ax, palette = canvas(ax, theme)
    a = np.linspace(0.0, 1.0, POINTS_OVER_ACTIVATION)
    line(ax, palette, 0, a, sign * 2.0 * (a - label) * a * (1.0 - a), "δ")
    peak, extremum = (2 - label) / 3, sign * (1 - 2 * label) * 8 / 27
    ax.plot([peak], [extremum], "o", color=palette["negative"], markersize=7.0)
    minus = "−" if extremum < 0.0 else ""
    ax.annotate(
        f"a = {2 - label}/3\nδ = {minus}8/27 ≈ {minus}0.2963", (peak, extremum),
        (0.0, -64.0 if extremum > 0.0 else 64.0), textcoords="offset points", ha="center", va="center",
        color=palette["negative-ink"],
    )  # fmt: skip
    words = "δ = ∂C/∂z" if sign > 0.0 else 'δ = −∂C/∂z (convention "handout")'
    titled(ax, palette, "output activation a", words, f"δ of a sigmoid output, C = ({label} − a)²")
    return ax


def plot_loss_derivative(
    loss: str = "sse", label: float = 1.0, ax: Axes | None = None, *, convention: str = "gradient", theme: str = "auto"
) -> Axes:
    """Plot the derivative of a loss over the output activation, from 0 to 1 (Hansen 2022, figure 5, right).

    Args:
        loss: The name of a loss of one output.
        label: The target y.
        ax: To draw on; None makes new axes.
        convention: "gradient" is ∂C/∂a; "handout" is −∂C/∂a, as in Hansen (2022).
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: For another loss, convention or theme.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> plot_loss_derivative("sse", ax=Figure().subplots()).lines[0].get_ydata()[[0, -1]]
    array([-2.,  0.])
    """
    from nn import LOSSES

    if loss not in LOSSES:
        raise ValueError(f"loss is {loss!r}; choose one of {', '.join(LOSSES)}")
    sign = sign_of_delta(convention)
    ax, palette = canvas(ax, theme)
    a = np.linspace(0.0, 1.0, POINTS_OVER_ACTIVATION)
    slope = grad(lambda a: LOSSES[loss](a, label))
    line(ax, palette, 0, a, sign * _curve(slope, a) + 0.0, "∂C/∂a")  # + 0.0: no −0.0
    words = "∂C/∂a" if sign > 0.0 else '−∂C/∂a (convention "handout")'
    titled(ax, palette, "output activation a", words, f"derivative of {loss}, label {label:g}")
    return ax


def plot_history(history: History, quantity: str = "loss", ax: Axes | None = None, *, theme: str = "auto") -> Axes:
    """Plot the history of a training run, epoch by epoch.

    A line is interrupted in epochs in which its number was not measured.

    Args:
        history: What `train` returned.
        quantity: "loss" and "accuracy" have a line for the training set and, if there is one, for the validation set;
            "gradient_norms" has one for each layer, on a logarithmic scale, which shows vanishing gradients.
        ax: To draw on; None makes new axes.
        theme: "auto" matches the axes; "light" or "dark" paints them and their figure so.

    Raises:
        ValueError: If the history has no such numbers, and for another theme.
        ImportError: Without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> from nn import History
    >>> ax = plot_history(History(loss=[0.5, 0.25], validation_loss=[0.6, 0.4]), ax=Figure().subplots())
    >>> [line.get_label() for line in ax.lines]
    ['training', 'validation']
    """
    if quantity not in ("loss", "accuracy", "gradient_norms"):
        raise ValueError(f"quantity is {quantity!r}; choose 'loss', 'accuracy' or 'gradient_norms'")
    numbers: list[Any] = getattr(history, quantity)
    if not numbers:
        raise ValueError(f"there is no {quantity} to plot in {history!r}")
    validation: list[Any] = [] if quantity == "gradient_norms" else getattr(history, f"validation_{quantity}")
    if validation and len(validation) != len(numbers):
        raise ValueError(f"{quantity} has {len(numbers)} epochs, but validation_{quantity} {len(validation)}")
    ax, palette = canvas(ax, theme)
    if quantity == "gradient_norms":
        for k, norms in enumerate(zip(*numbers, strict=True)):
            _epochs(ax, palette, k, norms, f"layer {k + 1}")
        if np.any(numbers):
            ax.set_yscale("log")
        titled(ax, palette, "epoch", "norm of the gradient", "gradient of each layer's parameters")
    else:
        _epochs(ax, palette, 0, numbers, "training")
        if validation:
            _epochs(ax, palette, 1, validation, "validation")
        titled(ax, palette, "epoch", "loss C" if quantity == "loss" else "fraction correct", quantity)
    keyed(ax, palette, beside=quantity == "gradient_norms")
    return ax


def _epochs(ax: Axes, palette: Palette, k: int, numbers: Sequence[float | None], name: str) -> None:
    """Draw the k-th line over the epochs, interrupted where there is no number, with a dot for an isolated one."""
    y = np.array(numbers, dtype=float)
    line(ax, palette, k, np.arange(1, len(y) + 1), y, name)
    there = np.pad(np.isfinite(y), 1)
    alone = np.flatnonzero(there[1:-1] & ~there[:-2] & ~there[2:])
    if len(alone):
        ax.lines[-1].set(marker="o", markevery=alone.tolist())


def _curve(function: Callable[..., Any], xs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the function at each point, NaN where it is undefined."""

    def value(x: float) -> float:
        try:
            return float(function(x))
        except (ArithmeticError, ValueError):
            return np.nan

    return np.array([value(x) for x in xs.tolist()])
