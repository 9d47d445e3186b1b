"""Programs that pip brings show the drawings as Chromium does: the same colours, no filled frame, text in its box."""

import os

import pytest
from graphviz_here import needs_dot

from benchmarks import programs

IN_TEST_EXTRA = ("cairosvg", "resvg_py", "typst")
SHOWN = ("neuron", "embedded", "layers")


@pytest.fixture(scope="module")
def pictures(chromium, tmp_path_factory):
    """The paths of some drawings, each with Chromium's picture."""
    paths = programs.pictures(tmp_path_factory.mktemp("drawings"), SHOWN)
    return {path: programs.opened(programs.photograph(chromium, path), programs.size(path)) for path in paths}


@needs_dot
@pytest.mark.parametrize("package", IN_TEST_EXTRA)
def test_a_program_shows_what_chromium_shows(package, pictures):
    if "CI" not in os.environ:
        pytest.importorskip(package)
    for path, reference in pictures.items():
        picture = programs.opened(programs.PACKAGES[package](path), programs.size(path))
        assert programs.faults(picture, reference, path) == [], path.stem
