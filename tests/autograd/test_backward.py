"""The chain rule on graphs: what backward() leaves in every gradient, and the derivatives that are graphs again."""

import gc
import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import TABLE, Constant, Value, dot, exp, log, maximum, sin, sqrt, tanh, topological_order
from autograd.backward import accumulate_partials

numbers = st.floats(-3.0, 3.0)


def close(x, y):
    return x == pytest.approx(y, rel=1e-12, abs=1e-12)


# The sweep --------------------------------------------------------------------------------------------------


def test_x_times_x_has_two_operands_and_both_count():
    x = Value(3.0)
    y = x * x
    assert y.operands == (x, x)
    assert y.partials() == (3.0, 3.0)
    y.backward()
    assert x.grad == 6.0


def test_a_diamond_adds_the_paths():
    x = Value(2.0)
    a, b = x * 3, x * x
    (a * b + a).backward()
    assert (a.grad, b.grad, x.grad) == (5.0, 6.0, 39.0)


def test_leaves_accumulate_and_interior_nodes_hold_the_last_pass():
    x = Value(2.0)
    h = x * x
    y = h * 3
    y.backward()
    y.backward()
    assert (x.grad, h.grad, y.grad) == (24.0, 3.0, 1.0)
    (h + x).backward()  # another root over the same nodes
    assert (x.grad, h.grad) == (29.0, 1.0)


def test_zero_grad_clears_everything_below():
    x = Value(2.0)
    h = x * x
    y = h + x
    y.backward()
    y.zero_grad()
    assert [node.grad for node in (x, h, y)] == [0.0, 0.0, 0.0]


