"""Data as other libraries bring them: read rightly, or refused with the remedy; never misread."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from autograd import assert_gradients
from autograd.arrays import as_number, as_numpy
from nn import (
    LOSSES,
    MLP,
    SGD,
    Layer,
    MLPClassifier,
    MLPRegressor,
    Neuron,
    assert_deltas,
    compare,
    cross_entropy,
    handout_step,
    sse,
    train,
)

X = np.random.default_rng(1).normal(size=(8, 3))
Y = (X[:, :1] > 0.0).astype(float)
MASKED = np.ma.array(X, mask=np.eye(8, 3, -2, dtype=bool))  # (2, 0), (3, 1), (4, 2)


def network() -> MLP:
    return MLP(3, [2, 1], rng=0)


def fit(x: Any, y: Any, **settings: Any) -> list[float]:
    mlp = network()
    train(mlp, x, y, loss="sse", optimizer=SGD(0.1), epochs=2, progress=False, rng=0, **settings)
    return [p.data for p in mlp.parameters()]


# Masked arrays and sparse matrices --------------------------------------------------------------------------------

PLACES: dict[str, Any] = {
    "X": lambda table, column: fit(table, Y),
    "y": lambda table, column: fit(X, column),
    "validation X": lambda table, column: fit(X, Y, validation=(table, Y)),
    "validation y": lambda table, column: fit(X, Y, validation=(X, column)),
    "predict": lambda table, column: network().predict(table),
    "score": lambda table, column: network().score(table, Y),
    "score y": lambda table, column: network().score(X, column),
    "weights": lambda table, column: MLP.from_weights([table]),
    "biases": lambda table, column: MLP.from_weights([np.ones((1, 8))], [column[:, 0]]),
    "set_weights": lambda table, column: MLP(8, [3], rng=0).set_weights([table]),
    "layer": lambda table, column: Layer(table),
    "neuron": lambda table, column: Neuron(column[:, 0]),
    "forward": lambda table, column: MLP(8, [1], rng=0)(column[:, 0]),
    "handout_step": lambda table, column: handout_step(MLP(8, [1], rng=0), column[:, 0], 1.0, 0.1),
    "classifier": lambda table, column: MLPClassifier(epochs=1).fit(table, Y[:, 0]),
    "regressor": lambda table, column: MLPRegressor(epochs=1).fit(X, column[:, 0]),
}


@pytest.mark.parametrize("place", PLACES)
def test_masked_entries_are_refused_wherever_numbers_come_in(place: str) -> None:
    column = np.ma.array(np.full((8, 1), 0.5), mask=np.eye(8, 1, -2, dtype=bool))
    with pytest.raises(ValueError, match=r"\[2(, 0)?\] is masked; leave its row out, or fill it in with filled\(0.0\)"):
        PLACES[place](MASKED, column)


def test_a_masked_array_without_masked_entries_is_an_array() -> None:
    assert fit(np.ma.array(X), np.ma.array(Y, mask=False)) == fit(X, Y)
    with pytest.raises(ValueError, match=r"X\[4\]\[2\] is masked"):
        fit([*X[:4], MASKED[4], *X[5:]], Y)


def test_masked_deltas_are_refused() -> None:
    record = network().forward([1, 2, 3])
    with pytest.raises(ValueError, match=r"expected\[0\]\[1\] is masked"):
        compare(record, [np.ma.array([0.0, 0.0], mask=[False, True]), [0.0]])


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array"])
def test_a_sparse_matrix_is_refused_with_the_remedy(kind: str) -> None:
    sparse = getattr(pytest.importorskip("scipy.sparse"), kind)(X)
    for call in (lambda: fit(sparse, Y), lambda: network().predict(sparse), lambda: network().score(sparse, Y)):
        with pytest.raises(ValueError, match=r"X is a sparse .*: give its toarray\(\)"):
            call()
    for estimator in (MLPClassifier(epochs=1), MLPRegressor(epochs=1)):
        with pytest.raises(ValueError, match=r"X is a sparse .*: give its toarray\(\)"):
            estimator.fit(sparse, Y[:, 0])
    assert fit(sparse.toarray(), Y) == fit(X, Y)


# pandas -------------------------------------------------------------------------------------------------------------


def test_tables_of_pandas_are_tables() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"], index=range(8, 0, -1))
    series = pandas.Series(Y[:, 0], index=range(100, 108))
    expected = fit(X, Y)
    assert fit(frame, series) == fit(frame, pandas.DataFrame(Y)) == fit(frame.astype("Float64"), series) == expected
    assert fit(frame, series.astype(bool)) == fit(frame, series.astype("boolean")) == expected
    mlp = network()
    np.testing.assert_array_equal(mlp.predict(frame), mlp.predict(X))
    assert mlp(frame.iloc[2]).data == mlp(X[2]).data
    assert Neuron(series)(series).data == Neuron(Y[:, 0])(Y[:, 0]).data
    frame.iloc[3, 1] = float("nan")
    with pytest.raises(ValueError, match=r"X\[3, 1\] is nan"):
        fit(frame, series)
    with pytest.raises(ValueError, match=r"X\[3, 1\] is <NA>, not a number"):
        fit(frame.astype("Float64"), series)
    with pytest.raises(ValueError, match=r"X\[0, 0\] is 'x', not a number"):
        fit(frame.assign(a="x"), series)


# PyTorch ------------------------------------------------------------------------------------------------------------


class Tensor:
    """What the project asks of a tensor, where PyTorch is not installed: it is not an array by itself."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.asarray(numbers)

    def __array__(self, *arguments: Any, **keywords: Any) -> Any:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")

    def __iter__(self) -> Any:
        if not self.numbers.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return map(Tensor, self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def ndim(self) -> int:
        return self.numbers.ndim

    def detach(self) -> Tensor:
        return self

    cpu = detach

    def numpy(self) -> Any:
        return self.numbers


def tensors() -> list[Any]:
    def of_torch(numbers: Any) -> Any:
        torch = pytest.importorskip("torch")
        return torch.tensor(np.asarray(numbers, dtype=float), requires_grad=True)

    return [pytest.param(Tensor, id="stand-in"), pytest.param(of_torch, id="torch")]


@pytest.mark.parametrize("tensor", tensors())
def test_tensors_are_arrays_of_numbers(tensor: Any) -> None:
    mlp = network()
    assert fit(tensor(X), tensor(Y)) == fit(X, Y)
    assert fit([tensor(row) for row in X], [tensor(y) for y in Y]) == fit(X, Y)
    np.testing.assert_array_equal(mlp.predict(tensor(X)), mlp.predict(X))
    assert mlp(tensor(X[0])).data == mlp([tensor(x) for x in X[0]]).data == mlp(X[0]).data
    assert MLP.from_weights([tensor(X)]).weights()[0].tolist() == X.tolist()
    assert SGD(tensor(0.1)) == SGD(0.1)


@pytest.mark.parametrize("tensor", tensors())
def test_a_tensor_of_one_element_is_a_number_derived_by_hand(tensor: Any) -> None:
    mlp = network()
    record = mlp.forward([1, 2, 3])
    sse(record.output, [1]).backward()
    deltas = record.deltas()
    assert_deltas(record, [[tensor(d) for d in layer] for layer in deltas])
    assert_deltas(record, [tensor(layer) for layer in deltas])
    assert_deltas(record, [[tensor([d]) for d in layer] for layer in deltas])
    assert_gradients({record.net_inputs[1][0]: tensor(deltas[1][0])})


# Deltas -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shaped",
    [
        lambda d: np.array(d),
        lambda d: np.array(d)[:, np.newaxis],  # Nielsen's columns
        lambda d: np.array(d)[np.newaxis],  # rows, as a batch of one
        lambda d: np.array(d, dtype=np.float32)[:, np.newaxis],
        lambda d: [[x] for x in d],
        lambda d: [d],
        lambda d: [np.array(x) for x in d],
        lambda d: tuple(Decimal(f"{x:.8g}") for x in d),
        lambda d: [[f"{x:.8g}"] for x in d],
        lambda d: (x for x in d),
    ],
)
def test_deltas_of_a_layer_come_in_any_layout(shaped: Any) -> None:
    record = MLP(3, [4, 2], rng=0).forward([1, 2, 3])
    sse(record.output, [1, 0]).backward()
    assert_deltas(record, [shaped(layer) for layer in record.deltas()])
    wrong = [[2.0 * d for d in layer] for layer in record.deltas()]
    with pytest.raises(AssertionError, match="6 of 6 deltas differ"):
        assert_deltas(record, [shaped(layer) for layer in wrong])


