"""Names that look like formulas: quoted, never rewritten, and in no text that is to be read back."""

import math
import re
from functools import cache

import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Constant, Value, dot, exp, log, parse, relu, sigmoid
from autograd.checking.candidates import is_symbol
from viz import derivation, explain, formula
from viz.solutions.equations import _back
from viz.text.labels import cut, in_formula
from viz.text.symbols import named

# fmt: off
FORMULAS = [
    "w*x + b", "2", "p + (-q)", "x + (-y", "1e5", "-x", "x - y", "x ** 2", "x^2", "x^3 - 1", "(x)", "x)", "x²",
    "step(x)", "[x > 0]", "a·b", "a − b", "x + y = z", "f(x)", "x′", "w⁽¹", "a b", " x", "x ", "x\ny", "\"x\"", "“x”",
    "”·2 + “", r"x \cdot y", r"\frac{x}{y}", r"+ \left(-", "∂C/∂w", "…", "x, y", "lambda x", "0x10", "1_000", "½x",
]
SYMBOLS = [
    "x", "x1", "x_1", "_x", "x₁", "w⁽¹⁾₂₃", "w⁽¹⁾₁,₁₂", "loss", "alpha", "α₂", "é", "ŷ", "e\u0302", "sin", "e", "pi",
    "inf", "lambda", "שלום", "self", "text", "ﬁ",
]
# fmt: on
NAMES = st.sampled_from(FORMULAS + SYMBOLS + HOSTILE) | st.text(max_size=6) | st.text("x1₁+-*() ^.,“”", max_size=6)


def expression(names):
    """Return a result that uses every notation that is rewritten: signs, powers, products, fractions and steps."""
    a, b, c = (Value(x, name) for x, name in zip((0.5, -1.25, 2.0), names, strict=True))
    inner = (a * b + (-b) - 3 * c).named("inner")
    return relu(inner**2 + sigmoid(a) * -c) - dot([a, b], [c, c], -1.0) + exp(b) / (-c) + log(c) ** 3


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_that_looks_like_a_formula_stands_in_quotation_marks(name):
    word = in_formula(name)
    assert word.startswith("“")
    x = Value(5.0, name)
    y = (x * 3).named("y")
    lines = str(derivation(y)).splitlines()
    assert f"  y = {word}·3 = 5·3 = 15" in lines
    assert lines[-1] == f"  dy/d{word} = 3"
    assert f"∂y/∂{word} = +3" in str(explain(y, x))
    assert re.fullmatch(r"\\text\{“.*”\} \\cdot 3", formula(y))


@pytest.mark.parametrize("name", SYMBOLS)
def test_a_name_that_reads_as_a_symbol_stands_as_it_is(name):
    assert is_symbol(name)
    assert "“" not in formula(Value(5.0, name)) + in_formula(name)


def test_a_constant_s_name_is_no_formula_either():
    y = (Value(2.0, "x") * Constant(3.0).named("2 + 2") * parse("pi")[0]).named("y")
    text = str(derivation(y))
    assert "u₁ = x·“2 + 2” = 2·“2 + 2” = 6" in text
    assert "y = u₁·pi" in text


@cache
def sides(names):
    """Return every equation of a worked solution as text and as LaTeX, before long ones are folded."""
    blocks = [part for section in derivation(expression(names)).sections for part in section.parts]
    equations = [equation for block in blocks if not isinstance(block, str) for equation in block]
    symbols = [symbol for equation in equations for symbol in (equation.symbol, *equation.sides)]
    return [_back(symbol.text) for symbol in symbols], [_back(symbol.latex) for symbol in symbols]


