"""What is called as in another library, or with what cannot be right: the message names it, and the remedy works."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn.network
import nn.training.optimizer
from autograd import Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Convergence,
    CosineDecay,
    ExponentialDecay,
    Layer,
    Neuron,
    Patience,
    RMSProp,
    StepDecay,
    Threshold,
    handout_step,
    save,
    train,
)

X = np.random.default_rng(0).normal(size=(4, 3))


def network() -> MLP:
    return MLP(3, [2, 1], rng=0)


def xor(**settings: Any) -> Any:
    return train(MLP(2, [1], rng=0), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], **settings)


def flat(mlp: MLP) -> list[float]:
    return [p.data for p in mlp.parameters()]


# Called as elsewhere --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: SGD(lr=0.1),
            r"SGD has no argument lr=; it is learning_rate= here: SGD\(learning_rate, momentum=0.0",
        ),
        (lambda: SGD(network().parameters(), lr=0.1), "SGD has no argument lr=; it is learning_rate= here"),
        (lambda: Adam(0.1, betas=(0.9, 0.99)), "Adam has no argument betas=; it is beta1= here"),
        (lambda: Adam(eps=1e-9), "eps=; it is epsilon= here"),
        (lambda: RMSProp(alpha=0.9), "alpha=; it is decay= here"),
        (lambda: SGD(0.1, momentun=0.9), "momentun=; it is momentum= here"),
        (lambda: StepDecay(0.1, step_size=3), "step_size=; it is every= here"),
        (lambda: ExponentialDecay(0.1, gamma=0.9), "gamma=; it is factor= here"),
        (lambda: CosineDecay(0.1, T_max=9), "T_max=; it is steps= here"),
        (lambda: Patience(patience=3), r"patience=; it is epochs= here: Patience\(epochs=10\)"),
        (lambda: MLP(3, [1], seed=0), "MLP has no argument seed=; it is rng= here"),
        (lambda: MLP(3, [1], activations="relu"), "activations=; it is activation= here"),
        (lambda: MLP(nin=3, nouts=[1]), "nin=; it is inputs= here"),
        (lambda: MLP([3, 4, 1]), r"missing a required argument: 'sizes': MLP\(inputs, sizes, activation='sigmoid', \*"),
        (lambda: MLP(3, [1], dropout=0.5), r"MLP has no argument dropout=: MLP\(inputs, sizes"),
        (lambda: Neuron([1.0], nonlin=False), "nonlin=; it is activation= here"),
        (lambda: Neuron(3), r"Neuron takes its weights, .* not 3: Neuron\(\[0.5, -0.2\]\); MLP\(3, \[1\]\) draws"),
        (lambda: Layer(3, 4), r"Layer takes its weights, .* not 3: Layer\(.*; MLP\(3, \[4\]\) draws those"),
        (lambda: Threshold(), r"missing a required argument: 'loss': Threshold\(loss\)"),
        (lambda: xor(lr=0.1), r"train has no argument lr=; it is optimizer=SGD\(learning_rate=…\) here: train\(mlp, X"),
        (lambda: xor(max_norm=1.0), r"max_norm=; it is optimizer=SGD\(…, clip_norm=…\) here"),
        (lambda: xor(clip_norm=1.0), r"clip_norm=; it is optimizer=SGD\(…, clip_norm=…\) here"),
        (lambda: xor(momentum=0.9), r"momentum=; it is optimizer=SGD\(…, momentum=…\) here"),
        (lambda: xor(num_epochs=3), "num_epochs=; it is epochs= here"),
        (lambda: xor(batch=3), "batch=; it is batch_size= here"),
        (lambda: xor(seed=3), "seed=; it is rng= here"),
        (lambda: xor(verbose=0), "verbose=; it is progress= here"),
        (lambda: xor(criterion="mse"), "criterion=; it is loss= here"),
        (lambda: xor(validation_data=None), "validation_data=; it is validation= here"),
        (lambda: xor(patience=3), r"patience=; it is stopping=Patience\(…\) here"),
        (lambda: xor(device="cpu"), r"train has no argument device=: train\(mlp, X, y, \*, loss"),
        (lambda: xor(loss="mse"), r"missing a required argument: 'optimizer': train\(mlp, X, y"),
    ],
)
def test_an_argument_that_is_named_otherwise_here_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("parameters", [network().parameters(), iter(network().parameters()), network(), ()])
def test_an_optimizer_is_not_made_of_parameters(parameters: Any) -> None:
    with pytest.raises(ValueError, match=r"takes only its settings, such as Adam\(0.01\); pass the parameters to"):
        Adam(parameters)


@pytest.mark.parametrize("owner", [SGD(0.1), Adam(), network()], ids=lambda owner: type(owner).__name__)
def test_an_attribute_of_another_library_is_named_as_it_is_here(owner: Any) -> None:
    elsewhere = nn.network.ELSEWHERE if isinstance(owner, MLP) else nn.training.optimizer.ELSEWHERE
    for name, here in elsewhere.items():
        with pytest.raises(AttributeError, match=rf"object has no attribute '{name}'; it is {re.escape(here)} here$"):
            getattr(owner, name)
        assert not hasattr(owner, name)
    with pytest.raises(AttributeError, match=rf"^'{type(owner).__name__}' object has no attribute 'nothing'$"):
        owner.nothing  # noqa: B018
    assert repr(copy.deepcopy(owner)) == repr(pickle.loads(pickle.dumps(owner))) == repr(owner)


def test_zero_grad_of_an_optimizer_leads_to_that_of_the_network() -> None:
    with pytest.raises(AttributeError, match=r"'SGD' object has no attribute 'zero_grad'; it is mlp\.zero_grad\(\)"):
        SGD(0.1).zero_grad()


def test_an_error_of_a_class_itself_stays_what_it_is() -> None:
    class Broken(SGD):
        def __post_init__(self) -> None:
            raise TypeError("of its own")

    with pytest.raises(TypeError, match=r"^of its own$"):
        Broken(0.1)


@pytest.mark.parametrize("kind", [SGD, Adam, MLP, Neuron, Layer, StepDecay, Patience])
def test_the_signature_is_still_there_to_be_read(kind: Any) -> None:
    assert not any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in inspect.signature(kind).parameters.values())


def test_settings_survive_copies() -> None:
    optimizer = SGD(CosineDecay(0.1, steps=3), momentum=0.5)
    assert replace(optimizer, momentum=0.2).momentum == 0.2
    assert copy.deepcopy(optimizer) == optimizer


# Settings -------------------------------------------------------------------------------------------------------------

SETTINGS: dict[str, tuple[Callable[..., Any], dict[str, Any], list[Any]]] = {
    "learning_rate": (SGD, {}, [0.0, -0.1, math.inf]),
    "clip_value": (SGD, {"learning_rate": 0.1}, [0.0, -1.0, math.inf]),
    "clip_norm": (Adam, {}, [0.0, -1.0, math.inf]),
    "momentum": (SGD, {"learning_rate": 0.1}, [-0.1, 1.0]),
    "weight_decay": (AdamW, {}, [-0.1, math.inf]),
    "decay": (RMSProp, {}, [-0.1, 1.0]),
    "epsilon": (RMSProp, {}, [0.0, math.inf]),
    "beta1": (Adam, {}, [-0.1, 1.0]),
    "beta2": (AdamW, {}, [-0.1, 1.0]),
    "initial": (StepDecay, {"every": 1}, [0.0, -1.0, math.inf]),
    "factor": (ExponentialDecay, {"initial": 1.0}, [0.0, -1.0, math.inf]),
    "final": (CosineDecay, {"initial": 1.0, "steps": 2}, [-1.0, math.inf]),
    "loss": (Threshold, {}, [math.inf]),
    "tolerance": (Convergence, {}, [-1.0, math.inf]),
}
WHOLE: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "every": (StepDecay, {"initial": 1.0}),
    "steps": (CosineDecay, {"initial": 1.0}),
    "epochs": (Patience, {}),
}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [(n, x) for n, (*_, wrong) in SETTINGS.items() for x in [*wrong, math.nan, "0.1", True, 1j, b"1", {}, 10**400]],
)
def test_every_number_of_a_setting_is_checked_as_it_is_given(name: str, wrong: Any) -> None:
    make, others, _ = SETTINGS[name]
    with pytest.raises(ValueError, match=rf"{name} is .*; it must be .*(number|below 1)"):
        make(**others, **{name: wrong})


@pytest.mark.parametrize("wrong", [None, [0.1], object()])
@pytest.mark.parametrize("name", [name for name in SETTINGS if not name.startswith("clip")])
def test_what_is_no_number_is_no_setting(name: str, wrong: Any) -> None:
    make, others, _ = SETTINGS[name]
    with pytest.raises(ValueError, match=f"{name} is "):
        make(**others, **{name: wrong})


@pytest.mark.parametrize("wrong", [0, -1, 2.0, 2.5, math.nan, True, "2", None, [2]])
@pytest.mark.parametrize("name", WHOLE)
def test_every_count_of_a_setting_is_a_whole_number(name: str, wrong: Any) -> None:
    make, others = WHOLE[name]
    with pytest.raises(ValueError, match=rf"{name} is .*; it must be a whole number from 1 on"):
        make(**others, **{name: wrong})


@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), Fraction(1, 2), np.array(0.5)])
def test_numbers_of_every_kind_become_floats(number: Any) -> None:
    assert repr(SGD(number, momentum=number, clip_norm=number)) == repr(SGD(0.5, momentum=0.5, clip_norm=0.5))
    assert repr(CosineDecay(number, np.int64(3), number)) == repr(CosineDecay(0.5, 3, 0.5))
    theta = np.ones(2)
    SGD(number).step(theta, np.ones(2))
    assert theta.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("wrong", [-1, 0.5, "seed", object(), math.nan])
def test_a_seed_is_a_seed(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"rng is .*; give a seed \(a whole number, 0 or more\) or a NumPy Generator"):
        MLP(3, [1], rng=wrong)
    with pytest.raises(ValueError, match=r"rng is "):
        train(network(), X, X[:, 0] > 0, loss="sse", optimizer=SGD(0.1), rng=wrong, progress=False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MLP(3, [1], bias=0.5), "bias is 0.5; it must be True or False"),
        (lambda: MLP(3, [1], expanded="no"), "expanded is 'no'; it must be True or False"),
        (lambda: SGD(0.1, nesterov=1), "nesterov is 1; it must be True or False"),
        (lambda: MLP(3, [1], initializer=[]), r"initializer is \[\]; choose one of"),
        (lambda: MLP(3, [1], output=3), "the activation of layer 1 is 3; give a name, or one name for each neuron"),
        (lambda: MLP(3, [1], [["relu", None]]), "layer 1 has 1 neurons, but 2 activations"),
        (lambda: MLP(3, [2], [["relu", None]]), "None is not an activation"),
        (lambda: MLP(3, "41"), "sizes is '41'; give the number of neurons"),
        (lambda: MLP(3, [True]), "the size of layer 1 is True; it must be a whole number"),
        (lambda: MLP.from_weights(3), "weights is 3; give a list with an entry for each layer"),
        (lambda: MLP.from_weights([[[1.0]]], 3), "biases is 3; give a list with an entry for each layer"),
        (lambda: Neuron([1.0, math.nan]), r"weights\[1\] is nan"),
        (lambda: Neuron([1.0], math.inf), "bias is inf; it must be a finite number"),
        (lambda: Neuron({1.0, 2.0}), "weights is .*, not a number"),
    ],
)
def test_what_makes_a_network_is_checked(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"history": {}}, ValueError, "history is {}; give that of an earlier run, or None"),
        ({"mlp": X}, TypeError, "train takes the network, X and y, in this order"),
        ({"loss": []}, ValueError, r"loss is \[\]; choose one of"),
        ({"engine": []}, ValueError, r"engine is \[\]; choose one of"),
        ({"optimizer": SGD}, ValueError, "optimizer is <class .*; give one such as"),
        ({"epochs": 10.0}, ValueError, "epochs is 10.0; it must be a whole number from 1 on, an int"),
        ({"batch_size": True}, ValueError, "batch_size is True; it must be a whole number from 1 to 4, an int"),
        ({"X": [[1.0, 2.0, 10**400]] * 4}, ValueError, "X holds a whole number beyond the largest float"),
    ],
)
def test_what_trains_a_network_is_checked(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    chosen = {"mlp": network(), "X": X, "y": X[:, 0] > 0, "loss": "sse", "optimizer": SGD(0.1), "progress": False}
    with pytest.raises(error, match=message):
        train(**(chosen | settings))


# One example, and many ------------------------------------------------------------------------------------------------


def test_the_advice_for_one_example_works() -> None:
    mlp = network()
    with pytest.raises(
        ValueError, match=r"X has shape \(3,\); .* for one example give one row: \[X\], or reshape\(1, -1\)"
    ):
        mlp.predict(X[0])
    assert (mlp.predict([X[0]]) == mlp.predict(X)[:1]).all()
    assert (mlp.predict(X[0].reshape(1, -1)) == mlp.predict(X)[:1]).all()


def test_the_advice_for_one_column_works() -> None:
    mlp = MLP(1, [1], rng=0)
    with pytest.raises(ValueError, match=r"X has shape \(4,\); .*; reshape\(-1, 1\) makes one column"):
        mlp.predict(X[:, 0])
    assert mlp.predict(X[:, 0].reshape(-1, 1)).shape == (4, 1)


def test_numbers_of_which_no_table_can_be_made_get_no_advice_to_make_one() -> None:
    with pytest.raises(ValueError, match=r"it must be a table with one row of 3 for each example$"):
        network().predict(X[:, 0])


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X, r"one example at a time, not an array of shape \(4, 3\); predict\(X\) takes a batch"),
        (X[:3], r"not an array of shape \(3, 3\); predict\(X\) takes a batch"),
        (X.tolist(), r"not a list of 4 rows; predict\(X\) takes a batch"),
        ([X[0]], r"not a list of 1 rows; predict\(X\) takes a batch"),
        (X[0].reshape(-1, 1), r"not an array of shape \(3, 1\); ravel\(\) makes it flat"),
        ([1.0, 2.0], r"3 inputs are needed, one number for each, not 2: \[1.0, 2.0\]"),
    ],
)
@pytest.mark.parametrize("called", [network(), Layer(np.ones((3, 2))), Neuron([1.0, 2.0, 3.0])])
def test_a_batch_is_no_example(called: Any, x: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        called(x)


@pytest.mark.parametrize("x", [1.0, None, "123", b"123", {0: 1, 1: 2, 2: 3}, {1, 2, 3}, object(), np.array(1.0)])
def test_what_is_no_list_is_no_example(x: Any) -> None:
    with pytest.raises(TypeError, match="3 inputs are needed, one number for each, in a list, not "):
        network()(x)


@pytest.mark.parametrize("x", [[1.0, "2", 3.0], [1.0, None, 3.0], [1.0, 2j, 3.0], (1.0, object(), 3.0)])
def test_what_is_no_number_is_no_input(x: Any) -> None:
    with pytest.raises(TypeError, match=r"x\[1\] is not a number"):
        network()(x)


def test_an_example_comes_in_any_sequence_of_numbers() -> None:
    mlp, x = network(), [1.0, 2.0, 3.0]
    for given in (
        tuple(x),
        np.array(x),
        np.array(x, dtype=object),
        range(1, 4),
        iter(x),
        [Value(1.0), 2, np.float32(3)],
    ):
        assert mlp(given).data == mlp(x).data


# Weights to read, and to set ------------------------------------------------------------------------------------------


def test_what_the_network_returns_cannot_be_written_into_and_lost() -> None:
    mlp = network()
    mlp([1, 2, 3]).backward()
    arrays = [*mlp.weights(), *mlp.biases(), *mlp.gradients(), *mlp.bias_gradients()]
    for array in [*arrays, mlp.layers[0].weights(), mlp.layers[0].biases()]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9.0
    assert flat(mlp) == flat(network())


@pytest.mark.parametrize("bias", [True, False])
def test_weights_that_are_set_are_the_networks(bias: bool) -> None:
    mlp, other = MLP(3, [2, 1], bias=bias, rng=0), MLP(3, [2, 1], bias=bias, rng=1)
    values = mlp.parameters()
    mlp.set_weights(other.weights(), other.biases() or None)
    assert flat(mlp) == flat(other)
    assert all(a is b for a, b in zip(values, mlp.parameters(), strict=True))  # graphs and optimizers go on with them
    mlp.set_weights([W.tolist() for W in network().weights()])
    np.testing.assert_array_equal(mlp.weights()[0], network().weights()[0])
    assert [b.tolist() for b in mlp.biases()] == [b.tolist() for b in other.biases()]


@pytest.mark.parametrize(
    ("weights", "biases", "message"),
    [
        (None, None, "weights is None; give a list with an entry for each layer"),
        ([np.ones((3, 2))], None, "weights has the length 1, but the network has 2 layers: give an array for each"),
        ([np.ones((2, 3)), np.ones((2, 1))], None, r"weights\[0\] has shape \(2, 3\); in this network it is \(3, 2\)"),
        ([np.ones((3, 2)), np.ones(2)], None, r"weights\[1\] has shape \(2,\); in this network it is \(2, 1\)"),
        ([np.ones((3, 2)), [[1.0], [math.nan]]], None, r"weights\[1\]\[1, 0\] is nan"),
        ([np.ones((3, 2)), [[1.0], ["2"]]], None, r"weights\[1\]\[1, 0\] is '2', not a number"),
        (
            [np.ones((3, 2)), np.ones((2, 1))],
            [[1.0, 2.0]],
            "biases has the length 1, but the network has 2 layers: give an array for each",
        ),
        ([np.ones((3, 2)), np.ones((2, 1))], [[1.0], [1.0]], r"biases\[0\] has shape \(1,\); in this network it is"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(weights: Any, biases: Any, message: str) -> None:
    mlp = network()
    with pytest.raises(ValueError, match=message):
        mlp.set_weights(weights, biases)
    assert flat(mlp) == flat(network())


def test_a_network_without_biases_takes_none() -> None:
    with pytest.raises(ValueError, match="biases has the length 1, but the network has no biases"):
        MLP(1, [1], bias=False, rng=0).set_weights([[[1.0]]], [[1.0]])


def test_a_shared_weight_is_set_to_one_number(tmp_path: Path) -> None:
    mlp = MLP(1, [1, 1], rng=0)
    mlp.layers[1].neurons[0].weights[0] = mlp.layers[0].neurons[0].weights[0]
    mlp.set_weights([[[2.0]], [[2.0]]])
    with pytest.raises(ValueError, match=r"w⁽¹⁾₁₁ is shared, but is given 2.0 and 3.0; give one"):
        mlp.set_weights([[[2.0]], [[3.0]]])
    assert [W.item() for W in mlp.weights()] == [2.0, 2.0]
    with pytest.raises(ValueError, match=r"the network has shared weights.*MLP.from_weights"):
        save(mlp, tmp_path / "network")
    with pytest.raises(ValueError, match="use train"):
        handout_step(mlp, [1.0], 1.0, 0.1)


def test_a_handout_step_that_overflows_changes_nothing() -> None:
    mlp = MLP(3, [2, 1], "identity", rng=0)
    before = flat(mlp)
    with pytest.raises(FloatingPointError, match=r"not be finite with the learning rate 1e\+300; use a smaller one"):
        handout_step(mlp, [1e10, 2.0, 3.0], 1.0, 1e300)
    assert flat(mlp) == before
