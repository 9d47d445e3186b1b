"""Packages of another project under the same names: whichever is imported says which clash and what to do."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def imported(name: str, *path: Path, options: Sequence[str] = ()) -> str:
    """Import a package in a process that looks into these folders first; return the last line of its errors."""
    done = subprocess.run(
        [sys.executable, *options, "-c", f"import {name}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=path[0],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
    )
    return (done.stderr.strip().splitlines() or [""])[-1]


def installed(folder: Path) -> Path:
    """Copy the three packages, as `pip install` does; return the folder of autograd."""
    for package in ("autograd", "nn", "viz"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "autograd"


@pytest.mark.parametrize("package", ["autograd", "nn", "viz"])
def test_each_package_is_imported_where_nothing_clashes(package: str, tmp_path: Path) -> None:
    installed(tmp_path)
    assert imported(package, tmp_path) == ""


@pytest.mark.parametrize("package", ["nn", "viz"])
def test_another_autograd_installed_over_this_one_is_named(package: str, tmp_path: Path) -> None:
    autograd = installed(tmp_path)
    (autograd / "core.py").touch()
    (autograd / "__init__.py").write_text("from . import core\n")
    error = imported(package, tmp_path)
    assert error.startswith(f"ImportError: nn needs handgrad's autograd, but {autograd / '__init__.py'} is another")
    assert "`pip uninstall autograd handgrad`, then `pip install handgrad`" in error


@pytest.mark.parametrize("package", ["nn", "viz"])
def test_what_uninstalling_it_leaves_is_named(package: str, tmp_path: Path) -> None:
    """Without its __init__, a folder of files still is a package, and an empty one."""
    autograd = installed(tmp_path)
    (autograd / "__init__.py").unlink()
    error = imported(package, tmp_path, options=["-S"])  # no other is installed
    assert error.startswith(f"ImportError: nn needs handgrad's autograd, but ['{autograd}'")
    assert "`pip uninstall autograd handgrad`, then `pip install handgrad`" in error


@pytest.mark.parametrize("package", ["autograd", "nn", "viz"])
def test_this_autograd_installed_over_another_is_named(package: str, tmp_path: Path) -> None:
    autograd = installed(tmp_path)
    (autograd / "core.py").touch()
    error = imported(package, tmp_path)
    assert error.startswith(f"ImportError: {autograd} holds both handgrad's autograd and PyPI's (HIPS)")
    assert "`pip uninstall autograd handgrad`, then `pip install handgrad`" in error


@pytest.mark.parametrize("shape", ["folder", "file"])
@pytest.mark.parametrize(("foreign", "package"), [("autograd", "nn"), ("autograd", "viz"), ("nn", "viz")])
def test_a_module_of_the_same_name_that_is_found_first_is_named(
    foreign: str, package: str, shape: str, tmp_path: Path
) -> None:
    path = tmp_path / foreign / "__init__.py" if shape == "folder" else tmp_path / f"{foreign}.py"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    needs = "viz needs handgrad's nn" if foreign == "nn" else "nn needs handgrad's autograd"
    error = imported(package, tmp_path, ROOT)
    assert error.startswith(f"ImportError: {needs}, but {path} is another")
    assert "rename it" in error
