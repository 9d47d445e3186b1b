"""Names in a program's source: whatever a Value or an operation is called, no text of its name becomes code."""

# ruff: noqa: A004  (sum is the field's name)

import ast
import functools
import io
import math
import random
import sys
import tokenize
import unicodedata

import numpy as np
import pytest

from autograd import Operation, Value, dot, exp, logsumexp, operation, sigmoid, sin, step, sum, vectorize
from autograd.lifting.codegen.functions import FUNCTIONS, numpys
from autograd.lifting.names import all_plain, identifier, plain

ROWS = np.random.default_rng(0).uniform(0.5, 1.5, (3, 3))

WORDS = [
    "lambda", "None", "True", "class", "n", "batch", "dtype", "parameters", "gradient", "constants", "forward", "add",
    "exp", "dot", "out", "inf", "nan", "each", "list", "__builtins__", "__debug__", "__import__('os')", "x = 1 #",
    "{0}", "{}", "{n!r:>9}", "%s", "\\", "\\n", "\\u000a", "\u202e", "ﬁ", "x¹", "µ", "é", "变量", "🎲", "", " ", "1",
    "_", "אב", "x" * 10_000, "_" * 10_000 + "a", "a\n" * 5_000,
]  # fmt: skip
CONTROLS = [chr(c) for c in range(sys.maxunicode + 1) if unicodedata.category(chr(c)) in {"Cc", "Cf", "Zl", "Zp"}]
FRAGMENTS = [
    "\n", "\r", "\r\n", "\f", "\v", "\0", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ud800", "\udfff",
    '"""', "'''", '"', "'", "#", "\\", "{", "}", "{0}", "{{", "}}", "(", ")", "[", "]", ":", ";", "=", "@", "`", "\t",
    "    ", " ", "import os", "raise SystemExit", "def f(): ", "return", "lambda: ", "for x in y: ", "if 1: ",
    "forward", "backward", "batch", "n", "1", "0x", "w", "x", "é", "变量", "_", "__", "copyto(x)", "# coding: utf-16",
]  # fmt: skip


def leaves():
    """Three inputs and eight parameters."""
    return [Value(0.3 * k, f"{'xyz'[k]}") for k in range(3)], [Value(0.1 + 0.2 * k, f"w{k}") for k in range(8)]


def lifted(names, own=None):
    """Lift a graph with a layer, an operation of many operands, and one of one's own; its nodes take names in turn."""
    x, w = leaves()
    z = [dot(w[3 * j : 3 * j + 2], x[:2], w[3 * j + 2]) for j in range(2)]
    h = [sigmoid(node) for node in z]
    top = logsumexp([h[0], h[1], x[2] * w[6]])
    square = (own or exp)(w[7] * x[2])
    loss = (top - square) ** 2 + w[6]
    for k, node in enumerate([*x, *w, *z, *h, top, square, square.operands[0], loss]):
        node.name = names[k % len(names)]
    return vectorize(loss, x, w)


def shape(source):
    """The syntax tree of a source, its names numbered as they come, but for what it calls."""
    numbers = {}

    def numbered(name):
        return name if name in FUNCTIONS else f"v{numbers.setdefault(name, len(numbers))}"

    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = numbered(node.id)
        elif isinstance(node, ast.Global):
            node.names = [*map(numbered, node.names)]
    return ast.dump(tree)


def without_comments(source):
    """What a source says beside its comments, its names aside: the kinds of its words, and where lines end."""
    words = tokenize.generate_tokens(io.StringIO(source).readline)
    return [word.type if word.type == tokenize.NAME else word.string for word in words if word.type != tokenize.COMMENT]


PLAIN = lifted(["a", "b", "c"])


def assert_only_names(program):
    """The program is the same as with plain names, but for the names, and its text is printable."""
    assert shape(program.source) == shape(PLAIN.source)
    assert without_comments(program.source) == without_comments(PLAIN.source)
    lines = program.source.removesuffix("\n").split("\n")
    assert lines == program.source.splitlines()
    assert all(line.replace("∂", "").isascii() and line.isprintable() and len(line) < 300 for line in lines)
    assert program.gradient(ROWS)[0] == PLAIN.gradient(ROWS)[0]
    assert program.gradient(ROWS)[1].tolist() == PLAIN.gradient(ROWS)[1].tolist()


@pytest.mark.parametrize("first", range(len(WORDS)))
def test_words_of_python_and_of_the_program_stay_names(first):
    program = lifted(WORDS[first:] + WORDS[:first])
    assert_only_names(program)
    with pytest.raises(ValueError, match="is nan"):
        program.value([[math.nan] * 3])


