"""Writes the table of docs/documents.md: every number that the four documents print, beside the engine's.

    python -m docs.documents

What is printed, and on which line, is data (tests/data/golden.json). The engine's column is computed here, by running
the networks of the examples; the verdict compares the two at the digits printed.

Letters: x input, w weight, z net input, a activation, C the loss, δ = −∂C/∂z as documents 000 and 001 have it,
h net input and W[sender, receiver] in document 003.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from autograd import grad, relu
from autograd.files import write
from examples import arnold, handout, misley
from nn import MLP, cross_entropy, handout_step, sse

FOLDER = Path(__file__).parent
PAGE = FOLDER / "documents.md"
DATA = FOLDER.parent / "tests" / "data" / "golden.json"
HEADING = "## Every number\n"
Numbers = dict[str, Any]  # by the document's own name of the quantity: a number, or an array of them


def engine() -> dict[str, Numbers]:
    """Return, for each document, the numbers of a forward and a backward pass."""
    return {"000": of_handout(), "001": of_handout(), "002": of_arnold(), "003": of_misley()}


def of_handout() -> Numbers:
    """Return the numbers of h₁ in documents 000 and 001: every gradient first, then every update."""
    mlp = handout.walk_through_network()
    record, _ = handout.swept(mlp)
    z, a = record.net_inputs[0][0], record.activations[0][0]
    (W1, W2), (dW1, dW2) = mlp.weights(), mlp.gradients()
    change, changes = -handout.ETA * dW2[0, 0], -handout.ETA * dW1[:, 0]
    delta_h1, delta_o = (layer[0] for layer in record.deltas("handout"))
    neuron = mlp.layers[0].neurons[0]
    return {
        **dict(zip(("n_inputs", "n_hidden", "n_output"), mlp.sizes, strict=True)),
        "input_nodes": [x.data for x in record.inputs],
        "weights_i_h1": W1[:, 0],
        "weighted_input": [(x * w).data for x, w in zip(record.inputs, neuron.weights, strict=True)],
        "net_input": z.data,
        "h1_activation": a.data,
        "relu_net_input": z.relu().data,
        "output_node_activation": record.output[0].data,
        "delta_factor": grad(grad(lambda a: sse(a, 1.0)))(0.6),  # C″ is the 2 of C′
        "delta_o": delta_o,
        "weight_h1_o": W2[0, 0],
        "weights_h2_h3_h4_o": W2[1:, 0],
        "exercise_weights_h_o": handout.network(handout.INTO_O_EXERCISE).weights()[1][:, 0],
        "weight_change_h1_o": change,
        "weight_h1_o_new": W2[0, 0] + change,
        "weight_times_delta_o": -a.grad,
        "delta_o_times_weights": [-a.grad for a in record.activations[0]],
        "sum_delta_o_times_weights": -a.grad,  # over the nodes that h₁ feeds: one
        "delta_h1": delta_h1,
        "weight_change_i_h1": changes,
        "weights_i_h1_new": W1[:, 0] + changes,
    }


def of_arnold() -> Numbers:
    """Return the constants of document 002 that a pass shows."""
    mlp = MLP.from_weights([arnold.W1, arnold.W2], [arnold.b1, arnold.b2], "relu", output="softmax")
    record, label = mlp.forward(arnold.x[0]), int(arnold.y_t[0])
    cross_entropy(record.output, label).backward()
    y = [a.data for a in record.output]
    return {
        "prob_sum": sum(y),
        "relu_threshold": relu(-1.0),
        "ideal_loss": abs(cross_entropy([1.0, 0.0], 0)),
        "indicator": grad(relu)(1.0),
        "code_dscore_minus": y[label] - record.deltas()[1][label],
    }


def of_misley() -> Numbers:
    """Return the forward pass of document 003."""
    mlp = MLP.from_weights([misley.W1, misley.W2, misley.W3])
    record = mlp.forward(misley.X)
    numbers: Numbers = {"x": misley.X, "num_inputs": mlp.sizes[0], "num_hidden": mlp.sizes[1:3]}
    numbers["num_outputs"] = mlp.sizes[3]
    for layer, (W, h, a) in enumerate(zip(mlp.weights(), record.net_inputs, record.activations, strict=True), 1):
        numbers |= {f"W{layer}": W, f"h{layer}": [z.data for z in h], f"a{layer}": [value.data for value in a]}
    return numbers


def by_their_rule() -> dict[str, Numbers]:
    """Return the numbers that documents 000 and 001 get where their rule is not the gradient.

    000 takes the weight after its update; 001 does so too, and sums over h₁ … h₄ instead of the nodes that h₁ feeds.
    """
    mlp = handout.walk_through_network()
    old = mlp.weights()
    step = handout_step(mlp, handout.X, handout.LABEL, handout.ETA)
    a = step.record.activations[0][0]
    shares = step.deltas[1][0] * np.array([mlp.weights()[1][0, 0], *old[1][1:, 0]])
    numbers = {}
    for document, total in (("000", shares[0]), ("001", shares.sum())):
        delta = total * a.partials()[0]
        changes = handout.ETA * delta * np.array(handout.X)
        numbers[document] = {
            "weight_times_delta_o": total,
            "delta_o_times_weights": shares,
            "sum_delta_o_times_weights": total,
            "delta_h1": delta,
            "weight_change_i_h1": changes,
            "weights_i_h1_new": old[0][:, 0] + changes,
        }
    return numbers


@dataclass(frozen=True)
class Number:
    """One printed number: where, what, how it is printed, and what the engine has for it.

    engine: None where the engine has no such thing, such as the 48 of a batch that is only spoken of.
    rule: the number by the document's own rule, where that is not the gradient.
    """

    id: str
    document: str
    lines: tuple[int, ...]
    name: str
    kind: str
    printed: str | None
    engine: float | None
    rule: float | None

    @property
    def verdict(self) -> str:
        """What the comparison says."""
        if self.printed is None:
            return "lost in the text"
        if self.engine is None:
            return "given"
        if handout.agrees(self.printed, self.engine):
            return "given" if self.kind == "given" else "right"
        if self.rule is not None and handout.agrees(self.printed, self.rule):
            mistakes = "I02" if self.document == "000" or self.name == "delta_o_times_weights" else "I01, I02"
            return f"✗ not the gradient ({mistakes})"
        return "✗"


def numbers() -> list[Number]:
    """Return every number of the documents, in their order."""
    ours, theirs = engine(), by_their_rule()
    found = []
    for entry in json.loads(DATA.read_text(encoding="utf-8"))["seed_numbers"]:
        document, (name, _, place) = entry["seed"], entry["id"].partition(".")[2].rstrip("]").partition("[")
        name, kind = name.removesuffix("(not printed)"), entry["kind"].partition(",")[0]
        at = int(place or 0)
        right, rule = (_at(table.get(document, {}), name, at) for table in (ours, theirs))
        lines = tuple(entry["lines"])
        found.append(Number(entry["id"], document, lines, name, kind, entry["printed"], right, rule))
    return sorted(found, key=lambda number: (number.document, number.lines[0]))


def _at(table: Numbers, name: str, place: int) -> float | None:
    return float(np.ravel(table[name])[place]) if name in table else None


def table() -> Iterator[str]:
    """Yield the lines of the section: what the verdicts are, their counts, and one row for each quantity."""
    every = numbers()
    count = Counter(number.verdict.split()[0] for number in every)
    yield HEADING
    yield f"""\
