"""Derivatives of each row: those of the scalar engine, of every output, to parameters and to inputs."""

# ruff: noqa: A004  (sum is the field's name)

import copy
import math
import pickle
import re
import threading

import numpy as np
import pytest
from engine_cases import NO_LOG

from autograd import (
    TABLE,
    Value,
    atan2,
    cos,
    dot,
    exp,
    log,
    maximum,
    operation,
    relu,
    sigmoid,
    sin,
    sqrt,
    sum,
    tanh,
    vectorize,
)
from nn import MLP, softmax_cross_entropy

ROWS = np.random.default_rng(0).uniform(0.5, 1.5, (5, 2))


def leaves():
    return [Value(0.5, "x"), Value(1.5, "y")], [Value(0.2, "v"), Value(-0.4, "w"), Value(0.1, "b")]


GRAPHS = {
    "neuron": lambda x, w: [sigmoid(dot(w[:2], x, w[2])) ** 2 + 0.1 * w[0] * x[1]],
    "several outputs": lambda x, w: [w[0] * x[0] * x[1], exp(w[1] * x[0]), sin(x[1]) * w[2] + w[0]],
    "one output twice": lambda x, w: [(y := w[0] * x[0] ** 2 + w[1]), y, w[2] * x[1]],
    "an input, a parameter and a number": lambda x, w: [x[0], w[1], x[1], Value(3.0)],
    "a sum of many": lambda x, w: [sum([sin(k * w[k % 3] * x[k % 2]) for k in range(12)])],
    "kinks": lambda x, w: [maximum(w[0] * x[0], w[1] * x[1], w[2]), relu(w[0] - x[0]), abs(w[1]) * x[1]],
    "linear": lambda x, w: [2.0 * x[0] - 3.0 * x[1] + w[0]],
    "parameters alone": lambda x, w: [w[0] ** 2 * w[1], cos(w[2])],
    "inputs alone": lambda x, w: [atan2(x[0], x[1])],
    "a recurrence": lambda x, w: [turns(x, w, 40)],
}


def turns(x, w, count):
    h = x[0]
    for _ in range(count):
        h = tanh(w[0] * h + w[1] * x[1] + w[2])
    return h


def lifted(name, **options):
    x, w = leaves()
    return vectorize(GRAPHS[name](x, w), x, w, **options)


