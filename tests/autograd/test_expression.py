"""A text means what the same line of Python means, builds the same graph, and nothing else is accepted."""

import math
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Constant, Value, operation, topological_order
from autograd.conversion import Refusal
from autograd.operations import BUILT_IN, TABLE
from autograd.parsing import MAX_DEPTH, MAX_LENGTH, OTHER_NAMES, call_of, functions, parse
from autograd.row import Operation

FUNCTIONS = [name for name, f in functions().items() if name in BUILT_IN or not isinstance(f, Operation)]
OTHER_CALLS = [name for name in FUNCTIONS if getattr(functions()[name], "call", "a composition")]
seeded = settings(derandomize=True, deadline=None, max_examples=300)
NUMBERS = {"x": 0.75, "y": -1.5, "z": 3.0}


def call_text(name: str) -> str:
    """Return a call of a function, with operands of its domain."""
    calls = {
        "acosh": "acosh(z)",
        "polygamma": "polygamma(2, x)",
        "spherical_bessel": "spherical_bessel(x, 2)",
        "peak": "peak(y, x, z)",
        "round": "round(x, 1)",
        "leaky_relu": "leaky_relu(y, 0.2)",
        "maximum": "maximum(y, x, z)",
        "minimum": "minimum(y, x, z)",
        "dot": "dot([x, y], [z, 3], 1)",
        "softmax": "norm(softmax([x, y, 2]))",
        "log_softmax": "norm(log_softmax([x, y, 2]))",
    }
    operands = ", ".join(["x", "x", "z"][: TABLE[name].arity]) if name in TABLE and TABLE[name].arity else "[x, y, 2]"
    return calls.get(name, f"{name}({operands})")


def nodes(root: Value) -> list[tuple[Any, ...]]:
    """Return a graph as plain data: for each node its operation, number and operands."""
    order = topological_order(root)
    place = {node: i for i, node in enumerate(order)}
    return [(type(n), n.operation, repr(n.data), [place[x] for x in n.operands]) for n in order]


def variables_of(text: str) -> dict[str, float]:
    return {name: NUMBERS[name] for name in NUMBERS if re.search(rf"\b{name}\b", text)}


def python_result(text: str) -> Value:
    """Return what Python makes of the text, with Values for the variables and Constants for the numbers."""
    values = {name: Value(number, name) for name, number in NUMBERS.items()}
    code = re.sub(r"(?<![\w.])(\d+\.?\d*)", r"Constant(\1)", text)
    return eval(code, {**vars(autograd), **values})  # noqa: S307  (the tests' own texts, and the oracle of this law)


# What a text means ----------------------------------------------------------------------------------------------------

atoms = st.sampled_from(["x", "y", "z", "2", "3", "0.5", "0", "7", "1.25"])
arithmetic = st.recursive(
    atoms,
    lambda part: st.one_of(
        st.tuples(part, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), part).map(" ".join),
        st.tuples(st.sampled_from(["-", "+"]), part).map("".join),
        part.map("({})".format),
    ),
    max_leaves=12,
)


@seeded
@given(arithmetic)
@example("-x**2")
@example("2**-x**2")
@example("2**3**2")
@example("x - y - z")
@example("x / y * z // 2 % 7")
@example("-x % z")
@example("2 ** -1 * 3")
def test_precedence_is_pythons(text):
    """No bracket is implied by the generator, so only equal precedence gives equal graphs."""
    try:
        expected = python_result(text)
    except Refusal as error:
        with pytest.raises(type(error), match=r"\^"):
            parse(text, **variables_of(text))
    else:
        value, leaves = parse(text, **variables_of(text))
        assert nodes(value) == nodes(expected)
        assert {name: leaf.data for name, leaf in leaves.items()} == variables_of(text)


