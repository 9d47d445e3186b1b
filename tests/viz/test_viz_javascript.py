"""The table of operations in the browser: values, local derivatives and refusals are those of Python.

The arguments are those of the accuracy law, and the corners: zeros of both signs, infinities, NaN, ties.
"""

import itertools
import math
import re
from typing import Any

import pytest
from test_accuracy import OF_MANY, REFERENCES, arguments, attempt, ordinary

from autograd import TABLE, Value, operation
from autograd.conversion import Refusal
from autograd.operations import BUILT_IN
from viz.pages.javascript import LETTERS, UnwritableError, rows_text

TOLERANCE = 1e-12
LOOSER = {"inverse_mills_slope": 1e-11}  # where Python and JavaScript lose digits in different places
CORNERS = (0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, math.inf, -math.inf, math.nan)
RUN = """
const [calls, done] = arguments;
const attempt = (function_) => {
  try { return String(function_()); }
  catch (error) { if (error instanceof Refused) return "refused"; throw error; }
};
return calls.map(([name, texts]) => {
  const row = rows[name], xs = texts.map(Number), z = attempt(() => row.rule(...xs));
  if (z === "refused") return [z];
  const rules = typeof row.partials === "function" ? xs.map((_, k) => () => row.partials(Number(z), ...xs)[k])
    : row.partials.map((rule) => () => (typeof rule === "function" ? rule(Number(z), ...xs) : rule));
  return [z, ...rules.map(attempt)];
});
"""


def in_browser(driver, calls: list[tuple[str, tuple[float, ...]]]) -> list[list[str]]:
    """Run rows in the browser: a text for each value, then for each partial, unless the value is refused."""
    rows = rows_text(dict.fromkeys(TABLE[name] for name, _ in calls))
    numbers = {math.inf: "Infinity", -math.inf: "-Infinity"}
    told = [[name, [numbers.get(x, repr(x)) for x in xs]] for name, xs in calls]
    return driver.execute_script(f'"use strict";\n{rows}\n{RUN}', told)


def in_python(name: str, xs: tuple[float, ...]) -> list[Any]:
    """The same by the table: a number or an error for the value, then for each partial."""
    row = TABLE[name]
    z = attempt(row.apply, xs)
    if isinstance(z, Exception):
        return [z]
    if row.arity is None:
        partials = attempt(row.partials, z, *xs)
        return [z, *([partials] * len(xs) if isinstance(partials, Exception) else partials)]
    wanted = [[k == place for k in range(len(xs))] for place in range(len(xs))]
    found = [attempt(row.local_derivatives, z, xs, one) for one in wanted]
    return [z, *[p if isinstance(p, Exception) else p[k] for k, p in enumerate(found)]]


def agree(told: str, expected: Any, size: float, tolerance: float) -> bool:
    if isinstance(expected, Exception) or told == "refused":
        return isinstance(expected, Refusal) and told == "refused"
    got = float(told.replace("Infinity", "inf"))
    if math.isnan(expected) or math.isinf(expected):
        return repr(got) == repr(expected)
    return abs(got - expected) <= tolerance * max(abs(expected), size) + 1e-320


def differences(driver, calls, terms=lambda k, xs: 0.0, tolerance=TOLERANCE) -> list[str]:
    off = []
    for (name, xs), told in zip(calls, in_browser(driver, calls), strict=True):
        for k, (text, expected) in enumerate(zip(told, in_python(name, xs), strict=False)):
            if not agree(text, expected, terms(k, xs), tolerance):
                off.append(f"{name}{xs} [{k}] is {text}, in Python {expected!r}")
    return off


def largest_term(name: str):
    """How large the terms are that a result adds up, where they cancel."""
    reference = REFERENCES[name]

    def term(k: int, xs: tuple[float, ...]) -> float:
        terms = [reference.term, *reference.terms]
        try:
            return float(abs(terms[k](*xs))) if k < len(terms) else 0.0
        except (ArithmeticError, ValueError):
            return 0.0

    return term