def test_the_root_may_be_a_leaf_or_a_constant():
    x = Value(2.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0
    five = Constant(5.0)
    five.backward()
    assert five.grad == 0.0


def test_nodes_off_the_path_are_left_alone():
    x, w = Value(2.0), Value(3.0)
    other = w * x
    other.backward()
    (x * x).backward()
    assert (w.grad, other.grad, x.grad) == (2.0, 1.0, 7.0)


def test_a_constant_is_shared_and_never_differentiated():
    x = Value(2.0)
    c = (x * 5.0).operands[1]
    (c * x * c).backward()
    assert (x.grad, c.grad) == (25.0, 0.0)


def failing(x):
    """sqrt has an infinite derivative at x = 0, and the sweep comes to it after it has come to the rest."""
    return sqrt(x) * 2 + exp(x) + x * x


def test_a_failed_backward_restores_every_gradient():
    x = Value(0.0, name="x")
    y = failing(x)
    before = [(node, float(i)) for i, node in enumerate(topological_order(y)) if not node.constant]
    for node, grad in before:
        node.grad = grad
    with pytest.raises(ZeroDivisionError, match=r"^the derivative of sqrt\(x = 0\.0\): .*x > 0 for a derivative"):
        y.backward()
    assert [node.grad for node, _ in before] == [grad for _, grad in before]


def test_an_interrupted_backward_restores_every_gradient(monkeypatch):
    x = Value(1.0)
    y = exp(x) + x

    def interrupt(z, x):
        raise KeyboardInterrupt

    monkeypatch.setattr(exp, "partials", (interrupt,))
    x.grad = 7.0
    with pytest.raises(KeyboardInterrupt):
        y.backward()
    assert (x.grad, y.grad) == (7.0, 0.0)


def test_infinite_and_undefined_gradients_pass_as_floats_do():
    x = Value(1e308)
    (x * x * x).backward()
    assert x.grad == math.inf
    x = Value(math.nan)
    (x * 2 + x).backward()
    assert x.grad == 3.0


def test_threads_may_differentiate_graphs_of_their_own():
    results = []

    def work(start):
        x = Value(start)
        for _ in range(20):
            x.zero_grad()
            (tanh(x) * x + exp(-x)).backward()
        results.append((start, x.grad))

    threads = [threading.Thread(target=work, args=(k / 4,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [
        (t, pytest.approx(math.tanh(t) + t / math.cosh(t) ** 2 - math.exp(-t), rel=1e-12))
        for t in sorted(dict(results))
    ]


# The order --------------------------------------------------------------------------------------------------


def test_operands_stand_before_results_left_ones_first_each_once():
    x, y = Value(1.0, name="x"), Value(2.0, name="y")
    a = (x * y).named("a")
    b = (a + x).named("b")
    c = (b * a).named("c")
    assert [node.name for node in topological_order(c)] == ["x", "y", "a", "b", "c"]
    assert [node.name for node in topological_order(y, b, a)] == ["y", "x", "a", "b"]
    assert topological_order() == []


# Derivatives that are graphs --------------------------------------------------------------------------------


def test_an_independent_derivative_is_a_zero():
    x, y = Value(2.0), Value(3.0)
    for zero in (x.derivative(y), (x * x).derivative(y), (x * 2).derivative(Constant(2.0))):
        assert (type(zero), zero.data, zero.operands) == (Value, 0.0, ())


def test_a_derivative_with_respect_to_a_plain_number_is_refused():
    with pytest.raises(TypeError, match=r"taken with respect to a Value, not to the float 2\.0"):
        (Value(2.0) * 2.0).derivative(2.0)


def test_a_derivative_is_a_new_node_of_its_own():
    x, y = Value(2.0, name="x"), Value(5.0, name="y")
    dx, dy, again = (x * y).derivatives([x, y, x])
    assert (dx.data, dy.data, again.data) == (5.0, 2.0, 5.0)
    assert all(d is not leaf for d in (dx, dy, again) for leaf in (x, y))
    assert dx is not again
    assert dx.name is None
    dx.named("slope").backward()
    assert (y.name, y.grad) == ("y", 1.0)
    one = x.derivative(x)
    assert (type(one), one.data) == (Value, 1.0)
    assert one is not x


def test_a_derivative_leaves_all_gradients_alone():
    x = Value(2.0)
    y = exp(x) * x
    y.backward()
    before = [node.grad for node in topological_order(y)]
    y.derivative(x).derivative(x)
    assert [node.grad for node in topological_order(y)] == before


def test_the_derivative_with_respect_to_an_interior_node():
    x = Value(2.0)
    h = x * x
    y = h * h + x
    assert y.derivative(h).data == 8.0
    assert y.derivative(y).data == 1.0


def test_a_derivative_is_refreshed_with_its_leaves():
    x = Value(2.0)
    slope = (x**3).derivative(x)
    x.data = 5.0
    assert slope.refresh().data == 75.0


def test_a_failed_derivative_names_its_node():
    x = Value(0.0, name="x")
    with pytest.raises(ZeroDivisionError, match=r"^the derivative of sqrt\(x = 0\.0\)"):
        failing(x).derivative(x)


@pytest.mark.parametrize("n", range(9))
def test_the_nth_derivative_of_a_polynomial_at_zero(n):
    x = Value(0.0)
    y = x**5 - 3 * x**2 + x
    for _ in range(n):
        y = y.derivative(x)
    assert y.data == [0.0, 1.0, -6.0, 0.0, 0.0, 120.0, 0.0, 0.0, 0.0][n]


# Refresh ----------------------------------------------------------------------------------------------------


def test_refresh_recomputes_the_recorded_graph():
    x, y = Value(2.0), Value(3.0)
    h = x * y
    z = h + exp(x)
    x.data = -1.0
    assert z.refresh() is z
    assert (h.data, z.data) == (-3.0, -3.0 + math.exp(-1.0))


def test_a_failed_refresh_restores_every_number():
    x = Value(2.0, name="x")
    h = x * 3
    z = log(x) + h
    before = (h.data, z.data)
    x.data = -1.0
    with pytest.raises(ValueError, match=r"^log\(x = -1\.0\)"):
        z.refresh()
    assert (h.data, z.data) == before


# The laws ---------------------------------------------------------------------------------------------------


def f(x):
    return sin(x) * exp(-x * x) + 0.5 * x


def g(x):
    return tanh(x) / (1.5 + x * x)


def slope(function, at):
    x = Value(at)
    return function(x).derivative(x).data


@given(numbers, numbers, numbers)
def test_linearity(at, a, b):
    assert close(slope(lambda x: a * f(x) + b * g(x), at), a * slope(f, at) + b * slope(g, at))


@given(numbers)
def test_product_rule(at):
    x = Value(at)
    assert close(slope(lambda x: f(x) * g(x), at), slope(f, at) * g(x).data + f(x).data * slope(g, at))


@given(numbers)
def test_chain_rule(at):
    assert close(slope(lambda x: f(g(x)), at), slope(f, g(Value(at)).data) * slope(g, at))


@given(numbers)
def test_inverse_rule(at):
    assert close(slope(lambda x: log(exp(x)), at), 1.0)


@given(numbers, numbers)
def test_mixed_partials_are_symmetric(a, b):
    x, y = Value(a), Value(b)
    z = sin(x * y) + exp(x - y) / (2.0 + tanh(x + y * y))
    assert close(z.derivative(x).derivative(y).data, z.derivative(y).derivative(x).data)


@given(st.lists(numbers, min_size=1, max_size=6), st.data())
def test_fused_and_expanded_sums_agree_bit_for_bit(data, draw):
    ws, xs = [Value(d) for d in data], [Value(draw.draw(numbers)) for _ in data]
    bias = Value(draw.draw(numbers))
    fused, expanded = dot(ws, xs, bias), bias
    for w, x in zip(ws, xs, strict=True):
        expanded = expanded + w * x
    assert fused.data == expanded.data
    for node in (*ws, *xs, bias):
        assert fused.derivative(node).data == expanded.derivative(node).data


@given(numbers, numbers, numbers)
def test_backward_and_derivative_agree_bit_for_bit(a, b, c):
    leaves = [Value(a), Value(b), Value(c)]
    x, y, z = leaves
    root = maximum(x * y, z, x) * autograd.sum([x, y, f(z)]) + g(x - y)
    root.backward()
    assert [leaf.grad for leaf in leaves] == [d.data for d in root.derivatives(leaves)]


OWN_RULES = [name for name, row in TABLE.items() if row.accumulate is not accumulate_partials]


@pytest.mark.parametrize("name", OWN_RULES)
@given(st.lists(st.floats(), min_size=5, max_size=5), st.lists(st.integers(0, 4), min_size=5, max_size=5), st.floats())
def test_a_reverse_rule_of_its_own_adds_what_the_partials_say_bit_for_bit(name, data, places, g):
    if name == "dot":  # it adds pair by pair: where a leaf is in several places, the sum has another order
        places = range(5)
    gradients = []
    for accumulate in (TABLE[name].accumulate, accumulate_partials):
        leaves = [Value(x) for x in data]
        z = TABLE[name].record(tuple([leaves[k] for k in places[: TABLE[name].arity]]))  # of dot: two pairs and a bias
        z.grad = g
        accumulate(z)
        gradients.append([repr(leaf.grad) for leaf in leaves])
    assert gradients[0] == gradients[1]


# Size and memory --------------------------------------------------------------------------------------------


def chain(length):
    x = Value(1.0)
    y = x
    for _ in range(length // 2):
        y = y * 1.0 + x
    return x, y


def test_a_chain_a_million_deep_is_built_differentiated_and_deleted():
    x, y = chain(1_000_000)
    y.backward()
    assert (y.data, x.grad) == (500_001.0, 500_001.0)
    y.zero_grad()
    assert x.grad == 0.0
    del y


def test_a_chain_a_hundred_thousand_deep_has_a_derivative_and_is_refreshed():
    x, y = chain(100_000)
    slope = y.derivative(x)
    assert slope.data == 50_001.0
    x.data = 2.0
    assert y.refresh().data == 100_002.0
    assert len(topological_order(y)) == 150_001


def values_alive():
    return sum(isinstance(held, Value) for held in gc.get_objects())


def test_a_dropped_graph_is_freed_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        before = values_alive()
        x = Value(0.5)
        y = exp(x) * x + dot([x, x], [1.0, 2.0])
        y.backward()
        second = y.derivative(x).derivative(x)
        refused = failing(Value(0.0))
        with pytest.raises(ZeroDivisionError):
            refused.backward()
        assert values_alive() > before + 10
        del x, y, second, refused
        assert values_alive() == before
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_backward_pass_leaves_the_garbage_collector_nothing_to_do():
    collections = []
    _, y = chain(20_000)
    z = exp(maximum(y, dot([y] * 50, [0.5] * 50)) * 1e-9)
    gc.collect()
    gc.callbacks.append(lambda phase, _: collections.append(phase))
    try:
        z.backward()
    finally:
        gc.callbacks.pop()
    assert not collections


def test_no_attribute_holds_a_closure():
    x = Value(0.5)
    for node in topological_order(exp(x) * x + dot([x], [2.0]) + maximum(x, 0.0)):
        assert not hasattr(node, "__dict__")
        assert not any(callable(held) for held in (node.data, node.grad, node.name, *node.operands))
        assert node.operation is None or node.operation is TABLE[node.operation.name]
