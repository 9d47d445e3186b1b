"""The page in a real browser, driven as a person drives it: by mouse, keys, slider, search, folding."""

import re

import pytest
from browser import ActionChains, Keys, inside, network, neuron, origin

from autograd import Value, topological_order
from viz.text.labels import signed

# Replay -------------------------------------------------------------------------------------------------------


def test_numbers_show_only_from_their_step_on(reader):
    loss, record = neuron()
    nodes = topological_order(loss)
    reader.opens(loss, record)
    everything = {i: 2 if z.constant else 3 for i, z in enumerate(nodes)}
    assert reader.numbers() == everything
    reader.presses(Keys.HOME)
    expected = {i: 1 if z.operands else 2 for i, z in enumerate(nodes)}
    assert reader.numbers() == expected
    assert "Before the forward pass" in reader.reads("#step")
    steps = len([z for z in nodes if z.operands]) + len([z for z in nodes if not z.constant])
    for _ in range(steps):
        reader.presses(Keys.ARROW_RIGHT)
        [active] = reader.ids(".node.active")
        i = int(active.removeprefix("n-"))
        expected[i] += 1
        assert reader.numbers() == expected
        forward = reader.reads("#step").startswith("Forward")
        delivering = rf"e-\d+-{i}-\d+" if forward else rf"e-{i}-\d+-\d+"
        edges = reader.ids(".edge")
        assert reader.ids(".edge.active") == {edge for edge in edges if re.fullmatch(delivering, edge)}
        waiting = {e for e in edges if expected[tail := int(e.split("-")[1])] < 3 and not nodes[tail].constant}
        assert reader.ids(".edge.waiting") == waiting
    assert expected == everything
    reader.presses(Keys.ARROW_RIGHT)
    assert "All numbers" in reader.reads("#step")
    reader.presses(*[Keys.ARROW_LEFT] * (steps + 1))
    assert "Before the forward pass" in reader.reads("#step")


def test_each_step_writes_the_chain_rule_with_numbers_and_names(reader):
    reader.opens(*neuron())
    reader.goes_to("z⁽¹⁾₁", "Forward")
    assert reader.reads("#step").endswith("= 0.5 × 1 + 1.2 × 3 + (−0.3) × 5 = 2.6")
    reader.goes_to("w⁽¹⁾₁₁", "Backward")
    assert reader.reads(".equation") == "∂loss/∂w⁽¹⁾₁₁ = ∂loss/∂z⁽¹⁾₁ · ∂z⁽¹⁾₁/∂w⁽¹⁾₁₁ = 0.1198 × 1 = +0.1198"
    assert reader.finds("#step").get_attribute("aria-live") == "polite"


def test_a_sum_of_several_arrivals_is_written_term_by_term(reader):
    loss, record = network()
    reader.opens(loss, record)
    reader.folds("Values")
    reader.goes_to("x₁", "Backward")
    terms = [float(x.text.replace("−", "-")) for x in reader.sees("#step .product")]
    assert len(terms) == 4 + 1
    assert sum(terms[:-1]) == pytest.approx(terms[-1], abs=1e-5)
    assert terms[-1] == pytest.approx(record.inputs[0].grad, rel=1e-3)


def test_slider_and_buttons_step_too(reader):
    reader.opens(*neuron())
    slider = reader.finds("#slider")
    last = int(slider.get_attribute("max"))
    reader.clicks("#first")
    assert slider.get_attribute("value") == "0"
    reader.clicks("#next")
    reader.clicks("#next")
    reader.clicks("#back")
    assert (slider.get_attribute("value"), slider.get_attribute("aria-valuetext")) == ("1", "Forward, z⁽¹⁾₁")
    assert "Forward pass, step 1 of 4" in reader.reads("#step")
    reader.clicks("#last")
    reader.clicks("#next")
    assert slider.get_attribute("value") == str(last)
    ActionChains(reader.driver).drag_and_drop_by_offset(slider, 0, 0).perform()  # a click on its middle
    assert abs(int(slider.get_attribute("value")) - last / 2) <= 1
    slider.send_keys(Keys.ARROW_LEFT)
    assert abs(int(slider.get_attribute("value")) + 1 - last / 2) <= 1


