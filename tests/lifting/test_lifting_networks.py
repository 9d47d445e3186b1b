"""Networks as programs: the scalar engine's gradients, and a source that reads as one derives it by hand."""

# ruff: noqa: A004  (sum is the field's name)

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_lifting_programs import leaves

from autograd import dot, sigmoid, sum, vectorize
from nn import MLP, mse, softmax_cross_entropy, sse

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "golden.json").read_text(encoding="utf-8"))["cases"]
ARNOLD = GOLDEN["seed002_2-3-3"]["inputs"]
DERIVED = [  # document 002: r, h, score; dW2, db2; dh, dr; dW1, db1
    r"# z1 = W1 @ x \+ b1",
    r"# a1 = relu\(z1\)",
    r"# z2 = W2 @ a1 \+ b2",
    r"# dW2 = dz2 @ a1.T, db2 = the sums of its rows",
    r"# da1 = W2.T @ dz2",
    r"multiply\(da1, \w+, out=dz1\)",
    r"# dW1 = dz1 @ x.T, db1 = the sums of its rows",
]


@pytest.mark.parametrize("width", [3, 70])  # more than 64 inputs are used where they lie
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("expanded", [False, True])
@pytest.mark.parametrize(
    ("loss", "output"), [(mse, "tanh"), (sse, "identity"), (softmax_cross_entropy, "identity"), (mse, "softmax")]
)
def test_networks_agree_with_the_scalar_engine(width, bias, expanded, loss, output):
    rng = np.random.default_rng(2)
    mlp = MLP(width, [5, 4, 3], activation=["relu", "tanh", output], bias=bias, expanded=expanded, rng=3)
    X = rng.normal(size=(7, width))
    targets = np.eye(3)[rng.integers(3, size=7)]
    x, t = leaves(X[0], "x"), leaves(targets[0], "t")
    program = vectorize(loss(mlp.forward(x).output, t), x + t, mlp.parameters())
    mlp.zero_grad()
    losses = [loss(mlp.forward(row).output, target) for row, target in zip(X.tolist(), targets.tolist(), strict=True)]
    total = sum(losses) / 7.0
    total.backward()
    value, gradient = program.gradient(np.hstack([X, targets]))
    assert value == pytest.approx(total.data, rel=1e-12)
    assert gradient == pytest.approx([p.grad for p in mlp.parameters()], rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("width", [2, 70])
def test_heads_that_share_their_senders_with_and_without_biases(width):
    rng = np.random.default_rng(7)
    x = leaves(rng.normal(size=width), "x")
    w = [[leaves(rng.normal(size=k), "w") for _ in range(m)] for m, k in ((3, width), (2, 3), (2, 3), (4, width))]
    b = [leaves(rng.normal(size=m), "b") for m in (3, 2)]
    h = [sigmoid(dot(row, x, bias)) for row, bias in zip(w[0], b[0], strict=True)]
    heads = [sigmoid(dot(row, h, bias)) for row, bias in zip(w[1], b[1], strict=True)]
    heads += [sigmoid(dot(row, senders)) for rows, senders in ((w[2], h), (w[3], x)) for row in rows]
    loss = sum(heads)
    loss.backward()
    parameters = [*itertools.chain(*itertools.chain(*w)), *itertools.chain(*b)]
    value, gradient = vectorize(loss, x, parameters).gradient([[a.data for a in x]] * 3)
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx([p.grad for p in parameters], rel=1e-10)


@pytest.mark.parametrize("scale", [lambda x: x / 255.0, lambda x: -x, lambda x: (x - 3.0) / 2.0, lambda x: 0.5 * x])
@pytest.mark.parametrize("expanded", [False, True])
def test_scaled_inputs_are_those_of_a_layer(scale, expanded):
    mlp = MLP(6, [5, 4], activation="tanh", output="identity", expanded=expanded, rng=0)
    x, t = leaves(np.arange(6.0), "x"), leaves([0.5, -0.5, 0.1, 0.0], "t")
    loss = mse(mlp.forward(list(map(scale, x))).output, t)
    program = vectorize(loss, x + t, mlp.parameters())
    assert re.findall(r"# (z\d|dW\d) = .*@", program.source) == ["z1", "z2", "dW2", "dW1"]
    assert program.check(loss, np.random.default_rng(0).normal(size=(3, 10))) < 1e-12
    loss.backward()
    _, gradient = program.gradient([[leaf.data for leaf in x + t]])
    assert gradient == pytest.approx([p.grad for p in mlp.parameters()], rel=1e-12)


def test_inputs_among_targets_and_parameters_in_any_order():
    rng = np.random.default_rng(4)
    mlp = MLP(70, [4, 2], activation="tanh", rng=5)
    x, t = leaves(rng.normal(size=70), "x"), leaves([0.0, 1.0], "t")
    loss = mse(mlp.forward(x).output, t)
    loss.backward()
    columns, shuffled = rng.permutation(72), [mlp.parameters()[k] for k in rng.permutation(len(mlp.parameters()))]
    inputs = [[*x, *t][k] for k in columns]
    value, gradient = vectorize(loss, inputs, shuffled).gradient([[a.data for a in inputs]] * 3)
    assert value == pytest.approx(loss.data, rel=1e-12)
    assert gradient == pytest.approx([p.grad for p in shuffled], rel=1e-10)


def classifier():
    """Document 002's network, 2-3-3 with ReLU and softmax: its r is z1, h is a1, score is z2."""
    weights, biases = [[ARNOLD[f"{name}{layer}"] for layer in (1, 2)] for name in "Wb"]
    mlp = MLP.from_weights(weights, biases, "relu", output="identity")
    x, t = leaves([0.5, -1.0], "x"), leaves([1.0, 0.0, 0.0], "t")
    return vectorize(softmax_cross_entropy(mlp.forward(x).output, t), x + t, mlp.parameters())


def test_the_program_of_document_002_has_its_numbers():
    value, gradient = classifier().gradient(np.hstack([ARNOLD["x"], np.eye(3)[ARNOLD["y_t"]]]))
    case = GOLDEN["seed002_2-3-3"]
    layers = [np.vstack([case[f"dW{layer}"], case[f"db{layer}"]]).T.ravel() for layer in (1, 2)]  # neuron by neuron
    assert value == pytest.approx(case["L"], rel=1e-12)
    assert gradient == pytest.approx(np.concatenate(layers), rel=1e-12, abs=1e-14)


def test_the_source_of_document_002_has_the_lines_that_one_derives_by_hand():
    lines = [line.strip() for line in classifier().source.splitlines()]
    places = [next(place for place, line in enumerate(lines) if re.fullmatch(wanted, line)) for wanted in DERIVED]
    assert places == sorted(places)
    assert "one row for each neuron, the transpose of W[sender][receiver]" in classifier().source


@pytest.mark.parametrize("seed", ["1", "2"])
def test_sources_are_the_same_in_every_process(seed):
    code = "import test_lifting_networks as t; print(t.classifier().source, end='')"
    tests = Path(__file__).parent
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout == classifier().source


def test_nothing_is_allocated_in_a_training_step():
    source = classifier().source
    passes = source[source.index("def forward") :]
    statements = [line.strip() for line in passes.splitlines() if line.startswith("    ") and "#" not in line]
    assert all("out=" in line or line.startswith(("copyto(", "return", "gradient.fill(")) for line in statements)
