"""Ctrl-C, deferred while a network is being updated.

Python raises KeyboardInterrupt between any two lines, also in the middle of an update. Within the block it is deferred
except during calls that may be interrupted because they change nothing: the first Ctrl-C ends such a call at once, or
the next one when it begins. If another handler for Ctrl-C is installed, or in another thread, nothing is deferred.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self, TypeVar

T = TypeVar("T")


class Interrupts:
    """Defers Ctrl-C.

    Attributes:
        pending: Whether Ctrl-C was pressed.

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
        """Return function(*arguments), a call that Ctrl-C may interrupt with KeyboardInterrupt."""
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
            self._open = False  # once: a second Ctrl-C while the stack unwinds is deferred
            raise KeyboardInterrupt