@pytest.mark.parametrize("layer", [np.zeros((4, 2)), np.zeros((2, 4)), [[0.0, 0.0]] * 4])
def test_what_is_no_column_is_no_layer(layer: Any) -> None:
    record = MLP(3, [4, 2], rng=0).forward([1, 2, 3])
    with pytest.raises(ValueError, match="expected"):
        compare(record, [layer, [0.0, 0.0]])


# Losses -------------------------------------------------------------------------------------------------------------

LAYOUTS: dict[str, Any] = {
    "array": np.array,
    "column": lambda t: np.array(t)[:, np.newaxis],
    "row": lambda t: np.array(t)[np.newaxis],
    "nested": lambda t: [[x] for x in t],
    "arrays of no dimension": lambda t: [np.array(x) for x in t],
    "tensor": Tensor,
    "tensors": lambda t: [Tensor(x) for x in t],
    "unmasked": np.ma.array,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_predictions_and_targets_come_in_any_layout(loss: str, layout: str) -> None:
    prediction, target = [0.25, 0.75], [-1.0, 1.0] if loss == "hinge" else [0.0, 1.0]
    expected, shaped = LOSSES[loss](prediction, target), LAYOUTS[layout]
    assert LOSSES[loss](prediction, shaped(target)) == expected
    assert LOSSES[loss](shaped(prediction), target) == expected


@pytest.mark.parametrize("index", [1, 1.0, np.int64(1), np.array(1), np.array([1]), Tensor(1)])
def test_a_class_index_is_a_number_of_any_kind(index: Any) -> None:
    assert cross_entropy([0.25, 0.75], index) == cross_entropy([0.25, 0.75], [0.0, 1.0])


@pytest.mark.parametrize("wrong", [None, "10", b"10", {0: 0.0, 1: 1.0}, {0.0, 1.0}, ["0", "1"], [None, 1.0], [1j, 0.0]])
@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_no_number_is_no_target_and_no_prediction(loss: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"^{loss}: .*target.* is .*; give a number"):
        LOSSES[loss]([0.25, 0.75], wrong)
    with pytest.raises(TypeError, match=rf"^{loss}: .*prediction.* is .*; give a number"):
        LOSSES[loss](wrong, [0.0, 1.0])


@pytest.mark.parametrize("loss", LOSSES)
def test_masked_targets_are_refused(loss: str) -> None:
    with pytest.raises(ValueError, match=rf"{loss}: target\[1\] is masked"):
        LOSSES[loss]([0.25, 0.75], np.ma.array([0.0, 1.0], mask=[False, True]))


def test_the_helpers_leave_everything_else_as_it_is() -> None:
    for data in (X, X.tolist(), 1.0, "text", None, (1, 2), {"a": 1}):
        assert as_numpy(data, "x") is data
    assert as_number(np.array([[2.0]]), "x") == 2.0
    assert as_number(X, "x") is X