def test_without_gradients_there_is_only_a_forward_pass(reader):
    x = Value(2.0, "x")
    reader.opens((x * x + x).named("y"))
    assert "There are no gradients yet" in reader.reads("#step")
    assert not reader.sees("#backward")
    reader.presses(Keys.HOME)
    assert len(reader.ids(".edge.waiting")) == 4
    reader.presses(Keys.ARROW_RIGHT)
    assert len(reader.ids(".edge.waiting")) == 2


# Pointing, pinning, searching ---------------------------------------------------------------------------------


def test_hover_and_focus_light_all_paths_to_the_loss(reader):
    loss, record = neuron()
    nodes = topological_order(loss)
    reader.opens(loss, record)
    path = {f"n-{nodes.index(z)}" for z in (record.net_inputs[0][0], record.output[0], loss)}
    difference = {f"n-{i}" for i, z in enumerate(nodes) if any(x is z for x in loss.operands)}
    ActionChains(reader.driver).move_to_element(reader.node("z⁽¹⁾₁")).perform()
    assert reader.ids(".node.lit") == path | difference
    assert len(reader.ids(".edge.lit")) == 3
    ActionChains(reader.driver).move_to_element(reader.finds("h1")).perform()
    assert not reader.ids(".lit")
    reader.finds("#theme").send_keys(Keys.TAB)
    reader.presses(*[Keys.ARROW_UP] * 3)
    focused = reader.driver.switch_to.active_element
    assert focused.get_attribute("id") in reader.ids(".node.lit")


def test_a_click_pins_a_node_and_lists_every_contribution(reader):
    loss, record = network()
    reader.opens(loss, record)
    reader.folds("Neurons")
    reader.node("x₁").click()
    assert reader.node("x₁").get_attribute("aria-pressed") == "true"
    assert len(reader.sees("#pinned .term:not(.total)")) == 4
    assert repr(record.inputs[0].grad) in reader.reads("#pinned").replace("−", "-")
    reader.presses(Keys.HOME)
    assert "gradient not computed yet" in reader.reads("#pinned")
    assert not reader.sees("#pinned .term")
    reader.node("a⁽¹⁾₁").click()
    assert "a⁽¹⁾₁ not computed yet not computed yet" in reader.reads("#pinned")
    reader.presses(Keys.ESCAPE)
    assert "Click it to pin it" in reader.reads("#pinned")
    assert not reader.ids(".node[aria-pressed='true']")


def test_search_finds_by_name_and_goes_from_match_to_match(reader):
    reader.opens(*network(), size=(900, 500))
    reader.folds("Values")
    search = reader.finds("#search")
    search.send_keys("w(1)2")
    assert reader.reads("#found") == "4 found"
    assert len(reader.ids(".node.found")) == 4
    search.send_keys(Keys.ENTER, Keys.ENTER)
    assert reader.reads("#found") == "2 of 4"
    assert reader.reads("#pinned h2") == "w⁽¹⁾₂₂ weight"
    assert inside(reader.node("w⁽¹⁾₂₂").rect, reader.finds("#stage").rect)
    search.send_keys("no such name")
    assert reader.reads("#found") == "none found"
    search.send_keys(Keys.ESCAPE)
    assert (reader.reads("#found"), reader.ids(".node.found")) == ("", set())
    reader.folds("Layers")
    search.send_keys("w⁽¹⁾₂₂")  # folded away, in a box that is found
    assert reader.ids(".node.found") == {reader.node("layer 1").get_attribute("id")}


def test_search_finds_by_role_and_by_place_in_the_network(reader):
    reader.opens(*network(), size=(900, 500))
    reader.folds("Values")

    def found(text):
        reader.finds("#search").send_keys(Keys.ESCAPE, text)
        return reader.ids(".node.found")

    def nodes(*names):
        return {reader.node(name).get_attribute("id") for name in names}

    assert found("w11") == nodes("w⁽¹⁾₁₁", "w⁽²⁾₁₁")
    assert found("w(1)11") == found("w111") == nodes("w⁽¹⁾₁₁")
    assert found("h1") == found("H₁") == nodes("a⁽¹⁾₁")
    assert found("loss") == nodes("loss")
    assert found("input") == found("inp") == nodes("x₁", "x₂", "x₃")
    assert len(found("weight")) == len(found("w")) > 4
    reader.folds("Neurons")
    assert found("w11") == nodes("a⁽¹⁾₁", "a⁽²⁾₁")


