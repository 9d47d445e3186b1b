"""Comparing the engine's deltas with deltas derived by hand: where the two part, and which known slip explains it.

Backpropagation goes from the output back, so the first wrong step is looked for from there: whatever comes after
it may be wrong only because of it.

Letters: z net input, a activation, f activation function, C the loss, δ = ∂C/∂z, W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from autograd.arrays import as_numpy
from autograd.checking import digits
from autograd.checking.digits import Written, read
from autograd.checking.tables import aligned
from nn.checking.evidence import Given
from nn.checking.mistakes import Array, Step, steps_of
from nn.checking.search import Diagnosis, diagnose
from nn.record import Record

Expected = Sequence[Iterable[float | str | Decimal]]  # [layer][neuron]

MOST_ROWS, MOST_TERMS = 60, 4  # that a message shows


@dataclass(frozen=True)
class Delta:
    """One neuron's delta by hand and by the engine.

    layer, neuron: from 1, as in the name z⁽²⁾₁. given: the expected number, with its digits. engine: the engine's.
    """

    layer: int
    neuron: int
    given: digits.Given
    engine: float

    @property
    def expected(self) -> float:
        """The expected number."""
        return self.given.number

    @property
    def agrees(self) -> bool:
        """Whether the engine's number is the expected one, at the digits given."""
        return self.given.agrees(self.engine)


@dataclass(frozen=True, repr=False)
class DeltaReport:
    """What `compare` found; its str is the table, the first wrong step and the diagnosis.

    deltas: of every neuron, the output layer first. rtol: as given. diagnosis: None where no known slip explains
    the numbers. advice: what to do next.
    """

    deltas: tuple[Delta, ...]
    rtol: float
    diagnosis: Diagnosis | None = None
    advice: str = ""

    @property
    def wrong(self) -> list[Delta]:
        """The deltas that differ, the output layer's first."""
        return [delta for delta in self.deltas if not delta.agrees]

    @property
    def first_wrong(self) -> list[Delta]:
        """The wrong deltas of the first wrong layer, from the output back; empty where all agree."""
        wrong = self.wrong
        return [delta for delta in wrong if delta.layer == wrong[0].layer]

    def __repr__(self) -> str:
        wrong, n = len(self.wrong), len(self.deltas)
        verdict = f"{wrong} of {n} deltas {'differs' if wrong == 1 else 'differ'}" if wrong else f"all {n} deltas agree"
        title = f"{verdict}, at the digits given and rtol = {self.rtol:g} (ratio = expected / engine)"
        return "\n".join(filter(None, [title, self._table(), self.advice, str(self.diagnosis or "")]))

    def _table(self) -> str:
        first, shown = self.first_wrong, list(self.deltas)
        if len(shown) > MOST_ROWS:
            shown = (self.wrong or shown)[:MOST_ROWS]
        rows = [("layer", "neuron", "expected", "engine", "ratio", "")]
        for delta in shown:
            ratio = f"{delta.expected / delta.engine:.6g}" if delta.engine else "–"
            mark = "" if delta.agrees else "← first wrong step" if delta in first else "← differs"
            rows.append((str(delta.layer), str(delta.neuron), delta.given.text, f"{delta.engine:.10g}", ratio, mark))
        left_out = len(self.deltas) - len(shown)
        return aligned(rows) + (f"\n… and {left_out} more" if left_out else "")