Of {len(every)} numbers {count["given"]} are given: inputs, weights, sizes, and what is only spoken of.
{count["right"]} are right at the digits printed. {count["✗"]} follow faithfully from a rule that is not the gradient,
and {count["lost"]} is lost where the text computes it.

The engine's column comes from forward and backward passes; a number that no pass has to do with has none. The last
column follows the document's own rule where that is another; I01 and I02 are entries of [the errata](errata.md).
`python -m docs.documents` writes this section, and a test compares the page with what that would write.
"""
    yield "| document, lines | quantity | printed | engine | verdict | by its own rule |"
    yield "|---|---|--:|--:|---|--:|"
    for (document, lines, name, verdict), group in groupby(every, lambda n: (n.document, n.lines, n.name, n.verdict)):
        rows = list(group)
        printed = ", ".join(row.printed or "–" for row in rows)
        right = ", ".join("–" if row.engine is None else shown(row.engine) for row in rows)
        rule = ", ".join(shown(row.rule) for row in rows if row.rule is not None and verdict.startswith("✗"))
        where = f"{document}, {', '.join(map(str, lines))}"
        yield f"| {where} | `{name}` | {printed} | {right} | {verdict} | {rule} |"


def shown(number: float) -> str:
    """Return a number with ten significant digits, the trailing zeros left out."""
    return f"{number:.10g}"


def page(text: str) -> str:
    """Return the page with its last section written anew."""
    return text.partition(HEADING)[0] + "\n".join(table()) + "\n"


def main() -> None:
    """Write the table into docs/documents.md."""
    write(PAGE, page(PAGE.read_text(encoding="utf-8")).encode())


if __name__ == "__main__":
    main()
