"""What repeats in a lifted program is written once, in a loop, and computes the same numbers."""

import pickle
import re
from itertools import chain
from operator import add, mul, sub
from random import Random

import numpy as np
import pytest

from autograd import Value, cos, dot, maximum, relu, sigmoid, sin, softplus, step, tanh, vectorize
from autograd import sum as total
from autograd.lifting import pipeline
from autograd.lifting.passes import reroll_loops as rerolling
from autograd.lifting.passes.canonicalize import canonicalize
from autograd.lifting.passes.pack import pack
from autograd.lifting.passes.trace import trace
from autograd.lifting.pipeline import plan_of
from autograd.lifting.plan import Recurrence
from nn import MLP, mse

RNG = np.random.default_rng(5)


@pytest.fixture(autouse=True)
def every_graph_is_lifted_anew(monkeypatch):
    """Find no plan again, for some tests here change how graphs are planned."""
    monkeypatch.setattr(pipeline, "MAX_NODES_KEPT", -1)


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
    """A sum of many terms, added up one by one."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    y, total = x, w
    for _ in range(steps):
        y = sin(y) * w
        total = total - y
    return total, [x], [w]


def the_same_again(steps):
    """A term that hands the same number on to its parameter in every step."""
    x, w = Value(1.0, "x"), Value(0.3, "w")
    y, total = w, w
    for _ in range(steps):
        y = w + step(y) * x
        total = total + y
    return total, [x], [w]


def untrained_states(steps):
    """The weight meets states that depend on the input alone."""
    x, w = Value(0.3, "x"), Value(0.7, "w")
    state, total = x, w * x
    for _ in range(steps):
        state = sin(state)
        total = total + 0.5 * w * state
    return total, [x], [w]


def parameters_alone(steps):
    """The input comes after the last iteration."""
    x, w = Value(0.3, "x"), Value(0.2, "w")
    y = w
    for _ in range(steps):
        y = sin(y)
    return y * x, [x], [w]


def over_the_last_turn(steps):
    """A recurrence, and then one over all that its last iteration computed."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    y = x * w
    for _ in range(5):
        states = []
        for k in range(steps):
            y = tanh((1.0 + 0.01 * k) * y)
            states.append(y)
    for state in states:
        y = cos(y + 2.0 * state)
    return y, [x], [w]


