"""What a learner does with the page: steps of descent, playing the replay, presenting it, practising."""

import pytest
from browser import CSS, ActionChains, Keys, Select, WebDriverWait, inside, network, neuron

from autograd import Value, parse
from nn import MLP, SGD, sse, train
from viz.text.labels import number

# Learning -----------------------------------------------------------------------------------------------------

X, Y = [[0.0, 1.0], [1.0, 0.5], [-1.0, 2.0]], [[1.0], [0.0], [0.5]]


def learning(reader, *, data):
    mlp = MLP(2, [3, 1], "tanh", rng=0)
    record = mlp.forward(X[0])
    loss = sse(record.output, Y[0]).named("loss")
    loss.backward()
    reader.opens(loss, record, data=list(zip(X, Y, strict=True)) if data else None)
    reader.clicks("#learning summary")
    return mlp


def enters(reader, selector, text):
    field = reader.finds(selector)
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys(text)


def runs(reader, steps, word):
    enters(reader, "#steps", str(steps))
    reader.clicks("#run")
    WebDriverWait(reader.driver, 60).until(lambda _: word in reader.reads("#learned") and reader.reads("#run") == "Run")


@pytest.mark.parametrize("data", [True, False], ids=["over samples", "on one sample"])
def test_descent_in_the_page_is_that_of_training(reader, data):
    mlp = learning(reader, data=data)
    samples, targets = (X, Y) if data else (X[:1], Y[:1])
    enters(reader, "#rate", "0,3")
    reader.clicks("#descend")
    runs(reader, 4, "Step 5 of 5")
    history = train(
        mlp,
        samples,
        targets,
        loss="sse",
        optimizer=SGD(0.3),
        epochs=5,
        batch_size=len(samples),
        engine="scalar",
        progress=False,
    )
    shown = reader.driver.execute_script("return handgrad.values()")
    values = sorted(shown.values())
    for p in mlp.parameters():
        assert min(abs(p.data - x) for x in values) <= 1e-9 * abs(p.data)
    reader.driver.execute_script(
        "const p = document.querySelector('#path'); p.value = 4; p.dispatchEvent(new Event('input'))"
    )
    assert number(history.loss[-1]) in reader.reads("#learned")
    assert len(reader.finds("#line").get_attribute("points").split()) == 6


def test_the_slider_goes_back_along_the_path_and_a_step_from_there_leaves_the_rest(reader):
    learning(reader, data=False)
    runs(reader, 10, "Step 10 of 10")
    late = reader.reads("#root")
    path = reader.finds("#path")
    path.send_keys(Keys.HOME)
    assert "Step 0 of 10" in reader.reads("#learned")
    first = reader.reads("#root")
    path.send_keys(Keys.END)
    assert reader.reads("#root") == late != first
    path.send_keys(Keys.HOME, Keys.ARROW_RIGHT)
    reader.clicks("#descend")
    assert "Step 2 of 2" in reader.reads("#learned")
    reader.clicks("#undo")
    assert not reader.sees("#descent")  # the numbers are no longer on the path


def test_a_long_run_is_drawn_with_as_many_points_as_can_be_seen(reader):
    learning(reader, data=False)
    runs(reader, 1001, "Step 1001 of 1001")
    points = [point.split(",") for point in reader.finds("#line").get_attribute("points").split()]
    assert 200 < len(points) < 310
    assert [float(points[k][0]) for k in (0, -1)] == [0.0, 300.0]


def test_the_sample_that_the_graph_holds_is_the_one_that_is_named(reader):
    learning(reader, data=True)
    sample = Select(reader.finds("#sample"))
    assert sample.first_selected_option.text == "sample 1"
    sample.select_by_visible_text("sample 3")
    inputs = reader.sees("#fields input[type='text']")[:2]
    assert [field.get_attribute("value") for field in inputs] == ["−1", "2"]
    inputs[0].send_keys(Keys.ARROW_UP)
    assert not sample.all_selected_options
    reader.clicks("#undo")
    assert sample.first_selected_option.text == "sample 3"


