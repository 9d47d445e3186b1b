"""A pytest plugin: where `assert_deltas` or `assert_gradients` fails, the graph is drawn and its path printed.

The drawing marks what differs and the first wrong step; it lies in the test's own `tmp_path`. Nothing of the project is
imported, and nothing done, before such a comparison fails: so the plugin stands outside the packages.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMPARISONS = {("nn.checking.deltas", "assert_deltas"), ("autograd.checking.hand_derived", "assert_gradients")}
FILE = "comparison.svg"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Draw a comparison that has failed, and add to the report where the drawing is."""
    report = yield
    if call.when == "call" and call.excinfo is not None and call.excinfo.errisinstance(AssertionError):
        entries = call.excinfo.traceback
        failed = entries[-1].frame
        if (failed.f_globals.get("__name__"), failed.code.name) in COMPARISONS:
            try:
                path = item._request.getfixturevalue("tmp_path") / FILE  # type: ignore[attr-defined]
                drawn_to(path, failed.f_locals, [entry.frame.f_locals for entry in entries[:-1]])
                report.sections.append(("handgrad", f"The comparison is drawn in {path}"))
            except Exception as error:  # a report is not to fail
                report.sections.append(("handgrad", f"The comparison is not drawn: {error}"))
    return report


def drawn_to(path: Path, failed: dict[str, Any], callers: list[dict[str, Any]]) -> None:
    """Draw what a failed comparison compared.

    failed: the local variables of the assertion; callers: those of what called it. The root is a loss among these; else
    the output that is wrong first, or the Value that most stands below.
    """
    from autograd import Value, topological_order
    from viz import save

    if record := failed.get("record"):
        report, sign = failed["report"], -1.0 if failed["convention"] == "handout" else 1.0
        places = [(delta.layer - 1, delta.neuron - 1) for delta in report.wrong]
        wrong = {record.net_inputs[i][j]: sign * d.expected for (i, j), d in zip(places, report.wrong, strict=True)}
        i, j = places[0]
        compared, root = list(chain(*record.net_inputs)), record.output[j if i == len(record.net_inputs) - 1 else 0]
    else:
        rows = zip(failed["values"], failed["numbers"], failed["agree"], strict=True)
        wrong = {x: number.number for x, number, agrees in rows if not agrees}
        compared, root = failed["values"], max(failed["values"], key=lambda x: len(topological_order(x)))
    for value in chain(*[variables.values() for variables in callers]):
        if isinstance(value, Value) and value.grad == 1.0 and set(compared) <= set(topological_order(value)):
            root = value
    below = set(topological_order(root))
    save(root, path, record, against={x: number for x, number in wrong.items() if x in below})