def over_what_was_written_out(steps):
    """A recurrence over the states of a few iterations, of which each has three rows."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    row = [x * w, x + w, x - w]
    rows = [row := [tanh((1.0 + 0.01 * k) * state) for state in row] for k in range(steps)]
    y = row[0] * w
    for row in rows:
        y = cos(y + row[1])
    return y, [x], [w]


def interrupted(steps):
    """A recurrence that takes another operand now and then."""
    x, w = Value(0.3, "x"), Value(0.9, "w")
    y, other = x, sin(x)
    for k in range(steps):
        y = tanh(y * w + (other if k % 50 == 49 else x))
    return y, [x], [w]


def recurrent_layer(times):
    """Three neurons that see two inputs at each time, and each other at the time before."""
    x = [[Value(0.1, f"x{t}_{k}") for k in range(2)] for t in range(times)]
    W = [[Value(0.3 * i - 0.2 * k, f"W{i}{k}") for k in range(5)] for i in range(3)]
    b = [Value(0.1 * i, f"b{i}") for i in range(3)]
    h = [tanh(dot(row[:2], x[0], bias)) for row, bias in zip(W, b, strict=True)]
    for now in x[1:]:
        h = [tanh(dot(row, [*now, *h], bias)) for row, bias in zip(W, b, strict=True)]
    return total(h), [*chain(*x)], [*b, *chain(*W)]


def two_loops_back(steps):
    """A recurrence over numbers of its own, and then one over its states, from the last to the first."""
    x, w = [Value(0.1 * k, f"x{k}") for k in range(steps)], Value(0.9, "w")
    states = [x[0] * w]
    for number in x[1:]:
        states.append(tanh(states[-1] * w + number))
    y = states[-1]
    for state in reversed(states):
        y = sin(y + cos(state))
    return y, x, [w]


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
    "untrained states": (untrained_states, 100),
    "parameters alone": (parameters_alone, 100),
    "over the last iteration": (over_the_last_turn, 40),
    "interrupted": (interrupted, 200),
    "two loops back": (two_loops_back, 60),
    "a recurrent layer": (recurrent_layer, 60),
    "a deep network": (deep_network, 90),
}


@pytest.fixture(params=GRAPHS)
def graph(request):
    build, steps = GRAPHS[request.param]
    return build(steps)


def test_a_loop_computes_what_its_statements_compute(graph, monkeypatch):
    loss, inputs, parameters = graph
    rolled = vectorize(loss, inputs, parameters)
    scalar = vectorize(loss, inputs, parameters, engine="scalar")
    assert "\n    for " in scalar.source
    monkeypatch.setattr(rerolling, "MAX_BLOCKS_UNROLLED", 10**9)
    written_out = vectorize(loss, inputs, parameters)
    assert "\n    for " in rolled.source
    assert "\n    for " not in written_out.source
    assert len(rolled.source) < 0.6 * len(written_out.source)
    for n in (1, 7, 3, 7):
        batch = RNG.normal(size=(n, len(inputs)))
        other, others = written_out.gradient(batch)
        for program in (rolled, scalar):
            value, gradient = program.gradient(batch)
            assert value == pytest.approx(other, rel=1e-12)
            assert gradient == pytest.approx(others, rel=1e-10, abs=1e-15)


def test_blocks_before_a_loop_are_no_turns_of_it():
    loss, inputs, parameters = over_what_was_written_out(100)
    loss.backward()
    value, gradient = vectorize(loss, inputs, parameters).gradient([[x.data for x in inputs]])
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx([parameters[0].grad], rel=1e-10)


def test_a_loop_agrees_with_the_eager_graph(graph):
    loss, inputs, parameters = graph
    program = pickle.loads(pickle.dumps(vectorize(loss, inputs, parameters)))
    loss.backward()
    value, gradient = program.gradient([[x.data for x in inputs]])
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx(np.array([p.grad for p in parameters]), rel=1e-10, abs=1e-15)


FUNCTIONS = [sin, cos, tanh, sigmoid, softplus, relu, step, lambda x: x * x, lambda x: -0.5 * x]
FUNCTIONS_OF_TWO = [add, mul, sub, maximum, lambda x, y: x / (2.0 + y * y), lambda x, y: 0.3 * x + 0.7 * y + 0.1]


def random_recurrence(seed):
    """Return a loss, its inputs and its parameters: a few states, and iterations that all compute the same.

    An iteration uses states of the iteration before, or of one a few iterations before, inputs and
    parameters that are the same in all iterations, others of its own, and weights, tied or its own.
    """
    random = Random(seed)

    def leaves(name, *shape):
        count, *rest = shape
        if rest:
            return [leaves(f"{name}{k}", *rest) for k in range(count)]
        return [Value(random.uniform(-0.8, 0.8), f"{name}{k}") for k in range(count)]

    iterations, width, lag = random.randint(4, 12), random.randint(1, 4), random.choice([1, 1, 2, 3])
    x, w, b = leaves("x", 2), leaves("w", 2), leaves("b", width)
    own_x, own_w = leaves("u", iterations, 2), leaves("q", iterations, 2)
    W = leaves("m", iterations, width, width)
    tied, layered, keeps = random.random() < 0.5, random.random() < 0.5, random.random() < 0.5
    ahead = [sin(x[0] * w[0]), w[0] * w[1], x[0] * x[1]]
    steps, known = [], 2 * width + 11
    for _ in range(random.randint(1, 8)):
        arity = random.choice([1, 2])
        f = random.choice(FUNCTIONS if arity == 1 else FUNCTIONS_OF_TWO)
        steps.append((f, [random.randrange(known) for _ in range(arity)]))
        known += 1
    chosen = [random.randrange(known - 4, known) for _ in range(width)]
    first = random.choice([x, w, x + w + ahead])
    states = [[random.choice(first) for _ in range(width)] for _ in range(lag)]
    kept = []
    for t in range(iterations):
        values = [*states[-1], *states[-lag], *x, *w, *own_x[t], *own_w[t], *ahead]
        for f, operands in steps:
            values.append(f(*[values[k] for k in operands]))
        state = [tanh(values[k]) for k in chosen]
        if layered:
            state = [tanh(dot(row, state, bias)) for row, bias in zip(W[0 if tied else t], b, strict=True)]
        states.append(state)
        kept.append(values[-1])
    loss = total([0.5 * y for y in states[-1]])
    if random.random() < 0.3:
        loss = loss + w[0] * total([state[0] for state in states])
    if keeps:
        for y, state in zip(kept, reversed(states), strict=False):  # a second loop, which goes back over the first
            loss = sin(loss + y * state[0])
    inputs, parameters = [*x, *chain(*own_x)], [*w, *b, *chain(*own_w), *chain(*chain(*W))]
    random.shuffle(parameters if random.random() < 0.5 else inputs)
    return loss, inputs, parameters


@pytest.mark.parametrize("engine", ["numpy", "scalar"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("seed", range(60))
def test_random_recurrences_agree_with_the_eager_graph(seed, reduction, engine, monkeypatch):
    monkeypatch.setattr(rerolling, "MAX_BLOCKS_UNROLLED", 6)
    loss, inputs, parameters = random_recurrence(seed)
    program = vectorize(loss, inputs, parameters, reduction, engine=engine)
    batch = np.random.default_rng(seed).normal(size=(3, len(inputs)))
    values, gradients = [], []
    for row in batch.tolist():
        for leaf, number in zip(inputs, row, strict=True):
            leaf.data = number
        values.append(loss.refresh().data)
        gradients.append([d.data for d in loss.derivatives(parameters)])
    value, gradient = program.gradient(batch)
    reduce = getattr(np, reduction)
    assert program.values(batch) == pytest.approx(values, rel=1e-10, abs=1e-13)
    assert value == pytest.approx(reduce(values), rel=1e-10, abs=1e-13)
    assert gradient == pytest.approx(reduce(gradients, axis=0), rel=1e-9, abs=1e-12)


def test_many_random_recurrences_have_loops(monkeypatch):
    monkeypatch.setattr(rerolling, "MAX_BLOCKS_UNROLLED", 6)
    sources = [vectorize(*random_recurrence(seed)).source for seed in range(60)]
    assert sum("\n    for " in source for source in sources) > 20
    assert sum("_before" in source for source in sources) > 20


def test_the_source_of_a_recurrence_does_not_grow_with_its_steps():
    sources = [vectorize(*recurrence(steps)).source for steps in (200, 400)]
    assert len(sources[0].splitlines()) == len(sources[1].splitlines()) < 90
    assert "# 199 iterations:" in sources[0]


def test_of_all_iterations_of_a_loop_one_becomes_blocks():
    counts = []
    for steps in (200, 400):
        loss, inputs, parameters = recurrence(steps)
        groups = pack(canonicalize(trace([loss], inputs, parameters)))
        rerolling.reroll_loops(groups)
        counts.append(len(groups.blocks))
    assert counts[0] == counts[1] < 20


def headers(build, steps):
    return re.findall(r"\n    for (.*) in (?:steps|range)", vectorize(*build(steps)).source)


def test_a_loop_has_as_many_variables_as_it_needs():
    assert headers(untrained_states, 100) == ["v3_before, v3_t, v4_t", "v3_before,"]
    assert headers(the_same_again, 400) == ["v5_before, v3_t, v5_t", "_"]


def test_a_recurrence_that_is_interrupted_is_several_loops():
    assert len(headers(interrupted, 200)) == 2 * 4


def test_a_loop_keeps_the_turns_that_are_read_again_and_adds_biases_in_the_product():
    source = vectorize(*deep_network(90)).source
    assert "z2 = dz2 = empty((6, n), dtype)" in source  # two iterations of three rows
    assert "a1_and_1 = ones((356, n), dtype)" in source  # all iterations, with ones, for the backward pass
    assert "        dot(W2_and_b2_t, a1_and_1_t, out=z2_t)\n" in source
    assert "v2_t" in vectorize(*recurrence(100)).source.partition("# Constants")[0]  # an array for one iteration


def test_what_a_turn_uses_is_its_own_an_earlier_turns_or_from_outside():
    loss, inputs, parameters = two_loops_back(20)
    plan = plan_of(trace([loss], inputs, parameters))
    first, second = [x for x in plan.blocks if isinstance(x, Recurrence)]
    assert [(len(x.first), x.block.size) for x in first.carried] == [(1, 1)]
    assert [x.varies for x in first.external] == [False, True]  # w, and the number of each time
    assert [(x.varies, x.backwards) for x in second.external] == [(True, True)]
    assert {x.rows.block for x in second.external} <= set(first.stacks)


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
        ([1] * 32, []),
        ([*[*range(150)] * 3], []),
    ],
    ids=["in the middle", "with a rest", "two", "a form twice in an iteration", "nothing", "too short", "too seldom"],
)
def test_what_repeats_is_found(forms, expected):
    assert rerolling._repeats(np.array(forms), 0, len(forms)) == expected


def predator_and_prey(steps):
    """Return both states after so many steps of a fourth-order Runge-Kutta method, and the six leaves."""
    x, y, a, b, c, d = leaves = [Value(0.5 + 0.1 * k, name) for k, name in enumerate("xyabcd")]

    def slopes(x, y):
        return a * x - b * x * y, c * x * y - d * y

    h = 0.05
    for _ in range(steps):
        stages = [slopes(x, y)]
        for step_of_stage in (0.5 * h, 0.5 * h, h):
            p, q = stages[-1]
            stages.append(slopes(x + step_of_stage * p, y + step_of_stage * q))
        x, y = [
            z + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
            for z, (k1, k2, k3, k4) in zip((x, y), zip(*stages, strict=True), strict=True)
        ]
    return [x, y], leaves


def linear(steps):
    """yₖ₊₁ = w yₖ + b, whose adjoints depend on no state."""
    x, w, b = leaves = [Value(0.3, "x"), Value(0.9, "w"), Value(0.1, "b")]
    y = x
    for _ in range(steps):
        y = y * w + b
    return [y], leaves


def swing(steps):
    """A pendulum, whose adjoints take the cosine of each state."""
    angle, velocity, g = leaves = [Value(0.3, "angle"), Value(0.9, "velocity"), Value(1.1, "g")]
    x, v = angle, velocity
    for _ in range(steps):
        v = v - 0.1 * g * sin(x)
        x = x + 0.1 * v
    return [x * x + v * v], leaves


@pytest.mark.parametrize("build", [predator_and_prey, linear, swing])
def test_the_derivatives_of_a_recurrence_are_loops_however_many_steps_it_has(build):
    lengths = []
    for steps in (60, 121):
        outputs, leaves = build(steps)
        derivatives = [d for output in outputs for d in output.derivatives(leaves)]
        expected = [x.data for x in (*outputs, *derivatives)]
        program = vectorize([*outputs, *derivatives], leaves)
        lengths.append(len(program.source.splitlines()))
        for engine in ("numpy", "scalar"):
            values = vectorize([*outputs, *derivatives], leaves, engine=engine).values([[leaf.data for leaf in leaves]])
            assert values[0] == pytest.approx(expected, rel=1e-10)
    assert lengths[0] == lengths[1]