@pytest.mark.parametrize(("name", "meant"), OTHER_NAMES.items())
def test_a_name_of_books_and_other_libraries_leads_to_the_function_here(name, meant):
    assert meant in functions()
    with pytest.raises(ValueError, match=rf"there is no function {name}: did you mean {meant}\?"):
        parse(f"{name}(x)", x=0.5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_the_table_is_called_as_in_python(name):
    text = call_text(name)
    value, _ = parse(text, **variables_of(text))
    assert nodes(value) == nodes(python_result(text))


def test_the_examples_in_messages_are_valid_calls():
    for name in OTHER_CALLS:
        call = call_of(name, functions()[name])[1]
        text = f"sum({call})" if "softmax" in call else call
        value, _ = parse(text, **{name: 1.0 for name in "bvwxy" if re.search(rf"\b{name}\b", text)})
        assert math.isfinite(value.data)


def test_the_design_text():
    value, leaves = parse("sigmoid(w*x + b)", w=0.5, x=2, b=1)
    value.backward()
    assert value.data == 1 / (1 + math.exp(-2))
    assert {name: (leaf.name, leaf.data) for name, leaf in leaves.items()} == {
        "w": ("w", 0.5),
        "x": ("x", 2.0),
        "b": ("b", 1.0),
    }
    assert leaves["w"].grad == 2 * leaves["b"].grad


def test_numbers_are_constants_and_a_variable_is_one_leaf():
    value, leaves = parse("2*x + x*x", x=3)
    kinds = [type(node) for node in topological_order(value) if not node.operands]
    assert kinds == [Constant, Value]
    value.backward()
    assert leaves["x"].grad == 8.0


@pytest.mark.parametrize("text", ["7", "7.", ".5", "0.5", "1e3", "1.5e-3", "2E+2", " \n\t7 ", "((7))"])
def test_numbers_are_written_as_in_python(text):
    assert parse(text)[0].data == float(text.strip(" \n\t()"))


def test_pi_is_a_constant_unless_it_is_given():
    value, leaves = parse("cos(pi)")
    assert value.data == -1.0
    assert not leaves
    assert parse("pi", pi=3)[0].data == 3.0


def test_a_value_is_used_as_it_is():
    w = Value(0.5)
    value, leaves = parse("w*x", w=w, x=2)
    assert leaves["w"] is w
    assert value.operands[0] is w
    assert w.name is None


def test_texts_nest_through_values():
    z, leaves = parse("w*x", w=0.5, x=2)
    a, _ = parse("tanh(z)", z=z)
    a.backward()
    assert leaves["w"].grad == pytest.approx(2 * (1 - math.tanh(1.0) ** 2))


def test_an_operation_of_ones_own_is_called_by_its_name():
    try:
        operation("thrice", lambda x: 3 * x, [3.0])
        assert parse("thrice(x) + 1", x=2)[0].data == 7.0
        with pytest.raises(ValueError, match=r"write thrice\(x\)"):
            parse("thrice(x, x)", x=2)
    finally:
        del TABLE["thrice"], Value.thrice


# Names ----------------------------------------------------------------------------------------------------------------


def test_subscripts_are_names_and_differ_from_digits():
    value, leaves = parse("w₁*x₁ + w1*x1", **{"w₁": 2, "x₁": 3, "w1": 5, "x1": 7})
    assert value.data == 41.0
    assert {name: leaf.name for name, leaf in leaves.items()} == {name: name for name in ("w₁", "x₁", "w1", "x1")}


def test_a_name_is_found_by_the_keyword_that_python_makes_of_it():
    value, leaves = parse("w₁*x₁ + µ", w1=2, x1=3, µ=1)  # Python hands µ (micro sign) over as μ (mu)
    assert value.data == 7.0
    assert list(leaves) == ["w₁", "x₁", "µ"]
    assert leaves["w₁"].name == "w₁"


@pytest.mark.parametrize("name", ["η", "δ", "ŷ", "y\u0302", "_", "text", "self", "weight_h1_o", "步"])
def test_names_of_every_script(name):
    assert parse(f"2*{name}", **{name: 3})[0].data == 6.0


def test_a_variable_may_share_its_name_with_a_function():
    assert parse("step*sign(step)", step=-2)[0].data == 2.0


# Refusals: the class, the place, the remedy ---------------------------------------------------------------------------

REFUSED = [
    ("", 1, "a number, a name or a bracket is expected, not the end"),
    ("x +", 4, "expected, not the end"),
    ("x + * x", 5, r"expected, not \*"),
    ("(x + 1", 1, r"\( is never closed: add \)"),
    ("sum([x, 1", 5, r"\[ is never closed: add \]"),
    ("x)", 2, r"\) is out of place"),
    ("(x]", 3, r"\] is out of place"),
    ("x, x", 2, ", is out of place"),
    ("2x", 2, r"an operator is missing before x: write \*"),
    ("x x", 3, "an operator is missing before x"),
    ("(x)(x)", 4, r"an operator is missing before \("),
    ("x 2", 3, "an operator is missing before 2"),
    ("0x10", 2, "an operator is missing before x10"),
    ("x^2", 2, r"write \*\* for a power"),
    ("2·x", 2, r"write \* for a product"),
    ("x ÷ 2", 3, "write / for a quotient"),
    ("x − 2", 3, "write - for a minus"),
    ("x @ x", 3, r"write dot\("),
    ("x²", 1, r"x² is not a name: write x\*\*2 \("),
    ("sin²(x)", 1, r"write sin\(x\)\*\*2"),
    ("½x", 1, r"write 0.5\*x"),
    ("x**½", 4, "write 0.5 "),
    ("x⁻¹", 2, r"write \*\* for a power, as in x\*\*-1"),
    ("sin^2(x)", 4, r"write sin\(x\)\*\*2 for sin\^2\(x\)"),
    ("tanh^-1(x)", 5, r"write atanh\(x\) for tanh\^-1\(x\)"),
    ("e^x", 2, r"write exp\(x\) for e\^x"),
    ("e**x", 1, r"no value for e: write exp\(x\) for e\*\*x, and exp\(1\) for the number e, or give e=…"),
    ("π*x", 1, "no value for π: write pi, or give π=…"),
    ("0,5*x", 2, "write 0.5 with a decimal point"),
    ("exp(0,5)", 1, r"write exp\(x\), and 0.5 with a decimal point"),
    ("1 000*x", 3, "without gaps, as in 1000"),
    ("1_000*x", 2, "without gaps, as in 1000"),
    ("x!", 2, r"write exp\(lgamma\(x \+ 1\)\) for x!"),
    ("x ≤ 1", 3, "comparisons"),
    ("np.exp(x)", 3, r"attributes and methods are refused: write exp\(x\)"),
    ("ln x", 1, r"ln is not a function here: did you mean log\?"),
    ("cot(x)", 1, r"there is no function cot: write 1/tan\(x\)"),
    ("ReLU(x)", 1, r"there is no function ReLU: did you mean relu\?"),
    ("x.data", 2, "attributes and methods are refused"),
    ("x.relu()", 2, r"attributes and methods are refused: write relu\(x\)"),
    ("().__class__", 3, "attributes and methods are refused"),
    ("x[0]", 2, "indexing is refused"),
    ("x == 1", 3, "comparisons"),
    ("x < 1", 3, "comparisons"),
    ("x != 1", 3, "comparisons"),
    ("(x := 1)", 4, "assignments"),
    ("x = 1", 3, "assignments"),
    ("leaky_relu(x, slope=0.2)", 20, "keyword arguments"),
    ("lambda x: x", 1, "lambda is a keyword of Python"),
    ("x if x else 1", 3, "if is a keyword"),
    ("not x", 1, "not is a keyword"),
    ("x and x", 3, "and is a keyword"),
    ("None", 1, "None is a keyword"),
    ("'x'", 1, "strings are refused"),
    ('x + "x"', 5, "strings are refused"),
    ("{x}", 1, "'{' is not part of a formula"),
    ("x; x", 2, "';' is not part"),
    ("x # x", 3, "'#' is not part"),
    ("x\\", 2, "not part of a formula"),
    ("\ud800", 1, "not part of a formula"),
    ("x\x00", 2, "not part of a formula"),
    ("__import__('os')", 1, r"there is no function __import__: choose one such as exp, .*; print"),
    ("eval(x)", 1, "there is no function eval"),
    ("sigmod(x)", 1, r"there is no function sigmod: did you mean sigmoid"),
    ("ln(x)", 1, r"there is no function ln: did you mean log\?"),
    ("σ(x)", 1, r"there is no function σ: did you mean sigmoid\?"),
    ("2 + |x|", 5, r"write abs\(x\) for"),
    ("√x", 1, r"write sqrt\(x\)"),
    ("spherical_bessel(x, 1e9)", 1, "expected a whole order up to 1000, got 1000000000.0"),
    ("x(2)", 1, r"x is a variable, not a function: write x\*"),
    ("sin x", 1, r"sin is a function: write sin\(x\)"),
    ("x + xx", 5, "there is no value for xx: give xx=… did you mean x"),
    ("x + q", 5, "there is no value for q: give q=…"),
    ("sin()", 5, r"expected, not \)"),
    ("sin(x, x)", 1, r"write sin\(x\)"),
    ("clip(x)", 1, r"write clip\(x, y, u\)"),
    ("sum(x, x)", 1, r"write sum\(\[x, y\]\)"),
    ("maximum([x, x])", 1, r"write maximum\(x, y\)"),
    ("dot([x], x)", 1, r"write dot\("),
    ("dot([x, x], [x])", 1, "dot takes one input for each weight, not 2 weights and 1 inputs"),
    ("sum([])", 6, r"expected, not \]"),
    ("sum([[x]])", 6, "a list stands only where a function takes one"),
    ("[x]", 1, "a list stands only"),
    ("2 * [x]", 5, "a list stands only"),
    ("[x] * 2", 1, "a list stands only"),
    ("-[x]", 2, "a list stands only"),
    ("softmax([x, 1])", 1, "a list stands only"),
    ("x + 1e999", 5, "1e999 is beyond the largest float"),
    ("x + log(-1)", 5, r"log\(-1.0\): .* log needs x > 0"),
    ("x*acos(1 + x)", 3, "acos"),
]


@pytest.mark.parametrize(("text", "character", "message"), REFUSED)
def test_a_refusal_shows_the_place_and_the_remedy(text, character, message):
    with pytest.raises(ValueError, match=message) as refusal:
        parse(text, x=2)
    first, shown, caret = str(refusal.value).splitlines()
    assert first.endswith(f"(character {character})")
    assert caret == " " * (4 + character - 1) + "^"
    assert shown[4:] == "".join(c if c.isprintable() else " " for c in text)


def test_what_an_operation_refuses_keeps_its_class():
    with pytest.raises(ZeroDivisionError, match=r"div\(x = 2.0, y = 0.0\)(.|\n)*\(character 7\)"):
        parse("1 + x / y", x=2, y=0)
    with pytest.raises(OverflowError, match=r"exp\(x = 1000.0\)(.|\n)*\(character 1\)"):
        parse("exp(x)", x=1000)


@pytest.mark.parametrize("text", ["9**9**9**9", "10**10**10", "2**-9**9**9**9", "9.0**9**9**9**9**9"])
def test_huge_powers_end_at_once_at_their_place(text):
    with pytest.raises(OverflowError, match=r"beyond the largest float(.|\n)*\^$"):
        parse(text)


@pytest.mark.parametrize("opening", ["(", "-", "sin(", "sum([", "1**", "+(", "maximum(1,"])
def test_deep_nesting_is_refused_and_moderate_is_not(opening):
    closing = "".join({"(": ")", "[": "]"}[c] for c in reversed(opening) if c in "([")
    for depth in (5, 20):
        parse(opening * depth + "1" + closing * depth)
    for depth in (MAX_DEPTH + 1, 900):
        with pytest.raises(ValueError, match=f"nested more than {MAX_DEPTH} deep"):
            parse(opening * depth + "1" + closing * depth)


def test_unclosed_depth_is_refused_too():
    with pytest.raises(ValueError, match="nested more than"):
        parse("(" * MAX_LENGTH)


def test_a_text_has_a_bounded_length():
    text = "x" + "+x" * (MAX_LENGTH // 2 - 1)
    assert parse(text, x=1)[0].data == MAX_LENGTH // 2
    with pytest.raises(ValueError, match=f"longer than {MAX_LENGTH} characters: parse it in parts"):
        parse(text + " + x", x=1)


def test_a_long_text_is_shown_around_the_fault():
    with pytest.raises(ValueError, match="there is no value for q") as refusal:
        parse("x + " * 100 + "q" + " + x" * 100, x=1)
    _, shown, caret = str(refusal.value).splitlines()
    assert len(shown) < 110
    assert shown.strip().startswith("…")
    assert shown.endswith("…")
    assert shown[caret.index("^")] == "q"


def test_unused_variables_are_refused():
    with pytest.raises(ValueError, match="does not use the given y, z"):
        parse("x", x=1, y=2, z=3)


@pytest.mark.parametrize("number", ["2", None, [1.0], 2j])
def test_a_variable_is_a_real_number(number):
    with pytest.raises(TypeError, match=r"variable x: a Value holds one real number"):
        parse("x", x=number)
    with pytest.raises(OverflowError, match="variable x"):
        parse("x", x=10**400)


@pytest.mark.parametrize("text", [None, b"x", 3, ["x"]])
def test_a_text_is_a_str(text):
    with pytest.raises(TypeError, match="parse takes a text"):
        parse(text)


# Any text at all ------------------------------------------------------------------------------------------------------

PIECES = [
    *"xy20()[],.=^'₁² \n\u0302\u202e\ud800",
    *("1e308", ".5", "1e-320", "pi", "e5", "+", "-", "*", "/", "//", "%", "**", "lambda", "if", "__"),
    *(f"{name}(" for name in FUNCTIONS),
    *(f"{name}([" for name in OTHER_CALLS),
]


def only_documented(text: str) -> None:
    """Parse a text, and accept a finite list of outcomes: a Value, or a refusal that shows a place in the text."""
    try:
        value, _ = parse(text, x=0.75, y=-1.5)
    except Refusal as refusal:
        message = str(refusal)
        assert "does not use the given" in message or message.splitlines()[-1].strip() == "^"
    else:
        assert isinstance(value, Value)


@seeded
@given(st.text())
def test_any_text_is_read_or_refused(text):
    only_documented(text)


@seeded
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_pieces_of_formulas_are_read_or_refused(text):
    only_documented(text)


@seeded
@given(arithmetic, st.data())
def test_a_formula_with_one_fault_is_read_or_refused(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = start + data.draw(st.integers(0, 2))
    only_documented(text[:start] + data.draw(st.sampled_from([*PIECES, ""])) + text[end:])
