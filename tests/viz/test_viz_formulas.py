"""Formulas: read back they give the same number, and no pair of parentheses can be left out."""

import ast
import contextlib
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import TABLE, Operation, Value, dot, maximum
from autograd.parsing import parse
from autograd.value import new_value
from viz import formula

NAMES = ("a", "b", "x1", "theta")
UNARY = ("neg", "sin", "exp", "sigmoid", "relu", "abs", "square", "softplus", "atan", "identity")
BINARY = ("add", "sub", "mul", "div", "pow", "mod", "floordiv", "hypot", "maximum", "leaky_relu")
FUNCTIONS = {name: row for name, row in TABLE.items() if name.isidentifier()}


@st.composite
def expressions(draw, unary=UNARY, binary=BINARY):
    """A Value, built of named leaves and constants by a few random operations, mostly on what came last."""
    leaves = [Value(draw(st.floats(0.25, 3.0)), name) for name in NAMES]
    parts = [autograd.Constant(2.0), autograd.Constant(-3.0), autograd.Constant(0.5), *leaves]
    for name in draw(st.lists(st.sampled_from((*unary, *binary, "sum", "dot", "logsumexp")), min_size=1, max_size=9)):
        count = draw(st.integers(1, 4)) if name in ("sum", "logsumexp") else 1 if name in unary else 2
        operands = [draw(st.sampled_from(parts[-5:])) for _ in range(count)]
        arguments = {"sum": [operands], "logsumexp": [operands], "dot": [operands, leaves[:2], parts[-1]]}
        with contextlib.suppress(ArithmeticError, ValueError):
            result = TABLE[name](*arguments.get(name, operands))
            if abs(result.data) < 1e30:
                parts.append(result)
    return parts[-1]


def numbers_of(value):
    return {x.name: x.data for x in autograd.topological_order(value) if x.name}


@given(expressions())
def test_python_evaluates_the_text_to_the_very_number(value):
    text = formula(value, notation="text")
    assert eval(text, {"__builtins__": {}}, FUNCTIONS | numbers_of(value)) == value.data  # noqa: S307  (our own text)


@given(expressions())
def test_parse_reads_the_text_back_to_the_very_number(value):
    if numbers_of(value):
        assert parse(formula(value, notation="text"), **numbers_of(value))[0].data == value.data


@given(expressions())
def test_no_pair_of_parentheses_in_the_text_can_be_left_out(value):
    text = formula(value, notation="text")
    meaning = ast.dump(ast.parse(text))
    for opening, closing in grouping_parentheses(text):
        without = text[:opening] + text[opening + 1 : closing] + text[closing + 1 :]
        if text[opening + 1] != "-":  # a − (−b) and a · (−b) keep theirs, as mathematics writes them
            assert ast.dump(ast.parse(without)) != meaning, (text, without)


def grouping_parentheses(text):
    """Yield the places of each pair that is not the brackets of a call."""
    open_ones = []
    for place, character in enumerate(text):
        if character == "(":
            open_ones.append(place)
        elif character == ")":
            opening = open_ones.pop()
            if not (opening and re.match(r"\w", text[opening - 1])):
                yield opening, place


ARITHMETIC = {
    "unary": ("neg", "square", "identity", "reciprocal"),
    "binary": ("add", "sub", "mul", "div", "pow"),
}


@given(expressions(**ARITHMETIC))
def test_latex_means_the_same_number(value):
    latex = formula(value)
    if r"\log" not in latex:  # logsumexp is not among the signs that python_of knows
        result = eval(python_of(latex), {"__builtins__": {}}, numbers_of(value))  # noqa: S307  (our own text)
        assert result == pytest.approx(value.data, rel=1e-9, abs=1e-9)


def python_of(latex):
    """Translate the arithmetic of LaTeX: fractions, powers, products and names."""
    text = re.sub(r"\\left|\\right", "", latex)
    text = text.replace(r"\cdot", "*").replace(r"\theta", "theta").replace("x_{1}", "x1")
    while r"\frac{" in text:
        start = text.rindex(r"\frac{")  # the last one holds no other
        middle = closing_brace(text, start + 5)
        end = closing_brace(text, middle + 1)
        text = f"{text[:start]}(({text[start + 6 : middle]})/({text[middle + 2 : end]})){text[end + 1 :]}"
    return text.replace("^{", "**(").replace("}", ")")


def closing_brace(text, opening):
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return place
    raise AssertionError(text)


x, y, z = Value(2.0, "x1"), Value(3.0, "y"), Value(0.5, "theta")


