"""The pytest plugin: a failed comparison is drawn into the test's folder, and nothing is imported before."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nn import MLP, assert_deltas, sse
from viz import draw

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
NETWORK = """
    from nn import MLP, assert_deltas, sse

    def test_by_hand():
        record = MLP.from_weights([[[0.5, -0.4], [1.2, 0.3], [-0.3, 0.8]], [[0.8], [-1.2]]]).forward([1, 3, 5])
        loss = sse(record.output, [1]).named("the loss")
        loss.backward()
        assert_deltas(record, [[-0.23198, 0.34798], [-0.28998]])
"""


COMPARED = """
    import contextlib, unittest, pytest
    from nn import MLP, assert_deltas, sse

    def compared(delta):
        record = MLP.from_weights([[[0.5], [1.2]], [[0.8]]]).forward([1, 3])
        loss = sse(record.output, [1])
        loss.backward()
        assert_deltas(record, [[delta], [record.deltas()[1][0]]])
"""


@pytest.fixture
def ran(pytester: pytest.Pytester):
    def run(source: str, *arguments: str) -> tuple[str, str]:
        """Run a test file; return what pytest printed, and the drawings, one after the other."""
        pytester.makepyfile(source)
        pytester.syspathinsert(ROOT)
        result = pytester.runpytest("-p", "pytest_handgrad", "--basetemp=folder", *arguments)
        drawings = sorted(pytester.path.glob("folder/*[0-9]/comparison*.svg"))
        return result.stdout.str(), "\n".join(path.read_text(encoding="utf-8") for path in drawings)

    return run


def test_failed_deltas_are_drawn_and_the_path_is_printed(ran, pytester):
    printed, svg = ran(NETWORK)
    path = pytester.path / "folder" / "test_by_hand0" / "comparison.svg"
    assert f"The comparison is drawn in {path}" in printed
    assert "Diagnosis: missing activation derivative, in layer 1" in printed
    assert svg.count("first wrong step") == 2


@pytest.mark.parametrize("wrong", [0, 1])
def test_of_several_outputs_the_wrong_one_is_drawn(ran, wrong):
    _, svg = ran(f"""
        from nn import MLP, assert_deltas, sse

        def test_by_hand():
            record = MLP.from_weights([[[0.5], [1.2]], [[0.8, -1.2]]]).forward([1, 3])
            sse(record.output, [1, 0]).backward()
            deltas = record.deltas()
            deltas[1][{wrong}] *= 2.0
            assert_deltas(record, deltas)
    """)
    assert svg.count("first wrong step") == 1
    assert ["z⁽²⁾₁" in svg, "z⁽²⁾₂" in svg] == [wrong == 0, wrong == 1]


def test_the_error_carries_what_was_compared():
    record = MLP.from_weights([[[0.5], [1.2]], [[0.8]]]).forward([1, 3])
    sse(record.output, [1]).backward()
    z = [record.net_inputs[0][0], record.net_inputs[1][0]]
    for convention, sign in (("gradient", 1.0), ("handout", -1.0)):
        with pytest.raises(AssertionError) as failure:
            assert_deltas(record, [[0.25], [sign * z[1].grad]], convention)
        error = failure.value
        assert (error.record, error.report.wrong[0].layer, error.wrong) == (record, 1, [z[0]])
        assert error.values == {z[0]: sign * 0.25, z[1]: z[1].grad}
        assert "0.25" in draw(record.output[0], record, against=error.values).source


def test_no_local_variable_of_a_test_is_read(ran):
    printed, svg = ran(NETWORK.replace("assert_deltas(record", "values = wrong = report = 5; assert_deltas(record"))
    assert "The comparison is drawn in" in printed
    assert svg.count("first wrong step") == 2


def test_the_handouts_convention(ran):
    _, svg = ran(NETWORK.replace("[-0.28998]]", "[-0.28998]], convention='handout'"))
    assert "+0.29 → −0.29" in svg
    assert svg.count("first wrong step") == 1


def test_failed_gradients_are_drawn(ran):
    printed, svg = ran("""
        from autograd import Value, assert_gradients

        def test_by_hand(tmp_path):
            w, x = Value(0.5, "w"), Value(2.0, "x")
            y = (w * x).named("y")
            y.backward()
            assert_gradients({w: 2.5, x: 0.5})
    """)
    assert "The comparison is drawn in" in printed
    assert "+2.5 → +2" in svg
    assert svg.count("first wrong step") == 1


def test_other_failures_are_left_alone(ran):
    printed, svg = ran("def test_it(): assert 1 == 2")
    assert "drawn" not in printed
    assert svg == ""


def test_a_comparison_before_backward_says_only_that(ran):
    printed, svg = ran("""
        from autograd import Value, assert_gradients

        def test_by_hand():
            assert_gradients({Value(0.5): 2.5})
    """)
    assert "The comparison is not drawn: call backward() first." in printed
    assert "1 failed" in printed
    assert svg == ""


def test_what_cannot_be_drawn_says_so_and_the_test_still_fails(ran, monkeypatch):
    def full(*arguments, **options):
        raise OSError("no space left")

    monkeypatch.setattr("viz.save", full)
    printed, _ = ran(NETWORK)
    assert "The comparison is not drawn: no space left" in printed
    assert "1 failed" in printed


# fmt: off
SEVERAL = {
    "subtests": """
    def test_it(subtests):
        for delta in (0.111, 0.222):
            with subtests.test(delta=delta):
                compared(delta)
