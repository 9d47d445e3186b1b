"""The third gear: a scalar graph lifted into a NumPy program gives what the eager graph gives, row by row."""

import pickle
import random
import subprocess
import sys
import threading

import numpy as np
import pytest

import autograd
from autograd import Value, dot, exp, log, logsumexp, maximum, minimum, relu, sigmoid, sqrt, square, tanh, vectorize
from nn import MLP, softmax_cross_entropy

UNARY = [exp, autograd.sin, tanh, sigmoid, relu, autograd.softplus, square, autograd.abs, autograd.gelu, autograd.erf]


def random_graph(seed):
    """Inputs, parameters and an output with fan-out, repeated operands, reductions, constants and unused leaves."""
    rng = random.Random(seed)
    xs = [Value(rng.uniform(-1, 1), f"x{i}") for i in range(rng.randint(1, 4))]
    ws = [Value(rng.uniform(-1, 1), f"w{i}") for i in range(rng.randint(1, 6))]
    pool = xs + ws
    for _ in range(rng.randint(1, 30)):
        a, b, c = (rng.choice(pool) for _ in range(3))
        senders = rng.sample(pool, min(len(pool), rng.randint(2, 4)))
        made = rng.choice(
            [
                lambda: [rng.choice(UNARY)(a)],
                lambda: [a + b * 2.0 - 1.0],
                lambda: [a * b],
                lambda: [-a * a],
                lambda: [maximum(a, b)],
                lambda: [minimum(a, b, c)],
                lambda: [logsumexp([a, b, c])],
                lambda: [a / (square(b) + 1.0)],
                lambda: [(square(a) + 0.5) ** rng.choice([0.5, 2, 3, -1.5])],
                lambda: [autograd.sum([rng.choice(pool) for _ in range(rng.randint(1, 12))])],
                lambda: [tanh(dot([rng.choice(ws) for _ in senders], senders, rng.choice(ws))) for _ in range(3)],
            ]
        )()
        pool += [tanh(v) if abs(v.data) > 1e3 else v for v in made]
    return xs, ws, autograd.sum(pool[-3:])


def eager(output, inputs, parameters, batch):
    """Values and gradients of the rows, (n,) and (n, parameters), by the eager graph."""
    values, gradients = [], []
    for row in batch.tolist():
        for leaf, number in zip(inputs, row, strict=True):
            leaf.data = number
        output.refresh().zero_grad()
        for parameter in parameters:
            parameter.grad = 0.0
        output.backward()
        values.append(output.data)
        gradients.append([parameter.grad for parameter in parameters])
    return np.array(values), np.array(gradients)


@pytest.mark.parametrize("seed", range(150))
def test_a_random_graph_and_its_program_agree_on_every_row(seed):
    inputs, parameters, output = random_graph(seed)
    reduction = ["mean", "sum"][seed % 2]
    program = vectorize(output, inputs, parameters, reduction)
    batch = np.random.default_rng(seed).uniform(-1, 1, ([1, 2, 7][seed % 3], len(inputs)))
    values, gradients = eager(output, inputs, parameters, batch)
    value, gradient = program.gradient(batch)
    np.testing.assert_allclose(program.values(batch), values, rtol=1e-10, atol=1e-12)
    reduce = getattr(np, reduction)
    assert value == pytest.approx(reduce(values), rel=1e-10, abs=1e-12)
    scale = np.abs(gradients).sum() + 1e-9
    np.testing.assert_allclose(gradient, reduce(gradients, axis=0), rtol=1e-9, atol=1e-11 * scale)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("sizes", [(2, [3, 2]), (5, [4, 4, 3]), (70, [3, 2])])
def test_an_expanded_and_a_fused_network_are_one_program(sizes, bias):
    sources = []
    for expanded in (False, True):
        mlp = MLP(*sizes, activation="tanh", bias=bias, rng=0, expanded=expanded)
        record = mlp.forward([0.1] * sizes[0])
        targets = [Value(float(k == 0), f"t{k}") for k in range(sizes[1][-1])]
        loss = softmax_cross_entropy(record.output, targets)
        program = vectorize(loss, [*record.inputs, *targets], mlp.parameters())
        sources.append(program.source)
    assert sources[0] == sources[1]


def test_the_program_of_document_002_reads_as_one_derives_it():
    mlp = MLP(2, [3, 3], activation="relu", output="identity", rng=0)
    record = mlp.forward([1.0, 2.0])
    targets = [Value(1.0, "t1"), Value(0.0, "t2"), Value(0.0, "t3")]
    loss = softmax_cross_entropy(record.output, targets)
    source = vectorize(loss, [*record.inputs, *targets], mlp.parameters()).source
    for line in ("# z1 = W1 @ x + b1", "# a1 = relu(z1)", "# z2 = W2 @ a1 + b2", "# dW2 = dz2 @ a1.T", "# dW1 = dz1 @ x.T"):
        assert line in source


def test_tied_weights_and_a_penalty_count_as_often_as_they_stand():
    """w serves two layers, and λw² is part of every row's loss: under "sum" n times, under "mean" once."""
    w, x, unused = Value(0.7, "w"), Value(1.0, "x"), Value(5.0, "unused")
    loss = square(tanh(w * tanh(w * x)) - 0.3) + 0.1 * w * w
    batch = np.array([[0.5, 1.0], [-1.0, 2.0], [2.0, 3.0]])
    values, gradients = eager(loss, [x, unused], [w], batch)
    for reduction in ("sum", "mean"):
        value, gradient = vectorize(loss, [x, unused], [w], reduction).gradient(batch)
        assert value == pytest.approx(getattr(values, reduction)(), rel=1e-12)
        np.testing.assert_allclose(gradient, getattr(gradients, reduction)(axis=0), rtol=1e-12)


