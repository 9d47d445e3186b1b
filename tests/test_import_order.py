"""Imports run one way: no circle between modules or rooms, and the engine imports nothing of its own in a function."""

from pathlib import Path

import pytest

from docs.imports import PACKAGES, Imports, circles

ROOT = Path(__file__).parent.parent
IMPORTS, AT_ONCE = Imports(ROOT), Imports(ROOT, deferred=False)
ENGINE = ["value", "backward", "copying", "row", "operations", "choices", "arguments"]
LOWER = {"autograd": (), "nn": ("autograd",), "viz": ("autograd", "nn")}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_modules_import_each_other_without_a_circle(package):
    assert circles({name: targets for name, targets in IMPORTS.files.items() if name.startswith(f"{package}.")}) == []


def test_the_rooms_import_each_other_without_a_circle():
    assert circles(IMPORTS.rooms()) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_those_below_it(package):
    targets = {x for name, targets in IMPORTS.files.items() if name.startswith(f"{package}.") for x in targets}
    assert {target.partition(".")[0] for target in targets} <= {package, *LOWER[package]}


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_imports_nothing_of_its_own_inside_a_function(name):
    module = f"autograd.{name}"
    assert IMPORTS.files[module] == AT_ONCE.files[module]


def test_a_circle_is_found(tmp_path):
    for name, text in {
        "a.py": "def f():\n    from nn.room.b import x",
        "room/__init__.py": "from nn.room.c import y",
        "room/b.py": "from nn.room import y",
        "room/c.py": "import nn.a\nif TYPE_CHECKING:\n    import nn.room.b",
    }.items():
        path = tmp_path / "nn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    imports = Imports(tmp_path)
    assert imports.files == {"nn.a": {"nn.room.b"}, "nn.room.b": {"nn.room.c"}, "nn.room.c": {"nn.a"}}
    assert circles(imports.files) == [("nn.a", "nn.room.b", "nn.room.c")]
    assert circles(imports.rooms()) == [("nn.a", "nn.room")]
    assert circles(Imports(tmp_path, deferred=False).files) == []
