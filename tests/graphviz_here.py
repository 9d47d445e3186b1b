"""What tests of drawings need: the system's Graphviz, which CI has; elsewhere they are skipped without it."""

import os
import shutil

import pytest

IN_CI = "CI" in os.environ
needs_dot = pytest.mark.skipif(shutil.which("dot") is None and not IN_CI, reason="Graphviz (`dot`) is not installed")