def test_a_folded_neuron_works_out_its_delta(reader):
    loss, record = network()
    reader.opens(loss, record, convention="handout")
    reader.folds("Neurons")
    reader.goes_to("h₁", "Backward")
    z, a = record.net_inputs[0][0], record.activations[0][0]
    last = reader.sees("#step .equation")[-1].text.split()
    assert last[:5] == ["δ_h₁", "=", "−∂C/∂net_h₁", "=", "−∂C/∂h₁"]
    assert last[-1] == signed(-z.grad)
    reader.node("h₁").click()
    assert [repr(x.grad) in reader.reads("#pinned").replace("−", "-") for x in (z, a)] == [True, True]
    reader.presses(Keys.ARROW_LEFT)
    lines = {text.text for text in reader.node("h₁").find_elements("css selector", "text") if text.is_displayed()}
    assert not any("δ" in line for line in lines)
    assert any("net_h₁ = " in line for line in lines)


# Folding, panning, zooming ------------------------------------------------------------------------------------


def test_neurons_and_layers_fold_and_unfold_where_the_replay_stands(reader):
    reader.opens(*network(), size=(2000, 1800))
    reader.folds("Values")
    reader.goes_to("a⁽¹⁾₂", "Backward")
    reader.clicks("#fit")
    reader.node("x₂").click()
    reader.folds("Neurons")
    assert re.match(r"Backward pass, step \d+ of 10 a⁽¹⁾₂ sigmoid", reader.reads("#step"))
    assert reader.reads("#pinned h2") == "x₂ input"
    reader.folds("Layers")
    assert "layer 1 4 neurons, sigmoid" in reader.reads("#step")
    assert len(reader.ids(".node")) == 6
    ActionChains(reader.driver).double_click(reader.node("layer 1")).perform()
    assert len(reader.ids(".node")) == 11
    reader.node("a⁽¹⁾₃").click()
    [unfold] = [x for x in reader.sees("#pinned button") if x.text == "Unfold"]
    unfold.click()
    assert len(reader.ids(".node")) == 37
    assert inside(reader.node("z⁽¹⁾₃").rect, reader.finds("#stage").rect)


def test_a_small_window_opens_a_folding_that_can_be_read(reader):
    loss, record = network()
    for size, titles in (((3000, 2500), {"Values"}), ((1280, 800), {"Neurons"}), ((360, 640), {"Neurons", "Layers"})):
        reader.opens(loss, record, size=size)
        assert reader.finds("#foldings [aria-pressed='true']").text in titles
    reader.opens(loss, record, size=(3000, 2500), collapse="layer")
    assert reader.finds("#foldings [aria-pressed='true']").text == "Layers"


def test_a_graph_too_large_to_see_whole_opens_at_its_end_and_replays_from_its_start(reader):
    x = Value(1.0, "x")
    y = x
    for _ in range(200):
        y = y.sin() + 0.5
    y.named("y").backward()
    reader.opens(y)
    stage = reader.finds("#stage").rect
    assert inside(reader.node("y").rect, stage)
    assert reader.node("y").rect["width"] > 40
    reader.presses(Keys.HOME)
    assert inside(reader.node("x").rect, stage)
    reader.clicks("#fit")
    assert inside(reader.node("y").rect, stage)


def test_drag_pans_wheel_zooms_and_fit_shows_everything(reader):
    reader.opens(*neuron())
    reader.folds("Values")
    stage, node = reader.finds("#stage"), reader.node("z⁽¹⁾₁")
    whole = node.rect
    ActionChains(reader.driver).drag_and_drop_by_offset(node, -120, 60).perform()
    panned = node.rect
    assert (panned["x"] - whole["x"], panned["y"] - whole["y"]) == (
        pytest.approx(-120, abs=1),
        pytest.approx(60, abs=1),
    )
    assert not reader.ids(".node[aria-pressed='true']")  # a drag is not a click
    ActionChains(reader.driver).scroll_by_amount(0, 1).scroll_from_origin(origin(stage), 0, -400).perform()
    assert node.rect["width"] > 1.5 * whole["width"]
    reader.clicks("#zoom-out")
    reader.clicks("#fit")
    assert node.rect == {key: pytest.approx(size, abs=0.1) for key, size in whole.items()}
    assert all(inside(box.rect, stage.rect) for box in reader.sees("#stage .node"))
