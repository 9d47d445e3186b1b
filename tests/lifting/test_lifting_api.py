"""What a program promises its caller: it stands alone, keeps to itself, refuses what it cannot mean, and says where."""

# ruff: noqa: A004  (sum is the field's name)

import copy
import gc
import math
import pickle
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from engine_cases import NO_LOG

from autograd import Program, Value, dot, exp, log, logsumexp, operation, sigmoid, sin, sqrt, step, sum, tanh, vectorize
from autograd.lifting.numpy_rows import MAX_BATCH_SIZES

ROWS = np.random.default_rng(0).uniform(0.5, 1.5, (6, 2))


def graph():
    """A small graph that uses two inputs and three parameters, fresh at each call."""
    x, w = [Value(0.5, "x"), Value(1.5, "y")], [Value(0.2, "v"), Value(-0.4, "w"), Value(0.1, "b")]
    return sigmoid(dot(w[:2], x, w[2])) ** 2 + 0.1 * w[0] * x[1], x, w


def program(**options):
    return vectorize(*graph(), **options)


def one(f, x=0.5, w=2.0):
    """Lift a function of one input and one parameter."""
    leaves = Value(x, "x"), Value(w, "w")
    return vectorize(f(*leaves), leaves[:1], leaves[1:])


# On its own -----------------------------------------------------------------------------------------------------------


def test_a_program_pickles_and_runs_in_another_process():
    p = program()
    p.parameters[:] = [0.3, -0.1, 0.7]
    code = (
        "import pickle, sys; p, rows = pickle.load(sys.stdin.buffer); value, gradient = p.gradient(rows);"
        "print(repr([value, *gradient.tolist()]))"
    )
    found = subprocess.run([sys.executable, "-c", code], input=pickle.dumps((p, ROWS)), capture_output=True, check=True)
    value, gradient = p.gradient(ROWS)
    assert found.stdout.decode().strip() == repr([value, *gradient.tolist()])


def test_a_program_holds_no_value_before_or_after_running():
    p = program()
    p.gradient(ROWS)
    seen, stack = set(), [p]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, (type, type(sys), type(len))):
            continue
        seen.add(id(thing))
        assert not isinstance(thing, Value)
        if not callable(thing) or isinstance(thing, Program):  # functions lead to modules, and so to everything
            stack += gc.get_referents(thing)
    assert b"Value" not in pickle.dumps(p)


def test_the_graph_is_freed_once_it_is_lifted():
    loss, x, w = graph()
    p = vectorize(loss, x, w)
    w[0].data = 100.0
    before = p.value(ROWS)
    del loss, x, w
    assert p.value(ROWS) == before


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("declared", [True, False])
def test_lifting_leaves_the_garbage_collector_as_it_was(enabled, declared):
    loss, x, w = graph()
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        if declared:
            vectorize(loss, x, w).jacobian(ROWS)
        else:
            with pytest.raises(ValueError, match="neither an input nor a parameter"):
                vectorize(loss, x)
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_the_garbage_collector_rests_while_a_graph_is_lifted():
    loss, x, w = graph()
    for k in range(2000):
        loss = sin(loss) * w[0] + 0.1 * k
    collections = []
    gc.collect()
    gc.callbacks.append(lambda phase, _: collections.append(phase))
    try:
        vectorize(loss, x, w)
    finally:
        gc.callbacks.pop()
    assert len(collections) <= 2  # the start and the end of one, when it is over


def test_a_copy_has_parameters_of_its_own():
    p = program()
    q = copy.deepcopy(p)
    q.parameters[:] = 0.0
    assert p.parameters.tolist() == [0.2, -0.4, 0.1]
    assert q.value(ROWS) == 0.25


def test_two_programs_share_no_buffers():
    p, q = program(), program()
    value, gradient = p.gradient(ROWS)
    q.parameters[:] = 5.0
    other, other_gradient = q.gradient(2 * ROWS)
    assert not np.shares_memory(gradient, other_gradient)
    assert not np.shares_memory(p.parameters, q.parameters)
    assert (value, gradient.tolist()) == (p.gradient(ROWS)[0], p.gradient(ROWS)[1].tolist())
    assert other != value


