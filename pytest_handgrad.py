"""A pytest plugin: where `assert_deltas` or `assert_gradients` fails, the graph is drawn and its path printed.

The drawing marks what differs and the first wrong step; it is saved in the test's own `tmp_path`. Nothing of the
project is imported before such a comparison fails, so the plugin is outside the packages.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMPARED = {"values", "wrong", "record", "report"}  # the attributes that the error of a comparison carries
FILE = "comparison.svg"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Draw a comparison that has failed, and add the path of the drawing to the report."""
    report = yield
    if call.when == "call" and call.excinfo is not None and call.excinfo.errisinstance(AssertionError):
        error = call.excinfo.value
        if vars(error).keys() >= COMPARED:
            try:
                path = item._request.getfixturevalue("tmp_path") / FILE  # type: ignore[attr-defined]
                draw_to(path, error)
                report.sections.append(("handgrad", f"The comparison is drawn in {path}"))
            except Exception as failure:  # a report must not fail
                report.sections.append(("handgrad", f"The comparison is not drawn: {failure}"))
    return report


def draw_to(path: Path, error: Any) -> None:
    """Draw what was compared: the graph below the output, or the Value, that holds most of the wrong Values.

    Args:
        path: The file to write.
        error: An AssertionError made by `autograd.checking.hand_derived.mismatch`.
    """
    from autograd import topological_order
    from viz import save

    roots = error.values if error.record is None else error.record.output
    graphs = [set(topological_order(root)) for root in roots]
    wrong, root = max(
        (([x for x in error.wrong if x in graph], root) for graph, root in zip(graphs, roots, strict=True)),
        key=lambda drawn: len(drawn[0]),
    )
    save(root, path, error.record, against={x: error.values[x] for x in wrong})