@pytest.mark.parametrize(
    ("value", "latex"),
    [
        ((x + y) * z, r"(x_{1} + y) \cdot \theta"),
        (x - (y - z), r"x_{1} - (y - \theta)"),
        (x + (y + z), r"x_{1} + y + \theta"),
        (x * (y * z), r"x_{1} \cdot y \cdot \theta"),
        (x / (y + z), r"\frac{x_{1}}{y + \theta}"),
        (-(x**2), r"-x_{1}^{2}"),
        ((-x) ** 2, r"(-x_{1})^{2}"),
        ((x / y) ** 2, r"\left(\frac{x_{1}}{y}\right)^{2}"),
        (x - -y, r"x_{1} - (-y)"),
        (x ** (y + 1), r"x_{1}^{y + 1}"),
        ((x**y) ** z, r"(x_{1}^{y})^{\theta}"),
        (autograd.exp(-x * x), r"e^{-x_{1} \cdot x_{1}}"),
        (autograd.log(x / y), r"\log\left(\frac{x_{1}}{y}\right)"),
        (3 - autograd.expm1(x), r"3 - (e^{x_{1}} - 1)"),
        (autograd.degrees(x + 1) * y, r"\frac{180}{\pi} (x_{1} + 1) \cdot y"),
        (autograd.sum([x, y, z]), r"x_{1} + y + \theta"),
        (autograd.sum([x]) * y, r"x_{1} \cdot y"),
        (dot([x, y], [z, x + 1], y) ** 2, r"(x_{1} \cdot \theta + y \cdot (x_{1} + 1) + y)^{2}"),
        (maximum(x, y, z + 1), r"\max(x_{1}, y, \theta + 1)"),
        (autograd.logsumexp([x, y, z]), r"\log(e^{x_{1}} + e^{y} + e^{\theta})"),
        (+x, r"x_{1}"),
        (x * 1e-7, r"x_{1} \cdot 10^{-7}"),
        (x * -2.5e30, r"x_{1} \cdot (-2.5 \cdot 10^{30})"),
        (x * math.inf, r"x_{1} \cdot \infty"),
        ((x % y) * z, r"(x_{1} \operatorname{mod} y) \cdot \theta"),
    ],
)
def test_latex_has_parentheses_where_precedence_needs_them(value, latex):
    assert formula(value) == latex


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("x12", "x_{12}"),
        ("x₁", "x_{1}"),
        ("w⁽¹⁾₂₃", "w_{23}^{(1)}"),
        ("w⁽¹⁾₁,₁₂", "w_{1,12}^{(1)}"),
        ("δ", r"\delta"),
        ("alpha2", r"\alpha_{2}"),
        ("loss", r"\mathrm{loss}"),
        ("w_h1", r"w_{\mathrm{h1}}"),
        ("loss_of_all", r"\mathrm{loss}_{\mathrm{of,all}}"),
        ("w_1_12", "w_{1,12}"),
        ("_x", r"\_\text{x}"),
        ("learning rate", r"\text{“learning rate”}"),
        (
            r"}\input{/etc/passwd}$%&#_^~",
            r"\text{“}\rbrace\backslash\text{input}\lbrace\text{/etc/passwd}\rbrace\$\%\&\#\_\text{ˆ}\text{˜}\text{”}",
        ),
        ("é", r"\text{é}"),
        ("é\n", r"\text{“é}\backslash\text{n”}"),
        ("2", r"\text{“2”}"),
        ("x²", r"\text{“x²”}"),
        ("w⁽¹", r"\text{“w⁽¹”}"),
        ("a·b", r"\text{“a·b”}"),
        ("“w” + b", r"\text{“}\backslash\text{u201cw}\backslash\text{u201d + b”}"),
    ],
)
def test_names_in_latex(name, latex):
    assert formula(Value(1.0, name)) == latex


def test_a_name_with_an_exponent_is_no_base_of_a_power():
    assert formula(Value(2.0, "w⁽¹⁾₂") ** 2) == "(w_{2}^{(1)})^{2}"


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_has_a_formula_of_all_its_operands(name):
    row = TABLE[name]
    leaves = [Value(0.5, letter) for letter in ("alpha", "beta", "gamma")[: row.arity or 3]]
    value = new_value(0.0, row, tuple(leaves))
    latex = formula(value)
    assert all(rf"\{leaf.name}" in latex for leaf in leaves), latex
    assert latex.count("{") == latex.count("}")
    assert latex.count("(") == latex.count(")")
    assert all(leaf.name in formula(value, notation="text") for leaf in leaves)


def test_an_operation_of_ones_own_brings_its_formula():
    cube = Operation("cube", "x³", "x^3", lambda x: x**3, lambda x: x**3, [lambda z, x: 3 * x * x])
    plus = Operation("plus", "+", r"\operatorname{plus}(x, y)", lambda x, y: x + y, max, [1.0, 1.0])
    assert formula(cube(x + y) * 2) == r"(x_{1} + y)^3 \cdot 2"
    assert formula(plus(x + y, z)) == r"\operatorname{plus}(x_{1} + y, \theta)"
    assert formula(plus(cube(x), z), "text") == "plus(cube(x1), theta)"


def test_a_formula_that_nobody_reads_is_refused_at_once():
    doubled = deep = x
    for _ in range(200):
        doubled = doubled + doubled
    for _ in range(20_000):
        deep = deep + 1
    for value in (doubled, deep):
        with pytest.raises(ValueError, match=r"more than 10,000 characters.* take the formula of a part"):
            formula(value)


def test_a_deep_formula_does_not_recurse():
    deep = x
    for _ in range(2_000):
        deep = deep + 1
    assert formula(deep) == "x_{1}" + " + 1" * 2_000


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="formula takes one Value, not float"):
        formula(2.0)
    with pytest.raises(ValueError, match="notation is 'mathml'; choose"):
        formula(x, notation="mathml")
