"""Ctrl-C, which otherwise falls between any two lines: also between those that put a network back in order.

Within the block it is held back, but for the calls that may be broken off, which change nothing: the first Ctrl-C ends
such a call at once, or the next one as it begins. Where Ctrl-C is handled by somebody else, or comes to another thread,
nothing is changed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self, TypeVar

T = TypeVar("T")


class Interrupts:
    """Holds Ctrl-C back.

    pending: whether it was pressed.

    >>> with Interrupts() as interrupts:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupts.pending
    True
    """

    def __init__(self) -> None:
        self.pending = self._open = self._installed = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._installed = signal.getsignal(signal.SIGINT) is signal.default_int_handler
            if self._installed:
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *error: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def breakable(self, function: Callable[..., T], *arguments: object) -> T:
        """Return function(*arguments), a call that Ctrl-C may break off; raise KeyboardInterrupt where it does."""
        self._open = True
        try:
            if self.pending:
                raise KeyboardInterrupt
            return function(*arguments)
        finally:
            self._open = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.pending = True
        if self._open:
            self._open = False  # once: what comes while the stack unwinds is held back
            raise KeyboardInterrupt
