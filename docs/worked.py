"""Writes worked.md: worked solutions of one training step of a 3-4-1 network, and of an expression."""

from pathlib import Path

from autograd import parse
from nn import MLP, sse
from viz import derivation

INTRODUCTION = """\
# Worked solutions

`derivation` writes out a calculation as a student would. It takes the record of a forward pass, after
`loss.backward()`, or any Value. `print` shows the solution in a terminal, a notebook shows it with formulas, and
`.markdown()` returns text like that of this page, which `python docs/worked.py` writes.

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

The letters and signs are those of a course: `"gradient"` (this project's, the default), `"handout"`, `"arnold"`,
`"misley"` ([documents](documents.md) 000 and 001, 002 and 003) or `"nielsen"` (*Neural Networks and Deep Learning*,
chapter 2). Without `loss=`, the backward pass starts from the derivatives that `backward()` left in the record.
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
