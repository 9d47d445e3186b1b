"""What a type checker knows of the operations: the types of their uses, and that the declarations are the table's."""

from __future__ import annotations

import ast
import inspect
import runpy
from pathlib import Path

import pytest

import autograd
from autograd import TABLE, Operation, Value
from autograd import operations as table
from autograd.operations import OWN

DECLARED = Path(autograd.__file__).parent
USES = str(Path(__file__).with_name("typed_uses.py"))


def test_every_use_has_the_type_that_its_operands_say(pytestconfig: pytest.Config) -> None:
    api = pytest.importorskip("mypy.api", reason="mypy is not installed")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("mypy")
    report, errors, status = api.run(
        ["--strict", "--config-file", str(pytestconfig.inipath), "--cache-dir", str(folder), USES]
    )
    assert (status, errors) == (0, ""), report


def test_the_uses_run_and_what_the_types_refuse_is_refused_when_it_runs() -> None:
    refused = runpy.run_path(USES)["refused"]
    assert len(refused) > 5
    for call in refused:
        with pytest.raises(TypeError):
            call()


def declarations(file: str) -> dict[str, list[ast.FunctionDef]]:
    """Return the functions that each class of a file declares, by the name of the class."""
    tree = ast.parse((DECLARED / file).read_text(encoding="utf-8"))
    return {
        node.name: [function for function in node.body if isinstance(function, ast.FunctionDef)]
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def parameters(function: ast.FunctionDef) -> tuple[int, list[str], str | None]:
    """Return how many operands a function takes by position alone, the names of the others, and of any number more."""
    arguments = function.args
    return (
        len([x for x in arguments.posonlyargs if x.arg != "self"]),
        [x.arg for x in arguments.args if x.arg != "self"],
        arguments.vararg.arg if arguments.vararg else None,
    )


def parameters_of(signature: inspect.Signature) -> tuple[int, list[str], str | None]:
    """Return the same of a signature at run time."""
    given = [p for p in signature.parameters.values() if p.name != "self"]
    return (
        len([p for p in given if p.kind is p.POSITIONAL_ONLY]),
        [p.name for p in given if p.kind is p.POSITIONAL_OR_KEYWORD],
        next((p.name for p in given if p.kind is p.VAR_POSITIONAL), None),
    )


CALLS = declarations("calls.pyi")


@pytest.mark.parametrize("name", sorted(OWN))
def test_a_row_is_declared_as_it_is_called(name: str) -> None:
    overloads = CALLS[table.__annotations__[name]]
    assert len(overloads) >= 3
    assert [parameters(x) for x in overloads] == [parameters_of(TABLE[name].__signature__)] * len(overloads)


METHODS = {function.name: function for function in declarations("methods.pyi")["Methods"]}
INSTALLED = {name: x for name, x in vars(Value).items() if isinstance(getattr(x, "operation", None), Operation)}


def test_the_declared_methods_are_those_that_the_table_installs() -> None:
    assert METHODS.keys() - {"__array_ufunc__"} == INSTALLED.keys() - TABLE.keys() | (INSTALLED.keys() & OWN)


@pytest.mark.parametrize("name", sorted(METHODS.keys() & INSTALLED.keys() & OWN))
def test_a_method_is_declared_as_it_is_called(name: str) -> None:
    assert parameters(METHODS[name]) == parameters_of(inspect.signature(INSTALLED[name]))