def test_a_returned_gradient_and_returned_values_are_the_callers():
    p = program()
    _, gradient = p.gradient(ROWS)
    values, kept = p.values(ROWS), gradient.copy()
    kept_values = values.copy()
    p.parameters[:] = 1.0
    p.gradient(3 * ROWS)
    p.values(3 * ROWS)
    assert gradient.tolist() == kept.tolist()
    assert values.tolist() == kept_values.tolist()


def test_a_batch_is_never_written_to_and_may_be_any_view():
    batched = np.random.default_rng(1).uniform(0.5, 1.5, (12, 4))
    batched.flags.writeable = False
    p = program()
    assert (
        p.value(batched[::2, 1:3]) == p.value(batched[::2, 1:3].copy()) == p.value(np.asfortranarray(batched[::2, 1:3]))
    )
    assert p.value(batched[::2, 1:3].tolist()) == p.value(batched[::2, 1:3])


def test_several_threads_at_once_get_the_right_results_for_more_sizes_than_are_kept():
    p = program()
    batches = [np.random.default_rng(n).uniform(-1, 1, (n, 2)) for n in range(1, MAX_BATCH_SIZES + 4)]
    expected = [(value, gradient.tolist()) for value, gradient in map(p.gradient, batches)]
    wrong = []

    def work(first):
        for k in range(first, first + 10 * len(batches)):
            value, gradient = p.gradient(batches[k % len(batches)])
            if (value, gradient.tolist()) != expected[k % len(batches)]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_float32_is_float32_throughout():
    p, q = program(dtype=np.float32), program()
    value, gradient = p.gradient(ROWS)
    assert {p.parameters.dtype, gradient.dtype, p.values(ROWS).dtype} == {np.dtype(np.float32)}
    assert value == pytest.approx(q.gradient(ROWS)[0], rel=1e-6)
    assert gradient == pytest.approx(q.gradient(ROWS)[1], rel=1e-5)
    assert pickle.loads(pickle.dumps(p)).parameters.dtype == np.float32
    for dtype in (int, np.float16, complex):
        with pytest.raises(ValueError, match="choose float64 or float32"):
            program(dtype=dtype)


def test_mean_and_sum_differ_by_the_number_of_rows():
    (mean, slope), (total, slopes) = program().gradient(ROWS), program(reduction="sum").gradient(ROWS)
    assert total == pytest.approx(6 * mean, rel=1e-14)
    assert slopes == pytest.approx(6 * slope, rel=1e-13)
    with pytest.raises(ValueError, match="reduction is 'max'; choose 'mean' or 'sum'"):
        program(reduction="max")


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            [[1.0, 2.0, 3.0]],
            "the batch has the shape (1, 3); it takes at least one row of 2 numbers, one for each of x, y",
        ),
        ([1.0, 2.0], "the batch has the shape (2,)"),
        ([], "the batch has the shape (0,)"),
        (np.zeros((0, 2)), "the batch has the shape (0, 2)"),
        (3.0, "the batch has the shape ()"),
        ([[1.0, 2.0], [3.0]], "the batch has rows of different lengths: row 0 has 2, row 1 has 1"),
        ("text", "the batch is 'text', not a number"),
        ([[1.0, 2.0], [3.0, "4"]], "row 1, column 1 of the batch is '4', not a number"),
        ([["1", "2"]], "row 0, column 0 of the batch is '1', not a number"),
        ([[1.0, 2.0], [None, 2.0]], "row 1, column 0 of the batch is None, not a number"),
        ([[1.0, 2.0j]], "row 0, column 1 of the batch is 2j, not a number"),
        ([[1.0, Value(2.0)]], "row 0, column 1 of the batch is Value(2.0"),
        ([[1.0, 2.0], [1.0, math.nan]], "row 1, input y is nan: give a finite number"),
        ([[1.0, 2.0], [-math.inf, 1.0]], "row 1, input x is -inf: give a finite number"),
    ],
)
def test_a_bad_batch_is_refused_with_its_place(batch, message):
    p = vectorize(*(lambda x, y, w: (x * y * w, [x, y], [w]))(Value(1.0, "x"), Value(2.0, "y"), Value(3.0, "w")))
    for call in (p.value, p.values, p.gradient):
        with pytest.raises(ValueError, match=re.escape(message)):
            call(batch)


