"""The machine, compiled: once for a processor, and then kept as a file in the user's cache folder.

The file is named by a hash of all that it was made from: this project's source, llvmlite and its LLVM, and what the
processor has. It begins with a hash of the rest, and is read only where nobody but the user may have written it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import llvmlite
from llvmlite import binding

from autograd import files
from autograd.lifting.native.driver import ENTRY, written
from autograd.lifting.native.vectors import Processor

Run = Callable[[int, int | bytes], int]  # of the address of a Call, and the batch: 1 where a result is not finite

_lock = threading.Lock()
_loaded: dict[str, tuple[Run, binding.ExecutionEngine]] = {}  # the engine owns the code


def machine(element: str) -> Run:
    """Return the machine for numbers of a kind, "float64" or "float32"; in a process it is loaded once."""
    with _lock:
        if element not in _loaded:
            binding.initialize_native_target()
            binding.initialize_native_asmprinter()
            target = binding.Target.from_default_triple().create_target_machine(
                cpu=Processor.host().name, features=Processor.host().features, opt=3, jit=True
            )
            engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target)
            engine.add_object_file(binding.ObjectFileRef.from_data(compiled(element, target)))
            engine.finalize_object()
            run = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(engine.get_function_address(ENTRY))
            _loaded[element] = run, engine
        return _loaded[element][0]


def compiled(element: str, target: binding.TargetMachine) -> bytes:
    """Return the machine's object code, from the cache if it is there."""
    key = made_from(element)
    path = cache_folder() / f"machine-{key}.o" if key else None
    content = read(path) if path else b""
    digest, code = content[:32], content[32:]
    if not code or hashlib.sha256(code).digest() != digest:
        module = binding.parse_assembly(str(written(Processor.host(), element)))
        module.verify()
        code = target.emit_object(module)
        if path:
            with suppress(OSError):  # without a cache it is compiled again
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                files.write(path, hashlib.sha256(code).digest() + code)
    return code


def made_from(element: str) -> str:
    """Return a hash of all that the object code depends on; nothing where the source is not in files."""
    parts = [SOURCE, element, llvmlite.__version__, str(binding.llvm_version_info), sys.platform, str(Processor.host())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32] if SOURCE else ""


def source_hash() -> str:
    """Return a hash of this room's files; nothing where the source is not in files."""
    try:
        return hashlib.sha256(b"\0".join([x.read_bytes() for x in sorted(ROOM.rglob("*.py"))])).hexdigest()
    except OSError:
        return ""


ROOM = Path(__file__).parent
SOURCE = source_hash()  # as it is imported: what is edited meanwhile is not what runs


def cache_folder() -> Path:
    """Return the project's folder among the user's caches."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "handgrad"


def read(path: Path) -> bytes:
    """Return what a file of the user's holds; nothing of one that is not there, or that others may write."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
                return b""
            return file.read()
    except OSError:
        return b""
