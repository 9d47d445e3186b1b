"""The code listings of documents 002 and 003: what is printed does not run, and restored it runs as intended.

The listings (data/listing_*.txt) are quoted as the documents print them, to be corrected here: Eduardo Arnold, "Neural
networks from scratch"; Emmanuel Misley, "Neural Network From Scratch", March 2023.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import ARNOLD, MISLEY, agrees, arnold_network, backward

from nn import MLP, SGD, cross_entropy, train

DATA = Path(__file__).parent / "data"
ARNOLD_PRINTED = (DATA / "listing_002_arnold.txt").read_text(encoding="utf-8")
MISLEY_PRINTED = (DATA / "listing_003_misley.txt").read_text(encoding="utf-8")
RESTORED = {  # `np.dot(` and its first argument are lost, in the form of a link
    "h = np.maximum(0,,W1)+b1)": "h = np.maximum(0, np.dot(x, W1)+b1)",
    "score =,W2)+b2": "score = np.dot(h, W2)+b2",
    "dW2 =, dscore)": "dW2 = np.dot(h.T, dscore)",
    "dh =, W2.T)": "dh = np.dot(dscore, W2.T)",
    "dW1 =, dr)": "dW1 = np.dot(x.T, dr)",
}


def restored() -> str:
    """Document 002's listing with its five lines restored."""
    lines = [RESTORED.get(line, line) for line in ARNOLD_PRINTED.splitlines()]
    return "\n".join(lines)


def run(source: str, **names: Any) -> dict[str, Any]:
    exec(source, names)  # noqa: S102  (the listing of the document, from a file of the project)
    return names


def arnold(**changes: Any) -> dict[str, Any]:
    """Run document 002's listing on the batch of four; the arrays are copies, for it updates them in place."""
    inputs = {name: np.array(value) for name, value in ARNOLD["inputs"].items()}
    inputs |= {"b1": inputs["b1"][np.newaxis], "b2": inputs["b2"][np.newaxis]}
    inputs |= {"np": np, "n": len(changes.get("x", inputs["x"]))} | changes
    return run(restored(), **inputs)


# Document 002 -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", RESTORED)
def test_i63_five_printed_lines_of_document_002_are_no_python(line: str) -> None:
    assert line in ARNOLD_PRINTED.splitlines()
    with pytest.raises(SyntaxError):
        compile(line, "002", "exec")
    compile(RESTORED[line], "002", "exec")


def test_the_restored_lines_of_002_take_the_engines_step() -> None:
    found = arnold()
    mlp = arnold_network()
    x = ARNOLD["inputs"]
    train(mlp, x["x"], x["y_t"], loss="cross_entropy", optimizer=SGD(x["lr"]), epochs=1, progress=False)
    for layer in (1, 2):
        assert agrees(found[f"dW{layer}"], ARNOLD[f"dW{layer}"])
        assert agrees(found[f"db{layer}"][0], ARNOLD[f"db{layer}"])
        assert agrees(found[f"W{layer}"], mlp.weights()[layer - 1])
        assert agrees(found[f"b{layer}"][0], mlp.biases()[layer - 1])


def test_i45_the_listing_overwrites_dh_and_the_engine_keeps_both() -> None:
    found = arnold()
    assert found["dr"] is found["dh"]
    assert agrees(found["dh"], ARNOLD["dr"])
    x, label = ARNOLD["inputs"]["x"][0], ARNOLD["inputs"]["y_t"][0]
    record, _ = backward(arnold_network(), x, label, cross_entropy)
    dh, dr = ([v.grad / 4 for v in layer[0]] for layer in (record.activations, record.net_inputs))
    assert agrees(dh, ARNOLD["dh"][0])
    assert agrees(dr, ARNOLD["dr"][0])
    assert dh != dr


def test_i46_a_flat_bias_does_not_take_the_update_and_a_row_does() -> None:
    with pytest.raises(ValueError, match="non-broadcastable output"):
        arnold(b1=np.array(ARNOLD["inputs"]["b1"]))
    assert agrees(arnold()["b1"], [ARNOLD["b1_new"]])


