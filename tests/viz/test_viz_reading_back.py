"""A formula as text is read back to the very number: of every operation, its derivatives, and whole or in steps."""

import re

import pytest
from test_operations import ROWS, apply, operands

import autograd
from autograd import TABLE, Value, exp, log, normal_cdf, operation, parse, sqrt, topological_order
from viz import formula

LEAVES = ("a", "b", "c")


def numbers_of(value):
    return {z.name: z.data for z in topological_order(value) if z.name and not z.operation}


def read(text, numbers):
    """Return the number of a line of text, or of the last of several steps."""
    numbers = dict(numbers)
    for line in text.splitlines():
        name, _, right = line.rpartition(" = ")
        used = {word: numbers[word] for word in re.findall(r"[^\W\d]\w*", right) if word in numbers}
        result = numbers[name] = parse(right, **used)[0].data
    return result


def with_derivatives(value, leaves):
    """Yield a Value and its derivatives of the first and second order, where they exist."""
    yield value
    for x in leaves:
        try:
            slope = value.derivative(x)
            second = slope.derivative(leaves[0])
        except (ArithmeticError, ValueError):
            continue
        yield slope
        yield second


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("shared", [False, True])
def test_every_operation_and_its_derivatives_are_read_back(name, shared):
    leaves = [Value(x, letter) for x, letter in zip(operands(name, 1), LEAVES, strict=False)]
    for value in with_derivatives(apply(name, leaves), leaves):
        text = formula(value, "text", shared=shared)
        assert repr(read(text, numbers_of(value))) == repr(value.data), text


@pytest.mark.parametrize("name", ["wave", "my_x", "größe"])
def test_operations_of_ones_own_and_their_helpers_are_read_back(name):
    slope = operation(f"{name}_slope", lambda x, y: x * y, [lambda z, x, y: y, lambda z, x, y: x])
    own = operation(name, lambda x: x**3, [lambda z, x: slope(x, 3 * x)])
    try:
        x = Value(1.5, "x")
        for value in with_derivatives(own(x * x) + own(x), [x]):
            assert read(formula(value, "text"), numbers_of(value)) == value.data
            assert read(formula(value, "text", shared=True), numbers_of(value)) == value.data
        assert r"\left" not in formula(own(x))
        assert formula(own(x)).endswith("(x)")
    finally:
        for row in (own, slope):
            del TABLE[row.name]
            if row.arity == 1:
                delattr(Value, row.name)


def vega():
    S, K, T, r, sigma = [Value(x, name) for x, name in ((100, "S"), (110, "K"), (0.5, "T"), (0.03, "r"), (0.2, "σ"))]
    d1 = ((log(S / K) + (r + sigma**2 / 2) * T) / (sigma * sqrt(T))).named("d₁")
    price = S * normal_cdf(d1) - K * exp(-r * T) * normal_cdf(d1 - sigma * sqrt(T))
    return price.named("C").derivative(sigma).named("vega")


def test_what_occurs_several_times_is_a_step_under_its_own_name():
    whole, steps = formula(vega(), "text"), formula(vega(), "text", shared=True)
    assert whole.count("log(S / K)") > 5
    assert steps.count("log(S / K)") == 1
    assert len(steps) < len(whole) / 2
    assert [line.partition(" = ")[0] for line in steps.splitlines()] == ["u1", "u2", "d₁", "u3", "u4", "vega"]
    assert read(steps, numbers_of(vega())) == vega().data


def test_the_steps_are_lines_of_python():
    x, y = Value(0.5, "x"), Value(2.0, "y")
    value = (log(x / y + 1) * x + log(x / y + 1) ** y).derivative(x)
    names = {**vars(autograd), "x": x.data, "y": y.data}
    exec(formula(value, "text", shared=True), names)  # noqa: S102  (our own text)
    assert names["f"] == value.data


def test_equal_expressions_are_one_step_and_short_ones_are_none():
    x, y = Value(0.5, "x"), Value(2.0, "y")
    assert formula(exp(x + y) + 1 / exp(x + y), "text", shared=True) == "u1 = exp(x + y)\nf = u1 + 1 / u1"
    assert formula(x * y + sqrt(x * y), "text", shared=True) == "x * y + sqrt(x * y)"
    assert formula(log(x / y + 1) + 1 / log(x / y + 1), shared=True) == (
        r"""\begin{aligned}
u_{1} &= \log\left(\frac{x}{y} + 1\right) \phantom{\Bigg|} \\
f &= u_{1} + \frac{1}{u_{1}}
\end{aligned}"""
    )


def test_no_step_takes_the_name_of_another_value():
    u1, y, f, g, F = [Value(0.5, name) for name in ("u1", "y", "f", "g", "F")]
    part = exp(u1 + y + f + g + F).named("u1")
    text = formula(part + 1 / part, "text", shared=True)
    assert text == "u2 = exp(u1 + y + f + g + F)\nu3 = u2 + 1 / u2"
    part = exp(u1 + y + f + g + F).named("exp")
    assert formula((part + 1 / part).named("two words"), "text", shared=True) == text


def test_what_is_too_long_as_one_formula_has_steps():
    doubled = x = Value(1.0, "x")
    for _ in range(200):
        doubled = doubled + doubled
    with pytest.raises(ValueError, match="more than 10,000 characters"):
        formula(doubled)
    assert read(formula(doubled, "text", shared=True), {"x": x.data}) == 2.0**200