def test_a_parameter_that_is_not_finite_is_named():
    p = program()
    p.parameters[1] = math.nan
    with pytest.raises(ValueError, match="parameter w is nan"):
        p.gradient(ROWS)


@pytest.mark.parametrize(
    ("f", "bad", "error", "message"),
    [
        (lambda x, w: log(x) * w, -1.0, ValueError, f"row 2: log(x = -1.0): {NO_LOG}; log needs x > 0"),
        (lambda x, w: w / x, 0.0, ZeroDivisionError, "row 2: div(w = 2.0, x = 0.0)"),
        (lambda x, w: exp(x * w), 1e3, OverflowError, "row 2: exp(2000.0): the result is beyond the largest float"),
        (lambda x, w: (x + 0.0) ** (w / 4.0), -8.0, ValueError, "row 2: pow("),
        (lambda x, w: sqrt((x * w).named("z")), -1.0, ValueError, "row 2: sqrt(z = -2.0)"),
    ],
)
def test_what_python_refuses_is_refused_with_row_operation_and_names(f, bad, error, message):
    p = one(f)
    for call in (p.value, p.values, p.gradient):
        with pytest.raises(error, match=re.escape(message)):
            call([[0.5], [1.0], [bad], [bad]])


def test_an_infinite_derivative_is_refused_in_the_gradient_alone():
    p = one(lambda x, w: sqrt(w * x))
    assert p.value([[0.0], [0.5]]) == 0.5
    with pytest.raises(ZeroDivisionError, match=re.escape("row 1: the derivative of sqrt(0.0)")):
        p.gradient([[0.5], [0.0]])


@pytest.mark.parametrize("biases", [[0.0, 0.0], [None, None]])
@pytest.mark.parametrize(("bad", "weight"), [([0.0, 0.0], 1.0), ([1.0, 1.0], 0.0)])
def test_an_infinite_derivative_in_or_beside_a_layer_is_refused(biases, bad, weight):
    x, w = [Value(0.5), Value(0.5)], [[Value(1.0), Value(2.0)], [Value(weight, "w"), Value(1.0)]]
    b = [None if bias is None else Value(bias) for bias in biases]
    loss = sum([sqrt(dot(row, x, bias)) for row, bias in zip(w, b, strict=True)]) + sqrt(w[1][0])
    p = vectorize(loss, x, [*w[0], *w[1], *[bias for bias in b if bias is not None]])
    place = "row 1: the derivative of sqrt(0.0)" if weight else "the derivative of sqrt(w = 0.0)"
    with pytest.raises(ZeroDivisionError, match=re.escape(place)):
        p.gradient([[0.5, 0.5], bad])


def test_an_infinite_derivative_in_a_layer_without_biases_is_refused():
    x, w = [Value(0.5), Value(0.5)], [[Value(1.0), Value(2.0)], [Value(1.0), Value(1.0)]]
    p = vectorize(sum([sqrt(dot(row, x)) for row in w]), x, [*w[0], *w[1]])
    with pytest.raises(ZeroDivisionError, match=re.escape("row 1: the derivative of sqrt(0.0)")):
        p.gradient([[0.5, 0.5], [0.0, 0.0]])


@pytest.mark.parametrize("inputs", [False, True])
def test_an_infinite_sender_of_a_layer_is_refused_though_its_deltas_are_zero(inputs):
    x, w = [Value(0.5, "x1"), Value(0.2, "x2")], [[Value(1.0), Value(2.0)], [Value(3.0), Value(1.0)]]
    b = [Value(0.0), Value(0.0)]
    senders = x if inputs else [exp(value) for value in x]
    loss = sum([sigmoid(dot(row, senders, bias)) for row, bias in zip(w, b, strict=True)])
    p = vectorize(loss, x, [*w[0], b[0], *w[1], b[1]])
    with pytest.raises(ValueError if inputs else OverflowError, match=r"row 0[,:] (input x1 is inf|exp[(]x1 = 1000)"):
        p.gradient([[math.inf if inputs else 1000.0, 1.0]])


