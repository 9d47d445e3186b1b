"""The output of a command: on standard output, which may be closed, full or no longer read, and on standard error."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

BROKEN_PIPE = 141  #: the exit status that a shell shows for a process which the signal SIGPIPE ended, 128 + 13


def printed(text: str, status: int, command: str, failure: int) -> int:
    """Print the output of a command and return its exit status.

    Args:
        text: The output.
        status: The exit status if the output can be written.
        command: The name of the command, for the message on standard error.
        failure: The exit status if standard output cannot be written. If its reader, such as `head`, has closed it,
            the exit status is 141.

    >>> printed("all right", 0, "handgrad", 1)
    all right
    0
    """
    try:
        if sys.stdout is not None:
            print(text, end="\n" if text else "", flush=True)
        elif text:
            raise OSError(errno.EBADF, "it is closed")
        return status
    except BrokenPipeError:
        status = BROKEN_PIPE
    except (OSError, UnicodeEncodeError) as error:
        complain(f"{command}: standard output cannot be written: {getattr(error, 'strerror', error)}")
        status = failure
    if sys.stdout is not None:  # so that what is left in its buffer does not fail again when the process ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def complain(line: str) -> None:
    """Print a line on standard error, if it is open."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(line, file=sys.stderr)
