"""The tour of the project, in the order in which one meets it. Read this test first."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from autograd import Value, assert_gradients, exp, grad, hessian, operation, parse, sigmoid
from nn import MLP, SGD, sse, train
from viz import draw, save


def test_a_value_is_a_float_that_remembers() -> None:
    x = Value(2.0, name="x")
    y = (x * x + 3 * x).named("y")
    assert y.data == 10.0
    assert y.operation is not None
    assert y.operation.name == "add"
    y.backward()
    assert x.grad == 7.0


def test_a_derivative_is_a_value_again() -> None:
    x = Value(2.0)
    slope = (x**3).derivative(x)
    assert (slope.data, slope.derivative(x).data) == (12.0, 12.0)


def test_functions_differentiate_too() -> None:
    def f(x: Value, y: Value) -> Value:
        return x * x * exp(y)

    assert grad(f)(3.0, 0.0) == (6.0, 9.0)
    assert hessian(f)(3.0, 0.0) == ((2.0, 6.0), (6.0, 9.0))


def test_numpy_and_text_lead_to_the_same_graph() -> None:
    w, x, b = Value(0.5, name="w"), Value(2.0, name="x"), Value(1.0, name="b")
    a = sigmoid(w * x + b)
    assert parse("sigmoid(w*x + b)", w=0.5, x=2, b=1)[0].data == a.data
    assert np.exp(x).data == exp(2.0)


def test_an_operation_of_your_own_is_one_row() -> None:
    cube = operation("cube", lambda x: x * x * x, [lambda z, x: 3 * x * x], glyph="x³", formula="x^{3}")
    x = Value(2.0)
    assert cube(x).derivative(x).derivative(x).data == 12.0
    assert "x³" in draw(cube(x)).source


def network() -> MLP:
    """The hidden node h₁ of document 000, on its own."""
    return MLP.from_weights([[[0.5], [1.2], [-0.3]]])


def test_a_network_gives_every_net_input_activation_and_delta() -> None:
    record = network().forward([1, 3, 5])
    assert record.net_inputs[0][0].data == pytest.approx(2.6)
    assert record.output[0].data == pytest.approx(0.9308616)
    sse(record.output, [1]).backward()
    a = record.output[0].data
    assert record.deltas() == [[pytest.approx(2 * (a - 1) * a * (1 - a))]]
    assert record.deltas(convention="handout")[0][0] == -record.deltas()[0][0]


def test_a_gradient_derived_by_hand_is_compared() -> None:
    record = network().forward([1, 3, 5])
    sse(record.output, [0]).backward()
    z, a = record.net_inputs[0][0], record.output[0].data
    assert_gradients({z: 2 * a * a * (1 - a)})
    with pytest.raises(AssertionError, match="differs"):
        assert_gradients({z: 2 * a})  # the sigmoid's derivative is forgotten


def test_training_finds_the_weights_of_xor() -> None:
    mlp = MLP(2, [4, 1], output="sigmoid", rng=0)
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    history = train(
        mlp, X, y, loss="binary_cross_entropy", optimizer=SGD(2.0, momentum=0.9), epochs=200, progress=False
    )
    assert history.accuracy[-1] == 1.0


def test_the_graph_is_drawn_with_its_gradients(tmp_path: Path) -> None:
    record = network().forward([1, 3, 5])
    loss = sse(record.output, [0]).named("loss")
    loss.backward()
    save(loss, tmp_path / "neuron.svg", record)
    shown = "".join(ET.parse(tmp_path / "neuron.svg").getroot().itertext())
    for number in ("2.6", "0.9309", "+0.1198", "× 0.06436", "loss"):
        assert number in shown
