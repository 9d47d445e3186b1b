"""A pytest plugin: where `assert_deltas` or `assert_gradients` fails, the graph is drawn and its path printed.

The drawing marks what differs and the first wrong step. Every comparison that fails has a file of its own, also those
of subtests, fixtures and exception groups, and those that another exception was raised from; the path is also a
property in the JUnit report. The files are in a temporary folder of the test, or in the one that the ini option
`handgrad_folder` names, which is kept. Nothing of the project is imported before such a comparison fails, so the plugin
is outside the packages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

COMPARED = {"values", "wrong", "record", "report"}  # the attributes that the error of a comparison carries
DRAWN = pytest.StashKey[list[Path]]()  # the drawings of a test so far


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option that names a folder for the drawings."""
    parser.addini("handgrad_folder", "folder, from the root, that keeps the drawings of failed comparisons", default="")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Draw the comparisons that have failed, and add the paths of the drawings to the report."""
    report = yield
    if report.failed and call.excinfo is not None:
        for error in comparisons(call.excinfo.value):
            try:
                if not any(x.grad for x in error.values):
                    report.sections.append(("handgrad", "The comparison is not drawn: call backward() first."))
                    continue
                path = path_for(item)
                draw_to(path, error)
                report.sections.append(("handgrad", f"The comparison is drawn in {path}"))
                for properties in (item.user_properties, report.user_properties):  # of the test, and of a subtest
                    properties.append(("handgrad", str(path)))
            except Exception as failure:  # a report must not fail
                report.sections.append(("handgrad", f"The comparison is not drawn: {failure}"))
    return report


def comparisons(error: BaseException) -> Iterator[Any]:
    """Yield the failed comparisons among an exception, those that it was raised from, and those that it groups."""
    left, seen = [error], set()
    while left:
        error = left.pop()
        if id(error) in seen:
            continue
        seen.add(id(error))
        if vars(error).keys() >= COMPARED:
            yield error
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        grouped = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
        left += [*filter(None, [before]), *reversed(grouped)]


def path_for(item: pytest.Item) -> Path:
    """Return the file for the next drawing of a test."""
    drawn = item.stash.setdefault(DRAWN, [])
    name = "comparison" if not drawn else f"comparison-{len(drawn) + 1}"
    if kept := item.config.getini("handgrad_folder"):
        folder = item.config.rootpath / kept
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(item.nodeid.encode()).hexdigest()[:8]  # two tests may differ in punctuation alone
        test = re.sub(r"[^\w.]+", "-", item.nodeid)[-100:]
        name = f"{test}-{digest}-{name}"
    elif drawn:
        folder = drawn[0].parent
    else:
        factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
        folder = factory.mktemp(re.sub(r"\W", "_", item.name)[:30])  # tmp_path is gone when a fixture is torn down
    drawn.append(folder / f"{name}.svg")
    return drawn[-1]


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
