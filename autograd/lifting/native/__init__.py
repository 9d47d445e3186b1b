"""The native engine: a program's rows computed by code that LLVM compiles, with the mathematics written here."""
