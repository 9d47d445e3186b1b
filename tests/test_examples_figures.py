"""The documents' figures are drawn, each with the numbers that belong to it."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from examples import figures

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    figures.main(folder)
    return folder


def texts(path):
    """Return the texts of a picture of a network."""
    return ["".join(text.itertext()) for text in ET.parse(path).iter(f"{SVG}text")]


@pytest.mark.parametrize(("name", "shown"), [
    ("000-1-mlp", ["x₁", "5", "z₁ = 2.6", "+1.2", "−0.15", "a₁ = 0.5959", "−1.2"]),
    ("000-2-activation", ["+0.5", "+1.2", "−0.3", "z₁ = 2.6", "a₁ = 0.9309"]),
    ("000-4-delta", ["a₁ = 0.6", "∂C/∂a₁ = −0.8", "δ₁ = −0.192", "target 1"]),
    ("000-6-update", ["∂C/∂w⁽²⁾₁₁ = δ⁽²⁾₁ · ∂z⁽²⁾₁/∂w⁽²⁾₁₁ = −0.192 × 0.9309 = −0.1787"]),
    ("001-6-delta-h1", ["δ₁ = −0.009885", "+0.8", "+0.5", "+0.1", "+0.6"]),
    ("001-6-what-its-sum-is-for", ["δ₁ = −0.02471", "+0.8", "+0.5", "+0.1", "+0.6"]),
    ("003-1-network", ["z₂ = 0.8116", "a₂ = 0.6925", "a₁ = 0.8961", "a₂ = 0.8051"]),
    ("003-4-chain-rule", ["E = 0.3295", "δ₂ = +0.1263", "z⁽¹⁾ = x W⁽¹⁾", "a⁽³⁾ = sigmoid(z⁽³⁾)"]),
])  # fmt: skip
def test_each_network_shows_the_numbers_of_its_document(name, shown, folder):
    found = texts(folder / f"{name}.svg")
    assert [text for text in shown if text not in found] == []


def test_each_curve_and_landscape_is_drawn(folder):
    names = {path.stem for path in folder.iterdir() if not re.match(r"000-[1246]|001|003", path.name)}
    assert names == {"000-3-landscape", "000-3-surface", "000-5-derivatives", "000-delta-curve"}
    assert all(ET.parse(folder / f"{name}.svg").getroot().tag == f"{SVG}svg" for name in names)


def test_the_descent_ends_in_a_minimum_that_is_not_the_lowest():
    loss, w1, w2, way = figures.descent()
    assert max(abs(w1.grad), abs(w2.grad)) < 1e-5
    here = loss.data
    for step in np.eye(2).tolist() + (-np.eye(2)).tolist():
        w1.data, w2.data = way[-1][0] + 0.1 * step[0], way[-1][1] + 0.1 * step[1]
        assert loss.refresh().data > here
    w1.data = w2.data = 0.5
    assert loss.refresh().data < here / 2
