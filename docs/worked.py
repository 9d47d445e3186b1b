"""Writes worked.md: one training step of document 000's 3-4-1 network, and an expression, as worked solutions."""

from pathlib import Path

from autograd import parse
from nn import MLP, sse
from viz import derivation

INTRODUCTION = """\
# Worked solutions

`derivation` writes what a student writes. After `loss.backward()` it takes the record of a forward pass, or any Value;
`print` shows it in a terminal, a notebook with formulas, and `.markdown()` gives this page (`python docs/worked.py`).

```python
from nn import MLP, sse
from viz import derivation

W1 = [[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]]
mlp = MLP.from_weights([W1, [[0.8], [-1.2], [0.5], [-0.3]]])
record = mlp.forward([1, 3, 5])
loss = sse(record.output, [1])
loss.backward()
print(derivation(record, loss=loss, learning_rate=0.01, convention="handout"))
```

The letters and signs are those of a course: `"gradient"` (this project's, the default), `"handout"` (documents 000 and
001), `"arnold"` (002), `"misley"` (003) and `"nielsen"` (*Neural Networks and Deep Learning*, chapter 2). A record does
not know its loss: without `loss=` the solution starts at the derivatives that `backward()` left.
"""


def page() -> str:
    """Return the page."""
    weights = [[[0.5, 0.1, -0.7, 0.2], [1.2, -0.4, 0.3, 0.05], [-0.3, 0.2, 0.1, -0.15]], [[0.8], [-1.2], [0.5], [-0.3]]]
    record = MLP.from_weights(weights).forward([1, 3, 5])
    loss = sse(record.output, [1])
    loss.backward()
    step = derivation(record, loss=loss, learning_rate=0.01, convention="handout")
    value, _ = parse("sigmoid(w*x + b) * x", w=0.5, x=2, b=1)
    solutions = [solution.markdown().replace("\n#", "\n##") for solution in (step, derivation(value))]
    return "\n\n".join([INTRODUCTION.rstrip(), *(f"#{solution}" for solution in solutions)]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
