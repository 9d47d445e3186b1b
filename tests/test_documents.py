"""The pages on the four documents: whole, true to what runs, and what none of the other tests shows yet."""

from __future__ import annotations

import ast
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import (
    ARNOLD,
    GOLDEN,
    MISLEY,
    agrees,
    arnold_network,
    backward,
    handout_network,
    misley_network,
    slope,
)

from autograd import Value, sigmoid
from docs import documents
from nn import MLP, SGD, cross_entropy, half_sse, sse, train

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("documents", "errata", "glossary")}
NAMED = r"`((?:tests|examples|docs|benchmarks|nn|viz|autograd)/[\w./-]+)(?:::(\w+))?`"  # a file, or a test in it


@cache
def named_in(path: Path) -> set[str]:
    """Return the names of a file's tests, without running it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def missing(text: str) -> list[str]:
    """Return what a text names and the project does not have."""
    gone = []
    for path, test in re.findall(NAMED, text):
        if not (ROOT / path).is_file() or (test and test not in named_in(ROOT / path)):
            gone.append(f"{path}::{test}" if test else path)
    return gone


# The pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_test_that_a_page_names_exists(page: str) -> None:
    assert missing(PAGES[page]) == []
    commands = re.findall(r"(?:pytest|python) ((?:tests|examples)/[\w./:]+)", PAGES[page])
    assert missing(" ".join(f"`{name}`" for name in commands)) == []


def test_a_name_that_rots_is_found() -> None:
    text = "`tests/test_documents.py::test_gone` `tests/test_gone.py` `examples/gone.py` `examples/handout.py`"
    assert missing(text) == ["tests/test_documents.py::test_gone", "tests/test_gone.py", "examples/gone.py"]


def test_every_row_of_the_documents_is_served() -> None:
    rows = re.findall(r"^\| (F\d\d) \| (.+) \| (.+) \| (.+) \|$", PAGES["documents"], re.MULTILINE)
    assert [row[0] for row in rows] == [f"F{i:02}" for i in range(1, 80)]
    assert [row[0] for row in rows if not re.search(NAMED, row[3])] == []


def test_every_erratum_has_an_entry_and_a_test_that_exists() -> None:
    entries, _, notation = PAGES["errata"].partition("## Notation, and text that was lost")
    parts = re.split(r"^### (I\d\d) · .+$", entries, flags=re.MULTILINE)
    assert parts[1::2] == [f"I{i:02}" for i in range(1, 63)]
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        shown = text.partition("Shown by ")[2]
        assert re.search(r"`tests/[\w/]+\.py::test_\w+`", shown), number
        assert re.search(r"\b00[0-3]\b", text), number  # the document it speaks of
    assert re.findall(r"^\| (I\d\d) \|", notation, re.MULTILINE) == [f"I{i:02}" for i in range(63, 85)]


def test_no_test_of_the_errata_is_left_out_of_the_page() -> None:
    named = {test for _, test in re.findall(NAMED, PAGES["errata"])}
    for name in ("test_errata_wrong", "test_errata_open", "test_listings"):
        assert named_in(ROOT / "tests" / f"{name}.py") - named == set()


def test_the_glossary_has_a_column_for_every_notation() -> None:
    heads = re.findall(r"^\| (?:thing|word) \|(.+)\|\n\|--", PAGES["glossary"], re.MULTILINE)
    columns = [[cell.strip() for cell in head.split("|")] for head in heads]
    assert columns == [["000, 001", "002", "003", "Nielsen", "here"]] * 3 + [["000, 001", "002", "Nielsen", "here"]]
    for head, row in re.findall(r"^(\| (?:thing|word) .+)\n\|-.+\n((?:\|.+\n)+)", PAGES["glossary"], re.MULTILINE):
        assert {line.count("|") for line in row.splitlines()} == {head.count("|")}


def test_links_between_the_pages_lead_somewhere() -> None:
    for text in PAGES.values():
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (DOCS / target).is_file()


# The numbers ----------------------------------------------------------------------------------------------------------


def test_the_table_of_numbers_is_what_the_generator_writes() -> None:
    assert documents.page(PAGES["documents"]) == PAGES["documents"], "run: python -m docs.documents"


def test_every_number_is_in_the_table_once() -> None:
    entries = {entry["id"]: entry for entry in GOLDEN["seed_numbers"]}
    numbers = documents.numbers()
    assert len(numbers) == len(entries) == 168
    assert {number.id for number in numbers} == set(entries)
    for number in numbers:
        assert number.printed == entries[number.id]["printed"]
    rows = [line for line in PAGES["documents"].partition(documents.HEADING)[2].splitlines() if line.startswith("| 00")]
    printed = [cell for row in rows for cell in row.split("|")[3].split(",")]
    assert [cell.strip() for cell in printed] == [number.printed or "–" for number in numbers]


def test_the_engines_numbers_are_the_golden_ones() -> None:
    """By backpropagation where that is another number, else as the document computes; both to 1e-12."""
    computed = 0
    for number, entry in ((n, e) for n in documents.numbers() for e in GOLDEN["seed_numbers"] if e["id"] == n.id):
        if number.engine is not None:
            assert agrees(number.engine, entry.get("correct_backprop_value", entry["recomputed"])), number.id
        if "correct_backprop_value" in entry:
            assert agrees(number.rule, entry["recomputed"]), number.id
        if entry["kind"].startswith("computed"):
            assert number.engine is not None
            computed += 1
            wrong = entry.get("correct_backprop_agrees") is False
            assert number.verdict.startswith("✗ not the gradient") == wrong, number.id
            assert wrong or number.verdict in ("right", "lost in the text")
    assert computed == 58


def test_a_number_that_nothing_explains_is_marked() -> None:
    wrong = documents.Number("s0.x", "000", (1,), "x", "computed", "0.193", 0.192, 0.191)
    assert wrong.verdict == "✗"
    assert documents.Number("s0.x", "000", (1,), "x", "given", "0.193", 0.192, None).verdict == "✗"


def test_the_number_that_000_lost_is_0_192() -> None:
    (lost,) = (number for number in documents.numbers() if number.printed is None)
    assert (lost.document, lost.name, lost.verdict) == ("000", "delta_o", "lost in the text")
    assert lost.engine == pytest.approx(0.192, rel=1e-12)


# Rows that no other test shows ----------------------------------------------------------------------------------------


NETWORKS: dict[str, Any] = {
    "000": (handout_network, [1.0, 3.0, 5.0], [1.0], sse),
    "002": (arnold_network, ARNOLD["inputs"]["x"][1], 2, cross_entropy),
    "003": (misley_network, MISLEY["inputs"]["x"], [1.0, 0.0], half_sse),
}


@pytest.mark.parametrize("document", NETWORKS)
def test_finite_differences_agree_on_every_network(document: str) -> None:
    make, x, y, function = NETWORKS[document]
    mlp = make()
    backward(mlp, x, y, function)
    for p in mlp.parameters():
        here = p.data

        def loss(number: float, p: Value = p) -> float:
            p.data = number
            return float(function(mlp.forward(x).output, y).data)

        assert p.grad == pytest.approx(slope(loss, here), rel=1e-6, abs=1e-10)
        p.data = here


def test_every_neuron_alone_computes_what_the_matrix_product_does() -> None:
    mlp, senders = misley_network(), MISLEY["inputs"]["x"]
    for layer, W in zip(mlp.layers, mlp.weights(), strict=True):
        alone = [neuron(senders).data for neuron in layer.neurons]
        assert alone == pytest.approx(sigmoid(np.array(senders) @ W).tolist(), rel=1e-14)
        senders = alone
    assert agrees(senders, MISLEY["forward"]["a3"])


def test_one_sigmoid_unit_is_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 2))
    labels = (rows @ [1.5, -1.0] + rng.normal(size=60) > 0.3).astype(int)
    unit = MLP(2, [1], rng=0)
    train(unit, rows, labels, loss="binary_cross_entropy", optimizer=SGD(5.0), epochs=500, progress=False)
    theirs = linear_model.LogisticRegression(C=np.inf, tol=1e-10).fit(rows, labels)
    assert unit.weights()[0][:, 0] == pytest.approx(theirs.coef_[0], rel=1e-4)
    assert unit.biases()[0] == pytest.approx(theirs.intercept_, rel=1e-4)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("output", [0.1, 0.4, 0.6, 0.9])
def test_delta_has_the_sign_of_label_minus_prediction(output: float, label: int) -> None:
    mlp = MLP.from_weights([[[math.log(output / (1.0 - output))]]])
    delta = backward(mlp, [1.0], label)[0].deltas("handout")[0][0]
    assert math.copysign(1.0, delta) == math.copysign(1.0, label - output)