def test_only_ticked_numbers_learn_and_a_step_without_an_end_is_not_taken(reader):
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = (x * w * w).named("y")
    y.backward()
    reader.opens(y)
    reader.clicks("#learning summary")
    [first, _] = reader.sees("#fields input[type='checkbox']")
    first.click()
    reader.clicks("#descend")
    assert reader.driver.execute_script("return [handgrad.values()['n-0'], handgrad.values()['n-1']]") == [
        2.0,
        pytest.approx(3.0 - 0.1 * 12.0),
    ]
    enters(reader, "#rate", "1e308")
    reader.clicks("#descend")
    assert "not taken, because it leads to no finite number: try a smaller rate" in reader.reads("#told")
    enters(reader, "#rate", "fast")
    assert "“fast” is no number" in reader.reads("#rate-problem")
    enters(reader, "#steps", "2.5")
    enters(reader, "#rate", "0.1")
    reader.clicks("#run")
    assert "whole number" in reader.reads("#steps-problem")


def test_descent_stops_before_a_number_that_python_refuses(reader):
    x = Value(0.5, "x")
    y = (x.log() * 2).named("y")
    y.backward()
    reader.opens(y)
    reader.clicks("#learning summary")
    reader.clicks("#run")
    WebDriverWait(reader.driver, 60).until(lambda _: "not taken" in reader.reads("#told"))
    assert "log(x = -1.9" in reader.reads("#told")
    assert reader.reads("#trouble") == ""
    assert reader.reads("#learned").startswith("Step 1 of 1: y = ")


# Playing and presenting ---------------------------------------------------------------------------------------


def test_space_plays_the_replay_to_its_end_and_stops_it(reader):
    y, _ = parse("x*x", x=3)
    y.backward()
    reader.opens(y)
    reader.finds("#speed").send_keys("4")
    reader.clicks("h1")
    reader.presses(" ")
    assert reader.finds("#play").get_attribute("aria-label") == "Pause"
    assert reader.reads("#step").startswith("Start")
    WebDriverWait(reader.driver, 60).until(lambda _: reader.finds("#play").get_attribute("aria-label") == "Play")
    assert reader.reads("#step").startswith("End")
    reader.presses(" ", " ")
    assert reader.finds("#play").get_attribute("aria-label") == "Play"
    assert reader.finds("#slider").get_attribute("value") == "0"


def test_space_on_a_button_or_a_node_presses_it(reader):
    reader.opens(*neuron())
    reader.finds("#theme").send_keys(" ")
    assert reader.finds("#theme").get_attribute("aria-pressed") == "true"
    reader.presses(Keys.TAB, " ")
    assert len(reader.ids(".node[aria-pressed='true']")) == 1
    assert reader.finds("#play").get_attribute("aria-label") == "Play"


@pytest.mark.parametrize("width", [1280, 360])
def test_presenting_shows_the_graph_and_one_line_in_large_type(reader, width):
    reader.opens(*network(), size=(width, 700))
    reader.goes_to("x₁", "Backward")
    reader.presses("p")
    reader.waits()
    assert not reader.sees("header :not(h1, #present), #fields, details, .track, #pinned *")
    line = reader.finds("#step .equation")
    assert float(line.value_of_css_property("font-size").removesuffix("px")) >= 20
    assert reader.reads("#step").startswith("∂loss/∂x₁ = ")
    assert all(inside(node.rect, reader.finds("#stage").rect) for node in reader.sees("#stage .node.active"))
    assert reader.driver.execute_script("return document.documentElement.scrollHeight") <= 700
    reader.presses(Keys.ESCAPE)
    assert reader.sees("h1")


# Practice -----------------------------------------------------------------------------------------------------


def practising(reader, kind="gradients"):
    w, x, b, t = (Value(value, name) for name, value in {"w": 0.5, "x": -3.0, "b": 1.0, "t": 2.0}.items())
    a = ((w * x).named("p") + b).named("a")
    loss = ((a - t).named("e") * (a * 1.5).named("f")).named("loss")
    loss.backward()
    reader.opens(loss)
    reader.clicks("#practice summary")
    reader.clicks(f"#ask-{kind}")
    return loss


def answers(reader, text):
    field = reader.finds("#answer")
    field.send_keys(Keys.CONTROL + "a")
    field.send_keys(text, Keys.ENTER)
    return reader.reads("#said")