@pytest.mark.parametrize("form", ["{}", "a{}b", "a{}import os", "{}{}", "a {}    b = 1"])
def test_no_control_character_reaches_the_source(form):
    assert {"\n", "\r", "\0", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"} <= {*CONTROLS}
    for start in range(0, len(CONTROLS), 19):  # 19 names in a graph
        assert_only_names(lifted([form.format(c, c) for c in CONTROLS[start : start + 19]]))


def test_no_surrogate_reaches_the_source():
    assert_only_names(lifted(["a\ud800b", "\udfff", "\udc80\ndel n"]))


@pytest.mark.parametrize("seed", range(10))
def test_names_made_of_fragments_of_code_stay_names(seed):
    random_names = random.Random(seed)
    for _ in range(20):
        assert_only_names(
            lifted(["".join(random_names.choices(FRAGMENTS, k=random_names.randint(1, 9))) for _ in range(19)])
        )


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_no_name_in_a_loop_reaches_the_source(fragment):
    def recurrence(suffix):
        x = [Value(0.1, f"x{suffix}") for _ in range(40)]
        w = [Value(0.3, f"{name}{suffix}") for name in "uvb"]
        h = x[0]
        for x_t in x[1:]:
            h = sin((w[0] * h + w[1] * x_t + w[2]).named(f"z{suffix}")).named(f"h{suffix}")
        return vectorize(h, x, w).source

    source = recurrence(fragment)
    assert " iterations:" in source
    assert shape(source) == shape(recurrence(""))
    assert without_comments(source) == without_comments(recurrence(""))


@pytest.mark.parametrize("fragment", FRAGMENTS + WORDS)
def test_a_source_knows_a_name_by_its_plain_form_alone(fragment):
    for name in (f"w{fragment}", f"{fragment}x", f"{fragment}1"):
        assert plain(name).isascii()
        assert identifier(name).isidentifier()
        assert lifted([name]).source == lifted([plain(name)]).source


@pytest.mark.parametrize("fragment", FRAGMENTS + [word for word in WORDS if word not in ("exp", "add", "dot", "step")])
def test_no_text_of_an_operations_name_reaches_the_source(fragment):
    """A row of the table need not have been entered with `operation`, which takes identifiers only."""

    def row(name):
        return Operation(name, "", "", math.exp, lambda x: np.exp(x), [lambda z, x: exp(x)])

    assert shape(lifted(["a"], row(f"own{fragment}")).source) == shape(lifted(["a"], row("own")).source)


@pytest.mark.parametrize("name", ["f\nraise SystemExit", "logaddexp", "add", "f"])
def test_no_text_of_a_functions_name_reaches_the_source(name):
    def larger(x, y):
        return max(x, y)

    larger.__name__ = name
    function = np.logaddexp if name == "logaddexp" else np.frompyfunc(larger, 2, 1)
    many = Operation(
        "own", "", "", lambda *xs: 1.0 * max(xs), functools.partial(function.reduce, axis=0), lambda z, *xs: xs
    )
    x = [Value(1.0, "x"), Value(2.0, "y")]
    source = vectorize([many.apply(tuple(x)), many.apply((*x, *x))], x).source
    assert "raise" not in source
    assert "larger" not in source


def test_a_functions_keyword_that_is_no_identifier_does_not_reach_the_source():
    rule = functools.partial(np.add, 1.0, **{"casting=1)\nraise SystemExit\n(": 1.0})
    assert numpys(functools.partial(np.add, 1.0)) == "add"
    assert numpys(rule) == ""


def test_equal_names_are_told_apart():
    x, w = [Value(1.0, "a") for _ in range(3)], [Value(2.0, "a") for _ in range(3)]
    assert vectorize(sum([sin(p * q) for p, q in zip(x, w, strict=True)]), x, w).value([[1.0] * 3]) == 3 * math.sin(2.0)


@pytest.mark.parametrize("name", ["copyto", "batch", "n", "empty", "lambda_", "x", "z1", "forward", "ünï", "divide"])
def test_an_operation_of_ones_own_may_have_any_name(name):
    own = operation(name, lambda x: 2.0 * x, [2.0])
    x, w = Value(1.5, "x"), Value(2.0, "w")
    p = vectorize(own(x * w) / x + own(w) * step(x), [x], [w])
    value, gradient = p.gradient([[1.5], [3.0]])
    assert (value, gradient.tolist()) == (8.0, [4.0])


@pytest.mark.parametrize("names", [[], [""], ["\n"], WORDS, WORDS[:-1], [w for w in WORDS if "\n" not in w], CONTROLS])
def test_names_read_together_are_those_read_one_by_one(names):
    assert all_plain(names) == [*map(plain, names)]
