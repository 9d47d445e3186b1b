"""What repeats in a lifted program is written once, in a loop, and computes the same numbers, bit for bit."""

import pickle

import numpy as np
import pytest

from autograd import Value, cos, mean, sin, step, tanh, vectorize
from autograd import sum as total
from autograd.lifting import recurrences
from nn import MLP, mse

RNG = np.random.default_rng(5)


def recurrence(steps):
    """yₖ₊₁ = tanh(w yₖ + x)."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    y = x
    for _ in range(steps):
        y = tanh(y * w + x)
    return y, [x], [w]


def oscillator(steps):
    """Two states that depend on each other, and a running sum of their products."""
    x, v, w = Value(0.3, "x"), Value(0.1, "v"), Value(0.9, "w")
    p, q, total = x, v, Value(0.0)
    for k in range(steps):
        p, q = p + 0.1 * q, q - 0.1 * w * sin(p) + 0.01 * cos(q)
        total = p * q if k == 0 else total + p * q
    return total + p, [x, v], [w]


def two_loops(steps):
    """A recurrence in one operation, and then one in another."""
    y, (x,), (w,) = recurrence(steps)
    for _ in range(steps):
        y = sin(y + x) * w
    return y * y, [x], [w]


def running_sum(steps):
    """A sum of many terms, added up one by one: a loop with one variable."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    y, total = x, w
    for _ in range(steps):
        y = sin(y) * w
        total = total - y
    return total, [x], [w]


def the_same_again(steps):
    """A term that hands the same number on to its parameter in every step: a loop without variables."""
    x, w = Value(1.0, "x"), Value(0.3, "w")
    y, total = w, w
    for _ in range(steps):
        y = w + step(y) * x
        total = total + y
    return total, [x], [w]


def deep_network(layers):
    mlp = MLP(3, [3] * layers + [1], activation="tanh", rng=0)
    record = mlp.forward([Value(0.1 * k, f"x{k}") for k in range(1, 4)])
    return mse(record.output, [0.5]), record.inputs, mlp.parameters()


GRAPHS = {
    "a recurrence": (recurrence, 120),
    "two states": (oscillator, 60),
    "two loops": (two_loops, 80),
    "a running sum": (running_sum, 300),
    "the same again": (the_same_again, 400),
    "a deep network": (deep_network, 90),
}


@pytest.fixture(params=GRAPHS)
def graph(request):
    build, steps = GRAPHS[request.param]
    return build(steps)


def test_a_loop_over_parts_of_one_array_alone():
    x, w = [Value(0.01 * k, f"x{k}") for k in range(192)], Value(0.7, "w")
    h = [sin(w * a) for a in x]
    loss = total([tanh(mean(h[i : i + 190])) for i in range(3)])
    loss.backward()
    program = vectorize(loss, x, [w])
    assert "\n    for " in program.source
    value, gradient = program.gradient([[a.data for a in x]])
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx([w.grad], rel=1e-12)


def test_a_loop_computes_what_its_statements_compute(graph, monkeypatch):
    loss, inputs, parameters = graph
    rolled = vectorize(loss, inputs, parameters)
    monkeypatch.setattr(recurrences, "SHORT", 10**9)
    written_out = vectorize(loss, inputs, parameters)
    assert "\n    for " in rolled.source
    assert "\n    for " not in written_out.source
    assert len(rolled.source) < 0.6 * len(written_out.source)
    for n in (1, 7, 3, 7):
        batch = RNG.normal(size=(n, len(inputs)))
        (value, gradient), (other, others) = rolled.gradient(batch), written_out.gradient(batch)
        assert value == other
        assert gradient.tolist() == others.tolist()


def test_a_loop_agrees_with_the_eager_graph(graph):
    loss, inputs, parameters = graph
    program = pickle.loads(pickle.dumps(vectorize(loss, inputs, parameters)))
    loss.backward()
    value, gradient = program.gradient([[x.data for x in inputs]])
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx(np.array([p.grad for p in parameters]), rel=1e-10, abs=1e-15)


def test_the_source_of_a_recurrence_does_not_grow_with_its_steps():
    sources = [vectorize(*recurrence(steps)).source for steps in (200, 400)]
    assert len(sources[0].splitlines()) == len(sources[1].splitlines()) < 60
    assert "# 199 times:" in sources[0] or "# 200 times:" in sources[0]


def test_short_programs_are_written_out():
    assert "for " not in vectorize(*recurrence(8)).source.partition("def forward")[2]


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ([7, 8, *[1, 2, 3] * 100, 9], [(2, 3, 100)]),
        ([*[1, 2, 3] * 100, 1], [(0, 3, 100)]),
        ([*[1, 2] * 200, *[3] * 300], [(0, 2, 200), (400, 1, 300)]),
        ([*[1, 1, 2] * 150], [(0, 3, 150)]),
        ([*range(500)], []),
        ([1] * 200, []),
        ([*[*range(150)] * 3], []),
    ],
    ids=["in the middle", "with a rest", "two", "a form twice in a turn", "nothing", "too short", "too seldom"],
)
def test_what_repeats_is_found(forms, expected):
    assert recurrences._repeats(np.array(forms), 0, len(forms)) == expected