def test_several_outputs_are_columns():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    program = vectorize([x * w, exp(x), w * 1.0], [x], [w])
    np.testing.assert_allclose(program.values([[1.0], [0.0]]), [[3.0, np.e, 3.0], [0.0, 1.0, 3.0]], rtol=1e-15)
    with pytest.raises(ValueError, match="3 outputs"):
        program.gradient([[1.0]])


def lifted():
    x, t, w, b = Value(2.0, "x"), Value(1.0, "t"), Value(3.0, "w"), Value(0.5, "b")
    return vectorize(square(sigmoid(w * x + b) - t), [x, t], [w, b])


def test_a_program_pickles_runs_in_another_process_and_holds_no_value():
    program = lifted()
    data = pickle.dumps(program)
    assert b"rebuild_node" not in data  # what a pickled Value would need
    code = "import pickle, sys; p = pickle.load(sys.stdin.buffer); print(repr(p.gradient([[1.0, 0.0], [2.0, 1.0]])))"
    run = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert run.stdout.decode().strip() == repr(program.gradient([[1.0, 0.0], [2.0, 1.0]]))


def test_gradients_are_the_caller_s_and_programs_share_nothing():
    one, two = lifted(), lifted()
    _, first = one.gradient([[1.0, 0.0]])
    kept = first.copy()
    two.gradient([[5.0, 1.0]])
    one.gradient([[7.0, 1.0]])
    np.testing.assert_array_equal(first, kept)


def test_threads_have_buffers_of_their_own():
    program = lifted()
    batches = [np.random.default_rng(k).normal(size=(50, 2)) for k in range(4)]
    expected = [program.gradient(batch) for batch in batches]
    wrong = []

    def work(k):
        for _ in range(100):
            value, gradient = program.gradient(batches[k])
            if value != expected[k][0] or (gradient != expected[k][1]).any():
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_load_and_store_exchange_parameters_with_values():
    program, values = lifted(), [Value(0.0), Value(0.0)]
    program.store(values)
    assert [v.data for v in values] == [3.0, 0.5]
    values[0].data = -1.0
    program.load(values)
    assert program.parameters.tolist() == [-1.0, 0.5]
    with pytest.raises(ValueError, match="2 parameters, not 1"):
        program.load(values[:1])


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([[1.0]], "shape"),
        ([1.0, 2.0], "shape"),
        (np.empty((0, 2)), "at least one row"),
        ([["a", "b"]], "give"),
        ([[1.0, 2.0], [float("nan"), 1.0]], "row 1, input x is nan"),
        ([[1.0, float("inf")]], "row 0, input t is inf"),
    ],
)
def test_a_bad_batch_is_refused_with_its_place(batch, message):
    with pytest.raises(ValueError, match=message):
        lifted().gradient(batch)


def test_what_python_refuses_names_row_operation_and_operand():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    with pytest.raises(ValueError, match=r"row 1: log\(-2.0\).*log needs x > 0"):
        vectorize(log(w * x), [x], [w]).value([[1.0], [-2.0]])
    with pytest.raises(ZeroDivisionError, match=r"row 2: the derivative of sqrt"):
        vectorize(sqrt(w * x), [x], [w]).gradient([[1.0], [4.0], [0.0]])


def test_leaves_must_be_declared_once():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    with pytest.raises(ValueError, match="leaf w = 2.0 is neither"):
        vectorize(x * w, [x])
    with pytest.raises(ValueError, match="declared twice"):
        vectorize(x * w, [x], [w, x])
    with pytest.raises(ValueError, match="declare a leaf"):
        vectorize(x * w, [x * 1.0], [w])


def test_a_branch_or_a_baked_in_number_is_found_by_a_second_trace():
    w = Value(2.0, "w")
    with pytest.raises(ValueError, match=r"example 1 than for example 0.*Python branch"):
        vectorize(lambda x: w * x if x > 0 else x * x, [[1.0], [-1.0]], [w])
    with pytest.raises(ValueError, match="make the number an input"):
        vectorize(lambda x, t: square(w * x - t.data), [[1.0, 0.0], [1.0, 1.0]], [w])


def test_check_compares_every_row_with_the_eager_graph():
    w = Value(2.0, "w")
    program = vectorize(lambda x: relu(w * x), [[1.0], [-1.0]], [w])
    assert program.check(lambda x: relu(w * x), [[1.0], [-3.0]]) == 0.0
    with pytest.raises(AssertionError, match="row 1"):
        program.check(lambda x: w * x, [[1.0], [-3.0]])


def test_names_are_data():
    """A hostile name ends as an identifier, or not at all."""
    names = ["import os", "x); print(1", "lambda", "n", "batch", "exp", "ä" * 10_000, "\n", "__builtins__"]
    inputs = [Value(0.1 * k, name) for k, name in enumerate(names, 1)]
    total = autograd.sum([exp(x).named(name) for x, name in zip(inputs, names, strict=True)])
    program = vectorize(square(total), inputs)
    assert program.value([[0.0] * len(names)]) == pytest.approx(len(names) ** 2)


def test_float32_is_kept_throughout():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    program = vectorize(square(tanh(w * x)), [x], [w], dtype=np.float32)
    value, gradient = program.gradient(np.ones((3, 1)))
    assert gradient.dtype == np.float32 == program.values(np.ones((3, 1))).dtype
    assert value == pytest.approx(np.tanh(2.0) ** 2, rel=1e-6)
