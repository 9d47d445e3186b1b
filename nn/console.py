"""What a command says: on standard output, which may be closed, full or read no further, and on standard error."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

BROKEN_PIPE = 141  #: the exit status that a shell shows for a process which the signal SIGPIPE ended, 128 + 13


def printed(text: str, status: int, command: str, failure: int) -> int:
    """Print what a command has to say, to the end, and return its exit status.

    status: of a command whose output arrives. failure: where standard output cannot be written, which a line on
    standard error says, beginning with the command's name. A reader that has seen enough, such as `head`, gives 141.

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
    if sys.stdout is not None:  # what is left in its buffer is not to fail once more at the end of the process
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def complain(line: str) -> None:
    """Print a line on standard error, where it is open."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(line, file=sys.stderr)
