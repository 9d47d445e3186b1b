"""What help() says of an operation: every row and every method has a name, a signature, and a docstring that runs."""

import doctest
import inspect
import pydoc

import pytest

import autograd
from autograd import TABLE, Operation, Value, operation
from autograd.operations import BUILT_IN
from autograd.summaries import SUMMARIES

ROWS = sorted(BUILT_IN)
BUILT_IN_ROWS = [TABLE[name] for name in ROWS]
METHODS = {name: x for name, x in vars(Value).items() if getattr(x, "operation", None) in BUILT_IN_ROWS}


def run(text, name):
    """Run the examples of a docstring, with all of autograd's names."""
    test = doctest.DocTestParser().get_doctest(text, vars(autograd) | {"Value": Value}, name, None, None)
    assert len(test.examples) == 2
    failed, _ = doctest.DocTestRunner(verbose=False).run(test)
    assert not failed


@pytest.mark.parametrize("name", ROWS)
def test_the_docstring_of_a_row_says_call_formula_and_domain_and_its_examples_run(name):
    row = TABLE[name]
    text = row.__doc__
    assert text.splitlines()[0] == f"{name}{inspect.signature(row)}"
    assert SUMMARIES[name] in text
    assert row.domain in text
    assert "Formula (LaTeX): " in text
    run(text, name)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_the_docstring_of_a_method_says_what_it_applies_and_its_examples_run(name):
    method = METHODS[name]
    assert (method.__name__, method.__qualname__) == (name, f"Value.{name}")
    assert f"autograd.{method.operation.name} of this Value" in method.__doc__
    assert f"{name}(self, " in pydoc.plain(pydoc.render_doc(method))
    run(method.__doc__, name)


def test_every_row_has_a_summary_and_every_summary_a_row():
    assert SUMMARIES.keys() == BUILT_IN
    assert all(text.endswith(".") and text[0].isupper() for text in SUMMARIES.values())


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_name_and_the_signature_of_a_function(name):
    row = TABLE[name]
    assert row.__name__ == name
    assert len(row.__signature__.parameters) == len(inspect.signature(row).parameters) > 0
    assert f"{name}{row.__signature__}" in pydoc.plain(pydoc.render_doc(row))


def test_the_class_keeps_its_own_docstring_and_signature():
    assert Operation.__name__ == "Operation"
    assert Operation.__doc__.startswith("One row of the table")
    assert [*inspect.signature(Operation).parameters][:3] == ["name", "glyph", "formula"]


def test_an_operation_of_your_own_is_documented_in_the_letters_of_its_rules_and_is_not_called_for_it():
    calls = []

    def area(width, height):
        calls.append((width, height))
        return width * height

    row = operation("area", area, [lambda z, width, height: height, lambda z, width, height: width], formula="x y")
    assert str(inspect.signature(row)) == "(width, height, /)"
    assert row.__doc__.startswith("area(width, height, /)\n")
    assert r"Formula (LaTeX): \mathrm{width} \mathrm{height}" in row.__doc__
    assert calls == []
    cube = operation("cube", lambda x: x**3, [lambda z, x: 3 * x * x], formula="x^{3}")
    assert "x^{3}" in cube.__doc__
    assert "x^{3}" in Value.cube.__doc__
