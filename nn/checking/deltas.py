"""The engine's deltas compared with deltas derived by hand: where they first differ, and which mistake explains it.

Backpropagation starts at the output, so the first wrong step is the one nearest to the output: the deltas of the layers
before it may be wrong only because of it.

Letters: z net input, a activation, f activation function, C the loss, δ = ∂C/∂z, W[j, k] from sender j to receiver k.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from autograd import Value
from autograd.arrays import as_numpy
from autograd.checking import digits
from autograd.checking.digits import NOT_GIVEN, Written, check_rtol, read, remark
from autograd.checking.hand_derived import mismatch
from autograd.checking.tables import aligned
from nn.checking.evidence import GivenDeltas
from nn.checking.search import Diagnosis, diagnose
from nn.checking.steps import LayerStep
from nn.checking.ways import steps_of
from nn.record import Record, sign_of_delta
from nn.validation import Floats, real

ExpectedDeltas = Sequence[Iterable[float | str | Decimal | None]]  # [layer][neuron]

MAX_ROWS_SHOWN, MAX_TERMS_SHOWN = 60, 4  # in a message


@dataclass(frozen=True)
class Delta:
    """One neuron's delta by hand and by the engine.

    Attributes:
        layer: Counted from 1, as in the name z⁽²⁾₁.
        neuron: Counted from 1.
        given: The expected number, with its digits.
        engine: The engine's number.
    """

    layer: int
    neuron: int
    given: digits.GivenNumber
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

    Attributes:
        deltas: Those of every neuron, the output layer first.
        rtol: As it was given.
        diagnosis: The mistakes that explain the numbers; None if no known mistake does.
        hint: A mistake that would give these numbers as well as chance might; None if there is a diagnosis.
        advice: What to do next.
    """

    deltas: tuple[Delta, ...]
    rtol: float
    diagnosis: Diagnosis | None = None
    hint: Diagnosis | None = None
    advice: str = ""

    @property
    def wrong(self) -> list[Delta]:
        """The deltas that differ, those of the output layer first; also those with too few digits."""
        return [delta for delta in self.deltas if not delta.agrees]

    @property
    def first_wrong(self) -> list[Delta]:
        """The wrong deltas of the first wrong layer, from the output back, apart from those with too few digits."""
        wrong = [delta for delta in self.wrong if not delta.given.right_digits(delta.engine)]
        return [delta for delta in wrong if delta.layer == wrong[0].layer]

    def __repr__(self) -> str:
        wrong, n = len(self.wrong), sum(delta.given.is_given for delta in self.deltas)
        verdict = (
            f"{wrong} of {n} deltas {'differs' if wrong == 1 else 'differ'}"
            if wrong
            else f"all {n} deltas agree"
            if n > 1
            else "the delta agrees"
        )
        if wrong and not any(delta.engine for delta in self.deltas):
            return f"{verdict}: {self.advice}"
        title = f"{verdict}, at the digits given and rtol = {self.rtol:g} (ratio = expected / engine)"
        return "\n".join(filter(None, [title, self._table(), self.advice, str(self.diagnosis or "")]))

    def _table(self) -> str:
        first, shown = self.first_wrong, list(self.deltas)
        if len(shown) > MAX_ROWS_SHOWN:
            shown = (self.wrong or shown)[:MAX_ROWS_SHOWN]
        rows = [("layer", "neuron", "expected", "engine", "ratio", "")]
        for delta in shown:
            ratio = f"{delta.expected / delta.engine:.6g}" if delta.engine and delta.given.is_given else "–"
            mark = "← first wrong step" if delta in first else remark(delta.given, delta.engine)
            rows.append((str(delta.layer), str(delta.neuron), delta.given.text, f"{delta.engine:.10g}", ratio, mark))
        left_out = len(self.deltas) - len(shown)
        return aligned(rows) + (f"\n… and {left_out} more" if left_out else "")


