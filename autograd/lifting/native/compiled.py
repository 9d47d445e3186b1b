"""The machine, compiled: once for a processor, and then kept as a file in the user's cache folder.

The file is named by a hash of all that it was made from: this project's source, llvmlite and its LLVM, and what the
processor has. It begins with a hash of the rest. As its code would run, it is read only where it and its folder are the
user's own and nobody else may write them; it may be deleted at any time.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import llvmlite
from llvmlite import binding

from autograd import files
from autograd.lifting.native.call import FUNCTION, METHOD, PYTHON, Machine
from autograd.lifting.native.driver import written
from autograd.lifting.native.vectors import Processor

_lock = threading.Lock()
_loaded: dict[str, tuple[Machine, binding.ExecutionEngine]] = {}  # the engine owns the code


def machine(element: str) -> Machine:
    """Return the machine for numbers of a kind, "float64" or "float32"; in a process it is loaded once."""
    with _lock:
        if element not in _loaded:
            binding.initialize_native_target()
            binding.initialize_native_asmprinter()
            target = binding.Target.from_default_triple().create_target_machine(
                cpu=Processor.host().name, features=Processor.host().features, opt=3, jit=True
            )
            for name in PYTHON:
                binding.add_symbol(name, ctypes.cast(ctypes.pythonapi[name], ctypes.c_void_p).value)
            engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target)
            engine.add_object_file(binding.ObjectFileRef.from_data(compiled(element, target)))
            engine.finalize_object()
            run, method = map(engine.get_function_address, (FUNCTION, METHOD))
            _loaded[element] = Machine(element, run, method), engine
        return _loaded[element][0]


def compiled(element: str, target: binding.TargetMachine) -> bytes:
    """Return the machine's object code, from the cache if it is there."""
    key, folder = made_from(element), cache_folder()
    path = folder / f"machine-{key}.o" if key and folder else None
    code = read(path) if path else b""
    if not code:
        module = binding.parse_assembly(str(written(Processor.host(), element)))
        module.verify()
        code = target.emit_object(module)
        if path:
            with suppress(OSError):  # without a cache it is compiled again
                keep(path, code)
    return code


def made_from(element: str) -> str:
    """Return a hash of all that the object code depends on; nothing where the source is not in files."""
    parts = [SOURCE, element, llvmlite.__version__, str(binding.llvm_version_info)]
    parts += [binding.get_process_triple(), str(Processor.host())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32] if SOURCE else ""


def source_hash() -> str:
    """Return a hash of the files of this package; nothing where the source is not in files."""
    try:
        return hashlib.sha256(b"\0".join([x.read_bytes() for x in sorted(PACKAGE.rglob("*.py"))])).hexdigest()
    except OSError:
        return ""


PACKAGE = Path(__file__).parent
SOURCE = source_hash()  # as it is imported: what is edited meanwhile is not what runs


def cache_folder() -> Path | None:
    """Return the project's folder among the user's caches; None for a user without a home."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "handgrad"


def read(path: Path) -> bytes:
    """Return the object code of a file; nothing of one that is not there, is damaged or may be somebody else's."""
    try:
        if not is_private(path.parent.stat()):
            return b""
        with path.open("rb") as file:
            content = file.read() if is_private(os.fstat(file.fileno())) else b""
    except OSError:
        return b""
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else b""


def keep(path: Path, code: bytes) -> None:
    """Write a file that `read` reads, in a folder of the user's own."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_private(path.parent.stat()):
        path.unlink(missing_ok=True)  # its permissions would stay
        files.write(path, hashlib.sha256(code).digest() + code, mode=0o600)


def is_private(status: os.stat_result) -> bool:
    """Whether a file or folder is the user's, and nobody else may write it; on Windows, whose caches are, it is."""
    return not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
