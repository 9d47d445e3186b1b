"""The pages and the example that need other libraries run, and print what they say."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import matplotlib
import pytest

from docs import blocks

DOCS = Path(__file__).parents[2] / "docs"
LIBRARIES = ["torch", "sklearn", "onnxruntime", "safetensors", "jax"]
NEEDS = {"cluster": ["dask.array"], "torch": ["torch"], "beyond": LIBRARIES}


@pytest.mark.parametrize("page", NEEDS)
def test_the_blocks_of_a_page_print_what_it_says(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in NEEDS[page]:
        pytest.importorskip(library, reason=f"{library}: pip install {library}")
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    blocks.run(DOCS / f"{page}.md")


def test_the_example_explains_a_model_of_pytorch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason='PyTorch: pip install "handgrad[torch]"')
    import_module("examples.torch_model").main(tmp_path)
    printed = capsys.readouterr().out
    assert "All 7 deltas and 31 gradients agree to 12 digits." in printed
    assert "Diagnosis: 1/n (n = 3), in the output layer." in printed
    rows = [line.split() for line in re.findall(r"^ {4}[12] {7}\d .*$", printed, re.MULTILINE)]
    assert len(rows) == 7
    assert all(there == here for _, _, there, here in rows)
    assert {path.name for path in tmp_path.iterdir()} == {"torch_model.svg", "torch_model.html", "torch_model.md"}
    assert "Layer 1 (tanh)" in (tmp_path / "torch_model.md").read_text(encoding="utf-8")
