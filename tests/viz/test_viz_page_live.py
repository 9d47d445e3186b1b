"""The live page: once a number is changed, it shows what Python would have written; what cannot be computed says so."""

import copy
import random
import struct
from importlib.resources import files

import pytest
from browser import SEEN, Keys, expression, neuron, typed

from autograd import Value, exp, log, operation, parse, sqrt, topological_order, where
from nn import MLP, half_sse, sse
from viz import explain, page
from viz.pages.places import written

# Numbers as text ----------------------------------------------------------------------------------------------

FORMATS = files("viz.pages").joinpath("template", "formats.js").read_text(encoding="utf-8")


def awkward_numbers():
    draw = random.Random(0)
    bits = [struct.unpack("<d", draw.randbytes(8))[0] for _ in range(2000)]
    sizes = [draw.uniform(-1, 1) * 10.0 ** draw.randint(-8, 8) for _ in range(2000)]
    ties = [k * 2.0**-n for n in range(12) for k in (12345, 10005, 99995, 3, 77775, 123450)]
    ties += [(2 * k + 1) * 5.0 * 10.0**n for n in range(1, 17) for k in range(1000, 1040)]
    edges = [0.0, -0.0, 1e-4, 9.9995e-5, 99999.5, 999999.0, 1e6, 1e15, 1e16, 1e21, 5e-324, 1.7976931348623157e308]
    edges += [0.1 + 0.2, float("inf"), float("nan"), 9999.5, 9999.4, 0.00099995]
    return [sign * x for x in bits + sizes + ties + edges for sign in (1, -1)]


@pytest.mark.parametrize("form", "nNsxgdD")
def test_the_script_writes_every_number_as_python_does(chromium, form):
    numbers = awkward_numbers()
    script = f'"use strict";\n{FORMATS}\nreturn arguments[0].map((x) => written(Number(x), arguments[1]))'
    texts = chromium.execute_script(script, [repr(x).replace("inf", "Infinity") for x in numbers], form)
    assert [x for x in zip(numbers, texts, strict=True) if written(x[0], form) != x[1]] == []


# What the page shows ------------------------------------------------------------------------------------------


def seen(reader, foldings):
    """Return all that the picture shows of numbers in each folding, and the words of a step of the backward pass."""
    shown = []
    for folding in foldings:
        if len(foldings) > 1:
            reader.folds(folding)
        reader.presses(Keys.END, *[Keys.ARROW_LEFT] * 2)
        shown.append((reader.driver.execute_script(SEEN), reader.reads("#step")))
    return shown


def folded(convention):
    record = MLP(3, [4, 2], "tanh", rng=0).forward([1.0, 3.0, 5.0])
    loss = half_sse(record.output, [1.0, -1.0]).named("loss")
    return loss, record, {"convention": convention}


def piecewise(_):
    x, y = Value(2.0, "x"), Value(-3.0)
    return (exp(-x * y.relu()) * (x - 3.0) + abs(y) / x + x * x).named("y"), None, {}


@pytest.mark.parametrize(
    ("build", "convention"),
    [(folded, "gradient"), (folded, "handout"), (piecewise, None)],
    ids=["gradient", "handout", "choices"],
)
def test_after_a_change_the_page_shows_what_python_would_have_written(reader, build, convention):
    foldings = ("Values", "Neurons", "Layers") if build is folded else ("Values",)
    value, record, options = build(convention)
    value.backward()
    leaves = [(i, z) for i, z in enumerate(topological_order(value)) if not z.operation and not z.constant]
    draw = random.Random(1)
    moved = [(i, round(draw.uniform(-2, 2), draw.choice([0, 1, 2]))) for i, _ in leaves]
    reader.opens(value, record, **options)
    for i, x in moved:
        typed(reader, i, repr(x).replace("-", "−").replace(".", draw.choice(",.")))
    live = seen(reader, foldings)
    for z in topological_order(value):
        z.zero_grad()
    for (_, x), (_, z) in zip(moved, leaves, strict=True):
        z.data = x
    value.refresh()
    value.backward()
    reader.opens(value, record, live=False, **options)
    for (picture, words), (expected, expected_words) in zip(live, seen(reader, foldings), strict=True):
        assert picture == expected
        assert words == expected_words


