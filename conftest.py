"""The native gear's modules can be imported, and their examples run, only where its extra is installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("llvmlite") else ["autograd/lifting/native/*"]