def test_practice_asks_for_each_gradient_in_the_order_of_the_backward_pass(reader):
    practising(reader)
    asked = []
    while reader.sees("#asking"):
        question = reader.reads("#question").removesuffix(" =")
        asked.append(question)
        name = question.removeprefix("∂loss/∂")
        assert reader.ids(".node.found") == {reader.node(name).get_attribute("id")}
        assert inside(reader.node(name).rect, reader.finds("#stage").rect)
        assert not reader.node(name).find_elements(CSS, "text")[2].is_displayed()
        reader.presses(Keys.END)  # shows no more than was answered
        assert not reader.node(name).find_elements(CSS, "text")[2].is_displayed()
        known = {
            "f": "-2.5",
            "e": "-0,75",
            "a": "-4.5",
            "t": "0.75",
            "p": "−4,50",
            "b": "-4.5",
            "w": "13.5",
            "x": "-2.2",
        }
        said = answers(reader, known[name])
        assert "is right" in said or "last one" in said, (name, said)
    assert asked[0] == "∂loss/∂f"
    assert sorted(asked) == [f"∂loss/∂{name}" for name in "abefptwx"]
    assert (
        reader.finds("#summary-text")
        .get_attribute("value")
        .startswith("Practice on loss: 8 gradients, 8 right at once")
    )
    reader.clicks("#stop-practice")
    assert reader.sees("#fields input")
    assert not reader.ids(".node.found")


def test_numbers_cannot_be_taken_back_behind_the_questions(reader):
    practising(reader)
    reader.driver.execute_script("handgrad.set('w', 2)")
    before = reader.driver.execute_script("return handgrad.values()")
    reader.clicks("#step")
    ActionChains(reader.driver).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    assert reader.driver.execute_script("return handgrad.values()") == before


MISTAKES = [
    ("4.5", "The sign is the opposite."),
    ("-3.75", "through e is missing"),
    ("-0.75", "the term through e alone"),
    ("-2.75", "the gradient of e is missing as a factor"),
    ("-3.25", "The local derivative is missing as a factor in the term through f"),
    ("-3", "The sign of the term through e is the opposite"),
    ("-9", "There is a factor 2 too much."),
    ("-2.25", "A factor 2 is missing."),
    ("17", "Not yet."),
    ("-6", "Not yet."),
]


def test_practice_names_the_mistake(reader):
    practising(reader)
    answers(reader, "-2.5")
    answers(reader, "-0.75")
    answers(reader, "0.75")
    for wrong, diagnosis in MISTAKES:
        assert reader.reads("#question") == "∂loss/∂a ="
        assert diagnosis in answers(reader, wrong), wrong
    assert reader.reads("#question") == "∂loss/∂a ="


def test_practice_wants_enough_digits_gives_hints_and_shows_what_is_not_found(reader):
    practising(reader)
    assert "is no number" in (answers(reader, "two"), reader.reads("#answer-problem"))[1]
    assert answers(reader, "-3") == "Right so far: give at least 2 digits."
    reader.clicks("#hint-button")
    assert reader.reads("#hinted") == "∂loss/∂f = ∂loss/∂loss · ∂loss/∂f = ▢ × ▢ = ?"
    reader.clicks("#hint-button")
    assert reader.reads("#hinted") == "∂loss/∂f = ∂loss/∂loss · ∂loss/∂f = 1 × (−2.5) = ?"
    answers(reader, "-2.50")
    reader.clicks("#show-answer")
    summary = reader.finds("#summary-text").get_attribute("value").splitlines()
    assert summary == [
        "Practice on loss: 2 gradients, 0 right at once",
        "∂loss/∂f = −2.5: with a hint",
        "∂loss/∂e = −0.75: shown",
    ]


def test_to_fold_the_graph_ends_the_practice(reader):
    reader.opens(*network())
    reader.clicks("#practice summary")
    reader.clicks("#ask-gradients")
    reader.clicks("#show-answer")
    reader.folds("Layers")
    assert reader.sees("#ask-gradients")
    assert not reader.sees("#asking")
    assert reader.reads("#said") == "The practice has ended."
    assert "1 gradients, 0 right at once" in reader.finds("#summary-text").get_attribute("value")
    assert reader.sees("#copy-summary")
    reader.presses(Keys.END)
    assert reader.reads("#step").startswith("End")


def test_practice_asks_for_values_too(reader):
    practising(reader, "values")
    assert reader.reads("#question") == "p ="
    assert answers(reader, "1.5") == "The sign is the opposite."
    reader.clicks("#hint-button")
    assert reader.reads("#hinted") == "p = w × x = ▢ × ▢ = ?"
    assert answers(reader, "-1.5") == "p = −1.5 is right."
    assert reader.reads("#question") == "a ="