def assert_deltas(
    record: Record,
    expected: ExpectedDeltas,
    convention: str = "gradient",
    rtol: float = 1e-6,
    learning_rate: float | None = None,
) -> None:
    """Check every delta of a record, after `backward()`, against numbers derived by hand.

    Args:
        record: As for `compare`, like the other arguments.
        expected: The deltas derived by hand, [layer][neuron].
        convention: "gradient" for ∂C/∂z, or "handout" for −∂C/∂z.
        rtol: The fraction by which the engine's number may differ.
        learning_rate: The learner's, if it is known.

    Raises:
        AssertionError: Where a delta differs, with the report of `compare` as its message; it carries `record`,
            `report` and, for a drawing, `values` (`autograd.checking.hand_derived.mismatch`).
        ValueError: As `compare` does.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    >>> sse(record.output, [1]).backward()
    >>> assert_deltas(record, [[-0.0023, 0.0403], [-0.179]])
    >>> assert_deltas(record, [[-0.0011508, 0.020169], [-0.0897034]])
    Traceback (most recent call last):
    AssertionError: 3 of 3 deltas differ, at the digits given and rtol = 1e-06 (ratio = expected / engine)
    layer  neuron    expected           engine     ratio
    2           1  -0.0897034    -0.1794068149       0.5  ← first wrong step
    1           1  -0.0011508  -0.002301678617  0.499983  ← differs
    1           2    0.020169    0.04033851996  0.499994  ← differs
    The first wrong step, from the output back: layer 2 (the output), neuron 1. Layer 1 may be wrong only because of it.
    For neuron 1 it is δ = f′(z) · ∂C/∂a = 0.235729 · (-0.761074) = -0.179407.
    Diagnosis: factor ½, in the output layer. To correct it: ...
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    report = compare(record, expected, convention, rtol, learning_rate)
    if report.wrong:
        sign = sign_of_delta(convention)

        def net_input(delta: Delta) -> Value:
            return record.net_inputs[delta.layer - 1][delta.neuron - 1]

        values = {net_input(delta): sign * delta.expected for delta in report.deltas if delta.given.is_given}
        raise mismatch(str(report), values, list(map(net_input, report.wrong)), record, report)


def compare(
    record: Record,
    expected: ExpectedDeltas,
    convention: str = "gradient",
    rtol: float = 1e-6,
    learning_rate: float | None = None,
) -> DeltaReport:
    """Compare every delta of a record, after `backward()`, with numbers derived by hand.

    The diagnosis names a known mistake (`nn.checking.mistakes`), or two together, that reproduces every given number
    and would hardly do so by chance (`nn.checking.evidence` has the rule). If two mistakes give the same numbers, the
    more common one is named first. Compare deltas before gradients: the gradient of a weight is its receiver's delta
    times its sender's activation.

    Args:
        record: The forward pass.
        expected: The deltas derived by hand, [layer][neuron], as `record.deltas()` returns them: numbers, or text such
            as "0.0990", whose trailing zeros count; None for one that is not given. A layer may be an array, also a
            column (m, 1) or a row (1, m), or a tensor.
        convention: "gradient" for ∂C/∂z, or "handout" for −∂C/∂z.
        rtol: The fraction by which the engine's number may differ. Text, and a float with three digits or more, also
            agrees with every number that rounds to it. A float does not keep its trailing zeros: one with fewer digits
            is taken to have as many decimals or digits as the others, and is exact if all are that short.
        learning_rate: The learner's, if it is known, for weights that were used after their update. Otherwise it is
            fitted, and two neurons must agree on it.

    Raises:
        ValueError: For deltas of another shape than the record's, for what is not a number, and if none is given; the
            message names the place.

    >>> from nn import MLP, sse
    >>> record = MLP.from_weights([[[0.5, 0.1], [1.2, -0.4]], [[0.8], [-1.2]]]).forward([1, 3])
    >>> sse(record.output, [1]).backward()
    >>> report = compare(record, [["0.0023", "-0.0403"], ["0.17941"]])
    >>> [(delta.layer, delta.neuron) for delta in report.first_wrong], report.diagnosis.made[0].mistake
    ([(2, 1)], <mistake: opposite sign>)
    >>> compare(record, [["0.0023", "-0.0403"], ["0.17941"]], "handout").wrong
    []
    """
    numbers, engine = written(record, expected), record.deltas(convention)
    check_rtol(rtol)
    if learning_rate is not None:
        learning_rate = real(learning_rate, "learning_rate", "a positive number")
    tolerant = iter(digits.given([number for layer in numbers for number in layer], rtol))
    layers = [
        [Delta(i, j, next(tolerant), by_engine) for j, by_engine in enumerate(layer, 1)]
        for i, layer in enumerate(engine, 1)
    ]
    report = DeltaReport(tuple(delta for layer in reversed(layers) for delta in layer), rtol)
    if not report.first_wrong:
        return replace(
            report, advice="Every number is right as far as it goes: give more digits." if report.wrong else ""
        )
    if not all(math.isfinite(delta.engine) and math.isfinite(delta.expected) for delta in report.deltas):
        return replace(report, advice="No diagnosis: not every delta is finite.")
    if not any(delta.engine for delta in report.deltas):
        return replace(report, advice="every delta of the engine is 0. Call backward() on the loss first.")
    steps = steps_of(record)
    if steps is None:
        return replace(
            report,
            advice="No diagnosis: the record does not reproduce its own deltas. Either the weights have changed since "
            "backward(), so compare before the update, or the loss depends on more than record.output.",
        )
    sign = sign_of_delta(convention)  # mistakes are described for ∂C/∂z

    def arrays(number: Callable[[Delta], float]) -> list[Floats]:
        return [np.array([number(delta) for delta in layer]) for layer in layers]

    given = arrays(lambda d: sign * d.engine), arrays(lambda d: sign * d.expected)
    precision = arrays(lambda d: d.given.precision), arrays(lambda d: d.given.tolerance)
    found = diagnose(GivenDeltas(steps, *given, *precision, learning_rate))
    advice = _advice(report.first_wrong, steps, layers, sign)
    diagnosis, hint = (found, None) if found and found.certain else (None, found)
    if diagnosis is None:
        advice += f"\n{hint or 'No known mistake explains these numbers beyond doubt: repeat that step.'}"
        if len(report.first_wrong) == 1 and learning_rate is None and report.first_wrong[0].layer < len(steps):
            advice += "\nIf weights were updated on the way, give learning_rate=…: it cannot be found from one number."
    return replace(report, diagnosis=diagnosis, hint=hint, advice=advice)


def _advice(wrong: list[Delta], steps: list[LayerStep], layers: list[list[Delta]], sign: float) -> str:
    """Return which step is the first wrong one, and the right calculation for its first wrong neuron."""
    layer, neurons = wrong[0].layer, [str(delta.neuron) for delta in wrong]
    place = f"layer {layer}{' (the output)' if layer == len(layers) else ''}, neuron{'s' * (len(wrong) > 1)} "
    place += ", ".join(neurons[:MAX_TERMS_SHOWN]) + ", …" * (len(wrong) > MAX_TERMS_SHOWN)
    before = {1: "", 2: " Layer 1 may be wrong only because of it."}
    rest = before.get(layer, f" Layers {layer - 1} to 1 may be wrong only because of it.")
    if layer < len(layers) and not any(delta.given.is_given for delta in layers[layer]):
        rest += f" No delta of layer {layer + 1} was given: it may be wrong already."
    step, j = steps[layer - 1], wrong[0].neuron - 1
    derivative, minus = step.derivative, "" if sign > 0.0 else "−"
    if step.weights is not None:
        receivers = np.array([delta.engine for delta in layers[layer]])
        formula, numbers = "f′(z) · Σ W·δ", f"{derivative[j]:.6g} · ({_sum(step.weights[j], receivers)})"
    elif derivative.ndim == 2:
        formula, numbers = f"{minus}Σ ∂aᵢ/∂z · ∂C/∂aᵢ", _sum(sign * derivative[:, j], step.activation_gradients)
    else:
        formula, numbers = f"{minus}f′(z) · ∂C/∂a", _sum(sign * derivative[[j]], step.activation_gradients[[j]])
    return (
        f"The first wrong step, from the output back: {place}.{rest}\n"
        f"For neuron {neurons[0]} it is δ = {formula} = {numbers} = {wrong[0].engine:.6g}."
    )


def _sum(factors: Floats, numbers: Floats) -> str:
    """Return a sum of products as text, without the terms that are 0."""
    terms = [f"{x:.6g} · {f'({y:.6g})' if y < 0.0 else f'{y:.6g}'}" for x, y in zip(factors, numbers, strict=True) if y]
    shown = " + ".join(terms[:MAX_TERMS_SHOWN] or ["0"]).replace("+ -", "- ")
    return shown + " + …" * (len(terms) > MAX_TERMS_SHOWN)


def written(record: Record, expected: Any) -> list[list[Written]]:
    """Return the expected numbers as written; raise ValueError if they lack the record's shape, or are not given."""
    layers = [_flat(layer, f"expected[{i}]") for i, layer in enumerate(expected)] if _is_list(expected) else []
    shape, needed = [len(layer) for layer in layers], [len(layer) for layer in record.net_inputs]
    if shape != needed:
        raise ValueError(
            f"expected has {shape or 'no list of'} deltas per layer, but the network has {needed} neurons: "
            "give one list for each layer, as record.deltas() does, the output layer last"
        )
    numbers = [
        [NOT_GIVEN if x is None else read(x, f"expected[{i}][{j}]") for j, x in enumerate(layer)]
        for i, layer in enumerate(layers)
    ]
    if all(number is NOT_GIVEN for layer in numbers for number in layer):
        raise ValueError("expected has no number: there is nothing to compare")
    return numbers


def _flat(layer: Any, name: str) -> list[Any]:
    """Return the entries of a layer; a column (m, 1), as in Nielsen's code, and a row (1, m) are flattened."""
    if not _is_list(layer):
        return [layer]
    entries = list(as_numpy(layer, name))
    inner = [list(entry) for entry in entries if _is_list(entry)]
    if not inner or len(inner) < len(entries):
        return entries
    return inner[0] if len(inner) == 1 else [row[0] for row in inner] if {*map(len, inner)} == {1} else entries


def _is_list(data: Any) -> bool:
    return isinstance(data, Iterable) and not isinstance(data, str) and getattr(data, "ndim", 1) > 0