def eager(name, row, wrt):
    """The derivatives of every output for one row, from the scalar engine."""
    x, w = leaves()
    for leaf, number in zip(x, row, strict=True):
        leaf.data = number
    outputs = GRAPHS[name](x, w)
    return [[d.data for d in output.derivatives(w if wrt == "parameters" else x)] for output in outputs]


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("n", [1, 5])
def test_each_row_has_the_scalar_engines_derivatives(name, wrt, n):
    p = lifted(name)
    found = p.jacobian(ROWS[:n], wrt=wrt)
    expected = np.array([eager(name, row, wrt) for row in ROWS[:n].tolist()])
    assert found.shape == (expected.shape if expected.shape[1] > 1 else (n, expected.shape[2]))
    assert found == pytest.approx(expected.reshape(found.shape), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("name", ["neuron", "a sum of many", "linear", "a recurrence"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_gradient_is_the_mean_or_the_sum_of_the_rows_of_the_jacobian(name, reduction):
    p = lifted(name, reduction=reduction)
    assert p.gradient(ROWS)[1] == pytest.approx(getattr(np, reduction)(p.jacobian(ROWS), axis=0), rel=1e-12)


@pytest.mark.parametrize("row", [row for row in TABLE.values() if row.arity in (1, 2)], ids=lambda row: row.name)
def test_every_operation_has_derivatives_to_inputs_and_to_parameters(row):
    operands = [Value(1.3 if row.name == "acosh" else 0.3, "x"), Value(0.7, "y")][: row.arity]
    whole = {"polygamma": 0, "round": 1, "spherical_bessel": 1}.get(
        row.name
    )  # the place of an operand that is a whole number
    z = row(*[2.0 if place == whole else x for place, x in enumerate(operands)])
    operands, numbers = [x for x in operands if x in z.operands], [x.data for x in operands if x in z.operands]
    expected = pytest.approx([d.data for d in z.derivatives(operands)], rel=1e-13)
    assert vectorize(z, operands).jacobian([numbers], wrt="inputs")[0] == expected
    assert vectorize(z, [], operands).jacobian([[]])[0] == expected


def test_a_network_has_the_derivatives_of_every_output_to_every_weight():
    mlp = MLP(3, [4, 2], activation="tanh", rng=0)
    x = [Value(0.0, f"x{k}") for k in range(3)]
    p = vectorize(mlp.forward(x).output, x, mlp.parameters())
    rows = np.random.default_rng(1).normal(size=(6, 3))
    found = p.jacobian(rows)
    assert found.shape == (6, 2, len(mlp.parameters()))
    for row, derivatives in zip(rows, found, strict=True):
        for output, slopes in zip(mlp.forward(row.tolist()).output, derivatives, strict=True):
            expected = [d.data for d in output.derivatives(mlp.parameters())]
            assert slopes == pytest.approx(expected, rel=1e-12)


def test_the_outer_product_of_a_logistic_loss_is_its_fisher_information():
    """Σ gᵢgᵢᵀ over the rows, of which the mean gradient tells nothing."""
    x, t, w = Value(1.0, "x"), Value(0.0, "t"), [Value(0.0, "a"), Value(0.0, "b")]
    p = vectorize(softmax_cross_entropy([w[0] * x, w[1] * x], [t, 1.0 - t]), [x, t], w)
    rows = np.array([[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    slopes = p.jacobian(rows)
    assert slopes.T @ slopes == pytest.approx(0.25 * (rows[:, 0] ** 2).sum() * np.array([[1.0, -1.0], [-1.0, 1.0]]))


# The program's own promises -------------------------------------------------------------------------------------------


def test_it_computes_with_the_programs_parameters():
    p = lifted("neuron")
    before = p.jacobian(ROWS)
    p.parameters[:] = [0.5, 0.5, 0.5]
    changed = p.jacobian(ROWS)
    assert not np.allclose(before, changed)
    p.parameters = [0.2, -0.4, 0.1]
    assert p.jacobian(ROWS).tolist() == before.tolist()
    assert changed.tolist() != before.tolist()  # it is the caller's to keep


@pytest.mark.parametrize("again", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy])
def test_a_program_pickles_and_copies_after_and_before_its_derivatives_are_lifted(again):
    p = lifted("several outputs")
    expected = again(p).jacobian(ROWS)
    p.parameters[1] = 0.7
    p.jacobian(ROWS)
    q = again(p)
    assert q.jacobian(ROWS).tolist() == p.jacobian(ROWS).tolist() != expected.tolist()
    q.parameters[1] = -0.4
    assert q.jacobian(ROWS).tolist() == expected.tolist()


def test_threads_that_ask_for_the_first_time_at_once_get_the_same():
    p = lifted("several outputs")
    expected = {n: lifted("several outputs").jacobian(ROWS[:n]).tolist() for n in range(1, 6)}
    start, wrong = threading.Barrier(5), []

    def work(n):
        start.wait()
        for _ in range(20):
            if p.jacobian(ROWS[:n]).tolist() != expected[n]:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_is_lifted_once():
    p = lifted("neuron")
    p.jacobian(ROWS)
    made = dict(p._differentiated)
    p.jacobian(ROWS)
    p.jacobian(ROWS, wrt="inputs")
    assert p._differentiated.keys() == {"parameters", "inputs"}
    assert p._differentiated["parameters"] is made["parameters"]


@pytest.mark.parametrize("name", GRAPHS)
def test_in_float32_it_is_float32(name):
    found = lifted(name, dtype=np.float32).jacobian(ROWS)
    assert found.dtype == np.float32
    assert found == pytest.approx(lifted(name).jacobian(ROWS), rel=1e-4, abs=1e-6)


def test_what_is_not_used_has_the_derivative_zero():
    x, w = leaves()
    p = vectorize([w[1] * x[0], exp(w[1])], x, w)
    assert p.jacobian(ROWS)[:, :, [0, 2]].tolist() == [[[0.0, 0.0]] * 2] * 5
    assert p.jacobian(ROWS, wrt="inputs")[:, 1].tolist() == [[0.0, 0.0]] * 5


def test_without_parameters_there_are_no_columns():
    x, _ = leaves()
    assert vectorize(x[0] * x[1], x).jacobian(ROWS).shape == (5, 0)
    assert vectorize([x[0], x[1]], x).jacobian(ROWS).shape == (5, 2, 0)


def test_an_operation_of_ones_own_has_derivatives():
    cube = operation("cube_of_rows", lambda x: x * x * x, [lambda z, x: 3 * x * x])
    x, w = leaves()
    assert vectorize(cube(w[0] * x[0]), x, w).jacobian([[2.0, 0.0]])[0] == pytest.approx([3 * 0.16 * 2.0, 0.0, 0.0])


def test_an_operation_of_ones_own_need_not_take_nan():
    whole = operation("whole_part", lambda x: float(math.floor(x)), [0.0])
    x, w = leaves()
    assert vectorize(whole(w[0] * x[0]) + w[1], x, w).jacobian([[2.0, 0.0]]).tolist() == [[0.0, 1.0, 0.0]]


@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_rules_that_branch_are_refused_where_they_are_needed(wrt):
    own = operation("own_relu", lambda x: max(x, 0.0), [lambda z, x: 1.0 if x > 0.0 else 0.0])
    x, w = leaves()
    p = vectorize([own(w[0]) + x[0], own(x[0]) * x[1]], x, w[:1])
    with pytest.raises(TypeError, match="write the partials of own_relu in autograd's operations"):
        p.jacobian(ROWS, wrt=wrt)
    q = vectorize(own(x[0]) * w[1] + own(x[1]), x, w)
    assert q.jacobian(ROWS) == pytest.approx(np.stack([0.0 * ROWS[:, 0], ROWS[:, 0], 0.0 * ROWS[:, 0]], axis=1))


# Refusals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "bad", "error", "message"),
    [
        (lambda x, w: log(x) * w, -1.0, ValueError, f"row 1: log(x = -1.0): {NO_LOG}; log needs x > 0"),
        (lambda x, w: w + log(x), -1.0, ValueError, "row 1: log(x = -1.0)"),  # though both slopes, 1 and 1/x, exist
        (lambda x, w: w / x, 0.0, ZeroDivisionError, "row 1: div(w = 2.0, x = 0.0)"),
        (lambda x, w: exp(x * w), 1e3, OverflowError, "row 1: exp(2000.0): the result is beyond the largest float"),
        (lambda x, w: sqrt(w * x), 0.0, ZeroDivisionError, "row 1: the derivative of sqrt(0.0)"),
        (lambda x, w: w * x, math.nan, ValueError, "row 1, input x is nan: give a finite number"),
    ],
)
@pytest.mark.parametrize("wrt", ["parameters", "inputs"])
def test_what_the_scalar_engine_refuses_is_refused_by_row_and_name(f, bad, error, message, wrt):
    x, w = Value(0.5, "x"), Value(2.0, "w")
    p = vectorize(f(x, w), [x], [w])
    with pytest.raises(error, match=re.escape(message)):
        p.jacobian([[0.5], [bad], [bad]], wrt=wrt)


def test_a_derivative_is_taken_only_to_what_is_asked_for():
    x, w = Value(0.5, "x"), Value(2.0, "w")
    p = vectorize(w * sqrt(x), [x], [w])
    assert p.jacobian([[0.0]]).tolist() == [[0.0]]
    with pytest.raises(ZeroDivisionError, match=re.escape("row 0: the derivative of sqrt(x = 0.0)")):
        p.jacobian([[0.0]], wrt="inputs")


def test_what_python_lets_pass_passes():
    x, w = Value(0.5, "x"), Value(2.0, "w")
    assert vectorize(w * (x * 1e308 * 10.0), [x], [w]).jacobian([[0.0], [1.0]]).tolist() == [[0.0], [math.inf]]


@pytest.mark.parametrize("wrt", ["weights", None, "", ["inputs"], 0])
def test_it_is_taken_to_parameters_or_inputs(wrt):
    with pytest.raises(ValueError, match=re.escape(f"wrt is {wrt!r}; choose 'parameters' or 'inputs'")):
        lifted("neuron").jacobian(ROWS, wrt=wrt)


@pytest.mark.parametrize("batch", [np.empty((0, 2)), [], [1.0, 2.0], [[1.0, 2.0, 3.0]], "text"])
def test_a_batch_is_checked_as_elsewhere(batch):
    with pytest.raises(ValueError, match="the batch "):
        lifted("neuron").jacobian(batch)


# Without the check ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "bad", "value", "slope"),
    [
        (lambda x, w: exp(x * w), 1e3, math.inf, math.inf),
        (lambda x, w: w / x, 0.0, math.inf, math.inf),
        (lambda x, w: log(x) * w, -1.0, math.nan, math.nan),
        (lambda x, w: sqrt(w * x), 0.0, 0.0, math.nan),
        (lambda x, w: w * x, math.inf, math.inf, math.inf),
        (lambda x, w: w * x, math.nan, math.nan, math.nan),
    ],
)
def test_unchecked_a_row_is_inf_or_nan_and_the_others_are_right(f, bad, value, slope):
    x, w = Value(0.5, "x"), Value(2.0, "w")
    p = vectorize(f(x, w), [x], [w])
    good, batch = [[0.5], [1.5]], [[0.5], [bad], [1.5]]
    found = [p.values(batch, check_finite=False), p.jacobian(batch, check_finite=False)[:, 0]]
    for rows, expected, right in zip(found, (value, slope), (p.values(good), p.jacobian(good)[:, 0]), strict=True):
        assert rows[[0, 2]] == pytest.approx(right, rel=1e-14)  # the batch may run by another engine
        assert rows[1] == pytest.approx(expected, nan_ok=True)
    mean, gradient = p.gradient(batch, check_finite=False)
    assert [mean, p.value(batch, check_finite=False)] == pytest.approx([found[0].mean()] * 2, nan_ok=True)
    assert not np.isfinite(gradient).any()


def test_unchecked_parameters_may_be_anything():
    p = lifted("neuron")
    p.parameters[0] = math.inf
    assert np.isnan(p.values(ROWS - 1.0, check_finite=False)).sum() == 0
    p.parameters[0] = math.nan
    assert np.isnan(p.values(ROWS, check_finite=False)).all()
    assert np.isnan(p.jacobian(ROWS, check_finite=False)[:, 0]).all()
    with pytest.raises(ValueError, match="parameter v is nan"):
        p.values(ROWS)


def test_unchecked_the_shape_and_the_kind_of_a_batch_are_checked_all_the_same():
    for batch in ([1.0], [["a", "b"]], np.ma.masked_all((1, 2))):
        with pytest.raises(ValueError, match="the batch"):
            lifted("neuron").values(batch, check_finite=False)
