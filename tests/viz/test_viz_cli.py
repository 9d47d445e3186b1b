"""The command line: what it prints and writes, and that whoever mistypes reads a line and no traceback."""

import os
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from graphviz_here import needs_dot

import viz.__main__
from viz.__main__ import main

ROOT = Path(__file__).parents[2]
NEURON = ["sigmoid(w*x + b)", "w=0.5", "x=2", "b=1"]


def run(capsys, *arguments):
    """Status, output and errors of a run, which argparse may end itself."""
    try:
        status = main(arguments)
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()


def test_the_value_and_the_gradients_of_the_leaves_are_one_aligned_table(capsys):
    status, out, err = run(capsys, *NEURON)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "              value      gradient",
        "result  0.880797078             1",
        "w               0.5  0.2099871708",
        "x                 2  0.0524967927",
        "b                 1  0.1049935854",
    ]


def test_a_variable_may_be_called_result(capsys):
    _, out, _ = run(capsys, "2 * result", "result=3")
    assert [line.split() for line in out.splitlines()[1:]] == [["result", "6", "1"], ["result", "3", "2"]]


def test_a_formula_may_begin_with_a_minus_behind_a_space(capsys):
    assert run(capsys, " -x", "x=-2")[1].splitlines()[1].split() == ["result", "2", "1"]