def test_what_python_refuses_is_named_in_its_box_and_what_depends_on_it_is_empty(reader):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = (log(x).named("l") * w + w).named("y")
    y.backward()
    reader.opens(y)
    typed(reader, 0, "-1")
    assert reader.reads("#trouble") == "No number for log(x = -1): log needs x > 0"
    assert lines(reader, "l") == ["l log", "✗ log(−1)", ""]
    assert lines(reader, "y") == ["y +", "", ""]
    assert lines(reader, "w") == ["w leaf", "3", ""]
    typed(reader, 0, "1")
    assert (reader.reads("#trouble"), reader.reads("#root")) == ("", "y = 3")
    assert lines(reader, "w") == ["w leaf", "3", "+1"]


def test_a_derivative_that_is_refused_leaves_the_values(reader):
    x, w = Value(4.0, "x"), Value(3.0, "w")
    y = (sqrt(x).named("s") * w).named("y")
    y.backward()
    reader.opens(y)
    typed(reader, 0, "0")
    assert "the derivative of sqrt(x = 0)" in reader.reads("#trouble")
    assert [lines(reader, name)[1:] for name in ("x", "s", "w", "y")] == [
        ["0", ""],
        ["0", "+3"],
        ["3", "0"],
        ["0", "+1"],
    ]
    assert "× undefined" in [x.text for x in reader.sees("#stage .edge text")]


def test_only_the_chosen_side_of_a_where_counts(reader):
    x, c = Value(2.0, "x"), Value(1.0, "c")
    y = where(c, log(x), x * x).named("y")
    y.backward()
    reader.opens(y)
    typed(reader, topological_order(y).index(c), "0")
    typed(reader, topological_order(y).index(x), "-2")
    assert reader.reads("#root") == "y = 4"
    assert lines(reader, "log")[1] == "✗ log(−2)"
    reader.driver.execute_script("handgrad.step(0.1)")
    assert reader.driver.execute_script("return handgrad.values()")[f"n-{topological_order(y).index(x)}"] == -1.6


def lines(reader, name):
    texts = reader.node(name).find_elements("css selector", "text")
    return [" ".join(text.get_attribute("textContent").split()) for text in texts]


# Scripts, checks, and pages that stay replays -----------------------------------------------------------------


def test_scripts_drive_the_page_by_names_and_ids(reader):
    y = expression()
    reader.opens(y)
    run = reader.driver.execute_script
    nodes = topological_order(y)
    assert run("return handgrad.values()") == {f"n-{i}": pytest.approx(z.data) for i, z in enumerate(nodes)}
    assert run("return handgrad.gradients()") == {f"n-{i}": pytest.approx(z.grad) for i, z in enumerate(nodes)}
    run("handgrad.set('w', -1); handgrad.set('n-1', 4)")
    assert reader.reads("#root") == "result = 0.04743"
    run("handgrad.undo()")
    assert run("return handgrad.loss()") == pytest.approx(parse("sigmoid(-x + 1)", x=2)[0].data)
    w = copy.deepcopy(nodes)
    run("handgrad.reset(); handgrad.step(0.5)")
    assert run("return handgrad.values()['n-0']") == pytest.approx(w[0].data - 0.5 * w[0].grad)
    assert run("return handgrad.error()") is None
    for wrong in (
        "handgrad.set('nobody', 1)",
        "handgrad.set('w', NaN)",
        "handgrad.set('w', '1')",
        "handgrad.step(1e400)",
    ):
        assert "Error" in run(f"try {{ {wrong} }} catch (error) {{ return String(error) }}")


def test_the_gradients_are_compared_with_finite_differences(reader):
    x = Value(0.0, "x")
    y = (x.relu() + exp(x) * 2 + Value(3.0, "z") ** 2).named("y")
    y.backward()
    reader.opens(y)
    reader.clicks("#checking summary")
    reader.clicks("#check")
    reader.until("#checked table")
    assert reader.reads("#checked p") == "1 of 2 gradients agree with finite differences."
    rows = [row.text for row in reader.sees("#checked tr")]
    assert any(row.startswith("z +6 +6 agrees") for row in rows)
    assert any(row.startswith("x +2 +2.5 a kink") for row in rows)
    typed(reader, 0, "1")
    assert not reader.sees("#checked table")