@pytest.mark.parametrize(
    ("c", "steps", "dtype"), [(0.1, 46, np.float32), (0.01, 170, float), (0.5, 1000, float), (1e-200, 1, float)]
)
def test_numbers_on_the_way_do_not_multiply_up_beyond_the_floats(c, steps, dtype):
    x, w = Value(1.0, "x"), Value(1.0 / c, "w")
    z = x
    for _ in range(steps):
        z = c * (w * z)
    z.backward()
    value, gradient = vectorize(z, [x], [w], dtype=dtype).gradient([[1.0]])
    assert value == pytest.approx(1.0, rel=1e-6)
    assert gradient == pytest.approx([w.grad], rel=1e-5)


@pytest.mark.parametrize(("c", "u"), [(1e300, 1e-200), (1e-300, 1e200)])
def test_a_number_far_from_one_meets_its_factors_in_their_order(c, u):
    q, x, y = Value(1.0, "q"), Value(u, "x"), Value(u, "y")
    loss = (c * (q * x)) * y
    loss.backward()
    assert vectorize(loss, [x, y], [q]).gradient([[u, u]])[1] == pytest.approx([q.grad], rel=1e-12)


def test_a_gradient_that_vanishes_is_zero():
    x, w = Value(0.3, "x"), Value(0.4, "w")
    a = tanh(w * x)
    v = sin(w * x)
    for loss in (
        1e-200 * (1e-200 * (sin(a) + exp(a))),
        1e-200 * (1e-200 * (v + exp(w * x))) + 1e-200 * (1e-200 * (v + tanh(w * x))),
    ):
        assert vectorize(loss, [x], [w]).gradient([[0.3]])[1].tolist() == [0.0]


def test_what_python_lets_pass_passes():
    p = one(lambda x, w: x * 1e308 * w)
    assert p.value([[10.0]]) == math.inf
    assert p.gradient([[10.0]])[0] == math.inf


@pytest.mark.parametrize("loss", [3.0, "x", [], [3.0], None])
def test_only_values_are_lifted(loss):
    with pytest.raises(TypeError, match="vectorize takes the Value that a graph ends in"):
        vectorize(loss, [])


# A function that builds the loss --------------------------------------------------------------------------------------


def test_a_function_is_lifted_from_examples():
    w = Value(2.0, "w")
    p = vectorize(lambda x, t: (w * x - t) ** 2, [[1.0, 0.0], [0.0, 1.0]], [w])
    value, gradient = p.gradient([[3.0, 5.0]])
    assert (value, gradient.tolist()) == (1.0, [6.0])