COMMANDS = {
    "table": (["-m", "viz", *NEURON], 1),
    "sheet": (["-m", "viz", "exercise", "--sizes", "3,4,1", "--seed", "7"], 2),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_seen_enough_ends_a_command_as_a_signal_would(command):
    with subprocess.Popen(
        [sys.executable, *COMMANDS[command][0]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_the_file_is_written_before_a_reader_can_end_the_command(tmp_path):
    command = [sys.executable, "-m", "viz", *NEURON, "--explain", "w", "-o", str(tmp_path / "graph.dot")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
    assert "digraph" in (tmp_path / "graph.dot").read_text(encoding="utf-8")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("command", COMMANDS)
def test_output_for_which_there_is_no_room_is_one_line_and_a_status(command):
    arguments, status = COMMANDS[command]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT
        )
    assert done.returncode == status
    name = "handgrad" if status == 1 else "handgrad exercise"
    assert done.stderr == f"{name}: standard output cannot be written: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("module", ["viz", "viz.exercise"])
def test_help_for_which_there_is_no_room_is_no_traceback(module):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", module, "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert len(done.stderr.splitlines()) <= 1  # argparse itself may keep silent


@pytest.mark.skipif(os.name != "posix", reason="there is no such shell")
@pytest.mark.parametrize("command", COMMANDS)
def test_output_that_is_closed_is_one_line_and_a_status(command):
    arguments, status = COMMANDS[command]
    line = shlex.join([sys.executable, *arguments])
    done = subprocess.run(f"{line} >&-", shell=True, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S602
    assert done.returncode == status
    assert "standard output cannot be written: it is closed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    both = subprocess.run(f"{line} >&- 2>&-", shell=True, check=False, cwd=ROOT)  # noqa: S602
    assert both.returncode == status


@pytest.mark.skipif(os.name != "posix", reason="there is no such shell")
def test_a_file_can_be_written_where_there_is_no_output(tmp_path):
    line = shlex.join([sys.executable, "-m", "viz", *NEURON, "-o", str(tmp_path / "graph.dot")])
    done = subprocess.run(f"{line} >&-", shell=True, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S602
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "graph.dot").stat().st_size


TEXTS = {
    "sheet": ["-m", "viz", "exercise", "--sizes", "3,4,1", "--seed", "7"],
    "solution": ["-m", "viz.exercise", "--sizes", "3,4,1", "--seed", "7", "--solution"],
    "derivation": ["-m", "viz", *NEURON, "--derivation"],
    "example": ["examples/handout.py"],
}
ENCODINGS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ASCII": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_that_is_redirected_is_utf8_whatever_the_systems_encoding(text, encoding, tmp_path):
    arguments = [*TEXTS[text], str(tmp_path)] if text == "example" else TEXTS[text]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | ENCODINGS[encoding]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False, cwd=ROOT, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert any(sign in done.stdout.decode("utf-8") for sign in "δ∂·–")


@pytest.mark.skipif(os.name != "posix", reason="there are no such terminals")
@pytest.mark.parametrize(("encoding", "shown"), [("cp1252", "dmul/dx = -6"), ("utf-8", "∂mul/∂x = −6")])
def test_a_terminal_that_has_no_such_signs_gets_them_spelled_and_no_minus_is_lost(encoding, shown):
    ours, terminal = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "viz", "x*x", "x=-3", "--explain", "x"],
        stdout=terminal,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    os.close(terminal)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown in os.read(ours, 10_000).decode("utf-8")
    os.close(ours)


@pytest.mark.parametrize("text", ["derivation", "solution"])
def test_text_goes_into_a_file_as_it_is_printed(text, tmp_path, capsys):
    _, *arguments = TEXTS[text][1:]
    arguments = ["exercise", *arguments] if text == "solution" else arguments
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    path = tmp_path / "text.txt"
    assert main([*arguments, "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert path.read_bytes() == printed.encode("utf-8")
    assert run(capsys, *arguments, "-o", str(tmp_path / "none" / "text.txt"))[0] in (1, 2)


def test_the_table_of_gradients_goes_into_a_file_too(tmp_path, capsys):
    table = run(capsys, *NEURON)[1]
    assert run(capsys, *NEURON, "-o", str(tmp_path / "table.txt")) == (0, "", "")
    assert (tmp_path / "table.txt").read_text(encoding="utf-8") == table


def test_the_version_is_the_installed_ones(capsys):
    status, out, _ = run(capsys, "--version")
    assert status == 0
    assert out.startswith("handgrad ")


@pytest.mark.parametrize(("variable", "remedy"), [("x=0,5", "x=0.5"), ("x=−0,5", "x=-0.5"), ("x=1/2", "w=0.5")])
def test_a_variable_written_as_books_write_it_leads_to_the_right_one(variable, remedy, capsys):
    status, _, err = run(capsys, "x", variable)
    assert status == 2
    assert f"such as {remedy}" in err


def test_options_may_stand_anywhere(capsys):
    assert run(capsys, "--explain", "x", "x*x", "x=3") == run(capsys, "x*x", "--explain", "x", "x=3")


def test_the_worked_solution_is_written(capsys):
    status, out, _ = run(capsys, "x*y", "x=3", "y=2", "--derivation")
    assert status == 0
    assert "  f = x·y = 3·2 = 6" in out
    assert out.endswith("  df/dx = 2\n  df/dy = 3\n")


def test_a_gradient_is_explained_and_a_formula_written(capsys):
    status, out, _ = run(capsys, "x*x", "x=3", "--formula", "--explain", "x")
    assert status == 0
    assert out.splitlines() == [
        r"x \cdot x",
        "∂mul/∂x = +6: 2 paths",
        "  +3  = 3    mul → x",
        "  +3  = 3    mul → x",
    ]


def test_a_formula_is_written_in_steps(capsys):
    status, out, _ = run(capsys, "log(x + y + 1)*x + log(x + y + 1)", "x=3", "y=1", "--formula", "--shared")
    assert status == 0
    assert out.splitlines()[1:3] == [r"u_{1} &= \log(x + y + 1) \\", r"f &= u_{1} \cdot x + u_{1}"]


def test_a_formula_is_written_where_it_has_no_derivative(capsys):
    assert run(capsys, "sqrt(x)", "x=0", "--formula")[:2] == (0, "\\sqrt{x}\n")


@pytest.mark.parametrize(("suffix", "start"), [("dot", b"digraph"), ("svg", b"<?xml"), ("html", b"<!doctype html")])
@needs_dot
def test_a_picture_is_written_with_its_gradients_and_nothing_is_printed(suffix, start, tmp_path, capsys):
    path = tmp_path / f"graph.{suffix}"
    assert run(capsys, *NEURON, "-o", str(path)) == (0, "", "")
    assert path.read_bytes().lower().startswith(start)
    text = path.read_text(encoding="utf-8")
    assert "0.20998717080" in text
    assert ('id="fields"' in text) == (suffix == "html")  # the live page
    assert os.listdir(tmp_path) == [path.name]


def test_the_file_is_opened_once_it_is_written(tmp_path, capsys, monkeypatch):
    opened = []
    monkeypatch.setattr(viz.__main__.webbrowser, "open", opened.append)
    path = tmp_path / "a graph.dot"
    assert run(capsys, *NEURON, "-o", str(path), "--open")[0] == 0
    assert path.is_file()
    assert opened == [path.as_uri()]
    assert run(capsys, *NEURON, "-o", str(tmp_path / "none" / "graph.dot"), "--open")[0] == 1
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "formula"),
        (["w*x", "w=1"], "no value for x"),
        (["w*x", "w=1", "x=2", "y=3"], "does not use the given y"),
        (["sigmod(x)", "x=1"], "did you mean sigmoid"),
        (["__import__('os')"], "character"),
        (["1/x", "x=0"], "division by zero"),
        (["sqrt(x)", "x=0"], "derivative of sqrt"),
        (["exp(x)", "x=1000"], "1.8e308"),
        (["x", "x=1", "--shared"], "--shared needs --formula"),
        (["x", "x"], "name=number"),
        (["x", "x=two"], "name=number"),
        (["x", "=2"], "name=number"),
        (["x", "x=1", "x=2"], "given twice"),
        (["x", "x=1", "--explain", "y"], "the formula has x"),
        (["x", "x=1", "--explain", ""], "--explain '': the formula has x"),
        (["x", "x=1", "-o", "graph.jpg"], ".html"),
        (["x", "x=1", "--open"], "-o FILE"),
        (["x", "x=1", "--faster"], "--faster"),
    ],
)
def test_a_mistake_is_status_2_and_a_few_lines(arguments, says, capsys):
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert "handgrad: " in err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 5


def test_a_fault_of_the_formula_is_pointed_at(capsys):
    assert run(capsys, "w * (x", "w=1", "x=2")[2].splitlines()[1:] == ["    w * (x", "        ^"]


def test_a_file_that_cannot_be_written_is_status_1(tmp_path, capsys):
    status, _, err = run(capsys, *NEURON, "-o", str(tmp_path / "none" / "graph.svg"))
    assert status == 1
    assert "create it first" in err
    assert len(err.splitlines()) == 1


def test_without_an_engine_the_source_is_written_and_the_remedies_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = run(capsys, *NEURON, "-o", str(tmp_path / "graph.svg"))
    assert status == 1
    assert "install Graphviz" in err
    assert os.listdir(tmp_path) == ["graph.dot"]


def test_help_names_every_option_and_shows_examples(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    for word in (
        "--output",
        ".html",
        "--explain",
        "--formula",
        "--shared",
        "--derivation",
        "--open",
        "--version",
        "handgrad exercise",
        "examples:",
        "Exit status",
    ):
        assert word in out


def test_the_installed_command_is_this_one():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["handgrad"].partition(":")
    assert getattr(import_module(module), function) is main


@pytest.mark.parametrize(("suffix", "begin"), [("tex", r"\documentclass"), ("md", "# Worked solution"), ("txt", "")])
def test_a_worked_solution_is_written_in_the_format_of_the_suffix(tmp_path, suffix, begin):
    path = tmp_path / f"solution.{suffix}"
    assert main(["x*y", "x=3", "y=2", "--derivation", "-o", str(path)]) == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begin)
    assert ("$" in text) == (suffix != "txt")