def own_operation():
    twice = operation("twice", lambda x: 2 * x, [2.0])
    return twice(Value(3.0, "x")).named("y")


def replays(kind):
    x = Value(3.0, "x")
    y = (x * x).named("y")
    if kind == "own operation":
        y = own_operation()
    if kind == "several passes":
        (5 * x).backward()
    if kind == "wrong javascript":
        y = operation("half", lambda x: x / 2, [0.5], javascript="x / 4")(x).named("y")
    if kind != "no gradients":
        y.backward()
    return y, {"highlight": explain(y, x)} if kind == "highlight" else {}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("own operation", "give operation('twice', …, javascript=…)"),
        ("several passes", "not those of one backward pass"),
        ("no gradients", "it has no gradients yet"),
        ("highlight", "highlighted paths"),
        ("wrong javascript", "y is 0.75 here, and was 1.5 in Python"),
    ],
)
def test_a_page_that_cannot_compute_is_a_replay_and_says_why(reader, kind, reason):
    value, options = replays(kind)
    reader.opens(value, **options)
    assert "replays what Python computed" in reader.reads("#why")
    assert reason in reader.reads("#why")
    assert not reader.sees(".live")
    reader.presses(Keys.HOME, Keys.ARROW_RIGHT)
    assert reader.reads("#step").startswith("Forward pass, step 1")


def test_an_operation_with_javascript_is_live(reader):
    half = operation("half", lambda x: x / 2, [0.5], javascript="x / 2")
    y = half(Value(3.0, "x")).named("y")
    y.backward()
    reader.opens(y)
    typed(reader, 0, "5")
    assert reader.reads("#root") == "y = 2.5"


def test_a_replay_alone_has_no_word_of_the_live_part(reader):
    reader.opens(*neuron(), live=False)
    assert not reader.driver.find_elements("css selector", ".live, #fields")
    assert not reader.sees("#why")
    assert reader.driver.execute_script("return typeof handgrad") == "undefined"


def test_the_live_part_of_a_small_page_is_small(tmp_path):
    for value, record in ((expression(), None), neuron()):
        sizes = []
        for live in (True, False):
            page(value, tmp_path / "page.html", record, live=live)
            sizes.append((tmp_path / "page.html").stat().st_size)
        assert sizes[0] - sizes[1] <= 40_000


# Samples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "data is empty"),
        ([([1, 2, 3],)], r"sample 0 of data is \(\[1, 2, 3\],\); give \(x, y\)"),
        ([([1, 2, 3], 1), ([1, 2], 1)], "sample 1 of data has 2 inputs; the network has 3"),
        ([([1, 2, 3], [1, 0])], "sample 0 of data has 2 targets; the network has 1"),
        ([([1, float("nan"), 3], 1)], "the inputs of sample 0 are .*; give finite numbers"),
        ([([1, "a", 3], 1)], "the inputs of sample 0 are .*; give numbers"),
    ],
)
def test_samples_that_are_not_right_are_refused_before_anything_is_written(data, message, tmp_path):
    loss, record = neuron()
    with pytest.raises(ValueError, match=message):
        page(loss, tmp_path / "page.html", record, data=data)
    assert not list(tmp_path.iterdir())


def test_samples_need_leaves_to_stand_in(tmp_path):
    loss, record = neuron()
    with pytest.raises(ValueError, match=r"data needs record="):
        page(loss, tmp_path / "page.html", data=[([1, 2, 3], 1)])
    with pytest.raises(ValueError, match="leave live=False out"):
        page(loss, tmp_path / "page.html", record, data=[([1, 2, 3], 1)], live=False)
    other = (sse([-a for a in record.output], [1]) + 0.0).named("loss")
    other.backward()
    with pytest.raises(ValueError, match=r"1 of them, and the loss has 0.*targets as Values"):
        page(other, tmp_path / "page.html", record, data=[([1, 2, 3], 1)])
