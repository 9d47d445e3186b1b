"""The code of a program before it is text: the statements of its two passes, which later passes improve in place."""

from __future__ import annotations

from dataclasses import dataclass, field

from autograd.lifting.codegen.emitter import Emitter
from autograd.lifting.statements import Array, Line


@dataclass
class Code:
    """The statements of the forward and of the backward pass, and which arrays are read when each is done.

    `memory` has, for each array that statements write, the array whose memory it takes over, or itself.
    """

    emit: Emitter
    forward: list[Line]
    backward: list[Line]
    outputs: list[Array]  # read after the forward pass
    gradient: list[Array]  # read after the backward pass
    memory: dict[Array, Array] = field(default_factory=dict)