def assert_deltas(
    record: Record,
    expected: Expected,
    convention: str = "gradient",
    rtol: float = 1e-6,
    learning_rate: float | None = None,
) -> None:
    """Raise AssertionError, with all that `compare` has to say, where a delta differs from the one derived by hand.

    The arguments are those of `compare`, and so is what else is raised.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    >>> sse(record.output, [1]).backward()
    >>> assert_deltas(record, [[-0.0023, 0.0403], [-0.179]])
    >>> assert_deltas(record, [[-0.00115, 0.0202], [-0.0897]])
    Traceback (most recent call last):
    AssertionError: 3 of 3 deltas differ, at the digits given and rtol = 1e-06 (ratio = expected / engine)
    layer  neuron  expected           engine     ratio
    2           1   -0.0897    -0.1794068149  0.499981  ← first wrong step
    1           1  -0.00115  -0.002301678617  0.499635  ← differs
    1           2    0.0202    0.04033851996  0.500762  ← differs
    The first wrong step, from the output back: layer 2 (the output), neuron 1. Layer 1 may be wrong only because of it.
    For neuron 1 it is δ = f′(z) · ∂C/∂a = 0.235729 · (-0.761074) = -0.179407.
    Diagnosis: factor ½, in the output layer. To mend it: ...
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    report = compare(record, expected, convention, rtol, learning_rate)
    if report.wrong:
        raise AssertionError(str(report))


def compare(
    record: Record,
    expected: Expected,
    convention: str = "gradient",
    rtol: float = 1e-6,
    learning_rate: float | None = None,
) -> DeltaReport:
    """Compare every delta of a record, after `backward()`, with numbers derived by hand.

    expected: [layer][neuron], as `record.deltas()` has it; numbers, or text such as "0.0990", whose zeros count.
    A layer may be an array, also a column (m, 1) or a row (1, m), or a tensor.
    convention: "gradient", ∂C/∂z, or "handout", −∂C/∂z.
    rtol: the fraction by which the engine's number may differ. Text, and a float of three digits or more, agrees
    besides with whatever rounds to it. A float loses the zeros at its end: one of fewer digits is taken to have as
    many decimals or as many digits as the others, and to be exact where all are so short.
    learning_rate: where it is known, for weights that were used after their update. It is fitted otherwise, and two
    neurons must then agree on it.

    The diagnosis names a known slip (`nn.slips`), or two at once, that reproduces every number given and would
    hardly do so by chance (`nn.evidence` has the rule). Where two slips give the same numbers, the one that is made
    more often is named first. Compare deltas before gradients: a weight's is its receiver's delta times its sender's
    activation.

    Raises ValueError, naming the place, for what has not the shape of the record's deltas or is no number.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    >>> sse(record.output, [1]).backward()
    >>> report = compare(record, [["0.0023", "-0.0403"], ["0.17941"]])
    >>> [(delta.layer, delta.neuron) for delta in report.first_wrong], report.diagnosis.made[0].slip
    ([(2, 1)], <slip: opposite sign>)
    >>> compare(record, [["0.0023", "-0.0403"], ["0.17941"]], "handout").wrong
    []
    """
    numbers, engine = written(record, expected), record.deltas(convention)
    if not 0.0 <= rtol < math.inf:
        raise ValueError(f"rtol is {rtol!r}; give a fraction such as 1e-6")
    if learning_rate is not None and not (isinstance(learning_rate, Real) and 0.0 < learning_rate < math.inf):
        raise ValueError(f"learning_rate is {learning_rate!r}; give a positive number, or None where it is unknown")
    tolerant = iter(digits.given([number for layer in numbers for number in layer], rtol))
    layers = [
        [Delta(i, j, next(tolerant), by_engine) for j, by_engine in enumerate(layer, 1)]
        for i, layer in enumerate(engine, 1)
    ]
    report = DeltaReport(tuple(delta for layer in reversed(layers) for delta in layer), rtol)
    if not report.wrong:
        return report
    if not all(math.isfinite(delta.engine) and math.isfinite(delta.expected) for delta in report.deltas):
        return replace(report, advice="No diagnosis: not every delta is finite.")
    if not any(delta.engine for delta in report.deltas):
        return replace(report, advice="Every delta of the engine is 0: call backward() on the loss first.")
    steps = steps_of(record)
    if steps is None:
        return replace(
            report,
            advice="No diagnosis: the record does not lead to its own deltas. Either the weights have changed since "
            "backward(), so compare before the update, or the loss reads more than record.output.",
        )
    sign = 1.0 if convention == "gradient" else -1.0  # slips are made in gradients

    def arrays(number: Callable[[Delta], float]) -> list[Array]:
        return [np.array([number(delta) for delta in layer]) for layer in layers]

    given = arrays(lambda d: sign * d.engine), arrays(lambda d: sign * d.expected)
    precision = arrays(lambda d: d.given.half_unit), arrays(lambda d: d.given.tolerance)
    diagnosis = diagnose(Given(steps, *given, *precision, learning_rate))
    advice = _advice(report.first_wrong, steps, layers, sign)
    if diagnosis is None or not diagnosis.certain:
        hint = diagnosis or "No known slip explains these numbers beyond doubt: take that step again."
        advice, diagnosis = f"{advice}\n{hint}", None
        if len(report.first_wrong) == 1 and learning_rate is None and report.first_wrong[0].layer < len(steps):
            advice += "\nIf weights were updated on the way, give learning_rate=…: one number cannot tell it."
    return replace(report, diagnosis=diagnosis, advice=advice)


def _advice(wrong: list[Delta], steps: list[Step], layers: list[list[Delta]], sign: float) -> str:
    """Say which step is wrong first, and how it goes for its first wrong neuron."""
    layer, neurons = wrong[0].layer, [str(delta.neuron) for delta in wrong]
    place = f"layer {layer}{' (the output)' if layer == len(layers) else ''}, neuron{'s' * (len(wrong) > 1)} "
    place += ", ".join(neurons[:MOST_TERMS]) + ", …" * (len(wrong) > MOST_TERMS)
    before = {1: "", 2: " Layer 1 may be wrong only because of it."}
    rest = before.get(layer, f" Layers {layer - 1} to 1 may be wrong only because of it.")
    step, j = steps[layer - 1], wrong[0].neuron - 1
    derivative, minus = step.derivatives[None], "" if sign > 0.0 else "−"
    if step.weights is not None:
        receivers = np.array([delta.engine for delta in layers[layer]])
        formula, numbers = "f′(z) · Σ W·δ", f"{derivative[j]:.6g} · ({_sum(step.weights[j], receivers)})"
    elif derivative.ndim == 2:
        formula, numbers = f"{minus}Σ ∂aᵢ/∂z · ∂C/∂aᵢ", _sum(sign * derivative[:, j], step.blame)
    else:
        formula, numbers = f"{minus}f′(z) · ∂C/∂a", _sum(sign * derivative[[j]], step.blame[[j]])
    return (
        f"The first wrong step, from the output back: {place}.{rest}\n"
        f"For neuron {neurons[0]} it is δ = {formula} = {numbers} = {wrong[0].engine:.6g}."
    )


def _sum(factors: Array, numbers: Array) -> str:
    """Return the terms of a sum of products that are not 0."""
    terms = [f"{x:.6g} · {f'({y:.6g})' if y < 0.0 else f'{y:.6g}'}" for x, y in zip(factors, numbers, strict=True) if y]
    shown = " + ".join(terms[:MOST_TERMS] or ["0"]).replace("+ -", "- ")
    return shown + " + …" * (len(terms) > MOST_TERMS)


def written(record: Record, expected: Any) -> list[list[Written]]:
    """Return the expected numbers; raise ValueError where they are none, or have not the record's shape."""
    layers = [_flat(layer, f"expected[{i}]") for i, layer in enumerate(expected)] if _is_list(expected) else []
    shape, needed = [len(layer) for layer in layers], [len(layer) for layer in record.net_inputs]
    if shape != needed:
        raise ValueError(
            f"expected has {shape or 'no list of'} deltas per layer, but the network has {needed} neurons: "
            "give a list for each layer, as record.deltas() does, the output layer last"
        )
    return [[read(x, f"expected[{i}][{j}]") for j, x in enumerate(layer)] for i, layer in enumerate(layers)]


def _flat(layer: Any, name: str) -> list[Any]:
    """Return the entries of a layer; a column (m, 1), as Nielsen's code has it, and a row (1, m) are flattened."""
    if not _is_list(layer):
        return [layer]
    entries = list(as_numpy(layer, name))
    inner = [list(entry) for entry in entries if _is_list(entry)]
    if not inner or len(inner) < len(entries):
        return entries
    return inner[0] if len(inner) == 1 else [row[0] for row in inner] if {*map(len, inner)} == {1} else entries


def _is_list(data: Any) -> bool:
    return isinstance(data, Iterable) and not isinstance(data, str) and getattr(data, "ndim", 1) > 0
