"""The lines of numbers in a box, below its name: values, gradients, and the δ of a neuron or of a layer's neurons.

Who writes a number is left open: a drawing writes the number, or what changed in a comparison; a page leaves a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from viz.graphs.lettering import of_layer

if TYPE_CHECKING:
    from autograd import Value
    from viz.graphs.boxes import Box
    from viz.graphs.lettering import Lettering

MAX_NUMBERS_IN_BOX = 4


def box_lines(
    box: Box,
    letters: Lettering,
    flowing: bool,
    value: Callable[[Value], str],
    gradient: Callable[[Value, float], str],
) -> list[str]:
    """Return the lines: the values; once `backward()` has run, the gradients; and the δ of the neurons that it shows.

    Args:
        box: Of a drawing, whose letters are `letters`.
        letters: What each Value is called.
        flowing: Whether `backward()` has computed gradients.
        value: Writes the number of a Value.
        gradient: Writes that of its gradient times a sign, 1 or −1.
    """
    own = box.net_input
    shown = list(dict.fromkeys(([own.value] if own else []) + box.results))
    receiving = [z for z in box.results if flowing and not z.constant]
    values, gradients = [value(z) for z in shown], [gradient(z, 1.0) for z in receiving]
    if own and len(shown) > 1:  # say which is which
        values = [f"{letters.called(z)} = {text}" for z, text in zip(shown, values, strict=True)]
        gradients = [f"∂{letters.C}/∂{letters.called(z)} = {x}" for z, x in zip(receiving, gradients, strict=True)]
    lines = [listed(values)]
    if gradients:
        lines.append(listed(gradients))
    if box.net_inputs and flowing:
        deltas = listed([gradient(z.value, z.sign) for z in box.net_inputs])
        lines.append(f"{own.delta if own else of_layer(box.net_inputs[0].delta)} = {deltas}")
    return lines


def listed(numbers: Sequence[str]) -> str:
    """Return the first numbers side by side, and of more than `MAX_NUMBERS_IN_BOX` how many there are."""
    more = f"  … ({len(numbers)})" if len(numbers) > MAX_NUMBERS_IN_BOX else ""
    return "  ".join(numbers[:MAX_NUMBERS_IN_BOX]) + more