@pytest.mark.parametrize("n", [1, 4])
def test_i47_a_bias_gradient_sums_over_the_rows(n: int) -> None:
    x, labels = ARNOLD["inputs"]["x"][:n], ARNOLD["inputs"]["y_t"][:n]
    found = arnold(x=np.array(x), y_t=np.array(labels))
    mlp = arnold_network()
    for row, label in zip(x, labels, strict=True):
        backward(mlp, row, label, cross_entropy)
    assert agrees(found["db2"][0], mlp.bias_gradients()[1] / n)
    assert np.array_equal(found["db2"], found["dscore"]) == (n == 1)  # the formula of the text, for one sample


def test_i48_labels_in_a_column_are_taken_and_wrong() -> None:
    column = np.array(ARNOLD["inputs"]["y_t"])[:, np.newaxis]
    found = arnold(y_t=column)  # no error, though each row loses a 1 in the columns of all four labels
    assert np.abs(found["dscore"].sum(axis=1)).min() > 0.1
    assert np.abs(np.sum(ARNOLD["dscore"], axis=1)).max() < 1e-15
    with pytest.raises(ValueError, match=r"shape \(4, 1\).*indices of shape \(4,\)"):
        train(arnold_network(), ARNOLD["inputs"]["x"], column, loss="cross_entropy", optimizer=SGD(0.1), progress=False)


def test_i43_its_softmax_overflows_where_the_engines_does_not() -> None:
    scores = np.array([[1000.0, 0.0, -1000.0]])
    lines = "\n".join(ARNOLD_PRINTED.splitlines()[2:4])  # y = np.exp(score), and y over its sum
    with pytest.warns(RuntimeWarning) as warnings:
        found = run(lines, np=np, score=scores)
    assert "overflow" in str(warnings[0].message)
    assert np.isnan(found["y"][0, 0])
    mlp = MLP.from_weights([np.eye(3)], activation="softmax")
    assert mlp.predict(scores).tolist() == [[1.0, 0.0, 0.0]]


# Document 003 -----------------------------------------------------------------------------------------------------


def misley() -> str:
    """Document 003's listing with its lost bracket."""
    return MISLEY_PRINTED.replace("weights = [[0.2", "weights = [[[0.2")


def test_i27_the_printed_listing_of_document_003_does_not_compile() -> None:
    with pytest.raises(IndentationError) as refusal:
        compile(MISLEY_PRINTED, "003", "exec")
    assert "[[0.5, 0.1, 0.8, 0.6, 0.6]" in (refusal.value.text or "")


def test_i27_repaired_it_prints_its_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    run(misley(), __name__="__main__")
    assert capsys.readouterr().out.splitlines() == [
        "The network input is: [0.3, 0.7, 0.5]",
        "The network output is: [0.89607668 0.80506943]",
    ]
    W = [MISLEY["inputs"][f"W{layer}"] for layer in (1, 2, 3)]
    assert MLP.from_weights(W).predict([[0.3, 0.7, 0.5]])[0] == pytest.approx([0.89607668, 0.80506943], abs=5e-9)


def test_i60_its_sizes_are_never_looked_at_and_the_projects_follow_from_the_weights() -> None:
    names = run(misley(), __name__="listing")
    W = [MISLEY["inputs"][f"W{layer}"] for layer in (1, 2, 3)]
    output = names["MLP"](99, [99], 99, W).forward_propagate([0.3, 0.7, 0.5])  # nobody objects
    assert output == pytest.approx(MISLEY["forward"]["a3"])
    assert MLP.from_weights(W).sizes == (3, 3, 5, 2)
    with pytest.raises(ValueError, match=r"weights\[1\] has 5 rows"):
        MLP.from_weights([W[0], W[2]])


def test_i61_nested_lists_compute_forward_and_do_not_learn() -> None:
    names = run(misley(), __name__="listing")
    lists = [[[1.0]], [[2.0]]]
    network = names["MLP"](1, [1], 1, lists)
    for w in network.weights:
        w -= 0.1 * np.ones((1, 1))  # makes an array, and the list stays as it is
    assert network.weights == [[[1.0]], [[2.0]]]
    assert [w.dtype.kind for w in MLP.from_weights(lists).weights()] == ["f", "f"]
