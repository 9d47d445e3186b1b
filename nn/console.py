"""The output of a command: on standard output, which may be closed, full or no longer read, and on standard error.

What is redirected into a file or a pipe is UTF-8, whatever the system's encoding. A terminal keeps its encoding; signs
that it does not have are spelled, so that no minus is lost.
"""

from __future__ import annotations

import codecs
import errno
import os
import sys
import unicodedata
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path

from autograd.files import write

BROKEN_PIPE = 141  #: the exit status that a shell shows for a process which the signal SIGPIPE ended, 128 + 13
SPELLINGS = {
    "−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "→": "->", "←": "<-", "∂": "d", "δ": "delta", "Δ": "Delta",
    "η": "eta", "Σ": "sum", "σ": "sigma", "π": "pi", "′": "'", "’": "'", "“": '"', "”": '"', "⁄": "/", "≤": "<=",
    "≥": ">=", "≠": "!=", "✗": "x", "✓": "ok",
}  # fmt: skip
LEVELS = {"<super>": "^", "<sub>": "_"}


def use_utf8() -> None:
    """Make standard output and standard error able to take every character; a command calls it first."""
    codecs.register_error(spelled.__name__, spelled)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # not a notebook's
            if stream.isatty():
                stream.reconfigure(errors=spelled.__name__)
            else:
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Handle an encoding error: spell the signs of mathematics, raise and lower with ^ and _, escape the rest.

    >>> codecs.register_error("spelled", spelled)
    >>> print("∂C/∂w⁽¹⁾₁₂ = −½(a − y)² → \u05d0".encode("ascii", "spelled").decode())
    dC/dw^(1)_12 = -1/2(a - y)^2 -> \u05d0
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    plain = ""
    for i in range(error.start, error.end):
        sign, level = error.object[i], LEVELS.get(_kind(error.object[i]), "")
        if level and (i == 0 or _kind(error.object[i - 1]) != _kind(sign)):
            plain += level
        for letter in unicodedata.normalize("NFKD", sign):
            spelling = SPELLINGS.get(letter, letter)
            plain += spelling.encode("ascii", "backslashreplace").decode()
    return plain, error.end


def _kind(sign: str) -> str:
    """Return how Unicode makes a sign of others, such as "<super>", or ""."""
    return unicodedata.decomposition(sign).partition(" ")[0]


def printed(text: str, status: int, command: str, failure: int, path: Path | None = None) -> int:
    """Print the output of a command, or write it to a file, and return its exit status.

    Args:
        text: The output.
        status: The exit status if the output can be written.
        command: The name of the command, for the message on standard error.
        failure: The exit status if the output cannot be written. If the reader of standard output, such as `head`, has
            closed it, the exit status is 141.
        path: A file to write instead, as UTF-8.

    >>> printed("all right", 0, "handgrad", 1)
    all right
    0
    """
    try:
        if path is not None:
            write(path, f"{text}\n".encode())
        elif sys.stdout is not None:
            print(text, end="\n" if text else "", flush=True)
        elif text:
            raise OSError(errno.EBADF, "it is closed")
        return status
    except BrokenPipeError:
        status = BROKEN_PIPE
    except OSError as error:
        if path is not None:
            complain(f"{command}: {error}")
            return failure
        complain(f"{command}: standard output cannot be written: {error.strerror or error}")
        status = failure
    if sys.stdout is not None:  # so that what is left in its buffer does not fail again when the process ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def complain(line: str) -> None:
    """Print a line on standard error, if it is open."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(line, file=sys.stderr)
