"""Wrong gradients: the mistake is named where it reproduces every number given, and nothing is where none does."""

from __future__ import annotations

import numpy as np
import pytest

import autograd
from autograd import Value, assert_gradients, sigmoid
from autograd.checking.diagnosis import MAX_EDGES_SEARCHED

A, X = 0.668187772168166, 2.0  # σ(0.7), and the input
Y = A * X
SLOPE, ERROR = A * (1.0 - A), 2.0 * (Y - 1.0)  # σ′, ∂C/∂y


@pytest.fixture
def graph() -> dict[str, Value]:
    """C = (σ(w x + b) x − 1)², in which x is used twice."""
    w, x, b = Value(0.5, "w"), Value(X, "x"), Value(-0.3, "b")
    z = (w * x + b).named("z")
    a = sigmoid(z).named("a")
    y = (a * x).named("y")
    loss = ((y - 1.0).named("e") ** 2).named("C")
    loss.backward()
    return {"C": loss, "y": y, "a": a, "z": z, "w": w, "x": x, "b": b}


def said(graph: dict[str, Value], **expected: float | str) -> str:
    """What the message says below the table, where the loss and these are given."""
    with pytest.raises(AssertionError) as error:
        assert_gradients({graph["C"]: 1, **{graph[name]: number for name, number in expected.items()}})
    return str(error.value).partition("differs\n")[2].rpartition("\n")[2] if "differs" in str(error.value) else ""


DELTA = ERROR * X * SLOPE  # ∂C/∂z
MISTAKES = {
    "opposite sign": {"y": -ERROR, "w": -DELTA * X, "x": -ERROR * A - DELTA * 0.5, "b": -DELTA},
    "factor ½": {"y": ERROR / 2, "w": DELTA * X / 2, "b": DELTA / 2},
    "factor 2": {"y": 2 * ERROR, "w": 2 * DELTA * X, "b": 2 * DELTA},
    "1/n (n = 7)": {"y": ERROR / 7, "w": DELTA * X / 7},
    "missing local derivative ∂a/∂z": {"a": ERROR * X, "z": ERROR * X, "w": ERROR * X * X, "b": ERROR * X},
    "∂a/∂z = 0.221713": {"w": ERROR * X * X, "b": ERROR * X},
    "forgotten path, the edge from y to x": {"a": ERROR * X, "w": DELTA * X, "x": DELTA * 0.5},
    "forgotten path, the edge from unnamed mul 1 to x": {"a": ERROR * X, "w": DELTA * X, "x": ERROR * A},
    "∂(unnamed mul 1)/∂w confused with ∂(unnamed mul 1)/∂x": {"w": DELTA * 0.5, "b": DELTA},
    "opposite sign in ∂a/∂z": {"a": ERROR * X, "z": -DELTA, "b": -DELTA},
}


@pytest.mark.parametrize(("name", "expected"), MISTAKES.items(), ids=MISTAKES)
@pytest.mark.parametrize("digits", [4, 7, 17])
def test_a_mistake_is_named(graph, name, expected, digits):
    line = said(graph, **{x: float(f"{number:.{digits}g}") for x, number in expected.items()})
    assert line.startswith("Diagnosis: ")
    assert name in line


def test_a_factor_needs_no_graph():
    w, x = Value(0.5, "w"), Value(0.123, "x")
    (w * x).backward()
    with pytest.raises(AssertionError, match=r"Diagnosis: opposite sign. To correct it: check which sign you derived"):
        assert_gradients({w: -0.123, x: -0.5})
    with pytest.raises(AssertionError, match=r"Diagnosis: opposite sign, in w. To correct it"):
        assert_gradients({w: "-0.12300", x: 0.5})


def test_any_name_fits_the_line_of_a_diagnosis():
    w, x = Value(0.5, "p/q"), Value(2.0, "a\nb\u202e")
    y = (w * x).named("the result " * 9)
    y.backward()
    with pytest.raises(AssertionError) as error:
        assert_gradients({y: 1, w: 0.5, x: "0.50000"})
    line = str(error.value).splitlines()[-1]
    y_shown = "“the result the result the result the re…”"
    assert line == (
        f"Diagnosis: ∂{y_shown}/∂“p/q” confused with ∂{y_shown}/∂“a\\nb\\u202e”. To correct it: "
        f"∂{y_shown}/∂“p/q” is 2; 0.5 is ∂{y_shown}/∂“a\\nb\\u202e”."
    )


def test_every_node_of_an_operation():
    x = Value(0.4, "x")
    y = x.tanh().tanh().named("y")
    y.backward()
    with pytest.raises(AssertionError, match=r"Diagnosis: missing local derivative of every tanh"):
        assert_gradients({y: 1, x: 1.0})


def test_one_of_three_uses_counted_alone():
    w = Value(0.5, "w")
    y = (3.0 * w + w.exp().named("e") + w.tanh().named("t")).named("y")
    y.backward()
    with pytest.raises(AssertionError, match=r"Diagnosis: only e counted among the 3 uses of w"):
        assert_gradients({y: 1, w: 1.64872})


def test_accumulated_gradients_are_told(graph):
    graph["C"].backward()
    assert said(graph, w=DELTA * X).startswith("The gradients come from more than one backward()")


def test_noise_is_not_diagnosed(graph):
    rng = np.random.default_rng(0)
    for digits in 50 * [3, 4, 7, 17]:
        names = rng.choice(["y", "a", "z", "w", "x", "b"], 3, replace=False)
        numbers = [graph[name].grad * (1.0 + rng.normal(0.0, 0.5)) for name in names]
        line = said(graph, **{x: float(f"{n:.{digits}g}") for x, n in zip(names, numbers, strict=True)})
        assert "Diagnosis" not in line


def test_the_numbers_given_are_as_precise_as_they_are_written(graph):
    assert_gradients({graph["w"]: 0.597, graph["b"]: "0.30"})
    assert "Diagnosis" not in said(graph, w="0.3")


def test_without_the_root_the_message_asks_for_it(graph):
    with pytest.raises(AssertionError, match=r"give the gradient of its root as well: \{loss: 1, w: 0.19\}\.$"):
        assert_gradients({graph["w"]: ERROR * X * X})


def test_what_no_mistake_explains_is_left_at_the_table(graph):
    assert said(graph, w=0.123456789) == ""


def test_a_large_graph_is_compared_and_not_searched():
    x = Value(1.0, "x")
    y = autograd.sum([x * 1.001 for _ in range(MAX_EDGES_SEARCHED)])
    y.backward()
    with pytest.raises(AssertionError) as error:
        assert_gradients({y: 1, x: 1.5})
    assert len(str(error.value).splitlines()) == 4


def test_what_is_not_finite_has_no_diagnosis(graph):
    assert said(graph, w=np.inf) == ""


def test_a_diagnosis_changes_nothing(graph):
    before = [(x.data, x.grad) for x in graph.values()]
    said(graph, w=ERROR * X * X, b=ERROR * X)
    assert before == [(x.data, x.grad) for x in graph.values()]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "sNaN", 10**400])
def test_a_number_that_no_float_holds_is_refused(number):
    x = Value(2.0, "x")
    loss = x * x
    loss.backward()
    with pytest.raises(ValueError, match="a number that a float can hold"):
        assert_gradients({x: number})