@pytest.mark.parametrize("name", REFERENCES)
def test_a_row_in_the_browser_gives_what_it_gives_in_python(chromium, name):
    arity = TABLE[name].arity
    corners = itertools.product(CORNERS, repeat=arity)
    calls = [(name, tuple(map(float, xs))) for xs in [*arguments(name), *corners]]
    off = differences(chromium, calls, largest_term(name), LOOSER.get(name, TOLERANCE))
    assert not off, f"{len(off)} of {len(calls)}: {off[:8]}"


@pytest.mark.parametrize("name", sorted(OF_MANY))
def test_a_row_of_many_operands_in_the_browser_gives_what_it_gives_in_python(chromium, name):
    lists = [*itertools.product(CORNERS, repeat=2), *itertools.product((0.0, 1.0, -1.0, math.inf, math.nan), repeat=3)]
    lists += [
        tuple(ordinary(n, seed, size)) for seed, n in enumerate((1, 2, 3, 4, 7, 30)) for size in (1.0, 40.0, 900.0)
    ]
    off = differences(chromium, [(name, xs) for xs in lists], lambda k, xs: max(map(abs, xs)) if k == 0 else 0.0)
    assert not off, f"{len(off)}: {off[:8]}"


def test_a_page_gets_what_its_rows_need_and_no_more():
    declared = re.findall(r"^(?:function|class|const) (\w+)", rows_text([TABLE["tanh"]]), re.MULTILINE)
    assert declared == ["Refused", "tanh", "sech_squared", "rows"]


def test_every_row_can_be_written():
    assert rows_text(map(TABLE.get, BUILT_IN)).count("rule:") == len(BUILT_IN)


CUBE = "x * x * x"


def test_an_operation_of_ones_own_computes_by_its_javascript(chromium):
    rules = [lambda z, x, y: 3.0 * x * x * y.tanh() if isinstance(y, Value) else 3.0 * x * x * math.tanh(y), 0.0]
    operation("cube", lambda x, y: x * x * x * math.tanh(y), [rules[0], rules[1]], javascript=f"{CUBE} * tanh(y)")
    calls = [("cube", xs) for xs in itertools.product((0.5, -2.0, 1e3), repeat=2)]
    assert differences(chromium, calls) == []


def test_an_operation_of_ones_own_may_be_named_like_a_helper_of_the_rules(chromium):
    operation("tail", lambda x: x * x * x, [lambda z, x: 3.0 * x * x], javascript=CUBE)
    assert differences(chromium, [("tail", (2.0,)), ("erfc", (2.0,))]) == []


def test_an_operation_of_ones_own_without_javascript_is_named_with_the_remedy():
    operation("cube", lambda x: x * x * x, [lambda z, x: 3.0 * x * x])
    with pytest.raises(
        UnwritableError, match=r"cube has no rule in JavaScript: give operation\('cube', …, javascript=…\)"
    ):
        rows_text([TABLE["cube"]])


def test_a_partial_that_compares_numbers_is_named():
    operation("bend", lambda x: max(x, 0.0), [lambda z, x: 1.0 if x > 0.0 else 0.0], javascript="Math.max(x, 0)")
    with pytest.raises(UnwritableError, match=r"partial 1 of bend is not a formula .*: the formula compares x"):
        rows_text([TABLE["bend"]])


@pytest.mark.parametrize("text", ["x</script>", "x <!-- y", 3])
def test_javascript_that_html_would_cut_off_is_refused(text):
    with pytest.raises(ValueError, match=r"the JavaScript of fourth is .*: give an expression as text, without"):
        operation("fourth", lambda x: x**4, [lambda z, x: 4.0 * x**3], javascript=text)
    assert "fourth" not in TABLE


def test_letters_are_those_of_formulas():
    assert operation("f", lambda x, y, u: x, [1.0, 0.0, 0.0]).formula == r"\operatorname{f}(x, y, u)"
    assert LETTERS.startswith("xyu")