""",
    "unittest's subtests": """
    class TestIt(unittest.TestCase):
        def test_it(self):
            for delta in (0.111, 0.222):
                with self.subTest(delta=delta):
                    compared(delta)
""",
    "an exception group": """
    def test_it():
        found = []
        for delta in (0.111, 0.222):
            try:
                compared(delta)
            except AssertionError as error:
                found.append(error)
        raise ExceptionGroup("both", found)
""",
    "an exception raised from another": """
    def test_it():
        try:
            compared(0.111)
        except AssertionError as error:
            try:
                compared(0.222)
            except AssertionError as second:
                raise RuntimeError("as well") from second
""",
    "a fixture set up and torn down": """
    @pytest.fixture
    def torn_down():
        yield
        compared(0.222)

    @pytest.fixture
    def set_up(torn_down):
        compared(0.111)

    def test_it(set_up):
        pass
""",
}
# fmt: on


@pytest.mark.parametrize("source", SEVERAL.values(), ids=SEVERAL)
def test_every_comparison_has_a_drawing_of_its_own(source, ran, pytester):
    printed, svg = ran(COMPARED + source)
    names = ("comparison.svg", "comparison-2.svg")
    paths = [next(pytester.path.glob(f"folder/test_it0/{name}")) for name in names]
    assert [printed.count(f"The comparison is drawn in {path}") for path in paths] == [1, 1]
    assert [f"+0.{digits} →" in svg for digits in ("111", "222")] == [True, True]


def test_a_comparison_of_which_the_context_is_suppressed_is_not_drawn(ran):
    _, svg = ran(
        COMPARED
        + """
    def test_it():
        try:
            compared(0.111)
        except AssertionError:
            raise RuntimeError("something else") from None
"""
    )
    assert svg == ""


@pytest.mark.parametrize("source", [SEVERAL["subtests"], SEVERAL["a fixture set up and torn down"]])
def test_the_junit_report_carries_the_paths(source, ran, pytester):
    ran(COMPARED + source, "--junit-xml=report.xml")
    report = (pytester.path / "report.xml").read_text(encoding="utf-8")
    for name in ("comparison.svg", "comparison-2.svg"):
        assert f'<property name="handgrad" value="{pytester.path / "folder" / "test_it0" / name}"' in report


def test_the_ini_option_names_a_folder_that_is_kept(ran, pytester):
    pytester.makeini("[pytest]\nhandgrad_folder = drawings/of tests")
    source = "    @pytest.mark.parametrize('delta', [0.111, 0.222])\n    def test_it(delta):\n        compared(delta)\n"
    for _ in range(2):
        printed, temporary = ran(COMPARED + source)
        assert temporary == ""
        drawings = sorted(pytester.path.glob("drawings/of tests/*.svg"))
        assert [f"The comparison is drawn in {path}" in printed for path in drawings] == [True, True]
        assert ["test_it-0.111" in path.name for path in drawings] == [True, False]


def test_nothing_is_imported_before_a_comparison_fails():
    imported = "import sys, pytest_handgrad; print([m for m in ('numpy', 'autograd', 'nn', 'viz') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", imported], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_pytest_finds_the_plugin_where_the_project_is_installed():
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert importlib.metadata.EntryPoint(
        "pytest_handgrad", entry_points["pytest11"]["pytest_handgrad"], "pytest11"
    ).load()
