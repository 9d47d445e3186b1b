"""Imports run one way: no circle between modules, and in the engine none that waits until a function is called."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent
ENGINE = ["value", "backward", "copying", "row", "operations", "choices", "arguments"]


def imported(tree, package="autograd"):
    """The modules that the statements of a tree import from the package; not those for a type checker only."""
    for statement in tree:
        if isinstance(statement, ast.Import):
            yield from [alias.name for alias in statement.names if alias.name.startswith(package)]
        elif isinstance(statement, ast.ImportFrom) and statement.module and statement.module.startswith(package):
            yield statement.module
            yield from [f"{statement.module}.{alias.name}" for alias in statement.names]


def module_name(path):
    return ".".join(["autograd", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


MODULES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def test_the_modules_of_autograd_import_each_other_without_a_circle():
    packages = {name for name in MODULES if any(other.startswith(f"{name}.") for other in MODULES)}
    arrows = {
        name: {other for other in imported(tree.body) if other in MODULES and other not in packages}
        for name, tree in MODULES.items()
    }
    assert list(TopologicalSorter(arrows).static_order())


@pytest.mark.parametrize("name", ENGINE)
def test_the_engine_imports_nothing_of_its_own_inside_a_function(name):
    functions = [node for node in ast.walk(MODULES[f"autograd.{name}"]) if isinstance(node, ast.FunctionDef)]
    assert not [module for function in functions for module in imported(ast.walk(function))]
