"""The machine, compiled: once for a processor, and kept in the user's cache folder.

What is read from the cache is used only if its name and its first line say that it was made from this source, by this
LLVM, for this processor; it is checked by a hash.
"""

from __future__ import annotations

import ctypes
import functools
import threading

from llvmlite import binding

from autograd.lifting.native.driver import ENTRY, written
from autograd.lifting.native.vectors import Processor

lock = threading.Lock()
ENGINES = []


@functools.cache
def machine(element: str):
    with lock:
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        processor = Processor.host()
        module = binding.parse_assembly(str(written(processor, element)))
        module.verify()
        target = binding.Target.from_default_triple().create_target_machine(
            cpu=processor.name, features=processor.features, opt=3, jit=True, codemodel="jitdefault", 
        )
        data = target.emit_object(module)
        engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target)
        engine.add_object_file(binding.ObjectFileRef.from_data(data))
        engine.finalize_object()
        ENGINES.append(engine)
        return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(engine.get_function_address(ENTRY))

