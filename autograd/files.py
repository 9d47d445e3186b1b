"""Files that are complete or absent: written under another name beside their own, and renamed when complete.

The other name is always the same for a file, so what a killed process left there is cleared away by the next writer,
and a lock on it makes two writers take turns. Where the system has no such locks, each takes a name of its own.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]  # _locked asks for it


def write(path: str | os.PathLike[str], content: bytes, mode: int = 0o666) -> None:
    """Write a file so that no reader ever sees half of it, and a process killed in the middle leaves the old one.

    Args:
        path: Of the file; a symbolic link is followed, and a file that is replaced keeps its permissions.
        content: All of it.
        mode: The permissions of a new file, less those that the umask takes away.

    Raises:
        OSError: Naming the file, where the system refuses or the disk is full, and what `writable` raises: what was
            there is then unchanged.

    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "graph.dot"
    >>> write(path, b"digraph {}")
    >>> path.read_bytes()
    b'digraph {}'
    """
    target = writable(path)
    try:
        unfinished, file = _opened(target, mode)
        with file:
            try:
                if target.exists():
                    os.chmod(unfinished, stat.S_IMODE(target.stat().st_mode))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # a rename must not reach the disk before what it names
                if fcntl is None:
                    file.close()  # Windows renames no open file; elsewhere, closing it would give up the lock
                os.replace(unfinished, target)
            except BaseException:
                unfinished.unlink(missing_ok=True)
                raise
    except OSError as error:
        why = error.strerror or str(error)
        raise OSError(error.errno, f"{why}; it was not written, and what was there is unchanged", str(path)) from error


def writable(path: str | os.PathLike[str]) -> Path:
    """Return the file that `write` writes, past symbolic links.

    Raises FileNotFoundError for a missing folder, IsADirectoryError for a folder, FileExistsError for a pipe,
    a device or the like, and PermissionError for a file that may not be written.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {target.parent}; create it first")
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the path of a file in it")
    if os.path.lexists(target) and not target.is_file():
        raise FileExistsError(f"{path} is not a file but a pipe, a device or the like; choose another path")
    if target.is_file() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} may not be written; choose another path, or change its permissions")
    return target


def _opened(target: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Return the unfinished file of a target and its name: it is empty, and this writer's alone."""
    name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]  # the target's with a suffix may be too long
    while True:
        unfinished = target.with_name(f".{name}.tmp")
        file = _created(unfinished, getattr(os, "O_NOFOLLOW", 0), mode)
        if not _locked(file):
            file.close()
            unfinished.unlink(missing_ok=True)
            unfinished = target.with_name(f".{secrets.token_hex(8)}.tmp")  # without turns, a name of its own
            return unfinished, _created(unfinished, os.O_EXCL, mode)
        with suppress(FileNotFoundError):
            found = unfinished.stat()
            if os.path.samestat(os.fstat(file.fileno()), found):
                if not found.st_size:
                    return unfinished, file
                unfinished.unlink()  # a killed process left it, for its lock is gone
        file.close()  # it is gone, or another writer's: try again


def _created(path: Path, flags: int, mode: int) -> BinaryIO:
    """Return a file that is opened for writing, and made with these permissions if there is none."""
    binary = getattr(os, "O_BINARY", 0)  # on Windows, where a descriptor would otherwise put \r before \n
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | binary | flags, mode), "wb")


def _locked(file: BinaryIO) -> bool:
    """Wait until this process alone writes a file; return False where the system cannot say so."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except (AttributeError, OSError):  # on Windows, and on some network file systems
        return False
    return True