@pytest.mark.parametrize(
    ("f", "difference"),
    [
        (lambda x, w: w * x if x > 0 else -x * w, "x · w against -1.0 · x"),
        (lambda x, w: sin(w * x) if x > 0 else tanh(w * x), "sin(…) against tanh(…)"),
        (lambda x, w: w * x * x.data, "x · w against -1.0 · x · w"),
        (lambda x, w: (w * x * x) ** (2.5 + x.data), "pow(…, 3.5) against pow(…, 1.5)"),
        (lambda x, w: x * 1.0 if x > 0 else w * 1.0, "the end is x against w"),
    ],
)
def test_a_python_branch_and_a_baked_in_number_are_found(f, difference):
    w = Value(2.0, "w")
    with pytest.raises(ValueError, match=f"example 0 than for example 1: .*{re.escape(difference)}"):
        vectorize(lambda x: f(x, w), [[1.0], [-1.0]], [w])


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        *[
            (few, "for a function, inputs is a table of at least two")
            for few in ("abc", [1.0, 2.0], [[1.0]], [Value(1.0)])
        ],
        ([["a"], ["b"]], "row 0, column 0 of the table of examples is 'a', not a number"),
        ([["1.0"], ["2.0"]], "row 0, column 0 of the table of examples is '1.0', not a number"),
        ([[1.0], [2.0, 3.0]], "the table of examples has rows of different lengths: row 0 has 1, row 1 has 2"),
        ([[1.0], [math.inf]], "row 1, column 0 of the examples is inf: give a finite number"),
    ],
)
def test_a_function_needs_a_table_of_examples(examples, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        vectorize(lambda x: x * 2, examples)


def test_the_inputs_of_a_function_are_called_like_its_parameters():
    w = Value(2.0, "w")
    p = vectorize(lambda x, t, w=w: (w * x - t) ** 2, [[1.0, 0.0], [0.0, 1.0]], [w])
    with pytest.raises(ValueError, match="row 0, input t is nan"):
        p.value([[1.0, math.nan]])
    q = vectorize(lambda *leaves: leaves[0] * leaves[1] * w, [[1.0, 0.0], [0.0, 1.0]], [w])
    with pytest.raises(ValueError, match="row 0, input x2 is nan"):
        q.value([[1.0, math.nan]])


def test_check_finds_what_a_trace_has_frozen_and_sets_the_leaves_back():
    x, w = Value(1.0, "x"), Value(2.0, "w")

    def f(x):
        return x * w if x > 0 else -x

    loss = f(x)
    p = vectorize(loss, [x], [w])
    assert p.check(f, [[1.0], [3.0]]) == 0.0
    assert p.check(loss, [[1.0], [-3.0]]) == 0.0  # the recorded graph has no branch
    assert (x.data, w.data, loss.data) == (1.0, 2.0, 2.0)
    with pytest.raises(AssertionError, match=re.escape("row 1: the program says -6.0, the eager graph 3.0")):
        p.check(f, [[1.0], [-3.0]])
    with pytest.raises(ValueError, match="give the one that was lifted"):
        p.check(x + 1.0, [[1.0]])


def test_an_infinity_that_python_lets_pass_is_the_eager_one():
    w, x = Value(2.0, "w"), Value(1.0, "x")
    loss = logsumexp([w * x * 1e308 * 10.0, x])
    program = vectorize(loss, [x], [w])
    assert loss.data == math.inf
    assert program.values([[1.0], [0.0]]).tolist() == [math.inf, pytest.approx(math.log(2.0))]
    assert program.value([[1.0], [0.0]]) == math.inf


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("bad", [[], [0], [3], [1, 2, 5], [0, 1, 2, 3, 4, 5]])
def test_a_gradient_that_python_lets_pass_is_the_eager_one(reduction, bad):
    """The array rule makes ∞ − ∞ where the float rule has a number, and the gradient to v is its result."""
    off = operation(
        "off_at_infinity",
        lambda x: 0.0 if math.isinf(x) else x,
        [lambda z, x: step(1e300 - x)],
        array=lambda x: x - x + x,
    )
    x, w, v = Value(1.0, "x"), Value(1e200, "w"), Value(1e-200, "v")
    loss = off(x * w) * v
    p = vectorize(loss, [x], [w, v], reduction=reduction)
    rows = np.linspace(0.5, 1.5, 6)[:, None]
    rows[bad] = 1e160
    for x.data in rows[:, 0].tolist():
        loss.refresh().backward()
    value, gradient = p.gradient(rows)
    assert value == pytest.approx(getattr(np, reduction)(p.values(rows)), rel=1e-13)
    assert gradient == pytest.approx(np.array([w.grad, v.grad]) / (6 if reduction == "mean" else 1), rel=1e-13)
    assert np.isfinite(gradient).all()


def test_finite_gradients_add_up_to_infinity():
    x, w = Value(1.0, "x"), Value(1.0, "w")
    p = vectorize(w * x, [x], [w], reduction="sum")
    assert p.gradient([[1.5e308], [1.5e308]]) == (math.inf, np.array([math.inf]))
