"""The float and array rules of operations that are longer than a line, by family."""
