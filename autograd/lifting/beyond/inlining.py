"""The rules of the table as text that stands alone: what a rule names is copied with it, from the files of `autograd`.

A file is a list of statements, each of which defines names; what a statement names leads to others, in the same file or
in one that it imports from. So a rule, its helpers and their constants come in an order in which they can be run.
"""

from __future__ import annotations

import ast
import copy
import functools
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from autograd import operations

ARRAY_RULE = 4  # its place among the columns of a row


class Inlined:
    """The statements that rules need, each once, and the modules that these import.

    Two files may define a name alike; where they do not, the second is refused with an AssertionError.
    """

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self.statements: dict[str, str] = {}  # the name that is defined -> the text
        self._seen: set[tuple[str, str]] = set()

    def array_rule(self, row: str) -> str:
        """Return what the array rule of a row is called, and add what it needs."""
        column = _rows()[row].args[ARRAY_RULE]
        self._needs(operations, column)
        if isinstance(column, ast.Attribute):
            return column.attr
        name, rule = f"{row}_of_arrays", _Flatten().visit(copy.deepcopy(column))
        if isinstance(rule, ast.Lambda):
            self._add(name, f"def {name}({ast.unparse(rule.args)}):\n    return {ast.unparse(rule.body)}")
        else:
            self._add(name, f"{name} = {ast.unparse(rule)}")
        return name

    def names(self) -> set[str]:
        """Return the names that the statements define."""
        return {name for text in self.statements.values() for node in ast.parse(text).body for name in _defined(node)}

    def _add(self, name: str, text: str) -> None:
        if self.statements.setdefault(name, text) != text:
            raise AssertionError(f"two statements define {name}: rename one of them")

    def _needs(self, module: ModuleType, part: ast.AST) -> None:
        """Add what a part of a file names."""
        for node in ast.walk(part):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = getattr(module, node.value.id, None)
                if isinstance(target, ModuleType) and target.__name__.startswith("autograd."):
                    self._define(target, node.attr)
            if isinstance(node, ast.Name):
                self._define(module, node.id)

    def _define(self, module: ModuleType, name: str) -> None:
        """Add the statement of a file that defines a name, after those that it needs."""
        if (module.__name__, name) in self._seen:
            return
        self._seen.add((module.__name__, name))
        statement = _definitions(module).get(name)
        if isinstance(statement, ast.ImportFrom) and str(statement.module).startswith("autograd"):
            source = importlib.import_module(str(statement.module))
            if not isinstance(getattr(source, name), ModuleType):
                self._define(source, name)
        elif isinstance(statement, ast.Import):
            self.imports.add(ast.unparse(statement))
        elif isinstance(statement, ast.ImportFrom):
            self.imports.add(f"from {statement.module} import {name}")
        elif statement is not None:
            self._needs(module, statement)
            defined = [*_defined(statement)]
            self._seen |= {(module.__name__, other) for other in defined}
            self._add(defined[0], _text(module, statement))


@functools.cache
def _rows() -> dict[str, ast.Call]:
    """Return the calls that enter the rows of the table, by the name of the row."""
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(operations))) if isinstance(node, ast.Call)]
    entered = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "row"]
    return {ast.literal_eval(call.args[0]): call for call in entered if len(call.args) > ARRAY_RULE}


@functools.cache
def _definitions(module: ModuleType) -> dict[str, ast.stmt]:
    """Return the statements of a file by the names that they define."""
    return {name: node for node in ast.parse(inspect.getsource(module)).body for name in _defined(node)}


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement defines, the first of them first."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from [alias.asname or alias.name for alias in statement.names]
    elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def _text(module: ModuleType, statement: Any) -> str:
    """Return the text of a statement: with its decorators, and the comments above it and beside it."""
    lines = inspect.getsource(module).splitlines()
    first = min([statement.lineno, *[x.lineno for x in getattr(statement, "decorator_list", [])]]) - 1
    while re.match("# (?!fmt:|ruff:)(?!.*---$)", lines[first - 1]):
        first -= 1
    return "\n".join([line.partition("  # noqa")[0] for line in lines[first : statement.end_lineno]])


class _Flatten(ast.NodeTransformer):
    """normal.bell becomes bell: the text has no modules of this project."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """Return the name alone of what is in a module of the rules."""
        self.generic_visit(node)
        module = node.value.id if isinstance(node.value, ast.Name) else ""
        return ast.Name(node.attr) if isinstance(_definitions(operations).get(module), ast.ImportFrom) else node