@given(st.lists(NAMES.filter(lambda name: name and not is_symbol(name)), min_size=3, max_size=3, unique=True))
@settings(max_examples=40)
def test_a_worked_solution_is_the_same_whatever_looks_like_a_formula(names):
    """A name's quotation stands where that of another does, and nothing else differs."""
    texts, latex = sides(tuple(names))
    others = [f"{letter} {letter}" for letter in "ЖЩЮ"]
    expected_texts, expected_latex = sides(tuple(others))
    for name, other in zip(names, others, strict=True):
        expected_texts = [text.replace(in_formula(other), in_formula(name)) for text in expected_texts]
        expected_latex = [text.replace(named(other).text, named(cut(name)).text) for text in expected_latex]
    assert texts == expected_texts
    assert latex == expected_latex


@given(st.tuples(NAMES, NAMES, NAMES))
@settings(max_examples=30)
def test_nothing_set_aside_is_left_in_a_solution(names):
    solution = derivation(expression(names))
    assert all(ord(c) < 0x100000 for c in str(solution) + solution.markdown())


def test_two_values_of_one_name_are_told_apart_in_a_worked_solution():
    long = "a name that goes on and on and "
    x, other = Value(2.0, "x"), Value(3.0, "x")
    y = (x * other + Value(4.0, long + "on") * Value(5.0, long + "off")).named("y")
    text = str(derivation(y))
    assert "u₁ = x·“x (2)” = 2·3 = 6" in text
    assert "u₂ = “a name that goes on and…”·“a name that goes o (2)” = 4·5 = 20" in text


# What is read back ----------------------------------------------------------------------------------------------------


def is_read(name):
    """Tell whether `parse` reads a name as one variable."""
    try:
        return list(parse(name, **{name: 1.5})[1]) == [name]
    except ValueError:
        return False


@given(st.tuples(NAMES, NAMES, NAMES))
def test_a_line_of_text_is_read_back_to_the_same_number_or_refused_with_the_name(names):
    value = expression(names)
    wrong = [name for name in names if name and (not is_read(name) or names.count(name) > 1)]
    if wrong:
        with pytest.raises(ValueError, match=r"could not be read back|would be read back as one") as refusal:
            formula(value, notation="text")
        assert any(f"{name!r:.80}" in str(refusal.value) for name in wrong)
    else:
        leaves = {name: x for name, x in zip(names, (0.5, -1.25, 2.0), strict=True) if name}
        assert parse(formula(value, notation="text"), **leaves)[0].data == value.data


@pytest.mark.parametrize("name", FORMULAS + HOSTILE)
def test_a_name_that_would_be_read_as_something_else_is_refused(name):
    """Some hostile ones are names of variables."""
    if not is_read(name):
        with pytest.raises(
            ValueError, match="is not the name of a variable, so it could not be read back: rename the Value"
        ):
            formula(Value(2.0, name) * 3, notation="text")


def test_two_values_of_one_name_are_refused_in_a_line_of_text():
    x, other = Value(2.0, "x"), Value(3.0, "x")
    assert formula(x * x, notation="text") == "x * x"
    with pytest.raises(ValueError, match="two Values are named 'x', and would be read back as one: rename one"):
        formula(x * other, notation="text")
    assert formula(parse("x * pi + pi ** x", x=2.0)[0], notation="text") == "x * pi + pi ** x"
    with pytest.raises(ValueError, match="two Values are named 'pi'"):
        formula(parse("pi * x", x=2.0)[0] + Value(3.0, "pi"), notation="text")


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_without_a_numeral_is_refused_in_a_line_of_text(number):
    with pytest.raises(ValueError, match="cannot be written as a number that is read back: name the Value"):
        formula(Value(2.0, "x") * number, notation="text")
    assert formula(Value(2.0, "x") * Value(number, "y"), notation="text") == "x * y"


def test_a_name_of_a_function_is_read_as_the_variable_that_it_is():
    sin = Value(2.0, "sin")
    text = formula(autograd.sin(sin) * sin, notation="text")
    assert text == "sin(sin) * sin"
    assert parse(text, sin=2.0)[0].data == math.sin(2.0) * 2.0
