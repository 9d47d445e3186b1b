"""Optimizers in a loop of one's own, on Values after backward()."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import MLP, SGD, Adam, AdamW, CosineDecay, ExponentialDecay, Layer, Optimizer, RMSProp, StepDecay, mse, train

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 3))
Y = RNG.normal(size=(6, 2))
OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda: SGD(0.1),
    "nesterov": lambda: SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "clipped": lambda: SGD(StepDecay(0.1, every=2), clip_norm=0.1, clip_value=0.05),
    "rmsprop": lambda: RMSProp(ExponentialDecay(0.01, factor=0.9), clip_norm=0.5),
    "adam": lambda: Adam(0.05),
    "adamw": lambda: AdamW(CosineDecay(0.05, steps=5), weight_decay=0.1),
}


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


def network() -> MLP:
    return MLP(3, [3, 2], "tanh", output="identity", rng=1)


def tied() -> MLP:
    """Return a network whose hidden layer has two neurons alike, and a bias that is a weight too."""
    mlp = network()
    first, second, _ = mlp.layers[0].neurons
    second.weights[:] = first.weights
    mlp.layers[1].neurons[1].bias = mlp.layers[1].neurons[0].weights[0]
    return mlp


def loop(mlp: MLP, optimizer: Optimizer, steps: int = 8) -> None:
    for _ in range(steps):
        mlp.zero_grad()
        loss = sum(mse(mlp.forward(x).output, y) for x, y in zip(X, Y, strict=True)) / len(X)
        loss.backward()
        optimizer.step(mlp.parameters())


@pytest.mark.parametrize("make", [network, tied])
@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
def test_a_loop_of_ones_own_takes_the_path_of_train(name: str, make: Any, engine: str) -> None:
    ours, theirs, optimizer = make(), make(), OPTIMIZERS[name]()
    loop(ours, optimizer)
    train(theirs, X, Y, loss="mse", optimizer=OPTIMIZERS[name](), epochs=8, engine=engine, progress=False, rng=0)
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-9)
    assert optimizer.steps == 8


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_value_and_an_array_take_the_same_steps(name: str) -> None:
    values, theta = [Value(1.0), Value(-2.0)], np.array([1.0, -2.0])
    with_values, with_arrays = OPTIMIZERS[name](), OPTIMIZERS[name]()
    for _ in range(6):
        for value in values:
            value.grad = 2.0 * value.data
        with_values.step(values)
        with_arrays.step(theta, 2.0 * theta)
    assert [value.data for value in values] == theta.tolist()


def test_all_gradients_come_before_all_updates() -> None:
    v, w = Value(1.0, "v"), Value(2.0, "w")
    (v * w).backward()
    SGD(0.5).step([v, w])
    assert (v.data, w.data) == (0.0, 1.5)  # each with the gradient at the old numbers
    assert (v.grad, w.grad) == (2.0, 1.0)  # the next backward() adds to it: PyTorch's rule too


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parameter_that_is_listed_twice_moves_once(name: str) -> None:
    twice, once = [Value(1.0), Value(2.0)], [Value(1.0), Value(2.0)]
    optimizers = OPTIMIZERS[name](), OPTIMIZERS[name]()
    for _ in range(3):
        for v, w in (twice, once):
            v.grad, w.grad = 0.3, 0.4
        optimizers[0].step([twice[0], twice[1], twice[0]])
        optimizers[1].step(once)
    assert [x.data for x in twice] == [x.data for x in once]


def test_parameters_may_come_in_any_collection() -> None:
    w = Value(1.0)
    for given in ([w], (w,), iter([w]), {w}, np.array([w], dtype=object), {w: None}.keys()):
        w.data, w.grad = 1.0, 1.0
        SGD(0.5).step(given)
        assert w.data == 0.5


# Shared weights -----------------------------------------------------------------------------------------------------


def test_a_shared_weight_is_one_parameter() -> None:
    mlp = tied()
    assert mlp.shares_weights
    assert not network().shares_weights
    assert len(mlp.parameters()) == len(network().parameters()) - 3 - 1
    assert len(set(map(id, mlp.parameters()))) == len(mlp.parameters())
    np.testing.assert_allclose(mlp.predict(X), [[a.data for a in mlp.forward(x).output] for x in X], rtol=1e-12)
    theta = np.array(flat(mlp))
    np.testing.assert_array_equal(mlp.forward_arrays(X, theta)[1], mlp.predict(X))


@pytest.mark.parametrize("engine", ["scalar", "vectorized"])
def test_the_length_of_a_gradient_counts_a_shared_weight_once(engine: str) -> None:
    mlp, by_hand = tied(), tied()
    loss = sum(mse(by_hand.forward(x).output, y) for x, y in zip(X, Y, strict=True)) / len(X)
    loss.backward()
    length = float(np.linalg.norm([p.grad for p in by_hand.parameters()]))
    history = train(
        mlp, X, Y, loss="mse", optimizer=SGD(1.0, clip_norm=0.25), epochs=1, engine=engine, progress=False, rng=0
    )
    assert np.linalg.norm(history.gradient_norms[0]) == pytest.approx(length, rel=1e-12)
    assert np.linalg.norm(np.subtract(flat(mlp), flat(tied()))) == pytest.approx(0.25, rel=1e-12)


def test_copies_of_a_network_share_what_it_shares() -> None:
    for again in (copy.deepcopy(tied()), pickle.loads(pickle.dumps(tied()))):
        assert flat(again) == flat(tied())


# Refusals -----------------------------------------------------------------------------------------------------------


def test_an_optimizer_stays_with_its_parameters() -> None:
    mlp, other, optimizer = network(), network(), Adam(0.1)
    optimizer.step(mlp.parameters())
    before = flat(mlp), flat(other)
    for wrong in (other.parameters(), mlp.parameters()[::-1], mlp.parameters()[1:], [*mlp.parameters(), Value(0.0)]):
        with pytest.raises(ValueError, match=r"has updated 20 parameters, and these .* use a new optimizer"):
            optimizer.step(wrong)
    assert (flat(mlp), flat(other)) == before
    optimizer.step(mlp.parameters())
    assert optimizer.steps == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SGD(0.1).step(network()), TypeError, r"not MLP\(3 → .*; give its parameters\(\)"),
        (lambda: SGD(0.1).step(Value(1.0)), TypeError, "give a list of Values"),
        (lambda: SGD(0.1).step(None), TypeError, "not None; give a list of Values"),
        (lambda: SGD(0.1).step([1.0]), TypeError, "parameter 0 is 1.0; step takes Values"),
        (lambda: SGD(0.1).step([]), ValueError, "the list of parameters is empty"),
        (lambda: SGD(0.1).step([Value(1.0) * 2]), ValueError, "parameter 0 is .*only a leaf can be updated"),
        (lambda: SGD(0.1).step([(Value(1.0) * 2).operands[1]]), ValueError, "only a leaf can be updated"),
        (lambda: SGD(0.1).step([Value(1.0)], np.ones(1)), ValueError, "Values have their gradient in grad"),
        (lambda: SGD(0.1).step(np.ones(2)), ValueError, r"shape \(2,\), but the gradient None"),
        (lambda: SGD(0.1).step(np.ones(2), [1.0, 2.0]), ValueError, r"shape \(2,\), but the gradient \[1.0, 2.0\]"),
    ],
)
def test_what_cannot_be_moved_is_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("gradient", [float("nan"), float("inf"), float("-inf")])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_moves(name: str, gradient: float) -> None:
    v, w, optimizer = Value(1.0, "v"), Value(2.0, "w"), OPTIMIZERS[name]()
    v.grad, w.grad = 1.0, 1.0
    optimizer.step([v, w])
    before, state = (v.data, w.data), copy.deepcopy(optimizer.state)
    w.grad = gradient
    with pytest.raises(ValueError, match=f"the gradient of w is {gradient}; nothing has changed"):
        optimizer.step([v, w])
    assert ((v.data, w.data), optimizer.steps) == (before, 1)
    for name_, array in state.items():
        np.testing.assert_array_equal(optimizer.state[name_], array)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_beyond_the_largest_float_is_not_taken(name: str) -> None:
    w, optimizer = Value(1e308, "w"), OPTIMIZERS[name]()
    optimizer.learning_rate = 1.7e308
    optimizer.clip_norm = optimizer.clip_value = None
    w.grad = -1e10
    with pytest.raises(FloatingPointError, match=r"w would be -?inf after a step at the learning rate 1\.7e.308"):
        optimizer.step([w])
    assert (w.data, optimizer.steps, optimizer.state) == (1e308, 0, {})


def test_a_parameter_that_is_not_finite_already_is_named() -> None:
    w = Value(float("nan"), "w")
    with pytest.raises(ValueError, match="w is nan already; nothing has changed"):
        SGD(0.1).step([w])


def test_a_learning_rate_that_was_changed_is_checked_too() -> None:
    optimizer = SGD(0.1)
    for wrong in (float("nan"), -1.0, None, "0.1"):
        optimizer.learning_rate = wrong  # type: ignore[assignment]
        with pytest.raises(ValueError, match=r"learning_rate is .*; it must be a positive number"):
            optimizer.step([Value(1.0)])


def test_layers_and_neurons_have_parameters_to_move() -> None:
    layer = Layer([[1.0], [2.0]], [0.5])
    layer([1.0, 1.0])[0].backward()
    SGD(0.1).step(layer.parameters())
    assert layer.weights()[0, 0] < 1.0
